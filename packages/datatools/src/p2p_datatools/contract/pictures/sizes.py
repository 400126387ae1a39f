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
_MOST_DIGITS = 9  # of the side of a picture; a longer number is rejected


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def parse_size(text: str) -> Size:
    """Read `256` or `384x256` (width x height); raises UsageError."""
    parts = text.lower().split("x")
    if not 1 <= len(parts) <= 2 or not all(is_count(part.strip()) for part in parts):
        raise UsageError(
            f"size={text}",
            "is not a size",
            "Write N or WIDTHxHEIGHT, such as 256 or 384x256.",
            code="impossible-setting",
        )
    return Size(int(parts[0]), int(parts[-1]))


def is_count(text: str) -> bool:
    """Whether a word is a whole number from 1, possible as a side or a number of rows."""
    return text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) > 0
