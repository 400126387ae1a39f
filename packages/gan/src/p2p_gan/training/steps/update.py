"""One whole update as a function of a batch alone: both networks, their optimisers, the EMA, and the losses' record.

Nothing here may decide how an update is launched, or wait for the device.
"""

from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch
from p2p_gan.training.job import Job
from p2p_gan.updates.loss_ring import LossRing
from p2p_gan.updates.losses import times
from p2p_gan.updates.optimise import EmaUpdate, hold_learning_rate, set_learning_rate
from p2p_gan.updates.step import train_step

_MOST_KEPT = 1000  # updates whose losses are kept on the device; reading them earlier costs one wait in so many


def kept_updates(config: Config) -> int:
    """The number of the latest updates whose losses are kept: all since the last line of the record, but for many."""
    return min(_MOST_KEPT, config.log_every + 1)  # batches may be as small as one pair


class WholeUpdate:
    """Updates the job's networks from a batch and writes the losses into `ring`.

    What changes from update to update besides the batch are the learning rate, the EMA's decay and torch's random
    state. With `recordable` the learning rate is a tensor, so that recorded updates of the networks (`learn`) follow
    it; the EMA comes after them and is not recorded: with a number for a decay it is one operation for all tensors.
    """

    def __init__(self, job: Job, *, recordable: bool) -> None:
        self.job = job
        self.ring = LossRing(job.recipe.names, kept_updates(job.config), job.device)
        self.numbers = (0.0, 0.0)
        self._rate: float | None = None  # that the optimisers have
        self._update_ema = None if job.nets.ema is None else EmaUpdate(job.nets.ema, job.nets.generator)
        for optimizer in job.nets.optimizers if recordable else ():
            hold_learning_rate(optimizer, job.device)

    def set_numbers(self, learning_rate: float, decay: float) -> None:
        """Set the learning rate and the EMA's decay of the next updates.

        The learning rate is the generator's; that of the discriminator is always the same number of times as high.
        """
        self.numbers = (learning_rate, decay)
        if learning_rate == self._rate:
            return
        self._rate, nets, config = learning_rate, self.job.nets, self.job.config
        set_learning_rate(nets.generator_optimizer, learning_rate)
        if nets.discriminator_optimizer is not None:
            ratio = (config.discriminator_learning_rate or config.learning_rate) / config.learning_rate
            set_learning_rate(nets.discriminator_optimizer, learning_rate * ratio)

    def __call__(self, batch: Batch) -> None:
        """Make the update; the losses are means over all processes."""
        self.learn(batch)
        self.average()

    def learn(self, batch: Batch) -> None:
        """Update the networks that are trained, and write the losses."""
        losses = train_step(self.job.nets, batch, self.job.recipe, self.job.autocast)
        self.ring.write(self.job.ranks.mean(times(losses, batch.factor)))

    def average(self) -> None:
        """Update the EMA, if there is one, with the generator that has learned."""
        if self._update_ema is not None:
            self._update_ema(self.numbers[1])
