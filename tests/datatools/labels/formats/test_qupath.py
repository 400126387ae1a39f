"""QuPath's GeoJSON: classes, rings and their holes, what has no area, and what is no label of a picture."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.qupath import is_qupath, read_qupath
from p2p_datatools.labels.values import LabelSet
from p2p_datatools.masks.paint import paint_regions

if TYPE_CHECKING:
    from datatools.conftest import First

OUTER = [[1, 1], [9, 1], [9, 7], [1, 7], [1, 1]]
HOLE = [[3, 3], [3, 5], [6, 5], [6, 3], [3, 3]]


def feature(geometry: Any, name: Any = "Tumor", **more: Any) -> dict[str, Any]:
    properties = {"objectType": "annotation", "classification": {"name": name, "color": [200, 0, 0]}} | more
    return {"type": "Feature", "id": "d3b07384-d9a0", "geometry": geometry, "properties": properties}


def area(*rings: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)} | more


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def read(value: Any, source: str = "slides/a.geojson") -> LabelSet:
    return read_qupath(value, where=f"labels/{source}", source=source)


def test_an_inner_ring_is_a_hole_and_no_ring_repeats_its_first_point(only: "First") -> None:
    item = only(read(collection(feature(area(OUTER, HOLE)))))
    (region,) = item.regions
    assert region.label == "Tumor"
    assert region.polygons[0].outer.tolist() == OUTER[:-1]
    assert [hole.tolist() for hole in region.polygons[0].holes] == [HOLE[:-1]]
    mask = paint_regions(item.regions, Size(10, 8), {"Tumor": 1}.get).mask
    assert mask[:, 4].tolist() == [0, 1, 1, 0, 0, 1, 1, 0]
    assert int(mask.sum()) == 8 * 6 - 3 * 2


@pytest.mark.parametrize("hole", [OUTER, [[0, 0], [0, 8], [10, 8], [10, 0], [0, 0]]])
def test_an_area_that_its_hole_covers_is_left_out_and_not_a_mask_of_nothing(hole: Any, only: "First") -> None:
    item = only(read(collection(feature(area(OUTER, hole)), feature(area(hole, HOLE)))))
    assert ([fault.code for fault in item.faults], len(item.regions)) == (["no-area"], 1)
    (skip,) = read(collection(feature(area(OUTER, hole)))).skipped
    assert skip.code == "no-area"


def test_the_parts_of_a_multipolygon_keep_each_its_holes(only: "First") -> None:
    far = [[20, 20], [24, 20], [24, 24], [20, 20]]
    item = only(read(collection(feature({"type": "MultiPolygon", "coordinates": [[OUTER, HOLE], [far]]}))))
    assert [[len(each.holes) for each in region.polygons] for region in item.regions] == [[1], [0]]


@pytest.mark.parametrize(
    ("source", "name"), [("a.geojson", "a"), ("day/a.tif.geojson", "day/a.tif"), ("slide.svs.json", "slide.svs")]
)
def test_the_picture_is_called_as_the_file_is(source: str, name: str, only: "First") -> None:
    assert only(read(collection(feature(area(OUTER))), source)).file_name == name


def test_features_may_be_a_list_or_one_or_lie_in_each_other(only: "First") -> None:
    inner = feature(area(HOLE), name="Nerve")
    outer = feature(area(OUTER), childObjects=[inner])
    for value in ([outer], outer, collection(outer)):
        assert is_qupath(value)
        assert [region.label for region in only(read(value)).regions] == ["Tumor", "Nerve"]


def test_an_ellipse_is_round_again(only: "First") -> None:
    diamond = [[4, 0], [8, 3], [4, 6], [0, 3], [4, 0]]
    outer = only(read(collection(feature(area(diamond, isEllipse=True))))).regions[0].polygons[0].outer
    assert np.allclose(((outer - (4, 3)) ** 2 / (16, 9)).sum(axis=1), 1)
    assert len(outer) > 8


def test_derived_classes_have_all_their_names_and_an_object_without_class_is_unnamed(only: "First") -> None:
    derived = feature(area(OUTER), classification={"names": ["Tumor", "Positive"]})
    bare = {"type": "Feature", "geometry": area(OUTER), "properties": {"object_type": "annotation"}}
    item = only(read(collection(derived, bare)))
    assert [region.label for region in item.regions] == ["Tumor: Positive", "unnamed"]


def test_lines_and_points_have_no_area_and_nuclei_are_reported(only: "First") -> None:
    cell = feature(area(OUTER), objectType="cell") | {"nucleusGeometry": area(HOLE)}
    line, point = {"type": "LineString", "coordinates": OUTER}, {"type": "Point", "coordinates": [1, 1]}
    labels = read(collection(cell, feature(line), feature(point)))
    assert only(labels).without_area == {"LineString": 1, "Point": 1}
    assert len(only(labels).regions) == 1
    assert labels.notes == (
        "labels/slides/a.geojson: of 1 cells the nucleus is not painted by itself; it lies in its cell.",
    )


def test_a_third_coordinate_is_left_out(only: "First") -> None:
    item = only(read(collection(feature(area([[*point, 7] for point in OUTER])))))
    assert item.regions[0].polygons[0].outer.tolist() == OUTER[:-1]


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (feature(area(OUTER[:2])), "bad-outline", "feature 2: a polygon needs 3 points and has 2"),
        (feature(area(OUTER, HOLE[:2])), "bad-outline", "feature 2: a polygon needs 3 points and has 2"),
        (feature(area()), "bad-outline", "0"),
        (feature(area([[1, "x"], *OUTER])), "bad-outline", "numbers"),
        (feature(area(5)), "bad-outline", "lists"),
        (feature({"type": "Polygon", "coordinates": 5}), "damaged-labels", "coordinates"),
        (feature({"type": "Circle", "coordinates": []}), "unknown-shape", "'Circle'"),
        (feature({"type": "GeometryCollection", "geometries": [5]}), "unknown-shape", "None"),
        (feature(None), "damaged-labels", "geometry"),
        (7, "damaged-labels", "feature 2"),
    ],
)
def test_damage_costs_the_feature_and_no_other(broken: Any, code: str, about: str, only: "First") -> None:
    item = only(read(collection(feature(area(OUTER)), broken)))
    (fault,) = item.faults
    assert (fault.where, fault.code, len(item.regions)) == ("labels/slides/a.geojson: feature 2", code, 1)
    assert about in str(fault)


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (feature(area(OUTER), name=None), "damaged-labels", "classification"),
        (feature(area(OUTER, plane={"c": -1, "z": 3, "t": 0})), "several-planes", "2 planes"),
    ],
)
def test_what_is_not_understood_skips_the_picture(broken: Any, code: str, about: str) -> None:
    labels = read(collection(feature(area(OUTER)), broken))
    assert not labels.items
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("labels/slides/a.geojson", code)
    assert about in skip.what


def test_geojson_of_places_on_the_globe_is_not_qupath() -> None:
    town = {"type": "Feature", "geometry": area(OUTER), "properties": {"name": "town", "population": 7}}
    others: list[Any] = [collection(town), town, [town], [], {}, {"features": []}, "Feature", [5]]
    assert not any(is_qupath(each) for each in others)
    assert is_qupath(collection())
    assert is_qupath({"type": "Feature", "id": "PathAnnotationObject", "geometry": area(OUTER), "properties": {}})
