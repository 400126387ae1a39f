"""Tells what values mean that lie apart from all others: zeros of a depth camera, negative numbers saved as unsigned.

Nothing here may take a value for no data or change it: it is asked about, for it may as well be a measurement.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.values import find_distinct
from p2p_datatools.contract.words import plural

# Holes are more than single pixels, and the other values begin far from 0: by a hundredth of the largest, and by many
# of the steps that lie between two values. Few values are those of a drawing, whose steps tell nothing.
_SHARE, _FROM, _STEPS, _FEWEST = 0.001, 0.01, 32, 64

HOLES_TO_DO = "If they mean that nothing was measured, pair into a new folder with --nodata 0; else leave them."

_UNSIGNED = ("uint16", "uint32")
# The middle half of what the type holds is empty, and at both ends are more than single values and pixels.
_FIRST, _LAST, _FEWEST_ENDS = 0.25, 0.75, 8

WRAPPED_TO_DO = (
    "Negative numbers look so when they are saved as unsigned ones, of which -1 is the largest. If they are, save them "
    "as signed numbers (int16 in TIFF or NPY), or add what makes the smallest 0."
)

Ends = tuple[float, float] | tuple[()]


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
    found = find_distinct(others)
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


def ends_apart(values: NDArray[Any]) -> Ends | None:
    """The largest value of the lower end and the smallest of the upper one, between which a picture has none.

    Empty where it has some between; None where it has but one end, or another type than unsigned of more than 8 bits.
    """
    if values.dtype.name not in _UNSIGNED or not values.size:
        return None
    most = float(np.iinfo(values.dtype).max)
    if values.max() < _FIRST * most:
        return None
    low, high = values < _FIRST * most, values > _LAST * most
    parts = values[low], values[high]
    if parts[0].size + parts[1].size < values.size:
        return ()
    if any(part.size < _SHARE * values.size or len(find_distinct(part)) < _FEWEST_ENDS for part in parts):
        return None
    return float(parts[0].max()), float(parts[1].min())


class WrapCheck:
    """What the ends of many pictures tell, of which none is kept."""

    def __init__(self) -> None:
        self._count, self._is_clear = 0, True
        self._low, self._high = 0.0, float("inf")

    def add(self, ends: Ends | None) -> None:
        """Note what `ends_apart` told of a picture."""
        if ends:
            self._count += 1
            self._low, self._high = max(self._low, ends[0]), min(self._high, ends[1])
        elif ends is not None:
            self._is_clear = False

    def describe(self) -> str | None:
        """In how many pictures the ends lie apart, in words; None where one has values between."""
        if not self._count or not self._is_clear:
            return None
        were = plural(self._count, "picture has", "pictures have")
        return f"{were} values up to {self._low:g} and from {self._high:g} on, and none between"
