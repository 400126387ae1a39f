"""Reads Hasty's JSON, versions 1.0 and 1.1: polygons, boxes, and masks as runs in the box of their object.

Nothing here may look at pictures or at the disk; it is handed the parsed JSON.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import box, polygon
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.parsing.rle import runs_from_starts
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs, bad_labels, bad_shape, without_labels

_UNLABELLED = ("NEW", "SKIPPED")


def is_hasty(value: Any) -> bool:
    """Whether a parsed JSON file has the form of Hasty: classes, and images that are called image_name."""
    if not isinstance(value, dict) or not isinstance(value.get("label_classes"), list):
        return False
    images = value.get("images")
    return isinstance(images, list) and ("export_format_version" in value or any(map(_is_image, images)))


def read_hasty(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of a project; a picture that is new or was skipped is skipped when nothing is drawn in it."""
    return gather("hasty", _pictures(value["images"], where, source))


def _is_image(value: Any) -> bool:
    return isinstance(value, dict) and "image_name" in value


def _pictures(images: list[Any], where: str, source: str) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    names = Counter(str(each["image_name"]) for each in images if _is_image(each))
    for count, image in enumerate(images, start=1):
        name = image.get("image_name") if isinstance(image, dict) else None
        place = f"{where}: image {name if isinstance(name, str) else count}"
        # Each data set of a project is a folder, and only pictures of one name need it.
        is_alone = names[str(name)] == 1
        yield place, partial(_picture, image, place, f"{source}: {name}", is_alone)


def _picture(image: Any, where: str, source: str, is_alone: bool) -> RegionLabels:
    if not isinstance(image, dict):
        raise bad_labels(where, "is not an object", code="damaged-labels")
    name, folder = read_picture_name(image.get("image_name"), where), image.get("dataset_name")
    if not is_alone and isinstance(folder, str) and folder:
        name = f"{folder}/{name}"
    size = size_from(image.get("width"), image.get("height"), where)
    labels = items_of(image.get("labels"), "labels", where)
    status = image.get("image_status")
    if not labels and status in _UNLABELLED:
        raise without_labels(where, f"has the status {status}")
    collector = RegionCollector()
    places = collector.objects(labels, "label", where)
    for place, each in collector.in_layers(places, lambda each: each.get("z_index") or 0):
        collector.add(partial(_shape, each, place), each.get("class_name"), where=place)
    return collector.labels_of(name, size, where=where, source=source)


def _shape(label: Mapping[str, Any], where: str) -> Polygon | Runs:
    """What a label draws: its polygon, or its mask, or the box that both have around them where it is alone."""
    if label.get("polygon"):
        return polygon(items_of(label["polygon"], "points", where), where, form="[[x, y], ...]", name="polygon")
    corners = items_of(label.get("bbox"), "bbox", where)
    if label.get("mask"):
        return _mask(label["mask"], corners, where)
    if not corners:
        raise bad_shape(where, "has neither a polygon, a mask nor a bbox", code="no-outline")
    return box(corners, where, name="bbox")


def _mask(pairs: Any, corners: list[Any], where: str) -> Runs:
    """A mask in its box, from whose left and top edges to the right and lower ones its rows and columns go."""
    if len(corners) != 4 or not all(isinstance(each, int) for each in corners):
        what = f"its mask lies in the box {corners}, which is not one of 4 whole numbers"
        raise P2PError(where, what, "Export it again.", code="bad-rle")
    left, top, right, bottom = corners
    return runs_from_starts(pairs, Size(right - left, bottom - top), where, left=left, top=top)
