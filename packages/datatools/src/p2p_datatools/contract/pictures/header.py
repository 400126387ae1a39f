"""What a picture file says without its pixels, from a single opening: kind, size, channels, type, orientation.

Nothing here may decode pixels; code that needs header and pixels passes the open `PictureFile` on, so that no file
is opened twice.
"""

import contextlib
import io
import logging
import struct
import tokenize
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures import png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural

# Above this many pixels a file is taken for a decompression bomb; the largest photo met so far has 24 million.
MOST_PIXELS = 400_000_000
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
DTYPES = ("uint8", "uint16", "int16", "int32", "uint32", "float16", "float32", "float64")
_MOST_CHANNELS = 512  # what OpenCV resizes
_TIFF = (".tif", ".tiff")
_TAIL = 65536  # bytes at the end of a PNG that are searched for EXIF
# What libraries raise for a damaged file, and what NumPy and tifffile raise in addition.
_DAMAGE: tuple[type[Exception], ...] = (OSError, SyntaxError, ValueError, EOFError, struct.error)
STUMBLES: tuple[type[Exception], ...] = (
    *(ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError),
    *(tokenize.TokenError, zlib.error),
)


logging.getLogger("tifffile").addHandler(logging.NullHandler())  # the library is silent; what matters is an error


class Form(NamedTuple):
    """The values of a picture: how many channels, and of which type."""

    channels: int
    dtype: str

    def __str__(self) -> str:
        return f"{plural(self.channels, 'channel')} of {self.dtype}"


@dataclass(frozen=True)
class Header:
    """What a picture file holds: an 8-bit picture is read as a photo (RGB, or grey), any other as its own values.

    `kind` is the format of the file's content, as Pillow calls it, or NPY. `size` is that of the picture as displayed,
    which `orientation` (EXIF, 1 to 8) leads to. `mode` is Pillow's word for the pixels, such as P with a palette, and
    empty where Pillow does not read them: in an array, and in a TIFF of numbers.
    """

    kind: str
    size: Size
    form: Form
    mode: str = ""
    orientation: int = 1

    @property
    def decoded_bytes(self) -> int:
        """The bytes of its values in memory."""
        return self.size.width * self.size.height * self.form.channels * np.dtype(self.form.dtype).itemsize


class PictureFile:
    """An open picture file, of which readers read what they need; `head` are its first bytes.

    Raises P2PError when the file is empty.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.path, self._stream = path, stream
        self.head = self._read(png.HEAD)

    @cached_property
    def data(self) -> bytes:
        """All its bytes."""
        return self._read(-1)

    @property
    def tail(self) -> bytes:
        """Its last bytes."""
        self._stream.seek(max(0, self._stream.seek(0, io.SEEK_END) - _TAIL))
        return self._stream.read()

    @property
    def stream(self) -> BinaryIO:
        """The file itself, at its beginning: for libraries that seek in it and leave it open."""
        self._stream.seek(0)
        return self._stream

    @cached_property
    def header(self) -> Header:
        """What `read_header` gives."""
        return _header(self)

    @cached_property
    def array(self) -> NDArray[Any]:
        """The array of an NPY file, mapped and not read."""
        return _map_array(self)

    def _read(self, most: int) -> bytes:
        try:
            # Seeking to the end drops the read-ahead buffer, which would be copied otherwise.
            self._stream.seek(0, io.SEEK_END)
            self._stream.seek(0)
            data = self._stream.read(most)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if not data:
            raise P2PError(self.path, "is empty (0 bytes)", "Fetch or save it again.", code="empty-file")
        return data


@contextlib.contextmanager
def open_picture(source: Path | PictureFile) -> Iterator[PictureFile]:
    """Open a picture file, unless it is open; raises P2PError when it cannot be read."""
    if isinstance(source, PictureFile):
        yield source
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        raise _unreadable(source, error) from error
    with stream:
        yield PictureFile(source, stream)


def _unreadable(path: Path, error: OSError) -> P2PError:
    to_do = "Check the path and the permissions of the file."
    return P2PError(path, f"cannot be read: {error.strerror}", to_do, code="unreadable-file")


def open_image(stream: BinaryIO) -> Image.Image:
    """Let Pillow read the header of a picture, without pixels; only this function lets Pillow open anything."""
    return Image.open(stream)


@contextlib.contextmanager
def explain_damage(path: Path, *more: type[Exception]) -> Iterator[None]:
    """Turn every exception for a broken picture file, and `more` kinds of them, into one P2PError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnidentifiedImageError as error:
        raise P2PError(
            path, "is not a picture, whatever its name says", "Replace or remove it.", code="not-a-picture"
        ) from error
    except Image.DecompressionBombError as error:
        raise P2PError(
            path, f"has more than {MOST_PIXELS} pixels", "Make it smaller first.", code="too-many-pixels"
        ) from error
    except _DAMAGE + more as error:
        raise P2PError(
            path, f"is cut off or damaged ({error})", "Fetch or save it again.", code="damaged-file"
        ) from error


def read_header(source: Path | PictureFile) -> Header:
    """What `read_array` will give of a picture; its pixels may still be damaged.

    Raises P2PError when the kind of file is not supported.
    """
    with open_picture(source) as file:
        return file.header


def photo_header(source: Path | PictureFile) -> Header:
    """The header of a picture for `read_photo`; its pixels may still be damaged, or have too many bits.

    Raises P2PError when the file is not a picture.
    """
    with open_picture(source) as file, explain_damage(file.path), open_image(file.stream) as image:
        # Some versions of Pillow turn the size of a TIFF on opening it, others on decoding.
        raw = (image.tag_v2[256], image.tag_v2[257]) if isinstance(image, TiffImageFile) else image.size
        orientation = _orientation(image, file)
        deep = is_deep(image, file)
        # A profile can turn grey into colours.
        flat = image.mode in ("1", "L") and "icc_profile" not in image.info
        grey = image.mode.startswith(("I", "F")) if deep else flat
        return Header(
            kind=image.format or "",
            size=_turn(Size(*raw), orientation),
            form=Form(1 if grey else 3, _dtype(image.mode) if deep else "uint8"),
            mode=image.mode,
            orientation=orientation,
        )


def photo_size(source: Path | PictureFile) -> Size:
    """The size that `read_photo` gives (EXIF turned), from the file's header alone: its pixels may still be damaged.

    Raises P2PError when the file is not a picture.
    """
    return photo_header(source).size


def decoded_bytes(source: Path | PictureFile) -> int:
    """The bytes of a picture's pixels in memory, at least as many as its header says; fast for PNG."""
    with open_picture(source) as file:
        if head := png.head_of(file.head):
            return head.width * head.height * 3 * (1 + (head.depth == 16))
        return file.header.decoded_bytes


def is_deep(image: Image.Image, file: PictureFile) -> bool:
    """Whether a channel has more than 8 bits."""
    if image.mode.startswith(("I", "F")):
        return True
    # Pillow reads 16-bit RGB PNG as 8-bit without a warning.
    head = png.head_of(file.head) if image.format == "PNG" else None
    return head is not None and head.depth == 16


def _dtype(mode: str) -> str:
    """The type of the values of a picture of more than 8 bits."""
    return "float32" if mode.startswith("F") else "int32" if mode == "I" else "uint16"


def _turn(size: Size, orientation: int) -> Size:
    return Size(size.height, size.width) if orientation >= 5 else size


def _orientation(image: Image.Image, file: PictureFile) -> int:
    """The EXIF orientation, 1 to 8; from 5 on, width and height change places."""
    if image.format != "PNG":
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    # Pillow decodes a whole PNG for its EXIF, which may come after the pixels: rarely, and then near the end.
    exif = image.getexif() if b"eXIf" in file.tail else Image.Image.getexif(image)
    return int(exif.get(ExifTags.Base.Orientation, 1))


def _header(file: PictureFile) -> Header:
    suffix = file.path.suffix.lower()
    if suffix == ".npy":
        return _array_header(file.path, "NPY", file.array.shape, file.array.dtype)
    if suffix in _TIFF and (header := _tiff_header(file)) is not None:
        return header
    head = png.head_of(file.head)
    if head is not None and head.depth == 16 and head.color not in (png.GREY, png.RGB):
        raise P2PError(
            file.path,
            "has 16 bits a channel and transparency",
            "Save it without the transparent channel.",
            code="transparency",
        )
    return photo_header(file)


def _array_header(path: Path, kind: str, shape: tuple[int, ...], values: np.dtype[Any]) -> Header:
    channels = shape[2] if len(shape) == 3 else 1
    dtype = values.newbyteorder("=").name
    if len(shape) not in (2, 3) or 0 in shape:
        to_do = "Save it as height, width and, if there are several, channels."
        raise P2PError(path, f"has the shape {shape}", to_do, code="array-shape")
    if channels > min(_MOST_CHANNELS, max(shape[0], 16)):
        raise P2PError(
            path,
            f"has the shape {shape}, {channels} channels for {shape[0]} rows",
            "Channels come last: save it as height, width, channels.",
            code="array-shape",
        )
    if dtype not in DTYPES:
        raise P2PError(
            path, f"holds values of type {dtype}", f"Convert it to one of {', '.join(DTYPES)}.", code="value-type"
        )
    return Header(kind, Size(shape[1], shape[0]), Form(channels, dtype))


def _map_array(file: PictureFile) -> NDArray[Any]:
    """The array of an NPY file, mapped and not read; never a pickle."""
    if file.head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise P2PError(file.path, "holds several arrays", "Save each as a .npy of its own.", code="several-arrays")
    with explain_damage(file.path, *STUMBLES):
        stream = file.stream
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version in ((2, 0), (3, 0)):  # 3.0 differs in the letters that names of fields may have
            shape, by_column, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"version {version} of the format")
        if dtype.hasobject:
            raise ValueError("Python objects instead of numbers")
        return np.memmap(stream, dtype, "r", stream.tell(), shape, "F" if by_column else "C")


def _tiff_header(file: PictureFile) -> Header | None:
    """The header of a TIFF that holds numbers; None for an 8-bit picture, or a file that is not a TIFF at all."""
    import tifffile

    with explain_damage(file.path, *STUMBLES):
        try:
            with tifffile.TiffFile(file.stream) as tiff:
                return _series_header(file.path, tiff)
        except tifffile.TiffFileError:
            return None


def _series_header(path: Path, tiff: Any) -> Header | None:
    series, page = tiff.series[0], tiff.pages[0]
    if page.bitspersample <= 8 and len(series.pages) == 1 and page.samplesperpixel in (1, 3, 4):
        return None
    if page.bitspersample < 8 or page.photometric.name == "MINISWHITE" or series.dtype is None:
        raise P2PError(
            path,
            "is a TIFF of an unsupported kind",
            "Save it as PNG, or as a TIFF of plain numbers.",
            code="unknown-tiff",
        )
    shape = (*series.shape[-2:], *series.shape[:-2]) if series.axes[-2:] == "YX" else series.shape
    header = _array_header(path, "TIFF", shape, series.dtype)
    tag = page.tags.get("Orientation")
    orientation = int(tag.value) if tag else 1
    return Header("TIFF", _turn(header.size, orientation), header.form, orientation=orientation)
