"""Sets of numbers that grow together, as pictures do that are each like the next.

Nothing here may know what the numbers stand for.
"""

from collections import defaultdict
from collections.abc import Sequence


class Components:
    """Numbers in sets that can be united, each with its size and, once it is settled, the one split of its members."""

    def __init__(self, count: int, placed: Sequence[str | None] = ()) -> None:
        self._above = list(range(count))
        self._size = [1] * count
        self._splits = [frozenset({split} if split else ()) for split in placed] or [frozenset()] * count

    def top(self, number: int) -> int:
        """The member that stands for the set of a number."""
        while (higher := self._above[number]) != number:
            self._above[number] = self._above[higher]
            number = higher
        return number

    def size(self, number: int) -> int:
        """How many are in the set of a number."""
        return self._size[self.top(number)]

    def splits(self, number: int) -> frozenset[str]:
        """The splits that members of the set of a number have."""
        return self._splits[self.top(number)]

    def unite(self, one: int, other: int) -> None:
        """Make one set of two: the smaller number stands for it."""
        one, other = sorted((self.top(one), self.top(other)))
        if one != other:
            self._above[other] = one
            self._size[one] += self._size[other]
            self._splits[one] |= self._splits[other]

    def unite_all(self, numbers: Sequence[int]) -> None:
        """Make one set of those of all these numbers."""
        for number in numbers[1:]:
            self.unite(numbers[0], number)

    def sets(self) -> list[list[int]]:
        """The members of each set, in order."""
        found: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._above)):
            found[self.top(number)].append(number)
        return list(found.values())
