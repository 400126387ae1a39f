"""The architecture of a generator as a value for model files, and the table of the generators that can be built.

Nothing here may read files, or load torch when it is imported, because the config reads the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from p2p_datatools.contract.errors import P2PError

if TYPE_CHECKING:
    from p2p_gan.networks.base import Generator

Statistics = Literal["picture", "running"]
"""Whose statistics a batch norm uses outside training: each picture's own, or the running ones of training."""


class DropoutLayer(NamedTuple):
    """A layer with dropout: its channels, how many times the picture is larger, and the probability."""

    channels: int
    divisor: int
    share: float


@dataclass(frozen=True)
class Architecture:
    """A generator's architecture; a field with a default may be missing in a model file that is older than the field.

    `inputs` and `outputs` are numbers of channels, `noise` and `pixel_noise` those of the additional random channels of
    the input, which are the same at every pixel or another number at each. `dropout_blocks` blocks of the decoder have
    dropout, after the `dropout_skip` innermost blocks without; a resnet has it in every block.
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
    pixel_noise: int = 0
    head: str = "tanh"
    class_adaptive: bool = False  # norms of the decoder of a unet or encoder-decoder whose input is classes

    def build(self) -> "Generator":
        """A generator of this architecture, not initialised."""
        if self.kind not in GENERATORS:
            raise P2PError(
                f"generator={self.kind}", "is not known to this version of p2p", "Update p2p.", code="unknown-generator"
            )
        return GENERATORS[self.kind].build(self)

    @property
    def random(self) -> bool:
        """Whether the output depends on random numbers: on dropout or noise."""
        return self.noise + self.pixel_noise > 0 or (
            self.dropout > 0 if self.kind == "resnet" else any(self.dropouts())
        )

    @property
    def unit(self) -> int:
        """The number of which both sides of the input must be multiples."""
        return int(2 ** (GENERATORS[self.kind].halvings or self.depth))

    def dropout_layers(self) -> list[DropoutLayer]:
        """The layers with dropout in the order in which they draw their random numbers."""
        if self.kind == "resnet":
            return [DropoutLayer(self.widths(3)[2], self.unit, self.dropout)] * (self.blocks if self.dropout else 0)
        widths, innermost = self.widths(self.depth), self.depth - 1
        return [
            DropoutLayer(widths[innermost - block - 1], 2 ** (innermost - block), share)
            for block, share in enumerate(self.dropouts())
            if share
        ]

    def widths(self, levels: int) -> list[int]:
        """The channels of each level, outermost first: doubled at each halving, up to `max_filters`."""
        return [min(self.filters * 2**level, self.max_filters) for level in range(levels)]

    def dropouts(self) -> list[float]:
        """The dropout probability of each block of the decoder, innermost first."""
        with_dropout = range(self.dropout_skip, self.dropout_skip + self.dropout_blocks)
        return [self.dropout if block in with_dropout else 0.0 for block in range(self.depth - 1)]


def _unet(shape: Architecture) -> "Generator":
    from p2p_gan.networks.blocks import Style
    from p2p_gan.networks.noise import NoiseChannels
    from p2p_gan.networks.unet import Levels, UNet

    return UNet(
        shape.inputs,
        shape.outputs,
        Levels(tuple(shape.widths(shape.depth)), tuple(shape.dropouts()), skips=shape.kind == "unet"),
        style=Style(shape.norm, shape.upsampling, shape.biases),
        noise=NoiseChannels(shape.noise, shape.pixel_noise),
        head=shape.head,
        classes=shape.inputs if shape.class_adaptive else 0,
    )


def _resnet(shape: Architecture) -> "Generator":
    from p2p_gan.networks.blocks import Style
    from p2p_gan.networks.noise import NoiseChannels
    from p2p_gan.networks.resnet import ResNet

    full, half, quarter = shape.widths(3)
    return ResNet(
        shape.inputs,
        shape.outputs,
        widths=(full, half, quarter),
        blocks=shape.blocks,
        dropout=shape.dropout,
        style=Style(shape.norm, shape.upsampling, shape.biases),
        noise=NoiseChannels(shape.noise, shape.pixel_noise),
        head=shape.head,
    )


@dataclass(frozen=True)
class GeneratorKind:
    """A row of the table: the function that builds the generator, and how many times it halves a picture, 1 or more.

    None leaves the halvings to the setting `unet_depth`, or to the size of the pictures.
    """

    build: Callable[[Architecture], "Generator"]
    halvings: int | None = None


# By the words that `--set generator=` takes. A function loads its network, and torch with it, when it is called.
GENERATORS = {
    "unet": GeneratorKind(_unet),
    "encoder-decoder": GeneratorKind(_unet),
    "resnet": GeneratorKind(_resnet, halvings=2),
}
