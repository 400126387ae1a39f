"""Norms: what they take their statistics from, in training and when applied."""

from typing import TYPE_CHECKING

import pytest
import torch

from p2p_gan.networks.base import InferencePass
from p2p_gan.networks.norms import BatchNorm, ClassAdaptiveNorm, InstanceNorm, NoNorm, norm_layer

if TYPE_CHECKING:
    from gan.conftest import RandomInput


@pytest.fixture
def picture(random_input: "RandomInput") -> torch.Tensor:
    return random_input(channels=2, height=8, width=8)


@pytest.mark.parametrize("kind", ["batch", "instance"])
def test_statistics_leave_padding_out(kind: str, picture: torch.Tensor) -> None:
    norm = norm_layer(kind, 2)
    padded = torch.nn.functional.pad(picture, (0, 8, 0, 8), value=100.0)
    inside = norm(padded, InferencePass("picture", (0.5, 0.5)))[:, :, :8, :8]
    torch.testing.assert_close(inside, norm(picture, InferencePass("picture")), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["batch", "instance"])
def test_padding_is_left_out_along_each_side_by_its_own_share(kind: str, picture: torch.Tensor) -> None:
    # 0.88 of nine rows are 7.92, the eight that are picture, whose variance is so little that epsilon counts.
    norm, picture = norm_layer(kind, 2), picture * 0.003
    padded = torch.nn.functional.pad(picture, (0, 8, 0, 1), value=100.0)
    inside = norm(padded, InferencePass("picture", (0.88, 0.5)))[:, :, :8, :8]
    torch.testing.assert_close(inside, norm(picture, InferencePass("picture")), atol=1e-5, rtol=1e-4)


def test_a_picture_that_is_less_than_half_a_pixel_of_a_coarse_map_is_its_first_one(picture: torch.Tensor) -> None:
    normed = InstanceNorm()(picture, InferencePass("picture", (0.05, 0.05)))
    assert normed[0, :, 0, 0].tolist() == [0, 0]
    assert normed.isfinite().all()


def test_scale_and_shift_reach_a_padded_picture_too(picture: torch.Tensor) -> None:
    norm = BatchNorm(2)
    torch.nn.init.constant_(norm.weight, 3.0)
    torch.nn.init.constant_(norm.bias, -1.0)
    padded = torch.nn.functional.pad(picture, (0, 8, 0, 8), value=100.0)
    inside = norm(padded, InferencePass("picture", (0.5, 0.5)))[:, :, :8, :8]
    torch.testing.assert_close(inside, norm(picture, InferencePass("picture")), atol=1e-5, rtol=1e-4)


def test_running_statistics_are_gathered_in_training() -> None:
    norm = BatchNorm(1)
    for _ in range(200):
        norm(torch.full((2, 1, 4, 4), 3.0) + torch.tensor([-1.0, 1.0])[:, None, None, None])
    assert norm.running_mean.item() == pytest.approx(3.0, abs=1e-3)
    normed = norm(torch.full((1, 1, 2, 2), 3.0), InferencePass("running"))
    assert normed.abs().max().item() < 1e-2


def test_a_pass_of_training_moves_the_running_statistics_a_tenth_of_the_way_to_those_of_a_sample() -> None:
    # Ioffe and Szegedy 2015, algorithm 2: the variance of 1, 2, 3, 6 as a sample of all pictures is 14 / 3.
    norm = BatchNorm(1)
    norm(torch.tensor([1.0, 2.0, 3.0, 6.0]).view(2, 1, 1, 2))
    assert norm.running_mean.item() == pytest.approx(0.1 * 3)
    assert norm.running_var.item() == pytest.approx(0.9 * 1 + 0.1 * 14 / 3)


def test_instance_norm_sees_each_picture_by_itself_even_in_training_and_keeps_nothing(picture: torch.Tensor) -> None:
    norm = InstanceNorm()
    bright = torch.cat((picture, picture * 5 + 100))
    normed = norm(bright)
    torch.testing.assert_close(normed[0], normed[1], atol=1e-3, rtol=1e-3)
    assert torch.equal(normed, norm(bright, InferencePass("running")))
    assert norm.state_dict() == {}


def test_a_norm_of_classes_scales_and_shifts_each_pixel_by_its_class(picture: torch.Tensor) -> None:
    # Tan et al. 2021, eq. 3: gamma_c (x - mu) / sigma + beta_c, c the class of the pixel; here gamma_c is that of the
    # norm times (1 + scale_c), beta_c that of the norm times the same, plus shift_c.
    torch.manual_seed(0)
    norm, by_class = BatchNorm(2), ClassAdaptiveNorm(3, 2)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    classes = torch.randint(-1, 3, (1, 8, 8))
    one_hot = (classes[:, None] == torch.arange(3)[:, None, None]).float()
    found = by_class(norm(picture, InferencePass()), one_hot)
    plain = (picture - picture.mean((2, 3), keepdim=True)) / (
        picture.var((2, 3), False, keepdim=True) + norm.eps
    ).sqrt()
    for row in range(8):
        for column in range(8):
            own = int(classes[0, row, column])
            scale = 0 if own < 0 else by_class.scale.weight[:, own, 0, 0]
            shift = 0 if own < 0 else by_class.shift.weight[:, own, 0, 0]
            gamma, beta = norm.weight * (1 + scale), norm.bias * (1 + scale) + shift
            torch.testing.assert_close(found[0, :, row, column], gamma * plain[0, :, row, column] + beta)


def test_no_norm_changes_nothing(picture: torch.Tensor) -> None:
    assert isinstance(norm_layer("none", 2), NoNorm)
    assert torch.equal(norm_layer("none", 2)(picture, InferencePass()), picture)


@pytest.mark.parametrize("kind", ["batch", "instance"])
@pytest.mark.parametrize("valid", [(1.0, 1.0), (0.5, 0.5)])
def test_what_is_constant_but_for_rounding_is_normalised_to_0(kind: str, valid: tuple[float, float]) -> None:
    # Divided by the root of epsilon, rounding would grow in each layer, and a blank picture would become its noise.
    noise = torch.randn((1, 2, 8, 8), generator=torch.Generator().manual_seed(0))
    rounded = torch.tensor([40.0, 0.001])[:, None, None] + noise * torch.tensor([4e-6, 1e-7])[:, None, None]
    norm = norm_layer(kind, 2)
    assert norm(rounded, InferencePass("picture", valid)).abs().max() == 0
    beside = torch.cat((rounded[:, :1], noise[:, 1:]), dim=1)  # a channel that varies
    assert norm(beside, InferencePass("picture", valid))[:, 0].abs().max() == 0
    little = torch.tensor([40.0, 0.001])[:, None, None] + noise * 0.01
    assert norm(little, InferencePass("picture", valid)).std() > 0.5


def test_one_pixel_makes_a_channel_vary_wherever_it_is() -> None:
    whole = torch.zeros((1, 4, 37, 41))
    for channel, (row, column) in enumerate([(0, 0), (1, 1), (36, 40), (17, 5)]):
        whole[0, channel, row, column] = 1
    found = norm_layer("instance", 4)(whole, InferencePass())
    torch.testing.assert_close(found, torch.nn.functional.instance_norm(whole))
