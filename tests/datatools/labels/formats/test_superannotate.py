"""SuperAnnotate: the shapes of vector projects and the painted segments of pixel projects."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.superannotate import is_superannotate, read_superannotate
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet
from p2p_datatools.masks.paint import paint_regions

if TYPE_CHECKING:
    from datatools.conftest import First

CORNERS = [1.0, 1.0, 9.0, 1.0, 9.0, 7.0, 1.0, 7.0]
HOLE = [3.0, 3.0, 6.0, 3.0, 6.0, 5.0]


def instance(kind: Any = "polygon", name: Any = "car", **more: Any) -> dict[str, Any]:
    said = {"classId": 1115465, "probability": 100, "groupId": 0, "pointLabels": {}, "locked": False, "attributes": []}
    return said | {"type": kind, "points": CORNERS, "exclude": [], "className": name} | more


def vector(*instances: Any, **more: Any) -> dict[str, Any]:
    metadata = {"height": 8, "width": 10, "name": "a.jpg", "projectId": 79598, "status": "InProgress"} | more
    return {"metadata": metadata, "instances": list(instances), "comments": [], "tags": []}


def read(value: Any) -> LabelSet:
    return read_superannotate(value, where="labels/a.jpg.json", source="a.jpg.json")


def test_a_polygon_has_the_holes_that_are_excluded_from_it(only: "First") -> None:
    item = only(read(vector(instance(exclude=[HOLE]))))
    assert (item.file_name, item.size, item.where, item.source) == ("a.jpg", (10, 8), "labels/a.jpg.json", "a.jpg.json")
    assert item.regions[0].polygons[0].outer.ravel().tolist() == CORNERS
    assert [hole.ravel().tolist() for hole in item.regions[0].polygons[0].holes] == [HOLE]


def test_boxes_turned_boxes_and_ellipses_are_drawn(only: "First") -> None:
    box = instance("bbox", points={"x1": 4, "x2": 1, "y1": 2, "y2": 5})
    turned = instance("rbbox", points={"x1": 4, "y1": 0, "x2": 8, "y2": 4, "x3": 6, "y3": 6, "x4": 2, "y4": 2})
    round_one = instance("ellipse", cx=5, cy=4, rx=4, ry=2, angle=90)
    shapes = [region.polygons[0].outer for region in only(read(vector(box, turned, round_one))).regions]
    assert shapes[0].tolist() == [[1, 2], [4, 2], [4, 5], [1, 5]]
    assert shapes[1].tolist() == [[4, 0], [8, 4], [6, 6], [2, 2]]
    assert np.allclose([shapes[2].min(axis=0), shapes[2].max(axis=0)], [[3, 0], [7, 8]], atol=0.01)


def test_lines_points_and_boxes_in_space_have_no_area(only: "First") -> None:
    item = only(read(vector(instance(), instance("polyline"), instance("point", x=1, y=1), instance("cuboid"))))
    assert len(item.regions) == 1
    assert item.without_area == {"polyline": 1, "point": 1, "cuboid": 1}


def test_the_number_of_a_class_never_stands_for_its_name_and_minus_one_is_not_a_class(only: "First") -> None:
    assert only(read(vector(instance(name=None, classId=-1)))).regions[0].label == "unnamed"
    (skip,) = read(vector(instance(name=None))).skipped
    assert skip.code == "unknown-class"
    assert "1115465" in skip.what


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (instance(points=CORNERS[:4]), "bad-outline", "instance 1: a polygon needs 3 points and has 2"),
        (instance(points=CORNERS[:5]), "bad-outline", "numbers"),
        (instance(exclude=[HOLE, HOLE[:4]]), "bad-outline", "instance 1: exclude: a polygon needs 3 points"),
        (instance(exclude=HOLE), "bad-outline", "exclude"),
        (instance("bbox"), "bad-number", "None"),
        (instance("ellipse", cx=1, cy="x"), "bad-number", "'x'"),
        (instance("circle"), "unknown-shape", "'circle'"),
        (instance(name=["car"]), "damaged-labels", "label"),
        ("car", "damaged-labels", "instance 1: is not an object"),
    ],
)
def test_damage_skips_the_picture_and_names_the_instance(broken: Any, code: str, about: str) -> None:
    labels = read(vector(broken))
    assert not labels.items
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("labels/a.jpg.json", code)
    assert about in skip.what


def painted(*colors: str, name: str = "cat") -> dict[str, Any]:
    parts = [{"color": color} for color in colors]
    return {
        "classId": 4991070,
        "probability": 100,
        "visible": True,
        "attributes": [],
        "parts": parts,
        "className": name,
    }


@pytest.fixture
def pixel(tmp_path: Path) -> Path:
    """An export of a pixel project: three segments in blue, green and red, of two instances."""
    pixels = np.zeros((2, 4, 4), dtype=np.uint8)
    pixels[0, 1] = 0, 0, 15, 255
    pixels[0, 2] = 0, 30, 0, 255
    pixels[1, 3] = 45, 0, 0, 255
    Image.fromarray(pixels).save(tmp_path / "a.jpg___save.png")
    value = vector(painted("#00000f", "#001e00"), painted("#2d0000", name="dog"), width=4, height=2)
    (tmp_path / "a.jpg.json").write_text(json.dumps(value))
    return tmp_path


def test_the_segments_of_a_pixel_project_are_exact_and_what_is_transparent_is_background(
    pixel: Path, only: "First"
) -> None:
    labels = read_labels(pixel)
    assert labels.format == "superannotate"
    assert labels.beside == (pixel / "a.jpg___save.png",)
    mask = paint_regions(only(labels).regions, Size(4, 2), {"cat": 1, "dog": 2}.get).mask
    assert mask.tolist() == [[0, 1, 1, 0], [0, 0, 0, 2]]


def test_older_exports_call_the_file_pixel_json(pixel: Path, only: "First") -> None:
    (pixel / "a.jpg.json").rename(pixel / "a.jpg___pixel.json")
    assert len(only(read_labels(pixel)).regions) == 3


def test_segments_and_instances_that_do_not_fit_together_skip_the_picture(pixel: Path) -> None:
    file = pixel / "a.jpg.json"
    broken = {
        "empty-segment": vector(painted("#00000f", "#001e00", "#2d0000", "#ffffff"), width=4, height=2),
        "unknown-segment": vector(painted("#00000f"), width=4, height=2),
        "damaged-labels": vector(painted("blue"), width=4, height=2),
        "mask-size": vector(painted("#00000f", "#001e00", "#2d0000"), width=5, height=2),
    }
    for code, value in broken.items():
        file.write_text(json.dumps(value))
        (skip,) = read_labels(pixel).skipped
        assert skip.code == code
    (pixel / "a.jpg___save.png").unlink()
    (skip,) = read_labels(pixel).skipped
    assert skip.code == "missing-picture"


def test_superannotate_is_known_by_metadata_and_instances() -> None:
    assert is_superannotate(vector())
    others: list[Any] = [{}, [], {"instances": []}, {"instances": [], "metadata": {}}, {"metadata": {"name": "a"}}]
    assert not any(is_superannotate(each) for each in others)
