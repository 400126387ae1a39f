"""Reads the VGG Image Annotator 1 and 2 (VIA): its projects, its JSON and its CSV, whose regions have attributes.

Nothing here may read pictures or files; the parsed JSON or the rows of the CSV are passed in.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import load_json
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.parsing.json_file import PackedValue, unpack
from p2p_datatools.labels.parsing.outlines import box_at, ellipse, number, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, bad_labels

_WITHOUT_AREA = frozenset({"polyline", "point", "line"})
_COLUMNS = frozenset({"filename", "region_shape_attributes", "region_attributes"})
_CLASS = ("label", "labels", "class", "name", "category", "type", "object")  # usual names of the attribute
ViaEntry = Mapping[str, Any]


def is_via(value: Any) -> bool:
    """Whether a parsed JSON file is a project of VIA or its exported annotations."""
    entries = _entries(value)
    return bool(entries) and all(isinstance(each, dict) and {"filename", "regions"} <= each.keys() for each in entries)


def is_via_csv(value: Any) -> bool:
    """Whether the rows of a CSV file, as dictionaries, are those of VIA."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and value[0].keys() >= _COLUMNS


def read_via(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels in parsed JSON; raises P2PError when it is unclear which attribute is the class."""
    return _read(_entries(value), where, source, _region_attributes(value))


def read_via_csv(value: list[dict[str, str]], *, where: str, source: str) -> LabelSet:
    """The labels in the rows of a CSV file, one per region."""
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for line, row in enumerate(value, start=2):
        if any(row.get(name) is None for name in _COLUMNS):
            what = f"line {line} has too few columns"
            raise P2PError(where, what, "Was it cut off or edited? Export it again.", code="bad-csv")
        key = (row["filename"], row.get("file_size") or "")
        entry = entries.setdefault(key, {**row, "regions": []})
        region = _region(row, f"{where}: line {line}")
        if region:
            entry["regions"].append(region)
    return _read(list(entries.values()), where, source)


def _region(row: Mapping[str, str], where: str) -> ViaEntry | P2PError | None:
    """The region of a row, if it has one; for a damaged one it is the error."""
    columns = ("region_shape_attributes", "region_attributes")
    try:
        shape, attributes = (load_json(row[name] or "{}") for name in columns)
    except (ValueError, RecursionError) as error:
        what = f"does not hold valid JSON ({error})"
        return P2PError(where, what, "Was it cut off or edited? Export it again.", code="damaged-json")
    return {"shape_attributes": shape, "region_attributes": attributes} if shape else None


def _entries(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return []
    value = value.get("_via_img_metadata", value)
    return list(value.values()) if isinstance(value, dict) else []


def _region_attributes(project: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a project says of the attributes of regions, by their names; exported annotations say nothing."""
    table = project.get("_via_attributes")
    found = table.get("region") if isinstance(table, dict) else None
    return found if isinstance(found, dict) else {}


def _read(entries: list[ViaEntry], where: str, source: str, known: Mapping[str, Any] | None = None) -> LabelSet:
    attribute = class_attribute(_attributes(entries), where)
    names = _option_names((known or {}).get(attribute or ""))
    return gather("via", _pictures(entries, attribute, names, where, source))


def _option_names(attribute: Any) -> Mapping[str, str]:
    """What the options of a list to choose from are called that have numbers; others are called by their own word."""
    options = attribute.get("options") if isinstance(attribute, dict) else None
    told = options if isinstance(options, dict) else {}
    return {key: name for key, name in told.items() if is_digits(key) and isinstance(name, str) and name.strip()}


def _regions(entry: ViaEntry, where: str) -> list[Any]:
    """The regions of a picture: VIA 1 numbers them in an object, VIA 2 lists them."""
    regions = unpack(entry["regions"])
    return list(regions.values()) if isinstance(regions, dict) else items_of(regions or None, "regions", where)


def _attributes(entries: list[ViaEntry]) -> Iterable[str]:
    whole = [entry for entry in entries if isinstance(entry["regions"], dict | list | PackedValue)]
    for region in (region for entry in whole for region in _regions(entry, "")):
        attributes = region.get("region_attributes") if isinstance(region, dict) else None
        yield from attributes if isinstance(attributes, dict) else {}


def class_attribute(names: Iterable[str], where: str) -> str | None:
    """The attribute that holds the class: the only one, or the one with a usual name for it.

    Raises P2PError when there are several, and not exactly one has such a name.
    """
    found = dict.fromkeys(names)
    called = [name for name in found if name.strip().casefold() in _CLASS]
    if len(found) < 2 or len(called) == 1:
        return next(iter(called or found), None)
    what = f"its regions have the attributes {', '.join(found)}, and it is unclear which holds the class"
    raise P2PError(where, what, "Rename the one that holds the class to label.", code="several-attributes")


def _pictures(
    entries: list[ViaEntry], attribute: str | None, names: Mapping[str, str], where: str, source: str
) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for count, entry in enumerate(entries, start=1):
        name = entry["filename"]
        place = name if isinstance(name, str) and name else f"{where}: picture {count}"
        yield place, partial(_picture, entry, attribute, names, place, f"{source}: {name}")


def _picture(entry: ViaEntry, attribute: str | None, names: Mapping[str, str], where: str, source: str) -> RegionLabels:
    name = read_picture_name(entry["filename"], where)
    drawing, regions = RegionCollector(), _regions(entry, where)
    if str(entry.get("region_count") or len(regions)) != str(len(regions)):
        what = f"its region_count is {entry['region_count']}, but it has {plural(len(regions), 'region')}"
        raise P2PError(where, what, "Was it cut off or edited? Export it again.", code="damaged-labels")
    for count, region in enumerate(regions, start=1):
        place = f"{where}: region {count}"
        labels = _labels(region.get("region_attributes") if isinstance(region, dict) else None, attribute)
        told = (names.get(label, label) if isinstance(label, str) else label for label in labels)
        drawing.add(partial(_shape, region, place), *told, where=place)
    return drawing.labels_of(name, None, where=where, source=source)


def _labels(attributes: Any, attribute: str | None) -> list[Any]:
    """The classes of a region: several if the attribute is a set of checkboxes."""
    value = attributes.get(attribute) if isinstance(attributes, dict) and attribute is not None else None
    if isinstance(value, dict):
        return [label for label, ticked in value.items() if ticked]
    return [value]


def _shape(region: Any, where: str) -> Polygon | str:
    if isinstance(region, P2PError):
        raise region
    shape = region.get("shape_attributes") if isinstance(region, dict) else None
    if not isinstance(shape, dict):
        raise bad_labels(where, "has no shape_attributes", code="damaged-labels")
    kind = shape.get("name")
    if kind in _WITHOUT_AREA:
        return str(kind)
    if kind not in _SHAPES:
        raise unknown_shape(where, f"the shape {kind!r}", (*_SHAPES, *sorted(_WITHOUT_AREA)))
    return _SHAPES[kind](shape, where)


def _polygon(shape: ViaEntry, where: str) -> Polygon:
    xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
        what = "all_points_x and all_points_y are not lists of equal length"
        raise P2PError(where, what, "Export it again.", code="bad-outline")
    return polygon(list(zip(xs, ys, strict=True)), where, form="of x and y", name="points")


def _rect(shape: ViaEntry, where: str) -> Polygon:
    left, top, width, height = (shape.get(name) for name in ("x", "y", "width", "height"))
    return box_at(left, top, width, height, where)


def _circle(shape: ViaEntry, where: str) -> Polygon:
    x, y, radius = (number(shape.get(name), where, f"its {name}") for name in ("cx", "cy", "r"))
    return ellipse((x, y), (radius, radius), where)


def _ellipse(shape: ViaEntry, where: str) -> Polygon:
    x, y, radius_x, radius_y = (number(shape.get(name), where, f"its {name}") for name in ("cx", "cy", "rx", "ry"))
    turned = math.degrees(number(shape.get("theta") or 0, where, "its theta"))
    return ellipse((x, y), (radius_x, radius_y), where, degrees=turned)


_SHAPES: Mapping[Any, Callable[[ViaEntry, str], Polygon]] = {
    "polygon": _polygon,
    "rect": _rect,
    "circle": _circle,
    "ellipse": _ellipse,
}
