"""Traces the regions of a mask along the edges of their pixels: outlines with holes that give every pixel back.

Nothing here may know a file format or the name of a class.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.pictures.index import histogram

Ring = NDArray[np.int64]
"""The corners (n, 2) of a closed outline: x to the right, y down; pixel (0, 0) lies between corners 0 and 1."""


class PixelBox(NamedTuple):
    """Columns and rows of pixels, each from the first to before the last."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, eq=False)
class Patch:
    """Pixels of one class that hang together, also at corners: `outer` runs clockwise around them, `holes` the other
    way.

    All sides run along the edges of pixels, in turn across and down; where two pixels touch at a corner alone, the
    outline passes that corner twice.
    """

    index: int
    outer: Ring
    holes: tuple[Ring, ...]
    area: int
    box: PixelBox
    number: int
    parts: NDArray[np.int32] = field(repr=False)

    def inside(self) -> NDArray[np.bool_]:
        """Which pixels of its box are its own, (height, width)."""
        own = self.parts[self.box.top : self.box.bottom, self.box.left : self.box.right]
        return np.asarray(own == self.number)


class _Runs(NamedTuple):
    """Straight pieces of outlines: the first and the last pixel that each runs along, (n,) rows and columns."""

    first: tuple[NDArray[np.int64], NDArray[np.int64]]
    last: tuple[NDArray[np.int64], NDArray[np.int64]]


def trace(mask: LabelMap, without: Collection[int] = ()) -> list[Patch]:
    """The patches of a mask, by class and then from top to bottom; those of the classes `without` are left out."""
    parts, owners = _label_parts(mask, without)
    if not owners:
        return []
    starts, following, numbers = _link(parts)
    order, ends = _follow(following, len(numbers))
    corners = starts[order]
    rings = np.split(corners, ends[:-1])
    # Twice the area, and negative for a hole: the sum over the sides that run across.
    turned = np.roll(corners, -1, axis=0)
    first = np.concatenate(([0], ends[:-1]))
    turned[ends - 1] = corners[first]
    areas = np.add.reduceat((corners[:, 0] - turned[:, 0]) * corners[:, 1], first)
    of = numbers[order[first]]
    return _patches(rings, areas, of, parts, owners)


def _label_parts(mask: LabelMap, without: Collection[int]) -> tuple[NDArray[np.int32], list[int]]:
    """The number of the part that each pixel belongs to, from 1 up, and the class of each part in their order."""
    parts = np.zeros(mask.shape, dtype=np.int32)
    owners: list[int] = []
    for index in (int(each) for each in np.flatnonzero(histogram(mask)) if each not in without):
        of_class = (mask == index).astype(np.uint8)
        count, labels = cv2.connectedComponents(of_class, connectivity=8, ltype=cv2.CV_32S)
        np.add(labels, len(owners), out=parts, where=of_class.view(np.bool_))
        owners += [index] * (count - 1)
    return parts, owners


def _link(parts: NDArray[np.int32]) -> tuple[Ring, NDArray[np.int64], NDArray[np.int64]]:
    """The corner where each straight piece starts, the piece after it, and the part of those that run east.

    Pieces keep their part to the right: east along its upper edges, south along its right ones, west, north. At the
    end of one the outline turns left if the pixel ahead on the left is of the part, so that corners hold together.
    """
    height, width = parts.shape
    own = np.zeros((height + 2, width + 2), dtype=np.int32)
    own[1:-1, 1:-1] = parts
    east, west = _find_runs(own, -1), _find_runs(own, 1)
    north, south = ((run.first[::-1], run.last[::-1]) for run in (_find_runs(own.T, -1), _find_runs(own.T, 1)))
    # Going west starts at the right end of a piece, going north at the lower one.
    runs = (east, _Runs(*south), _Runs(west.last, west.first), _Runs(north[1], north[0]))
    offsets = np.cumsum([0, *(len(run.first[0]) for run in runs)])
    following = np.empty(offsets[-1], dtype=np.int64)
    starts = np.empty((offsets[-1], 2), dtype=np.int64)
    # Of each direction: the corner of its first pixel where it starts, and the pixel ahead on the left of its last.
    corners, ahead = ((0, 0), (1, 0), (1, 1), (0, 1)), ((1, -1), (1, 1), (-1, 1), (-1, -1))
    for way, run in enumerate(runs):
        span = slice(offsets[way], offsets[way + 1])
        rows, columns = run.first
        starts[span] = np.stack([columns + corners[way][0], rows + corners[way][1]], axis=1)
        rows, columns = run.last
        left = rows + ahead[way][1], columns + ahead[way][0]
        is_left = own[left[0] + 1, left[1] + 1] == own[rows + 1, columns + 1]
        at_left, at_right = (way - 1) % 4, (way + 1) % 4
        after = np.empty(len(rows), dtype=np.int64)
        after[is_left] = offsets[at_left] + _place(runs[at_left], left[0][is_left], left[1][is_left], parts.shape)
        after[~is_left] = offsets[at_right] + _place(runs[at_right], rows[~is_left], columns[~is_left], parts.shape)
        following[span] = after
    return starts, following, np.asarray(parts[east.first], dtype=np.int64)


def _find_runs(own: NDArray[np.int32], beside: int) -> _Runs:
    """The straight pieces along rows, from left to right, where the row `beside` (-1 above, 1 below) is another part.

    `own` has a border of zeros, which belong to no part.
    """
    middle, other = own[1:-1], own[2:] if beside > 0 else own[:-2]
    edge = (middle != other) & (middle > 0)
    # A piece goes on where the next pixel is of the same part and has such an edge, too.
    joined = edge[:, 1:] & edge[:, :-1] & (middle[:, 1:] == middle[:, :-1])
    first, last = edge[:, 1:-1] & ~joined[:, :-1], edge[:, 1:-1] & ~joined[:, 1:]
    rows, columns = np.nonzero(first)
    end_rows, end_columns = np.nonzero(last)
    return _Runs((rows, columns), (end_rows, end_columns))


def _place(
    run: _Runs, rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Which pieces start at these pixels."""
    width = shape[1]
    keys = run.first[0] * width + run.first[1]
    order = np.argsort(keys, kind="stable")
    return np.asarray(order[np.searchsorted(keys, rows * width + columns, sorter=order)], dtype=np.int64)


def _follow(following: NDArray[np.int64], east: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pieces ring by ring, and where each ring ends; every ring has one of the `east` pieces that go east."""
    after, order, ends = following.tolist(), list[int](), list[int]()
    seen = bytearray(len(after))
    for start in range(east):
        at = start
        while not seen[at]:
            seen[at] = 1
            order.append(at)
            at = after[at]
        if not ends or len(order) > ends[-1]:
            ends.append(len(order))
    return np.array(order, dtype=np.int64), np.array(ends, dtype=np.int64)


def _patches(
    rings: Sequence[Ring],
    areas: NDArray[np.int64],
    of: NDArray[np.int64],
    parts: NDArray[np.int32],
    owners: Sequence[int],
) -> list[Patch]:
    outer: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    sums = np.bincount(of, weights=areas, minlength=len(owners) + 1)  # whole numbers, which floats hold exactly
    for ring, area, number in zip(rings, areas.tolist(), of.tolist(), strict=True):
        if area > 0:
            outer[number] = ring
        else:
            holes.setdefault(number, []).append(ring)
    return [
        Patch(
            index=owners[number - 1],
            outer=(ring := outer[number]),
            holes=tuple(holes.get(number, ())),
            area=int(sums[number]),
            box=PixelBox(*ring.min(axis=0).tolist(), *ring.max(axis=0).tolist()),
            number=number,
            parts=parts,
        )
        for number in sorted(outer)
    ]
