"""A model's scores on the pairs of a split, compared with those of the mean training picture, and their files.

Nothing here may train or print; `metrics` and `mask_agreement` define the scores.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_json, write_json, write_lines
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder, open_pairs
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, colorize, size_of, write_png
from p2p_datatools.contract.pictures.resize import resize_photo
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter, once
from p2p_datatools.contract.words import p2p_command
from p2p_gan.data.read import load_fitted
from p2p_gan.data.task import Task
from p2p_gan.evaluation.mask_agreement import Agreement, Confusion, counted_pixels, labels_of_input, labels_of_output
from p2p_gan.evaluation.metrics import (
    BYTES,
    METRICS,
    LabHistograms,
    PixelMask,
    Range,
    class_color_errors,
    diversity,
    mean_picture,
)
from p2p_gan.evaluation.segmenter import Segmenter
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.inputs import read_model_pair, refuse_folder, task_for
from p2p_gan.inference.sampling import side_by_side
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model, load_model

_MEAN_SIZE = Size(256, 256)  # of the mean training picture, for models without a size


@dataclass(frozen=True)
class Diversity:
    """The difference of variants of one picture, as shares of the range, and the number of variants of each."""

    variants: int
    pairwise_l1: float
    pixel_std: float


@dataclass(frozen=True)
class Scores:
    """Means over the pictures: `metrics` of the model by name, such as l1, and `color_error` by class.

    Pixels that a mask of the pair marks as ignored are excluded, except from `diversity`, which uses no real picture.
    `mean_picture` holds the same metrics of the mean training picture, none without training pairs. `histograms`:
    intersection with those of the real pictures in L, a and b, for photos. `agreement`: of generated masks with the
    real ones. `judged`: of a segmenter's masks of the generated photos with the true ones, and `judged_real` the same
    for the real photos. `diversity`: of variants. Each of these is None if it does not apply or was not requested.
    """

    pictures: int
    metrics: dict[str, float]
    mean_picture: dict[str, float]
    color_error: dict[str, float]
    histograms: dict[str, float] | None = None
    agreement: Agreement | None = None
    judged: Agreement | None = None
    judged_real: Agreement | None = None
    diversity: Diversity | None = None

    def to_json(self) -> dict[str, Any]:
        """The scores as JSON values: each metric under its name, and NAME_mean that of the mean training picture."""
        rest = asdict(self)
        pictures, model, mean = (rest.pop(name) for name in ("pictures", "metrics", "mean_picture"))
        return {"pictures": pictures, **model, **{f"{name}_mean": mean.get(name) for name in model}, **rest}


@dataclass(frozen=True)
class PairScores:
    """The arrays of one pair in the model's encoding, and its scores as JSON values."""

    name: str
    input: Array
    fake: Array
    real: Array
    line: dict[str, Any]


@dataclass(frozen=True)
class EvaluationRequest:
    """What `evaluate` measures, and on which pairs.

    `split` is the split with the pairs, `how` says how the model is applied; 2 or more `variants` measure diversity;
    the model `segmenter` segments generated photos.
    """

    split: str = "test"
    how: ApplyOptions = field(default_factory=ApplyOptions)
    variants: int = 1
    segmenter: Path | None = None

    def __post_init__(self) -> None:
        if self.variants < 1:
            raise UsageError(
                f"variants={self.variants}", "is not possible", "Give 1 or more.", code="impossible-setting"
            )


def evaluate(
    model_path: Path | str,
    pairs: Path | str,
    *,
    asked: EvaluationRequest = EvaluationRequest(),
    device: torch.device | None = None,
    report: Reporter = QUIET,
    each: Callable[[PairScores, ModelCard], None] = lambda scored, card: None,
) -> Scores:
    """Apply the model to the inputs of a split and compare its outputs with the real ones, at the pictures' own size.

    `each` is called with every picture and its scores, in the order of the names. Raises P2PError if the split is empty
    or the model does not take these pairs.
    """
    model = load_model(model_path)
    if device is not None:
        model.generator.to(device)
    folder = open_pairs(Path(pairs))
    task = task_for(folder, model.card)
    chosen = folder.of(asked.split)
    if not chosen:
        raise P2PError(
            pairs,
            f"has no {asked.split} pairs",
            f"Run {p2p_command('data split', pairs)}, or choose another --split.",
            code="empty-split",
        )
    refuse_folder(folder, (task.input, task.output), model.card)
    judge = Segmenter(asked.segmenter, model, device) if asked.segmenter else None
    mean = _mean_training_picture(folder, task, model.card)
    tally = _Tally(model, asked, judge, mean, report)
    for scored in report.track(tally.over(folder, chosen, swapped=task.swapped), "scoring", len(chosen)):
        each(scored, model.card)
    return tally.result()


class _Tally:
    """Scores pictures one by one and accumulates their means."""

    def __init__(
        self, model: Model, asked: EvaluationRequest, judge: Segmenter | None, mean: Array | None, report: Reporter
    ) -> None:
        self._model, self._card, self._asked, self._judge, self._mean = model, model.card, asked, judge, mean
        self._note = once(report.note)
        self._range: Range = BYTES if model.card.output_coding.kind == "classes" else model.card.output.range
        self._rows: list[dict[str, float]] = []  # a picture's metrics
        self._mean_rows: list[dict[str, float]] = []  # and those of the mean training picture
        self._errors: dict[str, list[float]] = {}
        self._spread: list[tuple[float, float]] = []
        palette = model.card.palette
        names = palette.names if palette else ()
        self._confusion = Confusion(names) if palette and model.card.output.kind == "mask" else None
        output = model.card.output
        colored = output.kind != "mask" and output.dtype == "uint8" and output.channels == 3
        self._lab = (LabHistograms(), LabHistograms()) if colored else None

    def over(self, folder: PairFolder, pairs: Sequence[Pair], *, swapped: bool) -> Iterator[PairScores]:
        """Score each pair in turn."""
        for pair in pairs:
            picture, real = read_model_pair(folder, pair, self._card, swapped=swapped)
            fakes = [
                apply_model(self._model, picture, self._asked.how, variant=variant, note=self._note)
                for variant in range(1, self._asked.variants + 1)
            ]
            line = {"name": pair.name, **self._score(picture, fakes, real)}
            yield PairScores(pair.name, picture, fakes[0], real, line)

    def _score(self, picture: Array, fakes: list[Array], real: Array) -> dict[str, Any]:
        fake, true = self._comparable(fakes[0]), self._comparable(real)
        where = counted_pixels(picture, real, self._card)
        line: dict[str, Any] = _measure(fake, true, self._range, where)
        self._rows.append(dict(line))
        if self._mean is not None:
            self._mean_rows.append(_measure(resize_photo(self._mean, size_of(true)), true, self._range, where))
            line |= {f"{name}_mean": value for name, value in self._mean_rows[-1].items()}
        for name, error in self._color_errors(picture, fake, true).items():
            self._errors.setdefault(name, []).append(error)
            line.setdefault("color_error", {})[name] = error
        if self._lab:
            self._lab[0].add(fake, where)
            self._lab[1].add(true, where)
        if self._confusion:
            own = self._confusion.add(labels_of_output(real, self._card), labels_of_output(fakes[0], self._card))
            line["agreement"] = own.rows()
        if self._judge:
            line |= self._judge.add(picture, fakes[0], real)
        if len(fakes) > 1:
            self._spread.append(diversity([self._comparable(each) for each in fakes], self._range))
            line |= {"pairwise_l1": self._spread[-1][0], "pixel_std": self._spread[-1][1]}
        return line

    def _comparable(self, pixels: Array) -> Array:
        palette = self._card.palette
        return colorize(pixels, palette) if palette and self._card.output_coding.kind == "classes" else pixels

    def _color_errors(self, picture: Array, fake: Array, real: Array) -> dict[str, float]:
        palette = self._card.palette
        if palette is None or self._card.input.kind != "mask":
            return {}
        labels: LabelMap = labels_of_input(picture, self._card)
        return class_color_errors([fake], [real], [labels], palette.names, self._range)

    def result(self) -> Scores:
        """The means of all scores."""
        spread = np.mean(self._spread, axis=0) if self._spread else None
        return Scores(
            pictures=len(self._rows),
            metrics=_means(self._rows),
            mean_picture=_means(self._mean_rows),
            color_error={name: float(np.mean(values)) for name, values in self._errors.items()},
            histograms=self._lab[0].intersection(self._lab[1]) if self._lab else None,
            agreement=self._confusion.result() if self._confusion else None,
            judged=self._judge.generated.result() if self._judge else None,
            judged_real=self._judge.real.result() if self._judge else None,
            diversity=None if spread is None else Diversity(self._asked.variants, float(spread[0]), float(spread[1])),
        )


def _measure(fake: Array, real: Array, values: Range, where: PixelMask | None) -> dict[str, float]:
    return {name: metric(fake, real, values, where) for name, metric in METRICS.items()}


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Each metric's mean over the pictures; none of no pictures."""
    if not rows:
        return {}
    return dict(zip(METRICS, map(float, np.mean([list(row.values()) for row in rows], axis=0)), strict=True))


def _mean_training_picture(folder: PairFolder, task: Task, card: ModelCard) -> Array | None:
    """The mean of the training pairs' outputs; None if the folder has no training pairs."""
    train = folder.of("train")
    if not train:
        return None
    mean = mean_picture(real for _, real in load_fitted(folder, train, task, card.size or _MEAN_SIZE, "stretch"))
    colored = card.output.channels == 3 or card.output_coding.kind == "classes"  # classes are compared as colours
    return np.repeat(mean[..., None], 3, axis=2) if mean.ndim == 2 and colored else mean


_SUMMARY, _LINES = "summary.json", "scores.jsonl"


def evaluate_into(
    dest: Path,
    model_path: Path,
    pairs: Path,
    *,
    asked: EvaluationRequest = EvaluationRequest(),
    device: torch.device | None = None,
    report: Reporter = QUIET,
) -> Scores:
    """Evaluate and write scores and pictures to DEST; the same call again gives the same files.

    Raises UsageError if DEST has scores of another model, split or setting.
    """
    recipe = {
        "model": load_model(model_path).digest,
        "pairs": str(pairs),
        "split": asked.split,
        **asked.how.to_json(),
        "variants": asked.variants,
        "segmenter": load_model(asked.segmenter).digest if asked.segmenter else None,
    }
    lines: list[dict[str, Any]] = []
    with Destination(dest, marker=_SUMMARY, recipe=recipe) as destination:
        if destination.exists and read_json(dest / _SUMMARY)["of"] != recipe:
            raise UsageError(
                dest,
                "contains scores of another model, split or setting",
                "Choose another destination.",
                code="other-settings",
            )

        destination.remove_unrecorded()

        def keep(scored: PairScores, card: ModelCard) -> None:
            file = f"{scored.name}.png"
            picture = side_by_side(card, scored.input, scored.fake, scored.real)
            write_png(destination.path(file), picture, durable=False)
            destination.record(file, {})
            lines.append({**scored.line, "picture": file})

        scores = evaluate(model_path, pairs, asked=asked, device=device, report=report, each=keep)
        for file in destination.done.keys() - {line["picture"] for line in lines}:
            destination.forget(file)  # of a pair that was removed after an interrupted call

        def write_record(folder: Path) -> None:
            write_lines(folder / _LINES, lines)
            write_json(folder / _SUMMARY, {"of": recipe, "scores": scores.to_json()})

        destination.commit(write_record)
    return scores
