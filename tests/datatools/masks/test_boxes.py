"""Boxes say where things are and not which pixels are theirs: labels of nothing else are no masks in silence."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.masks.build import MaskSummary, build_masks
from p2p_datatools.masks.class_mapping import parse_mapping

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")
FILL = {"boxes": "rectangles"}
BOX = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 2, 10, 8], "area": 80, "iscrowd": 0}
OUTLINE = {**BOX, "id": 2, "segmentation": [[12, 2, 20, 2, 20, 10]]}


def coco(*annotations: Any) -> str:
    image = {"id": 1, "file_name": "a.jpg", "width": 24, "height": 16}
    return json.dumps({"images": [image], "categories": [{"id": 1, "name": "car"}], "annotations": list(annotations)})


def labelme(*kinds: str) -> str:
    points = {"rectangle": [[2, 2], [12, 10]], "polygon": [[12, 2], [20, 2], [20, 10]]}
    shapes = [{"label": "car", "shape_type": kind, "points": points[kind]} for kind in kinds]
    size = {"imageWidth": 24, "imageHeight": 16}
    return json.dumps({"version": "5", "imagePath": "a.jpg", **size, "shapes": shapes})


CVAT = (
    '<annotations><image id="0" name="a.jpg" width="24" height="16">'
    '<box label="car" xtl="2" ytl="2" xbr="12" ybr="10"/></image></annotations>'
)
VOC = (
    "<annotation><filename>a.jpg</filename><size><width>24</width><height>16</height></size><object><name>car</name>"
    "<bndbox><xmin>3</xmin><ymin>3</ymin><xmax>12</xmax><ymax>10</ymax></bndbox></object></annotation>"
)
YOLO = f"0 {7 / 24} {6 / 16} {10 / 24} {8 / 16}\n"
BOXES_ONLY = {
    "coco": ("a.json", coco({**BOX, "segmentation": []})),
    "coco without the key": ("a.json", coco(BOX)),
    "cvat": ("a.xml", CVAT),
    "voc": ("Annotations/a.xml", VOC),
    "yolo": ("labels/a.txt", YOLO),
}


@pytest.fixture
def data(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    write_photos(tmp_path / "photos", "a.jpg")
    return tmp_path / "labels"


def write(data: Path, name: str, text: str) -> None:
    (data / name).parent.mkdir(parents=True)
    (data / name).write_text(text)
    if name.endswith(".txt"):
        (data / "classes.txt").write_text("car\n")


def build(data: Path, **more: Any) -> MaskSummary:
    return build_masks(data, data.parent / "masks", palette=CARS, photos=data.parent / "photos", **more)


@pytest.mark.parametrize("kind", BOXES_ONLY)
def test_labels_of_boxes_only_are_called_that_and_painted_when_asked_for(
    kind: str, data: Path, refused: "Refused"
) -> None:
    write(data, *BOXES_ONLY[kind])
    with refused("boxes-only", data) as error:
        build(data)
    assert "1 box in 1 picture" in error.value.what
    assert "--map boxes=rectangles" in error.value.to_do
    assert build(data, mapping=FILL).areas["body"] == 80
    assert build(data, mapping=FILL).kept == 1


def test_rectangles_of_a_tool_in_which_they_are_drawn_as_outlines_are_painted_and_said(
    data: Path, notes: "Notes"
) -> None:
    write(data, "a.json", labelme("rectangle"))
    assert build(data, report=notes).areas["body"] == 80
    assert [line for line in notes.lines if "nothing but 1 rectangle" in line]


def test_boxes_among_outlines_are_told(data: Path, notes: "Notes") -> None:
    write(data, "a.json", labelme("rectangle", "polygon"))
    assert build(data, report=notes).areas["body"] > 80
    assert [line for line in notes.lines if "1 of 2 regions is a box" in line]


def test_a_box_around_an_object_beside_outlines_is_painted_only_when_asked_for(data: Path, notes: "Notes") -> None:
    write(data, "a.json", coco(BOX, OUTLINE))
    before = build(data, report=notes).areas["body"]
    assert before < 60
    assert [line for line in notes.lines if "1 of the kind" in line]
    (data.parent / "masks").rename(data.parent / "old")
    again = type(notes)()
    assert build(data, mapping=FILL, report=again).areas["body"] == before + 80
    assert not [line for line in again.lines if "of the kind" in line]


def test_the_words_for_boxes_are_no_class_and_may_still_be_one(data: Path) -> None:
    assert parse_mapping(["boxes=rectangles", "boxes 2=body"], CARS) == {"boxes": "rectangles", "boxes 2": "body"}
    write(data, "a.json", coco(OUTLINE).replace('"car"', '"boxes"'))
    assert build(data, mapping={"boxes": "tyres"}).areas["tyres"] > 0


@pytest.mark.parametrize("tilt", [0, 2])
def test_outlines_that_all_have_the_form_of_boxes_are_told(data: Path, notes: "Notes", tilt: int) -> None:
    boxes = [[2, 2 + n, 8, 2 + n + tilt, 8 - tilt, 6 + n + tilt, 2 - tilt, 6 + n] for n in range(3)]
    annotations = [{**BOX, "id": n, "segmentation": [each]} for n, each in enumerate(boxes)]
    write(data, "a.json", coco(*annotations))
    build(data, report=notes)
    assert any("all 3 outlines have four corners" in line for line in notes.lines)
    notes.lines.clear()
    (data / "a.json").write_text(coco(*annotations, OUTLINE | {"id": 9}))
    (data.parent / "masks").rename(data.parent / "before")
    build(data, report=notes)
    assert not any("four corners" in line for line in notes.lines)


def test_of_boxes_among_folders_of_label_pictures_the_folder_is_told(data: Path, refused: "Refused") -> None:
    write(data, "xmls/a.xml", VOC)  # as Oxford-IIIT Pet's annotations/ has xmls/ and trimaps/
    (data / "trimaps").mkdir()
    Image.fromarray(np.kron(np.array([[1, 2], [2, 3]], dtype=np.uint8), np.ones((8, 8), dtype=np.uint8))).save(
        data / "trimaps" / "a.png"
    )
    with refused("boxes-only") as error:
        build_masks(data, data.parent / "masks", palette=CARS)
    assert str(data / "trimaps") in error.value.to_do
