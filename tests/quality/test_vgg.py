"""The VGG16 of benchmarks/quality: what the wheel holds, and whether its features tell real from spoilt pictures."""

from importlib import metadata
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from benchmarks.quality.kid import Kernels
from benchmarks.quality.vgg import WHEEL, Vgg16, load_vgg16


@pytest.fixture(scope="module")
def eyes(request: pytest.FixtureRequest) -> Vgg16:
    if request.config.getoption("--fast"):
        pytest.skip("reads 59 MB")
    try:
        metadata.distribution(WHEEL)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{WHEEL} is not installed")
    pytest.importorskip("h5py")
    return load_vgg16()


def draw(seed: int, count: int) -> NDArray[np.uint8]:
    """Photos of a few soft discs of plain colours."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:32, :48]
    found = np.empty((count, 32, 48, 3), np.float64)
    for photo in found:
        photo[:] = rng.uniform(60, 200, 3)
        for _ in range(4):
            row, column, radius = rng.uniform(0, 32), rng.uniform(0, 48), rng.uniform(4, 12)
            photo[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = rng.uniform(0, 255, 3)
    return found.astype(np.uint8)


def test_each_block_halves_the_picture_and_has_the_channels_of_vgg16(eyes: Vgg16) -> None:
    shapes = [tuple(each.shape[1:]) for each in eyes.blocks(draw(0, 1))]
    assert shapes == [(64, 32, 48), (128, 16, 24), (256, 8, 12), (512, 4, 6), (512, 2, 3)]


@pytest.mark.parametrize(
    ("blurs", "deviations"), [((7,), (48,)), pytest.param((5, 7), (16, 48), marks=pytest.mark.long)]
)
def test_features_of_two_halves_are_near_and_blur_and_noise_move_them_away_the_more_the_stronger(
    blurs: tuple[int, ...], deviations: tuple[float, ...], eyes: Vgg16
) -> None:
    photos = draw(1, 64)
    real, other = eyes.features(photos[:32]), photos[32:]

    def kid(fakes: NDArray[np.uint8]) -> float:
        return Kernels(real.astype(np.float64), eyes.features(fakes).astype(np.float64)).kid()

    def blur(side: int) -> NDArray[np.uint8]:
        values = torch.from_numpy(other).permute(0, 3, 1, 2).float()
        blurred = F.avg_pool2d(values, side, 1, side // 2, count_include_pad=False)
        return blurred.permute(0, 2, 3, 1).numpy().astype(np.uint8)

    def roughen(deviation: float) -> NDArray[np.uint8]:
        noise = np.random.default_rng(0).normal(0, deviation, other.shape)
        return np.clip(other + noise, 0, 255).astype(np.uint8)

    alike = abs(kid(other))
    assert alike < 0.02
    for spoilt in ([*map(blur, blurs)], [*map(roughen, deviations)]):
        assert all(near < far for near, far in pairwise([2 * alike, *map(kid, spoilt)]))
