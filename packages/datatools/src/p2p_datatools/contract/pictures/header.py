"""What a picture file says without its pixels, from a single opening: kind, size, channels, type, orientation.

Nothing here may decode pixels; code that needs header and pixels passes the open `PictureFile` on, so that no file
is opened twice.
"""

import contextlib
import io
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_read
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.formats.channel_bits import bits_at_start
from p2p_datatools.contract.pictures.formats.gdal import GDAL_NODATA, nodata_beside, tag_number
from p2p_datatools.contract.pictures.formats.signatures import ARRAY_START, TIFF_STARTS
from p2p_datatools.contract.pictures.formats.tiff_kinds import find_alpha, holds_photo
from p2p_datatools.contract.pictures.limits import MOST_PIXELS, refuse_bomb, too_many_pixels
from p2p_datatools.contract.pictures.pages import (
    AS_USUAL,
    ReadOptions,
    open_tiff,
    refuse_cut_page,
    tiff_part,
    turn_to_page,
    without_batch,
)
from p2p_datatools.contract.pictures.pillow import explain_damage, open_image
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural

DTYPES = ("uint8", "uint16", "int16", "int32", "uint32", "float16", "float32", "float64")
# Types that are read as a smaller one, in which all values of pictures are; a value that is not is refused.
_NARROWER = {"int64": "int32", "uint64": "uint32", "int8": "int16", "bool": "uint8"}
_MOST_CHANNELS = 512  # what OpenCV resizes
_MIN_IS_WHITE = 0  # of the tag PhotometricInterpretation: Pillow turns the values round
_TAIL = 65536  # bytes at the end of a PNG that may say its orientation, and at the start of others their depth
_PLAIN_MODES = {png.GREY: ("L", 1), png.RGB: ("RGB", 3), png.INDEXED: ("P", 3)}  # Pillow's modes, channels as a photo
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
    empty where Pillow does not read them: in an array, and in a TIFF of numbers. `nodata` is the value that means no
    data, as GDAL's tag in the file says. `alpha` is the kind of a TIFF's last channel (TIFF 6.0, ExtraSamples), which
    is not a channel of the form: 1 where colours are multiplied by it, 2 where not; 0 without one.
    """

    kind: str
    size: Size
    form: Form
    mode: str = ""
    orientation: int = 1
    nodata: float | None = None
    alpha: int = 0

    @property
    def decoded_bytes(self) -> int:
        """The bytes of its values in memory."""
        return self.size.width * self.size.height * self.form.channels * np.dtype(self.form.dtype).itemsize


class ArrayForm(NamedTuple):
    """How an array lies in an NPY file: its values begin at the byte `start`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_column: bool
    start: int


class PictureFile:
    """An open picture file, of which readers read what they need.

    `opening` are its first bytes, as many as hold what p2p says of a picture, and `head` the first of these. `options`
    say which of its pages is meant, and whether EXIF turns it. What it is its content tells, whatever it is called; but
    what is called .npy has to be an array. Raises P2PError when the file is empty.
    """

    def __init__(self, path: Path, stream: BinaryIO, options: ReadOptions = AS_USUAL) -> None:
        self.path, self._stream, self.options = path, stream, options
        self.opening = self._read(png.ROLE_END)
        self.head = self.opening[: png.HEAD]

    @property
    def is_tiff(self) -> bool:
        """Whether it is a TIFF, which may hold numbers."""
        return self.head.startswith(TIFF_STARTS)

    @property
    def is_array(self) -> bool:
        """Whether it is an array of NumPy."""
        return self.head.startswith(ARRAY_START) or self.path.suffix.lower() == ".npy"

    @cached_property
    def data(self) -> bytes:
        """All its bytes."""
        return self._read(-1)

    @property
    def start(self) -> bytes:
        """Its first bytes, as many as descriptions before the pixels take."""
        return self._read(_TAIL)

    @property
    def tail(self) -> bytes:
        """Its last bytes."""
        self._stream.seek(max(0, self._stream.seek(0, io.SEEK_END) - _TAIL))
        return self._stream.read()

    @cached_property
    def role(self) -> str:
        """What p2p wrote into the file that it is, a `PictureRole`; empty for pictures that are data, or another's."""
        return png.role_of(self.opening) if png.head_of(self.head) else ""

    @property
    def length(self) -> int:
        """How many bytes it has."""
        place = self._stream.tell()  # a library may be reading
        try:
            return self._stream.seek(0, io.SEEK_END)
        finally:
            self._stream.seek(place)

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
    def nodata(self) -> float | None:
        """The value that means no data, as the file says, or GDAL in one beside it."""
        said = self.header.nodata
        return nodata_beside(self.path) if said is None and not self.in_memory else said

    @property
    def in_memory(self) -> bool:
        """Whether it lies in memory, and no files beside it."""
        return isinstance(self._stream, io.BytesIO)

    @cached_property
    def photo_header(self) -> Header:
        """What the function `photo_header` gives."""
        return _photo_header(self)

    @cached_property
    def array(self) -> NDArray[Any]:
        """The array of an NPY file; read and not mapped: a mapped file that is cut off meanwhile ends the process."""
        form, stream = self.array_form, cast("io.BufferedReader", self._stream)
        with explain_damage(self.path):
            values = np.empty(form.shape, form.dtype, "F" if form.by_column else "C")
            stream.seek(form.start)
            if stream.readinto(values.T.data if form.by_column else values.data) != values.nbytes:
                raise ValueError("values are missing")
        return values

    @cached_property
    def array_form(self) -> ArrayForm:
        """What the header of an NPY file says."""
        return _array_form(self)

    def _read(self, most: int) -> bytes:
        try:
            # Seeking to the end drops the read-ahead buffer, which would be copied otherwise.
            self._stream.seek(0, io.SEEK_END)
            self._stream.seek(0)
            data = self._stream.read(most)
        except OSError as error:
            raise cannot_read(self.path, error) from error
        if not data:
            raise P2PError(self.path, "is empty (0 bytes)", "Fetch or save it again.", code="empty-file")
        return data


def open_picture(
    source: Path | str | PictureFile, options: ReadOptions = AS_USUAL
) -> contextlib.AbstractContextManager[PictureFile]:
    """Open a picture file, unless it is open; raises P2PError when it cannot be read."""
    if isinstance(source, PictureFile):
        return contextlib.nullcontext(source)  # a picture is handed on ten times, and this costs least
    return _open_file(Path(source), options)


@contextlib.contextmanager
def _open_file(path: Path, options: ReadOptions) -> Iterator[PictureFile]:
    try:
        stream = open_file(path)
    except OSError as error:
        raise cannot_read(path, error) from error
    with stream:
        yield PictureFile(path, stream, options)


def read_header(source: Path | str | PictureFile) -> Header:
    """What `read_array` will give of a picture; its pixels may still be damaged.

    Raises P2PError when the kind of file is not supported.
    """
    with open_picture(source) as file:
        return file.header


def photo_header(source: Path | PictureFile) -> Header:
    """The header of a picture for `read_photo`; its pixels may still be damaged, or have too many bits.

    Raises P2PError when the file is not a picture.
    """
    with open_picture(source) as file:
        return file.photo_header


def _photo_header(file: PictureFile) -> Header:
    if plain := _plain_header(file):
        return plain
    with explain_damage(file.path), open_image(file.stream) as image:
        turn_to_page(image, file.path, file.options, file.length)
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
            form=Form(1 if grey else 3, _dtype(image) if deep else "uint8"),
            mode=image.mode,
            orientation=orientation,
            nodata=_nodata_of_image(image),
        )


def _plain_header(file: PictureFile) -> Header | None:
    """The header of a PNG whose first bytes say all; None for any other file. Pillow takes four times as long."""
    head = png.plain_head(file.opening) if png.head_of(file.head) else None
    if head is None or png.may_be_turned(file.tail):
        return None
    mode, channels = _PLAIN_MODES[head.color]
    size = Size(head.width, head.height)
    refuse_bomb(file.path, size, len(mode), file.length, kind="PNG")
    return Header("PNG", size, Form(channels, "uint8"), mode)


def is_photo(file: PictureFile) -> bool:
    """Whether Pillow recognises a file as a picture; whatever else may be wrong with it counts as one, too."""
    try:
        with explain_damage(file.path), open_image(file.stream):
            return True
    except P2PError as error:
        return error.code != "not-a-picture"


def photo_size(source: Path | PictureFile) -> Size:
    """The size of a picture (EXIF turned), from the file's header alone: its pixels may still be damaged.

    Raises P2PError when the file is not a picture.
    """
    return any_header(source).size


def any_header(source: Path | PictureFile) -> Header:
    """The header of a photo for `read_photo`, or of a TIFF or array of numbers, which `pair` takes beside a mask, too.

    Raises P2PError when the file is not a picture.
    """
    with open_picture(source) as file:
        is_numbers = file.is_array or (file.is_tiff and not is_photo(file))
        return file.header if is_numbers else photo_header(file)


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
    # Pillow reads 16-bit colours as 8-bit without a warning.
    if image.format == "PNG":
        head = png.head_of(file.head)
        return head is not None and head.depth == 16
    if isinstance(image, TiffImageFile):
        return bool(max(image.tag_v2.get(258, (1,))) > 8)  # BitsPerSample
    return bits_at_start(image.format or "", file.start) > 8


def _dtype(image: Image.Image) -> str:
    """The type of the values of a picture of more than 8 bits."""
    if image.mode.startswith("F"):
        return "float32"
    return "int32" if image.mode == "I" and image.format != "PPM" else "uint16"


def _turn(size: Size, orientation: int) -> Size:
    return Size(size.height, size.width) if orientation >= 5 else size


def _orientation(image: Image.Image, file: PictureFile) -> int:
    """The EXIF orientation, 1 to 8; from 5 on, width and height change places. It is 1 where EXIF is not applied."""
    if file.options.exif == "raw":
        return 1
    # Pillow decodes a whole PNG for its EXIF, which may come after the pixels: rarely, and then near the end.
    is_early = image.format == "PNG" and not png.may_be_turned(file.tail)
    exif = Image.Image.getexif(image) if is_early else image.getexif()
    return known_orientation(exif.get(ExifTags.Base.Orientation))


def known_orientation(value: object) -> int:
    """An orientation as EXIF defines it; 1 for any other, such as 9 or a text, by which nothing is turned."""
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _header(file: PictureFile) -> Header:
    if file.is_array:
        return _array_header(file.path, "NPY", file.array_form.shape, file.array_form.dtype)
    if file.is_tiff and (header := _tiff_header(file)) is not None:
        return header
    head = png.head_of(file.head)
    header = photo_header(file)
    if head is not None and head.depth == 16 and head.color == png.GREY_ALPHA:  # which Pillow reads as 8-bit colours
        return replace(header, form=Form(1, "uint16"))
    return header


def _array_header(path: Path, kind: str, shape: tuple[int, ...], values: np.dtype[Any]) -> Header:
    channels = shape[2] if len(shape) == 3 else 1
    dtype = values.newbyteorder("=").name
    if len(shape) not in (2, 3) or 0 in shape:
        to_do = "Save it as height, width and, if there are several, channels."
        raise P2PError(path, f"has the shape {shape}", to_do, code="array-shape")
    if channels > min(_MOST_CHANNELS, max(shape[0], 16)):
        what = f"has the shape {shape}, {channels} channels for {shape[0]} rows"
        raise P2PError(path, what, "Channels come last: save it as height, width, channels.", code="array-shape")
    if shape[0] * shape[1] > MOST_PIXELS:
        raise too_many_pixels(path)
    dtype = _NARROWER.get(dtype, dtype)
    if dtype not in DTYPES:
        raise P2PError(
            path, f"holds values of type {dtype}", f"Convert it to one of {', '.join(DTYPES)}.", code="value-type"
        )
    return Header(kind, Size(shape[1], shape[0]), Form(channels, dtype))


def _array_form(file: PictureFile) -> ArrayForm:
    """The form of the array in an NPY file whose values are all there; never a pickle."""
    if file.head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise P2PError(file.path, "holds several arrays", "Save each as a .npy of its own.", code="several-arrays")
    with explain_damage(file.path):
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
        start = stream.tell()
        if min(shape, default=0) < 0 or start + math.prod(shape) * dtype.itemsize > file.length:
            raise ValueError("values are missing")
        return ArrayForm(without_batch(shape), dtype, by_column, start)


def _tiff_header(file: PictureFile) -> Header | None:
    """The header of a TIFF that holds numbers; None for an 8-bit picture, or a file that is not a TIFF at all."""
    import tifffile

    with explain_damage(file.path):
        try:
            with open_tiff(file.stream) as tiff:
                return _part_header(file, tiff)
        except tifffile.TiffFileError:
            return None


def _part_header(file: PictureFile, tiff: Any) -> Header | None:
    path, part = file.path, tiff_part(tiff, file.path, file.options)
    page = part.keyframe
    if holds_photo(path, page, alone=part.is_page):
        return None
    shape = (*part.shape[-2:], *part.shape[:-2]) if part.axes[-2:] == "YX" else part.shape
    header = _array_header(path, "TIFF", shape, page.dtype)
    refuse_bomb(path, header.size, header.form.channels * page.dtype.itemsize, file.length)
    if part.is_page:
        refuse_cut_page(path, part.source, file.length)
    tag = page.tags.get("Orientation")
    orientation = known_orientation(tag.value) if tag and file.options.exif == "apply" else 1
    size, nodata, alpha = _turn(header.size, orientation), _nodata_of(page), find_alpha(page, alone=part.is_page)
    form = Form(header.form.channels - 1, header.form.dtype) if alpha else header.form
    return Header("TIFF", size, form, orientation=orientation, nodata=nodata, alpha=alpha)


def _nodata_of(page: Any) -> float | None:
    """What the tag GDAL_NODATA of a TIFF says, a number as text; None without one."""
    tag = page.tags.get(GDAL_NODATA)
    return tag_number(tag.value) if tag else None


def _nodata_of_image(image: Image.Image) -> float | None:
    """The same of a TIFF that Pillow reads, if its values are those that the tag speaks of.

    In a grey PNG of 16 bits it is the value that is transparent, as which GDAL writes it.
    """
    clear = image.info.get("transparency")
    if image.format == "PNG" and image.mode.startswith("I") and isinstance(clear, int):
        return float(clear)
    if not isinstance(image, TiffImageFile) or image.mode not in ("L", "RGB") or image.tag_v2.get(262) == _MIN_IS_WHITE:
        return None
    return tag_number(image.tag_v2.get(GDAL_NODATA))
