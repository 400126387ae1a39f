"""The largest value of a grey picture of fewer bits than are read, or of a PGM that says its own: Pillow scales by it.

Nothing here may decode pixels.
"""

import re

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"  # each byte fits in one way, so that no header takes long
_HEADER = re.compile(rb"P[25]" + 2 * (_GAP + rb"\d+") + _GAP + rb"(\d{1,10})\s")
_BITS, _PHOTOMETRIC, _MIN_IS_WHITE, _MIN_IS_BLACK = 258, 262, 0, 1  # tags of TIFF 6.0, and values
_USUAL = (255, 65535)


def find_own_white(image: Image.Image, start: bytes) -> int | None:
    """The value of white in the file of an open grey picture that begins so, where it is not that of 8 or 16 bits.

    So it is in TIFFs of 2 and 4 bits, as GDAL writes classes (NBITS), and in PGMs. Optimisers make such PNGs out of
    greys of 8 bits, so that these are what they seem.
    """
    if isinstance(image, TiffImageFile) and image.mode == "L" and image.tag_v2.get(_PHOTOMETRIC) == _MIN_IS_BLACK:
        bits = int(image.tag_v2.get(_BITS, (8,))[0])
        return (1 << bits) - 1 if bits in (2, 4) else None
    if image.format == "PPM" and image.mode in ("L", "I") and (header := _HEADER.match(start)):
        white = int(header[1])
        return None if white in _USUAL or white == 0 else white
    return None


def begins_with_white(image: Image.Image) -> bool:
    """Whether 0 is white in the file of an open grey picture of 8 bits, so that Pillow gives 255 less its numbers."""
    return isinstance(image, TiffImageFile) and image.mode == "L" and image.tag_v2.get(_PHOTOMETRIC) == _MIN_IS_WHITE
