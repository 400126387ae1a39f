"""Adds up what was measured of pictures, one after the other, and turns the sums into figures.

Nothing here may read a picture; of each it keeps a few numbers: the areas of its classes, and its brightness.
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE, IGNORE_COLOR, IGNORED, Palette, hex_of
from p2p_datatools.contract.pictures.header import Form
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.statistics.measure import ChannelMoments, HalfMeasures, PictureMeasures, brightness_of
from p2p_datatools.statistics.values import (
    Brightness,
    ChannelStatistics,
    ClassStatistics,
    FormStatistics,
    HalfStatistics,
    NamedPicture,
    ShapeCount,
    SizeCount,
    SizeStatistics,
    SplitStatistics,
)

_SHAPES = ("1:3", "1:2", "9:16", "2:3", "3:4", "4:5", "1:1", "5:4", "4:3", "3:2", "16:9", "2:1", "3:1")
_BINS = 16  # of the histogram of brightness
_NAMES = {1: ("grey",), 3: ("red", "green", "blue")}  # of channels, by their number


class _Ends:
    """The pictures with the least and the most of something; of equal ones the first."""

    def __init__(self) -> None:
        self.least, self.most = NamedPicture("", math.inf), NamedPicture("", -math.inf)

    def add(self, name: str, value: float) -> None:
        """Compare with one more."""
        if value < self.least.value:
            self.least = NamedPicture(name, value)
        if value > self.most.value:
            self.most = NamedPicture(name, value)


class HalfRole(NamedTuple):
    """What one half is: its name, its kind, and the palette if it is a mask whose classes are counted."""

    name: str
    kind: str
    palette: Palette | None = None


class SplitTally:
    """The sums of one split."""

    def __init__(self, name: str, roles: Sequence[HalfRole]) -> None:
        self.name, self._pictures = name, 0
        self._halves = [_HalfTally(role) for role in roles]

    def add(self, name: str, measures: PictureMeasures) -> None:
        """Add a picture."""
        self._pictures += 1
        for tally, half in zip(self._halves, measures.halves, strict=True):
            tally.add(name, half, measures.size)

    def figures(self) -> SplitStatistics:
        """What was added, as figures."""
        return SplitStatistics(self.name, self._pictures, tuple(half.figures() for half in self._halves))


class _HalfTally:
    """Areas by class index, one number for each picture that has the class, or the colours of each form."""

    def __init__(self, role: HalfRole) -> None:
        self._role, self._pixels = role, 0
        self._areas: dict[int, array[int]] = defaultdict(lambda: array("I"))
        self._shares: dict[int, array[float]] = defaultdict(lambda: array("f"))
        self._forms: dict[Form, _FormTally] = {}

    def add(self, name: str, half: HalfMeasures, size: Size) -> None:
        pixels = size.width * size.height
        if half.areas is not None:
            self._pixels += pixels
            for index, area in half.areas.items():
                self._areas[index].append(area)
                self._shares[index].append(area / pixels)
        elif half.form is not None and half.moments is not None and half.moments.count:
            self._forms.setdefault(half.form, _FormTally(half.form)).add(name, half.moments, half.gaps)

    def figures(self) -> HalfStatistics:
        forms = sorted(self._forms.values(), key=lambda each: -each.pictures)
        return HalfStatistics(
            self._role.name, self._role.kind, tuple(self._classes()), tuple(each.figures() for each in forms)
        )

    def _classes(self) -> list[ClassStatistics]:
        if self._role.palette is None:
            return []
        rows = [(index, each.name, each.color) for index, each in enumerate(self._role.palette.classes)]
        rows += [(IGNORE, IGNORED, IGNORE_COLOR)] if IGNORE in self._areas else []
        return [self._class(*row) for row in rows]

    def _class(self, index: int, name: str, color: tuple[int, ...]) -> ClassStatistics:
        areas, shares = self._areas.get(index, array("I")), self._shares.get(index, array("f"))
        pixels = int(sum(areas))
        share = pixels / self._pixels if self._pixels else 0.0
        return ClassStatistics(
            name, hex_of(color), pixels, share, len(areas), _quantile(areas, 0.5), _quantile(shares, 0.5)
        )


class _FormTally:
    """The colours of the pictures of one form."""

    def __init__(self, form: Form) -> None:
        self._form, self.pictures, self._gaps = form, 0, 0
        self._moments: ChannelMoments | None = None
        self._means, self._ends = array("d"), _Ends()

    def add(self, name: str, moments: ChannelMoments, gaps: int) -> None:
        brightness = brightness_of(moments)
        self.pictures, self._gaps = self.pictures + 1, self._gaps + gaps
        self._moments = moments if self._moments is None else self._moments.add(moments)
        self._means.append(brightness)
        self._ends.add(name, brightness)

    def figures(self) -> FormStatistics:
        moments = self._moments
        assert moments is not None, "a form is known by its first picture"
        deviations = np.sqrt(moments.squares / moments.count)
        names = _NAMES.get(len(deviations)) or [f"channel {number + 1}" for number in range(len(deviations))]
        rows = zip(names, moments.mean, deviations, moments.least, moments.most, strict=True)
        channels = tuple(ChannelStatistics(name, *map(float, row)) for name, *row in rows)
        return FormStatistics(str(self._form), self.pictures, channels, self._brightness(), self._gaps)

    def _brightness(self) -> Brightness:
        is_plain = self._form.dtype == "uint8"
        start, end = (0.0, 255.0) if is_plain else (self._ends.least.value, self._ends.most.value)
        low, median, high = (_quantile(self._means, share) for share in (0.05, 0.5, 0.95))
        counts = _count_bins(np.frombuffer(self._means), start, end)
        return Brightness(low, median, high, self._ends.least, self._ends.most, start, end, counts)


class SizeTally:
    """The sizes of pictures, and which are at the ends."""

    def __init__(self) -> None:
        self._counts: Counter[Size] = Counter()
        self._areas, self._aspects = _Ends(), _Ends()

    def add(self, name: str, size: Size) -> None:
        """Add a picture."""
        self._counts[size] += 1
        self._areas.add(name, size.width * size.height)
        self._aspects.add(name, size.width / size.height)

    def figures(self) -> SizeStatistics | None:
        """What was added; None for nothing."""
        if not self._counts:
            return None
        shapes: Counter[str] = Counter()
        for size, count in self._counts.items():
            shapes[_shape_of(size)] += count
        return SizeStatistics(
            median=Size(*(_median_side(self._counts, side) for side in (0, 1))),
            counts=tuple(SizeCount(size, count) for size, count in self._counts.most_common()),
            shapes=tuple(ShapeCount(shape, shapes[shape]) for shape in _SHAPES if shapes[shape]),
            smallest=self._areas.least,
            largest=self._areas.most,
            tallest=self._aspects.least,
            widest=self._aspects.most,
        )


def _shape_of(size: Size) -> str:
    aspect = math.log(size.width / size.height)

    def away(shape: str) -> float:
        width, height = map(int, shape.split(":"))
        return abs(aspect - math.log(width / height))

    return min(_SHAPES, key=away)


def _median_side(counts: Counter[Size], side: int) -> int:
    sides, weights = [size[side] for size in counts], list(counts.values())
    order = np.argsort(sides, kind="stable")
    below = np.cumsum(np.asarray(weights)[order])
    return int(sides[order[int(np.searchsorted(below, (below[-1] + 1) // 2))]])


def _count_bins(values: NDArray[np.float64], start: float, end: float) -> tuple[int, ...]:
    """How many values lie in each bin from `start` to `end`, which may be too near for the edges of numpy's bins."""
    shares = (values - start) / (end - start) if end > start else np.full(len(values), 0.5)
    places = np.clip((shares * _BINS).astype(np.intp), 0, _BINS - 1)
    return tuple(int(count) for count in np.bincount(places, minlength=_BINS))


def _quantile(values: "array[int] | array[float]", share: float) -> float:
    return float(np.quantile(np.asarray(values), share)) if values else 0.0
