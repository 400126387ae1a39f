"""Finds pictures with equal pixels among many, of which only hashes are held.

Nothing here may read a picture, or decide whether a repetition is wrong.
"""

from array import array
from collections.abc import Iterator

import numpy as np


class Repeats:
    """Which of many pictures, known by their numbers, have the same hash."""

    def __init__(self) -> None:
        self._digests, self._numbers = bytearray(), array("q")

    def add(self, number: int, digest: str) -> None:
        """Note the hash, in hex, of the picture `number`; none is noted for an empty one."""
        if digest:
            self._digests += bytes.fromhex(digest)
            self._numbers.append(number)

    def groups(self) -> Iterator[list[int]]:
        """The numbers of pictures that are equal, in the order of the first of each group."""
        digests = np.frombuffer(self._digests, dtype="S32")  # SHA-256
        _, which, counts = np.unique(digests, return_inverse=True, return_counts=True)
        same: dict[int, list[int]] = {}
        for place in np.flatnonzero(counts[which] > 1).tolist():
            same.setdefault(int(which[place]), []).append(self._numbers[place])
        yield from same.values()
