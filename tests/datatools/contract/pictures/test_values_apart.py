"""Zeros and negative numbers apart from all other values are told; zeros among values, and bright pictures, are not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.values_apart import HoleCheck, WrapCheck, ends_apart, lowest_beside_holes

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


HOUNSFIELD = np.linspace(-1000, 1500, 40 * 40).reshape(40, 40)


def said_of(*pictures: NDArray[np.generic]) -> str | None:
    check = WrapCheck()
    for values in pictures:
        check.add(ends_apart(values))
    return check.describe()


@pytest.mark.parametrize(("dtype", "high"), [("uint16", 64536), ("uint32", 4294966296)])
def test_negative_numbers_saved_as_unsigned_ones_lie_at_the_upper_end(dtype: str, high: float) -> None:
    wrapped = HOUNSFIELD.astype(np.int64).astype(dtype)
    bone = np.maximum(HOUNSFIELD, 0).astype(dtype)  # without any
    assert said_of(wrapped, bone) == f"1 picture has values up to 1500 and from {high:g} on, and none between"


@pytest.mark.parametrize(
    "values",
    [
        HOUNSFIELD.astype(np.int16),
        (HOUNSFIELD + 1000).astype(np.uint16),
        ((HOUNSFIELD + 1000) * 26).astype(np.uint16),
        np.where(HOUNSFIELD > 0, 65535, (HOUNSFIELD + 1000)).astype(np.uint16),  # one value, as of no data
        np.where(HOUNSFIELD > 0, 65535, 0).astype(np.uint16),
        np.full((4, 4), 60000, np.uint16),
        HOUNSFIELD.astype(np.int64).astype(np.uint8),
        HOUNSFIELD.astype(np.float32),
        np.zeros((0, 4), np.uint16),
    ],
)
def test_other_values_are_not_accused(values: NDArray[np.generic]) -> None:
    assert said_of(values) is None


def test_one_picture_with_values_between_tells_that_all_of_them_are_meant() -> None:
    assert said_of(HOUNSFIELD.astype(np.int64).astype(np.uint16), np.full((4, 4), 30000, np.uint16)) is None
