"""Reads COCO JSON: images, categories, and annotations whose outlines are polygons.

Nothing here may look at pictures or at the disk; it is handed the parsed JSON.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from p2p_datatools.annotations.values import LabelSet, Polygon, Region, RegionLabels, Use
from p2p_datatools.contract.destination import skip_of
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.images import MOST_PIXELS
from p2p_datatools.contract.sizes import Size

_TABLES = ("images", "annotations", "categories")
_FARTHEST = 1e9  # a coordinate beyond it is damage, not a place outside the picture


def is_coco(value: Any) -> bool:
    """Whether a parsed JSON file has the form of COCO."""
    return isinstance(value, dict) and all(isinstance(value.get(name), list) for name in _TABLES)


def read_coco(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels in a parsed COCO file called `where` in errors and `source` in records.

    Raises P2PError when its tables do not fit together; damage within one picture's annotations skips that picture.
    """
    if not is_coco(value):
        raise P2PError(f"{where}: is not COCO, which is an object with the lists {', '.join(_TABLES)}.")
    try:
        categories = {each["id"]: str(each["name"]) for each in value["categories"]}
        images = {each["id"]: each for each in value["images"]}
        annotations = _by_image(value["annotations"], images, where)
    except (KeyError, TypeError) as error:
        raise P2PError(f"{where}: is not whole COCO ({type(error).__name__}: {error}). Export it again.") from error
    if not images:
        raise P2PError(f"{where}: lists no images. Export it again.")
    if len(images) < len(value["images"]):
        raise P2PError(f"{where}: two images have the same id. Export it again.")
    items, skipped = [], []
    for image in images.values():
        name = str(image.get("file_name", ""))
        try:
            items.append(_picture(image, annotations[image["id"]], categories, f"{source}: {name}"))
        except P2PError as error:
            skipped.append(skip_of(error, name or f"{where}: image {image['id']}"))
    return LabelSet("coco", tuple(items), _uses(items), tuple(skipped))


def _by_image(annotations: list[Any], images: Mapping[Any, Any], where: str) -> Mapping[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for each in annotations:
        if each["image_id"] not in images:
            raise P2PError(
                f"{where}: annotation {each.get('id')} belongs to image {each['image_id']}, which is not in the file. "
                "Was it edited? Export it again."
            )
        found[each["image_id"]].append(each)
    return found


def _uses(items: list[RegionLabels]) -> Mapping[str, Use]:
    uses: dict[str, Use] = {}
    for item in items:
        labels = [region.label for region in item.regions]
        for label in dict.fromkeys(labels):
            uses[label] = uses.get(label, Use()) + Use(labels.count(label), 1)
    return uses


def _picture(
    image: Mapping[str, Any], annotations: list[Any], categories: Mapping[Any, str], source: str
) -> RegionLabels:
    name = image.get("file_name")
    if not isinstance(name, str) or not name:
        raise P2PError(f"image {image['id']}: has no file_name. Export the labels again.")
    regions = tuple(region for each in annotations if (region := _region(each, categories, name)).polygons)
    size = _size(image, name)
    said = [name, size, [[categories[each["category_id"]], each.get("segmentation")] for each in annotations]]
    signature = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    return RegionLabels(name, size, regions, where=name, source=source, signature=signature)


def _size(image: Mapping[str, Any], where: str) -> Size | None:
    size = Size(image.get("width") or 0, image.get("height") or 0)
    if not all(isinstance(side, int) and side >= 0 for side in size) or size.width * size.height > MOST_PIXELS:
        raise P2PError(f"{where}: its size is given as {size}. Export the labels again.")
    return size if size.width * size.height else None


def _region(annotation: Any, categories: Mapping[Any, str], picture: str) -> Region:
    where = f"{picture}: annotation {annotation.get('id')}"
    category = annotation.get("category_id")
    if not isinstance(category, int | str) or category not in categories:
        raise P2PError(f"{where}: its category {category} is not in the file. Export the labels again.")
    outlines = annotation.get("segmentation") or []
    if isinstance(outlines, dict):
        raise P2PError(f"{where}: its outline is run-length encoded (RLE), which is not read yet. Export polygons.")
    if not isinstance(outlines, list):
        raise P2PError(f"{where}: its segmentation is no list of polygons. Export the labels again.")
    return Region(categories[category], tuple(_polygon(outline, where) for outline in outlines))


def _polygon(outline: Any, where: str) -> Polygon:
    """One polygon of a segmentation: a flat list x, y, x, y, ...; COCO knows no holes."""
    try:
        points = np.array(outline, dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError) as error:
        raise P2PError(f"{where}: a polygon is no list x, y, x, y, ... of numbers. Export the labels again.") from error
    if len(points) < 3:
        raise P2PError(f"{where}: a polygon has {len(points)} points; 3 is the least. Delete it or draw it again.")
    if not (np.abs(points) < _FARTHEST).all():
        raise P2PError(f"{where}: a polygon has a coordinate that is no finite number. Draw it again.")
    return Polygon(points)
