"""A training run from beginning to end: check and load, resume, loop, finish.

Nothing here may compute a loss, define a file format or print.
"""

import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.settings import settings_of
from p2p_datatools.contract.words import plural
from p2p_gan.config.config import Config
from p2p_gan.config.parse import config_from_json
from p2p_gan.data.dataset import PairDataset
from p2p_gan.data.task import identify_files, open_for_training, refuse_dest_in_splits
from p2p_gan.machine.device import (
    describe_machine,
    explain_nondeterminism,
    keep_arithmetic,
    machine_differences,
    restore_random_state,
)
from p2p_gan.machine.distributed import BACK, GoBack, Ranks, devices_of, join_processes
from p2p_gan.machine.meeting import note_later
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import TRAINED, RunFolder, changed_pairs, describe_splits, read_stats, refuse_changes
from p2p_gan.training.continuation import explain_other_device
from p2p_gan.training.features import is_feature_file, refuse_other_features
from p2p_gan.training.guards import DivergedError
from p2p_gan.training.job import Job, images_of, learning_rate_jump, make_job, outgrown
from p2p_gan.training.loop import TrainingCallback, training_loop
from p2p_gan.training.patience import EarlyStop, stop_of
from p2p_gan.training.planning import TIMED_FROM, Plan, note_doubtful_pairs, plan_of, time_plan
from p2p_gan.training.replicas import distribute, shared_state
from p2p_gan.training.signals import StopRequest, StopSignal
from p2p_gan.training.source import load_beginning, refuse_other_source
from p2p_gan.training.tracking.boards import require_boards
from p2p_gan.training.tracking.saver import Saver, find_lost_models, require_space_for_run, restore_best, restore_models
from p2p_gan.training.tracking.tracker import Tracker
from p2p_gan.training.trial import explain_out_of_memory, prepare_data
from p2p_gan.training.validation import refuse_unreadable, refuse_unscored
from p2p_gan.updates.optimise import restore_scalers

_FIRST_EXCHANGE = (
    "Waiting for the first exchange between the devices, which takes seconds. If it does not end, docs/clusters.md "
    "says what helps."
)
_RECOVERY_FACTOR = 0.5  # of the learning rate, after a loss that is not finite


@dataclass(frozen=True)
class TrainSummary:
    """The result of a call of `train`: finished, or `interrupted` by the signal `stopped_by`.

    `before` are the images seen before the call, `images` those after it.
    """

    run: Path
    images: int
    before: int
    interrupted: bool
    seconds: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    plan: Plan | None = None  # None if nothing was left to do, or the call ended before training
    stopped_by: str | None = None
    signal: str | None = None  # the signal received, even if nothing was left to do
    early: EarlyStop | None = None  # where the run ended by itself, with the setting patience


def train(
    pairs: Path | str, run: Path | str, config: Config, *, source: Path | str | None = None, report: Reporter = QUIET
) -> TrainSummary:
    """Train on the pair folder `pairs` into the run folder `run`; the same call again resumes or does nothing.

    A new run begins with the weights of the model `source`, if it is given, as far as they fit: a run folder, a model
    file, or weights of the reference implementation. A run that exists needs it no more.

    Writes run.json, stats.jsonl, samples/, checkpoints/ and model.safetensors. After a signal that asks it to stop (see
    `training.signals`) it completes the current update, saves and ends. Raises P2PError or UsageError, before anything
    is written if possible.

    If a launcher has started several such calls (see `machine.distributed`), they train one model: each computes its
    share of every batch on its own device, and only the first one writes, validates and reports.
    """
    pairs, run = Path(pairs), Path(run)
    require_boards(config)
    with (
        join_processes(config.device, report) as ranks,
        StopRequest() as stop,
        keep_arithmetic(),
        explain_nondeterminism(),
    ):
        config = replace(config, device=devices_of(config.device)[0])
        if ranks.leads:
            place = None if source is None else Path(source)
            return _train_as_first(pairs, run, config, place, ranks, stop, report)
        return _train_beside_first(pairs, run, ranks, stop)


def _train_as_first(
    pairs: Path, run: Path, config: Config, source: Path | None, ranks: Ranks, stop: StopRequest, report: Reporter
) -> TrainSummary:
    """Train as the first or the only process."""
    run_folder = RunFolder(run)
    try:
        with stop.at_once():
            ready = _check_and_load(run_folder, pairs, config, source, ranks, report)
        if ready is None:
            ranks.from_first(None)
            return _idle(run)
        job, dataset, planned = ready
        features = job.nets.features and job.nets.features.sha256
        ranks.from_first({"config": job.config.to_json(), "data_hash": job.folder.data_hash, "features": features})
        with explain_out_of_memory(job, dataset):
            return _train(run_folder, job, dataset, planned, stop, report)
    except StopSignal:
        assert stop.asked
        ranks.from_first(None)
        return replace(_idle(run), interrupted=True, stopped_by=stop.asked.name, signal=stop.asked.name)
    finally:
        run_folder.release()


def _idle(run: Path) -> TrainSummary:
    """The summary of a call without training."""
    last = checkpoint.latest(run)
    return TrainSummary(run, last.images, last.images, interrupted=False, early=stop_of(last.extra))


def _check_and_load(
    run_folder: RunFolder, pairs: Path, config: Config, source: Path | None, ranks: Ranks, report: Reporter
) -> tuple[Job, PairDataset, Plan] | None:
    """Do all work before the run folder is written: read pairs, compare them with earlier calls, build networks.

    Returns None if the run is finished already.
    """
    # Pairs and settings, which must be those of earlier calls.
    folder = _open_pairs(run_folder, pairs, report)
    if run_folder.exists and not checkpoint.has_trained(run_folder.path):
        _begin_again(run_folder, config, folder, source)
    if run_folder.exists:
        config = _settle_as_before(run_folder, config, folder)
        refuse_other_source(run_folder, source)
        if _is_finished(run_folder.path, config, folder):
            checkpoint.remove_old(run_folder.path, keep=config.keep_checkpoints)
            if lost := find_lost_models(run_folder.path):
                restore_models(run_folder.path, make_job(folder, config), lost, report)
            return None

    # Networks and data.
    with explain_other_device(run_folder.path):
        job = make_job(folder, config, ranks)
    if run_folder.exists:
        refuse_other_features(job.nets.features, run_folder.read().get("features"), run_folder.path)
    require_space_for_run(run_folder, job)
    done = checkpoint.latest_whole(run_folder.path)
    for line in _changes(run_folder, job, done) if run_folder.exists else []:
        report.note(line)
    job, dataset = prepare_data(job, run_folder.path, report)
    refuse_unreadable(job)
    refuse_unscored(job)
    if not run_folder.exists:
        note_doubtful_pairs(folder, report)

    # The weights to begin with, and the plan.
    job = load_beginning(job, run_folder, source, report)
    job, planned = _plan(run_folder, job, dataset, report, config, done)
    if not run_folder.exists:
        run_folder.hold(report)
    report.show(planned)
    return job, dataset, planned


def _open_pairs(run_folder: RunFolder, pairs: Path, report: Reporter) -> PairFolder:
    """The pairs with the hashes of their files; a run that exists is held, and refused first if it is damaged."""
    if run_folder.exists:
        run_folder.hold(report)
        checkpoint.refuse_lost(run_folder.path)
        read_stats(run_folder.path)  # refused here, and not when training has been prepared
    folder = open_for_training(pairs)
    if not run_folder.exists:
        refuse_dest_in_splits(run_folder.path, folder)
    return identify_files(folder, report=report)


def _is_finished(run: Path, config: Config, folder: PairFolder) -> bool:
    """Whether the run has seen all images, or has stopped early, and its last samples and scores were made."""
    last, total = checkpoint.latest(run), images_of(config, folder)
    early = stop_of(last.extra)
    return last.looked and (last.images >= total or (early is not None and early.holds_for(config, total)))


def _begin_again(run_folder: RunFolder, config: Config, folder: PairFolder, source: Path | None) -> None:
    """Let a run that failed before its first update begin again if it is called otherwise now; nothing is lost."""
    try:
        _settle_as_before(run_folder, config, folder)
        refuse_other_source(run_folder, source)
    except P2PError as error:
        if error.code != "other-settings":
            raise
        run_folder.forget()
        checkpoint.forget_beginning(run_folder.path)


def _settle_as_before(run_folder: RunFolder, config: Config, folder: PairFolder) -> Config:
    """The config with `auto` as it was resolved when the run began; raises UsageError for any other difference."""
    old, record = run_folder.config(), run_folder.read()
    automatic = {
        name: getattr(old, name)
        for name, declared in settings_of(Config).items()
        if declared.on_resume == "auto" and getattr(config, name) == declared.automatic
    }
    config = replace(config, **automatic)
    if is_feature_file(old.features) and is_feature_file(config.features):
        old = replace(old, features=config.features)  # it may have moved: its content decides
    refuse_changes(run_folder.path, old, config, changed_pairs(record, folder))
    return config


def _changes(run_folder: RunFolder, job: Job, done: int) -> list[str]:
    """One line for each permitted change since the run began: of the machine, the devices, the learning rate."""
    record, world = run_folder.read(), job.ranks.world
    lines = machine_differences(record.get("machine", {}), job.device)
    before = record.get("processes", 1)
    if before != world:
        lines.append(
            f"The run began on {plural(before, 'device')} and continues on {plural(world, 'device')}: pairs and "
            "batches stay the same, but dropout and noise differ, so its numbers are not the same bit for bit."
        )
    began = run_folder.config()
    return [*lines, *learning_rate_jump(began, job.config, done), *outgrown(began, job.config)]


def _plan(
    run_folder: RunFolder, job: Job, dataset: PairDataset, report: Reporter, asked: Config, done: int
) -> tuple[Job, Plan]:
    """The plan of the run; if many updates remain, some are timed, in several ways where `asked` leaves them open."""
    planned = plan_of(job, run_folder.path, done=done)
    if planned.updates < TIMED_FROM:
        return job, planned
    with explain_out_of_memory(job, dataset):
        return time_plan(job, dataset, run_folder.path, asked, done=done, report=report)


def _train(
    run_folder: RunFolder, job: Job, dataset: PairDataset, planned: Plan, stop: StopRequest, report: Reporter
) -> TrainSummary:
    start, is_resumed = _resume_or_begin(run_folder, job, report)
    with note_later(report, "Waiting for the other processes, which read their pairs."):
        shared_state(job, start)
    with note_later(report, _FIRST_EXCHANGE):
        job = distribute(job)
    with Saver(run_folder, job, start.images) as saver:
        trainer = _Trainer(run_folder, job, dataset, saver, stop, report)
        images, tracker = trainer.train_from(start, is_new=not is_resumed)
    # Now everything is on disk.
    unfinished = (images < (job.config.images or 0) and tracker.early is None) or not tracker.looked
    return TrainSummary(
        run=run_folder.path,
        images=images,
        before=start.images,
        interrupted=unfinished,
        seconds=tracker.seconds(),
        losses=tracker.losses,
        plan=planned,
        stopped_by=stop.asked.name if stop.asked and unfinished else None,
        signal=stop.asked.name if stop.asked else None,
        early=None if unfinished else tracker.early,
    )


def _resume_or_begin(run_folder: RunFolder, job: Job, report: Reporter) -> tuple[checkpoint.Progress, bool]:
    """(the progress of the newest usable checkpoint or of a new run, whether there is one); the record is its own."""
    found = checkpoint.load_latest(run_folder.path, job.nets, report) if run_folder.exists else None
    start = found or checkpoint.Progress(0, [0.0] * len(job.recipe.names), 0, 0.0)
    _restore_small_states(job, start)
    run_folder.write({**_record(job), TRAINED: start.images > 0})
    if run_folder.exists:
        restore_best(run_folder.path, job, start.best_images, report)
        run_folder.cut_log(start.images, looked=start.looked, slowed=start.recovery_factor < 1)
    return start, found is not None


@dataclass(frozen=True)
class _Trainer:
    """Trains a run that is checked and loaded: what it trains and saves, what may stop it, and who is told."""

    run_folder: RunFolder
    job: Job
    dataset: PairDataset
    saver: Saver
    stop: StopRequest
    report: Reporter

    def train_from(self, start: checkpoint.Progress, *, is_new: bool) -> tuple[int, Tracker]:
        """(the images seen at the last one or a signal, what followed them).

        With recover=on, training returns once to the last checkpoint after a loss that is not finite.
        """
        tracker = self._track(start)
        if is_new and (self.job.config.recover or self.job.origin):
            tracker.save()
        self.report.start("training", self.job.config.images or 0, start.images)
        try:
            while True:
                try:
                    return training_loop(self.job, self.dataset, start, self.stop, tracker), tracker
                except DivergedError as error:
                    start = self._go_back(error, tracker)
                    tracker = self._track(start)
        finally:
            self.report.finish()
            tracker.board.close()

    def _track(self, progress: checkpoint.Progress) -> Tracker:
        return Tracker(self.run_folder, self.job, self.dataset, progress, self.saver, self.stop, self.report)

    def _go_back(self, error: DivergedError, tracker: Tracker) -> checkpoint.Progress:
        """Restore networks and record from the last checkpoint, and halve the learning rate; returns the progress.

        Raises `error` if recover is off or the run has recovered before, which its checkpoints record.
        """
        job, run_folder = self.job, self.run_folder
        tracker.board.close()
        self.saver.wait()
        if not job.config.recover or tracker.recovery_factor < 1:
            run_folder.log({"images": tracker.images, "diverged": error.found})
            raise error
        job.ranks.agree(BACK)
        progress = checkpoint.load_latest(run_folder.path, job.nets, self.report)
        assert progress is not None, "a run with recover=on begins with a checkpoint"
        _restore_small_states(job, progress)
        self.saver.saved = progress.images
        run_folder.cut_log(progress.images)
        run_folder.log({"images": progress.images, "recovered_from": error.found, "slowed": _RECOVERY_FACTOR})
        self.report.note(
            f"{error.where}: {error.what}. The run returns to image {progress.images} and continues with half the "
            "learning rate."
        )
        self.report.start("training", job.config.images or 0, progress.images)
        return shared_state(job, replace(progress, extra={**progress.extra, "slowed": _RECOVERY_FACTOR}))


def _restore_small_states(job: Job, progress: checkpoint.Progress) -> None:
    """Restore what a checkpoint keeps beside its tensors: the loss scalers, and the device's random state."""
    restore_scalers(job.nets.optimizers, progress.extra.get("scalers", []))
    restore_random_state(job.device, progress.extra.get("device_random"))


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
        **({} if job.nets.features is None else {"features": job.nets.features.sha256}),
        **({"from": job.origin} if job.origin else {}),
    }


def _train_beside_first(pairs: Path, run: Path, ranks: Ranks, stop: StopRequest) -> TrainSummary:
    """Train together with the first process until it ends; raises P2PError if it has other pairs."""
    # Check and load what the first process has; it sends nothing if the run is finished already.
    first = ranks.from_first()
    if first is None:
        return TrainSummary(run, 0, 0, interrupted=False)
    folder = identify_files(open_for_training(pairs))
    if folder.data_hash != first["data_hash"]:
        what = f"has other pairs on {socket.gethostname()} than the first process"
        to_do = "Copy the pairs of the first process to it, or use a disk that all machines share."
        raise P2PError(pairs, what, to_do, code="other-pairs")
    config = config_from_json(first["config"], where="the first process")
    job = make_job(folder, config, ranks)
    refuse_other_features(job.nets.features, first.get("features"), "the first process")
    job, dataset = prepare_data(job, None)

    # Resume and loop with the first process, and return to a checkpoint when it does.
    with explain_out_of_memory(job, dataset):
        progress = start = shared_state(job)
        job = distribute(job)
        while True:
            try:
                images = training_loop(job, dataset, progress, stop, TrainingCallback())
            except GoBack:
                progress = shared_state(job)
            else:
                interrupted = images < (job.config.images or 0) and not stop.enough
                return TrainSummary(run, images, start.images, interrupted)
