"""Tells whether pictures that belong together have values of one scale, and whether they show anything at all.

Nothing here may read a picture or change a value; it is handed the smallest and largest of each.
"""

from p2p_datatools.contract.words import plural

_SCALES = (1.0, 255.0)  # the largest values of pictures of shares, and of 8 bits, in files that hold more
# Of such a scale a picture has a fourth at least, and pictures of a larger one have eight times as much: what lies
# between, as heights of hills and of mountains do, is of no known scale.
_LEAST, _TIMES = 0.25, 8


class ScaleCheck:
    """The smallest and largest value of each of several pictures, in the order of their adding."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[float, float]] = {}

    def add(self, picture: str, low: float, high: float) -> None:
        """Note the ends of a picture's values."""
        self._ends[picture] = low, high

    def constant(self) -> str | None:
        """What all pictures have in common, in words, if each pixel of all has one value."""
        values = {end for ends in self._ends.values() for end in ends}
        if len(values) != 1:
            return None
        return f"hold nothing but the value {values.pop():g}, in {plural(len(self._ends), 'picture')}"

    def mixture(self) -> str | None:
        """Which pictures are of another scale than all others, in words; None where the scales do not tell."""
        most = {picture: high for picture, (low, high) in self._ends.items() if low < high and low >= 0}
        for scale in _SCALES:
            small = [picture for picture, high in most.items() if _LEAST * scale < high <= scale]
            others = [high for high in most.values() if high > scale]
            if small and others and len(small) + len(others) == len(most) and min(others) > _TIMES * scale:
                were = plural(len(small), "picture has", "pictures have")
                return (
                    f"are of two scales: {were} values up to {scale:g} (first: {min(small)}), "
                    f"the other {len(others)} up to {max(others):g}"
                )
        return None
