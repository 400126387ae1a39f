"""Detects failures of a run early: losses that are not finite, empty outputs, mode collapse, too strong discriminators.

Nothing here may change what is trained or wait for the device between two lines of the record.
"""

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.words import plural
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch, PairDataset
from p2p_gan.machine.load import Load, LoadMeter
from p2p_gan.training.job import Job
from p2p_gan.training.probe import Probe, first_bad_tensor, probe
from p2p_gan.training.steps.update import kept_updates

WINDOW = 5  # checks in a row that must agree before a warning
EARLY = 200  # updates at the start without warnings
PROBE_EVERY = 100  # images; a probe takes three passes of the generator, under one percent of these updates
FLAT = 2 / 255  # a picture whose values differ by at most this is empty
_SAME = 1 / 255  # two outputs that differ by less are the same 8-bit picture
_STARVED = 0.3  # the share of time that the device may wait for data
SURE = 0.97  # the accuracy over patches from which a discriminator counts as too strong
# Both losses of a discriminator that is too strong are below this, less than half of what one that guesses has (0.69,
# 0.25, 1); wgan has no entry, since a critic should be strong.
_WON = {"bce": 0.3, "lsgan": 0.1, "hinge": 0.4}
_CERTAIN, _LONG = 0.995, 6  # an accuracy that tells enough by itself, if so many probes in a row have it
_BUSY = 0.05  # the share of the time that reading the losses may take on an idle device
_SLOW = 0.67  # of the images a second that the run has reached: less than that is worth a word, if others are the cause


class DivergedError(P2PError):
    """A loss or a weight is infinite or NaN.

    `found`: `images` before the first bad update, the first `loss` and the first `tensor` that are not finite (or ""),
    and the `files` of the pairs in that update.
    """

    def __init__(self, where: object, what: str, found: dict[str, Any], config: Config) -> None:
        super().__init__(where, what, _how_to_go_on(config), code="diverged")
        self.found = found


def _how_to_go_on(config: Config) -> str:
    precision = "" if config.precision == "float32" else " or --set precision=float32"
    other = f"a lower learning_rate{precision} in a new run folder"
    if config.recover:
        return f"With recover=on the run has returned to a checkpoint once already; use {other}."
    return (
        "Repeat the command with --set recover=on, which returns to the last checkpoint with half the learning rate, "
        f"or use {other}."
    )


class LossHistory:
    """The losses of the latest updates, to find the first one that is not finite."""

    def __init__(self, names: Sequence[str], config: Config) -> None:
        self._names = tuple(names)
        self._updates: deque[tuple[Sequence[float], int, int]] = deque(maxlen=kept_updates(config))

    def add(self, losses: Sequence[float], before: int, count: int) -> None:
        """Add the losses of an update of `count` images after `before` images."""
        self._updates.append((losses, before, count))

    def last(self) -> tuple[int, int]:
        """(images before the latest update, images in it)."""
        _, before, count = self._updates[-1] if self._updates else ((), 0, 0)
        return before, count

    def first_bad(self) -> tuple[str, int, int] | None:
        """(loss, images before its update, images in it) of the oldest update with a loss that is not finite."""
        for losses, before, count in self._updates:
            for name, loss in zip(self._names, losses, strict=True):
                if not math.isfinite(loss):
                    return name, before, count
        return None


@dataclass(frozen=True)
class Observation:
    """The values that are known at a line of the record; `waited` is the share of time spent waiting for data.

    `images_per_s` and, on the CPU, the `load` of the machine are those since the line before.
    """

    losses: dict[str, float]
    waited: float
    probe: Probe | None
    images_per_s: float = 0.0
    load: Load | None = None


class Watch:
    """Warns in one line that something has gone wrong, and repeats a warning only if all was well in between."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._observations: deque[Observation] = deque(maxlen=WINDOW)
        self._probed: deque[Observation] = deque(maxlen=_LONG)
        self._warned: set[str] = set()
        self._fastest = 0.0  # images a second

    def look(self, observation: Observation, images: int) -> dict[str, str]:
        """{guard: line} of the new warnings; none before a full window, or in the first updates."""
        self._observations.append(observation)
        self._fastest = max(self._fastest, observation.images_per_s)
        if observation.probe is not None:
            self._probed.append(observation)
        if images / self._config.update_pairs < EARLY:
            return {}
        found = self._of_data() | self._of_machine() | self._of_networks()
        new = {guard: line for guard, line in found.items() if guard not in self._warned}
        self._warned = set(found)
        return new

    def _of_data(self) -> dict[str, str]:
        if len(self._observations) < WINDOW or not all(each.waited > _STARVED for each in self._observations):
            return {}
        share = sum(each.waited for each in self._observations) / WINDOW
        return {
            "starved": f"The device waits for data {share:.0%} of the time. Make pairs smaller on disk ('p2p data pair "
            "--size'), raise --set cache_gib, or give the process more cores."
        }

    def _of_machine(self) -> dict[str, str]:
        threads, seen = self._config.threads, self._observations
        if len(seen) < WINDOW or any(each.load is None or not each.load.lacks_cores_for(threads) for each in seen):
            return {}
        slowest, load = max(each.images_per_s for each in seen), seen[-1].load
        if load is None or load.free is None or slowest > _SLOW * self._fastest:
            return {}
        times = self._fastest / max(slowest, 1e-9)
        return {
            "busy": f"The machine is busy: other programs leave {load.free:.1f} of {load.cores:.3g} cores, and images "
            f"take {times:.1f} times as long as before. The run keeps its {plural(threads, 'thread')}, on which its "
            "numbers depend."
        }

    def _of_networks(self) -> dict[str, str]:
        if len(self._probed) < WINDOW:
            return {}
        probes = [each.probe for each in list(self._probed)[-WINDOW:] if each.probe is not None]
        found = {}
        if all(each.output_range <= FLAT < each.real_range for each in probes):
            found["empty"] = (
                "The generated pictures have one colour only, the real ones do not. Lower the learning rate (--set "
                "learning_rate=0.0001), or check the pairs with 'p2p data check'."
            )
        elif all(each.variants is not None and each.variants < _SAME for each in probes):
            found["collapsed"] = (
                "Different random draws give the same output although dropout or noise is on: the generator ignores "
                "them. If you want several outputs for an input, use --set noise_channels=8 --set "
                "lambda_mode_seeking=1 in a new run."
            )
        return found | self._of_discriminator()

    def _of_discriminator(self) -> dict[str, str]:
        gan_loss = self._config.gan_loss
        if gan_loss not in _WON:
            return {}
        limit, found = _WON[gan_loss], list(self._probed)
        # With a smoothed target the loss is at least the entropy of that target.
        real_limit = limit + (_entropy(self._config.label_smoothing) if gan_loss == "bce" else 0.0)
        low = all(each.losses["d_real"] <= real_limit and each.losses["d_fake"] <= limit for each in found[-WINDOW:])
        certain = len(found) == _LONG and all(_accuracy(each) >= _CERTAIN for each in found)
        if not (certain or (low and all(_accuracy(each) >= SURE for each in found[-WINDOW:]))):
            return {}
        last = self._probed[-1].losses
        return {
            "won": f"The discriminator is too strong (d_real {last['d_real']:.3f}, d_fake {last['d_fake']:.3f}, nearly "
            "all patches classified correctly): the generator learns from its other losses alone. With few pairs try "
            "--set discriminator_augment=all, otherwise --set label_smoothing=0.1 or fewer discriminator_filters, in a "
            "new run."
        }


def _accuracy(observation: Observation) -> float:
    return observation.probe.d_accuracy or 0.0 if observation.probe else 0.0


def _entropy(share: float) -> float:
    if not share:
        return 0.0
    return -(share * math.log(share) + (1 - share) * math.log(1 - share))


class Guards:
    """The guards of one run: they check the losses in `history`, of every update, when the record is written."""

    def __init__(self, where: Path, job: Job, dataset: PairDataset) -> None:
        self._where, self._job, self._dataset = where, job, dataset
        self.history, self._watch = LossHistory(job.recipe.names, job.config), Watch(job.config)
        self._waited, self._since, self._seen = 0.0, time.monotonic(), 0
        self._meter = LoadMeter() if job.device.type == "cpu" else None
        self.probed: Probe | None = None  # the latest

    def add(self, count: int, waited: float) -> None:
        """Add the images of an update, and the seconds that it waited for its batch."""
        self._waited += waited
        self._seen += count

    def look(
        self, losses: dict[str, float], batch: Batch, images: int, *, deep: bool, answered: float
    ) -> tuple[dict[str, Any], list[str]]:
        """(values for the record, warnings for the user); `deep` also probes the networks with the batch.

        `answered` is how many seconds it took to read the losses from the device. Raises DivergedError.
        """
        if not all(map(math.isfinite, losses.values())):
            raise self.make_diverged_error()
        passed = max(time.monotonic() - self._since, 1e-9)
        # A device that is still busy when the losses are read has not waited for data, even if the loop has.
        share = self._waited / passed if answered < _BUSY * passed else 0.0
        self.probed = found = probe(self._job, batch) if deep else None
        load = self._meter.read() if self._meter else None
        troubles = self._watch.look(Observation(losses, share, found, self._seen / passed, load), images)
        values = {"waited": round(share, 3), **(found.to_json() if found else {})}
        self._waited, self._since, self._seen = 0.0, time.monotonic(), 0
        lines = [f"{self._where}: image {images}: {line}" for line in troubles.values()]
        return values | ({"guards": sorted(troubles)} if troubles else {}), lines

    def check_weights(self) -> None:
        """Raise DivergedError if a weight is not finite."""
        if first_bad_tensor(self._job) is not None:
            raise self.make_diverged_error()

    def make_diverged_error(self) -> DivergedError:
        """The error with the first loss and tensor that are not finite, the update, and the pairs in it."""
        loss, before, count = self.history.first_bad() or ("", *self.history.last())
        tensor = first_bad_tensor(self._job) or ""
        train = self._job.folder.of("train")
        files = tuple(train[self._dataset.order.index(before + each)].file for each in range(count))
        bad = [f"{kind} {name}" for kind, name in (("the loss", loss), ("the tensor", tensor)) if name]
        what = (
            f"{' and '.join(bad) or 'a loss'} {'are' if len(bad) > 1 else 'is'} not finite, first seen in the update "
            f"after image {before} ({', '.join(files[:4])}{', ...' if len(files) > 4 else ''})"
        )
        found = {"images": before, "loss": loss, "tensor": tensor, "files": files[:100]}
        return DivergedError(self._where, what, found, self._job.config)
