"""Fetches onnxruntime-web, by which a page computes a model in a browser: one pinned release, verified and kept.

Nothing here may give a file of an archive whose hash is not the pinned one, or know what a page does with the files.
"""

import base64
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import catch_read_error
from p2p_datatools.contract.files.lock import hold
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.sources.catalog import ArchivePlace
from p2p_datatools.sources.download import Sleep, download_file
from p2p_datatools.sources.unpack import Contents, Limits, contents_of

_CHUNK = 1 << 20
_LIMITS = Limits(files=5_000, bytes=1 << 30)
_BELOW = "package/dist/"  # of an archive of npm
# For browsers with WebGPU, and smaller for all others, which compute with WebAssembly.
_NAMES = (
    "ort.webgpu.bundle.min.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
    "ort.wasm.bundle.min.mjs",
    "ort-wasm-simd-threaded.wasm",
)
# The package names its licence without its text.
_LICENCE = """\
onnxruntime-web {version} ({home})

MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.

The licences of what its WebAssembly files contain:
https://github.com/microsoft/onnxruntime/blob/v{version}/ThirdPartyNotices.txt
"""


@dataclass(frozen=True)
class WebRelease:
    """A release of onnxruntime-web: where npm has its archive, and `integrity`, the SHA-512 by which npm knows it."""

    version: str
    place: ArchivePlace
    integrity: str

    @property
    def name(self) -> str:
        """The name of the archive."""
        return f"onnxruntime-web-{self.version}.tgz"


@dataclass(frozen=True)
class WebRuntime:
    """The files of a release that a page needs, by their names, with a licence."""

    version: str
    files: dict[str, bytes]


RELEASE = WebRelease(
    "1.30.0",
    ArchivePlace("https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz", bytes=33_106_585),
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
)
"""The pinned release; `npm view onnxruntime-web@VERSION dist` gives the integrity of another."""


def fetch_web_runtime(
    kept: Path | None,
    *,
    archive: Path | None = None,
    release: WebRelease | None = None,
    report: Reporter = QUIET,
    sleep: Sleep = time.sleep,
) -> WebRuntime:
    """The files of onnxruntime-web, from the archive in the folder `kept`, which is downloaded where it is missing.

    `archive` is the same file, brought by hand; then nothing is kept and the network is not used. Raises P2PError when
    the archive cannot be downloaded, is another file, or there is no folder to keep it in. `release` is `RELEASE`.
    """
    release = release or RELEASE
    if archive is not None:
        if not archive.exists():
            raise P2PError(archive, "there is no such file", _by_hand(release), code="missing-path")
        if _integrity(archive) != release.integrity:
            raise _other_archive(archive, release, _by_hand(release))
        return _unpack(archive, release, report)
    if kept is None:
        what = "has no folder in which it could be kept: neither XDG_CACHE_HOME nor ~/.cache can be written"
        raise P2PError(release.name, what, _by_hand(release), code="no-cache")
    with hold(kept, to_do="Wait until it ends, then run the same command.", code="folder-in-use"):
        path = kept / release.name
        try:
            download_file(release.place, path, report=report, sleep=sleep)
        except P2PError as error:
            # What download_file advises is for data sets, which have other options.
            to_do = error.to_do if error.code == "cannot-write" else _by_hand(release)
            raise P2PError(error.where, error.what, to_do, code=error.code) from error
        if _integrity(path) != release.integrity:
            for file in (path, path.with_name(f"{path.name}.state")):
                file.unlink(missing_ok=True)
            raise _other_archive(release.place.shown, release, "It was deleted; run the same command again.")
        return _unpack(path, release, report)


def _by_hand(release: WebRelease) -> str:
    return f"Fetch {release.place.shown} on a machine that can, and give the file with --archive FILE."


def _integrity(path: Path) -> str:
    """The SHA-512 of a file as npm writes it."""
    digest = hashlib.sha512()
    with catch_read_error(path), open_file(path) as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return f"sha512-{base64.b64encode(digest.digest()).decode()}"


def _other_archive(where: object, release: WebRelease, to_do: str) -> P2PError:
    what = f"is not onnxruntime-web {release.version}: its hash is not {release.integrity[:24]}..."
    return P2PError(where, what, to_do, code="hash-differs")


def _unpack(archive: Path, release: WebRelease, report: Reporter) -> WebRuntime:
    """The files that a page needs, once the whole archive has been looked through."""
    with contents_of(archive, _LIMITS, report=report) as contents:
        files = {name: _read(contents, name, archive, release) for name in _NAMES}
    home = release.place.shown
    return WebRuntime(
        release.version, {**files, "LICENSE": _LICENCE.format(version=release.version, home=home).encode()}
    )


def _read(contents: Contents, name: str, archive: Path, release: WebRelease) -> bytes:
    member = next((each for each in contents.members if each.name == _BELOW + name), None)
    if member is None:
        raise P2PError(archive, f"holds no {_BELOW}{name}", _by_hand(release), code="not-a-runtime")
    with member.open() as file:
        return b"".join(iter(lambda: file.read(_CHUNK), b""))
