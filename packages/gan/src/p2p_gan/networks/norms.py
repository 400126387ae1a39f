"""Normalisation layers whose statistics outside training are chosen by the pass.

Nothing here may know which network it is part of.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.applying import Applying


class Norm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) whose statistics outside training are chosen by the pass."""

    def __init__(self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
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
        if applying is None:
            return F.batch_norm(x, mean, var, scale, shift, training=True, momentum=self.momentum, eps=self.eps)
        if applying.statistics == "running":
            return F.batch_norm(x, mean, var, scale, shift, training=False, eps=self.eps)
        if applying.part is not None:
            mean, var = applying.part.statistics(self, x)
            return F.batch_norm(x, mean, var, scale, shift, training=False, eps=self.eps)
        if applying.valid == (1.0, 1.0):
            return F.instance_norm(x, weight=scale, bias=shift, eps=self.eps)
        height = max(1, round(x.shape[2] * applying.valid[0]))
        width = max(1, round(x.shape[3] * applying.valid[1]))
        variance, average = torch.var_mean(x[:, :, :height, :width], dim=(2, 3), keepdim=True, correction=0)
        factor = scale[:, None, None] / torch.sqrt(variance + self.eps)
        return (x - average) * factor + shift[:, None, None]


class Unchanged(nn.Module):
    """Stands where a layer has no norm."""

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """Give `x` back."""
        return x


def norm_layer(kind: str, channels: int) -> nn.Module:
    """The norm called `kind`: batch or none."""
    return Norm(channels) if kind == "batch" else Unchanged()
