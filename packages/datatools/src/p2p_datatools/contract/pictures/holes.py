"""Tells whether the zeros of pictures are holes, as depth cameras and laser scanners write where they measured nothing.

Nothing here may take a zero for no data: it is asked about, for a zero may as well be a measurement.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.words import plural

# Holes are more than single pixels, and the other values begin far from 0: by a hundredth of the largest, and by many
# of the steps that lie between two values. Few values are those of a drawing, whose steps tell nothing.
_SHARE, _FROM, _STEPS, _FEWEST = 0.001, 0.01, 32, 64

HOLES_TO_DO = "If they mean that nothing was measured, pair into a new folder with --nodata 0; else leave them."


def lowest_beside_holes(values: NDArray[Any]) -> float | None:
    """The lowest value but 0 where zeros lie apart from all others; 0 where zeros do not, None where there are none.

    Nothing is told, None, of pictures of 8 bits, in which black is a colour, and of those with values below 0.
    """
    if values.dtype.itemsize == 1 or not values.size or values.min() != 0:
        return None
    others = values[values != 0]
    if not others.size or others.size == values.size:
        return None
    low, high = others.min(), others.max()
    if others.size > (1 - _SHARE) * values.size or low < _FROM * high:
        return 0.0
    found = np.unique(others)
    apart = len(found) >= _FEWEST and low >= _STEPS * float(np.median(np.diff(found)))
    return float(low) if apart else 0.0


class HoleCheck:
    """What the zeros of many pictures tell, of which none is kept."""

    def __init__(self) -> None:
        self._apart, self._beside, self._lowest = 0, 0, float("inf")

    def add(self, lowest: float | None) -> None:
        """Note what `lowest_beside_holes` told of a picture."""
        if lowest:
            self._apart += 1
            self._lowest = min(self._lowest, lowest)
        elif lowest is not None:
            self._beside += 1

    def describe(self) -> str | None:
        """In how many pictures zeros are holes by their look, in words; None where one has zeros among its values."""
        if not self._apart or self._beside:
            return None
        were = plural(self._apart, "picture has", "pictures have")
        return f"{were} zeros apart from all other values, which begin at {self._lowest:g}"
