"""Projects of the VGG Image Annotator 3: views of files, shapes as numbers, and attributes as options."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.labels.formats.whole_sets.via3 import is_via3, read_via3
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import First

TRIANGLE = [7, 1, 1, 5, 1, 5, 4]
PARTS = {"aname": "part", "anchor_id": "FILE1_Z0_XY1", "type": 3, "options": {"0": "car", "1": "wheel"}}


def shape(xy: Any = TRIANGLE, view: str = "1", **values: Any) -> dict[str, Any]:
    return {"vid": view, "flg": 0, "z": [], "xy": xy, "av": values or {"1": "0"}}


def project(*shapes: Any, attributes: Any = None, files: Any = None, **others: Any) -> dict[str, Any]:
    names = files or ["a.jpg"]
    return {
        "project": {"pid": "__VIA_PROJECT_ID__", "vid_list": ["1"]},
        "config": {"file": {"loc_prefix": {"1": ""}}, "ui": {}},
        "attribute": attributes or {"1": PARTS},
        "file": {
            str(number): {"fid": str(number), "fname": name, "type": 2, "loc": 1, "src": ""}
            for number, name in enumerate(names, start=1)
        },
        "metadata": {f"1_{number}": each for number, each in enumerate(shapes)},
        "view": {str(number): {"fid_list": [number]} for number in range(1, 1 + len(names))},
    } | others


def read(value: Any) -> LabelSet:
    return read_via3(value, where="labels/via.json", source="via.json")


LabelsIn = Callable[[Any], list[str]]


@pytest.fixture
def labels_in(first: "First") -> LabelsIn:
    """labels_in(value): the label of each region of the first picture."""
    return lambda value: [each.label for each in first(read(value)).regions]


def test_a_region_has_the_option_that_was_chosen_for_it(first: "First") -> None:
    item = first(read(project(shape(), shape(**{"1": "1"}))))
    assert (item.file_name, item.size, item.source) == ("a.jpg", None, "via.json: a.jpg")
    assert [each.label for each in item.regions] == ["car", "wheel"]
    assert item.regions[0].polygons[0].outer.tolist() == [[1, 1], [5, 1], [5, 4]]


def test_text_is_the_label_itself_and_ticked_boxes_give_several(labels_in: LabelsIn) -> None:
    text, boxes = {"1": PARTS | {"type": 1, "options": {}}}, {"1": PARTS | {"type": 2}}
    assert labels_in(project(shape(**{"1": "rear glass"}), attributes=text)) == ["rear glass"]
    assert labels_in(project(shape(**{"1": "0,1"}), attributes=boxes)) == ["car", "wheel"]


def test_a_region_without_a_value_has_the_default_that_the_tool_shows_or_is_unnamed(labels_in: LabelsIn) -> None:
    bare = shape() | {"av": {}}
    assert labels_in(project(shape(), bare)) == ["car", "unnamed"]
    assert labels_in(project(bare)) == ["unnamed"]
    assert labels_in(project(shape(), bare, attributes={"1": PARTS | {"default_option_id": "1"}})) == ["car", "wheel"]


def test_among_several_attributes_the_one_called_so_is_the_class(refused: "Refused", labels_in: LabelsIn) -> None:
    hidden = {"aname": "hidden", "type": 1}
    both = {"1": hidden, "2": PARTS | {"aname": "Class"}}
    assert labels_in(project(shape(**{"1": "yes", "2": "1"}), attributes=both)) == ["wheel"]
    with refused("several-attributes", "labels/via.json") as error:
        read(project(shape(**{"1": "yes", "2": "1"}), attributes={"1": hidden, "2": PARTS}))
    assert "attributes hidden, part" in error.value.what
    # One that only whole pictures or no region at all has does not count.
    picture = shape([], **{"1": "yes"})
    assert labels_in(project(picture, shape(**{"2": "1"}), attributes={"1": hidden, "2": PARTS})) == ["wheel"]


def test_every_shape_with_an_area_is_drawn(first: "First") -> None:
    shapes = [
        [2, 1, 2, 3, 2],
        [3, 4, 3, 2],
        [4, 4, 3, 2, 1],
        [8, 1, 3, 4, 2, 6, 3, 4, 5],
        [9, 2, 3, 6, 3, 4, 5],
    ]
    outers = [each.polygons[0].outer for each in first(read(project(*map(shape, shapes)))).regions]
    reach = [[*outer.min(axis=0).round(3), *outer.max(axis=0).round(3)] for outer in outers]
    assert reach == [[1, 2, 4, 4], [2, 1, 6, 5], [2, 2, 6, 4], [1, 2, 6, 5], [2, 1, 6, 5]]


def test_points_and_lines_have_no_area(first: "First") -> None:
    item = first(read(project(shape(), shape([1, 2, 3]), shape([5, 1, 1, 2, 2]), shape([6, 1, 1, 2, 2, 3, 1]))))
    assert len(item.regions) == 1
    assert item.without_area == {"point": 1, "line": 1, "polyline": 1}


def test_each_view_is_a_picture_and_regions_lie_in_their_own() -> None:
    labels = read(project(shape(), shape(view="2", **{"1": "1"}), files=["a.jpg", "b.jpg"]))
    found = {item.file_name: [each.label for each in getattr(item, "regions", ())] for item in labels.items}
    assert found == {"a.jpg": ["car"], "b.jpg": ["wheel"]}


def test_a_project_without_views_has_one_for_each_file(labels_in: LabelsIn) -> None:
    value = project(shape())
    del value["view"]
    assert labels_in(value) == ["car"]


def test_a_picture_from_the_network_has_the_name_at_the_end_of_its_address(first: "First") -> None:
    assert first(read(project(shape(), files=["https://example.org/cars/a.jpg"]))).file_name == "a.jpg"


def test_a_video_and_a_view_of_two_pictures_or_of_a_lost_one_are_skipped() -> None:
    value = project(shape(), files=["a.jpg", "b.mp4", "c.jpg", "d.jpg"])
    value["file"]["2"]["type"] = 4
    value["view"]["3"]["fid_list"] = [3, 1]
    value["view"]["4"]["fid_list"] = [9]
    labels = read(value)
    assert [item.file_name for item in labels.items] == ["a.jpg"]
    assert [(skip.where, skip.code) for skip in labels.skipped] == [
        ("b.mp4", "video"),
        ("c.jpg", "several-files-in-view"),
        ("labels/via.json: view 4", "dangling-reference"),
    ]
    assert "2 files" in labels.skipped[1].what
    assert "the file 9" in labels.skipped[2].what


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (shape([7, 1, 1, 5, 1]), "bad-outline", "has 2"),
        (shape([7, 1, 1, 5, 1, 5]), "bad-outline", "a list x, y"),
        (shape([7, 1, 1, float("nan"), 1, 5, 4]), "bad-number", "nan"),
        (shape([7, 1, 1, "x", 1, 5, 4]), "bad-number", "'x'"),
        (shape([2, 1, 1, 5]), "bad-outline", "needs 4 numbers and has 3"),
        (shape([9, 1, 1, 2, 2, 3, 3]), "bad-outline", "on a line"),
        (shape([12, 1, 1]), "unknown-shape", "12"),
        (shape("polygon"), "unknown-shape", "'polygon'"),
        (shape(**{"1": "7"}), "dangling-reference", "its part is option 7"),
        (shape(**{"1": "0", "9": "0"}), "dangling-reference", "its attribute 9"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str, about: str) -> None:
    labels = read(project(broken, shape(view="2"), files=["a.jpg", "b.jpg"]))
    assert [item.file_name for item in labels.items] == ["b.jpg"]
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("a.jpg", code)
    assert skip.what.startswith("region 1: ")
    assert about in skip.what


def test_a_region_of_no_view_and_damaged_tables_are_errors_of_the_file(refused: "Refused") -> None:
    with refused("dangling-reference", "labels/via.json") as error:
        read(project(shape(view="5")))
    assert "view 5" in error.value.what
    for metadata in ({"1": "x"}, {"1": {"xy": TRIANGLE}}):
        with refused("damaged-labels", "labels/via.json"):
            read(project(metadata=metadata))


def test_a_project_is_known_by_its_tables_and_cut_in_half_it_is_one_line(tmp_path: Path, refused: "Refused") -> None:
    others: list[Any] = [{}, [], {"project": {}, "file": {}}, {"_via_settings": {}, "_via_img_metadata": {}}]
    assert not any(is_via3(other) for other in others)
    path = tmp_path / "via.json"
    path.write_text(json.dumps(project(shape())))
    for place in (path, tmp_path):
        assert [read_labels(place, how).format for how in ("auto", "via")] == ["via", "via"]
    path.write_text(path.read_text()[:200])
    with refused("damaged-json", path):
        read_labels(path)


@pytest.mark.parametrize(("view", "about"), [("x", "view['1']"), ([1], "view['1']"), ({"fid_list": 5}, "fid_list")])
def test_a_view_that_is_none_is_named(view: Any, about: str, refused: "Refused") -> None:
    with refused("damaged-labels", "labels/via.json") as error:
        read(project(shape(), view={"1": view}))
    assert about in error.value.what
