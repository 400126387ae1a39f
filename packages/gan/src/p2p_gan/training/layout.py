"""In which order the networks of a run lie in memory: chosen by timed updates and kept with the machine.

Nothing here may train, or choose another order for a run that has begun, since its numbers depend on it.
"""

import time
from dataclasses import replace
from typing import Any

import torch

from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.data.dataset import PairDataset
from p2p_gan.machine.kept import keep, kept_folder, recall
from p2p_gan.training.job import Job
from p2p_gan.training.speed import work_of
from p2p_gan.training.trial import spare, time_cpu_work

_FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}  # by the names of the setting

_CLEARLY = 1.1  # times as fast: below that it stays contiguous, so that chance does not decide
_ROUNDS, _BLOCK, _SLOW = 2, 0.5, 4.0  # timed in turn; seconds of a block; seconds from which one round must do


def settle_memory_format(
    job: Job, dataset: PairDataset, *, automatic: bool, remeasure: bool = False, report: Reporter = QUIET
) -> Job:
    """Choose the memory format of a run on the CPU by timing both, if it is `automatic`; returns the job with it.

    What was measured for the same work on the same machine is used again, so that the same command has the same losses;
    where nothing can be kept, nothing is measured. The format that is set, by the user or by the run that is resumed,
    stays. `remeasure` times again what is kept.
    """
    if not automatic or job.device.type != "cpu" or job.ranks.world > 1 or kept_folder() is None:
        return job
    key = _key(job)
    found = None if remeasure else _valid(recall(key))
    if found is None:
        report.note("timing updates in both memory formats ...")
        found = choose_format(time_formats(job, dataset))
        found = _valid(keep(key, {"memory_format": found}, replace=remeasure)) or found
    return with_memory_format(job, found)


def time_formats(job: Job, dataset: PairDataset) -> dict[str, float]:
    """The processor time of an image in updates of spare networks in each format, the least of some blocks in turn."""
    times: dict[str, float] = {}
    with spare(job) as trial:
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            for name in _FORMATS:
                seconds = time_cpu_work(with_memory_format(trial, name), dataset, patience=_BLOCK)
                times[name] = min(seconds, times.get(name, seconds))
            if time.perf_counter() - began > 2 * len(_FORMATS) * _SLOW:
                break
    return times


def choose_format(times: dict[str, float]) -> str:
    """contiguous, unless channels_last is clearly faster."""
    return "channels_last" if times["contiguous"] > _CLEARLY * times["channels_last"] else "contiguous"


def with_memory_format(job: Job, name: str) -> Job:
    """The job with its networks in another memory format; only before a run has begun."""
    for network in (job.nets.generator, job.nets.discriminator, job.nets.ema):
        if network is not None:
            network.to(memory_format=_FORMATS[name])  # type: ignore[call-overload]
    config = replace(job.config, memory_format=name)
    return replace(job, config=config, recipe=replace(job.recipe, config=config))


def _valid(values: dict[str, Any] | None) -> str | None:
    found = (values or {}).get("memory_format")
    return found if found in _FORMATS else None


def _key(job: Job) -> dict[str, Any]:
    """The machine and the work of an update; the memory format is what is asked."""
    key = work_of(job)
    return key | {"work": key["work"] | {"memory_format": "?"}}
