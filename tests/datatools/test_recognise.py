"""Which format labels have is found out, or what was looked for is said."""

import json
from pathlib import Path

import pytest
from PIL import Image

from p2p_datatools.annotations.recognise import read_labels
from p2p_datatools.contract.errors import P2PError, UsageError

COCO = {"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one COCO file, another JSON file and a picture."""
    (tmp_path / "labels.json").write_text(json.dumps(COCO))
    (tmp_path / "sizes.json").write_text("[1, 2]")
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    return tmp_path


def test_a_coco_file_is_known_by_itself_and_in_its_folder(folder: Path) -> None:
    assert read_labels(folder / "labels.json").format == "coco"
    assert read_labels(folder).format == "coco"
    assert read_labels(folder, "coco").format == "coco"


def test_a_folder_without_a_coco_file_is_one_of_index_pictures(folder: Path) -> None:
    (folder / "labels.json").unlink()
    assert read_labels(folder).format == "index"


def test_the_format_given_is_the_format_read(folder: Path) -> None:
    assert read_labels(folder, "index").format == "index"
    with pytest.raises(P2PError, match="is a file, but label pictures lie in a folder"):
        read_labels(folder / "labels.json", "index")
    (folder / "labels.json").unlink()
    with pytest.raises(P2PError, match="has to hold one COCO file and holds none"):
        read_labels(folder, "coco")


def test_two_coco_files_in_a_folder_are_named(folder: Path) -> None:
    (folder / "more.json").write_text(json.dumps(COCO))
    with pytest.raises(P2PError, match=r"labels\.json and more\.json"):
        read_labels(folder)


@pytest.mark.parametrize("name", ["sizes.json", "a.png", "empty"])
def test_what_is_not_known_says_what_was_looked_for(folder: Path, name: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(P2PError, match=rf"{name}: .* Looked for: a \.json file in COCO form") as error:
        read_labels(folder / name)
    assert "\n" not in str(error.value)


def test_a_json_file_cut_in_half_is_one_line(folder: Path) -> None:
    path = folder / "labels.json"
    path.write_text(path.read_text()[:30])
    for place in (path, folder):
        with pytest.raises(P2PError, match=r"labels\.json: is not whole JSON"):
            read_labels(place)


def test_a_missing_place_and_an_unknown_format_are_errors(tmp_path: Path) -> None:
    with pytest.raises(P2PError, match="no such file or folder"):
        read_labels(tmp_path / "gone.json")
    with pytest.raises(UsageError, match=r"auto, coco, cityscapes, .*index"):
        read_labels(tmp_path, "cocoa")


def test_pictures_in_colours_xml_of_facades_and_other_trees_are_known_by_themselves(tmp_path: Path) -> None:
    for name in ("colors", "cmp", "SegmentationClass", "city"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "colors" / "a.png")
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "cmp" / "a.jpg")
    (tmp_path / "cmp" / "a.xml").write_text("<object><points><x>0</x></points><labelname>door</labelname></object>")
    Image.new("RGB", (4, 4)).save(tmp_path / "SegmentationClass" / "a.png")
    Image.new("L", (4, 4)).save(tmp_path / "city" / "x_gtFine_labelIds.png")
    for name, expected in (("colors", "colors"), ("cmp", "cmp"), ("SegmentationClass", "voc"), ("city", "cityscapes")):
        assert read_labels(tmp_path / name).format == expected
    Image.new("P", (4, 4)).save(tmp_path / "cmp" / "a.png")
    assert read_labels(tmp_path / "cmp").format == "index"
