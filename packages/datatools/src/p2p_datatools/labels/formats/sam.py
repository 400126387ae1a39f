"""Reads what Segment Anything writes: masks without classes, as files of SA-1B, lists of runs, or folders of PNG.

Nothing here may guess what a mask shows: all are unnamed, so that somebody has to say what they are, but for those of
Grounded SAM, which finds what it is asked for.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_text
from p2p_datatools.contract.files.listing import find_files, find_pictures
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.embedded import mask_file_runs
from p2p_datatools.labels.parsing.regions import UNNAMED, RegionCollector, gather, read_picture_name, size_from
from p2p_datatools.labels.parsing.rle import coco_runs
from p2p_datatools.labels.values import LabelSet, Region, RegionLabels

_TABLE = "metadata.csv"
_FIRST_COLUMNS = ("id", "area", "bbox_x0", "bbox_y0")


def is_sa_1b(value: Any) -> bool:
    """Whether a parsed JSON file is one of SA-1B's: a picture, and annotations that are runs without a category."""
    if not isinstance(value, dict) or not isinstance(value.get("image"), dict):
        return False
    return "file_name" in value["image"] and isinstance(value.get("annotations"), list)


def is_grounded_sam(value: Any) -> bool:
    """Whether a parsed JSON file has the results of Grounded SAM 2 for one picture."""
    own = {"image_path", "annotations", "img_width", "img_height"}
    return isinstance(value, dict) and value.keys() >= own and isinstance(value["annotations"], list)


def is_sam_list(value: Any) -> bool:
    """Whether a parsed JSON file is a list of masks as the generator makes them, all with the model's own scores."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(each, dict) and {"segmentation", "predicted_iou", "stability_score"} <= each.keys()
            for each in value
        )
    )


def is_sam_folder(path: Path) -> bool:
    """Whether a folder has the generator's table of masks, beside these, in it or in one of its folders."""
    return path.is_dir() and any(_is_table(file) for file in (path / _TABLE, *sorted(path.glob(f"*/{_TABLE}"))))


def read_sa_1b(value: Any, *, where: str, source: str) -> LabelSet:
    """The masks of one picture of SA-1B."""
    image = value["image"]
    told = image["file_name"], image.get("width"), image.get("height")
    return _add_note(gather("sam", [(where, partial(_read_named, value["annotations"], told, where, source))]), where)


def read_grounded_sam(value: Any, *, where: str, source: str) -> LabelSet:
    """The masks of one picture by the classes that Grounded SAM 2 was asked for."""
    told = value["image_path"], value["img_width"], value["img_height"]
    return _add_note(gather("sam", [(where, partial(_read_named, value["annotations"], told, where, source))]), where)


def read_sam_list(value: Any, *, where: str, source: str) -> LabelSet:
    """The masks in the file of one picture, which is called as the file is."""
    name = str(PurePosixPath(source).with_suffix(""))
    return _add_note(gather("sam", [(where, partial(_of_runs, value, name, None, where, source))]), where)


def read_sam_folder(folder: Path) -> LabelSet:
    """The masks in all folders below that have a table; each is called as its picture is."""
    tables = [file for file in find_files(folder, _TABLE) if _is_table(file)]
    if not tables:
        what = f"has no {_TABLE} of Segment Anything in it or below"
        raise P2PError(folder, what, "Give the folder that its script wrote.", code="no-labels")
    pictures: Iterable[tuple[str, Callable[[], RegionLabels]]] = [
        (str(table.parent), partial(_of_files, table, folder)) for table in tables
    ]
    masks = tuple(file for table in tables for file in find_pictures(table.parent, strange=[]))
    return replace(_add_note(gather("sam-folder", pictures), str(folder)), beside=masks)


def _add_note(labels: LabelSet, where: str) -> LabelSet:
    unnamed = labels.labels.get(UNNAMED)
    if unnamed is None:
        return labels
    note = f"{where}: Segment Anything names no classes, so that its {unnamed.count} masks are called '{UNNAMED}'."
    return replace(labels, notes=(note,))


def _read_named(masks: list[Any], told: tuple[Any, Any, Any], where: str, source: str) -> RegionLabels:
    """The masks of a picture whose name and sides the file has."""
    name, width, height = told
    return _of_runs(masks, read_picture_name(name, where), size_from(width, height, where), where, source)


def _of_runs(masks: list[Any], name: str, size: Size | None, where: str, source: str) -> RegionLabels:
    drawing = RegionCollector()
    for place, each in drawing.objects(masks, "mask", where):
        drawing.add(partial(coco_runs, each.get("segmentation"), place), each.get("class_name"), where=place)
    return _picture(drawing, name, size, where, source)


def _of_files(table: Path, folder: Path) -> RegionLabels:
    """The masks 0.png, 1.png, ...: those that lie there, and those that the table lists, which have to lie there."""
    listed = [row.get("id") or "" for row in _rows(table)]
    for number in listed:
        if not _is_number(number):
            what = f"has the id {number!r}, which is not the number of a mask"
            raise P2PError(table, what, "Make the masks again.", code="bad-number")
    numbers = {int(number) for number in listed} | {int(file.stem) for file in _masks(table)}
    files = [table.with_name(f"{number}.png") for number in sorted(numbers)]
    relative = table.parent.relative_to(folder).as_posix()
    where, name = str(table.parent), table.parent.name if relative == "." else relative
    drawing = RegionCollector()
    for file in files:
        drawing.add(partial(mask_file_runs, file), where=str(file))
    return _picture(drawing, read_picture_name(name, where), None, where, name)


def _masks(table: Path) -> list[Path]:
    """The masks beside a table; a matting that its script may add to each is another picture."""
    return [file for file in find_pictures(table.parent, strange=[]) if file.suffix == ".png" and _is_number(file.stem)]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _picture(drawing: RegionCollector, name: str, size: Size | None, where: str, source: str) -> RegionLabels:
    """The labels of a picture, all of whose masks have its size, or else that of most of them."""
    sizes = Counter(region.runs[0].size for region in drawing.regions).most_common(2)
    if size is None and len(sizes) == 2 and sizes[0][1] == sizes[1][1]:
        what = f"its masks are for pictures of {sizes[0][0]} and of {sizes[1][0]}"
        raise P2PError(where, what, "Fetch or make the masks again.", code="mask-size")
    size = size or (sizes[0][0] if sizes else None)
    if size is not None:
        drawing.keep(lambda region: _refuse_other_size(region, size))
    return drawing.labels_of(name, size, where=where, source=source)


def _refuse_other_size(region: Region, size: Size) -> None:
    if (found := region.runs[0].size) != size:
        what = f"its mask is for a picture of {found}, not {size}"
        raise P2PError(region.place, what, "Fetch or make the masks again.", code="mask-size")


def _is_table(file: Path) -> bool:
    if not file.is_file():
        return False
    with open_file(file) as table:
        line = table.readline(4096)
    return tuple(line.decode("utf-8", "replace").strip().split(",")[:4]) == _FIRST_COLUMNS


def _rows(table: Path) -> list[Mapping[str, str]]:
    try:
        return list(csv.DictReader(io.StringIO(read_text(table), newline=""), strict=True))
    except csv.Error as error:
        raise P2PError(table, f"is not valid CSV ({error})", "Make the masks again.", code="bad-csv") from error
