"""The agreement of two masks pixel by pixel: accuracy and intersection over union for each class.

Nothing here may score photos or know where a mask is from; ignored pixels are not counted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pairs.mask_halves import ignored_pixels
from p2p_datatools.contract.palette import IGNORE
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, as_rgb, indices_of_colors
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.values import find_distinct
from p2p_gan.data.coding import Kind
from p2p_gan.evaluation.packed import Sparse, add_sparse, to_sparse
from p2p_gan.inference.segmentation import nearest_classes
from p2p_gan.models.card import ModelCard


@dataclass(frozen=True)
class ClassIoU:
    """One class over all pictures: IoU, the share of its pixels that were found, and the number of pictures with it."""

    iou: float
    accuracy: float
    pictures: int


@dataclass(frozen=True)
class Agreement:
    """The numbers of the paper's FCN-score (section 4.1): per-pixel accuracy, per-class accuracy, class IoU.

    Means are over the classes that occur in the true masks. IoU is computed over the pixels of all pictures together,
    as in the Cityscapes benchmark.
    """

    pixel_accuracy: float
    class_accuracy: float
    mean_iou: float
    classes: dict[str, ClassIoU]


class Confusion:
    """Counts pixels by true class (row) and found class (column), and pictures by class."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.counts: NDArray[np.int64] = np.zeros((len(names), len(names)), dtype=np.int64)
        self.pictures: NDArray[np.int64] = np.zeros(len(names), dtype=np.int64)

    def add(self, truth: LabelMap, found: LabelMap) -> "Confusion":
        """Count one picture's masks (height, width); returns the counts of this picture alone."""
        own = Confusion(self.names)
        counted = (truth != IGNORE) & (found != IGNORE)
        number = len(self.names)
        codes = truth[counted].astype(np.int64) * number + found[counted]
        own.include(to_sparse(np.bincount(codes, minlength=number**2)))
        self.include(own.to_json())
        return own

    def to_json(self) -> list[list[int]]:
        """The counts that are not 0."""
        return to_sparse(self.counts)

    def include(self, picture: Sparse) -> None:
        """Add the counts of one picture, as `to_json` gives them."""
        add_sparse(self.counts, picture)
        self.pictures[find_distinct(np.asarray(picture[0], dtype=np.int64) // len(self.names))] += 1

    def result(self) -> Agreement:
        """The agreement of all masks that were counted."""
        right, true, found = np.diag(self.counts), self.counts.sum(axis=1), self.counts.sum(axis=0)
        classes = {
            name: ClassIoU(
                iou=float(right[index] / (true[index] + found[index] - right[index])),
                accuracy=float(right[index] / true[index]),
                pictures=int(self.pictures[index]),
            )
            for index, name in enumerate(self.names)
            if true[index]
        }
        if not classes:
            return Agreement(0.0, 0.0, 0.0, {})
        return Agreement(
            pixel_accuracy=float(right.sum() / true.sum()),
            class_accuracy=float(np.mean([each.accuracy for each in classes.values()])),
            mean_iou=float(np.mean([each.iou for each in classes.values()])),
            classes=classes,
        )

    def rows(self) -> dict[str, dict[str, Any]]:
        """For each class its true pixels and its IoU, for a picture's line in scores.jsonl."""
        agreement, true = self.result(), self.counts.sum(axis=1)
        return {
            name: {"pixels": int(true[self.names.index(name)]), "iou": each.iou}
            for name, each in agreement.classes.items()
        }


def labels_of_output(pixels: Array, card: ModelCard) -> LabelMap:
    """The class indices (height, width) of a mask that the model generated, or of the real one, 255 where ignored."""
    if card.output_coding.kind == "classes" or card.palette is None:
        return pixels
    colors = as_rgb(pixels)
    known, outside = indices_of_colors(colors, card.palette)
    return np.where(outside, nearest_classes(colors, card.palette), known)


def labels_of_input(pixels: Array, card: ModelCard) -> LabelMap:
    """The class indices (height, width) of a mask that is the model's input, 255 where ignored."""
    if card.input_coding.kind == "classes" or card.palette is None:
        return pixels
    return indices_of_colors(pixels, card.palette)[0]


def counted_pixels(picture: Array, real: Array, card: ModelCard, gaps: Gaps | None = None) -> NDArray[np.bool_] | None:
    """The pixels (height, width) that no mask of the pair, input or real, marks as ignored; None if none is ignored.

    Those in `gaps`, where a half has no data, do not count either.
    """
    ignored = [] if gaps is None else [gaps]
    if card.palette is not None:
        halves = ((picture, card.input, card.input_coding), (real, card.output, card.output_coding))
        ignored += [_find_ignored(pixels, coding.kind) for pixels, half, coding in halves if half.kind == "mask"]
    return ~np.logical_or.reduce(ignored) if any(each.any() for each in ignored) else None


def without_gaps(labels: LabelMap, gaps: Gaps | None) -> LabelMap:
    """Class indices (height, width) that are ignored in `gaps`, where a half has no data."""
    return labels if gaps is None else np.where(gaps, np.uint8(IGNORE), labels)


def _find_ignored(pixels: Array, kind: Kind) -> NDArray[np.bool_]:
    if kind == "classes":
        return np.asarray(pixels == IGNORE)
    return ignored_pixels(pixels)
