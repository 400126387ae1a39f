"""Arrays as JSON values of a record: float32 as text, and counts of which most are 0 as the others and their places.

Nothing here may know what the numbers are; sums of counts are exact in any order.
"""

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Sparse = Sequence[Sequence[int]]  # [places in the flat array, values]


def floats_to_text(values: NDArray[np.float32]) -> str:
    """The bytes of the values, little endian, in base64."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode("ascii")


def text_to_floats(text: str) -> NDArray[np.float32]:
    """The values, flat; raises ValueError for what is not such a text."""
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").astype(np.float32)


def to_sparse(counts: NDArray[np.int64]) -> list[list[int]]:
    """The counts that are not 0."""
    flat = counts.reshape(-1)
    places = np.flatnonzero(flat)
    return [places.tolist(), flat[places].tolist()]


def add_sparse(counts: NDArray[np.int64], sparse: Sparse) -> None:
    """Add counts to those of an array of the shape that they are from; raises IndexError or ValueError if it is not."""
    places, values = sparse
    counts.reshape(-1)[np.asarray(places, dtype=np.int64)] += np.asarray(values, dtype=np.int64)
