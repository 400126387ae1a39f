"""Chooses, in a part of a blurred picture, the rows of a table that explain it best: iterated conditional modes.

Nothing here may know a picture's file or size as a whole, or how its blur was found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.blur import BlurWidths, Planes, blur_plane, kernel_energy
from p2p_datatools.contract.pictures.snap_neighbours import Marks, Numbers, Places

_REACH = 2  # pixels: a row is tried where it is so near
_COHERENCE = 8.0  # what a neighbour of another row costs, in units of the squared error over its mean
_DIAGONAL = 0.7  # of that, for a diagonal one: their distance is larger
_LEAST_ERROR = 1.0  # of 255^2: whole numbers are not more exact
_BEST = 1e-6  # rounding
_SPREAD, _LEAST_STEP, _MOST_STEP = 2.0, 2, 5  # pixels that change at once are so many widths of the blur apart
_OFFSETS = [(down, across) for down in (0, 1, 2) for across in (0, 1, 2) if (down, across) != (1, 1)]


class TileLabels:
    """The `rows` (height, width) of a part of a picture, which `sweep` changes where `free`.

    `worn` are the planes of the part, `table` the rows' colours, both as `to_ycc` gives them. The cost of all rows is
    the squared error of their blurred colours, over the blur's mean error, plus that of unlike neighbours
    (Besag 1986, On the statistical analysis of dirty pictures). `gradient` is half of what it falls by for each plane.
    """

    def __init__(self, worn: Planes, rows: Numbers, free: Marks, table: Planes, blur: BlurWidths) -> None:
        self.rows, self._table, self._sigmas = rows, table, blur.sigmas
        errors = (blur.luma_error, blur.chroma_error, blur.chroma_error)
        self._weights = np.array([1 / max(error, _LEAST_ERROR) for error in errors], dtype=np.float32)
        colors = table[rows]
        self._gradient = [
            blur_plane(worn[..., each] - blur_plane(np.ascontiguousarray(colors[..., each]), sigma), sigma)
            * self._weights[each]
            for each, sigma in enumerate(self._sigmas)
        ]
        energy = np.array([kernel_energy(sigma) for sigma in self._sigmas], dtype=np.float32) * self._weights
        self._steps_cost = (np.square(table[:, None] - table[None]) * energy).sum(axis=2)
        self._near = _rows_near(rows, len(table))
        self._groups = _apart(free, min(_MOST_STEP, max(_LEAST_STEP, int(np.ceil(_SPREAD * max(self._sigmas))))))

    def sweep(self) -> int:
        """Give each free pixel the row of least cost, those far from each other at once; how many changed."""
        framed = np.pad(self.rows, 1, mode="edge")
        return sum([self._change(down, across, framed) for down, across in self._groups])

    def _change(self, down: Places, across: Places, framed: Numbers) -> int:
        own, each = self.rows[down, across], np.arange(len(down))
        slope = np.stack([plane[down, across] for plane in self._gradient], axis=1) @ self._table.T
        costs = self._steps_cost[own] - 2 * (slope - slope[each, own][:, None])
        alike = np.zeros(costs.shape, dtype=np.float32)
        for dy, dx in _OFFSETS:
            alike[each, framed[down + dy, across + dx]] += 1 if 1 in (dy, dx) else _DIAGONAL
        costs += _COHERENCE * (alike[each, own][:, None] - alike)
        costs[~self._near[:, down, across].T] = np.inf
        best = costs.argmin(axis=1)
        better = costs[each, best] < -_BEST
        if better.any():
            self._set(down[better], across[better], best[better].astype(np.uint8))
            framed[down[better] + 1, across[better] + 1] = best[better]
        return int(np.count_nonzero(better))

    def _set(self, down: Places, across: Places, rows: Numbers) -> None:
        """Change rows, and the gradient with them."""
        difference = self._table[rows] - self._table[self.rows[down, across]]
        self.rows[down, across] = rows
        for each, sigma in enumerate(self._sigmas):
            plane = np.zeros(self.rows.shape, dtype=np.float32)
            plane[down, across] = difference[:, each]
            self._gradient[each] -= blur_plane(blur_plane(plane, sigma), sigma) * self._weights[each]


def _rows_near(rows: Numbers, count: int) -> Marks:
    """Where each row is within reach, (count, height, width)."""
    near = np.zeros((count, *rows.shape), dtype=bool)
    window = np.ones((2 * _REACH + 1,) * 2, dtype=np.uint8)
    for row in np.unique(rows):
        near[row] = cv2.dilate((rows == row).astype(np.uint8), window) > 0
    return near


def _apart(free: Marks, step: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The free pixels in groups, in which each is `step` pixels from the next."""
    down, across = np.nonzero(free)
    group = (down % step) * step + across % step
    groups = ((down[group == number], across[group == number]) for number in range(step * step))
    return [each for each in groups if len(each[0])]
