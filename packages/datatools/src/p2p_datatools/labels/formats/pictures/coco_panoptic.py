"""Reads COCO panoptic: JSON with the class of each segment of a picture, and PNGs with the pixels of each segment.

Nothing here may open a picture; a segment's pixels are read when its mask is built.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from p2p_datatools.contract.errors import P2PError, skip_of
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.formats.whole_sets.coco import COCO_TABLES, categories_of, same_names
from p2p_datatools.labels.parsing.regions import of_any_kind, read_picture_name, size_from
from p2p_datatools.labels.values import VOID, LabelSet, SegmentLabels, bad_labels, uses_of

_MOST_ID = 1 << 24


def is_panoptic(value: Any) -> bool:
    """Whether a parsed JSON file has the form of COCO panoptic."""
    if not isinstance(value, dict) or not all(isinstance(value.get(name), list) for name in COCO_TABLES):
        return False
    return any(isinstance(each, dict) and "segments_info" in each for each in value["annotations"])


def read_panoptic(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels in a parsed file at the path `where`; its pictures lie in the folder of its name, or beside it.

    Raises P2PError when its tables do not fit together or it has no pictures at all; a damaged one is skipped.
    """
    try:
        categories = categories_of(value["categories"], where)
        images = {each["id"]: each for each in value["images"]}
        parts = [(each, images.get(each["image_id"]), str(each["file_name"])) for each in value["annotations"]]
    except (KeyError, TypeError) as error:
        what = f"is not valid COCO panoptic ({type(error).__name__}: {error})"
        raise P2PError(where, what, "Export it again.", code="damaged-labels") from error
    folder = _folder(Path(where), [name for *_, name in parts])
    items, skipped = [], []
    for annotation, image, name in parts:
        try:
            items.append(of_any_kind(partial(_picture, annotation, image, categories, folder, source), name))
        except P2PError as error:
            skipped.append(skip_of(error, name))
    without = {image["id"] for image in images.values()} - {annotation["image_id"] for annotation, *_ in parts}
    no_labels = f"{where}: no annotation for {len(without)} of {plural(len(images), 'image')}, which get no mask."
    notes = (*same_names(categories, where), *([no_labels] if without else []))
    return LabelSet("panoptic", tuple(items), uses_of(items), tuple(skipped), ignored=frozenset({VOID}), notes=notes)


def _folder(path: Path, names: list[str]) -> Path:
    """Where the pictures are: in the folder with the name of the file, as in COCO, or in the folder of the file."""
    candidates = (path.with_suffix(""), path.parent)
    for folder in candidates:
        if any((folder / name).is_file() for name in names if _is_inside(name)):
            return folder
    looked = " or ".join(map(str, candidates))
    what = f"is COCO panoptic, whose segments are in PNG files, and none of them is in {looked}"
    to_do = f"Put the folder with {names[0]} beside the file and call it {path.stem}."
    raise P2PError(path, what, to_do, code="missing-picture")


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return bool(name) and not path.is_absolute() and ".." not in path.parts


def _picture(
    annotation: Mapping[str, Any], image: Any, categories: Mapping[Any, str], folder: Path, source: str
) -> SegmentLabels:
    name = annotation["file_name"]
    if not isinstance(image, dict):
        what = f"belongs to image {annotation['image_id']}, which is not in the file"
        raise P2PError(name, what, "Export it again.", code="dangling-reference")
    if not _is_inside(name):
        raise bad_labels(name, "leads out of the folder of the labels", code="path-leads-out")
    file = folder / name
    if not file.is_file():
        what = f"there is no such file in {folder}"
        raise P2PError(name, what, "Add it, or take it out of the labels.", code="missing-picture")
    photo = read_picture_name(image.get("file_name"), name)
    size = size_from(image.get("width"), image.get("height"), name)
    segments = _segments(annotation["segments_info"], categories, name)
    return SegmentLabels(photo, file, segments=segments, size=size, said_by=f"{source}: {name}")


def _segments(values: Any, categories: Mapping[Any, str], where: str) -> Mapping[int, str]:
    """The label of each segment by its id; pixels of id 0 belong to no segment."""
    segments: dict[int, str] = {}
    for each in values if isinstance(values, list) else [None]:
        number, category = (each.get("id"), each.get("category_id")) if isinstance(each, dict) else (None, None)
        if not isinstance(number, int) or not 0 < number < _MOST_ID:
            what = f"has the segment id {number!r}, which is not a whole number from 1 to {_MOST_ID - 1}"
            raise P2PError(where, what, "Export it again.", code="bad-id")
        if number in segments:
            raise P2PError(where, f"two segments have the id {number}", "Export it again.", code="duplicate-id")
        if not isinstance(category, int | str) or category not in categories:
            what = f"segment {number} has the category {category}, which is not in the file"
            raise P2PError(where, what, "Add the category, or export the labels again.", code="unknown-class")
        segments[number] = categories[category]
    return segments
