"""Finds islands and pinholes in a mask, areas of a class of few pixels, and fills them from what lies around them.

Nothing here may let a class vanish, know a palette, or need more memory for a larger mask than its marks.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.worn.neighbours import fill_nearest
from p2p_datatools.contract.threads import parallel_map

MOST_SPECK = 64
"""The number of pixels that a speck may have at most: each then lies whole in a tile and its margin."""


_SHARE, _LEAST = 2e-5, 2  # of a mask's pixels: 5 of 512x512, 41 of 1920x1080
_TILE, _MARGIN = 1024, MOST_SPECK
_OWN = 0.5  # of a class's pixels: with more of them in specks, that is how the class is, such as far lights
_ALL = 8  # neighbours by which pixels hang together


class Specks(NamedTuple):
    """Where a mask has islands, and where pinholes, which are islands of the background; both (height, width)."""

    islands: NDArray[np.bool_]
    pinholes: NDArray[np.bool_]


def speck_size(mask: LabelMap) -> int:
    """Below how many pixels an area of a mask is a speck, unless the user says so."""
    return min(MOST_SPECK, max(_LEAST, round(_SHARE * mask.size)))


def fill_specks(mask: LabelMap, fewer: int) -> tuple[LabelMap, Specks]:
    """The mask without areas of fewer pixels than this, each pixel of which gets the nearest other class.

    Pixels hang together with all eight neighbours. Ignored pixels are not specks and fill none, unless all around is
    ignored. A class keeps its specks where they are most of its pixels: so it is in this picture, and no class
    vanishes. `fewer` is at most `MOST_SPECK`; 1 fills nothing.
    """
    found = np.zeros(mask.shape, dtype=bool)
    _each_tile(mask.shape, partial(_mark_specks, mask, fewer, found))
    own, inside = histogram(mask), histogram(mask[found])
    kept = np.flatnonzero((inside > 0) & (inside > _OWN * own))
    if len(kept):
        found &= ~np.isin(mask, kept)
    filled = mask.copy()
    if found.any():
        _each_tile(mask.shape, partial(_fill, mask, found, filled))
    return filled, Specks(found & (mask != 0), found & (mask == 0))


_Span = tuple[slice, slice]


def _each_tile(shape: tuple[int, ...], work: Callable[[tuple[_Span, _Span]], None]) -> None:
    """Do work on each tile, (inner, outer), on all cores where there are several."""
    height, width = shape
    tiles = [
        (_spans(top, left, height, width, 0), _spans(top, left, height, width, _MARGIN))
        for top in range(0, height, _TILE)
        for left in range(0, width, _TILE)
    ]
    for done in parallel_map(work, tiles, threads=1 if len(tiles) < 4 else None):
        assert done is None


def _spans(top: int, left: int, height: int, width: int, margin: int) -> _Span:
    down = slice(max(0, top - margin), min(height, top + _TILE + margin))
    return down, slice(max(0, left - margin), min(width, left + _TILE + margin))


def _cut(values: NDArray[np.generic], inner: _Span, outer: _Span) -> NDArray[np.generic]:
    down, across = (slice(one.start - two.start, one.stop - two.start) for one, two in zip(inner, outer, strict=True))
    return values[down, across]


def _mark_specks(mask: LabelMap, fewer: int, found: NDArray[np.bool_], tile: tuple[_Span, _Span]) -> None:
    inner, outer = tile
    part = mask[outer]
    marks = np.zeros(part.shape, dtype=bool)
    for index in np.flatnonzero(histogram(part)[:IGNORE]):
        _, labels, stats, _ = cv2.connectedComponentsWithStats(
            (part == index).astype(np.uint8), connectivity=_ALL, ltype=cv2.CV_32S
        )
        small = stats[:, cv2.CC_STAT_AREA] < fewer
        small[0] = False  # what is of another class
        if small.any():
            marks |= small[labels]
    found[inner] = _cut(marks, inner, outer)


def _fill(mask: LabelMap, found: NDArray[np.bool_], filled: LabelMap, tile: tuple[_Span, _Span]) -> None:
    inner, outer = tile
    if not found[inner].any():
        return
    part = mask[outer]
    blocked = found[outer] | (part == IGNORE)
    if blocked.all():
        blocked = found[outer]
    whole = np.where(found[outer], fill_nearest(part, blocked), part)
    filled[inner] = _cut(whole, inner, outer)
