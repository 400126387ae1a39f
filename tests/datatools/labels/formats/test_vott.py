"""Microsoft's VoTT: exports, single assets, and project files, which hold no labels."""

from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.labels.formats.vott import is_vott_asset, is_vott_export, read_vott_asset, read_vott_export
from p2p_datatools.labels.values import LabelSet

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import First

CORNERS = [{"x": 1, "y": 1}, {"x": 5, "y": 1}, {"x": 5.5, "y": 4}]


def region(**more: Any) -> dict[str, Any]:
    return {"id": "r", "type": "POLYGON", "tags": ["car"], "points": CORNERS} | more


def asset(*regions: Any, name: Any = "a.png", **more: Any) -> dict[str, Any]:
    return {"asset": {"name": name, "size": {"width": 8, "height": 6}} | more, "regions": list(regions)}


def export(*assets: Any) -> dict[str, Any]:
    return {"assets": {f"id{count}": each for count, each in enumerate(assets)}}


def read(*assets: Any) -> LabelSet:
    return read_vott_export(export(*assets), where="labels/masks.json", source="masks.json")


def test_polygons_become_regions_under_their_tag(first: "First") -> None:
    item = first(read(asset(region())))
    assert (item.file_name, item.size, item.source) == ("a.png", (8, 6), "masks.json: a.png")
    assert item.regions[0].label == "car"
    assert item.regions[0].polygons[0].outer.tolist() == [[1, 1], [5, 1], [5.5, 4]]


def test_names_stay_as_they_are_escaped(first: "First") -> None:
    assert first(read(asset(region(), name="image%20(10).png"))).file_name == "image%20(10).png"


def test_rectangles_are_read_from_points_or_from_their_bounding_box(first: "First") -> None:
    box = {"left": 1, "top": 2, "width": 3, "height": 2}
    item = first(read(asset(region(type="RECTANGLE"), region(type="RECTANGLE", points=[], boundingBox=box))))
    assert [len(each.polygons[0].outer) for each in item.regions] == [3, 4]
    assert item.regions[1].polygons[0].outer.tolist() == [[1, 2], [4, 2], [4, 4], [1, 4]]


def test_a_region_has_each_of_its_tags_and_one_without_is_unnamed(first: "First") -> None:
    item = first(read(asset(region(tags=["car", "wheel"]), region(tags=[]))))
    assert [each.label for each in item.regions] == ["car", "wheel", "unnamed"]


def test_lines_and_points_have_no_area(first: "First") -> None:
    item = first(read(asset(region(), region(type="POINT"), region(type="POLYLINE"))))
    assert len(item.regions) == 1
    assert item.without_area == {"point": 1, "polyline": 1}


def test_assets_may_be_a_list_and_stand_alone(first: "First") -> None:
    alone = asset(region(), region())
    listed = {"assets": [alone]}
    assert is_vott_export(listed)
    of_list = first(read_vott_export(listed, where="a", source="a"))
    of_file = first(read_vott_asset(alone, where="x-asset.json", source="x-asset.json"))
    assert len(of_list.regions) == len(of_file.regions) == 2
    assert of_file.where == "x-asset.json"


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (asset(region(points=CORNERS[:2])), "bad-outline", "region 1: a polygon needs 3 points and has 2"),
        (asset(region(points=[{"x": float("nan"), "y": 1}, *CORNERS])), "bad-outline", "1e+09"),
        (asset(region(points=[{"x": 1}, *CORNERS])), "bad-outline", "x and y"),
        (asset(region(points=["ab"])), "bad-outline", "x and y"),
        (asset(region(points={"x": 1})), "damaged-labels", "its points"),
        (asset(region(type="RECTANGLE", points=None)), "no-outline", "region 1: "),
        (asset(region(type="RECTANGLE", points=None, boundingBox={"left": 1})), "bad-number", "None"),
        (asset(region(tags="car")), "damaged-labels", "its tags"),
        (asset(5), "damaged-labels", "object"),
        (asset(region(), size={"width": -1, "height": 5}), "bad-size", "-1 x 5"),
        (asset(region(), name=None), "no-file-name", ""),
        (asset(region(), name="a\udcff.png"), "name-not-utf8", ""),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str, about: str) -> None:
    labels = read(broken, asset(region(), name="b.png"))
    assert [item.file_name for item in labels.items] == ["b.png"]
    (skip,) = labels.skipped
    assert skip.code == code
    assert about in skip.what


def test_a_project_file_is_known_and_says_what_to_export(refused: "Refused") -> None:
    project = {
        "name": "cars",
        "sourceConnection": {"providerOptions": {"encrypted": "eyJj"}},
        "assets": {"id": {"name": "a.png", "size": {"width": 8, "height": 6}, "state": 2}},
    }
    assert is_vott_export(project)
    with refused("no-labels", "cars.vott") as error:
        read_vott_export(project, where="cars.vott", source="cars.vott")
    assert "VoTT JSON" in error.value.to_do


def test_vott_is_known_by_its_assets() -> None:
    assert is_vott_export(export(asset(region())))
    assert is_vott_asset(asset(region()))
    others: list[Any] = [{}, [], {"assets": {}}, {"assets": {"a": 1}}, {"asset": "a"}, {"images": []}, "assets"]
    for other in others:
        assert not is_vott_export(other)
        assert not is_vott_asset(other)
