"""Maps each pixel of a colour-coded picture to a colour of a table, which undoes what JPEG and resizing did to it.

Nothing here may know files, classes or palettes; colours are rows of a table, results are their numbers.
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.pictures.worn.flat_areas import has_many_colors
from p2p_datatools.contract.pictures.worn.neighbours import (
    FAR,
    NEAR,
    UNSURE,
    Around,
    Marks,
    Numbers,
    Places,
    chunks,
    in_areas,
    in_blocks,
)
from p2p_datatools.contract.threads import parallel_map

TOLERANCE = 32  # distance in RGB, sqrt(dr^2 + dg^2 + db^2): a flat area of a JPEG is nearer, most blends are farther
_MOST_COLORS = 254
_MOST_LONELY = 0.005  # of a picture's pixels; the worst of thirty JPEG facades has 0.0002, a photo nearly all
_MOST_BLENDED = 0.6  # of the pixels of a band: the worst of those facades has 0.36; with more it is not a label picture
_MOST_STRAY = 0.01  # of a picture's pixels; the worst of thirty JPEG facades of quality 15 has 0.0026
_FRINGE = 4  # pixels around a stray one whose blends may be with its colour
_BAND = 1 << 19  # pixels
_STRIP = 1 << 15  # pixels of which all intermediate results fit into the cache
_CHUNK = 1 << 16  # distances that are held at once: they stay in the cache
_AT_ONCE = 1 << 20  # pixels around others that are held at once
_NONE = np.iinfo(np.int32).max
_CHANNELS = np.arange(3)[:, None]
_BITS = 5
_STEP = 1 << (8 - _BITS)

Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class SnapResult:
    """The row of the table for each pixel, where a pixel had another colour than its row's, and where none is near.

    All are (height, width). A `blended` pixel is farther than the tolerance from every colour. So is a
    `stray` one, which is not a blend of the colours around it either; its row is the nearest one.
    """

    rows: Numbers
    moved: Marks
    blended: Marks
    stray: Marks


def undecided_pixels(result: SnapResult, picture: Photo) -> Marks | None:
    """The pixels of a worn picture that nothing decides, where they are few: stray ones, and blends with them.

    None where there are too many, and in a picture that blends nothing, since a colour of no class means a class there.
    """
    if np.count_nonzero(result.stray) > _MOST_STRAY * result.stray.size or not has_many_colors(picture):
        return None
    around = cv2.dilate(result.stray.astype(np.uint8), np.ones((2 * _FRINGE + 1,) * 2, dtype=np.uint8)) > 0
    return result.stray | (around & result.blended)


class _Blends(NamedTuple):
    """Blended pixels by their places in a band: without known colours near, and in a block of one strange colour."""

    places: Places
    lonely: Marks
    stray: Marks

    def between(self, first: int, last: int, width: int) -> "_Blends":
        """Those in the rows from the `first` to before the `last`; places are in their order."""
        inner = slice(*np.searchsorted(self.places, (first * width, last * width)))
        return _Blends(self.places[inner], self.lonely[inner], self.stray[inner])


class Snapper:
    """Finds the nearest colour of a table, uint8 (n, 3) RGB, for every pixel of pictures.

    Within `tolerance` that is all. A pixel farther from every colour is a blend, as edges have in JPEG and in resized
    pictures: it goes to the nearest of the colours found around it, so that the edge between blue and yellow gets no
    line of grey. Blocks of 3x3 such pixels of one colour, or 5x5 of nearly one, are not blends; nor are pixels without
    known colours nearby, except for the few that fine patterns leave.
    """

    def __init__(self, colors: NDArray[np.uint8], tolerance: int = TOLERANCE) -> None:
        if not 1 <= len(colors) <= _MOST_COLORS:
            what = f"cannot be used, because 1 to {_MOST_COLORS} can be distinguished"
            to_do = "Use a palette of fewer classes, or fewer colours in --map."
            raise UsageError(f"a table of {len(colors)} colours", what, to_do, code="class-count")
        if tolerance < 0:
            what, to_do = "a distance between colours cannot be below 0", "Give 0 or more."
            raise UsageError(f"tolerance {tolerance}", what, to_do, code="impossible-setting")
        self.colors = colors
        self.limit = tolerance**2
        self._keys = _keys(colors)
        self._codes = np.zeros(256, dtype=np.int32)
        self._codes[: len(colors)] = _codes(colors[None])[0]
        self._cells = _cells(colors, self.limit)

    def snap(self, picture: Photo) -> SnapResult:
        """The rows of a picture (height, width, 3); large ones go in bands, on all cores and in little memory."""
        rows, moved = np.empty(picture.shape[:2], dtype=np.uint8), np.empty(picture.shape[:2], dtype=bool)
        blended, stray = (np.zeros(rows.shape, dtype=bool) for _ in range(2))
        found = SnapResult(rows, moved, blended, stray)
        height = max(1, _BAND // picture.shape[1])
        tops = range(0, len(rows), height)
        work = functools.partial(self._band, picture, found, height)
        lonely = list(parallel_map(work, tops, threads=1 if len(tops) == 1 else None))
        if sum(map(len, lonely)) > _MOST_LONELY * rows.size:
            stray.ravel()[np.concatenate(lonely)] = True
        return found

    def _band(self, picture: Photo, whole: SnapResult, height: int, top: int) -> Places:
        """Fill in the band of `whole` that begins at `top`; the places in it that are lonely."""
        inner, above, width = slice(top, top + height), min(top, FAR), picture.shape[1]
        kept = slice(above, above + height)
        band = picture[top - above : top + height + FAR]
        rows, moved = self._sure(band)
        unsure = alone = np.flatnonzero(rows == UNSURE)
        if len(unsure):
            blends = self._decide(band, rows, moved, unsure).between(kept.start, kept.stop, width)
            places = blends.places + (top - above) * width
            whole.blended.ravel()[places] = True
            whole.stray.ravel()[places[blends.stray]] = True  # few, if any, so that its memory is not even touched
            alone = places[blends.lonely]
        whole.rows[inner], whole.moved[inner] = rows[kept], moved[kept]
        return alone

    def _sure(self, picture: Photo) -> tuple[Numbers, Marks]:
        """The rows where a cell tells them, elsewhere UNSURE, and where a pixel has another colour than its row's."""
        rows, moved = np.empty(picture.shape[:2], dtype=np.uint8), np.empty(picture.shape[:2], dtype=bool)
        height = max(1, _STRIP // picture.shape[1])
        for top in range(0, len(picture), height):
            some = slice(top, top + height)
            # OpenCV's word for five bits of each channel, the first lowest, as `_cells` has them.
            cells = cv2.cvtColor(picture[some], cv2.COLOR_BGR2BGR555).view(np.uint16)[..., 0]
            rows[some] = _look_up(self._cells, cells)
            np.not_equal(cv2.LUT(rows[some], self._codes), _codes(picture[some]), out=moved[some])
        return rows, moved

    def _decide(self, picture: Photo, rows: Numbers, moved: Marks, unsure: Places) -> _Blends:
        """Fill in the `unsure` rows, and whether they are `moved`; which of them are blended."""
        nearest, distance = self._nearest(picture, unsure)
        moved.ravel()[unsure] = distance > 0
        near = distance <= self.limit
        rows.ravel()[unsure[near]] = nearest[near]
        places, nearest = unsure[~near], nearest[~near]
        lonely, around = np.ones(len(places), dtype=bool), Around(rows, places)
        if len(places) <= _MOST_BLENDED * rows.size:
            for reach in (NEAR, FAR):
                left = np.flatnonzero(lonely)
                nearest[left], lonely[left] = self._blends(picture, around, left, nearest[left], reach)
        rows.ravel()[places] = nearest
        return _Blends(places, lonely, in_blocks(picture, around) | in_areas(picture, around))

    def _nearest(self, picture: Photo, places: Places, among: Marks | None = None) -> tuple[Numbers, NDArray[np.int32]]:
        """The nearest row for each place, and its squared distance; `among` says which rows there are, (n, places)."""
        nearest, distances = np.empty(len(places), dtype=np.uint8), np.empty(len(places), dtype=np.int32)
        values, (factors, own) = picture.ravel(), self._keys
        for some in chunks(len(places), max(1, _CHUNK // len(own))):
            # No matrix product: it is too small for the threads that numpy's library would start for it.
            channels = np.take(values, 3 * places[some] + _CHANNELS).astype(np.int32)
            keys = factors[0] * channels[0]
            for channel in (1, 2):
                keys += factors[channel] * channels[channel]
            keys += own
            if among is not None:
                np.copyto(keys, _NONE, where=~among[:, some])
            least = keys.min(axis=0)
            nearest[some] = least & 255
            distances[some] = (least >> 8) + np.square(channels, out=channels).sum(axis=0, dtype=np.int32)
        return nearest, distances

    def _blends(
        self, picture: Photo, around: Around, which: Places, otherwise: Numbers, reach: int
    ) -> tuple[Numbers, Marks]:
        """For each place the nearest of the rows found up to `reach` from it, and whether there are none."""
        chosen, none = otherwise.copy(), np.ones(len(which), dtype=bool)
        for some in chunks(len(which), _AT_ONCE // (2 * reach + 1) ** 2):
            seen = around.rows(which[some], reach)
            among = np.stack([(seen == row).any(axis=0) for row in range(len(self.colors))])
            none[some] = ~among.any(axis=0)
            nearest, _ = self._nearest(picture, around.places[which[some]], among)
            np.copyto(chosen[some], nearest, where=~none[some])
        return chosen, none


def _look_up(table: Numbers, cells: NDArray[np.uint16]) -> Numbers:
    """What a table of 65,536 has for each cell."""
    try:
        return np.asarray(cv2.LUT(cells, table), dtype=np.uint8)
    except cv2.error:  # before 4.13 OpenCV had no tables of this size; numpy takes three times as long
        return np.take(table, cells)


def _keys(colors: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Factors of red, green and blue, (3, n, 1), and constants (n, 1), to sum up to 256 (d^2 - r^2 - g^2 - b^2) + row.

    The least such sum is that of the nearest row, of the first one of several, and it is exact in 32 bits.
    """
    parts = colors.astype(np.int32)
    own = 256 * np.square(parts).sum(axis=1, dtype=np.int32) + np.arange(len(parts), dtype=np.int32)
    return np.ascontiguousarray(-512 * parts.T[..., None]), own[:, None]


def _codes(picture: NDArray[np.uint8]) -> Codes:
    """One number a pixel, (height, width)."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA).view(np.int32)[..., 0]


def _cells(colors: NDArray[np.uint8], limit: float) -> Numbers:
    """For each cell of 8x8x8 colours the row of the table that is nearest and within the limit for all of them.

    The colours nearest to one row are a convex set, and so are those within a distance of it: what holds for the eight
    corners of a cell holds for the whole cell. The others are unsure.
    """
    starts = np.arange(0, 256, _STEP)
    side = np.stack([starts, starts + _STEP - 1], axis=1).ravel()  # both ends of each cell
    nearest = np.zeros((len(side),) * 3, dtype=np.uint8)
    least = np.full(nearest.shape, np.iinfo(np.int32).max, dtype=np.int32)
    for row, color in enumerate(colors.astype(np.int32)):
        red, green, blue = ((side.astype(np.int32) - part) ** 2 for part in color)
        distance = blue[:, None, None] + green[None, :, None] + red[None, None, :]
        better = distance < least
        nearest[better], least[better] = row, distance[better]
    count = len(starts)
    corners = nearest.reshape(count, 2, count, 2, count, 2).transpose(0, 2, 4, 1, 3, 5).reshape(count**3, 8)
    worst = least.reshape(count, 2, count, 2, count, 2).max(axis=(1, 3, 5)).reshape(count**3)
    sure = (corners == corners[:, :1]).all(axis=1) & (worst <= limit)
    table = np.full(1 << 16, UNSURE, dtype=np.uint8)  # the highest bit is never set
    table[: count**3][sure] = corners[sure, 0]
    return table
