"""One pair is scored: the model's outputs beside the real picture, as a record of all that the means over pairs need.

Nothing here may add up pairs or write files; a record depends on one pair, the model and the mean picture.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.pairs.halves import hash_both
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, colorize, hash_pixels, size_of
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.resize import resize_photo
from p2p_datatools.contract.progress import Note
from p2p_gan.evaluation.cells import cell_means
from p2p_gan.evaluation.features.distances import DistanceNetworks
from p2p_gan.evaluation.mask_agreement import Confusion, counted_pixels, labels_of_input, labels_of_output, without_gaps
from p2p_gan.evaluation.metrics import (
    BYTES,
    METRICS,
    LabHistograms,
    PixelMask,
    Range,
    class_color_errors,
    diversity,
    sharpness,
)
from p2p_gan.evaluation.packed import floats_to_text
from p2p_gan.evaluation.segmenter import Segmenter
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model

_SUFFIX = ".png"


@dataclass(frozen=True)
class PairRecord:
    """What was found for one pair: its own scores as the JSON line of scores.jsonl, and counts that add up over pairs.

    `pixels` is the hash of the pair as the model has it, `mean_picture` that of the mean picture, None if there is
    none. `counts` are those that are not 0, of pixels by class or by colour: `agreement`, `judged`, `judged_real`, and
    `colors` of the generated and of the real photo; beside them `cells`, of both as `cell_means` gives them, and
    `features` of both by network.
    """

    name: str
    pixels: str
    mean_picture: str | None
    line: dict[str, Any]
    counts: dict[str, Any]

    @property
    def counts_any(self) -> bool:
        """Whether a pixel of the pair counts: if not, its line has no scores, and it is in none of the set."""
        return any(name in self.line for name in METRICS)

    @property
    def files(self) -> tuple[str, ...]:
        """The file that shows it, where there is a folder for it."""
        return (f"{self.name}{_SUFFIX}",)

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON value."""
        return vars(self)


def record_from_json(value: Any, where: Path | str) -> PairRecord:
    """Read what `to_json` gave, as `where` holds it.

    Raises P2PError for a name that is not below the folder, and for anything else that is not a record.
    """
    to_do = "If it was edited, restore a copy, or delete its folder to score all pairs again."
    at = ForeignPlace(where, to_do)
    with catch_decoder(where, "is not the record of these scores", to_do):
        name = relative_name(value["name"], where, suffix=_SUFFIX)
        line, counts = at.read_table(value["line"], "line"), at.read_table(value["counts"], "counts")
        return PairRecord(name, at.read_text(value["pixels"], "pixels"), value["mean_picture"], line, counts)


@dataclass(frozen=True)
class PairScores:
    """The arrays of one pair in the model's encoding, and its scores as JSON values."""

    name: str
    input: Array
    fake: Array
    real: Array
    record: PairRecord

    @property
    def line(self) -> dict[str, Any]:
        """Its scores, as in scores.jsonl."""
        return self.record.line


class PairScorer:
    """Applies a model to the input of a pair, and compares the output with the real one.

    `mean` is the mean picture, None if there is none; 2 or more `variants` measure diversity; `judge` segments
    generated photos, and `networks` give distances and features of them.
    """

    def __init__(
        self,
        model: Model,
        how: ApplyOptions,
        *,
        variants: int,
        judge: Segmenter | None,
        networks: DistanceNetworks,
        mean: Array | None,
        note: Note,
    ) -> None:
        self._model, self._card, self._how, self._variants = model, model.card, how, variants
        self._judge, self._networks, self._mean, self._note = judge, networks, mean, note
        self._range: Range = BYTES if model.card.output_coding.kind == "classes" else model.card.output.range
        self.mean_picture = None if mean is None else hash_pixels(mean)

    def score(self, name: str, picture: Array, real: Array, gaps: Gaps | None = None) -> PairScores:
        """Score one pair, an input and its real output in the model's encoding, without the pixels in `gaps`.

        A pair without a pixel that counts is applied, but has no scores.
        """
        fakes = [
            apply_model(self._model, picture, self._how, variant=variant, note=self._note)
            for variant in range(1, self._variants + 1)
        ]
        fake, true = self._comparable(fakes[0]), self._comparable(real)
        where = counted_pixels(picture, real, self._card, gaps)
        signature = sign_pair(picture, real, gaps)
        if where is not None and not where.any():
            record = PairRecord(name, signature, self.mean_picture, {"name": name}, {})
            return PairScores(name, picture, fakes[0], real, record)
        line: dict[str, Any] = {"name": name, **self._compare(fake, true, where)}
        line |= self._color_errors(picture, fake, true, gaps)
        counts: dict[str, Any] = {}
        for kind, confusion in self._confusions(picture, fakes[0], real, gaps).items():
            line[kind], counts[kind] = confusion.rows(), confusion.to_json()
        if generates_colors(self._card):
            counts["colors"] = [_colors(fake, where), _colors(true, where)]
        if self._networks.digests:
            distances, counts["features"] = self._networks.describe(fake, true, where)
            line |= {"distances": distances} if distances else {}
        if self._card.output.kind != "mask":
            counts["cells"] = [floats_to_text(cell_means(each, self._range, where)) for each in (fake, true)]
        if len(fakes) > 1:
            spread = diversity([self._comparable(each) for each in fakes], self._range)
            line |= {"pairwise_l1": spread[0], "pixel_std": spread[1]}
        record = PairRecord(name, signature, self.mean_picture, line, counts)
        return PairScores(name, picture, fakes[0], real, record)

    def _compare(self, fake: Array, true: Array, where: PixelMask | None) -> dict[str, float]:
        """The metrics of the model's output, and of the mean picture."""
        found, shown = self._measure(fake, true, where), {"sharpness": fake, "sharpness_real": true}
        if self._mean is not None:
            mean = resize_photo(self._mean, size_of(true))
            found |= {mean_key(name): value for name, value in self._measure(mean, true, where).items()}
            shown[mean_key("sharpness")] = mean
        if self._card.output.kind != "mask":
            found |= {name: sharpness(picture, self._range, where) for name, picture in shown.items()}
        return found

    def _measure(self, fake: Array, true: Array, where: PixelMask | None) -> dict[str, float]:
        return {name: metric(fake, true, self._range, where) for name, metric in METRICS.items()}

    def _comparable(self, pixels: Array) -> Array:
        palette = self._card.class_palette
        return colorize(pixels, palette) if palette else pixels

    def _color_errors(self, picture: Array, fake: Array, real: Array, gaps: Gaps | None) -> dict[str, dict[str, float]]:
        palette = self._card.palette
        if palette is None or self._card.input.kind != "mask":
            return {}
        labels: LabelMap = without_gaps(labels_of_input(picture, self._card), gaps)
        errors = class_color_errors(fake, real, labels, palette.names, self._range)
        return {"color_error": errors} if errors else {}

    def _confusions(self, picture: Array, fake: Array, real: Array, gaps: Gaps | None) -> dict[str, Confusion]:
        found, palette = {}, self._card.palette
        if palette and self._card.output.kind == "mask":
            truth = without_gaps(labels_of_output(real, self._card), gaps)
            found["agreement"] = Confusion(palette.names).add(truth, labels_of_output(fake, self._card))
        if self._judge:
            found["judged"], found["judged_real"] = self._judge.judge(picture, fake, real, gaps)
        return found


def sign_pair(picture: Array, real: Array, gaps: Gaps | None) -> str:
    """The hash by which the scores of a pair are known to be of these pixels, and of these that count."""
    digest = hash_both(picture, real)
    return digest if gaps is None else f"{digest} {hash_pixels(gaps)}"


def mean_key(metric: str) -> str:
    """The name of a metric of the mean picture."""
    return f"{metric}_mean"


def generates_colors(card: ModelCard) -> bool:
    """Whether the model generates photos whose colours can be compared: uint8 RGB."""
    output = card.output
    return output.kind != "mask" and output.dtype == "uint8" and output.channels == 3


def _colors(photo: Array, where: PixelMask | None) -> dict[str, list[list[int]]]:
    histograms = LabHistograms()
    histograms.add(np.asarray(photo), where)
    return histograms.to_json()
