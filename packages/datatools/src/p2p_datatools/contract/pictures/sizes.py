"""Sizes of pictures as text and numbers, and the names of the ways to reach them.

Nothing here may import a picture library: the command line and the config read this room before any work begins.
"""

from typing import Literal, NamedTuple, get_args

from p2p_datatools.contract.errors import UsageError

Fit = Literal["stretch", "crop", "pad"]
"""How a picture is brought to a size of another shape."""


FITS: tuple[Fit, ...] = get_args(Fit)
TrainFit = Literal["stretch", "crop", "pad", "keep"]  # keep: each picture keeps its shape, in training only
TRAIN_FITS: tuple[TrainFit, ...] = get_args(TrainFit)
Exact = bool | tuple[bool, ...]
"""Whether a picture's values may not be blended when it is resized: of all its channels, or of each."""


_FEWEST = 16  # pixels of a side, below which too many shapes differ by less than one
_LARGEST_FACTOR = 16
_MOST_DIGITS = 9  # of the side of a picture; a longer number is rejected


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def is_same_shape(one: Size, other: Size) -> bool:
    """Whether two sizes can be those of one picture: equal, or scaled, with what rounding to whole pixels leaves.

    That is, one is the other by a whole factor, its sides rounded up or down where they have as many pixels as that;
    or, if no side is under 16 pixels, each side is off by at most one pixel, or one size scaled so that the longer side
    fits is off by less than a pixel of the smaller picture in the other side.
    """
    small, large = sorted((one, other), key=lambda size: size.width * size.height)
    if one == other or min(small) < 1:
        return one == other
    for factor in range(2, _LARGEST_FACTOR + 1):
        exact = all(own * factor == its for own, its in zip(small, large, strict=True))
        rounded = all(own in (its // factor, -(-its // factor)) for own, its in zip(small, large, strict=True))
        if exact or (rounded and min(small) >= factor):
            return True
    if min(small) < _FEWEST:
        return False
    longer = 0 if large.width >= large.height else 1
    off = large[1 - longer] * small[longer] / large[longer] - small[1 - longer]
    return abs(off) < 1 or all(abs(own - its) <= 1 for own, its in zip(small, large, strict=True))


def parse_size(text: str) -> Size:
    """Read `256` or `384x256` (width x height); raises UsageError."""
    parts = text.lower().split("x")
    if not 1 <= len(parts) <= 2 or not all(is_count(part.strip()) for part in parts):
        what, to_do = "is not a size", "Write N or WIDTHxHEIGHT, such as 256 or 384x256."
        raise UsageError(f"size={text}", what, to_do, code="impossible-setting")
    return Size(int(parts[0]), int(parts[-1]))


def is_count(text: str) -> bool:
    """Whether a word is a whole number from 1, possible as a side or a number of rows."""
    return text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) > 0
