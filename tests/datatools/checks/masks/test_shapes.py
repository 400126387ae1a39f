"""Specks of one class inside another, and parts that touch no whole: what is found, where, and what is left alone."""

import numpy as np

from p2p_datatools.checks.masks.shapes import SpeckCount, find_outside, find_specks, speck_limit
from p2p_datatools.contract.pictures.images import LabelMap


def blank(value: int = 0) -> LabelMap:
    return np.full((256, 256), value, dtype=np.uint8)


def test_a_speck_is_at_most_one_step_of_the_first_convolution_at_256() -> None:
    assert speck_limit(blank()) == 16
    assert speck_limit(np.zeros((512, 512), dtype=np.uint8)) == 64


def test_islands_and_pinholes_are_counted_apart_with_the_largest_first() -> None:
    mask = blank()
    mask[100:250, 100:250] = 1
    mask[20:22, 30:32] = 2
    mask[60, 50] = 3
    mask[150:153, 160:163] = 0
    islands, pinholes = find_specks(mask)
    assert islands == SpeckCount(number=2, alone=2, area=4, place=(30, 20))
    assert pinholes == SpeckCount(number=1, alone=1, area=9, place=(160, 150))


def test_larger_shapes_and_thin_lines_and_corners_are_no_specks() -> None:
    mask = blank()
    mask[20:26, 20:26] = 1
    mask[50, 10:200] = 2
    mask[100:200, 100:200] = 1
    mask[180:200, 90:100] = 2
    assert find_specks(mask) == (SpeckCount(), SpeckCount())


def test_gaps_along_a_seam_have_others_around_them_and_are_not_alone() -> None:
    mask = blank(1)
    mask[128, 20:236:3] = 0
    _, pinholes = find_specks(mask)
    assert pinholes.number > 40
    assert pinholes.alone == 0


def test_ignored_pixels_are_neither_specks_nor_what_is_around_one() -> None:
    mask = blank(1)
    mask[50:53, 50:53] = 255
    mask[100:200, 100:200] = 255
    mask[150, 150] = 1
    assert find_specks(mask) == (SpeckCount(), SpeckCount())


def test_a_part_away_from_its_whole_is_found_with_its_place_and_distance() -> None:
    mask = blank()
    mask[100:150, 50:150] = 1
    mask[110:120, 60:70] = 3
    assert find_outside(mask, {3: 1}, (1, 3)) == ()
    mask[110:120, 214:224] = 3
    (found,) = find_outside(mask, {3: 1}, (1, 3))
    assert (found.part, found.whole, found.place[0]) == (3, 1, 214)
    assert 0.24 < found.gap < 0.26


def test_a_part_may_touch_its_whole_by_another_part_or_across_a_seam() -> None:
    mask = blank()
    mask[100:150, 50:150] = 1
    mask[100:150, 153:180] = 4
    mask[100:150, 183:190] = 3
    assert find_outside(mask, {3: 1, 4: 1}, (1, 3, 4)) == ()


def test_a_part_without_any_whole_is_as_far_away_as_can_be_and_a_speck_of_it_is_no_part() -> None:
    mask = blank()
    mask[10:20, 10:20] = 3
    (found,) = find_outside(mask, {3: 1}, (3,))
    assert found.gap == 1
    mask[10:20, 10:20] = 0
    mask[40:42, 40:42] = 3
    assert find_outside(mask, {3: 1}, (3,)) == ()
