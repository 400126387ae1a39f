"""Where a mask lies on its photo: drawn cars fit where they were drawn, and moved ones are found with their move."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from p2p_datatools.checks.masks.placement import Placement, measure_placement, shrink_photo
from p2p_datatools.checks.masks.placement_set import PlacementCheck, judge_placement
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, Photo, size_of
from p2p_datatools.synth.drawing import draw_car_picture

Move = Callable[[LabelMap], LabelMap]
NUMBERS = range(12)


def warp(mask: LabelMap, *, scale: float = 1, angle: float = 0, by: tuple[int, int] = (0, 0)) -> LabelMap:
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    matrix[:, 2] += by
    return np.asarray(cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_NEAREST), dtype=np.uint8)


def place(mask: LabelMap, photo: Array) -> Placement:
    found = measure_placement(mask, photo)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def cars() -> list[tuple[LabelMap, Photo]]:
    drawings = (draw_car_picture(number, style="street") for number in NUMBERS)
    return [(each.labels, each.photo) for each in drawings]


def codes(cars: list[tuple[LabelMap, Photo]], move: Move, moved: range) -> list[tuple[str, str]]:
    """What is found when some of the cars are moved: the file and the code."""
    check = PlacementCheck(Path("masks"))
    for number, (mask, photo) in enumerate(cars):
        mask = np.ascontiguousarray(move(mask)) if number in moved else mask
        check.add(Path(str(number)), size_of(mask), place(mask, photo))
    return [(each.where, each.code) for each in check.findings()]


def test_cars_that_lie_where_they_were_drawn_are_not_accused(cars: list[tuple[LabelMap, Photo]]) -> None:
    assert codes(cars, lambda mask: mask, range(0)) == []


@pytest.mark.parametrize(
    ("move", "code"),
    [
        (lambda mask: mask[:, ::-1], "mask-mirrored"),
        (lambda mask: mask[::-1], "mask-mirrored"),
        (lambda mask: mask[::-1, ::-1], "mask-turned"),
        (lambda mask: warp(mask, angle=10), "mask-turned"),
        (lambda mask: warp(mask, by=(14, -6)), "mask-shifted"),
        (lambda mask: warp(mask, scale=0.8), "mask-off-scale"),
    ],
)
def test_a_mask_that_lies_wrong_is_found_with_what_was_done_to_it(
    cars: list[tuple[LabelMap, Photo]], move: Move, code: str
) -> None:
    assert codes(cars, move, range(2)) == [("0", code), ("1", code)]


def test_when_all_masks_are_mirrored_one_finding_says_so_of_the_folder(cars: list[tuple[LabelMap, Photo]]) -> None:
    assert codes(cars, lambda mask: mask[:, ::-1], NUMBERS) == [("masks", "mask-mirrored")]


def test_the_way_back_is_said_in_pixels_of_the_mask(cars: list[tuple[LabelMap, Photo]]) -> None:
    mask, photo = cars[0]
    fit = judge_placement(place(warp(mask, by=(20, 0)), photo))
    assert fit is not None
    assert fit.move.kind == "shifted"
    assert fit.move.amount[0] * mask.shape[1] == pytest.approx(-20, abs=2)
    turned = judge_placement(place(warp(mask, angle=12), photo))
    assert turned is not None
    assert turned.move.amount == (-12.0,)  # anticlockwise as it is seen, hence back clockwise


def test_a_mask_of_another_picture_fits_nowhere(cars: list[tuple[LabelMap, Photo]]) -> None:
    ground = np.random.default_rng(0).integers(0, 256, cars[0][1].shape, dtype=np.uint8)
    soft = np.asarray(cv2.GaussianBlur(ground, (0, 0), 3), dtype=np.uint8)
    check = PlacementCheck(Path("masks"))
    for number, (mask, photo) in enumerate(cars):
        check.add(Path(str(number)), size_of(mask), place(mask, photo if number else soft))
    assert [(each.where, each.code) for each in check.findings()] == [("0", "mask-other-photo")]


def test_masks_without_edges_and_tiny_ones_say_nothing() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert measure_placement(np.ones((64, 64), dtype=np.uint8), photo) is None
    checked = np.indices((8, 8)).sum(axis=0).astype(np.uint8) % 2
    assert measure_placement(checked, photo[:8, :8]) is None


def test_a_photo_of_another_type_or_size_gives_the_same(cars: list[tuple[LabelMap, Photo]]) -> None:
    mask, photo = cars[3]
    own = place(mask, photo).own
    assert place(mask, shrink_photo(photo, mask)).own == pytest.approx(own, rel=1e-3)
    assert place(mask, photo.astype(np.uint16) * 257).own == pytest.approx(own, rel=0.15)
    double = np.asarray(cv2.resize(photo, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    assert place(mask, double).own == pytest.approx(own, rel=0.1)
    assert place(mask, photo[..., 1]).own > 0.5 * own
