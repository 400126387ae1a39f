"""Reads plain lists of labels with polygons, a JSON file a picture and called as it: Cityscapes' form, and EISeg's.

Nothing here may read pictures or files; the parsed JSON is passed in.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import polygon
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.values import LabelSet, RegionLabels

_SIZES = (("imgWidth", "imgHeight"), ("width", "height"))  # of Cityscapes, and of Mapillary Vistas 2.0
_EISEG = {"name", "labelIdx", "points"}


def is_objects(value: Any) -> bool:
    """Whether a parsed JSON file is a size with objects, each a label with a polygon."""
    if not isinstance(value, dict) or not isinstance(value.get("objects"), list) or _size_keys(value) is None:
        return False
    if not value["objects"]:
        return "imgWidth" in value or value.keys() == {"width", "height", "objects"}
    first = value["objects"][0]
    return isinstance(first, dict) and {"label", "polygon"} <= first.keys()


def is_eiseg(value: Any) -> bool:
    """Whether a parsed JSON file is EISeg's list of outlines with the names and numbers of their classes."""
    return isinstance(value, list) and bool(value) and all(isinstance(e, dict) and e.keys() >= _EISEG for e in value)


def read_objects(value: Mapping[str, Any], *, where: str, source: str) -> LabelSet:
    """The outlines of one picture; those that are marked as deleted are none."""
    wide, high = _size_keys(value) or _SIZES[0]
    objects = [each for each in value["objects"] if not (isinstance(each, dict) and each.get("deleted"))]

    def read() -> RegionLabels:
        size = size_from(value[wide], value[high], where)
        return _picture(objects, "label", "polygon", size, where, source)

    return gather("polygons", [(where, read)])


def read_eiseg(value: list[Any], *, where: str, source: str) -> LabelSet:
    """The outlines of one picture, whose size the file does not tell."""
    return gather("polygons", [(where, partial(_picture, value, "name", "points", None, where, source))])


def _size_keys(value: Mapping[str, Any]) -> tuple[str, str] | None:
    return next((keys for keys in _SIZES if all(key in value for key in keys)), None)


def _picture(objects: list[Any], label: str, outline: str, size: Size | None, where: str, source: str) -> RegionLabels:
    drawing = RegionCollector()
    for place, each in drawing.objects(items_of(objects, "objects", where), "object", where):
        read = partial(polygon, each.get(outline), place, form="[[x, y], ...]", name=outline)
        drawing.add(read, each.get(label), where=place)
    name = read_picture_name(str(PurePosixPath(source).with_suffix("")), where)
    return drawing.labels_of(name, size, where=where, source=source)
