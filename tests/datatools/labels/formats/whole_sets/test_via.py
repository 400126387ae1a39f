"""The VGG Image Annotator: projects, JSON and CSV, and which attribute is the class."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.labels.formats.whole_sets.via import is_via, is_via_csv, read_via, read_via_csv
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import First

TRIANGLE = {"name": "polygon", "all_points_x": [1, 5, 5], "all_points_y": [1, 1, 4]}


def region(shape: Any = TRIANGLE, **attributes: Any) -> dict[str, Any]:
    return {"shape_attributes": shape, "region_attributes": attributes or {"part": "car"}}


def via(*regions: Any, name: Any = "a.jpg") -> dict[str, Any]:
    return {f"{name}123": {"filename": name, "size": 123, "regions": list(regions), "file_attributes": {}}}


def read(value: Any) -> LabelSet:
    return read_via(value, where="labels/via.json", source="via.json")


def test_regions_have_the_value_of_their_only_attribute(first: "First") -> None:
    item = first(read(via(region(), region(part="wheel"))))
    assert (item.file_name, item.size, item.source) == ("a.jpg", None, "via.json: a.jpg")
    assert [each.label for each in item.regions] == ["car", "wheel"]
    assert item.regions[0].polygons[0].outer.tolist() == [[1, 1], [5, 1], [5, 4]]


def test_among_several_attributes_the_one_called_so_is_the_class(refused: "Refused", first: "First") -> None:
    labels = read(via(region(hidden="yes", Class="car"), region(Class="wheel")))
    assert [each.label for each in first(labels).regions] == ["car", "wheel"]
    for attributes in ({"hidden": "yes", "kind": "car"}, {"class": "a", "label": "b"}):
        with refused("several-attributes", "labels/via.json") as error:
            read(via(region(**attributes)))
        assert f"attributes {', '.join(attributes)}" in error.value.what


def test_boxes_to_tick_may_give_several_labels_and_none_is_unnamed(first: "First") -> None:
    ticked = region(part={"car": True, "wheel": True, "lamp": False})
    assert [each.label for each in first(read(via(ticked))).regions] == ["car", "wheel"]
    for none in (region(part={"car": False}), region(part={}), region(part=""), {"shape_attributes": TRIANGLE}):
        assert [each.label for each in first(read(via(none))).regions] == ["unnamed"]


def test_every_shape_with_an_area_is_drawn(first: "First") -> None:
    shapes = [
        {"name": "rect", "x": 1, "y": 2, "width": 3, "height": 2},
        {"name": "circle", "cx": 4, "cy": 3, "r": 2},
        {"name": "ellipse", "cx": 4, "cy": 3, "rx": 2, "ry": 1},
        {"name": "ellipse", "cx": 4, "cy": 3, "rx": 2, "ry": 1, "theta": np.pi / 2},
    ]
    outers = [each.polygons[0].outer for each in first(read(via(*map(region, shapes)))).regions]
    reach = [[*outer.min(axis=0).round(3), *outer.max(axis=0).round(3)] for outer in outers]
    assert reach == [[1, 2, 4, 4], [2, 1, 6, 5], [2, 2, 6, 4], [3, 1, 5, 5]]


def test_lines_and_points_have_no_area(first: "First") -> None:
    item = first(read(via(region(), region({"name": "polyline"}), region({"name": "point", "cx": 1, "cy": 1}))))
    assert len(item.regions) == 1
    assert item.without_area == {"polyline": 1, "point": 1}


def test_projects_and_the_numbered_regions_of_the_first_version_are_read(first: "First") -> None:
    project = {"_via_settings": {}, "_via_img_metadata": via(region()), "_via_attributes": {}}
    old = {"a.jpg1": {"filename": "a.jpg", "regions": {"0": region(), "1": region()}}}
    assert is_via(project)
    assert len(first(read(project)).regions) == 1
    assert is_via(old)
    assert len(first(read(old)).regions) == 2


def test_rows_of_csv_are_regions_of_their_picture() -> None:
    def row(name: str, shape: Any, size: str = "123") -> dict[str, str]:
        texts = {"region_shape_attributes": json.dumps(shape), "region_attributes": '{"part": "car"}'}
        return {"filename": name, "file_size": size} | texts

    rows = [row("a.jpg", TRIANGLE), row("b.jpg", {}), row("a.jpg", TRIANGLE), row("a.jpg", TRIANGLE, size="9")]
    assert is_via_csv(rows)
    labels = read_via_csv(rows, where="via.csv", source="via.csv")
    assert [(item.file_name, len(getattr(item, "regions", ()))) for item in labels.items] == [
        ("a.jpg", 2),
        ("b.jpg", 0),
        ("a.jpg", 1),
    ]


def test_rows_that_are_missing_are_noticed() -> None:
    row = {"filename": "a.jpg", "region_shape_attributes": json.dumps(TRIANGLE), "region_attributes": "{}"}
    (skip,) = read_via_csv([row | {"region_count": "3"}] * 2, where="via.csv", source="via.csv").skipped
    assert (skip.where, skip.code) == ("a.jpg", "damaged-labels")
    assert "region_count is 3, but it has 2 regions" in skip.what
    assert not read_via_csv([row | {"region_count": "2"}] * 2, where="via.csv", source="via.csv").skipped


def test_a_row_cut_in_half_is_named_and_costs_its_region(first: "First") -> None:
    row = {"filename": "a.jpg", "region_shape_attributes": json.dumps(TRIANGLE), "region_attributes": "{}"}
    rows = [row, row | {"region_shape_attributes": '{"name": "pol'}]
    item = first(read_via_csv(rows, where="via.csv", source="via.csv"))
    (fault,) = item.faults
    assert (fault.code, fault.what.startswith("via.csv: line 3: "), len(item.regions)) == ("damaged-json", True, 1)


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (region(TRIANGLE | {"all_points_x": [1, 5], "all_points_y": [1, 1]}), "bad-outline", "has 2"),
        (region(TRIANGLE | {"all_points_x": [1, 5]}), "bad-outline", "of equal length"),
        (region(TRIANGLE | {"all_points_y": None}), "bad-outline", "of equal length"),
        (region(TRIANGLE | {"all_points_x": [1, float("nan"), 3]}), "bad-outline", "1e+09"),
        (region({"name": "rect", "x": 1, "y": 1, "width": 2}), "bad-number", "None"),
        (region({"name": "star"}), "unknown-shape", "'star'"),
        (region("polygon"), "damaged-labels", "shape_attributes"),
        ("region", "damaged-labels", "shape_attributes"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str, about: str) -> None:
    labels = read(via(broken) | via(region(), name="b.jpg"))
    assert [item.file_name for item in labels.items] == ["b.jpg"]
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("a.jpg", code)
    assert skip.what.startswith("region 1: ")
    assert about in skip.what


@pytest.mark.parametrize("regions", [5, "x", True])
def test_regions_that_are_no_list_cost_their_picture_and_no_other(regions: Any) -> None:
    labels = read({"a.jpg1": {"filename": "a.jpg", "regions": regions}} | via(region(), name="b.jpg"))
    assert [item.file_name for item in labels.items] == ["b.jpg"]
    assert [(skip.where, skip.code) for skip in labels.skipped] == [("a.jpg", "damaged-labels")]
    assert "regions" in labels.skipped[0].what


def test_an_unknown_shape_is_refused_with_the_known_ones() -> None:
    (skip,) = read(via(region({"name": "star"}))).skipped
    assert "polygon, rect" in skip.to_do


def test_a_picture_without_a_name_is_skipped() -> None:
    (skip,) = read(via(region(), name="")).skipped
    assert (skip.where, skip.code) == ("labels/via.json: picture 1", "no-file-name")


def test_via_is_known_by_its_regions() -> None:
    others: list[Any] = [{}, [], {"a": {"filename": "a"}}, {"a": 1}, {"_via_img_metadata": []}, {"shapes": []}]
    for other in others:
        assert not is_via(other)
    tables: list[Any] = [[], {}, [{"filename": "a"}], "rows"]
    for rows in tables:
        assert not is_via_csv(rows)


@pytest.mark.parametrize("kind", ["dropdown", "radio", "checkbox"])
def test_an_option_with_a_number_has_the_name_that_the_project_gives_it(first: "First", kind: str) -> None:
    options = {"1": "car", "2": "wheel", "3": "", "lamp": "A lamp of any kind"}
    chosen = [{each: True} if kind == "checkbox" else each for each in options]
    project = {
        "_via_settings": {},
        "_via_img_metadata": via(*(region(part=each) for each in chosen)),
        "_via_attributes": {"region": {"part": {"type": kind, "options": options}}, "file": {}},
    }
    assert [each.label for each in first(read(project)).regions] == ["car", "wheel", "3", "lamp"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheet_may_have_written_the_table_with_another_delimiter(tmp_path: Path, delimiter: str) -> None:
    heads = ("#filename", "file_size", "region_count", "region_shape_attributes", "region_attributes")
    cells = ("a.jpg", "1", "1", json.dumps(TRIANGLE), '{"part": "car"}')
    lines = (delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells), "")
    (tmp_path / "via.csv").write_text("\r\n".join((delimiter.join(heads), *lines)), newline="")
    labels = read_labels(tmp_path)
    assert (labels.format, list(labels.labels)) == ("via", ["car"])
