"""A model's scores on the held-out pairs of a pair folder, beside those of the mean training picture.

Nothing here may train or print; each score is a number that `metrics` explains.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.fit import resize_photo
from p2p_datatools.contract.images import LabelMap, Photo, indices_of_colors, size_of
from p2p_datatools.contract.manifest import PairFolder, open_pairs
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.apply import How, apply_model
from p2p_gan.data import Task, load_fitted, read_halves, task_of
from p2p_gan.metrics import class_color_errors, l1, mean_picture, ssim
from p2p_gan.model import Model, load_model


@dataclass(frozen=True)
class Scores:
    """Means over the pictures: l1 and ssim of the model and of the mean training picture, colour error by class."""

    pictures: int
    l1: float
    ssim: float
    l1_mean: float
    ssim_mean: float
    color_error: dict[str, float]


def evaluate(
    model_path: Path, pairs: Path, *, split: str = "test", device: torch.device | None = None, report: Reporter = QUIET
) -> Scores:
    """Apply the model to the inputs of a split and compare with the real outputs, at the pictures' own size.

    Raises P2PError when the split is empty.
    """
    model = load_model(model_path)
    if device is not None:
        model.generator.to(device)
    folder = open_pairs(pairs)
    task = task_of(folder, model.card.direction)
    chosen = folder.of(split)
    if not chosen:
        raise P2PError(f"{pairs}: has no {split} pairs. Run 'p2p data split {pairs}', or choose another --split.")
    mean = _mean_training_picture(folder, task, model)
    rows = []
    errors: dict[str, list[float]] = {}
    for pair in report.track(chosen, "scoring", len(chosen)):
        given, real = read_halves(folder, pair, task)
        fake = apply_model(model, given, How())
        baseline = resize_photo(mean, size_of(real))
        rows.append((l1(fake, real), ssim(fake, real), l1(baseline, real), ssim(baseline, real)))
        for name, value in _color_errors(model, given, fake, real).items():
            errors.setdefault(name, []).append(value)
    model_l1, model_ssim, mean_l1, mean_ssim = (float(value) for value in np.mean(rows, axis=0))
    color_error = {name: float(np.mean(values)) for name, values in errors.items()}
    return Scores(len(chosen), model_l1, model_ssim, mean_l1, mean_ssim, color_error)


def _mean_training_picture(folder: PairFolder, task: Task, model: Model) -> Photo:
    train = folder.of("train")
    return mean_picture(
        real for _, real in load_fitted(folder, train, task, model.card.size or train[0].size, "stretch")
    )


def _color_errors(model: Model, given: Photo, fake: Photo, real: Photo) -> dict[str, float]:
    palette = model.card.palette
    if palette is None or model.card.input.kind != "mask":
        return {}
    labels: LabelMap = indices_of_colors(given, palette)[0]
    return class_color_errors([fake], [real], [labels], palette.names)
