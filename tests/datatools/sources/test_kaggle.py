"""Kaggle's own client fetches from a small server on this machine that speaks the part of its protocol it needs.

The client knows one address on this machine, http://localhost. That is port 80; as the client honours http_proxy, the
server is named as the proxy, and may have any port.
"""

import base64
import http.server
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.sources.kaggle import check_credentials, credentials, download_dataset
from p2p_datatools.sources.secrets import hide_secrets

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.sources.conftest import Serve

KEY, WRONG_KEY, SIGNATURE, PROXY = "k3y-of-someone", "wr0ng-key", "s1gnature", "pr0xy-password"
TOKEN, REVOKED = "KGAT_good", "KGAT_revoked"  # where a file of that name is, the client reads that
BASIC = f"Basic {base64.b64encode(f'someone:{KEY}'.encode()).decode()}"
STORED = "/storage/"

# One process for many commands: importing the client takes most of the time.
DRIVER = """
import contextlib, io, json, os, sys, time
from p2p_cli.app import main
pauses, results = [], []
time.sleep = pauses.append
for scene in json.loads(sys.argv[1]):
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        os.environ.pop(name, None)
    os.environ.update(scene["environment"])
    out, err = io.StringIO(), io.StringIO()
    pauses.clear()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(scene["words"])
    results.append({"code": code, "out": out.getvalue(), "err": err.getvalue(), "pauses": list(pauses)})
print(json.dumps(results))
"""


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


CARS = {
    f"car-segmentation/{folder}/image%20({n}).png": os.urandom(9000) for folder in ("images", "masks") for n in (1, 2)
}
ARCHIVES = {
    "good": zipped(CARS | {"car-segmentation/masks.json": b"{}"}),
    "cut": zipped(CARS | {"car-segmentation/images/large.png": os.urandom(3 << 20)}),
    "hostile": zipped(CARS | {"../../evil.png": b"x"}),
    "page": b"<!DOCTYPE html><html>Sign in</html>",
    "busy": zipped(CARS),
    "size": zipped(CARS),
}


class Kaggle(http.server.BaseHTTPRequestHandler):
    """Requests come as to a proxy, with the whole address; RPCs are POSTs, archives a redirect to a storage."""

    seen: dict[str, int]
    asked: list[tuple[str, str | None]]

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if self.path.endswith("security.OAuthService/IntrospectToken"):
            active = request["token"] == TOKEN
            self.answer(200 if active else 404, {"active": active, "username": "someone"} if active else {})
        elif self.headers.get("Authorization") not in (f"Bearer {TOKEN}", BASIC):
            self.answer(401, {"code": 401, "message": "Unauthenticated"})
        else:
            self.give(request["datasetSlug"])

    def give(self, slug: str) -> None:
        self.seen[slug] = self.seen.get(slug, 0) + 1
        if slug == "rules":
            self.answer(403, {"code": 403, "message": "You must accept the rules"})
        elif slug in ("never", "busy") and (slug == "never" or self.seen[slug] < 3):
            self.answer(429, {"code": 429, "message": "Too many requests"}, {"Retry-After": "30"})
        elif slug in ARCHIVES:
            self.answer(302, {}, {"Location": f"http://localhost{STORED}{slug}"})
        elif slug == "refused":  # by the storage, to which Kaggle gives a signed address
            signed = f"http://localhost{STORED}{slug}?X-Goog-Expires=300&X-Goog-Signature={SIGNATURE}"
            self.answer(302, {}, {"Location": signed})
        elif slug == "echo":
            self.answer(400, {"code": 400, "message": f"Cannot use {self.headers['Authorization']} of {self.used()}"})
        else:
            self.answer(404, {"code": 404, "message": "Not found"})

    def do_GET(self) -> None:
        slug = self.path.rpartition(STORED)[2]
        if slug not in ARCHIVES:
            return self.answer(400, {})
        data, asked = ARCHIVES[slug], self.headers.get("Range")
        self.asked.append((slug, asked))
        headers = {"ETag": f'"{slug}"', "Accept-Ranges": "bytes", "Last-Modified": "Wed, 01 Jul 2026 10:00:00 GMT"}
        first = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if asked:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        self.send_response(206 if asked else 200)
        for name, value in (headers | {"Content-Length": str(len(data) - first)}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[first : len(data) // 2] if slug == "cut" and not asked else data[first:])
        return None

    def used(self) -> str:
        return KEY if self.headers["Authorization"] == BASIC else TOKEN

    def answer(self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (
            {"Content-Type": "application/json", "Content-Length": str(len(data))} | (headers or {})
        ).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def kaggle() -> type[Kaggle]:
    return type("Bound", (Kaggle,), {"seen": {}, "asked": []})


@pytest.fixture(scope="module")
def server(serve: "Serve", kaggle: type[Kaggle]) -> Iterator[str]:
    with serve(kaggle) as address:
        yield address


SCENES: dict[str, tuple[str, dict[str, str]]] = {
    "good": ("good", {"KAGGLE_API_TOKEN": TOKEN}),
    "by key": ("good", {"KAGGLE_USERNAME": "someone", "KAGGLE_KEY": KEY}),
    "again": ("good", {}),
    "cut": ("cut", {"KAGGLE_API_TOKEN": TOKEN}),
    "hostile": ("hostile", {"KAGGLE_API_TOKEN": TOKEN}),
    "page": ("page", {"KAGGLE_API_TOKEN": TOKEN}),
    "busy": ("busy", {"KAGGLE_API_TOKEN": TOKEN}),
    "size": ("size", {"KAGGLE_API_TOKEN": TOKEN}),
    "never": ("never", {"KAGGLE_API_TOKEN": TOKEN}),
    "rules": ("rules", {"KAGGLE_API_TOKEN": TOKEN}),
    "gone": ("gone", {"KAGGLE_API_TOKEN": TOKEN}),
    "revoked": ("good", {"KAGGLE_API_TOKEN": REVOKED}),
    "wrong key": ("good", {"KAGGLE_USERNAME": "someone", "KAGGLE_KEY": WRONG_KEY}),
    "refused": ("refused", {"KAGGLE_API_TOKEN": TOKEN}),
    "echo": ("echo", {"KAGGLE_API_TOKEN": TOKEN, "KAGGLE_USERNAME": "someone", "KAGGLE_KEY": KEY}),
    "echo of key": ("echo", {"KAGGLE_USERNAME": "someone", "KAGGLE_KEY": KEY}),
    "nobody": ("good", {}),
}
ENTRY = """
[{slug}]
title = "Cars"
holds = "photos and labels"
licence = "free"
layout = [{{ from = "images/*", to = "photos" }}, {{ from = "masks/*", to = "labels" }}]
next = "p2p data check {{dest}}/photos"
kaggle = {{ handle = "owner/{slug}"{more} }}
"""


@pytest.fixture(scope="module")
def results(server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command did in every scene, all of them played in one process."""
    folder = tmp_path_factory.mktemp("kaggle")
    catalog = folder / "mine.toml"
    slugs = {slug for slug, _ in SCENES.values()}
    catalog.write_text("".join(ENTRY.format(slug=slug, more=", bytes = 5" if slug == "size" else "") for slug in slugs))
    scenes = []
    for name, (slug, environment) in SCENES.items():
        dest = folder / ("good" if name == "again" else name)
        words = ["data", "fetch", slug, str(dest), "--from", "kaggle", "--catalog", str(catalog)]
        scenes.append({"words": words, "environment": environment})
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KAGGLE_")}
    environment |= {"HOME": str(folder / "home"), "KAGGLE_API_ENVIRONMENT": "LOCALHOST"}
    environment |= {
        "http_proxy": server.replace("//", f"//somebody:{PROXY}@"),
        "no_proxy": "",
        "XDG_CONFIG_HOME": str(folder),
    }
    program = [sys.executable, "-c", DRIVER, json.dumps(scenes)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    played = dict(zip(SCENES, json.loads(done.stdout), strict=True))
    return played | {"folder": folder}


def test_photos_and_labels_come_from_kaggle_with_a_note_and_nothing_else_is_printed(results: dict[str, Any]) -> None:
    dest, result = results["folder"] / "good", results["good"]
    assert result["code"] == 0, result["err"]
    assert result["out"].splitlines() == [
        f"4 files written to {dest}, 0 kept.",
        "licence  free",
        f"next  p2p data check {dest}/photos",
    ]
    for name, data in CARS.items():
        file = name.replace("car-segmentation/images", "photos").replace("car-segmentation/masks", "labels")
        assert (dest / file).read_bytes() == data
    source = json.loads((dest / "provenance.json").read_text())["source"]
    assert (source["via"], source["address"], source["bytes"]) == ("kaggle", "owner/good", len(ARCHIVES["good"]))
    assert sorted(path.name for path in dest.iterdir()) == ["labels", "photos", "provenance.json"]
    assert not (results["folder"] / "good.partial").exists()


def test_a_user_and_key_do_as_well_as_a_token(results: dict[str, Any]) -> None:
    assert results["by key"]["code"] == 0, results["by key"]["err"]


def test_again_it_only_verifies_and_needs_no_credentials(results: dict[str, Any]) -> None:
    assert results["again"]["code"] == 0
    assert "4 files are as fetched" in results["again"]["out"]


def test_a_cut_connection_is_continued(results: dict[str, Any], kaggle: type[Kaggle]) -> None:
    assert results["cut"]["code"] == 0, results["cut"]["err"]
    asked = [part for slug, part in kaggle.asked if slug == "cut"]
    assert asked == [None, f"bytes={1 << 20}-"]  # the client writes by the MiB


def test_too_many_requests_are_waited_for_as_long_as_kaggle_says(results: dict[str, Any]) -> None:
    assert results["busy"]["code"] == 0, results["busy"]["err"]
    assert results["busy"]["pauses"] == [30, 30]
    assert results["never"]["code"] == 1
    assert "limits requests (429)" in results["never"]["err"]


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        ("revoked", "does not accept the credentials in KAGGLE_API_TOKEN"),
        ("wrong key", "does not accept the credentials in KAGGLE_USERNAME and KAGGLE_KEY"),
        ("rules", "Open https://www.kaggle.com/datasets/owner/rules, log in, accept its rules"),
        ("gone", "has no such data set (404)"),
        ("hostile", "leads out of the folder"),
        ("page", "is a web page, not an archive"),
        ("size", "expected: 5 bytes"),
        ("nobody", "Create a token at https://www.kaggle.com/settings/api"),
    ],
)
def test_a_failure_is_reported_in_one_line_and_leaves_no_folder(
    results: dict[str, Any], scene: str, words: str
) -> None:
    assert results[scene]["code"] == 1
    assert results[scene]["out"] == ""
    assert words in results[scene]["err"]
    assert "Traceback" not in results[scene]["err"]
    assert not (results["folder"] / scene).exists()


@pytest.mark.parametrize("scene", ["refused", "echo", "echo of key"])
def test_a_failure_that_has_no_sentence_of_its_own_says_what_the_client_says(
    results: dict[str, Any], scene: str
) -> None:
    assert "Kaggle's client failed (" in results[scene]["err"]
    assert "***" in results[scene]["err"]


def test_no_credential_is_printed_or_written_whatever_happens(results: dict[str, Any]) -> None:
    secrets = [TOKEN, REVOKED, KEY, WRONG_KEY, SIGNATURE, PROXY, BASIC.removeprefix("Basic ")]
    texts = {scene: results[scene]["out"] + results[scene]["err"] for scene in SCENES}
    files = [path for path in results["folder"].rglob("*") if path.is_file()]
    texts |= {str(path): path.read_bytes().decode("latin-1") for path in files}
    assert any(path.name == "provenance.json" for path in files)
    assert [(where, secret) for where, text in texts.items() for secret in secrets if secret in text] == []


def test_nothing_came_to_lie_outside_its_folder(results: dict[str, Any]) -> None:
    assert list(results["folder"].rglob("evil*")) == []
    assert list(results["folder"].parent.glob("evil*")) == []


def test_without_credentials_a_line_says_how_to_get_one_and_what_else_there_is(results: dict[str, Any]) -> None:
    (line,) = results["nobody"]["err"].splitlines()
    assert "KAGGLE_API_TOKEN or ~/.kaggle/access_token" in line
    assert "--from PATH" in line


def test_without_credentials_the_client_is_not_even_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    home(tmp_path, monkeypatch)
    with refused("kaggle-credentials", "a/b") as error:
        download_dataset("a/b", tmp_path / "x", instead="--from mirror")
    assert "--from mirror" in error.value.to_do
    assert "kaggle" not in sys.modules
    assert not (tmp_path / "x").exists()


def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("KAGGLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    (folder / ".kaggle").mkdir()
    return folder / ".kaggle"


def test_credentials_are_found_in_all_four_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home(tmp_path, monkeypatch)
    assert credentials() == ""
    (folder / "kaggle.json").write_text("{")
    (folder / "access_token").write_text("\n")
    assert credentials() == ""
    (folder / "kaggle.json").write_text('{"username": "someone", "key": "key"}')
    assert credentials().endswith("kaggle.json")
    monkeypatch.setenv("KAGGLE_USERNAME", "someone")
    assert credentials().endswith("kaggle.json")
    monkeypatch.setenv("KAGGLE_KEY", "key")
    assert credentials() == "KAGGLE_USERNAME and KAGGLE_KEY"
    (folder / "access_token").write_text("token\n")
    assert credentials().endswith("access_token")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "token")
    assert credentials() == "KAGGLE_API_TOKEN"


def test_a_user_without_a_home_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    def know_none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in [name for name in os.environ if name.startswith("KAGGLE") or name == "XDG_CONFIG_HOME"]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(Path, "home", know_none)
    assert (credentials(), check_credentials().state, hide_secrets("as it is")) == ("", "note", "as it is")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b'{"username": "someone", "key": "ab', "is not valid JSON in line 1"),
        (b"username: someone", "is not valid JSON"),
        (b'{"username": "someone"}', "has no 'key'"),
        (b'{"user": "someone", "token": "SECRET"}', "has no 'username'"),
        (b'{"username": "someone", "key": ""}', "has no 'key'"),
        (b'{"username": "someone", "key": 5}', "has a 'key' that is not text"),
        (b'["SECRET"]', "is JSON of another form"),
        ('{"username": "J\u00f6rg", "key": "SECRET"}'.encode("latin-1"), "is not UTF-8"),
        (b'\xef\xbb\xbf{"username": "someone", "key": "SECRET"}', "byte order mark"),
    ],
)
def test_a_damaged_key_file_is_named_with_what_is_wrong_and_no_secret(
    content: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    file = home(tmp_path, monkeypatch) / "kaggle.json"
    file.write_bytes(content)
    with refused("kaggle-credentials-damaged", file) as error:
        download_dataset("a/b", tmp_path / "x", instead="--from mirror")
    assert words in error.value.what
    assert "SECRET" not in str(error.value)
    assert "--from mirror" in error.value.to_do


def test_a_key_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    file = home(tmp_path, monkeypatch) / "kaggle.json"
    file.write_text("{}")

    def deny(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    with refused("kaggle-credentials-damaged") as error:
        download_dataset("a/b", tmp_path / "x", instead="")
    assert "may not be read" in error.value.what
    assert "chmod 600" in error.value.to_do


@pytest.mark.parametrize(("is_set", "is_not"), [("KAGGLE_USERNAME", "KAGGLE_KEY"), ("KAGGLE_KEY", "KAGGLE_USERNAME")])
def test_one_of_two_variables_is_half_of_the_credentials(
    is_set: str, is_not: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    home(tmp_path, monkeypatch)
    monkeypatch.setenv(is_set, "x")
    with refused("kaggle-credentials-damaged", is_set) as error:
        download_dataset("a/b", tmp_path / "x", instead="")
    assert is_not in error.value.what


@pytest.mark.parametrize("place", [".kaggle/kaggle.json.txt", ".kaggle/kaggle (1).json", "Downloads/kaggle.json"])
def test_a_key_file_that_lies_elsewhere_is_found_for_its_user(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    folder = home(tmp_path, monkeypatch)
    (tmp_path / "Downloads").mkdir()
    (tmp_path / place).write_text('{"username": "someone", "key": "key"}')
    with refused("kaggle-credentials-damaged", tmp_path / place) as error:
        download_dataset("a/b", tmp_path / "x", instead="")
    assert f"Move it to {folder / 'kaggle.json'}" in error.value.to_do


def test_a_folder_that_is_set_and_does_not_exist_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    home(tmp_path, monkeypatch)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "gone"))
    with refused("kaggle-credentials-damaged", "KAGGLE_CONFIG_DIR"):
        download_dataset("a/b", tmp_path / "x", instead="")
