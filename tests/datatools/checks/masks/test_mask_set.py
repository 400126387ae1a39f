"""A mask beside the others of its set: what sets it apart is said, and what the set has in common is said once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from p2p_datatools.checks.codes import FINDING_CODES
from p2p_datatools.checks.masks.mask_set import MaskSetCheck, look_at_mask
from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import LabelMap, Photo
from p2p_datatools.synth.drawing import draw_car_picture

CARS = load_palette("cars")
BODY, TYRES, LIGHTS, WINDOWS = range(1, 5)
Spoil = Callable[[LabelMap], LabelMap]


@pytest.fixture(scope="module")
def cars() -> list[tuple[LabelMap, Photo]]:
    drawings = (draw_car_picture(number) for number in range(24))
    return [(each.labels, each.photo) for each in drawings]


def find(
    cars: list[tuple[LabelMap, Photo]], spoil: Spoil = lambda mask: mask, spoilt: range = range(0), first: int = 0
) -> list[Finding]:
    check = MaskSetCheck(Path("masks"), CARS, "'p2p data repair masks DEST'")
    for number, (mask, photo) in list(enumerate(cars))[first:]:
        mask = np.ascontiguousarray(spoil(mask.copy())) if number in spoilt else mask
        check.add(Path(str(number)), look_at_mask(mask, CARS, photo))
    found = list(check.findings())
    for each in found:
        assert FINDING_CODES[each.code].severity == each.severity or each.severity == "hint"
    return found


def codes(found: list[Finding]) -> set[tuple[str, str]]:
    return {(each.where, each.code) for each in found}


def renumber(**table: int) -> Spoil:
    numbers = np.arange(256, dtype=np.uint8)
    for name, number in table.items():
        numbers[CARS.index(name)] = number
    return lambda mask: np.take(numbers, mask)


def test_drawn_cars_are_not_accused(cars: list[tuple[LabelMap, Photo]]) -> None:
    assert find(cars) == []


def test_lights_and_bodies_that_were_exchanged_in_all_masks_as_red_and_blue_are_told_without_others_beside_them(
    cars: list[tuple[LabelMap, Photo]],
) -> None:
    found = codes(find(cars, renumber(body=LIGHTS, lights=BODY), range(24)))
    assert {(str(number), "exchanged-colours") for number in range(24)} <= found


def test_two_classes_that_were_swapped_in_one_mask(cars: list[tuple[LabelMap, Photo]]) -> None:
    found = codes(find(cars, renumber(tyres=WINDOWS, windows=TYRES), range(2)))
    assert {("0", "classes-swapped"), ("1", "classes-swapped")} <= found
    assert {where for where, _ in found} == {"0", "1"}


def test_wheels_called_windows_are_missed_where_they_should_be(cars: list[tuple[LabelMap, Photo]]) -> None:
    found = [each for each in find(cars, renumber(tyres=WINDOWS), range(1)) if each.code == "class-miscalled"]
    assert [each.where for each in found] == ["0"]
    assert "its windows look like the other masks' tyres" in found[0].what


def test_a_car_that_is_all_body(cars: list[tuple[LabelMap, Photo]]) -> None:
    found = find(cars, renumber(tyres=BODY, lights=BODY, windows=BODY), range(1))
    assert ("0", "one-class") in codes(found)


def test_a_class_poured_over_the_background(cars: list[tuple[LabelMap, Photo]]) -> None:
    found = find(cars, renumber(background=LIGHTS), range(1))
    assert ("0", "class-share") in codes(found)


def test_few_masks_are_no_set_to_differ_from(cars: list[tuple[LabelMap, Photo]]) -> None:
    assert find(cars, renumber(tyres=WINDOWS), range(20, 21), first=18) == []


def sprinkle(mask: LabelMap) -> LabelMap:
    inside = np.argwhere(mask == BODY)
    for y, x in np.random.default_rng(0).permutation(inside)[:40]:
        mask[y, x] = 0
    return mask


def test_a_mask_with_pinholes_is_named_and_a_set_of_such_masks_is_one_hint(cars: list[tuple[LabelMap, Photo]]) -> None:
    few = [each for each in find(cars, sprinkle, range(2)) if each.code == "pinholes"]
    assert [(each.where, each.severity) for each in few] == [("0", "warning"), ("1", "warning")]
    assert few[0].place is not None
    assert few[0].figure is not None
    assert few[0].figure > 5
    many = [each for each in find(cars, sprinkle, range(24)) if each.code == "pinholes"]
    assert ("masks", "hint", 1.0) in [(each.where, each.severity, each.figure) for each in many]
    assert len(many) < 4  # the one about all, and any that has far more than the others


def drop_light(mask: LabelMap) -> LabelMap:
    mask[2:9, 2:9] = LIGHTS
    return mask


def test_a_light_that_touches_no_car_is_found_by_the_rule_of_the_palette(cars: list[tuple[LabelMap, Photo]]) -> None:
    found = [each for each in find(cars, drop_light, range(1)) if each.code == "part-outside"]
    assert [each.where for each in found] == ["0"]
    assert "lights at x=" in found[0].what
    assert "touches no body" in found[0].what


def test_a_rule_that_a_whole_set_breaks_is_a_hint_about_the_set(cars: list[tuple[LabelMap, Photo]]) -> None:
    found = [each for each in find(cars, drop_light, range(24)) if each.code == "part-outside"]
    assert [(each.where, each.severity) for each in found] == [("masks", "hint")]


def test_a_palette_without_rules_has_no_parts_outside(cars: list[tuple[LabelMap, Photo]]) -> None:
    plain = Palette("plain", tuple(PaletteClass(each.name, each.color) for each in CARS.classes))
    assert look_at_mask(drop_light(cars[0][0].copy()), plain, cars[0][1]).outside == ()


def test_a_photo_of_another_shape_is_not_compared(cars: list[tuple[LabelMap, Photo]]) -> None:
    mask, photo = cars[0]
    assert look_at_mask(mask, CARS, photo).placement is not None
    assert look_at_mask(mask, CARS, photo[:, :50]).placement is None
