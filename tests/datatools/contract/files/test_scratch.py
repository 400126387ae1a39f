"""Scratch bytes are read as they were written, in memory and on the disk, and a full disk is one error."""

import errno
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.files.scratch import ScratchFile

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize("memory", [0, 8, 1000])
def test_what_was_appended_is_read_wherever_it_lies(memory: int) -> None:
    scratch, parts = ScratchFile(memory=memory), [b"abc", b"", b"defgh", b"ijk" * 9]
    starts = [scratch.append(part) for part in parts]
    assert [scratch.read(start, len(part)) for start, part in zip(starts, parts, strict=True)] == parts
    assert scratch.read(1, 4) == b"bcde"


class FullFile:
    """A file on a disk with room for ten bytes."""

    def __init__(self) -> None:
        self.data, self.place = bytearray(), 0

    def seek(self, place: int) -> None:
        self.place = place

    def write(self, part: memoryview) -> int:
        taken = part[: max(0, 10 - self.place)]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.data[self.place :] = taken
        self.place += len(taken)
        return len(taken)

    def read(self, size: int) -> bytes:
        part = bytes(self.data[self.place : self.place + size])
        self.place += len(part)
        return part

    def close(self) -> None:
        """Nothing is held."""


def test_a_full_disk_and_a_file_that_lost_its_end_are_errors_that_name_the_folder(
    monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    def open_full(**options: Any) -> FullFile:
        return FullFile()

    monkeypatch.setattr(tempfile, "TemporaryFile", open_full)
    scratch = ScratchFile(memory=4)
    scratch.append(b"abcdefgh")
    with refused("scratch-file", tempfile.gettempdir()) as error:
        scratch.append(b"ijklm")
    assert "TMPDIR" in error.value.to_do
    with refused("scratch-file"):
        scratch.read(0, 20)
