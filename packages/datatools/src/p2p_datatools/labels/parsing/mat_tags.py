"""Checks the structure of a MATLAB 5 file before SciPy reads it, because its reader trusts what the tags say.

Nothing here may read a value: it walks over the tags, and knows which kinds of data may stand where.
"""

import struct
import zlib
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.opening import read_file

_HEAD = 128  # bytes, of which the last four say version and byte order
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13})  # the types of numbers; 8, 10 and 11 are reserved
_KNOWN = _NUMBERS | {_MATRIX, 16, 17, 18}  # and texts
_NUMERIC_CLASSES = range(6, 16)  # of matrices: double to uint64
_FLAGS = 6  # the type of the first part of a matrix, whose lowest byte is the class
_DEEPEST = 32  # cells and structs in one another
_MOST_BYTES = 1 << 30  # of what is compressed
_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}


def check_mat_tags(path: Path, *, whole: bool = True) -> None:
    """Raise P2PError for a MATLAB 5 file with a part that is cut off or of a kind that cannot stand there.

    Files of other versions are left to SciPy, which checks them itself. Without `whole` the end may be missing.
    """
    data = read_file(path)
    order = _ORDERS.get(data[_HEAD - 4 : _HEAD])
    if order is None:
        return
    place = _HEAD
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        body = memoryview(data)[place + 8 : place + 8 + size]
        is_cut = len(body) < size
        if is_cut and whole:
            raise _damage(path, "is cut off")
        if kind == _COMPRESSED:
            body = _inflate(body, path)
            kind, size = struct.unpack_from(f"{order}II", body, 0) if len(body) >= 8 else (0, 0)
            body = body[8 : 8 + size]
        if kind == _MATRIX and size:
            _check_matrix(body, order, path, 0, is_cut=is_cut)
        place += 8 + struct.unpack_from(f"{order}I", data, place + 4)[0]


def _inflate(packed: memoryview, path: Path) -> memoryview:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(packed, _MOST_BYTES)
    except zlib.error as error:
        raise _damage(path, f"has a part that cannot be decompressed ({error})") from error
    if stream.unconsumed_tail:
        what = f"has a variable of more than {_MOST_BYTES >> 20} MiB"
        raise P2PError(path, what, "Save the class numbers as a smaller type.", code="too-large")
    return memoryview(found)


def _check_matrix(body: memoryview, order: str, path: Path, depth: int, *, is_cut: bool) -> None:
    """Check the parts of a matrix: flags, lengths and name, then its values or what its cells and fields hold."""
    if depth > _DEEPEST:
        raise _damage(path, f"has cells or structs in one another, {_DEEPEST} deep")
    place, count, allowed = 0, 0, _KNOWN
    while place + 8 <= len(body):
        first, size = struct.unpack_from(f"{order}II", body, place)
        start, end = place + 8, place + 8 + size
        if first >> 16:  # a small part, whose values stand in the tag
            first, size = first & 0xFFFF, first >> 16
            start, end = place + 4, place + 4 + size
        if first not in (frozenset({_FLAGS}) if count == 0 else allowed) or (end > len(body) and not is_cut):
            raise _damage(path, f"has a part of the type {first} and {size} bytes where none can be")
        if start == place + 4 and size > 4:
            raise _damage(path, f"has a small part of {size} bytes")
        if (
            count == 0
            and 4 <= size <= len(body) - start
            and struct.unpack_from(f"{order}I", body, start)[0] & 0xFF in _NUMERIC_CLASSES
        ):
            allowed = _NUMBERS
        if first == _MATRIX and size:
            _check_matrix(body[start:end], order, path, depth + 1, is_cut=is_cut)
        place, count = (place + 8 if start == place + 4 else end + -end % 8), count + 1


def _damage(path: Path, what: str) -> P2PError:
    return P2PError(path, what, "Was it cut off or changed? Fetch or save it again.", code="damaged-file")
