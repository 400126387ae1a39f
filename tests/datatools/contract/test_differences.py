"""What two sets of settings differ in is said so that one can type it."""

from typing import Any

import pytest

from p2p_datatools.contract.differences import differences
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette


@pytest.mark.parametrize(
    ("made", "wanted", "said"),
    [
        ({"fit": "crop", "size": [8, 8]}, {"fit": "stretch", "size": [8, 8]}, "fit crop, not stretch"),
        ({"size": None}, {"size": [64, 32]}, "size none, not 64x32"),
        ({}, {"seed": 1, "fit": "pad"}, "seed none, not 1; fit none, not pad"),
        ({"settings": {"a": 1, "b": 2}}, {"settings": {"a": 1, "b": 3}}, "b 2, not 3"),
        ({"settings": {"a": 1}}, {"settings": {"b": 3}}, "settings a=1, not b=3"),
        ({"halves": (Half("a", "photo"),)}, {"halves": (Half("b", "photo"),)}, "halves a, not b"),
        ({"palette": load_palette("cars")}, {"palette": None}, "palette cars, not none"),
        ({"left": 1}, {}, ""),
    ],
)
def test_only_settings_that_differ_are_listed(made: dict[str, Any], wanted: dict[str, Any], said: str) -> None:
    assert differences(made, wanted) == said


def test_two_things_of_one_name_are_distinguished_by_what_they_hold() -> None:
    text = differences({"half": Half("a", "photo")}, {"half": Half("a", "mask")})
    assert "kind='photo'" in text
    assert "kind='mask'" in text
