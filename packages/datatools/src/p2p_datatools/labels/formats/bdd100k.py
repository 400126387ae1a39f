"""Reads BDD100K's JSON, which is Scalabel's: frames whose labels are polygons with curves, runs or boxes.

Nothing here may look at pictures or at the disk; it is handed the parsed JSON.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import box, number, polygon
from p2p_datatools.labels.parsing.regions import (
    RegionCollector,
    RegionShape,
    ShapeReader,
    gather,
    items_of,
    read_picture_name,
    size_from,
)
from p2p_datatools.labels.parsing.rle import coco_runs
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, without_labels

_GEOMETRIES = ("box2d", "poly2d", "rle", "box3d", "graph")
_STEPS = np.linspace(0, 1, 33)[1:, None]  # straight sides by which a curve is drawn


def is_bdd100k(value: Any) -> bool:
    """Whether parsed JSON is a list of frames, or an object with one, whose labels have shapes of BDD100K."""
    frames = _frames(value)
    if not frames or not all(isinstance(frame, dict) and "name" in frame for frame in frames):
        return False
    return any(
        isinstance(each, dict) and "category" in each and any(name in each for name in _GEOMETRIES)
        for frame in frames
        for each in _labels(frame)
    )


def read_bdd100k(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of all frames; those of one frame a file, as of 2018, are read too."""
    config = value.get("config") if isinstance(value, dict) else None
    size = config.get("imageSize") if isinstance(config, dict) else None
    return gather("bdd100k", _pictures(_frames(value), size, where, source))


def _frames(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return value if isinstance(value, list) else []
    frames = value.get("frames")
    if not isinstance(frames, list):
        return []
    if "name" in value and len(frames) == 1 and isinstance(frames[0], dict):
        return [{"name": value["name"], "labels": frames[0].get("objects")}]
    return frames


def _labels(frame: Mapping[str, Any]) -> list[Any]:
    labels = frame.get("labels")
    return labels if isinstance(labels, list) else []


def _pictures(
    frames: Iterable[Any], size: Any, where: str, source: str
) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for count, frame in enumerate(frames, start=1):
        name = frame["name"]
        place = name if isinstance(name, str) and name else f"{where}: frame {count}"
        yield place, partial(_picture, frame, size, place, f"{source}: {name}")


def _picture(frame: Mapping[str, Any], every_size: Any, where: str, source: str) -> RegionLabels:
    name = read_picture_name(frame["name"], where)
    if frame.get("videoName"):
        name = f"{read_picture_name(frame['videoName'], where)}/{name}"
    if frame.get("labels") is None:
        raise without_labels(where, "has no list of labels, as if nobody had labelled it")
    told = frame.get("size") or every_size
    size = size_from(told.get("width"), told.get("height"), where) if isinstance(told, dict) else None
    drawing = RegionCollector()
    for place, label in drawing.objects(items_of(frame["labels"], "labels", where), "label", where):
        drawing.add(partial(_shapes, label, size, place), label.get("category"), where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _shapes(label: Mapping[str, Any], size: Size | None, where: str) -> Sequence[RegionShape | ShapeReader]:
    """What is drawn most exactly of a label: runs, or polygons, or else its box."""
    if label.get("rle"):
        mask = coco_runs(label["rle"], where)
        if size and mask.size != size:
            what = f"its RLE is for a picture of {mask.size}, not {size}"
            raise P2PError(where, what, "Download the labels again.", code="mask-size")
        return [mask]
    if label.get("poly2d"):
        return [partial(_polygon, each, where) for each in _parts(label, where)]
    if isinstance(label.get("box2d"), dict):
        left, top, right, bottom = (
            number(label["box2d"].get(side), where, f"its {side}") for side in ("x1", "y1", "x2", "y2")
        )
        return [box((left, top, right + 1, bottom + 1), where)]  # its last pixels lie inside
    return [next((name for name in _GEOMETRIES if label.get(name)), "label without a shape")]


def _parts(label: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    """The polygons of a label as {vertices, types, closed}; of 2018 there is one, and only lanes are open."""
    parts = items_of(label["poly2d"], "poly2d", where)
    if all(isinstance(each, dict) for each in parts):
        return parts
    try:
        vertices, types = [(x, y) for x, y, _ in parts], "".join(kind for *_, kind in parts)
    except (TypeError, ValueError) as error:
        what = "its poly2d is neither vertices and types nor a list of [x, y, type]"
        raise P2PError(where, what, "Download the labels again.", code="bad-outline") from error
    return [{"vertices": vertices, "types": types, "closed": not str(label.get("category")).startswith("lane")}]


def _polygon(part: Mapping[str, Any], where: str) -> Polygon | str:
    """A polygon whose points have the types L, a corner, or C, a control point of a cubic Bezier curve.

    A curve has two control points; the point after them is its end, whatever its type, as in the data set's own tools.
    """
    if not part.get("closed"):
        return "open line"
    points = polygon(part.get("vertices"), where, form="[[x, y], ...]", name="vertices").outer
    types = part.get("types") or "L" * len(points)
    if not isinstance(types, str) or len(types) != len(points) or set(types) - {"L", "C"}:
        what = f"its types {types!r:.40} are not a letter L or C for each of {len(points)} vertices"
        raise P2PError(where, what, "Download the labels again.", code="bad-outline")
    closed, drawn, place = np.concatenate([points, points[:1]]), [points[:1]], 1
    while place < len(points):
        if types[place] == "L":
            drawn.append(points[place : place + 1])
            place += 1
            continue
        if place + 2 >= len(closed):
            raise P2PError(where, "its last curve has no end", "Download the labels again.", code="bad-outline")
        start, first, second, end = closed[place - 1 : place + 3]
        rest = 1 - _STEPS
        drawn.append(rest**3 * start + 3 * rest**2 * _STEPS * first + 3 * rest * _STEPS**2 * second + _STEPS**3 * end)
        place += 3
    outer = np.concatenate(drawn)
    return Polygon(outer[:-1] if (outer[0] == outer[-1]).all() else outer)
