"""Opens files to be read: what is neither a file nor a pipe that is written to is refused, and never waited for.

Nothing here may know what is in a file, or write one.
"""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # which Windows does not know, nor named pipes in its folders
_BLOCK = 1 << 16


class SpecialFileError(OSError):
    """What is opened is a pipe, a socket or a device, which may have nothing to read, for ever."""

    def __init__(self, path: Path, words: str = "is a pipe, socket or device, not a file") -> None:
        super().__init__(errno.EINVAL, words, str(path))
        self.words = words


def is_special(path: Path) -> bool:
    """Whether something is there that is neither a file nor a folder."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # a name with a zero byte
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def is_pipe(path: Path) -> bool:
    """Whether a path leads to a pipe, such as `<(...)` of the shell or a named one."""
    try:
        return path.is_fifo()
    except (OSError, ValueError):
        return False


def open_file(path: Path) -> BufferedReader:
    """Open a file to be read as often as needed; raises OSError, which is a SpecialFileError for a pipe or device."""
    if is_special(path):
        raise SpecialFileError(path)
    return path.open("rb")


def read_file(path: Path) -> bytes:
    """The bytes of a file; raises OSError as `open_file` does."""
    with open_file(path) as file:
        return file.read()


def read_once(path: Path) -> bytes:
    """The bytes of a file, or all that a pipe gives, which nobody can read again; of /dev/null none.

    Raises OSError, which is a SpecialFileError for devices, and for a pipe that nothing is written to.
    """
    if is_pipe(path):
        return _drain(path)
    if is_special(path) and path.resolve() == Path(os.devnull):
        return b""
    return read_file(path)


def _drain(path: Path) -> bytes:
    """All that a pipe gives. To open it does not wait for a writer, to read waits for one that is there."""
    handle, parts = os.open(path, os.O_RDONLY | _AT_ONCE), list[bytes]()
    try:
        try:
            start = os.read(handle, _BLOCK)
        except BlockingIOError:
            pass  # its writer has written nothing yet
        else:
            if not start:
                raise SpecialFileError(path, "is a pipe that gives nothing: it has no writer, or was read before")
            parts.append(start)
        os.set_blocking(handle, True)
        while part := os.read(handle, _BLOCK):
            parts.append(part)
    finally:
        os.close(handle)
    return b"".join(parts)
