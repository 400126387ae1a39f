"""The training loop: draw a batch, make a step, update the moving average, tell the callback; until the last image.

Nothing here may record, save or look at what is trained: that is for the callback.
"""

import time
from dataclasses import dataclass, replace

from torch import Tensor

from p2p_gan.data.dataset import Batch, PairDataset
from p2p_gan.machine.distributed import Ranks
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.training.job import Job, learning_rate_at
from p2p_gan.training.signals import StopRequest
from p2p_gan.updates import optimise
from p2p_gan.updates.step import train_step


@dataclass(frozen=True)
class StepResult:
    """A step that the loop has made."""

    before: int  # images seen before it
    count: int  # images in it, of all processes together
    losses: Tensor  # means over them, in the order of `recipe.names`, on the device
    batch: Batch  # the part of them that this process had
    waited: float  # seconds until that part was there

    @property
    def images(self) -> int:
        """Images seen after it."""
        return self.before + self.count


class TrainingCallback:
    """What a process does beside the updates: nothing, in those that only compute; `Tracker` is the first one's."""

    def on_train_start(self) -> None:
        """The loop begins."""

    def on_step_end(self, step: StepResult) -> None:
        """A step is made."""

    def on_train_end(self) -> None:
        """The loop has come to the last image, or a signal ends it."""


def training_loop(
    job: Job, dataset: PairDataset, progress: Progress, stop: StopRequest, callback: TrainingCallback
) -> int:
    """Update from `progress` until the last image, or until a signal has reached any process; gives the images seen.

    All processes end after the same step. Raises GoBack where the first process wants that.
    """
    config, nets, ranks = job.config, job.nets, job.ranks
    images, total = progress.images, config.images or 0
    callback.on_train_start()

    while images < total and not _should_stop(ranks, stop):
        # Draw the next batch, of which this process takes its share.
        started = time.perf_counter()
        positions = dataset.positions(images, min(config.batch, total - images))
        share = ranks.share(positions)
        batch = replace(dataset.batch(share.positions, job.device), factor=share.factor)
        waited = time.perf_counter() - started

        # Step: one update of both networks; the losses are means over all processes.
        for optimizer in nets.optimizers:
            optimizer.param_groups[0]["lr"] = learning_rate_at(config, images) * progress.recovery_factor
        if nets.passes is not None and nets.passes.across is not None:
            nets.passes.across.weight = share.weight
        ranks.draw_anew(config.seed, images)
        losses = ranks.mean(train_step(nets, batch, job.recipe, job.autocast) * share.factor)

        # Move the average of the generator's weights (EMA).
        if nets.ema is not None:
            decay = optimise.ema_decay(images, len(positions), config.ema_half_life)
            optimise.update_ema(nets.ema, nets.generator, decay)

        # Observe: the callback records, samples, validates and saves what is due.
        callback.on_step_end(StepResult(images, len(positions), losses, batch, waited))
        images += len(positions)

    callback.on_train_end()
    # Nobody leaves before the first process has saved, for it may yet want to go back.
    ranks.agree_on_signal(None)
    return images


def _should_stop(ranks: Ranks, stop: StopRequest) -> bool:
    stop.asked = ranks.agree_on_signal(stop.asked)
    return stop.asked is not None
