"""Brings colours back to those they were meant to be: each pixel of a colour-coded picture to one colour of a table.

Nothing here may know files, classes or palettes; colours are rows of a table, results are their numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.images import Photo

TOLERANCE = 32  # distance in RGB, sqrt(dr^2 + dg^2 + db^2): a flat area of a JPEG is nearer, most blends are farther
MOST_COLORS = 254
NEAR, FAR = 2, 16  # pixels around one that is blended: first its neighbours, then as far as a JPEG's block of colour
_MOST_LONELY = 0.005  # of a picture's pixels; the worst of thirty JPEG facades has 0.0002, a photo nearly all
_MOST_BLENDED = 0.6  # of the pixels of a band: the worst of those facades has 0.36, and then it is no picture of labels
_FLAT = 16  # in each channel; no blend in thirty JPEG facades has 5x5 such pixels, nor with 24
_UNSURE = 255
_BAND = 1 << 19  # pixels
_GROUP = 16  # rows of the table that are looked for at once, a bit each
_CHUNK = 1 << 16  # pixels whose distances to all colours are held at once
_FEW = 1 << 12  # pixels whose far surroundings are held at once
_BITS = 5
_STEP = 1 << (8 - _BITS)

Numbers = NDArray[np.uint8]
Codes = NDArray[np.int32]
Places = NDArray[np.intp]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Snapping:
    """How colours are brought back: how far one may be from a class's, and the picture to draw of where, if any."""

    tolerance: int = TOLERANCE
    picture: Path | None = None


@dataclass(frozen=True, eq=False)
class Snapped:
    """The row of the table for each pixel, where a pixel had another colour than its row's, and where none is near.

    All are (height, width). A `blended` pixel is farther than the tolerance from every colour; so is a `stray` one,
    which is no blend of colours around it either: its row is the nearest all the same.
    """

    rows: Numbers
    moved: Marks
    blended: Marks
    stray: Marks


class Snapper:
    """Finds the nearest colour of a table, uint8 (n, 3) RGB, for every pixel of pictures.

    Within `tolerance` that is all. A pixel farther from every colour is a blend, as edges have in JPEG and in resized
    pictures: it goes to the nearest of the colours found around it, so that the edge between blue and yellow gets no
    line of grey. Blocks of 3x3 such pixels of one colour, or 5x5 of nearly one, are no blends; nor are pixels without
    any known ones near, but for the few that fine patterns leave.
    """

    def __init__(self, colors: NDArray[np.uint8], tolerance: int = TOLERANCE) -> None:
        if not 1 <= len(colors) <= MOST_COLORS:
            raise UsageError(f"a table of {len(colors)} colours: 1 to {MOST_COLORS} can be told apart.")
        if tolerance < 0:
            raise UsageError(f"tolerance {tolerance}: a distance between colours is 0 or more.")
        self.colors = colors
        self._limit = float(tolerance) ** 2
        self._codes = np.zeros(256, dtype=np.int32)
        self._codes[: len(colors)] = _codes(colors[None])[0]
        self._cells = _cells(colors, self._limit)

    def snap(self, picture: Photo) -> Snapped:
        """The rows of a picture (height, width, 3); large ones are done in bands, which bounds the memory."""
        rows = np.empty(picture.shape[:2], dtype=np.uint8)
        moved = np.empty(rows.shape, dtype=bool)
        blended, stray = np.zeros(rows.shape, dtype=bool), np.zeros(rows.shape, dtype=bool)
        lonely = np.zeros(rows.shape, dtype=bool)
        height = max(1, _BAND // picture.shape[1])
        for top in range(0, len(rows), height):
            inner, above = slice(top, top + height), min(top, FAR)
            kept = slice(above, above + height)
            band = picture[top - above : top + height + FAR]
            found, codes, unsure = self._sure(band)
            if len(unsure):
                marks = self._decide(band, codes, found, unsure)
                for whole, part in zip((blended, stray, lonely), marks, strict=True):
                    whole[inner] = part[kept]
            rows[inner] = found[kept]
            np.not_equal(cv2.LUT(found[kept], self._codes), codes[kept], out=moved[inner])
        if np.count_nonzero(lonely) > _MOST_LONELY * rows.size:
            stray |= lonely
        return Snapped(rows, moved, blended, stray)

    def _sure(self, picture: Photo) -> tuple[Numbers, Codes, Places]:
        """The rows where a cell tells them, one number a pixel for its colour, and the places of the others."""
        # OpenCV's word for five bits of each channel, the first lowest, as `_cells` has them.
        cells = cv2.cvtColor(picture, cv2.COLOR_BGR2BGR555).view(np.uint16)[..., 0]
        rows = np.take(self._cells, cells)
        return rows, _codes(picture), np.flatnonzero(rows == _UNSURE)

    def _decide(self, picture: Photo, codes: Codes, rows: Numbers, unsure: Places) -> tuple[Marks, Marks, Marks]:
        """Fill in the `unsure` rows; which pixels are blended, in a block of one strange colour, and lonely."""
        nearest = np.empty(len(unsure), dtype=np.uint8)
        near = np.empty(len(unsure), dtype=bool)
        for some in _chunks(len(unsure)):
            distances = self._distances(picture, unsure[some])
            nearest[some] = distances.argmin(axis=0)
            near[some] = distances.min(axis=0) <= self._limit
        rows.ravel()[unsure[near]] = nearest[near]
        places, nearest = unsure[~near], nearest[~near]
        if len(places) > _MOST_BLENDED * rows.size:
            chosen, alone = nearest, np.ones(len(places), dtype=bool)
        else:
            chosen, alone = self._blends(picture, rows, places)
        rows.ravel()[places] = np.where(alone, nearest, chosen)
        blended, block, lonely = (np.zeros(rows.shape, dtype=bool) for _ in range(3))
        blended.ravel()[places], lonely.ravel()[places] = True, alone
        block.ravel()[places] = _in_blocks(codes, places)
        block |= _in_areas(picture, blended)
        return blended, block, lonely

    def _distances(self, picture: Photo, places: Places) -> NDArray[np.float32]:
        """Squared distances (n, places), less than 2^18 and so exact in float32."""
        # No matrix product: it is too small for the threads that numpy's library would start for it.
        red, green, blue = picture.reshape(-1, 3)[places].T.astype(np.float32)
        distances = np.empty((len(self.colors), len(places)), dtype=np.float32)
        for row, color in enumerate(self.colors.astype(np.float32)):
            distances[row] = (red - color[0]) ** 2 + (green - color[1]) ** 2 + (blue - color[2]) ** 2
        return distances

    def _blends(self, picture: Photo, rows: Numbers, places: Places) -> tuple[Numbers, Marks]:
        """For each place the nearest of the colours around it, and whether there are none."""
        chosen = np.zeros(len(places), dtype=np.uint8)
        lonely = np.ones(len(places), dtype=bool)
        maps = [_around(rows, start) for start in range(0, len(self.colors), _GROUP)] if len(places) else []
        for some in _chunks(len(places)):
            found = [spread.ravel()[places[some]] for spread in maps]
            around = np.stack([found[row // _GROUP] >> row % _GROUP & 1 for row in range(len(self.colors))])
            distances = np.where(around, self._distances(picture, places[some]), np.inf)
            chosen[some], lonely[some] = distances.argmin(axis=0), ~around.any(axis=0)
        left = np.flatnonzero(lonely)
        for start in range(0, len(left), _FEW):
            some_left = left[start : start + _FEW]
            around = self._found_within(rows, places[some_left])
            distances = np.where(around, self._distances(picture, places[some_left]), np.inf)
            chosen[some_left], lonely[some_left] = distances.argmin(axis=0), ~around.any(axis=0)
        return chosen, lonely

    def _found_within(self, rows: Numbers, places: Places) -> Marks:
        """Which rows of the table are found up to FAR from each place, (n, places)."""
        down, across = np.divmod(places, rows.shape[1])
        reach = np.arange(-FAR, FAR + 1)
        ys = np.clip(down[:, None] + reach, 0, rows.shape[0] - 1)
        xs = np.clip(across[:, None] + reach, 0, rows.shape[1] - 1)
        around = rows[ys[:, :, None], xs[:, None, :]].reshape(len(places), -1)
        return np.stack([(around == row).any(axis=1) for row in range(len(self.colors))])


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, count, _CHUNK))


def _around(rows: Numbers, first: int) -> NDArray[np.uint16]:
    """For each pixel, as bits, which of the _GROUP rows from the `first` on are found up to NEAR from it."""
    table = np.zeros(256, dtype=np.uint16)
    table[first : min(first + _GROUP, _UNSURE)] = (1 << np.arange(_GROUP))[: _UNSURE - first]
    bits: NDArray[np.uint16] = np.asarray(cv2.LUT(rows, table), dtype=np.uint16)
    across = bits.copy()
    for shift in range(1, NEAR + 1):
        across[:, shift:] |= bits[:, :-shift]
        across[:, :-shift] |= bits[:, shift:]
    around = across.copy()
    for shift in range(1, NEAR + 1):
        around[shift:] |= across[:-shift]
        around[:-shift] |= across[shift:]
    return around


def _window(radius: int) -> Numbers:
    return np.ones((2 * radius + 1, 2 * radius + 1), dtype=np.uint8)


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
    return np.where(sure, corners[:, 0], _UNSURE).astype(np.uint8)


def _in_blocks(codes: Codes, places: Places) -> Marks:
    """Which `places` lie in a block of 3x3 pixels of one colour."""
    height, width = codes.shape
    down, across = np.divmod(places, width)
    inner = places[(down > 0) & (down < height - 1) & (across > 0) & (across < width - 1)]
    for offset in (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1):
        inner = inner[codes.ravel()[inner] == codes.ravel()[inner + offset]]
    if not len(inner):
        return np.zeros(len(places), dtype=bool)
    middles = np.zeros(codes.shape, dtype=np.uint8)
    middles.ravel()[inner] = 1
    return cv2.dilate(middles, _window(1)).ravel()[places] > 0


def _in_areas(picture: Photo, blended: Marks) -> Marks:
    """Which blended pixels lie in 5x5 such pixels of nearly one colour, as an area has in JPEG and no edge."""
    centres = np.flatnonzero(cv2.erode(blended.view(np.uint8), _window(2)))
    flat = np.zeros(blended.shape, dtype=np.uint8)
    reach = np.arange(-2, 3)
    for start in range(0, len(centres), _CHUNK):
        down, across = np.divmod(centres[start : start + _CHUNK], blended.shape[1])
        ys = np.clip(down[:, None] + reach, 0, blended.shape[0] - 1)
        xs = np.clip(across[:, None] + reach, 0, blended.shape[1] - 1)
        around = picture[ys[:, :, None], xs[:, None, :]].reshape(len(down), -1, 3)
        flat[down, across] = (around.max(axis=1) - around.min(axis=1)).max(axis=1) <= _FLAT
    return (cv2.dilate(flat, _window(2)) > 0) & blended if flat.any() else flat.view(np.bool_)
