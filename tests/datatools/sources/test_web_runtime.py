"""onnxruntime-web is the pinned release or nothing: fetched once, kept, verified each time it is used."""

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.sources.catalog import ArchivePlace
from p2p_datatools.sources.web_runtime import RELEASE, WebRelease, fetch_web_runtime

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.sources.conftest import Mirror

WEB = Path(__file__).parents[2] / "web"
NEEDED = {
    "ort.webgpu.bundle.min.mjs": b"export const webgpu = 1;",
    "ort-wasm-simd-threaded.asyncify.wasm": bytes(range(256)) * 400,
    "ort.wasm.bundle.min.mjs": b"export const wasm = 1;",
    "ort-wasm-simd-threaded.wasm": bytes(range(255, -1, -1)) * 300,
}
FILES = {f"package/dist/{name}": data for name, data in NEEDED.items()} | {"package/package.json": b"{}"}


def tarball(files: dict[str, bytes], *, device: str = "") -> bytes:
    """An archive as npm has it."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz", compresslevel=1) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if device:
            info = tarfile.TarInfo(device)
            info.type = tarfile.CHRTYPE
            archive.addfile(info)
    return whole.getvalue()


def release_of(data: bytes, url: str = "https://registry.invalid/ort.tgz") -> WebRelease:
    """The release whose archive these bytes are."""
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    return WebRelease("9.9.9", ArchivePlace(url, bytes=len(data)), f"sha512-{digest}")


@pytest.fixture
def registry(mirror: "Mirror") -> "Mirror":
    """What stands in for npm's registry."""
    mirror.data = tarball(FILES)
    return mirror


def no_pause(seconds: float) -> None:
    """Nobody waits between two tries."""


def test_it_is_fetched_once_and_later_taken_from_the_cache(registry: "Mirror", tmp_path: Path) -> None:
    release = release_of(registry.data, registry.url)
    found = fetch_web_runtime(tmp_path / "p2p", release=release)
    assert found.version == "9.9.9"
    assert {name: data for name, data in found.files.items() if name != "LICENSE"} == NEEDED
    licence = found.files["LICENSE"].decode()
    assert "Permission is hereby granted" in licence
    assert "9.9.9" in licence
    assert fetch_web_runtime(tmp_path / "p2p", release=release) == found
    assert registry.asked == [None]


def test_a_download_that_was_cut_goes_on_where_it_was_cut(registry: "Mirror", tmp_path: Path) -> None:
    registry.troubles = ["cut"]
    release = release_of(registry.data, registry.url)
    assert fetch_web_runtime(tmp_path, release=release, sleep=no_pause).files["ort.wasm.bundle.min.mjs"]
    assert registry.asked == [None, f"bytes={len(registry.data) // 2}-"]


def test_another_archive_than_the_pinned_one_is_deleted_before_it_is_opened(
    registry: "Mirror", tmp_path: Path, refused: "Refused"
) -> None:
    release = replace(release_of(registry.data, registry.url), integrity=RELEASE.integrity)
    with refused("hash-differs", registry.url):
        fetch_web_runtime(tmp_path, release=release)
    assert not list(tmp_path.iterdir())


def test_a_kept_archive_that_was_changed_since_is_refused_and_fetched_again(
    registry: "Mirror", tmp_path: Path, refused: "Refused"
) -> None:
    release = release_of(registry.data, registry.url)
    fetch_web_runtime(tmp_path, release=release)
    kept = tmp_path / release.name
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    with refused("hash-differs"):
        fetch_web_runtime(tmp_path, release=release)
    assert fetch_web_runtime(tmp_path, release=release).version == "9.9.9"


def test_it_can_be_brought_by_hand_and_then_the_network_is_not_used(tmp_path: Path, refused: "Refused") -> None:
    data = tarball(FILES)
    archive = tmp_path / "brought.tgz"
    archive.write_bytes(data)
    found = fetch_web_runtime(None, archive=archive, release=release_of(data))
    assert found.files["ort-wasm-simd-threaded.wasm"] == NEEDED["ort-wasm-simd-threaded.wasm"]
    archive.write_bytes(data + b"\0")
    with refused("hash-differs", archive) as caught:
        fetch_web_runtime(None, archive=archive, release=release_of(data))
    assert "--archive" in caught.value.to_do
    with refused("missing-path"):
        fetch_web_runtime(None, archive=tmp_path / "none.tgz")


def test_without_network_or_cache_the_error_says_how_to_bring_it(tmp_path: Path, refused: "Refused") -> None:
    release = release_of(b"x", "http://127.0.0.1:9/ort.tgz")
    with refused("download-failed") as caught:
        fetch_web_runtime(tmp_path, release=release, sleep=no_pause)
    assert "--archive" in caught.value.to_do
    with refused("no-cache") as caught:
        fetch_web_runtime(None, release=release)
    assert "--archive" in caught.value.to_do


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("path-leads-out", lambda: tarball({**FILES, "../evil.mjs": b"x"})),
        ("path-leads-out", lambda: tarball({**FILES, "/etc/evil.mjs": b"x"})),
        ("untrusted-archive", lambda: tarball(FILES, device="package/dist/device")),
        ("not-a-runtime", lambda: tarball({"package/dist/ort.mjs": b"x"})),
        ("damaged-file", lambda: tarball(FILES)[:-40]),
    ],
)
def test_an_archive_with_members_that_no_package_has_is_refused(
    code: str, make: Callable[[], bytes], tmp_path: Path, refused: "Refused"
) -> None:
    archive = tmp_path / "hostile.tgz"
    archive.write_bytes(make())
    with refused(code):
        fetch_web_runtime(None, archive=archive, release=release_of(archive.read_bytes()))


def test_the_browser_tests_use_the_pinned_release_with_the_same_hash() -> None:
    assert json.loads((WEB / "package.json").read_text())["devDependencies"]["onnxruntime-web"] == RELEASE.version
    locked = json.loads((WEB / "package-lock.json").read_text())["packages"]["node_modules/onnxruntime-web"]
    assert (locked["version"], locked["integrity"]) == (RELEASE.version, RELEASE.integrity)
    assert RELEASE.version in RELEASE.place.address
