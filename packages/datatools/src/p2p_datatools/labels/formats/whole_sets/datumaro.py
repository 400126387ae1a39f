"""Reads Datumaro's JSON, one file a subset: polygons, boxes, ellipses and masks, from the lowest layer to the highest.

Nothing here may look at pictures or at the disk; it is handed the parsed JSON.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.json_file import unpack
from p2p_datatools.labels.parsing.outlines import box, box_at, ellipse, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.parsing.rle import coco_runs
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs, bad_labels

_WITHOUT_AREA = ("points", "polyline", "skeleton", "cuboid_2d", "cuboid_3d")
_REMARKS = ("label", "caption", "feature_vector", "hash_key", "tabular")
_OUTLINES = ("polygon", "mask", "ellipse")


def is_datumaro(value: Any) -> bool:
    """Whether a parsed JSON file has the form of Datumaro: items and a table of labels."""
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return False
    return isinstance(value.get("categories"), dict) and any(key in value for key in ("info", "infos", "media_type"))


def read_datumaro(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of a subset; raises P2PError when its table of labels is damaged."""
    return gather("datumaro", _pictures(value, _names(value["categories"], where), where, source))


def _names(categories: Mapping[str, Any], where: str) -> list[str]:
    """The names of the labels, whose places in the list are their numbers."""
    table = categories.get("label")
    labels = items_of(table.get("labels") if isinstance(table, dict) else None, "labels", where)
    names = []
    for count, each in enumerate(labels):
        name = each.get("name") if isinstance(each, dict) else None
        if not isinstance(name, str) or not name:
            raise bad_labels(where, f"label {count} has no name", code="no-class-names")
        names.append(name)
    return names


def _pictures(
    value: Mapping[str, Any], names: list[str], where: str, source: str
) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    path = PurePosixPath(source)
    # Pictures of several subsets may have one name, and then lie in a folder for each; `default` means that of none.
    subset = path.stem if path.parent.name == "annotations" and path.stem != "default" else ""
    for count, item in enumerate(value["items"], start=1):
        name = item.get("id", count) if isinstance(item, dict) else count
        place = f"{where}: item {name}"
        yield place, partial(_picture, item, names, subset, place, f"{source}: {name}")


def _picture(item: Any, names: list[str], subset: str, where: str, source: str) -> RegionLabels:
    if not isinstance(item, dict):
        raise bad_labels(where, "is not an object", code="damaged-labels")
    image = item.get("image")
    others = [each for each in ("video", "video_frame", "point_cloud") if _has_path(item.get(each))]
    if not isinstance(image, dict) and others:
        what = f"is of the kind {others[0]}, not a picture"
        raise P2PError(where, what, "Export single pictures.", code="not-a-picture")
    given = image if isinstance(image, dict) else {}
    name = read_picture_name(given.get("path") or item.get("id"), where)
    size = _size(given.get("size"), where)
    annotations = items_of(unpack(item.get("annotations")), "annotations", where)
    collector = RegionCollector()
    places = list(collector.objects(annotations, "annotation", where))
    outlined = {_group(each) for _, each in places if each.get("type") in _OUTLINES} - {None}
    for place, each in collector.in_layers(places, lambda each: each.get("z_order") or 0):
        if each.get("type") in _REMARKS:
            continue
        is_around = each.get("type") == "bbox" and _group(each) in outlined
        shape = "box around an outline" if is_around else partial(_shape, each, size, place)
        collector.add(shape, _label(each.get("label_id"), names, place), where=place)
    return collector.labels_of(f"{subset}/{name}" if subset else name, size, where=where, source=source)


def _has_path(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get("path") or value.get("video_path"))


def _size(given: Any, where: str) -> Size | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 2:
        raise bad_labels(where, f"its size is given as {given!r}", code="bad-size")
    height, width = given
    return size_from(width, height, where)


def _group(annotation: Mapping[str, Any]) -> tuple[int, str] | None:
    """What annotations of one object have in common; 0 is the group of those that stand alone."""
    group = annotation.get("group")
    return (group, str(annotation.get("label_id"))) if isinstance(group, int) and group else None


def _label(number_: Any, names: list[str], where: str) -> str | None:
    if number_ is None:
        return None
    if not isinstance(number_, int) or not 0 <= number_ < len(names):
        raise bad_labels(where, f"its label {number_} is not one of the {len(names)} in the file", code="unknown-class")
    return names[number_]


def _shape(annotation: Mapping[str, Any], size: Size | None, where: str) -> Polygon | Runs | str:
    kind = annotation.get("type")
    if kind in _WITHOUT_AREA:
        return str(kind)
    if kind == "polygon":
        return polygon(items_of(annotation.get("points"), "points", where), where, name="points")
    if kind == "bbox":
        return _box(annotation, where)
    if kind == "ellipse":
        return _ellipse(annotation.get("points"), where)
    if kind == "mask":
        return _mask(annotation, size, where)
    known = (*_OUTLINES, "bbox", *_WITHOUT_AREA)
    raise unknown_shape(where, f"its type {kind!r}", known, "Convert it to a polygon or a mask.")


def _box(annotation: Mapping[str, Any], where: str) -> Polygon:
    values = items_of(annotation.get("bbox"), "bbox", where)
    if len(values) != 4:
        raise bad_labels(where, f"its bbox has {len(values)} numbers", code="bad-outline")
    attributes = annotation.get("attributes")
    degrees = attributes.get("rotation") if isinstance(attributes, dict) else None  # which CVAT writes
    left, top, width, height = values
    return box_at(left, top, width, height, where, degrees=degrees or 0)


def _ellipse(points: Any, where: str) -> Polygon:
    """An ellipse in the box of two corners."""
    corners = box(items_of(points, "points", where), where).outer
    (left, top), (right, bottom) = corners[0], corners[2]
    return ellipse(((left + right) / 2, (top + bottom) / 2), ((right - left) / 2, (bottom - top) / 2), where)


def _mask(annotation: Mapping[str, Any], size: Size | None, where: str) -> Runs:
    runs = coco_runs(annotation.get("rle"), where)
    if size and runs.size != size:
        raise bad_labels(where, f"its RLE is for a picture of {runs.size}, not {size}", code="mask-size")
    return runs
