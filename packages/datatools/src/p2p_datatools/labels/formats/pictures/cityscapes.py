"""Reads the Cityscapes tree: pictures of label ids, train ids or colours, or polygons, by the names of their files.

Nothing here may know a palette; ids and colours get the names that Cityscapes, or a list of classes beside them, has.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, sha256_file
from p2p_datatools.contract.files.listing import find_files
from p2p_datatools.contract.palette import Color, plain
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.formats.pictures.class_names import find_names
from p2p_datatools.labels.parsing.outlines import polygon
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, read_label, size_from
from p2p_datatools.labels.values import (
    VOID,
    ClassNames,
    ColorLabels,
    IndexLabels,
    LabelSet,
    PictureLabels,
    RegionLabels,
)

# Cordts et al. 2016, as in the scripts that come with the data set: the place in this list is the id.
_NAMES = (
    *("unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic", "ground"),  # from 0
    *("road", "sidewalk", "parking", "rail track"),  # from 7
    *("building", "wall", "fence", "guard rail", "bridge", "tunnel"),  # from 11
    *("pole", "polegroup", "traffic light", "traffic sign", "vegetation", "terrain", "sky"),  # from 17
    *("person", "rider", "car", "truck", "bus", "caravan", "trailer", "train", "motorcycle", "bicycle"),  # from 24
)
_TRAINED = (7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33)  # the ids of the train ids 0 to 18
LABEL_IDS = dict(enumerate(_NAMES))
TRAIN_IDS = {**{train: _NAMES[each] for train, each in enumerate(_TRAINED)}, 255: VOID}

# The colours of the same scripts; what they leave black is unlabelled, and a plate has the colour of its car.
_COLORS: dict[Color, str] = {
    **{(0, 0, 0): "unlabeled", (111, 74, 0): "dynamic", (81, 0, 81): "ground", (128, 64, 128): "road"},
    **{(244, 35, 232): "sidewalk", (250, 170, 160): "parking", (230, 150, 140): "rail track"},
    **{(70, 70, 70): "building", (102, 102, 156): "wall", (190, 153, 153): "fence", (180, 165, 180): "guard rail"},
    **{(150, 100, 100): "bridge", (150, 120, 90): "tunnel", (153, 153, 153): "pole", (250, 170, 30): "traffic light"},
    **{(220, 220, 0): "traffic sign", (107, 142, 35): "vegetation", (152, 251, 152): "terrain", (70, 130, 180): "sky"},
    **{(220, 20, 60): "person", (255, 0, 0): "rider", (0, 0, 142): "car", (0, 0, 70): "truck", (0, 60, 100): "bus"},
    **{(0, 0, 90): "caravan", (0, 0, 110): "trailer", (0, 80, 100): "train", (0, 0, 230): "motorcycle"},
    (119, 11, 32): "bicycle",
}

# ACDC and Dark Zurich have the ids, too, but call the files *_gt_labelIds.png, *_gt_labelColor.png, *_rgb_anon.png;
# *_gt_color.png and other plain words after _gt_ are any data set's.
_FILE = re.compile(
    r"(.+)_gt(Fine|Coarse|)_"
    r"(labelIds|labelTrainIds|labelColor|inv[A-Z]\w+|(?<!_gt_)(?:instanceIds|instanceTrainIds|color|polygons))\.\w+"
)
# In the order of preference where a picture has several.
_KINDS = ("labelIds", "labelTrainIds", "polygons", "color", "labelColor")


def is_cityscapes(path: Path) -> bool:
    """Whether any file below a folder is named as those of Cityscapes are."""
    return path.is_dir() and any(_FILE.fullmatch(file.name) for file in find_files(path, "*_gt*", strange=[]))


def read_cityscapes(folder: Path) -> LabelSet:
    """The labels below `folder`, all of one kind; raises P2PError when there are only single objects.

    A list of classes beside label ids or colours has their names: CVAT writes other sets in this form, too. One without
    colours that has Cityscapes' own names alone is of another numbering, such as that of the train ids.
    """
    found = [(file, match) for file in find_files(folder, "*_gt*") if (match := _FILE.fullmatch(file.name))]
    kinds = {match[3] for _, match in found}
    kind = next((kind for kind in _KINDS if kind in kinds), None)
    if kind is None:
        listed = " and ".join(sorted(kinds))
        what = f"has only {listed} of Cityscapes, which hold single objects" if kinds else "has no Cityscapes files"
        to_do = "Give the folder with its *_labelIds.png, *_labelTrainIds.png, *_polygons.json or *_color.png."
        raise P2PError(folder, what, to_do, code="no-labels")
    chosen = [(_photo(file, match, folder), file) for file, match in found if match[3] == kind]
    beside = tuple(file for file, match in found if match[3] != kind and file.suffix != ".json")
    others = ", ".join(sorted(kinds - {kind}))
    notes = (
        (f"{folder}: {plural(len(chosen), 'file')} *_{kind} read; the files of {others} are left out.",)
        if others
        else ()
    )
    if kind == "polygons":
        return _polygon_set(chosen, beside, notes)
    items = tuple(_label_pictures(chosen, kind, _find_list(folder)))
    return LabelSet("cityscapes", items, beside=beside, notes=notes, ignored=frozenset({VOID}))


def _find_list(folder: Path) -> ClassNames | None:
    listed = find_names(folder, folder)
    if listed is None or listed.colors:
        return listed
    named = {plain(name) for name in (*listed.numbers.values(), *listed.uncounted)}
    return None if named <= set(map(plain, (*_NAMES, VOID))) else listed


def _label_pictures(files: list[tuple[str, Path]], kind: str, listed: ClassNames | None) -> Iterator[PictureLabels]:
    """The pictures of ids or colours, whose names are those of a list beside them or else of Cityscapes."""
    own = listed if listed and listed.colors else ClassNames("Cityscapes' own names", colors=_COLORS)
    numbers = (listed.numbers or dict(enumerate(listed.uncounted))) if listed else LABEL_IDS
    for photo, file in files:
        if kind in ("color", "labelColor"):
            yield ColorLabels(photo, file, own.colors, listed=own)
        elif kind == "labelIds":
            yield IndexLabels(photo, file, numbers, listed=listed)
        else:
            yield IndexLabels(photo, file, TRAIN_IDS)


def _photo(file: Path, match: re.Match[str], folder: Path) -> str:
    ending = "leftImg8bit" if match[2] else "rgb_anon"
    return file.relative_to(folder).with_name(f"{match[1]}_{ending}.png").as_posix()


def _polygon_set(files: list[tuple[str, Path]], beside: tuple[Path, ...], notes: tuple[str, ...]) -> LabelSet:
    found = gather("cityscapes", ((str(file), partial(_picture, photo, file)) for photo, file in files))
    return replace(found, beside=beside, notes=notes)


def _picture(photo: str, file: Path) -> RegionLabels:
    value = read_json(file)
    try:
        size = size_from(value["imgWidth"], value["imgHeight"], str(file))
        objects = list(value["objects"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        what = f"is not a valid Cityscapes file ({type(error).__name__}: {error})"
        raise P2PError(file, what, "Fetch it again.", code="damaged-labels") from error
    drawing = RegionCollector()
    for place, each in drawing.objects(objects, "object", str(file)):
        if not each.get("deleted"):
            read = partial(polygon, each.get("polygon"), place, form="[[x, y], ...]")
            drawing.add(read, _label(each.get("label"), place), where=place)
    return drawing.labels_of(photo, size, where=str(file), source=file.name, signature=sha256_file(file))


def _label(value: Any, where: str) -> str:
    label = read_label(value, where)
    single = label.removesuffix("group")
    # "cargroup" is several cars that could not be separated.
    return single if single in _NAMES and label not in _NAMES else label
