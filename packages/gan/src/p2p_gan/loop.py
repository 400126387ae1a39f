"""The order of events in a run: read, build, resume, update, record, sample, save.

Nothing here may compute a loss, lay out a file or print; each of those has its own room.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.manifest import PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan import average, checkpoint
from p2p_gan.config import Config
from p2p_gan.data import PairStore, identified, load_store, open_for_training
from p2p_gan.device import describe_machine, differences, telling_what_is_not_deterministic
from p2p_gan.interrupt import Interruption, Stopped
from p2p_gan.job import Job, Plan, described, images_of, make_job, plan_of, rate_at
from p2p_gan.runfolder import AUTOMATIC, RunFolder, changed_pairs, describe_splits, refuse_changes
from p2p_gan.saver import Saver, require_space_for_run
from p2p_gan.step import train_step
from p2p_gan.tracker import Tracker


@dataclass(frozen=True)
class TrainSummary:
    """How a call of `train` ended: at its last image, or `interrupted` by the signal `stopped_by`.

    `before` is the image where it began.
    """

    run: Path
    images: int
    before: int
    interrupted: bool
    seconds: float
    losses: dict[str, float]
    plan: Plan | None  # None where nothing was left to do, or nothing was begun
    stopped_by: str | None = None
    signal: str | None = None  # that came, whether or not anything was left to do


def train(pairs: Path, run: Path, config: Config, *, report: Reporter = QUIET) -> TrainSummary:
    """Train on the pair folder `pairs` into the run folder `run`; the same call again resumes or does nothing.

    Writes run.json, stats.jsonl, samples/, checkpoints/ and model.safetensors. Ctrl-C or SIGTERM ends it after the
    update in progress, saved. Raises P2PError or UsageError, before anything is written where possible.
    """
    place = RunFolder(run)
    with Interruption() as interruption:
        try:
            with interruption.at_once():
                begun = _begin(place, pairs, config, report)
            return begun if isinstance(begun, TrainSummary) else _train(place, *begun, interruption, report)
        except Stopped:
            assert interruption.asked
            seen, _ = checkpoint.latest(run)
            return TrainSummary(run, seen, seen, True, 0.0, {}, None, *(interruption.asked.name,) * 2)
        finally:
            place.release()


def _begin(place: RunFolder, pairs: Path, config: Config, report: Reporter) -> tuple[Job, PairStore] | TrainSummary:
    """Everything that is done before anything is written: read, compare with what the run was begun with, build."""
    if place.exists:
        place.hold(report)
    folder = identified(open_for_training(pairs), report=report)
    if place.exists:
        config = _continued(place, config, folder)
        seen, looked = checkpoint.latest(place.path)
        if looked and seen >= images_of(config, folder):
            return TrainSummary(place.path, seen, seen, interrupted=False, seconds=0.0, losses={}, plan=None)
    job = make_job(folder, config)
    require_space_for_run(place, job)
    elsewhere = differences(place.read().get("machine", {}), job.device) if place.exists else []
    for line in (*folder.assumed, described(job), *elsewhere):
        report.note(line)
    store = load_store(folder, job.task, job.config, near=place.path, report=report)
    if not place.exists:
        place.hold(report)
    return job, store


def _continued(place: RunFolder, config: Config, folder: PairFolder) -> Config:
    """The config with what `auto` became when the run began; raises UsageError when anything else differs."""
    old, record = place.config(), place.read()
    automatic = {name: getattr(old, name) for name, auto in AUTOMATIC.items() if getattr(config, name) == auto}
    config = replace(config, **automatic)
    refuse_changes(place.path, old, config, changed_pairs(record, folder))
    return config


def _train(place: RunFolder, job: Job, store: PairStore, interruption: Interruption, report: Reporter) -> TrainSummary:
    # Begin or resume.
    done = checkpoint.load_latest(place.path, job.nets, report) if place.exists else None
    progress = done or checkpoint.Progress(0, [0.0] * len(job.recipe.names), 0, 0.0)
    total = job.config.images or 0
    place.write(_record(job))
    if place.exists:
        place.cut_log(progress.images)

    # Update until the last image or a signal.
    with Saver(place, job, progress.images) as saver, telling_what_is_not_deterministic():
        tracker = Tracker(place, job, progress, saver, interruption, report)
        report.start("training", total, progress.images)
        try:
            tracker.look_again()
            while tracker.images < total and not interruption.asked:
                positions = store.positions(tracker.images, min(job.config.batch, total - tracker.images))
                for optimizer in job.nets.optimizers:
                    optimizer.param_groups[0]["lr"] = rate_at(job.config, tracker.images)
                losses = train_step(job.nets, store.batch(positions, job.device), job.recipe, job.autocast)
                if job.nets.averaged is not None:
                    kept = average.decay(tracker.images, len(positions), job.recipe.average)
                    average.follow(job.nets.averaged, job.nets.generator, kept)
                tracker.step(losses, len(positions))
        finally:
            report.finish()

        # Save what is not saved yet; leaving the Saver waits until it is on the disk.
        if saver.saved != tracker.images:
            tracker.save()
    unfinished = tracker.images < total or not tracker.looked
    return TrainSummary(
        run=place.path,
        images=tracker.images,
        before=progress.images,
        interrupted=unfinished,
        seconds=tracker.seconds(),
        losses=tracker.last,
        plan=plan_of(job),
        stopped_by=interruption.asked.name if interruption.asked and unfinished else None,
        signal=interruption.asked.name if interruption.asked else None,
    )


def _record(job: Job) -> dict[str, Any]:
    return {
        "config": job.config.to_json(),
        "pairs": str(job.folder.path),
        "direction": job.card.direction,
        "data_hash": job.folder.data_hash,
        "splits": describe_splits(job.folder),
        "assumed": list(job.folder.assumed),
        "machine": describe_machine(job.device),
    }
