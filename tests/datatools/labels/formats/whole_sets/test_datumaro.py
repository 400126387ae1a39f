"""Datumaro's JSON: labels by their place in a table, shapes by layers, and a file for each subset."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.whole_sets.datumaro import is_datumaro, read_datumaro
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, RegionLabels
from p2p_datatools.masks.paint import paint_regions

if TYPE_CHECKING:
    from conftest import Refused

SIZE = Size(8, 4)
TRIANGLE = [1.0, 1.0, 6.0, 1.0, 6.0, 3.0]
LABELS = ("car", "wheel")


def shape(kind: Any = "polygon", label: Any = 0, **more: Any) -> dict[str, Any]:
    points = {"points": TRIANGLE} if kind == "polygon" else {}
    return {"id": 0, "type": kind, "attributes": {}, "group": 0, "label_id": label, "z_order": 0} | points | more


def item(*annotations: Any, name: Any = "a.png", **more: Any) -> dict[str, Any]:
    image = {"path": name, "size": [SIZE.height, SIZE.width]}
    return {"id": "a", "annotations": list(annotations), "attr": {"frame": 0}, "image": image} | more


def subset(*items: Any, labels: Any = LABELS) -> dict[str, Any]:
    table = [{"name": name, "parent": "", "attributes": []} for name in labels]
    categories = {"label": {"labels": table, "attributes": ["occluded"]}, "points": {"items": []}}
    return {"info": {}, "categories": categories, "items": list(items)}


def read(*items: Any, source: str = "annotations/default.json") -> LabelSet:
    return read_datumaro(subset(*items), where=f"labels/{source}", source=source)


def first(labels: LabelSet) -> RegionLabels:
    assert not labels.skipped, labels.skipped
    found = labels.items[0]
    assert isinstance(found, RegionLabels)
    return found


def drawn(*annotations: Any) -> list[list[int]]:
    found: list[list[int]] = paint_regions(first(read(item(*annotations))).regions, SIZE, lambda _: 1).mask.tolist()
    return found


def test_polygons_become_regions_under_the_name_at_their_place_in_the_table() -> None:
    found = first(read(item(shape(label=1))))
    assert (found.file_name, found.size, found.source) == ("a.png", SIZE, "annotations/default.json: a")
    assert found.regions[0].label == "wheel"
    assert found.regions[0].polygons[0].outer.tolist() == [[1, 1], [6, 1], [6, 3]]


def test_boxes_turn_about_their_centre_and_ellipses_fill_their_box() -> None:
    whole = [[0] * 8, [0, 0, 1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0], [0] * 8]
    assert drawn(shape("bbox", bbox=[2.0, 1.0, 4.0, 2.0])) == whole
    turned = shape("bbox", bbox=[2.0, 1.0, 4.0, 2.0], attributes={"rotation": 90.0})
    assert drawn(turned) == [[0, 0, 0, 1, 1, 0, 0, 0]] * 4
    assert drawn(shape("ellipse", points=[2.0, 1.0, 6.0, 3.0])) == whole


def test_masks_are_run_lengths_as_coco_has_them() -> None:
    # Column by column: 4 outside, 8 inside, 20 outside; as letters 4, 8, 20 + 32 "more" is (20 & 31 | 32, 0).
    assert drawn(shape("mask", rle={"counts": "48d0", "size": [4, 8]})) == [[0, 1, 1, 0, 0, 0, 0, 0]] * 4


def test_the_highest_layer_comes_last_and_one_layer_keeps_its_order() -> None:
    found = first(read(item(shape(label=1, z_order=2), shape(label=0), shape(label=1, z_order=-1), shape(label=None))))
    assert [each.label for each in found.regions] == ["wheel", "car", "unnamed", "wheel"]


def test_a_box_around_an_outline_of_its_object_is_no_region() -> None:
    around = shape("bbox", bbox=[0.0, 0.0, 8.0, 4.0], group=3)
    found = first(read(item(shape(group=3), around, around | {"group": 0}, around | {"label_id": 1})))
    assert len(found.regions) == 3
    assert found.without_area == {"box around an outline": 1}


def test_points_and_lines_have_no_area_and_captions_are_no_shapes() -> None:
    others = [shape("points"), shape("polyline"), shape("skeleton"), shape("label"), shape("caption", caption="a car")]
    found = first(read(item(*others, shape())))
    assert len(found.regions) == 1
    assert found.without_area == {"points": 1, "polyline": 1, "skeleton": 1}


def test_the_pictures_of_a_subset_lie_in_its_folder_but_those_of_the_default_one_do_not(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    for name in ("train", "val", "default"):
        (tmp_path / "annotations" / f"{name}.json").write_text(json.dumps(subset(item(shape()))))
    labels = read_labels(tmp_path)
    assert labels.format == "datumaro"
    assert [each.file_name for each in labels.items] == ["a.png", "train/a.png", "val/a.png"]


def test_a_picture_without_a_path_is_called_as_its_item() -> None:
    assert first(read(item(shape(), image={"size": [4, 8]}))).file_name == "a"
    assert first(read(item(shape(), image={"path": ""}))).size is None


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (item(shape(points=TRIANGLE[:4])), "bad-outline", "annotation 1: a polygon needs 3 points and has 2"),
        (item(shape(points=None)), "bad-outline", "has 0"),
        (item(shape("bbox", bbox=[1, 2, 3])), "bad-outline", "3 numbers"),
        (item(shape("bbox", bbox=[1, 2, None, 4])), "bad-number", "None"),
        (item(shape("ellipse", points=[1, 2])), "bad-outline", "2 corners"),
        (item(shape("mask", rle=None)), "bad-rle", ""),
        (item(shape("mask", rle={"counts": "48d0", "size": [8, 4]})), "mask-size", "4x8, not 8x4"),
        (item(shape("mask", rle={"counts": "48", "size": [4, 8]})), "bad-rle", "do not cover"),
        (item(shape("rotated_bbox", points=[1, 2, 3, 4, 5])), "unknown-shape", "'rotated_bbox'"),
        (item(shape(["polygon"])), "unknown-shape", "['polygon']"),
        (item(shape("mask", rle={"counts": "48d0", "size": [4, float("inf")]})), "bad-rle", "no size"),
        (item(shape(label=2)), "unknown-class", "2 is not one of the 2"),
        (item(shape(label=-1)), "unknown-class", "-1"),
        (item(shape(label="car")), "unknown-class", "car"),
        (item(shape(z_order="top")), "bad-number", "'top'"),
        (item("polygon"), "damaged-labels", "not an object"),
        (item(annotations=3), "damaged-labels", "its annotations"),
        (item(shape(), image={"path": "x.png", "size": [4]}), "bad-size", "[4]"),
        (item(shape(), image={"path": "x.png", "size": [-4, 8]}), "bad-size", "8 x -4"),
        (item(shape(), image={"path": 3}), "no-file-name", ""),
        (item(shape(), image=None, video_frame={"video_path": "a.mp4"}), "not-a-picture", "video_frame"),
        (item(shape(), image=None, point_cloud={"path": "a.pcd"}), "not-a-picture", "point_cloud"),
        ("item", "damaged-labels", "not an object"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str, about: str) -> None:
    labels = read(broken, item(shape(), name="b.png"))
    assert [each.file_name for each in labels.items] == ["b.png"]
    (skip,) = labels.skipped
    assert skip.code == code
    assert about in skip.what


def test_a_label_without_a_name_makes_the_file_unreadable(refused: "Refused") -> None:
    for labels in (["car", None], [""], [3]):
        with refused("no-class-names", "a.json"):
            read_datumaro(subset(item(shape()), labels=labels), where="a.json", source="a.json")


def test_datumaro_is_known_by_its_items_and_table_of_labels() -> None:
    assert is_datumaro(subset())
    assert is_datumaro({"dm_format_version": "1.0", "media_type": 2, "infos": {}, "categories": {}, "items": []})
    others: list[Any] = [
        {},
        [],
        {"items": []},
        {"items": [], "categories": {}},
        {"items": {}, "categories": {}},
        "items",
    ]
    assert not any(map(is_datumaro, others))
