"""Labelbox: rows of JSON with polygons and boxes, rows that are damaged, and what is not in the file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.formats.whole_sets.labelbox import (
    is_labelbox,
    is_labelbox_v1,
    read_labelbox,
    read_labelbox_v1,
)
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, RegionLabels

if TYPE_CHECKING:
    from datatools.conftest import First

CORNERS = [(1.0, 1.0), (5.0, 1.0), (5.5, 4.0)]


def thing(kind: str = "ImagePolygon", name: Any = "car", **more: Any) -> dict[str, Any]:
    points = {"polygon": [{"x": x, "y": y} for x, y in CORNERS]} if kind == "ImagePolygon" else {}
    said = {"feature_id": "clx1", "feature_schema_id": "clx2", "value": "the_car", "classifications": []}
    return said | {"name": name, "annotation_kind": kind} | points | more


def label(*objects: Any) -> dict[str, Any]:
    annotations = {"objects": list(objects), "classifications": [], "relationships": []}
    return {"label_kind": "Default", "version": "1.0.0", "id": "clx3", "annotations": annotations}


def row(*labels: Any, name: Any = "a.jpg", **more: Any) -> dict[str, Any]:
    data_row = {"id": "clx4", "external_id": name, "row_data": "https://storage/x/other.png"} | more
    media = {"height": 6, "width": 8, "mime_type": "image/jpeg", "exif_rotation": "1"}
    project = {"name": "cars", "labels": list(labels)}
    return {"data_row": data_row, "media_attributes": media, "projects": {"clx5": project}}


def read(*rows: Any) -> LabelSet:
    return read_labelbox(list(rows), where="labels/export.ndjson", source="export.ndjson")


def test_polygons_become_regions_under_their_name(first: "First") -> None:
    item = first(read(row(label(thing(), thing(name="wheel")))))
    assert (item.file_name, item.size, item.source) == ("a.jpg", (8, 6), "export.ndjson: a.jpg")
    assert [region.label for region in item.regions] == ["car", "wheel"]
    assert item.regions[0].polygons[0].outer.tolist() == [list(corner) for corner in CORNERS]


def test_an_outline_that_ends_where_it_begins_has_no_point_twice(first: "First") -> None:
    closed = [{"x": x, "y": y} for x, y in [*CORNERS, CORNERS[0]]]
    assert len(first(read(row(label(thing(polygon=closed))))).regions[0].polygons[0].outer) == 3


def test_boxes_are_drawn_and_lines_and_points_have_no_area(first: "First") -> None:
    box = thing("ImageBoundingBox", bounding_box={"top": 2, "left": 1, "height": 2, "width": 3})
    line, point = thing("ImagePolyline", line=[{"x": 1, "y": 1}]), thing("ImagePoint", point={"x": 1, "y": 1})
    item = first(read(row(label(box, line, point))))
    assert item.regions[0].polygons[0].outer.tolist() == [[1, 2], [4, 2], [4, 4], [1, 4]]
    assert item.without_area == {"ImagePolyline": 1, "ImagePoint": 1}


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"name": None, "global_key": "k1_view"}, "other.png"),
        ({"name": "no picture", "global_key": "k1.jpg"}, "k1.jpg"),
        ({"name": None, "global_key": "k1", "row_data": "https://storage/x"}, "k1"),
        ({"name": None, "row_data": "https://storage/x/a%20b.png?token=7"}, "a b.png"),
    ],
)
def test_a_picture_is_called_by_the_first_of_its_names_that_is_a_picture_s(
    more: dict[str, Any], name: str, first: "First"
) -> None:
    assert first(read(row(label(thing()), **more))).file_name == name


def test_the_one_label_that_has_objects_counts_and_several_contradict_each_other(first: "First") -> None:
    assert len(first(read(row(label(), label(thing())))).regions) == 1
    skipped = label(thing(name="bus")) | {"performance_details": {"seconds_to_create": 4, "skipped": True}}
    assert [region.label for region in first(read(row(skipped, label(thing())))).regions] == ["car"]
    two = row(label(thing()))
    two["projects"]["clx6"] = {"name": "again", "labels": [label(thing())]}
    (skip,) = read(two).skipped
    assert (skip.where, skip.code) == ("a.jpg", "several-labels")


def test_a_picture_that_was_skipped_is_not_one_without_objects(first: "First") -> None:
    assert first(read(row(label() | {"performance_details": {"skipped": False}}))).regions == ()
    (skip,) = read(row(label() | {"performance_details": {"skipped": True}})).skipped
    assert (skip.code, skip.what) == ("unlabelled", "was skipped by who labelled it")


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (label(thing(polygon=[{"x": 1, "y": 1}])), "bad-outline", "object 1: a polygon needs 3 points and has 1"),
        (label(thing(polygon=[{"x": 1}])), "bad-outline", "x and y"),
        (label(thing("ImageBoundingBox")), "bad-number", "None"),
        (label(thing("ImageSegmentationMask", mask={"url": "https://api/masks/1"})), "remote-mask", "address"),
        (label(thing("ImageSegmentationMask", composite_mask={"url": "u"})), "remote-mask", "address"),
        (label(thing("Cube")), "unknown-shape", "'Cube'"),
        (label(thing(name={})), "damaged-labels", "label"),
        (label("car"), "damaged-labels", "object 1: is not an object"),
        ({"id": "clx3"}, "damaged-labels", "annotations"),
        ({"annotations": {"frames": {"1": {}}}}, "video", "frames"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str, about: str) -> None:
    labels = read(row(broken), row(label(thing()), name="b.jpg"))
    assert [item.file_name for item in labels.items] == ["b.jpg"]
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("a.jpg", code)
    assert about in skip.what


def test_a_line_that_is_damaged_costs_itself_alone_and_a_json_list_is_the_same(tmp_path: Path) -> None:
    rows = [row(label(thing())), row(label(thing()), name="b.jpg")]
    lines = [json.dumps(each) for each in rows]
    file = tmp_path / "export.ndjson"
    file.write_text("\n".join([lines[0], lines[1][:40], "", lines[1]]) + "\n")
    labels = read_labels(file)
    assert labels.format == "labelbox"
    assert [item.file_name for item in labels.items] == ["a.jpg", "b.jpg"]
    (skip,) = labels.skipped
    assert skip.code == "damaged-json"
    assert "line 2" in skip.what
    (tmp_path / "export.json").write_text(json.dumps(rows))
    assert len(read_labels(tmp_path / "export.json").items) == 2


def test_a_file_of_which_every_line_is_damaged_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "export.ndjson").write_text("{\n")
    with pytest.raises(P2PError) as caught:
        read_labels(tmp_path / "export.ndjson")
    assert caught.value.code == "damaged-json"


def test_labelbox_is_known_by_its_data_rows_and_projects() -> None:
    assert is_labelbox([row()])
    others: list[Any] = [{}, [], [1], [{}], [{"data_row": {}}], [{"data_row": 1, "projects": {}}], [row(), 5]]
    assert not any(is_labelbox(each) for each in others)


def old_row(*objects: Any, name: str = "a.jpg", **more: Any) -> dict[str, Any]:
    label = {"objects": list(objects), "classifications": []}
    return {
        "ID": "x",
        "Labeled Data": f"https://s/{name}",
        "External ID": name,
        "Skipped": False,
        "Label": label,
    } | more


def test_exports_from_2020_to_2023_name_classes_by_titles_and_kinds_by_their_keys() -> None:
    outline = {"title": "car", "value": "the_car", "polygon": [{"x": x, "y": y} for x, y in CORNERS]}
    box = {"title": "wheel", "bbox": {"top": 2, "left": 1, "height": 2, "width": 3}}
    mask = {"title": "car", "instanceURI": "https://api/masks/1"}
    skipped = [old_row(name="b.jpg", Skipped=True), old_row(name="c.jpg", Label={}), old_row(mask, name="d.jpg")]
    rows = [old_row(outline, box, {"title": "p", "point": {"x": 1, "y": 1}}), *skipped]
    assert is_labelbox_v1(rows)
    labels = read_labelbox_v1(rows, where="labels/export.json", source="export.json")
    (item,) = labels.items
    assert isinstance(item, RegionLabels)
    assert (item.file_name, item.size, item.without_area) == ("a.jpg", None, {"ImagePoint": 1})
    assert [region.label for region in item.regions] == ["car", "wheel"]
    assert item.regions[1].polygons[0].outer.tolist() == [[1, 2], [4, 2], [4, 4], [1, 4]]
    assert [skip.code for skip in labels.skipped] == ["unlabelled", "unlabelled", "remote-mask"]
    assert not is_labelbox_v1([old_row(Label={"car": [{"geometry": [{"x": 1, "y": 1}]}]})])
