"""Tells whether pictures that belong together have values of one scale, and whether they show anything at all.

Nothing here may read a picture or change a value; it is handed the smallest and largest of each.
"""

import math

from p2p_datatools.contract.words import plural

# How far from 0 the values of shares lie, be they from 0 or from -1 on, and those of 8 and of 12 bits, in files that
# hold more; and how many of all pictures have such values at least: a few of 16 bits may be as dark as those of 12.
_SCALES = {1.0: 0.0, 255.0: 0.0, 4095.0: 0.1}
# Of such a scale a picture has a fourth at least, and pictures of a larger one have eight times as much: what lies
# between, as heights of hills and of mountains do, is of no known scale.
_LEAST, TIMES = 0.25, 8


class ScaleCheck:
    """What the smallest and largest value of each of many pictures tell, of which none is kept."""

    def __init__(self) -> None:
        self._count = 0
        self._values: set[float] = set()  # those that are ends; of several two are kept
        self._scales = tuple(_Scale(largest, share) for largest, share in _SCALES.items())

    def add(self, picture: str, low: float, high: float) -> None:
        """Note the ends of a picture's values."""
        self._count += 1
        if len(self._values) < 2:
            self._values |= {low, high}
        for scale in self._scales if high > low else ():
            scale.add(picture, max(high, -low))

    def constant(self) -> str | None:
        """What all pictures have in common, in words, if each pixel of all has one value."""
        if len(self._values) != 1:
            return None
        return f"hold nothing but the value {min(self._values):g}, in {plural(self._count, 'picture')}"

    def mixture(self) -> str | None:
        """Which pictures are of another scale than all others, in words; None where the scales do not tell."""
        return next((said for scale in self._scales if (said := scale.describe())), None)


class _Scale:
    """How many pictures have values of a scale, and the ends of those that have larger ones."""

    def __init__(self, largest: float, share: float) -> None:
        self._largest, self._share, self._is_clear = largest, share, True
        self._small, self._first = 0, ""
        self._others, self._least, self._most = 0, math.inf, 0.0

    def add(self, picture: str, farthest: float) -> None:
        if farthest > self._largest:
            self._others += 1
            self._least, self._most = min(self._least, farthest), max(self._most, farthest)
        elif farthest > _LEAST * self._largest:
            self._small += 1
            self._first = min(self._first or picture, picture)
        else:  # of a smaller scale, or of none
            self._is_clear = False

    def describe(self) -> str | None:
        """What is mixed, in words, if anything is."""
        if not (self._is_clear and self._small and self._others and self._least > TIMES * self._largest):
            return None
        if self._small < self._share * (self._small + self._others):
            return None
        were = plural(self._small, "picture has", "pictures have")
        return (
            f"are of two scales: {were} values up to {self._largest:g} (first: {self._first}), "
            f"the other {self._others} up to {self._most:g}"
        )
