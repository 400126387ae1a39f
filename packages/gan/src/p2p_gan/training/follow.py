"""What a process does that is not the first of a run: its share of every update, on the first one's word.

Nothing here may write a file, hold the run folder or tell a person anything but an error.
"""

import socket
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_gan.data.batch import Batch
from p2p_gan.data.tasks import identified, open_for_training
from p2p_gan.machine.distributed import GoBack, Ranks
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.settings import config_from_json
from p2p_gan.training.course import updated
from p2p_gan.training.fitting import memory_explained
from p2p_gan.training.interrupt import Interruption
from p2p_gan.training.job import Job, make_job, rate_at
from p2p_gan.training.parallel import shared_state, spread
from p2p_gan.training.plan import prepared


class Follower:
    """Counts the images of a run that another process records."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self.images = progress.images
        self._job, self._slowed = job, float(progress.extra.get("slowed", 1.0))

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        return rate_at(self._job.config, self.images) * self._slowed

    def step(self, losses: Tensor, batch: Batch, count: int) -> None:
        """An update of `count` images is done."""
        self.images += count

    def look_again(self) -> None:
        """The first process looks."""

    def waited(self, seconds: float) -> None:
        """The first process measures itself."""

    def finish(self) -> None:
        """The first process saves."""


@dataclass(frozen=True)
class Followed:
    """Where a call began and ended, in images, and how many there are in all."""

    before: int
    images: int
    total: int


def follow(pairs: Path, ranks: Ranks, interruption: Interruption) -> Followed:
    """Train along with the first process until it ends; raises P2PError when the pairs here are not those there."""
    told = ranks.from_first()
    if told is None:
        return Followed(0, 0, 0)
    folder = identified(open_for_training(pairs))
    if folder.data_hash != told["data_hash"]:
        raise P2PError(
            f"{pairs}: on {socket.gethostname()} these are not the pairs that the first process has. Copy them there "
            "again, or train from a disk that all machines share."
        )
    job, store = prepared(make_job(folder, config_from_json(told["config"], where="the first process"), ranks), None)
    with memory_explained(job, store):
        progress = shared_state(job)
        before, job = progress.images, spread(job)
        while True:
            follower = Follower(job, progress)
            try:
                updated(job, store, follower, interruption)
                return Followed(before, follower.images, job.config.images or 0)
            except GoBack:
                progress = shared_state(job)
