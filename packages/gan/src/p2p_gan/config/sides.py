"""The sides of pictures that the networks accept.

Nothing here may load torch; the config uses it before a network is built.
"""

import math
from typing import TYPE_CHECKING

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.networks.architecture import GENERATORS

if TYPE_CHECKING:
    from p2p_gan.config.config import Config

SMALLEST_SIDE = 32
_DEFAULT_DEPTH = 5  # of a U-Net for pictures of many shapes: it halves multiples of 32


def deepest_unet(size: Size) -> int:
    """The largest depth of at most 8 for which 2^depth divides both sides."""
    both = math.gcd(size.width, size.height)
    return min(8, (both & -both).bit_length() - 1)


def unit_of(generator: str, depth: int = 0) -> int:
    """The number of which the sides of pictures must be multiples: 4 for a resnet, which halves them twice.

    For the other generators 2^depth, and 32 from depth 5 on or if the depth is 0, which means that it follows from the
    size and is 5 or more.
    """
    halvings = GENERATORS[generator].halvings
    return 1 << (min(depth or _DEFAULT_DEPTH, _DEFAULT_DEPTH) if halvings is None else halvings)


def halvings_of(generator: str, depth: int = 0) -> int:
    """How many times this generator halves pictures of many shapes, its depth given or left to it (0)."""
    return GENERATORS[generator].halvings or depth or _DEFAULT_DEPTH


def nearest_size(size: Size, unit: int = SMALLEST_SIDE) -> Size:
    """The nearest size whose sides are multiples of `unit` and at least 32; any generator accepts the default unit."""
    return Size(*(max(SMALLEST_SIDE, round(side / unit) * unit) for side in size))


def discriminator_side(config: "Config") -> int:
    """The smallest side of a picture for the config's discriminator; 1 where it has none, or one that segments."""
    if config.gan_loss in ("none", "segmentation"):
        return 1
    return smallest_side(config.discriminator_layers, config.discriminator_scales)


def smallest_side(layers: int, scales: int = 1) -> int:
    """The smallest side of a picture for which a PatchGAN with `layers` strided layers has an output at every scale."""
    # Backwards from one logit: each of the two last layers loses one pixel, each strided one halves (4x4, padding 1);
    # without strided layers all convolutions are 1x1. Every further scale halves the picture first.
    side = 3 * 2**layers if layers else 1
    return int(side * 2 ** (scales - 1))
