"""Whether red and blue are exchanged in one half of pairs, as OpenCV writes and reads them unless told otherwise.

Nothing here may say which of the halves it is, or judge halves whose colours have nothing to do with each other.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.words import plural

_Floats = NDArray[np.float32]

_ENOUGH = 8  # pairs that have colours
_SIDE = 32  # pixels of a side at which colours are compared
_COLOURED = 3.0  # of 255, by which red less blue varies at least where a half is equally bright
_BRIGHT, _TURNED, _NEARLY_ALL = 0.8, -0.7, 0.9


class ColourFit(NamedTuple):
    """The correlations between the halves of a pair: of their brightness, and of red less blue beside that."""

    bright: float
    warm: float


def compare_colours(a: NDArray[np.generic], b: NDArray[np.generic]) -> ColourFit | None:
    """How the colours of two halves (height, width, 3) of 8 bits go together; None where either has hardly any.

    What brightness alone explains is none: sepia is red where it is bright, and outdoors what is bright is blue.
    """
    if any(half.dtype != np.uint8 or half.shape[2:] != (3,) for half in (a, b)):
        return None
    bytes_of = (half.astype(np.uint8, copy=False) for half in (a, b))
    small = [cv2.resize(half, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) for half in bytes_of]
    bright = [_centre(half.mean(axis=2)) for half in small]
    warm = [_leave(_centre(half[..., 0] - half[..., 2]), light) for half, light in zip(small, bright, strict=True)]
    if min(float(half.std()) for half in warm) < _COLOURED:
        return None
    return ColourFit(_correlate(*bright), _correlate(*warm))


def _centre(values: _Floats) -> _Floats:
    return np.asarray(values - values.mean(), np.float32)


def _leave(values: _Floats, explained: _Floats) -> _Floats:
    """What is left of values without their share of others; both are around 0."""
    scale = float((explained * explained).sum())
    return values - explained * (float((values * explained).sum()) / scale) if scale else values


def _correlate(one: _Floats, other: _Floats) -> float:
    scale = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / scale if scale else 0.0


class ColourCheck:
    """How the colours of the halves of pairs go together."""

    def __init__(self, folder: Path, names: tuple[str, str]) -> None:
        self._folder, self._names, self._found = folder, names, list[ColourFit]()

    def add(self, fit: ColourFit | None) -> None:
        """Note what was seen of a pair."""
        if fit:
            self._found.append(fit)

    def findings(self) -> Iterator[Finding]:
        """That nearly all pairs are as bright in the same places, and red in the one where the other is blue."""
        turned = sum(fit.bright > _BRIGHT and fit.warm < _TURNED for fit in self._found)
        if len(self._found) < _ENOUGH or turned < _NEARLY_ALL * len(self._found):
            return
        a, b = self._names
        what = f"in {turned} of {plural(len(self._found), 'pair')} with colours {a} is red where {b} is blue, and blue "
        what += "where that is red, though both are bright in the same places"
        to_do = "Were the channels of one written as blue, green, red, as OpenCV does? Write that half again."
        yield Finding(str(self._folder), what, to_do, "channels-exchanged", "warning", figure=turned)
