"""Measures the memory and time of an update, and finds the largest batch and the best number of threads, by trial.

Nothing here may change a run: its networks and the random states stay as they were.
"""

import contextlib
import os
import statistics
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_gan.data.dataset import Batch, PairDataset, load_dataset
from p2p_gan.machine.device import random_state_of, restore_random_state, slow_precision, wait_for
from p2p_gan.machine.distributed import ALONE
from p2p_gan.machine.memory import NO_KERNEL, free_bytes, give_back, is_out_of_memory
from p2p_gan.runs.state import network_states
from p2p_gan.training.build import build
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.loop import share_batches
from p2p_gan.training.steps.stepper import Stepper, recorder_for
from p2p_gan.updates.step import train_step

_UPDATES, _WARM_UP = 10, 3  # that are timed, after so many that are not
_BLOCK = 0.5  # seconds of updates with one number of threads
_MOST_UPDATES = 50  # of such a block
_SLOW = 4.0  # seconds of an update from which more cores are faster in any case, and trying them all takes too long
_WORSE = 1.15  # times the fastest, from which still fewer threads are not tried
_NEAR = 1.25  # times the fastest, up to which a number of threads is timed a second time
_WASTE = 1.5  # times the least processor time, from which threads spin for nothing
_ROUNDS = 4  # in which numbers of threads are timed in turn on a busy machine
_SAME = 1.03  # times the fastest, up to which fewer threads are preferred, which leave cores to other programs
_PATIENCE = 10.0  # seconds after which no further update is made, for the warm-up and for the timing
# The peak memory of an update relative to the tensors kept for its backward pass: gradients and scratch space.
_PEAK = 1.3
SHARE = 0.8  # of the free memory that an update may take
_MOST = 1024  # pairs in a batch that `auto` chooses


@dataclass(frozen=True)
class Timing:
    """One update: seconds per image, bytes of the networks with gradients and moments, and bytes per image.

    On CUDA the bytes are those at the peak; on the CPU they are estimated from the tensors kept for the backward pass.
    """

    seconds_per_image: float
    network_bytes: int
    image_bytes: int
    threads: int = 0  # with which it was timed; 0 if that was not recorded
    cores: float = 0.0  # that it used on average, which are fewer than the threads where these wait for a core


@contextmanager
def spare(job: Job) -> Iterator[Job]:
    """The job with separate networks; at the end every random state of torch is restored."""
    devices = [job.device] if job.device.type == "cuda" else []
    before = random_state_of(job.device)
    with torch.random.fork_rng(devices=devices):
        try:
            labels, features = job.task.labels, job.nets.features
            yield replace(job, nets=build(job.card.architecture, job.config, job.device, labels, features))
        finally:
            with contextlib.suppress(RuntimeError):  # a GPU that is lost says so at whatever it is asked next
                wait_for(job.device)
            restore_random_state(job.device, before)
    give_back(job.device)


def stepper_for_trial(job: Job) -> Stepper | None:
    """What replays updates of a trial, where a run would replay its own; None where it would not."""
    recorder = recorder_for(job)
    return None if recorder is None else Stepper(job, lambda line: None, recorder)


def try_update(job: Job, batch: Batch, stepper: Stepper | None) -> None:
    """Make an update of a trial: a replay, if there is a stepper for that."""
    if stepper is None:
        train_step(job.nets, batch, job.recipe, job.autocast)
    else:
        stepper.step(batch, job.config.learning_rate)


def time_updates(job: Job, dataset: PairDataset, *, updates: int = _UPDATES) -> Timing:
    """Time `updates` updates after three that are not timed, with separate networks and the run's own first pairs.

    If updates are slow it times fewer, at least one, so that the plan does not take long. Those of a run that replays
    a graph are replayed here too, and the three are made however long they take: the last of them records it.
    """
    with spare(job) as trial:
        end = time.perf_counter() + _PATIENCE
        kept = _update_bytes(trial, dataset)
        stepper = stepper_for_trial(trial)
        updates_before, least = (_WARM_UP - 1, 0) if stepper is None else (_WARM_UP, _WARM_UP)
        seen = _repeat_updates(trial, dataset, 0, updates_before, end, least=least, stepper=stepper)
        seconds, used = _time_block(trial, dataset, seen, updates, _PATIENCE, stepper)
        if stepper is not None:
            stepper.close()
        networks = _network_bytes(trial)
    return Timing(seconds, networks, kept // job.config.batch, job.config.threads, used)


def time_threads(job: Job, dataset: PairDataset, counts: Sequence[int], *, busy: bool) -> Timing:
    """The time of an update with the best of these numbers of threads, which begin with the largest.

    The best is the fewest threads that are as fast as the fastest, within 3%. On a `busy` machine one that takes much
    more processor time than another is none of them. The process keeps that number.
    """
    with spare(job) as trial:
        began = time.perf_counter()
        kept = _update_bytes(trial, dataset)
        if time.perf_counter() - began > _SLOW:
            # More cores are faster in any case, unless other programs use them.
            counts = sorted({counts[0], counts[-1]}, reverse=True) if busy else counts[:1]
        times = (_race_beside_others if busy else _race)(trial, dataset, counts)
        threads = min(count for count, seconds in times.items() if seconds <= _SAME * min(times.values()))
        torch.set_num_threads(threads)
        # One alone was just in use, when the memory was measured.
        seen = _repeat_updates(trial, dataset, 0, 1, 0.0, least=1) if len(times) > 1 else 0
        seconds, used = _time_block(trial, dataset, seen, _UPDATES, _PATIENCE)
        networks = _network_bytes(trial)
    return Timing(seconds, networks, kept // job.config.batch, threads, used)


def _race(job: Job, dataset: PairDataset, counts: Sequence[int]) -> dict[int, float]:
    """The seconds per image of the numbers of threads near the fastest; fewer are tried until they are slower."""
    if len(counts) == 1:
        return {counts[0]: 1.0}
    times: dict[int, float] = {}
    for count in counts:
        times[count] = _time_count(job, dataset, count)[0]
        if times[count] > _WORSE * min(times.values()):
            break
    near = [count for count in times if times[count] <= _NEAR * min(times.values())]
    # Once more in the other order: what slows down or speeds up the machine meanwhile should favour none.
    for count in reversed(near) if len(near) > 1 else ():
        times[count] = min(times[count], _time_count(job, dataset, count)[0])
    return {count: times[count] for count in near if times[count] <= _NEAR * min(times.values())}


def _race_beside_others(job: Job, dataset: PairDataset, counts: Sequence[int]) -> dict[int, float]:
    """The seconds per image on a busy machine, where they vary, and processor time hardly does.

    Threads that spin at a barrier until another gets a core take several times the processor time of one thread. The
    numbers of threads that are left are timed in turn, and the median counts.
    """
    first = {count: _time_count(job, dataset, count) for count in counts}
    work = {count: seconds * used for count, (seconds, used) in first.items()}
    thrifty = [count for count in counts if work[count] <= _WASTE * min(work.values())]
    times = {count: [first[count][0]] for count in thrifty}
    for _ in range(_ROUNDS if len(thrifty) > 1 else 0):
        for count, seconds in times.items():
            seconds.append(_time_count(job, dataset, count)[0])
    return {count: statistics.median(seconds) for count, seconds in times.items()}


def time_cpu_work(job: Job, dataset: PairDataset, *, patience: float) -> float:
    """The processor time per image of updates of the job itself, after one that is not timed; of a slow one alone.

    What libraries prepare at the first update takes a small part of one that is slow.
    """
    pairs = job.config.update_pairs
    seconds, used = _time_block(job, dataset, 0, 1, 0.0)
    if seconds * pairs < _SLOW:
        seconds, used = _time_block(job, dataset, pairs, _MOST_UPDATES, patience)
    return seconds * used


def _time_count(job: Job, dataset: PairDataset, count: int) -> tuple[float, float]:
    """A block of updates with so many threads, after one update: (seconds per image, cores that were used)."""
    torch.set_num_threads(count)
    seen = _repeat_updates(job, dataset, 0, 1, 0.0, least=1)
    return _time_block(job, dataset, seen, _MOST_UPDATES, _BLOCK)


def _time_block(
    job: Job, dataset: PairDataset, seen: int, updates: int, patience: float, stepper: Stepper | None = None
) -> tuple[float, float]:
    """Time up to so many updates after `seen` images, at least one: (seconds per image, cores that were used)."""
    wait_for(job.device)
    began, worked = time.perf_counter(), sum(os.times()[:2])
    images = _repeat_updates(job, dataset, seen, updates, began + patience, least=1, stepper=stepper) - seen
    wait_for(job.device)
    seconds = time.perf_counter() - began
    return seconds / images, (sum(os.times()[:2]) - worked) / max(seconds, 1e-9)


def _repeat_updates(
    job: Job, dataset: PairDataset, seen: int, updates: int, end: float, *, least: int, stepper: Stepper | None = None
) -> int:
    """Update as the run would, at least `least` times and until `end` on the clock; returns the images seen."""
    for number in range(updates):
        if number >= least and time.perf_counter() > end:
            break
        positions = dataset.positions(seen, job.config.update_pairs)
        _update(job, dataset, positions, stepper)
        seen += len(positions)
    return seen


def _update(job: Job, dataset: PairDataset, positions: Sequence[int], stepper: Stepper | None = None) -> None:
    try_update(job, _batch(job, dataset, positions), stepper)


def _batch(job: Job, dataset: PairDataset, positions: Sequence[int]) -> Batch:
    share, parts = share_batches(ALONE, positions, job.config.batch)
    return replace(dataset.batch(share.positions, job.device, job.memory_format), parts=parts)


def _largest(dataset: PairDataset, batch: int) -> list[int]:
    """Positions of the batch that needs most memory: the largest picture of the first epoch, repeated."""
    areas = [int(dataset.seen[dataset.order.index(position)].prod()) for position in range(len(dataset))]
    return [max(range(len(dataset)), key=areas.__getitem__)] * batch


def _update_bytes(job: Job, dataset: PairDataset) -> int:
    """The peak memory in bytes of one update with the job's batch, without the networks.

    Where gradients are accumulated, the pairs of the batches that wait for their turn are added.
    """
    positions = _largest(dataset, job.config.batch)
    waiting = (job.config.accumulate - 1) * _pair_bytes(_batch(job, dataset, positions))
    if job.device.type == "cuda":
        before = torch.cuda.memory_allocated(job.device)
        torch.cuda.reset_peak_memory_stats(job.device)
        _update(job, dataset, positions)
        # The first update also allocates gradients and moments, which stay.
        stays = torch.cuda.memory_allocated(job.device) - before
        return max(0, torch.cuda.max_memory_allocated(job.device) - before - stays) + waiting
    found: dict[int, Tensor] = {}

    def keep(value: Tensor) -> Tensor:
        # Kept until the end, so that no address is used twice.
        found[value.untyped_storage().data_ptr()] = value
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        _update(job, dataset, positions)
    parts = network_states(job.nets).values()
    own = [each for part in parts for each in (*part.network.parameters(), *part.network.buffers())]
    for each in (*own, *_constants(job)):
        found.pop(each.untyped_storage().data_ptr(), None)
    return int(sum(value.untyped_storage().nbytes() for value in found.values()) * _PEAK) + waiting


def _pair_bytes(batch: Batch) -> int:
    return sum(each.nbytes for each in batch.tensors.values())


def _network_bytes(job: Job) -> int:
    """Bytes of weights, gradients and Adam's two moments; of an EMA and a pretrained network the weights alone."""
    return sum(each.nbytes for each in _constants(job)) + sum(
        (4 if part.optimizer else 1) * each.nbytes
        for part in network_states(job.nets).values()
        for each in part.network.parameters()
    )


def _constants(job: Job) -> tuple[Tensor, ...]:
    """The weights of the pretrained network, if there is one."""
    return () if job.nets.features is None else job.nets.features.tensors


def used_memory(device: torch.device) -> int:
    """The bytes that this process has allocated on the device; for the CPU 0 if the system does not report it."""
    if device.type == "cuda":
        return int(torch.cuda.memory_reserved(device))
    if device.type == "mps":
        return int(torch.mps.driver_allocated_memory())
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def largest_batch(job: Job, dataset: PairDataset) -> int:
    """The largest power of two of pairs that one update can take on the device, no more than there are pairs.

    Found on CUDA by trial, on the CPU from the memory of one pair and the free memory. Raises P2PError if not even one
    pair fits.
    """
    most = min(_MOST, len(dataset))
    if job.device.type == "cuda":
        return _try_largest(job, dataset, most)
    single = replace(job, config=replace(job.config, batch=1))
    with spare(single) as trial:
        each = _update_bytes(trial, dataset)
        room = free_bytes(job.device) * SHARE - _network_bytes(trial)
    return _power_of_two(room / max(1, each), most, job)


def _try_largest(job: Job, dataset: PairDataset, most: int) -> int:
    fits, batch = 0, 1
    while batch <= most and _fits(job, dataset, batch):
        fits, batch = batch, batch * 2
    give_back(job.device)  # what the last trial held, if it has failed: the plan would count it to the run
    return _power_of_two(fits, most, job)


def _fits(job: Job, dataset: PairDataset, batch: int) -> bool:
    give_back(job.device)
    job = replace(job, config=replace(job.config, batch=batch))
    try:
        with spare(job) as trial:
            free = free_bytes(job.device)
            torch.cuda.reset_peak_memory_stats(job.device)
            before = torch.cuda.memory_reserved(job.device)
            for _ in range(2):  # the second begins with gradients and moments
                _update(trial, dataset, _largest(dataset, job.config.update_pairs))
            return torch.cuda.max_memory_reserved(job.device) - before <= SHARE * free
    except RuntimeError as error:
        # Without a kernel for even one pair, memory is not what is missing.
        if not is_out_of_memory(error) or (NO_KERNEL in str(error) and batch == 1):
            raise
        return False


def _power_of_two(fits: float, most: int, job: Job) -> int:
    if fits < 1:
        what = f"does not have enough memory for one pair of {_size_text_of(job)}"
        to_do = "Use a smaller --size, --set crop, or fewer generator_filters."
        raise P2PError(job.device, what, to_do, code="no-memory")
    return 1 << (int(min(fits, most)).bit_length() - 1)


@contextmanager
def explain_out_of_memory(job: Job, dataset: PairDataset) -> Iterator[None]:
    """Turn an out-of-memory error into a P2PError with the largest batch that fits."""
    try:
        yield
        return
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        # The error lives as long as this block, and would keep all tensors of the calls in which it was raised.
        traceback.clear_frames(error.__traceback__)
    batch = job.config.batch
    fits = largest_batch(job, dataset) * job.ranks.world
    words = f"the largest batch that fits is {fits}" if fits < batch else f"{fits} fits if nothing else uses memory"
    to_do = f"Use --batch {min(fits, batch)} or --batch auto in a new run folder, or a smaller --size."
    what = f"out of memory with batch {batch} of {_size_text_of(job)}; {words}"
    raise P2PError(job.device, what, to_do + _say_accumulate(batch, fits), code="no-memory")


def _say_accumulate(batch: int, fits: int) -> str:
    """How to have about the same batch in parts that fit."""
    if not 0 < fits < batch:
        return ""
    return f" With --set accumulate={-(-batch // fits)} gradients of as many pictures still make an update."


def _size_text_of(job: Job) -> str:
    """The size of the networks' input, in words."""
    return str(job.config.input_size or "their own size")


def prepare_data(job: Job, run: Path | None, report: Reporter = QUIET) -> tuple[Job, PairDataset]:
    """Decode the pairs, and resolve batch=auto to the largest batch that fits."""
    slow = slow_precision(job.config.precision, job.device)
    for line in (*job.notes, *([slow] if slow else [])):
        report.note(line)
    # Each process on a machine keeps the pairs, so they share the limit among them.
    within = replace(job.config, cache_gib=job.config.cache_gib / job.ranks.local_world)
    dataset = load_dataset(job.folder, job.task, within, near=run, report=report)
    if job.config.batch:
        return job, dataset
    each = largest_batch(job, dataset)
    bound = _bound(each, dataset, job)
    if job.device.type == "cpu":
        each = max(1, each // job.ranks.local_world)
    batch = each * job.ranks.world
    report.note(f"batch {batch}: the largest power of two {bound}{_times(job)}")
    return make_job(job.folder, replace(job.config, batch=batch), job.ranks), dataset.with_batch(batch)


def time_share(job: Job, dataset: PairDataset) -> Timing:
    """The time of an update in one process, without the communication between processes."""
    share = max(1, job.config.batch // job.ranks.world)
    timing = time_updates(replace(job, config=replace(job.config, batch=share)), dataset)
    return replace(timing, seconds_per_image=timing.seconds_per_image / job.ranks.world)


def _times(job: Job) -> str:
    return f", {job.ranks.world} times" if job.ranks.world > 1 else ""


def _bound(batch: int, dataset: PairDataset, job: Job) -> str:
    """The reason why no larger batch was chosen."""
    count = len(dataset)
    if count < 2 * batch:
        return f"that {plural(count, 'pair')} can fill"
    return "that auto chooses" if batch == _MOST else f"that fits into the memory of {job.device}"
