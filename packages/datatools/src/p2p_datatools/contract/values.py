"""What numpy's own functions give, in the way in which it is fast.

Nothing here may know what values mean, or give other bits than the function it stands for.
"""

from functools import reduce
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 16  # values that are counted at a time
_Value = TypeVar("_Value", bound=np.generic)


def find_distinct(values: NDArray[_Value]) -> NDArray[_Value]:
    """The values that there are, once each and in their order, as `np.unique` gives them.

    Of whole numbers numpy makes a hash table since 2.3, which takes some 20 times as long as sorting them where many
    differ (benchmarks/values.py).
    """
    if values.dtype.kind not in "iu":
        return np.asarray(np.unique(values))
    if values.dtype == np.uint8:
        return np.flatnonzero(_count_bytes(values.ravel())).astype(values.dtype)
    ordered = np.sort(values, axis=None)
    return np.asarray(ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]])


def _count_bytes(values: NDArray[Any]) -> NDArray[np.int64]:
    """How many there are of each, (256,): numpy widens what it counts to 64 bits, and so is handed a little at once."""
    counts = np.zeros(256, np.int64)
    for start in range(0, values.size, _BLOCK):
        counts += np.bincount(values[start : start + _BLOCK], minlength=256)
    return counts


def reduce_channels(operation: np.ufunc, pixels: NDArray[Any]) -> NDArray[Any]:
    """An operation over the channels, (height, width, channels) to (height, width), as `operation.reduce(axis=2)`.

    Plane by plane it takes a tenth of the time or less; of one channel it is a view of it. Sums stay in the type of the
    pixels, which `add.reduce` widens: 8 bits have to be cast before.
    """
    return np.asarray(reduce(operation, np.moveaxis(pixels, 2, 0)))
