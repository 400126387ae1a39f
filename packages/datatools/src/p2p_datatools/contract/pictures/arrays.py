"""Pictures of any depth and number of channels: 16-bit PNG, TIFF of numbers, NPY; their values exactly as in the file.

Nothing here may scale, round or recolour a value, or unpickle: an array is read exactly as it is stored, or refused.
"""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import atomic
from p2p_datatools.contract.files.listing import SUFFIXES
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.formats.gdal import GDAL_NODATA, MASK_SUFFIX, find_beside
from p2p_datatools.contract.pictures.header import Form, Header, PictureFile, any_header, open_picture
from p2p_datatools.contract.pictures.images import (
    FAINTEST,
    LEAST_LEVELS,
    NAMELESS_ALPHA,
    decodable,
    decode,
    hides_all,
    read_photo,
    refuse_strange_alpha,
)
from p2p_datatools.contract.pictures.nodata import Gaps, Nodata, fill_nodata, find_tagged, refuse_outlier
from p2p_datatools.contract.pictures.pages import (
    AS_USUAL,
    ReadOptions,
    open_tiff,
    read_mask_file,
    read_mask_page,
    tiff_part,
)
from p2p_datatools.contract.pictures.pillow import explain_damage
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural

Array = NDArray[Any]
"""The pixels of any half: (height, width) of one channel, (height, width, channels) of more."""


_LARGEST = float(np.finfo(np.float32).max)
_MULTIPLIED = 1  # ExtraSamples: colours that are multiplied by the transparency
ARRAYS = SUFFIXES | {".npy"}


def read_array(source: Path | str | PictureFile, *, over_white: list[Path] | None = None) -> Array:
    """The values of a picture, in the form that `read_header` gives: native byte order, turned by EXIF.

    A photo that is not opaque is laid over white and added to `over_white`.

    Raises P2PError when the file is damaged, or has values that are not finite.
    """
    with open_picture(source) as file:
        values = read_unchecked(file, over_white=over_white)
        refuse_endless(values, file.path)
        return values


def read_unchecked(file: PictureFile, *, over_white: list[Path] | None = None) -> Array:
    """What `read_array` gives, also where values are not finite."""
    return _native(_values(file, file.header, over_white), file)


def read_filled(
    source: Path | PictureFile, nodata: Nodata, *, judge: bool = True, over_white: list[Path] | None = None
) -> tuple[Array, Gaps | None]:
    """What `read_array` gives, with pixels without data filled, and which these are (see `fill_nodata`).

    A value far from all others is refused, if it is to `judge` and `nodata` has no `none`. Pictures of 8 bits are not
    filled, and have no data only where the tag of their file says so (see `find_tagged`), or its own mask.
    """
    with open_picture(source) as file:
        values = read_unchecked(file, over_white=over_white)
        masked = None if nodata == "none" else _masked_photo(file)
        if values.dtype == np.uint8:
            return values, None if nodata == "none" else _either(find_tagged(values, file.nodata, file.path), masked)
        values, gaps = fill_nodata(values, nodata, file.nodata, file.path, masked=masked)
        refuse_endless(values, file.path)
        if judge:
            refuse_outlier(values, file.path, nodata)
        return values, gaps


def read_picture_values(
    source: Path | PictureFile, options: ReadOptions = AS_USUAL, *, grey_as_rgb: bool = False
) -> tuple[Array, Gaps | None]:
    """A picture to look at: a photo as uint8 RGB, or grey (height, width), any other as its own values, and its gaps.

    With `grey_as_rgb` a grey photo is RGB, too. Pixels without data are those that the file's tag names, and NaN; what
    only looks like no data is a value. Raises P2PError as `read_filled` does.
    """
    with open_picture(source, options) as file:
        header = file.header
        if header.mode and header.form.dtype == "uint8" and file.nodata is None:
            photo = read_photo(file)
            is_grey = header.form.channels == 1 and not grey_as_rgb
            return (np.ascontiguousarray(photo[..., 0]) if is_grey else photo), _masked_photo(file)
        return read_filled(file, "tag", judge=False)


def masked_pixels(file: PictureFile) -> Gaps | None:
    """Where the mask in a TIFF, or that of GDAL in NAME.msk beside a picture, says that there are no data, upright.

    Raises P2PError for a mask of another size.
    """
    with explain_damage(file.path):
        masked = read_mask_page(file.stream) if file.is_tiff else None
    if masked is None:
        masked = _mask_beside(file)
    if masked is None or not masked.any():
        return None
    header = any_header(file)
    upright = np.ascontiguousarray(turn_values(masked, header.orientation))
    if (size := Size(upright.shape[1], upright.shape[0])) != header.size:
        what = f"is {header.size}, and its mask beside it, {file.path.name}{MASK_SUFFIX}, is {size}"
        raise P2PError(file.path, what, "Delete that mask if it is of another picture.", code="mask-size")
    return upright


def _mask_beside(file: PictureFile) -> Gaps | None:
    path = None if file.in_memory else find_beside(file.path, MASK_SUFFIX)
    if path is None:
        return None
    with open_picture(path) as mask, explain_damage(path):
        return read_mask_file(mask.stream) if mask.is_tiff else None


def _masked_photo(file: PictureFile) -> Gaps | None:
    """The same of a picture that has to have some data."""
    masked = masked_pixels(file)
    if masked is not None and masked.all():
        what = "has no data at all: its own mask leaves nothing"
        raise P2PError(file.path, what, "Remove it with its partner, or add --nodata none.", code="all-nodata")
    return masked


def _either(one: Gaps | None, other: Gaps | None) -> Gaps | None:
    return other if one is None else one if other is None else one | other


def refuse_endless(values: Array, path: Path) -> None:
    """Raise P2PError when there are floats that are infinite, not numbers, or more than 32 bits hold as networks have.

    What means no data, as the lowest number of 64 bits may, is to be filled before.
    """
    if values.dtype.kind != "f":
        return
    wrong = int(values.size - np.isfinite(values).sum())
    if wrong:
        what = plural(wrong, "value is infinite or not a number", "values are infinite or not numbers")
        ends = [f"{end:g}" for end in (np.inf, -np.inf) if (values == end).any()]
        to_do = f"If they mean no data, add --nodata {','.join(ends)} to 'p2p data pair'; else replace them."
        raise P2PError(path, what, to_do if ends else "Replace them by finite numbers.", code="not-finite")
    if values.dtype == np.float64 and (beyond := int(np.count_nonzero(np.abs(values) > _LARGEST))):
        what = f"{plural(beyond, 'value is', 'values are')} beyond {_LARGEST:.3g}, which is what 32 bits hold"
        to_do = "Scale them; if one value means no data, name it with 'p2p data pair --nodata'."
        raise P2PError(path, what, to_do, code="too-large-values")


def write_tiff(path: Path | str, values: Array, *, nodata: float | None = None, durable: bool = True) -> None:
    """Write values of any depth and number of channels as one page of an uncompressed TIFF, atomically and exactly.

    With `nodata` GDAL's tag says that this value means no data.
    """
    import tifffile

    buffer = io.BytesIO()
    planes = "contig" if values.ndim == 3 else None
    colors = "rgb" if values.shape[2:] == (3,) else "minisblack"
    tags = [] if nodata is None else [(GDAL_NODATA, "s", 0, f"{nodata:.17g}", True)]
    tifffile.imwrite(
        buffer, values, photometric=colors, planarconfig=planes, metadata=None, software=False, extratags=tags
    )
    with atomic(path, durable=durable) as file:
        file.write(buffer.getbuffer())


def common_form(paths: Iterable[Path], options: ReadOptions = AS_USUAL) -> Form:
    """Channels and type that a folder's pictures share: those of the first, but one colour picture makes all colour.

    Reads headers only, and as few as possible; pictures that cannot be read do not count.
    """
    first: Form | None = None
    for path in paths:
        try:
            with open_picture(path, options) as file:
                form = file.header.form
        except P2PError:
            continue
        first = first or form
        if first.channels > 1 or first.dtype not in ("uint8", "uint16"):
            break
        if form == (3, first.dtype):
            return form
    return first or Form(3, "uint8")


def _values(file: PictureFile, header: Header, over_white: list[Path] | None) -> Array:
    if header.kind == "NPY":
        return file.array
    if header.kind == "TIFF" and not header.mode:
        return _over_white(_read_tiff(file, header.orientation), header, file.path, over_white)
    if header.form.dtype == "uint16" and header.kind in ("PNG", "JPEG2000", "PPM"):
        return turn_values(_over_white(_decode(file), header, file.path, over_white), header.orientation)
    if header.mode == "F":  # PFM
        with decode(file) as image:
            return np.asarray(image)
    rgb = read_photo(file, over_white=over_white)
    return rgb if header.form.channels == 3 else rgb[..., 0]


def _over_white(values: Array, header: Header, path: Path, over_white: list[Path] | None) -> Array:
    """Values without their transparency: laid over white as photos of 8 bits are, and added to `over_white`."""
    is_tiff = header.kind == "TIFF"
    if values.ndim < 3 or (not header.alpha if is_tiff else values.shape[2] != 4):
        return values
    colors, alpha, most = values[..., : header.form.channels], values[..., -1:], np.iinfo(values.dtype).max
    if (alpha == most).all():
        return colors
    if header.kind in NAMELESS_ALPHA:
        refuse_strange_alpha(alpha, path)
    if alpha.max() < FAINTEST * most and np.ptp(colors, axis=(0, 1)).max() > LEAST_LEVELS:
        raise hides_all(path)
    if over_white is not None:
        over_white.append(path)
    share = alpha / np.float64(most)
    shown = colors if header.alpha == _MULTIPLIED else colors * share
    return np.asarray(np.rint(np.minimum(shown + most * (1 - share), most)), dtype=values.dtype)


def _native(values: Array, file: PictureFile) -> Array:
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    dtype = np.dtype(file.header.form.dtype)
    if values.dtype.kind in "iu" and values.dtype.itemsize > dtype.itemsize:
        limits = np.iinfo(dtype)
        if values.size and not limits.min <= values.min() <= values.max() <= limits.max:
            own = values.dtype.newbyteorder("=").name
            what = f"has values of type {own} beyond {dtype} ({limits.min} to {limits.max})"
            raise P2PError(file.path, what, "Save them as float64.", code="value-type")
    native = np.ascontiguousarray(values, dtype=dtype)
    return native if native.flags.writeable else native.copy()


def _decode(file: PictureFile) -> Array:
    """The values of a picture that only OpenCV decodes without rounding."""
    data = png.bare(decodable(file)) if png.head_of(file.head) else decodable(file)
    if data is None:
        what, to_do = "is cut off or damaged (a part of the PNG is missing or changed)", "Fetch or save it again."
        raise P2PError(file.path, what, to_do, code="damaged-file")
    values = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        what = "is cut off or damaged, or of a kind that is not read"
        raise P2PError(file.path, what, "Fetch it again, or save it as TIFF or NPY.", code="damaged-file")
    if values.ndim == 3:
        values = cv2.cvtColor(values, cv2.COLOR_BGR2RGB if values.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return np.asarray(values)


def turn_values(values: Array, orientation: int) -> Array:
    """The picture upright (EXIF 2.3, tag 0x0112): from 5 on mirrored at the main diagonal first."""
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values


def _read_tiff(file: PictureFile, orientation: int) -> Array:
    """The values of a TIFF of numbers, upright."""
    with explain_damage(file.path), open_tiff(file.stream) as tiff:
        return turn_values(tiff_part(tiff, file.path, file.options).picture(), orientation)
