"""Measures bars of one colour in one picture: in its middle, as programs draw them between two pictures, and around.

Nothing here may know other pictures, or decide whether a bar was drawn or belongs to what is shown.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# In brightness, since JPEG blurs colours over several columns, and brightness hardly.
_SAME = 24  # of 255: how far pixels of a bar lie from its brightness
_NEARLY_ALL = 0.95  # of the pixels of a column or row
_WIDEST = 0.25  # of a picture, on each side of its middle and at each edge
_LEAST = 16  # pixels of each side of a half, below which columns of one colour tell nothing


class SeamBars(NamedTuple):
    """Columns and rows of one colour: on both sides of the middle, and at the edges, where they have that colour, too.

    `left` and `right` are in half columns, since the middle of a picture of odd width is that of a column: a bar of
    three columns there reaches three of these to each side. All are 0 without a bar.
    """

    left: int = 0
    right: int = 0
    at_left: int = 0
    at_right: int = 0
    at_top: int = 0
    at_bottom: int = 0


NO_BARS = SeamBars()


def measure_bars(picture: NDArray[np.uint8]) -> SeamBars:
    """The bars of a picture (height, width, 3) whose middle columns have one colour; none in any other."""
    if min(len(picture), picture.shape[1] // 2) < _LEAST:
        return NO_BARS
    rows = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    columns, (height, width) = rows.T, rows.shape
    first, behind = (width - 1) // 2, width // 2  # of the columns in the middle, which are one where the width is odd
    grey = float(np.median(columns[first]))
    if not (_is_bar(columns[first], grey) and _is_bar(columns[behind], grey)):
        return NO_BARS
    is_odd = first == behind
    left = 2 * _run(columns[: first + (not is_odd)][::-1], grey, width) + is_odd
    right = 2 * _run(columns[behind + is_odd :], grey, width) + is_odd
    at_edges = (_run(columns, grey, width), _run(columns[::-1], grey, width))
    return SeamBars(left, right, *at_edges, _run(rows, grey, height), _run(rows[::-1], grey, height))


def _run(lines: NDArray[np.uint8], grey: float, length: int) -> int:
    """How many lines from the first on are as bright, up to a part of the picture's `length`."""
    most = min(len(lines), int(length * _WIDEST))
    return next((place for place in range(most) if not _is_bar(lines[place], grey)), most)


def _is_bar(line: NDArray[np.uint8], grey: float) -> bool:
    return bool((np.abs(line - grey) <= _SAME).mean() >= _NEARLY_ALL)
