"""Validation during training: scores on the pairs of val/, the choice of the best, and the pairs and grid of samples.

Nothing here may change what is trained or use torch's own random state.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.halves import as_photo
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo, colorize, hash_pixels
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.settings import refuse_setting
from p2p_gan.data.coding import pixels_to_tensor
from p2p_gan.data.read import on_all_cores, read_shown
from p2p_gan.evaluation.mask_agreement import Confusion, without_gaps
from p2p_gan.evaluation.metrics import BYTES, LabHistograms, l1, psnr, sharpness, ssim
from p2p_gan.inference.apply import seed_of
from p2p_gan.inference.runtimes.torch_runtime import torch_noise
from p2p_gan.inference.segmentation import nearest_classes
from p2p_gan.networks.base import Generator, InferencePass
from p2p_gan.training.job import Job

SHOWN = 4  # pairs in a sample grid
_HELD = 0.25  # the share of `cache_gib` for decoded validation pairs; larger sets are read again each time
_GIB = 2**30


@dataclass(frozen=True)
class Validation:
    """Means over `pictures` pairs at the size of training: `l1` in 0..1, `ssim` up to 1, `psnr` in dB.

    Pixels that a mask ignores, and those where a half has no data, are left out.

    If the output is a mask with a palette, `accuracy` is the share of pixels whose class (of the nearest colour) is
    correct, and `mean_iou` the mean over classes of intersection over union, over the pixels of all pictures together.
    `colors`, the mean overlap of the Lab histograms of all pictures in 0..1, and `sharpness`, beside `sharpness_real`,
    are measured where they choose the best model. `by` is the score that chooses it.
    """

    pictures: int
    l1: float
    ssim: float
    psnr: float = 0.0
    accuracy: float | None = None
    mean_iou: float | None = None
    colors: float | None = None
    sharpness: float | None = None
    sharpness_real: float | None = None
    by: str = "l1"

    @property
    def score(self) -> float:
        """The score that selects the best model, larger is better: that of the setting best_by."""
        if self.by == "l1":
            return -self.l1
        if self.by == "sharpness":
            return -abs((self.sharpness or 0.0) - (self.sharpness_real or 0.0))
        return float(getattr(self, self.by))

    def to_json(self) -> dict[str, Any]:
        """The scores that are not None, as JSON values."""
        return {name: value for name, value in vars(self).items() if value is not None and name != "by"}


class _Scores:
    """The scores of each pair, and what is counted over the pixels of all of them."""

    def __init__(self, job: Job, by: str) -> None:
        palette = job.task.palette_of(job.task.output)
        self._by, self._rows = by, list[list[float]]()
        self._range = BYTES if palette else job.task.output.range
        self._of_classes = job.task.codings[1].kind == "classes"
        self._confusion = Confusion(palette.names) if palette else None
        self._colors = (LabHistograms(), LabHistograms())

    def compare_classes(self, fake: Array, real: Array, gaps: Gaps | None, palette: Palette) -> tuple[Array, Array]:
        """Count the classes of an output and of the real indices; returns both in the palette's colours."""
        assert self._confusion is not None, "only masks have classes"
        found = fake if self._of_classes else nearest_classes(fake, palette)
        self._confusion.add(without_gaps(real, gaps), found)
        fake = colorize(fake, palette) if self._of_classes else fake
        return fake, colorize(real, palette)[..., : fake.shape[2]]

    def compare(self, fake: Array, real: Array, where: NDArray[np.bool_] | None) -> None:
        """Add the scores of a pair over the pixels `where`, or all with None; none if no pixel counts."""
        if where is not None and not where.any():
            return
        self._rows.append([measure(fake, real, self._range, where) for measure in (l1, ssim, psnr)])
        if self._by == "sharpness":
            self._rows[-1] += [sharpness(each, self._range, where) for each in (fake, real)]
        if self._by == "colors":
            for histogram, picture in zip(self._colors, (fake, real), strict=True):
                histogram.add(picture, where)

    def result(self) -> Validation:
        """The means; raises P2PError if no pair has a pixel that counts."""
        if not self._rows:
            what, to_do = "have no pixel that counts", "All are ignored or have no data: look at them, or split again."
            raise P2PError("the validation pairs", what, to_do, code="nothing-counts")
        names = ("l1", "ssim", "psnr", *(("sharpness", "sharpness_real") if self._by == "sharpness" else ()))
        means: dict[str, Any] = dict(zip(names, np.mean(self._rows, axis=0).tolist(), strict=True))
        if self._confusion:
            agreement = self._confusion.result()
            means |= {"accuracy": agreement.pixel_accuracy, "mean_iou": agreement.mean_iou}
        if self._by == "colors":
            fake, real = self._colors
            means["colors"] = float(np.mean(list(fake.intersection(real).values())))
        return Validation(len(self._rows), **means, by=self._by)


class Validator:
    """Scores a generator on the same pairs of val/ each time; `pairs` is empty if there are none."""

    def __init__(self, job: Job) -> None:
        found = job.folder.of("val")
        wanted = min(len(found), job.config.validate_pairs)
        # Spread over the names, since neighbours are often similar.
        self.pairs = tuple(found[index * len(found) // wanted] for index in range(wanted))
        self._job = job
        self._held: list[tuple[Array, Array, Gaps | None]] | None = None
        self._palette = job.task.palette_of(job.task.output)
        self.by = score_of(job)

    def score(self, generator: Generator, should_stop: Callable[[], bool] = lambda: False) -> Validation | None:
        """Apply the generator to each picture by itself and compare its output with the real one.

        `should_stop` is called before each picture; the result is None if it returns True.
        """
        scores = _Scores(self._job, self.by)
        for a, b, gaps in self._pictures():
            if should_stop():
                return None
            fake, real = self._apply(generator, a), b[..., 0] if b.shape[2] == 1 else b
            if self._palette:
                fake, real = scores.compare_classes(fake, real, gaps, self._palette)
            scores.compare(fake, real, self._counted_pixels(a, b, gaps))
        return scores.result()

    def _counted_pixels(self, a: Array, b: Array, gaps: Gaps | None) -> NDArray[np.bool_] | None:
        """The pixels that have data, and that no mask of the pair marks as ignored; None if those are all."""
        task = self._job.task
        masks = [each for each, half in ((a, task.input), (b, task.output)) if task.palette_of(half)]
        ignored = [each[..., 0] == IGNORE for each in masks] + ([] if gaps is None else [gaps])
        return ~np.logical_or.reduce(ignored) if any(each.any() for each in ignored) else None

    def _apply(self, generator: Generator, a: Array) -> Array:
        fake = _generate(self._job, generator, a, torch_noise(seed_of(hash_pixels(a), seed=0, variant=0)))
        grey_mask = self._palette is not None and self._job.task.codings[1].kind != "classes" and fake.ndim == 2
        return fake[..., None].repeat(3, axis=2) if grey_mask else fake

    def _pictures(self) -> Iterator[tuple[Array, Array, Gaps | None]]:
        if self._held is not None:
            yield from self._held
            return
        held, room = [], self._job.config.cache_gib * _GIB * _HELD
        for pair in self.pairs:
            a, b, gaps = read_shown(self._job.folder, pair, self._job.task, self._job.config)
            room -= a.nbytes + b.nbytes + (0 if gaps is None else gaps.nbytes)
            held += [(a, b, gaps)] if room > 0 else []
            yield a, b, gaps
        if len(held) == len(self.pairs):
            self._held = held


def score_of(job: Job) -> str:
    """The score that chooses the best model of a job; raises UsageError for one that its pictures do not have."""
    wanted, output = job.config.best_by, job.task.output
    masks = job.task.palette_of(output) is not None
    if wanted == "auto":
        return "mean_iou" if masks else "l1"
    if wanted in ("accuracy", "mean_iou") and not masks:
        what = f"is a score of masks with a palette, but {output.name} is none"
        refuse_setting(job.config, "best_by", what, "Set it to l1, psnr or ssim.", code="unfit-setting")
    if wanted == "colors" and (output.channels, output.dtype) != (3, "uint8"):
        what = f"is a score of RGB pictures of 8 bits, but {output.name} is none"
        refuse_setting(job.config, "best_by", what, "Set it to l1, psnr or ssim.", code="unfit-setting")
    return wanted


def refuse_unscored(job: Job) -> None:
    """Raise UsageError for settings about scores that the run cannot have."""
    score_of(job)
    if job.config.patience and not job.folder.of("val"):
        what = "counts validations, but the pair folder has no pairs in val/"
        to_do = "Split the pairs with --val 0.1, or set patience=off."
        refuse_setting(job.config, "patience", what, to_do, code="unfit-setting")


def improves(score: float, best: float | None) -> bool:
    """Whether a score is better than the best so far; equal scores and scores that are not finite are not."""
    return bool(np.isfinite(score)) and (best is None or score > best)


def pairs_to_show(job: Job) -> Sequence[Pair]:
    """The pairs of the sample grids: held-out ones, or training pairs if none are held out."""
    pairs: Sequence[Pair] = job.folder.of("val") or job.folder.of("test") or job.folder.of("train")
    return pairs[:: max(1, len(pairs) // SHOWN)][:SHOWN]


def sample_row(job: Job, a: Array, b: Array) -> tuple[Photo, Photo, Photo]:
    """A row of the sample grids: the input, the generator's output, and the real output."""
    task = job.task
    fake = _generate(job, job.nets.inference_generator, a, torch_noise(job.config.seed))
    return (
        visible(a, task.input, task.palette_of(task.input)),
        visible(fake, task.output, task.palette if task.codings[1].kind == "classes" else None),
        visible(b, task.output, task.palette_of(task.output)),
    )


def _generate(job: Job, generator: Generator, a: Array, noise: torch.Generator) -> Array:
    """The output for an input as it is kept; its randomness is its own, so that training is not changed by it."""
    applying, (given, wanted) = InferencePass(job.card.statistics, noise=(noise,)), job.task.codings
    with torch.inference_mode():
        fed = pixels_to_tensor(a[None], given, job.task.palette_of(job.task.input), job.device)
        fake: Array = wanted.to_array(generator(fed, applying))[0]
    return fake


def refuse_unreadable(job: Job) -> None:
    """Raise P2PError for a pair of the samples or the validation that cannot be read, before training begins."""
    wanted = {pair.name: pair for pair in (*pairs_to_show(job), *Validator(job).pairs)}

    def read(_: int, pair: Pair) -> None:
        read_shown(job.folder, pair, job.task, job.config)

    for _ in on_all_cores(read, tuple(wanted.values()), job.folder):
        pass


def visible(pixels: Array, half: Half, palette: Palette | None) -> Photo:
    """Pixels (h, w[, c]) of a half as uint8 RGB: class indices in the `palette`'s colours, values black to white."""
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if palette is not None:
        return colorize(flat, palette)
    return np.ascontiguousarray(as_photo(flat, half))


def grid_of(rows: Sequence[Sequence[Photo]]) -> Photo:
    """The pictures row by row in one picture; smaller ones are padded with white at the right and bottom."""
    height = max(picture.shape[0] for row in rows for picture in row)
    width = max(picture.shape[1] for row in rows for picture in row)
    return np.concatenate([np.concatenate([_on_white(each, height, width) for each in row], axis=1) for row in rows])


def _on_white(picture: Photo, height: int, width: int) -> Photo:
    below, right = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, ((0, below), (0, right), (0, 0)), constant_values=255)
