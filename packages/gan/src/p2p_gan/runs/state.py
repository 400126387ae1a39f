"""The state of training as named tensors, and its restoration: networks, optimisers, learning rates, random states.

Nothing here may know files or name a network: every network among the fields of Networks is part of the state, and the
optimiser of the field NAME is the field NAME_optimizer.
"""

import dataclasses
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from p2p_gan.updates.optimise import set_learning_rate
from p2p_gan.updates.step import Networks

RANDOM = "random"
_OPTIMIZER = "_optimizer"
_PYTHON, _NUMPY = f"{RANDOM}/python", f"{RANDOM}/numpy"
_CPU, _CUDA = f"{RANDOM}/cpu", f"{RANDOM}/cuda:"
# The tensors that Adam keeps for a parameter, and whether each has the parameter's shape or is one number.
_MOMENTS = {"step": False, "exp_avg": True, "exp_avg_sq": True}

Spec = tuple[torch.dtype, tuple[int, ...]]
_CUDA_SPEC: Spec = (torch.uint8, (16,))


@dataclass(frozen=True)
class NetworkState:
    """A network and its optimiser, None if it has none."""

    network: nn.Module
    optimizer: torch.optim.Optimizer | None


def network_states(nets: Networks) -> dict[str, NetworkState]:
    """The networks by the names of their fields, without those that are None."""
    values = {field.name: getattr(nets, field.name) for field in dataclasses.fields(nets)}
    return {
        name: NetworkState(value, values.get(name + _OPTIMIZER))
        for name, value in values.items()
        if isinstance(value, nn.Module)
    }


def tensors_of(nets: Networks) -> dict[str, Tensor]:
    """The state by name, each tensor on its device: PART/TENSOR, PART_optimizer/MOMENT/PARAMETER, random/SOURCE."""
    found: dict[str, Tensor] = {}
    for name, part in network_states(nets).items():
        found.update({f"{name}/{key}": value for key, value in part.network.state_dict().items()})
        if part.optimizer is not None:
            for key, parameter in part.network.named_parameters():
                for moment, value in part.optimizer.state.get(parameter, {}).items():
                    found[f"{name}{_OPTIMIZER}/{moment}/{key}"] = value
    return {name: value.detach() for name, value in (found | _random_states()).items()}


class Shapes:
    """The names, types and shapes that a checkpoint of these networks may and must have."""

    def __init__(self, nets: Networks, begun: Mapping[str, int]) -> None:
        """`begun` is the number of parameters for which each optimiser has moments."""
        self.needed = {_CPU, _PYTHON, _NUMPY}
        self._specs: dict[str, Spec] = {name: _spec(value) for name, value in _random_states().items()}
        for name, part in network_states(nets).items():
            network = {f"{name}/{key}": _spec(value) for key, value in part.network.state_dict().items()}
            self._specs.update(network)
            self.needed.update(network)
            moments = _moment_specs(name, part)
            self._specs.update(moments)
            if len(list(part.network.parameters())) == begun.get(name):
                self.needed.update(moments)

    def __call__(self, name: str) -> Spec | None:
        """The type and shape of the tensor of this name; None if these networks do not have it."""
        # The machine that wrote the checkpoint may have had more devices than this one.
        return _CUDA_SPEC if name.startswith(_CUDA) else self._specs.get(name)


def _moment_specs(name: str, part: NetworkState) -> dict[str, Spec]:
    if part.optimizer is None:
        return {}
    return {
        f"{name}{_OPTIMIZER}/{moment}/{key}": _spec(parameter) if shaped else (torch.float32, ())
        for key, parameter in part.network.named_parameters()
        for moment, shaped in _MOMENTS.items()
    }


def _spec(value: Tensor) -> Spec:
    return value.dtype, tuple(value.shape)


def optimizer_progress(nets: Networks) -> dict[str, int]:
    """The number of parameters for which each optimiser has moments: 0 before its first step."""
    return {
        name: len(part.optimizer.state) for name, part in network_states(nets).items() if part.optimizer is not None
    }


def size_in_bytes(nets: Networks) -> int:
    """The bytes of a checkpoint's tensors, with the optimisers' moments even before their first step."""
    fixed = sum(value.nbytes for name, value in tensors_of(nets).items() if f"{_OPTIMIZER}/" not in name)
    optimized = (part.network for part in network_states(nets).values() if part.optimizer is not None)
    return fixed + sum(2 * each.nbytes + 4 for network in optimized for each in network.parameters())


def learning_rates(nets: Networks) -> dict[str, float]:
    """The current learning rate of each optimiser."""
    optimizers = {name: part.optimizer for name, part in network_states(nets).items()}
    return {name: float(each.param_groups[0]["lr"]) for name, each in optimizers.items() if each is not None}


def set_learning_rates(nets: Networks, values: Mapping[str, float]) -> None:
    """Set the learning rates to what `learning_rates` returned."""
    for name, part in network_states(nets).items():
        if part.optimizer is not None and name in values:
            set_learning_rate(part.optimizer, values[name])


def restore_state(nets: Networks, tensors: Mapping[str, Tensor]) -> None:
    """Restore networks, optimisers and random states from what `tensors_of` returned; names and shapes must fit."""
    for name, part in network_states(nets).items():
        part.network.load_state_dict({key: tensors[f"{name}/{key}"] for key in part.network.state_dict()})
        if part.optimizer is not None:
            _restore_moments(part.optimizer, part.network, f"{name}{_OPTIMIZER}", tensors)
    _restore_random_states(tensors)


def _restore_moments(
    optimizer: torch.optim.Optimizer, network: nn.Module, name: str, tensors: Mapping[str, Tensor]
) -> None:
    """Restore the moments of each parameter that had some, and take those of all others away."""
    optimizer.state.clear()
    for key, parameter in network.named_parameters():
        if f"{name}/exp_avg/{key}" in tensors:
            saved = {moment: tensors[f"{name}/{moment}/{key}"] for moment in _MOMENTS}
            optimizer.state[parameter].update({each: _like(value, parameter) for each, value in saved.items()})


def _like(value: Tensor, parameter: Tensor) -> Tensor:
    """The value on the parameter's device and in its memory layout, which the fused optimiser requires."""
    if value.shape != parameter.shape:
        return value.to(parameter.device)
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


def _random_states() -> dict[str, Tensor]:
    """The random states of Python, numpy, torch, and, if CUDA is used, every CUDA device, each as one tensor."""
    _, words, gauss = random.getstate()
    spare = -1.0 if gauss is None else gauss  # Python draws normal numbers in pairs and keeps one
    states = {
        _CPU: torch.get_rng_state(),
        _PYTHON: torch.tensor([*words, gauss is not None, spare], dtype=torch.float64),
        _NUMPY: _numpy_state(),
    }
    # A run on the CPU leaves a GPU beside it alone.
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states |= {f"{_CUDA}{number}": state for number, state in enumerate(torch.cuda.get_rng_state_all())}
    return states


def _numpy_state() -> Tensor:
    state: Any = np.random.get_state()
    _, keys, position, has_gauss, gauss = state
    return torch.tensor([*keys.tolist(), position, has_gauss, gauss], dtype=torch.float64)


def _restore_random_states(tensors: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(tensors[_CPU])
    *words, has_spare, spare = tensors[_PYTHON].tolist()
    random.setstate((3, tuple(int(word) for word in words), spare if has_spare else None))
    *keys, position, has_gauss, gauss = tensors[_NUMPY].tolist()
    np.random.set_state(("MT19937", np.array(keys, np.uint32), int(position), int(has_gauss), gauss))
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            if f"{_CUDA}{number}" in tensors:
                torch.cuda.set_rng_state(tensors[f"{_CUDA}{number}"], number)
