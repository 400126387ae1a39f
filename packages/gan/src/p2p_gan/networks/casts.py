"""The weights of a network in 16 bits for a pass with autocast: all in one operation, as are their gradients.

Nothing here may change a number: autocast casts the same weights to the same values, one after the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from p2p_gan.networks.blocks import BilinearConv, ReflectConv, ResizeConv
from p2p_gan.networks.small_maps import DownConv, UpConv

# Layers that give their weights to a convolution as they are, some of them where maps are small. Others compute with
# them in float32 before.
_PLAIN = (nn.Conv2d, nn.ConvTranspose2d, ReflectConv, ResizeConv, BilinearConv, DownConv, UpConv)


@contextmanager
def cast_together(network: nn.Module, dtype: torch.dtype) -> Iterator[None]:
    """While this is open the network's convolutions have weights and biases of this type; gradients pass to their own.

    Autocast launches a kernel for each, and one for its gradient: of the paper's update on a GPU a quarter of all.
    """
    layers = [layer for layer in network.modules() if type(layer) in _PLAIN]
    places = [(layer, name) for layer in layers for name in ("weight", "bias") if getattr(layer, name) is not None]
    cast = _CastTogether.apply(dtype, *(getattr(*place) for place in places))  # type: ignore[no-untyped-call]
    for (layer, name), value in zip(places, cast, strict=True):
        vars(layer)[name] = value  # found before the parameter, which stays where it is
    try:
        yield
    finally:
        for layer, name in places:
            del vars(layer)[name]


class _CastTogether(torch.autograd.Function):
    """Tensors in another type, and their gradients in that of the tensors."""

    @staticmethod
    def forward(ctx: Any, dtype: torch.dtype, *values: Tensor) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.dtype = values[0].dtype
        return tuple(_cast(values, dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        given = [grad for grad in grads if grad is not None]
        cast = iter(_cast(given, ctx.dtype) if given else ())
        return None, *(None if grad is None else next(cast) for grad in grads)


def _cast(values: Any, dtype: torch.dtype) -> list[Tensor]:
    found = [torch.empty_like(value, dtype=dtype) for value in values]
    torch._foreach_copy_(found, values)
    return found
