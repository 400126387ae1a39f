"""The norms of the networks: batch norm, its synchronisation over several processes, instance norm, and none.

Nothing here may know in which network a norm is; a synchronised norm has the gradient of the whole batch.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from p2p_gan.networks.base import InferencePass


class SyncBatchNorm:
    """Batch statistics over all processes; each of them must make every pass that uses it.

    `weight` is the weight of each picture of this process: below 1 only if several processes have the same picture,
    because a batch has fewer pictures than there are processes.
    """

    def __init__(self) -> None:
        self.weight = 1.0

    def normalise(
        self, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """`x` (n, channels, h, w) normalised over all processes, scaled and shifted.

        Also the mean and the variance (channels,) and the number of their values, float32 or float64.
        """
        found: tuple[Tensor, Tensor, Tensor, Tensor] = _SyncNormFunction.apply(  # type: ignore[no-untyped-call]
            x, weight, bias, eps, self.weight
        )
        return found[0], found[1:]


class _SyncNormFunction(torch.autograd.Function):
    """Ioffe and Szegedy 2015, algorithm 1, and the gradients of section 3, summed over processes.

    torch's own SyncBatchNorm works on CUDA only, and this must be testable without a GPU.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float, counted: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mean, var, total = _statistics(x, counted)
        ctx.save_for_backward(x, weight, mean, torch.rsqrt(var + eps), total)
        ctx.counted = counted
        ctx.mark_non_differentiable(mean, var, total)
        return F.batch_norm(x, mean, var, weight, bias, training=False, eps=eps), mean, var, total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor, None, None]:
        x, weight, mean, scale, total = ctx.saved_tensors
        wide = torch.promote_types(x.dtype, torch.float32)
        up, shape = grad.to(wide), (1, -1, 1, 1)
        normal = (x.to(wide) - mean.view(shape)) * scale.view(shape)
        own = torch.stack((up.sum(dim=(0, 2, 3)), (up * normal).sum(dim=(0, 2, 3))))
        # The statistics depend on the pictures of all processes, and the loss of each process on the statistics.
        summed = own.clone()
        dist.all_reduce(summed)
        first, second = (summed * (ctx.counted / total)).view(2, *shape)
        down = (weight * scale).view(shape) * (up - first - normal * second)
        # Weight and bias are parameters, whose gradients are averaged over processes later.
        return down.to(x.dtype), own[1], own[0], None, None


def _statistics(x: Tensor, counted: float) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance (channels,) over all processes, and the number of values (1,) that were counted."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    var, mean = torch.var_mean(wide, dim=(0, 2, 3), correction=0)
    own = torch.cat((mean, var, mean.new_full((1,), counted * (x.numel() // x.shape[1]))))
    found = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(found, own)
    means, variances, counts = torch.split(torch.stack(found), [x.shape[1], x.shape[1], 1], dim=1)
    total = counts.sum(dim=0)
    shares = counts / total
    whole = (shares * means).sum(dim=0)
    # Chan et al. 1979: the statistics of all from those of parts, without the cancellation of sums of squares.
    return whole, (shares * (variances + (means - whole).square())).sum(dim=0), total


EPSILON = 1e-5
ROUNDING = 2**-16, 2e-6  # the part of a value, and how much, that pixels of a constant channel may differ by
_PROBED = 16  # rows, and columns, at most


def spread_of_rounding(first: Tensor) -> Tensor:
    """How far from its first pixel a channel's others may lie, and be equal to it but for rounding."""
    return first.abs() * ROUNDING[0] + ROUNDING[1]


def zero_constant(x: Tensor, height: int | None = None, width: int | None = None) -> Tensor:
    """`x` (n, channels, h, w) with 0 for channels that are constant but for rounding in their first rows and columns.

    A norm divides rounding by the root of EPSILON, and the next one does so again: in a network without borders of
    zeros, such as a ResNet, a blank picture would become noise that differs with the runtime and the device. What is
    constant is 0 when normalised, whatever its value.
    """
    part = x[:, :, :height, :width]
    # Nearly always some pixels show that all channels vary. A GPU is not waited for: it looks at all pixels at once.
    rows, columns = (-(-side // _PROBED) for side in part.shape[2:])
    if x.device.type == "cpu" and _varies(part[:, :, ::rows, ::columns].contiguous()).all():
        return x
    return x * _varies(part)


def _varies(part: Tensor) -> Tensor:
    """Whether each channel of (n, channels, h, w) is more than constant but for rounding, (n, channels, 1, 1)."""
    first = part[:, :, :1, :1]
    above, below = part.amax(dim=(2, 3), keepdim=True) - first, first - part.amin(dim=(2, 3), keepdim=True)
    return torch.maximum(above, below) > spread_of_rounding(first)


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015); an InferencePass chooses the statistics outside training.

    With `across` the statistics of training are computed over the pictures of several processes. A pass that stands for
    several `passes` has the pictures of each, as many, one after the other, and statistics of each.
    """

    eps, momentum = EPSILON, 0.1
    across: SyncBatchNorm | None = None
    records: bool = True  # whether a pass of training changes the running statistics
    passes: int = 1

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor, applying: InferencePass | None = None) -> Tensor:
        """Normalise (n, channels, h, w): over the batch in training, else as `applying` says."""
        mean, var, scale, shift = self.running_mean, self.running_var, self.weight, self.bias
        if applying is None and self.across is not None:
            return self._normalise_across(x, self.across)
        if applying is None and self.passes > 1:
            return torch.cat([self._normalise(each) for each in x.chunk(self.passes)])
        if applying is None:
            return self._normalise(x)
        if applying.statistics == "running":
            return F.batch_norm(x, mean, var, scale, shift, training=False, eps=self.eps)
        if applying.part is not None:
            mean, var = applying.part.statistics(self, x)
            return F.batch_norm(x, mean, var, scale, shift, training=False, eps=self.eps)
        if applying.valid == (1.0, 1.0):
            return F.instance_norm(zero_constant(x), weight=scale, bias=shift, eps=self.eps)
        return by_valid_part(x, applying, self.eps) * scale[:, None, None] + shift[:, None, None]

    def _normalise(self, x: Tensor) -> Tensor:
        mean, var = (self.running_mean, self.running_var) if self.records else (None, None)
        return F.batch_norm(x, mean, var, self.weight, self.bias, training=True, momentum=self.momentum, eps=self.eps)

    def _normalise_across(self, x: Tensor, across: SyncBatchNorm) -> Tensor:
        output, (mean, var, total) = across.normalise(x, self.weight, self.bias, self.eps)
        if not self.records:
            return output
        with torch.no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            unbiased = var * (total / (total - 1))
            self.running_var.lerp_(unbiased.to(self.running_var), self.momentum)
        return output


def synchronise(network: nn.Module, across: SyncBatchNorm | None) -> None:
    """Compute the batch statistics of the network's norms over all processes, or with None over this one alone."""
    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.across = across


def by_itself(network: nn.Module) -> AbstractContextManager[None]:
    """While this is open the network's norms are not synchronised: for passes that other processes do not make."""
    return _with_all(network, BatchNorm, across=None)


def in_one_pass(network: nn.Module, passes: int) -> AbstractContextManager[None]:
    """While this is open a pass of the network stands for several of training, each normalised by its own statistics.

    What they give is the same but for rounding, if nothing else in the network knows a batch or draws random numbers.
    """
    return _with_all(network, BatchNorm, passes=passes)


def keep_running(network: nn.Module) -> AbstractContextManager[None]:
    """While this is open the network's passes leave its running statistics as they are."""
    return _with_all(network, BatchNorm, records=False)


@contextmanager
def _with_all(network: nn.Module, kind: type[nn.Module], **attributes: object) -> Iterator[None]:
    """While this is open all modules of this kind in the network have these attributes."""
    before = [
        (module, {name: getattr(module, name) for name in attributes})
        for module in network.modules()
        if isinstance(module, kind)
    ]
    for module, _ in before:
        vars(module).update(attributes)
    try:
        yield
    finally:
        for module, own in before:
            vars(module).update(own)


class InstanceNorm(nn.Module):
    """Instance normalisation (Ulyanov et al. 2016): each picture by its own statistics, in training and after it.

    It has no weights and no running statistics, as in the reference implementation.
    """

    twice: bool = False  # whether its gradient is differentiated again

    def forward(self, x: Tensor, applying: InferencePass | None = None) -> Tensor:
        """Normalise (n, channels, h, w), h * w > 1; the statistics exclude padding."""
        if applying is not None and applying.part is not None:
            mean, var = applying.part.statistics(self, x)
            return F.batch_norm(x, mean, var, training=False, eps=EPSILON)
        if self.twice and applying is None:
            # The second derivative of torch's own is wrong for a single picture in channels_last (torch 2.13, CPU).
            return _normalise(x, x, EPSILON)
        if applying is None or applying.valid == (1.0, 1.0):
            return F.instance_norm(x if applying is None else zero_constant(x), eps=EPSILON)
        return by_valid_part(x, applying, EPSILON)


def by_valid_part(x: Tensor, applying: InferencePass, eps: float) -> Tensor:
    """Normalise each picture of (n, channels, h, w) to mean 0 and variance 1 in the part that is not padding."""
    height = max(1, round(x.shape[2] * applying.valid[0]))
    width = max(1, round(x.shape[3] * applying.valid[1]))
    x = zero_constant(x, height, width)
    return _normalise(x, x[:, :, :height, :width], eps)


def _normalise(x: Tensor, part: Tensor, eps: float) -> Tensor:
    """Normalise each picture of (n, channels, h, w) by the mean and variance of a part of it."""
    variance, mean = torch.var_mean(part, dim=(2, 3), keepdim=True, correction=0)
    return (x - mean) / torch.sqrt(variance + eps)


def differentiate_twice(network: nn.Module) -> AbstractContextManager[None]:
    """While this is open the gradients of the network's passes may be differentiated again."""
    return _with_all(network, InstanceNorm, twice=True)


class ClassAdaptiveNorm(nn.Module):
    """A scale and a shift for each class of the mask, after a norm (CLADE, Tan et al. 2021, eq. 3 and 4).

    x + scale x + shift, so that the norm's own scale and shift are those of pixels without a class. Where a pixel of a
    coarse map covers several classes it has the mean of theirs, by area; the paper takes that of one.
    """

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        # A row of a table for each class, looked up by a product with the one-hot mask.
        self.scale = nn.Conv2d(classes, channels, 1, bias=False)
        self.shift = nn.Conv2d(classes, channels, 1, bias=False)

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """(n, channels, h, w), normalised, by the `shares` (n, classes, h, w) of the classes in each pixel."""
        return torch.addcmul(x + self.shift(shares).to(x), x, self.scale(shares).to(x))


class NoNorm(nn.Module):
    """The norm of a layer without normalisation."""

    def forward(self, x: Tensor, applying: InferencePass | None = None) -> Tensor:
        """Return `x`."""
        return x


def norm_layer(kind: str, channels: int) -> nn.Module:
    """The norm called `kind`: batch, instance or none."""
    if kind == "batch":
        return BatchNorm(channels)
    return InstanceNorm() if kind == "instance" else NoNorm()
