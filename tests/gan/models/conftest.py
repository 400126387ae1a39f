"""The generators of the reference implementation, written from the published description of their layers alone.

Nothing here may use the project's own networks; it is what they are compared with.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

NormLayer = Callable[[int], nn.Module]


def norm_called(kind: str) -> NormLayer:
    """batch: with weights and statistics; instance: with neither; none: nothing."""
    return {
        "batch": lambda channels: nn.BatchNorm2d(channels),
        "instance": lambda channels: nn.InstanceNorm2d(channels),
        "none": lambda channels: nn.Identity(),
    }[kind]


class SkipBlock(nn.Module):
    """Down, what is inside, up; and beside it its own input, which the leaky ReLU in place has already changed."""

    def __init__(self, outer: int, inner: int, inside: nn.Module | None, *, norm: str, dropout: bool = False) -> None:
        super().__init__()
        bias, layer = norm == "instance", norm_called(norm)
        down: list[nn.Module] = [
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=bias),
        ]
        middle: list[nn.Module] = [layer(inner), inside] if inside else []
        taken = 2 * inner if inside else inner
        up: list[nn.Module] = [
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(taken, outer, 4, stride=2, padding=1, bias=bias),
            layer(outer),
        ]
        self.model = nn.Sequential(*down, *middle, *up, *([nn.Dropout(0.5)] if dropout else []))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x, self.model(x)), dim=1)


class OuterBlock(nn.Module):
    """The outermost level: no activation before it, no norm, no skip; tanh at its end."""

    def __init__(self, inputs: int, outputs: int, filters: int, inside: nn.Module, *, norm: str) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(inputs, filters, 4, stride=2, padding=1, bias=norm == "instance"),
            inside,
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * filters, outputs, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.model(x)
        return output


class ReferenceUNet(nn.Module):
    """Built from the inside out: levels of 8 x filters with dropout (but for the innermost), then 4, 2 and 1 x."""

    def __init__(self, inputs: int, outputs: int, depth: int, filters: int, *, norm: str, dropout: bool) -> None:
        super().__init__()
        block = SkipBlock(8 * filters, 8 * filters, None, norm=norm)
        for _ in range(depth - 5):
            block = SkipBlock(8 * filters, 8 * filters, block, norm=norm, dropout=dropout)
        for times in (4, 2, 1):
            block = SkipBlock(times * filters, 2 * times * filters, block, norm=norm)
        self.model = OuterBlock(inputs, outputs, filters, block, norm=norm)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.model(x)
        return output


class ReferenceBlock(nn.Module):
    """x plus: reflect, convolve, norm, ReLU, perhaps dropout, reflect, convolve, norm."""

    def __init__(self, channels: int, *, norm: str, dropout: bool) -> None:
        super().__init__()
        bias, layer = norm == "instance", norm_called(norm)
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            layer(channels),
            nn.ReLU(inplace=True),
            *([nn.Dropout(0.5)] if dropout else []),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            layer(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.conv_block(x)
        return x + inner


class ReferenceResNet(nn.Module):
    """c7s1-f, d2f, d4f, blocks, u2f, uf, c7s1-outputs, tanh."""

    def __init__(self, inputs: int, outputs: int, blocks: int, filters: int, *, norm: str, dropout: bool) -> None:
        super().__init__()
        bias, layer = norm == "instance", norm_called(norm)
        parts: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, filters, 7, bias=bias)]
        parts += [layer(filters), nn.ReLU()]
        for wide in (filters, 2 * filters):
            parts += [nn.Conv2d(wide, 2 * wide, 3, stride=2, padding=1, bias=bias), layer(2 * wide), nn.ReLU()]
        parts += [ReferenceBlock(4 * filters, norm=norm, dropout=dropout) for _ in range(blocks)]
        for wide in (2 * filters, filters):
            up = nn.ConvTranspose2d(2 * wide, wide, 3, stride=2, padding=1, output_padding=1, bias=bias)
            parts += [up, layer(wide), nn.ReLU()]
        parts += [nn.ReflectionPad2d(3), nn.Conv2d(filters, outputs, 7), nn.Tanh()]
        self.model = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.model(x)
        return output


MakeReference = Callable[..., nn.Module]


def make_reference(
    kind: str, *, norm: str = "batch", dropout: bool = False, inputs: int = 3, outputs: int = 3, filters: int = 2
) -> nn.Module:
    """A generator of the reference, its weights and statistics drawn so that every one of them counts."""
    net: nn.Module
    if kind.startswith("unet"):
        depth = int(kind.removeprefix("unet_")).bit_length() - 1
        net = ReferenceUNet(inputs, outputs, depth, filters, norm=norm, dropout=dropout)
    else:
        blocks = int(kind.removeprefix("resnet_").removesuffix("blocks"))
        net = ReferenceResNet(inputs, outputs, blocks, filters, norm=norm, dropout=dropout)
    random = torch.Generator().manual_seed(0)
    for name, value in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            value.fill_(1234)
        elif name.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=random) + 0.5)
        else:
            # Neither lost nor saturated on the way, with a norm or without.
            spread = 2 / value[0].numel() ** 0.5 if value.ndim == 4 else 0.3
            value.copy_(torch.randn(value.shape, generator=random) * spread)
    return net


@pytest.fixture
def reference() -> MakeReference:
    """make_reference, which tests cannot import from here."""
    return make_reference
