"""Reads the boxes of Pascal VOC, an XML file a picture, and the outlines that RectLabel and Roboflow add to them.

Nothing here may read pictures or files; the parsed XML is passed in.
"""

import math
from functools import partial

from p2p_datatools.labels.parsing.outlines import box, box_at, number, polygon
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, read_picture_name, size_from
from p2p_datatools.labels.parsing.xml import Element, text_of
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels

_SIDES = ("xmin", "ymin", "xmax", "ymax")


def is_voc_boxes(value: object) -> bool:
    """Whether parsed XML has the form of Pascal VOC's boxes; LabelMe's has the same root but other objects."""
    if not isinstance(value, Element) or value.tag != "annotation" or value.find("object/polygon/pt") is not None:
        return False
    return any(value.find(path) is not None for path in ("object/bndbox", "object/robndbox", "size/width"))


def read_voc_boxes(value: Element, *, where: str, source: str) -> LabelSet:
    """The boxes of one picture."""
    return gather("voc-boxes", [(where, partial(_picture, value, where, source))])


def _picture(value: Element, where: str, source: str) -> RegionLabels:
    name = read_picture_name(text_of(value, "filename"), where)
    size = size_from(text_of(value, "size/width"), text_of(value, "size/height"), where)
    drawing = RegionCollector()
    for count, each in enumerate(value.findall("object"), start=1):
        place = f"{where}: object {count}"
        drawing.add(partial(_shape, each, place), text_of(each, "name"), where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _shape(value: Element, where: str) -> Polygon | list[Polygon]:
    """The outlines of an object, or else its box, which roLabelImg turns about its centre."""
    if outlines := [each for each in value.findall("polygon") if len(each)]:
        return [_outline(each, where) for each in outlines]
    if value.find("robndbox") is None:
        return _box(value, where)
    x, y, width, height, angle = (
        number(text_of(value, f"robndbox/{name}"), where, f"its {name}") for name in ("cx", "cy", "w", "h", "angle")
    )
    return box_at(x - width / 2, y - height / 2, width, height, where, degrees=math.degrees(angle))


def _outline(value: Element, where: str) -> Polygon:
    words = [(text_of(value, f"x{n}"), text_of(value, f"y{n}")) for n in range(1, len(value) // 2 + 1)]
    return polygon(words, where, form="x1, y1, x2, y2, ...", name="its polygon")


def _box(value: Element, where: str) -> Polygon:
    left, top, right, bottom = (number(text_of(value, f"bndbox/{side}"), where, f"its {side}") for side in _SIDES)
    # Pixels are counted from 1, and the last one lies inside (Everingham et al. 2010, development kit).
    return box((left - 1, top - 1, right, bottom), where)
