"""Strided 4x4 convolutions that are matrix products where maps are small, since torch's own are slow there on a CPU.

Nothing here may compute anything else than `nn.Conv2d` and `nn.ConvTranspose2d` do, but for the order of sums.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# On a CPU torch's own convolution of a map of few pixels takes the time to bring its weights into another order, and
# its gradient several times that: with 1024 to 512 channels at 2x2 pixels 98 ms forward and backward, as a product 33.
# A product takes longer where there are many pixels, for its columns are 16 times the map, in proportion to the
# weights. Both limits were measured (benchmarks/NOTES.md).
_FEW = 16
_WEIGHTS_PER_ROW = 2048
_KERNEL, _TAPS = 4, 16


class DownConv(nn.Conv2d):
    """The encoder's convolution: 4x4, stride 2, padding 1."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__(inputs, outputs, _KERNEL, stride=2, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / 2, w / 2)."""
        if x.shape[2] % 2 or x.shape[3] % 2 or not _is_product(x, self, x.numel() // (4 * self.in_channels)):
            return super().forward(x)
        x, weight, bias = _in_autocast(x, self)
        n, _, height, width = x.shape
        columns = F.unfold(x, _KERNEL, padding=1, stride=2)  # (n, inputs * 16, rows of each picture)
        if not weight.is_contiguous():  # channels_last
            columns = columns.view(n, -1, _TAPS, columns.shape[2]).transpose(1, 2).flatten(1, 2)
            weight = weight.permute(0, 2, 3, 1)
        rows = columns.transpose(1, 2).reshape(-1, columns.shape[1])
        product = _contiguous_gradient(F.linear(rows.contiguous(), weight.flatten(1), bias))
        return product.view(n, height // 2, width // 2, -1).permute(0, 3, 1, 2)


class UpConv(nn.ConvTranspose2d):
    """The decoder's transposed convolution: 4x4, stride 2, padding 1."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__(inputs, outputs, _KERNEL, stride=2, padding=1, bias=bias)

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, 2 h, 2 w)."""
        if output_size is not None or not _is_product(x, self, x.numel() // self.in_channels):
            return super().forward(x, output_size)
        x, weight, bias = _in_autocast(x, self)
        n, _, height, width = x.shape
        rows = _contiguous_gradient(x.permute(0, 2, 3, 1).reshape(-1, self.in_channels))
        if weight.is_contiguous():
            product = _contiguous_gradient(rows @ weight.flatten(1)).view(n, height * width, -1)
        else:  # channels_last
            product = _contiguous_gradient(rows @ weight.permute(0, 2, 3, 1).flatten(1))
            product = product.view(n, height * width, _TAPS, -1).transpose(2, 3).flatten(2)
        output = F.fold(product.transpose(1, 2), (2 * height, 2 * width), _KERNEL, padding=1, stride=2)
        return output if bias is None else output + bias.view(1, -1, 1, 1)


def _is_product(x: Tensor, layer: nn.Conv2d | nn.ConvTranspose2d, rows: int) -> bool:
    """Whether a product of `rows` rows is faster: on a CPU, with few rows, or with few for so many weights."""
    limit = max(_FEW, layer.in_channels * layer.out_channels // _WEIGHTS_PER_ROW)
    return x.device.type == "cpu" and 0 < rows <= limit


def _in_autocast(x: Tensor, layer: nn.Conv2d | nn.ConvTranspose2d) -> tuple[Tensor, Tensor, Tensor | None]:
    """Input, weights and biases in the type of autocast, which does not know `fold`."""
    if not torch.is_autocast_enabled(x.device.type):
        return x, layer.weight, layer.bias
    kind = torch.get_autocast_dtype(x.device.type)
    return x.to(kind), layer.weight.to(kind), None if layer.bias is None else layer.bias.to(kind)


class _ContiguousGradient(torch.autograd.Function):
    """The value itself; its gradient is stored in order, since products of a transposed one take up to ten times."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0].contiguous()


def _contiguous_gradient(x: Tensor) -> Tensor:
    output: Tensor = _ContiguousGradient.apply(x)  # type: ignore[no-untyped-call]
    return output
