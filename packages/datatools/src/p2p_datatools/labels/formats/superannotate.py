"""Reads SuperAnnotate's JSON, one file per picture: shapes of vector projects, painted segments of pixel projects.

Nothing here may know how a picture is decoded; the segments of pixel projects lie in a PNG beside the file.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.embedded import color_runs
from p2p_datatools.labels.parsing.outlines import box, ellipse, number, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs, bad_labels, without_labels

_WITHOUT_AREA = frozenset({"point", "polyline", "cuboid", "template", "tag"})
_UNLABELLED = ("NotStarted", "Skipped")
_BESIDE = "___save.png"  # what the picture of segments is called, after the photo


def is_superannotate(value: Any) -> bool:
    """Whether a parsed JSON file has the form of SuperAnnotate: what picture it is of, and a list of instances."""
    if not isinstance(value, dict) or not isinstance(value.get("instances"), list):
        return False
    return isinstance(value.get("metadata"), dict) and "name" in value["metadata"]


def read_superannotate(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one picture; `where` is the path of the file, beside which the picture of segments lies."""
    labels = gather("superannotate", [(where, partial(_picture, value, where, source))])
    picture = _segments_file(Path(where))
    return replace(labels, beside=(picture,)) if picture.is_file() else labels


def _picture(value: Mapping[str, Any], where: str, source: str) -> RegionLabels:
    metadata = value["metadata"]
    is_painted = any(isinstance(each, dict) and "parts" in each for each in value["instances"])
    name = read_picture_name(metadata["name"], where)
    if not value["instances"] and metadata.get("status") in _UNLABELLED:
        raise without_labels(where, f"has the status {metadata['status']}")
    size = size_from(metadata.get("width"), metadata.get("height"), where)
    drawing, segments = RegionCollector(), _segments(Path(where), size) if is_painted else {}
    left = set(segments)
    for place, each in drawing.objects(value["instances"], "instance", where):
        painted = partial(_parts, each, segments, left, place)
        drawing.add(painted if "parts" in each else partial(_shape, each, place), _class(each, place), where=place)
    labels = drawing.labels_of(name, size, where=where, source=source)
    if len(left) > len(labels.faults):  # of a faulty instance the colours are not known
        what = f"{len(left)} colours of its picture of segments are of no instance; the first is #{min(left):06x}"
        raise bad_labels(where, what, code="unknown-segment")
    return labels


def _class(instance: Mapping[str, Any], where: str) -> Any:
    """The class's name; -1 is the number of none, and any other number alone says nothing."""
    name, number_of = instance.get("className"), instance.get("classId")
    if not name and number_of not in (None, -1):
        what = f"has the number {number_of} of a class and not its name"
        raise P2PError(where, what, "Export the project again: newer exports have className.", code="unknown-class")
    return name


def _segments_file(file: Path) -> Path:
    """The picture of segments beside a file PHOTO.json, or PHOTO___pixel.json, which is its older name."""
    return file.with_name(file.name.removesuffix(".json").removesuffix("___pixel") + _BESIDE)


def _segments(file: Path, size: Size | None) -> dict[int, Runs]:
    """The segments by their colours; raises P2PError when they are not of the size that the labels tell."""
    picture = _segments_file(file)
    if not picture.is_file():
        what = f"its segments are in {picture.name}, which is not beside it"
        raise P2PError(file, what, "Put it there.", code="missing-picture")
    segments = color_runs(picture)
    if size and any(runs.size != size for runs in segments.values()):
        what = f"is of {next(iter(segments.values())).size}, but the labels say {size}"
        raise bad_labels(picture, what, code="mask-size")
    return segments


def _parts(instance: Mapping[str, Any], segments: Mapping[int, Runs], left: set[int], where: str) -> list[Runs]:
    """The segments of an instance, which are no longer `left` then."""
    found = []
    for part in items_of(instance["parts"], "parts", where):
        color = part.get("color") if isinstance(part, dict) else None
        try:
            key = int(str(color).removeprefix("#"), 16)
        except ValueError as error:
            raise bad_labels(where, f"its colour {color!r} is not like #00000f", code="damaged-labels") from error
        if key not in segments:
            what = f"no pixel has its colour #{key:06x}"
            to_do = "Was the picture of segments saved as JPEG or resized? Export it again."
            raise P2PError(where, what, to_do, code="empty-segment")
        found.append(segments[key])
        left.discard(key)
    return found


def _shape(instance: Mapping[str, Any], where: str) -> Polygon | str:
    kind = instance.get("type")
    if kind in _WITHOUT_AREA:
        return str(kind)
    if kind not in _SHAPES:
        raise unknown_shape(where, f"its type {kind!r}", (*_SHAPES, *sorted(_WITHOUT_AREA)))
    return _SHAPES[kind](instance, where)


def _polygon(instance: Mapping[str, Any], where: str) -> Polygon:
    holes = items_of(instance.get("exclude"), "exclude", where)
    outer = polygon(instance.get("points"), where, name="points").outer
    return Polygon(outer, tuple(polygon(hole, f"{where}: exclude").outer for hole in holes))


def _corners(instance: Mapping[str, Any], where: str, *names: str) -> list[float]:
    points = instance.get("points")
    return [number(points.get(name) if isinstance(points, dict) else None, where, f"its {name}") for name in names]


def _bbox(instance: Mapping[str, Any], where: str) -> Polygon:
    return box(_corners(instance, where, "x1", "y1", "x2", "y2"), where)


def _rbbox(instance: Mapping[str, Any], where: str) -> Polygon:
    return polygon(_corners(instance, where, "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"), where)


def _ellipse(instance: Mapping[str, Any], where: str) -> Polygon:
    x, y, radius_x, radius_y = (number(instance.get(name), where, f"its {name}") for name in ("cx", "cy", "rx", "ry"))
    return ellipse((x, y), (radius_x, radius_y), where, degrees=instance.get("angle") or 0)


_SHAPES: Mapping[Any, Callable[[Mapping[str, Any], str], Polygon]] = {
    "polygon": _polygon,
    "bbox": _bbox,
    "rbbox": _rbbox,
    "ellipse": _ellipse,
}
