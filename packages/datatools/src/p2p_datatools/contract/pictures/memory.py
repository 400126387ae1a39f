"""Pictures that are in memory and not in a file: as bytes, as arrays, or as pictures of Pillow.

Nothing here may read otherwise than a file is read: what is in memory becomes a `PictureFile` for the usual readers.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.formats.gdal import GDAL_NODATA
from p2p_datatools.contract.pictures.header import PictureFile
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.pillow import explain_damage

_IN_PNG = ("1", "L", "LA", "P", "RGB", "RGBA")  # modes that a PNG holds without loss
_IN_TIFF = ("I;16", "I", "F", "CMYK")  # and a TIFF, in which a tag says which number means no data
_STRAIGHT = {"RGBa": "RGBA", "La": "LA"}  # colours that are multiplied by their transparency, and those that are not
_WORDS = ("I;16B", "I;16L", "I;16N")  # 16 bits in other orders of bytes, as TIFFs have them
_LOSSY = ("JPEG", "MPO", "WEBP", "AVIF", "JPEG2000")  # kinds of files, as Pillow calls them, that may blend
_FAST = 1  # compression of a picture that is read again at once


def open_bytes(data: bytes, name: str, options: ReadOptions = AS_USUAL) -> PictureFile:
    """A picture file that is in memory; errors call it `name`. Raises P2PError when it is empty."""
    return PictureFile(Path(name), io.BytesIO(data), options)


def open_values(values: Array, name: str) -> PictureFile:
    """An array (height, width[, channels]) as the file that `numpy.save` makes of it; errors call it `name`."""
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return PictureFile(Path(name), stream)


def is_pillow(value: object) -> bool:
    """Whether a value is a picture of Pillow."""
    return isinstance(value, Image.Image)


def open_pillow(image: Image.Image, name: str) -> PictureFile:
    """A picture of Pillow as the file that holds it without loss, with its EXIF turn, profile and transparency.

    Raises P2PError when it cannot be decoded, since Pillow decodes a picture when it is first used.
    """
    with explain_damage(Path(str(getattr(image, "filename", "")) or name)):
        _load(image)
        beside = _tags_of(image)
        image = _plain(image)
        stream = io.BytesIO()
        if image.mode in _IN_TIFF:
            image.save(stream, "TIFF", exif=beside)
        else:
            image.save(stream, "PNG", compress_level=_FAST, exif=beside)
    return PictureFile(Path(name), stream)


def _load(image: Image.Image) -> None:
    """Decode a picture; a TIFF not as Pillow 13 maps it, which takes the size that it has once it is turned."""
    path = getattr(image, "filename", "")
    if not isinstance(image, TiffImageFile) or not path:
        image.load()
        return
    image.filename = ""  # by which it maps the file
    try:
        image.load()
    finally:
        image.filename = path


def _tags_of(image: Image.Image) -> Image.Exif:
    """What the tags of a picture say of its pixels: how it is turned, and which value means no data.

    The others, such as those of the compression of a TIFF, are those of the file that it came from.
    """
    own, kept = image.getexif(), Image.Exif()
    for tag in (ExifTags.Base.Orientation, GDAL_NODATA):
        if tag in own:
            kept[tag] = own[tag]
    return kept


def _plain(image: Image.Image) -> Image.Image:
    """The picture in a mode that a file holds without loss."""
    if image.mode in _WORDS:  # which Pillow would convert to 8 bits
        return Image.fromarray(np.asarray(image).astype("<u2"))
    if image.mode in _STRAIGHT:
        return image.convert(_STRAIGHT[image.mode])
    if image.mode in (*_IN_PNG, *_IN_TIFF) and (image.palette is None or image.palette.mode == "RGB"):
        return image
    return image.convert("RGBA" if "A" in image.mode or image.mode == "P" else "RGB")


def may_blend(image: Image.Image) -> bool:
    """Whether a picture of Pillow comes from a file whose compression blends neighbouring pixels."""
    return getattr(image, "format", None) in _LOSSY


def pillow_of(pixels: NDArray[Any], palette: Palette | None = None) -> Image.Image:
    """An array as a picture of Pillow: RGB, grey of 8 or 16 bits, floats; with a palette class indices of mode P.

    Raises UsageError for what Pillow has no mode for, such as colours of 16 bits.
    """
    if palette is not None:
        indices: LabelMap = pixels
        image = Image.fromarray(indices)
        image.putpalette(palette.colors().tobytes())
        return image
    try:
        return Image.fromarray(pixels)
    except (TypeError, ValueError) as error:
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        what = f"of {channels} channels of {pixels.dtype} has no form in Pillow"
        raise UsageError("a picture", what, "Give an array or a tensor, and get one.", code="no-pillow-mode") from error


def refuse_strange_shape(values: Array, where: str) -> None:
    """Raise P2PError for an array that is not (height, width) or (height, width, channels), or has no pixels."""
    if values.ndim not in (2, 3) or 0 in values.shape:
        to_do = "Give (height, width) or (height, width, channels)."
        raise P2PError(where, f"has the shape {values.shape}", to_do, code="array-shape")
