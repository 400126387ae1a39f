"""Reads COCO JSON: images, categories, and annotations whose outlines are polygons or run-length encoded masks.

Nothing here may read pictures or files; the parsed JSON is passed in.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from p2p_datatools.contract.errors import P2PError, error_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural, shell_word
from p2p_datatools.labels.formats.whole_sets.coco_outlines import BoxRemarks, parts_of, refuse_run_lengths
from p2p_datatools.labels.parsing.json_file import PackedAnnotation, parse_text
from p2p_datatools.labels.parsing.outlines import box, box_at, number, polygon
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, read_label, read_picture_name, size_from
from p2p_datatools.labels.parsing.rle import coco_runs
from p2p_datatools.labels.values import LabelSet, Polygon, Region, RegionFault, RegionLabels, Runs, Use, bad_labels

COCO_TABLES = ("images", "annotations", "categories")
_EMPTY = "annotation without outline"
_IGNORED = " (ignore)"  # after the label of what an annotation itself says to ignore
_NAMES = ("file_name", "filename", "path")  # of a picture: programs that imitate COCO have the others
_PLACES = ("coco_url", "flickr_url", "path", "video_id")  # which tell pictures of one name apart


def is_coco(value: Any) -> bool:
    """Whether a parsed JSON file has the form of COCO, with outlines rather than the pictures of COCO panoptic."""
    value = _with_lists(value)
    if not isinstance(value, dict) or not all(isinstance(value.get(name), list) for name in COCO_TABLES):
        return False
    return not any(isinstance(each, dict) and "segments_info" in each for each in value["annotations"])


def _with_lists(value: Any) -> Any:
    """A parsed file whose tables are lists; programs that index them by id write an object {id: entry} for one.

    Others put the file into a list of its own, which lines of JSON are, too.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict) or not any(isinstance(value.get(name), dict) for name in COCO_TABLES):
        return value
    tables = {
        name: [each for key, entry in table.items() for each in _entries(name, key, entry)]
        for name in COCO_TABLES
        if isinstance(table := value.get(name), dict) and table
    }
    return value | tables


def _entries(table: str, key: str, entry: Any) -> list[Any]:
    """What an entry of such an object stands for: {id: entry}, also {id: name} or {name: id}, or {image: [entries]}."""
    if isinstance(entry, dict):
        return [{"id": key} | entry]
    if table == "categories" and isinstance(entry, str | int):
        return [{"id": key, "name": entry} if isinstance(entry, str) else {"id": entry, "name": key}]
    if table == "annotations" and isinstance(entry, list):
        return [{"image_id": key} | each if isinstance(each, dict) else each for each in entry]
    return [entry]


def read_coco(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels in a parsed COCO file called `where` in errors and `source` in records.

    Raises P2PError when its tables do not fit together; damage within one picture's annotations skips that picture.
    """
    tables = _index_tables(_with_lists(value), where)
    pictures, remarks = _group_by_entry(tables.images.values()), BoxRemarks()
    found = gather("coco", _pictures(pictures, tables, where, source, remarks))
    ignored = {name + _IGNORED for name in tables.categories.values()} & found.labels.keys()
    notes = (
        *same_names(tables.categories, where),
        *remarks.notes(where),
        *_note_repeats(pictures, where),
        *_note_ignored({label: found.labels[label] for label in ignored}, where),
    )
    return replace(found, ignored=frozenset(ignored), notes=notes, faults=tables.faults)


class _Tables(NamedTuple):
    """The images and the names of categories by id, the annotations by image, and those of no image in the file.

    `known` are the ids of images and of categories by their text.
    """

    images: Mapping[Any, Mapping[str, Any]]
    categories: Mapping[Any, str]
    annotations: dict[Any, list[Any]]
    faults: tuple[RegionFault, ...]
    known: tuple[Mapping[str, Any], Mapping[str, Any]]

    def take(self, images: Iterable[Mapping[str, Any]]) -> list[Any]:
        """The annotations of all entries of a picture, loaded; they are not held any longer."""
        return [_load(each, *self.known) for one in images for each in self.annotations.pop(one["id"], ())]


def _index_tables(value: Mapping[str, Any], where: str) -> _Tables:
    """The tables by their ids; raises P2PError when they do not fit together."""
    try:
        categories = categories_of(value["categories"], where)
        images = {each["id"]: each for each in value["images"]}
        known = _by_text(images), _by_text(categories)
        annotations, dangling = _by_image(value["annotations"], images, *known)
    except (KeyError, TypeError) as error:
        what = f"is not valid COCO ({type(error).__name__}: {error})"
        raise P2PError(where, what, "Export it again.", code="damaged-labels") from error
    if not images:
        raise P2PError(where, "lists no images", "Export it again.", code="no-labels")
    if any(_entry_of(each) != _entry_of(images[each["id"]]) for each in value["images"]):
        raise P2PError(where, "two images have the same id", "Export it again.", code="duplicate-id")
    faults = tuple(_dangling_fault(_load(each, *known), categories, where) for each in dangling)
    if 2 * len(faults) > len(value["annotations"]):  # more than what is left of pictures that were taken out
        raise error_of(faults[0])
    return _Tables(images, categories, annotations, faults, known)


def _pictures(
    pictures: Iterable[Sequence[Mapping[str, Any]]], tables: _Tables, where: str, source: str, remarks: BoxRemarks
) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    """Where each picture, of one entry or several, is, and what reads it."""
    for entries in pictures:
        name = str(_name_of(entries[0]) or "")
        place = name or f"{where}: image {entries[0]['id']}"
        yield place, partial(_picture, entries, tables, f"{source}: {name}", remarks)


def _entry_of(image: Mapping[str, Any]) -> tuple[Any, ...]:
    """What an entry of a picture says; programs that merge files write some twice."""
    return (_name_of(image), image.get("width"), image.get("height"))


def _name_of(image: Mapping[str, Any]) -> Any:
    return next((image[key] for key in _NAMES if image.get(key)), None)


def _group_by_entry(images: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The entries of each picture: converters write one for every object, or for every file that they merge.

    Those that tell of two places are two pictures of one name.
    """
    found: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for each in images:
        own = str((_entry_of(each), [each.get(key) for key in _PLACES]))
        found[own if _name_of(each) else (each["id"],)].append(each)
    return list(found.values())


def _note_repeats(pictures: list[list[Mapping[str, Any]]], where: str) -> tuple[str, ...]:
    several = [each for each in pictures if len(each) > 1]
    if not several:
        return ()
    first, number = several[0], plural(len(several), "picture")
    return (
        f"{where}: {number} of one name and size listed under several ids, of which the annotations are united; the "
        f"first is {_picture_name(first[0])}, with {len(first)} ids.",
    )


def _note_ignored(uses: Mapping[str, Use], where: str) -> tuple[str, ...]:
    if not uses:
        return ()
    are = plural(sum(use.count for use in uses.values()), "annotation is", "annotations are")
    option = f"--map {shell_word(f'{min(uses)}=CLASS')}"
    return (f'{where}: {are} marked "ignore", and so their pixels are ignored; {option} paints them.',)


def _by_text(ids: Iterable[Any]) -> dict[str, Any]:
    """Ids by their text: a program may write 1 in one table and "1" in another."""
    texts = Counter(map(str, ids))
    return {str(each): each for each in ids if texts[str(each)] == 1}


def _respell(annotation: Any, images: Mapping[str, Any], categories: Mapping[str, Any]) -> Any:
    """An annotation whose ids are as the tables of images and categories have them."""
    if not isinstance(annotation, dict):
        return annotation
    told = [(key, known, annotation.get(key)) for key, known in (("image_id", images), ("category_id", categories))]
    other = {
        key: known[str(own)]
        for key, known, own in told
        if type(own) in (int, str) and type(known.get(str(own), own)) is not type(own)
    }
    return {**annotation, **other} if other else annotation


def _load(annotation: Any, *known: Mapping[str, Any]) -> Any:
    """An annotation in memory, with ids as the tables have them."""
    loaded = _respell(annotation.load() if isinstance(annotation, PackedAnnotation) else annotation, *known)
    return {**loaded, "segmentation": _outlines_of(loaded)} if isinstance(loaded, dict) else loaded


def _outlines_of(annotation: Mapping[str, Any]) -> Any:
    """The segmentation, which tables of other programs have as text, and without parts that are empty.

    Where none is left, that is one with a box alone, as an empty list is; without a box it is damage.
    """
    outlines = annotation.get("segmentation")
    if isinstance(outlines, str):
        outlines = parse_text(outlines)
    if not isinstance(outlines, list) or [] not in outlines:
        return outlines
    filled = [part for part in outlines if part != []]
    return filled if filled or annotation.get("bbox") else outlines


def _by_image(
    annotations: list[Any], images: Mapping[Any, Any], *known: Mapping[str, Any]
) -> tuple[dict[Any, list[Any]], list[Any]]:
    """The annotations of each image, and those of no image in the file, as they are given."""
    found: dict[Any, list[Any]] = defaultdict(list)
    dangling = []
    for each in annotations:
        told = {"image_id": each.image_id} if isinstance(each, PackedAnnotation) else each
        image = _respell(told, *known)["image_id"]
        if image in images:
            found[image].append(each)
        else:
            dangling.append(each)
    return found, dangling


def _dangling_fault(annotation: Mapping[str, Any], categories: Mapping[Any, str], where: str) -> RegionFault:
    category = annotation.get("category_id")
    label = categories.get(category, "") if isinstance(category, int | str) else ""
    what = f"annotation {annotation.get('id')} belongs to image {annotation['image_id']}, which is not in the file"
    return RegionFault(where, what, "Was it edited? Export it again.", "dangling-reference", label, "")


def categories_of(values: list[Any], where: str) -> Mapping[Any, str]:
    """Names by id; two categories of the same name become one label; two names for one id are an error."""
    names: dict[Any, str] = {}
    if values and all(isinstance(each, str) for each in values):
        what = "its categories are names without ids, which may count from 0 or from 1"
        to_do = f'Write them as "categories": [{{"id": 1, "name": {json.dumps(values[0])}}}, ...].'
        raise P2PError(where, what, to_do, code="damaged-labels")
    for each in values:
        name = str(each["name"])
        if names.setdefault(each["id"], name) != name:
            what = f"the categories '{names[each['id']]}' and '{name}' have the same id"
            raise P2PError(where, what, "Export it again.", code="duplicate-class")
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


def _picture(entries: Sequence[Mapping[str, Any]], tables: _Tables, source: str, remarks: BoxRemarks) -> RegionLabels:
    image, annotations, categories = entries[0], tables.take(entries), tables.categories
    name = _picture_name(image)
    size = size_from(image.get("width"), image.get("height"), name)
    drawing = RegionCollector()
    said = [_draw(each, categories, size, name, drawing, remarks) for each in annotations]
    dump = json.dumps([name, size, [each for each in said if each]])
    signature = hashlib.sha256(dump.encode()).hexdigest()
    boxes = tuple(around for each in annotations if (around := _box_around(each, categories, name)))
    return replace(drawing.labels_of(name, size, where=name, source=source, signature=signature), boxes=boxes)


def _picture_name(image: Mapping[str, Any]) -> str:
    """What the picture is called: LVIS has only its address, whose last folder is that of its split."""
    where, address = f"image {image['id']}", image.get("coco_url")
    if name := _name_of(image):
        return read_picture_name(name, where)
    if not address:
        raise bad_labels(where, "has no file_name", code="no-file-name")
    return "/".join(read_picture_name(address, where).split("/")[-2:])


def _draw(
    annotation: Mapping[str, Any],
    categories: Mapping[Any, str],
    size: Size | None,
    picture: str,
    drawing: RegionCollector,
    remarks: BoxRemarks,
) -> list[Any] | None:
    """Draw an annotation as one region, and give what its mask depends on; None where it cannot be painted at all.

    What its bbox tells against it is added to `remarks`.
    """
    where = f"{picture}: annotation {annotation.get('id')}"
    category = annotation.get("category_id")
    if not isinstance(category, int | float | str) or category not in categories:
        raise bad_labels(where, f"its category {category} is not in the file", code="unknown-class")
    label, outlines = categories[category], annotation.get("segmentation")
    if annotation.get("ignore") in (1, "1"):
        label += _IGNORED
    if isinstance(outlines, list) and outlines:
        parts = [
            (each, drawing.read(partial(_part, name, each, size, where), label, where=where))
            for name, each in parts_of(outlines)
        ]
        kept = [part for part, found in parts if found]
        shapes = [shape for _, found in parts for shape in found]
    else:
        shapes = drawing.read(partial(_shape, annotation, size, where), label, where=where)
        kept = outlines or [shape.outer.tolist() for shape in shapes if isinstance(shape, Polygon)]
    polygons = tuple(shape for shape in shapes if isinstance(shape, Polygon))
    runs = tuple(shape for shape in shapes if isinstance(shape, Runs))
    if not shapes:
        return None
    runs, in_rows = remarks.settle(polygons, runs, annotation.get("bbox"), where)
    drawing.regions.append(Region(read_label(label, where), polygons, runs, where))
    return [label, kept, "rows"] if in_rows else [label, kept]


def _part(name: str, value: Any, size: Size | None, where: str) -> Polygon | Runs:
    """One part of a list: a polygon, or runs as where a program wrote a list of masks."""
    if isinstance(value, dict):
        return _runs(value, size, where)
    refuse_run_lengths(name, value, size, where)
    return polygon(value, where, name=name)


def _runs(value: Mapping[str, Any], size: Size | None, where: str) -> Runs:
    mask = coco_runs(value, where)
    if size and mask.size != size:
        what = f"its RLE is for a picture of {mask.size}, not {size}"
        is_exchanged = mask.size == (size.height, size.width)
        to_do = (
            f'Is its "size" written as width, height? COCO\'s is [{size.height}, {size.width}]. '
            if is_exchanged
            else ""
        )
        raise P2PError(where, what, f"{to_do}Export the labels again.", code="mask-size")
    return mask


def _shape(annotation: Mapping[str, Any], size: Size | None, where: str) -> Polygon | Runs | str:
    """What an annotation draws whose outline is not a list of polygons: runs, or the box that CVAT writes."""
    outlines = annotation.get("segmentation")
    if isinstance(outlines, dict) and outlines:
        return _runs(outlines, size, where)
    if outlines:
        raise bad_labels(where, "its segmentation is not a list of polygons", code="damaged-labels")
    if not _is_box(annotation):
        return _EMPTY
    left, top, width, height = annotation["bbox"]
    return box_at(left, top, width, height, where, degrees=annotation["attributes"]["rotation"])


def _box_around(annotation: Mapping[str, Any], categories: Mapping[Any, str], picture: str) -> Region | None:
    """The box of an annotation without outline, as detection sets have; None where it has none with an area."""
    where, bbox = f"{picture}: annotation {annotation.get('id')}", annotation.get("bbox")
    if annotation.get("segmentation") or _is_box(annotation) or not isinstance(bbox, list) or len(bbox) != 4:
        return None
    left, top, width, height = (number(each, where, "its bbox") for each in bbox)
    if min(width, height) <= 0:
        return None
    label = categories[annotation["category_id"]]
    return Region(label, (box((left, top, left + width, top + height), where),), place=where)


def _is_box(annotation: Mapping[str, Any]) -> bool:
    """Whether a box was drawn: CVAT writes those without outline, and with the rotation of the box.

    Any other annotation without outline has a box around something else, which is not an outline.
    """
    attributes, bbox = annotation.get("attributes"), annotation.get("bbox")
    return isinstance(attributes, dict) and "rotation" in attributes and isinstance(bbox, list) and len(bbox) == 4
