"""Tells soft edges: masks of black and white that have them, also of more than 8 bits, and numbers resized smoothly.

Nothing here may know classes, or decide from which grey on a pixel is of the object.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.values import reduce_channels

_LEAST_GREYS = 6  # values of a soft mask's edges; those of class numbers are whole areas
_ENDS = 48  # of 255: how far from black and white the pixels of a soft mask lie that are not on an edge
_MOST_EDGE = 0.25  # of the pixels of a soft mask; one of a car in 96 x 64 pixels, resized, has 0.1
_AREA = 0.01  # of the pixels: a value between the ends that has more is not an edge
# The share of steps between class numbers that lead to a single pixel whose number is between those beside it: at most
# 0.08 in 15 label pictures of CamVid, Cityscapes, CMP and a car set, and 0.3 to 0.7 once these were resized smoothly.
_BETWEEN, _LEAST_STEPS, _ROWS = 0.2, 100, 128
# A mask of black and white with soft edges, or saved as JPEG: how much its channels differ, and how many pixels are no
# edge.
_GREY, _MOST_ENDS = 24, 0.75
_TOPS = (1, 255, 65535)  # white, as programs write it
_BEYOND = 0.05  # of white: how far filters and networks go beyond black and white


def soft_greys(values: NDArray[Any]) -> NDArray[np.uint8] | None:
    """The greys of 8 bits of a soft mask (height, width) of 16 bits or floats, such as probabilities; else None.

    Its white is 65535, or of floats 1 or 255, too. Values have to be finite.
    """
    is_float, most = values.dtype.kind == "f", float(values.max(initial=0))
    top = next((top for top in _TOPS[0 if is_float else 2 :] if most <= top * (1 + _BEYOND)), None)
    if values.dtype == np.uint8 or top is None or most < top * (1 - _BEYOND) or values.min() < -_BEYOND * top:
        return None
    greys = np.rint(np.clip(values / np.float32(top), 0, 1) * 255).astype(np.uint8)
    return greys if is_soft(greys, np.bincount(greys.ravel(), minlength=256)) else None


def is_soft(numbers: NDArray[np.uint8 | np.uint16], counts: NDArray[np.int64]) -> bool:
    """Whether grey values are those of black and white with soft edges: several between both ends, in no whole areas.

    The `counts` are the pixels of each value of the `numbers`, (height, width).
    """
    between, pixels = counts[_ENDS : 256 - _ENDS], counts.sum()
    if len(counts) > 256 or np.count_nonzero(counts[1:255]) < _LEAST_GREYS or not between.any():
        return False
    ends = counts[:_ENDS].any() and counts[256 - _ENDS :].any()
    if not ends or between.sum() > _MOST_EDGE * pixels:
        return False
    many = np.count_nonzero(between) >= _LEAST_GREYS and between.max() <= _AREA * pixels
    return bool(many) or not _has_areas(numbers.astype(np.uint8, copy=False))


def is_black_and_white(colors: NDArray[np.uint8]) -> bool:
    """Whether nearly all pixels of colours (height, width, 3) are nearly black or nearly white, and some are either."""
    most, least = (reduce_channels(each, colors).astype(np.int16) for each in (np.maximum, np.minimum))
    black, white = most < _ENDS, least >= 256 - _ENDS
    return bool(black.any() and white.any() and ((most - least <= _GREY) & (black | white)).mean() >= _MOST_ENDS)


def is_interpolated(numbers: NDArray[np.uint8 | np.uint16]) -> bool:
    """Whether class numbers (height, width) were resized smoothly, so that edges have the numbers of other classes."""
    rows = numbers[:: max(1, len(numbers) // _ROWS)]
    left, middle, right = rows[:, :-2], rows[:, 1:-1], rows[:, 2:]
    steps = np.count_nonzero(left != middle)
    between = np.count_nonzero(((left < middle) & (middle < right)) | ((left > middle) & (middle > right)))
    return bool(steps >= _LEAST_STEPS and between > _BETWEEN * steps)


def _has_areas(numbers: NDArray[np.uint8]) -> bool:
    """Whether 3x3 pixels somewhere have one value between the ends; a straight edge has long lines of each."""
    window = np.ones((3, 3), dtype=np.uint8)
    least, most = cv2.erode(numbers, window), cv2.dilate(numbers, window)
    return bool(((least == most) & (numbers >= _ENDS) & (numbers < 256 - _ENDS)).any())
