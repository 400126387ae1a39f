"""The picture by which a browser finds out whether it computes a model as torch does, and what torch gives for it.

Nothing here may be random; `browser/check.mjs` makes the same picture.
"""

from typing import Any

import numpy as np

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference.inputs import encode_classes
from p2p_gan.inference.runtimes.torch_runtime import torch_translator
from p2p_gan.inference.runtimes.translator import PassOptions
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model

_SIDE = 256  # of a model without a size, and the largest
_SQUARE = 16  # sides of the squares, each of one class
_MOST = 0.02  # difference of a mean, of values of -1 to 1: what no rounding explains
_DIGITS = 5


def check_means(model: Model) -> dict[str, Any]:
    """The size of the picture, and the means of the blocks of torch's output, (channels, rows, columns) in a line."""
    size = Size(*(_round_down(min(side, _SIDE), model.card.unit) for side in model.card.size or Size(_SIDE, _SIDE)))
    options = PassOptions(model.card.statistics)
    values = torch_translator(model).values(check_picture(model.card, size), options)[0]
    block = next(side for side in (32, 16, 8, 4, 2, 1) if size.width % side == 0 == size.height % side)
    means = values.reshape(len(values), size.height // block, block, size.width // block, block).mean(axis=(2, 4))
    most = _MOST * max(1.0, float(np.abs(means).max()))
    rounded = [round(float(mean), _DIGITS) for mean in means.ravel()]
    return {"width": size.width, "height": size.height, "block": block, "means": rounded, "most": round(most, _DIGITS)}


def _round_down(side: int, unit: int) -> int:
    return max(unit, side // unit * unit)


def check_picture(card: ModelCard, size: Size) -> Array:
    """Squares of all classes, or of many values, as the model takes them."""
    palette = card.input_palette
    count = len(palette.classes) if palette else 256
    y, x = np.mgrid[: size.height, : size.width] // _SQUARE
    squares = ((x * 7 + y * 3) % count).astype(np.uint8)
    if palette:
        return encode_classes(squares, card)
    channels = np.arange(card.input.channels, dtype=np.uint8) * np.uint8(85)
    values = squares[..., None] * np.uint8(37) + channels
    return np.asarray(values[..., 0] if card.input.channels == 1 else values)
