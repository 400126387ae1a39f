"""Masks whose colours were exchanged, red and blue, or black and white."""

import numpy as np
import pytest

from p2p_datatools.contract.exchanged import exchange, explain_exchanged, find_exchanged, find_ground
from p2p_datatools.contract.palette import IGNORE, Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.synth.drawing import draw_car_picture

CARS = load_palette("cars")
BODY, LIGHTS = CARS.index("body"), CARS.index("lights")


def renumber(mask: LabelMap, **numbers: int) -> LabelMap:
    table = np.arange(256, dtype=np.uint8)
    for name, number in numbers.items():
        table[CARS.index(name)] = number
    return np.take(table, mask)


def test_drawn_cars_whose_body_and_lights_are_exchanged_are_told_from_others() -> None:
    for number in range(12):
        mask = draw_car_picture(number).labels
        assert find_exchanged(mask, CARS) is None
        assert find_exchanged(renumber(mask, body=LIGHTS, lights=BODY), CARS) == (LIGHTS, BODY)


def test_parts_without_body_and_palettes_that_say_nothing_of_parts_accuse_nobody() -> None:
    mask = draw_car_picture(3).labels
    assert find_exchanged(renumber(mask, body=0), CARS) is None
    plain = Palette("plain", tuple(PaletteClass(each.name, each.color) for each in CARS.classes))
    assert find_exchanged(renumber(mask, body=LIGHTS, lights=BODY), plain) is None
    own = {BODY: [(128, 0, 0)], LIGHTS: [(0, 0, 255)]}  # no exchange of red and blue makes one of the other
    assert find_exchanged(renumber(mask, body=LIGHTS, lights=BODY), CARS, own) is None


def test_lights_that_touch_windows_without_a_body_have_not_taken_its_place() -> None:
    mask = np.zeros((64, 64), dtype=np.uint8)
    mask[10:40, 10:34], mask[10:40, 34:44] = CARS.index("windows"), LIGHTS
    assert find_exchanged(mask, CARS) is None
    mask[5:60, 34:64] = LIGHTS
    assert find_exchanged(mask, CARS) == (LIGHTS, BODY)


def test_colours_are_explained_all_or_none() -> None:
    known = {(0, 0, 0): "background", (128, 128, 0): "car", (0, 0, 64): "wheel"}
    assert exchange((1, 2, 3)) == (3, 2, 1)
    assert explain_exchanged([(0, 128, 128), (64, 0, 0)], known) == {(0, 128, 128): "car", (64, 0, 0): "wheel"}
    assert explain_exchanged([(0, 128, 128), (9, 9, 9)], known) == {}


@pytest.mark.parametrize(
    ("edge", "inside", "more", "ground"),
    [(0, 1, 1, (0, 1)), (1, 0, 0, (1, 0)), (0, 1, 2, None), (0, 0, 0, None), (1, IGNORE, 0, None)],
)
def test_the_ground_of_a_mask_of_two_classes_lies_along_its_edges(
    edge: int, inside: int, more: int, ground: tuple[int, int] | None
) -> None:
    mask = np.full((20, 30), edge, dtype=np.uint8)
    mask[5:15, 5:15], mask[5:15, 15:25] = inside, more
    assert find_ground(mask) == ground


def test_a_mask_whose_object_reaches_an_edge_has_no_ground() -> None:
    mask = np.zeros((20, 30), dtype=np.uint8)
    mask[:15, 5:15] = 1
    assert find_ground(mask) is None
