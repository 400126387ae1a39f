"""Finds the classes of a photo's pixels by a model that gives masks, with the model's confidence in each pixel.

Nothing here may read or write a file; a pixel's class is one of the palette, whatever a network drew.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, Photo, as_rgb, size_of
from p2p_datatools.contract.values import reduce_channels
from p2p_gan.inference.apply import ApplyOptions, fit_picture, resize_logits, translate
from p2p_gan.inference.runtimes.translator import Translator, Values
from p2p_gan.models.card import ModelCard

WITHOUT_DROPOUT = ApplyOptions(dropout=False)


@dataclass(frozen=True)
class Segmentation:
    """The `labels` of a photo, class indices (height, width), and the `confidence` in each, float32 in 0..1.

    For class logits, confidence is the probability (softmax) of the class. For a model that draws colours it is how
    much nearer the colour of the class is than the second nearest: 1 for an exact colour, 0 in the middle of two.
    Neither was calibrated: .9 says that a pixel is surer than one of .8, not that nine of ten are right.
    """

    labels: LabelMap
    confidence: Values

    def keep_sure(self, least: float) -> LabelMap:
        """The labels, 255 (ignored) where the confidence is below `least`."""
        return np.where(self.confidence < least, np.uint8(IGNORE), self.labels) if least else self.labels


def segment(translator: Translator, card: ModelCard, photo: Array) -> Segmentation:
    """The classes of a photo, as `inputs.read_input` returns it, at its own size; the card's output is a mask.

    Logits are brought to that size class by class, as in `apply.translate`, so that labels are the same.
    """
    palette, own = card.palette, size_of(photo)
    assert palette is not None, "a model without a palette has been refused"
    if translator.output.kind != "classes":
        return _by_color(translate(translator, card, photo, WITHOUT_DROPOUT), palette)
    fitted = fit_picture(card, photo, WITHOUT_DROPOUT, None)
    logits = fitted.place.of(translator.values(fitted.padded, fitted.options))
    labels = np.zeros((own.height, own.width), dtype=np.uint8)
    best = np.full(labels.shape, -np.inf, np.float32)
    total = np.zeros(labels.shape, np.float32)  # of exp(logit - best)
    for index, one in enumerate(resize_logits(logits, own)):
        higher = one > best
        top = np.maximum(best, one)
        total = total * np.exp(best - top) + np.exp(one - top)
        labels[higher], best = index, top
    return Segmentation(labels, np.asarray(1 / total, np.float32))


def _by_color(pixels: Array, palette: Palette) -> Segmentation:
    labels, nearest, second = _nearest_two(as_rgb(pixels), palette)
    if len(palette.classes) < 2:
        return Segmentation(labels, np.ones(labels.shape, np.float32))
    confidence = 1 - np.sqrt(nearest / np.maximum(second, 1))
    return Segmentation(labels, np.asarray(confidence, np.float32))


def nearest_classes(photo: Photo, palette: Palette) -> LabelMap:
    """The class with the colour nearest to that of each pixel, for masks that a network generated in colours."""
    return _nearest_two(photo, palette)[0]


def _nearest_two(photo: Photo, palette: Palette) -> tuple[LabelMap, NDArray[np.int32], NDArray[np.int32]]:
    """The nearest class, the squared distance to its colour, and that to the colour of the second nearest."""
    colors = palette.colors()[: len(palette.classes)].astype(np.int32)
    best = np.zeros(photo.shape[:2], dtype=np.uint8)
    least = np.full(photo.shape[:2], np.iinfo(np.int32).max, dtype=np.int32)
    second = least.copy()
    pixels = photo.astype(np.int32)
    for index, color in enumerate(colors):
        distance = reduce_channels(np.add, (pixels - color) ** 2)
        nearer = distance < least
        second = np.where(nearer, least, np.minimum(second, distance))
        best[nearer], least[nearer] = index, distance[nearer]
    return best, least, second
