"""Masks in pairs: their colours are class numbers again, exactly."""

from typing import TYPE_CHECKING

import numpy as np

from p2p_datatools.contract.pairs.mask_halves import class_indices
from p2p_datatools.contract.palette import IGNORE, Palette, load_palette
from p2p_datatools.contract.pictures.images import colorize

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")


def test_colours_of_a_mask_are_classes_exactly_and_another_colour_is_an_error_that_says_where(
    refused: "Refused",
) -> None:
    indices = np.array([[0, 1, 2], [3, 4, IGNORE]], np.uint8)
    colors = colorize(indices, CARS)
    np.testing.assert_array_equal(class_indices(colors, CARS, where="x.png"), indices)
    colors[1, 2] = (1, 2, 3)
    with refused("palette-colour", "x.png") as error:
        class_indices(colors, CARS, where="x.png")
    assert "1 pixel of its mask has " in error.value.what
    assert " (1, 2, 3) at x=2, y=1" in error.value.what


def test_greys_of_a_mask_are_classes_too() -> None:
    drawn = Palette("drawn", CARS.classes[::4])  # black and white
    assert class_indices(np.array([[0, 255]], np.uint8), drawn, where="x.png").tolist() == [[0, 1]]
