"""Outlines along the edges of pixels give every pixel back, and nothing else."""

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.palette import IGNORE
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.exports.trace import PixelBox, trace
from p2p_datatools.labels.values import Polygon, Region
from p2p_datatools.masks.paint import paint_regions

if TYPE_CHECKING:
    from datatools.exports.conftest import HardMask


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 60))])
def test_painting_the_patches_of_a_mask_gives_the_mask(seed: int, hard_mask: "HardMask") -> None:
    mask = hard_mask(seed)
    regions = [
        Region(
            str(patch.index),
            (Polygon(patch.outer.astype(np.float64), tuple(hole.astype(np.float64) for hole in patch.holes)),),
        )
        for patch in trace(mask, without=(0,))
    ]
    assert (paint_regions(regions, size_of(mask), int, "annotation").mask == mask).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_patch_tells_its_pixels_their_number_and_their_box(seed: int, hard_mask: "HardMask") -> None:
    mask = hard_mask(seed)
    patches = trace(mask)
    assert sum(patch.area for patch in patches) == mask.size
    for patch in patches:
        left, top, right, bottom = patch.box
        inside = patch.inside()
        assert inside.sum() == patch.area
        assert (mask[top:bottom, left:right][inside] == patch.index).all()
        assert inside.any(axis=0).all()
        assert inside.any(axis=1).all()


@pytest.mark.parametrize("seed", range(20))
def test_sides_run_along_pixels_in_turn_across_and_down(seed: int, hard_mask: "HardMask") -> None:
    for patch in trace(hard_mask(seed)):
        for ring in (patch.outer, *patch.holes):
            steps = np.roll(ring, -1, axis=0) - ring
            assert ((steps != 0).sum(axis=1) == 1).all()
            assert (steps[0::2, 1] == 0).all()
            assert (steps[1::2, 0] == 0).all()


def test_pixels_that_touch_at_a_corner_are_one_patch_and_holes_that_do_are_two() -> None:
    (patch,) = trace(np.eye(3, dtype=np.uint8), without=(0,))
    assert patch.area == 3
    assert patch.box == PixelBox(0, 0, 3, 3)
    mask = np.ones((4, 4), dtype=np.uint8)
    mask[1, 1] = mask[2, 2] = 0
    (patch,) = trace(mask, without=(0,))
    assert len(patch.holes) == 2


def test_a_single_pixel_has_four_corners_clockwise_from_its_upper_left_one() -> None:
    mask = np.zeros((3, 4), dtype=np.uint8)
    mask[1, 2] = IGNORE
    (patch,) = trace(mask, without=(0,))
    assert patch.outer.tolist() == [[2, 1], [3, 1], [3, 2], [2, 2]]
    assert (patch.index, patch.holes) == (IGNORE, ())


def test_patches_come_by_class_and_then_from_top_to_bottom() -> None:
    mask = np.array([[2, 0, 1], [0, 0, 0], [1, 0, 2]], dtype=np.uint8)
    order = [(patch.index, patch.box.top) for patch in trace(mask, without=(0,))]
    assert order == [(1, 0), (1, 2), (2, 0), (2, 2)]


def test_a_mask_of_what_is_left_out_has_no_patches() -> None:
    assert trace(np.zeros((3, 3), dtype=np.uint8), without=(0,)) == []


def test_every_mask_of_two_classes_and_three_by_three_pixels_comes_back() -> None:
    for bits in itertools.product((0, 1), repeat=9):
        mask = np.array(bits, dtype=np.uint8).reshape(3, 3)
        patches = trace(mask, without=(0,))
        drawn = np.zeros((3, 3), dtype=np.uint8)
        for patch in patches:
            left, top, right, bottom = patch.box
            drawn[top:bottom, left:right][patch.inside()] = 1
        assert (drawn == mask).all()
        assert sum(patch.area for patch in patches) == sum(bits)
