"""Finds flat areas of a colour that is only near to a class's: in a picture that blends nothing it means another class.

Nothing here may know files, classes or palettes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import Color
from p2p_datatools.contract.pictures.images import Photo

_LEAST = 0.001  # of a picture's pixels


_FEW = 9  # pixels with neighbours of the same colour all around


# A picture that was JPEG has more: the real facades have 4,000 to 19,000 of 131,072 pixels, and a drawn one of 96 x 64
# pixels of five classes has hundreds.
_MOST_COLORS = 64


_WORN = 12.0  # distance in RGB; flat areas of real JPEG facades are up to 1.5 from their colour, of quality 20 up to 8


class FlatArea(NamedTuple):
    """A colour that is flat somewhere, in how many `pixels`, the first of them, and its distance from a class's."""

    color: Color
    pixels: int
    x: int
    y: int
    distance: float


def find_inexact(picture: Photo, inexact: NDArray[np.bool_], nearest: Photo) -> list[FlatArea]:
    """The colours of flat areas of `inexact` pixels, the largest first.

    `nearest` has the colours that they would go to. In a picture that was JPEG once, flat areas lie a little beside
    their colour, so there only those count that lie farther from it.
    """
    inner = (slice(1, -1), slice(1, -1))
    flat = np.zeros(inexact.shape, dtype=bool)
    codes = _codes(picture)
    flat[inner] = inexact[inner]
    height, width = codes.shape
    for down in range(3):
        for right in range(3):
            beside = codes[down : down + height - 2, right : right + width - 2]
            flat[inner] &= beside == codes[inner]
    found, first, counts = np.unique(codes[flat], return_index=True, return_counts=True)
    places = np.flatnonzero(flat.ravel())[first]
    areas = []
    was_jpeg = None
    for code, place, count in sorted(zip(found, places, counts, strict=True), key=lambda each: -int(each[2])):
        if count < max(_FEW, _LEAST * codes.size):
            break
        was_jpeg = _are_many(codes) if was_jpeg is None else was_jpeg
        y, x = divmod(int(place), width)
        away = float(np.linalg.norm(picture[y, x].astype(int) - nearest[y, x].astype(int)))
        if not was_jpeg or away > _WORN:
            color = (int(code) >> 16, int(code) >> 8 & 255, int(code) & 255)
            areas.append(FlatArea(color, int(count), x, y, away))
    return areas


def has_many_colors(picture: Photo) -> bool:
    """Whether a colour-coded picture has so many colours that it was a JPEG, resized, or drawn with soft edges."""
    return _are_many(_codes(picture))


def _are_many(codes: NDArray[np.uint32]) -> bool:
    return len(np.unique(codes)) > _MOST_COLORS


def _codes(picture: Photo) -> NDArray[np.uint32]:
    parts = picture.astype(np.uint32)
    return np.asarray(parts[..., 0] << 16 | parts[..., 1] << 8 | parts[..., 2])
