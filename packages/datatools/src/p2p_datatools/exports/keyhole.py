"""Joins a patch and its holes to one outline, for formats that know no holes.

Nothing here may change which pixels are inside.
"""

from collections import defaultdict

import numpy as np

from p2p_datatools.exports.trace import Patch, Ring

_Insertions = dict[int, list[tuple[int, list[tuple[int, int]]]]]  # by side: where on it, and the corners to insert


def one_outline(patch: Patch) -> Ring:
    """The corners of a single ring around a patch, which runs to each hole, around it, and back by the same way.

    A way to a hole is a straight line up from it through the patch itself. It is run along twice, so that by the
    even-odd rule, and by that of winding numbers, the same pixels are inside.
    """
    if not patch.holes:
        return patch.outer
    rings = [patch.outer, *patch.holes]
    sides = _sides_below(rings)
    inside = patch.inside()
    insertions: dict[int, _Insertions] = defaultdict(lambda: defaultdict(list))
    # A hole is reached from one that begins above it, so that from below upwards each is complete when it is joined.
    for number in sorted(range(1, len(rings)), key=lambda number: -int(rings[number][:, 1].min())):
        ring = rings[number]
        at = _upper_left(ring)
        x, y = ring[at].tolist()
        column = inside[: y - patch.box.top, x - patch.box.left]
        free = np.flatnonzero(~column)
        top = patch.box.top + (int(free[-1]) + 1 if len(free) else 0)
        target, side = _side_at(sides[top], x)
        corners = _expand(ring, insertions.pop(number, {}), at)
        insertions[target][side].append((x, [(x, top), *corners, (x, y), (x, top)]))
    return np.array(_expand(patch.outer, insertions.pop(0, {}), 0), dtype=np.int64)


def _upper_left(ring: Ring) -> int:
    """The place of the corner of a ring that is the highest, and of those the leftmost."""
    return int(np.lexsort((ring[:, 0], ring[:, 1]))[0])


def _sides_below(rings: list[Ring]) -> dict[int, list[tuple[int, int, int, int]]]:
    """The sides that have the patch below them, by their row: from and to which x, of which ring, and which side."""
    found: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    for number, ring in enumerate(rings):
        after = np.roll(ring, -1, axis=0)
        for side in np.flatnonzero(after[:, 0] > ring[:, 0]).tolist():
            found[int(ring[side, 1])].append((int(ring[side, 0]), int(after[side, 0]), number, side))
    for sides in found.values():
        sides.sort()
    return found


def _side_at(sides: list[tuple[int, int, int, int]], x: int) -> tuple[int, int]:
    """The ring and the side above the column of pixels that begins at `x`."""
    return next((number, side) for first, last, number, side in sides if first <= x < last)


def _expand(ring: Ring, insertions: _Insertions, start: int) -> list[tuple[int, int]]:
    """The corners of a ring from `start` on, with what is to be inserted in its sides."""
    corners = [(x, y) for x, y in ring.tolist()]
    found: list[tuple[int, int]] = []
    for side in (*range(start, len(corners)), *range(start)):
        found.append(corners[side])
        for _, more in sorted(insertions.get(side, ()), key=lambda each: each[0]):
            found += more
    return found
