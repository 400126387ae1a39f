"""The order of events in a run: read, build, resume, update, record, sample, save.

Nothing here may compute a loss, lay out a file or print; each of those has its own room.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.manifest import PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan import checkpoint
from p2p_gan.board import require_tensorboard
from p2p_gan.config import Config
from p2p_gan.data import PairStore, identified, open_for_training
from p2p_gan.device import describe_machine
from p2p_gan.fitting import memory_explained, timed
from p2p_gan.guards import DivergedError
from p2p_gan.interrupt import Interruption
from p2p_gan.job import Job, images_of, make_job
from p2p_gan.plan import TIMED_FROM, Plan, described, plan_of, prepared, refuse_without_space
from p2p_gan.runfolder import AUTOMATIC, RunFolder, refuse_changes
from p2p_gan.step import LOSSES, train_step
from p2p_gan.tracker import Tracker

RECOVERY = 0.5  # of the rate, after a loss that is no number


@dataclass(frozen=True)
class TrainSummary:
    """How a call of `train` ended: `interrupted` by Ctrl-C, or at its last image; `before` is where it began."""

    run: Path
    images: int
    before: int
    interrupted: bool
    seconds: float
    losses: dict[str, float]
    plan: Plan | None  # None where nothing was left to do


def train(pairs: Path, run: Path, config: Config, *, report: Reporter = QUIET) -> TrainSummary:
    """Train on the pair folder `pairs` into the run folder `run`; the same call again resumes or does nothing.

    Writes run.json, stats.jsonl, samples/, checkpoints/ and model.safetensors. Ctrl-C ends it after the update in
    progress, saved. Raises P2PError or UsageError, before anything is written where possible.
    """
    if config.tensorboard:
        require_tensorboard()
    place = RunFolder(run)
    if place.exists:
        place.hold()
    try:
        folder = identified(open_for_training(pairs), report=report)
        if place.exists:
            config = _continued(place, config, folder)
            seen = checkpoint.latest_images(run)
            if seen >= images_of(config, folder):
                return TrainSummary(run, seen, seen, interrupted=False, seconds=0.0, losses={}, plan=None)
        job, store = prepared(make_job(folder, config), report)
        with memory_explained(job, store):
            planned = _announced(place, job, store, report)
            if not place.exists:
                place.hold()
            return _train(place, job, store, planned, report)
    finally:
        place.release()


def _continued(place: RunFolder, config: Config, folder: PairFolder) -> Config:
    """The config with what `auto` became when the run began; raises UsageError when anything else differs."""
    old = place.config()
    automatic = {name: getattr(old, name) for name, auto in AUTOMATIC.items() if getattr(config, name) == auto}
    config = replace(config, **automatic)
    refuse_changes(place.path, old, config, place.read()["data_hash"], folder.data_hash)
    return config


def _announced(place: RunFolder, job: Job, store: PairStore, report: Reporter) -> Plan:
    """Say what the run will do and need; raises P2PError when the disk cannot hold it."""
    planned = plan_of(job, place.path, done=checkpoint.latest_images(place.path))
    refuse_without_space(planned, place.path)
    if planned.updates >= TIMED_FROM:
        report.note("timing ten updates ...")
        planned = plan_of(job, place.path, done=planned.done, timing=timed(job, store))
    for line in described(planned):
        report.note(line)
    return planned


def _train(place: RunFolder, job: Job, store: PairStore, planned: Plan, report: Reporter) -> TrainSummary:
    # Begin or resume.
    done = checkpoint.load_latest(place.path, job.nets) if place.exists else None
    progress = done or checkpoint.Progress(0, [0.0] * len(LOSSES), 0, 0.0)
    total = job.config.images or 0
    if progress.images < total or done is None:
        place.write(_record(job))
        if place.exists:
            place.cut_log(progress.images)

    # Update until the last image or Ctrl-C.
    tracker = Tracker(place, job, store, progress, report)
    if job.config.recover and done is None:
        tracker.save()  # something to go back to
    with Interruption() as interruption:
        report.start("training", total, progress.images)
        try:
            _update(job, store, tracker, interruption)
        except DivergedError as error:
            tracker = _recovered(error, tracker, (place, job, store, report))
            _update(job, store, tracker, interruption)
        finally:
            report.finish()
            tracker.board.close()
    return TrainSummary(
        run=place.path,
        images=tracker.images,
        before=progress.images,
        interrupted=tracker.images < total,
        seconds=tracker.seconds(),
        losses=tracker.last,
        plan=planned,
    )


def _update(job: Job, store: PairStore, tracker: Tracker, interruption: Interruption) -> None:
    total = job.config.images or 0
    while tracker.images < total and not interruption.asked:
        count = min(job.config.batch, total - tracker.images)
        for optimizer in (job.nets.generator_optimizer, job.nets.discriminator_optimizer):
            optimizer.param_groups[0]["lr"] = tracker.rate
        asked = time.perf_counter()
        batch = store.batch(tracker.images, count, job.device)
        tracker.guards.waited(time.perf_counter() - asked)
        losses = train_step(job.nets, batch, l1_weight=job.config.l1_weight, autocast=job.autocast)
        tracker.step(losses, batch)
    if tracker.saved != tracker.images:
        tracker.save()


def _recovered(error: DivergedError, tracker: Tracker, parts: tuple[RunFolder, Job, PairStore, Reporter]) -> Tracker:
    """A tracker that goes on from the last checkpoint at half the rate; raises `error` where that was not asked for.

    It happens once: the factor of the rate is part of the checkpoints that follow.
    """
    place, job, store, report = parts
    tracker.board.close()
    if not job.config.recover or tracker.slowed < 1:
        place.log({"images": tracker.images, "diverged": error.found})
        raise error
    progress = checkpoint.load_latest(place.path, job.nets)
    assert progress is not None, "a run that may recover begins with a checkpoint"
    place.cut_log(progress.images)
    place.log({"images": progress.images, "recovered_from": error.found, "slowed": RECOVERY})
    report.note(f"{error} That is now done: back to image {progress.images}, half the rate, once.")
    report.start("training", job.config.images or 0, progress.images)
    return Tracker(place, job, store, replace(progress, slowed=RECOVERY), report)


def _record(job: Job) -> dict[str, Any]:
    return {
        "config": job.config.to_json(),
        "pairs": str(job.folder.path),
        "direction": job.card.direction,
        "data_hash": job.folder.data_hash,
        "assumed": list(job.folder.assumed),
        "machine": describe_machine(job.device),
    }
