"""Reads Label Studio: JSON and JSON-MIN, whose outlines are in percent of the picture and whose brushes are packed.

Nothing here may open a picture; the exported pictures of its brushes are only recognised, for they name no photo.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import is_picture_name
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.embedded import mask_runs
from p2p_datatools.labels.parsing.json_file import PackedValue, unpack
from p2p_datatools.labels.parsing.outlines import box_at, ellipse, number, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import (
    RegionCollector,
    gather,
    items_of,
    name_on_server,
    read_picture_name,
    size_from,
)
from p2p_datatools.labels.parsing.rle import packed_runs
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, Runs, bad_labels, without_labels

# What is said of a region or a whole picture, and drawn nowhere. JSON-MIN has no types, only their keys.
_REMARKS = frozenset({"choices", "taxonomy", "textarea", "text", "rating", "number", "datetime", "pairwise", "ranker"})

_BRUSH_FILE = re.compile(r"task-\d+-annotation-\d+-by-.+\.(?:png|npy)", re.IGNORECASE)


def is_labelstudio(value: Any) -> bool:
    """Whether a parsed JSON file is a list of Label Studio's tasks, or of the records of JSON-MIN."""
    return isinstance(value, list) and any(_is_task(each) or _is_record(each) for each in value)


def read_labelstudio(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of all tasks; one that nobody has labelled is skipped, and so is one that several have."""
    return gather("labelstudio", _pictures(value, where, source))


def is_labelstudio_task(value: Any) -> bool:
    """Whether a parsed JSON file is one task, or one annotation with its task, as a storage is given of each."""
    if _is_synced(value):
        return True
    known = _annotations(value) if _is_task(value) else None
    return bool(known) and all(isinstance(each, dict) and "result" in each for each in known or [])


def read_labelstudio_task(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of the only task in a file."""
    task = {**value["task"], "annotations": [value]} if _is_synced(value) else value
    return gather("labelstudio", _pictures([task], where, source))


def is_brush_folder(path: Path) -> bool:
    """Whether a folder holds the brushes of Label Studio, one file a brush."""
    return path.is_dir() and any(_BRUSH_FILE.fullmatch(file.name) for file in path.iterdir())


def brush_folder_error(path: Path) -> P2PError:
    """Why the brushes in a folder cannot be read: no other file tells what picture a task's number stands for."""
    what = "holds brushes exported from Label Studio, whose names tell a task's number but not its picture"
    to_do = "Export the project as JSON, which has the same brushes and the names of their pictures."
    return P2PError(path, what, to_do, code="no-file-name")


def _is_task(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        return False
    # A task that was written to be imported may have nothing but what a model predicts.
    return isinstance(_find_annotations(value), list | PackedValue) or isinstance(value.get("predictions"), list)


def _is_synced(value: Any) -> bool:
    """Whether it is an annotation in which its task lies, instead of a task with its annotations."""
    task = value.get("task") if isinstance(value, dict) and isinstance(value.get("result"), list) else None
    return isinstance(task, dict) and isinstance(task.get("data"), dict)


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and ("annotation_id" in value or "completion_id" in value)


def _annotations(task: Mapping[str, Any]) -> list[Any] | None:
    found = unpack(_find_annotations(task))
    return found if isinstance(found, list) else None


def _find_annotations(task: Mapping[str, Any]) -> Any:
    return task.get("annotations", task.get("completions"))  # which versions before 1.0 wrote


def _pictures(values: Iterable[Any], where: str, source: str) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for count, each in enumerate(values, start=1):
        name = f"task {each.get('id', count) if isinstance(each, dict) else count}"
        yield f"{where}: {name}", partial(_picture, each, f"{where}: {name}", f"{source}: {name}")


def _picture(value: Any, where: str, source: str) -> RegionLabels:
    if _is_task(value):
        shapes = _task_shapes(value, where)
        name = _picture_name(_data_of_regions(value["data"], shapes, where), value.get("file_upload"), where)
        return _labels(name, shapes, where, source)
    if _is_record(value):
        return _labels(_picture_name(value, None, where), _record_shapes(value), where, source)
    raise P2PError(where, "is not a task with data and annotations", "Export it again.", code="damaged-labels")


def _data_of_regions(data: Mapping[str, Any], shapes: list[Any], where: str) -> Mapping[str, Any]:
    """The data of a task, or of them the one picture that its regions say they lie on (`to_name`).

    Raises P2PError for regions on several: their coordinates are shares, and so fit each of these pictures. Of a task
    with one picture all regions lie on that, which may be shown under several names.
    """
    named = [each.get("to_name") for each in shapes if isinstance(each, dict) and not _is_remark(each)]
    pictures = sorted({name for name in named if isinstance(name, str)})
    if len(pictures) > 1 and len({each for each in data.values() if _may_be_picture(each)}) > 1:
        what = f"its regions lie on {len(pictures)} pictures: {', '.join(pictures)}"
        raise P2PError(where, what, "Make each picture a task of its own.", code="several-pictures")
    own = {name: data[name] for name in pictures if isinstance(data.get(name), str) and _is_picture(data[name])}
    return own or data


def _picture_name(data: Mapping[str, Any], upload: Any, where: str) -> str:
    """What a task calls its picture: under `image`, or the only key that holds the name of one, or as uploaded."""
    said = data.get("image")
    if isinstance(said, list):
        if len(said) != 1:
            what = f"is of {len(said)} pictures"
            raise P2PError(where, what, "Make each picture a task of its own.", code="several-pictures")
        said = said[0]
    named = [each for each in data.values() if isinstance(each, str) and _is_picture(each)]
    if not (isinstance(said, str) and _is_picture(said)):
        said = next(iter(named), None) if len({*named}) == 1 else upload or said
    if isinstance(said, str) and said.startswith("data:"):
        what = "has its picture in itself, without a name"
        raise P2PError(where, what, "Upload the picture as a file.", code="no-file-name")
    return read_picture_name(_name_in_address(said) if isinstance(said, str) else said, where)


def _is_picture(address: str) -> bool:
    return is_picture_name(_name_in_address(address))


def _may_be_picture(value: Any) -> bool:
    """Whether a value of a task is the name of a picture, or an address, which need not tell what is there."""
    return isinstance(value, str) and (_is_picture(value) or "://" in value)


def _name_in_address(address: str) -> str:
    """The name of a picture that may be a path on the server (/data/upload/1/car.png, ?d=car.png) or an address."""
    told = name_on_server(address)
    path = (address if told is None else told).partition("?")[0]
    is_served = path.startswith("/data/upload/") or "://" in path
    if is_served:
        return path.rpartition("/")[2]
    return address if told is None else told


def _task_shapes(task: Mapping[str, Any], where: str) -> list[Any]:
    """What the one annotation of a task that counts has drawn, each as one table."""
    given = [each for each in _annotations(task) or [] if isinstance(each, dict)]
    # Before 0.7 one that was cancelled was called skipped.
    annotations = [each for each in given if not (each.get("was_cancelled") or each.get("skipped"))]
    true = [each for each in annotations if each.get("ground_truth")]
    if len(annotations) > 1 and len(true) != 1:
        what = f"has {len(annotations)} annotations, and not one of them is the ground truth"
        to_do = "Mark the right one as ground truth, or delete the others, and export the project again."
        raise P2PError(where, what, to_do, code="several-labels")
    if not annotations:
        why = "skipped by its annotator" if given else "not labelled by anyone"
        predicted = ", only predicted by a model" if task.get("predictions") else ""
        raise without_labels(where, f"was {why}{predicted}")
    results = items_of((true or annotations)[0].get("result"), "results", where)
    return [
        {**each, **each["value"]} if isinstance(each, dict) and isinstance(each.get("value"), dict) else each
        for each in results
        if not (isinstance(each, dict) and each.get("type") == "relation")
    ]


def _record_shapes(record: Mapping[str, Any]) -> list[Any]:
    """What a record of JSON-MIN has drawn: all that is of a size or has labels, whatever the control is called."""
    lists = [value for value in record.values() if isinstance(value, list)]
    return [
        each
        for values in lists
        for each in values
        if isinstance(each, dict) and ("original_width" in each or _labels_of(each))
    ]


def _labels(name: str, shapes: list[Any], where: str, source: str) -> RegionLabels:
    collector = RegionCollector()
    places = list(collector.objects(shapes, "region", where))
    size = _size([pair for pair in places if not _is_remark(pair[1])], where)
    # A region that was drawn first and labelled then stands there twice, once without its label.
    labelled = [shape["id"] for _, shape in places if "id" in shape and _labels_of(shape)]
    chosen = {_id_of(shape): choices for _, shape in places if (choices := _choices_of(shape))}
    for place, shape in places:
        labels = _labels_of(shape) or (chosen.get(own, []) if (own := _id_of(shape)) else [])
        if not _is_remark(shape) and (labels or shape.get("id") not in labelled):
            collector.add(partial(_shape, shape, size, place), *labels, where=place)
    return collector.labels_of(name, size, where=where, source=source)


def _labels_of(shape: Mapping[str, Any]) -> list[Any]:
    return [
        label for key, value in shape.items() if key.endswith("labels") and isinstance(value, list) for label in value
    ]


def _id_of(shape: Mapping[str, Any]) -> str:
    own = shape.get("id")
    return own if isinstance(own, str) else ""


def _choices_of(shape: Mapping[str, Any]) -> list[Any]:
    """What was chosen for a region, which is its class where it has no label (choices with perRegion)."""
    found = shape.get("choices") if shape.get("type") == "choices" else None
    return found if isinstance(found, list) else []


def _is_remark(shape: Mapping[str, Any]) -> bool:
    if {"start", "end"} <= shape.keys():  # words of a text, or seconds of a sound, beside the picture
        return True
    kind = shape.get("type")
    if isinstance(kind, str):
        return kind.lower() in _REMARKS
    return not _labels_of(shape) and not _REMARKS.isdisjoint(shape)


def _size(places: list[tuple[str, dict[str, Any]]], where: str) -> Size | None:
    """The size of the picture, which every region tells; None where there is no region."""
    sizes = {size_from(shape.get("original_width"), shape.get("original_height"), place) for place, shape in places}
    if len(sizes) > 1:
        what = f"its regions are of pictures of {' and '.join(sorted(map(str, sizes)))}"
        raise bad_labels(where, what, code="mask-size")
    size = next(iter(sizes), None)
    if places and size is None:
        what = "its regions do not tell the size of their picture, of which they are shares"
        raise P2PError(where, what, "Open the task in Label Studio, save it and export it again.", code="no-size")
    for place, shape in places:
        if shape.get("image_rotation"):
            what = f"was drawn on the picture turned by {shape['image_rotation']} degrees"
            to_do = "Turn the picture itself, label it as it is and export it again."
            raise P2PError(place, what, to_do, code="turned-picture")
        if shape.get("item_index"):
            what = "is of another picture of its task"
            raise P2PError(place, what, "Make each picture a task.", code="several-pictures")
    return size


def _shape(shape: Mapping[str, Any], size: Size | None, where: str) -> Polygon | Runs | str:
    """A region by the keys of its value, by which Label Studio itself tells them."""
    assert size is not None, "a region tells the size of its picture"
    if "rle" in shape:
        return _brush(shape, size, where)
    if "imageDataURL" in shape:
        return _bitmask(shape, size, where)
    if "points" in shape:
        return _polygon(shape, size, where)
    if "vertices" in shape:
        return _vector(shape, size, where)
    if "radiusX" in shape:
        centre, radii = _percents(shape, ("x", "y"), size, where), _percents(shape, ("radiusX", "radiusY"), size, where)
        return ellipse(centre, radii, where, degrees=shape.get("rotation") or 0)
    if {"x", "y", "width", "height"} <= shape.keys():
        (left, top), (width, height) = (
            _percents(shape, names, size, where) for names in (("x", "y"), ("width", "height"))
        )
        degrees = shape.get("rotation") or 0
        return box_at(left, top, width, height, where, degrees=degrees, about_corner=True)
    if {"x", "y"} <= shape.keys():
        return "keypoint"
    known = ("polygons", "vectors", "rectangles", "ellipses", "brushes", "bitmasks", "key points")
    raise unknown_shape(where, f"its type {shape.get('type')!r}", known)


def _percents(shape: Mapping[str, Any], names: tuple[str, str], size: Size, where: str) -> tuple[float, float]:
    x, y = (number(shape.get(name), where, f"its {name}") for name in names)
    return x / 100 * size.width, y / 100 * size.height


def _polygon(shape: Mapping[str, Any], size: Size, where: str) -> Polygon | str:
    if shape.get("closed") is False:
        return "open polygon"
    outline = polygon(items_of(shape["points"], "points", where), where, form="[[x, y], ...]", name="points")
    return replace(outline, outer=outline.outer / 100 * np.array(size, dtype=np.float64))


def _vector(shape: Mapping[str, Any], size: Size, where: str) -> Polygon | str:
    """A path of points that are objects; curves between them are not read, for they would become straight."""
    vertices = items_of(shape["vertices"], "vertices", where)
    if not all(isinstance(each, dict) for each in vertices):
        raise bad_labels(where, "its vertices are not objects", code="damaged-labels")
    if not shape.get("closed"):
        return "open vector"
    if any(each.get("isBezier") for each in vertices):
        raise unknown_shape(where, "its curve (Bezier)")
    return _polygon({"points": [[each.get("x"), each.get("y")] for each in vertices]}, size, where)


def _brush(shape: Mapping[str, Any], size: Size, where: str) -> Runs:
    if shape.get("format", "rle") != "rle":
        raise bad_labels(where, f"its brush has the format {shape['format']!r}", code="bad-rle")
    return packed_runs(shape["rle"], size, where)


def _bitmask(shape: Mapping[str, Any], size: Size, where: str) -> Runs:
    text = shape["imageDataURL"]
    content = text.partition(",")[2] if isinstance(text, str) and text.startswith("data:") else text
    runs = mask_runs(content, where, by_alpha=True)
    if runs.size != size:
        raise bad_labels(where, f"its mask is {runs.size}, its picture {size}", code="mask-size")
    return runs
