"""The values of grey pictures as they lie in their files: Pillow scales some, and turns others round.

Nothing here may decode pixels.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"  # each byte fits in one way, so that no header takes long
_HEADER = re.compile(rb"P[25]" + 2 * (_GAP + rb"\d+") + _GAP + rb"(\d{1,10})\s")
_BITS, _PHOTOMETRIC = 258, 262  # tags of TIFF 6.0
_MIN_IS_WHITE, _GREYS = 0, (0, 1)  # values of the latter
_HALF = 128  # of the numbers of 8 bits
_USUAL = (255, 65535)


def find_own_white(image: Image.Image, start: bytes) -> int | None:
    """The largest value in the file of an open grey picture that begins so, where it is not that of 8 or 16 bits.

    So it is in TIFFs of 2 and 4 bits, as GDAL writes classes (NBITS), and in PGMs. Optimisers make such PNGs out of
    greys of 8 bits, so that these are what they seem.
    """
    if isinstance(image, TiffImageFile) and image.mode == "L" and image.tag_v2.get(_PHOTOMETRIC) in _GREYS:
        bits = int(image.tag_v2.get(_BITS, (8,))[0])
        return (1 << bits) - 1 if bits in (2, 4) else None
    if image.format == "PPM" and image.mode in ("L", "I") and (header := _HEADER.match(start)):
        white = int(header[1])
        return None if white in _USUAL or white == 0 else white
    return None


def stored_greys(greys: NDArray[Any], image: Image.Image, start: bytes) -> NDArray[Any]:
    """The values in the file of which Pillow made these `greys` of the picture, (height, width).

    Where 0 is white in a TIFF of 8 bits, only small numbers are told: of black and white counts what is shown.
    """
    white = find_own_white(image, start)
    if white is not None:
        most = np.float64(255 if image.mode == "L" else 65535)
        greys = np.rint(greys * (white / most)).astype(np.uint8 if white < 256 else np.uint16)
    if isinstance(image, TiffImageFile) and image.mode == "L" and image.tag_v2.get(_PHOTOMETRIC) == _MIN_IS_WHITE:
        stored = (white or 255) - greys
        return stored if white or 0 < stored.max() < _HALF else greys
    return greys
