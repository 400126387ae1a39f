"""Convolutions as matrix products: the values and gradients of torch's own, in each memory format and precision."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from p2p_gan.networks.small_maps import DownConv, UpConv

FORMATS = (torch.contiguous_format, torch.channels_last)
KINDS: tuple[type[DownConv] | type[UpConv], ...] = (DownConv, UpConv)
CASES = list(product(KINDS, FORMATS))


def layers(
    kind: type[DownConv] | type[UpConv], memory_format: torch.memory_format, *, bias: bool = True
) -> DownConv | UpConv:
    torch.manual_seed(3)
    layer = kind(5, 7, bias=bias)
    return layer.to(memory_format=memory_format)  # type: ignore[call-overload,no-any-return]


def textbook(layer: DownConv | UpConv, x: Tensor) -> Tensor:
    convolve = F.conv2d if isinstance(layer, DownConv) else F.conv_transpose2d
    return convolve(x, layer.weight, layer.bias, stride=2, padding=1)


def gradients(layer: DownConv | UpConv, x: Tensor, output: Tensor) -> list[Tensor]:
    torch.manual_seed(4)
    wanted = [x, *layer.parameters()]
    return list(torch.autograd.grad((output * torch.randn(output.shape).to(output)).sum(), wanted))


@pytest.mark.parametrize(("kind", "memory_format"), CASES)
@pytest.mark.parametrize("shape", [(1, 5, 2, 2), (1, 5, 2, 6), (2, 5, 4, 2), (3, 5, 2, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_values_and_gradients_are_those_of_the_convolution(
    kind: type[DownConv] | type[UpConv], memory_format: torch.memory_format, shape: tuple[int, ...], bias: bool
) -> None:
    layer = layers(kind, memory_format, bias=bias).double()
    for given in FORMATS:
        x = torch.randn(shape, dtype=torch.float64).contiguous(memory_format=given).requires_grad_()
        output, wanted = layer(x), textbook(layer, x)
        assert output.grad_fn is not None
        assert "Convolution" not in output.grad_fn.name()
        assert torch.allclose(output, wanted, atol=1e-12)
        for ours, theirs in zip(gradients(layer, x, output), gradients(layer, x, wanted), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("kind", [DownConv, UpConv])
def test_the_gradient_has_a_gradient(kind: type[DownConv] | type[UpConv]) -> None:
    layer = layers(kind, torch.contiguous_format).double()
    x = torch.randn(1, 5, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(layer, (x,))


@pytest.mark.parametrize(("kind", "memory_format"), CASES)
@pytest.mark.parametrize("bias", [True, False])
def test_in_16_bits_they_differ_by_rounding_alone(
    kind: type[DownConv] | type[UpConv], memory_format: torch.memory_format, bias: bool
) -> None:
    layer = layers(kind, memory_format, bias=bias)
    x = torch.randn(1, 5, 4, 4, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = layer(x)
    assert output.dtype == torch.bfloat16
    wanted = textbook(layer, x)
    assert torch.allclose(output.float(), wanted, atol=0.02)
    for ours, theirs in zip(gradients(layer, x, output.float()), gradients(layer, x, wanted), strict=True):
        assert ours.dtype == torch.float32
        assert torch.allclose(ours, theirs, atol=0.03 * float(theirs.abs().max()))


def test_large_maps_and_odd_sides_are_convolved(monkeypatch: pytest.MonkeyPatch) -> None:
    up, down = layers(UpConv, torch.contiguous_format), layers(DownConv, torch.contiguous_format)

    def refuse(*_: object, **__: object) -> Tensor:
        raise AssertionError("a product")

    monkeypatch.setattr(F, "fold", refuse)
    monkeypatch.setattr(F, "unfold", refuse)
    for layer, side in ((up, 16), (down, 32), (down, 3)):
        layer(torch.zeros(1, 5, side, side))
    for layer, side in ((up, 4), (down, 8)):
        with pytest.raises(AssertionError, match="a product"):
            layer(torch.zeros(1, 5, side, side))


def test_gradients_of_weights_lie_as_the_weights_do() -> None:
    # Else the optimiser's fused step would have to bring them into another order.
    for kind, memory_format in CASES:
        layer = layers(kind, memory_format)
        layer(torch.randn(1, 5, 2, 2)).sum().backward()
        assert layer.weight.grad is not None
        assert layer.weight.grad.stride() == layer.weight.stride()
