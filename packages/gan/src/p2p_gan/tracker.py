"""Counts the images of a run, and writes its record, samples and checkpoints when each is due.

Nothing here may change what is trained: looking at a run leaves no trace in it.
"""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from p2p_datatools.contract.images import Photo, write_png
from p2p_datatools.contract.manifest import Pair
from p2p_datatools.contract.progress import Reporter
from p2p_gan import checkpoint
from p2p_gan.apply import apply_tensor
from p2p_gan.board import open_board
from p2p_gan.data import PairStore, load_fitted
from p2p_gan.fitting import used_memory
from p2p_gan.guards import PROBE_EVERY, Guards
from p2p_gan.job import Job, rate_at
from p2p_gan.model import BEST, FILE, save_model
from p2p_gan.networks.applying import Applying
from p2p_gan.runfolder import SAMPLES, RunFolder
from p2p_gan.step import LOSSES, Batch
from p2p_gan.validate import Validator, improves

SHOWN = 4  # pairs in a sample grid


class Tracker:
    """Counts images, and writes the record, the samples and the checkpoints when each is due."""

    def __init__(
        self, place: RunFolder, job: Job, store: PairStore, progress: checkpoint.Progress, report: Reporter
    ) -> None:
        self.images = self.saved = progress.images
        self.best, self.slowed = progress.best, progress.slowed
        self.last: dict[str, float] = {}
        self._place, self._job, self._report = place, job, report
        self._tally = torch.tensor(progress.tally, dtype=torch.float64, device=job.device)
        self._tallied = progress.tallied
        self._before, self._began = progress.seconds, time.monotonic()
        self._logged_at, self._logged_images = self._began, progress.images
        self._shown: list[tuple[Photo, Photo]] | None = None
        self.guards = Guards(place.path, job, store)
        self.board = open_board(place.path, progress.images, wanted=job.config.tensorboard)
        self._validator = Validator(job)
        if not self._validator.pairs:
            report.note("No pairs in val/: the run is not validated, and no best model is kept.")

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        return rate_at(self._job.config, self.images) * self.slowed

    def seconds(self) -> float:
        """Time spent training, in all calls together."""
        return self._before + time.monotonic() - self._began

    def step(self, losses: torch.Tensor, batch: Batch) -> None:
        """One update is done; raises DivergedError when it shows that losses or weights are no numbers."""
        count = len(batch.a)
        before, self.images = self.images, self.images + count
        self._tally += losses.double() * count
        self._tallied += count
        self.guards.add(losses, before, count)
        config = self._job.config
        figures = self._log(batch, before) if self._due(config.log_every, before) else {}
        self._report.advance(count, **figures)
        if self._due(config.sample_every, before):
            self.sample()
        if self._validator.pairs and self._due(config.validate_every, before):
            self.validate()
        if self._due(config.checkpoint_every, before):
            self.save()

    def _due(self, every: int, before: int) -> bool:
        return self.images // every > before // every or self.images == self._job.config.images

    def _log(self, batch: Batch, before: int) -> dict[str, float]:
        asked = time.monotonic()
        means = (self._tally / max(1, self._tallied)).tolist()
        now = time.monotonic()
        self.last = dict(zip(LOSSES, means, strict=True))
        deep = self._due(max(self._job.config.log_every, PROBE_EVERY), before)
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

    def save(self) -> None:
        """Write a checkpoint and the model; raises DivergedError, and writes nothing, when weights are no numbers."""
        self.guards.check_weights()
        tally = self._tally.tolist()
        progress = checkpoint.Progress(self.images, tally, self._tallied, self.seconds(), self.best, self.slowed)
        checkpoint.save(self._place.path, self._job.nets, progress, keep=self._job.config.keep_checkpoints)
        self._save_model(FILE)
        self.saved = self.images

    def _save_model(self, name: str) -> None:
        save_model(self._place.path / name, replace(self._job.card, images=self.images), self._job.nets.generator)

    def validate(self) -> None:
        """Score the pairs of val/, record it, and keep the model if it is the best so far."""
        found = self._validator.score(self._job.nets.generator)
        better = improves(found.score, self.best)
        if better:
            self.best = found.score
            self._save_model(BEST)
        self._record({"images": self.images, "validation": {**found.to_json(), "best": better}})
        figures = {f"val_{name}": value for name, value in found.to_json().items() if name != "pictures"}
        self._report.advance(0, **figures, val_best=abs(self.best or 0.0))

    def sample(self) -> None:
        """Write a grid of input, generated and real for some held-out pairs (training pairs where there are none)."""
        if self._shown is None:
            self._shown = _pairs_to_show(self._job)
        grid = np.concatenate([self._row(a, b) for a, b in self._shown])
        write_png(self._place.path / SAMPLES / f"{self.images:010d}.png", grid, durable=False)
        self.board.grid(grid, self.images)

    def _row(self, a: Photo, b: Photo) -> Photo:
        # Dropout from a generator of its own: looking must not change what is trained.
        noise = torch.Generator().manual_seed(self._job.config.seed)
        applying = Applying(self._job.card.statistics, noise=(noise,))
        fake = apply_tensor(self._job.nets.generator, a, applying, self._job.device)
        return np.concatenate((a, fake, b), axis=1)


def _pairs_to_show(job: Job) -> list[tuple[Photo, Photo]]:
    pairs: tuple[Pair, ...] = job.folder.of("val") or job.folder.of("test") or job.folder.of("train")
    chosen = pairs[:: max(1, len(pairs) // SHOWN)][:SHOWN]
    return list(load_fitted(job.folder, chosen, job.task, job.config.size, job.config.fit))
