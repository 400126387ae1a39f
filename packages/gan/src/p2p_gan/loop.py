"""The order of events in a run: read, build, resume, update, record, sample, save.

Nothing here may compute a loss, lay out a file or print; each of those has its own room.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.images import Photo, write_png
from p2p_datatools.contract.manifest import Pair, PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan import checkpoint
from p2p_gan.apply import apply_tensor
from p2p_gan.config import Config, deepest_unet
from p2p_gan.data import PairStore, Task, hashed, load_fitted, load_store, open_for_training, task_of
from p2p_gan.device import (
    Autocast,
    autocast_for,
    describe_machine,
    prepare,
    resolve_device,
    resolve_precision,
    resolve_threads,
)
from p2p_gan.interrupt import Interruption
from p2p_gan.model import FILE, Architecture, ModelCard, save_model
from p2p_gan.networks import Applying, PatchGAN, Statistics, count_parameters, initialise, receptive_field
from p2p_gan.runfolder import SAMPLES, RunFolder, refuse_changes
from p2p_gan.step import LOSSES, Networks, train_step

SHOWN = 4  # pairs in a sample grid


@dataclass(frozen=True)
class Plan:
    """What a run will do, known before its first update."""

    config: Config  # with everything automatic resolved
    pairs: int
    generator_parameters: int
    discriminator_parameters: int
    receptive_field: int
    direction: str
    assumed: tuple[str, ...]


@dataclass(frozen=True)
class TrainSummary:
    """How a call of `train` ended: `interrupted` by Ctrl-C, or at its last image; `before` is where it began."""

    run: Path
    images: int
    before: int
    interrupted: bool
    seconds: float
    losses: dict[str, float]
    plan: Plan


@dataclass(frozen=True)
class _Job:
    """What the loop needs, made once."""

    folder: PairFolder
    task: Task
    config: Config
    device: torch.device
    autocast: Autocast
    nets: Networks
    card: ModelCard


def plan(pairs: Path, config: Config, *, report: Reporter = QUIET) -> Plan:
    """What `train` would do with these pairs and this config, without doing it."""
    job = _job(pairs, config, report=report)
    return _plan(job)


def _plan(job: _Job) -> Plan:
    return Plan(
        config=job.config,
        pairs=len(job.folder.of("train")),
        generator_parameters=count_parameters(job.nets.generator),
        discriminator_parameters=count_parameters(job.nets.discriminator),
        receptive_field=receptive_field(job.config.discriminator_layers),
        direction=job.card.direction,
        assumed=job.folder.assumed,
    )


def seconds_per_image(pairs: Path, config: Config, *, updates: int = 10) -> float:
    """The time one image takes on this machine, from so many timed updates after three that are not timed."""
    job = _job(pairs, config, report=QUIET)
    store = load_store(job.folder, job.task, job.config)
    began = 0.0
    for number in range(3 + updates):
        if number == 3:
            _wait_for(job.device)
            began = time.perf_counter()
        batch = store.batch(number * config.batch, config.batch, job.device)
        train_step(job.nets, batch, l1_weight=config.l1_weight, autocast=job.autocast)
    _wait_for(job.device)
    return (time.perf_counter() - began) / (updates * config.batch)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def train(pairs: Path, run: Path, config: Config, *, report: Reporter = QUIET) -> TrainSummary:
    """Train on the pair folder `pairs` into the run folder `run`; the same call again resumes or does nothing.

    Writes run.json, stats.jsonl, samples/, checkpoints/ and model.safetensors. Ctrl-C ends it after the update in
    progress, saved. Raises P2PError or UsageError, before anything is written where possible.
    """
    place = RunFolder(run)
    if place.exists:
        place.hold()
        old = place.config()
        # What `auto` became is part of the run: resumed on the same terms, or refused by name.
        config = replace(config, **_inherited(old, config))
    try:
        job = _job(pairs, config, report=report)
        if place.exists:
            refuse_changes(run, old, job.config, place.read()["data_hash"], job.folder.data_hash)
        store = load_store(job.folder, job.task, job.config, report=report)
        if not place.exists:
            place.hold()
        return _train(place, job, store, report)
    finally:
        place.release()


def _inherited(old: Config, new: Config) -> dict[str, Any]:
    automatic = {"device": "auto", "precision": "auto", "threads": 0, "depth": 0}
    return {name: getattr(old, name) for name, value in automatic.items() if getattr(new, name) == value}


def _job(pairs: Path, config: Config, *, report: Reporter) -> _Job:
    folder = hashed(open_for_training(pairs), report=report)
    task = task_of(folder, config.direction)
    device = resolve_device(config.device)
    config = replace(
        config,
        images=config.images or config.epochs * len(folder.of("train")),
        device=str(device),
        precision=resolve_precision(config.precision, device),
        threads=resolve_threads(config.threads),
        depth=config.depth or deepest_unet(config.size),
    )
    prepare(device, config.precision, config.threads, config.seed)
    architecture = Architecture(
        inputs=task.input.channels,
        outputs=task.output.channels,
        depth=config.depth,
        filters=config.filters,
        max_filters=config.max_filters,
        norm=config.norm,
        dropout=config.dropout,
    )
    # Trained alone, a picture has only its own statistics; trained in batches, the gathered ones are the nearest.
    statistics: Statistics = "picture" if config.batch == 1 else "running"
    card = ModelCard(
        architecture=architecture,
        input=task.input,
        output=task.output,
        palette=folder.palette,
        size=config.size,
        fit=config.fit,
        statistics=statistics,
        averaged=False,
        images=0,
        data_hash=folder.data_hash,
    )
    nets = build(architecture, config, device)
    return _Job(folder, task, config, device, autocast_for(device, config.precision), nets, card)


def build(architecture: Architecture, config: Config, device: torch.device) -> Networks:
    """Networks and optimisers on the device, weights drawn from the seed on the CPU, the same for every device."""
    random = torch.Generator().manual_seed(config.seed)
    discriminator = PatchGAN(
        architecture.inputs + architecture.outputs,
        filters=config.discriminator_filters,
        layers=config.discriminator_layers,
        norm=config.norm,
    )
    generator = architecture.build()
    for network in (generator, discriminator):
        initialise(network, random)
        network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Networks(generator, discriminator, _adam(generator, config), _adam(discriminator, config))


def _adam(network: nn.Module, config: Config) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=config.rate, betas=(config.beta1, config.beta2), fused=True)


def rate_at(config: Config, seen: int) -> float:
    """The learning rate after `seen` images."""
    total = config.images or 1
    if config.schedule == "constant" or seen < total / 2:
        return config.rate
    return config.rate * max(0.0, 1 - (seen - total / 2) / (total / 2))


def _train(place: RunFolder, job: _Job, store: PairStore, report: Reporter) -> TrainSummary:
    # Begin or resume.
    done = checkpoint.load_latest(place.path, job.nets) if place.exists else None
    progress = done or checkpoint.Progress(0, [0.0] * len(LOSSES), 0, 0.0)
    total = job.config.images or 0
    if progress.images < total or done is None:
        place.write(_record(job))
        if place.exists:
            place.cut_log(progress.images)

    # Update until the last image or Ctrl-C.
    tracker = _Tracker(place, job, progress, report)
    with Interruption() as interruption:
        report.start("training", total, progress.images)
        try:
            while tracker.images < total and not interruption.asked:
                count = min(job.config.batch, total - tracker.images)
                for optimizer in (job.nets.generator_optimizer, job.nets.discriminator_optimizer):
                    optimizer.param_groups[0]["lr"] = rate_at(job.config, tracker.images)
                batch = store.batch(tracker.images, count, job.device)
                losses = train_step(job.nets, batch, l1_weight=job.config.l1_weight, autocast=job.autocast)
                tracker.step(losses, count)
        finally:
            report.finish()
        if tracker.saved != tracker.images:
            tracker.save()
    return TrainSummary(
        run=place.path,
        images=tracker.images,
        before=progress.images,
        interrupted=tracker.images < total,
        seconds=tracker.seconds(),
        losses=tracker.last,
        plan=_plan(job),
    )


def _record(job: _Job) -> dict[str, Any]:
    return {
        "config": job.config.to_json(),
        "pairs": str(job.folder.path),
        "direction": job.card.direction,
        "data_hash": job.folder.data_hash,
        "assumed": list(job.folder.assumed),
        "machine": describe_machine(job.device),
    }


class _Tracker:
    """Counts images, and writes the record, the samples and the checkpoints when each is due."""

    def __init__(self, place: RunFolder, job: _Job, progress: checkpoint.Progress, report: Reporter) -> None:
        self.images = self.saved = progress.images
        self.last: dict[str, float] = {}
        self._place, self._job, self._report = place, job, report
        self._tally = torch.tensor(progress.tally, dtype=torch.float64, device=job.device)
        self._tallied = progress.tallied
        self._before, self._began = progress.seconds, time.monotonic()
        self._logged_at, self._logged_images = self._began, progress.images
        self._shown: list[tuple[Photo, Photo]] | None = None

    def seconds(self) -> float:
        """Time spent training, in all calls together."""
        return self._before + time.monotonic() - self._began

    def step(self, losses: torch.Tensor, count: int) -> None:
        """One update of `count` images is done."""
        before, self.images = self.images, self.images + count
        self._tally += losses.double() * count
        self._tallied += count
        config = self._job.config
        figures = self._log() if self._due(config.log_every, before) else {}
        self._report.advance(count, **figures)
        if self._due(config.sample_every, before):
            self.sample()
        if self._due(config.checkpoint_every, before):
            self.save()

    def _due(self, every: int, before: int) -> bool:
        return self.images // every > before // every or self.images == self._job.config.images

    def _log(self) -> dict[str, float]:
        means = (self._tally / max(1, self._tallied)).tolist()
        self.last = dict(zip(LOSSES, means, strict=True))
        if not all(np.isfinite(mean) for mean in means):
            raise P2PError(
                f"{self._place.path}: the losses are no longer numbers at image {self.images} ({self.last}). "
                "Lower the rate (--set rate=0.0001) or take --precision float32, in a new run folder."
            )
        now = time.monotonic()
        speed = (self.images - self._logged_images) / max(now - self._logged_at, 1e-9)
        self._place.log(
            {
                "images": self.images,
                **self.last,
                "rate": rate_at(self._job.config, self.images),
                "images_per_s": round(speed, 2),
                "seconds": round(self.seconds(), 2),
            }
        )
        self._tally.zero_()
        self._tallied = 0
        self._logged_at, self._logged_images = now, self.images
        return {**self.last, "images_per_s": speed}

    def save(self) -> None:
        """Write a checkpoint and the model as it is."""
        progress = checkpoint.Progress(self.images, self._tally.tolist(), self._tallied, self.seconds())
        checkpoint.save(self._place.path, self._job.nets, progress, keep=self._job.config.keep_checkpoints)
        card = replace(self._job.card, images=self.images)
        save_model(self._place.path / FILE, card, self._job.nets.generator)
        self.saved = self.images

    def sample(self) -> None:
        """Write a grid of input, generated and real for some held-out pairs (training pairs where there are none)."""
        if self._shown is None:
            self._shown = _pairs_to_show(self._job)
        rows = [self._row(a, b) for a, b in self._shown]
        write_png(self._place.path / SAMPLES / f"{self.images:010d}.png", np.concatenate(rows), durable=False)

    def _row(self, a: Photo, b: Photo) -> Photo:
        # Dropout from a generator of its own: looking must not change what is trained.
        noise = torch.Generator().manual_seed(self._job.config.seed)
        applying = Applying(self._job.card.statistics, noise=(noise,))
        fake = apply_tensor(self._job.nets.generator, a, applying, self._job.device)
        return np.concatenate((a, fake, b), axis=1)


def _pairs_to_show(job: _Job) -> list[tuple[Photo, Photo]]:
    pairs: tuple[Pair, ...] = job.folder.of("val") or job.folder.of("test") or job.folder.of("train")
    chosen = pairs[:: max(1, len(pairs) // SHOWN)][:SHOWN]
    return list(load_fitted(job.folder, chosen, job.task, job.config.size, job.config.fit))
