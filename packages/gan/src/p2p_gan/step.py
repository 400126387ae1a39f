"""One update of the two networks as a function of its arguments.

Nothing here may read data, write files or know how long training lasts.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor

from p2p_gan.losses import gan_loss, l1_loss
from p2p_gan.networks.contract import Discriminator, Generator
from p2p_gan.scaling import follow_gradient

LOSSES = ("d_real", "d_fake", "g_gan", "g_l1")


@dataclass(frozen=True)
class Batch:
    """Pairs on the device: `a` in, `b` wanted, (n, channels, h, w) in -1..1; `ignored` (n, 1, h, w) is left out."""

    a: Tensor
    b: Tensor
    ignored: Tensor | None = None


@dataclass(frozen=True)
class Networks:
    """What training changes."""

    generator: Generator
    discriminator: Discriminator
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer


def train_step(
    nets: Networks, batch: Batch, *, l1_weight: float, autocast: Callable[[], AbstractContextManager[object]]
) -> Tensor:
    """One alternating update (Isola et al. 2017, section 3.3): first the discriminator, then the generator.

    Returns the four losses in the order of LOSSES, a tensor (4,) on the device that nobody has to wait for.
    """
    a, b = batch.a, batch.b
    with autocast():
        fake = nets.generator(a)
    if batch.ignored is not None:
        # Ignored pixels of the fake are those of the real: no loss sees them, and no gradient comes from them.
        fake = torch.where(batch.ignored, b, fake.float())

    nets.discriminator.requires_grad_(True)
    with autocast():
        real_logits, fake_logits = nets.discriminator(a, b), nets.discriminator(a, fake.detach())
    real_loss, fake_loss = gan_loss(real_logits, real=True), gan_loss(fake_logits, real=False)
    # Halved, which slows the discriminator against the generator (section 3.3).
    update(nets.discriminator_optimizer, (real_loss + fake_loss) / 2)

    nets.discriminator.requires_grad_(False)
    with autocast():
        logits = nets.discriminator(a, fake)
    fooled = gan_loss(logits, real=True)
    likeness = l1_loss(fake, b)
    update(nets.generator_optimizer, fooled + l1_weight * likeness)
    return torch.stack((real_loss, fake_loss, fooled, likeness)).detach()


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Follow the gradient of `loss` for one step."""
    follow_gradient(optimizer, loss)
