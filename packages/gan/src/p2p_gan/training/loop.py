"""The training loop: draw a batch, make a training step, call the callback, until the last image.

Nothing here may record, save or validate; the callback does.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from p2p_gan.data.dataset import Batch, PairDataset, Part
from p2p_gan.machine.distributed import Ranks, Share
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.training.job import Job, learning_rate_at
from p2p_gan.training.signals import StopRequest
from p2p_gan.training.steps.stepper import Stepper, recorder_for
from p2p_gan.updates.loss_ring import LossRing
from p2p_gan.updates.optimise import ema_decay


@dataclass(frozen=True)
class StepResult:
    """A training step that the loop has made, for the callback."""

    before: int  # images seen before the step
    count: int  # images in the step, of all processes together
    ring: LossRing  # its latest row are the means of the losses over these images, in the order of `recipe.names`
    batch: Batch  # this process's part of the images
    waited: float  # seconds spent on making the batch

    @property
    def images(self) -> int:
        """The images seen after the step."""
        return self.before + self.count


class TrainingCallback:
    """Functions that the loop calls; this one does nothing, for all processes but the first, which has a `Tracker`."""

    def on_train_start(self) -> None:
        """Called before the first step."""

    def on_step_end(self, step: StepResult) -> None:
        """Called after each step."""

    def on_train_end(self) -> None:
        """Called after the last step, or if a signal ends the loop."""

    def on_note(self, line: str) -> None:
        """Called with a line for the user."""


def training_loop(
    job: Job, dataset: PairDataset, progress: Progress, stop: StopRequest, callback: TrainingCallback
) -> int:
    """Train from `progress` to the last image, a signal, or `stop.enough`; returns the images seen.

    All processes end after the same step. Raises GoBack if the first process returns to the last checkpoint.
    """
    config, nets, ranks = job.config, job.nets, job.ranks
    images, total = progress.images, config.images or 0
    # Closed at an error too: its traceback would keep the memory of graphs while a run that recovers makes others.
    with closing(Stepper(job, callback.on_note, recorder_for(job))) as stepper:
        callback.on_train_start()

        while images < total and not _should_stop(ranks, stop):
            # Draw the next batch; each process computes its share of it.
            started = time.perf_counter()
            positions = dataset.positions(images, min(config.update_pairs, total - images))
            share, parts = share_batches(ranks, positions, config.batch)
            batch = dataset.batch(share.positions, job.device, job.memory_format)
            batch = replace(batch, factor=share.factor, parts=parts)
            waited = time.perf_counter() - started

            # Step: one update of both networks, and of the exponential moving average (EMA) of the generator.
            if nets.passes is not None and nets.passes.across is not None:
                nets.passes.across.weight = share.weight
            ranks.draw_anew(config.seed, images)
            decay = ema_decay(images, len(positions), config.ema_half_life)
            stepper.step(batch, learning_rate_at(config, images) * progress.recovery_factor, decay)

            # Callback: record, sample, validate and save what is due.
            callback.on_step_end(StepResult(images, len(positions), stepper.ring, batch, waited))
            images += len(positions)

        callback.on_train_end()
        # Wait until the first process has saved, since it may still return to the last checkpoint.
        ranks.agree_on_end(None)
        return images


def share_batches(ranks: Ranks, positions: Sequence[int], batch: int) -> tuple[Share, tuple[Part, ...]]:
    """This process's part of an update: the positions of its pairs, and the parts if several batches are accumulated.

    Each batch is shared among all processes by itself, so that they see the same pairs together as a single one would.
    """
    if len(positions) <= batch:
        return ranks.share(positions), ()
    batches = [positions[first : first + batch] for first in range(0, len(positions), batch)]
    shares = [ranks.share(each) for each in batches]
    parts = tuple(
        Part(len(share.positions), share.factor * len(each) / len(positions), share.weight)
        for share, each in zip(shares, batches, strict=True)
    )
    return Share([position for share in shares for position in share.positions]), parts


def _should_stop(ranks: Ranks, stop: StopRequest) -> bool:
    asked, stop.enough = ranks.agree_on_end(stop.asked, enough=stop.enough)
    stop.asked = stop.asked or asked  # a signal that has come meanwhile waits for the next time
    return stop.enough or asked is not None
