"""Paints regions: a pixel belongs to a polygon if its centre lies inside, exactly, without any outline.

Nothing here may know files, names of classes or palettes; regions come with the index that they are painted with.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import Points, Polygon, Region, Runs

PaintOrder = Literal["palette", "annotation"]
_THIN = 2.0  # pixels: a slanting stripe less wide may pass between all centres, and nearly none that is wider
_Pixels = TypeVar("_Pixels", NDArray[np.uint8], NDArray[np.bool_])


class _Box(NamedTuple):
    """Rows and columns of pixels, each from the first to before the last."""

    top: int
    bottom: int
    left: int
    right: int

    def within(self, outer: "_Box") -> "_Box":
        """The same pixels, counted from the first ones of `outer`."""
        return _Box(self.top - outer.top, self.bottom - outer.top, self.left - outer.left, self.right - outer.left)


class _Cover(NamedTuple):
    """Which pixels of a box are covered."""

    box: _Box
    inside: NDArray[np.bool_]


class PaintResult(NamedTuple):
    """The class index of each pixel, and how many pixels would have another one in the order of annotation."""

    mask: LabelMap
    reordered: int


def paint_regions(
    regions: Iterable[Region], size: Size, classes: Callable[[str], int | None], order: PaintOrder = "palette"
) -> PaintResult:
    """Paint regions in the order of their class indices, so that a wheel is never hidden by its car.

    A region of the background is a hole in those that it was drawn over, so far as it leaves anything of them. With the
    order `annotation` they are painted as they come, which is how the labelling tool shows them. `classes` gives a
    label's class index, or None for what stays unpainted. What lies outside the picture is cut off; where no region is,
    the index is 0, the background.
    """
    drawn = [(index, region) for region in regions if (index := classes(region.label)) is not None]
    canvas = np.zeros((size.height, size.width), dtype=np.uint8)
    if order == "annotation" or all(one[0] <= other[0] for one, other in pairwise(drawn)):
        for index, region in drawn:
            for box, inside in _covers(region, size):
                np.copyto(_part(canvas, box), index, where=inside)
        return PaintResult(canvas, 0)
    # In the order of class indices the highest one that covers a pixel is on top, whichever comes first. So both orders
    # are painted at once, from one search for the pixels of each region, which takes longest.
    shown = np.zeros_like(canvas)
    covers = _cut(drawn, size) if has_holes(index for index, _ in drawn) else _uncut(drawn, size)
    for index, (box, inside), left in covers:
        np.copyto(_part(shown, box), index, where=inside)
        top = _part(canvas, box)
        np.maximum(top, left.view(np.uint8) * np.uint8(index), out=top)
    return PaintResult(canvas, int(np.count_nonzero(canvas != shown)))


def has_holes(indices: Iterable[int | None]) -> bool:
    """Whether regions of these classes, in the order they were drawn in, have one of the background over another."""
    others = False
    for index in indices:
        if index == 0 and others:
            return True
        others = others or bool(index)
    return False


def _uncut(drawn: Iterable[tuple[int, Region]], size: Size) -> Iterator[tuple[int, _Cover, NDArray[np.bool_]]]:
    """The pixels of each region, shape by shape, all of which it keeps."""
    for index, region in drawn:
        for cover in _covers(region, size):
            yield index, cover, cover.inside


def _cut(drawn: list[tuple[int, Region]], size: Size) -> Iterator[tuple[int, _Cover, NDArray[np.bool_]]]:
    """The pixels of each region, and which of them the regions of the background drawn after it leave."""
    holes = [(place, _cover(region, size)) for place, (index, region) in enumerate(drawn) if index == 0]
    for place, (index, region) in enumerate(drawn):
        cover = _cover(region, size)
        box, inside = cover
        for hole_box, hole in (hole for later, hole in holes if index and later > place):
            common = _Box(
                max(box.top, hole_box.top),
                min(box.bottom, hole_box.bottom),
                max(box.left, hole_box.left),
                min(box.right, hole_box.right),
            )
            if common.top < common.bottom and common.left < common.right:
                left = inside.copy()
                _part(left, common.within(box))[...] &= ~_part(hole, common.within(hole_box))
                # One that hides the whole region is not a hole in it: some tools draw the background last of all.
                inside = left if left.any() else inside
        yield index, cover, inside


def _cover(region: Region, size: Size) -> _Cover:
    """Which pixels a region covers, within the rows and columns where it may have any."""
    covers = list(_covers(region, size))
    if len(covers) == 1:
        return covers[0]
    if not covers:
        return _Cover(_Box(0, 0, 0, 0), np.zeros((0, 0), dtype=bool))
    tops, bottoms, lefts, rights = zip(*(box for box, _ in covers), strict=True)
    whole = _Box(min(tops), max(bottoms), min(lefts), max(rights))
    inside = np.zeros((whole.bottom - whole.top, whole.right - whole.left), dtype=bool)
    for box, own in covers:
        _part(inside, box.within(whole))[...] |= own
    return _Cover(whole, inside)


def _covers(region: Region, size: Size) -> Iterator[_Cover]:
    """Which pixels each polygon and drawn mask of a region covers, without those that lie outside the picture."""
    for polygon in region.polygons:
        if cover := _of_polygon(polygon, size):
            yield cover
    for runs in region.runs:
        if cover := _of_runs(runs, size):
            yield cover


def _of_polygon(polygon: Polygon, size: Size) -> _Cover | None:
    box = _box_of(polygon.outer, size)
    if box.top >= box.bottom or box.left >= box.right:
        return None
    inside = _inside(polygon.outer, box)
    for hole in polygon.holes:
        inside &= ~_inside(hole, box)
    return _Cover(box, inside)


def _of_runs(runs: Runs, size: Size) -> _Cover | None:
    left, top = max(0, runs.left), max(0, runs.top)
    right, bottom = min(size.width, runs.left + runs.size.width), min(size.height, runs.top + runs.size.height)
    if left >= right or top >= bottom:
        return None
    inside = runs.mask()[top - runs.top : bottom - runs.top, left - runs.left : right - runs.left]
    return _Cover(_Box(top, bottom, left, right), inside)


def is_outside(region: Region, size: Size) -> bool:
    """Whether a region lies wholly outside the picture, so that nothing of it can be painted."""
    boxes = [(*polygon.outer.min(axis=0), *polygon.outer.max(axis=0)) for polygon in region.polygons]
    boxes += [(each.left, each.top, each.left + each.size.width, each.top + each.size.height) for each in region.runs]
    return all(
        right <= 0 or bottom <= 0 or left >= size.width or top >= size.height for left, top, right, bottom in boxes
    )


def covers_no_pixel(region: Region, size: Size) -> bool:
    """Whether outlines within the picture are so small or thin that the centre of no pixel lies in one."""
    for polygon in region.polygons:
        ends = polygon.outer.min(axis=0), polygon.outer.max(axis=0)
        if (ends[1] - ends[0]).min() >= _THIN or (ends[1] <= 0).any() or (ends[0] >= size).any():
            return False
    return not region.runs and not any(inside.any() for _, inside in _covers(region, size))


def _part(pixels: _Pixels, box: _Box) -> _Pixels:
    return pixels[box.top : box.bottom, box.left : box.right]


def _box_of(outline: Points, size: Size) -> _Box:
    ends = np.ceil(np.stack([outline.min(axis=0), outline.max(axis=0)]) - 0.5)
    (left, top), (right, bottom) = np.minimum(np.maximum(ends, 0), size).astype(int).tolist()
    return _Box(top, bottom, left, right)


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
    start, end = outline, np.concatenate((outline[1:], outline[:1]))
    # Every edge runs downwards, so that two polygons compute the same crossings for the edge they share.
    turned = (start[:, 1] > end[:, 1])[:, None]
    upper, lower = np.where(turned, end, start), np.where(turned, start, end)
    first = _between(_first_centre(upper[:, 1]), box.top, box.bottom)
    count = _between(_first_centre(lower[:, 1]), box.top, box.bottom) - first
    edge = np.repeat(np.arange(len(outline)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    across, down = (lower - upper)[edge].T
    x = upper[edge, 0] + (row + 0.5 - upper[edge, 1]) * (across / down)
    return row - box.top, _between(_first_centre(x), box.left, box.right) - box.left


def _between(numbers: NDArray[np.int64], least: int, most: int) -> NDArray[np.int64]:
    """The numbers, none below the least and none above the most; numpy's clip takes twice as long for so few."""
    return np.minimum(np.maximum(numbers, least), most)
