"""The kernel distance of two sets of features."""

from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_gan.evaluation.features.kid import estimate_kid, kid_parts

if TYPE_CHECKING:
    from conftest import Refused

Draws = NDArray[np.float64]


def kernel(x: Draws, y: Draws) -> float:
    return float((np.dot(x, y) / len(x) + 1) ** 3)


def by_the_definition(real: Draws, fake: Draws) -> float:
    """The sums over different pictures of one set, and over all of two (Gretton et al. 2012, equation 3)."""
    within = [np.mean([kernel(x, y) for x, y in permutations(each, 2)]) for each in (real, fake)]
    return float(sum(within) - 2 * np.mean([kernel(x, y) for x, y in product(real, fake)]))


def draw(seed: int, count: int, shift: float = 0.0, dimensions: int = 4) -> Draws:
    return np.random.default_rng(seed).normal(shift, 1.0, (count, dimensions))


def test_the_distance_is_that_of_its_definition_for_sets_of_any_sizes() -> None:
    for count, other in ((2, 2), (5, 5), (7, 4)):
        real, fake = draw(1, count), draw(2, other, 0.5)
        found = estimate_kid(real, fake)
        assert found.value == pytest.approx(by_the_definition(real, fake), rel=1e-12)
        assert (found.real, found.fake) == (count, other)


def test_the_standard_deviation_is_the_jackknife_s_without_each_picture_or_each_pair_in_turn() -> None:
    real, fake = draw(1, 6), draw(2, 6, 0.5)

    def variance(without: list[float]) -> float:
        return float((len(without) - 1) / len(without) * ((np.array(without) - np.mean(without)) ** 2).sum())

    apart = variance([by_the_definition(np.delete(real, i, 0), fake) for i in range(6)])
    apart += variance([by_the_definition(real, np.delete(fake, i, 0)) for i in range(6)])
    paired = variance([by_the_definition(np.delete(real, i, 0), np.delete(fake, i, 0)) for i in range(6)])
    assert estimate_kid(real, fake).std == pytest.approx(apart**0.5)
    assert estimate_kid(real, fake, paired=True).std == pytest.approx(paired**0.5)
    assert estimate_kid(real[:2], fake[:2]).std is None


def test_the_distance_of_alike_sets_is_0_on_average_and_scatters_as_it_says() -> None:
    found = [estimate_kid(draw(2 * seed, 30), draw(2 * seed + 1, 30)) for seed in range(300)]
    values = np.array([each.value for each in found])
    assert abs(values.mean()) < 3 * values.std() / 300**0.5
    assert min(values) < 0
    far = [estimate_kid(draw(2 * seed, 30), draw(2 * seed + 1, 30, 1.0)) for seed in range(300)]
    said = np.mean([each.std for each in far if each.std is not None])
    assert said == pytest.approx(np.std([each.value for each in far]), rel=0.15)


def test_large_sets_are_split_and_averaged_always_alike() -> None:
    real, fake = draw(1, 90), draw(2, 90, 0.3)
    whole, split = estimate_kid(real, fake), estimate_kid(real, fake, block=30)
    assert split == estimate_kid(real, fake, block=30)
    assert split.value != whole.value
    assert split.std is not None
    assert split.value == pytest.approx(whole.value, abs=2 * split.std)
    assert whole.std is not None
    assert split.std == pytest.approx(whole.std, rel=0.3)  # as many pictures tell as much
    assert estimate_kid(real, fake[:3], block=30).fake == 3
    parts = kid_parts(real, fake, paired=True, block=30).deviations
    moved = fake.copy()
    moved[7] += 9  # a pair that differs stands out at its own place
    more = kid_parts(real, moved, paired=True, block=30).deviations
    assert parts is not None
    assert more is not None
    assert np.argmax(np.abs(more - parts)) == 7


def test_parts_of_large_sets_are_drawn_whatever_order_the_pictures_have() -> None:
    # Two scenes, first the one and then the other, and in the other set the other way round.
    real, fake = (np.concatenate((draw(seed, 60), draw(seed + 1, 60, 3.0))) for seed in (1, 3))
    assert estimate_kid(real, fake[::-1], block=40).value == pytest.approx(estimate_kid(real, fake).value, abs=20)


def test_features_that_do_not_fit_together_and_too_few_are_refused(refused: "Refused") -> None:
    for other in (draw(2, 5, dimensions=3), draw(2, 5)[0]):
        with refused("other-shape", "features", usage=True):
            estimate_kid(draw(1, 5), other)
    with refused("other-shape", "features", usage=True):
        estimate_kid(draw(1, 5), draw(2, 4), paired=True)
    with refused("too-few-pictures", "features", usage=True):
        estimate_kid(draw(1, 1), draw(2, 5))
