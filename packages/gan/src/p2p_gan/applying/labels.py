"""The classes in a model's masks, whether the network has them as classes or painted in colours.

Nothing here may read files; a mask that came out in blended colours counts as the nearest classes.
"""

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.deep import Array
from p2p_datatools.contract.images import LabelMap, Photo, indices_of_colors
from p2p_datatools.contract.palette import IGNORE, IGNORE_COLOR
from p2p_gan.applying.agreement import nearest_classes
from p2p_gan.data.values import Kind
from p2p_gan.models.model import ModelCard


def labels_of_output(pixels: Array, card: ModelCard) -> LabelMap:
    """The class indices (height, width) of a mask that the model gave, or of the real one, 255 where ignored."""
    if card.output_coding.kind == "classes" or card.palette is None:
        return pixels
    colors = _in_three(pixels)
    known, outside = indices_of_colors(colors, card.palette)
    return np.where(outside, nearest_classes(colors, card.palette), known)


def labels_of_input(pixels: Array, card: ModelCard) -> LabelMap:
    """The class indices (height, width) of a mask that the model is given, 255 where ignored."""
    if card.input_coding.kind == "classes" or card.palette is None:
        return pixels
    return indices_of_colors(_in_three(pixels), card.palette)[0]


def counted(given: Array, real: Array, card: ModelCard) -> NDArray[np.bool_] | None:
    """Where (height, width) no mask of the pair, given or real, says that the pixel is ignored; None: nowhere."""
    if card.palette is None:
        return None
    halves = ((given, card.input, card.input_coding), (real, card.output, card.output_coding))
    ignored = [_ignored(pixels, coding.kind) for pixels, half, coding in halves if half.kind == "mask"]
    return ~np.logical_or.reduce(ignored) if any(each.any() for each in ignored) else None


def _ignored(pixels: Array, kind: Kind) -> NDArray[np.bool_]:
    found = pixels == IGNORE if kind == "classes" else (_in_three(pixels) == np.array(IGNORE_COLOR)).all(axis=2)
    return np.asarray(found)


def _in_three(pixels: Array) -> Photo:
    """Colours (height, width, 3): a mask whose palette is grey has one channel."""
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
