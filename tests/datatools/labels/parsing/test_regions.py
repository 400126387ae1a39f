"""What readers share: names and labels are checked, shapes collected, damage made a skip."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.errors import P2PError, Skip
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import box
from p2p_datatools.labels.parsing.regions import (
    UNNAMED,
    RegionCollector,
    gather,
    items_of,
    read_picture_name,
    size_from,
    unite,
)
from p2p_datatools.labels.values import RegionFault, RegionLabels, Runs, Use

if TYPE_CHECKING:
    from conftest import Refused

SQUARE = box([0, 0, 4, 4], "a")
DOTS = Runs(np.array([0, 1, 3]), Size(2, 2))


def drawn(*labels: Any, name: str = "a.jpg") -> RegionLabels:
    drawing = RegionCollector()
    for label in labels:
        drawing.add(SQUARE, label, where="a")
    return drawing.labels_of(name, None, where="a", source="a")


def test_shapes_become_regions_in_their_order_and_lines_are_counted() -> None:
    drawing = RegionCollector()
    drawing.add(SQUARE, "car", where="a")
    drawing.add("line", "car", where="a")
    drawing.add(DOTS, "wheel", "round", where="a")
    drawing.add("line", where="a")
    labels = drawing.labels_of("a.jpg", Size(8, 6), where="a", source="a")
    assert [(each.label, len(each.polygons), len(each.runs)) for each in labels.regions] == [
        ("car", 1, 0),
        ("wheel", 0, 1),
        ("round", 0, 1),
    ]
    assert labels.without_area == {"line": 2}


def test_a_shape_that_a_function_cannot_read_is_a_fault_and_the_others_stay() -> None:
    def broken() -> Runs:
        raise P2PError("a: shape 2", "is broken", "Draw it again.", code="test")

    drawing = RegionCollector()
    drawing.add(lambda: SQUARE, "car", where="a: shape 1")
    drawing.add(broken, "wheel", where="a: shape 2")
    drawing.add(lambda: [SQUARE, broken, "line", lambda: [DOTS]], "light", where="a: shape 3")
    labels = drawing.labels_of("a.jpg", None, where="a", source="a")
    assert [(each.label, each.place) for each in labels.regions] == [
        ("car", "a: shape 1"),
        ("light", "a: shape 3"),
        ("light", "a: shape 3"),
    ]
    assert labels.without_area == {"line": 1}
    assert labels.faults == (
        RegionFault("a: shape 2", "is broken", "Draw it again.", "test", "wheel", "a.jpg"),
        RegionFault("a: shape 3", "a: shape 2: is broken", "Draw it again.", "test", "light", "a.jpg"),
    )


def test_a_value_of_a_kind_that_nobody_expects_is_damage_of_its_region_or_else_of_its_picture() -> None:
    def read() -> RegionLabels:
        drawing = RegionCollector()
        drawing.add(SQUARE, "car", where="a: shape 1")
        drawing.add(lambda: [][0], "car", where="a: shape 2")
        return drawing.labels_of("a.jpg", None, where="a", source="a")

    found = gather("via", [("a", read), ("b", lambda: [][0])])
    (item,), (skip,) = found.items, found.skipped
    assert isinstance(item, RegionLabels)
    assert [fault.code for fault in item.faults] == ["damaged-labels"]
    assert (skip.where, skip.code) == ("b", "damaged-labels")


def test_what_is_no_object_and_has_no_number_as_its_layer_is_a_fault() -> None:
    drawing = RegionCollector()
    objects = drawing.objects([{"z": 2}, 7, {"z": 1}, {"z": "top"}], "shape", "a")
    assert drawing.in_layers(objects, lambda each: each["z"]) == [("a: shape 3", {"z": 1}), ("a: shape 1", {"z": 2})]
    drawing.add(SQUARE, "car", where="a")
    faults = drawing.labels_of("a.jpg", None, where="a", source="a").faults
    assert [(fault.where, fault.code) for fault in faults] == [
        ("a: shape 2", "damaged-labels"),
        ("a: shape 4", "bad-number"),
    ]


def test_a_picture_of_which_no_region_is_left_is_an_error_of_the_first(refused: "Refused") -> None:
    drawing = RegionCollector()
    drawing.add(lambda: box([0, 0, 0, 4], "a: shape 1"), "car", where="a: shape 1")
    drawing.add("line", where="a: shape 2")
    drawing.add(Runs(np.array([4]), Size(2, 2)), "car", where="a: shape 3")
    with refused("no-area", "a: shape 1") as error:
        drawing.labels_of("a.jpg", None, where="a", source="a")
    assert "1 more" in error.value.what


def test_a_label_that_is_not_text_is_no_fault_of_a_region(refused: "Refused") -> None:
    with refused("damaged-labels", "a"):
        RegionCollector().add(lambda: SQUARE, ["car"], where="a")


@pytest.mark.parametrize("label", [None, "", " \t"])
def test_a_region_without_a_label_can_still_be_mapped(label: Any) -> None:
    assert drawn(label).regions[0].label == UNNAMED


@pytest.mark.parametrize("label", [["car"], {"a": 1}, 2.5])
def test_a_label_that_is_not_text_is_an_error(label: Any, refused: "Refused") -> None:
    with refused("damaged-labels", "a") as error:
        drawn(label)
    assert repr(label) in error.value.what


def test_a_label_that_is_not_utf_8_is_an_error(refused: "Refused") -> None:
    with refused("name-not-utf8", "a"):
        drawn("car\udcff")


@pytest.mark.parametrize("name", [None, "", "  ", 5, "stra\udcdfe.jpg"])
def test_a_name_that_cannot_be_a_file_s_is_an_error(name: Any, refused: "Refused") -> None:
    with refused("name-not-utf8" if name == "stra\udcdfe.jpg" else "no-file-name", "a") as error:
        read_picture_name(name, "a")
    str(error.value).encode()


def test_sizes_may_be_numbers_or_their_text_or_missing() -> None:
    assert size_from("8", 6, "a") == (8, 6)
    assert size_from(None, 6, "a") is None
    assert size_from("", "", "a") is None


@pytest.mark.parametrize("size", [(-1, 5), ("x", 5), ([1], 5), (10**6, 10**6), (float("inf"), 5)])
def test_a_size_that_cannot_be_is_an_error(size: Any, refused: "Refused") -> None:
    with refused("bad-size", "a") as error:
        size_from(size[0], size[1], "a")
    assert f"{size[0]!r} x {size[1]!r}" in error.value.what


def test_a_picture_that_cannot_be_read_is_a_skip() -> None:
    def broken() -> RegionLabels:
        raise P2PError("b.jpg", "region 1: is broken", "Draw it again.", code="test")

    found = gather("via", [("a.jpg", lambda: drawn("car")), ("b.jpg", broken)])
    assert [item.file_name for item in found.items] == ["a.jpg"]
    assert found.skipped == (Skip("b.jpg", "region 1: is broken", "Draw it again.", "test"),)


def test_files_of_one_format_become_one_set() -> None:
    sets = [gather("via", [("a", lambda: drawn("car", "car", "wheel"))]), gather("via", [("b", lambda: drawn("car"))])]
    both = unite("via", sets, [Skip("c", "is broken", "", "test")])
    assert (len(both.items), len(both.skipped)) == (2, 1)
    assert both.labels == {"car": Use(3, 2), "wheel": Use(1, 1)}


def test_the_signature_tells_labels_outlines_and_order_apart() -> None:
    drawings = [drawn("car"), drawn("wheel"), drawn("car", "wheel"), drawn("wheel", "car"), drawn("car", name="b.jpg")]
    assert len({each.signature for each in drawings}) == len(drawings)
    assert drawn("car").signature == drawn("car").signature


def test_nothing_is_an_empty_list_and_anything_else_an_error(refused: "Refused") -> None:
    assert items_of(None, "regions", "a") == []
    with refused("damaged-labels", "a") as error:
        items_of({"a": 1}, "regions", "a")
    assert "its regions" in error.value.what
