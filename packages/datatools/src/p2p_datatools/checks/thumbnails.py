"""Small pictures of what a check found: the mask over its photo, a ring where the fault is, and that place enlarged.

Nothing here may look for faults, or make text of a page.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from p2p_datatools.contract.errors import CheckedKind, P2PError, Severity
from p2p_datatools.contract.pairs.halves import as_photo, read_stored
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.partners.mask_photos import MaskPhotos
from p2p_datatools.contract.pictures.arrays import read_picture_values
from p2p_datatools.contract.pictures.header import PictureFile, decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import Photo, colorize, encode_jpeg, read_mask, read_photo, size_of
from p2p_datatools.contract.pictures.overlay import lay_over, mark_places
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.resize import resize_photo, scale_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.pictures.stretch import show_values

_BOX, _QUALITY = Size(256, 192), 78  # of a thumbnail in pixels, and of its JPEG
_AROUND, _TIMES = 24, 3  # pixels around a place, and how much they are enlarged
_MOST_DETAILS = 2
_COPIES = 5  # of a picture: the mask, its colours, its photo, one over the other, and what is drawn on

PixelMark = tuple[int, int, Severity]
"""A place in a file, x and y in pixels, and how severe what was found there is."""


class Thumbnail(NamedTuple):
    """A JPEG, its size, and what it shows."""

    data: bytes
    size: Size
    about: str


class Thumbnails:
    """Draws the pictures that findings of a check name; `photos` are those of masks."""

    def __init__(
        self, path: Path, kind: CheckedKind, *, photos: Path | None, palette: Palette | None, read: ReadOptions
    ) -> None:
        self._path, self._read = path, read
        self._palette = (palette or palette_of(path)) if kind == "masks" else None
        self._photos: MaskPhotos | None = None
        with suppress(P2PError):  # the check says that names do not tell the photos of masks
            self._photos = MaskPhotos(path, photos) if photos else None
        self._pairs = _open(path) if kind == "pairs" else None

    def weight(self, file: Path) -> int:
        """The bytes that drawing it takes, about; 0 for what cannot be read."""
        with suppress(P2PError):
            return _COPIES * decoded_bytes(file)
        return 0

    def draw(self, file: Path, marks: Sequence[PixelMark]) -> list[Thumbnail]:
        """The picture with rings at the `marks`, and the first of these enlarged; nothing if it cannot be read."""
        try:
            pixels, about = self._pixels(file)
        except P2PError:
            return []
        whole, size = size_of(pixels), scale_to(size_of(pixels), _BOX, cover=False)
        shares = [((x + 0.5) / whole.width, (y + 0.5) / whole.height, severity) for x, y, severity in marks]
        shown = mark_places(resize_photo(pixels, size), shares)
        said = ", a ring marks what was found" if marks else ""
        drawn = [Thumbnail(encode_jpeg(shown, _QUALITY), size, f"{file.name}: {about}{said}")]
        places = dict.fromkeys((x, y) for x, y, _ in marks[:_MOST_DETAILS])
        return drawn + [_detail(file, pixels, place) for place in places]

    def _pixels(self, file: Path) -> tuple[Photo, str]:
        """The picture, and what it shows; places are those in the file, which come first from the left."""
        if self._palette:
            return self._mask(file, self._palette)
        if self._pairs:
            return _pair(file, self._pairs)
        with open_picture(file, self._read) as picture:
            return _photo(picture), "the photo"

    def _mask(self, file: Path, palette: Palette) -> tuple[Photo, str]:
        """The mask over its photo, either of which may be the one that is named, or the one that there is."""
        mask_file, photo_file = self._both(file)
        colors, photo = _colors(mask_file, palette) if mask_file else None, self._read_quietly(photo_file)
        if colors is None or photo is None:
            shown = colors if colors is not None else photo
            if shown is None:
                raise P2PError(file, "cannot be shown", "Look at the finding.", code="damaged-file")
            return shown, "the mask" if colors is not None else "the photo"
        over = lay_over(photo, colors, size_of(colors), "color", background=palette.classes[0].color)
        return over, "the mask over its photo"

    def _both(self, file: Path) -> tuple[Path | None, Path | None]:
        """A mask and its photo, where a file is one of them."""
        photos = self._photos
        if photos and (mask := photos.mask_of(file)):
            return mask, file
        if not file.is_relative_to(self._path):
            return None, file
        return file, next(iter(photos.of(file)), None) if photos else None

    def _read_quietly(self, file: Path | None) -> Photo | None:
        with suppress(P2PError):
            if file is not None:
                with open_picture(file, self._read) as picture:
                    return _photo(picture)
        return None


def _open(path: Path) -> PairFolder | None:
    with suppress(P2PError):
        return open_pairs(path)
    return None


def _colors(file: Path, palette: Palette) -> Photo | None:
    """A mask in its colours, also one of other colours than the palette's."""
    with suppress(P2PError):
        return colorize(read_mask(file, palette), palette)
    with suppress(P2PError):
        return read_photo(file)
    return None


def _photo(picture: PictureFile) -> Photo:
    """A photo, or values of more bits stretched for the eye, of the pixels that have data."""
    return show_values(*read_picture_values(picture, grey_as_rgb=True))[0]


def _pair(file: Path, folder: PairFolder) -> tuple[Photo, str]:
    """Both halves, and, where one is a mask, that over the other as well."""
    try:
        stored = read_stored(folder, Pair(file.stem, file.relative_to(folder.path).as_posix(), "", Size(0, 0), ""))
    except P2PError:  # another picture than the manifest says
        with open_picture(file) as picture:
            return _photo(picture), "A and B"
    a, b = (as_photo(pixels, half) for pixels, half in ((stored.a, folder.a), (stored.b, folder.b)))
    if not folder.palette or folder.a.kind == folder.b.kind:
        return np.concatenate((a, b), axis=1), "A and B"
    mask, photo = (b, a) if folder.b.kind == "mask" else (a, b)
    over = lay_over(photo, mask, size_of(mask), "color", background=folder.palette.classes[0].color)
    return np.concatenate((a, b, over), axis=1), "A, B, and the mask over the photo"


def _detail(file: Path, pixels: Photo, place: tuple[int, int]) -> Thumbnail:
    x, y = place
    top, left = max(0, y - _AROUND), max(0, x - _AROUND)
    part = pixels[top : y + _AROUND, left : x + _AROUND]
    large = np.ascontiguousarray(np.repeat(np.repeat(part, _TIMES, axis=0), _TIMES, axis=1))
    about = f"{file.name} around x={x}, y={y}, enlarged {_TIMES} times"
    return Thumbnail(encode_jpeg(large, _QUALITY), size_of(large), about)
