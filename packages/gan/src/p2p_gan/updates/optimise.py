"""The optimiser's step, with loss scaling for float16, and the exponential moving average (EMA) of the generator.

Nothing here may know which losses there are; without float16 the ordinary Adam is used.
"""

import copy
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from p2p_gan.networks.base import Generator


class EagerAdam(torch.optim.Adam):
    """torch's Adam without torch.compile, which its methods load, though nothing is compiled: seconds, and memory.

    It is their own code, as it is beneath what wraps it; where nothing can be unwrapped it is torch's as it stands.
    """

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


class GradScalerAdam(EagerAdam):
    """Adam with its own loss scaler (Micikevicius et al. 2018, section 3.2), since networks differ in gradient range.

    An update whose gradients overflow is skipped and the scale halved; after 2,000 good updates it is doubled. The
    fused optimiser decides that on the device, so that nothing waits for it.
    """

    def __init__(self, parameters: Any, *, device: torch.device, **settings: Any) -> None:
        super().__init__(parameters, **settings)
        self.scaler = torch.amp.GradScaler(device.type)


def scale_loss(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """The loss to differentiate before `optimizer_step`: scaled if the optimiser has a scaler, else unchanged."""
    if not isinstance(optimizer, GradScalerAdam):
        return loss
    scaled: Tensor = optimizer.scaler.scale(loss)
    return scaled


def optimizer_step(optimizer: torch.optim.Optimizer) -> None:
    """One step with the gradients of the loss from `scale_loss`; with a scaler, no step if a gradient overflowed."""
    if isinstance(optimizer, GradScalerAdam):
        optimizer.scaler.step(optimizer)
        optimizer.scaler.update()
    else:
        optimizer.step()


def set_learning_rate(optimizer: torch.optim.Optimizer, value: float) -> None:
    """Set the learning rate; if it is a tensor, in place and without waiting for the device."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(value)
        else:
            group["lr"] = value


def hold_learning_rate(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """Keep the learning rate in a tensor on the device, so that a recorded update follows the schedule.

    On CUDA it is float32, the type that the fused optimiser reads there; on the CPU nothing is rounded.
    """
    kind = torch.float32 if device.type == "cuda" else torch.float64
    for group in optimizer.param_groups:
        if not isinstance(group["lr"], Tensor):
            group["lr"] = torch.full((), group["lr"], dtype=kind, device=device)


@contextmanager
def let_record(optimizers: Sequence[torch.optim.Optimizer]) -> Iterator[None]:
    """While this is open, steps of the optimisers may be recorded as a CUDA graph.

    Only then, since torch warns of every other step of an optimiser that may be. The fused step is the same with it.
    """
    groups = [group for optimizer in optimizers for group in optimizer.param_groups if "capturable" in group]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False


def scaler_states(optimizers: Sequence[torch.optim.Optimizer]) -> list[dict[str, Any]]:
    """The states of the optimisers' scalers as JSON values, for a checkpoint; empty if they have none."""
    return [each.scaler.state_dict() for each in optimizers if isinstance(each, GradScalerAdam)]


def restore_scalers(optimizers: Sequence[torch.optim.Optimizer], states: Sequence[dict[str, Any]]) -> None:
    """Restore the scalers from what `scaler_states` returned."""
    for optimizer, state in zip(optimizers, states, strict=False):
        if isinstance(optimizer, GradScalerAdam):
            optimizer.scaler.load_state_dict(state)


RAMP = 0.05  # the half-life is at most this share of the images seen so far (Karras et al. 2020a, code)


def new_ema(generator: Generator) -> Generator:
    """The EMA at its start: a copy of the generator that no optimiser trains."""
    return copy.deepcopy(generator).requires_grad_(False)


def ema_decay(seen: int, count: int, half_life: float) -> float:
    """The EMA's decay for an update of `count` images after `seen` images: 0.5 ** (count / half-life).

    Karras et al. 2020a (StyleGAN2-ADA, code). In the beginning the half-life is 5% of the images seen, so that the
    initial weights are soon forgotten; at image 0 the decay is 0.
    """
    half_life = min(half_life, RAMP * seen)
    return float(0.5 ** (count / half_life)) if half_life > 0 else 0.0


class EmaUpdate:
    """The update of an EMA: ema = decay * ema + (1 - decay) * generator, in one operation for all tensors.

    This applies to weights and running statistics, since statistics belong to the weights; a generator has no integers.
    The tensors are looked up once: at every update that would take the host as long as a GPU computes.
    """

    def __init__(self, ema: Generator, generator: Generator) -> None:
        self._averages, self._trained = _tensors_of(ema), _tensors_of(generator)

    @torch.no_grad()
    def __call__(self, decay: float) -> None:
        """Update the EMA with the generator as it is now."""
        torch._foreach_lerp_(self._averages, self._trained, 1 - decay)


def _tensors_of(network: Generator) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
