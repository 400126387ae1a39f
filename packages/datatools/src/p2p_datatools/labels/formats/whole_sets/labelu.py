"""Reads LabelU's JSON: a list of samples, each with a text of JSON in which a list for each tool has what it drew.

Nothing here may read pictures or files; the parsed JSON is passed in.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.parsing.json_file import parse_text
from p2p_datatools.labels.parsing.outlines import box_at, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, bad_labels, without_labels

_KEYS = frozenset({"fileName", "result"})
_WITHOUT_AREA = frozenset({"lineTool", "pointTool", "cuboidTool"})
_REMARKS = frozenset({"tagTool", "textTool"})  # of the whole picture


def is_labelu(value: Any) -> bool:
    """Whether a parsed JSON file is a list of LabelU's samples."""
    return isinstance(value, list) and bool(value) and all(isinstance(e, dict) and e.keys() >= _KEYS for e in value)


def read_labelu(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of all samples; one that nobody has labelled is skipped."""
    return gather("labelu", _pictures(value, where, source))


def _pictures(samples: list[Any], where: str, source: str) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for count, sample in enumerate(samples, start=1):
        name = f"sample {sample.get('id', count)}"
        yield f"{where}: {name}", partial(_picture, sample, f"{where}: {name}", f"{source}: {name}")


def _picture(sample: Mapping[str, Any], where: str, source: str) -> RegionLabels:
    name, result = read_picture_name(sample["fileName"], where), sample["result"]
    told = parse_text(result) if isinstance(result, str) else result
    if not told or (isinstance(told, dict) and "annotations" not in told):
        raise without_labels(where, "was not labelled by anyone")
    if not isinstance(told, dict):
        raise bad_labels(where, "its result is not JSON", code="damaged-labels")
    if told.get("rotate"):
        what = f"was drawn on the picture turned by {told['rotate']} degrees"
        to_do = "Turn the picture itself, label it as it is and export it again."
        raise P2PError(where, what, to_do, code="turned-picture")
    size = size_from(told.get("width"), told.get("height"), where)
    drawing = RegionCollector()
    shapes = [
        (f"{place}, {tool} {count}", (tool, shape))
        for place, tool, drawn in _tools(told["annotations"], where)
        for count, shape in enumerate(drawn, start=1)
    ]
    for place, (tool, shape) in drawing.in_layers(shapes, lambda each: each[1].get("order") or 0):
        drawing.add(partial(_shape, tool, shape, place), shape.get("label", shape.get("attribute")), where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _tools(annotations: Any, where: str) -> Iterable[tuple[str, str, list[Any]]]:
    """Where each tool's list is, the tool, and what it drew; versions before 1 have an object by tool."""
    values = list(annotations.values()) if isinstance(annotations, dict) else annotations
    for each in items_of(values, "annotations", where):
        tool = str(each["toolName"])
        if tool not in _REMARKS:
            yield where, tool, items_of(each.get("result"), "result", where)


def _shape(tool: str, shape: Mapping[str, Any], where: str) -> Polygon | str:
    if tool in _WITHOUT_AREA:
        return tool
    if tool == "rectTool":
        left, top, width, height = (shape.get(name) for name in ("x", "y", "width", "height"))
        return box_at(left, top, width, height, where)
    if tool != "polygonTool":
        raise unknown_shape(where, f"its tool {tool!r}", ("polygonTool", "rectTool", *sorted(_WITHOUT_AREA)))
    if shape.get("type") == "spline":
        raise unknown_shape(where, "its curve (spline)")
    return polygon(shape.get("points"), where, form="of x and y", name="points")
