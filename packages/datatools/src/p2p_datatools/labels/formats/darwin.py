"""Reads V7's Darwin JSON, versions 1 and 2, one file a picture: polygons, boxes, ellipses, and masks in one layer.

Nothing here may look at pictures or at the disk; it is handed the parsed JSON.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import box_at, ellipse, even_odd, number, polygon
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.parsing.rle import runs_by_value
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs, bad_shape

_WITHOUT_AREA = ("line", "keypoint", "skeleton", "cuboid", "simple_table", "graph")
_REMARKS = ("tag", "link", "string")


def is_darwin(value: Any) -> bool:
    """Whether a parsed JSON file has the form of Darwin: of version 2 with an item, of version 1 with an image."""
    if not isinstance(value, dict) or not isinstance(value.get("annotations"), list):
        return False
    item, image = value.get("item"), value.get("image")
    if isinstance(item, dict):
        return isinstance(item.get("slots"), list)
    return isinstance(image, dict) and "dataset" in value and {"filename", "original_filename"} & image.keys() != set()


def read_darwin(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one picture."""
    return gather("darwin", [(where, partial(_picture, value, where, source))])


def _picture(value: Mapping[str, Any], where: str, source: str) -> RegionLabels:
    name, size = _item(value["item"], where) if "item" in value else _image(value["image"], where)
    annotations = value["annotations"]
    collector = RegionCollector()
    places = list(collector.objects(annotations, "annotation", where))
    names = {str(each.get("id")): each.get("name") for _, each in places if "mask" in each}
    painted: set[str] = set()
    for place, each in places:
        if "raster_layer" in each:
            for mask, runs in _masks(each["raster_layer"], size, place):
                if mask not in names:
                    what = f"paints the mask {mask}, which is not in the file"
                    raise P2PError(place, what, "Export it again.", code="unknown-class")
                collector.add(runs, names[mask], where=place)
                painted.add(mask)
        elif "mask" not in each and not any(kind in each for kind in _REMARKS):
            collector.add(partial(_shape, each, place), each.get("name"), where=place)
    for _ in names.keys() - painted:
        collector.add("empty mask", where=where)
    return collector.labels_of(name, size, where=where, source=source)


def _item(item: Mapping[str, Any], where: str) -> tuple[str, Size | None]:
    """Name and size of the only picture of an item of version 2."""
    slots = item["slots"]
    if len(slots) != 1 or not isinstance(slots[0], dict):
        what = f"has {len(slots)} slots, and a picture has one"
        raise P2PError(where, what, "Export items of one picture each.", code="several-pictures")
    if slots[0].get("type", "image") != "image":
        what = f"is of the kind {slots[0]['type']}, not a picture"
        raise P2PError(where, what, "Export single pictures.", code="not-a-picture")
    return _name(item.get("path"), item.get("name"), where), size_from(
        slots[0].get("width"), slots[0].get("height"), where
    )


def _image(image: Mapping[str, Any], where: str) -> tuple[str, Size | None]:
    """Name and size of the picture of version 1, which a video has there, too."""
    if "frame_count" in image or "fps" in image:
        raise P2PError(where, "is a video, not a picture", "Export single pictures.", code="not-a-picture")
    name = image.get("original_filename") or image.get("filename")
    return _name(image.get("path"), name, where), size_from(image.get("width"), image.get("height"), where)


def _name(folder: Any, name: Any, where: str) -> str:
    """The picture's path below the data set, in which folders begin with a slash."""
    inside = folder.strip("/") if isinstance(folder, str) else ""
    plain = read_picture_name(name, where)
    return f"{inside}/{plain}" if inside else plain


def _masks(layer: Any, size: Size | None, where: str) -> Iterable[tuple[str, Runs]]:
    """The masks of a layer by the ids of their annotations: each pixel is the number of one of them, or 0."""
    numbers = layer.get("mask_annotation_ids_mapping") if isinstance(layer, dict) else None
    if not isinstance(numbers, dict):
        what = "its raster layer does not say whose masks it holds"
        raise P2PError(where, what, "Export it again.", code="damaged-labels")
    if size is None:
        raise P2PError(where, "its picture has no size, which its masks need", "Export it again.", code="no-size")
    found = runs_by_value(layer.get("dense_rle"), size, where)
    masks = {value: mask for mask, value in numbers.items() if isinstance(value, int)}
    for value, runs in found.items():
        if value not in masks:
            what = f"its raster layer has the number {value}, which is not that of a mask"
            raise P2PError(where, what, "Export it again.", code="unknown-class")
        yield masks[value], runs


def _shape(annotation: Mapping[str, Any], where: str) -> Polygon | str:
    if "polygon" in annotation or "complex_polygon" in annotation:
        return _polygon(annotation.get("polygon", annotation.get("complex_polygon")), where)
    if "ellipse" in annotation:
        return _ellipse(annotation["ellipse"], where)
    # Other shapes have a box around them, too, so that it is looked at last.
    kind = next((kind for kind in _WITHOUT_AREA if kind in annotation), None)
    if kind:
        return kind
    if "bounding_box" in annotation:
        left, top, width, height = _numbers(annotation["bounding_box"], "xywh", where)
        return box_at(left, top, width, height, where)
    known = ", ".join(("polygon", "ellipse", "bounding_box", "mask", *_WITHOUT_AREA))
    what = f"has none of the known shapes, only {', '.join(sorted(map(str, annotation)))}"
    raise P2PError(where, what, f"Convert it to a polygon. Known are {known}.", code="unknown-shape")


def _polygon(value: Any, where: str) -> Polygon:
    """An outline of one or more paths, by the even-odd rule: `paths`, or in version 1 `path` with others beside it."""
    given = value if isinstance(value, dict) else {}
    paths = given.get("paths")
    if paths is None:
        path = items_of(given.get("path"), "path", where)
        paths = path if path and isinstance(path[0], list) else [path]
        paths = [*paths, *items_of(given.get("additional_paths"), "paths", where)]
    paths = items_of(paths, "paths", where)
    if not paths:
        raise bad_shape(where, "its polygon has no path", code="bad-outline")
    return even_odd([_path(each, where) for each in paths])


def _path(points: Any, where: str) -> Polygon:
    pairs = [_numbers(each, "xy", where) for each in items_of(points, "points", where)]
    return polygon(pairs, where, form="of x and y", name="path")


def _ellipse(value: Any, where: str) -> Polygon:
    """An ellipse; one that is turned is refused, for whether its angle is in degrees the files do not tell."""
    given = value if isinstance(value, dict) else {}
    centre, radii = _numbers(given.get("center"), "xy", where), _numbers(given.get("radius"), "xy", where)
    if radii[0] != radii[1] and number(given.get("angle") or 0, where, "its angle"):
        what = "is a turned ellipse"
        raise P2PError(where, what, "Draw it as a polygon in V7, and export it again.", code="turned-ellipse")
    return ellipse(centre, radii, where)


def _numbers(value: Any, names: Sequence[str], where: str) -> list[float]:
    if not isinstance(value, dict):
        what = f"{value!r} is not an object with {', '.join(names)}"
        raise P2PError(where, what, "Export it again.", code="bad-outline")
    long = {"w": "width", "h": "height"}
    return [number(value.get(name, value.get(long.get(name, name))), where, f"its {name}") for name in names]
