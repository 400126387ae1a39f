"""Finds pictures with equal pixels among many, of which only hashes are held.

Nothing here may read a picture, or decide whether a repetition is wrong.
"""

from collections.abc import Iterator


class Repeats:
    """Which of many pictures, known by their numbers, have the same hash."""

    def __init__(self) -> None:
        # The number of the first of each hash, and all numbers of those that are repeated.
        self._first: dict[bytes, int] = {}
        self._same: dict[int, list[int]] = {}

    def add(self, number: int, digest: str) -> None:
        """Note the hash, in hex, of the picture `number`; none is noted for an empty one."""
        if digest and (first := self._first.setdefault(bytes.fromhex(digest), number)) != number:
            self._same.setdefault(first, [first]).append(number)

    def groups(self) -> Iterator[list[int]]:
        """The numbers of pictures that are equal, in the order of the first of each group."""
        yield from self._same.values()
