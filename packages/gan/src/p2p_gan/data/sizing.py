"""The size at which each picture is kept, and the size of the crop that is the networks' input.

Nothing here may decode or use random numbers; both sizes follow from the picture's own size and the config.
"""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any, Literal, NamedTuple

import numpy as np

from p2p_datatools.contract.pairs.lines import Pair, traits_of
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.resize import fit_gaps, fit_to
from p2p_datatools.contract.pictures.sizes import Exact, Fit, Size
from p2p_gan.config.config import Config
from p2p_gan.config.sides import SMALLEST_SIDE, discriminator_side, halvings_of

_DIGITS = 4  # of proportions, which tell how pictures look


class Proportions(NamedTuple):
    """Width / height of pictures: of the narrowest, of the median picture, and of the widest."""

    narrowest: float
    typical: float
    widest: float


class Sizing(NamedTuple):
    """`kept` is the size in the dataset, reached by `fit`; of it the networks see `seen`, cut out at random."""

    kept: Size
    seen: Size
    fit: Fit | Literal["mirror"]


def sizing_of(own: Size, config: Config, *, jitter: float | None = None) -> Sizing:
    """The sizing of a picture whose own size is `own`; `jitter` is that of the config by default.

    native: its own size, mirrored at the right and bottom border up to a size that the network can halve, as in
    inference, without jitter. keep: its own aspect ratio with about as many pixels as `size`, the sides rounded to
    multiples that the network can halve and the rest cropped evenly; times the jitter. Else: `size` times the jitter.
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


def bring_to_size(pixels: Array, sizing: Sizing, *, exact: Exact) -> Array:
    """Pixels (h, w[, c]) at the size that is kept; `exact` pixels (masks) get no new values."""
    if sizing.fit != "mirror":
        return fit_to(pixels, sizing.kept, sizing.fit, exact=exact)
    return _mirror(pixels, sizing.kept)


def bring_gaps_to_size(gaps: Gaps, sizing: Sizing) -> Gaps:
    """Where pixels that are not exact depend on those of `gaps` (h, w) at the size that is kept."""
    return _mirror(gaps, sizing.kept) if sizing.fit == "mirror" else fit_gaps(gaps, sizing.kept, sizing.fit)


def _mirror(pixels: Array, size: Size) -> Array:
    own = size_of(pixels)
    border: Any = ((0, size.height - own.height), (0, size.width - own.width), (0, 0))
    return np.pad(pixels, border[: pixels.ndim], mode="symmetric")


def middle(pixels: Array, size: Size) -> Array:
    """The central crop of this size."""
    own = size_of(pixels)
    top, left = (own.height - size.height) // 2, (own.width - size.width) // 2
    return np.ascontiguousarray(pixels[top : top + size.height, left : left + size.width])


def of_equal_area(own: Size, size: Size) -> Size:
    """The size with the aspect ratio of `own` and about as many pixels as `size`."""
    ratio = math.sqrt(size.width * size.height / (own.width * own.height))
    return Size(max(1, round(own.width * ratio)), max(1, round(own.height * ratio)))


def of_proportions(ratio: float, size: Size) -> Size:
    """The size whose width / height is about `ratio`, with about as many pixels as `size`."""
    height = math.sqrt(size.width * size.height / ratio)
    return Size(max(1, round(height * ratio)), max(1, round(height)))


def proportions_of(folder: PairFolder) -> Proportions | None:
    """The proportions of the training pairs, of which there has to be one; None where 'p2p data pair' stretched them.

    What those were like before is not known, and others like them have to be stretched as they were.
    """
    if folder.provenance.get("fit") == "stretch":
        return None
    found = [each.size.width / each.size.height for each in traits_of(folder.of("train"))]
    return Proportions(*(round(each, _DIGITS) for each in (min(found), median(found), max(found))))


def shapes_seen(pairs: Sequence[Pair], config: Config) -> tuple[tuple[Size, int], ...]:
    """The input sizes of the networks for these pairs with the number of pairs of each, the most frequent first."""
    counts = Counter[Size]()
    for size, number in Counter(each.size for each in traits_of(pairs)).items():
        counts[sizing_of(size, config).seen] += number
    return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _unit(config: Config) -> int:
    """The number of which sides must be multiples, for pictures of many shapes."""
    return 1 << halvings_of(config.generator, config.unet_depth)


def _least(config: Config, unit: int) -> int:
    needed = max(SMALLEST_SIDE, discriminator_side(config))
    return math.ceil(needed / unit) * unit


def _up(own: Size, config: Config) -> Size:
    unit = _unit(config)
    return Size(*(max(_least(config, unit), math.ceil(side / unit) * unit) for side in own))


def _round(size: Size, config: Config) -> Size:
    unit = max(_unit(config), SMALLEST_SIDE)  # smaller units would give many shapes with few pictures each
    return Size(*(max(_least(config, unit), round(side / unit) * unit) for side in size))


def _times(size: Size, factor: float) -> Size:
    return Size(*(round(side * factor) for side in size))


def _at_least(size: Size, least: Size) -> Size:
    return Size(max(size.width, least.width), max(size.height, least.height))
