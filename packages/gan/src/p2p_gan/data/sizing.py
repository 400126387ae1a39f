"""How each picture comes to the size it is kept at, and which part of that size the networks see at once.

Nothing here may decode or draw; it follows from a picture's own size and the config, so both halves agree.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.resize import fit_to
from p2p_datatools.contract.pictures.sizes import Fit, Size
from p2p_gan.config.config import Config
from p2p_gan.config.sides import SMALLEST_SIDE, halvings_of, smallest_side


class Sizing(NamedTuple):
    """`kept` is the size in the dataset, reached by `fit`; of it the networks see `seen`, cut out at random."""

    kept: Size
    seen: Size
    fit: Fit | Literal["mirror"]


def sizing_of(own: Size, config: Config, *, jitter: float | None = None) -> Sizing:
    """The sizing of a picture whose own size is `own`; `jitter` is the config's unless said.

    native: its own scale; what the network cannot halve is mirrored at the right and below, as it is when applied, and
    there is no jitter. keep: its own shape with about as many pixels as `size`, the sides rounded to what the network
    halves and the little that is then over cut off evenly; times the jitter. Else: `size` times the jitter.
    """
    jitter = config.jitter if jitter is None else jitter
    if config.size is None:
        kept = _at_least(own, config.crop) if config.crop else _up(own, config)
        return Sizing(kept, config.crop or kept, "mirror")
    if config.fit == "keep":
        base = of_equal_area(own, config.size)
        seen = config.crop or _round(base, config)
        return Sizing(_at_least(_times(base if config.crop else seen, jitter), seen), seen, "crop")
    return Sizing(_times(config.size, jitter), config.crop or config.size, config.fit)


def bring_to_size(pixels: Array, sizing: Sizing, *, exact: bool) -> Array:
    """Pixels (h, w[, c]) at the size that is kept; `exact` pixels (masks) gain no new value."""
    if sizing.fit != "mirror":
        return fit_to(pixels, sizing.kept, sizing.fit, exact=exact)
    own = size_of(pixels)
    border: Any = ((0, sizing.kept.height - own.height), (0, sizing.kept.width - own.width), (0, 0))
    return np.pad(pixels, border[: pixels.ndim], mode="symmetric")


def middle(pixels: Array, size: Size) -> Array:
    """The middle of a picture, of this size."""
    own = size_of(pixels)
    top, left = (own.height - size.height) // 2, (own.width - size.width) // 2
    return np.ascontiguousarray(pixels[top : top + size.height, left : left + size.width])


def of_equal_area(own: Size, size: Size) -> Size:
    """`own` in its shape, with about as many pixels as `size`."""
    ratio = math.sqrt(size.width * size.height / (own.width * own.height))
    return Size(max(1, round(own.width * ratio)), max(1, round(own.height * ratio)))


def shapes_seen(pairs: Iterable[Pair], config: Config) -> tuple[tuple[Size, int], ...]:
    """The sizes that the networks see of these pairs, and how many pairs have each, the most frequent first."""
    counts = Counter(sizing_of(pair.size, config).seen for pair in pairs)
    return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _unit(config: Config) -> int:
    """What the generator's sides must be multiples of, for pictures of many shapes."""
    return 1 << halvings_of(config.generator, config.unet_depth)


def _least(config: Config, unit: int) -> int:
    needed = max(SMALLEST_SIDE, smallest_side(config.discriminator_layers, config.discriminator_scales))
    return math.ceil(needed / unit) * unit


def _up(own: Size, config: Config) -> Size:
    unit = _unit(config)
    return Size(*(max(_least(config, unit), math.ceil(side / unit) * unit) for side in own))


def _round(size: Size, config: Config) -> Size:
    unit = max(_unit(config), SMALLEST_SIDE)  # finer ones would part the pictures into many shapes of few
    return Size(*(max(_least(config, unit), round(side / unit) * unit) for side in size))


def _times(size: Size, factor: float) -> Size:
    return Size(*(round(side * factor) for side in size))


def _at_least(size: Size, least: Size) -> Size:
    return Size(max(size.width, least.width), max(size.height, least.height))
