"""The parts of generators: borders, doubling, and that determinism has its own way to the same values."""

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from p2p_gan.networks.blocks import ReflectConv, ResizeConv, Style, doubled, reflected, upsampling_layer


@pytest.fixture
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def ramp() -> torch.Tensor:
    return torch.arange(2 * 4 * 5, dtype=torch.float32).reshape(1, 2, 4, 5)


def test_a_border_is_mirrored_outwards_without_repeating_it() -> None:
    assert reflected(ramp(), 2)[0, 0, 2].tolist() == [2, 1, 0, 1, 2, 3, 4, 3, 2]


def test_doubling_gives_every_pixel_four_times() -> None:
    assert doubled(ramp())[0, 0, :2, :4].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]


def test_where_runs_must_repeat_the_same_values_come_by_slices(deterministic: None) -> None:
    exact = reflected(ramp(), 3), doubled(ramp())
    torch.use_deterministic_algorithms(False)
    assert torch.equal(exact[0], reflected(ramp(), 3))
    assert torch.equal(exact[1], doubled(ramp()))


def test_a_flat_picture_stays_flat_at_reflected_borders_and_when_resized() -> None:
    flat = torch.ones(1, 1, 8, 8)
    for layer in (ReflectConv(1, 1, 7, bias=False), ResizeConv(1, 1, bias=False)):
        nn.init.constant_(layer.weight, 1.0)
        assert layer(flat).unique().numel() == 1


def test_transposed_upsampling_of_3_and_of_4_doubles_exactly() -> None:
    for kernel in (3, 4):
        layer = upsampling_layer(2, 3, kernel, style=Style(), bias=False)
        assert isinstance(layer, nn.ConvTranspose2d)
        assert layer.bias is None
        assert layer(torch.zeros(1, 2, 5, 7)).shape == (1, 3, 10, 14)
