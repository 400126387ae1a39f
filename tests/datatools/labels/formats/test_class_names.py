"""Lists of class names, as tools and data sets write them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.labels.formats.class_names import find_names, read_class_names

if TYPE_CHECKING:
    from conftest import Refused

BLACK, RED = (0, 0, 0), (255, 0, 0)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "numbers", "colors"),
    [
        ("_classes.csv", "Pixel Value, Class\n0, background\n8, my car\n", {0: "background", 8: "my car"}, {}),
        ("class_dict.csv", "name,r,g,b\nvoid,0,0,0\nCar,255,0,0\n", {0: "void", 1: "Car"}, {BLACK: "void", RED: "Car"}),
        ("class_dict.csv", "name,r,g,b\nCar,255,0,0\nSky,0,0,0\n", {}, {BLACK: "Sky", RED: "Car"}),
        ("label_names.txt", "_background_\nbody\n", {0: "_background_", 1: "body"}, {}),
        ("label_names.txt", "1 background 1\n2 facade 2\n", {1: "background", 2: "facade"}, {}),
        ("labels.txt", "__ignore__\n_background_\ncar\n", {0: "_background_", 1: "car", 255: "__ignore__"}, {}),
        ("class_names.txt", "\ufeffbackground\r\ntraffic light\r\n", {0: "background", 1: "traffic light"}, {}),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\nlane 2:255,0,0::\n",
         {0: "background", 1: "lane 2"}, {BLACK: "background", RED: "lane 2"}),
        ("classes.txt", "0: other\n1: building\n", {0: "other", 1: "building"}, {}),
        ("classes.txt", "car\nwheel\n", {}, {}),
        ("label_colors.txt", "0 0 0\tVoid\n255 0 0\t\tCar\n", {0: "Void", 1: "Car"}, {BLACK: "Void", RED: "Car"}),
        ("label_classes.json", json.dumps([{"png_index": 1, "class_name": "car", "color": "#ff0000"}]),
         {1: "car"}, {RED: "car"}),
        ("data.yaml", "names: [background, car]\n", {0: "background", 1: "car"}, {}),
        ("data.yaml", "names: [car, wheel]\n", {}, {}),
    ],
)  # fmt: skip
def test_a_list_names_numbers_and_colours(
    tmp_path: Path, name: str, text: str, numbers: dict[int, str], colors: dict[tuple[int, int, int], str]
) -> None:
    found = read_class_names(write(tmp_path / name, text))
    assert (found.numbers, found.colors) == (numbers, colors)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("_classes.csv", "0, background\n0, car\n", "duplicate-id"),
        ("classes.txt", "0 other\nbuilding\n", "bad-class-names"),
        ("class_names.txt", "background\ncar\ncar\n", "duplicate-class"),
        ("class_dict.csv", "name,r,g,b\na,1,2,3\nb,1,2,3\n", "duplicate-class"),
        ("class_dict.csv", "name,r,g,b\na,1,2,300\n", "bad-class-names"),
        ("classes.txt", "12\n", "bad-class-names"),
        ("classes.txt", "\n", "no-class-names"),
        ("label_classes.json", '[{"color": "#ff0000"}]', "bad-class-names"),
        ("label_classes.json", '[{"name": "a", "png_index": "x"}]', "bad-class-names"),
        ("label_classes.json", "{", "damaged-json"),
    ],
)
def test_a_damaged_list_is_refused(tmp_path: Path, name: str, text: str, code: str, refused: "Refused") -> None:
    with refused(code):
        read_class_names(write(tmp_path / name, text))


def test_a_list_that_is_no_text_is_refused(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "classes.txt").write_bytes("Fenêtre".encode("latin-1"))
    with refused("not-utf8", tmp_path / "classes.txt"):
        read_class_names(tmp_path / "classes.txt")


def test_lists_are_found_in_the_folder_and_beside_it_and_no_farther(tmp_path: Path) -> None:
    root = tmp_path / "set" / "labels"
    write(tmp_path / "classes.txt", "0 other\n")
    (root / "train").mkdir(parents=True)
    assert find_names(root / "train", root) is None
    write(tmp_path / "set" / "classes.txt", "0 background\n1 car\n")
    write(root / "train" / "label_names.txt", "background\ncar\nwheel\n")
    found = find_names(root / "train", root)
    assert found is not None
    assert found.numbers == {0: "background", 1: "car", 2: "wheel"}
    assert found.source == "label_names.txt and classes.txt"


def test_lists_that_contradict_each_other_are_refused(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "labels" / "label_names.txt", "background\ncar\nwheel\n")
    write(tmp_path / "classes.txt", "background\nwheel\ncar\n")
    with refused("contradicting-lists") as error:
        find_names(tmp_path / "labels", tmp_path / "labels")
    assert "1 is car in one and wheel in classes.txt" in error.value.what
