"""The updates of a run, one after the other, in one process or in many that take their shares of each batch.

Nothing here may record, save or look at what is trained; who counts the images is told of each update.
"""

import time
from dataclasses import replace
from typing import Protocol

from torch import Tensor

from p2p_gan.data.batch import Batch
from p2p_gan.data.store import PairStore
from p2p_gan.training.interrupt import Interruption
from p2p_gan.training.job import Job
from p2p_gan.updates import average
from p2p_gan.updates.step import train_step


class Course(Protocol):
    """Counts the images of a run and knows the rate; what else it does when it is told is its own."""

    images: int

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        ...

    def look_again(self) -> None:
        """The updates begin."""
        ...

    def waited(self, seconds: float) -> None:
        """So long it took to have a batch."""
        ...

    def step(self, losses: Tensor, batch: Batch, count: int) -> None:
        """An update of `count` images is done; `batch` is the part of them that this process had."""
        ...

    def finish(self) -> None:
        """The updates are at their end."""
        ...


def updated(job: Job, store: PairStore, course: Course, interruption: Interruption) -> None:
    """Update until the last image, or until a signal has reached any process; all end after the same update.

    Raises GoBack where the first process says so.
    """
    total, ranks, passes = job.config.images or 0, job.ranks, job.nets.passes
    course.look_again()
    while course.images < total and not _stopped(job, interruption):
        asked = time.perf_counter()
        positions = store.positions(course.images, min(job.config.batch, total - course.images))
        share = ranks.share(positions)
        batch = replace(store.batch(share.positions, job.device), factor=share.factor)
        course.waited(time.perf_counter() - asked)
        for optimizer in job.nets.optimizers:
            optimizer.param_groups[0]["lr"] = course.rate
        if passes is not None and passes.across is not None:
            passes.across.weight = share.weight
        ranks.draw_anew(job.config.seed, course.images)
        losses = ranks.mean(train_step(job.nets, batch, job.recipe, job.autocast) * share.factor)
        if job.nets.averaged is not None:
            kept = average.decay(course.images, len(positions), job.recipe.average)
            average.follow(job.nets.averaged, job.nets.generator, kept)
        course.step(losses, batch, len(positions))
    course.finish()
    # Nobody leaves before the first process has saved, for it may yet want to go back.
    ranks.stopped(None)


def _stopped(job: Job, interruption: Interruption) -> bool:
    interruption.asked = job.ranks.stopped(interruption.asked)
    return interruption.asked is not None
