"""Finds flat areas of a colour that is only near to a class's: in a picture that blends nothing it means another class.

Nothing here may know files, classes or palettes.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import Color, rgb_of
from p2p_datatools.contract.pictures.images import Photo, color_codes, color_of_code
from p2p_datatools.contract.values import find_distinct

_LEAST = 0.001  # of a picture's pixels
_FEW = 9  # pixels with neighbours of the same colour all around


# A picture that was JPEG has more: the real facades have 4,000 to 19,000 of 131,072 pixels, and a drawn one of 96 x 64
# pixels of five classes has hundreds.
_MOST_COLORS = 64
_WORN = 12.0  # distance in RGB; flat areas of real JPEG facades are up to 1.5 from their colour, of quality 20 up to 8
_SAMPLE = 4096  # pixels
_MOST_COMMON = 20  # colours that are told
_TRACE, _NEAR = 0.01, 32.0  # of the pixels of the colour that lies so near in RGB
_MOST_FOREIGN = 8  # colours: a softened edge between two classes has more


class FlatArea(NamedTuple):
    """A colour that is flat somewhere, in how many `pixels`, the first of them, and its distance from a class's."""

    color: Color
    pixels: int
    x: int
    y: int
    distance: float


def find_inexact(
    picture: Photo, inexact: NDArray[np.bool_], rows: NDArray[np.uint8], colors: Photo, *, worn: float | None = None
) -> list[FlatArea]:
    """The colours of flat areas of `inexact` pixels, the largest first.

    `colors` (n, 3) at the pixels' `rows` are what they would become. In a picture that was JPEG once, flat areas lie a
    little beside their colour, so there only those count that lie farther from it, and farther than `worn`, which says
    what its own JPEG does; None leaves it to the number of colours whether it was one.
    """
    places = _flat_places(picture, inexact)
    if not len(places):
        return []
    codes = _codes(picture)
    _, first, counts = np.unique(codes.ravel()[places], return_index=True, return_counts=True)
    areas: list[FlatArea] = []
    was_jpeg = None if worn is None else True
    for which in np.argsort(-counts, kind="stable"):
        if counts[which] < max(_FEW, _LEAST * codes.size):
            break
        was_jpeg = _are_many(codes) if was_jpeg is None else was_jpeg
        y, x = divmod(int(places[first[which]]), codes.shape[1])
        away = float(np.linalg.norm(picture[y, x].astype(int) - colors[rows[y, x]].astype(int)))
        if not was_jpeg or away > max(_WORN, worn or 0):
            areas.append(FlatArea(rgb_of(picture[y, x]), int(counts[which]), x, y, away))
    return areas


def find_foreign(picture: Photo, moved: NDArray[np.bool_], rows: NDArray[np.uint8], colors: Photo) -> list[FlatArea]:
    """The colours of `moved` pixels that are not a blend of two in use, where they have few: thin things, or borders.

    `rows` and `colors` are as of `find_inexact`. Edges that were softened have many colours, on the way between two.
    """
    codes, places = _codes(picture).ravel(), np.flatnonzero(moved)
    if len(find_distinct(codes[places[:: max(1, len(places) // _SAMPLE)]])) > _MOST_FOREIGN:
        return []  # as in most worn pictures, of which only some pixels need be looked at
    found, first, counts = np.unique(codes[places], return_index=True, return_counts=True)
    used = colors[find_distinct(rows[~moved])].astype(np.float64)
    if len(found) > _MOST_FOREIGN or not len(used):
        return []
    areas: list[FlatArea] = []
    for which in np.argsort(-counts, kind="stable"):
        y, x = divmod(int(places[first[which]]), picture.shape[1])
        away = _distance_from_blends(picture[y, x].astype(np.float64), used)
        if counts[which] >= max(_FEW, _LEAST * codes.size) and away > _WORN:
            areas.append(FlatArea(rgb_of(picture[y, x]), int(counts[which]), x, y, away))
    return areas


def find_common(picture: Photo, where: NDArray[np.bool_]) -> dict[Color, int]:
    """The colours of some pixels, the most common first; only those of whole areas where there are many.

    Those of soft edges are left out, which fill no area, and are near one of which they are a trace.
    """
    pixels = picture[where]
    codes, counts = np.unique(color_codes(pixels), return_counts=True)
    least = len(pixels) / _MOST_COMMON if len(codes) > _MOST_COMMON else min(_FEW, len(pixels) / _MOST_COMMON)
    most = np.argsort(-counts, kind="stable")[:_MOST_COMMON]
    common = {color_of_code(int(codes[each])): int(counts[each]) for each in most if counts[each] >= least}
    flat = _flat_places(picture, where)
    filled = {color_of_code(int(code)) for code in find_distinct(color_codes(picture).ravel()[flat])}
    return {
        color: count
        for color, count in common.items()
        if color in filled
        or all(count > _TRACE * many or math.dist(color, other) > _NEAR for other, many in common.items())
    }


def _distance_from_blends(color: NDArray[np.float64], colors: NDArray[np.float64]) -> float:
    """How far a colour lies from the nearest one between any two of the colours, (n, 3)."""
    one, way = colors[:, None], colors[None] - colors[:, None]
    length = np.maximum((way * way).sum(axis=2), 1)
    share = np.clip(((color - one) * way).sum(axis=2) / length, 0, 1)
    return float(np.linalg.norm(one + share[..., None] * way - color, axis=2).min())


def has_many_colors(picture: Photo) -> bool:
    """Whether a colour-coded picture has so many colours that it was a JPEG, resized, or drawn with soft edges."""
    return _are_many(_codes(picture))


def _are_many(codes: NDArray[np.int32]) -> bool:
    return len(find_distinct(codes)) > _MOST_COLORS


def _codes(picture: Photo) -> NDArray[np.int32]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA).view(np.int32)[..., 0])


def _flat_places(picture: Photo, inexact: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The inexact pixels that have eight neighbours of the same colour; there are few, so that each is looked at."""
    height, width = inexact.shape
    flat, places = picture.reshape(-1, 3), np.flatnonzero(inexact)
    down, across = np.divmod(places, width)
    places = places[(down > 0) & (down < height - 1) & (across > 0) & (across < width - 1)]
    for offset in (1, width, -1, -width, width + 1, width - 1, 1 - width, -1 - width):
        if not len(places):
            break
        places = places[(flat[places] == flat[places + offset]).all(axis=1)]
    return np.asarray(places)
