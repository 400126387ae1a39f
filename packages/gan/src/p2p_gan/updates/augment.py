"""Differentiable augmentation of the discriminator's input (Zhao et al. 2020, DiffAugment, section 3.2 and its code).

Nothing here may change the generator's input, or take random numbers from anything but torch's own random state, which
a checkpoint holds. Colours may change on photos only, never on masks or class channels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_TRANSLATION = 1 / 8  # of a side, at most, either way
_CUTOUT = 1 / 2  # of both sides


@dataclass(frozen=True)
class DiscriminatorView:
    """The discriminator's input for a batch: the input `real_a`, the target `real_b` and the generated `fake_b`.

    `ignored` (n, 1, h, w) marks the pixels of b that no loss uses; `classes` (n, h, w) are the mask's class indices for
    a segmentation head, -1 where a pixel has no class.
    """

    real_a: Tensor
    real_b: Tensor
    fake_b: Tensor
    ignored: Tensor | None = None
    classes: Tensor | None = None


def augment(view: DiscriminatorView, kind: str, photos: tuple[bool, bool]) -> DiscriminatorView:
    """The pictures after a random augmentation of `kind` none, color, geometry or all, drawn once for each pair.

    All tensors of a pair (both halves, the fake, ignored, classes) share the draw, so that the halves stay aligned,
    features of real and fake can be compared, and points between them have the same a. The paper draws separately for
    real and fake, which gives each the same distribution. `photos` says which of (a, b) are photos.
    """
    if kind in ("color", "all"):
        view = _change_color(view, photos)
    if kind in ("geometry", "all"):
        view = _cut_out(_translate(view))
    return view


def _change_color(view: DiscriminatorView, photos: tuple[bool, bool]) -> DiscriminatorView:
    """Brightness, saturation and contrast, in this order; values may leave -1..1, as in the authors' code."""
    brightness, saturation, contrast = torch.rand(3, len(view.real_a), 1, 1, 1, device=view.real_a.device)

    def one(x: Tensor, photo: bool) -> Tensor:
        if not photo:
            return x
        x = x + (brightness - 0.5)
        grey = x.mean(dim=1, keepdim=True)
        x = torch.lerp(grey, x, 2 * saturation) if x.shape[1] > 1 else x
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        return torch.lerp(mean, x, contrast + 0.5)

    a, b = photos
    return replace(view, real_a=one(view.real_a, a), real_b=one(view.real_b, b), fake_b=one(view.fake_b, b))


def _translate(view: DiscriminatorView) -> DiscriminatorView:
    """Shift by whole pixels, up to an eighth of each side; pixels moved in are 0: mid-grey, or no class."""
    shifts = torch.rand(2, len(view.real_a), device=view.real_a.device)

    def one(x: Tensor) -> Tensor:
        for dim, shift in ((2, shifts[0]), (3, shifts[1])):
            most = int(x.shape[dim] * _TRANSLATION + 0.5)
            moved = (shift * (2 * most + 1)).long().sub(most)
            x = _Shift.apply(x, moved, dim)  # type: ignore[no-untyped-call]
        return x

    return _transform(view, one)


class _Shift(torch.autograd.Function):
    """`_shift`, whose gradient is shifted back: that of `gather` is a sum, in no order on CUDA, or a slow one."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, moved: Tensor, dim: int) -> Tensor:
        ctx.save_for_backward(moved)
        ctx.dim = dim
        return _shift(x, moved, dim)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (moved,) = ctx.saved_tensors
        return _shift(grad, -moved, ctx.dim) + 0.0, None, None  # a sum has no -0


def _shift(x: Tensor, moved: Tensor, dim: int) -> Tensor:
    """Pictures (n, channels, h, w), each shifted along a side by a number of pixels (n,); what comes in is 0."""
    side = x.shape[dim]
    source = torch.arange(side, device=x.device) - moved[:, None]  # (n, side)
    shape = (len(x), 1, -1, 1) if dim == 2 else (len(x), 1, 1, -1)
    inside = ((source >= 0) & (source < side)).reshape(shape)
    return x.gather(dim, source.clamp(0, side - 1).reshape(shape).expand_as(x)) * inside


def _cut_out(view: DiscriminatorView) -> DiscriminatorView:
    """Set a rectangle of half of each side to 0, its centre anywhere in the picture."""
    middles = torch.rand(2, len(view.real_a), device=view.real_a.device)

    def one(x: Tensor) -> Tensor:
        covered = []
        for dim, middle in ((2, middles[0]), (3, middles[1])):
            side = x.shape[dim]
            length = int(side * _CUTOUT + 0.5)
            first = (middle * (side + 1 - length % 2)).long() - length // 2
            place = torch.arange(side, device=x.device) - first[:, None]
            covered.append((place >= 0) & (place < length))
        rows, columns = covered
        return x * ~(rows[:, None, :, None] & columns[:, None, None, :])

    return _transform(view, one)


def _transform(view: DiscriminatorView, one: Callable[[Tensor], Tensor]) -> DiscriminatorView:
    ignored = None if view.ignored is None else one(view.ignored.float()) > 0.5
    # Pixels that are moved in or cut out are 0, which means no class.
    classes = None if view.classes is None else one(view.classes[:, None].float() + 1)[:, 0].round().long() - 1
    return DiscriminatorView(one(view.real_a), one(view.real_b), one(view.fake_b), ignored, classes)
