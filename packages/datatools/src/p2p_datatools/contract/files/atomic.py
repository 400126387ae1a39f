"""Files that are whole or not there: written beside their place, made durable, then renamed.

Nothing here may know what is in a file beyond bytes, text and JSON.
"""

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import secrets
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.contract.files.opening import SpecialFileError, is_special, open_file, read_file, read_once
from p2p_datatools.contract.files.relative import cut_name
from p2p_datatools.contract.files.text import decode_text, guess_encodings, other_encoding
from p2p_datatools.contract.foreign import is_deeper
from p2p_datatools.contract.words import parser_words

_Object = dict[str, Any]  # of JSON
_LONG, _DEEP = 1 << 20, 200  # characters of a file of JSON, levels of its values


@contextlib.contextmanager
def atomic(path: Path | str, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` for writing; it takes that name when the block ends well, else it is gone.

    `durable` flushes the file and its folder to the disk first, so that a power cut leaves the old file or the new one.
    Raises P2PError when the disk is full or the place cannot be written, or is that of a pipe or device.
    """
    path, renamed = Path(path), False
    if is_special(path):  # such as /dev/null, in whose place a file would be
        raise cannot_write(path, SpecialFileError(path))
    temporary = path.parent / f".{cut_name(path.name, 60)}.{os.getpid()}-{secrets.token_hex(6)}.tmp"
    try:
        if durable:  # one file by itself; of many the folder is swept as a whole
            _sweep(path)
        with _create(temporary) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
        renamed = True
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if not renamed:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _create(file: Path) -> IO[bytes]:
    """Open a file that is not there for writing; its folder is made only where it is missing, which few are."""
    try:
        return file.open("xb")
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("xb")


def is_temporary(path: Path) -> bool:
    """Whether a file is being written, or was when a kill came."""
    return path.name.startswith(".") and path.name.endswith(".tmp")


def _sweep(path: Path) -> None:
    """Remove temporary files that a kill has left for `path`; those of a process that lives stay."""
    for torn in path.parent.glob(f".{glob.escape(cut_name(path.name, 60))}.*.tmp"):
        writer = _WRITER.search(torn.name)
        if writer and not lives(int(writer[1])):
            torn.unlink(missing_ok=True)


_WRITER = re.compile(r"\.([0-9]{1,9})-[0-9a-f]{12}\.tmp$")  # the process that writes a temporary file


def lives(process: int) -> bool:
    """Whether a process of this machine is there."""
    if os.name == "nt":  # where to ask would be to end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def cannot_write(path: Path, error: OSError) -> P2PError:
    """The error for a write that failed."""
    if isinstance(error, SpecialFileError):
        return P2PError(path, error.words, "Give the name of a file.", code="special-file")
    what = f"cannot be written: {error.strerror or error}"
    to_do = f"{_TO_WRITE.get(error.errno or 0, 'Free space')} or choose another place, then run the same command."
    return P2PError(path, what, to_do, code="cannot-write")


_SAVE_IT = "Save what it gives to a file, and name that."
_MORE_FILES = "Raise the limit of open files (ulimit -n)"
_DEVICE = "Check the disk or the network drive"
_TO_WRITE = {
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "Make it writable"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), _MORE_FILES),
    **dict.fromkeys((errno.EIO, getattr(errno, "ESTALE", errno.EIO), errno.ENXIO), _DEVICE),
    **dict.fromkeys((errno.ENOTDIR, errno.EISDIR, errno.EEXIST), "Remove what is there in its place"),
    errno.EFBIG: "Raise the limit of file sizes (ulimit -f)",
    errno.ENAMETOOLONG: "Shorten its name",
    errno.ELOOP: "Remove the links that lead in a circle",
}
_TO_READ = {
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), f"{_MORE_FILES}, then run the same command."),
    **dict.fromkeys((errno.EIO, getattr(errno, "ESTALE", errno.EIO)), f"{_DEVICE}, then run the same command."),
    errno.EISDIR: "Give a file.",
}


def cannot_read(path: Path, error: OSError) -> P2PError:
    """The error for a read that failed."""
    if isinstance(error, SpecialFileError):
        return P2PError(path, error.words, _SAVE_IT, code="special-file")
    what = f"cannot be read: {error.strerror or error}"
    to_do = _TO_READ.get(error.errno or 0, "Check the path and the permissions of the file.")
    return P2PError(path, what, to_do, code="unreadable-file")


@contextlib.contextmanager
def catch_write_error(path: Path) -> Iterator[None]:
    """Raise `cannot_write` of `path` for an OSError of the block."""
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from error


@contextlib.contextmanager
def catch_read_error(path: Path) -> Iterator[None]:
    """Raise `cannot_read` of `path` for an OSError of the block."""
    try:
        yield
    except OSError as error:
        raise cannot_read(path, error) from error


def refuse_special(path: Path, *, to_do: str = _SAVE_IT) -> None:
    """Raise P2PError for a pipe, socket or device: what is read more than once has to be a file or a folder."""
    if is_special(path):
        raise P2PError(path, SpecialFileError(path).words, to_do, code="special-file")


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable (a no-op where folders cannot be flushed)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_bytes(path: Path | str, data: bytes, *, durable: bool = True) -> None:
    """Write `data` atomically."""
    with atomic(path, durable=durable) as file:
        file.write(data)


def holds(path: Path, data: bytes) -> bool:
    """Whether a file is there and has exactly these bytes."""
    with catch_read_error(path):
        return path.is_file() and path.stat().st_size == len(data) and read_file(path) == data


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_bytes(path, _encode(value, indent=2))


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """Write one JSON value a line, atomically."""
    with atomic(path) as file:
        for value in values:
            file.write(json_line(value))


def _encode(value: Any, **form: Any) -> bytes:
    """JSON as people read it; half of a surrogate pair, which UTF-8 cannot hold, is written as an escape."""
    try:
        return (json.dumps(value, ensure_ascii=False, **form) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(value, **form) + "\n").encode()


def json_line(value: Any) -> bytes:
    """One line of a JSON-lines file, with its line end."""
    return _encode(value, separators=(", ", ": "))


def append_lines(path: Path, values: Iterable[Any]) -> list[int]:
    """Append JSON lines durably, and say where each begins; a cut-off last line from a crash is removed first."""
    places = []
    with catch_write_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            _cut_torn_line(file)
            for value in values:
                places.append(file.tell())
                file.write(json_line(value))
            file.flush()
            os.fsync(file.fileno())
    return places


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


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, or of a pipe, which gives them once; raises P2PError when it cannot be read."""
    with catch_read_error(path):
        return read_once(path)


def read_text(path: Path) -> str:
    """The text of a file or pipe; raises P2PError when it cannot be read, or has an encoding that it does not tell."""
    return decode_text(read_bytes(path), path)


def load_json(data: bytes | str, each: Callable[[_Object], Any] | None = None, *, repeats: bool = False) -> Any:
    """Parse JSON, in which an object becomes what `each` makes of it.

    With `repeats` the last of several values for a key counts: enough to see what a file is, of which no value is used.
    Raises ValueError when it is invalid or else an object has two values for one key, and RecursionError.
    """
    table: Callable[[list[tuple[str, Any]]], _Object] = dict if repeats else _table
    try:
        if table is _table and each is None and isinstance(data, str) and data.startswith("{"):
            return _DECODER.decode(data)
        return json.loads(data, object_pairs_hook=table if each is None else lambda pairs: each(table(pairs)))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError as error:
        raise ValueError(parser_words(error)) from error


def _table(pairs: list[tuple[str, Any]]) -> _Object:
    found = dict(pairs)
    other = [key for key, value in pairs if value != found[key]] if len(found) < len(pairs) else []
    if other:
        raise ValueError(f"one of its objects has two values for {other[0]!a:.60}, of which only one would count")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_table)  # json.loads makes one for each line of millions


def _decode(data: bytes) -> str:
    """The text of JSON, as the library decodes it."""
    encoding = "utf-8" if data.startswith(b'{"') else json.detect_encoding(data)  # as it says of most lines
    return data.decode(encoding, "surrogatepass")


def _parse(text: str, each: Callable[[_Object], Any] | None = None, *, repeats: bool = False) -> Any:
    value = load_json(text, each, repeats=repeats)
    # Whoever compares or shows a value goes down into it. A larger file is a label file, whose reader is guarded.
    if len(text) < _LONG and text.count("[") + text.count("{") > _DEEP and is_deeper(value, _DEEP):
        raise ValueError(f"its lists and objects lie more than {_DEEP} levels deep")
    return value


def read_json(path: Path, each: Callable[[_Object], Any] | None = None, *, repeats: bool = False) -> Any:
    """Parse a JSON file, as `load_json` does. Raises P2PError, naming the place, when it is not valid."""
    data = b""
    try:
        data = read_file(path)
        text, data = _decode(data), b""  # of a large file one of them is enough
        return _parse(text, each, repeats=repeats)
    except FileNotFoundError as error:
        raise P2PError(path, "there is no such file", advise_missing(path), code="missing-file") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnicodeDecodeError) and guess_encodings(data):
            raise other_encoding(data, path, error) from error
        to_do = "Was it cut off or edited? Export or fetch it again."
        raise P2PError(path, f"is not valid JSON ({error})", to_do, code="damaged-json") from error


def read_lines(path: Path, *, torn_ok: bool = False) -> list[Any]:
    """Parse a JSON-lines file; with `torn_ok` a last line without its line end counts as never written."""
    return [value for _, value in each_line(path, torn_ok=torn_ok)]


def each_line(path: Path, *, torn_ok: bool = False) -> Iterator[tuple[int, Any]]:
    """The values of `read_lines` one after the other, each with the position in the file where its line begins."""
    place = 0
    with catch_read_error(path), open_file(path) as file:
        for number, line in enumerate(file, start=1):
            if not (torn_ok and not line.endswith(b"\n")):
                yield place, _line(line, path, number)
            place += len(line)


def _line(line: bytes, path: Path, number: int) -> Any:
    try:
        return _parse(_decode(line))
    except (ValueError, RecursionError) as error:
        to_do = "Was it cut off or edited? Export or fetch it again."
        raise P2PError(path, f"line {number} is not JSON ({error})", to_do, code="damaged-json") from error


class OpenLines:
    """A JSON-lines file held open, so that its lines can be read in any order, also once it is renamed or deleted.

    Any thread may read. It is closed by `close`, or when it is garbage-collected.
    """

    def __init__(self, path: Path) -> None:
        with catch_read_error(path), open_file(path) as file:
            self._handle = os.dup(file.fileno())
        self._path, self._lock = path, threading.Lock()
        self.close = weakref.finalize(self, os.close, self._handle)

    def at(self, place: int) -> Any:
        """The value of the line that begins at `place`."""
        return next(self.each([place], ahead=1024))

    def each(self, places: Iterable[int], *, ahead: int = 1 << 18) -> Iterator[Any]:
        """The values of the lines at `places`; `ahead` bytes are read at a time, for lines that are close together."""
        start, data = 0, b""
        for place in places:
            end = data.find(b"\n", place - start) if start <= place < start + len(data) else -1
            if end < 0:
                start, data = place, self._read(place, ahead)
                end = data.find(b"\n")
            yield self._value(data[place - start : end if end >= 0 else None])

    def _read(self, place: int, ahead: int) -> bytes:
        """`ahead` bytes from a position on, or more if the first line is longer."""
        data = b""
        with self._lock:
            os.lseek(self._handle, place, os.SEEK_SET)
            while b"\n" not in data and (more := os.read(self._handle, ahead)):
                data += more
        return data

    def _value(self, line: bytes) -> Any:
        try:
            return _parse(_decode(line))
        except (ValueError, RecursionError) as error:
            raise self.refuse(error) from error

    def refuse(self, why: object) -> P2PError:
        """The error for a line that is not any more what it was when the file was opened."""
        what = f"was changed while it was in use ({why})"
        return P2PError(self._path, what, "Run the same command again.", code="changed-in-use")


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with catch_read_error(path), open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
