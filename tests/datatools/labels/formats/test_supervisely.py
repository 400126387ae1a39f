"""Supervisely: a file a picture, polygons and rectangles in pixels or exact, and bitmaps at their place."""

import base64
import io
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.supervisely import is_supervisely, read_supervisely
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, RegionLabels
from p2p_datatools.masks.paint import paint_regions

SIZE = Size(8, 4)


def thing(kind: str | None = "polygon", label: Any = "car", **more: Any) -> dict[str, Any]:
    found = {"id": 1, "classId": 2, "classTitle": label, "geometryType": kind, "tags": [], "description": ""} | more
    return {key: value for key, value in found.items() if key != "geometryType" or kind}


def points(exterior: Any, *interior: Any) -> dict[str, Any]:
    return {"exterior": exterior, "interior": list(interior)}


def annotation(*things: Any, **more: Any) -> dict[str, Any]:
    size = {"width": SIZE.width, "height": SIZE.height}
    return {"description": "", "tags": [], "size": size, "objects": list(things)} | more


def read(value: Any, source: str = "ds0/ann/a.png.json") -> LabelSet:
    return read_supervisely(value, where=f"project/{source}", source=source)


def first(labels: LabelSet) -> RegionLabels:
    assert not labels.skipped, labels.skipped
    item = labels.items[0]
    assert isinstance(item, RegionLabels)
    return item


def drawn(*things: Any) -> list[list[int]]:
    found: list[list[int]] = paint_regions(first(read(annotation(*things))).regions, SIZE, lambda _: 1).mask.tolist()
    return found


def rows(*texts: str) -> list[list[int]]:
    return [[int(letter == "#") for letter in text] for text in texts]


def bitmap(mask: Any, *, is_deflated: bool = True, with_alpha: bool = False) -> str:
    """A mask as the tool writes it: a palette whose first colour is transparent, or its other form in RGBA."""
    image = Image.fromarray(np.array(mask, dtype=np.uint8))
    image.putpalette([0, 0, 0, 255, 255, 255])
    if with_alpha:
        image.info["transparency"] = 0
        image = image.convert("RGBA")
    file = io.BytesIO()
    image.save(file, "PNG", **({} if with_alpha else {"transparency": 0}))
    return base64.b64encode(zlib.compress(file.getvalue()) if is_deflated else file.getvalue()).decode()


def test_the_picture_lies_in_img_as_its_file_does_in_ann() -> None:
    exterior = [[1.5, 1.0], [5.0, 1.0], [5.0, 3.0]]
    item = first(read(annotation(thing(points=points(exterior)))))
    assert (item.file_name, item.size, item.source) == ("ds0/img/a.png", SIZE, "ds0/ann/a.png.json")
    assert item.regions[0].label == "car"
    assert item.regions[0].polygons[0].outer.tolist() == exterior
    assert first(read(annotation(), "a.png.json")).file_name == "a.png"
    assert first(read(annotation(), "ann/a.json")).file_name == "img/a"


def test_whole_numbers_are_pixels_whose_centres_are_meant() -> None:
    item = first(read(annotation(thing(points=points([[1, 1], [5, 1], [5, 3]], [[2, 1], [3, 1], [3, 2]])))))
    assert item.regions[0].polygons[0].outer.tolist() == [[1.5, 1.5], [5.5, 1.5], [5.5, 3.5]]
    assert item.regions[0].polygons[0].holes[0].tolist() == [[2.5, 1.5], [3.5, 1.5], [3.5, 2.5]]


def test_a_hole_is_cut_out_of_its_polygon_only() -> None:
    around = [[1.0, 0.0], [7.0, 0.0], [7.0, 4.0], [1.0, 4.0]]
    hole = [[3.0, 1.0], [5.0, 1.0], [5.0, 3.0], [3.0, 3.0]]
    assert drawn(thing(points=points(around, hole))) == rows(".######.", ".##..##.", ".##..##.", ".######.")


def test_both_corner_pixels_of_a_rectangle_lie_inside_and_exact_corners_are_edges() -> None:
    assert drawn(thing("rectangle", points=points([[5, 2], [2, 1]]))) == rows(
        "........", "..####..", "..####..", "." * 8
    )
    assert drawn(thing("rectangle", points=points([[2.0, 1.0], [5.0, 2.0]]))) == rows(
        "." * 8, "..###...", "." * 8, "." * 8
    )


@pytest.mark.parametrize("is_deflated", [True, False])
@pytest.mark.parametrize("with_alpha", [True, False])
def test_a_bitmap_is_stamped_at_its_origin(is_deflated: bool, with_alpha: bool) -> None:
    mask = np.random.default_rng(0).integers(0, 2, (3, 4))
    text = bitmap(mask, is_deflated=is_deflated, with_alpha=with_alpha)
    expected = np.zeros((4, 8), dtype=int)
    expected[1:, 3:7] = mask
    assert drawn(thing("bitmap", bitmap={"origin": [3, 1], "data": text})) == expected.tolist()


def test_older_versions_did_not_write_what_kind_an_object_is() -> None:
    mask = {"origin": [0, 0], "data": bitmap([[1]])}
    old = [
        thing(None, bitmap=mask, points=points([])),
        thing(None, bitmap=None, points=points([[1, 1], [5, 1], [5, 3]])),
    ]
    item = first(read(annotation(*old)))
    assert [(len(each.polygons), len(each.runs)) for each in item.regions] == [(0, 1), (1, 0)]


def test_the_parts_of_a_multipolygon_are_one_class() -> None:
    parts = [points([[0.0, 0.0], [2.0, 0.0], [2.0, 4.0], [0.0, 4.0]]), points([[6.0, 0.0], [8.0, 0.0], [8.0, 4.0]])]
    item = first(read(annotation(thing("multipolygon", parts=parts))))
    assert [each.label for each in item.regions] == ["car", "car"]


def test_points_lines_and_graphs_have_no_area_and_an_object_without_class_is_unnamed() -> None:
    others = [thing("point", points=points([[1, 1]])), thing("line", points=points([[1, 1], [2, 2]])), thing("graph")]
    item = first(read(annotation(*others, thing(label=None, points=points([[1, 1], [5, 1], [5, 3]])))))
    assert [each.label for each in item.regions] == ["unnamed"]
    assert item.without_area == {"point": 1, "line": 1, "graph": 1}


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (thing(points=points([[1, 1], [5, 1]])), "bad-outline", "object 1: a polygon needs 3 points and has 2"),
        (thing(points=points([[1, 1], [5, 1], [5, 3]], [[2, 1]])), "bad-outline", "has 1"),
        (thing(points=points("ab")), "damaged-labels", "its points"),
        (thing(points=None), "no-outline", "has no points"),
        (thing("rectangle", points=points([[1, 1], [5, 1], [5, 3]])), "bad-outline", "2 corners"),
        (thing("bitmap", bitmap=None), "no-outline", "has no bitmap"),
        (thing("bitmap", bitmap={"origin": [1], "data": bitmap([[1]])}), "bad-outline", "its origin"),
        (thing("bitmap", bitmap={"origin": [0.5, 1], "data": bitmap([[1]])}), "bad-outline", "its origin"),
        (thing("bitmap", bitmap={"origin": [0, 0], "data": "AAAA"}), "damaged-file", ""),
        (thing("bitmap", bitmap={"origin": [0, 0], "data": bitmap([[1]])[:20]}), "damaged-file", ""),
        (thing("bitmap", bitmap={"origin": [0, 0]}), "bad-base64", ""),
        (thing("alpha_mask", bitmap={}), "unknown-shape", "'alpha_mask'"),
        (thing(None, points=points([[1, 1], [5, 1]])), "unknown-shape", "None"),
        (thing("multipolygon", parts=[3]), "damaged-labels", "its points"),
        ("polygon", "damaged-labels", "not an object"),
    ],
)
def test_damage_skips_its_picture_and_no_other(tmp_path: Path, broken: Any, code: str, about: str) -> None:
    (tmp_path / "ann").mkdir()
    good = thing(points=points([[1, 1], [5, 1], [5, 3]]))
    (tmp_path / "ann" / "a.png.json").write_text(json.dumps(annotation(broken)))
    (tmp_path / "ann" / "b.png.json").write_text(json.dumps(annotation(good)))
    (tmp_path / "meta.json").write_text(json.dumps({"classes": [{"title": "car"}], "tags": []}))
    labels = read_labels(tmp_path)
    assert [item.file_name for item in labels.items] == ["img/b.png"]
    (skip,) = labels.skipped
    assert skip.code == code
    assert about in skip.what


def test_a_size_that_cannot_be_skips_the_picture() -> None:
    (skip,) = read(annotation(size={"width": -1, "height": 4})).skipped
    assert skip.code == "bad-size"


def test_supervisely_is_known_by_its_size_and_objects() -> None:
    assert is_supervisely(annotation())
    others: list[Any] = [{}, [], {"objects": []}, {"objects": [], "size": 3}, {"objects": [], "size": {}}, "objects"]
    assert not any(map(is_supervisely, others))
