"""The networks of a run trained by several processes: one state for all, gradients averaged, statistics shared.

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
from p2p_gan.runs.state import RANDOM, rates, restore_state, set_rates, tensors_of
from p2p_gan.training.job import Job
from p2p_gan.updates.optimise import restore_scalers
from p2p_gan.updates.step import Passes

# Called otherwise before torch 2.13. Off: buffers are statistics, the same everywhere with sync_batchnorm; without it
# those of the first process are the model's, and training uses none. The estimates of spectral norms follow from the
# weights. A broadcast before each of the passes of an update would cost time and change what autograd has saved.
_KNOWN = inspect.signature(DistributedDataParallel).parameters


_BUFFERS = "forward_sync_buffers" if "forward_sync_buffers" in _KNOWN else "broadcast_buffers"


def shared_state(job: Job, progress: Progress | None = None) -> Progress:
    """Bring networks, optimisers and the count of images to those of the first process, which gives its `progress`.

    Random states stay each process's own.
    """
    ranks, nets = job.ranks, job.nets
    if ranks.world == 1:
        assert progress is not None, "a process alone is the first"
        return progress
    ours = {name: value for name, value in tensors_of(nets).items() if not name.startswith(RANDOM)}
    head = None
    if ranks.leads:
        assert progress is not None, "the first process knows how far the run is"
        specs = [[name, str(value.dtype).removeprefix("torch."), list(value.shape)] for name, value in ours.items()]
        head = {"progress": dataclasses.asdict(progress), "rates": rates(nets), "tensors": specs}
    head = ranks.from_first(head)
    found = {name: _from_first(ranks, ours.get(name), dtype, shape) for name, dtype, shape in head["tensors"]}
    if ranks.leads:
        return Progress(**head["progress"])
    restore_state(nets, found | {name: value for name, value in tensors_of(nets).items() if name.startswith(RANDOM)})
    set_rates(nets, head["rates"])
    progress = Progress(**head["progress"])
    restore_scalers(nets.optimizers, progress.extra.get("scalers", []))
    return progress


def _from_first(ranks: Ranks, mine: Tensor | None, dtype: str, shape: list[int]) -> Tensor:
    if ranks.leads:
        assert mine is not None, "it has just named it"
        return ranks.tensor_from_first(mine.cpu().contiguous())
    return ranks.tensor_from_first(torch.empty(shape, dtype=getattr(torch, dtype)))


def distribute(job: Job) -> Job:
    """The job whose networks are called so that every gradient is the mean over all processes.

    Each network is wrapped by itself, since they take turns. A pass that must not average is made with the network
    itself: that of the frozen discriminator for the generator's sake, and the one that a penalty differentiates twice
    (DistributedDataParallel knows no torch.autograd.grad; the averaging is done once, when the sum of all losses
    reaches the weights). Every parameter has a gradient in every update, so none is searched for.
    """
    if job.ranks.world == 1:
        return job
    nets, across = job.nets, SyncBatchNorm() if job.config.sync_batchnorm else None
    for network in (nets.generator, nets.discriminator):
        if network is not None:
            synchronise(network, across)
    # A speed hint about layouts of size 1; as an error or a line a rank it would help nobody.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    judge = None if nets.discriminator is None else _wrap(nets.discriminator)
    passes = Passes(_wrap(nets.generator), judge, job.ranks.mean, across)
    return dataclasses.replace(job, nets=dataclasses.replace(nets, passes=passes))


def _wrap(network: nn.Module) -> Any:
    network.requires_grad_(True)  # a discriminator may have been left frozen after its generator's turn
    settings: Any = {_BUFFERS: False}
    return DistributedDataParallel(network, **settings)
