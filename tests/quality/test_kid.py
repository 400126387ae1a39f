"""The weighted KID of benchmarks/quality: the estimate of its definition, for sets that a bootstrap has drawn too."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.quality.kid import Kernels
from p2p_gan.evaluation.features.kid import estimate_kid

Draws = NDArray[np.float64]


def draw(seed: int, count: int, shift: float = 0.0) -> Draws:
    return np.random.default_rng(seed).normal(shift, 1.0, (count, 4))


def by_slow_loops(real: Draws, fake: Draws, real_places: list[int], fake_places: list[int]) -> float:
    """Means of the kernel over different pictures of one set, and over all of two, of the pictures at these places."""

    def kernel(x: Draws, y: Draws) -> float:
        return float((sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3)

    def within(features: Draws, places: list[int]) -> float:
        return float(np.mean([kernel(features[i], features[j]) for i, j in product(places, places) if i != j]))

    across = np.mean([kernel(real[i], fake[j]) for i, j in product(real_places, fake_places)])
    return float(within(real, real_places) + within(fake, fake_places) - 2 * across)


def test_kid_is_the_unbiased_estimate_of_its_definition() -> None:
    for count, other in ((2, 2), (6, 6), (7, 4)):
        real, fake = draw(1, count), draw(2, other, 0.5)
        expected = by_slow_loops(real, fake, list(range(count)), list(range(other)))
        assert Kernels(real, fake).kid() == pytest.approx(expected, rel=1e-12)
        assert estimate_kid(real, fake).value == pytest.approx(expected, rel=1e-12)


def test_a_picture_that_a_bootstrap_drew_twice_counts_twice_and_is_not_compared_with_itself() -> None:
    real, fake = draw(1, 5), draw(2, 5, 0.5)
    weights = np.array([[2.0, 0, 1, 1, 1], [0, 0, 3, 2, 0]])
    for each, places in zip(weights, ([0, 0, 2, 3, 4], [2, 2, 2, 3, 3]), strict=True):
        expected = by_slow_loops(real, fake, places, places)
        assert Kernels(real, fake).weigh(each[None], each[None])[0] == pytest.approx(expected, rel=1e-12)


def test_kid_of_pictures_of_one_kind_is_0_on_average_and_grows_with_their_difference() -> None:
    found = [Kernels(draw(2 * seed, 30), draw(2 * seed + 1, 30)).kid() for seed in range(100)]
    assert abs(np.mean(found)) < 3 * np.std(found) / 10
    near, far = (Kernels(draw(1, 30), draw(2, 30, shift)).kid() for shift in (0.5, 1.0))
    assert max(found) < near < far
