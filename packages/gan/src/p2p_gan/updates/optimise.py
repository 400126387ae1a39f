"""Adam for float16, whose loss is scaled up before its gradient is taken, and the generator's moving average.

Nothing here may know what a loss is of; without float16 the ordinary Adam is used.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from p2p_gan.networks.base import Generator


class GradScalerAdam(torch.optim.Adam):
    """Adam with a scaler of its own (Micikevicius et al. 2018, section 3.2): each network's gradients have their range.

    An update whose gradients overflow is left out and the scale halved; after 2,000 good ones it is doubled. Fused, it
    decides that on the device, and nothing waits.
    """

    def __init__(self, parameters: Any, *, device: torch.device, **settings: Any) -> None:
        super().__init__(parameters, **settings)
        self.scaler = torch.amp.GradScaler(device.type)


def scale_loss(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """The loss whose gradient to take before `optimizer_step`: scaled up where the optimiser wants it, else itself."""
    if not isinstance(optimizer, GradScalerAdam):
        return loss
    larger: Tensor = optimizer.scaler.scale(loss)
    return larger


def optimizer_step(optimizer: torch.optim.Optimizer) -> None:
    """One step along the gradient of what `scale_loss` gave; with a scaler only where nothing has overflowed."""
    if isinstance(optimizer, GradScalerAdam):
        optimizer.scaler.step(optimizer)
        optimizer.scaler.update()
    else:
        optimizer.step()


def scaler_states(optimizers: Sequence[torch.optim.Optimizer]) -> list[dict[str, Any]]:
    """What a checkpoint must hold of their scalers, as JSON values; empty where there are none."""
    return [each.scaler.state_dict() for each in optimizers if isinstance(each, GradScalerAdam)]


def restore_scalers(optimizers: Sequence[torch.optim.Optimizer], states: Sequence[dict[str, Any]]) -> None:
    """Bring their scalers to what `scaler_states` gave."""
    for optimizer, state in zip(optimizers, states, strict=False):
        if isinstance(optimizer, GradScalerAdam):
            optimizer.scaler.load_state_dict(state)


RAMP = 0.05  # the half-life is at most this share of the images seen so far (Karras et al. 2020a, code)


def new_ema(generator: Generator) -> Generator:
    """The moving average: a generator of its own that begins where this one is and that no optimiser moves."""
    return copy.deepcopy(generator).requires_grad_(False)


def ema_decay(seen: int, count: int, half_life: float) -> float:
    """What the moving average keeps of itself in an update of `count` images after `seen`: 0.5 ** (count / half-life).

    Karras et al. 2020a (StyleGAN2-ADA, code). Early on the half-life is 5% of what was seen, so that the draw of the
    weights is soon forgotten; at image 0 nothing is kept.
    """
    length = min(half_life, RAMP * seen)
    return float(0.5 ** (count / length)) if length > 0 else 0.0


@torch.no_grad()
def update_ema(ema: Generator, generator: Generator, decay: float) -> None:
    """Move the moving average towards the generator: ema = decay * ema + (1 - decay) * generator.

    Weights and running statistics alike: statistics belong to the weights that gave them. Counters are copied.
    """
    mine, theirs = ema.state_dict(), generator.state_dict()
    for name, value in mine.items():
        if value.is_floating_point():
            value.lerp_(theirs[name], 1 - decay)
        else:
            value.copy_(theirs[name])
