"""Chooses, in a part of a blurred picture, the rows of a table that explain it best, by changing one or two pixels.

Nothing here may know a picture's file or size as a whole, or how its blur was found.
"""

from typing import NamedTuple

import cv2
import numpy as np

from p2p_datatools.contract.pictures.worn.blur import BlurWidths, Planes
from p2p_datatools.contract.pictures.worn.neighbours import Marks, Numbers, Places
from p2p_datatools.contract.values import find_distinct

NEIGHBOURS = tuple(
    (down, across, 0.7 if down and across else 1.0)  # the distance to a diagonal one is larger
    for down, across in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
)
"""Of a pixel: how far below and to the right of it, and what part of the coherence it counts."""


_OF_BLUR, _OF_NOISE, _OF_JPEG = 4.0, 8.0, 16.0  # what a neighbour of another row costs, in mean squared errors
_HALVED = 1.6  # times that of luma is the blur of a JPEG's chroma
_LEAST_ERROR = 0.1  # of 255^2: what rounding to whole numbers leaves
_BEST = -1e-3  # a change that lowers the cost by less is rounding
_FAR = np.float32(1e9)  # above every cost
_PAIRS = [(down, across) for down in range(3) for across in range(-2, 3) if (down, across) > (0, 0)]
_SPREAD, _MOST_SPREAD = 1.5, 5  # pixels that change at once are more than so many widths of the blur apart
_REACH = 2  # widths of the blur: what lies farther from a change is not looked at again
_FLIPS, _SWAPS = 12, 40  # sweeps at most
_DONE = 2e-5  # of the pixels: fewer changes end the sweeps
_OFTEN = 4  # a pixel that changed so often is in a circle, and stays
_SQUARE = np.ones((3, 3), dtype=np.uint8)


class _Changes(NamedTuple):
    """For some places their own row, the best other one around, and by what this one changes the cost."""

    places: Places
    own: Numbers
    other: Numbers
    cost: Planes


class TileLabels:
    """The `rows` (height, width) of a part of a picture, which `settle` changes where `free`.

    `worn` are the planes of the part, `table` the rows' colours, both as `to_ycc` gives them. The cost of all rows is
    the squared error of their blurred colours, over the blur's mean error, plus that of unlike neighbours
    (Besag 1986, On the statistical analysis of dirty pictures). `gradient` is half of what it falls by for each plane.
    No pixel gets a row that is `banned` (n,).
    """

    def __init__(
        self, worn: Planes, rows: Numbers, free: Marks, table: Planes, blur: BlurWidths, banned: Marks | None = None
    ) -> None:
        self.rows, self.free, self.table, self.blur = rows, free.copy(), np.ascontiguousarray(table.T), blur
        self.weights = [1 / max(error, _LEAST_ERROR) for error in blur.errors]
        self.gradient = [
            (blur.apply(np.ascontiguousarray(worn[..., each]), each) - blur.apply(self.table[each][rows], each, 2))
            * np.float32(weight)
            for each, weight in enumerate(self.weights)
        ]
        self.coherence = _coherence(blur)
        self.apart = min(_MOST_SPREAD, max(1, int(np.ceil(_SPREAD * max(blur.sigmas)))))
        """How far from each other two changes at once have to be, in pixels."""
        self._banned = banned if banned is not None and banned.any() else None
        self._reach = np.ones((2 * int(np.ceil(_REACH * max(blur.sigmas))) + 3,) * 2, dtype=np.uint8)
        self._active = np.ones(rows.shape, dtype=bool)
        self._often = np.zeros(rows.size, dtype=np.uint8)
        self._numbers = np.full(rows.size, -1, dtype=np.int32)
        self._turns = _turns(*rows.shape)

    def spread(self, channel: int, down: int, across: int) -> float:
        """How much of a change of one pixel another one so far away shares, weighted."""
        weights = self.blur.weights(channel, 2)
        middle = len(weights) // 2
        if max(abs(down), abs(across)) > middle:
            return 0.0
        return float(weights[middle + down] * weights[middle + across]) * self.weights[channel]

    def error(self, worn: Planes) -> float:
        """The squared error of the blurred rows beside the `worn` planes, over its mean."""
        parts = [
            np.ascontiguousarray(worn[..., each]) - self.blur.apply(colors[self.rows], each)
            for each, colors in enumerate(self.table)
        ]
        return float(sum(weight * np.vdot(each, each) for weight, each in zip(self.weights, parts, strict=True)))

    def settle(self) -> int:
        """Change single pixels, and then pairs too, until nothing lowers the cost; how many changed."""
        changed, enough = 0, max(1, int(_DONE * self.rows.size))
        for sweeps, pairs in ((_FLIPS, False), (_SWAPS, True)):
            self._active[:] = True
            for _ in range(sweeps):
                now = self.sweep(pairs=pairs)
                changed += now
                if now < enough:
                    break
        return changed

    def sweep(self, *, pairs: bool = True) -> int:
        """Do the best changes of all around them; how many pixels changed.

        A pair is two pixels near each other: where an edge is a pixel too far at one place and too near beside it,
        either change alone would make things worse.
        """
        edges = cv2.morphologyEx(self.rows, cv2.MORPH_GRADIENT, _SQUARE) > 0
        found = self._flips(np.flatnonzero((edges & self._active & self.free).ravel()))
        self._active[:] = False
        cost, partner = found.cost * self._turns[found.places], np.full(len(found.places), -1)
        if pairs:
            self._pair(found, cost, partner)
        which = self._choose(found.places, cost, partner)
        if not len(which):
            return 0
        places = found.places[which]
        self.change(places, found.other[which])
        self._often[places] += 1
        self.free.ravel()[places[self._often[places] >= _OFTEN]] = False
        return len(places)

    def change(self, places: Places, rows: Numbers) -> None:
        """Set the rows of some places, and the gradient with them."""
        before, marks = self.rows.ravel()[places], np.zeros(self.rows.shape, dtype=np.uint8)
        self.rows.ravel()[places], marks.ravel()[places] = rows, 1
        self._active |= cv2.dilate(marks, self._reach) > 0
        down, across = np.divmod(places, self.rows.shape[1])
        for each, weight in enumerate(self.weights):
            margin = len(self.blur.weights(each, 2)) // 2
            top, left = max(0, down.min() - margin), max(0, across.min() - margin)
            part = slice(top, down.max() + margin + 1), slice(left, across.max() + margin + 1)
            plane = np.zeros(marks[part].shape, dtype=np.float32)
            plane[down - top, across - left] = (self.table[each][rows] - self.table[each][before]) * np.float32(weight)
            self.gradient[each][part] -= self.blur.apply(plane, each, 2)

    def _flips(self, places: Places) -> _Changes:
        """The best row of those beside each place."""
        framed = cv2.copyMakeBorder(self.rows, 1, 1, 1, 1, cv2.BORDER_REPLICATE).ravel()
        width = self.rows.shape[1]
        middles = places + 2 * (places // width) + width + 3
        own = framed[middles]
        around = [framed[middles + (down * (width + 2) + across)] for down, across, _ in NEIGHBOURS]
        other, second = own.copy(), own.copy()
        for row in around:
            third = (row != own) & (row != other) & (other != own) & (second == own)
            np.copyto(second, row, where=third)
            np.copyto(other, row, where=other == own)
        slopes = [plane.ravel()[places] for plane in self.gradient]
        cost = self._cost(own, other, slopes, around)
        two = np.flatnonzero(second != own)
        if len(two):
            rest = self._cost(own[two], second[two], [each[two] for each in slopes], [each[two] for each in around])
            better = rest < cost[two]
            other[two[better]], cost[two[better]] = second[two[better]], rest[better]
        return _Changes(places, own, other, cost)

    def _cost(self, own: Numbers, new: Numbers, slopes: list[Planes], around: list[Numbers]) -> Planes:
        cost = np.zeros(len(own), dtype=np.float32)
        for each, slope in enumerate(slopes):
            step = self.table[each][new] - self.table[each][own]
            cost += (np.float32(self.spread(each, 0, 0)) * step - 2 * slope) * step
        for row, (_, _, share) in zip(around, NEIGHBOURS, strict=True):
            weight = np.float32(self.coherence * share)
            cost += weight * (row == own)
            cost -= weight * (row == new)
        if self._banned is not None:
            cost[self._banned[new]] = _FAR
        cost[new == own] = _FAR
        return cost

    def _pair(self, found: _Changes, cost: Planes, partner: Places) -> None:
        """Lower the `cost` of places that do better with a `partner`, the number of another one near them."""
        places, (height, width) = found.places, self.rows.shape
        self._numbers[places] = np.arange(len(places), dtype=np.int32)
        steps = [colors[found.other] - colors[found.own] for colors in self.table]
        column, line = places % width, places // width
        for down, across in _PAIRS:
            inside = (line + down < height) & (column + across >= 0) & (column + across < width)
            first = np.flatnonzero(inside)
            second = self._numbers[places[first] + (down * width + across)]
            first, second = first[second >= 0], second[second >= 0]
            both = found.cost[first] + found.cost[second]
            for each, step in enumerate(steps):
                both += np.float32(2 * self.spread(each, down, across)) * step[first] * step[second]
            which = np.flatnonzero(both < self.coherence)  # beside each other they may still save an edge
            first, second, both = first[which], second[which], both[which]
            if max(down, abs(across)) == 1:
                both += self._beside(found, first, second) * np.float32(
                    self.coherence * (0.7 if down and across else 1)
                )
            both *= self._turns[places[first]]
            for one, two in ((first, second), (second, first)):
                better = both < cost[one]
                cost[one[better]], partner[one[better]] = both[better], two[better]
        self._numbers[places] = -1

    @staticmethod
    def _beside(found: _Changes, first: Places, second: Places) -> Planes:
        """What an edge between two pixels costs when both change, beside what it costs when each does alone."""
        own, other = found.own, found.other
        edges = (other[first] != other[second]).astype(np.float32)
        edges += own[first] != own[second]
        edges -= other[first] != own[second]
        edges -= own[first] != other[second]
        return np.asarray(edges, dtype=np.float32)

    def _choose(self, places: Places, cost: Planes, partner: Places) -> Places:
        """Which of the places change: those whose change is the best around it and around its partner."""
        good = np.flatnonzero(cost < _BEST)
        plane = np.zeros(self.rows.shape, dtype=np.float32)
        flat, paired = plane.ravel(), good[partner[good] >= 0]
        flat[places[good]] = cost[good]
        np.minimum.at(flat, places[partner[paired]], cost[paired])
        least = cv2.erode(plane, np.ones((2 * self.apart + 1,) * 2, dtype=np.uint8)).ravel()
        good = good[cost[good] == least[places[good]]]
        other = partner[good]
        agreed = (other < 0) | (cost[good] == least[places[other]])
        good, other = good[agreed], other[agreed]
        return find_distinct(np.concatenate([good, other[other >= 0]]))


def _coherence(blur: BlurWidths) -> float:
    """The cost of an unlike neighbour: the more, the more alike errors are around, as those of a JPEG are."""
    if not blur.is_noisy:
        return _OF_BLUR
    return _OF_JPEG if blur.chroma > _HALVED * blur.luma else _OF_NOISE


def _turns(height: int, width: int) -> Planes:
    """Factors of nearly 1, (height * width,), by which of two changes alike one comes first."""
    down, across = np.arange(height)[:, None], np.arange(width)[None]
    return (1 + 1e-5 * ((down * 131 + across * 71) % 97)).astype(np.float32).ravel()


def least_of(distances: Planes) -> tuple[Numbers, Planes]:
    """The number of the least of (n, height, width), the first one of several, and that distance."""
    least, number = distances[0].copy(), np.zeros(distances.shape[1:], dtype=np.uint8)
    for each, distance in enumerate(distances[1:], start=1):
        number[distance < least] = each
        np.minimum(least, distance, out=least)
    return number, least
