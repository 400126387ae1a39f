"""Intervals by Student's t against values worked out by hand."""

import statistics

import numpy as np
import pytest
from scipy.integrate import trapezoid

from p2p_gan.experiments.statistics import beats, best_of, estimate


@pytest.mark.parametrize(
    ("values", "mean", "half_width"),
    [
        ([0.0, 2.0], 1.0, 12.706),  # s = sqrt 2, s / sqrt 2 = 1
        ([1.0, 2.0, 3.0], 2.0, 4.303 / 3**0.5),  # s = 1
        ([1.0, 2.0, 3.0, 4.0, 5.0], 3.0, 2.776 * (2.5 / 5) ** 0.5),  # s squared = 2.5
        ([0.0, 1.0] * 20, 0.5, 2.0227 * (10 / 39 / 40) ** 0.5),  # 39 degrees of freedom, beyond the table
        ([0.25] * 4, 0.25, 0.0),
    ],
)
def test_the_interval_is_student_s(values: list[float], mean: float, half_width: float) -> None:
    found = estimate(values)
    assert found.mean == pytest.approx(mean)
    assert found.half_width == pytest.approx(half_width, rel=1e-3)
    assert found.values == len(values)


@pytest.mark.parametrize("degrees", range(1, 61))
def test_95_of_100_intervals_hold_the_mean_for_every_number_of_seeds(degrees: int) -> None:
    values = [float(value) for value in range(degrees + 1)]
    half_width = estimate(values).half_width
    assert half_width is not None
    t = half_width * len(values) ** 0.5 / statistics.stdev(values)
    # With t = sqrt(degrees) tan(u) the density of Student's t is proportional to cos(u) ** (degrees - 1).
    end = np.arctan(t / degrees**0.5)
    inside, whole = (trapezoid(np.cos(u) ** (degrees - 1), u) for u in np.linspace((0, 0), (end, np.pi / 2), 2001).T)
    assert inside / whole == pytest.approx(0.95, abs=3e-4)


def test_a_single_seed_has_no_interval() -> None:
    assert estimate([0.5]).half_width is None
    assert str(estimate([0.5])) == "0.5000"
    assert str(estimate([0.0, 0.2])) == "0.1000 ± 1.2706"


def test_better_is_what_is_better_seed_by_seed_though_the_seeds_differ_more_than_the_arms() -> None:
    easy, hard = {0: 0.10, 1: 0.50, 2: 0.90}, {0: 0.12, 1: 0.521, 2: 0.919}
    assert beats(hard, easy, more=True)
    assert beats(easy, hard, more=False)
    assert not beats(easy, hard, more=True)


def test_nothing_is_better_where_the_interval_reaches_0_or_there_is_one_seed() -> None:
    assert not beats({0: 0.1, 1: 0.9}, {0: 0.0, 1: 0.5}, more=True)
    assert not beats({0: 0.9}, {0: 0.1}, more=True)
    assert not beats({0: 0.9, 1: 0.9}, {2: 0.1, 3: 0.1}, more=True)  # no seed in common
    assert not beats({0: 0.5, 1: 0.6}, {0: 0.5, 1: 0.6}, more=True)


def test_the_best_beats_every_other_and_there_may_be_none() -> None:
    low, high, high_too = {0: 0.1, 1: 0.11}, {0: 0.8, 1: 0.81}, {0: 0.8, 1: 0.81}
    assert best_of({"low": low, "high": high}, more=True) == "high"
    assert best_of({"low": low, "high": high}, more=False) == "low"
    assert best_of({"low": low, "high": high, "as high": high_too}, more=True) is None
    assert best_of({"alone": low}, more=True) is None
