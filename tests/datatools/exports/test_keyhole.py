"""A ring that goes to each hole and back has the same pixels inside as the patch, by any rule of filling."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from p2p_datatools.contract.pictures.images import LabelMap, size_of
from p2p_datatools.exports.keyhole import one_outline
from p2p_datatools.exports.trace import Patch, Ring, trace
from p2p_datatools.labels.values import Polygon, Region
from p2p_datatools.masks.paint import paint_regions

if TYPE_CHECKING:
    from datatools.exports.conftest import HardMask


def winding(ring: Ring, mask: LabelMap) -> LabelMap:
    """How often a ring runs around the centre of each pixel."""
    around = np.zeros(mask.shape, dtype=np.int64)
    for (x, y), (_, to) in zip(ring.tolist(), np.roll(ring, -1, axis=0).tolist(), strict=True):
        if y < to:
            around[y:to, :x] += 1
        else:
            around[to:y, :x] -= 1
    return around.astype(np.uint8)


def whole(patch: Patch, mask: LabelMap) -> LabelMap:
    drawn = np.zeros_like(mask)
    drawn[patch.box.top : patch.box.bottom, patch.box.left : patch.box.right] = patch.inside()
    return drawn


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 60))])
def test_one_ring_has_the_pixels_of_the_patch_inside(seed: int, hard_mask: "HardMask") -> None:
    mask = hard_mask(seed)
    for patch in trace(mask):
        ring = one_outline(patch)
        region = Region("1", (Polygon(ring.astype(np.float64)),))
        assert (paint_regions([region], size_of(mask), int).mask == whole(patch, mask)).all()
        assert (winding(ring, mask) == whole(patch, mask)).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_way_to_a_hole_lies_within_the_patch(seed: int, hard_mask: "HardMask") -> None:
    mask = hard_mask(seed)
    for patch in trace(mask):
        ring = one_outline(patch)
        for (x, y), (to_x, to_y) in zip(ring.tolist(), np.roll(ring, -1, axis=0).tolist(), strict=True):
            assert x == to_x or y == to_y
            # Beside each piece of it lies a pixel of the patch.
            for row in range(min(y, to_y), max(y, to_y)):
                beside = [column for column in (x - 1, x) if 0 <= column < mask.shape[1]]
                assert whole(patch, mask)[row, beside].any()


def test_a_patch_without_holes_is_its_own_outline_and_rings_in_rings_are_joined() -> None:
    mask = np.zeros((11, 11), dtype=np.uint8)
    for edge in range(5):
        mask[edge : 11 - edge, edge : 11 - edge] = edge % 2
    outer, inner = trace(mask, without=(0,))
    assert len(one_outline(outer)) == 4 + 4 + 2 + 1
    assert one_outline(inner) is not None
    (point,) = trace(np.ones((1, 1), dtype=np.uint8))
    assert one_outline(point) is point.outer


def test_many_holes_below_each_other_are_joined_in_a_chain() -> None:
    mask = np.ones((401, 3), dtype=np.uint8)
    mask[1::2, 1] = 0
    (patch,) = trace(mask, without=(0,))
    assert len(patch.holes) == 200
    filled = np.zeros_like(mask)
    cv2.fillPoly(filled, [one_outline(patch).astype(np.int32)], 1)  # which must not fail either
    region = Region("1", (Polygon(one_outline(patch).astype(np.float64)),))
    assert (paint_regions([region], size_of(mask), int).mask == mask).all()
