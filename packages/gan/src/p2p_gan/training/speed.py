"""How fast updates are on this machine: with how many threads, and what other programs take away from them.

Nothing here may train, or choose another number of threads for a run that has begun, since its numbers depend on it.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import p2p_gan
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.settings import settings_of
from p2p_datatools.contract.words import plural
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import PairDataset
from p2p_gan.machine.device import describe_machine
from p2p_gan.machine.kept import keep, kept_folder, recall
from p2p_gan.machine.load import Load, LoadMeter, measure_load
from p2p_gan.machine.threads import resolve_threads, threads_variable, use_threads, variables_of_threads
from p2p_gan.training.job import Job
from p2p_gan.training.trial import Timing, time_share, time_threads

ThreadsBy = Literal["setting", "environment", "cores", "measured", "kept"]
_TIMED_GROUPS = ("networks", "losses", "optimisation")
_TIMED = ("size", "fit", "crop", "batch", "precision", "memory_format", "deterministic")
_CODE = ("networks/*.py", "updates/*.py", "machine/*.py", "training/build.py")  # whose speed is measured
# Settings of these groups on which the time of an update does not depend.
_FREE = (
    *("learning_rate", "discriminator_learning_rate", "beta1", "beta2", "lr_schedule"),
    *("label_smoothing", "halve_discriminator_loss"),
)


@dataclass(frozen=True)
class Speed:
    """What is known of a run's updates before the first.

    `threads_by` says what chose the number of threads: the setting (or the run that is resumed), the environment, the
    cores, or a measurement, now or before. `load` is that of the machine. `slower` says how many times as long updates
    take as on a quiet machine, None where that was never measured.
    """

    timing: Timing
    threads_by: ThreadsBy
    load: Load
    slower: float | None = None

    @property
    def busy(self) -> bool:
        """Whether other programs use cores that all threads would need."""
        return self.load.lacks_cores_for(max(self.timing.threads, resolve_threads(0)))

    @property
    def slower_at_most(self) -> float:
        """A limit of `slower`: on a quiet machine threads use at most a core each, and most of them less."""
        return self.timing.threads / self.timing.cores if self.timing.cores else 1.0


def thread_counts(most: int, free: float | None) -> list[int]:
    """The numbers of threads to try: all cores, those that other programs leave free, and halves down to one."""
    counts = {most}
    if free is not None and 1 <= round(free) < most:
        counts.add(round(free))
    while most > 1:
        most = most // 2
        counts.add(most)
    return sorted(counts, reverse=True)


def settle_speed(
    job: Job, dataset: PairDataset, *, automatic: bool, remeasure: bool = False, report: Reporter = QUIET
) -> tuple[Job, Speed]:
    """Choose the number of threads if it is `automatic`, and time updates; returns the job with that number.

    What was measured for the same work on the same machine, as busy as now, is used again, so that the same command
    trains with the same number of threads and has the same losses. A number that is set, by the user or by the run that
    is resumed, stays. `remeasure` times again what is kept, with the same number of threads.
    """
    by, load = _threads_source(job, automatic=automatic), measure_load()
    quiet = _recall(job, None)
    free = _free_cores(load, quiet)
    kept = _recall(job, free) if free else quiet
    if by == "measured" and kept is not None:
        by, job = "kept", with_threads(job, kept.threads)
    known = quiet is not None and quiet.threads == job.config.threads
    if quiet is not None and known and free is None and not remeasure:
        return job, Speed(quiet, by, load)
    timing, load = _measure(job, dataset, by, load, report)
    if by != "setting" and by != "environment" and _is_alone(job) and (kept is None or remeasure):
        timing = _keep(job, free, timing, replace=remeasure)
    slower = timing.seconds_per_image / quiet.seconds_per_image if quiet is not None and known else None
    return with_threads(job, timing.threads), Speed(timing, by, load, slower)


def _free_cores(load: Load, quiet: Timing | None) -> int | None:
    """How many whole cores are free, at least 1, or None if that is enough for what a quiet machine would use."""
    needed = quiet.threads if quiet is not None else resolve_threads(0)
    return max(1, int(load.free)) if load.free is not None and load.lacks_cores_for(needed) else None


def _recall(job: Job, free: int | None) -> Timing | None:
    """The kept timing of this work with so many free cores; None if there is none, or it is damaged."""
    try:
        found = Timing(**(recall(work_of(job, free)) or {})["timing"])
    except (KeyError, TypeError):
        return None
    numbers = all(type(each) in (int, float) and each >= 0 for each in asdict(found).values())
    return found if numbers and type(found.threads) is int and found.threads and found.seconds_per_image else None


def _keep(job: Job, free: int | None, timing: Timing, *, replace: bool) -> Timing:
    """Keep the timing; returns that of another process that has measured the same meanwhile, if there is one."""
    keep(work_of(job, free), {"timing": asdict(timing)}, replace=replace)
    won = _recall(job, free)
    return won if won is not None and won.threads != timing.threads else timing


def _threads_source(job: Job, *, automatic: bool) -> ThreadsBy:
    if not automatic:
        return "setting"
    if threads_variable():
        return "environment"
    # Several processes share the cores, and a GPU's updates hardly need them. What cannot be kept is not measured:
    # the next call might choose another number, and its losses would be others.
    return "measured" if _is_alone(job) and resolve_threads(0) > 1 and kept_folder() is not None else "cores"


def _is_alone(job: Job) -> bool:
    return job.ranks.world == 1 and job.device.type == "cpu"


def _measure(job: Job, dataset: PairDataset, by: ThreadsBy, before: Load, report: Reporter) -> tuple[Timing, Load]:
    """The time of an update, and the larger load of that before and that meanwhile."""
    meter, most = LoadMeter(), resolve_threads(0)
    if by == "measured":
        report.note(f"timing updates with 1 to {plural(most, 'thread')} ...")
        busy = before.lacks_cores_for(most)
        timing = time_threads(job, dataset, thread_counts(most, before.free), busy=busy)
    else:
        report.note("timing ten updates ...")
        timing = time_share(job, dataset)
    return timing, max(before, meter.read(), key=lambda each: each.others or 0.0)


def with_threads(job: Job, threads: int) -> Job:
    """The job with another number of threads, which the process has from now on; only before a run has begun."""
    use_threads(threads, on_cpu=job.device.type == "cpu")
    config = replace(job.config, threads=threads)
    return replace(job, config=config, recipe=replace(job.recipe, config=config))


def work_of(job: Job, free: int | None = None) -> dict[str, Any]:
    """The machine, the code and the work of an update, as JSON: updates of the same work take the same time.

    `free` is the number of cores that other programs leave on a busy machine, None on a quiet one.

    How large the weights of losses or the learning rate are does not matter, so that runs that are compared with each
    other have the same number of threads.
    """
    groups = {name for name, each in settings_of(Config).items() if each.group in _TIMED_GROUPS}
    config = {name: value for name, value in job.config.to_json().items() if name in groups or name in _TIMED}
    work = {
        name: value > 0 if name.startswith("lambda_") or name == "ema_half_life" else value
        for name, value in config.items()
        if name not in _FREE
    }
    architecture = job.card.architecture
    if job.config.input_size is None:  # then the pairs decide
        work["pairs"] = job.folder.data_hash
    return {
        "machine": describe_machine(job.device) | {"cores": cores(), "code": _code_version(), "free": free},
        "environment": variables_of_threads(),
        "work": work | {"inputs": architecture.inputs, "outputs": architecture.outputs, "processes": job.ranks.world},
    }


@cache
def _code_version() -> str:
    """A hash of the code whose speed is measured, since a version of p2p may be changed in place."""
    root, digest = Path(p2p_gan.__file__).parent, hashlib.sha256()
    for path in sorted(each for place in _CODE for each in root.glob(place)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
