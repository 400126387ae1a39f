"""Reads ISAT's JSON, one file per picture: polygons in layers, of which the higher lies on top.

Nothing here may look at pictures or at the disk; it is handed the parsed JSON.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from p2p_datatools.labels.parsing.outlines import polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels


def is_isat(value: Any) -> bool:
    """Whether a parsed JSON file has the form of ISAT, which signs its files."""
    if not isinstance(value, dict) or not isinstance(value.get("info"), dict):
        return False
    return value["info"].get("description") == "ISAT" and "objects" in value


def read_isat(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one picture."""
    return gather("isat", [(where, partial(_picture, value, where, source))])


def _picture(value: Mapping[str, Any], where: str, source: str) -> RegionLabels:
    info = value["info"]
    # Its folder is a path of the machine on which the picture was labelled.
    name = read_picture_name(info.get("name"), where)
    size = size_from(info.get("width"), info.get("height"), where)
    drawing = RegionCollector()
    objects = drawing.objects(items_of(value["objects"], "objects", where), "object", where)
    for place, each in drawing.in_layers(objects, lambda each: each.get("layer", 0)):
        drawing.add(partial(_shape, each, place), each.get("category"), where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _shape(value: Mapping[str, Any], where: str) -> Polygon:
    kind = value.get("shape_type") or "polygon"  # files of before 2026 have no other
    if kind != "polygon":
        raise unknown_shape(where, f"its shape_type {kind!r}")
    return polygon(value.get("segmentation"), where, form="[[x, y], ...]", name="segmentation")
