"""Says what the outlines of a COCO annotation are made of, and whether its bbox shows them written the wrong way round.

Nothing here may know pictures or classes; an outline that its own annotation contradicts is never taken in silence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import are_named_points
from p2p_datatools.labels.values import Polygon, Runs

_EXACT = 1.5  # pixels by which a bbox may miss its outline: tools count the last pixel or not, and from 0 or 1
_FARTHEST = 1e9  # a larger number is damage
_APART = 3.0  # pixels by which the other way to read it must miss it
# A box around the centres of pixels is half a pixel off, and one that was cut to whole numbers up to one pixel, on one
# side more than on the other; what moved, moved on both sides alike.
_MOVED = 0.9
_ALIKE = 0.3
_FEW, _SAME = 5, 0.1  # of fewer outlines, chance may move all, so that each must have moved by just as much


class _Extent(NamedTuple):
    """The smallest box around something, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def transpose(self) -> "_Extent":
        """The same with x and y exchanged."""
        return _Extent(self.top, self.left, self.bottom, self.right)

    def miss(self, other: "_Extent") -> float:
        """By how many pixels the farthest of the four sides lies from the other's."""
        return max(abs(one - two) for one, two in zip(self, other, strict=True))

    def offset_from(self, other: "_Extent") -> "_Extent":
        """How far each of its sides lies to the right of the other's, or below."""
        return _Extent(*(one - two for one, two in zip(self, other, strict=True)))

    def is_apart(self, other: "_Extent") -> bool:
        """Whether the two have no point in common."""
        return self.right < other.left or other.right < self.left or self.bottom < other.top or other.bottom < self.top


def parts_of(segmentation: list[Any]) -> list[tuple[str, Any]]:
    """The name in the file and the value of each part of a segmentation that is a list.

    One polygon may lack the list around it, and be flat, in pairs, or in lists of one pair as OpenCV's contours are; a
    part may also be a mask in runs.
    """
    if are_named_points(segmentation):
        return [("segmentation", segmentation)]
    flat = not any(isinstance(each, list | dict) for each in segmentation)
    if flat or (len(segmentation) > 2 and any(all(map(kind, segmentation)) for kind in (_is_pair, _is_pair_in_list))):
        return [("segmentation[0]", segmentation)]
    return [(f"segmentation[{number}]", each) for number, each in enumerate(segmentation)]


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and not any(isinstance(each, list | dict) for each in value)


def _is_pair_in_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and _is_pair(value[0])


def refuse_run_lengths(name: str, part: Any, size: Size | None, where: str) -> None:
    """Raise P2PError for the lengths of runs in the place of a polygon: painted as its points they are anything."""
    if size is None or not isinstance(part, list) or not all(isinstance(each, int) for each in part):
        return
    # A coordinate so large would lie outside of the picture.
    if sum(part) == size.width * size.height and max(part) > max(size) and min(part) >= 0:
        what = f"{name} has numbers that add up to the pixels of the picture, as the lengths of runs do, and no points"
        to_do = f'Write them as "segmentation": {{"counts": [...], "size": [{size.height}, {size.width}]}}.'
        raise P2PError(where, what, to_do, code="bad-rle")


@dataclass
class BoxRemarks:
    """What the bboxes of all annotations tell of their outlines: the places of runs in rows, and of contradictions."""

    rows: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    moves: list[_Extent] = field(default_factory=list)  # of each annotation's polygons from its bbox

    def settle(
        self, polygons: Sequence[Polygon], masks: Sequence[Runs], bbox: Any, where: str
    ) -> tuple[tuple[Runs, ...], bool]:
        """The masks of an annotation, and whether they are read row by row, which its bbox may tell."""
        boxes = list(_read_boxes(bbox))
        if boxes and masks and all(_are_rows(mask, boxes) for mask in masks):
            self.rows.append(where)
            return tuple(replace(mask, by_column=False) for mask in masks), True
        whole = _extent_of(polygons, masks)
        if whole is None or not boxes:
            return tuple(masks), False
        if not masks:  # which have no corner to count from, so that of a mask and its box it is the box that moved
            self.moves.append(whole.offset_from(min(boxes, key=whole.miss)))
        if against := _contradiction(whole, boxes):
            self.contradictions.append(f"{where} {against}")
        return tuple(masks), False

    def notes(self, where: str) -> Iterator[str]:
        """What was found, in a line each; `where` is the file."""
        if self.rows:
            has = "annotation has its runs" if len(self.rows) == 1 else "annotations have their runs"
            yield (
                f"{where}: {len(self.rows)} {has} row by row, as the bbox tells, where COCO's go column by column, and "
                f"so they are read; the first: {self.rows[0]}."
            )
        if self.contradictions:
            are = "annotation contradicts its" if len(self.contradictions) == 1 else "annotations contradict their"
            yield (
                f"{where}: {len(self.contradictions)} {are} own bbox; the first: {self.contradictions[0]}. Look at "
                "these masks, and correct what is wrong."
            )
        if any(moved := _common_move(self.moves)):
            yield (
                f"{where}: its outlines lie {_name_move(*moved)} than their own bboxes: one of the two is counted from "
                "another corner. Look at some masks on their photos, and where the outlines are wrong, take that off "
                "their coordinates."
            )


def _common_move(moves: Sequence[_Extent]) -> tuple[float, float]:
    """How many pixels the outlines of a file lie to the right of their bboxes, and below; 0 where chance may do it."""
    if not moves:
        return 0.0, 0.0
    sides = np.median(moves, axis=0)
    if len(moves) < _FEW and np.abs(np.asarray(moves) - sides).max() > _SAME:
        return 0.0, 0.0
    left, top, right, bottom = sides.tolist()
    across, down = ((one + two) / 2 if abs(one - two) <= _ALIKE else 0.0 for one, two in ((left, right), (top, bottom)))
    return (across if abs(across) >= _MOVED else 0.0), (down if abs(down) >= _MOVED else 0.0)


def _name_move(across: float, down: float) -> str:
    """Such as '1 px further right and 1 px higher'."""
    told = [(across, "further right" if across > 0 else "further left"), (down, "lower" if down > 0 else "higher")]
    return " and ".join(f"{round(abs(pixels), 1):g} px {side}" for pixels, side in told if pixels)


def _are_rows(mask: Runs, boxes: Sequence[_Extent]) -> bool:
    """Whether runs fit the bbox row by row, and not column by column, as COCO's go.

    In a square picture that is also what a bbox with x and y exchanged does.
    """
    if mask.size.width == mask.size.height:
        return False
    columns, rows = _extent_of_runs(mask, by_column=True), _extent_of_runs(mask, by_column=False)
    return _miss(columns, boxes) > _APART and _miss(rows, boxes) <= _EXACT


def _contradiction(whole: _Extent, boxes: Sequence[_Extent]) -> str:
    """How a bbox contradicts its outlines: they fit with x and y exchanged, or lie elsewhere; empty where it does not.

    It may be the bbox that is wrong.
    """
    if _miss(whole, boxes) > _APART and _miss(whole.transpose(), boxes) <= _EXACT:
        return "fits its bbox only with x and y exchanged"
    if all(whole.is_apart(box) for box in boxes):
        return "lies elsewhere than its bbox"
    return "has its bbox's size, but lies beside it" if all(_is_beside(whole, box) for box in boxes) else ""


def _is_beside(whole: _Extent, box: _Extent) -> bool:
    """Whether an outline is as large as its box and lies so far from it that no rounding explains it."""
    left, top, right, bottom = whole.offset_from(box)
    is_as_large = max(abs(left - right), abs(top - bottom)) <= _EXACT
    return is_as_large and max(map(abs, (left, top, right, bottom))) > _APART


def _extent_of(polygons: Sequence[Polygon], masks: Sequence[Runs]) -> _Extent | None:
    """The box around all outlines of an annotation; None where it has none."""
    extents = [*map(_extent_of_polygon, polygons), *(_extent_of_runs(mask, by_column=True) for mask in masks)]
    if not extents:
        return None
    lefts, tops, rights, bottoms = zip(*extents, strict=True)
    return _Extent(min(lefts), min(tops), max(rights), max(bottoms))


def _miss(extent: _Extent, boxes: Sequence[_Extent]) -> float:
    return min(extent.miss(box) for box in boxes)


def _read_boxes(bbox: Any) -> Iterator[_Extent]:
    """What a bbox may mean: a corner and a size, as in COCO, or two corners; nothing where it tells nothing."""
    if not isinstance(bbox, list) or len(bbox) != 4:
        return
    if not all(isinstance(each, int | float) and abs(each) < _FARTHEST for each in bbox):
        return
    x, y, width, height = bbox
    if min(width, height) <= 0 or max(bbox) <= 1:  # a filler, or shares of the picture
        return
    yield _Extent(x, y, x + width, y + height)
    if width > x and height > y:
        yield _Extent(x, y, width, height)


def _extent_of_polygon(polygon: Polygon) -> _Extent:
    return _Extent(*polygon.outer.min(axis=0).tolist(), *polygon.outer.max(axis=0).tolist())


def _extent_of_runs(mask: Runs, *, by_column: bool) -> _Extent:
    """The box around the pixels of a mask, out of its runs alone."""
    side, ends = (mask.size.height if by_column else mask.size.width), np.cumsum(mask.counts)
    inside = mask.counts[1::2] > 0
    first, last = (ends - mask.counts)[1::2][inside], ends[1::2][inside] - 1
    start, end = first // side, last // side
    wraps = start != end  # such a run touches both ends of its lines
    low, high = np.where(wraps, 0, first % side), np.where(wraps, side - 1, last % side)
    lines, across = (int(start.min()), int(end.max()) + 1), (int(low.min()), int(high.max()) + 1)
    (left, right), (top, bottom) = (lines, across) if by_column else (across, lines)
    return _Extent(left, top, right, bottom)
