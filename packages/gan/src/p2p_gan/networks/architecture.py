"""A generator's shape as a value that a model file can hold, and the network that it means.

Nothing here may draw weights or read files.
"""

from dataclasses import dataclass

import torch
from torch import nn

from p2p_datatools.contract.errors import P2PError
from p2p_gan.networks.base import Generator
from p2p_gan.networks.blocks import SpectralConv, Style
from p2p_gan.networks.norms import Norm
from p2p_gan.networks.resnet import ResNet
from p2p_gan.networks.unet import UNet


@dataclass(frozen=True)
class Architecture:
    """The generator's shape; a field with a default may be missing in a model file that is older than the field.

    `inputs` and `outputs` are channels of pictures, `noise` the random ones beside them. `dropout_blocks` blocks of
    the decoder have dropout, after `dropout_skip` innermost ones that have none; a resnet has it in every block.
    """

    inputs: int
    outputs: int
    depth: int  # of unet and encoder-decoder
    filters: int
    max_filters: int
    norm: str
    dropout: float
    kind: str = "unet"
    blocks: int = 9  # of a resnet
    upsampling: str = "transposed"
    dropout_blocks: int = 3
    dropout_skip: int = 0
    biases: bool = True  # beside norms too; the last convolution always has one
    noise: int = 0
    head: str = "tanh"

    def build(self) -> Generator:
        """A generator of this shape, its weights not yet drawn."""
        style = Style(self.norm, self.upsampling, self.biases)
        if self.kind in ("unet", "encoder-decoder"):
            return UNet(
                self.inputs,
                self.outputs,
                widths=self.widths(self.depth),
                dropouts=self.dropouts(),
                style=style,
                skips=self.kind == "unet",
                noise=self.noise,
                head=self.head,
            )
        if self.kind != "resnet":
            raise P2PError(f"generator={self.kind}", "is unknown to this p2p", "Update p2p.", code="unknown-generator")
        full, half, quarter = self.widths(3)
        return ResNet(
            self.inputs,
            self.outputs,
            widths=(full, half, quarter),
            blocks=self.blocks,
            dropout=self.dropout,
            style=style,
            noise=self.noise,
            head=self.head,
        )

    @property
    def random(self) -> bool:
        """Whether two draws give two pictures: by dropout or by the random input."""
        return self.noise > 0 or (self.dropout > 0 if self.kind == "resnet" else any(self.dropouts()))

    def widths(self, levels: int) -> list[int]:
        """The channels at full size and after each halving: doubled each time, up to `max_filters`."""
        return [min(self.filters * 2**level, self.max_filters) for level in range(levels)]

    def dropouts(self) -> list[float]:
        """The share of dropout in each block of the decoder, innermost first."""
        having = range(self.dropout_skip, self.dropout_skip + self.dropout_blocks)
        return [self.dropout if block in having else 0.0 for block in range(self.depth - 1)]


_INITIAL_STD = 0.02  # of weights around 0, and of the norms' scales around 1


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights from N(0, 0.02), norm scales from N(1, 0.02); biases are 0 (appendix 6.2; the authors' code)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, _INITIAL_STD, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
            if isinstance(module, SpectralConv):
                module.draw(generator)
        elif isinstance(module, Norm):
            nn.init.normal_(module.weight, 1.0, _INITIAL_STD, generator=generator)


def count_parameters(network: nn.Module) -> int:
    """The number of trained values."""
    return sum(parameter.numel() for parameter in network.parameters())
