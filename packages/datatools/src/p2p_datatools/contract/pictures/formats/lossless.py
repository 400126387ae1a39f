"""Tells whether a picture file keeps every value: its kind does, or what it says of its own compression.

Nothing here may decode pixels.
"""

from pathlib import Path

from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.header import PictureFile, open_picture

_LOSSLESS = ("PNG", "BMP", "TIFF", "GIF", "PPM", "TGA")  # kinds of files, as Pillow calls them, that blend nothing
_STARTS = (b"\x89PNG", b"BM", b"GIF8")  # of PNG, BMP and GIF
_LOSSY_TIFF = ("jpeg", "tiff_jpeg", "webp")  # what Pillow calls compressions in TIFFs that blend
_RIFF, _CHUNK, _FRAME = 12, 8, 16  # bytes of the headers of a WebP file, a chunk, and a frame (RFC 9649)


def is_lossless(image: Image.Image, file: PictureFile) -> bool:
    """Whether an opened picture is one in which no compression has blended neighbouring pixels."""
    if image.format == "WEBP":
        return _is_lossless_webp(file.start)
    return image.format in _LOSSLESS and image.info.get("compression") not in _LOSSY_TIFF


def is_lossless_file(path: Path) -> bool:
    """Whether a file surely is a picture without loss, whatever its name says; False for one that cannot be read."""
    try:
        with open_picture(path) as file:
            return file.start.startswith(_STARTS) or _is_lossless_webp(file.start)
    except P2PError:
        return False


def _is_lossless_webp(start: bytes) -> bool:
    """Whether the first chunk of pixels is VP8L, and not VP8, which blends."""
    if start[:4] != b"RIFF" or start[8:_RIFF] != b"WEBP":
        return False
    place = _RIFF
    while place + _CHUNK <= len(start):
        kind, size = start[place : place + 4], int.from_bytes(start[place + 4 : place + _CHUNK], "little")
        if kind in (b"VP8L", b"VP8 "):
            return kind == b"VP8L"
        place += _CHUNK + (_FRAME if kind == b"ANMF" else size + size % 2)
    return False
