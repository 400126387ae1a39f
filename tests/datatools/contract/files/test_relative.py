"""Text from a file becomes a path only as a relative name."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.files.atomic import write_bytes
from p2p_datatools.contract.files.relative import LONGEST_NAME, cut_name, is_relative_name, relative_name

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize(
    "name", ["a", "a/b.c", "100% Tür (1)", "a b/c d", "日本/車.png", "x\\y", "-", "a..b", "a/b/c/d/e/f/g/h/i/j/k/l"]
)
def test_a_path_below_the_folder_is_taken_as_it_is(name: str) -> None:
    assert relative_name(name, "here") == name


@pytest.mark.parametrize(
    "name",
    [
        *("/x", "..", "../x", "a/../x", "a/..", "a/../../x", ".x", "a/.x", ".", "./x", "a//b", "a/", "", " ", "a/ /b"),
        *("C:/x", "C:x", "C:\\x", "\\\\server\\x", "..\\x", "a\\..\\x", "\\x"),
    ],
)
def test_a_path_that_leads_out_or_hides_is_refused(name: str, refused: "Refused") -> None:
    with refused("path-leads-out", "here"):
        relative_name(name, "here")
    assert not is_relative_name(name)


@pytest.mark.parametrize("name", ["a\nb", "a\0", "\x1b[31m", "a\u202eb", "\udc80", "a\u2028", "\u200b", "a/\t"])
def test_what_cannot_be_printed_is_refused_and_shown_escaped(name: str, refused: "Refused") -> None:
    with refused("unprintable-name", "here") as error:
        relative_name(name, "here")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("value", [None, 7, ["a"], {"a": 1}, b"a"])
def test_what_is_not_a_text_is_refused(value: object, refused: "Refused") -> None:
    with refused("not-a-name", "here"):
        relative_name(value, "here")


def test_a_part_may_be_as_long_as_file_systems_take_with_the_suffix_counted(refused: "Refused") -> None:
    for letter in ("a", "ü", "車", "🚗"):
        length = len(letter.encode())
        most = LONGEST_NAME // length
        relative_name(f"b/{letter * most}", "here")
        relative_name(letter * (most - 4), "here", suffix=".png")
        for long, suffix in (
            (letter * (most + 1), ""),
            (letter * most, "x" * length),
            (f"{letter * (most + 1)}/b", ""),
        ):
            with refused("name-too-long", "here"):
                relative_name(long, "here", suffix=suffix)
    with refused("name-too-long", "here") as error:
        relative_name("/".join(["a" * 200] * 20), "here")
    assert len(str(error.value)) < 400


def test_the_longest_names_of_every_alphabet_can_be_written_and_renamed(tmp_path: Path) -> None:
    for letter in ("a", "ü", "車", "🚗"):
        name = letter * ((LONGEST_NAME - 4) // len(letter.encode())) + ".png"
        write_bytes(tmp_path / relative_name(name, "here"), b"x")
        assert (tmp_path / name).read_bytes() == b"x"
    assert not [file for file in os.listdir(tmp_path) if file.endswith(".tmp")]


def test_a_name_is_cut_between_letters() -> None:
    assert cut_name("車車車", 7) == "車車"
    assert cut_name("abc", 7) == "abc"


def test_our_own_hidden_folders_are_allowed_where_they_are_asked_for_but_lead_nowhere(refused: "Refused") -> None:
    assert relative_name(".download/a.zip", "here", hidden=True) == ".download/a.zip"
    for name in ("..", ".download/../..", "/.download", "./x"):
        with refused("path-leads-out", "here"):
            relative_name(name, "here", hidden=True)
