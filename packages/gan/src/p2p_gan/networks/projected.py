"""Projected heads: small discriminators on randomly mixed features of a pretrained network (Sauer et al. 2021).

Nothing here may know the pretrained network or a loss; the random mixing is drawn once and never trained.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.base import Discriminator, Judgement, PhotoFeatures
from p2p_gan.networks.blocks import LEAK, SpectralConv


class RandomMixer(nn.Module):
    """Mixes the channels of each stage by a random 1x1 convolution, and the stages by random 3x3 ones (section 3.2).

    From the coarsest stage on, each is mixed, doubled by linear interpolation, and added to the next finer one. The
    convolutions are buffers: part of the state, and constant.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self._count = len(channels)
        for stage, inputs in enumerate(channels):
            self.register_buffer(f"channels{stage}", torch.zeros(width, inputs, 1, 1))
            self.register_buffer(f"scales{stage}", torch.zeros(width, width, 3, 3))

    def draw(self, generator: torch.Generator) -> None:
        """Draw the convolutions so that they keep the variance of what they mix (He et al. 2015, eq. 14)."""
        for value in self.buffers():
            value.normal_(0.0, 1 / math.sqrt(value[0].numel()), generator=generator)

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Features (n, channels, h, w) of each stage, finest first, to mixed ones (n, width, h, w)."""
        found: list[Tensor] = []
        for stage in reversed(range(self._count)):
            x = F.conv2d(stages[stage], self.get_buffer(f"channels{stage}"))
            if found:
                height, width = x.shape[2:]
                x = x + _double(_double(found[-1], 2), 3)[:, :, :height, :width]
            found.append(F.conv2d(x, self.get_buffer(f"scales{stage}"), padding=1))
        return tuple(reversed(found))


def _double(x: Tensor, side: int) -> Tensor:
    """Twice the size along a side by linear interpolation; on CUDA too its gradient is deterministic."""
    length = x.shape[side]
    before = torch.cat((x.narrow(side, 0, 1), x.narrow(side, 0, length - 1)), dim=side)
    after = torch.cat((x.narrow(side, 1, length - 1), x.narrow(side, length - 1, 1)), dim=side)
    return torch.stack((x.lerp(before, 0.25), x.lerp(after, 0.25)), dim=side + 1).flatten(side, side + 1)


class ProjectedHead(nn.Module):
    """A discriminator of two layers on mixed features and the condition: a logit for each position."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.conv = SpectralConv(width + condition, width, 3, stride=1, padding=1)
        self.last = SpectralConv(width, 1, 3, stride=1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, width + condition, h, w) to (n, 1, h, w)."""
        logits: Tensor = self.last(F.leaky_relu(self.conv(x), LEAK))
        return logits


class ProjectedDiscriminator(Discriminator):
    """Any discriminator with additional projected heads of `width` channels, one for each stage of `channels`.

    `condition` is the number of classes, or of channels of a, given which the heads judge; 0 if they are not
    conditional. `skipped` stages of the features, the finest, have no head.
    """

    def __init__(
        self, others: Discriminator, channels: Sequence[int], *, width: int, condition: int, skipped: int
    ) -> None:
        super().__init__()
        self.others = others
        self.mixing = RandomMixer(channels, width)
        self.heads = nn.ModuleList(ProjectedHead(width, condition) for _ in channels)
        self._condition, self._skipped = condition, skipped

    def forward(self, a: Tensor, b: Tensor, labels: bool = False, seen: PhotoFeatures | None = None) -> Judgement:
        """The output of the others for (a, b), and with the features of b as `seen` the logits of the heads too."""
        judgement: Judgement = self.others(a, b, labels)
        if seen is None:
            return judgement
        mixed = self.mixing(seen.stages[self._skipped : self._skipped + len(self.heads)])
        logits = [head(self._beside(x, seen.condition)) for head, x in zip(self.heads, mixed, strict=True)]
        return judgement._replace(projected=tuple(logits))

    def segment(self, b: Tensor) -> Tensor:
        """That of the others."""
        return self.others.segment(b)

    def _beside(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """Features and the condition at their resolution: the share of each class, or the mean values."""
        if condition is None:
            return x
        if condition.dtype == torch.int64:
            classes = torch.arange(self._condition, device=condition.device)[:, None, None]
            condition = (condition[:, None] == classes).to(x.dtype)
        height, width = x.shape[2:]
        return torch.cat((x, F.adaptive_avg_pool2d(condition.to(x.dtype), (height, width))), dim=1)
