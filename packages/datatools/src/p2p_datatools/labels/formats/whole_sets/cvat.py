"""Reads CVAT for images 1.1: polygons, boxes, ellipses and masks in XML, from the lowest layer to the highest.

Nothing here may read pictures or files; the parsed XML is passed in.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import box, ellipse, number, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, read_picture_name, size_from
from p2p_datatools.labels.parsing.rle import runs
from p2p_datatools.labels.parsing.xml import Element
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs

_WITHOUT_AREA = frozenset({"polyline", "points", "cuboid", "skeleton"})
_NO_SHAPES = frozenset({"tag"})


def is_cvat(value: Any) -> bool:
    """Whether parsed XML has the form of CVAT, for images or for video."""
    return isinstance(value, Element) and value.tag == "annotations"


def read_cvat(value: Element, *, where: str, source: str) -> LabelSet:
    """The labels in a parsed file; raises P2PError when it is CVAT for video, or lists no images."""
    images = value.findall("image")
    if value.find("track") is not None:
        raise P2PError(where, "is CVAT for video", "Export the task as 'CVAT for images 1.1'.", code="video")
    if not images:
        raise P2PError(where, "lists no images", "Export it as 'CVAT for images 1.1'.", code="no-labels")
    return gather("cvat", _pictures(images, where, source))


def _pictures(images: list[Element], where: str, source: str) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for image in images:
        name = image.get("name")
        place = name or f"{where}: image {image.get('id')}"
        yield place, partial(_picture, image, place, f"{source}: {name}")


def _picture(image: Element, where: str, source: str) -> RegionLabels:
    name, subset = read_picture_name(image.get("name"), where), image.get("subset")
    size = size_from(image.get("width"), image.get("height"), where)
    drawing = RegionCollector()
    shapes = [
        (f"{where}: shape {count}, a {shape.tag}", shape)
        for count, shape in enumerate(image, start=1)
        if shape.tag not in _NO_SHAPES
    ]
    for place, shape in drawing.in_layers(shapes, lambda each: each.get("z_order", 0)):
        drawing.add(partial(_shape, shape, place), shape.get("label"), where=place)
    # A project's pictures lie in one folder per subset, and may have the same name in several.
    return drawing.labels_of(f"{subset}/{name}" if subset else name, size, where=where, source=source)


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
