"""Lines of lists of classes are read by their headings, or by what stands in them."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.labels.parsing.class_rows import ClassRow, parse_rows, read_color_cells

if TYPE_CHECKING:
    from conftest import Refused

PLACE = Path("classes.txt")


def parse(text: str, name: str = "classes.txt") -> list[ClassRow]:
    return list(parse_rows(Path(name), text, "NUMBER NAME"))


def test_each_row_tells_its_line_which_comments_and_empty_lines_do_not_change() -> None:
    (row,) = parse("# classes\n\n7 car # red\n")
    assert row == ClassRow("classes.txt: line 3", "car", 7)


def test_headings_say_what_columns_hold_and_unknown_columns_are_left_out() -> None:
    (row,) = parse("Ratio;ID;Class Name;R;G;B\n0.5;3;car, red;1;2;3\n")
    assert row == ClassRow("classes.txt: line 2", "car, red", 3, (1, 2, 3))
    assert [row.name for row in parse("name\ncar\n", "a.csv")] == ["car"]
    assert [row.name for row in parse("name\ncar\n")] == ["name", "car"]  # a class may be called so


@pytest.mark.parametrize("text", ["name;\nroad;\ncar;\n", "name,,\nroad,,\ncar,,\n", "name;\nroad\ncar\n"])
def test_columns_that_a_spreadsheet_left_empty_do_not_make_a_heading_a_class(text: str) -> None:
    assert [row.name for row in parse(text, "a.csv")] == ["road", "car"]


def test_a_number_after_the_name_is_given_as_it_is() -> None:
    assert parse("lane 2")[0][1:] == ("lane", None, None, 2)
    assert parse("4 lane 2")[0][1:] == ("lane", 4, None, 2)
    assert parse("lane,2")[0][1:] == ("lane", 2, None, None)


@pytest.mark.parametrize("line", ["12", "1 2 car", "car 1 2", "1 2 300 car", "-2 car", ","])
def test_a_line_that_names_no_class_or_two_numbers_is_named(line: str, refused: "Refused") -> None:
    with refused("bad-class-names", PLACE) as error:
        parse(f"0 background\n{line}\n")
    assert error.value.what.startswith("line 2 ")


def test_a_colour_has_three_bytes() -> None:
    assert read_color_cells(["1", " 2", "255"]) == (1, 2, 255)


@pytest.mark.parametrize("words", [["1", "2"], ["1", "2", "256"], ["1", "2", "-1"], ["1", "2", "x"]])
def test_what_is_no_colour_is_an_error(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"unpack|range|invalid"):
        read_color_cells(words)
