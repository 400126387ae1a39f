"""Which size, fit and preset suit a set of pairs, each with its reason, from their sizes, kinds and number.

Nothing here may open a picture, load torch, or advise what `Config` would refuse.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from p2p_datatools.contract.pictures.sizes import Size, TrainFit
from p2p_datatools.contract.words import plural
from p2p_gan.bench.forecast import Forecast, choose_preset
from p2p_gan.config.config import Config
from p2p_gan.config.presets import PRESETS
from p2p_gan.config.sides import SMALLEST_SIDE, deepest_unet, nearest_size

_DEEPEST = 8  # blocks of the paper's U-Net, which reach a bottleneck of one pixel
# Of the pixels of the preset's size: fewer lose detail, more take longer.
_FEWEST, _MOST = 0.5, 1.5
_LONGEST_SIDE = 1024
# What a size costs: its shape being another than that of the pictures, its pixels being others than the preset's, and a
# U-Net that halves it fewer times. With them 4:3 becomes 256x192, 3:2 384x256 and 2:1 384x192.
_SHAPE_WEIGHT, _AREA_WEIGHT, _DEPTH_WEIGHT = 4.0, 1.0, 0.15
_SAME_SHAPE = 1.1  # times as wide, up to which a stretched picture looks as before
_UNCHANGED = 1.005  # times as wide, which is a pixel or none
_STRETCHED = 1.25  # times as wide, from which on it shows
_FEW = 0.05  # of the pictures
_ONCE = 1.5  # times, from which on each pair is seen several times
SHRINKS = 4  # times smaller in each direction, from which on small things are gone
_SPECK = 25  # pixels of a class in the median picture, 5x5, below which networks hardly see it


@dataclass(frozen=True)
class TrainingAdvice:
    """What to train so many pairs with; the three `..._reason` are sentences for a person.

    `options` are the words that differ from the defaults of 'p2p train', `seconds` what it takes here, and `measured`
    whether 'p2p bench' has measured that.
    """

    size: Size
    size_reason: str
    fit: TrainFit
    fit_reason: str
    preset: str
    preset_reason: str
    options: tuple[str, ...]
    seconds: float
    measured: bool


@dataclass(frozen=True)
class PairProfile:
    """What advice needs of pairs: how many have each size (of one half), how many will be trained on, and the halves.

    `halves` are kinds (mask, photo, picture) and `channels` their channels; `rarest` is the class with the smallest
    median share of a picture, and that share.
    """

    sizes: Mapping[Size, int]
    pairs: int
    halves: tuple[str, str]
    channels: tuple[int, int] = (3, 3)
    rarest: tuple[str, float] | None = None


def advise_training(profile: PairProfile) -> TrainingAdvice:
    """The size, fit and preset for pairs, of which there is at least one.

    The preset is the one that data commands name: the default, or one that ends today on this machine. The size has
    the shape of the median picture, about as many pixels as the preset's and no more than the pictures', and sides that
    the preset's network can halve.
    """
    best, default = choose_preset(max(1, profile.pairs))
    config = PRESETS[best.preset]
    base = config.size or Config().size
    assert base is not None, "the default config has a size"
    shape = _median({size.width / size.height: count for size, count in profile.sizes.items()})
    own = _median_area(profile.sizes)
    size = _choose_size(shape, min(own, base.width * base.height))
    fit, fit_reason = _choose_fit(profile.sizes, size, shape)
    if fit == "keep":
        size = nearest_size(base) if own >= base.width * base.height else _choose_size(1.0, own)
    options = ["--preset", best.preset] if default is not None else []
    options += ["--size", str(size)] if size != config.size else []
    options += ["--fit", fit] if fit != config.fit else []
    return TrainingAdvice(
        size=size,
        size_reason=_size_reason(size, base, own, profile),
        fit=fit,
        fit_reason=fit_reason,
        preset=best.preset,
        preset_reason=_preset_reason(best, default, profile),
        options=tuple(options),
        seconds=best.seconds * (size.width * size.height) / (base.width * base.height),
        measured=best.measured,
    )


def _median_area(sizes: Mapping[Size, int]) -> float:
    areas: dict[float, int] = {}
    for size, count in sizes.items():
        areas[size.width * size.height] = areas.get(size.width * size.height, 0) + count
    return _median(areas)


def _median(counts: Mapping[float, int]) -> float:
    half, below = (sum(counts.values()) + 1) // 2, 0
    for value in sorted(counts):
        below += counts[value]
        if below >= half:
            return value
    raise AssertionError("there is at least one picture")


def _choose_size(shape: float, area: float) -> Size:
    """The cheapest of all sizes that networks accept and that have about so many pixels."""
    sides = range(SMALLEST_SIDE, _LONGEST_SIDE + 1, SMALLEST_SIDE)
    fitting = [
        Size(width, height) for width in sides for height in sides if _FEWEST * area <= width * height <= _MOST * area
    ]
    if not fitting:
        return nearest_size(Size(round(math.sqrt(area * shape)), round(math.sqrt(area / shape))))

    def cost(size: Size) -> float:
        off = abs(math.log(shape * size.height / size.width))
        pixels = abs(math.log(size.width * size.height / area))
        return _SHAPE_WEIGHT * off + _AREA_WEIGHT * pixels + _DEPTH_WEIGHT * (_DEEPEST - deepest_unet(size))

    return min(fitting, key=cost)


def _choose_fit(sizes: Mapping[Size, int], size: Size, shape: float) -> tuple[TrainFit, str]:
    """stretch, unless more than a few pictures would visibly change their shape, and are not all of one."""
    total = sum(sizes.values())
    off = {own: _distortion(own.width / own.height, size.width / size.height) for own in sizes}
    worst = max(off.values())
    if max(_distortion(own.width / own.height, shape) for own in sizes) <= _SAME_SHAPE:
        if worst < _UNCHANGED:
            return "stretch", "all pictures have this shape"
        return "stretch", f"all pictures have nearly one shape, which changes by {worst - 1:.0%} at most"
    stretched = sum(count for own, count in sizes.items() if off[own] > _STRETCHED) / total
    if stretched <= _FEW:
        return "stretch", f"{1 - stretched:.0%} of the pictures change their shape by less than {_STRETCHED - 1:.0%}"
    return "keep", f"{stretched:.0%} of the pictures would be stretched by more than {_STRETCHED - 1:.0%}; so each " + (
        "keeps its shape, with about as many pixels"
    )


def _distortion(shape: float, other: float) -> float:
    return max(shape / other, other / shape)


def _size_reason(size: Size, base: Size, own: float, profile: PairProfile) -> str:
    pixels, whole = size.width * size.height, base.width * base.height
    if own < whole:
        reason = f"about as many pixels as the pictures have, in sides that are multiples of {SMALLEST_SIDE}"
    elif size == base:
        reason = "the preset's own"
    else:
        reason = f"the shape of the median picture, with {pixels / whole:.2g} times the pixels of the preset's {base}"
    if (shrinks := math.sqrt(own / pixels)) >= SHRINKS:
        reason += (
            f". It makes pictures {shrinks:.1f} times smaller: where details matter, train on crops of them, with "
            f"--size native --set crop={size}"
        )
    if profile.rarest and profile.rarest[1] * pixels < _SPECK:
        name, share = profile.rarest
        reason += f". A picture with {name} has about {plural(max(1, round(share * pixels)), 'pixel')} of it then"
    return reason


def _preset_reason(best: Forecast, default: Forecast | None, profile: PairProfile) -> str:
    times = best.images / max(1, profile.pairs)
    seen = f"each {times:,.0f} times" if times >= _ONCE else "most of them once"
    reason = f"{best.images:,} images: {plural(profile.pairs, 'training pair')}, {seen}"
    if default is not None:
        reason += f". The default, {default.preset}, would see {default.images:,} and not end today here"
    return reason + _by_kind(profile)


def _by_kind(profile: PairProfile) -> str:
    """Which other preset is for halves of these kinds."""
    if profile.halves == ("mask", "photo"):
        return ". For photo to mask, the other way: --preset segment"
    if profile.channels == (1, 3) and "mask" not in profile.halves:
        return ". For grey photos to colour: --preset colourise"
    return ""
