"""LabelU: samples whose results are texts of JSON, tool by tool."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.labels.formats.whole_sets.labelu import is_labelu, read_labelu
from p2p_datatools.labels.values import LabelSet

if TYPE_CHECKING:
    from datatools.conftest import First

POINTS = [{"x": 1, "y": 1}, {"x": 6.5, "y": 1}, {"x": 6, "y": 3}]


def shape(**more: Any) -> dict[str, Any]:
    return {"id": "FuzuAJ4q", "visible": True, "points": POINTS, "order": 1, "label": "car", "attributes": {}} | more


def tool(*shapes: Any, name: str = "polygonTool") -> dict[str, Any]:
    return {"toolName": name, "result": list(shapes)}


def sample(*tools: Any, **more: Any) -> dict[str, Any]:
    result = {"width": 8, "height": 4, "rotate": 0, "annotations": list(tools)} | more
    url = "/api/v1/tasks/attachment/upload/271/en/57c82ae6-a.png"
    return {"id": 765, "result": json.dumps(result), "url": url, "folder": "/x/media", "fileName": "57c82ae6-a.png"}


def read(*samples: Any) -> LabelSet:
    return read_labelu(list(samples), where="labels/task.json", source="task.json")


def test_the_polygons_and_boxes_of_all_tools_are_regions_in_the_order_in_which_they_were_drawn(first: "First") -> None:
    box = {"x": 1, "y": 1, "width": 2, "height": 2, "label": "wheel", "order": 1}
    tools = [tool(shape(order=2)), tool(box, name="rectTool"), tool(shape(type="line"), name="lineTool")]
    item = first(read(sample(*tools, tool({"value": {"x": "y"}}, name="tagTool"))))
    assert (item.file_name, item.size, item.source) == ("57c82ae6-a.png", (8, 4), "task.json: sample 765")
    assert [region.label for region in item.regions] == ["wheel", "car"]
    assert item.regions[1].polygons[0].outer.tolist() == [[1, 1], [6.5, 1], [6, 3]]
    assert item.without_area == {"lineTool": 1}


def test_versions_before_1_have_the_tools_in_an_object_and_the_label_as_attribute(first: "First") -> None:
    old = {key: value for key, value in shape(attribute="car").items() if key != "label"}
    item = first(read(sample(annotations={"polygonTool": tool(old)})))
    assert [region.label for region in item.regions] == ["car"]


def test_a_picture_without_objects_is_not_one_that_nobody_has_labelled(first: "First") -> None:
    assert first(read(sample())).regions == ()
    for result in (None, "", "{}", {"width": 8, "height": 4}):
        assert [skip.code for skip in read(sample() | {"result": result}).skipped] == ["unlabelled"]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (sample(tool(shape()), rotate=90), "turned-picture"),
        (sample(tool(shape(type="spline"))), "unknown-shape"),
        (sample(tool(shape(), name="brushTool")), "unknown-shape"),
        (sample(tool(shape(points=POINTS[:2]))), "bad-outline"),
        (sample(tool(5)), "damaged-labels"),
        (sample({"result": []}), "damaged-labels"),
        (sample() | {"result": "car"}, "damaged-labels"),
        (sample() | {"fileName": None}, "no-file-name"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str) -> None:
    labels = read(broken, sample(tool(shape())))
    assert (len(labels.items), [skip.code for skip in labels.skipped]) == (1, [code])


def test_labelu_is_known_by_its_samples() -> None:
    assert is_labelu([sample()])
    others: list[Any] = [[], {}, [1], [{"fileName": "a.png"}], [sample(), 5]]
    assert not any(map(is_labelu, others))
