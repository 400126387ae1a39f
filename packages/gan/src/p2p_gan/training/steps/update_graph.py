"""An update recorded as a graph for batches of one shape, and the proof that replaying it is the same as updating.

Nothing here may change the state of training but by a replay that was asked for; making a graph leaves it as it was.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from p2p_gan.data.dataset import Batch
from p2p_gan.machine.graphs import DeviceWork, GraphRecorder
from p2p_gan.training.steps.update import WholeUpdate
from p2p_gan.training.steps.update_state import NamedTensors, Tolerance, UpdateState, copy_values, find_difference
from p2p_gan.updates.optimise import let_record

_WARM_UP = 3  # updates before one is recorded: libraries choose kernels, optimisers make their moments
_PROVED = 2  # updates that are compared
_LEAST = 0.1  # to which a smaller loss is compared: one near 0 may be the difference of larger numbers
_BITWISE = Tolerance(0.0, 0.0)
_TOLERANCES = {
    "float32": Tolerance(1e-3, 0.1),
    "tf32": Tolerance(1e-3, 0.1),
    "bfloat16": Tolerance(2e-2, 0.2),
    "float16": Tolerance(2e-2, 0.2),
}

BatchShape = tuple[object, ...]


class UnequalGraphError(RuntimeError):
    """Replaying a recorded update does not give what the update gives."""


class UpdateGraph:
    """A recorded update with the tensors from which it reads its batch, and what follows it without being recorded."""

    def __init__(self, static: Batch, repeat: DeviceWork, follow: DeviceWork) -> None:
        self._static, self._repeat, self._follow = static, repeat, follow

    def replay(self, batch: Batch) -> None:
        """Update with a batch of the same shape: copy it to where the graph reads it, and launch the graph."""
        _fill(self._static, batch)
        self._repeat()
        self._follow()


def shape_of(batch: Batch) -> BatchShape:
    """What is recorded as it is: the shapes and types of a batch's tensors, its factor and its parts."""
    return batch.factor, batch.parts, *((name, each.shape, each.dtype) for name, each in batch.tensors.items())


def tolerance_of(update: WholeUpdate) -> Tolerance:
    """How far a replay may be from an update, by the precision: not at all if runs are to be repeatable."""
    config = update.job.config
    return _BITWISE if config.deterministic else _TOLERANCES[config.precision]


def record_update(update: WholeUpdate, recorder: GraphRecorder, batch: Batch, tolerance: Tolerance) -> UpdateGraph:
    """Record an update for batches of the shape of `batch`, and prove it; the state of training stays as it is.

    Raises UnequalGraphError if a replay differs from an update by more than the tolerance, and RuntimeError if the
    update cannot be recorded.
    """
    static = _map(torch.empty_like, batch)
    _fill(static, batch)
    before = UpdateState(update)
    try:
        recorder.warm_up(lambda: update.learn(static), _WARM_UP)
        before.restore()
        with let_record(update.job.nets.optimizers):
            repeat = recorder.record(lambda: update.learn(static))
        graph = UpdateGraph(static, repeat, update.average)
        _prove(update, graph, batch, before, tolerance)
    finally:
        before.restore()
    return graph


def _prove(update: WholeUpdate, graph: UpdateGraph, batch: Batch, before: UpdateState, tolerance: Tolerance) -> None:
    """Raise UnequalGraphError if two replays do not give what two updates give.

    The second has the pictures mirrored, half the learning rate and another decay, so that nothing of the first one
    that was recorded as it was goes unseen.
    """
    plain = _try(update, update, batch, before)
    repeated = _try(update, graph.replay, batch, before)
    for name, *pair in zip(update.job.recipe.names * _PROVED, plain[0], repeated[0], strict=True):
        if not abs(pair[1] - pair[0]) <= tolerance.losses * max(_LEAST, abs(pair[0])):
            raise UnequalGraphError(f"the loss {name} is {pair[1]:.6g} instead of {pair[0]:.6g}")
    found = find_difference(before.values, plain[1], repeated[1], tolerance.step)
    if found is not None:
        raise UnequalGraphError(f"it changes {found} too differently")


def _try(
    update: WholeUpdate, make: Callable[[Batch], None], batch: Batch, before: UpdateState
) -> tuple[list[float], NamedTensors]:
    """The losses and values after two updates from the state before."""
    before.restore()
    rate, decay = update.numbers
    losses = []
    for number in range(_PROVED):
        update.set_numbers(rate / 2**number, decay / 2**number)
        make(_mirror(batch) if number % 2 else batch)
        losses += update.ring.read(1)[0]
    return losses, copy_values(update)


def _mirror(batch: Batch) -> Batch:
    return _map(lambda value: value.flip(-1), batch)


def _map(function: Callable[[Tensor], Tensor], batch: Batch) -> Batch:
    """The batch with each of its tensors replaced by what the function makes of it."""
    made: dict[str, Any] = {name: function(each) for name, each in batch.tensors.items()}
    return replace(batch, **made)


def _fill(static: Batch, batch: Batch) -> None:
    for to, value in zip(static.tensors.values(), batch.tensors.values(), strict=True):
        to.copy_(value, non_blocking=True)
