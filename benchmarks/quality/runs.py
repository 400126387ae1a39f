"""One run of an arm: trained, scored and seen by VGG16 into a folder, where the same call finds it again.

Nothing here may compare runs. A folder's name holds a hash of the settings, so that a changed arm is another run.
"""

import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.vgg import Vgg16
from p2p_datatools.contract.files.atomic import append_lines, atomic, json_line, read_lines
from p2p_datatools.contract.pictures.images import Photo, read_photo
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.evaluation.scores import EvaluationRequest
from p2p_gan.evaluation.work import evaluate_into
from p2p_gan.experiments.record import slug
from p2p_gan.training.run import train

VARIANTS = 4  # outputs for each input, to measure variety
_BLOCK = 50  # updates of which the processor time is taken together
# Settings that change no result, so that a run with others is the same run.
_SAME = {
    name
    for name, each in settings_of(Config).items()
    if each.group in ("machine", "record") or (each.on_resume == "free" and name != "images")
} | {"seed"}


class StoppedError(Exception):
    """A signal has ended the training of a run."""


@dataclass(frozen=True)
class Run:
    """An arm from one seed, in a folder of its own."""

    arm: str
    config: Config
    folder: Path

    @property
    def model(self) -> Path:
        """The run folder of p2p."""
        return self.folder / "run"

    @property
    def scores(self) -> Path:
        """The folder of its scores."""
        return self.folder / "scores"

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return (self.folder / "features.npz").is_file()

    def train(self, pairs: Path) -> None:
        """Train what is left; raises StoppedError if a signal ends it, and P2PError."""
        clock = Clock(self.folder / "clock.jsonl")
        if train(pairs, self.model, self.config, report=clock).interrupted:
            raise StoppedError

    def score(self, pairs: Path, segmenter: Path, eyes: Vgg16) -> None:
        """Generate and score the test pairs."""
        asked = EvaluationRequest("test", variants=VARIANTS, segmenter=segmenter)
        evaluate_into(self.scores, self.model, pairs, asked=asked)
        shown = [self.pictures(name) for name in self.names()]
        fake, real = (eyes.features(np.stack([each[column] for each in shown])) for column in (1, 2))
        with atomic(self.folder / "features.npz") as file:
            np.savez(file, fake=fake, real=real)

    def names(self) -> list[str]:
        """The names of the scored pictures, in the order of their records."""
        return [each["name"] for each in read_lines(self.scores / "records.jsonl")]

    def pictures(self, name: str) -> tuple[Photo, Photo, Photo]:
        """The mask, the generated photo and the real one of a scored pair."""
        mask, fake, real = np.split(read_photo(self.scores / f"{name}.png"), 3, axis=1)
        return mask, fake, real

    def features(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Those of the real and of the generated photos."""
        with np.load(self.folder / "features.npz") as found:
            return found["real"], found["fake"]

    def seconds(self) -> float:
        """The median processor time of an image over blocks of updates; NaN where another program trained the run."""
        path = self.folder / "clock.jsonl"
        blocks = [each["seconds"] for each in read_lines(path, torn_ok=True)] if path.is_file() else []
        return float(np.median(blocks)) if blocks else float("nan")


class Clock(Reporter):
    """Records the processor time of training, which a busy machine changes less than the time of the day.

    A line for each block of updates; neither loading nor the first updates are in one.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._images, self._began, self._counts = path, 0, -1.0, False

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        """Begin anew; the work before training is not counted."""
        self._images, self._began, self._counts = -_BLOCK, -1.0, what == "training"

    def advance(self, units: int = 1, **figures: float) -> None:
        """Count the images of an update."""
        self._images += units
        if not self._counts:
            return
        if self._began < 0 <= self._images:
            self._images, self._began = 0, time.process_time()
        elif self._images >= _BLOCK:
            append_lines(self._path, [{"seconds": (time.process_time() - self._began) / self._images}])
            self._images, self._began = 0, time.process_time()


def place_run(dest: Path, arm: str, config: Config) -> Run:
    """The run of an arm with the seed and the number of images of its config, below `dest`.

    A run with the same settings is used, whatever its arm was called.
    """
    digest = hashlib.sha256(json_line(settings_that_count(config))).hexdigest()[:8]
    ending = f"{digest}-seed{config.seed}"
    known = sorted(dest.glob(f"*-{ending}"))
    return Run(arm, config, known[0] if known else dest / f"{slug(arm)}-{ending}")


def settings_that_count(config: Config) -> dict[str, Any]:
    """The settings that differ from their defaults and can change the result, but for the seed.

    A field that is newer than a run had its default, and so leaves the run's hash as it was.
    """
    default = Config().to_json()
    return {name: value for name, value in config.to_json().items() if name not in _SAME and value != default[name]}


def with_images(config: Config, images: int, seed: int) -> Config:
    """The config for so many images; the half-life of the EMA, where there is one, is an eighth of them."""
    half_life = images / 8 if config.ema_half_life else 0.0
    return replace(config, images=images, seed=seed, ema_half_life=half_life)
