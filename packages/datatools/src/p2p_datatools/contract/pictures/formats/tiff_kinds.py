"""What a page of a TIFF holds: a photo that Pillow reads, numbers, or values of a kind that is not read.

Nothing here may decode pixels, or choose a page.
"""

import functools
import io
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.formats.tiff_pixels import find_foreign_packing

_PHOTO_BITS = (1, 2, 4, 8)  # of a value in photos that Pillow reads
_PACKINGS = frozenset(COMPRESSION_INFO)  # values of Compression (tag 259) of these
_WEBP, _PLANES = 50001, 2  # such a value, and one of PlanarConfiguration (tag 284)
_RAW = ("CFA", "LINEAR_RAW")  # PhotometricInterpretation of TIFF/EP and DNG
# PhotometricInterpretation of TIFF 6.0 that makes other colours of values than they seem; Pillow reads some of 8 bits.
_NOT_RGB = {"MINISWHITE": "grey from white on (0 is white)", "SEPARATED": "inks (CMYK)", "YCBCR": "colours as YCbCr"}
_NOT_RGB |= dict.fromkeys(("CIELAB", "ICCLAB", "ITULAB"), "colours as Lab")
_TRANSPARENT = (1, 2)  # ExtraSamples: colours multiplied by the transparency, and not


def holds_photo(path: Path, page: Any, *, alone: bool) -> bool:
    """Whether a page is a photo that Pillow reads, and not numbers; `alone` if it is not one channel of several pages.

    Raises P2PError where it is neither.
    """
    if page.photometric.name in _RAW:
        what, to_do = "is the raw picture of a camera's sensor", "Develop it, and save it as PNG or TIFF of RGB."
        raise P2PError(path, what, to_do, code="unread-kind")
    is_small = alone and _is_small(page) and page.compression in _PACKINGS
    if is_small and page.samplesperpixel in _photo_channels(page, alone=alone) and not _strangeness(page):
        return True
    _refuse_unread(path, page)
    return False


def refuse_strange_photo(path: Path, page: Any) -> None:
    """Raise P2PError for a photo that Pillow does not read as it is."""
    if _is_small(page) and (strange := _strangeness(page)):
        what, to_do = f"is a TIFF of a kind that is not read as a photo ({strange})", "Save it as RGB with deflate."
        raise P2PError(path, what, to_do, code="unknown-tiff")


def find_alpha(page: Any, *, alone: bool) -> int:
    """What ExtraSamples says of the one channel beside grey or RGB, if that is transparency; else 0."""
    extra = [int(each) for each in page.extrasamples]
    beside = {"MINISBLACK": 2, "RGB": 4}.get(page.photometric.name)
    if not alone or page.samplesperpixel != beside or page.dtype.name not in ("uint8", "uint16"):
        return 0
    return extra[0] if len(extra) == 1 and extra[0] in _TRANSPARENT else 0


def _is_small(page: Any) -> bool:
    is_signed = page.dtype is not None and page.dtype.kind == "i"
    return page.bitspersample in _PHOTO_BITS and not is_signed


def _photo_channels(page: Any, *, alone: bool) -> tuple[int, ...]:
    """How many channels of 8 bits a photo has: three are its colours, a fourth its transparency, and not infrared."""
    colors = page.photometric.name
    if colors == "MINISBLACK":
        return (1,)
    return (1, 3) if colors == "RGB" and not find_alpha(page, alone=alone) else (1, 3, 4)


def _strangeness(page: Any) -> str:
    """What keeps Pillow from reading a page of 8 bits as it is, in words; empty where nothing does.

    It does not recognise a BigTIFF whose numbers begin with their largest byte, as Bio-Formats writes it, and of Lab in
    planes it gives other colours.
    """
    if page.compression == _WEBP and not _knows_webp():
        return "WEBP"
    if page.parent.is_bigtiff and page.parent.byteorder == ">":
        return "a big-endian BigTIFF"
    return "Lab in planes" if page.photometric.name == "CIELAB" and page.planarconfig == _PLANES else ""


@functools.cache
def _knows_webp() -> bool:
    """Whether Pillow's libtiff has WebP, as that of its wheels has not."""
    try:
        Image.new("RGB", (1, 1)).save(io.BytesIO(), "TIFF", compression="webp")
    except (OSError, RuntimeError):
        return False
    return True


def _refuse_unread(path: Path, page: Any) -> None:
    """Raise P2PError where the values of a page that is no photo are not plain numbers."""
    is_table = page.photometric.name == "PALETTE" and page.bitspersample in _PHOTO_BITS
    if packing := find_foreign_packing(page):
        what = f"is a TIFF whose values are packed in a way that is not read ({packing})"
        to_do = "Save it with deflate or without compression, in values of 8, 16 or 32 bits; or install imagecodecs."
    elif words := _NOT_RGB.get(page.photometric.name):
        what, to_do = f"is a TIFF of numbers that are {words}", "Save it as RGB, or as grey in which 0 is black."
    elif page.bitspersample in _PHOTO_BITS[:-1] or is_table or page.dtype is None:
        what, to_do = "is a TIFF of an unsupported kind", "Save it as PNG, or as a TIFF of plain numbers."
    else:
        return
    raise P2PError(path, what, to_do, code="unknown-tiff")
