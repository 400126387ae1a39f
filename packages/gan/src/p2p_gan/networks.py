"""The generator and the discriminator of pix2pix as modules, with nothing in them that hides state.

Nothing here may know losses, optimisers or data; how a pass differs from training comes in as an argument.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAK = 0.2  # slope of the encoder's and the discriminator's leaky ReLU (appendix 6.1)
DROPOUT_BLOCKS = 3  # the innermost decoder blocks have dropout
INITIAL_STD = 0.02  # of weights around 0, and of the norms' scales around 1

Statistics = Literal["picture", "running"]


@dataclass(frozen=True)
class Applying:
    """How a pass outside training differs from one in it.

    `picture` normalises each picture by its own statistics, so that its neighbours in the batch cannot change it;
    `running` takes those gathered in training. `valid` is the share (height, width) of the input that is picture and
    not padding: statistics are taken there alone. `noise` draws the dropout, one generator a picture, on the CPU so
    that it is the same on every device; None turns dropout off.
    """

    statistics: Statistics = "picture"
    valid: tuple[float, float] = (1.0, 1.0)
    noise: tuple[torch.Generator, ...] | None = None


class Norm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) whose statistics outside training are chosen by the pass."""

    def __init__(self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """Normalise (n, channels, h, w): over the batch in training, else as `applying` says."""
        mean, var, scale, shift = self.running_mean, self.running_var, self.weight, self.bias
        if applying is None:
            return F.batch_norm(x, mean, var, scale, shift, training=True, momentum=self.momentum, eps=self.eps)
        if applying.statistics == "running":
            return F.batch_norm(x, mean, var, scale, shift, training=False, eps=self.eps)
        if applying.valid == (1.0, 1.0):
            return F.instance_norm(x, weight=scale, bias=shift, eps=self.eps)
        height = max(1, round(x.shape[2] * applying.valid[0]))
        width = max(1, round(x.shape[3] * applying.valid[1]))
        variance, average = torch.var_mean(x[:, :, :height, :width], dim=(2, 3), keepdim=True, correction=0)
        factor = scale[:, None, None] / torch.sqrt(variance + self.eps)
        return (x - average) * factor + shift[:, None, None]


class Unchanged(nn.Module):
    """Stands where a layer has no norm."""

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """Give `x` back."""
        return x


def norm_layer(kind: str, channels: int) -> nn.Module:
    """The norm called `kind`: batch or none."""
    return Norm(channels) if kind == "batch" else Unchanged()


class Down(nn.Module):
    """Encoder block: leaky ReLU (not before the first), 4x4 convolution of stride 2, norm."""

    def __init__(self, inputs: int, outputs: int, *, first: bool, norm: str) -> None:
        super().__init__()
        self.first = first
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=4, stride=2, padding=1)
        self.norm = norm_layer(norm, outputs)

    def forward(self, x: Tensor, applying: Applying | None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / 2, w / 2)."""
        x = self.conv(x if self.first else F.leaky_relu(x, LEAK))
        normed: Tensor = self.norm(x, applying)
        return normed


class Up(nn.Module):
    """Decoder block: ReLU, transposed 4x4 convolution of stride 2, norm, dropout."""

    def __init__(self, inputs: int, outputs: int, *, norm: str, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.conv = nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1)
        self.norm = norm_layer(norm, outputs)

    def forward(self, x: Tensor, applying: Applying | None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, 2 h, 2 w)."""
        x = self.norm(self.conv(F.relu(x)), applying)
        if not self.dropout or (applying is not None and applying.noise is None):
            return x
        if applying is None or applying.noise is None:
            return F.dropout(x, self.dropout, training=True)
        kept = torch.stack([torch.rand(x.shape[1:], generator=noise) >= self.dropout for noise in applying.noise])
        return x * kept.to(x) / (1 - self.dropout)


class UNet(nn.Module):
    """The generator (appendix 6.1.1): an encoder and a decoder of `depth` blocks with a skip between equal sizes.

    Both sides of the input must be multiples of 2^depth. Values in and out lie in -1..1. The bottleneck has no norm
    (errata, section 6.3: at batch 1 and 1x1 it would zero everything), nor has the first block.
    """

    def __init__(
        self, inputs: int, outputs: int, *, depth: int, filters: int, max_filters: int, norm: str, dropout: float
    ) -> None:
        super().__init__()
        widths = [min(filters * 2**level, max_filters) for level in range(depth)]
        self.down = nn.ModuleList(
            Down(
                widths[level - 1] if level else inputs,
                widths[level],
                first=level == 0,
                norm="none" if level in (0, depth - 1) else norm,
            )
            for level in range(depth)
        )
        self.up = nn.ModuleList(
            Up(
                widths[level] * (1 if level == depth - 1 else 2),
                widths[level - 1],
                norm=norm,
                dropout=dropout if depth - 1 - level < DROPOUT_BLOCKS else 0.0,
            )
            for level in range(depth - 1, 0, -1)
        )
        self.last = nn.ConvTranspose2d(widths[0] * (2 if depth > 1 else 1), outputs, kernel_size=4, stride=2, padding=1)

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h, w); without `applying` as in training."""
        skips = []
        for down in self.down:
            x = down(x, applying)
            skips.append(x)
        x = skips.pop()
        for up in self.up:
            x = torch.cat((up(x, applying), skips.pop()), dim=1)
        return torch.tanh(self.last(F.relu(x)))


class PatchGAN(nn.Module):
    """The discriminator (appendix 6.1.2): one logit for each patch of the pair (a, b); no norm in the first layer.

    `layers` strided layers: 3 see patches of 70x70 pixels, 2 of 34x34, 1 of 16x16.
    """

    def __init__(self, inputs: int, *, filters: int, layers: int, norm: str) -> None:
        super().__init__()
        widths = [inputs, *(min(filters * 2**level, filters * 8) for level in range(layers + 1))]
        self.convs = nn.ModuleList(
            nn.Conv2d(widths[level], widths[level + 1], kernel_size=4, stride=2 if level < layers else 1, padding=1)
            for level in range(layers + 1)
        )
        self.norms = nn.ModuleList(
            norm_layer(norm if level else "none", widths[level + 1]) for level in range(layers + 1)
        )
        self.last = nn.Conv2d(widths[-1], 1, kernel_size=4, stride=1, padding=1)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Logits (n, 1, h', w') for (n, channels, h, w) each: above 0 where the patch of b passes for real."""
        x = torch.cat((a, b), dim=1)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(x)), LEAK)
        logits: Tensor = self.last(x)
        return logits


def receptive_field(layers: int) -> int:
    """The side of the patch, in pixels, that one logit of a PatchGAN with so many strided layers sees."""
    field = 1
    for stride in [1, 1, *[2] * layers]:
        field = (field - 1) * stride + 4
    return field


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights from N(0, 0.02), norm scales from N(1, 0.02); biases are 0 (section 3.3; the authors' code)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, INITIAL_STD, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, Norm):
            nn.init.normal_(module.weight, 1.0, INITIAL_STD, generator=generator)


def count_parameters(network: nn.Module) -> int:
    """The number of trained values."""
    return sum(parameter.numel() for parameter in network.parameters())
