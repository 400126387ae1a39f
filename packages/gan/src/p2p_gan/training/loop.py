"""The updates of a run, one after the other, in one process or in many that take their shares of each batch.

Nothing here may record, save or look at what is trained; who counts the images is told of each update.
"""

import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_gan.config.parse import config_from_json
from p2p_gan.data.dataset import Batch, PairStore
from p2p_gan.data.task import identify_files, open_for_training
from p2p_gan.machine.distributed import GoBack, Ranks
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.training.job import Job, learning_rate_at, make_job
from p2p_gan.training.replicas import distribute, shared_state
from p2p_gan.training.signals import StopRequest
from p2p_gan.training.trial import explain_out_of_memory, prepare_data
from p2p_gan.updates import optimise
from p2p_gan.updates.step import train_step


class LoopObserver(Protocol):
    """Counts the images of a run and knows the rate; what else it does when it is told is its own."""

    images: int

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        ...

    def look_again(self) -> None:
        """The updates begin."""
        ...

    def note_wait(self, seconds: float) -> None:
        """So long it took to have a batch."""
        ...

    def step(self, losses: Tensor, batch: Batch, count: int) -> None:
        """An update of `count` images is done; `batch` is the part of them that this process had."""
        ...

    def finish(self) -> None:
        """The updates are at their end."""
        ...


def training_loop(job: Job, store: PairStore, course: LoopObserver, interruption: StopRequest) -> None:
    """Update until the last image, or until a signal has reached any process; all end after the same update.

    Raises GoBack where the first process says so.
    """
    total, ranks, passes = job.config.images or 0, job.ranks, job.nets.passes
    course.look_again()
    while course.images < total and not _should_stop(job, interruption):
        asked = time.perf_counter()
        positions = store.positions(course.images, min(job.config.batch, total - course.images))
        share = ranks.share(positions)
        batch = replace(store.batch(share.positions, job.device), factor=share.factor)
        course.note_wait(time.perf_counter() - asked)
        for optimizer in job.nets.optimizers:
            optimizer.param_groups[0]["lr"] = course.rate
        if passes is not None and passes.across is not None:
            passes.across.weight = share.weight
        ranks.draw_anew(job.config.seed, course.images)
        losses = ranks.mean(train_step(job.nets, batch, job.recipe, job.autocast) * share.factor)
        if job.nets.ema is not None:
            decay = optimise.ema_decay(course.images, len(positions), job.config.ema_half_life)
            optimise.update_ema(job.nets.ema, job.nets.generator, decay)
        course.step(losses, batch, len(positions))
    course.finish()
    # Nobody leaves before the first process has saved, for it may yet want to go back.
    ranks.stopped(None)


def _should_stop(job: Job, interruption: StopRequest) -> bool:
    interruption.asked = job.ranks.stopped(interruption.asked)
    return interruption.asked is not None


class Follower:
    """Counts the images of a run that another process records."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self.images = progress.images
        self._job, self._slowed = job, float(progress.extra.get("slowed", 1.0))

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        return learning_rate_at(self._job.config, self.images) * self._slowed

    def step(self, losses: Tensor, batch: Batch, count: int) -> None:
        """An update of `count` images is done."""
        self.images += count

    def look_again(self) -> None:
        """The first process looks."""

    def note_wait(self, seconds: float) -> None:
        """The first process measures itself."""

    def finish(self) -> None:
        """The first process saves."""


@dataclass(frozen=True)
class FollowSummary:
    """Where a call began and ended, in images, and how many there are in all."""

    before: int
    images: int
    total: int


def follow(pairs: Path, ranks: Ranks, interruption: StopRequest) -> FollowSummary:
    """Train along with the first process until it ends; raises P2PError when the pairs here are not those there."""
    told = ranks.from_first()
    if told is None:
        return FollowSummary(0, 0, 0)
    folder = identify_files(open_for_training(pairs))
    if folder.data_hash != told["data_hash"]:
        raise P2PError(
            pairs,
            f"on {socket.gethostname()} these are not the pairs that the first process has",
            "Copy them there again, or train from a disk that all machines share.",
            code="other-pairs",
        )
    job, store = prepare_data(
        make_job(folder, config_from_json(told["config"], where="the first process"), ranks), None
    )
    with explain_out_of_memory(job, store):
        progress = shared_state(job)
        before, job = progress.images, distribute(job)
        while True:
            follower = Follower(job, progress)
            try:
                training_loop(job, store, follower, interruption)
                return FollowSummary(before, follower.images, job.config.images or 0)
            except GoBack:
                progress = shared_state(job)
