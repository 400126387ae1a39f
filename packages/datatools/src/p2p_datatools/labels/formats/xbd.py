"""Reads the JSON of xBD (xView2), one file per picture: buildings as WKT in pixels, after a disaster with their damage.

Nothing here may look at pictures or at the disk, or take the places on the globe, which the files have too, for pixels.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.parsing.outlines import polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.values import LabelSet, Points, Polygon, RegionLabels, bad_shape

_TEXT = re.compile(r"\s*([A-Za-z]+)\s*(?:Z|M|ZM|EMPTY)?\s*(\(.*\))?\s*", re.DOTALL)  # a kind, and its coordinates
_POLYGON = re.compile(r"\(\s*\([^()]*\)(?:\s*,\s*\([^()]*\))*\s*\)")  # an outline and its holes
_RING = re.compile(r"\(([^()]*)\)")
_WITHOUT_AREA = ("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING")


def is_xbd(value: Any) -> bool:
    """Whether a parsed JSON file has features in pixels and the name of their picture, as xBD has."""
    if not isinstance(value, dict) or not isinstance(value.get("features"), dict):
        return False
    return "xy" in value["features"] and isinstance(value.get("metadata"), dict)


def read_xbd(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one picture: the damage of a building is its class, or what it is where the damage is not told."""
    return gather("xbd", [(where, partial(_picture, value, where, source))])


def _picture(value: Mapping[str, Any], where: str, source: str) -> RegionLabels:
    about = value["metadata"]
    name = read_picture_name(about.get("img_name"), where)
    size = size_from(about.get("width"), about.get("height"), where)
    drawing = RegionCollector()
    for place, each in drawing.objects(items_of(value["features"]["xy"], "features", where), "feature", where):
        known = each.get("properties")
        known = known if isinstance(known, dict) else {}
        label = known.get("subtype") or known.get("feature_type")
        drawing.add(partial(_shapes, each.get("wkt"), place), label, where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _shapes(text: Any, where: str) -> list[Polygon | str]:
    """The polygons of a text in WKT; or its kind, if that has no area."""
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise P2PError(where, "its wkt is not a shape", "Export it again.", code="bad-outline")
    kind, coordinates = found[1].upper(), found[2] or ""
    if kind in _WITHOUT_AREA:
        return [kind.lower()]
    if kind not in ("POLYGON", "MULTIPOLYGON"):
        raise unknown_shape(where, f"its wkt {kind!r}")
    return list(_polygons(coordinates, where))


def _polygons(coordinates: str, where: str) -> Iterator[Polygon]:
    parts = _POLYGON.findall(coordinates)
    if not parts:
        raise bad_shape(where, "a polygon needs 3 points and has 0", code="bad-outline")
    for part in parts:
        outer, *holes = (_ring(ring, where) for ring in _RING.findall(part))
        yield Polygon(outer, tuple(holes))


def _ring(text: str, where: str) -> Points:
    """A ring's points: without a third coordinate, and without the first one again at the end."""
    points = [point.split()[:2] for point in text.split(",")]
    try:
        numbers = [[float(each) for each in point] for point in points]
    except ValueError as error:
        raise P2PError(where, "its wkt has what is not a number", "Export it again.", code="bad-outline") from error
    closed = len(numbers) > 1 and numbers[0] == numbers[-1]
    return polygon(numbers[:-1] if closed else numbers, where, form="x y, x y, ...", name="wkt").outer
