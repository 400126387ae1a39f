"""A small disk of our own, in memory: really full, without room for another file, read-only, or of short files.

Nothing here may be simulated, nor be seen by another process: the disk is in a namespace of a process that ends.
"""

import ctypes
import errno
import json
import os
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from faults.writers import Writer, files_of, leftovers

PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes: what such a disk gives to a file at a time
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000  # of unshare(2)
_READ_ONLY, _REMOUNT, _PRIVATE, _BELOW = 0x1, 0x20, 0x40000, 0x4000  # of mount(2)
_MEGABYTES = 64
_SECONDS = 900  # after which a process ends that waits for something
_FEW = 4  # pages, and files, that every command needs

Result = TypeVar("Result")
Fault = Callable[[], AbstractContextManager[None]]


class NoDiskError(Exception):
    """The system lets us mount nothing."""


class RealDisk:
    """The disk at `place`; whatever is done to it ends with the block."""

    def __init__(self, place: Path) -> None:
        self.place = place
        _call("mount", b"tmpfs", os.fsencode(place), b"tmpfs", 0, f"size={_MEGABYTES}m,nr_inodes=100k".encode())

    @property
    def pages(self) -> int:
        """How many pages of it are in use."""
        found = os.statvfs(self.place)
        return (found.f_blocks - found.f_bfree) * found.f_frsize // PAGE

    @property
    def files(self) -> int:
        """How many files and folders it has."""
        found = os.statvfs(self.place)
        return found.f_files - found.f_ffree

    @contextmanager
    def full(self, pages: int) -> Iterator[None]:
        """Only so many pages are free."""
        ballast = self.place / "ballast"
        taken = _MEGABYTES * (1 << 20) - (self.pages + pages) * PAGE
        with ballast.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, taken)
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def crowded(self, files: int) -> Iterator[None]:
        """It takes only so many files and folders more."""
        with self._mounted(0, f"nr_inodes={self.files + files}", 0, "nr_inodes=100k"):
            yield

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """It cannot be written."""
        with self._mounted(_READ_ONLY, "", 0, ""):
            yield

    @contextmanager
    def short(self, size: int) -> Iterator[None]:
        """No file may have more than so many bytes, as `ulimit -f` says."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    @contextmanager
    def _mounted(self, flags: int, words: str, after: int, words_after: str) -> Iterator[None]:
        place = os.fsencode(self.place)
        _call("mount", b"tmpfs", place, b"tmpfs", _REMOUNT | flags, words.encode())
        try:
            yield
        finally:
            _call("mount", b"tmpfs", place, b"tmpfs", _REMOUNT | after, words_after.encode())


def _call(name: str, *words: bytes | int | None) -> None:
    """A call of the C library; raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*(ctypes.c_ulong(each) if isinstance(each, int) else each for each in words)):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _leave_the_others() -> None:
    """See mounts of our own from now on, as root or, where users may, as root of a namespace."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        with suppress(OSError):
            _call("unshare", _NEW_MOUNTS)
            _call("mount", b"none", b"/", None, _BELOW | _PRIVATE, None)
            return
    _call("unshare", _NEW_MOUNTS | _NEW_USER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path("/proc/self", name).write_text(text)
    _call("mount", b"none", b"/", None, _BELOW | _PRIVATE, None)


def with_real_disk(place: Path, work: Callable[[RealDisk], Result]) -> Result:
    """The result of `work`, which JSON has to hold, on a disk that is at `place`; it is done in a forked process.

    Raises NoDiskError where none can be mounted, and AssertionError with what was raised there.
    """
    if not sys.platform.startswith("linux"):
        raise NoDiskError("only Linux has disks that end with a process")
    place.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(_SECONDS)
        try:
            os.close(reading)
            told = json.dumps(_try_there(place, work)).encode()
            with open(writing, "wb") as pipe:  # noqa: PTH123 - a pipe
                pipe.write(told)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - a pipe
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert told, f"the process on the disk ended with {status}"
    result, refused, failed = json.loads(told)
    if refused:
        raise NoDiskError(refused)
    assert not failed, failed
    found: Result = result
    return found


def _try_there(place: Path, work: Callable[[RealDisk], Result]) -> tuple[Result | None, str, str]:
    """(result, why there is no disk, what was raised)."""
    try:
        _leave_the_others()
        disk = RealDisk(place)
        with disk.read_only(), suppress(OSError):
            (place / "written").touch()
            return None, "a disk that is mounted read-only can be written", ""
    except OSError as error:
        return None, str(error), ""
    try:
        return work(disk), "", ""
    except BaseException:
        return None, "", traceback.format_exc()


def spread(most: int, count: int) -> list[int]:
    """At most `count` numbers from 0 to below `most`, at even distances, with the last."""
    if most <= count or count == 1:
        return list(range(min(most, count)))
    return sorted({number * (most - 1) // (count - 1) for number in range(count)})


def disturb(writer: Writer, given: Path, disk: RealDisk, rooms: int) -> dict[str, int]:
    """Run a command on a disk with every fault, `rooms` times each, and again without; how often it was refused.

    Raises AssertionError where that was not one line and exit code 1, where something that existed is lost, where the
    same command did not complete it, or where something is left.
    """
    writer.prepare(disk.place / "whole", given)
    pages, files = disk.pages, disk.files
    code, said = writer.run(disk.place / "whole", given)
    assert code == 0, said
    pages, files = disk.pages - pages, disk.files - files
    whole = files_of(disk.place / "whole")
    pages, files = max(pages, _FEW), max(files, _FEW)  # what is moved takes none in the end
    shutil.rmtree(disk.place / "whole")
    longest = max((len(data) for data in whole.values()), default=0)
    faults: dict[str, Sequence[Fault]] = {
        "full": [partial(disk.full, room) for room in spread(pages + 2, rooms)],
        "crowded": [partial(disk.crowded, room) for room in spread(files + 2, rooms // 2)],
        "short": [partial(disk.short, size) for size in sorted({0, longest // 2})],
        "read-only": [disk.read_only],
    }
    if writer.trains:
        faults["filled meanwhile"] = [partial(_full_since, disk, room) for room in spread(pages + 2, rooms)]
    return {kind: _disturb(kind, each, writer, given, disk.place / "cut", whole) for kind, each in faults.items()}


@contextmanager
def _full_since(disk: RealDisk, pages: int) -> Iterator[None]:
    """A disk that another program has filled since training asked whether there is room for all of the run."""
    with disk.full(pages), pytest.MonkeyPatch.context() as patch:
        patch.setattr("p2p_gan.training.tracking.saver.require_space", lambda *_: None)
        yield


def _disturb(
    kind: str, faults: Iterable[Fault], writer: Writer, given: Path, place: Path, whole: dict[str, bytes]
) -> int:
    refused = 0
    for number, fault in enumerate(faults):
        name = f"{kind} {number}"
        writer.prepare(place, given)
        before = files_of(place)
        with fault():
            code, said = writer.run(place, given)
        errors = [line for line in said.splitlines() if line.startswith("Error: ")]
        assert (code, len(errors)) in ((1, 1), (0, 0)), f"{name}: exit code {code}: {said}"
        assert "Traceback" not in said, f"{name}: {said}"
        if code:
            refused += 1
            assert any(words in errors[0] for words in _REASONS), f"{name}: {said}"
            _refuse_losses(before, files_of(place), whole, name)
            if kind == "read-only":
                assert files_of(place) == before, name
            code, said = writer.run(place, given)
            assert code == 0, f"after {name}: {said}"
        assert not (files := writer.differing(files_of(place), whole)), f"after {name}: {files}"
        assert not leftovers(place), f"after {name}: {leftovers(place)}"
        shutil.rmtree(place)
    return refused


_REASONS = (*(os.strerror(number) for number in (errno.ENOSPC, errno.EROFS, errno.EFBIG)), "free, but")


def _refuse_losses(before: dict[str, bytes], after: dict[str, bytes], whole: dict[str, bytes], name: str) -> None:
    """Fail where a file that existed is neither as it was, nor somewhere else, nor as the whole command makes it."""
    contents = set(after.values())
    lost = [file for file, data in before.items() if data not in contents and after.get(file) != whole.get(file)]
    assert not lost, f"{name}: lost {', '.join(lost)}"
