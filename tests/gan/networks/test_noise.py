"""The noise of the generator's input: a picture has the same noise in all of its parts and in all runtimes."""

import numpy as np
import pytest
import torch

from p2p_gan.networks.noise import NoiseChannels
from p2p_gan.networks.pixel_noise import pixel_noise


def source(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_noise_of_pixels_has_mean_0_and_variance_1_and_no_two_places_belong_together() -> None:
    values = pixel_noise(17, 3, range(200), 300).astype(np.float64)
    assert abs(values.mean()) < 0.01
    assert abs(values.var() - 1) < 0.01
    for other in (
        np.roll(values, 1, axis=2),
        np.roll(values, 1, axis=1),
        np.roll(values, 1, axis=0),
        pixel_noise(18, 3, range(200), 300),
    ):
        assert abs((values * other).mean()) < 0.01


def test_a_part_of_a_picture_has_the_noise_that_it_has_in_the_whole() -> None:
    whole = pixel_noise(5, 2, range(40), 30)
    np.testing.assert_array_equal(pixel_noise(5, 2, range(13, 29), 30), whole[:, 13:29])
    np.testing.assert_array_equal(pixel_noise(5, 2, range(40), 17), whole[:, :, :17])
    (drawn,) = NoiseChannels(3, 2).draw_apart([source()])
    assert torch.equal(drawn.rows(range(8, 20), 16), drawn.rows(range(32), 16)[:, :, 8:20])


def test_one_number_of_a_whole_channel_is_at_every_pixel_and_another_of_a_channel_of_pixels() -> None:
    drawn = NoiseChannels(2, 1).draw(torch.zeros(3, 5, 16, 24))
    assert drawn.shape == (3, 3, 16, 24)
    assert [len(set(drawn[0, channel].flatten().tolist())) > 1 for channel in range(3)] == [False, False, True]
    assert not torch.equal(drawn[0], drawn[1])
    assert abs(float(drawn[:, 2].var()) - 1) < 0.2


@pytest.mark.parametrize("channels", [NoiseChannels(2), NoiseChannels(2, 3)], ids=str)
def test_without_a_source_the_noise_is_0_and_each_source_gives_its_own(channels: NoiseChannels) -> None:
    off, first, again, other = channels.draw_apart([None, source(), source(), source(4)])
    numbers = [each.rows(range(8), 8) for each in (off, first, again, other)]
    assert not numbers[0].any()
    assert torch.equal(numbers[1], numbers[2])
    assert not torch.isclose(numbers[1], numbers[3]).all(dim=(2, 3)).any()


def test_whole_channels_are_those_of_a_model_without_noise_of_pixels() -> None:
    old, new = (NoiseChannels(4, pixels).draw_apart([source()])[0].whole for pixels in (0, 2))
    assert torch.equal(old, new)
