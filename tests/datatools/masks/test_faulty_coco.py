"""What an annotation of COCO can be beside a region that can be painted, and what it costs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.palette import Palette, PaletteClass
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import MaskSummary, build_masks

if TYPE_CHECKING:
    from conftest import Refused

TWO = Palette("two", (PaletteClass("background", (0, 0, 0)), PaletteClass("car", (255, 0, 0))))
SIZE = Size(32, 24)


def coco_of(path: Path, *annotations: dict[str, Any]) -> Path:
    """A COCO file of one picture with a square, and with other annotations of a car."""
    square = {"segmentation": [[2, 2, 12, 2, 12, 10, 2, 10]]}
    drawn = [{"id": 9, "image_id": 1, "category_id": 1} | each for each in (square, *annotations)]
    image = {"id": 1, "file_name": "a.png", "width": SIZE.width, "height": SIZE.height}
    value = {"images": [image], "categories": [{"id": 1, "name": "car"}], "annotations": drawn}
    path.write_text(json.dumps(value))
    return path


def build(labels: Path, dest: Path) -> MaskSummary:
    return build_masks(labels, dest, palette=TWO)


@pytest.mark.parametrize(
    ("annotation", "code"),
    [
        ({"segmentation": {"size": [24, 32], "counts": [768, 5]}}, "bad-rle"),
        ({"segmentation": {"size": [24, 32], "counts": [760]}}, "bad-rle"),
        ({"segmentation": {"size": [24, 33], "counts": [0, 792]}}, "mask-size"),
        ({"segmentation": {"size": [24, 32], "counts": [768]}}, "no-area"),
        ({"segmentation": {"size": [24, 32], "counts": "~~"}}, "bad-rle"),
        ({"segmentation": "1 2 3"}, "damaged-labels"),
        ({"segmentation": "[[1, 2]]"}, "bad-outline"),  # text of JSON is what it says
        ({"bbox": [1, 1, 0, 5], "attributes": {"rotation": 0}}, "no-area"),
        ({"bbox": [9, 9, -4, 5], "attributes": {"rotation": 0}}, "bad-outline"),
        ({"image_id": 77, "segmentation": [[1, 1, 9, 1, 9, 9]]}, "dangling-reference"),
    ],
)
def test_what_else_an_annotation_of_coco_can_be(annotation: dict[str, Any], code: str, tmp_path: Path) -> None:
    summary = build(coco_of(tmp_path / "a.json", annotation), tmp_path / "masks")
    assert (summary.faulty, summary.areas["car"]) == ({code: 1}, 80)


def test_a_faulty_part_of_an_annotation_costs_neither_its_other_parts_nor_a_second_mask(tmp_path: Path) -> None:
    parts = {"segmentation": [[20, 2, 30, 2, 30, 10, 20, 10], [1, 1, 2, 2]]}
    labels = coco_of(tmp_path / "a.json", parts)
    summary = build(labels, tmp_path / "masks")
    assert (summary.faulty, summary.areas["car"]) == ({"bad-outline": 1}, 160)
    coco_of(tmp_path / "a.json", {"segmentation": parts["segmentation"][:1]})
    assert build(labels, tmp_path / "masks").kept == 1


def test_annotations_of_which_most_belong_to_no_picture_are_of_another_file(tmp_path: Path, refused: "Refused") -> None:
    lost = {"image_id": 77, "segmentation": [[1, 1, 9, 1, 9, 9]]}
    with refused("dangling-reference"):
        build(coco_of(tmp_path / "a.json", lost, lost), tmp_path / "masks")
