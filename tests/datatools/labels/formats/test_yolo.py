"""The names in a data.yaml, in each of the forms that tools write, and no others."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.yolo import is_yolo, read_names, read_yolo
from p2p_datatools.labels.values import RegionLabels
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused

NAMES = {0: "car", 1: "front wheel", 2: "it's, a #1"}


@pytest.mark.parametrize(
    "text",
    [
        'train: ../x\nnames: [car, front wheel, "it\'s, a #1"]  # three\nnc: 3\n',
        "names: ['car', 'front wheel',\n  \"it's, a #1\"]\n",
        'names:\n- car\n- "front wheel"\n# between\n- "it\'s, a #1"\nnc: 3\n',
        'names:\n  - car\n  - front wheel\n  - "it\'s, a #1"\n',
        "names:\n  0: car\n  1: 'front wheel'\n\n  2: \"it's, a #1\"\nval: x\n",
        "names: {0: car, 1: 'front wheel', 2: \"it's, a #1\"}\n",
        '\ufeffnames :\r\n  0: car\r\n  1: front wheel\r\n  2: "it\'s, a #1"\r\n',
    ],
)
def test_a_list_and_a_mapping_are_read_in_one_line_or_several(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text, "utf-8")
    assert read_names(tmp_path / "data.yaml") == NAMES


@pytest.mark.parametrize("text", ["nc: 3\n", "path: x\n  names: [a]\n"])
def test_no_names_is_said(tmp_path: Path, text: str, refused: "Refused") -> None:
    (tmp_path / "data.yaml").write_text(text)
    with refused("no-class-names", tmp_path / "data.yaml"):
        read_names(tmp_path / "data.yaml")


@pytest.mark.parametrize("text", ["names: *anchor", "names: [a, b", "names:\n", "names: [a, a]", "names: &x\n- a\n"])
def test_another_form_is_refused_and_not_guessed(tmp_path: Path, text: str, refused: "Refused") -> None:
    (tmp_path / "data.yaml").write_text(text)
    with refused("bad-class-names", tmp_path / "data.yaml"):
        read_names(tmp_path / "data.yaml")


def test_what_is_no_text_is_said(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "data.yaml").write_bytes(b"\xff\xfe\x00")
    with refused("not-text", tmp_path / "data.yaml"):
        read_names(tmp_path / "data.yaml")


CARS = load_palette("cars")


HALF = "0.5 0 1 0 1 1 0.5 1"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of one photo of 8x4 with a car in its right half and a wheel as a box."""
    for part in ("images", "labels"):
        (tmp_path / "set" / "train" / part).mkdir(parents=True)
    (tmp_path / "set" / "data.yaml").write_text("nc: 2\nnames: [car, wheel]\n")
    (tmp_path / "set" / "README.roboflow.txt").write_text("hello")
    Image.new("RGB", (8, 4)).save(tmp_path / "set" / "train" / "images" / "a.b.jpg")
    (tmp_path / "set" / "train" / "labels" / "a.b.txt").write_text(f"0 {HALF}\n\n1 0.25 0.5 0.25 0.5\n")
    return tmp_path / "set"


def test_shares_become_pixels_of_the_photo_and_a_detection_is_a_rectangle(data: Path, tmp_path: Path) -> None:
    summary = build_masks(data, tmp_path / "masks", palette=CARS, photos=data)
    assert summary.format == "yolo"
    mask = read_mask(tmp_path / "masks" / "train" / "images" / "a.b.png", CARS)
    plain, boxed = [0, 0, 0, 0, 1, 1, 1, 1], [0, 2, 2, 0, 1, 1, 1, 1]
    assert mask.tolist() == [plain, boxed, boxed, plain]


def test_labels_and_images_may_be_given_each_by_its_folder(data: Path, tmp_path: Path) -> None:
    train = data / "train"
    assert build_masks(train / "labels", tmp_path / "m", palette=CARS, photos=train / "images").built == 1
    assert (tmp_path / "m" / "a.b.png").is_file()


def test_without_photos_there_is_no_size_and_that_is_said(data: Path, tmp_path: Path, refused: "Refused") -> None:
    with refused("pictures-failed", tmp_path / "masks") as error:
        build_masks(data, tmp_path / "masks", palette=CARS)
    (skip,) = error.value.parts
    assert (skip.where, skip.code) == (str(data / "train" / "labels" / "a.b.txt"), "no-size")
    assert "--photos" in skip.to_do


@pytest.mark.parametrize(
    ("line", "code", "about"),
    [
        ("0 0.1 0.1 0.2 0.2 0.3", "bad-outline", ""),
        ("0 0.1 0.1", "bad-outline", ""),
        ("0 10 10 20 20 30 30", "bad-outline", ""),
        ("0 0.1 nan 0.2 0.2 0.3 0.3", "bad-outline", ""),
        (f"7 {HALF}", "unknown-class", "class 7 "),
        (f"car {HALF}", "bad-number", ""),
    ],
)
def test_a_damaged_line_is_told_with_its_number(data: Path, line: str, code: str, about: str) -> None:
    path = data / "train" / "labels" / "a.b.txt"
    path.write_text(f"0 {HALF}\n{line}\n")
    found = read_yolo(data)
    assert not found.items
    (skip,) = found.skipped
    assert (skip.where, skip.code) == (str(path), code)
    assert skip.what.startswith("line 2: ")
    assert about in skip.what


def test_a_folder_is_yolo_by_its_numbers_and_its_settings(data: Path, tmp_path: Path, refused: "Refused") -> None:
    assert is_yolo(data)
    assert is_yolo(data / "train" / "labels")
    (data / "train" / "labels" / "a.b.txt").write_text("1 0.5 0.5 nan 7 0.5 0.5")  # wrong, but a label
    assert is_yolo(data)
    (data / "train" / "labels" / "a.b.txt").write_text("a photo of a car")
    assert not is_yolo(data)
    (tmp_path / "elsewhere").mkdir()
    with refused("missing-file", tmp_path / "elsewhere") as error:
        read_yolo(tmp_path / "elsewhere")
    assert "data.yaml" in error.value.what


def test_another_name_in_the_settings_changes_the_labels(data: Path) -> None:
    (first,) = read_yolo(data).items
    (data / "data.yaml").write_text("names: [truck, wheel]\n")
    (second,) = read_yolo(data).items
    assert isinstance(second, RegionLabels)
    assert [region.label for region in second.regions] == ["truck", "wheel"]
    assert first.signature != second.signature
