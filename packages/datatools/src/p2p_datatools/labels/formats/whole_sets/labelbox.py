"""Reads Labelbox's exports, a row of JSON for each picture: polygons and boxes under their names.

Nothing here may fetch anything: a mask that lies at an address is an error that says so.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import is_picture_name
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import box_at, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, bad_labels, without_labels

_WITHOUT_AREA = frozenset({"ImagePoint", "ImagePolyline"})
_MASK = "ImageSegmentationMask"
_V1_ROW = frozenset({"Label", "Labeled Data"})
# By which key of an object of exports before 2023 it is of which kind of today.
_V1_KINDS = {
    "polygon": "ImagePolygon",
    "bbox": "ImageBoundingBox",
    "line": "ImagePolyline",
    "point": "ImagePoint",
    "instanceURI": _MASK,
}


def is_labelbox(value: Any) -> bool:
    """Whether parsed lines of JSON, or one JSON list, are rows of Labelbox; lines that are damaged do not count."""
    rows = [row for row in value if not isinstance(row, P2PError)] if isinstance(value, list) else []
    return bool(rows) and all(
        isinstance(row, dict) and isinstance(row.get("data_row"), dict) and isinstance(row.get("projects"), dict)
        for row in rows
    )


def read_labelbox(value: list[Any], *, where: str, source: str) -> LabelSet:
    """The labels of all rows; a row that is damaged is an error among them, and skips its picture."""
    return gather("labelbox", _pictures(value, where, source))


def is_labelbox_v1(value: Any) -> bool:
    """Whether rows of JSON are those of exports from 2020 to 2023; of before, nobody can tell where y counts from."""
    rows = [row for row in value if not isinstance(row, P2PError)] if isinstance(value, list) else []
    known = all(isinstance(row, dict) and row.keys() >= _V1_ROW for row in rows)
    return known and any(isinstance(row["Label"], dict) and "objects" in row["Label"] for row in rows)


def read_labelbox_v1(value: list[Any], *, where: str, source: str) -> LabelSet:
    """The labels of all rows of an export from 2020 to 2023, which tell no sizes."""
    return gather("labelbox", _v1_pictures(value, where, source))


def _v1_pictures(rows: Iterable[Any], where: str, source: str) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for count, row in enumerate(rows, start=1):
        told = {} if isinstance(row, P2PError) else row
        name = _name({"external_id": told.get("External ID"), "row_data": told.get("Labeled Data")})
        place = name or f"{where}: row {count}"
        yield place, partial(_v1_picture, row, name, place, f"{source}: {name}")


def _v1_picture(row: Any, name: str, where: str, source: str) -> RegionLabels:
    if isinstance(row, P2PError):
        raise row
    if row.get("Skipped") or not isinstance(row["Label"], dict) or "objects" not in row["Label"]:
        raise without_labels(where, "was skipped, or not labelled by anyone")
    objects = items_of(row["Label"]["objects"], "objects", where)
    return _draw([_from_v1(each) if isinstance(each, dict) else each for each in objects], name, None, where, source)


def _from_v1(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object of such an export as one of today."""
    kind = next((kind for key, kind in _V1_KINDS.items() if value.get(key)), None)
    own = {"name": value.get("title") or value.get("value"), "annotation_kind": kind}
    return {**value, **own, "bounding_box": value.get("bbox")}


def _pictures(rows: Iterable[Any], where: str, source: str) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for count, row in enumerate(rows, start=1):
        name = "" if isinstance(row, P2PError) else _name(row["data_row"])
        place = name or f"{where}: row {count}"
        yield place, partial(_picture, row, name, place, f"{source}: {name}")


def _name(data_row: Mapping[str, Any]) -> str:
    """What the picture is called: the first of its names that is one of a picture file, or else the first there is."""
    address = data_row.get("row_data")
    path = unquote(urlsplit(address).path) if isinstance(address, str) else ""
    names = [data_row.get("external_id"), data_row.get("global_key"), PurePosixPath(path).name]
    told = [name for name in names if isinstance(name, str) and name]
    pictures = [name for name in told if is_picture_name(name)]
    return next(iter([*pictures, *told]), "")


def _picture(row: Any, name: str, where: str, source: str) -> RegionLabels:
    if isinstance(row, P2PError):
        raise row
    media = row.get("media_attributes")
    size = size_from(media.get("width"), media.get("height"), where) if isinstance(media, dict) else None
    return _draw(_objects(row["projects"], where), name, size, where, source)


def _draw(objects: list[Any], name: str, size: Size | None, where: str, source: str) -> RegionLabels:
    read_picture_name(name, where)
    drawing = RegionCollector()
    for place, each in drawing.objects(objects, "object", where):
        if each.get("annotation_kind") == _MASK:
            what = "its mask lies at an address of Labelbox's, and not in the file"
            raise P2PError(place, what, "Draw it as a polygon, or export its masks as pictures.", code="remote-mask")
        drawing.add(partial(_shape, each, place), each.get("name"), where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _objects(projects: Mapping[str, Any], where: str) -> list[Any]:
    """The objects of the one label that has any; several persons' labels of one picture contradict each other."""
    drawn, labels, skipped = [], 0, 0
    for project in projects.values():
        for label in items_of(project.get("labels") if isinstance(project, dict) else None, "labels", where):
            if _was_skipped(label):
                skipped += 1
                continue
            labels += 1
            annotations = label.get("annotations") if isinstance(label, dict) else None
            if not isinstance(annotations, dict):
                raise bad_labels(where, "a label has no annotations", code="damaged-labels")
            if annotations.get("frames"):
                to_do = "Export its frames as pictures, and label these."
                raise P2PError(where, "is a video, which has labels for its frames", to_do, code="video")
            if objects := items_of(annotations.get("objects"), "objects", where):
                drawn.append(objects)
    if not labels:
        raise without_labels(where, "was skipped by who labelled it" if skipped else "was not labelled by anyone")
    if len(drawn) > 1:
        to_do = "Export one project with one label a picture."
        raise P2PError(where, f"has {len(drawn)} labels, of several persons or projects", to_do, code="several-labels")
    return drawn[0] if drawn else []


def _was_skipped(label: Any) -> bool:
    details = label.get("performance_details") if isinstance(label, dict) else None
    return isinstance(details, dict) and details.get("skipped") is True


def _shape(value: Mapping[str, Any], where: str) -> Polygon | str:
    kind = value.get("annotation_kind")
    if kind in _WITHOUT_AREA:
        return str(kind)
    if kind == "ImagePolygon":
        try:
            points = [(point["x"], point["y"]) for point in items_of(value.get("polygon"), "points", where)]
        except (KeyError, TypeError) as error:
            raise bad_labels(where, "a point has no x and y", code="bad-outline") from error
        closed = len(points) > 1 and points[0] == points[-1]
        return polygon(points[:-1] if closed else points, where, form="of x and y", name="polygon")
    if kind == "ImageBoundingBox":
        sides = value.get("bounding_box")
        told = sides if isinstance(sides, dict) else {}
        left, top, width, height = (told.get(name) for name in ("left", "top", "width", "height"))
        return box_at(left, top, width, height, where)
    raise unknown_shape(where, f"its annotation_kind {kind!r}")
