"""The table of operations: defaults, refusals with the nearest name, and the lines of the help."""

import dataclasses
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.derivations.operations import OPERATIONS, Blur, Edges, Gray, Holes, color_of, described, operation

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_line_of_help_and_a_default_for_each_field(name: str) -> None:
    kind = OPERATIONS[name]
    assert operation(name) == kind()
    assert kind.__doc__
    lines = described(kind)
    assert len(lines) == len(dataclasses.fields(kind))
    assert all("=" in line.split("  ")[0] for line in lines)


def test_words_become_values_of_the_field_s_kind() -> None:
    assert operation("edges", {"detail": "0.2", "width": "2"}) == Edges(detail=0.2, width=2.0)
    assert operation("blur", {"kind": "motion", "vary": "on"}) == Blur(kind="motion", vary=True)
    assert operation("gray", {"weights": "bt709"}) == Gray(weights="bt709")


@pytest.mark.parametrize(
    ("name", "settings", "code", "where", "to_do"),
    [
        ("edge", {}, "unknown-operation", "edge", "Did you mean edges?"),
        ("xyz", {}, "unknown-operation", "xyz", "Choose from gray, lab, "),
        ("edges", {"detial": "1"}, "unknown-setting", "detial", "Did you mean detail?"),
        ("lab", {"detail": "1"}, "unknown-setting", "detail", "Leave it out"),
        ("edges", {"detail": "much"}, "impossible-setting", "detail=much", "Give a number."),
        ("edges", {"detail": "nan"}, "impossible-setting", "detail=nan", "Give a number from 0.001 to 0.9."),
        ("blur", {"sigma": "0"}, "impossible-setting", "sigma=0.0", "Give a number from 0.1 to 200."),
        ("blur", {"vary": "maybe"}, "impossible-setting", "vary=maybe", "Give on or off."),
        ("downscale", {"grow": "cubic"}, "impossible-setting", "grow=cubic", "Choose from nearest, bilinear, bicubic."),
        ("holes", {"color": "red"}, "bad-colour", "color=red", "Write red,green,blue "),
        ("holes", {"color": "1,2,256"}, "bad-colour", "color=1,2,256", "Write red,green,blue "),
    ],
)
def test_what_cannot_work_is_refused_in_a_line(
    name: str, settings: dict[str, str], code: str, where: str, to_do: str, refused: "Refused"
) -> None:
    with refused(code, where, usage=True) as error:
        operation(name, settings)
    assert error.value.to_do.startswith(to_do)


def test_a_colour_is_three_numbers() -> None:
    assert color_of("255, 0,7") == (255, 0, 7)
    assert Holes(color="0,0,0").color == "0,0,0"
