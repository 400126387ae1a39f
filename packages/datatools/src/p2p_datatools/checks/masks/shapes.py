"""Looks at the shapes of one mask: islands and pinholes too small to be meant, and parts that touch no whole of theirs.

Nothing here may read a file or compare masks; it is handed class numbers and gives small records.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE
from p2p_datatools.contract.pictures.images import LabelMap

# One position of the 4x4 kernel with which generator and discriminator begin, in a picture of 256x256: a smaller shape
# can hardly be drawn on purpose, or learned.
_SPECK = 16 / 65536
_LEAST_SPECK = 4  # pixels, in pictures so small that the share is hardly a pixel
_ALONE = 0.012  # of the longer side: gaps along a seam between two parts have other gaps as near as that
_SMALL = 256  # pixels of the longer side in which parts and wholes are compared
_GAP = 0.02  # of the longer side: labels leave the seams, roofs and pillars between two parts unlabelled


class SpeckCount(NamedTuple):
    """Shapes of a few pixels of one class inside another: how many, how many `alone`, and the largest of them.

    Those not alone are like gaps that a seam leaves: others are around them. `place` is (x, y), `area` in pixels.
    """

    number: int = 0
    alone: int = 0
    area: int = 0
    place: tuple[int, int] = (0, 0)


class Outside(NamedTuple):
    """A shape of the class `part` that touches none of the class `whole`, the one that is farthest away.

    `gap` is the distance to the nearest whole, or part that touches one, as a share of the longer side; 1 where the
    mask has none. `place` is (x, y) in the shape.
    """

    part: int
    whole: int
    gap: float
    place: tuple[int, int]


def speck_limit(mask: LabelMap) -> int:
    """The pixels up to which a shape is a speck: of a picture of 256x256 a square of four."""
    return max(_LEAST_SPECK, round(_SPECK * mask.size))


def find_specks(mask: LabelMap) -> tuple[SpeckCount, SpeckCount]:
    """Islands, then pinholes, which are those of the background (class 0), up to `speck_limit` pixels.

    One counts where all pixels around its box have one class, so that no thin part and no corner is taken for one.
    """
    found: dict[bool, list[tuple[bool, int, tuple[int, int]]]] = {False: [], True: []}
    for box, alone in _boxes(mask):
        left, top, width, height = box
        inside, around = mask[top : top + height, left : left + width], mask[top - 1, left - 1]
        own = inside[inside != around]
        if len(own) <= speck_limit(mask) and IGNORE not in (int(own[0]), int(around)):
            found[bool(own[0] == 0)].append((alone, len(own), (left, top)))
    return _sum_up(found[False]), _sum_up(found[True])


def _sum_up(found: list[tuple[bool, int, tuple[int, int]]]) -> SpeckCount:
    if not found:
        return SpeckCount()
    _, area, place = max(found)
    return SpeckCount(len(found), sum(alone for alone, _, _ in found), area, place)


def _boxes(mask: LabelMap) -> Iterator[tuple[tuple[int, int, int, int], bool]]:
    """Boxes (left, top, width, height) that one class surrounds, and whether it does so for a while."""
    side = (int(np.ceil(np.sqrt(speck_limit(mask)))) + 2) | 1  # an even square would move what it leaves
    if min(mask.shape) <= side + 2:
        return
    reach, (height, width) = max(3, round(_ALONE * max(mask.shape))), mask.shape
    for left, top, wide, high in _candidates(mask, side):
        if left < 1 or top < 1 or left + wide >= width or top + high >= height:
            continue
        ring = mask[top - 1 : top + high + 1, left - 1 : left + wide + 1]
        if not _has_one_edge(ring):
            continue
        rows = slice(max(0, top - reach), top + high + reach)
        columns = slice(max(0, left - reach), left + wide + reach)
        around = mask[rows, columns] != ring[0, 0]
        yield (left, top, wide, high), int(around.sum()) == int((ring != ring[0, 0]).sum())


def _has_one_edge(box: LabelMap) -> bool:
    """Whether the pixels along the edge of a box all have one value."""
    return all(bool((edge == box[0, 0]).all()) for edge in (box[0], box[-1], box[:, 0], box[:, -1]))


def _candidates(mask: LabelMap, side: int) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of what an opening or a closing by a square of `side` removes: shapes narrower than that, and corners.

    One removes what has a higher number than its surroundings, the other what has a lower one; together they would
    also remove what lies between specks that are near each other.
    """
    square = np.ones((side, side), dtype=np.uint8)
    for kind in (cv2.MORPH_OPEN, cv2.MORPH_CLOSE):
        narrow = (cv2.morphologyEx(mask, kind, square) != mask).astype(np.uint8)
        outlines, _ = cv2.findContours(narrow, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for outline in outlines:
            left, top, wide, high = cv2.boundingRect(outline)
            if wide <= side and high <= side:
                yield left, top, wide, high


def find_outside(mask: LabelMap, inside: Mapping[int, int], present: Collection[int]) -> tuple[Outside, ...]:
    """Parts that touch no whole of theirs; `inside` has the whole of each part, `present` all classes that occur.

    A part touches where a gap of 2% of the longer side separates it, or other parts of the same whole lie between.
    """
    parts = {part: whole for part, whole in inside.items() if part in present}
    if not parts:
        return ()
    factor = max(mask.shape) / _SMALL
    small = mask if factor <= 1 else _shrink(mask, factor)
    found = (_outside_of(small, whole, parts) for whole in sorted(set(parts.values())))
    scale = max(1.0, factor)
    return tuple(
        each._replace(place=(int(each.place[0] * scale), int(each.place[1] * scale))) for some in found for each in some
    )


def _shrink(mask: LabelMap, factor: float) -> LabelMap:
    size = max(1, round(mask.shape[1] / factor)), max(1, round(mask.shape[0] / factor))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _outside_of(mask: LabelMap, whole: int, inside: Mapping[int, int]) -> Iterator[Outside]:
    parts = [part for part, its in inside.items() if its == whole]
    table = np.zeros(256, dtype=np.uint8)
    table[[whole, *parts]] = 1
    gap = 2 * round(_GAP * max(mask.shape) / 2) + 1
    near = cv2.dilate(np.take(table, mask), np.ones((gap, gap), dtype=np.uint8))
    numbers = _number_shapes(near)
    held: NDArray[np.bool_] = np.zeros(65536, dtype=bool)
    held[numbers[mask == whole]] = True
    apart = (np.take(table, mask) > 0) & ~np.take(held, numbers)
    if not apart.any():
        return
    away = _distance(~held[numbers] | (np.take(table, mask) == 0), max(mask.shape))
    for part in parts:
        own = np.where(apart & (mask == part), away, -1)
        place = _farthest_shape(own, speck_limit(mask))
        if place is not None:
            y, x = divmod(place, mask.shape[1])
            yield Outside(part, whole, float(own[y, x]), (x, y))


def _number_shapes(marks: NDArray[Any]) -> NDArray[np.uint16]:
    _, numbers = cv2.connectedComponents(marks.astype(np.uint8), connectivity=8, ltype=cv2.CV_16U)
    return np.asarray(numbers, dtype=np.uint16)


def _distance(free: NDArray[np.bool_], side: int) -> NDArray[np.float32]:
    """How far each pixel is from one that is not free, as a share of `side`; 1 where all are free."""
    if free.all():
        return np.ones(free.shape, dtype=np.float32)
    away = cv2.distanceTransform(free.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return np.minimum(np.asarray(away, dtype=np.float32) / side, 1)


def _farthest_shape(away: NDArray[np.float32], most: int) -> int | None:
    """The place of the nearest pixel of the shape whose nearest pixel is farthest; outside of shapes it is below 0.

    Shapes of at `most` so many pixels are islands and have a finding of their own.
    """
    numbers = _number_shapes(away >= 0)
    places = np.flatnonzero(numbers)
    nearest = np.full(int(numbers.max()) + 1, np.inf, dtype=np.float32)
    np.minimum.at(nearest, numbers.ravel()[places], away.ravel()[places])
    nearest[np.bincount(numbers.ravel()) <= most] = -1
    nearest[0] = -1
    farthest = int(nearest.argmax())
    if nearest[farthest] < 0:
        return None
    return int(places[(numbers.ravel()[places] == farthest) & (away.ravel()[places] == nearest[farthest])][0])
