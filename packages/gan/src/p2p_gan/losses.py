"""The losses of pix2pix: sigmoid cross-entropy for the game, L1 for the likeness.

Nothing here may know networks or optimisers; a loss takes tensors and gives one number.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def gan_loss(logits: Tensor, *, real: bool) -> Tensor:
    """Sigmoid cross-entropy of the patches' logits against all real or all fake, averaged (Isola et al. 2017, eq. 1).

    For the generator, `real=True` on its fakes maximises log D(a, G(a)) instead of minimising log(1 - D) (section 3.3).
    """
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def l1_loss(fake: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference of values in -1..1 (eq. 3)."""
    return F.l1_loss(fake.float(), real.float())
