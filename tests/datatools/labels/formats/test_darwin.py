"""V7's Darwin JSON: paths by the even-odd rule, masks out of one layer, and the form of version 1."""

import json
from pathlib import Path
from typing import Any

import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.darwin import is_darwin, read_darwin
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, RegionLabels
from p2p_datatools.masks.paint import paint_regions

SIZE = Size(8, 4)


def path(*points: tuple[float, float]) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in points]


TRIANGLE = path((1, 1), (6, 1), (6, 3))
AROUND = path((1, 0), (7, 0), (7, 4), (1, 4))
HOLE = path((3, 1), (5, 1), (5, 3), (3, 3))
ISLAND = path((4, 1), (5, 1), (5, 2), (4, 2))


def thing(name: Any = "car", **shape: Any) -> dict[str, Any]:
    shape = shape or {"polygon": {"paths": [TRIANGLE]}}
    return {"id": "1", "name": name, "properties": [], "slot_names": ["0"]} | shape


def mask(number: str, name: str = "car") -> dict[str, Any]:
    return thing(name, mask={}, id=number)


def layer(rle: Any, **numbers: Any) -> dict[str, Any]:
    content = {"dense_rle": rle, "mask_annotation_ids_mapping": numbers, "total_pixels": 32}
    return thing("__raster_layer__", raster_layer=content, id="9")


def item(*annotations: Any, folder: Any = "/", name: Any = "a.png", **slot: Any) -> dict[str, Any]:
    only = {"type": "image", "slot_name": "0", "width": 8, "height": 4, "source_files": [{"file_name": name}]} | slot
    return {
        "version": "2.0",
        "schema_ref": "https://darwin-public.s3.eu-west-1.amazonaws.com/darwin_json/2.0/schema.json",
        "item": {"name": name, "path": folder, "slots": [only]},
        "annotations": list(annotations),
    }


def old(*annotations: Any, **image: Any) -> dict[str, Any]:
    only = {"seq": 1, "width": 8, "height": 4, "filename": "1.png", "original_filename": "a.png", "path": "/"} | image
    return {"image": only, "annotations": list(annotations), "dataset": "cars"}


def read(value: Any) -> LabelSet:
    return read_darwin(value, where="labels/a.json", source="a.json")


def first(labels: LabelSet) -> RegionLabels:
    assert not labels.skipped, labels.skipped
    found = labels.items[0]
    assert isinstance(found, RegionLabels)
    return found


def drawn(value: Any) -> list[str]:
    """The mask of a picture, one letter a class."""
    letters: list[str] = []

    def index(label: str) -> int:
        letters.extend([label] if label not in letters else [])
        return letters.index(label) + 1

    canvas = paint_regions(first(read(value)).regions, SIZE, index).mask
    return ["".join(".cwx"[each] for each in row) for row in canvas.tolist()]


def test_polygons_become_regions_under_the_name_of_their_annotation() -> None:
    found = first(read(item(thing())))
    assert (found.file_name, found.size, found.source) == ("a.png", SIZE, "a.json")
    assert found.regions[0].label == "car"
    assert found.regions[0].polygons[0].outer.tolist() == [[1, 1], [6, 1], [6, 3]]
    assert first(read(item(thing(), folder="/cars/red"))).file_name == "cars/red/a.png"


def test_a_path_within_a_path_is_a_hole_and_one_within_that_is_an_island() -> None:
    whole = [".cccccc.", ".cc.ccc.", ".cc..cc.", ".cccccc."]
    holed = [".cccccc.", ".cc..cc.", ".cc..cc.", ".cccccc."]
    assert drawn(item(thing(polygon={"paths": [AROUND, HOLE]}))) == holed
    assert drawn(item(thing(polygon={"paths": [AROUND, HOLE, ISLAND]}))) == whole


def test_version_1_has_one_path_or_a_complex_polygon_of_several() -> None:
    holed = [".cccccc.", ".cc..cc.", ".cc..cc.", ".cccccc."]
    assert drawn(old(thing(complex_polygon={"path": [AROUND, HOLE]}))) == holed
    assert drawn(old(thing(polygon={"path": AROUND, "additional_paths": [HOLE]}))) == holed
    found = first(read(old(thing(polygon={"path": TRIANGLE}), path="/cars")))
    assert found.file_name == "cars/a.png"
    assert found.regions[0].polygons[0].outer.tolist() == [[1, 1], [6, 1], [6, 3]]


def test_a_box_is_a_region_only_where_it_is_not_around_another_shape() -> None:
    box = {"x": 2, "y": 1, "w": 4, "h": 2}
    filled = ["........", "..cccc..", "..cccc..", "........"]
    assert drawn(item(thing(bounding_box=box, directional_vector={"angle": 1, "length": 2}))) == filled
    assert drawn(item(thing(bounding_box=box, polygon={"paths": [TRIANGLE]}))) == drawn(item(thing()))


def test_ellipses_are_read_where_they_are_not_turned() -> None:
    around = {"center": {"x": 4, "y": 2}, "radius": {"x": 2, "y": 1}, "angle": 0}
    assert drawn(item(thing(ellipse=around))) == ["........", "..cccc..", "..cccc..", "........"]
    circle = around | {"radius": {"x": 1, "y": 1}, "angle": 0.2}
    assert drawn(item(thing(ellipse=circle))) == ["........", "...cc...", "...cc...", "........"]
    (skip,) = read(item(thing(ellipse=around | {"angle": 0.2}))).skipped
    assert skip.code == "turned-ellipse"


def test_masks_are_cut_out_of_their_layer_by_the_number_that_it_gives_them() -> None:
    rle = [0, 9, 1, 2, 2, 3, 0, 4, 1, 1, 0, 13]
    assert drawn(item(layer(rle, m1=1, m2=2), mask("m1"), mask("m2", "wheel"))) == [
        "........",
        ".ccwww..",
        "..c.....",
        "........",
    ]


def test_a_mask_without_pixels_is_counted() -> None:
    found = first(read(item(layer([0, 9, 1, 23], m1=1, m2=2), mask("m1"), mask("m2"))))
    assert len(found.regions) == 1
    assert found.without_area == {"empty mask": 1}


def test_lines_and_key_points_have_no_area_and_tags_are_no_shapes() -> None:
    others = [thing(line={"path": TRIANGLE}), thing(keypoint={"x": 1, "y": 2}), thing(skeleton={"nodes": []})]
    found = first(read(item(*others, thing(tag={}), thing())))
    assert len(found.regions) == 1
    assert found.without_area == {"line": 1, "keypoint": 1, "skeleton": 1}


RASTER = {"dense_rle": [0, 32], "mask_annotation_ids_mapping": None}


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (item(thing(polygon={"paths": [TRIANGLE[:2]]})), "bad-outline", "annotation 1: a polygon needs 3 points"),
        (item(thing(polygon={"paths": []})), "bad-outline", "no path"),
        (item(thing(polygon={"paths": [AROUND, [{"x": 1}]]})), "bad-number", "None"),
        (item(thing(polygon={"paths": [[[1, 2], [3, 4], [5, 6]]]})), "bad-outline", "with x, y"),
        (item(thing(polygon={"paths": "ab"})), "damaged-labels", "its paths"),
        (item(thing(polygon=None)), "bad-outline", "has 0"),
        (old(thing(polygon={"path": []})), "bad-outline", "has 0"),
        (item(thing(bounding_box={"x": 1, "y": 1, "w": 4})), "bad-number", "None"),
        (item(thing(ellipse={"center": {"x": 1, "y": 1}})), "bad-outline", "with x, y"),
        (item(thing(blob={})), "unknown-shape", "blob"),
        (item(layer([0, 9, 1, 23], m1=1)), "unknown-class", "mask m1"),
        (item(layer([0, 9, 5, 23], m1=1), mask("m1")), "unknown-class", "number 5"),
        (item(layer([0, 9, 1, 22], m1=1), mask("m1")), "bad-rle", "do not cover 8x4"),
        (item(layer("ABCD", m1=1), mask("m1")), "bad-rle", "pairs"),
        (item(thing(raster_layer=RASTER)), "damaged-labels", "whose masks"),
        (item(layer([0, 32]), width=None), "no-size", ""),
        (item("polygon"), "damaged-labels", "annotation 1: is not an object"),
        (item(thing(name=["car"])), "damaged-labels", "is not text"),
        (item(thing(), name=None), "no-file-name", ""),
        (item(thing(), type="video"), "not-a-picture", "video"),
        (item(thing()) | {"item": {"name": "a", "slots": []}}, "several-pictures", "0 slots"),
        (item(thing()) | {"item": {"name": "a", "slots": [{}, {}]}}, "several-pictures", "2 slots"),
        (item(thing(), width=-8), "bad-size", "-8 x 4"),
        (old(thing(), frame_count=5), "not-a-picture", "video"),
        (old(thing(), original_filename=None, filename=""), "no-file-name", ""),
    ],
)
def test_damage_skips_its_picture_and_no_other(tmp_path: Path, broken: Any, code: str, about: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(broken))
    (tmp_path / "b.json").write_text(json.dumps(item(thing(), name="b.png")))
    labels = read_labels(tmp_path)
    assert [each.file_name for each in labels.items] == ["b.png"]
    (skip,) = labels.skipped
    assert skip.code == code
    assert about in skip.what


def test_darwin_is_known_by_its_item_or_its_image() -> None:
    assert is_darwin(item())
    assert is_darwin(old())
    others: list[Any] = [
        {},
        [],
        {"annotations": []},
        {"annotations": [], "item": "a"},
        {"annotations": [], "item": {}},
        {"annotations": [], "image": {"width": 3}},
        {"annotations": {}, "item": {"slots": []}},
    ]
    assert not any(map(is_darwin, others))
