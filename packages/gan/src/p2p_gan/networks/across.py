"""Batch statistics of pictures that lie in several processes, as if they were one batch in one of them.

Nothing here may know which network or norm asks; the gradient is that of the whole batch, through the statistics too.
"""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


class Across:
    """The processes whose pictures are one batch; each of them must make every pass that uses it.

    `weight` is what each picture of this process counts: below 1 only where several processes show the same one,
    because a batch has fewer pictures than there are processes.
    """

    def __init__(self) -> None:
        self.weight = 1.0

    def normalised(
        self, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """`x` (n, channels, h, w) normalised over all processes, scaled and shifted.

        Also the mean and the variance (channels,) and over how many values they were taken, float32 or float64.
        """
        found: tuple[Tensor, Tensor, Tensor, Tensor] = _Normalised.apply(  # type: ignore[no-untyped-call]
            x, weight, bias, eps, self.weight
        )
        return found[0], found[1:]


class _Normalised(torch.autograd.Function):
    """Ioffe and Szegedy 2015, algorithm 1, and the gradients of section 3, summed over processes.

    torch's own SyncBatchNorm computes on CUDA alone, and this must be testable without.
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
        ours = torch.stack((up.sum(dim=(0, 2, 3)), (up * normal).sum(dim=(0, 2, 3))))
        # What the loss of any process gains by moving the statistics, which pictures of all processes move.
        theirs = ours.clone()
        dist.all_reduce(theirs)
        first, second = (theirs * (ctx.counted / total)).view(2, *shape)
        down = (weight * scale).view(shape) * (up - first - normal * second)
        # Weight and bias are parameters: their gradients are averaged with those of all others.
        return down.to(x.dtype), ours[1], ours[0], None, None


def _statistics(x: Tensor, counted: float) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance (channels,) over all processes, and the number of values (1,) that were counted."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    var, mean = torch.var_mean(wide, dim=(0, 2, 3), correction=0)
    mine = torch.cat((mean, var, mean.new_tensor([counted * (x.numel() // x.shape[1])])))
    found = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(found, mine)
    means, variances, counts = torch.split(torch.stack(found), [x.shape[1], x.shape[1], 1], dim=1)
    total = counts.sum(dim=0)
    shares = counts / total
    whole = (shares * means).sum(dim=0)
    # Chan et al. 1979: from the statistics of parts to those of all, without the cancellation of sums of squares.
    return whole, (shares * (variances + (means - whole).square())).sum(dim=0), total
