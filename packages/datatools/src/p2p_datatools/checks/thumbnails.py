"""Small pictures of what a check found: the mask over its photo, a ring where the fault is, and that place enlarged.

Nothing here may look for faults, or make text of a page.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from p2p_datatools.contract.errors import CheckedKind, P2PError
from p2p_datatools.contract.files.listing import stem_of
from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pairs.halves import as_photo, read_stored
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder, open_pairs
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.pictures.arrays import read_picture_values
from p2p_datatools.contract.pictures.header import PictureFile, decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import (
    Photo,
    colorize,
    encode_jpeg,
    read_mask,
    read_photo,
    size_of,
)
from p2p_datatools.contract.pictures.kinds import pick_photo
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.resize import resize_photo, scale_to
from p2p_datatools.contract.pictures.sizes import Size

_BOX, _QUALITY = Size(256, 192), 78  # of a thumbnail in pixels, and of its JPEG
_AROUND, _TIMES = 24, 3  # pixels around a place, and how much they are enlarged
_MOST_DETAILS = 2
_WHITE, _MARK = (255, 255, 255), (230, 0, 126)  # a ring of both stands out from every ground
_COPIES = 5  # of a picture: the mask, its colours, its photo, one over the other, and what is drawn on
_OVER = 0.55  # of the colour of a class over its photo

PixelPlace = tuple[int, int]


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
        self._photos = PhotoFolder(photos) if photos else None
        if self._photos:
            self._photos.settle_clashes(pick_photo)
        self._photo_files = set(self._photos.names.values()) if self._photos else set[Path]()
        self._masks = PhotoFolder(path) if self._palette else None
        self._pairs = _open(path) if kind == "pairs" else None

    def weight(self, file: Path) -> int:
        """The bytes that drawing it takes, about; 0 for what cannot be read."""
        with suppress(P2PError):
            return _COPIES * decoded_bytes(file)
        return 0

    def draw(self, file: Path, places: Sequence[PixelPlace]) -> list[Thumbnail]:
        """The picture with rings at the `places`, and the first of these enlarged; nothing if it cannot be read."""
        try:
            pixels, about, left = self._pixels(file)
        except P2PError:
            return []
        pixels = np.ascontiguousarray(pixels)
        marks = ", a ring marks what was found" if places else ""
        size = scale_to(size_of(pixels), _BOX, cover=False)
        shown = np.ascontiguousarray(resize_photo(pixels, size))
        for x, y in places:
            centre = (left + x) * size.width // pixels.shape[1], y * size.height // pixels.shape[0]
            cv2.circle(shown, centre, 9, _WHITE, 4, cv2.LINE_AA)
            cv2.circle(shown, centre, 9, _MARK, 2, cv2.LINE_AA)
        drawn = [Thumbnail(encode_jpeg(shown, _QUALITY), size, f"{file.name}: {about}{marks}")]
        return drawn + [_detail(file, pixels[:, left:], place) for place in dict.fromkeys(places[:_MOST_DETAILS])]

    def _pixels(self, file: Path) -> tuple[Photo, str, int]:
        """The picture, what it shows, and the column from which the places of findings count."""
        if self._palette and self._masks:
            return *self._mask(file, self._palette, self._masks), 0
        if self._pairs:
            return _pair(file, self._pairs)
        with open_picture(file, self._read) as picture:
            return _photo(picture), "the photo", 0

    def _mask(self, file: Path, palette: Palette, masks: PhotoFolder) -> tuple[Photo, str]:
        """The mask over its photo, either of which may be the one that is named, or the one that there is."""
        photos = self._photos
        is_mask = file.is_relative_to(self._path) and file not in self._photo_files
        name = stem_of(file, self._path if is_mask or photos is None else photos.folder)
        mask_file, photo_file = masks.get(name), photos.get(name) if photos else None
        colors = _colors(mask_file, palette) if mask_file else None
        photo = self._read_quietly(photo_file)
        if colors is None or photo is None:
            shown = colors if colors is not None else photo
            if shown is None:
                raise P2PError(file, "cannot be shown", "Look at the finding.", code="damaged-file")
            return shown, "the mask" if colors is not None else "the photo"
        if size_of(colors) != size_of(photo):
            photo = np.ascontiguousarray(resize_photo(photo, size_of(colors)))
        return _lay_over(colors, photo, palette.colors()[0]), "the mask over its photo"

    def _read_quietly(self, file: Path | None) -> Photo | None:
        if file is None:
            return None
        try:
            with open_picture(file, self._read) as picture:
                return _photo(picture)
        except P2PError:
            return None


def _open(path: Path) -> PairFolder | None:
    try:
        return open_pairs(path)
    except P2PError:
        return None


def _colors(file: Path, palette: Palette) -> Photo | None:
    """A mask in its colours, also one of other colours than the palette's."""
    try:
        return colorize(read_mask(file, palette), palette)
    except P2PError:
        try:
            return read_photo(file)
        except P2PError:
            return None


def _photo(picture: PictureFile) -> Photo:
    """A photo, or values of more bits stretched from the smallest to the largest, of the pixels that have data."""
    values, _ = read_picture_values(picture, grey_as_rgb=True)
    values = values.reshape(*values.shape[:2], -1)
    values = values[..., :3] if values.shape[2] >= 3 else np.repeat(values[..., :1], 3, axis=2)
    if values.dtype == np.uint8:
        return values
    low, high = float(values.min()), float(values.max())
    scaled = (values.astype(np.float64) - low) * (255 / (high - low) if high > low else 1.0)
    return np.asarray(np.rint(np.clip(scaled, 0, 255)), dtype=np.uint8)


def _pair(file: Path, folder: PairFolder) -> tuple[Photo, str, int]:
    """Both halves, and, where one is a mask, that over the other as well; places are those of the mask's half."""
    try:
        stored = read_stored(folder, Pair(file.stem, file.relative_to(folder.path).as_posix(), "", Size(0, 0), ""))
    except P2PError:  # another picture than the manifest says
        with open_picture(file) as picture:
            return _photo(picture), "A and B", 0
    a, b = (as_photo(pixels, half) for pixels, half in ((stored.a, folder.a), (stored.b, folder.b)))
    shown, left = [a, b], b.shape[1] if folder.b.kind == "mask" != folder.a.kind else 0
    if not folder.palette or size_of(a) != size_of(b):
        return np.concatenate(shown, axis=1), "A and B", left
    over, under = (b, a) if left else (a, b)
    shown.append(_lay_over(over, under, folder.palette.colors()[0]))
    return np.concatenate(shown, axis=1), "A, B, and the mask over the photo", left


def _lay_over(colors: Photo, photo: Photo, background: Photo) -> Photo:
    mixed = cv2.addWeighted(np.ascontiguousarray(colors), _OVER, np.ascontiguousarray(photo), 1 - _OVER, 0)
    return np.asarray(np.where((colors == background).all(axis=2)[..., None], photo, mixed), dtype=np.uint8)


def _detail(file: Path, pixels: Photo, place: PixelPlace) -> Thumbnail:
    x, y = place
    top, left = max(0, y - _AROUND), max(0, x - _AROUND)
    part = pixels[top : y + _AROUND, left : x + _AROUND]
    large = np.ascontiguousarray(np.repeat(np.repeat(part, _TIMES, axis=0), _TIMES, axis=1))
    about = f"{file.name} around x={x}, y={y}, enlarged {_TIMES} times"
    return Thumbnail(encode_jpeg(large, _QUALITY), size_of(large), about)
