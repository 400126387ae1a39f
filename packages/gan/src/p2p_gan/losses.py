"""The losses of pix2pix: sigmoid cross-entropy for the game, L1 for the likeness.

Nothing here may know networks or optimisers; a loss takes tensors and gives one number.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from p2p_gan.networks.contract import Judgement


def gan_loss(judgement: Judgement, *, real: bool) -> Tensor:
    """Sigmoid cross-entropy of the logits against all real or all fake (Isola et al. 2017, eq. 1).

    It is averaged over patches, then over scales.

    For the generator, `real=True` on its fakes maximises log D(a, G(a)) instead of minimising log(1 - D) (section 3.3).
    """
    scales = [logits.float() for logits in judgement.logits]
    losses = [F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real))) for logits in scales]
    return torch.stack(losses).mean()


def l1_loss(fake: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference of values in -1..1 (eq. 3)."""
    return F.l1_loss(fake.float(), real.float())
