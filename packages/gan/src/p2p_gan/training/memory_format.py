"""In which order the networks of a run lie in memory: chosen by timed updates and kept with the machine.

Nothing here may train, or choose another order for a run that has begun, since its numbers depend on it.
"""

import statistics
import time
from dataclasses import replace
from typing import Any

import torch

from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.data.dataset import PairDataset
from p2p_gan.machine.device import memory_format_of
from p2p_gan.machine.kept import keep, kept_folder, recall
from p2p_gan.training.job import Job
from p2p_gan.training.speed import work_of
from p2p_gan.training.trial import spare, time_cpu_work
from p2p_gan.updates.step import Networks

_FORMATS = ("contiguous", "channels_last")  # of the setting, but for auto

FORMATS_TIMED_FROM = 2000
"""Updates left; before fewer, timing both formats would take longer than the faster one saves."""

_CLEARLY = 1.1  # times as fast: below that it stays contiguous, so that chance does not decide
_ROUNDS, _BLOCK = 5, 0.3  # timed in turn; seconds of a block
_PATIENCE, _LONG = 12.0, 24.0  # seconds from which two rounds must do, and one alone


def settle_memory_format(
    job: Job, dataset: PairDataset, *, updates: int, automatic: bool, remeasure: bool = False, report: Reporter = QUIET
) -> Job:
    """Choose the memory format of a long run on the CPU by timing both, if it is `automatic`; the job with it.

    What was measured for the same work on the same machine is used again, so that the same command has the same losses;
    where nothing can be kept, nothing is measured. The format that is set, by the user or by the run that is resumed,
    stays. `remeasure` times again what is kept.
    """
    if (
        updates < FORMATS_TIMED_FROM
        or not automatic
        or job.device.type != "cpu"
        or job.ranks.world > 1
        or kept_folder() is None
    ):
        return job
    key = _key(job)
    found = None if remeasure else _valid(recall(key))
    if found is None:
        report.note("timing updates in both memory formats ...")
        found = choose_format(time_formats(job, dataset))
        found = _valid(keep(key, {"memory_format": found}, replace=remeasure)) or found
    return with_memory_format(job, found)


def time_formats(job: Job, dataset: PairDataset) -> list[float]:
    """How many times the processor time of channels_last contiguous takes, in blocks of updates of spare networks."""
    ratios: list[float] = []
    began = time.perf_counter()
    with spare(job) as trial:
        while _is_another_round_due(len(ratios), time.perf_counter() - began):
            last, contiguous = (
                time_cpu_work(with_memory_format(trial, name), dataset, patience=_BLOCK)
                for name in ("channels_last", "contiguous")
            )
            ratios.append(contiguous / max(last, 1e-9))
    return ratios


def _is_another_round_due(made: int, seconds: float) -> bool:
    return made == 0 or (made < _ROUNDS and seconds < (_LONG if made == 1 else _PATIENCE))


def choose_format(ratios: list[float]) -> str:
    """contiguous, unless channels_last was faster in every round, and clearly in the middle one."""
    return "channels_last" if min(ratios) > 1 and statistics.median(ratios) > _CLEARLY else "contiguous"


def with_memory_format(job: Job, name: str) -> Job:
    """The job with its networks in another memory format; only before a run has begun."""
    _arrange_networks(job.nets, memory_format_of(name))
    config = replace(job.config, memory_format=name)
    return replace(job, config=config, recipe=replace(job.recipe, config=config))


def _arrange_networks(nets: Networks, memory_format: torch.memory_format) -> None:
    """Let weights and the optimisers' moments lie in memory in this order; values stay."""
    for network in (nets.generator, nets.discriminator, nets.ema):
        if network is not None:
            network.to(memory_format=memory_format)  # type: ignore[call-overload]
    for parameter, moments in (each for optimizer in nets.optimizers for each in optimizer.state.items()):
        for name, value in moments.items():
            if value.shape == parameter.shape:  # CUDA's fused optimiser refuses another order than the weights'
                moments[name] = torch.empty_like(parameter, requires_grad=False).copy_(value)


def _valid(values: dict[str, Any] | None) -> str | None:
    found = (values or {}).get("memory_format")
    return found if found in _FORMATS else None


def _key(job: Job) -> dict[str, Any]:
    """The machine and the work of an update; the memory format is what is asked."""
    key = work_of(job)
    return key | {"work": key["work"] | {"memory_format": "?"}}
