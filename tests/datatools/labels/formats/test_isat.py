"""ISAT: polygons in layers, and what is damaged in them."""

from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.labels.formats.isat import is_isat, read_isat
from p2p_datatools.labels.values import LabelSet

if TYPE_CHECKING:
    from datatools.conftest import First

CORNERS = [[1.0, 1.0], [5.0, 1.0], [5.5, 4.0]]


def thing(category: Any = "car", **more: Any) -> dict[str, Any]:
    box = {"area": 6.0, "bbox": [1.0, 1.0, 5.5, 4.0], "iscrowd": False, "note": ""}
    return {"category": category, "group": 1, "segmentation": CORNERS, "layer": 1.0} | box | more


def isat(*objects: Any, **more: Any) -> dict[str, Any]:
    info = {"description": "ISAT", "folder": "C:\\photos", "name": "a.jpg", "width": 8, "height": 6, "depth": 3}
    return {"info": info | {"note": ""} | more, "objects": list(objects)}


def read(value: Any) -> LabelSet:
    return read_isat(value, where="labels/a.json", source="a.json")


def test_polygons_become_regions_and_the_folder_of_another_machine_is_left_out_of_the_name(only: "First") -> None:
    item = only(read(isat(thing(shape_type="polygon"))))
    assert (item.file_name, item.size, item.where, item.source) == ("a.jpg", (8, 6), "labels/a.json", "a.json")
    assert item.regions[0].label == "car"
    assert item.regions[0].polygons[0].outer.tolist() == CORNERS


def test_a_higher_layer_is_painted_later_wherever_it_stands_in_the_file(only: "First") -> None:
    item = only(read(isat(thing("wheel", layer=3), thing("car", layer=1.0), thing("lamp", layer=3), thing("door"))))
    assert [each.label for each in item.regions] == ["car", "door", "wheel", "lamp"]


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (thing(segmentation=CORNERS[:2]), "bad-outline", "object 2: a polygon needs 3 points and has 2"),
        (thing(segmentation=None), "bad-outline", "object 2: "),
        (thing(segmentation=[[1, "x"], *CORNERS]), "bad-outline", "numbers"),
        (thing(layer="top"), "bad-number", "'top'"),
        (thing(shape_type="line"), "unknown-shape", "'line'"),
        ("car", "damaged-labels", "object 2: is not an object"),
    ],
)
def test_damage_costs_the_object_and_no_other(broken: Any, code: str, about: str, only: "First") -> None:
    item = only(read(isat(thing(), broken)))
    (fault,) = item.faults
    assert (fault.where, fault.code, len(item.regions)) == ("labels/a.json: object 2", code, 1)
    assert about in str(fault)


def test_a_category_that_is_not_text_is_not_left_out() -> None:
    (skip,) = read(isat(thing(), thing(category=["car"]))).skipped
    assert (skip.where, skip.code) == ("labels/a.json", "damaged-labels")


@pytest.mark.parametrize(("info", "code"), [({"name": ""}, "no-file-name"), ({"width": -3}, "bad-size")])
def test_a_picture_without_a_name_or_with_a_size_that_cannot_be_is_skipped(info: dict[str, Any], code: str) -> None:
    (skip,) = read(isat(thing(), **info)).skipped
    assert skip.code == code


def test_an_object_without_a_category_is_unnamed(only: "First") -> None:
    assert only(read(isat(thing(None)))).regions[0].label == "unnamed"


def test_isat_is_known_by_its_signature() -> None:
    assert is_isat(isat())
    others: list[Any] = [{}, [], {"info": "ISAT"}, {"info": {"description": "ISAT"}}, {"info": {}, "objects": []}]
    assert not any(is_isat(each) for each in others)
