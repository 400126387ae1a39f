"""Sizes: what is one in words, and which two can be of one picture."""

from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pictures.sizes import Size, is_same_shape, parse_size

if TYPE_CHECKING:
    from conftest import Refused


def test_a_size_is_one_side_or_two() -> None:
    assert parse_size("256") == Size(256, 256)
    assert parse_size("384X256") == Size(384, 256)


@pytest.mark.parametrize("text", ["", "x", "0", "32x", "-32", "1.5", "32x32x32", "nan", "9" * 10, "9" * 5000])
def test_an_impossible_size_is_refused_in_one_line(text: str, refused: "Refused") -> None:
    with refused("impossible-setting", f"size={text}", usage=True) as error:
        parse_size(text)
    assert "WIDTHxHEIGHT" in error.value.to_do


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((96, 64), (96, 64), True),
        ((96, 64), (95, 64), True),  # a pixel in one side, or in both
        ((96, 64), (96, 63), True),
        ((96, 64), (95, 63), True),
        ((96, 64), (97, 63), True),
        ((96, 64), (94, 64), False),
        ((96, 64), (96, 62), False),
        ((96, 64), (48, 32), True),  # a whole factor
        ((96, 64), (32, 21), True),
        ((96, 64), (32, 22), True),
        ((96, 64), (32, 23), False),
        ((96, 64), (12, 8), True),
        ((640, 427), (213, 142), True),
        ((640, 427), (214, 143), True),
        ((25, 17), (13, 9), True),
        ((96, 64), (120, 80), True),  # any other scale
        ((640, 427), (512, 341), True),
        ((640, 427), (512, 342), True),
        ((4000, 3000), (1024, 768), True),
        ((4000, 3000), (1024, 766), False),
        ((96, 64), (64, 96), False),  # other shapes
        ((96, 64), (100, 100), False),
        ((96, 64), (96, 96), False),
        ((640, 480), (640, 427), False),
        ((2, 1), (1, 2), False),  # so few pixels that one is a shape of its own
        ((9, 5), (3, 2), False),
        ((8, 8), (7, 8), False),
        ((96, 64), (0, 0), False),
    ],
)
def test_two_sizes_are_of_one_picture_if_their_shape_is_the_same_up_to_a_pixel(
    one: tuple[int, int], other: tuple[int, int], same: bool
) -> None:
    assert is_same_shape(Size(*one), Size(*other)) == same
    assert is_same_shape(Size(*other), Size(*one)) == same
    turned = Size(*reversed(one)), Size(*reversed(other))
    assert is_same_shape(*turned) == same
