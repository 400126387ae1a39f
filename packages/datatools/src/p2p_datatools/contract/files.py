"""Files that are whole or not there: written beside their place, made durable, then renamed.

Nothing here may know what is in a file beyond bytes, text and JSON.
"""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from p2p_datatools.contract.errors import P2PError


@contextlib.contextmanager
def atomic(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` for writing; it takes that name when the block ends well, else it is gone.

    `durable` flushes the file and its folder to the disk first, so that a power cut leaves the old file or the new one.
    Raises P2PError when the disk is full or the place cannot be written.
    """
    temporary = path.parent / f".{path.name[:60]}.{secrets.token_hex(6)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise P2PError(cannot_write(path, error)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> str:
    """One line for a write that failed: where, what, what to do."""
    what = error.strerror or str(error)
    return f"{path}: cannot be written: {what}. Free space or choose another place, then run the same command."


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable (a no-op where folders cannot be flushed)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write `data` atomically."""
    with atomic(path, durable=durable) as file:
        file.write(data)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """Write one JSON value a line, atomically."""
    with atomic(path) as file:
        for value in values:
            file.write(json_line(value))


def json_line(value: Any) -> bytes:
    """One line of a JSON-lines file, with its line end."""
    return (json.dumps(value, ensure_ascii=False, separators=(", ", ": ")) + "\n").encode()


def append_lines(path: Path, values: Iterable[Any]) -> None:
    """Append JSON lines durably; a cut-off last line from an earlier crash is removed first."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            _cut_torn_line(file)
            for value in values:
                file.write(json_line(value))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise P2PError(cannot_write(path, error)) from error


def _cut_torn_line(file: IO[bytes]) -> None:
    """Remove what follows the last line end: a line that a crash cut off."""
    end = file.seek(0, os.SEEK_END)
    position = end
    while position > 0:
        start = max(0, position - 4096)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            position = start + found + 1
            break
        position = start
    if position < end:
        file.truncate(position)
    file.seek(0, os.SEEK_END)


def read_json(path: Path) -> Any:
    """Parse a JSON file. Raises P2PError, naming the place, when it is not whole."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise P2PError(f"{path}: there is no such file.") from error
    except OSError as error:
        raise P2PError(f"{path}: cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise P2PError(
            f"{path}: is not whole JSON ({error}). Was it cut off or edited? Export or fetch it again."
        ) from error


def read_lines(path: Path, *, torn_ok: bool = False) -> list[Any]:
    """Parse a JSON-lines file; with `torn_ok` a last line without its line end counts as never written."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise P2PError(f"{path}: cannot be read: {error.strerror}.") from error
    if torn_ok:
        data = data[: data.rfind(b"\n") + 1]
    values = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise P2PError(
                f"{path}: line {number} is not JSON ({error}). Was it cut off or edited? Export or fetch it again."
            ) from error
    return values


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise P2PError(f"{path}: cannot be read: {error.strerror}.") from error
