"""Tells lines of YOLO that have a box before their points from outlines: those of key points look the same otherwise.

Nothing here may read a file; all lines of a data set decide, for one alone may be either.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.words import plural

_BOX = 4  # numbers: centre, width and height
_BEYOND = 0.02  # by which a point may lie outside its box: both were rounded
_CLOSE = 1.5  # times as wide as its points: no outline without a dent, read as a box and points, has such a box
_LOOSE = 3.0  # as a face is, of which the points are eyes, nose and mouth
_ENOUGH = 3  # lines of one length that are not an accident


@dataclass
class LineTally:
    """The lines of more than four numbers: how many, and how many are a box with points in it, close or loosely."""

    lines: int = 0
    close: int = 0
    loose: int = 0
    lengths: set[int] = field(default_factory=set)

    def add(self, values: NDArray[np.float64]) -> None:
        """Count a line, of which `values` are the numbers after the class."""
        if len(values) <= _BOX or not np.isfinite(values).all():
            return
        slack = _slack_of_pairs(values[:_BOX], values[_BOX:])
        is_seen = _has_seen_points(values[:_BOX], values[_BOX:])
        self.lines += 1
        self.close += slack <= _CLOSE or is_seen
        self.loose += slack <= _LOOSE or is_seen
        self.lengths.add(len(values))

    def refuse_boxes(self, folder: Path) -> None:
        """Raise P2PError where all lines have a box before their points."""
        alike = len(self.lengths) == 1 and self.lines >= _ENOUGH and self.loose == self.lines
        if self.lines and (self.close == self.lines or alike):
            what = f"has {plural(self.lines, 'line')} of a box and points within it, as of key points, not of outlines"
            to_do = (
                "Give labels of outlines or boxes. If the points are outlines, take the four numbers of the box out of "
                "each line."
            )
            raise P2PError(folder, what, to_do, code="keypoints")


def _slack_of_pairs(box: NDArray[np.float64], rest: NDArray[np.float64]) -> float:
    if len(rest) % 2 or len(rest) <= _BOX:  # two points may lie anyhow
        return math.inf
    return _slack(box, rest.reshape(-1, 2))


def _has_seen_points(box: NDArray[np.float64], rest: NDArray[np.float64]) -> bool:
    """Whether x and y of points in the box follow, each with 0, 1 or 2 for whether it is seen."""
    if len(rest) % 3 or not np.isin(rest[2::3], (0, 1, 2)).all():
        return False
    return _slack(box, rest.reshape(-1, 3)[:, :2]) < math.inf


def _slack(box: NDArray[np.float64], points: NDArray[np.float64]) -> float:
    """How many times as wide or high as its points a box is; infinite where one lies outside. (0, 0) is none."""
    centre, size, known = box[:2], box[2:], points[points.any(axis=1)]
    if not len(known) or (np.abs(known - centre) > size / 2 + _BEYOND).any():
        return math.inf
    return float((size / np.maximum(np.ptp(known, axis=0), _BEYOND)).max())
