"""What the records of pairs add up to in many weightings at once, and every score of each weighting.

Nothing here may draw a weight or decide what a weighting is for; the memory does not grow with the number of records.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_gan.evaluation.cells import CELLS, spread_over_pictures
from p2p_gan.evaluation.mask_agreement import Confusion
from p2p_gan.evaluation.metrics import METRICS, LabHistograms
from p2p_gan.evaluation.packed import text_to_floats
from p2p_gan.evaluation.pair_scores import PairRecord, generates_colors, mean_key
from p2p_gan.models.card import ModelCard

Sums = NDArray[np.float64]
AGREEMENTS = ("agreement", "judged", "judged_real")
# Scores of a picture's line that are not metrics, and what they are called among the scores.
_LINE = {
    "sharpness": "sharpness.model",
    "sharpness_real": "sharpness.real",
    "sharpness_mean": "sharpness.mean_picture",
    "pairwise_l1": "diversity.pairwise_l1",
    "pixel_std": "diversity.pixel_std",
}


def picture_scores(line: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The scores of one pair whose means are scores of the set, by the name that these have in `WeightedTotals`."""
    for name in METRICS:
        yield name, line[name]
        if mean_key(name) in line:
            yield mean_key(name), line[mean_key(name)]
    yield from ((score, line[name]) for name, score in _LINE.items() if name in line)
    yield from ((f"distances.{name}", value) for name, value in line.get("distances", {}).items())
    yield from ((f"color_error.{name}", error) for name, error in line.get("color_error", {}).items())


class WeightedTotals:
    """The sums of the records of one model's pairs, each with its weight in every one of `ways` weightings."""

    def __init__(self, card: ModelCard, ways: int) -> None:
        self._ways = ways
        self._names = card.palette.names if card.palette else ()
        self._rows: dict[str, Sums] = {}  # (2, ways): weighted values, weights
        self._pixels: dict[str, Sums] = {}  # (3, classes, ways): found rightly, true, found
        self._generates_colors = generates_colors(card)
        self._colors: Sums | None = None  # (2, bins, ways): generated, real
        self._cells: Sums | None = None  # (2, 3, cells, ways): generated, real; weights, values, squares

    def add(self, record: PairRecord, weights: Sums) -> None:
        """Add a record with its weight (ways) in each weighting."""
        for name, value in picture_scores(record.line):
            sums = self._rows.setdefault(name, np.zeros((2, self._ways)))
            sums[0] += value * weights
            sums[1] += weights
        for kind in AGREEMENTS:
            if kind in record.counts:
                self._add_pixels(kind, record.counts[kind], weights)
        if self._generates_colors:
            self._add_colors(record.counts["colors"], weights)
        if "cells" in record.counts:
            self._add_cells(record.counts["cells"], weights)

    def _add_pixels(self, kind: str, counts: Any, weights: Sums) -> None:
        confusion = Confusion(self._names)
        confusion.include(counts)
        own = np.stack([np.diag(confusion.counts), confusion.counts.sum(axis=1), confusion.counts.sum(axis=0)])
        sums = self._pixels.setdefault(kind, np.zeros((*own.shape, self._ways)))
        for part, index in zip(*np.nonzero(own), strict=True):
            sums[part, index] += own[part, index] * weights

    def _add_colors(self, colors: Any, weights: Sums) -> None:
        for side, picture in enumerate(colors):
            histograms = LabHistograms()
            histograms.include(picture)
            counts = np.concatenate(list(histograms.counts.values()))
            if self._colors is None:
                self._colors = np.zeros((2, len(counts), self._ways))
            places = np.flatnonzero(counts)
            self._colors[side, places] += counts[places, None] * weights

    def _add_cells(self, cells: Any, weights: Sums) -> None:
        for side, text in enumerate(cells):
            values = text_to_floats(text).reshape(CELLS * CELLS, -1).reshape(-1, 1)
            if self._cells is None:
                self._cells = np.zeros((2, 3, len(values), self._ways))
            known = ~np.isnan(values)
            values = np.where(known, values, 0)
            for sums, each in zip(self._cells[side], (known, values, values**2), strict=True):
                sums += each * weights

    def scores(self) -> dict[str, Sums]:
        """Each score in every weighting (ways), NaN in those that have no picture with it."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found = {name: values / weights for name, (values, weights) in self._rows.items()}
            for kind, sums in self._pixels.items():
                found |= self._agreement(kind, *sums)
            if self._colors is not None:
                found |= self._overlap(self._colors)
        for name, sums in zip(
            ("variety.model", "variety.real"), () if self._cells is None else self._cells, strict=False
        ):
            found[name] = spread_over_pictures(*sums)
        return found

    def _agreement(self, kind: str, right: Sums, true: Sums, predicted: Sums) -> dict[str, Sums]:
        occurs = true > 0
        iou, accuracy = (np.where(occurs, right / whole, np.nan) for whole in (true + predicted - right, true))
        counted = occurs.sum(axis=0)
        found = {f"{kind}.pixel_accuracy": right.sum(axis=0) / true.sum(axis=0)}
        for name, each in (("class_accuracy", accuracy), ("mean_iou", iou)):
            found[f"{kind}.{name}"] = np.nansum(each, axis=0) / counted
        for index in np.flatnonzero(occurs.any(axis=1)):
            found[f"{kind}.classes.{self._names[index]}.iou"] = iou[index]
            found[f"{kind}.classes.{self._names[index]}.accuracy"] = accuracy[index]
        return found

    def _overlap(self, colors: Sums) -> dict[str, Sums]:
        found, start = {}, 0
        for name, counts in LabHistograms().counts.items():
            fake, real = colors[:, start : start + len(counts)]
            start += len(counts)
            shared = np.minimum(fake / fake.sum(axis=0), real / real.sum(axis=0)).sum(axis=0)
            found[f"histograms.{name}"] = shared
        return found
