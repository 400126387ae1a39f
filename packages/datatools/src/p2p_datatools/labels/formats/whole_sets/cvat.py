"""Reads CVAT's XML, for images and video: polygons, boxes, ellipses and masks, from the lowest layer to the highest.

Nothing here may read pictures or files; the parsed XML is passed in.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.parsing.outlines import box, ellipse, number, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, read_picture_name, size_from
from p2p_datatools.labels.parsing.rle import runs
from p2p_datatools.labels.parsing.xml import Element
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs

_WITHOUT_AREA = frozenset({"polyline", "points", "cuboid", "skeleton"})
_NO_SHAPES = frozenset({"tag"})
_EXPORT_IMAGES = "Export it as 'CVAT for images 1.1'."


def is_cvat(value: Any) -> bool:
    """Whether parsed XML has the form of CVAT, for images or for video."""
    return isinstance(value, Element) and value.tag == "annotations"


def read_cvat(value: Element, *, where: str, source: str) -> LabelSet:
    """The labels in a parsed file; raises P2PError when it lists no images, or does not tell a video's frames."""
    if value.find("track") is not None:
        return _read_video(value, where, source)
    images = value.findall("image")
    if not images:
        raise P2PError(where, "lists no images", _EXPORT_IMAGES, code="no-labels")
    return gather("cvat", _pictures(images, where, source))


def _pictures(images: list[Element], where: str, source: str) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for image in images:
        name = image.get("name")
        place = name or f"{where}: image {image.get('id')}"
        yield place, partial(_picture, image, place, f"{source}: {name}")


def _picture(image: Element, where: str, source: str) -> RegionLabels:
    name, subset = read_picture_name(image.get("name"), where), image.get("subset")
    size = size_from(image.get("width"), image.get("height"), where)
    shapes = [(shape.get("label"), shape) for shape in image]
    # A project's pictures lie in one folder per subset, and may have the same name in several.
    return _draw(shapes, f"{subset}/{name}" if subset else name, size, where, source)


def _draw(
    shapes: Iterable[tuple[str | None, Element]], name: str, size: Size | None, where: str, source: str
) -> RegionLabels:
    """The labels of one picture from its shapes, each with its label."""
    drawing = RegionCollector()
    places = [
        (f"{where}: shape {count}, a {shape.tag}", (label, shape))
        for count, (label, shape) in enumerate(shapes, start=1)
        if shape.tag not in _NO_SHAPES
    ]
    for place, (label, shape) in drawing.in_layers(places, lambda each: each[1].get("z_order", 0)):
        drawing.add(partial(_shape, shape, place), label, where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _read_video(value: Element, where: str, source: str) -> LabelSet:
    """The labels of the frames on which something is seen, which are called as CVAT exports them.

    Raises P2PError where tracks are of several videos, or frames between two of a track are missing.
    """
    tracks = value.findall("track")
    if value.find("image") is not None or len({track.get("task_id") for track in tracks}) > 1:
        raise P2PError(where, "is CVAT for video, of several tasks", _EXPORT_IMAGES, code="video")
    _refuse_gaps(tracks, value.findtext(".//frame_filter") or "", where)
    frames: dict[int, list[tuple[str | None, Element]]] = defaultdict(list)
    for track in tracks:
        for shape in track:
            if shape.get("outside") != "1":
                frames[_frame_of(shape, where)].append((track.get("label"), shape))
    if not frames:
        raise P2PError(where, "shows no object on any frame", _EXPORT_IMAGES, code="no-labels")
    width, height = (value.findtext(f".//original_size/{side}") for side in ("width", "height"))
    size = size_from(width, height, where)
    note = (
        f"{where}: is CVAT for video; the {plural(len(frames), 'frame')} with objects are called frame_000000 and so "
        "on, counted from 0 as CVAT exports them."
    )
    return replace(gather("cvat", _frames(frames, size, where, source)), notes=(note,))


def _frames(
    frames: Mapping[int, list[tuple[str | None, Element]]], size: Size | None, where: str, source: str
) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for frame, shapes in sorted(frames.items()):
        place, name = f"{where}: frame {frame}", f"frame_{frame:06}"
        yield place, partial(_draw, shapes, name, size, place, f"{source}: {name}")


def _refuse_gaps(tracks: Iterable[Element], frame_filter: str, where: str) -> None:
    """Raise P2PError for tracks of key frames alone; CVAT writes what is between two, but for deleted frames."""
    shapes = [list(track) for track in tracks]
    if any(shape.get("keyframe") == "0" for track in shapes for shape in track):
        return
    step = int(found[1]) if (found := re.search(r"step=(\d{1,6})", frame_filter)) else 1
    for track in shapes:
        for one, other in pairwise(sorted(track, key=lambda shape: _frame_of(shape, where))):
            first, second = _frame_of(one, where), _frame_of(other, where)
            if one.get("outside") != "1" and second - first > step:
                what = f"is CVAT for video, of key frames alone: what is seen between {first} and {second} is not told"
                raise P2PError(where, what, _EXPORT_IMAGES, code="video")


def _frame_of(shape: Element, where: str) -> int:
    return int(number(shape.get("frame"), where, "a frame"))


def _shape(shape: Element, where: str) -> Polygon | Runs | str:
    if shape.tag in _WITHOUT_AREA:
        return shape.tag
    if shape.tag not in _SHAPES:
        raise unknown_shape(where, f"the shape {shape.tag!r}", (*_SHAPES, *sorted(_WITHOUT_AREA)))
    return _SHAPES[shape.tag](shape, where)


def _polygon(shape: Element, where: str) -> Polygon:
    pairs = [pair.split(",") for pair in shape.get("points", "").split(";") if pair.strip()]
    return polygon(pairs, where, form="x,y;x,y;...", name="points")


def _box(shape: Element, where: str) -> Polygon:
    corners = _numbers(shape, ("xtl", "ytl", "xbr", "ybr"), where)
    return box(corners, where, degrees=shape.get("rotation", 0))


def _ellipse(shape: Element, where: str) -> Polygon:
    x, y, radius_x, radius_y = _numbers(shape, ("cx", "cy", "rx", "ry"), where)
    return ellipse((x, y), (radius_x, radius_y), where, degrees=shape.get("rotation", 0))


def _mask(shape: Element, where: str) -> Runs:
    left, top, width, height = (int(each) for each in _numbers(shape, ("left", "top", "width", "height"), where))
    counts = [each.strip() for each in shape.get("rle", "").split(",")]
    return runs(counts, Size(width, height), where, left=left, top=top)


def _numbers(shape: Element, names: tuple[str, ...], where: str) -> list[float]:
    return [number(shape.get(name), where, f"its {name}") for name in names]


_SHAPES: Mapping[str, Callable[[Element, str], Polygon | Runs]] = {
    "polygon": _polygon,
    "box": _box,
    "ellipse": _ellipse,
    "mask": _mask,
}
