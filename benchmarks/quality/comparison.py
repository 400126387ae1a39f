"""The means of arms over seeds, their differences from the first arm, and 95% intervals of both by bootstrap.

Nothing here may know what a score means. Each draw takes pictures and seeds with replacement, the same for all arms.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.quality.kid import Values
from benchmarks.quality.scores import PictureScores

_DRAWS, _SEED = 1000, 0


class Interval(NamedTuple):
    """A value and its 95% interval."""

    value: float
    low: float
    high: float


class Arm(NamedTuple):
    """An arm's scores by seed: the value, and those of all draws of pictures, by name."""

    values: Mapping[int, Mapping[str, float]]
    draws: Mapping[int, Mapping[str, Values]]


def draw_arm(runs: Mapping[int, PictureScores]) -> Arm:
    """The scores of an arm's runs by seed, which all have the same pictures."""
    values, draws = {}, {}
    for seed, scores in runs.items():
        count = len(scores.names)
        values[seed] = {name: float(each[0]) for name, each in scores.weigh(np.ones((1, count))).items()}
        draws[seed] = scores.weigh(_picture_draws(count))
    return Arm(values, draws)


def estimate_score(arm: Arm, name: str, seeds: Sequence[int]) -> Interval:
    """The mean of a score over these seeds."""
    return _interval(_mean(arm, name, seeds), _draw(arm, name, seeds))


def compare_score(arm: Arm, first: Arm, name: str, seeds: Sequence[int]) -> Interval:
    """The difference of a score from that of the first arm, in percent of it, seed by seed and picture by picture."""
    base = _mean(first, name, seeds)
    bases = _draw(first, name, seeds)
    change = 100 * (_mean(arm, name, seeds) - base) / abs(base)
    return _interval(change, 100 * (_draw(arm, name, seeds) - bases) / np.abs(bases))


def _mean(arm: Arm, name: str, seeds: Sequence[int]) -> float:
    return float(np.mean([arm.values[seed][name] for seed in seeds]))


def _draw(arm: Arm, name: str, seeds: Sequence[int]) -> Values:
    """The mean (draws,) over as many seeds drawn with replacement; with one seed, pictures alone are drawn."""
    chosen = np.random.default_rng(_SEED + 1).integers(len(seeds), size=(_DRAWS, len(seeds)))
    values = np.stack([arm.draws[seed][name] for seed in seeds])
    return np.asarray(values[chosen, np.arange(_DRAWS)[:, None]].mean(axis=1))


def _interval(value: float, draws: Values) -> Interval:
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def _picture_draws(count: int) -> Values:
    """How many times each of `count` pictures is drawn, (draws, pictures), always alike."""
    return np.random.default_rng(_SEED).multinomial(count, np.full(count, 1 / count), size=_DRAWS).astype(np.float64)
