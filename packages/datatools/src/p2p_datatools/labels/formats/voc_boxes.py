"""Reads the boxes of Pascal VOC, an XML file for each picture, as detection sets and LabelImg have them.

Nothing here may read pictures or files; the parsed XML is passed in.
"""

from functools import partial

from p2p_datatools.labels.parsing.outlines import box, number
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, read_picture_name, size_from
from p2p_datatools.labels.parsing.xml import Element, text_of
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels

_SIDES = ("xmin", "ymin", "xmax", "ymax")


def is_voc_boxes(value: object) -> bool:
    """Whether parsed XML has the form of Pascal VOC's boxes; LabelMe's has the same root but other objects."""
    if not isinstance(value, Element) or value.tag != "annotation" or value.find("object/polygon") is not None:
        return False
    return value.find("object/bndbox") is not None or value.find("size/width") is not None


def read_voc_boxes(value: Element, *, where: str, source: str) -> LabelSet:
    """The boxes of one picture."""
    return gather("voc-boxes", [(where, partial(_picture, value, where, source))])


def _picture(value: Element, where: str, source: str) -> RegionLabels:
    name = read_picture_name(text_of(value, "filename"), where)
    size = size_from(text_of(value, "size/width"), text_of(value, "size/height"), where)
    drawing = RegionCollector()
    for count, each in enumerate(value.findall("object"), start=1):
        place = f"{where}: object {count}"
        drawing.add(partial(_box, each, place), text_of(each, "name"), where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _box(value: Element, where: str) -> Polygon:
    left, top, right, bottom = (number(text_of(value, f"bndbox/{side}"), where, f"its {side}") for side in _SIDES)
    # Pixels are counted from 1, and the last one lies inside (Everingham et al. 2010, development kit).
    return box((left - 1, top - 1, right, bottom), where)
