"""Adam whose loss is scaled up before its gradient is taken, so that float16 can hold small gradients.

Nothing here may know networks or losses; without float16 the ordinary Adam is used.
"""

from typing import Any

import torch
from torch import Tensor


class ScaledAdam(torch.optim.Adam):
    """Adam with a scaler of its own (Micikevicius et al. 2018, section 3.2): each network's gradients have their range.

    An update whose gradients overflow is left out and the scale halved; after 2,000 good ones it is doubled. Fused, it
    decides that on the device, and nothing waits.
    """

    def __init__(self, parameters: Any, *, device: torch.device, **settings: Any) -> None:
        super().__init__(parameters, **settings)
        self.scaler = torch.amp.GradScaler(device.type)

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss whose gradient to take before `follow`."""
        scaled: Tensor = self.scaler.scale(loss)
        return scaled

    def follow(self) -> None:
        """Step along the gradient, brought back to its own scale, unless it has overflowed."""
        self.scaler.step(self)
        self.scaler.update()


def follow_gradient(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step along the gradient of `loss`, whichever optimiser it is."""
    optimizer.zero_grad(set_to_none=True)
    if isinstance(optimizer, ScaledAdam):
        optimizer.scaled(loss).backward()  # type: ignore[no-untyped-call]
        optimizer.follow()
        return
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def scaler_state(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What a checkpoint must hold of the scaler, as JSON values; nothing where there is none."""
    return optimizer.scaler.state_dict() if isinstance(optimizer, ScaledAdam) else {}


def restore_scaler(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Bring the scaler to what `scaler_state` gave."""
    if isinstance(optimizer, ScaledAdam) and state:
        optimizer.scaler.load_state_dict(state)
