"""The table of operations: defaults, refusals with the nearest name, and the lines of the help."""

from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.settings import describe_settings, settings_of
from p2p_datatools.derivations.operations import OPERATIONS, Blur, Edges, Gray, Holes, operation, parse_color

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_line_of_help_and_a_default_for_each_setting(name: str) -> None:
    kind = OPERATIONS[name]
    assert operation(name) == kind()
    assert kind.__doc__
    lines = describe_settings(kind)
    assert len(lines) == len(settings_of(kind))
    assert all("=" in setting and meaning for setting, meaning in lines)


def test_text_becomes_values_of_the_field_s_kind() -> None:
    assert operation("edges", {"detail": "0.2", "width": "2"}) == Edges(detail=0.2, width=2.0)
    assert operation("blur", {"kind": "motion", "vary": "on"}) == Blur(kind="motion", vary=True)
    assert operation("gray", {"weights": "bt709"}) == Gray(weights="bt709")


@pytest.mark.parametrize(
    ("name", "settings", "code", "place", "way_out"),
    [
        ("edge", {}, "unknown-operation", "edge", "edges?"),
        ("xyz", {}, "unknown-operation", "xyz", "gray, lab,"),
        ("edges", {"detial": "1"}, "unknown-setting", "detial", "detail?"),
        ("lab", {"detail": "1"}, "unknown-setting", "detail", "Leave it out"),
        ("edges", {"detail": "much"}, "setting-type", "detail=much", "a number from 0.001 to 0.9"),
        ("edges", {"detail": "nan"}, "setting-range", "detail=nan", "a number from 0.001 to 0.9"),
        ("blur", {"sigma": "0"}, "setting-range", "sigma=0", "a number from 0.1 to 200"),
        ("blur", {"vary": "maybe"}, "setting-type", "vary=maybe", "on or off"),
        ("downscale", {"grow": "cubic"}, "setting-choice", "grow=cubic", "nearest, bilinear, bicubic"),
        ("holes", {"color": "red"}, "bad-colour", "color=red", "255,0,255"),
        ("holes", {"color": "1,2,256"}, "bad-colour", "color=1,2,256", "255,0,255"),
    ],
)
def test_what_cannot_work_is_refused_with_a_way_out(
    name: str, settings: dict[str, str], code: str, place: str, way_out: str, refused: "Refused"
) -> None:
    with refused(code, place, usage=True) as caught:
        operation(name, settings)
    assert way_out in caught.value.to_do


def test_a_color_is_three_numbers() -> None:
    assert parse_color("255, 0,7") == (255, 0, 7)
    assert Holes(color="0,0,0").color == "0,0,0"
