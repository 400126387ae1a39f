"""Pictures of numbers: indices of a palette PNG, grey values of 8 or 16 bits, ids repeated in RGB or encoded in it.

Nothing here may know which class a number is; palettes and labels say that.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import Color
from p2p_datatools.contract.pictures.arrays import masked_pixels, read_unchecked, turn_values
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.formats.gdal import GDAL_NODATA, tag_number
from p2p_datatools.contract.pictures.formats.jpeg import area_error
from p2p_datatools.contract.pictures.formats.lossless import is_lossless
from p2p_datatools.contract.pictures.formats.own_white import find_own_white, stored_greys
from p2p_datatools.contract.pictures.header import Header, PictureFile, is_photo, open_picture
from p2p_datatools.contract.pictures.images import (
    Photo,
    as_rgb,
    color_codes,
    decode,
    deep_channels,
    opaque_pixels,
    refuse_fine_colors,
    transparent_pixels,
    turn_upright,
)
from p2p_datatools.contract.pictures.pillow import explain_damage
from p2p_datatools.contract.pictures.soft import soft_greys
from p2p_datatools.contract.values import find_distinct

# What to do about floats.
_CHOOSE = (
    "If they are probabilities of one class, save (values >= 0.5).astype('uint8'); if scores of several, the number "
    "of the largest; if class numbers, whole numbers."
)
_CHANNELS = 277  # the tag SamplesPerPixel
_BLOCK = 1 << 20  # pixels that are counted at once
_SEEN = 32  # of 255: the colours of VOC, the darkest of the common ones, begin with 64 in a channel
_VISIBLE = 16  # levels between greys by which people tell classes apart
_MOST_PIECES, _SIDE = 8, 512  # numbers whose pieces are counted, and how many pixels a side they are counted in
_BUSY = 8  # pixels per run, below which each pixel is counted by itself


@dataclass(frozen=True)
class IndexPicture:
    """A picture of integer values: `values` (height, width), and the file's own colour table (n, 3) if it has them all.

    The values may be read-only. `missing` is where the file has no data, None where nowhere; the value there is 0.
    """

    values: NDArray[np.uint8 | np.uint16]
    table: NDArray[np.uint8] | None
    missing: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class LabelPicture:
    """All that a label picture says, from one decoding, for numbers and colours may both be meant.

    `numbers` and `table` are as in IndexPicture, None where the channels differ, unless one alone has small numbers;
    then `photo` are its colours without regard to transparency. `transparent` is where it is more transparent than
    not, `missing` where the file has no data, None where nowhere. `exact` pictures are of a kind of file that blends
    nothing; `worn` is how far in RGB areas of one colour may lie from it in others, as far as the file tells.
    `stored` are the colours as an exact file has them, where its colour profile makes others of them in `photo`.
    """

    numbers: NDArray[np.uint8 | np.uint16] | None
    table: NDArray[np.uint8] | None
    photo: Photo | None
    transparent: NDArray[np.bool_] | None
    exact: bool
    missing: NDArray[np.bool_] | None = None
    worn: float = 0.0
    stored: Photo | None = None

    def as_painted(self, known: Collection[Color]) -> "LabelPicture":
        """The picture as its file has its colours, if that makes more of them `known` than its colour profile does.

        A program that converts a picture of class colours only by name leaves them as they are.
        """
        if self.stored is None or self.photo is None:
            return self
        is_stored = _count_known(self.stored, known) > _count_known(self.photo, known)
        return replace(self, photo=self.stored, stored=None) if is_stored else self

    @cached_property
    def in_one_channel(self) -> bool:
        """Whether one channel has the numbers, and the others are 0; not where there is no number but 0."""
        return (
            self.numbers is not None and self.photo is not None and bool((self.photo != self.numbers[..., None]).any())
        )

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many pixels have each number; at least 256 counts."""
        assert self.numbers is not None, "there are numbers"
        return histogram(self.numbers)

    @cached_property
    def unpacked(self) -> "LabelPicture":
        """The picture as numbers: the greys of a table that has just those that occur, since these were the numbers."""
        if self.numbers is None or self.numbers.dtype != np.uint8 or self.table is None:
            return self
        greys = _compacted_greys(self.numbers, self.table)
        return self if greys is None else replace(self, numbers=greys, table=None)

    @property
    def colors(self) -> Photo:
        """The colours of its pixels (height, width, 3); those of an index picture are its table's."""
        if self.photo is not None:
            return self.photo
        assert self.numbers is not None, "a picture has numbers or colours"
        if self.table is None:
            return as_rgb(self.numbers.astype(np.uint8))
        return np.take(self.table_of_all, self.numbers, axis=0)

    @property
    def table_of_all(self) -> NDArray[np.uint8]:
        """The colours of all numbers that 8 bits hold, (256, 3): those of the table, then black."""
        assert self.table is not None, "there is a table"
        table = np.zeros((256, 3), dtype=np.uint8)
        table[: len(self.table)] = self.table
        return table


_Picture = TypeVar("_Picture", IndexPicture, LabelPicture)


def read_label_picture(source: Path | PictureFile) -> LabelPicture:
    """Read a picture of class numbers or colours.

    Colours of 16 bits are read where they are colours of 8 bits, spread over 16. Raises P2PError for others, and when
    the picture is damaged.
    """
    with open_picture(source) as file:
        head = png.head_of(file.head)
        if head and head.color == png.RGB:
            with explain_damage(file.path):
                plain = png.decode_plain(file.data)
            if plain is not None:
                return _leave_out(LabelPicture(_numbers_of(plain), None, plain, None, exact=True), file)
        if array := _array_of(file):
            return _leave_out(LabelPicture(array.values, None, None, None, exact=True, missing=array.missing), file)
        with decode(file) as image:
            return _leave_out(_read_image(image, file, exact=is_lossless(image, file)), file)


def _leave_out(picture: _Picture, file: PictureFile) -> _Picture:
    """The picture without what the mask in its TIFF leaves out, as photos are read without it."""
    masked = masked_pixels(file)
    if masked is None:
        return picture
    return replace(picture, missing=masked if picture.missing is None else picture.missing | masked)


def _read_image(image: Image.Image, file: PictureFile, *, exact: bool) -> LabelPicture:
    """What Pillow has decoded; `exact` if the file keeps every value."""
    if not exact and image.mode == "RGB":
        photo = opaque_pixels(image, file)
        return LabelPicture(_repeated_channel(photo), None, photo, None, exact, worn=area_error(image))
    try:
        index = _index_of(image, file)
    except P2PError as error:
        if error.code != "colours-not-classes":
            raise
        photo = opaque_pixels(image, file, of_eight=refuse_fine_colors(image, file))
        numbers, stored = (_only_channel(photo), _stored_colors(image)) if exact else (None, None)
        clear, worn = transparent_pixels(image), area_error(image)
        return LabelPicture(numbers, None, photo, clear, exact, worn=worn, stored=stored)
    if not exact or (index.table is None and index.values.dtype == np.uint8 and "icc_profile" in image.info):
        photo = opaque_pixels(image, file)
        clear, worn = transparent_pixels(image), area_error(image)
        stored = _stored_colors(image) if exact else None
        return LabelPicture(index.values, index.table, photo, clear, exact, worn=worn, stored=stored)
    if image.mode == "L" and find_own_white(image, file.start) is not None:
        greys = opaque_pixels(image, file)  # as which its numbers are colours
        return LabelPicture(index.values, None, greys, None, exact, index.missing)
    return LabelPicture(index.values, index.table, None, transparent_pixels(image), exact, index.missing)


def _stored_colors(image: Image.Image) -> Photo | None:
    """The colours of a decoded picture without regard to its colour profile; None where it has none."""
    return np.array(image.convert("RGB")) if "icc_profile" in image.info else None


def _count_known(colors: Photo, known: Collection[Color]) -> int:
    codes = [red << 16 | green << 8 | blue for red, green, blue in known]
    return int(np.isin(color_codes(colors), codes).sum())


def _numbers_of(pixels: Photo) -> NDArray[np.uint8] | None:
    """The numbers that all channels of an exact picture repeat, or that one alone has; None for other colours."""
    repeated = _repeated_channel(pixels)
    return _only_channel(pixels) if repeated is None else repeated


def _only_channel(pixels: Photo) -> NDArray[np.uint8] | None:
    """The small numbers of the one channel that is not 0, as CARLA writes them; None for what may be seen colours."""
    for each in (pixels[::16, ::16], pixels):
        most = each.reshape(-1, 3).max(axis=0)
        if most.max() >= _SEEN or np.count_nonzero(most) > 1:
            return None
    return pixels[..., int(most.argmax())].copy()


def _repeated_channel(pixels: Photo) -> NDArray[np.uint8] | None:
    """The numbers that all channels repeat; None when they differ, which a few pixels often tell."""
    for each in (pixels[::16, ::16], pixels):
        if (each[..., 0] != each[..., 1]).any() or (each[..., 0] != each[..., 2]).any():
            return None
    return pixels[..., 0].copy()


def read_index_picture(source: Path | PictureFile) -> IndexPicture:
    """Read a label picture as values: indices of a palette PNG, a grey picture's values, or ids repeated in RGB.

    Raises P2PError when the channels of a colour picture differ: then it is colour-coded, not an index picture.
    """
    with open_picture(source) as file:
        if array := _array_of(file):
            return _leave_out(array, file)
        with decode(file) as image:
            return _leave_out(_index_of(image, file), file)


def _array_of(file: PictureFile) -> IndexPicture | None:
    """The numbers of an NPY file, or of a TIFF whose numbers Pillow does not read, or rounds or wraps; else None."""
    if not (file.is_array or (file.is_tiff and (not is_photo(file) or _is_of_numbers(file.header)))):
        return None
    if file.header.alpha:
        what, to_do = "is a TIFF of numbers with transparency", "Save it without alpha, or as a PNG of 8 bits."
        raise P2PError(file.path, what, to_do, code="unknown-tiff")
    if file.header.form.channels == 1:
        return _with_nodata(read_unchecked(file), None, file.nodata, file.path)
    what = f"has {file.header.form}, not class numbers"
    to_do = "Give one class number per pixel; of a channel for each class it is np.argmax(values, axis=2)."
    if file.header.form.channels in (3, 4) and file.header.form.dtype == "uint8":
        to_do += " If these are colours, save them as PNG: PIL.Image.fromarray(values).save('NAME.png')."
    raise P2PError(file.path, what, to_do, code="colours-not-classes")


def _is_of_numbers(header: Header) -> bool:
    return not header.mode and header.form.channels == 1 and not header.alpha


def _index_of(image: Image.Image, file: PictureFile) -> IndexPicture:
    """The numbers of a decoded picture, which is turned by its EXIF."""
    turn_upright(image, file)
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    if image.mode == "L" and (channels := tags.get(_CHANNELS, 1)) > 1:  # of which Pillow gives the first
        what, to_do = f"has {channels} channels, not class numbers", "Give one class number per pixel."
        raise P2PError(file.path, what, to_do, code="array-shape")
    values, table = _stored_values(image, file)
    nodata = tag_number(tags[GDAL_NODATA]) if GDAL_NODATA in tags else file.nodata
    return _with_nodata(values, table, nodata, file.path)


def _stored_values(image: Image.Image, file: PictureFile) -> tuple[NDArray[Any], NDArray[np.uint8] | None]:
    """The numbers of a decoded picture as they lie in its file, and the colours that the file gives them all."""
    if image.mode == "P":
        values = np.asarray(image, dtype=np.uint8)
        table = np.asarray(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
        # What lacks the colours of its numbers is not a colour table: these would all be black.
        return values, table if values.max() < len(table) else None
    if image.mode in ("1", "L"):
        return stored_greys(np.asarray(image, dtype=np.uint8), image, file.start), None
    if image.mode.startswith(("I", "F")):
        return stored_greys(np.array(image), image, file.start), None
    # Pillow gives 16-bit colour as 8-bit, so that all small class numbers would be 0.
    deep = deep_channels(image, file)
    channels = np.asarray(image.convert("RGB")) if deep is None else turn_values(deep, file.header.orientation)
    if (channels[..., 0] != channels[..., 1]).any() or (channels[..., 0] != channels[..., 2]).any():
        what, to_do = "holds colours, not class numbers", "Give pictures with one class number per pixel."
        raise P2PError(file.path, what, to_do, code="colours-not-classes")
    return channels[..., 0].copy(), None


def _compacted_greys(values: NDArray[np.uint8 | np.uint16], table: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The numbers of a grey picture whose writer kept a table of just the greys that occur; None for other tables.

    GIF has no greys, and programs that make PNG small write few greys as indices. The table of a picture that was
    drawn with indices lists classes that do not occur, too, has colours, or greys at even and visible distances.
    """
    used = np.flatnonzero(histogram(values))
    if len(used) > len(table) or used[-1] != len(used) - 1 or table[len(used) :].any():
        return None
    greys = table[: len(used)]
    if (greys != greys[:, :1]).any():
        return None
    steps = np.diff(greys[:, 0].astype(np.int16))
    even = greys[0, 0] == 0 and len(set(steps.tolist())) <= 1
    if even and (not steps.size or steps[0] == 1 or steps[0] >= _VISIBLE):
        return None
    return np.asarray(greys[:, 0][values])


def read_ids(source: Path | PictureFile) -> NDArray[np.int32]:
    """Read numbers up to 2^24 that are encoded in RGB as red + 256 green + 65536 blue, (height, width)."""
    with open_picture(source) as file, decode(file) as image:
        channels = np.asarray(image.convert("RGBA"))
    return np.asarray(channels.view("<i4")[..., 0] & 0xFFFFFF, dtype=np.int32)


def _with_nodata(
    values: NDArray[Any], table: NDArray[np.uint8] | None, nodata: float | None, path: Path
) -> IndexPicture:
    """Class numbers, and where there are none: at the value of GDAL's tag, at NaN, and at a single number below 0.

    A mask of black and white with soft edges has the greys of 8 bits, however many it has in its file.

    The number 0 is one of a class, whatever the tag says of it: programs that rasterise outlines write it around them.
    """
    missing = np.zeros(values.shape, dtype=np.bool_)
    if nodata:
        missing |= values == nodata
    if values.dtype.kind == "f":
        missing |= np.isnan(values)
    if values.dtype.kind in "if" and len(find_distinct(values[(values < 0) & ~missing])) == 1:
        missing |= values < 0
    if missing.any():
        values = np.where(missing, 0, values)
    numbers = values if values.dtype == np.uint8 else soft_greys(values)
    if numbers is None:
        numbers = _whole_numbers(values, path)
    return IndexPicture(numbers, table, missing if missing.any() else None)


def _whole_numbers(values: NDArray[Any], path: Path) -> NDArray[np.uint16]:
    with np.errstate(invalid="ignore"):
        numbers = values.astype(np.uint16)
    if (numbers != values).any():
        odd = values[numbers != values][0]
        what = f"holds values such as {odd}, but class numbers are whole numbers from 0 to 65535"
        to_do = (
            _CHOOSE if values.dtype.kind == "f" else "Write 255 where there is no class, and numbers from 0 elsewhere."
        )
        raise P2PError(path, what, to_do, code="not-class-numbers")
    return numbers


@dataclass(frozen=True)
class NumberPieces:
    """Numbers that a picture counts from 1 on, and how many of those that were `looked_at` are one piece each."""

    count: int
    looked_at: int
    whole: int


def count_pieces(numbers: NDArray[np.uint8 | np.uint16]) -> NumberPieces | None:
    """What the numbers of a picture (height, width) but 0 are; None where they do not count from 1 without a gap."""
    used = [int(each) for each in np.flatnonzero(histogram(numbers)) if each]
    if used != list(range(1, len(used) + 1)):
        return None
    looked_at = used[:_MOST_PIECES]
    step = max(1, max(numbers.shape) // _SIDE)
    shown = numbers[::step, ::step]
    pieces = [cv2.connectedComponents((shown == each).astype(np.uint8), connectivity=8)[0] - 1 for each in looked_at]
    return NumberPieces(len(used), len(looked_at), pieces.count(1))


def histogram(numbers: NDArray[np.uint8 | np.uint16]) -> NDArray[np.int64]:
    """How many pixels have each value; at least 256 counts."""
    pixels = numbers.ravel()
    counts = np.zeros(256 if numbers.dtype == np.uint8 else max(256, int(numbers.max()) + 1), dtype=np.int64)
    for start in range(0, pixels.size, _BLOCK):
        counts += _counts(pixels[start : start + _BLOCK], len(counts))
    return counts


def _counts(pixels: NDArray[np.uint8 | np.uint16], least: int) -> NDArray[np.int64]:
    """The counts of one block, by runs of equal pixels: label pictures have few, and long ones."""
    changes = pixels[1:] != pixels[:-1]
    if np.count_nonzero(changes) * _BUSY > pixels.size:
        return np.bincount(pixels, minlength=least)
    ends = np.append(np.flatnonzero(changes), pixels.size - 1)
    lengths = np.diff(ends, prepend=-1)
    # The sums are whole numbers far below 2^53, so that floats hold them exactly.
    return np.bincount(pixels[ends], weights=lengths, minlength=least).astype(np.int64)
