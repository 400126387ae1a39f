"""How much of the detail of pictures is the same in all of them."""

import numpy as np
import pytest

from benchmarks.quality.same_detail import measure_detail


@pytest.mark.parametrize(("same", "share"), [(True, 1.0), (False, 0.0)])
def test_of_noise_that_all_pictures_have_everything_is_the_same_and_of_noise_of_each_nothing(
    same: bool, share: float
) -> None:
    noise = np.random.default_rng(0).random((1 if same else 40, 24, 24, 3))
    pictures = np.broadcast_to(noise, (40, 24, 24, 3))
    assert measure_detail(pictures, np.ones((40, 24, 24), dtype=np.bool_)).same == pytest.approx(share, abs=0.01)


def test_what_is_the_same_in_the_cars_does_not_count() -> None:
    pictures, background = np.random.default_rng(0).random((40, 16, 64, 3)), np.ones((40, 16, 64), dtype=np.bool_)
    pictures[:, :, 32:] = pictures[0, :, 32:]
    background[:, :, 16:] = False
    assert measure_detail(pictures, background).same == pytest.approx(0, abs=0.01)
    assert measure_detail(pictures, np.ones_like(background)).same > 0.4
