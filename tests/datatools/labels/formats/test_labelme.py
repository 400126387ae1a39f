"""LabelMe JSON: every kind of shape, embedded pixels or none, old versions and new."""

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.labels.formats.labelme import is_labelme, is_labelme_list, read_labelme, read_labelme_list
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet

if TYPE_CHECKING:
    from datatools.conftest import First

CORNERS = [[1, 1], [5, 1], [5, 4]]


def png(pixels: Any) -> str:
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def shape(points: Any = CORNERS, **more: Any) -> dict[str, Any]:
    return {"label": "car", "points": points, "group_id": None, "shape_type": "polygon", "flags": {}} | more


def labelme(*shapes: Any, **more: Any) -> dict[str, Any]:
    file: dict[str, Any] = {"version": "5.2.1", "flags": {}, "imagePath": "a.jpg", "imageData": None}
    return file | {"imageHeight": 6, "imageWidth": 8, "shapes": list(shapes)} | more


def read(value: Any, source: str = "a.json") -> LabelSet:
    return read_labelme(value, where=f"labels/{source}", source=source)


def test_polygons_become_regions_in_the_order_of_the_file(only: "First") -> None:
    item = only(read(labelme(shape(), shape(label="wheel", group_id=3))))
    assert (item.file_name, item.size, item.where, item.source) == ("a.jpg", (8, 6), "labels/a.json", "a.json")
    assert [each.label for each in item.regions] == ["car", "wheel"]
    assert item.regions[0].polygons[0].outer.tolist() == CORNERS


def test_files_of_the_first_versions_state_neither_size_nor_kind_of_shape(only: "First") -> None:
    old = {"imagePath": "a.jpg", "imageData": png(np.zeros((6, 8))), "shapes": [{"label": "car", "points": CORNERS}]}
    item = only(read(old))
    assert item.size == (8, 6)
    assert len(item.regions) == 1
    assert only(read(old | {"imageData": None})).size is None


def test_rectangles_have_two_corners_or_four(only: "First") -> None:
    two = shape([[5, 4], [1, 2]], shape_type="rectangle")
    four = shape([[1, 2], [5, 2], [5, 4], [1, 4]], shape_type="rectangle")
    a, b = (region.polygons[0].outer.tolist() for region in only(read(labelme(two, four))).regions)
    assert a == b


@pytest.mark.parametrize("kind", ["rotation", "quadrilateral"])
def test_turned_boxes_of_x_anylabeling_are_their_four_corners_whatever_their_direction(
    kind: str, only: "First"
) -> None:
    corners = [[4, 0], [8, 4], [6, 6], [2, 2]]
    turned = shape(corners, shape_type=kind, direction=0.785, score=None, difficult=False, attributes={})
    assert only(read(labelme(turned))).regions[0].polygons[0].outer.tolist() == corners
    (skip,) = read(labelme(shape(corners[:3], shape_type=kind))).skipped
    assert (skip.code, skip.what) == ("bad-outline", "shape 1: needs 4 corners and has 3")


def test_a_circle_is_given_by_its_centre_and_a_point_on_it(only: "First") -> None:
    (region,) = only(read(labelme(shape([[4, 3], [4, 5]], shape_type="circle")))).regions
    assert np.hypot(*(region.polygons[0].outer - [4, 3]).T) == pytest.approx(2)


@pytest.mark.parametrize(
    ("inside", "points"),
    [(1, [[2, 1], [4, 2]]), (255, [[2.4, 1.0], [4.4, 2.0]]), (255, [[1.6, 0.7], [3.6, 1.7]]), (1, [[1.6, 1], [9, 9]])],
)
def test_a_drawn_mask_lies_at_the_pixel_nearest_to_its_first_point(
    inside: int, points: list[list[float]], only: "First"
) -> None:
    drawn = png([[0, inside, 0], [inside, inside, inside]])
    (region,) = only(read(labelme(shape(points, shape_type="mask", mask=drawn)))).regions
    (runs,) = region.runs
    assert (runs.left, runs.top) == (2, 1)
    assert runs.mask().tolist() == [[False, True, False], [True, True, True]]


@pytest.mark.parametrize("kind", ["line", "linestrip", "point", "points"])
def test_lines_and_points_have_no_area(kind: str, only: "First") -> None:
    item = only(read(labelme(shape([[1, 1]], shape_type=kind), shape())))
    assert len(item.regions) == 1
    assert item.without_area == {kind: 1}


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        ("a.jpg", "a.json", "a.jpg"),
        ("a.jpg", "walk/a.json", "walk/a.jpg"),
        ("..\\photos\\a.jpg", "a.json", "a.jpg"),
        ("../photos/a.jpg", "walk/a.json", "photos/a.jpg"),
        ("C:\\photos\\a.jpg", "a.json", "a.jpg"),
        ("/home/me/a.jpg", "walk/a.json", "a.jpg"),
        ("käfer 50%.jpg", "a.json", "käfer 50%.jpg"),
    ],
)
def test_the_picture_s_path_is_relative_to_the_label_file(path: str, source: str, name: str, only: "First") -> None:
    assert only(read(labelme(shape(), imagePath=path), source)).file_name == name


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (shape([[1, 1], [2, 2]]), "bad-outline", "has 2"),
        (shape([[1, 1], [2, 2], [float("nan"), 3]]), "bad-outline", "1e+09"),
        (shape("abc"), "damaged-labels", "its points"),
        (shape([[1, 1]], shape_type="rectangle"), "bad-outline", "needs 3 points and has 1"),
        (shape([[1, 1]], shape_type="circle"), "bad-outline", "needs 2 points and has 1"),
        (shape([1, 2], shape_type="circle"), "bad-outline", "a list [[x, y], ...]"),
        (shape(shape_type="star"), "unknown-shape", "'star'"),
        (shape([[1, 1], [2, 2]], shape_type="mask"), "bad-base64", ""),
        (shape([[1, 1], [2, 2]], shape_type="mask", mask="AAAA"), "damaged-file", ""),
        (
            shape([[1, 1], [2, 2]], shape_type="mask", mask=png([[1, 1, 1]])),
            "mask-size",
            "3x1, but its points are for 2x2",
        ),
        (shape(label=["car"]), "damaged-labels", "its label is not text: ['car']"),
        ("shape", "damaged-labels", "object"),
    ],
)
def test_damage_skips_the_picture(broken: Any, code: str, about: str) -> None:
    labels = read(labelme(broken))
    assert not labels.items
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("labels/a.json", code)
    assert skip.what.startswith("shape 1: ")
    assert about in skip.what


def test_an_unknown_shape_is_refused_with_the_known_ones() -> None:
    (skip,) = read(labelme(shape(shape_type="star"))).skipped
    assert "polygon, rectangle" in skip.to_do


def test_a_file_without_the_name_or_with_a_broken_size_is_skipped() -> None:
    assert read(labelme(imagePath=["a.jpg"])).skipped[0].code == "no-file-name"
    assert read(labelme(imageWidth=-8)).skipped[0].code == "bad-size"


def test_labelme_is_known_by_shapes_and_image_path() -> None:
    assert is_labelme(labelme())
    others: list[Any] = [[], {"shapes": []}, {"imagePath": "a.jpg"}, {"shapes": {}, "imagePath": "a"}]
    for other in others:
        assert not is_labelme(other)


def test_a_file_that_names_no_picture_leaves_its_name_to_the_file(tmp_path: Path) -> None:
    for name, value in (("a", labelme(shape(), imagePath=None)), ("b", labelme(shape(), imagePath=""))):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    without = labelme(shape())
    del without["imagePath"]
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "c.d.json").write_text(json.dumps({"version": "5.2", **without}))
    found = read_labels(tmp_path)
    assert found.format == "labelme"
    assert [item.picture_name for item in found.items] == ["a", "b", "walk/c.d"]


def test_points_of_x_and_y_are_points(only: "First") -> None:
    named = [{"x": str(x), "y": y} for x, y in CORNERS]
    assert only(read(labelme(shape(named)))).regions[0].polygons[0].outer.tolist() == CORNERS


def test_shapes_tell_a_file_without_version_and_picture_but_not_a_backup_of_cvat(tmp_path: Path) -> None:
    assert is_labelme({"shapes": [{"label": "car", "points": CORNERS}]})
    assert not is_labelme({"shapes": []})
    assert not is_labelme({"shapes": [{"label": "car", "points": [1, 1, 5, 1, 5, 4], "frame": 0}]})
    (tmp_path / "b.json").write_text(json.dumps({"shapes": [shape()]}))
    assert read_labels(tmp_path).items[0].picture_name == "b"


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_a_list_of_files_is_as_many_pictures(tmp_path: Path, suffix: str) -> None:
    values = [labelme(shape()), labelme(shape(label="wheel"), imagePath="b.jpg")]
    text = json.dumps(values) if suffix == ".json" else "\n".join(map(json.dumps, values))
    (tmp_path / f"all{suffix}").write_text(text)
    found = read_labels(tmp_path)
    assert ([item.picture_name for item in found.items], list(found.labels)) == (["a.jpg", "b.jpg"], ["car", "wheel"])


def test_an_entry_of_a_list_that_names_no_picture_is_skipped() -> None:
    values = [labelme(shape()), {"shapes": [shape()]}]
    assert is_labelme_list(values)
    found = read_labelme_list(values, where="all.json", source="all.json")
    assert [item.picture_name for item in found.items] == ["a.jpg"]
    assert [(skip.where, skip.code) for skip in found.skipped] == [("all.json: entry 2", "no-file-name")]
