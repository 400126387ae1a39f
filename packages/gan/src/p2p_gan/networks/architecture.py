"""The architecture of a generator as a value for model files, the network built from it, and its initial weights.

Nothing here may read files or know a config.
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
    """A generator's architecture; a field with a default may be missing in a model file that is older than the field.

    `inputs` and `outputs` are numbers of channels, `noise` that of the additional random channels of the input.
    `dropout_blocks` blocks of the decoder have dropout, after the `dropout_skip` innermost blocks without; a resnet has
    it in every block.
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
        """A generator of this architecture, not initialised."""
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
            raise P2PError(
                f"generator={self.kind}", "is not known to this version of p2p", "Update p2p.", code="unknown-generator"
            )
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
        """Whether the output depends on random numbers: on dropout or noise."""
        return self.noise > 0 or (self.dropout > 0 if self.kind == "resnet" else any(self.dropouts()))

    def widths(self, levels: int) -> list[int]:
        """The channels of each level, outermost first: doubled at each halving, up to `max_filters`."""
        return [min(self.filters * 2**level, self.max_filters) for level in range(levels)]

    def dropouts(self) -> list[float]:
        """The dropout probability of each block of the decoder, innermost first."""
        with_dropout = range(self.dropout_skip, self.dropout_skip + self.dropout_blocks)
        return [self.dropout if block in with_dropout else 0.0 for block in range(self.depth - 1)]


INITIAL_STD = 0.02  # of weights, with mean 0, and of the norms' scales, with mean 1


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights from N(0, 0.02), norm scales from N(1, 0.02); biases are 0 (appendix 6.2; the authors' code)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, INITIAL_STD, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
            if isinstance(module, SpectralConv):
                module.draw(generator)
        elif isinstance(module, Norm):
            nn.init.normal_(module.weight, 1.0, INITIAL_STD, generator=generator)


def count_parameters(network: nn.Module) -> int:
    """The number of trainable values."""
    return sum(parameter.numel() for parameter in network.parameters())
