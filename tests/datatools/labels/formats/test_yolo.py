"""YOLO's text files are read with the names of a data.yaml, which is YAML in whatever way it is written."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.yolo import is_yolo, read_names, read_yolo
from p2p_datatools.labels.parsing.class_lists import LARGEST
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import RegionLabels
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import First

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
        'names:\n  [\n    car, front wheel,  # two\n    "it\'s, a #1",\n  ]\n',
        "names:\n- car\n- front\n  wheel\n- 'it''s, a #1'\n",
        'names:\n  "0": car\n  ? 1\n  : >-\n    front\n    wheel\n  2: "it\\u0027s, \\\n    a #1"\n',
        '{"train": "../x", "names": {"0": "car", "1": "front wheel", "2": "it\'s, a #1"}}',
        'parts: &parts [car, front wheel, &last "it\'s, a #1"]\nshown: *last\nnames: *parts\n',
        '--- # of one export\nnames: [car, front wheel, "it\'s, a #1"]\n---\nnames: [other]\n',
        'names: [car, front wheel, "it\'s, a #1"]\ndownload: |\n  import os\n  names: [x]\n\n  # the end\n',
    ],
)
def test_a_list_and_a_mapping_are_read_in_every_way_to_write_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text, "utf-8")
    assert read_names(tmp_path / "data.yaml") == NAMES


def test_a_name_is_what_is_written_also_where_yaml_means_something_else_by_it(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("names:\n  0: no\n  1: on\n  2: null\n  3: 2020-01-01\n  4: 0x1f\n  5: 1.50\n")
    assert list(read_names(tmp_path / "data.yaml").values()) == ["no", "on", "null", "2020-01-01", "0x1f", "1.50"]


@pytest.mark.parametrize("text", ["", "nc: 3\n", "path:\n  names: [a]\n", "- names\n- [a]\n", "names"])
def test_settings_without_names_are_an_error(refused: "Refused", tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with refused("no-class-names", tmp_path / "data.yaml"):
        read_names(tmp_path / "data.yaml")


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("names:\n", 1, "bad-class-names"),
        ("nc: 1\nnames: car\n", 2, "bad-class-names"),
        ("names: []\n", 1, "bad-class-names"),
        ("names: [a, b, a]", 1, "duplicate-class"),
        ("names:\n  0: a\n  0: b\n", 3, "duplicate-id"),
        ("names:\n  0: a\n  one: b\n", 3, "bad-class-names"),
        ("names:\n  0: a\n  ²: b\n", 3, "bad-class-names"),
        ("names:\n  [1]: a\n", 2, "bad-class-names"),
        (f"names:\n  ? {'1' * 5000}\n  : a\n", 2, "bad-class-names"),
        (f"names: [{'a' * 5000}, {'a' * 5000}]\n", 1, "duplicate-class"),
        ("names:\n- a\n- b: c\n", 3, "bad-class-names"),
        ("names:\n- a\n-\n- b\n", 3, "bad-class-names"),
        ("names: [[a, b], [c]]\n", 1, "bad-class-names"),
        ("names: &x\n- a\n- *x\n", 1, "bad-class-names"),
        ("names: *anchor", 1, "bad-yaml"),
        ("nc: 1\nnames: [a, b", 2, "bad-yaml"),
        ("path: x\n  names: [a]\n", 2, "bad-yaml"),
        ("names:\n- a\n\t- b\n", 3, "bad-yaml"),
        ("names: [a]\nx: \x07\n", 2, "bad-yaml"),
    ],
)
def test_broken_yaml_and_names_of_another_form_are_refused_with_their_line(
    refused: "Refused", tmp_path: Path, text: str, line: int, code: str
) -> None:
    (tmp_path / "data.yaml").write_text(text, "utf-8")
    with refused(code, f"{tmp_path / 'data.yaml'}: line {line}") as error:
        read_names(tmp_path / "data.yaml")
    assert len(str(error.value)) < 400


def test_yaml_that_names_code_is_text_and_runs_nothing(tmp_path: Path) -> None:
    made = tmp_path / "made"
    call = f"!!python/object/apply:os.mkdir [{made}]"
    (tmp_path / "data.yaml").write_text(f"names: [!!python/name:os.mkdir 'car', wheel]\nother: {call}\n")
    assert list(read_names(tmp_path / "data.yaml").values()) == ["car", "wheel"]
    assert not made.exists()


@pytest.mark.parametrize("count", [1_000, pytest.param(5_000, marks=pytest.mark.long)])
def test_brackets_without_end_are_not_yaml(refused: "Refused", tmp_path: Path, count: int) -> None:
    (tmp_path / "data.yaml").write_text("names: " + "[" * count)
    with refused("bad-yaml", tmp_path / "data.yaml"):
        read_names(tmp_path / "data.yaml")


def test_a_few_lines_that_stand_for_billions_cost_nothing(refused: "Refused", tmp_path: Path) -> None:
    levels = [f"x{level}: &x{level} [{', '.join([f'*x{level - 1}'] * 9)}]" for level in range(1, 40)]
    merged = [f"m{level}: &m{level} {{<<: [{', '.join([f'*m{level - 1}'] * 9)}]}}" for level in range(1, 40)]
    lines = ["x0: &x0 [a]", *levels, "m0: &m0 {0: a}", *merged]
    (tmp_path / "data.yaml").write_text("\n".join([*lines, "names: [car, wheel]"]))
    assert read_names(tmp_path / "data.yaml") == {0: "car", 1: "wheel"}
    (tmp_path / "data.yaml").write_text("\n".join([*lines, "names: *x39"]))
    with refused("bad-class-names"):
        read_names(tmp_path / "data.yaml")


def test_a_huge_file_is_refused_before_it_is_read(refused: "Refused", tmp_path: Path) -> None:
    with (tmp_path / "data.yaml").open("wb") as file:
        file.truncate(LARGEST + 1)
    with refused("file-too-large", tmp_path / "data.yaml"):
        read_names(tmp_path / "data.yaml")


def test_a_value_that_is_not_text_is_refused(tmp_path: Path, refused: "Refused") -> None:
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


def test_labels_without_size_need_photos_and_the_error_says_so(data: Path, tmp_path: Path, refused: "Refused") -> None:
    (data / "train" / "images").rename(tmp_path / "elsewhere")  # beside the labels they would be found
    with refused("pictures-failed", tmp_path / "masks") as error:
        build_masks(data, tmp_path / "masks", palette=CARS)
    (skip,) = error.value.parts
    assert (skip.where, skip.code) == (str(data / "train" / "labels" / "a.b.txt"), "no-size")
    assert "--photos" in skip.to_do


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("0 0.1 0.1 0.2 0.2 0.3", "bad-outline"),
        ("0 0.1 0.1", "bad-outline"),
        ("0 10 10 20 20 30 30", "bad-outline"),
        ("0 0.1 nan 0.2 0.2 0.3 0.3", "bad-outline"),
        ("0 0.5 0.5 -0.01 0.2", "bad-outline"),
        ("0 0.5 0.5 0 0.2", "no-area"),
        (f"car {HALF}", "bad-number"),
    ],
)
def test_a_damaged_line_is_left_out_and_known_by_its_number(data: Path, line: str, code: str, only: "First") -> None:
    path = data / "train" / "labels" / "a.b.txt"
    path.write_text(f"0 {HALF}\n{line}\n")
    item = only(read_yolo(data))
    (fault,) = item.faults
    assert (fault.where, fault.code, len(item.regions)) == (f"{path}: line 2", code, 1)


def test_an_outline_in_pixels_is_told_how_it_becomes_shares(data: Path, only: "First") -> None:
    path = data / "train" / "labels" / "a.b.txt"
    path.write_text(f"0 {HALF}\n0 10 10 20 20 30 30\n0 0.1 0.1 1.2 0.2 0.3 0.3\n")
    of_pixels, beyond = only(read_yolo(data)).faults
    assert "divide x by the width" in of_pixels.to_do
    assert "divide" not in beyond.to_do


def test_a_class_that_no_list_names_is_not_left_out(data: Path) -> None:
    path = data / "train" / "labels" / "a.b.txt"
    path.write_text(f"0 {HALF}\n7 {HALF}\n")
    (skip,) = read_yolo(data).skipped
    assert (skip.where, skip.code) == (str(path), "unknown-class")
    assert skip.what.startswith("line 2: class 7 ")


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


def test_labels_of_a_photo_called_like_a_text_about_the_data_are_labels_all_the_same(data: Path) -> None:
    before = len(read_labels(data).items)
    for name in ("license-plate.txt", "readme-photo.txt", "classes-of-1999.txt"):
        (data / "train" / "labels" / name).write_text("0 0.5 0.5 0.2 0.2\n")
    (data / "train" / "labels" / "license-empty.txt").touch()
    (data / "README.roboflow.txt").write_text("Roboflow wrote this.")
    (data / "LICENSE.txt").write_text("0 1 2 3 4")
    assert len(read_labels(data).items) == before + 4


def test_another_name_in_the_settings_changes_the_labels(data: Path) -> None:
    (first,) = read_yolo(data).items
    (data / "data.yaml").write_text("names: [truck, wheel]\n")
    (second,) = read_yolo(data).items
    assert isinstance(second, RegionLabels)
    assert [region.label for region in second.regions] == ["truck", "wheel"]
    assert first.signature != second.signature


@pytest.fixture
def unnamed(data: Path) -> Path:
    """The data set without its data.yaml."""
    (data / "data.yaml").unlink()
    return data


def labels_of(folder: Path) -> list[str]:
    found = read_yolo(folder)
    assert not found.skipped, found.skipped
    return [region.label for item in found.items if isinstance(item, RegionLabels) for region in item.regions]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.txt", "car\nwheel\n"),
        ("classes.txt", "\ufeffcar\r\nwheel\r\n\r\n"),
        ("train/labels/classes.txt", "car\nwheel"),  # where LabelImg writes it
        ("obj.names", "car\nwheel\n"),
        ("coco.names", "car\nwheel\n"),
        ("train/_darknet.labels", "car\nwheel\n"),
        ("cars-v2.yaml", "path: ../datasets/cars\ntrain: images/train\nnames:\n  0: car\n  1: wheel\n"),
        ("names.yml", "\ufeffnames: [car, wheel]\n"),
        ("classes.txt", "0: car\n1: wheel\n"),
        ("classes.txt", "0 car\n1 wheel\n"),
    ],
)
def test_every_spelling_of_the_list_of_classes_names_them_and_that_is_reported(
    unnamed: Path, file: str, text: str
) -> None:
    (unnamed / file).write_text(text, "utf-8")
    assert is_yolo(unnamed)
    assert labels_of(unnamed) == ["car", "wheel"]
    assert read_yolo(unnamed).notes == (f"{unnamed / file}: names the classes; 0 is car, 1 is wheel.",)


def test_a_list_above_the_labels_is_found_and_no_foreign_yaml_there_is_taken_for_one(unnamed: Path) -> None:
    (unnamed / "people.yaml").write_text("names: [anna, otto]\n")
    labels = unnamed / "train" / "labels"
    with pytest.raises(P2PError) as caught:
        read_yolo(labels)
    assert caught.value.code == "missing-file"
    (unnamed / "cars.yaml").write_text("nc: 2\nnames: [car, wheel]\n")
    (unnamed / "damaged.yaml").write_text("names: [")
    assert labels_of(labels) == ["car", "wheel"]


def test_lists_that_agree_are_one_and_lists_that_contradict_each_other_are_refused(
    data: Path, refused: "Refused"
) -> None:
    (data / "classes.txt").write_text("car\nwheel\n")
    assert labels_of(data) == ["car", "wheel"]
    for text, about in (("wheel\ncar\n", "class 0 is wheel"), ("car\nwheel\ndoor\n", "class 2 is door")):
        (data / "classes.txt").write_text(text)
        with refused("contradicting-lists", data / "classes.txt") as error:
            read_yolo(data)
        assert about in error.value.what
        assert str(data / "data.yaml") in error.value.what


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nc: 3\nnames: [car, wheel]\n", "class-count"),
        ("nc: 3\nnames: {0: car, 2: wheel}\n", "class-count"),
        ("names: [car, wheel]\nkpt_shape: [17, 3]\n", "keypoints"),
    ],
)
def test_a_list_that_misses_names_or_is_of_keypoints_is_refused(
    data: Path, text: str, code: str, refused: "Refused"
) -> None:
    (data / "data.yaml").write_text(text)
    with refused(code, data / "data.yaml"):
        read_yolo(data)


def test_a_class_whose_number_is_missing_in_the_list_costs_its_picture(data: Path) -> None:
    (data / "data.yaml").write_text("names: {0: car, 2: wheel}\n")
    (skip,) = read_yolo(data).skipped
    assert skip.code == "unknown-class"
    assert "class 1 " in skip.what


def test_labels_without_any_list_are_yolo_and_the_error_says_what_is_missing(unnamed: Path, refused: "Refused") -> None:
    assert is_yolo(unnamed)
    with refused("missing-file", unnamed) as error:
        read_labels(unnamed)
    assert "classes.txt" in error.value.what
    (unnamed / "train" / "labels" / "a.b.txt").write_text("17 640 480 12 12\n")  # numbers, but no shares
    assert not is_yolo(unnamed)


def test_a_byte_order_mark_in_labels_is_ignored_and_hidden_files_are_not_labels(data: Path) -> None:
    path = data / "train" / "labels" / "a.b.txt"
    path.write_text(f"\ufeff0 {HALF}\n", "utf-8")
    (data / "train" / "labels" / ".ipynb_checkpoints").mkdir()
    (data / "train" / "labels" / ".ipynb_checkpoints" / "a.b.txt").write_text("0 1 2\n")
    assert is_yolo(data)
    assert labels_of(data) == ["car"]


def test_empty_files_alone_are_yolo_where_a_list_names_the_classes(tmp_path: Path) -> None:
    for name, text in (("a", ""), ("b", "\n")):
        (tmp_path / f"{name}.txt").write_text(text)
    assert not is_yolo(tmp_path)
    (tmp_path / "classes.txt").write_text("body\n")
    assert is_yolo(tmp_path)
    (tmp_path / "c.txt").write_text("a note")
    assert not is_yolo(tmp_path)


def test_a_class_number_may_be_written_as_a_float_and_a_confidence_is_named(data: Path, only: "First") -> None:
    path = data / "train" / "labels" / "a.b.txt"
    path.write_text(f"0.000000 {HALF}\n0 0.5 0.5 0.2 0.2 0.93\n1.5 {HALF}\n")
    item = only(read_yolo(data))
    assert [region.label for region in item.regions] == ["car"]
    assert [fault.code for fault in item.faults] == ["bad-outline", "bad-number"]
    assert "confidence" in item.faults[0].to_do


@pytest.mark.parametrize(
    ("splits", "lists"),
    [
        ("train: autosplit_train.txt\nval: autosplit_val.txt\n", "autosplit_train.txt autosplit_val.txt"),
        ("train: D:\\set\\lists\\one.txt\nval: /content/set/lists/two.txt\n", "lists/one.txt lists/two.txt"),
        ("train: [./images/a.jpg]\nval: [images/b.jpg]\n", ""),
        ("train: missing.txt\nval: [images/b.jpg]\n", ""),
    ],
)
def test_lists_of_pictures_that_a_data_yaml_names_give_the_splits_and_are_no_labels(
    tmp_path: Path, splits: str, lists: str
) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "lists").mkdir()
    for name in "ab":
        (tmp_path / "labels" / f"{name}.txt").write_text(f"0 {HALF}\n")
    (tmp_path / "data.yaml").write_text(f"names: [car]\n{splits}")
    for name, file in zip("ab", lists.split(), strict=False):
        (tmp_path / file).write_text(f"./images/{name}.jpg\n")
    found = read_labels(tmp_path / "labels")
    assert [item.split for item in found.items] == ["" if "missing" in splits else "train", "val"]
    assert not lists or all(any(file in note for note in found.notes) for file in lists.split())
    assert "missing" not in splits or any("is not there" in note for note in found.notes)
    assert [item.split for item in read_labels(tmp_path).items] == [item.split for item in found.items]


def test_a_list_that_is_named_for_training_and_validation_gives_no_split(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"0 {HALF}\n")
    (tmp_path / "all.txt").write_text("a.jpg\n")
    (tmp_path / "data.yaml").write_text("names: [car]\ntrain: all.txt\nval: all.txt\n")
    found = read_labels(tmp_path)
    assert [item.split for item in found.items] == [""]
    assert any("all.txt is named for train and val" in note for note in found.notes)


def test_the_labels_of_a_photo_called_train_are_no_list_of_a_split(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("names: [car]\n")
    (tmp_path / "labels").mkdir()
    for name in ("0", "train"):
        (tmp_path / "labels" / f"{name}.txt").write_text(f"0 {HALF}\n")
    (tmp_path / "labels" / "test.txt").touch()
    found = read_labels(tmp_path / "labels")
    assert [(item.picture_name, item.split) for item in found.items] == [("0", ""), ("train", "")]


def test_lists_lie_below_the_path_that_a_data_yaml_names(tmp_path: Path) -> None:
    (tmp_path / "set" / "labels").mkdir(parents=True)
    (tmp_path / "data.yaml").write_text("path: ./set\nnames: [car]\ntrain: one.txt\nval: two.txt\n")
    for name, file in (("a", "one"), ("b", "two")):
        (tmp_path / "set" / "labels" / f"{name}.txt").write_text(f"0 {HALF}\n")
        (tmp_path / "set" / f"{file}.txt").write_text(f"./images/{name}.jpg\n")
    found = read_labels(tmp_path / "set" / "labels")
    assert [item.split for item in found.items] == ["train", "val"]
    assert not any("is not there" in note for note in found.notes)


@pytest.mark.parametrize("place", ["classes.txt", "labels/classes.txt"])
def test_a_data_yaml_without_names_beside_a_list_of_classes_says_nothing_but_splits(tmp_path: Path, place: str) -> None:
    (tmp_path / "labels").mkdir()
    for name in "ab":
        (tmp_path / "labels" / f"{name}.txt").write_text(f"0 {HALF}\n")
    (tmp_path / place).write_text("car\nwheel\n")
    (tmp_path / "data.yaml").write_text("nc: 2\ntrain: trainval.txt\nval: val.txt\n")
    (tmp_path / "trainval.txt").write_text("images/a.jpg\nimages/b.jpg\n")
    (tmp_path / "val.txt").write_text("images/b.jpg\n")
    for folder in (tmp_path, tmp_path / "labels"):
        found = read_labels(folder)
        assert [item.split for item in found.items] == ["train", "val"]
        assert labels_of(folder) == ["car", "car"]


def test_a_list_in_the_folder_of_labels_that_contradicts_that_of_the_data_set_is_refused(
    data: Path, refused: "Refused"
) -> None:
    labels = data / "train" / "labels"
    (labels / "classes.txt").write_text("wheel\ncar\n")
    (data / "train" / "data.yaml").write_text("train: images\n")
    assert list(read_yolo(labels).labels) == ["wheel", "car"]
    (data / "train" / "data.yaml").write_text("names: [car, wheel]\n")
    with refused("contradicting-lists", labels / "classes.txt"):
        read_yolo(labels)
    (labels / "classes.txt").write_text("car\nwheel\n")
    assert list(read_yolo(labels).labels) == ["car", "wheel"]


def test_labels_may_end_in_capital_letters(data: Path) -> None:
    labels = data / "train" / "labels"
    (labels / "a.b.txt").rename(labels / "a.b.TXT")
    assert [item.picture_name for item in read_labels(data).items] == ["train/images/a.b"]


def test_labels_of_another_format_beside_those_of_yolo_are_named(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("car\n")
    (tmp_path / "a.txt").write_text("0 0.1 0.1 0.4 0.1 0.4 0.3\n")
    assert len(read_labels(tmp_path).notes) == 1  # of the list
    shape = {"label": "car", "points": [[1, 1], [5, 1], [5, 5]], "shape_type": "polygon"}
    (tmp_path / "b.json").write_text(json.dumps({"version": "5.0", "imagePath": "b.jpg", "shapes": [shape]}))
    (tmp_path / "notes.json").write_text('{"info": {}}')
    assert read_labels(tmp_path).notes[1] == (
        f"{tmp_path}: YOLO is read; 1 label file of another format is left out, the first b.json (LabelMe). "
        "Add --format labelme to read those instead."
    )
    assert len(read_labels(tmp_path, "yolo").notes) == 1  # who names it has chosen
