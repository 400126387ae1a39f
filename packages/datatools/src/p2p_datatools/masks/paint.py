"""Paints regions: a pixel belongs to a polygon if its centre lies inside, exactly, without any outline.

Nothing here may know files, names of classes or palettes; regions come with the index that they are painted with.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import LabelMap, size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import Points, Polygon, Region, Runs

PaintOrder = Literal["palette", "annotation"]


class _Box(NamedTuple):
    """Rows and columns of pixels, each from the first to before the last."""

    top: int
    bottom: int
    left: int
    right: int


def label_map(
    regions: Iterable[Region], size: Size, classes: Callable[[str], int | None], order: PaintOrder = "palette"
) -> LabelMap:
    """Paint regions in the order of their class indices, so that a wheel is never hidden by its car.

    A region of the background is a hole in those that it was drawn over, so far as it leaves anything of them. With the
    order `annotation` they are painted as they come, which is how the labelling tool shows them. `classes` gives a
    label's class index, or None for what stays unpainted. What lies outside the picture is cut off; where no region is,
    the index is 0, the background.
    """
    canvas = np.zeros((size.height, size.width), dtype=np.uint8)
    indexed = [(index, region) for region in regions if (index := classes(region.label)) is not None]
    if order == "palette" and has_holes(index for index, _ in indexed):
        return _with_holes(canvas, indexed)
    if order == "palette":
        indexed.sort(key=lambda pair: pair[0])
    for index, region in indexed:
        _paint(canvas, region, index)
    return canvas


def has_holes(indices: Iterable[int | None]) -> bool:
    """Whether regions of these classes, in the order they were drawn in, have one of the background over another."""
    others = False
    for index in indices:
        if index == 0 and others:
            return True
        others = others or bool(index)
    return False


def _with_holes(canvas: LabelMap, indexed: list[tuple[int, Region]]) -> LabelMap:
    """Paint in the order of class indices, each region without the regions of the background drawn after it."""
    holes = [(place, _cover(region, canvas)) for place, (index, region) in enumerate(indexed) if index == 0]
    for place in sorted(range(len(indexed)), key=lambda place: indexed[place][0]):
        index, region = indexed[place]
        box, inside = _cover(region, canvas)
        for hole_box, hole in (hole for later, hole in holes if index and later > place):
            left = inside.copy()
            top, bottom = max(box.top, hole_box.top), min(box.bottom, hole_box.bottom)
            first, last = max(box.left, hole_box.left), min(box.right, hole_box.right)
            if top < bottom and first < last:
                of_hole = hole[top - hole_box.top : bottom - hole_box.top, first - hole_box.left : last - hole_box.left]
                left[top - box.top : bottom - box.top, first - box.left : last - box.left] &= ~of_hole
            # One that hides the whole region is no hole in it: some tools draw the background last of all.
            inside = left if left.any() else inside
        canvas[box.top : box.bottom, box.left : box.right][inside] = index
    return canvas


def _cover(region: Region, canvas: LabelMap) -> tuple[_Box, NDArray[np.bool_]]:
    """Which pixels a region covers, within the rows and columns where it has any."""
    whole = np.zeros(canvas.shape, dtype=np.uint8)
    _paint(whole, region, 1)
    rows, columns = np.flatnonzero(whole.any(axis=1)), np.flatnonzero(whole.any(axis=0))
    if not len(rows):
        return _Box(0, 0, 0, 0), np.zeros((0, 0), dtype=bool)
    box = _Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    return box, whole[box.top : box.bottom, box.left : box.right] > 0


def _paint(canvas: LabelMap, region: Region, index: int) -> None:
    for polygon in region.polygons:
        fill(canvas, polygon, index)
    for runs in region.runs:
        stamp(canvas, runs, index)


def fill(canvas: LabelMap, polygon: Polygon, index: int) -> None:
    """Set the pixels of `canvas` whose centres lie inside `polygon` and in none of its holes."""
    box = _box_of(polygon.outer, size_of(canvas))
    if box.top >= box.bottom or box.left >= box.right:
        return
    inside = _inside(polygon.outer, box)
    for hole in polygon.holes:
        inside &= ~_inside(hole, box)
    canvas[box.top : box.bottom, box.left : box.right][inside] = index


def stamp(canvas: LabelMap, runs: Runs, index: int) -> None:
    """Set the pixels of `canvas` that a drawn mask covers."""
    size = size_of(canvas)
    left, top = max(0, runs.left), max(0, runs.top)
    right, bottom = min(size.width, runs.left + runs.size.width), min(size.height, runs.top + runs.size.height)
    if left < right and top < bottom:
        inside = runs.mask()[top - runs.top : bottom - runs.top, left - runs.left : right - runs.left]
        canvas[top:bottom, left:right][inside] = index


def is_outside(region: Region, size: Size) -> bool:
    """Whether a region lies wholly outside the picture, so that nothing of it can be painted."""
    boxes = [(*polygon.outer.min(axis=0), *polygon.outer.max(axis=0)) for polygon in region.polygons]
    boxes += [(each.left, each.top, each.left + each.size.width, each.top + each.size.height) for each in region.runs]
    return all(
        right <= 0 or bottom <= 0 or left >= size.width or top >= size.height for left, top, right, bottom in boxes
    )


def _box_of(outline: Points, size: Size) -> _Box:
    low, high = _first_centre(outline.min(axis=0)), _first_centre(outline.max(axis=0))
    limit = np.array(size)
    (left, top), (right, bottom) = np.clip(low, 0, limit), np.clip(high, 0, limit)
    return _Box(int(top), int(bottom), int(left), int(right))


def _first_centre(coordinate: Points) -> NDArray[np.int64]:
    """The first pixel whose centre is at or after a coordinate."""
    return np.ceil(coordinate - 0.5).astype(np.int64)


def _inside(outline: Points, box: _Box) -> NDArray[np.bool_]:
    """Which pixel centres of `box` lie inside `outline`, by the even-odd rule as COCO's own tools have it.

    Along a row of centres each edge that crosses it flips all pixels to its right. A centre right on an edge belongs
    to the polygon that lies right of or below the edge, so that neighbours with a common edge leave no gap.
    """
    rows, columns = _crossings(outline, box)
    flips = np.zeros((box.bottom - box.top, box.right - box.left + 1), dtype=np.uint8)
    np.add.at(flips, (rows, columns), 1)
    return np.bitwise_xor.accumulate(flips[:, :-1] & 1, axis=1).astype(np.bool_)


def _crossings(outline: Points, box: _Box) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where edges cross rows of centres: the row, and the first column at or right of the crossing, within `box`."""
    start, end = outline, np.roll(outline, -1, axis=0)
    # Every edge runs downwards, so that two polygons compute the same crossings for the edge they share.
    turned = (start[:, 1] > end[:, 1])[:, None]
    upper, lower = np.where(turned, end, start), np.where(turned, start, end)
    first = np.clip(_first_centre(upper[:, 1]), box.top, box.bottom)
    count = np.clip(_first_centre(lower[:, 1]), box.top, box.bottom) - first
    edge = np.repeat(np.arange(len(outline)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    across, down = (lower - upper)[edge].T
    x = upper[edge, 0] + (row + 0.5 - upper[edge, 1]) * (across / down)
    column = np.clip(_first_centre(x), box.left, box.right)
    return row - box.top, column - box.left
