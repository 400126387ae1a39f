"""Measures captions in one picture: lines of text on plain ground that a program wrote above or below two pictures.

Nothing here may know other pictures, or decide whether a caption was drawn or belongs to what is shown.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_SAME = 24  # of 255: how far pixels of the ground lie from its brightness, in a JPEG too
_GROUND = 0.1  # of the pixels of a row in each half: small text covers up to 80% of it
_SHOWN, _NEXT = 0.5, 8  # the most ground in each of so many rows behind a caption: a page of text has more
_PLAIN = 0.995  # of the pixels of a row without text; a single digit has 1% of 256
_LOWEST = 5  # rows of text
_MOST = 0.25  # of a picture's rows
_OTHER = 0.03  # of the pixels of text: of two words that differ in one of 23 letters more do


class Captions(NamedTuple):
    """How many rows a caption has at the top and at the bottom; 0 without one."""

    above: int = 0
    below: int = 0


NO_CAPTIONS = Captions()


def measure_captions(picture: NDArray[np.uint8]) -> Captions:
    """The captions of a picture (height, width, 3): rows of one ground with text, a plain row, and what is shown."""
    if picture.shape[1] < 2 or len(picture) < 2 * _LOWEST:
        return NO_CAPTIONS
    rows = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    below = _measure(rows[::-1])
    return Captions(_measure(rows), 0 if below and _is_alike(rows[len(rows) - below :]) else below)


def has_captions(picture: NDArray[np.uint8], captions: Captions) -> bool:
    """Whether a picture (height, width, 3) has plain ground in the rows of such captions, with text or without."""
    rows = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    ends = (rows[: captions.above], rows[::-1][: captions.below])
    return all(not len(end) or bool((_share_ground(_is_ground(end)) >= _GROUND).all()) for end in ends)


def _measure(rows: NDArray[np.uint8]) -> int:
    """The rows from the first to the last plain one before what is shown; 0 where no text is among them."""
    ground = _is_ground(rows[: int(len(rows) * _MOST) + _NEXT])
    shares, plain = _share_ground(ground), ground[:-_NEXT].mean(axis=1) >= _PLAIN
    height = int(np.flatnonzero(plain)[-1]) + 1 if plain.any() else 0
    is_caption = (
        np.count_nonzero(~plain[:height]) >= _LOWEST
        and (shares[:height] >= _GROUND).all()
        and (shares[height : height + _NEXT] < _SHOWN).all()
    )
    return height if is_caption else 0


def _is_alike(strip: NDArray[np.uint8]) -> bool:
    """Whether both halves of a strip below have the same text, as that of an instrument stands in each of its pictures.

    Two halves are called by two names, if by any.
    """
    marks = np.abs(strip - float(np.median(strip)))
    text = marks > marks.max() / 2
    middle = text.shape[1] // 2
    one, other = text[:, :middle], text[:, text.shape[1] - middle :]
    return bool(np.count_nonzero(one != other) <= _OTHER * max(np.count_nonzero(one), np.count_nonzero(other)))


def _is_ground(rows: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(rows - float(np.median(rows[0]))) <= _SAME)


def _share_ground(ground: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of the ground in each row of the half that has less of it."""
    return np.asarray(np.min([half.mean(axis=1) for half in np.array_split(ground, 2, axis=1)], axis=0))
