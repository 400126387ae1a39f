"""Which picture of a file is meant: a page of a TIFF or a frame of an animation, and whether EXIF turns it.

Nothing here may take the first of several pictures because none was chosen, or decode pixels.
"""

import contextlib
import io
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImagePalette
from PIL.GifImagePlugin import GifImageFile
from PIL.TiffImagePlugin import TiffImageFile

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pictures.formats.tiff_kinds import refuse_strange_photo
from p2p_datatools.contract.pictures.formats.tiff_pixels import needs_unpacking, page_values
from p2p_datatools.contract.pictures.limits import refuse_bomb
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural

Exif = Literal["apply", "raw"]
"""Whether a picture is turned as its EXIF orientation says, or read as the sensor saw it."""


EXIF: tuple[Exif, ...] = ("apply", "raw")
_REDUCED, _TRANSPARENCY = 1, 4  # bits of NewSubfileType (TIFF 6.0, tag 254): a thumbnail or level, a mask
_CHANNELS, _TIME = "CS", "T"  # axes of a series, as tifffile calls them
# Bytes of a pixel in memory, by Pillow's word for the pixels; others have 4 at most.
_BYTES = {"1": 1, "L": 1, "P": 1, "LA": 2, "PA": 2, "RGB": 3}
_MOST_ACROSS = 32  # columns of a page that may be the channels of one row
_MOST_LAST = 16  # channels of an array of one row
_COLOR_TABLE = 320  # the tag ColorMap
_OLD_REDUCED = 2  # value of SubfileType (tag 255), which some programs still write


@dataclass(frozen=True)
class ReadOptions:
    """How picture files are read: `page` (from 1) of those that hold several, and what their EXIF orientation does."""

    page: int | None = None
    exif: Exif = "apply"

    def to_json(self) -> dict[str, Any]:
        """What differs from the usual, as JSON: a record without it is one of usual reading."""
        return {key: value for key, value in self.settings().items() if value is not None}

    def settings(self) -> dict[str, Any]:
        """Both, None where it is as usual: to compare with a record."""
        return {"page": self.page, "exif": None if self.exif == "apply" else self.exif}

    def __post_init__(self) -> None:
        if self.exif not in EXIF or (self.page is not None and self.page < 1):
            to_do = f"Pages count from 1; exif is one of {', '.join(EXIF)}."
            raise UsageError(
                f"{self.page}, {self.exif}", "is no way to read pictures", to_do, code="impossible-setting"
            )


AS_USUAL = ReadOptions()


def choose_page(path: Path, count: int, options: ReadOptions, *, unit: str = "page") -> int:
    """The place, from 0, of the page that is read of `count`; one of a single page is read whatever was chosen.

    Raises P2PError when there are several and none was chosen, or the one chosen does not exist.
    """
    if count == 1:
        return 0
    if options.page is None:
        to_do = f"Choose one with --page K (1 to {count}), or save the one that is meant as a file of its own."
        raise P2PError(path, f"has {plural(count, unit)}", to_do, code="several-pages")
    if options.page > count:
        what = f"has {plural(count, unit)}, so that there is no {unit} {options.page}"
        raise P2PError(path, what, f"Choose one from 1 to {count} with --page.", code="no-such-page")
    return options.page - 1


def turn_to_page(image: Image.Image, path: Path, options: ReadOptions, packed: int) -> None:
    """Let Pillow go to the frame that is meant of an open picture; thumbnails beside a picture are not pages.

    Raises P2PError as `choose_page` does, for a page that is too large, or larger than the `packed` bytes of the
    file can hold, and for a GIF whose first frame covers only a part of it.
    """
    _seek_page(image, path, options, packed)
    _refuse_part(image, path)
    _widen_color_table(image)


def _seek_page(image: Image.Image, path: Path, options: ReadOptions, packed: int) -> None:
    _refuse_bomb(image, path, packed)
    # The first picture of an MPO is the photo; the others are its other eye, or small copies.
    if image.format == "MPO" or not getattr(image, "is_animated", False):
        return
    if image.format == "TIFF":
        frames, unit = _frames_of_tiff(image), "page"
    else:
        frames, unit = range(int(getattr(image, "n_frames", 1))), "frame"
    frame = frames[choose_page(path, len(frames), options, unit=unit)]
    if frame:
        image.seek(frame)
        _refuse_bomb(image, path, packed)


def _refuse_part(image: Image.Image, path: Path) -> None:
    """Pillow fills what the first frame of a GIF does not cover with a colour of its table, which may be a class."""
    if isinstance(image, GifImageFile) and image.tell() == 0 and image.tile and image.tile[0][1] != (0, 0, *image.size):
        what = "is a GIF whose first frame covers only a part of the picture"
        raise P2PError(path, what, "Save it as PNG, with a colour for the rest.", code="partial-frame")


def _widen_color_table(image: Image.Image) -> None:
    """Let a TIFF keep a colour table whose numbers go to 255 and not to 65535: Pillow makes all of them black.

    TIFF 6.0 has tables of 16 bits, but some programs write 8; libtiff takes a table without larger numbers for such.
    """
    if not isinstance(image, TiffImageFile) or image.mode not in ("P", "PA"):
        return
    table = image.tag_v2[_COLOR_TABLE]
    if 0 < max(table) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(table))


def _refuse_bomb(image: Image.Image, path: Path, packed: int) -> None:
    each = _BYTES.get(image.mode, 2 if image.mode.startswith("I;16") else 4)
    refuse_bomb(path, Size(*image.size), each, packed, kind=image.format or "")


def open_tiff(stream: BinaryIO) -> Any:
    """Let tifffile read the directories of a TIFF: of this file alone, whatever other files its OME metadata name.

    Raises ValueError when the directories cannot all lie in the file: tifffile would read them for hours.
    """
    import tifffile

    _refuse_endless_directories(stream)
    stream.seek(0)
    return tifffile.TiffFile(stream, _multifile=False)


def _refuse_endless_directories(stream: BinaryIO) -> None:
    """Raise ValueError when the directories of pages (TIFF 6.0, section 2) exceed the file, or lead in a circle."""
    length = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    head = stream.read(16).ljust(16, b"\0")
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        return
    is_big = struct.unpack(f"{order}H", head[2:4])[0] == 43
    counter, entry, pointer = ("Q", 20, "Q") if is_big else ("H", 12, "I")
    wide, link = struct.calcsize(f"{order}{counter}"), struct.calcsize(f"{order}{pointer}")
    (place,) = struct.unpack(f"{order}{pointer}", head[8:16] if is_big else head[4:8])
    total, seen = 0, set[int]()
    while 0 < place <= length - wide:
        if place in seen:
            raise ValueError("its directories lead in a circle")
        seen.add(place)
        stream.seek(place)
        (entries,) = struct.unpack(f"{order}{counter}", stream.read(wide))
        total += wide + entries * entry + link
        if total > length:
            raise ValueError("its directories are larger than the file")
        stream.seek(place + wide + entries * entry)
        (place,) = struct.unpack(f"{order}{pointer}", stream.read(link).ljust(link, b"\0"))


def refuse_cut_page(path: Path, page: Any, length: int) -> None:
    """Raise P2PError when parts of a TIFF's page lie beyond the file's `length`: they would be read as zeros."""
    counts = [int(count) for count in page.databytecounts]
    starts = [int(start) for start in page.dataoffsets]
    ends = [start + count for start, count in zip(starts, counts, strict=False)]
    key = page.keyframe
    if 0 in counts and not any(start for start, count in zip(starts, counts, strict=False) if not count):
        what = f"stores nothing for {counts.count(0)} of its {len(counts)} strips or tiles"
        to_do = (
            "If they have no data (SPARSE_OK of GDAL), write them: gdal_translate IN.tif OUT.tif; else fetch it again."
        )
        raise P2PError(path, what, to_do, code="damaged-file")
    plain = int(key.compression) == 1  # TIFF 6.0, tag 259: not compressed
    needed = math.prod(key.shape) * max(1, int(key.bitspersample)) // 8 if plain else 1
    if len(ends) < math.prod(key.chunked) or max(ends, default=0) > length or sum(counts) < needed or 0 in counts:
        what, to_do = "is cut off or damaged (the pixels of some rows or tiles are missing)", "Fetch or save it again."
        raise P2PError(path, what, to_do, code="damaged-file")


def _frames_of_tiff(image: Image.Image) -> Sequence[int]:
    import tifffile

    stream = getattr(image, "_fp", None) or getattr(image, "fp")  # noqa: B009 - closed or open; not known to its types
    place = stream.tell()
    try:
        stream.seek(0)
        with open_tiff(stream) as tiff:
            return [page.index for page in pages_of(tiff)]
    except tifffile.TiffFileError:  # of a kind that Pillow alone knows
        return range(int(getattr(image, "n_frames", 1)))
    finally:
        stream.seek(place)


def pages_of(tiff: Any) -> list[Any]:
    """The pages of an open TIFF that are pictures of their own: no thumbnails, no masks, no levels of a pyramid."""
    series = tiff.series[0] if tiff.series else None
    if series is not None and series.is_pyramidal:
        return [page for page in series.levels[0].pages if page is not None]
    pages = [page for page in (tiff.pages[place] for place in range(len(tiff.pages))) if not _is_beside(page)]
    return pages or [tiff.pages[0]]


def _is_beside(page: Any) -> bool:
    old = getattr(page, "tags", {}).get(255)
    return bool(_kind_of(page) & (_REDUCED | _TRANSPARENCY)) or (old is not None and int(old.value) == _OLD_REDUCED)


def _kind_of(page: Any) -> int:
    kind = getattr(page, "tags", {}).get(254)  # pages that are as the first one have no tags of their own
    return int(kind.value) if kind else 0


def read_mask_page(stream: BinaryIO) -> NDArray[np.bool_] | None:
    """Where a TIFF's own mask says that its only picture has no data, (height, width); None if it has no such mask.

    That is a page of its size whose NewSubfileType says transparency (TIFF 6.0, tag 254), as GDAL writes it. Where it
    has a sample for each channel, a pixel in which any channel lacks data has none.
    """
    import tifffile

    try:
        with open_tiff(stream) as tiff:
            pages = [tiff.pages[place] for place in range(len(tiff.pages))]
            masks = [page for page in pages if _kind_of(page) & (_REDUCED | _TRANSPARENCY) == _TRANSPARENCY]
            pictures = pages_of(tiff)
            # By their tags, since the shape of a page whose channels lie apart begins with these.
            sizes = {(page.imagelength, page.imagewidth) for page in (*masks, *pictures)}
            if len(masks) != 1 or len(pictures) != 1 or len(sizes) != 1:
                return None
            return _empty_pixels(masks[0])
    except tifffile.TiffFileError:  # of a kind that Pillow alone knows
        return None


def read_mask_file(stream: BinaryIO) -> NDArray[np.bool_]:
    """Where a TIFF that is the mask of another picture says that it has no data; raises what libraries raise."""
    with open_tiff(stream) as tiff:
        return _empty_pixels(tiff.pages[0])


def _empty_pixels(mask: Any) -> NDArray[np.bool_]:
    """Where a page that is a mask is 0 in any of its samples, (height, width)."""
    missing = np.asarray(page_values(mask) == 0)
    return missing if missing.ndim == 2 else missing.any(axis=mask.axes.index("S"))


def refuse_cut_tiff(stream: BinaryIO, path: Path, options: ReadOptions, length: int) -> None:
    """Raise P2PError for a TIFF of `length` bytes of which Pillow would make other pixels, or missing ones black."""
    import tifffile

    with contextlib.suppress(tifffile.TiffFileError), open_tiff(stream) as tiff:  # Pillow says what else is wrong
        part = tiff_part(tiff, path, options)
        if part.is_page:
            refuse_cut_page(path, part.source, length)
        refuse_strange_photo(path, part.keyframe)


def _refuse_rows_as_pages(path: Path, count: int, shape: Sequence[int]) -> None:
    """Raise P2PError for pages that are the rows of one picture: so some writers leave arrays of many channels.

    Such a page is much higher than wide, and so is the stack.
    """
    if len(shape) == 2 and 2 * shape[1] <= min(shape[0], count) and shape[1] <= _MOST_ACROSS:
        what = f"has {count} pages of {shape[1]}x{shape[0]}, as an array {shape[0]}x{count} of {shape[1]} channels has"
        to_do = "Save it as one page (with tifffile: planarconfig='contig', photometric='minisblack'), or as NPY."
        raise P2PError(path, what, to_do, code="array-shape")


def _refuse_preview(path: Path, page: Any) -> None:
    """Raise P2PError for a small picture beside which the file has others in directories of their own: raw ones."""
    if _is_beside(page) and getattr(page, "subifds", None):
        what = "is the raw picture of a camera, of which a small copy alone could be read"
        raise P2PError(path, what, "Develop it, and save it as PNG or TIFF of RGB.", code="unread-kind")


class TiffPart(NamedTuple):
    """What is read of a TIFF: a series whose pages are channels, or one page of it or of the file.

    `place` is the page's place in a series whose pages have no directories of their own (ImageJ's large stacks).
    """

    source: Any
    axes: str
    shape: tuple[int, ...]
    place: int | None = None

    @property
    def is_page(self) -> bool:
        """Whether it is one page with its own directory."""
        return self.place is None and not hasattr(self.source, "levels")

    @property
    def keyframe(self) -> Any:
        """The page whose directory says what the values are."""
        return self.source.keyframe

    def picture(self) -> Any:
        """Its values as (height, width[, channels]); raises what libraries raise."""
        values = self._values()
        return np.moveaxis(values, 0, 2) if self.axes[-2:] == "YX" and values.ndim == 3 else values

    def _values(self) -> Any:
        if self.is_page:
            return page_values(self.source)
        is_packed = needs_unpacking(self.keyframe)
        values = np.stack([page_values(page) for page in self.source.pages]) if is_packed else self.source.asarray()
        return values if self.place is None else values.reshape(-1, *self.shape)[self.place]


def tiff_part(tiff: Any, path: Path, options: ReadOptions) -> TiffPart:
    """What is read of an open TIFF: its only picture, the page that was chosen, or a stack of pages as channels.

    Pages are channels where their axis is called so, and where they have more than 8 bits, no colours, and are not
    moments: a multispectral or microscopic picture. Others are pictures of their own. Raises P2PError as `choose_page`
    does.
    """
    pages, series = pages_of(tiff), tiff.series[0]
    page = pages[0]
    _refuse_preview(path, page)
    # Large stacks of ImageJ have one directory for all their pages.
    stacked = len(series.pages) >= len(pages) > 0 and len(series.shape) > len(page.shape) and series.size > page.size
    count = series.size // page.size if stacked else len(pages)
    if count == 1:
        return TiffPart(page, page.axes, page.shape)
    _refuse_rows_as_pages(path, count, page.shape)
    if options.page is None and stacked and len(series.shape) == 3 and series.axes[-2:] == "YX":
        axis = series.axes[0]
        if axis in _CHANNELS or (page.bitspersample > 8 and axis != _TIME):
            return TiffPart(series, series.axes, series.shape)
    chosen = choose_page(path, count, options)
    if len(pages) == count:
        return TiffPart(pages[chosen], pages[chosen].axes, pages[chosen].shape)
    return TiffPart(series, page.axes, page.shape, chosen)


def without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without axes of one before the picture, as networks give: (1, height, width), (1, height, width, 3)."""
    while len(shape) > 3 and shape[0] == 1:
        shape = shape[1:]
    return shape[1:] if len(shape) == 3 and shape[0] == 1 and shape[2] > _MOST_LAST else shape
