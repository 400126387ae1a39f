"""What a discriminator pays for the steepness of its judgement: the gradient penalty and R1.

Nothing here may run in less than float32 or see a batch norm: each penalty is of one picture's own gradient.
"""

import torch
from torch import Tensor

from p2p_gan.networks.contract import Discriminator, Judgement


def gradient_penalty(
    discriminator: Discriminator, a: Tensor, real: Tensor, fake: Tensor, ignored: Tensor | None = None
) -> Tensor:
    """The mean of (|gradient| - 1)^2 at points between `real` and `fake`, given `a` (Gulrajani et al. 2017, eq. 3).

    One point a picture, uniform between the two. The gradient is that of the picture's mean logit with respect to b;
    it is not asked at `ignored` pixels (n, 1, h, w). It can be differentiated again, for the discriminator's weights.
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = real.detach().float().lerp(fake.detach().float(), share)
    steepness = torch.linalg.vector_norm(_gradient(discriminator, a, between, ignored).flatten(1), dim=1)
    return torch.mean((steepness - 1) ** 2)


def r1_penalty(discriminator: Discriminator, a: Tensor, real: Tensor, ignored: Tensor | None = None) -> Tensor:
    """The mean of |gradient|^2 at the real pictures, given `a` (Mescheder et al. 2018, eq. 9, without its factor)."""
    return _gradient(discriminator, a, real.detach().float(), ignored).square().flatten(1).sum(dim=1).mean()


def _gradient(discriminator: Discriminator, a: Tensor, b: Tensor, ignored: Tensor | None) -> Tensor:
    b = b.detach().requires_grad_(True)
    with torch.autocast(b.device.type, enabled=False):
        total = critic(discriminator(a.float(), b)).sum()
    (gradient,) = torch.autograd.grad(total, b, create_graph=True)
    return gradient if ignored is None else gradient.masked_fill(ignored, 0)


def critic(judgement: Judgement) -> Tensor:
    """One number a picture, (n,): the mean of its patches' logits, then of the scales, as the losses average them."""
    return torch.stack([logits.float().mean(dim=(1, 2, 3)) for logits in judgement.logits]).mean(dim=0)
