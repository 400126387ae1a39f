"""Zeros apart from all other values are told, as of a depth camera; zeros among values are not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.holes import HoleCheck, lowest_beside_holes

DEPTH = (800 + 40 * np.arange(48)[:, None] + 3 * np.arange(64)).astype(np.uint16)  # millimetres


def holed(values: "NDArray[np.uint16 | np.float32]", value: float = 0) -> "NDArray[np.uint16 | np.float32]":
    found = values.copy()
    found[10:14, 20:40] = value
    return found


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_holes_of_a_depth_camera_lie_apart_from_what_it_measured(kind: type) -> None:
    assert lowest_beside_holes(holed(DEPTH.astype(kind))) == 800
    assert lowest_beside_holes(holed((DEPTH / 1000).astype(np.float32))) == pytest.approx(0.8)


def test_points_of_a_laser_scanner_lie_apart_from_the_rest_of_the_picture() -> None:
    sparse = np.zeros_like(DEPTH)
    sparse[::4, ::5] = DEPTH[::4, ::5]
    assert lowest_beside_holes(sparse) == 800


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (DEPTH, None),  # no zero
        (np.zeros_like(DEPTH), None),
        (DEPTH - DEPTH.min(), 0.0),  # heights from the sea on
        (holed(np.clip(DEPTH - 810, 1, None).astype(np.uint16)), 0.0),
        (holed(DEPTH.astype(np.float32), -1), None),  # what `nodata-suspected` is for
        ((holed(DEPTH) // 16).astype(np.uint8), None),  # black is a colour
        (holed(np.repeat(DEPTH // 400 * 400, 2, axis=0)), 0.0),  # a drawing of few tones
    ],
    ids=str,
)
def test_other_zeros_are_values(values: "NDArray[np.uint16]", told: float | None) -> None:
    assert lowest_beside_holes(values) == told


def test_a_single_dead_pixel_is_no_hole() -> None:
    values = DEPTH.copy()
    values[3, 3] = 0
    assert lowest_beside_holes(values) == 0


def test_one_picture_with_zeros_among_its_values_says_that_zeros_are_values() -> None:
    check = HoleCheck()
    for each in (None, 900.0, 800.0):
        check.add(each)
    assert check.describe() == "2 pictures have zeros apart from all other values, which begin at 800"
    check.add(0.0)
    assert check.describe() is None
