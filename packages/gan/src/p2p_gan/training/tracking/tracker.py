"""The callback of the first process: it writes the record, samples, scores and checkpoints when each is due.

Nothing here may change what is trained: recording and sampling leave the networks and random states as they were.
"""

import time
from typing import Any

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.progress import Reporter
from p2p_gan.data.dataset import Batch, PairDataset
from p2p_gan.data.read import read_shown
from p2p_gan.machine.device import random_state_of
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import SAMPLES, RunFolder
from p2p_gan.training.guards import PROBE_EVERY, Guards
from p2p_gan.training.job import Job, learning_rate_at
from p2p_gan.training.loop import StepResult, TrainingCallback
from p2p_gan.training.patience import EarlyStop, Patience
from p2p_gan.training.signals import StopRequest
from p2p_gan.training.tracking.boards import open_boards
from p2p_gan.training.tracking.saver import Saver
from p2p_gan.training.trial import used_memory
from p2p_gan.training.validation import Validator, grid_of, improves, pairs_to_show, sample_row
from p2p_gan.updates.loss_ring import LossRing
from p2p_gan.updates.optimise import scaler_states


class Tracker(TrainingCallback):
    """Records the losses, and makes samples, scores and checkpoints when each is due."""

    def __init__(
        self,
        run_folder: RunFolder,
        job: Job,
        dataset: PairDataset,
        progress: checkpoint.Progress,
        saver: Saver,
        stop: StopRequest,
        report: Reporter,
    ) -> None:
        self.images = progress.images
        # Images before the latest step; samples and scores that were due after it follow from this number.
        self._previous = int(progress.extra.get("previous", progress.images - job.config.update_pairs))
        self.losses: dict[str, float] = {}  # in the latest line of the record
        self.recovery_factor = progress.recovery_factor
        self.looked = progress.looked
        self.board = open_boards(run_folder.path, job.config, progress.images)
        self._run_folder, self._job, self._saver = run_folder, job, saver
        self._stop, self._report = stop, report
        self._tally, self._tallied = list(progress.tally), progress.tallied
        self._unread: list[tuple[int, int]] = []  # (images before, images in it) of updates whose losses are unread
        self._ring: LossRing | None = None
        self._best, self._best_images, self._extra = progress.best, progress.best_images, dict(progress.extra)
        self._patience = Patience(job.config, progress.extra)
        self._guards = Guards(run_folder.path, job, dataset)
        self._validator = Validator(job)
        if not self._validator.pairs:
            report.note("The pair folder has no pairs in val/, so the run is not validated and no best model is kept.")
        self._shown: list[tuple[Array, Array]] | None = None
        self._before, self._began = progress.seconds, time.monotonic()
        self._logged_at, self._logged_images = self._began, progress.images

    def seconds(self) -> float:
        """The time spent on training in all calls together."""
        return self._before + time.monotonic() - self._began

    @property
    def early(self) -> EarlyStop | None:
        """Where the run has ended by itself before its last image; None if it has not."""
        return self._patience.stop

    def on_train_start(self) -> None:
        """Make the samples and scores that a signal interrupted before the last checkpoint, and save that."""
        if not self.looked and self._look():
            self.save()

    def on_step_end(self, step: StepResult) -> None:
        """Count the images and write what is due; raises DivergedError if a loss or a weight is not finite."""
        self._saver.check()
        self._previous, self.images = step.before, step.images
        self._unread.append((step.before, step.count))
        self._ring = step.ring
        self._guards.add(step.count, step.waited)
        if len(self._unread) == step.ring.size:
            self._read_losses()
        config = self._job.config
        figures = self._log_losses(step.batch) if self._is_due(config.log_every) else {}
        self._report.advance(step.count, **figures)
        self._look()
        if (self._is_due(config.checkpoint_every) or self._saver.due()) and self._saver.saved != self.images:
            self.save()

    def on_note(self, line: str) -> None:
        """Show the user a line."""
        self._report.note(line)

    def on_train_end(self) -> None:
        """Save a last checkpoint if the newest one is older; leaving the Saver waits until it is on disk."""
        if self._saver.saved != self.images:
            self.save()

    def _is_due(self, every: int) -> bool:
        """Whether the latest step has passed a multiple of `every` images, or was the last."""
        return self.images // every > self._previous // every or self.images == self._job.config.images

    def _look(self) -> bool:
        """Make the samples and scores that are due; False if a signal interrupted that, and resuming repeats it."""
        config = self._job.config
        self.looked = not self._is_due(config.sample_every) or self.sample()
        if self.looked and self._validator.pairs and self._is_due(config.validate_every):
            self.looked = self.validate()
        return self.looked

    def _read_losses(self) -> None:
        """Read the losses of the updates since the last time from the device, which is waited for, and add them up."""
        if self._ring is None:
            return
        for losses, (before, count) in zip(self._ring.read(len(self._unread)), self._unread, strict=True):
            self._tally = [total + loss * count for total, loss in zip(self._tally, losses, strict=True)]
            self._tallied += count
            self._guards.history.add(losses, before, count)
        self._unread.clear()

    def _log_losses(self, batch: Batch) -> dict[str, float]:
        """Record the losses since the previous line and the guards' warnings; returns the figures for progress."""
        config = self._job.config
        started = time.monotonic()
        self._read_losses()
        means = [total / max(1, self._tallied) for total in self._tally]
        now = time.monotonic()
        self.losses = dict(zip(self._job.recipe.names, means, strict=True))
        deep = probe_due(self._previous, self.images, config.log_every) or self.images == config.images
        measured, lines = self._guards.look(self.losses, batch, self.images, deep=deep, answered=now - started)
        for line in lines:
            self._report.note(line)
        speed = (self.images - self._logged_images) / max(now - self._logged_at, 1e-9)
        learning_rate = learning_rate_at(config, self.images) * self.recovery_factor
        self._log(
            {
                "images": self.images,
                **self.losses,
                "learning_rate": learning_rate,
                "images_per_s": round(speed, 2),
                "seconds": round(self.seconds(), 2),
                **measured,
            }
        )
        if deep and self._guards.probed is not None:
            self.board.scores(self._guards.probed.scores, self.images)
        self._tally, self._tallied = [0.0] * len(self._tally), 0
        self._logged_at, self._logged_images = now, self.images
        memory = used_memory(self._job.device) / 1e9
        return {"images_per_s": speed, **self.losses, "learning_rate": learning_rate, "memory_gb": memory}

    def _log(self, line: dict[str, Any]) -> None:
        self._run_folder.log(line)
        self.board.scalars(line)

    def sample(self) -> bool:
        """Write a grid of input, generated and real for some held-out pairs, or training pairs if none are held out.

        False if a signal came first: a process has only seconds after SIGTERM, and a grid may take longer.
        """
        if self._shown is None:
            job = self._job
            self._shown = [read_shown(job.folder, pair, job.task, job.config)[:2] for pair in pairs_to_show(job)]
        rows = []
        for a, b in self._shown:
            if self._stop.asked:
                return False
            rows.append(sample_row(self._job, a, b))
        grid = grid_of(rows)
        self._run_folder.require_in_place()
        write_png(self._run_folder.path / SAMPLES / f"{self.images:010d}.png", grid, durable=False, role="sample sheet")
        self.board.grid(grid, self.images)
        return True

    def validate(self) -> bool:
        """Score the pairs of val/, record the scores, and keep the model if it is the best; False if a signal came."""
        found = self._validator.score(self._job.nets.inference_generator, lambda: self._stop.asked is not None)
        if found is None:
            return False
        better = improves(found.score, self._best)
        enough = self._patience.add(better=better, images=self.images, score=found.by, best_images=self._best_images)
        self._log({"images": self.images, "validation": {**found.to_json(), "best": better}})
        if better:
            self._best, self.looked = found.score, True
            self.save(best=True)
        figures = {f"val_{name}": value for name, value in found.to_json().items() if name != "pictures"}
        self._report.advance(0, **figures, val_best=abs(self._best or 0.0))
        if enough and self._patience.stop is not None:
            self._log({"images": self.images, "stopped": self._patience.stop.to_json()})
            self._stop.enough = True
        return True

    def save(self, *, best: bool = False) -> None:
        """Write a checkpoint and the model in the saver's thread; `best` keeps both as the best so far.

        Raises DivergedError, and writes nothing, if a weight is not finite.
        """
        self._read_losses()
        self._guards.check_weights()
        if best:
            self._best_images = self.images
        progress = checkpoint.Progress(
            images=self.images,
            tally=list(self._tally),
            tallied=self._tallied,
            seconds=self.seconds(),
            best=self._best,
            best_images=self._best_images,
            looked=self.looked,
            extra={
                **self._extra,
                "previous": self._previous,
                "scalers": scaler_states(self._job.nets.optimizers),
                **self._patience.to_json(),
                "device_random": random_state_of(self._job.device),
            },
        )
        self._saver.save(progress, best=best)


def probe_due(before: int, images: int, log_every: int) -> bool:
    """Whether the line of the record due in the update from `before` to `images` is the first after a probe is due.

    It depends on the images alone, so that a resumed run is probed at the same images as an uninterrupted one.
    """
    last, line = (count // log_every * log_every for count in (before, images))
    return line // PROBE_EVERY > last // PROBE_EVERY
