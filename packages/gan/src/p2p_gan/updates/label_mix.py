"""The losses of a discriminator that segments into N classes and "fake" (Schönfeld et al. 2021), and LabelMix.

Nothing here may know how often a network is updated; mixtures take their random numbers from torch's own random state.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from p2p_gan.networks.base import Judgement


@dataclass(frozen=True)
class Mixture:
    """A picture of real and generated classes, and the discriminator's output for it.

    `real` (n, 1, h, w) are true where its pixels are those of the real picture.
    """

    real: Tensor
    judgement: Judgement


def draw_mixture(classes: Tensor, count: int) -> Tensor:
    """Where a mixture is real, (n, 1, h, w) booleans: all pixels of a class of a picture, or none, at even chances.

    `classes` (n, h, w) are indices below `count`, and -1 for pixels without a class, which are drawn together too.
    """
    drawn = torch.rand(len(classes), count + 1, device=classes.device) < 0.5
    index = torch.where(classes < 0, count, classes)
    return drawn.gather(1, index.flatten(1)).reshape(classes.shape)[:, None]


def label_mix_loss(mixture: Mixture, real: Judgement, fake: Judgement) -> Tensor:
    """How far the output for a mixture is from the mixture of both outputs (eq. 4): the mean square over all logits."""
    assert mixture.judgement.labels is not None, "the discriminator segments"
    assert real.labels is not None, "the discriminator segments"
    assert fake.labels is not None, "the discriminator segments"
    mixed = torch.where(mixture.real, real.labels.float(), fake.labels.float())
    return F.mse_loss(mixture.judgement.labels.float(), mixed)


def fake_class_losses(logits: Tensor) -> Tensor:
    """The cross-entropy (n, 1, h, w) of the last class, which is "fake", in nats for each pixel (eq. 1)."""
    return -F.log_softmax(logits.float(), dim=1)[:, -1:]
