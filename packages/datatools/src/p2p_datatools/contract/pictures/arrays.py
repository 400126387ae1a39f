"""Pictures of any depth and number of channels: 16-bit PNG, TIFF of numbers, NPY; what a file holds, and its values.

Nothing here may scale, round or recolour a value, or unpickle: an array comes as it lies in its file, or not at all.
"""

import io
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import atomic
from p2p_datatools.contract.files.listing import SUFFIXES
from p2p_datatools.contract.pictures.images import bytes_of, explained, orientation_of, photo_size, read_photo
from p2p_datatools.contract.pictures.png import GREY, RGB, SIGNATURE
from p2p_datatools.contract.pictures.sizes import Size

Array = NDArray[Any]
"""The pixels of any half: (height, width) of one channel, (height, width, channels) of more."""


ARRAYS = SUFFIXES | {".npy"}


DTYPES = ("uint8", "uint16", "int16", "int32", "uint32", "float16", "float32", "float64")


_MOST_CHANNELS = 512  # what OpenCV resizes


_TIFF = (".tif", ".tiff")


logging.getLogger("tifffile").addHandler(logging.NullHandler())  # the library is silent; what matters is an error


class Form(NamedTuple):
    """What a picture file holds: 8-bit pictures are read as photos (RGB, or grey), others as the values they are."""

    size: Size
    channels: int
    dtype: str

    @property
    def decoded(self) -> int:
        """The bytes of its values in memory."""
        return self.size.width * self.size.height * self.channels * np.dtype(self.dtype).itemsize

    def __str__(self) -> str:
        return f"{self.channels} channel{'s' if self.channels > 1 else ''} of {self.dtype}"


def form_of(path: Path) -> Form:
    """What a picture file holds, from its header alone; raises P2PError when it is none of those understood."""
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return _form_of_array(path, _npy(path))
    if suffix in _TIFF and (form := _tiff_form(path)) is not None:
        return form
    head = bytes_of(path, 33)
    if head[:8] == SIGNATURE and len(head) == 33 and head[24] == 16:
        return _deep_png_form(path, head[25])
    size = photo_size(path)
    with explained(path), Image.open(path) as image:
        grey = image.mode in ("1", "L") and "icc_profile" not in image.info
    return Form(size, 1 if grey else 3, "uint8")


def decoded_bytes(path: Path) -> int:
    """The bytes of a picture's pixels in memory, at least as many as `form_of` says; quicker for PNG."""
    head = bytes_of(path, 33)
    if head[:8] == SIGNATURE and len(head) == 33:
        return int.from_bytes(head[16:20], "big") * int.from_bytes(head[20:24], "big") * 3 * (1 + (head[24] == 16))
    return form_of(path).decoded


def read_array(path: Path, form: Form) -> Array:
    """The values of a picture of this form (from `form_of`): native byte order, EXIF turned.

    Raises P2PError when the file is not whole, or has values that are no finite numbers.
    """
    if path.suffix.lower() == ".npy":
        values = _npy(path)
    elif form.dtype == "uint8" and form.channels in (1, 3) and not _is_deep_tiff(path):
        rgb = read_photo(path)
        values = rgb if form.channels == 3 else rgb[..., 0]
    elif path.suffix.lower() in _TIFF:
        values = _read_tiff(path)
    else:
        values = _turned(_decoded(path), _png_orientation(path))
    values = _native(values)
    refuse_endless(values, path)
    return values


def refuse_endless(values: Array, path: Path) -> None:
    """Raise P2PError when floats are infinite or not numbers."""
    if values.dtype.kind != "f":
        return
    wrong = int(values.size - np.isfinite(values).sum())
    if wrong:
        number = "1 of its values is" if wrong == 1 else f"{wrong} of its values are"
        raise P2PError(path, f"{number} infinite or not numbers", "Put numbers in their place.", code="not-finite")


def write_tiff(path: Path, values: Array, *, durable: bool = True) -> None:
    """Write values of any depth and number of channels as one page of an uncompressed TIFF, atomically and exactly."""
    import tifffile

    buffer = io.BytesIO()
    planes = "contig" if values.ndim == 3 else None
    colors = "rgb" if values.shape[2:] == (3,) else "minisblack"
    tifffile.imwrite(buffer, values, photometric=colors, planarconfig=planes, metadata=None, software=False)
    with atomic(path, durable=durable) as file:
        file.write(buffer.getbuffer())


def common_form(paths: Iterable[Path]) -> tuple[int, str]:
    """Channels and type that a folder's pictures share: those of the first, but one colour picture makes all colour.

    Only headers are read, and no more of them than it takes; pictures that cannot be read do not count.
    """
    first: Form | None = None
    for path in paths:
        try:
            form = form_of(path)
        except P2PError:
            continue
        first = first or form
        if first.channels > 1 or first.dtype not in ("uint8", "uint16"):
            break
        if (form.channels, form.dtype) == (3, first.dtype):
            return 3, first.dtype
    return (first.channels, first.dtype) if first else (3, "uint8")


def _form_of_array(path: Path, values: Array) -> Form:
    channels = values.shape[2] if values.ndim == 3 else 1
    dtype = values.dtype.newbyteorder("=").name
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise P2PError(
            path,
            f"has the shape {values.shape}",
            "Save it as height, width and, if there are several, channels.",
            code="array-shape",
        )
    if channels > min(_MOST_CHANNELS, max(values.shape[0], 16)):
        raise P2PError(
            path,
            f"has the shape {values.shape}, {channels} channels for {values.shape[0]} rows",
            "Channels come last: save it as height, width, channels.",
            code="array-shape",
        )
    if dtype not in DTYPES:
        raise P2PError(path, f"holds {dtype}", f"Convert it to one of {', '.join(DTYPES)}.", code="value-type")
    return Form(Size(values.shape[1], values.shape[0]), channels, dtype)


def _npy(path: Path) -> Array:
    """The array of a NPY file, mapped and not read; never a pickle."""
    bytes_of(path, 1)
    with explained(path):
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(values, np.ndarray):
        raise P2PError(path, "holds several arrays", "Save each as a .npy of its own.", code="several-arrays")
    return values


def _native(values: Array) -> Array:
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))


def _deep_png_form(path: Path, color: int) -> Form:
    if color not in (GREY, RGB):
        raise P2PError(
            path,
            "has 16 bits a channel and transparency",
            "Save it without the transparent channel.",
            code="transparency",
        )
    return Form(photo_size(path), 1 if color == GREY else 3, "uint16")


def _decoded(path: Path) -> Array:
    data = bytes_of(path)
    if path.suffix.lower() == ".png" and b"IEND" not in data[-4096:]:
        raise P2PError(
            path,
            "is cut off or damaged (the end of the PNG is missing)",
            "Fetch or save it again.",
            code="damaged-file",
        )
    values = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise P2PError(path, "is cut off or damaged", "Fetch or save it again.", code="damaged-file")
    if values.ndim == 3:
        values = cv2.cvtColor(values, cv2.COLOR_BGR2RGB if values.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return np.asarray(values)


def _png_orientation(path: Path) -> int:
    with explained(path), Image.open(path) as image:
        return orientation_of(image, path)


def _turned(values: Array, orientation: int) -> Array:
    """The picture upright (EXIF 2.3, tag 0x0112): from 5 on mirrored at the main diagonal first."""
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values


def _is_deep_tiff(path: Path) -> bool:
    return path.suffix.lower() in _TIFF and _tiff_form(path) is not None


def _tiff_form(path: Path) -> Form | None:
    """The form of a TIFF that holds numbers; None for an 8-bit picture, or a file that is no TIFF at all."""
    import tifffile

    bytes_of(path, 1)
    with explained(path):
        try:
            with tifffile.TiffFile(path) as tiff:
                return _series_form(path, tiff)
        except tifffile.TiffFileError:
            return None


def _series_form(path: Path, tiff: Any) -> Form | None:
    series, page = tiff.series[0], tiff.pages[0]
    if page.bitspersample <= 8 and len(series.pages) == 1 and page.samplesperpixel in (1, 3, 4):
        return None
    if page.bitspersample < 8 or page.photometric.name == "MINISWHITE" or series.dtype is None:
        raise P2PError(
            path,
            "is a TIFF of a kind that is not understood",
            "Save it as PNG, or as plain numbers.",
            code="unknown-tiff",
        )
    shape = (*series.shape[-2:], *series.shape[:-2]) if series.axes[-2:] == "YX" else series.shape
    # An array of this shape that takes no memory.
    form = _form_of_array(path, np.broadcast_to(np.empty((), dtype=series.dtype), shape))
    return form._replace(size=Size(*reversed(form.size))) if _tiff_orientation(page) >= 5 else form


def _tiff_orientation(page: Any) -> int:
    tag = page.tags.get("Orientation")
    return int(tag.value) if tag else 1


def _read_tiff(path: Path) -> Array:
    import tifffile

    with explained(path), tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        try:
            values = series.asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            return _decoded_tiff(path, series)
        if series.axes[-2:] == "YX" and values.ndim == 3:
            values = np.moveaxis(values, 0, 2)
        return _turned(values, _tiff_orientation(tiff.pages[0]))


def _decoded_tiff(path: Path, series: Any) -> Array:
    """A compressed TIFF that only OpenCV can unpack: one page of up to four channels."""
    if len(series.pages) > 1 or (len(series.shape) == 3 and series.shape[2] not in (1, 3, 4)):
        raise P2PError(
            path,
            "is a TIFF compressed in a way that is not understood",
            "Save it with deflate or without compression.",
            code="unknown-tiff",
        )
    return _turned(_decoded(path), _tiff_orientation(series.pages[0]))
