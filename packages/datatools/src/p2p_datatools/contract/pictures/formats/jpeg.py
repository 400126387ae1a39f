"""Finds JPEG files whose data stop in the middle of the picture, and says how far JPEG moves the colours of areas.

Nothing here may decode by itself: libjpeg is asked twice, and what it makes of more data tells whether it missed some.
"""

import io
import math
import re
from collections.abc import Callable, Iterator

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

_LAST = 0xD9  # end of image
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # SOF0 to SOF15
_ONE_PASS, _PROGRESSIVE = (0xC0, 0xC1), 0xC2  # by Huffman's code; arithmetic codes may leave out zeros at their end
_SCAN, _INTERVAL, _DATA_END, _FILL = 0xDA, 0xDD, -1, 0xFF
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a segment
# The last byte of those that may fill up before a marker: a pattern of all takes hours in a sector that was erased.
_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
# Bits that are neither all the same nor a short pattern, and each restart marker, of which a decoder awaits one.
_NOISE = bytes.fromhex("5a13c4712e9936b5") * 4
_MORE = b"".join(_NOISE + bytes((0xFF, marker)) for marker in range(0xD0, 0xD8)) * 2
_GREY = (127, 128)  # what coefficients of 0 become, in CMYK turned over
_FEW = 1 << 14  # pixels of a picture that is always decoded twice: the last block may be much of it
_BAND = 1 << 20  # pixels that are compared at a time


def area_error(image: Image.Image) -> float:
    """How far in RGB an area of one colour may lie from it in a JPEG, by its own quantisation; 0 in other kinds.

    A block of one colour has no coefficient but the first, 8 times its value, which is rounded to a multiple of the
    table's first number (ITU-T T.81, A.3.3 and A.3.4). Twice that, because at borders blocks blend two colours.
    """
    tables = image.quantization if isinstance(image, JpegImageFile) else {}
    if not tables:
        return 0.0
    light, color = (tables.get(place, tables[min(tables)])[0] / 16 for place in (0, 1))
    return 2 * math.hypot(light + 1.402 * color, light - 1.058 * color, light + 1.772 * color)


def refuse_cut_scan(data: bytes, image: Image.Image, reopen: Callable[[io.BytesIO], Image.Image]) -> None:
    """Raise ValueError when a JPEG has less data than its picture needs; libjpeg fills the rest with grey in silence.

    `image` is what was decoded of `data`, `reopen` opens other data. Bytes behind the data of a whole scan are skipped
    by every decoder, but where a scan was cut off they are taken for the data that are missing, and so the picture
    changes: it is decoded again with such bytes, and a whole file is never refused. In the usual kind of JPEG, of one
    scan, that is only done where the last pixel is as grey as one without data; a progressive one is decoded twice.
    One that stops exactly between two of its scans is whole for every decoder, and coarser than it was. What is missing
    in the middle shows where there are restart markers, of which there are then too few.
    """
    if _lacks_restarts(data):
        raise ValueError("blocks of pixels are missing")
    if not _may_be_cut(data, image):
        return
    ends = [place for what, place in _find_segments(data) if what == _DATA_END]
    pieces = [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]
    try:
        with reopen(io.BytesIO(_MORE.join(pieces))) as again:
            again.load()
            same = _are_same(image, again)
    except (OSError, ValueError, SyntaxError, EOFError):
        return  # a decoder that does not skip such bytes tells nothing
    if not same:
        raise ValueError("rows of pixels are missing")


def _find_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of the content of each segment of a JPEG; behind a scan's, _DATA_END and where its data end."""
    place = 2
    while (found := _MARKER.search(data, place)) and (marker := found[1][0]) != _LAST:
        place = found.end()
        if marker in _ALONE:
            continue
        yield marker, place + 2
        place += max(2, int.from_bytes(data[place : place + 2], "big"))
        if marker == _SCAN:
            # Here and not before, since whoever only asks for the headers need not wait for that.
            end = _SCAN_END.search(data, place)
            if end is None:
                return
            first, place = place, end.start()
            while place > first and data[place - 1] == _FILL:
                place -= 1
            yield _DATA_END, place


def _lacks_restarts(data: bytes) -> bool:
    """Whether a scan of all components has fewer restart markers than its picture needs (T.81, B.2.4.4 and E.1.4)."""
    blocks, interval, start, components = 0, 0, 0, b""
    for marker, place in _find_segments(data):
        if marker == _INTERVAL:
            interval = int.from_bytes(data[place : place + 2], "big")
        elif marker in _ONE_PASS:
            components, blocks = data[place + 5 : place + 6], _count_blocks(data, place)
        elif marker in _FRAMES:
            return False
        elif marker == _SCAN:
            start = place
            if not interval or data[place : place + 1] != components:
                return False
        elif marker == _DATA_END:
            found = sum(data.count(bytes((0xFF, each)), start, place) for each in range(0xD0, 0xD8))
            return found < math.ceil(blocks / interval) - 1
    return False


def _count_blocks(data: bytes, frame: int) -> int:
    """The smallest units of a scan of all components (A.2): 8x8 pixels of one, else as many as these are sampled by."""
    height, width = (int.from_bytes(data[frame + at : frame + at + 2], "big") for at in (1, 3))
    sampling = data[frame + 7 : frame + int.from_bytes(data[frame - 2 : frame], "big") - 2 : 3]
    across, down = (max(1, *(each >> shift & 15 for each in sampling)) if len(sampling) > 1 else 1 for shift in (4, 0))
    return math.ceil(width / (8 * across)) * math.ceil(height / (8 * down))


def _may_be_cut(data: bytes, image: Image.Image) -> bool:
    """Whether the last scan may lack data, as far as the headers and the last pixel tell."""
    components = 0
    for marker, content in _find_segments(data):
        if marker in _FRAMES:
            if marker == _PROGRESSIVE:
                return True
            if marker not in _ONE_PASS:
                return False
            components = int.from_bytes(data[content + 5 : content + 6], "big")
        if marker == _SCAN:
            if int.from_bytes(data[content : content + 1], "big") < components:
                return True  # each component has a scan of its own, and only the last one may lack data
            break
    last = image.getpixel((image.width - 1, image.height - 1))
    is_grey = all(value in _GREY for value in (last if isinstance(last, tuple) else (last,)))
    return is_grey or image.width * image.height <= _FEW


def _are_same(one: Image.Image, other: Image.Image) -> bool:
    if one.mode != other.mode or one.size != other.size:
        return False
    rows = max(1, _BAND // one.width)
    boxes = ((0, top, one.width, min(top + rows, one.height)) for top in range(0, one.height, rows))
    return all(one.crop(box).tobytes() == other.crop(box).tobytes() for box in boxes)
