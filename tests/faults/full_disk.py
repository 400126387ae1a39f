"""A disk that is full from some write on, and what every command does with it.

Nothing here may choose for how many writes there is room.
"""

import builtins
import errno
import io
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from faults.writers import Writer, files_of, leftovers

CHANGES = ("mkdir", "replace", "rename", "fsync", "link")


class FullDisk:
    """A disk that takes so many writes, then raises OSError of this number; `writes` counts those that were tried."""

    def __init__(self, room: int, number: int = errno.ENOSPC) -> None:
        self.room, self.writes, self._number = room, 0, number
        self._lock = threading.Lock()

    def take(self) -> None:
        """One more write; raises OSError when there is no room for it."""
        with self._lock:
            self.writes += 1
            if self.writes > self.room:
                raise OSError(self._number, os.strerror(self._number))


class _File:
    """An open file whose writes go to the full disk."""

    def __init__(self, file: Any, disk: FullDisk) -> None:
        self._file, self._disk = file, disk

    def write(self, data: Any) -> Any:
        self._disk.take()
        return self._file.write(data)

    def __enter__(self) -> "_File":
        self._file.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def filled(disk: FullDisk) -> Iterator[None]:
    """During the block all writes of Python's files, and changes of folders, go to the disk."""
    real = io.open

    def opened(file: Any, mode: str = "r", *words: Any, **more: Any) -> Any:
        found = real(file, mode, *words, **more)
        return _File(found, disk) if set(mode) & set("wax+") else found

    def changing(name: str) -> Callable[..., Any]:
        change: Callable[..., Any] = getattr(os, name)

        def counted(*words: Any, **more: Any) -> Any:
            disk.take()
            return change(*words, **more)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        for name in CHANGES:
            patch.setattr(os, name, changing(name))
        yield


def fill_at(writer: Writer, given: Path, place: Path, rooms: Callable[[int], Iterable[int]]) -> int:
    """Run a command with room for so many writes, for each of `rooms(all writes)`, then again with room for all.

    Returns how often it was refused. Raises AssertionError where that was not one line, where the same command did not
    complete it, or where something is left.
    """
    writer.prepare(place / "whole", given)
    counted = FullDisk(10**9)
    with filled(counted):
        code, said = writer.run(place / "whole", given)
    assert code == 0, said
    whole = files_of(place / "whole")
    refused = 0
    for room in rooms(counted.writes):
        cut = place / "cut"
        writer.prepare(cut, given)
        with filled(FullDisk(room)):
            code, said = writer.run(cut, given)
        errors = [line for line in said.splitlines() if line.startswith("Error: ")]
        assert (code, len(errors)) in ((1, 1), (0, 0)), f"room for {room} writes: {said}"
        assert "Traceback" not in said
        if code:
            refused += 1
            assert "cannot be written" in errors[0], f"room for {room} writes: {said}"
            code, said = writer.run(cut, given)
            assert code == 0, f"after room for {room} writes: {said}"
        found = files_of(cut)
        other = sorted(name for name in {*found, *whole} if found.get(name) != whole.get(name))
        assert not other, f"after room for {room} writes"
        assert not leftovers(cut), f"after room for {room} writes"
        shutil.rmtree(cut)
    return refused
