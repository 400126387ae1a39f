"""Finds pairs whose halves were swapped: A looks as the others' B do, and B as their A.

Nothing here may know what the halves are; it knows only how the two of each pair differ.
"""

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.pictures.images import measure_saturation
from p2p_datatools.contract.values import reduce_channels
from p2p_datatools.contract.words import plural

_ENOUGH = 8  # pairs, from which on there is something usual
_SMALL, _SAMPLED = 64, 256  # pixels of a side that colours are measured in, and rows that flat areas are
_SAME = 2  # of 255: neighbours that differ by less are one flat area, in a JPEG too
# A measure counts from where the halves differ by its deviation on, and six deviations count as all. Of 176 real and
# drawn pairs of four sets the unswapped ones have 0.5 and more of the usual score, the swapped ones -0.5 and less.
_LEAST, _MOST, _SWAPPED, _MANY = 1.0, 6.0, -0.3, 0.9
# Where some differ one way and some the other, each has to differ as clearly, else the halves are of one kind.
_CLEARLY, _NEARLY_ALL, _LEAST_WAY = 0.5, 0.95, 2


def describe_half(pixels: NDArray[np.generic]) -> tuple[float, ...]:
    """Colours, contrast, saturation, edges and flat areas of a half (height, width, 3) of 8 bits; else nothing."""
    if pixels.dtype != np.uint8 or pixels.shape[2:] != (3,):
        return ()
    photo = np.ascontiguousarray(pixels)
    small = cv2.resize(photo, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rows = photo[:: max(1, len(photo) // _SAMPLED)].astype(np.int16)
    flat = float((reduce_channels(np.maximum, np.abs(np.diff(rows, axis=1))) <= _SAME).mean())
    colour = measure_saturation(np.asarray(small, np.uint8))
    edges = float(np.abs(np.diff(grey, axis=1)).mean())
    return (*map(float, small.reshape(-1, 3).mean(axis=0)), float(grey.std()), colour, edges, 100 * flat)


class SwapCheck:
    """How the halves of the pairs of a folder differ."""

    def __init__(self, names: tuple[str, str]) -> None:
        self._names, self._files, self._differences, self._sums = names, list[Path](), array("f"), array("f")

    def add(self, file: Path, a: tuple[float, ...], b: tuple[float, ...]) -> None:
        """Note what was measured of the halves of a pair."""
        if a and b:
            self._files.append(file)
            self._differences.extend(here - there for here, there in zip(a, b, strict=True))
            self._sums.extend(here + there for here, there in zip(a, b, strict=True))

    def findings(self) -> Iterator[Finding]:
        """The pairs that differ the other way round; none where the halves of the set do not differ clearly."""
        if len(self._files) < _ENOUGH:
            return
        differences = np.asarray(self._differences, dtype=np.float64).reshape(len(self._files), -1)
        scores = _scores(differences)
        swapped = np.flatnonzero(scores < _SWAPPED)
        # None are usual where as many are one as the other.
        if not len(swapped) or (scores > -_SWAPPED).mean() < _MANY:
            yield from self._two_ways(differences)
            return
        for place in swapped:
            a, b = self._names
            what = f"its halves look swapped: its {a} is as the {b} of {plural(len(scores) - 1, 'other pair')}"
            to_do = "Look at it with 'p2p data show'; swap its halves, or remove it."
            score = float(scores[place])
            yield Finding(str(self._files[place]), what, to_do, "halves-swapped", "warning", figure=score)

    def _two_ways(self, differences: NDArray[np.float64]) -> Iterator[Finding]:
        """That some pairs differ one way round and others the other, where each clearly differs one way."""
        measure = _most_even(differences)
        ways = np.where(differences[:, measure] < 0, -1.0, 1.0)
        scores = _scores(differences * ways[:, None])
        few = min((1, -1), key=lambda way: int((ways == way).sum()))
        places = np.flatnonzero(ways == few)
        if (scores >= _CLEARLY).mean() < _NEARLY_ALL or len(places) < _LEAST_WAY:
            return
        if self._are_far_apart(ways == few, np.abs(differences[:, measure]), measure):
            return
        (a, b), first = self._names, self._files[int(places[0])]
        other = self._files[int(np.flatnonzero(ways != few)[0])]
        what = f"in {len(places)} of {plural(len(ways), 'pair')} {a} looks as {b} does in the others, and {b} as {a}; "
        to_do = "Look at both with 'p2p data show'. Were they made in two ways? Swap the halves of one of them."
        folder = str(Path(os.path.commonpath([first.parent, other.parent])))
        what = f"{what}such as {first}, unlike {other}"
        yield Finding(folder, what, to_do, "halves-swapped", "warning", figure=round(len(places) / len(ways), 3))

    def _are_far_apart(self, few: NDArray[np.bool_], sizes: NDArray[np.float64], measure: int) -> bool:
        """Whether pairs that differ the other way are other pictures, such as too light ones beside too dark ones.

        Swapping leaves the sum of both halves as it is.
        """
        sums = np.asarray(self._sums, dtype=np.float64).reshape(len(few), -1)[:, measure]
        return bool(abs(np.median(sums[few]) - np.median(sums[~few])) > np.median(sizes))


def _most_even(differences: NDArray[np.float64]) -> int:
    """Which measure of the pairs (n, measures) differs most evenly, whatever way round."""
    sizes = np.abs(differences)
    middle = np.median(sizes, axis=0)
    spread = 1.4826 * np.median(np.abs(sizes - middle), axis=0) + 1e-3 + 0.02 * middle
    return int(np.argmax(middle / spread))


def _scores(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each pair (n, measures) differs in the usual direction, 1 as usual and -1 as much the other way."""
    usual = np.median(differences, axis=0)
    spread = 1.4826 * np.median(np.abs(differences - usual), axis=0) + 1e-3 + 0.02 * np.abs(usual)
    clear = np.abs(usual) / spread
    weight = np.where(clear > _LEAST, np.minimum(clear, _MOST), 0.0)
    votes = np.clip(differences / np.where(usual == 0, 1.0, usual), -1, 1) * weight
    total = votes.sum(axis=1)
    middle = float(np.median(total))
    return np.asarray(total / middle if middle > 0 else np.ones_like(total))
