"""Scores of a run in progress on the pairs of val/, and which of two scores is the better.

Nothing here may change what is trained or draw from torch's own random state: looking leaves no trace.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.images import LabelMap, Photo, indices_of_colors
from p2p_datatools.contract.palette import Palette
from p2p_gan.apply import apply_tensor, noise_of
from p2p_gan.data import load_fitted
from p2p_gan.job import Job
from p2p_gan.metrics import l1, ssim
from p2p_gan.networks.applying import Applying
from p2p_gan.networks.contract import Generator

_HELD = 0.25  # the share of `memory` that decoded validation pairs may take; more are read again each time
_GIB = 2**30


@dataclass(frozen=True)
class Validation:
    """Means over `pictures` pairs at the size of training: `l1` in 0..1, `ssim` up to 1.

    Where the output is a mask with a palette, `accuracy` is the share of pixels whose class (of the nearest colour) is
    right and `mean_iou` the mean over classes of intersection over union, all pixels of all pictures counted together.
    """

    pictures: int
    l1: float
    ssim: float
    accuracy: float | None = None
    mean_iou: float | None = None

    @property
    def score(self) -> float:
        """What is compared, larger is better: the mean IoU of masks, else the negative L1."""
        return -self.l1 if self.mean_iou is None else self.mean_iou

    def to_json(self) -> dict[str, Any]:
        """The scores that there are, as JSON values."""
        return {name: value for name, value in vars(self).items() if value is not None}


class Validator:
    """Scores a generator on the same pairs of val/ each time; there are none where `pairs` is empty."""

    def __init__(self, job: Job) -> None:
        found = job.folder.of("val")
        wanted = min(len(found), job.config.validate_pairs)
        # Spread over the names, for neighbours are often alike.
        self.pairs = tuple(found[index * len(found) // wanted] for index in range(wanted))
        self._job = job
        self._held: list[tuple[Photo, Photo]] | None = None

    def score(self, generator: Generator) -> Validation:
        """Apply the generator as `sample` would, each picture by itself, and compare with the real outputs."""
        job = self._job
        masked = job.task.output.kind == "mask"
        palette = job.folder.palette if masked else None
        counts = Agreement(palette) if palette else None
        rows = []
        for a, b in self._pictures():
            applying = Applying(job.card.statistics, noise=(noise_of(a, seed=0, variant=0),))
            fake = apply_tensor(generator, a, applying, job.device)
            rows.append((l1(fake, b), ssim(fake, b)))
            if counts:
                counts.add(fake, b)
        means = np.mean(rows, axis=0)
        agreement = counts.scores() if counts else (None, None)
        return Validation(len(rows), float(means[0]), float(means[1]), *agreement)

    def _pictures(self) -> Iterator[tuple[Photo, Photo]]:
        job, size = self._job, self._job.config.size
        if self._held is not None:
            yield from self._held
            return
        held: list[tuple[Photo, Photo]] = []
        most = job.config.memory * _GIB * _HELD / (6 * size.width * size.height)
        for pair in load_fitted(job.folder, self.pairs, job.task, size, job.config.fit):
            held += [pair] if len(self.pairs) <= most else []
            yield pair
        if len(held) == len(self.pairs):
            self._held = held


class Agreement:
    """Counts of (real class, generated class) over pictures; ignored pixels of the real mask do not count."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        self._counts = np.zeros((len(palette.classes),) * 2, np.int64)

    def add(self, fake: Photo, real: Photo) -> None:
        """Count the pixels of one picture, RGB both; real pixels of no class are left out."""
        classes = len(self._counts)
        labels, _ = indices_of_colors(real, self._palette)
        inside = labels < classes
        both = labels[inside].astype(np.int64) * classes + nearest_class(fake, self._palette)[inside]
        self._counts += np.bincount(both, minlength=classes**2).reshape(classes, classes)

    def scores(self) -> tuple[float, float]:
        """(share of right pixels, mean IoU over the classes that occur); both 1 where no pixel counts."""
        right = np.diag(self._counts)
        union = self._counts.sum(0) + self._counts.sum(1) - right
        if not union.any():
            return 1.0, 1.0
        there = union > 0
        return float(right.sum() / self._counts.sum()), float((right[there] / union[there]).mean())


def nearest_class(picture: Photo, palette: Palette) -> LabelMap:
    """The class whose colour is nearest to each pixel of an RGB picture, by squared distance; the first of equals."""
    values = picture.astype(np.int32)
    best = np.zeros(picture.shape[:2], np.uint8)
    least: NDArray[np.int32] | None = None
    for index, each in enumerate(palette.classes):
        distance = ((values - np.array(each.color, np.int32)) ** 2).sum(axis=-1, dtype=np.int32)
        if least is None:
            least = distance
        else:
            best[distance < least] = index
            least = np.minimum(least, distance)
    return best


def improves(score: float, best: float | None) -> bool:
    """Whether a score beats the best before it; the earlier of equals stays, and what is no number never wins."""
    return bool(np.isfinite(score)) and (best is None or score > best)
