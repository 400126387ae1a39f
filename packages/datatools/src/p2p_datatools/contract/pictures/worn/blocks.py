"""Paints small blocks of one row into a part of a blurred picture where single pixels do not explain it: thin poles.

Nothing here may change a pixel that is not free, or do what does not lower the cost of `TileLabels`.
"""

import functools
from collections.abc import Iterator

import cv2
import numpy as np

from p2p_datatools.contract.pictures.worn.blur import Planes, kernel
from p2p_datatools.contract.pictures.worn.icm import NEIGHBOURS, TileLabels, least_of
from p2p_datatools.contract.pictures.worn.neighbours import Marks, Numbers, Places

_SHAPES = ((3, 3), (2, 2), (4, 2), (2, 4), (1, 1))  # height, width
_SIDE, _MARGIN = 64, 4  # pixels: of an area that is looked at, and what its blocks may depend on around it
_GAIN = 40.0  # less is not worth the search: the edges of one pixel of another row cost 27
_BEST = -5.0


def paint_blocks(labels: TileLabels, known: Places) -> int:
    """Paint blocks of one of the `known` rows where it lowers the cost; how many pixels changed.

    It is looked for only where the gradient says that a change would gain much, whatever is around.
    """
    changed = 0
    for area in _areas(_promise(labels)):
        for height, width in _SHAPES:
            changed += _paint(labels, area, height, width, known)
    return changed


def _promise(labels: TileLabels) -> Marks:
    """Where a change of one pixel to the best of all colours would lower the squared error enough."""
    gain = sum(np.square(plane) / np.float32(labels.spread(each, 0, 0)) for each, plane in enumerate(labels.gradient))
    return (np.asarray(gain) > _GAIN) & labels.free


def _areas(marks: Marks) -> Iterator[tuple[slice, slice]]:
    """The areas that have some of the marks, with a margin."""
    height, width = marks.shape
    for top in range(0, height, _SIDE):
        for left in range(0, width, _SIDE):
            if marks[top : top + _SIDE, left : left + _SIDE].any():
                yield (
                    slice(max(0, top - _MARGIN), min(height, top + _SIDE + _MARGIN)),
                    slice(max(0, left - _MARGIN), min(width, left + _SIDE + _MARGIN)),
                )


def _paint(labels: TileLabels, area: tuple[slice, slice], height: int, width: int, known: Places) -> int:
    """Paint the best blocks of one shape in an area."""
    cost, best = _block_costs(labels, area, height, width, known)
    allowed = cv2.erode(labels.free[area].astype(np.uint8), np.ones((height, width), np.uint8), anchor=(0, 0))
    allowed[len(allowed) - height + 1 :], allowed[:, allowed.shape[1] - width + 1 :] = 0, 0
    cost = np.where((allowed > 0) & (cost < _BEST), cost, np.float32(0))
    side = 2 * labels.apart + 1 + max(height, width)
    chosen = np.argwhere((cost < 0) & (cost == cv2.erode(cost, np.ones((side, side), dtype=np.uint8))))
    if not len(chosen):
        return 0
    rows = labels.rows[area].copy()
    for down, across in chosen:
        rows[down : down + height, across : across + width] = best[down, across]
    down, across = np.nonzero(rows != labels.rows[area])
    if not len(down):
        return 0
    places = (down + area[0].start) * labels.rows.shape[1] + across + area[1].start
    labels.change(places, rows[down, across])
    return len(places)


def _block_costs(
    labels: TileLabels, area: tuple[slice, slice], height: int, width: int, known: Places
) -> tuple[Planes, Numbers]:
    """By what a block, whose upper left pixel is each of an area, changes the cost in its best row, and that row.

    The change of a block's pixels is taken for that of their mean at each of them; the blur is wider than a block.
    """
    rows, size = labels.rows[area], height * width
    now = [np.ascontiguousarray(colors[rows]) for colors in labels.table]
    slopes = [np.ascontiguousarray(plane[area]) for plane in labels.gradient]
    blurs = zip(labels.blur.sigmas, labels.weights, strict=True)
    shares = [weight * _mean_spread(sigma, labels.blur.boxes, height, width) for sigma, weight in blurs]
    sums = [_box(each, height, width) for each in now]
    product = _box(np.asarray(sum(one * two for one, two in zip(now, slopes, strict=True))), height, width)
    ring, edges = _edge_cost(rows, height, width)
    # share * (size * color - sum)^2 - 2 * (color - now) * slope, summed over channels, for all colours at once
    base = 2 * product + np.float32(labels.coherence) * (np.float32(ring.sum()) - edges)
    base += np.asarray(sum(np.float32(share) * np.square(each) for share, each in zip(shares, sums, strict=True)))
    pulls = [
        np.float32(share * size) * one + _box(two, height, width)
        for share, one, two in zip(shares, sums, slopes, strict=True)
    ]
    colors = labels.table[:, known].T
    own = (np.square(colors) * np.array(shares, dtype=np.float32)).sum(axis=1) * np.float32(size * size)
    costs = (own[:, None] - 2 * (colors @ np.stack(pulls).reshape(len(pulls), -1))).reshape(-1, *rows.shape)
    present = np.bincount(rows.ravel(), minlength=labels.table.shape[1]) > 0
    for number in np.flatnonzero(present[known]):
        alike = (rows == known[number]).astype(np.float32)
        alike = cv2.filter2D(alike, -1, ring, anchor=(1, 1), borderType=cv2.BORDER_REPLICATE)
        costs[number] -= np.float32(labels.coherence) * alike
    best, least = least_of(costs)
    return least + base, known.astype(np.uint8)[best]


def _box(plane: Planes, height: int, width: int) -> Planes:
    """The sums over blocks, at their upper left pixels."""
    summed = cv2.boxFilter(
        plane, cv2.CV_32F, (width, height), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(summed, dtype=np.float32)


@functools.lru_cache(maxsize=64)
def _mean_spread(sigma: float, boxes: bool, height: int, width: int) -> float:
    """How much two pixels of a block share of a blur, in the mean."""
    weights = kernel(sigma, 2, boxes)
    middle = len(weights) // 2
    shares = []
    for side in (height, width):
        apart = [abs(one - two) for one in range(side) for two in range(side)]
        shares.append(sum(float(weights[middle + each]) for each in apart if each <= middle) / len(apart))
    return shares[0] * shares[1]


def _edge_cost(rows: Numbers, height: int, width: int) -> tuple[Planes, Planes]:
    """How a block's edges are weighted at the pixels around it, and what those in and around it cost now."""
    ring, weights = _weigh_edges(height, width)
    edges = np.zeros(rows.shape, dtype=np.float32)
    for (down, across), each in weights.items():
        other = cv2.copyMakeBorder(rows, 0, 1, 1, 1, cv2.BORDER_REPLICATE)
        other = other[down : down + len(rows), 1 + across : 1 + across + rows.shape[1]]
        differs = (other != rows).astype(np.float32)
        edges += cv2.filter2D(differs, -1, each, anchor=(1, 1), borderType=cv2.BORDER_REPLICATE)
    return ring, edges


@functools.lru_cache(maxsize=16)
def _weigh_edges(height: int, width: int) -> tuple[Planes, dict[tuple[int, int], Planes]]:
    """Filters: the neighbours of a block around it, and for each direction the edges that touch it."""
    inside = np.zeros((height + 2, width + 2), dtype=bool)
    inside[1:-1, 1:-1] = True
    ring, weights = np.zeros(inside.shape, dtype=np.float32), dict[tuple[int, int], Planes]()
    for down, across, share in NEIGHBOURS:
        for y, x in np.argwhere(inside):
            if not inside[y + down, x + across]:
                ring[y + down, x + across] += share
        if (down, across) < (0, 1):
            continue  # each edge is counted from one of its ends
        own = weights[down, across] = np.zeros(inside.shape, dtype=np.float32)
        for y, x in np.ndindex(*inside.shape):
            end = y + down, x + across
            if inside[y, x] or (0 <= end[0] <= height + 1 and 0 <= end[1] <= width + 1 and inside[end]):
                own[y, x] = share
    return ring, weights
