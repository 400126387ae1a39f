"""Describes the parts of a mask by size, place, shape and brightness, and finds those that look like another class.

Nothing here may read a file; it is handed the pixels of one mask after the other and keeps a few numbers of each.
"""

import functools
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.contract.values import find_distinct, reduce_channels

_Floats = NDArray[np.float32]

_SIDE = 128  # pixels of the longer side, of which a part has at least `_LEAST`
_LEAST = 6
_MOST_PARTS = 8  # of a class in one mask, the largest
_MOST_OF_CLASS = 400  # parts of a class with which others are compared
_NEIGHBOURS, _NEAREST = 5, 0.15  # at least so many, and of all parts of a class: fewer may all be spoilt alike
_FEWEST_MASKS = 10  # with a class, so that it can be said what the class looks like
_MANY_MASKS = 20  # the same, where only one class is there to compare: with 17 two of 24 facades were accused
_SURE = 4.0  # natural logarithm of how much likelier another class must be: for a part, and for two classes together
_MUCH = 0.05  # of a class's pixels
_USUAL = 0.5  # of the masks: whoever lacks a class that fewer have may simply lack it


class Parts(NamedTuple):
    """The parts of a mask: the class of each, its share of the picture, and what it looks like (n, 7)."""

    classes: NDArray[np.uint8]
    shares: _Floats
    looks: _Floats


class PartTable:
    """The parts of many masks, one mask after the other: 33 bytes a part, and 8 a mask."""

    def __init__(self) -> None:
        self._classes, self._shares, self._looks, self._ends = array("B"), array("f"), array("f"), array("q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, parts: Parts) -> None:
        """Append those of the next mask."""
        self._classes.frombytes(parts.classes.tobytes())
        self._shares.frombytes(parts.shares.tobytes())
        self._looks.frombytes(parts.looks.tobytes())
        self._ends.append(len(self._classes))

    def __getitem__(self, mask: int) -> Parts:
        parts, own = self.all, slice(self._ends[mask], self._ends[mask + 1])
        return Parts(parts.classes[own], parts.shares[own], parts.looks[own])

    @property
    def all(self) -> Parts:
        """The parts of all masks, to which none can be added while these are in use."""
        classes = np.frombuffer(self._classes, dtype=np.uint8)
        shares, looks = (np.frombuffer(each, dtype=np.float32) for each in (self._shares, self._looks))
        return Parts(classes, shares, looks.reshape(len(classes), 7))

    @property
    def masks(self) -> NDArray[np.intp]:
        """The number of the mask of each part."""
        ends = np.frombuffer(self._ends, dtype=np.int64)
        return np.repeat(np.arange(len(self)), ends[1:] - ends[:-1])


class ClassConfusion(NamedTuple):
    """The mask number `mask` calls `called` what looks like the class `alike`, for a `share` of its pixels.

    `is_swap` where it also calls `alike` what looks like `called`; else it has nothing that it calls so.
    """

    mask: int
    called: int
    alike: int
    share: float
    is_swap: bool


def describe_parts(mask: LabelMap, photo: Array | None = None) -> Parts:
    """The largest parts of each class but the background: logarithm of the area, place, shape, contact, brightness."""
    small = _shrink(mask)
    shown = None if photo is None else _brightness(photo, small)
    drawn = (small != 0) & (small != IGNORE)
    rows: list[tuple[int, float, Sequence[float]]] = []
    if drawn.any():
        frame = _frame(drawn)
        for number in np.flatnonzero(np.bincount(small[drawn], minlength=256)):
            rows += [(int(number), *each) for each in _parts_of(small, int(number), frame, shown)]
    looks = np.array([row[2] for row in rows], dtype=np.float32).reshape(len(rows), 7)
    classes = np.array([row[0] for row in rows], dtype=np.uint8)
    return Parts(classes, np.array([row[1] for row in rows], dtype=np.float32), looks)


def _shrink(mask: LabelMap) -> LabelMap:
    factor = _SIDE / max(mask.shape)
    size = max(1, round(mask.shape[1] * factor)), max(1, round(mask.shape[0] * factor))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _brightness(photo: Array, small: LabelMap) -> _Floats:
    """How bright each pixel is beside the rest of its photo, in standard deviations."""
    size = (small.shape[1], small.shape[0])
    shrunk = photo if photo.shape[1::-1] == size else cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    grey = shrunk.astype(np.float32)
    if grey.ndim == 3:
        colors = grey[..., :3]
        grey = np.asarray(reduce_channels(np.add, colors) / np.float32(colors.shape[2]), np.float32)
    return np.asarray(np.nan_to_num((grey - grey.mean()) / (grey.std() + 1e-6)), dtype=np.float32)


def _frame(drawn: NDArray[np.bool_]) -> tuple[float, float, float, float, float]:
    """Left, top, width, height and area of all that is drawn."""
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return (
        float(columns[0]),
        float(rows[0]),
        float(columns[-1] - columns[0] + 1),
        float(rows[-1] - rows[0] + 1),
        float(drawn.sum()),
    )


def _parts_of(
    small: LabelMap, number: int, frame: tuple[float, float, float, float, float], shown: _Floats | None
) -> Iterator[tuple[float, Sequence[float]]]:
    own = (small == number).astype(np.uint8)
    _, numbers, boxes, centres = cv2.connectedComponentsWithStats(own, connectivity=8, ltype=cv2.CV_16U)
    areas = boxes[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    left, top, width, height, total = frame
    for part in np.argsort(-areas, kind="stable")[:_MOST_PARTS]:
        area, (x, y, wide, high) = int(areas[part]), (int(each) for each in boxes[part][:4])
        if area < _LEAST:
            break
        box = slice(max(0, y - 1), y + high + 1), slice(max(0, x - 1), x + wide + 1)
        pixels = numbers[box] == part
        ring = (cv2.dilate(pixels.astype(np.uint8), np.ones((3, 3), dtype=np.uint8)) > 0) & ~pixels
        around = small[box][ring]
        yield (
            area / small.size,
            (
                np.log(area / total),
                (centres[part][1] - top) / height * 4,
                abs((centres[part][0] - left) / width - 0.5) * 2,
                np.log(wide / high),
                area / (wide * high) * 2,
                float((around == 0).mean()) * 2 if len(around) else 0.0,
                0.0 if shown is None else float(shown[box][pixels].mean()),
            ),
        )


def find_confusions(masks: PartTable, *, report: Reporter) -> Iterator[ClassConfusion]:
    """Masks in which a class looks like another does in the rest; none where fewer than ten masks have a class."""
    parts, owners = masks.all, masks.masks
    having = {
        number: find_distinct(owners[parts.classes == number]).size
        for number in find_distinct(parts.classes).tolist()
        if 0 < number < IGNORE
    }
    known = {number: _examples(parts, owners, number) for number, count in having.items() if count >= _FEWEST_MASKS}
    usual = {number for number in known if having[number] >= max(_MANY_MASKS, _USUAL * len(masks))}
    with closing(parallel_map(functools.partial(_confusions_of, masks, known, usual), range(len(masks)))) as found:
        for each in report.track(found, "comparing masks", len(masks)):
            yield from each


def _confusions_of(
    masks: PartTable, known: Mapping[int, "_Examples"], usual: Collection[int], place: int
) -> list[ClassConfusion]:
    parts = masks[place]
    likeness = _likeness(place, parts, known)
    swaps = [
        ClassConfusion(place, called, other, each.share, True)
        for (called, other), each in sorted(likeness.items())
        if called < other and (back := likeness.get((other, called))) and each.mean + back.mean > _SURE
    ]
    if swaps:
        return swaps
    return [
        ClassConfusion(place, called, other, each.share, False)
        for (called, other), each in sorted(likeness.items())
        if each.share >= _MUCH and other in usual and other not in parts.classes
    ]


class _Examples(NamedTuple):
    """What parts of a class look like, and the number of the mask of each."""

    looks: _Floats
    masks: NDArray[np.intp]


def _examples(parts: Parts, owners: NDArray[np.intp], number: int) -> _Examples:
    places = np.flatnonzero(parts.classes == number)
    some = places[np.unique(np.linspace(0, len(places) - 1, min(len(places), _MOST_OF_CLASS)).astype(np.intp))]
    return _Examples(parts.looks[some], owners[some])


class _Likeness(NamedTuple):
    """How much likelier a class's parts are another class: the mean logarithm, and the share that is surely so."""

    mean: float
    share: float


def _likeness(place: int, parts: Parts, known: Mapping[int, _Examples]) -> dict[tuple[int, int], _Likeness]:
    """For each class of a mask and each other one."""
    found: dict[tuple[int, int], _Likeness] = {}
    if not len(parts.classes):
        return found
    away = {number: _distances(place, parts.looks, some) for number, some in known.items()}
    for called in sorted(set(parts.classes.tolist()) & away.keys()):
        own = parts.classes == called
        weights = parts.shares[own] / parts.shares[own].sum()
        nearest = np.min([away[number][own] for number in away], axis=0)
        for other in away.keys() - {called}:
            likelier = parts.looks.shape[1] * np.log(away[called][own] / away[other][own])
            surely = (likelier > _SURE) & (away[other][own] == nearest)
            found[called, other] = _Likeness(float(weights @ likelier), float(weights[surely].sum()))
    return found


def _distances(place: int, looks: _Floats, some: _Examples) -> _Floats:
    """How far the k-th nearest example of another mask is: the k-nearest-neighbour density (Loftsgaarden 1965)."""
    kept = some.looks[some.masks != place]
    away = np.sqrt(np.square(looks[:, None] - kept).sum(axis=2))
    rank = min(len(kept), max(_NEIGHBOURS, round(_NEAREST * len(kept)))) - 1
    return np.asarray(np.partition(away, rank, axis=1)[:, rank] + 0.1, dtype=np.float32)
