"""Flat areas of a colour that is only near to a class's are found, and edges and what was JPEG are not."""

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.worn.flat_areas import find_inexact

COLORS = np.array([(0, 0, 0), (255, 0, 0)], dtype=np.uint8)


def picture(red: int, *, size: int = 40) -> NDArray[np.uint8]:
    """Black with an area of nearly the second colour."""
    pixels = np.zeros((size, size, 3), dtype=np.uint8)
    pixels[5:15, 8:20] = (red, 3, 0)
    return pixels


def rows(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (pixels[..., 0] > 127).astype(np.uint8)


def test_an_area_is_told_with_its_inner_pixels_its_first_place_and_its_distance() -> None:
    pixels = picture(251)
    (area,) = find_inexact(pixels, rows(pixels) > 0, rows(pixels), COLORS)
    assert (area.color, area.pixels, area.x, area.y) == ((251, 3, 0), 8 * 10, 9, 6)
    assert area.distance == 5


def test_lines_single_pixels_and_the_border_of_the_picture_are_no_areas() -> None:
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    pixels[10:12], pixels[:, 20:22], pixels[30, 30], pixels[37:, 37:] = (
        (250, 0, 0),
        (250, 0, 0),
        (250, 0, 0),
        (250, 0, 0),
    )
    assert find_inexact(pixels, rows(pixels) > 0, rows(pixels), COLORS) == []


def test_the_larger_area_comes_first_and_exact_pixels_count_for_none() -> None:
    pixels = picture(255)
    pixels[5:15, 8:20] = (255, 0, 0)
    pixels[20:25, 5:10], pixels[28:38, 5:30] = (250, 0, 0), (0, 9, 0)
    inexact = (pixels != COLORS[rows(pixels)]).any(axis=-1)
    assert [area.color for area in find_inexact(pixels, inexact, rows(pixels), COLORS)] == [(0, 9, 0), (250, 0, 0)]


def test_in_a_picture_of_many_colours_only_areas_far_from_their_colour_count() -> None:
    pixels = picture(251)
    pixels[30, :, 1] = np.arange(40) * 6  # as a JPEG leaves them
    pixels[32, :, 2] = np.arange(40) * 6
    assert find_inexact(pixels, rows(pixels) > 0, rows(pixels), COLORS) == []
    pixels[pixels[..., 0] == 251] = (235, 0, 0)
    (area,) = find_inexact(pixels, rows(pixels) > 0, rows(pixels), COLORS)
    assert area.distance == 20
