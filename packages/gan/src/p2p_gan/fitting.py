"""How much memory an update takes, how fast it is, and which batch still fits: found by trying it on spare networks.

Nothing here may leave a trace in a run: networks and random states are those from before.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_gan.data import PairStore
from p2p_gan.job import Job, build
from p2p_gan.step import train_step

UPDATES, WARM_UP = 10, 3
# Of what an update keeps for its backward pass, how much it takes at its peak: gradients and scratch beside it.
PEAK = 1.6
SHARE = 0.8  # of the free memory that an update may take
MOST = 1024  # pairs in a batch that `auto` chooses
_GIB = 2**30


@dataclass(frozen=True)
class Timing:
    """One update: seconds an image, bytes of the networks with gradients and moments, and bytes an image adds.

    On CUDA the bytes are those at the peak; on the CPU they are estimated from what one update keeps for its gradients.
    """

    seconds_per_image: float
    network_bytes: int
    image_bytes: int


@contextmanager
def spare(job: Job) -> Iterator[Job]:
    """The job with networks of its own; afterwards every random state of torch is what it was."""
    devices = [job.device] if job.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        try:
            yield replace(job, nets=build(job.card.architecture, job.config, job.device))
        finally:
            _wait_for(job.device)
    if job.device.type == "cuda":
        torch.cuda.empty_cache()


def timed(job: Job, store: PairStore, *, updates: int = UPDATES) -> Timing:
    """Time so many updates after three that are not timed, on spare networks and the run's own first pairs."""
    with spare(job) as trial:
        kept = _kept_by_an_update(trial, store)
        for number in range(WARM_UP - 1):
            _update(trial, store, number, job.config.batch)
        _wait_for(job.device)
        began = time.perf_counter()
        for number in range(updates):
            _update(trial, store, number, job.config.batch)
        _wait_for(job.device)
        seconds = time.perf_counter() - began
        networks = _network_bytes(trial)
    return Timing(seconds / (updates * job.config.batch), networks, kept // job.config.batch)


def _update(job: Job, store: PairStore, number: int, batch: int) -> None:
    pairs = store.batch(number * batch, batch, job.device)
    train_step(job.nets, pairs, l1_weight=job.config.l1_weight, autocast=job.autocast)


def _kept_by_an_update(job: Job, store: PairStore) -> int:
    """The bytes that one update of the job's batch takes beside the networks, at its peak."""
    batch = max(1, job.config.batch)
    if job.device.type == "cuda":
        before = torch.cuda.memory_allocated(job.device)
        torch.cuda.reset_peak_memory_stats(job.device)
        _update(job, store, 0, batch)
        # The first update also makes gradients and moments, which stay.
        stays = torch.cuda.memory_allocated(job.device) - before
        return max(0, torch.cuda.max_memory_allocated(job.device) - before - stays)
    found: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        found[storage.data_ptr()] = storage.nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        _update(job, store, 0, batch)
    for network in (job.nets.generator, job.nets.discriminator):
        for each in (*network.parameters(), *network.buffers()):
            found.pop(each.untyped_storage().data_ptr(), None)
    return int(sum(found.values()) * PEAK)


def _network_bytes(job: Job) -> int:
    """Weights, gradients and Adam's two moments."""
    networks = (job.nets.generator, job.nets.discriminator)
    return sum(4 * each.nbytes for network in networks for each in network.parameters())


def free_memory(device: torch.device) -> int:
    """The bytes that are free on the device; on this machine also no more than its container may still take."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free)
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        found.append(int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024)
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(found, default=4 * _GIB))


def used_memory(device: torch.device) -> int:
    """The bytes that this process holds on the device; on this machine 0 where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.memory_reserved(device))
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def largest_batch(job: Job, store: PairStore) -> int:
    """The largest power of two of pairs that one update can take on the device, no more than there are pairs.

    On CUDA by trying, on the CPU by what one pair takes and what is free. Raises P2PError when not even one fits.
    """
    most = min(MOST, len(store))
    if job.device.type == "cuda":
        return _largest_tried(job, store, most)
    single = replace(job, config=replace(job.config, batch=1))
    with spare(single) as trial:
        each = _kept_by_an_update(trial, store)
        room = free_memory(job.device) * SHARE - _network_bytes(trial)
    return _power_of_two(room / max(1, each), most, job)


def _largest_tried(job: Job, store: PairStore, most: int) -> int:
    fits, batch = 0, 1
    while batch <= most and _fits(job, store, batch):
        fits, batch = batch, batch * 2
    return _power_of_two(fits, most, job)


def _fits(job: Job, store: PairStore, batch: int) -> bool:
    torch.cuda.empty_cache()
    try:
        with spare(job) as trial:
            free = free_memory(job.device)
            torch.cuda.reset_peak_memory_stats(job.device)
            before = torch.cuda.memory_reserved(job.device)
            for number in range(2):  # the second has gradients and moments from the start
                _update(trial, store, number, batch)
            return torch.cuda.max_memory_reserved(job.device) - before <= SHARE * free
    except torch.OutOfMemoryError:
        return False


def _power_of_two(fits: float, most: int, job: Job) -> int:
    if fits < 1:
        raise P2PError(
            f"{job.device}: not even one pair of {job.config.seen} fits into its memory. Take a smaller --size, --set "
            "crop, or fewer --set filters."
        )
    return 1 << (int(min(fits, most)).bit_length() - 1)


@contextmanager
def memory_explained(job: Job, store: PairStore) -> Iterator[None]:
    """Turn running out of memory into a P2PError that says the largest batch that fits."""
    try:
        yield
        return
    except MemoryError:  # on the CPU, from numpy
        pass
    except RuntimeError as error:  # torch's, on CUDA a subclass of it
        if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
    # Out of the handler, for the error holds on to everything that was computed.
    batch = job.config.batch
    fits = largest_batch(job, store)
    words = f"the largest that fits is {fits}" if fits < batch else f"{fits} fits when nothing else takes memory"
    raise P2PError(
        f"{job.device}: out of memory at batch {batch} of {job.config.seen}; {words}. Take --batch {min(fits, batch)} "
        "or --batch auto in a new run folder, or a smaller --size."
    )


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
