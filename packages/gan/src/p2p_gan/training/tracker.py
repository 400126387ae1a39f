"""Counts the images of a run, and writes its record, samples and checkpoints when each is due.

Nothing here may change what is trained: looking at a run leaves no trace in it.
"""

import time
from typing import Any

import torch

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo, write_png
from p2p_datatools.contract.progress import Reporter
from p2p_gan.data.coding import kept_to_tensor
from p2p_gan.data.dataset import Batch, PairStore
from p2p_gan.data.read import read_shown
from p2p_gan.networks.base import InferencePass
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import SAMPLES, RunFolder
from p2p_gan.training.guards import PROBE_EVERY, Guards
from p2p_gan.training.job import Job, learning_rate_at
from p2p_gan.training.saver import Saver
from p2p_gan.training.signals import StopRequest
from p2p_gan.training.tensorboard import open_board
from p2p_gan.training.trial import used_memory
from p2p_gan.training.validation import Validator, grid_of, improves, pairs_to_show, visible
from p2p_gan.updates.optimise import scaler_states


class Tracker:
    """Counts images, and writes the record, the samples and the checkpoints when each is due."""

    def __init__(
        self,
        place: RunFolder,
        job: Job,
        store: PairStore,
        progress: checkpoint.Progress,
        saver: Saver,
        interruption: StopRequest,
        report: Reporter,
    ) -> None:
        self.images = progress.images
        self.last: dict[str, float] = {}
        self._place, self._job, self._report = place, job, report
        self._saver, self._interruption = saver, interruption
        self._tally = torch.tensor(progress.tally, dtype=torch.float64, device=job.device)
        self._tallied = progress.tallied
        self._best, self._best_images, self._extra = progress.best, progress.best_images, dict(progress.extra)
        # Images before the latest update, from which follows what was due after it.
        self._previous = int(self._extra.get("previous", progress.images - job.config.batch))
        self.guards = Guards(place.path, job, store)
        self.board = open_board(place.path, progress.images, wanted=job.config.tensorboard)
        self._validator = Validator(job)
        if not self._validator.pairs:
            report.note("No pairs in val/: the run is not validated, and no best model is kept.")
        self.looked = progress.looked
        self._before, self._began = progress.seconds, time.monotonic()
        self._logged_at, self._logged_images = self._began, progress.images
        self._shown: list[tuple[Array, Array]] | None = None

    def seconds(self) -> float:
        """Time spent training, in all calls together."""
        return self._before + time.monotonic() - self._began

    @property
    def recovery_factor(self) -> float:
        """What the rate is multiplied by; 1 until the run has recovered."""
        return float(self._extra.get("slowed", 1.0))

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        return learning_rate_at(self._job.config, self.images) * self.recovery_factor

    def note_wait(self, seconds: float) -> None:
        """So long it took to have a batch."""
        self.guards.note_wait(seconds)

    def finish(self) -> None:
        """Save what is not saved yet; leaving the Saver waits until it is on the disk."""
        if self._saver.saved != self.images:
            self.save()

    def step(self, losses: torch.Tensor, batch: Batch, count: int) -> None:
        """An update of `count` images is done; raises DivergedError when losses or weights prove to be no numbers."""
        self._saver.check()
        before = self._previous = self.images
        self.images += count
        self._tally += losses.double() * count
        self._tallied += count
        self.guards.add(losses, before, count)
        config = self._job.config
        figures = self._log(batch, before) if self._due(config.log_every, before) else {}
        self._report.advance(count, **figures)
        self.look(before)
        if (self._due(config.checkpoint_every, before) or self._saver.due()) and self._saver.saved != self.images:
            self.save()

    def look(self, before: int) -> bool:
        """Make the samples and scores that are due; False when a signal ended that, and resuming begins it again."""
        config = self._job.config
        self.looked = not self._due(config.sample_every, before) or self.sample()
        if self.looked and self._validator.pairs and self._due(config.validate_every, before):
            self.looked = self.validate()
        return self.looked

    def look_again(self) -> None:
        """What a signal kept from being looked at when the run was last saved is looked at now, and that is saved."""
        if not self.looked and self.look(self._previous):
            self.save()

    def _due(self, every: int, before: int) -> bool:
        return self.images // every > before // every or self.images == self._job.config.images

    def _log(self, batch: Batch, before: int) -> dict[str, float]:
        asked = time.monotonic()
        means = (self._tally / max(1, self._tallied)).tolist()
        now = time.monotonic()
        self.last = dict(zip(self._job.recipe.names, means, strict=True))
        deep = probe_due(before, self.images, self._job.config.log_every) or self.images == self._job.config.images
        seen, lines = self.guards.look(self.last, batch, self.images, deep=deep, answered=now - asked)
        for line in lines:
            self._report.note(line)
        speed = (self.images - self._logged_images) / max(now - self._logged_at, 1e-9)
        self._record(
            {
                "images": self.images,
                **self.last,
                "rate": self.rate,
                "images_per_s": round(speed, 2),
                "seconds": round(self.seconds(), 2),
                **seen,
            }
        )
        if deep and self.guards.probed is not None:
            self.board.scores(self.guards.probed.scores, self.images)
        self._tally.zero_()
        self._tallied = 0
        self._logged_at, self._logged_images = now, self.images
        return {"images_per_s": speed, **self.last, "rate": self.rate, "memory_gb": used_memory(self._job.device) / 1e9}

    def _record(self, line: dict[str, Any]) -> None:
        self._place.log(line)
        self.board.scalars(line)

    def validate(self) -> bool:
        """Score the pairs of val/, record it, and keep the model if it is the best so far; False when a signal came."""
        found = self._validator.score(self._job.nets.inference_generator, lambda: self._interruption.asked is not None)
        if found is None:
            return False
        better = improves(found.score, self._best)
        self._record({"images": self.images, "validation": {**found.to_json(), "best": better}})
        if better:
            self._best, self.looked = found.score, True
            self.save(best=True)
        figures = {f"val_{name}": value for name, value in found.to_json().items() if name != "pictures"}
        self._report.advance(0, **figures, val_best=abs(self._best or 0.0))
        return True

    def save(self, *, best: bool = False) -> None:
        """Write a checkpoint and the model as it is, beside training; `best` keeps both as the best so far.

        Raises DivergedError, and writes nothing, when weights are no numbers.
        """
        self.guards.check_weights()
        if best:
            self._best_images = self.images
        progress = checkpoint.Progress(
            images=self.images,
            tally=self._tally.tolist(),
            tallied=self._tallied,
            seconds=self.seconds(),
            best=self._best,
            best_images=self._best_images,
            looked=self.looked,
            extra={
                **self._extra,
                "previous": self._previous,
                "scalers": scaler_states(self._job.nets.optimizers),
            },
        )
        self._saver.save(progress, best=best)

    def sample(self) -> bool:
        """Write a grid of input, generated and real for some held-out pairs (training pairs where there are none).

        False when a signal came first: whoever ends a process gives it seconds, and a grid may take more.
        """
        if self._shown is None:
            self._shown = read_shown(self._job.folder, pairs_to_show(self._job), self._job.task, self._job.config)
        rows = []
        for a, b in self._shown:
            if self._interruption.asked:
                return False
            rows.append(self._row(a, b))
        grid = grid_of(rows)
        write_png(self._place.path / SAMPLES / f"{self.images:010d}.png", grid, durable=False)
        self.board.grid(grid, self.images)
        return True

    def _row(self, a: Array, b: Array) -> tuple[Photo, Photo, Photo]:
        # Dropout from a generator of its own: looking must not change what is trained.
        noise = torch.Generator().manual_seed(self._job.config.seed)
        applying = InferencePass(self._job.card.statistics, noise=(noise,))
        task, (given, wanted) = self._job.task, self._job.task.codings
        with torch.inference_mode():
            fed = kept_to_tensor(a[None], given, task.palette_of(task.input), self._job.device)
            fake = wanted.to_array(self._job.nets.inference_generator(fed, applying))[0]
        return (
            visible(a, task.input, task.palette_of(task.input)),
            visible(fake, task.output, task.palette if wanted.kind == "classes" else None),
            visible(b, task.output, task.palette_of(task.output)),
        )


def probe_due(before: int, images: int, log_every: int) -> bool:
    """Whether the line of the record due in the update from `before` to `images` is the first after a probe is due.

    It follows from the images alone, so that a resumed run looks when an uninterrupted one does.
    """
    last, line = (count // log_every * log_every for count in (before, images))
    return line // PROBE_EVERY > last // PROBE_EVERY
