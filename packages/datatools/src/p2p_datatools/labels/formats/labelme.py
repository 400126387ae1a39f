"""Reads LabelMe, JSON or XML, one file per picture: polygons, rectangles, circles, drawn masks.

Nothing here may decode a picture; `labels.parsing.embedded` does.
"""

import math
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.parsing.embedded import mask_file_runs, mask_runs, picture_size
from p2p_datatools.labels.parsing.outlines import box, ellipse, number, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.parsing.xml import Element, text_of
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs, bad_labels, bad_shape

_WITHOUT_AREA = frozenset({"line", "linestrip", "point", "points"})


def is_labelme(value: Any) -> bool:
    """Whether a parsed JSON file has the form of LabelMe."""
    if not isinstance(value, dict) or not isinstance(value.get("shapes"), list):
        return False
    if "imagePath" in value:
        return True
    shapes = value["shapes"]
    # Programs that imitate it leave out both; an empty list tells nothing.
    return all(map(_is_shape, shapes)) and ("version" in value or bool(shapes))


def is_labelme_list(value: Any) -> bool:
    """Whether it is a list of what LabelMe has in a file each, as programs write that unite them, also line by line."""
    return isinstance(value, list) and bool(value) and all(map(is_labelme, value))


def _is_shape(value: Any) -> bool:
    # Those of CVAT's backups have a frame.
    return isinstance(value, dict) and {"label", "points"} <= value.keys() and "frame" not in value


def read_labelme(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one picture; `source` is the file's path below the folder that was given."""
    return gather("labelme", [(where, partial(_picture, value, where, source))])


def read_labelme_list(value: list[Any], *, where: str, source: str) -> LabelSet:
    """The labels of a file with several pictures; one that does not name its own is skipped unless it is alone."""
    places = [(f"{where}: entry {count}" if len(value) > 1 else where) for count in range(1, len(value) + 1)]
    needs_name = len(value) > 1
    named = zip(places, value, strict=True)
    return gather("labelme", [(place, partial(_entry, each, place, source, needs_name)) for place, each in named])


def _entry(value: Mapping[str, Any], where: str, source: str, needs_name: bool) -> RegionLabels:
    if needs_name and not value.get("imagePath"):
        raise P2PError(where, "has no imagePath", "Write the name of its picture there.", code="no-file-name")
    return _picture(value, where, source)


def _picture(value: Mapping[str, Any], where: str, source: str) -> RegionLabels:
    named = value.get("imagePath")
    # Without one the label file is called as its picture.
    name, outside = _place(read_picture_name(named, where), source) if named not in (None, "") else ("", "")
    size = size_from(value.get("imageWidth"), value.get("imageHeight"), where)
    if size is None and value.get("imageData"):
        size = picture_size(value["imageData"], where)
    drawing = RegionCollector()
    for place, shape in drawing.objects(value["shapes"], "shape", where):
        drawing.add(partial(_shape, shape, place), shape.get("label"), where=place)
    return replace(drawing.labels_of(name, size, where=where, source=source), outside=outside)


def _place(image_path: str, source: str) -> tuple[str, str]:
    """The picture's path below the labels' folder, from one that is relative to the label file and may lead out.

    Of one that does, the name alone, and the folder.
    """
    path = image_path.replace("\\", "/")
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    is_elsewhere = beside.startswith(("../", "/")) or path[1:2] == ":"
    return (posixpath.basename(path), posixpath.dirname(path)) if is_elsewhere else (beside, "")


def _shape(shape: Mapping[str, Any], where: str) -> Polygon | Runs | str:
    kind = shape.get("shape_type") or "polygon"  # older versions had only polygons
    if kind in _WITHOUT_AREA:
        return str(kind)
    if kind not in _SHAPES:
        raise unknown_shape(where, f"its shape_type {kind!r}", (*_SHAPES, *sorted(_WITHOUT_AREA)))
    return _SHAPES[kind](shape, items_of(shape.get("points"), "points", where), where)


def _polygon(_: Mapping[str, Any], points: list[Any], where: str) -> Polygon:
    return polygon(points, where, form="[[x, y], ...]", name="points")


def _rectangle(_: Mapping[str, Any], points: list[Any], where: str) -> Polygon:
    return box(points, where) if len(points) == 2 else _polygon(_, points, where)


def _quadrilateral(_: Mapping[str, Any], points: list[Any], where: str) -> Polygon:
    if len(points) != 4:
        raise bad_shape(where, f"needs 4 corners and has {len(points)}", code="bad-outline")
    return _polygon(_, points, where)


def _circle(_: Mapping[str, Any], points: list[Any], where: str) -> Polygon:
    (x, y), (edge_x, edge_y) = _two_points(points, where)
    radius = math.hypot(edge_x - x, edge_y - y)
    return ellipse((x, y), (radius, radius), where)


def _mask(shape: Mapping[str, Any], points: list[Any], where: str) -> Runs:
    # The points are the first and the last pixel. One that was dragged has fractions: LabelMe rounds where it begins
    # (since 7; before, it cut them off and moved the mask), and the mask itself tells how large it is.
    corners = _two_points(points, where)
    (left, top), (right, bottom) = ((round(x), round(y)) for x, y in corners)
    runs = mask_runs(shape.get("mask"), where, left=left, top=top)
    width, height = right - left + 1, bottom - top + 1
    is_whole = all(each.is_integer() for corner in corners for each in corner)
    if is_whole and runs.size != (width, height):
        raise bad_labels(where, f"its mask is {runs.size}, but its points are for {width}x{height}", code="mask-size")
    return runs


def _two_points(points: list[Any], where: str) -> list[tuple[float, float]]:
    try:
        found = [(number(x, where, "its x"), number(y, where, "its y")) for x, y in points]
    except (TypeError, ValueError) as error:
        raise bad_labels(where, "its points are not a list [[x, y], ...] of numbers", code="bad-outline") from error
    if len(found) != 2:
        raise bad_shape(where, f"needs 2 points and has {len(found)}", code="bad-outline")
    return found


_SHAPES: Mapping[str, Callable[[Mapping[str, Any], list[Any], str], Polygon | Runs]] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "oriented_rectangle": _polygon,
    "rotation": _quadrilateral,  # a turned box of X-AnyLabeling, whose `direction` is in its corners already
    "quadrilateral": _quadrilateral,
    "circle": _circle,
    "mask": _mask,
}


def is_labelme_xml(value: Any) -> bool:
    """Whether parsed XML has the form of LabelMe 3.0; Pascal VOC's boxes have the same root but other objects."""
    if not isinstance(value, Element) or value.tag != "annotation":
        return False
    if any(value.find(path) is not None for path in ("object/bndbox", "object/polygon/x1")):
        return False
    return any(value.find(path) is not None for path in ("imagesize", "object/polygon", "object/segm"))


def read_labelme_xml(value: Element, *, where: str, source: str) -> LabelSet:
    """The labels of one picture; `where` is the path of the file, beside which its masks lie."""
    return gather("labelme", [(where, partial(_xml_picture, value, where, source))])


def _xml_picture(value: Element, where: str, source: str) -> RegionLabels:
    folder, file = text_of(value, "folder"), read_picture_name(text_of(value, "filename"), where)
    size = size_from(text_of(value, "imagesize/ncols"), text_of(value, "imagesize/nrows"), where)
    drawing = RegionCollector()
    for count, each in enumerate(value.findall("object"), start=1):
        place = f"{where}: object {count}"
        if text_of(each, "deleted") != "1":
            drawing.add(partial(_xml_shape, each, where, folder, place), text_of(each, "name"), where=place)
    return drawing.labels_of(f"{folder}/{file}" if folder else file, size, where=where, source=source)


def _xml_shape(value: Element, file: str, folder: str, where: str) -> Polygon | Runs:
    outline = value.find("polygon")
    if outline is not None:
        points = [(text_of(each, "x"), text_of(each, "y")) for each in outline.findall("pt")]
        return polygon(points, where, form="of x and y", name="points")
    name = text_of(value, "segm/mask")
    if not name:
        raise bad_shape(where, "has neither a polygon nor a mask", code="no-outline")
    return mask_file_runs(_mask_file(Path(file).parent, folder, Path(name).name, where))


def _mask_file(beside: Path, folder: str, name: str, where: str) -> Path:
    """The path of a mask: in Masks/ beside the labels, or beside Annotations/, as on the tool's server."""
    places = [beside / "Masks" / name, beside / name]
    if ".." not in Path(folder).parts:
        places += [above / "Masks" / folder.strip("/") / name for above in (beside.parent, beside.parent.parent)]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise P2PError(where, f"its mask {name} is not in {places[0].parent}", "Put it there.", code="missing-picture")
    return found
