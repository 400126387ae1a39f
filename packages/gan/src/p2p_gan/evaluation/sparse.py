"""Counts of which most are 0, as JSON values: the places of the others, and their values.

Nothing here may know what is counted; sums of counts are exact in any order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Sparse = Sequence[Sequence[int]]  # [places in the flat array, values]


def to_sparse(counts: NDArray[np.int64]) -> list[list[int]]:
    """The counts that are not 0."""
    flat = counts.reshape(-1)
    places = np.flatnonzero(flat)
    return [places.tolist(), flat[places].tolist()]


def add_sparse(counts: NDArray[np.int64], sparse: Sparse) -> None:
    """Add counts to those of an array of the shape that they are from; raises IndexError or ValueError if it is not."""
    places, values = sparse
    counts.reshape(-1)[np.asarray(places, dtype=np.int64)] += np.asarray(values, dtype=np.int64)
