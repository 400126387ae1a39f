"""Settings as they are declared: what words become, what is refused and how, and what is said of each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.settings import (
    OpenBound,
    check_settings,
    describe_settings,
    nearest,
    read_settings,
    refuse_setting,
    setting,
    settings_of,
)

if TYPE_CHECKING:
    from conftest import Refused


@dataclass(frozen=True)
class Oven:
    heat: int = setting(180, "The heat in degrees.", low=30, high=1_000, unit="degrees", group="baking")
    door: str = setting("closed", "Whether the door is open.", choices=("open", "closed"))
    fan: bool = setting(False, "Whether the fan turns.", on_resume="free")
    share: float = setting(0.5, "The share of butter.", low=0, high=OpenBound(1), unit="share")
    width: float = setting(2.0, "The width in metres.", low=OpenBound(0), unit="metres")
    trays: int = setting(0, "How many trays there are.", low=1, high=8, words={"auto": 0}, on_resume="auto")
    draught: float = setting(-1.0, "The air in litres a second.", low=0, words={"auto": -1.0})
    loaf: Size | None = setting(None, "The size of the loaf.", words={"any": None})
    grain: Literal["rye", "wheat"] = setting("rye", "The grain.", choices=("rye", "wheat"))
    name: str = setting("mine", "What it is called.")

    def __post_init__(self) -> None:
        check_settings(self)


def read(**table: Any) -> Oven:
    return Oven(**read_settings(Oven, table, of="the oven", listed="'oven --help' lists all."))


def test_text_becomes_values_of_the_type_of_the_field() -> None:
    words = {"heat": "1_000", "fan": "on", "share": "1e-3", "loaf": "20x10", "door": "open", "grain": "wheat"}
    assert read(**words) == Oven(heat=1000, fan=True, share=0.001, loaf=Size(20, 10), door="open", grain="wheat")
    assert read(heat=200.0, loaf=Size(2, 3)) == Oven(heat=200, loaf=Size(2, 3))


def test_a_word_that_stands_for_a_value_is_read_as_it_and_the_value_shown_as_the_word() -> None:
    assert (read(trays="auto").trays, read(loaf="any").loaf, read(loaf=None).loaf) == (0, None, None)
    known = settings_of(Oven)
    assert (known["trays"].text(0), known["trays"].text(3), known["loaf"].text(None)) == ("auto", "3", "any")
    assert known["trays"].automatic == 0
    assert known["door"].automatic == "auto"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("fan", True, "on"),
        ("share", 0.1 + 0.2, "0.30000000000000004"),
        ("width", 100.0, "100"),
        ("loaf", Size(4, 2), "4x2"),
    ],
)
def test_a_value_is_shown_as_one_would_type_it(name: str, value: object, text: str) -> None:
    assert settings_of(Oven)[name].text(value) == text
    assert getattr(read(**{name: text}) if name != "share" else Oven(share=float(text)), name) == value


@pytest.mark.parametrize(
    ("name", "value", "code", "allowed"),
    [
        ("heat", "hot", "setting-type", "a whole number from 30 to 1,000"),
        ("heat", "30.5", "setting-type", "a whole number from 30 to 1,000"),
        ("heat", "inf", "setting-type", "a whole number from 30 to 1,000"),
        ("heat", 29, "setting-range", "a whole number from 30 to 1,000"),
        ("heat", 1001, "setting-range", "a whole number from 30 to 1,000"),
        ("fan", "perhaps", "setting-type", "on or off"),
        ("share", True, "setting-type", "a number from 0 to below 1"),
        ("share", 1, "setting-range", "a number from 0 to below 1"),
        ("share", float("nan"), "setting-range", "a number from 0 to below 1"),
        ("width", 0, "setting-range", "a number above 0"),
        ("width", float("inf"), "setting-range", "a number above 0"),
        ("trays", -1, "setting-range", "a whole number from 1 to 8, or auto"),
        ("trays", 9, "setting-range", "a whole number from 1 to 8, or auto"),
        ("draught", "-1", "setting-range", "a number of 0 or more, or auto"),
        ("loaf", "big", "setting-type", "N or WIDTHxHEIGHT, or any"),
        ("door", "ajar", "setting-choice", "open, closed"),
        ("grain", "rice", "setting-choice", "rye, wheat"),
    ],
)
def test_what_may_not_be_is_answered_with_what_may(
    name: str, value: object, code: str, allowed: str, refused: "Refused"
) -> None:
    with refused(code, usage=True) as caught:
        read(**{name: value})
    assert caught.value.where.startswith(f"{name}=")
    assert caught.value.to_do.endswith(f" {allowed}.")


def test_the_number_that_a_file_stores_for_a_word_is_the_word() -> None:
    assert read(draught=-1.0).draught == read(draught="auto").draught == Oven().draught
    assert read(trays="0").trays == 0


@pytest.mark.parametrize("value", [30, 1000])
def test_the_ends_of_a_range_belong_to_it(value: int) -> None:
    assert read(heat=value).heat == value


def test_an_unknown_name_is_answered_with_the_nearest_or_where_all_stand(refused: "Refused") -> None:
    for name, way_out in (("traxs", "Did you mean trays?"), ("zzzzz", "'oven --help' lists all.")):
        with refused("unknown-setting", name, usage=True) as caught:
            read(**{name: 1})
        assert caught.value.to_do == way_out
    assert nearest("x", ["one", "two"]) == "Choose from one, two."
    assert nearest("x", []) == "Leave it out: there are none."


def test_settings_that_exclude_each_other_are_refused_under_the_name_of_one(refused: "Refused") -> None:
    with refused("settings-conflict", "fan=on", usage=True):
        refuse_setting(Oven(fan=True), "fan", "blows through the open door", "Close it.")


def test_a_setting_is_explained_in_a_line_and_as_json() -> None:
    lines = describe_settings(Oven)
    assert lines[0] == ("heat=180", "The heat in degrees (a whole number from 30 to 1,000)")
    assert lines[5] == ("trays=auto", "How many trays there are (a whole number from 1 to 8, or auto)")
    assert settings_of(Oven)["heat"].to_json() == {
        **{"name": "heat", "group": "baking", "default": "180", "allowed": "a whole number from 30 to 1,000"},
        **{"unit": "degrees", "doc": "The heat in degrees.", "choices": [], "on_resume": "same"},
    }
