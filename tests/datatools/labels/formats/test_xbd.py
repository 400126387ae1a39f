"""xBD: buildings in WKT, and what is damaged in them."""

from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.labels.formats.xbd import is_xbd, read_xbd
from p2p_datatools.labels.values import LabelSet

if TYPE_CHECKING:
    from datatools.conftest import First

ROOF = "POLYGON ((1 1, 5 1, 5.5 4, 1 1))"


def house(wkt: Any = ROOF, **properties: Any) -> dict[str, Any]:
    return {"properties": {"feature_type": "building", "uid": "7d39"} | properties, "wkt": wkt}


def xbd(*features: Any) -> dict[str, Any]:
    about = {"sensor": "WORLDVIEW02", "original_width": 16, "width": 8, "height": 6, "img_name": "quake_1_post.png"}
    on_globe = [{"properties": {}, "wkt": "POLYGON ((-97.3 37.6, -97.2 37.6, -97.2 37.7, -97.3 37.6))"}]
    return {"features": {"lng_lat": on_globe, "xy": list(features)}, "metadata": about}


def read(value: Any) -> LabelSet:
    return read_xbd(value, where="labels/quake_1_post.json", source="quake_1_post.json")


def test_the_damage_is_the_class_and_before_a_disaster_the_building(only: "First") -> None:
    item = only(read(xbd(house(subtype="major-damage"), house())))
    assert (item.file_name, item.size) == ("quake_1_post.png", (8, 6))
    assert [each.label for each in item.regions] == ["major-damage", "building"]
    assert item.regions[0].polygons[0].outer.tolist() == [[1, 1], [5, 1], [5.5, 4]]


def test_inner_rings_are_holes_and_a_building_may_have_parts(only: "First") -> None:
    court = "POLYGON ((0 0, 7 0, 7 5, 0 5, 0 0), (2 2, 3 2, 3 3, 2 2))"
    wing, gate = "((0 0 9, 2 0 9, 2 2 9, 0 0 9))", "((4 4 9, 6 4 9, 6 6 9, 4 4 9), (5 5 9, 5.5 5 9, 5.5 5.5 9))"
    item = only(read(xbd(house(court), house(f"MULTIPOLYGON Z ({wing}, {gate})"))))
    assert [len(each.polygons[0].holes) for each in item.regions] == [1, 0, 1]
    assert item.regions[2].polygons[0].outer.tolist() == [[4, 4], [6, 4], [6, 6]]


@pytest.mark.parametrize(
    ("wkt", "code", "about"),
    [
        ("POLYGON ((1 1, 5 1))", "bad-outline", "needs 3 points and has 2"),
        ("POLYGON EMPTY", "bad-outline", "needs 3 points and has 0"),
        ("POLYGON ((1 1, 5 x, 5 4))", "bad-outline", "not a number"),
        ("POLYGON ((1 1, nan 1, 5 4))", "bad-outline", "wkt"),
        ("1 1, 5 1, 5 4", "bad-outline", "is not a shape"),
        (None, "bad-outline", "is not a shape"),
        ("CIRCULARSTRING (1 1, 5 1, 5 4)", "unknown-shape", "CIRCULARSTRING"),
    ],
)
def test_damage_costs_the_building_and_no_other(wkt: Any, code: str, about: str, only: "First") -> None:
    item = only(read(xbd(house(), house(wkt))))
    (fault,) = item.faults
    assert (fault.code, len(item.regions)) == (code, 1)
    assert fault.where == "labels/quake_1_post.json: feature 2"
    assert about in str(fault)


def test_points_have_no_area(only: "First") -> None:
    item = only(read(xbd(house("POINT (3 4)"))))
    assert not item.regions
    assert dict(item.without_area) == {"point": 1}


@pytest.mark.parametrize(
    "value",
    [[], {"features": [], "metadata": {}}, {"features": {"lng_lat": []}, "metadata": {}}, {"features": {"xy": []}}],
)
def test_what_has_another_form_is_not_xbd(value: Any) -> None:
    assert is_xbd(xbd(house()))
    assert is_xbd(xbd())
    assert not is_xbd(value)
