"""Sizes in words: what is one, and what is refused without a second thought."""

from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pictures.sizes import Size, parse_size

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
