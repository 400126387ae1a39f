"""A copy of all that an update changes, to go back to it, and the comparison of two ways to the next state.

Nothing here may write a file; what goes back goes into the same tensors, whose addresses a recorded update knows.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from p2p_gan.runs.state import network_states
from p2p_gan.training.steps.update import WholeUpdate
from p2p_gan.updates.optimise import restore_scalers, scaler_states

NamedTensors = dict[str, Tensor]


class UpdateState:
    """The state of training as it was when this was made, on the device: `restore` brings it back bit for bit.

    That are weights, statistics, the optimisers' moments, loss scalers, random states and the ring of losses, and the
    learning rate and decay that were set.
    """

    def __init__(self, update: WholeUpdate) -> None:
        self._update = update
        self.values = copy_values(update)
        self._ring = [value.clone() for value in update.ring.tensors]
        self._scalers = scaler_states(update.job.nets.optimizers)
        self._numbers = update.numbers
        self._random = torch.get_rng_state()
        device = update.job.device
        self._device_random = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    @torch.no_grad()
    def restore(self) -> None:
        """Bring the state back; moments that an optimiser did not have yet become 0, as it begins with."""
        for name, value in _values(self._update):
            before = self.values.get(name)
            if before is None:
                value.zero_()
            else:
                value.copy_(before)
        for value, before in zip(self._update.ring.tensors, self._ring, strict=True):
            value.copy_(before)
        restore_scalers(self._update.job.nets.optimizers, self._scalers)
        self._update.set_numbers(*self._numbers)
        torch.set_rng_state(self._random)
        if self._device_random is not None:
            torch.cuda.set_rng_state(self._device_random, self._update.job.device)


def copy_values(update: WholeUpdate) -> NamedTensors:
    """Copies of the tensors of networks and optimisers by name: NETWORK/KIND/NAME."""
    return {name: value.clone() for name, value in _values(update)}


def _values(update: WholeUpdate) -> Iterator[tuple[str, Tensor]]:
    for name, part in network_states(update.job.nets).items():
        for key, parameter in part.network.named_parameters():
            yield f"{name}/weights/{key}", parameter.detach()
            if part.optimizer is not None:
                for moment, value in part.optimizer.state.get(parameter, {}).items():
                    yield f"{name}/{moment}/{key}", value
        for key, value in part.network.named_buffers():
            yield f"{name}/statistics/{key}", value


class Tolerance(NamedTuple):
    """How far two ways of computing the same updates may be apart.

    `losses` is relative to the loss. `step` is the norm of the difference of all values of a kind, relative to how far
    the updates have moved them: Adam makes a full step of a gradient that is nothing but rounding, such as that of a
    bias before a norm, so single values say nothing. 0 means bit for bit.
    """

    losses: float
    step: float


def find_difference(before: NamedTensors, one: NamedTensors, other: NamedTensors, most: float) -> str | None:
    """The first kind of values that is further apart in `one` and `other` than `most` times its way from `before`.

    Tensors that are not in `before` come from 0. Waits for the device once.
    """
    kinds: dict[str, list[tuple[Tensor, Tensor]]] = defaultdict(list)
    for name, value in one.items():
        kind = " ".join(name.split("/", 2)[:2])
        start = before[name] if name in before else torch.zeros_like(value)
        apart, moved = (torch.linalg.vector_norm((value - each).double()) for each in (other[name], start))
        kinds[kind].append((apart, moved))
    if not kinds or one.keys() != other.keys():
        return "the tensors of networks and optimisers"
    norms = [torch.stack([torch.stack(pair) for pair in pairs]).square().sum(dim=0).sqrt() for pairs in kinds.values()]
    for kind, (apart, moved) in zip(kinds, torch.stack(norms).tolist(), strict=True):
        if not apart <= most * moved:  # also if one of them is not a number
            return f"{kind} by {apart / moved if moved else apart:.2g} of their change"
    return None
