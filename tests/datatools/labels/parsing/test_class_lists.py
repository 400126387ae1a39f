"""Plain lists of classes: the place of a name is its number, and whatever leaves that open is refused."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.labels.parsing.class_lists import LARGEST, read_class_list

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("car\nfront wheel\n", {0: "car", 1: "front wheel"}),
        ("\ufeffcar \r\n wheel\r\n\r\n", {0: "car", 1: "wheel"}),
        ("0: car\n1:wheel", {0: "car", 1: "wheel"}),
        ("0,car\n1\twheel", {0: "car", 1: "wheel"}),
        ("3 doors\ncar", {0: "3 doors", 1: "car"}),
        ("7\n8\n", {0: "7", 1: "8"}),
    ],
)
def test_the_place_of_a_name_is_its_number(tmp_path: Path, text: str, names: dict[int, str]) -> None:
    (tmp_path / "classes.txt").write_text(text, "utf-8")
    assert read_class_list(tmp_path / "classes.txt") == names


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("car\n\nwheel\n", 2, "bad-class-names"),
        ("\ncar\n", 1, "bad-class-names"),
        ("# classes\ncar\n", 1, "bad-class-names"),
        ("1: car\n2: wheel\n", 1, "bad-class-names"),
        ("0: car\n2: wheel\n", 2, "bad-class-names"),
        ("0: car\n0: wheel\n", 2, "bad-class-names"),
        ("car\nwheel\ncar\n", 3, "duplicate-class"),
        ("0: car\n1: car\n", 2, "duplicate-class"),
    ],
)
def test_missing_and_repeated_names_and_numbers_are_refused_with_their_line(
    tmp_path: Path, text: str, line: int, code: str, refused: "Refused"
) -> None:
    (tmp_path / "classes.txt").write_text(text)
    with refused(code, f"{tmp_path / 'classes.txt'}: line {line}"):
        read_class_list(tmp_path / "classes.txt")


def test_a_file_that_is_not_a_list_of_classes_is_refused(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "classes.txt"
    for data, code in ((b"\n \n", "no-class-names"), (b"\x89PNG\x00\x00\x1a", "not-text")):
        path.write_bytes(data)
        with refused(code, path):
            read_class_list(path)
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with refused("file-too-large", path):
        read_class_list(path)
