"""Reads Supervisely's annotations of pictures, one JSON file a picture: polygons with holes, rectangles and bitmaps.

Nothing here may look at pictures or at the disk; it is handed the parsed JSON.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from p2p_datatools.labels.parsing.embedded import mask_runs
from p2p_datatools.labels.parsing.outlines import box, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import (
    RegionCollector,
    RegionShape,
    ShapeReader,
    gather,
    items_of,
    read_picture_name,
    size_from,
)
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs, bad_labels

_WITHOUT_AREA = frozenset({"point", "line", "graph", "cuboid", "cuboid_2d"})


def is_supervisely(value: Any) -> bool:
    """Whether a parsed JSON file is the annotation of one picture, and not of a video."""
    if not isinstance(value, dict) or not isinstance(value.get("size"), dict) or "framesCount" in value:
        return False
    return isinstance(value.get("objects"), list) and {"width", "height"} <= value["size"].keys()


def read_supervisely(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one picture, whose name only the path of its file tells."""
    return gather("supervisely", [(where, partial(_picture, value, where, source))])


def _picture(value: Mapping[str, Any], where: str, source: str) -> RegionLabels:
    size = size_from(value["size"]["width"], value["size"]["height"], where)
    collector = RegionCollector()
    for place, each in collector.objects(value["objects"], "object", where):
        collector.add(partial(_shapes, each, place), each.get("classTitle"), where=place)
    return collector.labels_of(_name(source, where), size, where=where, source=source)


def _name(source: str, where: str) -> str:
    """The picture of ds/ann/car.png.json is ds/img/car.png."""
    path = PurePosixPath(source)
    folder = path.parent.with_name("img") if path.parent.name == "ann" else path.parent
    return read_picture_name((folder / path.stem).as_posix(), where)


def _shapes(value: Mapping[str, Any], where: str) -> Iterable[RegionShape | ShapeReader]:
    kind = str(value.get("geometryType") or _old_kind(value))
    if kind in _WITHOUT_AREA:
        return [kind]
    if kind == "multipolygon":
        return [partial(_polygon, part, where) for part in items_of(value.get("parts"), "parts", where)]
    if kind not in _SHAPES:
        known = (*_SHAPES, "multipolygon", *sorted(_WITHOUT_AREA))
        raise unknown_shape(where, f"its geometryType {kind!r}", known, "Convert it to a polygon or a bitmap.")
    name, read = _SHAPES[kind]
    content = value.get(name)
    if not isinstance(content, dict):
        raise bad_labels(where, f"has no {name}", code="no-outline")
    return [read(content, where)]


def _old_kind(value: Mapping[str, Any]) -> str | None:
    """The kind of an object out of the versions that did not write it, where what it has leaves no doubt."""
    if value.get("bitmap"):
        return "bitmap"
    points = value.get("points")
    exterior = points.get("exterior") if isinstance(points, dict) else None
    return "polygon" if isinstance(exterior, list) and len(exterior) > 2 else None


def _polygon(points: Any, where: str) -> Polygon:
    if not isinstance(points, dict):
        raise bad_labels(where, "its points are not an object", code="damaged-labels")
    outer = _outline(points.get("exterior"), where)
    holes = [_outline(each, where) for each in items_of(points.get("interior"), "holes", where)]
    return Polygon(outer.outer, tuple(each.outer for each in holes))


def _outline(points: Any, where: str) -> Polygon:
    """An outline; whole numbers are those of pixels, whose centres are meant, and others are exact."""
    values = items_of(points, "points", where)
    outline = polygon(values, where, form="[[x, y], ...]", name="points")
    return Polygon(outline.outer + 0.5) if _are_pixels(values) else outline


def _rectangle(points: Any, where: str) -> Polygon:
    """A rectangle; where its corners are numbers of pixels, both pixels lie inside."""
    corners = items_of(points.get("exterior"), "points", where)
    outer = box(corners, where).outer
    if _are_pixels(corners):
        outer = outer + np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    return Polygon(outer, is_box=True)


def _are_pixels(points: list[Any]) -> bool:
    return all(isinstance(each, int) for point in points if isinstance(point, list) for each in point)


def _bitmap(bitmap: Any, where: str) -> Runs:
    origin = items_of(bitmap.get("origin"), "origin", where)
    if len(origin) != 2 or not all(isinstance(each, int) for each in origin):
        raise bad_labels(where, f"its origin is {origin}", code="bad-outline")
    left, top = origin
    return mask_runs(bitmap.get("data"), where, left=left, top=top, by_alpha=True, is_deflated=True)


_SHAPES: Mapping[str, tuple[str, Callable[[Any, str], Polygon | Runs]]] = {
    "polygon": ("points", _polygon),
    "rectangle": ("points", _rectangle),
    "bitmap": ("bitmap", _bitmap),
}
