"""Reads COCO JSON: images, categories, and annotations whose outlines are polygons or run-length encoded masks.

Nothing here may read pictures or files; the parsed JSON is passed in.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from p2p_datatools.contract.errors import P2PError, skip_of
from p2p_datatools.contract.pictures.header import MOST_PIXELS
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import box, number, polygon
from p2p_datatools.labels.parsing.regions import read_picture_name
from p2p_datatools.labels.parsing.rle import coco_runs
from p2p_datatools.labels.values import LabelSet, Region, RegionLabels, uses_of

COCO_TABLES = ("images", "annotations", "categories")
_EMPTY = "annotation without outline"


def is_coco(value: Any) -> bool:
    """Whether a parsed JSON file has the form of COCO, with outlines rather than the pictures of COCO panoptic."""
    if not isinstance(value, dict) or not all(isinstance(value.get(name), list) for name in COCO_TABLES):
        return False
    return not any(isinstance(each, dict) and "segments_info" in each for each in value["annotations"])


def read_coco(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels in a parsed COCO file called `where` in errors and `source` in records.

    Raises P2PError when its tables do not fit together; damage within one picture's annotations skips that picture.
    """
    if not is_coco(value):
        raise P2PError(
            where,
            f"is not COCO, which is an object with the lists {', '.join(COCO_TABLES)}",
            "Try --format auto.",
            code="other-format",
        )
    try:
        categories = categories_of(value["categories"], where)
        images = {each["id"]: each for each in value["images"]}
        annotations = _by_image(value["annotations"], images, where)
    except (KeyError, TypeError) as error:
        raise P2PError(
            where, f"is not valid COCO ({type(error).__name__}: {error})", "Export it again.", code="damaged-labels"
        ) from error
    if not images:
        raise P2PError(where, "lists no images", "Export it again.", code="no-labels")
    if len(images) < len(value["images"]):
        raise P2PError(where, "two images have the same id", "Export it again.", code="duplicate-id")
    items, skipped = [], []
    for image in images.values():
        name = str(image.get("file_name", ""))
        try:
            items.append(_picture(image, annotations[image["id"]], categories, f"{source}: {name}"))
        except P2PError as error:
            skipped.append(skip_of(error, name or f"{where}: image {image['id']}"))
    return LabelSet("coco", tuple(items), uses_of(items), tuple(skipped), notes=same_names(categories, where))


def _by_image(annotations: list[Any], images: Mapping[Any, Any], where: str) -> Mapping[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for each in annotations:
        if each["image_id"] not in images:
            raise P2PError(
                where,
                f"annotation {each.get('id')} belongs to image {each['image_id']}, which is not in the file",
                "Was it edited? Export it again.",
                code="dangling-reference",
            )
        found[each["image_id"]].append(each)
    return found


def categories_of(values: list[Any], where: str) -> Mapping[Any, str]:
    """Names by id; two categories of the same name become one label; two names for one id are an error."""
    names: dict[Any, str] = {}
    for each in values:
        name = str(each["name"])
        if names.setdefault(each["id"], name) != name:
            raise P2PError(
                where,
                f"the categories '{names[each['id']]}' and '{name}' have the same id",
                "Export it again.",
                code="duplicate-class",
            )
    return names


def same_names(categories: Mapping[Any, str], where: str) -> tuple[str, ...]:
    """A line for each name that several categories have."""
    ids: dict[str, list[str]] = defaultdict(list)
    for each, name in categories.items():
        ids[name].append(str(each))
    several = {name: " and ".join(same) for name, same in ids.items() if len(same) > 1}
    return tuple(
        f"{where}: categories {same} have the same name, '{name}', and become one label."
        for name, same in several.items()
    )


def _picture(
    image: Mapping[str, Any], annotations: list[Any], categories: Mapping[Any, str], source: str
) -> RegionLabels:
    if not image.get("file_name"):
        raise P2PError(f"image {image['id']}", "has no file_name", "Export the labels again.", code="no-file-name")
    name = read_picture_name(image["file_name"], f"image {image['id']}")
    size = _size(image, name)
    drawn = [(each, _region(each, categories, name, size)) for each in annotations]
    regions = tuple(region for _, region in drawn if region.polygons or region.runs)
    without = {_EMPTY: len(drawn) - len(regions)} if len(drawn) > len(regions) else {}
    alone = [(each, region.label) for each, region in drawn if not (region.polygons or region.runs)]
    boxes = tuple(around for each, label in alone if (around := _box_around(each, label, name)))
    said = [name, size, [_signature_of(each, region) for each, region in drawn]]
    signature = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    return RegionLabels(name, size, regions, name, source, signature, without_area=without, boxes=boxes)


def _signature_of(annotation: Mapping[str, Any], region: Region) -> list[Any]:
    """What the mask depends on in an annotation, for the signature."""
    outline = annotation.get("segmentation")
    if not outline and region.polygons:
        return [region.label, region.polygons[0].outer.tolist()]
    return [region.label, outline]


def _size(image: Mapping[str, Any], where: str) -> Size | None:
    size = Size(image.get("width") or 0, image.get("height") or 0)
    if not all(isinstance(side, int) and side >= 0 for side in size) or size.width * size.height > MOST_PIXELS:
        raise P2PError(where, f"its size is given as {size}", "Export the labels again.", code="bad-size")
    return size if size.width * size.height else None


def _region(annotation: Any, categories: Mapping[Any, str], picture: str, size: Size | None) -> Region:
    where = f"{picture}: annotation {annotation.get('id')}"
    category = annotation.get("category_id")
    if not isinstance(category, int | str) or category not in categories:
        raise P2PError(
            where, f"its category {category} is not in the file", "Export the labels again.", code="unknown-class"
        )
    label, outlines = categories[category], annotation.get("segmentation") or []
    if isinstance(outlines, dict):
        mask = coco_runs(outlines, where)
        if size and mask.size != size:
            raise P2PError(
                where,
                f"its RLE is for a picture of {mask.size}, not {size}",
                "Export the labels again.",
                code="mask-size",
            )
        return Region(label, (), (mask,))
    if not isinstance(outlines, list):
        raise P2PError(
            where, "its segmentation is not a list of polygons", "Export the labels again.", code="damaged-labels"
        )
    if not outlines and _is_box(annotation):
        left, top, width, height = (number(each, where) for each in annotation["bbox"])
        corners = (left, top, left + width, top + height)
        return Region(label, (box(corners, where, degrees=annotation["attributes"]["rotation"]),))
    return Region(label, tuple(polygon(outline, where) for outline in outlines))


def _box_around(annotation: Mapping[str, Any], label: str, picture: str) -> Region | None:
    """The box of an annotation without outline, as detection sets have; None where it has no area."""
    where, bbox = f"{picture}: annotation {annotation.get('id')}", annotation.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4:
        return None
    left, top, width, height = (number(each, where) for each in bbox)
    return Region(label, (box((left, top, left + width, top + height), where),)) if min(width, height) > 0 else None


def _is_box(annotation: Mapping[str, Any]) -> bool:
    """Whether a box was drawn: CVAT writes those without outline, and with the rotation of the box.

    Any other annotation without outline has a box around something else, which is not an outline.
    """
    attributes, bbox = annotation.get("attributes"), annotation.get("bbox")
    return isinstance(attributes, dict) and "rotation" in attributes and isinstance(bbox, list) and len(bbox) == 4
