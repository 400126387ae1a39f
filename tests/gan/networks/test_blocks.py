"""The parts of generators: borders, doubling, and that determinism has its own way to the same values."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from p2p_gan.networks import blocks
from p2p_gan.networks.base import InferencePass
from p2p_gan.networks.blocks import (
    BilinearConv,
    ReflectConv,
    ResizeConv,
    SpectralConv,
    Style,
    double,
    dropout,
    reflect,
    repeat_edge,
    smooth,
    upsampling_layer,
)
from p2p_gan.networks.discriminators import PatchGAN
from p2p_gan.networks.weights import initialise


@pytest.fixture
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def ramp() -> torch.Tensor:
    return torch.arange(2 * 4 * 5, dtype=torch.float32).reshape(1, 2, 4, 5)


def test_a_border_is_mirrored_outwards_without_repeating_it() -> None:
    assert reflect(ramp(), 2)[0, 0, 2].tolist() == [2, 1, 0, 1, 2, 3, 4, 3, 2]


def test_doubling_gives_every_pixel_four_times() -> None:
    assert double(ramp())[0, 0, :2, :4].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]


def test_where_runs_must_repeat_the_same_values_come_by_slices(deterministic: None) -> None:
    exact = reflect(ramp(), 3), double(ramp())
    edges = repeat_edge(ramp())
    torch.use_deterministic_algorithms(False)
    assert torch.equal(edges, repeat_edge(ramp()))
    assert torch.equal(exact[0], reflect(ramp(), 3))
    assert torch.equal(exact[1], double(ramp()))


def test_a_flat_picture_stays_flat_at_reflected_borders_and_when_resized() -> None:
    flat = torch.ones(1, 1, 8, 8)
    for layer in (ReflectConv(1, 1, 7, bias=False), ResizeConv(1, 1, bias=False)):
        nn.init.constant_(layer.weight, 1.0)
        assert layer(flat).unique().numel() == 1


def resized(layer: ResizeConv, x: torch.Tensor) -> torch.Tensor:
    return F.conv2d(reflect(F.interpolate(x, scale_factor=2, mode="nearest"), 1), layer.weight, layer.bias)


def as_transposed(layer: ResizeConv, x: torch.Tensor) -> torch.Tensor:
    m = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=torch.float64)
    kernel = (m @ layer.weight @ m.t()).transpose(0, 1)
    return F.conv_transpose2d(F.pad(x, (1,) * 4, mode="replicate"), kernel, layer.bias, stride=2, padding=3)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (1, 3, 2, 3), (1, 3, 9, 15), (2, 3, 64, 1), (3, 3, 8, 8)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_resize_convolution_is_a_transposed_one_with_its_weights_summed(shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    for memory_format in (torch.contiguous_format, torch.channels_last):
        layer = ResizeConv(3, 5, bias=bias).double().to(memory_format=memory_format)  # type: ignore[call-overload]
        x = torch.randn(shape, dtype=torch.float64).contiguous(memory_format=memory_format).requires_grad_()
        output = layer(x)
        direction = torch.randn_like(output)
        ours = torch.autograd.grad(output, [x, *layer.parameters()], direction)
        for written in (resized, as_transposed):
            torch.testing.assert_close(output, written(layer, x), atol=1e-12, rtol=0)
            theirs = torch.autograd.grad(written(layer, x), [x, *layer.parameters()], direction)
            for one, other in zip(ours, theirs, strict=True):
                torch.testing.assert_close(one, other, atol=1e-11, rtol=0)


def interpolated(layer: BilinearConv, x: torch.Tensor) -> torch.Tensor:
    edged = F.pad(x, (1,) * 4, mode="replicate")
    doubled = F.interpolate(edged, scale_factor=2, mode="bilinear", align_corners=False)[:, :, 1:-1, 1:-1]
    return F.conv2d(doubled, layer.weight, layer.bias)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (1, 3, 2, 3), (1, 3, 9, 15), (2, 3, 64, 1), (3, 3, 8, 8)])
def test_a_bilinear_convolution_is_that_of_the_interpolated_map(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layer, x = BilinearConv(3, 5, bias=True).double(), torch.randn(shape, dtype=torch.float64, requires_grad=True)
    output = layer(x)
    assert output.shape == (shape[0], 5, 2 * shape[2], 2 * shape[3])
    direction = torch.randn_like(output)
    torch.testing.assert_close(output, interpolated(layer, x), atol=1e-12, rtol=0)
    ours, theirs = (
        torch.autograd.grad(each, [x, *layer.parameters()], direction) for each in (output, interpolated(layer, x))
    )
    torch.testing.assert_close(ours, theirs, atol=1e-11, rtol=0)


def test_means_of_large_values_do_not_overflow_in_float16() -> None:
    values = torch.full((1, 1, 3, 3), 10_000.0, dtype=torch.float16, requires_grad=True)
    mean = smooth(values)
    torch.autograd.backward(mean, torch.full_like(mean, 10_000.0))
    assert mean.item() == 10_000
    assert values.grad is not None
    assert values.grad[0, 0].tolist() == [[625, 1250, 625], [1250, 2500, 1250], [625, 1250, 625]]


def test_a_step_between_two_areas_of_a_map_is_a_slope_after_bilinear_interpolation() -> None:
    layer = BilinearConv(1, 1, bias=False)
    with torch.no_grad():
        layer.weight.zero_()[0, 0, 1, 1] = 1
    row = layer(torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(1, 1, 2, 4))[0, 0, 0]
    assert row.tolist() == [0, 0, 0, 0.25, 0.75, 1, 1, 1]


def test_gradients_of_a_resize_convolution_lie_as_its_weights_do() -> None:
    # Else the optimiser's fused step would have to bring them into another order.
    layer = ResizeConv(3, 5, bias=True).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    layer(torch.randn(1, 3, 16, 16)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.stride() == layer.weight.stride()


def test_a_resize_convolution_of_a_large_map_does_not_double_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> torch.Tensor:
        raise AssertionError("doubled")

    monkeypatch.setattr(blocks, "double", refuse)
    layer = ResizeConv(1, 1, bias=True)
    assert layer(torch.zeros(1, 1, 16, 16)).shape == (1, 1, 32, 32)
    with pytest.raises(AssertionError, match="doubled"):
        layer(torch.zeros(1, 1, 8, 8))


def test_a_resize_convolution_in_16_bits_differs_by_rounding_alone() -> None:
    torch.manual_seed(0)
    layer, x = ResizeConv(8, 5, bias=True), torch.randn(1, 8, 16, 16)
    for kind in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", dtype=kind):
            output = layer(x)
        assert output.dtype == kind
        torch.testing.assert_close(output.float(), resized(layer, x), atol=0.03, rtol=0)


def test_transposed_upsampling_of_3_and_of_4_doubles_exactly() -> None:
    for kernel in (3, 4):
        layer = upsampling_layer(2, 3, kernel, style=Style(), bias=False)
        assert isinstance(layer, nn.ConvTranspose2d)
        assert layer.bias is None
        assert layer(torch.zeros(1, 2, 5, 7)).shape == (1, 3, 10, 14)


@pytest.mark.parametrize("noise", [None, 3], ids=["training", "applying"])
def test_what_dropout_keeps_is_scaled_so_that_the_mean_stays(noise: int | None) -> None:
    applying = None if noise is None else InferencePass(noise=(torch.Generator().manual_seed(noise),))
    torch.manual_seed(0)
    found = dropout(torch.ones(1, 4, 50, 50), 0.2, applying)
    assert sorted(set(found.flatten().tolist())) == [0.0, 1.25]
    assert found.mean().item() == pytest.approx(1, abs=0.02)


SETTLED = 1000  # power iterations after which the estimate is exact, though singular values of noise lie close


def conv() -> SpectralConv:
    layer = SpectralConv(3, 8, 4, stride=2, padding=1)
    initialise(layer, torch.Generator().manual_seed(0))
    return layer


def picture() -> torch.Tensor:
    return torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def effective(layer: SpectralConv) -> torch.Tensor:
    """The weight that the layer convolves with, as a matrix, read off its answers to single pixels."""
    pixels = torch.eye(3 * 4 * 4).reshape(-1, 3, 4, 4)
    assert layer.bias is not None
    with torch.no_grad():
        # One more pixel all around, so that with the layer's padding of 1 the kernel meets the picture whole.
        given = layer(nn.functional.pad(pixels, (1, 1, 1, 1))) - layer.bias[:, None, None]
    matrix: torch.Tensor = given[..., 1, 1].t()
    return matrix


def test_the_weight_comes_to_spectral_norm_1() -> None:
    layer = conv()
    for _ in range(SETTLED):
        layer(picture())
    assert abs(float(torch.linalg.matrix_norm(effective(layer), 2)) - 1) < 1e-4


def test_the_estimate_is_good_from_the_first_pass_on() -> None:
    layer, fresh = conv(), SpectralConv(3, 8, 4, stride=2, padding=1)
    assert not torch.equal(layer.left, fresh.left)
    assert abs(float(torch.linalg.matrix_norm(effective(layer.eval()), 2)) - 1) < 0.05
    assert float(torch.linalg.matrix_norm(effective(fresh.eval()), 2)) > 1.05


def test_it_gives_what_torch_s_own_gives() -> None:
    layer = conv()
    torchs: Any = spectral_norm(nn.Conv2d(3, 8, 4, stride=2, padding=1), n_power_iterations=SETTLED)
    original = torchs.parametrizations.weight.original
    with torch.no_grad():
        original.copy_(layer.weight)
        torchs.bias.copy_(layer.bias)
        for _ in range(SETTLED):
            layer(picture())
    ours, theirs = layer(picture()), torchs(picture())
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)
    ours.square().sum().backward()
    theirs.square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, original.grad, atol=1e-3, rtol=1e-2)


def test_a_copy_from_the_state_dict_goes_on_bit_for_bit() -> None:
    network = PatchGAN(2, filters=4, layers=2, norm="none", spectral=True)
    initialise(network, torch.Generator().manual_seed(0))
    a = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    network(a, a)
    other = PatchGAN(2, filters=4, layers=2, norm="none", spectral=True)
    other.load_state_dict(copy.deepcopy(network.state_dict()))
    for _ in range(3):
        assert torch.equal(network(a, a).logits[0], other(a, a).logits[0])


def test_looking_leaves_no_trace_and_training_does() -> None:
    layer = conv()
    before = layer.left.clone()
    layer.eval()(picture())
    assert torch.equal(layer.left, before)
    layer.train()(picture())
    assert not torch.equal(layer.left, before)


def test_several_passes_may_come_before_the_gradient() -> None:
    layer = conv()
    (layer(picture()).sum() + layer(-picture()).sum()).backward()
    assert layer.weight.grad is not None


def test_the_same_seed_begins_alike() -> None:
    assert torch.equal(conv().left, conv().left)
    assert abs(float(conv().left.norm()) - 1) < 1e-6
