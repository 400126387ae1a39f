"""Pictures inside label files, as base64 text or as files beside them: drawn masks become runs.

Nothing here may know a label format; a damaged picture is an error.
"""

import base64
import binascii
import io
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.opening import read_file
from p2p_datatools.contract.foreign import decoder_words
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.index import read_ids
from p2p_datatools.contract.pictures.pillow import open_image
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.labels.parsing.rle import runs_of
from p2p_datatools.labels.values import Runs, bad_labels

_EXACT = ("PNG", "BMP", "TIFF", "GIF", "PPM")  # kinds of files, as Pillow calls them, that blend nothing
_MOST_BYTES = 1 << 28  # of a picture that was compressed once more: a mask of MOST_PIXELS takes far less


def mask_runs(
    text: Any, where: str, *, left: int = 0, top: int = 0, by_alpha: bool = False, is_deflated: bool = False
) -> Runs:
    """A drawn mask from base64 text: what is not 0 is inside.

    With `by_alpha` colours say nothing where the picture has an alpha channel: whatever is not wholly transparent is
    inside. With `is_deflated` the picture may have been compressed by zlib before it became text.
    """
    data = _bytes(text, where)
    return runs_of(_inside(_inflate(data, where) if is_deflated else data, where, by_alpha), left=left, top=top)


def mask_file_runs(path: Path) -> Runs:
    """A drawn mask from a file as large as its picture: what is neither black nor transparent is inside."""
    try:
        data = read_file(path)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise P2PError(path, what, "Put the mask where its labels say.", code="unreadable-file") from error
    return runs_of(_inside(data, str(path)))


def color_runs(path: Path) -> dict[int, Runs]:
    """The segments of a picture by their colours (0xRRGGBB), each as a drawn mask; black and transparent are none."""
    ids = read_ids(path)  # in which red is the lowest byte
    keys = [int(key) for key in find_distinct(ids) if key]
    return {(key & 255) << 16 | key & 0xFF00 | key >> 16: runs_of(ids == key) for key in keys}


def picture_size(text: Any, where: str) -> Size:
    """The size of a picture in base64 text, turned as its EXIF says."""
    image = _open(_bytes(text, where), where)
    return Size(*ImageOps.exif_transpose(image).size)


def _bytes(text: Any, where: str) -> bytes:
    try:
        return base64.b64decode(text.partition("base64,")[2] or text if isinstance(text, str) else text)
    except (TypeError, ValueError, binascii.Error) as error:
        raise bad_labels(where, "its embedded picture is not base64 text", code="bad-base64") from error


def _inflate(data: bytes, where: str) -> bytes:
    """What zlib compressed; other data stays as it is, and is judged as the picture that it should be."""
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, _MOST_BYTES)
    except zlib.error:
        return data
    if stream.unconsumed_tail:
        raise bad_labels(where, f"its picture takes more than {_MOST_BYTES} bytes", code="file-too-large")
    return found


def _open(data: bytes, where: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = open_image(io.BytesIO(data))
            image.load()
        if image.format == "PNG" and b"IEND" not in data[-4096:]:
            raise OSError("the end of the PNG is missing")
        if image.format == "PNG":
            png.refuse_missing_rows(data)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        what = f"its picture is cut off or damaged ({decoder_words(error)})"
        raise bad_labels(where, what, code="damaged-file") from error
    return image


def _inside(data: bytes, where: str, by_alpha: bool = False) -> NDArray[np.bool_]:
    image = _open(data, where)
    if image.format not in _EXACT:
        what = f"its mask is a {image.format}, which blurs the edges between 0 and what is inside"
        raise P2PError(where, what, "Export the labels again, with masks as PNG.", code="lossy-pictures")
    if by_alpha and image.has_transparency_data:
        return np.asarray(image.convert("RGBA"))[..., 3] > 0
    if image.mode in ("RGBA", "LA", "PA"):
        channels = np.asarray(image.convert("RGBA"))
        return np.asarray(channels[..., :3].any(axis=-1) & (channels[..., 3] > 0))
    pixels = np.asarray(image)
    return np.asarray(pixels.any(axis=-1) if pixels.ndim == 3 else pixels != 0)
