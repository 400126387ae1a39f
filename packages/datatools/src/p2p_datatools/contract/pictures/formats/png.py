"""Fast reading and writing of PNG files: OpenCV decodes plain 8-bit pictures, arrays are written band by band.

Nothing here may decide what a picture means: files with a profile, transparency or EXIF are left to `images`.
"""

import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.limits import MOST_PIXELS

OPENCV_LOG: Any = getattr(cv2.utils, "logging", cv2)  # before OpenCV 4.13 the functions lay in cv2 itself
OPENCV_LOG.setLogLevel(0)  # what its decoders say about damage becomes an error of ours; they print it as well

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEAD = 33  # bytes of a file that hold its signature and the first chunk, IHDR
GREY, RGB, INDEXED, GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6  # colour types of the format
# Chunks that change no pixel. Not among them: tRNS, iCCP, eXIf, iTXt (XMP may turn the picture), PLTE.
HARMLESS = frozenset({b"pHYs", b"tIME", b"tEXt", b"zTXt", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"bKGD"})
_HDR, _CICP = {16: "PQ", 18: "HLG"}, 4  # transfer functions (ITU-T H.273, 8.2), and the bytes of the chunk
_ROLE = b"p2p\0"  # the keyword of the text before the pixels that says what p2p drew
ROLE_END = 1024  # bytes of a file that hold it
BAND = 1 << 19  # bytes that are filtered and compressed at a time: they stay in the cache
_START = 4  # bytes that are packed first: fewer are not entered in the table of strings, more than 16 go the other way
_DENSEST = 1100  # decoded bytes that a byte of deflate can hold: 1032, and the bytes before the rows
_NONE, _UP = 0, 2  # filter types
_MOST_COLORS = 3 * 256  # bytes of a colour table
# Chunks before the pixels that say nothing of them, by their bytes, and keywords of text that is for people.
_IDLE = {b"pHYs": 9, b"tIME": 7, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
_FOR_PEOPLE = frozenset({b"p2p", b"Software", b"Title", b"Author", b"Comment", b"Description", b"Source"})
# What begins an orientation behind the pixels, where ExifTool writes XMP, and ImageMagick EXIF as text.
_TURNING = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type ")


PictureRole = Literal[
    "sample sheet", "contact sheet", "generated picture", "generated mask", "confidence of a mask", "figure"
]
"""What a picture is that p2p drew for people, or that a model made: no data, unless its user says that it is."""


class Head(NamedTuple):
    """What the first chunk of a PNG says."""

    width: int
    height: int
    depth: int
    color: int
    interlaced: bool


def head_of(data: bytes) -> Head | None:
    """What the first chunk of a PNG says, given its first HEAD bytes or all; None if the file is not a PNG."""
    if len(data) < HEAD or data[:8] != _SIGNATURE or data[12:16] != b"IHDR":
        return None
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    return Head(width, height, depth, color, interlaced != 0)


def plain_head(start: bytes) -> Head | None:
    """The head of an 8-bit PNG of one image before whose pixels nothing else is said of them, every checksum verified.

    `start` are the file's first bytes or all. None for any other file: Pillow says what it is, or what is wrong.
    """
    head, place, kinds = head_of(start), 8, set[bytes]()
    if head is None or head.depth != 8 or head.color not in (GREY, RGB, INDEXED) or any(start[26:28]):
        return None
    while (kind := start[place + 4 : place + 8]) != b"IDAT":
        end = place + 8 + int.from_bytes(start[place : place + 4], "big")
        body = start[place + 8 : end]
        if kind in kinds or not _is_idle(kind, body, head) or len(start) < end + 4:
            return None
        if isal_zlib.crc32(body, isal_zlib.crc32(kind)) != int.from_bytes(start[end : end + 4], "big"):
            return None
        kinds.add(kind)
        place = end + 4
    whole = b"IHDR" in kinds and (head.color != INDEXED or b"PLTE" in kinds)
    return head if whole and head.width and head.height else None


def _is_idle(kind: bytes, body: bytes, head: Head) -> bool:
    """Whether a chunk before the pixels says of them only what the head does, or the colours of indices."""
    if kind == b"PLTE":
        return head.color == INDEXED and 0 < len(body) <= _MOST_COLORS and len(body) % 3 == 0
    if kind == b"tEXt":
        return body.partition(b"\0")[0] in _FOR_PEOPLE
    return len(body) == (HEAD - 20 if kind == b"IHDR" else _IDLE.get(kind))


def may_be_turned(tail: bytes) -> bool:
    """Whether the last bytes of a PNG may say its orientation."""
    return any(word in tail for word in _TURNING)


def role_of(data: bytes) -> str:
    """The role that `encode` was given, out of the first ROLE_END bytes of a file or all; empty if there is none."""
    place = HEAD if head_of(data) else ROLE_END
    while place + 8 <= min(len(data), ROLE_END):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8 + len(_ROLE)] == b"tEXt" + _ROLE:
            return data[place + 8 + len(_ROLE) : min(end, ROLE_END)].decode("latin-1")
        place = end + 4
    return ""


def decode_plain(data: bytes) -> NDArray[np.uint8] | None:
    """A plain 8-bit grey or RGB PNG as (height, width, 3) RGB, every checksum verified; None for any other file.

    Raises ValueError when the file is of this kind and pixels are missing.
    """
    head = head_of(data)
    if head is None or head.depth != 8 or head.color not in (GREY, RGB) or head.interlaced:
        return None
    if head.width * head.height * (3 if head.color == RGB else 1) > _DENSEST * len(data) or not _is_plain(data):
        return None  # Pillow says what is wrong
    pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("pixels are missing")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels), dtype=np.uint8)


def decode_indices(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """The row numbers (height, width) and the colour table (n, 3) of a plain indexed PNG, every checksum verified.

    None for any other file, and for rows that are filtered: programs leave row numbers as they are, as `encode` does.
    Pillow reads the rest, and says what is wrong with it.
    """
    head = head_of(data)
    if head is None or head.depth != 8 or head.color != INDEXED or head.interlaced:
        return None
    length = head.height * (1 + head.width)
    if length > _DENSEST * len(data) or not 0 < head.width * head.height <= MOST_PIXELS or any(data[26:28]):
        return None
    if (found := _table_and_rows(data)) is None:
        return None
    table, packed = found
    unpacked = _unpack(packed, length)
    if unpacked is None or (rows := unpacked.reshape(head.height, -1))[:, 0].any():
        return None
    return rows[:, 1:].copy(), np.frombuffer(table, np.uint8).reshape(-1, 3)


def _table_and_rows(data: bytes) -> tuple[bytes, bytes] | None:
    """The colour table and the packed rows of an indexed PNG; None where chunks are missing, or change the pixels."""
    tables, packed, kind = list[bytes](), list[bytes](), b""
    for kind, start, end in _whole_chunks(data):
        if kind == b"PLTE" and not packed:
            tables.append(data[start:end])
        elif kind == b"IDAT":
            packed.append(data[start:end])
        elif kind != b"IEND" and kind not in HARMLESS and (kind, end) != (b"IHDR", HEAD - 4):
            return None
    if kind != b"IEND" or len(tables) != 1 or len(tables[0]) % 3 or len(tables[0]) > _MOST_COLORS:
        return None
    return tables[0], b"".join(packed)


def _unpack(packed: bytes, length: int) -> NDArray[np.uint8] | None:
    """The bytes of the packed rows; None if they are damaged, or not as many as `length`."""
    packer = isal_zlib.decompressobj()
    try:
        rows = packer.decompress(packed, length + 1)
    except isal_zlib.error:  # type: ignore[misc]  # its type information calls the class a variable
        return None
    return np.frombuffer(rows, np.uint8) if len(rows) == length and packer.eof else None


def _is_plain(data: bytes) -> bool:
    """Whether the chunks are whole, end with IEND, and none changes what the pixels mean."""
    kind = b""
    for kind, start, end in _whole_chunks(data):
        if kind not in (b"IHDR", b"IDAT", b"IEND") and kind not in HARMLESS:
            return False
        if kind in (b"tEXt", b"zTXt") and data[start:end].startswith(b"Raw profile"):  # EXIF as some write it
            return False
    return kind == b"IEND"


def refuse_hdr(path: Path, data: bytes) -> None:
    """Raise P2PError for a PNG whose values are those of HDR (PQ or HLG, by its chunk cICP), and not of sRGB."""
    for kind, start, end in _whole_chunks(data):
        transfer = _HDR.get(data[start + 1]) if kind == b"cICP" and end - start == _CICP else None
        if transfer:
            to_do = "Convert it to sRGB; to take its numbers as they are, save it without that chunk."
            raise P2PError(path, f"is HDR ({transfer} in its chunk cICP), which is not read", to_do, code="unread-kind")
        if kind == b"IDAT":
            return


def refuse_missing_rows(data: bytes) -> None:
    """Raise ValueError when a PNG has fewer rows of pixels than its header says; Pillow would make these up.

    Costs a pass of ISA-L over the data and keeps no pixels. What is damaged otherwise is left to the decoder.
    """
    head = head_of(data)
    if head is None:
        return
    missing, packer = _bytes_of_rows(head), isal_zlib.decompressobj()
    try:
        for kind, start, end in _whole_chunks(data):
            waiting: bytes | memoryview = memoryview(data)[start:end] if kind == b"IDAT" else b""
            while len(waiting) and missing > 0 and not packer.eof:
                missing -= len(packer.decompress(waiting, BAND))
                waiting = packer.unconsumed_tail
    except isal_zlib.error:  # type: ignore[misc]  # its type information calls the class a variable
        return
    if missing > 0 and packer.eof:
        raise ValueError("rows of pixels are missing")


# The passes of an interlaced PNG (PNG specification, 8.2): first column and row, and the steps to the next.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def _bytes_of_rows(head: Head) -> int:
    """The bytes of all rows with their filter types, before compression."""
    bits = head.depth * {RGB: 3, GREY_ALPHA: 2, _RGB_ALPHA: 4}.get(head.color, 1)
    whole = 0
    for left, top, across, down in _PASSES if head.interlaced else ((0, 0, 1, 1),):
        width, height = -(-(head.width - left) // across), -(-(head.height - top) // down)
        whole += max(0, height) * (1 + (width * bits + 7) // 8) if width > 0 else 0
    return whole


def bare(data: bytes) -> bytes | None:
    """A PNG with nothing but what its pixels need; None when a chunk is damaged or the end is missing.

    libpng prints what it thinks of the others, and of damage, on the terminal.
    """
    pieces, kind = [_SIGNATURE], b""
    for kind, start, end in _whole_chunks(data):
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            pieces.append(data[start - 8 : end + 4])
    return b"".join(pieces) if kind == b"IEND" else None


def _whole_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, first byte, byte behind the last) of each chunk up to IEND, or up to the first that is damaged."""
    view, place, kind = memoryview(data), 8, b""
    while kind != b"IEND" and place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind, end = data[place + 4 : place + 8], place + 8 + length
        if end + 4 > len(data) or isal_zlib.crc32(view[place + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            yield b"", place, place
            return
        yield kind, place + 8, end
        place = end + 4


def encode(
    pixels: NDArray[np.uint8 | np.uint16], table: NDArray[np.uint8] | None = None, *, role: str = ""
) -> Iterator[bytes]:
    """The bytes of a PNG of (height, width) grey or (height, width, 3) RGB, 8 or 16 bits, piece by piece.

    With a `table` of colours, (256, 3), the pixels are its row numbers. Rows are filtered by the row above and
    compressed by ISA-L: real photos a tenth smaller than by OpenCV's default in a quarter of the time, and a large
    picture needs no second copy of itself. Row numbers are not filtered: their runs are as long without, and read
    faster. A `role`, in Latin letters, says what a picture is that is no data, such as a sheet.
    """
    height, width = pixels.shape[:2]
    color = INDEXED if table is not None else RGB if pixels.ndim == 3 else GREY
    header = struct.pack(">IIBBBBB", width, height, pixels.dtype.itemsize * 8, color, 0, 0, 0)
    yield _SIGNATURE
    yield from _chunk(b"IHDR", header)
    if role:
        yield from _chunk(b"tEXt", _ROLE + role.encode("latin-1"))
    if table is not None:
        yield from _chunk(b"PLTE", table.tobytes())
    for packed in _pack(_filter_rows(pixels) if table is None else _plain_rows(pixels)):
        yield from _chunk(b"IDAT", packed)
    yield from _chunk(b"IEND", b"")


def _pack(bands: Iterator[NDArray[np.uint8]]) -> Iterator[bytes]:
    """Bands of rows, compressed, the same bytes each time: the first few are a block of their own for that.

    ISA-L 2.32 enters the third byte of a stream in its table of strings under a number left over from its caller, an
    address (igzip_icf_body_h1_gr_bt.asm, `write_first_byte`): now and then a picture had other bytes in another
    process. What is flushed before it is longer than 16 bytes is packed by other code, and the rest is no start.
    """
    packer = isal_zlib.compressobj(1)
    first = next(bands).reshape(-1)
    start = packer.compress(first[:_START].data) + packer.flush(isal_zlib.Z_SYNC_FLUSH)
    for rows in itertools.chain([first[_START:]], bands):
        if packed := packer.compress(rows.data):
            yield start + packed
            start = b""
    yield start + packer.flush()


def _filter_rows(pixels: NDArray[np.uint8 | np.uint16]) -> Iterator[NDArray[np.uint8]]:
    """Bands of rows, each row its filter type and its bytes less those of the row above."""
    height, length = pixels.shape[0], pixels[0].nbytes
    step = max(1, BAND // length)
    above: NDArray[np.uint8] = np.zeros(length, dtype=np.uint8)
    for first in range(0, height, step):
        rows = _big_endian(pixels[first : first + step]).reshape(-1, length)
        band = np.empty((len(rows), 1 + length), dtype=np.uint8)
        band[:, 0] = _UP
        np.subtract(rows[0], above, out=band[0, 1:])
        np.subtract(rows[1:], rows[:-1], out=band[1:, 1:])
        above = rows[-1].copy()
        yield band


def _plain_rows(pixels: NDArray[np.uint8 | np.uint16]) -> Iterator[NDArray[np.uint8]]:
    """Bands of rows, each row its filter type and its bytes as they are."""
    step = max(1, BAND // pixels[0].nbytes)
    for first in range(0, len(pixels), step):
        rows = _big_endian(pixels[first : first + step])
        band = np.empty((len(rows), 1 + rows.shape[1]), dtype=np.uint8)
        band[:, 0], band[:, 1:] = _NONE, rows
        yield band


def _big_endian(rows: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8]:
    rows = np.ascontiguousarray(rows)
    return rows.view(np.uint8) if rows.dtype == np.uint8 else rows.astype(">u2").view(np.uint8)


def _chunk(kind: bytes, body: bytes) -> tuple[bytes, ...]:
    return struct.pack(">I", len(body)) + kind, body, struct.pack(">I", isal_zlib.crc32(body, isal_zlib.crc32(kind)))
