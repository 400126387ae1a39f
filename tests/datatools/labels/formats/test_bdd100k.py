"""BDD100K and Scalabel: polygons with curves, runs, boxes, frames of both versions."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.labels.formats.bdd100k import is_bdd100k, read_bdd100k
from p2p_datatools.labels.values import LabelSet, RegionLabels

if TYPE_CHECKING:
    from datatools.conftest import First

CORNERS = [[1.0, 1.0], [5.0, 1.0], [5.5, 4.0]]


def part(vertices: Any = CORNERS, types: Any = "LLL", closed: Any = True) -> dict[str, Any]:
    return {"vertices": vertices, "types": types, "closed": closed}


def label(*parts: Any, category: Any = "car", **more: Any) -> dict[str, Any]:
    return {"id": "0", "category": category, "attributes": {}, "poly2d": list(parts) or None} | more


def frame(*labels: Any, name: Any = "a.jpg", **more: Any) -> dict[str, Any]:
    return {"name": name, "attributes": {"weather": "clear"}, "timestamp": 10000, "labels": list(labels)} | more


def read(value: Any) -> LabelSet:
    return read_bdd100k(value, where="labels/train.json", source="train.json")


def test_polygons_become_regions_under_their_category(first: "First") -> None:
    item = first(read([frame(label(part(), part([[0, 0], [2, 0], [2, 2]])), label(part(), category="drivable area"))]))
    assert (item.file_name, item.size, item.source) == ("a.jpg", None, "train.json: a.jpg")
    assert [region.label for region in item.regions] == ["car", "car", "drivable area"]
    assert item.regions[0].polygons[0].outer.tolist() == CORNERS


def test_a_data_set_of_scalabel_tells_the_size_of_all_frames_or_of_each() -> None:
    config = {"imageSize": {"width": 8, "height": 6}, "categories": [{"name": "car"}]}
    frames = [frame(label(part())), frame(label(part()), name="b.jpg", size={"width": 9, "height": 7})]
    labels = read({"frames": frames, "groups": None, "config": config})
    assert [item.size for item in labels.items if isinstance(item, RegionLabels)] == [(8, 6), (9, 7)]


def test_a_frame_of_a_video_lies_in_its_folder(first: "First") -> None:
    assert first(read([frame(label(part()), name="a-1.jpg", videoName="a", frameIndex=0)])).file_name == "a/a-1.jpg"


def test_a_curve_is_drawn_through_its_ends_and_not_through_its_control_points(first: "First") -> None:
    quarter = 0.5522847498  # by which a cubic curve is a quarter of a circle
    vertices = [[0, 0], [10, 0], [10, 10 * quarter], [10 * quarter, 10], [0, 10]]
    (region,) = first(read([frame(label(part(vertices, "LLCCL")))])).regions
    outer = region.polygons[0].outer
    arc = outer[1:]
    assert np.allclose(np.hypot(*arc.T), 10, atol=0.01)
    assert outer[0].tolist() == [0, 0]
    assert outer[-1].tolist() == [0, 10]


def test_the_last_curve_ends_where_the_outline_begins(first: "First") -> None:
    outer = first(read([frame(label(part([[0, 0], [10, 0], [10, 9], [0, 9]], "LLCC")))])).regions[0].polygons[0].outer
    assert outer[:2].tolist() == [[0, 0], [10, 0]]
    assert outer[1:, 1].max() == pytest.approx(6.75)
    assert outer[-1].tolist() != [0, 0]


def test_the_form_of_2018_has_one_polygon_a_label_and_open_lanes(first: "First") -> None:
    area = {"category": "area/drivable", "id": 1, "poly2d": [[*corner, "L"] for corner in CORNERS]}
    lane = {"category": "lane/single white", "id": 2, "poly2d": [[*corner, "C"] for corner in CORNERS]}
    item = first(
        read({"name": "0000f77c", "frames": [{"timestamp": 10000, "objects": [area, lane]}], "attributes": {}})
    )
    assert item.file_name == "0000f77c"
    assert [region.label for region in item.regions] == ["area/drivable"]
    assert item.without_area == {"open line": 1}


def test_runs_count_before_polygons_and_these_before_boxes_whose_last_pixels_lie_inside(first: "First") -> None:
    runs, box = {"counts": "05", "size": [1, 5]}, {"x1": 1, "y1": 2, "x2": 3, "y2": 4}
    by_runs, by_box = label(part(), rle=runs, box2d=box), label(box2d=box)
    item = first(read([frame(by_runs, label(part(), box2d=box), by_box)]))
    assert item.regions[0].runs[0].mask().all()
    assert item.regions[1].polygons[0].outer.tolist() == CORNERS
    assert item.regions[2].polygons[0].outer.tolist() == [[1, 2], [4, 2], [4, 5], [1, 5]]


def test_what_has_no_area_is_counted(first: "First") -> None:
    item = first(read([frame(label(part()), label(part(closed=False)), label(box3d={"alpha": 0}), label())]))
    assert item.without_area == {"open line": 1, "box3d": 1, "label without a shape": 1}


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (label(part(CORNERS[:2], "LL")), "bad-outline", "label 1: a polygon needs 3 points and has 2"),
        (label(part(types="LL")), "bad-outline", "3 vertices"),
        (label(part(types="LLX")), "bad-outline", "'LLX'"),
        (label(part(types="LLC")), "bad-outline", "no end"),
        (label(part([[1, None], *CORNERS], "LLLL")), "bad-outline", "1e+09"),
        (label([1, 2]), "bad-outline", "poly2d"),
        (label(poly2d={"a": 1}), "damaged-labels", "poly2d"),
        (label(rle={"counts": "09", "size": [1, 5]}), "bad-rle", "5 pixels"),
        (label(rle={"counts": "05", "size": [1, 5]}), "mask-size", "not 8x6"),
        (label(box2d={"x1": 1}), "bad-number", "None"),
        (label(part(), category={}), "damaged-labels", "label"),
        (7, "damaged-labels", "label 1: is not an object"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str, about: str) -> None:
    size = {"width": 8, "height": 6}
    labels = read([frame(broken, size=size), frame(label(part()), name="b.jpg")])
    assert [item.file_name for item in labels.items] == ["b.jpg"]
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("a.jpg", code)
    assert about in skip.what


def test_a_frame_without_a_name_is_skipped() -> None:
    (skip,) = read([frame(label(part()), name="")]).skipped
    assert (skip.where, skip.code) == ("labels/train.json: frame 1", "no-file-name")


def test_bdd100k_is_known_by_the_shapes_of_its_labels() -> None:
    assert is_bdd100k([frame(name="b.jpg"), frame(label(part()))])
    assert is_bdd100k({"frames": [frame(label(box2d={}))]})
    others: list[Any] = [{}, [], [1], "a", {"frames": []}, [frame()], [{"name": "a", "labels": [{"poly2d": []}]}]]
    assert not any(is_bdd100k(each) for each in others)
