"""Bytes that a call writes and reads again: in memory while they are few, else in a temporary file without a name.

Nothing here may know what the bytes mean, or leave a file behind, however the process ends.
"""

import io
import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError

_IN_MEMORY = 32 << 20
_MIB = 1 << 20


class ScratchFile:
    """Bytes to which any thread may append, and of which any thread may read.

    Up to `memory` bytes stay in memory, more go to the folder of temporary files; `expected` bytes that would not fit
    there are refused at once and not after minutes. The file is read and not mapped, so that a broken disk is an error
    and not the end of the process. Raises P2PError when it cannot be made, written or read.
    """

    def __init__(self, expected: int = 0, *, memory: int = _IN_MEMORY) -> None:
        self._file: Any = io.BytesIO()
        self._memory, self._size, self._lock = memory, 0, threading.Lock()
        if expected > memory:
            _require(expected)

    def append(self, data: bytes) -> int:
        """Write at the end; returns where the bytes begin."""
        with self._lock:
            start = self._size
            try:
                if isinstance(self._file, io.BytesIO) and start + len(data) > self._memory:
                    self._move_to_disk()
                self._write(start, memoryview(data))
            except OSError as error:
                raise _cannot("written", error) from error
            self._size = start + len(data)
            return start

    def read(self, start: int, size: int) -> bytes:
        """So many bytes from `start` on."""
        with self._lock:
            try:
                self._file.seek(start)
                parts, left = [], size
                while left and (part := self._file.read(left)):
                    parts.append(part)
                    left -= len(part)
                if left:
                    raise OSError(0, "its end is missing")
            except OSError as error:
                raise _cannot("read", error) from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _write(self, start: int, left: memoryview) -> None:
        self._file.seek(start)
        while left:
            left = left[self._file.write(left) :]

    def _move_to_disk(self) -> None:
        held = self._file
        # Unbuffered, so that an error belongs to the call that it comes from.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._write(0, held.getbuffer())


def _require(size: int) -> None:
    place = _place()
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise _cannot("written", error) from error
    if free < size:
        what = f"has {free // _MIB} MiB free, and temporary files of about {size // _MIB} MiB are needed there"
        raise P2PError(place, what, _TO_DO, code="no-scratch-space")


_TO_DO = "Free space there, or set TMPDIR to a folder with more, and run the same command."


def _cannot(do: str, error: OSError) -> P2PError:
    what = f"a temporary file there cannot be {do}: {error.strerror or error}"
    return P2PError(_place(), what, _TO_DO, code="scratch-file")


def _place() -> Path:
    """Where temporary files lie; where none can be, the place that was asked for."""
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        return Path(os.environ.get("TMPDIR", "."))
