"""The scores of benchmarks/quality: added up with weights as `p2p evaluate` adds them up, and compared in pairs."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.quality.comparison import Arm, compare_score, draw_arm, estimate_score
from benchmarks.quality.kid import Kernels
from benchmarks.quality.scores import PictureScores
from p2p_gan.evaluation.mask_agreement import Confusion
from p2p_gan.evaluation.metrics import LabHistograms

CLASSES = "background", "lights"


def photos(seed: int, count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 6, 8, 3), dtype=np.uint8)


def find_lights(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (photo[..., 0] > 127).astype(np.uint8)


def scores_of(fakes: NDArray[np.uint8], reals: NDArray[np.uint8], *, error: float = 0.1) -> PictureScores:
    """Scores of these photos, whose masks are whether red is above 127."""
    count = len(reals)
    confusions, colors = np.zeros((count, 2, 2)), np.zeros((2, 3, count, 221))
    for index, (fake, real) in enumerate(zip(fakes, reals, strict=True)):
        own = Confusion(CLASSES).add(find_lights(real), find_lights(fake))
        confusions[index] = own.counts
        for which, photo in enumerate((fake, real)):
            histograms = LabHistograms()
            histograms.add(photo)
            for channel, counts in enumerate(histograms.counts.values()):
                colors[which, channel, index, : len(counts)] = counts
    features = [each.reshape(count, -1) / 255 for each in (reals, fakes)]
    alike = np.linspace(0.5, 1.5, count)
    return PictureScores(
        names=tuple(map(str, range(count))),
        classes=CLASSES,
        l1=error * alike,
        ssim=alike,
        variety=alike,
        confusions=confusions,
        real_confusions=confusions,
        colors=colors,
        kernels=Kernels(features[0], features[1]),
    )


def test_with_equal_weights_ious_and_colours_are_those_of_an_evaluation() -> None:
    fakes, reals = photos(1, 5), photos(2, 5)
    found = scores_of(fakes, reals).weigh(np.ones((1, 5)))
    confusion, fake_colors, real_colors = Confusion(CLASSES), LabHistograms(), LabHistograms()
    for fake, real in zip(fakes, reals, strict=True):
        confusion.add(find_lights(real), find_lights(fake))
        fake_colors.add(fake)
        real_colors.add(real)
    agreement = confusion.result()
    assert found["mean_iou"][0] == pytest.approx(agreement.mean_iou)
    assert found["lights_iou"][0] == pytest.approx(agreement.classes["lights"].iou)
    assert found["colours"][0] == pytest.approx(np.mean(list(fake_colors.intersection(real_colors).values())))
    assert found["l1"][0] == pytest.approx(0.1)


def test_a_picture_with_the_weight_of_two_counts_as_two_pictures() -> None:
    fakes, reals = photos(1, 4), photos(2, 4)
    weighted = scores_of(fakes, reals).weigh(np.array([[1.0, 2, 0, 1]]))
    places = [0, 1, 1, 3]
    repeated = scores_of(fakes[places], reals[places]).weigh(np.ones((1, 4)))
    for name in ("mean_iou", "lights_iou", "colours"):
        assert weighted[name][0] == pytest.approx(repeated[name][0])


def test_a_difference_that_every_picture_has_is_certain_though_pictures_scatter() -> None:
    reals = photos(2, 20)
    first = draw_arm({0: scores_of(photos(1, 20), reals), 1: scores_of(photos(3, 20), reals)})
    better = draw_arm({0: scores_of(photos(1, 20), reals, error=0.08), 1: scores_of(photos(3, 20), reals, error=0.08)})
    own = estimate_score(first, "l1", [0, 1])
    assert own.low < 0.1 - 0.005
    assert own.value == pytest.approx(0.1)
    assert own.high > 0.1 + 0.005
    found = compare_score(better, first, "l1", [0, 1])
    assert (found.value, found.low, found.high) == pytest.approx((-20, -20, -20))
    same = compare_score(first, first, "kid", [0, 1])
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_several_seeds_widen_an_interval_by_their_own_scatter() -> None:
    draws = {seed: {"l1": np.full(1000, value)} for seed, value in enumerate((0.1, 0.2, 0.3))}
    arm = Arm({seed: {"l1": each["l1"][0]} for seed, each in draws.items()}, draws)
    one, all_of_them = estimate_score(arm, "l1", [1]), estimate_score(arm, "l1", [0, 1, 2])
    assert one.low == one.high == pytest.approx(0.2)
    assert all_of_them.low < 0.15 < all_of_them.value < 0.25 < all_of_them.high
