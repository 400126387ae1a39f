"""Brings colours back to those they were meant to be: each pixel of a colour-coded picture to one colour of a table.

Nothing here may know files, classes or palettes; colours are rows of a table, results are their numbers.
"""

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
_UNSURE = 255
_CHUNK = 4096  # pixels whose surroundings are held at once
_BITS = 5
_STEP = 1 << (8 - _BITS)

Numbers = NDArray[np.uint8]
Codes = NDArray[np.int32]
Places = NDArray[np.intp]


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
    moved: NDArray[np.bool_]
    blended: NDArray[np.bool_]
    stray: NDArray[np.bool_]


class Snapper:
    """Finds the nearest colour of a table, uint8 (n, 3) RGB, for every pixel of pictures.

    Within `tolerance` that is all. A pixel farther from every colour is a blend, as edges have in JPEG and in resized
    pictures: it goes to the nearest of the colours found around it, so that the edge between blue and yellow gets no
    line of grey. A block of 3x3 pixels of one such colour is no blend, nor are pixels without any known ones near, but
    for the few that fine patterns leave.
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
        """The rows of a picture (height, width, 3)."""
        # OpenCV's word for five bits of each channel, the first lowest, as `_cells` has them.
        cells = cv2.cvtColor(picture, cv2.COLOR_BGR2BGR555).view(np.uint16)[..., 0]
        rows = np.take(self._cells, cells)
        codes = _codes(picture)
        blended, stray = np.zeros((2, *rows.shape), dtype=bool)
        unsure = np.flatnonzero(rows == _UNSURE)
        if len(unsure):
            places, strange = self._decide(picture, codes, rows, unsure)
            blended.ravel()[places], stray.ravel()[places] = True, strange
        return Snapped(rows, cv2.LUT(rows, self._codes) != codes, blended, stray)

    def _decide(self, picture: Photo, codes: Codes, rows: Numbers, unsure: Places) -> tuple[Places, NDArray[np.bool_]]:
        """Fill in the `unsure` rows; the places of those that no colour is near to, and which of these are stray."""
        distances = self._distances(picture.reshape(-1, 3)[unsure])
        nearest = distances.argmin(axis=0)
        near = distances.min(axis=0) <= self._limit
        rows.ravel()[unsure[near]] = nearest[near]
        places, distances, nearest = unsure[~near], distances[:, ~near], nearest[~near]
        chosen, lonely = self._blends(rows, places, distances)
        rows.ravel()[places] = np.where(lonely, nearest, chosen)
        strange = lonely & (lonely.sum() > _MOST_LONELY * rows.size)
        return places, strange | _in_blocks(codes, places)

    def _distances(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Squared distances (n, pixels), less than 2^18 and so exact in float32."""
        values, colors = pixels.astype(np.float32), self.colors.astype(np.float32)
        squares = np.einsum("ij,ij->i", values, values) + np.einsum("ij,ij->i", colors, colors)[:, None]
        products: NDArray[np.float32] = squares - 2 * (colors @ values.T)
        return products

    def _blends(
        self, rows: Numbers, places: Places, distances: NDArray[np.float32]
    ) -> tuple[Numbers, NDArray[np.bool_]]:
        """For each place the nearest of the colours around it, and whether there are none."""
        chosen = np.zeros(len(places), dtype=np.uint8)
        best = np.full(len(places), np.inf, dtype=np.float32)
        for row, distance in enumerate(distances):
            around = cv2.dilate((rows == row).view(np.uint8), _window(NEAR)).ravel()[places]
            better = (around > 0) & (distance < best)
            chosen[better], best[better] = row, distance[better]
        left = np.flatnonzero(np.isinf(best))
        if len(left) > _CHUNK:  # much of the picture, as in a photo: one pass finds those that have any colour around
            known = cv2.dilate((rows != _UNSURE).view(np.uint8), _window(FAR))
            left = left[known.ravel()[places[left]] > 0]
        for start in range(0, len(left), _CHUNK):
            some = left[start : start + _CHUNK]
            chosen[some], best[some] = self._nearest_within(rows, places[some], distances[:, some])
        return chosen, np.isinf(best)

    def _nearest_within(
        self, rows: Numbers, places: Places, distances: NDArray[np.float32]
    ) -> tuple[Places, NDArray[np.float32]]:
        """The nearest of the colours up to FAR from each place, and its distance, infinite if there are none."""
        down, across = np.divmod(places, rows.shape[1])
        reach = np.arange(-FAR, FAR + 1)
        ys = np.clip(down[:, None] + reach, 0, rows.shape[0] - 1)
        xs = np.clip(across[:, None] + reach, 0, rows.shape[1] - 1)
        around = rows[ys[:, :, None], xs[:, None, :]].reshape(len(places), -1)
        found = np.stack([(around == row).any(axis=1) for row in range(len(self.colors))])
        known = np.where(found, distances, np.inf)
        return known.argmin(axis=0), known.min(axis=0)


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


def _in_blocks(codes: Codes, places: Places) -> NDArray[np.bool_]:
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
