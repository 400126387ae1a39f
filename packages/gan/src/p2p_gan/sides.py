"""Which sides of pictures the networks can take.

Nothing here may import torch; the config asks before anything is built.
"""

import math

from p2p_datatools.contract.sizes import Size

SMALLEST_SIDE = 32
DEFAULT_DEPTH = 5  # of a U-Net for pictures of many shapes: it halves multiples of 32


def deepest_unet(size: Size) -> int:
    """The largest depth of at most 8 for which 2^depth divides both sides."""
    both = math.gcd(size.width, size.height)
    return min(8, (both & -both).bit_length() - 1)


def nearest_size(size: Size) -> Size:
    """The nearest size whose sides a U-Net of depth 5 can halve five times: multiples of 32."""
    return Size(*(max(SMALLEST_SIDE, round(side / SMALLEST_SIDE) * SMALLEST_SIDE) for side in size))


def smallest_side(layers: int) -> int:
    """The smallest side of a picture for which a PatchGAN with so many strided layers has an output."""
    if layers == 0:  # nothing but 1x1 convolutions
        return 1
    # Backwards from one logit: each of the two last layers eats one pixel, each strided one halves (4x4, padding 1).
    return int(3 * 2**layers)
