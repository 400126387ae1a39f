"""Data-parallel training in several processes: the same state in all of them, averaged gradients, shared statistics.

Nothing here may compute a loss, read data or write files.
"""

import dataclasses
import inspect
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from p2p_gan.machine.distributed import Ranks
from p2p_gan.networks.norms import SyncBatchNorm, synchronise
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.runs.state import RANDOM, learning_rates, restore_state, set_learning_rates, tensors_of
from p2p_gan.training.job import Job
from p2p_gan.updates.optimise import restore_scalers
from p2p_gan.updates.step import Passes

# Renamed in torch 2.13. Off: buffers are statistics, which are the same in all processes with sync_batchnorm; without
# it the model gets those of the first process, and training uses none. The estimates of spectral norms follow from the
# weights. A broadcast before each pass of an update would cost time and change tensors that autograd has saved.
_KNOWN = inspect.signature(DistributedDataParallel).parameters
_BUFFERS = "forward_sync_buffers" if "forward_sync_buffers" in _KNOWN else "broadcast_buffers"


def shared_state(job: Job, progress: Progress | None = None) -> Progress:
    """Copy networks, optimisers and progress from the first process, which passes its `progress`, to all others.

    Each process keeps its own random states.
    """
    ranks, nets = job.ranks, job.nets
    if ranks.world == 1:
        assert progress is not None, "a single process is the first"
        return progress
    own = {name: value for name, value in tensors_of(nets).items() if not name.startswith(RANDOM)}
    head = None
    if ranks.leads:
        assert progress is not None, "the first process knows how far the run is"
        specs = [[name, str(value.dtype).removeprefix("torch."), list(value.shape)] for name, value in own.items()]
        head = {"progress": dataclasses.asdict(progress), "rates": learning_rates(nets), "tensors": specs}
    head = ranks.from_first(head)
    found = {name: _from_first(ranks, own.get(name), dtype, shape) for name, dtype, shape in head["tensors"]}
    if ranks.leads:
        return Progress(**head["progress"])
    restore_state(nets, found | {name: value for name, value in tensors_of(nets).items() if name.startswith(RANDOM)})
    set_learning_rates(nets, head["rates"])
    progress = Progress(**head["progress"])
    restore_scalers(nets.optimizers, progress.extra.get("scalers", []))
    return progress


def _from_first(ranks: Ranks, own: Tensor | None, dtype: str, shape: list[int]) -> Tensor:
    if ranks.leads:
        assert own is not None, "the first process sends the names of its own tensors"
        return ranks.tensor_from_first(own.cpu().contiguous())
    return ranks.tensor_from_first(torch.empty(shape, dtype=getattr(torch, dtype)))


def distribute(job: Job) -> Job:
    """The job with networks wrapped in DistributedDataParallel, so that gradients are averaged over all processes.

    Each network is wrapped by itself, since they are updated in turn. Passes without averaging use the network itself:
    that of the frozen discriminator in the generator's update, and the one that a penalty differentiates twice
    (DistributedDataParallel does not support torch.autograd.grad; gradients are averaged once, when the sum of all
    losses reaches the weights). Every parameter has a gradient in every update, so unused ones are not searched for.
    """
    if job.ranks.world == 1:
        return job
    nets, across = job.nets, SyncBatchNorm() if job.config.sync_batchnorm else None
    for network in (nets.generator, nets.discriminator):
        if network is not None:
            synchronise(network, across)
    # A hint about speed for layouts of size 1, of no use to a user, and repeated by every process.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    discriminator = None if nets.discriminator is None else _wrap(nets.discriminator)
    passes = Passes(_wrap(nets.generator), discriminator, job.ranks.mean, across)
    return dataclasses.replace(job, nets=dataclasses.replace(nets, passes=passes))


def _wrap(network: nn.Module) -> Any:
    network.requires_grad_(True)  # the discriminator may still be frozen from the generator's update
    settings: Any = {_BUFFERS: False}
    return DistributedDataParallel(network, **settings)
