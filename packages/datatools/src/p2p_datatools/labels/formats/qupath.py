"""Reads the GeoJSON that QuPath exports, one file per picture: objects with a class, whose inner rings are holes.

Nothing here may look at pictures or at the disk, or take coordinates on the globe for pixels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.parsing.outlines import ellipse, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, RegionShape, ShapeReader, gather, items_of
from p2p_datatools.labels.values import LabelSet, Points, Polygon, RegionLabels, bad_shape

_WITHOUT_AREA = ("Point", "MultiPoint", "LineString", "MultiLineString")
# By these a feature is QuPath's: other programs' GeoJSON has places on the globe.
_OWN = ("objectType", "object_type", "classification", "isLocked", "measurements")


def is_qupath(value: Any) -> bool:
    """Whether parsed GeoJSON is a collection, a list or a single feature of QuPath's."""
    features = _features(value)
    if not features:
        return isinstance(value, dict) and value.get("type") == "FeatureCollection" and features == []
    return any(_is_own(each) for each in features)


def read_qupath(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one picture, which the file does not name: it is called as the picture is."""
    labels = gather("qupath", [(where, partial(_picture, value, where, source))])
    nuclei = sum(
        "nucleusGeometry" in each for _, each in _each(_features(value) or [], where) if isinstance(each, dict)
    )
    note = f"{where}: of {nuclei} cells the nucleus is not painted by itself; it lies in its cell."
    return replace(labels, notes=(note,)) if nuclei else labels


def _features(value: Any) -> list[Any] | None:
    if isinstance(value, dict) and value.get("type") == "Feature":
        return [value]
    found = value.get("features") if isinstance(value, dict) else value
    return found if isinstance(found, list) else None


def _is_own(feature: Any) -> bool:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return False
    properties = feature.get("properties")
    legacy = str(feature.get("id")).startswith("Path") and str(feature.get("id")).endswith("Object")
    return legacy or (isinstance(properties, dict) and any(name in properties for name in _OWN))


def _each(features: list[Any], where: str) -> Iterator[tuple[str, Any]]:
    """Where each feature is, and the feature, each before those that lie in it."""
    for count, each in enumerate(features, start=1):
        place = f"{where}: feature {count}"
        yield place, each
        properties = each.get("properties") if isinstance(each, dict) else None
        inner = properties.get("childObjects") if isinstance(properties, dict) else None
        yield from _each(inner if isinstance(inner, list) else [], place)


def _picture(value: Any, where: str, source: str) -> RegionLabels:
    drawing, planes = RegionCollector(), set[tuple[Any, Any]]()
    for place, each in _each(_features(value) or [], where):
        properties, geometry = (
            (each.get("properties"), each.get("geometry")) if isinstance(each, dict) else (None, None)
        )
        plane = geometry.get("plane") if isinstance(geometry, dict) else None
        planes.add((plane.get("z", 0), plane.get("t", 0)) if isinstance(plane, dict) else (0, 0))
        label = _class(properties.get("classification"), place) if isinstance(properties, dict) else None
        drawing.add(partial(_geometry, properties, geometry, place), label, where=place)
    if len(planes) > 1:
        what = f"its objects lie in {len(planes)} planes of a stack, and a mask has one"
        raise P2PError(where, what, "Export the objects of one plane.", code="several-planes")
    return drawing.labels_of(str(PurePosixPath(source).with_suffix("")), None, where=where, source=source)


def _class(value: Any, where: str) -> str | None:
    """The class as QuPath shows it: derived ones have several names."""
    if value is None:
        return None
    names = (value.get("names") or [value.get("name")]) if isinstance(value, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise P2PError(where, "its classification has no name", "Export it again.", code="damaged-labels")
    return ": ".join(names)


def _geometry(properties: Any, geometry: Any, where: str) -> Sequence[RegionShape | ShapeReader]:
    if not isinstance(geometry, dict) or not isinstance(properties, dict):
        raise P2PError(where, "has no geometry or no properties", "Export it again.", code="damaged-labels")
    return _shapes(geometry, where)


def _shapes(geometry: Mapping[str, Any], where: str) -> Sequence[RegionShape | ShapeReader]:
    kind = geometry.get("type")
    if kind in _WITHOUT_AREA:
        return [str(kind)]
    if kind == "GeometryCollection":
        parts = items_of(geometry.get("geometries"), "geometries", where)
        return [partial(_shapes, each if isinstance(each, dict) else {}, where) for each in parts]
    coordinates = items_of(geometry.get("coordinates"), "coordinates", where)
    if kind == "Polygon":
        shape = _polygon(coordinates, where)
        return [_round(shape, where) if geometry.get("isEllipse") else shape]
    if kind == "MultiPolygon":
        return [partial(_part, each, where) for each in coordinates]
    raise unknown_shape(where, f"its geometry {kind!r}")


def _part(value: Any, where: str) -> Polygon:
    return _polygon(items_of(value, "coordinates", where), where)


def _polygon(rings: list[Any], where: str) -> Polygon:
    """The first ring is the outline, each other a hole in it."""
    if not rings:
        raise bad_shape(where, "a polygon needs 3 points and has 0", code="bad-outline")
    outer, *holes = [_ring(ring, where) for ring in rings]
    return Polygon(outer, tuple(holes))


def _ring(ring: Any, where: str) -> Points:
    """A ring's points: without a third coordinate, and without the first one again at the end."""
    if not isinstance(ring, list) or not all(isinstance(point, list) for point in ring):
        raise P2PError(where, "its coordinates are not lists of [x, y]", "Export it again.", code="bad-outline")
    points = [point[:2] for point in ring]
    return polygon(
        points[:-1] if len(points) > 1 and points[0] == points[-1] else points, where, name="coordinates"
    ).outer


def _round(shape: Polygon, where: str) -> Polygon:
    """The ellipse that QuPath wrote as a polygon; it makes it anew from the polygon's box, too."""
    first, last = shape.outer.min(axis=0), shape.outer.max(axis=0)
    return ellipse(np.asarray((first + last) / 2), np.asarray((last - first) / 2), where)
