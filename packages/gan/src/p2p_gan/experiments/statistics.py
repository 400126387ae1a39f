"""Means over seeds with their 95% confidence intervals, and comparisons based on them.

Nothing here may know what is measured.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# Student's t, two-sided 95%, for 1 to 30 degrees of freedom; beyond, 1.96 + 2.4 / degrees is right to three digits.
_T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
BySeed = Mapping[int, float]


class Estimate(NamedTuple):
    """A mean of `values` values and half the width of its 95% interval, None for a single value."""

    mean: float
    half_width: float | None
    values: int

    def __str__(self) -> str:
        if self.half_width is None:
            return f"{self.mean:.4f}"
        return f"{self.mean:.4f} ± {self.half_width:.4f}"


def estimate(values: Sequence[float]) -> Estimate:
    """The mean and its 95% interval by Student's t."""
    count = len(values)
    mean = statistics.fmean(values)
    if count == 1:
        return Estimate(mean, None, 1)
    t = _T95[count - 2] if count - 2 < len(_T95) else 1.96 + 2.4 / (count - 1)
    return Estimate(mean, t * statistics.stdev(values) / math.sqrt(count), count)


def beats(first: BySeed, second: BySeed, *, more: bool) -> bool:
    """Whether `first` is better: the 95% interval of the differences, seed by seed, excludes 0. False for one seed."""
    seeds = sorted(first.keys() & second.keys())
    if len(seeds) < 2:
        return False
    found = estimate([(first[seed] - second[seed]) * (1 if more else -1) for seed in seeds])
    assert found.half_width is not None, "two values have an interval"
    return found.mean > found.half_width


def best_of(values: Mapping[str, BySeed], *, more: bool) -> str | None:
    """The name with the values that beat all others, or None."""
    for name, own in values.items():
        others = [other for each, other in values.items() if each != name]
        if others and all(beats(own, other, more=more) for other in others):
            return name
    return None
