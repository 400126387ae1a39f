"""Normalisation layers whose statistics outside training are chosen by the pass.

Nothing here may know which network it is part of.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.across import Across
from p2p_gan.networks.applying import Applying

EPSILON = 1e-5


class Norm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) whose statistics outside training are chosen by the pass.

    With `across` those of training are taken over the pictures of several processes.
    """

    across: Across | None = None

    def __init__(self, channels: int, *, eps: float = EPSILON, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """Normalise (n, channels, h, w): over the batch in training, else as `applying` says."""
        mean, var, scale, shift = self.running_mean, self.running_var, self.weight, self.bias
        if applying is None and self.across is not None:
            return self._synchronised(x, self.across)
        if applying is None:
            return F.batch_norm(x, mean, var, scale, shift, training=True, momentum=self.momentum, eps=self.eps)
        if applying.statistics == "running":
            return F.batch_norm(x, mean, var, scale, shift, training=False, eps=self.eps)
        if applying.part is not None:
            mean, var = applying.part.statistics(self, x)
            return F.batch_norm(x, mean, var, scale, shift, training=False, eps=self.eps)
        if applying.valid == (1.0, 1.0):
            return F.instance_norm(x, weight=scale, bias=shift, eps=self.eps)
        return by_valid_part(x, applying, self.eps) * scale[:, None, None] + shift[:, None, None]

    def _synchronised(self, x: Tensor, across: Across) -> Tensor:
        output, (mean, var, total) = across.normalised(x, self.weight, self.bias, self.eps)
        with torch.no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            unbiased = var * (total / (total - 1))
            self.running_var.lerp_(unbiased.to(self.running_var), self.momentum)
        return output


def synchronise(network: nn.Module, across: Across | None) -> None:
    """Take the batch statistics of all norms of the network over these processes, or (None) over this one alone."""
    for module in network.modules():
        if isinstance(module, Norm):
            module.across = across


@contextmanager
def by_itself(network: nn.Module) -> Iterator[None]:
    """While this is open the network asks nothing of other processes: for passes that they do not make."""
    before = {module: module.across for module in network.modules() if isinstance(module, Norm)}
    synchronise(network, None)
    try:
        yield
    finally:
        for module, across in before.items():
            module.across = across


class InstanceNorm(nn.Module):
    """Instance normalisation (Ulyanov et al. 2016): each picture by its own statistics, in training and after it.

    It has no weights and gathers nothing, as in the reference implementation.
    """

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """Normalise (n, channels, h, w), h * w > 1; padding is left out of the statistics."""
        if applying is not None and applying.part is not None:
            mean, var = applying.part.statistics(self, x)
            return F.batch_norm(x, mean, var, training=False, eps=EPSILON)
        if applying is None or applying.valid == (1.0, 1.0):
            return F.instance_norm(x, eps=EPSILON)
        return by_valid_part(x, applying, EPSILON)


def by_valid_part(x: Tensor, applying: Applying, eps: float) -> Tensor:
    """Each picture of (n, channels, h, w) to mean 0 and variance 1 in that part of it that is not padding."""
    height = max(1, round(x.shape[2] * applying.valid[0]))
    width = max(1, round(x.shape[3] * applying.valid[1]))
    variance, average = torch.var_mean(x[:, :, :height, :width], dim=(2, 3), keepdim=True, correction=0)
    return (x - average) / torch.sqrt(variance + eps)


class Unchanged(nn.Module):
    """Stands where a layer has no norm."""

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """Give `x` back."""
        return x


def norm_layer(kind: str, channels: int) -> nn.Module:
    """The norm called `kind`: batch, instance or none."""
    if kind == "batch":
        return Norm(channels)
    return InstanceNorm() if kind == "instance" else Unchanged()
