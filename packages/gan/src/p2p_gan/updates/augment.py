"""Differentiable augmentation of what the discriminator sees (Zhao et al. 2020, DiffAugment, section 3.2 and its code).

Nothing here may change what the generator is given, or draw from anything but torch's own random state, which a
checkpoint holds. Colours may change on photos only, never on masks or class channels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

TRANSLATION = 1 / 8  # of a side, at most, either way
CUTOUT = 1 / 2  # of both sides


@dataclass(frozen=True)
class Seen:
    """What the discriminator sees of a batch: the input `a`, the wanted `b`, the `fake`, and where b is `ignored`.

    `classes` (n, h, w) are what the mask says of each pixel, -1 nothing, for a discriminator that is to see them.
    """

    a: Tensor
    b: Tensor
    fake: Tensor
    ignored: Tensor | None = None
    classes: Tensor | None = None


def augmented(seen: Seen, kind: str, colours: tuple[bool, bool]) -> Seen:
    """The same pictures after one random draw for each pair: none, colour, geometry, or all of both.

    All of a pair (a, b, fake, ignored, classes) share the draw, so that halves stay aligned, features of real and fake
    can be compared, and points between them belong to the same a. The paper draws anew for real and fake, which has the
    same distribution for either. `colours` says which of (a, b) are photos.
    """
    if kind in ("colour", "all"):
        seen = _colour(seen, colours)
    if kind in ("geometry", "all"):
        seen = _cut_out(_translate(seen))
    return seen


def _colour(seen: Seen, colours: tuple[bool, bool]) -> Seen:
    """Brightness, saturation and contrast, in this order; values may leave -1..1, as in the authors' code."""
    brightness, saturation, contrast = torch.rand(3, len(seen.a), 1, 1, 1, device=seen.a.device)

    def one(x: Tensor, photo: bool) -> Tensor:
        if not photo:
            return x
        x = x + (brightness - 0.5)
        grey = x.mean(dim=1, keepdim=True)
        x = torch.lerp(grey, x, 2 * saturation) if x.shape[1] > 1 else x
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        return torch.lerp(mean, x, contrast + 0.5)

    a, b = colours
    return replace(seen, a=one(seen.a, a), b=one(seen.b, b), fake=one(seen.fake, b))


def _translate(seen: Seen) -> Seen:
    """Shift by whole pixels, up to an eighth of each side; what comes in is 0: mid-grey, or no class."""
    shifts = torch.rand(2, len(seen.a), device=seen.a.device)

    def one(x: Tensor) -> Tensor:
        for dim, shift in ((2, shifts[0]), (3, shifts[1])):
            side = x.shape[dim]
            most = int(side * TRANSLATION + 0.5)
            moved = (shift * (2 * most + 1)).long().sub(most)
            source = torch.arange(side, device=x.device) - moved[:, None]  # (n, side)
            shape = (len(x), 1, -1, 1) if dim == 2 else (len(x), 1, 1, -1)
            inside = ((source >= 0) & (source < side)).reshape(shape)
            index = source.clamp(0, side - 1).reshape(shape).expand_as(x)
            x = x.gather(dim, index) * inside
        return x

    return _each(seen, one)


def _cut_out(seen: Seen) -> Seen:
    """Zero a rectangle of half of each side, its middle anywhere in the picture."""
    middles = torch.rand(2, len(seen.a), device=seen.a.device)

    def one(x: Tensor) -> Tensor:
        covered = []
        for dim, middle in ((2, middles[0]), (3, middles[1])):
            side = x.shape[dim]
            length = int(side * CUTOUT + 0.5)
            first = (middle * (side + 1 - length % 2)).long() - length // 2
            place = torch.arange(side, device=x.device) - first[:, None]
            covered.append((place >= 0) & (place < length))
        rows, columns = covered
        return x * ~(rows[:, None, :, None] & columns[:, None, None, :])

    return _each(seen, one)


def _each(seen: Seen, one: Callable[[Tensor], Tensor]) -> Seen:
    ignored = None if seen.ignored is None else one(seen.ignored.float()) > 0.5
    # What comes in, or is covered, is 0 and so of no class.
    classes = None if seen.classes is None else one(seen.classes[:, None].float() + 1)[:, 0].round().long() - 1
    return Seen(one(seen.a), one(seen.b), one(seen.fake), ignored, classes)
