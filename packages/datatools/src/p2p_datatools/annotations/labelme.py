"""Reads LabelMe JSON, one file a picture, old and new: polygons, rectangles, circles, drawn masks.

Nothing here may look at the disk; pixels embedded in the file are decoded elsewhere.
"""

import math
import posixpath
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from p2p_datatools.annotations.embedded import mask_runs, picture_size
from p2p_datatools.annotations.gather import Drawing, gather, items_of, name_of, size_from
from p2p_datatools.annotations.shapes import box, ellipse, number, polygon
from p2p_datatools.annotations.values import LabelSet, Polygon, RegionLabels, Runs
from p2p_datatools.contract.errors import P2PError

_WITHOUT_AREA = frozenset({"line", "linestrip", "point", "points"})


def is_labelme(value: Any) -> bool:
    """Whether a parsed JSON file has the form of LabelMe."""
    return isinstance(value, dict) and isinstance(value.get("shapes"), list) and "imagePath" in value


def read_labelme(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one picture; `source` is the file's path below the folder that was given."""
    return gather("labelme", [(where, partial(_picture, value, where, source))])


def _picture(value: Mapping[str, Any], where: str, source: str) -> RegionLabels:
    name = _place(name_of(value["imagePath"], where), source)
    size = size_from(value.get("imageWidth"), value.get("imageHeight"), where)
    if size is None and value.get("imageData"):
        size = picture_size(value["imageData"], where)
    drawing = Drawing()
    for count, shape in enumerate(value["shapes"], start=1):
        place = f"{where}: shape {count}"
        if not isinstance(shape, dict):
            raise P2PError(f"{place}: is no object. Export the labels again.")
        drawing.add(_shape(shape, place), shape.get("label"), where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _place(image_path: str, source: str) -> str:
    """The picture's path below the labels' folder: it is told from the label file, and may lead out of the folder."""
    path = image_path.replace("\\", "/")
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    is_elsewhere = beside.startswith(("../", "/")) or path[1:2] == ":"
    return posixpath.basename(path) if is_elsewhere else beside


def _shape(shape: Mapping[str, Any], where: str) -> Polygon | Runs | str:
    kind = shape.get("shape_type") or "polygon"  # older versions drew nothing else
    if kind in _WITHOUT_AREA:
        return str(kind)
    if kind not in _SHAPES:
        known = ", ".join((*_SHAPES, *sorted(_WITHOUT_AREA)))
        raise P2PError(f"{where}: its shape_type {kind!r} is not known; there are {known}. Draw it as a polygon.")
    return _SHAPES[kind](shape, items_of(shape.get("points"), "points", where), where)


def _polygon(_: Mapping[str, Any], points: list[Any], where: str) -> Polygon:
    return polygon(points, where, form="[[x, y], ...]")


def _rectangle(_: Mapping[str, Any], points: list[Any], where: str) -> Polygon:
    return box(points, where) if len(points) == 2 else _polygon(_, points, where)


def _circle(_: Mapping[str, Any], points: list[Any], where: str) -> Polygon:
    (x, y), (edge_x, edge_y) = _two_points(points, where)
    radius = math.hypot(edge_x - x, edge_y - y)
    return ellipse((x, y), (radius, radius), where)


def _mask(shape: Mapping[str, Any], points: list[Any], where: str) -> Runs:
    # The points are the first and the last pixel, which LabelMe itself takes without their fractions.
    (left, top), (right, bottom) = ((int(x), int(y)) for x, y in _two_points(points, where))
    runs = mask_runs(shape.get("mask"), where, left=left, top=top)
    if runs.size != (right - left + 1, bottom - top + 1):
        raise P2PError(f"{where}: its mask is {runs.size}, its points tell otherwise. Export the labels again.")
    return runs


def _two_points(points: list[Any], where: str) -> list[tuple[float, float]]:
    try:
        found = [(number(x, where), number(y, where)) for x, y in points]
    except (TypeError, ValueError) as error:
        raise P2PError(f"{where}: its points are no list [[x, y], ...] of numbers. Export the labels again.") from error
    if len(found) != 2:
        raise P2PError(f"{where}: has {len(found)} points instead of 2. Delete it or draw it again.")
    return found


_SHAPES: Mapping[str, Callable[[Mapping[str, Any], list[Any], str], Polygon | Runs]] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "oriented_rectangle": _polygon,
    "circle": _circle,
    "mask": _mask,
}
