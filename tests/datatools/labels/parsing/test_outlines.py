"""Numbers in label files become outlines, or an error that says why they cannot."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import box, box_at, ellipse, even_odd, has_area, number, polygon
from p2p_datatools.labels.values import Polygon, Region
from p2p_datatools.masks.paint import paint_regions

if TYPE_CHECKING:
    from conftest import Refused


def area(shape: Polygon) -> float:
    x, y = shape.outer.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def filled(shape: Polygon, size: Size) -> NDArray[np.uint8]:
    return paint_regions([Region("a", (shape,))], size, {"a": 1}.get).mask


def test_a_polygon_may_be_flat_or_in_pairs() -> None:
    assert polygon([0, 0, 4, 0, 4, 4], "a").outer.tolist() == polygon([[0, 0], [4, 0], [4, 4]], "a").outer.tolist()


def test_a_contour_of_opencv_with_a_list_around_each_point_is_one_polygon() -> None:
    contour = [[[0, 0]], [[4, 0]], [[4, 4]]]
    assert polygon(contour, "a").outer.tolist() == [[0, 0], [4, 0], [4, 4]]
    assert polygon([contour], "a").outer.tolist() == [[0, 0], [4, 0], [4, 4]]


@pytest.mark.parametrize(
    ("points", "about"),
    [
        ([], "has 0"),
        ([0, 0, 4, 4], "has 2"),
        ([0, 0, 4, 0, math.nan, 4], "1e+09"),
        ([0, 0, 4, 0, math.inf, 4], "1e+09"),
        ([0, 0, 4, 0, 1e12, 4], "1e+09"),
        ([0, 0, 4, 0, 4], "a list x, y, x, y"),
        ([[0, 0], [4, 0], [4]], "a list x, y, x, y"),
        ([0, 0, 4, 0, "a", 4], "a list x, y, x, y"),
        ([0, 0, 4, 0, None, 4], "its outline[4] is None, but its outline must be a list x, y, x, y, ... of numbers"),
        ([[0, 0], [4, [0]], [4, 4]], "its outline must be a list x, y, x, y, ... of numbers"),
        ([[0, 0, 1], [4, 0, 1], [4, 4, 1], [0, 4, 1]], "has points of 3 coordinates"),  # points in space
        ([[0, 0, 1, 1], [4, 0, 1, 1], [4, 4, 1, 1]], "has points of 4 coordinates"),
        ([[0, 0, 4, 0, 4, 4], [9, 9, 8, 9, 8, 8]], "has 2 outlines where one is meant"),
        ([[[0, 0], [4, 0], [4, 4]], [[9, 9], [8, 9], [8, 8]]], "has 2 outlines where one is meant"),
        ({"x": 3}, "a list x, y, x, y"),
    ],
)
def test_a_broken_polygon_is_an_error_in_one_line(points: Any, about: str, refused: "Refused") -> None:
    with refused("bad-outline", "a.jpg: region 1") as error:
        polygon(points, "a.jpg: region 1")
    assert about in error.value.what


def test_a_box_is_given_by_any_two_opposite_corners() -> None:
    corners = {tuple(map(tuple, box(given, "a").outer)) for given in ([1, 2, 5, 4], [5, 4, 1, 2], [1, 4, 5, 2])}
    assert corners == {((1, 2), (5, 2), (5, 4), (1, 4))}


def test_a_box_turns_clockwise_about_its_centre() -> None:
    first = box([0, 0, 4, 2], "a", degrees=90).outer[0]
    assert first.round(6).tolist() == [3, -1]  # what was the left top is at the right top


def test_an_ellipse_misses_the_true_one_by_less_than_can_be_seen() -> None:
    for radius in (0.5, 3.0, 50.0, 3000.0):
        assert area(ellipse((0, 0), (radius, radius), "a")) == pytest.approx(math.pi * radius**2, rel=0.02 / radius)
    canvas = filled(ellipse((100, 90), (80.3, 60.2), "a"), Size(200, 200))
    y, x = np.mgrid[:200, :200] + 0.5
    true = ((x - 100) / 80.3) ** 2 + ((y - 90) / 60.2) ** 2 <= 1
    assert (canvas.astype(bool) != true).sum() < 5


def test_an_ellipse_turns_clockwise() -> None:
    turned = ellipse((0, 0), (4, 1), "a", degrees=30).outer
    farthest = turned[np.hypot(*turned.T).argmax()]
    assert abs(farthest[1] / farthest[0]) == pytest.approx(math.tan(math.radians(30)), rel=0.01)
    assert farthest[0] * farthest[1] > 0  # to the right and down


def test_an_ellipse_without_size_is_a_dot_and_a_negative_one_an_error(refused: "Refused") -> None:
    assert area(ellipse((1, 1), (0, 0), "a")) == 0
    with refused("bad-outline", "a") as error:
        ellipse((1, 1), (2, -1), "a")
    assert "radius -1" in error.value.what


@pytest.mark.parametrize("value", [None, "x", [], True, math.nan, math.inf, 1e12, 10**400])
def test_a_value_that_is_not_a_number_is_an_error(value: Any, refused: "Refused") -> None:
    with refused("bad-number", "a") as error:
        number(value, "a", "its width")
    assert "its width" in error.value.what
    assert ("too many digits" if value == 10**400 else repr(value)) in error.value.what
    assert number("2.50", "a") == 2.5


def test_a_box_may_turn_about_its_top_left_corner() -> None:
    turned = box((2, 1, 6, 3), "a", degrees=90, about_corner=True).outer
    assert np.allclose(turned, [[2, 1], [2, 5], [0, 5], [0, 1]])


def painted(shape: Polygon) -> list[list[int]]:
    rows: list[list[int]] = filled(shape, Size(12, 12)).tolist()
    return rows


def test_by_the_even_odd_rule_a_ring_within_a_ring_is_a_hole_and_one_beside_it_is_not() -> None:
    corners = [(0, 0, 10, 10), (2, 2, 8, 8), (4, 4, 6, 6), (10, 3, 12, 9)]
    expected = np.zeros((12, 12), dtype=np.uint8)
    for left, top, right, bottom in corners:
        expected[top:bottom, left:right] ^= 1
    assert painted(even_odd([box(each, "a") for each in corners])) == expected.tolist()


def test_random_rings_by_the_even_odd_rule_are_each_painted_over_the_others() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        rings = [polygon(rng.uniform(-1, 13, (count, 2)), "a") for count in rng.integers(3, 7, 3)]
        expected = np.bitwise_xor.reduce([painted(each) for each in rings])
        assert painted(even_odd(rings)) == expected.tolist()
        assert painted(even_odd(rings[:1])) == painted(rings[0])


@pytest.mark.parametrize(
    ("points", "encloses"),
    [
        ([0, 0, 4, 0, 4, 4], True),
        ([0, 0, 4, 4, 0, 4, 4, 0], True),  # crosses itself, so that its two parts cancel each other in a sum
        ([1e5, 1e5, 1e5 + 1e-3, 1e5, 1e5, 1e5 + 1e-3], True),
        ([0, 0, 1e-6, 0, 0, 1e-6], True),  # a share of a large picture
        ([0, 0, 4, 4, 9, 9], False),
        ([0.1, 0.1, 0.2, 0.2, 0.7, 0.7, 0.3, 0.3], False),
        ([3, 3, 3, 3, 3, 3], False),
    ],
)
def test_an_outline_encloses_something_unless_its_points_lie_on_a_line(points: list[float], encloses: bool) -> None:
    assert has_area(polygon(points, "a")) == encloses
    assert not has_area(Polygon(np.array(points[:4]).reshape(-1, 2)))


def test_boxes_and_ellipses_without_width_enclose_nothing_however_they_are_turned() -> None:
    for degrees in (0, 30, 90):
        assert not has_area(box([700, 1, 700, 9], "a", degrees=degrees))
        assert not has_area(ellipse((700, 5), (0, 3), "a", degrees=degrees))
    assert has_area(box([700, 1, 700.01, 9], "a", degrees=30))


def test_a_box_has_a_corner_and_a_size_that_is_not_negative(refused: "Refused") -> None:
    assert box_at(1, 2, 3, 4, "a").outer.tolist() == box([1, 2, 4, 6], "a").outer.tolist()
    for width, height in ((-3, 4), (3, -4)):
        with refused("bad-outline", "a") as error:
            box_at(1, 2, width, height, "a")
        assert f"{width} wide and {height} high" in error.value.what
