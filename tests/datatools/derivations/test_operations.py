"""The table of operations: defaults, refusals with the nearest name, and the lines of the help."""

import dataclasses

import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.derivations.operations import OPERATIONS, Blur, Edges, Gray, Holes, color_of, described, operation


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
    ("name", "settings", "words"),
    [
        ("edge", {}, r"edge: is no operation; did you mean edges\?"),
        ("xyz", {}, "there are gray, lab,"),
        ("edges", {"detial": "1"}, r"detial: is no field of edges; did you mean detail\?"),
        ("lab", {"detail": "1"}, "detail: is no field of lab; it has none"),
        ("edges", {"detail": "much"}, "detail=much: is not a number"),
        ("edges", {"detail": "nan"}, "detail=nan: is not possible; it lies between 0.001 and 0.9"),
        ("blur", {"sigma": "0"}, "sigma=0.0: is not possible; it lies between 0.1 and 200"),
        ("blur", {"vary": "maybe"}, "vary=maybe: is not on or off"),
        ("downscale", {"grow": "cubic"}, "grow=cubic: is not possible; choose from nearest, bilinear, bicubic"),
        ("holes", {"color": "red"}, "color=red: is no colour"),
        ("holes", {"color": "1,2,256"}, "is no colour"),
    ],
)
def test_what_cannot_work_is_refused_in_a_line(name: str, settings: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        operation(name, settings)


def test_a_colour_is_three_numbers() -> None:
    assert color_of("255, 0,7") == (255, 0, 7)
    assert Holes(color="0,0,0").color == "0,0,0"
