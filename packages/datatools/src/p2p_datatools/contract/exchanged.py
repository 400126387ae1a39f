"""Tells masks whose colours are exchanged: red and blue, as OpenCV has them unless told otherwise, or black and white,
as of somebody who drew on white paper.

Nothing here may correct a mask: only who made it knows whether it was so.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import BACKGROUND, Color, Palette
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.pictures.index import histogram

_LEAST = 16  # pixels of borders of parts, below which they tell nothing
_TIMES = 4  # how many times as long the border with the wrong class has to be as that with the whole
_ALL = 0.98  # of the pixels along the edges
_INSIDE = 0.01  # of all pixels
_PAPER, _LITTLE = 0.6, 0.1  # of the edges: what lies there as paper does, and what can hardly be the background


class Ground(NamedTuple):
    """The class `around` along all edges of a mask of two classes, and the other one, `inside`."""

    around: int
    inside: int


class ExchangedClasses(NamedTuple):
    """The class `shown` stands where the class `meant` is to be expected, whose colour is its with red as blue."""

    shown: int
    meant: int


def exchange(color: Color) -> Color:
    """The colour with red and blue exchanged."""
    return color[2], color[1], color[0]


def explain_exchanged(colors: Iterable[Color], known: Mapping[Color, str]) -> dict[Color, str]:
    """What colours are called that `known` has with red and blue exchanged, all of them; empty if one is not there."""
    found = {color: known.get(exchange(color)) for color in colors}
    return {color: name for color, name in found.items() if name is not None and None not in found.values()}


def find_exchanged(
    mask: LabelMap, palette: Palette, colors: Mapping[int, Collection[Color]] | None = None
) -> ExchangedClasses | None:
    """The classes that a mask, (height, width) class numbers, seems to have exchanged; None where nothing says so.

    The palette has to say which parts lie in which whole, and one of them has to have the whole's colour with red and
    blue exchanged: then the other parts lie in that one, the largest. Of cars, with a red body and blue lights, tyres
    lie in lights. `colors` are those that the class numbers were read from, by default the palette's.
    """
    colors = colors or {number: [each.color] for number, each in enumerate(palette.classes)}
    candidates = [
        (part, whole)
        for part, whole in palette.wholes.items()
        if {*map(exchange, colors.get(part, ()))} & {*colors.get(whole, ())}
    ]
    if not candidates:
        return None
    borders = _count_borders(mask, max(*palette.wholes, *palette.wholes.values()))
    for part, whole in candidates:
        others = [each for each, its in palette.wholes.items() if its == whole and each != part]
        if others:
            wrong, right = (int(borders[others, each].sum()) for each in (part, whole))
            if wrong >= _LEAST and wrong > _TIMES * right and _is_larger(mask, part, others):
                return ExchangedClasses(part, whole)
    return None


def _is_larger(mask: LabelMap, one: int, others: Collection[int]) -> bool:
    """Whether a class has more pixels than others together, as a whole has, and a part beside other parts has not."""
    sizes = histogram(mask)
    return bool(sizes[one] > sizes[list(others)].sum())


def find_ground(mask: LabelMap) -> Ground | None:
    """The ground of a mask of two classes; None where neither lies along all edges."""
    along = share_along_edges(mask)
    ground = int(along.argmax())
    inside = mask != ground
    if along[ground] < _ALL or inside.mean() < _INSIDE:
        return None
    others = mask[inside]
    return Ground(ground, int(others[0])) if others.min() == others.max() else None


def is_as_paper(number: int, shares: NDArray[np.float64], palette: Palette) -> bool:
    """Whether a class lies along the edges, of which it and others have these `shares`, as only a background should."""
    if BACKGROUND not in palette.names or palette.names[number] == BACKGROUND:
        return False
    return bool(shares[number] >= _PAPER and shares[palette.index(BACKGROUND)] <= _LITTLE)


def find_paper(mask: LabelMap, palette: Palette) -> int | None:
    """The class that lies along the edges of a mask as paper does, though by the palette it is part of another."""
    shares = share_along_edges(mask) if palette.wholes else None
    parts = [] if shares is None else [part for part in palette.wholes if is_as_paper(part, shares, palette)]
    return parts[0] if parts else None


def share_along_edges(mask: LabelMap) -> NDArray[np.float64]:
    """What share of the pixels along the four edges each class number has, (256,)."""
    edges = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return histogram(edges) / edges.size


def _count_borders(mask: LabelMap, highest: int) -> NDArray[np.int64]:
    """How many neighbouring pixels have each two classes, those above the `highest` as one; the same both ways."""
    side = highest + 2
    known = np.minimum(mask, np.uint8(highest + 1))
    counts = np.zeros(side * side, dtype=np.int64)
    for one, other in ((known[:, 1:], known[:, :-1]), (known[1:], known[:-1])):
        differ = one != other
        codes = one[differ].astype(np.uint16) * np.uint16(side) + other[differ]
        counts += np.bincount(codes, minlength=side * side)
    table = counts.reshape(side, side)
    return table + table.T
