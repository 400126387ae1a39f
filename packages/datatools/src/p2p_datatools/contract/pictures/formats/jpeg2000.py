"""What a JPEG 2000 file says of its colours that Pillow does not ask: bits, parts, profile (ISO/IEC 15444-1).

Nothing here may decode pixels.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from p2p_datatools.contract.errors import P2PError

STARTS = (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
"""How a file begins, and one that is the codestream alone."""

_SIZE = b"\xff\x4f\xff\x51"  # how a codestream begins, with the marker of its size (A.4.1, A.5.1)
_BOX, _LONG_BOX = 8, 16  # bytes of a box's head, and of one whose length needs 64 bits (I.4)
_MOST_BYTES = 1 << 24  # of the box that holds what is said of the picture
_ENUMERATED, _PROFILE = 1, (2, 3)  # methods of the box for colours (I.5.3.3): a number, a profile
_GREY = 17  # such a number


class _Parts(NamedTuple):
    """The components of a codestream: their bits, and the `steps`: how many pixels across and down a value covers.

    The `corners` are the places (x, y) at which tiles and the picture begin and end.
    """

    bits: tuple[int, ...]
    is_signed: bool
    steps: tuple[tuple[int, int], ...]
    corners: tuple[tuple[int, int], ...]


def bits_of(start: bytes) -> int:
    """The bits of the first component of a file that begins so; 8 if it does not say."""
    parts = _parts_of(start)
    return parts.bits[0] if parts else 8


def refuse_strange(path: Path, start: bytes) -> None:
    """Raise P2PError for a file that begins so and that decoders make other numbers of.

    Of signed ones Pillow makes others, and it shifts the rows of colours that have fewer values than there are pixels,
    where these do not fill whole steps. Neither it nor OpenCV reads two channels of 16 bits.
    """
    parts = _parts_of(start)
    if parts and parts.is_signed:
        what, to_do = "has signed numbers, which are not read", "Save it as TIFF or NPY."
        raise P2PError(path, what, to_do, code="unread-kind")
    if parts and len(parts.bits) == 2 and max(parts.bits) > 8:
        what = f"has two channels of {max(parts.bits)} bits, which are not read"
        raise P2PError(path, what, "Save it as TIFF or NPY.", code="unread-kind")
    if parts and any(x % across or y % down for across, down in parts.steps for x, y in parts.corners):
        what = "has colours of half its width or height, and an odd number of pixels, which is not read"
        raise P2PError(path, what, "Convert it to PNG (ffmpeg -i IN.jp2 OUT.png).", code="unread-kind")


def profile_of(stream: BinaryIO) -> bytes:
    """The colour profile in a file; empty where there is none."""
    method, said = _colors_of(stream)
    return said if method in _PROFILE else b""


def readable(data: bytes, stream: BinaryIO) -> bytes:
    """What decoders take for several channels: the codestream alone, where the file calls these grey.

    So GDAL calls three bands that nobody called colours. Pillow refuses them, and OpenCV repeats the first.
    """
    method, said = _colors_of(stream)
    parts = _parts_of(data)
    is_grey = method == _ENUMERATED and int.from_bytes(said[:4], "big") == _GREY
    return data[data.index(_SIZE) :] if is_grey and parts and len(parts.bits) > 2 else data


def _parts_of(start: bytes) -> _Parts | None:
    place = start.find(_SIZE)
    if place < 0 or len(start) < place + 42:
        return None
    *sides, count = struct.unpack(">8IH", start[place + 8 : place + 42])
    width, height, left, top, across, down, tile_left, tile_top = sides
    said = start[place + 42 : place + 42 + 3 * count]
    if not count or len(said) < 3 * count:
        return None
    bits = tuple((each & 0x7F) + 1 for each in said[::3])
    steps = tuple((max(1, x), max(1, y)) for x, y in zip(said[1::3], said[2::3], strict=True))
    is_one = tile_left + across >= width and tile_top + down >= height  # tile, which the picture's sides end
    corners = [(width, height), (left, top)] + ([] if is_one else [(tile_left, tile_top), (across, down)])
    return _Parts(bits, any(each & 0x80 for each in said[::3]), steps, tuple(corners))


def _colors_of(stream: BinaryIO) -> tuple[int, bytes]:
    """The method of the first box for colours, and what follows: a number, or a profile; 0 without one."""
    for kind, content in _boxes_in(_header_box(stream)):
        if kind == b"colr" and len(content) > 3:
            return content[0], content[3:]
    return 0, b""


def _boxes_in(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + _BOX <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + length if length else len(data)
        yield data[place + 4 : place + _BOX], data[place + _BOX : end]
        place = max(end, place + _BOX)


def _header_box(stream: BinaryIO) -> bytes:
    """The content of the box that holds what is said of the picture, which comes before its pixels (I.5.3)."""
    place = 0
    while True:
        stream.seek(place)
        head = stream.read(_LONG_BOX)
        length, kind = int.from_bytes(head[:4], "big"), head[4:_BOX]
        if length == 1:
            length = int.from_bytes(head[_BOX:], "big")
        if kind == b"jp2h":
            stream.seek(place + _BOX)
            return stream.read(min(max(0, length - _BOX), _MOST_BYTES))
        if length < _BOX or kind == b"jp2c" or len(head) < _BOX:
            return b""
        place += length
