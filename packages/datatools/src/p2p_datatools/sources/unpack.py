"""Archives and folders as lists of safe files: checked as a whole before anything is read.

Nothing here may write a file, follow a link, or trust the sizes that an archive states.
"""

import contextlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import quote_from_bytes

from p2p_datatools.contract.errors import P2PError, Skip
from p2p_datatools.contract.files.atomic import catch_read_error
from p2p_datatools.contract.files.listing import closed_folder
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.sources.tar import TarReader

_MAGIC = 512  # bytes that tell a kind of file
_PLAIN = "/ ()[]{}+,;=@!$&'~"  # characters that are not escaped in a name in which other bytes are
_LONGEST = 4096  # characters of a path
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})
_RAISE = "If you trust it, raise the limits with --unpack-limit."


class DamagedError(P2PError):
    """The archive is cut off, damaged or not an archive, so that another download may succeed."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold: files, bytes in all, and bytes for each byte of the archive."""

    files: int = 250_000
    bytes: int = 24 << 30
    ratio: int = 60
    floor: int = 64 << 20  # below this nothing is a bomb, whatever the ratio

    def times(self, factor: int) -> "Limits":
        """Limits `factor` times as high."""
        return replace(self, files=self.files * factor, bytes=self.bytes * factor, ratio=self.ratio * factor)

    def most(self, packed: int) -> int:
        """The bytes that an archive of `packed` bytes may unpack to."""
        return min(self.bytes, max(self.floor, packed * self.ratio))


@dataclass(frozen=True)
class Member:
    """One file: its path in the archive (safe, relative, with slashes), its bytes, and how to open it."""

    name: str
    size: int
    open: Callable[[], "MemberFile | IO[bytes]"]


@dataclass(frozen=True)
class Contents:
    """The files of an archive or folder, what was left out, and the version that it states."""

    members: tuple[Member, ...]
    skipped: tuple[Skip, ...]
    version: str = ""


@contextlib.contextmanager
def contents_of(path: Path, limits: Limits = Limits(), *, report: Reporter = QUIET) -> Iterator[Contents]:
    """Check the zip, tar, tar.gz or folder at `path`; its members can be read inside the block.

    Raises P2PError for what is not an archive, is cut off or damaged, holds a device or a path or link out of its
    folder, or is over the limits; links inside are among `skipped`.
    """
    with contextlib.ExitStack() as stack:
        with catch_read_error(path):
            if path.is_dir():
                contents = _list_members(path, _of_folder(path), limits, limits.bytes)
            else:
                opened = {"zip": _zip, "tar": _tar, "gzip": _tar}[_kind(path)]
                file = stack.enter_context(open_file(path))
                with _catch_damage(path):
                    contents = stack.enter_context(opened(file, path, limits, report))
        yield contents


def _catch_damage(path: Path) -> contextlib.AbstractContextManager[None]:
    """Whatever the libraries raise on an archive means that it is damaged: they were not written for hostile ones."""
    return catch_decoder(path, "is cut off or damaged", "Fetch it again.", kind=DamagedError)


class MemberFile:
    """A file of an archive whose damage is an error that names the archive."""

    def __init__(self, path: Path, open_it: Callable[[], IO[bytes]]) -> None:
        self._path = path
        with _catch_damage(path):
            self._file = open_it()

    def __enter__(self) -> "MemberFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        with _catch_damage(self._path):
            return self._file.read(size)


def _kind(path: Path) -> str:
    with open_file(path) as file:
        head = file.read(_MAGIC)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head[257:262] == b"ustar":
        return "tar"
    if head.lstrip()[:1] == b"<":
        to_do = "Such a page often asks for a login; fetch the archive in a browser and give the file with --from PATH."
        raise DamagedError(path, "is a web page, not an archive", to_do, code="web-page")
    if not head:
        raise DamagedError(path, "is empty (0 bytes)", "Fetch it again, or give another file.", code="empty-file")
    raise DamagedError(path, "is not a zip, tar or tar.gz", "Give the archive itself.", code="not-an-archive")


@dataclass(frozen=True)
class _Entry:
    """One entry of a listing; `link` is the target of a link, `odd` says what it is if neither a file nor a link."""

    raw: str
    size: int
    open: Callable[[], IO[bytes]]
    link: str | None = None
    odd: str = ""
    note: str = ""


def _list_members(path: Path, found: Iterator[_Entry], limits: Limits, most: int, version: str = "") -> Contents:
    members: list[Member] = []
    skipped: list[Skip] = []
    total = 0
    for each in found:
        name = _safe(each.raw, path)
        if each.odd:
            what = f"holds {name}, which is {each.odd}"
            raise P2PError(path, what, "Do not trust it; get it elsewhere.", code="untrusted-archive")
        if each.link is not None:
            skipped.append(_skipped_link(path, name, each.link))
            continue
        if each.note or not _is_text(each.raw):
            skipped.append(_rename_skip(path, name, each.note))
        total += each.size
        members.append(Member(name, each.size, partial(MemberFile, path, each.open)))
        _refuse_too_much(path, len(members), total, limits, most)
    return Contents(tuple(members), tuple(skipped), version)


def _refuse_too_much(path: Path, files: int, total: int, limits: Limits, most: int) -> None:
    if files > limits.files:
        raise P2PError(path, f"holds more than {limits.files} files", _RAISE, code="archive-bomb")
    if total > most:
        what = f"unpacks to more than {most >> 20} MiB, as an archive bomb does"
        raise P2PError(path, what, _RAISE, code="archive-bomb")


def _safe(raw: str, path: Path) -> str:
    """The name with slashes, bytes that are not UTF-8 escaped as %XX; raises P2PError if it leads out of the folder."""
    if len(raw) > _LONGEST:
        what = f"holds a path of {len(raw)} characters, which no system takes"
        raise P2PError(path, what, "Do not trust it; get it elsewhere.", code="untrusted-archive")
    text = raw if _is_text(raw) else quote_from_bytes(raw.encode("utf-8", "surrogateescape"), safe=_PLAIN)
    name = text.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    drive = bool(parts) and len(parts[0]) == 2 and parts[0][1] == ":"
    if name.startswith("/") or drive or ".." in parts or any(ord(letter) < 32 for letter in name):
        what = f"holds the path {raw!a}, which leads out of the folder"
        raise P2PError(path, what, "Do not trust it; get it elsewhere.", code="path-leads-out")
    return "/".join(parts)


def _is_text(raw: str) -> bool:
    """Whether the name was UTF-8: Python keeps other bytes as halves of surrogate pairs."""
    return not any("\ud800" <= letter <= "\udfff" for letter in raw)


def _rename_skip(path: Path, name: str, note: str) -> Skip:
    what = note.rstrip(".") or "its name is not UTF-8, so that it was renamed to this one"
    return Skip(f"{path}: {name}", what, "Rename the file in the archive to keep its own name.", "renamed")


def _skipped_link(path: Path, name: str, link: str) -> Skip:
    target = os.path.normpath((PurePosixPath(name).parent / link).as_posix())
    if target.startswith(("/", "..")):
        what = f"holds {name}, a link that leads out of the folder, to {link}"
        raise P2PError(path, what, "Remove the link from the archive.", code="link-leads-out")
    what, to_do = f"is a link to {link}, and links are left out", "Replace the link by the file."
    return Skip(f"{path}: {name}", what, to_do, "link-left-out")


def _of_folder(folder: Path) -> Iterator[_Entry]:
    """Every file below `folder`, links not followed; paths begin with the folder's name, as in an archive of it."""
    above = folder.resolve().name

    def refuse(error: OSError) -> None:
        below = os.path.relpath(error.filename or folder, folder)
        raise closed_folder(folder, "" if below == "." else below, error) from error

    for root, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        for name in sorted([*files, *(each for each in folders if Path(root, each).is_symlink())]):
            place = Path(root, name)
            relative = f"{above}/{place.relative_to(folder).as_posix()}".removeprefix("/")
            if place.is_symlink():
                yield _Entry(relative, 0, partial(open_file, place), link=str(place.readlink()))
            elif place.is_file():
                yield _Entry(relative, place.stat().st_size, partial(open_file, place))


@contextlib.contextmanager
def _zip(file: IO[bytes], path: Path, limits: Limits, _: Reporter) -> Iterator[Contents]:
    with zipfile.ZipFile(file) as archive:
        most = limits.most(path.stat().st_size)
        yield _list_members(path, _of_zip(archive, path), limits, most, _commit_in(archive.comment))


def _of_zip(archive: zipfile.ZipFile, path: Path) -> Iterator[_Entry]:
    for info in archive.infolist():
        mode = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or mode == stat.S_IFDIR:
            _safe(info.filename, path)
            continue
        if info.flag_bits & 1:
            what = "is locked with a password"
            raise P2PError(path, what, "Unpack it yourself and give the folder with --from.", code="locked-archive")
        if info.compress_type not in _METHODS:
            what = f"is packed by a method that is not known here (number {info.compress_type})"
            to_do = "Unpack it yourself and give the folder with --from, or pack it as an ordinary zip."
            raise P2PError(path, what, to_do, code="unknown-packing")
        name, note = _name_in_zip(info)
        link = _target(archive, info) if mode == stat.S_IFLNK else None
        odd = "" if mode in (0, stat.S_IFREG, stat.S_IFLNK) else "a device"
        yield _Entry(name, info.file_size, partial(archive.open, info), link, odd, note)


def _name_in_zip(info: zipfile.ZipInfo) -> tuple[str, str]:
    """The name, and a remark on it; many packers write UTF-8 without the flag for it."""
    if info.flag_bits & 0x800 or info.orig_filename.isascii():
        return info.orig_filename, ""
    with contextlib.suppress(UnicodeError):
        return info.orig_filename.encode("cp437").decode("utf-8"), ""
    return info.orig_filename, "its name is not UTF-8; it was read as code page 437."


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    with archive.open(info) as link:
        return link.read(4096).decode("utf-8", "replace")


def _commit_in(comment: bytes) -> str:
    """The commit that GitHub writes as the comment of its archives."""
    text = comment.decode("ascii", "replace")
    return text if len(text) == 40 and not text.strip("0123456789abcdef") else ""


@contextlib.contextmanager
def _tar(file: IO[bytes], path: Path, limits: Limits, report: Reporter) -> Iterator[Contents]:
    most = limits.most(path.stat().st_size)
    with TarReader(file, str(path), most=most, files=limits.files) as reader:
        yield _list_members(path, _report_progress(_of_tar(reader, path), file, path, report), limits, most)


def _report_progress(found: Iterator[_Entry], file: IO[bytes], path: Path, report: Reporter) -> Iterator[_Entry]:
    """The same entries, with progress in the archive: a large tar.gz takes a while to check."""
    report.start("checking archive", path.stat().st_size, unit="bytes")
    shown = 0
    try:
        for each in found:
            yield each
            report.advance(file.tell() - shown)
            shown = file.tell()
    finally:
        report.finish()


def _of_tar(reader: TarReader, path: Path) -> Iterator[_Entry]:
    for info in reader.headers():
        if info.isdir():
            _safe(info.name, path)
            continue
        link = info.linkname if info.issym() else None
        if info.islnk():  # the target of a hard link is named from the archive's root
            link = os.path.relpath(info.linkname, PurePosixPath(info.name).parent)
        odd = "" if info.isreg() or link is not None else "a device"
        yield _Entry(info.name, info.size, partial(reader.open, info), link, odd)
