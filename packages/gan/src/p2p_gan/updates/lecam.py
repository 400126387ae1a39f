"""LeCam regularisation of the discriminator (Tseng et al. 2021): its moving averages, and the loss that uses them.

Nothing here may wait for the device, or average over anything but what it is given.
"""

import torch
from torch import Tensor, nn

from p2p_gan.networks.base import Judgement

DECAY = 0.99  # of the moving averages, per update (section 4 of the paper)


class LeCam(nn.Module):
    """The moving averages of the discriminator's mean logit for real and for fake pairs, at each of its scales.

    `sums` (2, scales) and `weight` () are the averages before the division that removes the influence of their start;
    they are buffers, so that a checkpoint has them.
    """

    def __init__(self, scales: int) -> None:
        super().__init__()
        self.sums: Tensor
        self.weight: Tensor
        self.register_buffer("sums", torch.zeros(2, scales))
        self.register_buffer("weight", torch.zeros(()))

    @torch.no_grad()
    def follow(self, means: Tensor, part: float | Tensor = 1.0) -> Tensor:
        """Add the means (2, scales) of the logits of a `part` of an update, real before fake; returns the new averages.

        The parts of an update make the decay of a whole one together. Means that are not finite, as in an update in
        float16 that is skipped, are left out.
        """
        share = torch.where(means.isfinite().all(), 1 - DECAY**part, 0.0)
        self.sums.lerp_(means.nan_to_num(), share)  # 0 times any number is 0, but 0 times nan is nan
        self.weight.lerp_(torch.ones_like(self.weight), share)
        return self.sums / self.weight.clamp(min=1e-12)


def mean_logits(real: Judgement, fake: Judgement) -> Tensor:
    """The mean logit of real and of fake pairs at each scale: (2, scales), without gradients."""
    return torch.stack(
        [torch.stack([logits.detach().float().mean() for logits in judgement.logits]) for judgement in (real, fake)]
    )


def lecam_loss(real: Judgement, fake: Judgement, averages: Tensor) -> Tensor:
    """The mean of (D(real) - average of D(fake))^2 + (D(fake) - average of D(real))^2 (eq. 5), over patches and scales.

    `averages` (2, scales) are those of real and of fake pairs.
    """
    scales = [
        (ours.float() - average_fake).square().mean() + (theirs.float() - average_real).square().mean()
        for ours, theirs, (average_real, average_fake) in zip(real.logits, fake.logits, averages.unbind(1), strict=True)
    ]
    return torch.stack(scales).mean()
