"""The order of events in a run: read, build, resume, update, record, sample, save.

Nothing here may compute a loss, lay out a file or print; each of those has its own room.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import PairStore
from p2p_gan.data.task import identify_files, open_for_training
from p2p_gan.machine.device import describe_machine, machine_differences, telling_what_is_not_deterministic
from p2p_gan.machine.distributed import BACK, Ranks, devices_of, join_processes
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import RunFolder, changed_pairs, describe_splits, refuse_changes
from p2p_gan.training.guards import DivergedError
from p2p_gan.training.job import Job, images_of, learning_rate_jump, make_job
from p2p_gan.training.loop import follow, training_loop
from p2p_gan.training.planning import TIMED_FROM, Plan, plan_of
from p2p_gan.training.replicas import distribute, shared_state
from p2p_gan.training.saver import Saver, require_space_for_run
from p2p_gan.training.signals import StopRequest, StopSignal
from p2p_gan.training.tensorboard import require_tensorboard
from p2p_gan.training.tracker import Tracker
from p2p_gan.training.trial import explain_out_of_memory, prepare_data, time_share
from p2p_gan.training.validation import refuse_unreadable
from p2p_gan.updates.optimise import restore_scalers

RECOVERY = 0.5  # of the rate, after a loss that is no number


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


def train(pairs: Path | str, run: Path | str, config: Config, *, report: Reporter = QUIET) -> TrainSummary:
    """Train on the pair folder `pairs` into the run folder `run`; the same call again resumes or does nothing.

    Writes run.json, stats.jsonl, samples/, checkpoints/ and model.safetensors. Ctrl-C or SIGTERM ends it after the
    update in progress, saved. Raises P2PError or UsageError, before anything is written where possible.

    Where a launcher has started several such calls (see `distributed`), they train one model: each takes its share of
    every batch on its own device, and the first alone writes, looks and reports.
    """
    pairs, run = Path(pairs), Path(run)
    if config.tensorboard:
        require_tensorboard()
    with join_processes(config.device) as ranks, StopRequest() as interruption, telling_what_is_not_deterministic():
        config = replace(config, device=devices_of(config.device)[0])
        if ranks.leads:
            return _lead(pairs, run, config, ranks, interruption, report)
        followed = follow(pairs, ranks, interruption)
        unfinished = followed.images < followed.total
        return TrainSummary(run, followed.images, followed.before, unfinished, 0.0, {}, None)


def _lead(
    pairs: Path, run: Path, config: Config, ranks: Ranks, interruption: StopRequest, report: Reporter
) -> TrainSummary:
    """Train as the first process, or the only one."""
    place = RunFolder(run)
    try:
        with interruption.at_once():
            begun = _begin(place, pairs, config, ranks, report)
        if isinstance(begun, TrainSummary):
            ranks.from_first(None)
            return begun
        job, store, planned = begun
        ranks.from_first({"config": job.config.to_json(), "data_hash": job.folder.data_hash})
        with explain_out_of_memory(job, store):
            return _train(place, job, store, planned, interruption, report)
    except StopSignal:
        assert interruption.asked
        ranks.from_first(None)
        seen, _ = checkpoint.latest(run)
        return TrainSummary(run, seen, seen, True, 0.0, {}, None, *(interruption.asked.name,) * 2)
    finally:
        place.release()


def _begin(
    place: RunFolder, pairs: Path, config: Config, ranks: Ranks, report: Reporter
) -> tuple[Job, PairStore, Plan] | TrainSummary:
    """Everything that is done before anything is written: read, compare with what the run was begun with, build."""
    if place.exists:
        place.hold(report)
    folder = identify_files(open_for_training(pairs), report=report)
    if place.exists:
        config = _continue_config(place, config, folder)
        seen, looked = checkpoint.latest(place.path)
        other_rate = learning_rate_jump(place.config(), replace(config, images=images_of(config, folder)), seen)
        if looked and seen >= images_of(config, folder):
            return TrainSummary(place.path, seen, seen, interrupted=False, seconds=0.0, losses={}, plan=None)
    job = make_job(folder, config, ranks)
    require_space_for_run(place, job)
    for line in [*_machine_notes(place, job), *other_rate] if place.exists else []:
        report.note(line)
    job, store = prepare_data(job, place.path, report)
    refuse_unreadable(job)
    planned = _announce_plan(place, job, store, report)
    if not place.exists:
        place.hold(report)
    return job, store, planned


def _machine_notes(place: RunFolder, job: Job) -> list[str]:
    """What of the machines is not as it was when the run began."""
    record, world = place.read(), job.ranks.world
    lines = machine_differences(record.get("machine", {}), job.device)
    before = record.get("processes", 1)
    if before != world:
        lines.append(
            f"Continued on {world} devices, begun on {before}: the same pairs in the same order and batches, but other "
            "draws of dropout and noise: the same training, but not bit for bit."
        )
    return lines


def _announce_plan(place: RunFolder, job: Job, store: PairStore, report: Reporter) -> Plan:
    """Say what the run will do and need."""
    done, _ = checkpoint.latest(place.path)
    planned = plan_of(job, place.path, done=done)
    if planned.updates >= TIMED_FROM:
        report.note("timing ten updates ...")
        with explain_out_of_memory(job, store):
            planned = plan_of(job, place.path, done=done, timing=time_share(job, store))
    report.show(planned)
    return planned


def _continue_config(place: RunFolder, config: Config, folder: PairFolder) -> Config:
    """The config with what `auto` became when the run began; raises UsageError when anything else differs."""
    old, record = place.config(), place.read()
    automatic = {
        name: getattr(old, name)
        for name, declared in settings_of(Config).items()
        if declared.on_resume == "auto" and getattr(config, name) == declared.automatic
    }
    config = replace(config, **automatic)
    refuse_changes(place.path, old, config, changed_pairs(record, folder))
    return config


def _train(
    place: RunFolder, job: Job, store: PairStore, planned: Plan, interruption: StopRequest, report: Reporter
) -> TrainSummary:
    # Begin or resume.
    done = checkpoint.load_latest(place.path, job.nets, report) if place.exists else None
    progress = done or checkpoint.Progress(0, [0.0] * len(job.recipe.names), 0, 0.0)
    restore_scalers(job.nets.optimizers, progress.extra.get("scalers", []))
    total = job.config.images or 0
    place.write(_record(job))
    if place.exists:
        place.cut_log(progress.images)
    shared_state(job, progress)
    job = distribute(job)

    # Update until the last image or a signal; go back once after a loss that is no number, where that was asked for.
    with Saver(place, job, progress.images) as saver:
        tracker = Tracker(place, job, store, progress, saver, interruption, report)
        if job.config.recover and done is None:
            tracker.save()
        report.start("training", total, progress.images)
        try:
            training_loop(job, store, tracker, interruption)
        except DivergedError as error:
            progress_then = _go_back(error, tracker, place, job, saver, report)
            tracker = Tracker(place, job, store, progress_then, saver, interruption, report)
            training_loop(job, store, tracker, interruption)
        finally:
            report.finish()
            tracker.board.close()
    unfinished = tracker.images < total or not tracker.looked
    return TrainSummary(
        run=place.path,
        images=tracker.images,
        before=progress.images,
        interrupted=unfinished,
        seconds=tracker.seconds(),
        losses=tracker.last,
        plan=planned,
        stopped_by=interruption.asked.name if interruption.asked and unfinished else None,
        signal=interruption.asked.name if interruption.asked else None,
    )


def _go_back(
    error: DivergedError, tracker: Tracker, place: RunFolder, job: Job, saver: Saver, report: Reporter
) -> checkpoint.Progress:
    """Networks and record as at the last checkpoint, and where to go on from at half the rate.

    Raises `error` where that was not asked for, or has happened: that the rate was halved is part of the checkpoints.
    """
    tracker.board.close()
    saver.wait()
    if not job.config.recover or tracker.recovery_factor < 1:
        place.log({"images": tracker.images, "diverged": error.found})
        raise error
    job.ranks.agree(BACK)
    progress = checkpoint.load_latest(place.path, job.nets, report)
    assert progress is not None, "a run that may recover begins with a checkpoint"
    restore_scalers(job.nets.optimizers, progress.extra.get("scalers", []))
    saver.saved = progress.images
    place.cut_log(progress.images)
    place.log({"images": progress.images, "recovered_from": error.found, "slowed": RECOVERY})
    report.note(f"{error} That is now done: back to image {progress.images}, half the rate, once.")
    report.start("training", job.config.images or 0, progress.images)
    return shared_state(job, replace(progress, extra={**progress.extra, "slowed": RECOVERY}))


def _record(job: Job) -> dict[str, Any]:
    return {
        "config": job.config.to_json(),
        "pairs": str(job.folder.path),
        "direction": job.card.direction,
        "data_hash": job.folder.data_hash,
        "splits": describe_splits(job.folder),
        "assumed": list(job.folder.assumed),
        "machine": describe_machine(job.device),
        "processes": job.ranks.world,
    }
