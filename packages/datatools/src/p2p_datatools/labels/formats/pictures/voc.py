"""Reads Pascal VOC's SegmentationClass, also as written by labelling tools: pictures and a list of classes.

Nothing here may know a palette; numbers and colours are turned into the names that VOC or the list gives them.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError, skip_of
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.palette import BACKGROUND, Color
from p2p_datatools.contract.pictures.index import read_index_picture
from p2p_datatools.contract.words import path_word, plural
from p2p_datatools.labels.formats.pictures.class_names import LABEL_MAP, NO_CLASS, find_names
from p2p_datatools.labels.formats.pictures.folders import has_colors, pick_evenly
from p2p_datatools.labels.values import VOID, ClassNames, ColorLabels, IndexLabels, LabelSet

VOC_BORDER = (224, 224, 192)
"""The colour of the border around objects, which is ignored; its number is 255."""
_FOLDER, _OBJECTS, _CLASS_NAMES = "SegmentationClass", "SegmentationObject", "class_names.txt"
# Everingham et al. 2010: the place in this list is the class number; 255 is the border around objects.
VOC_CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car"),  # from 0
    *("cat", "chair", "cow", "diningtable", "dog", "horse", "motorbike", "person"),  # from 8
    *("pottedplant", "sheep", "sofa", "train", "tvmonitor"),  # from 16
)


def color_table() -> list[Color]:
    """VOC's 256 colours: the bits of a class number, spread over the channels from the highest bit down."""
    table = []
    for number in range(256):
        channels = [0, 0, 0]
        for bit in range(8):
            channels[bit % 3] |= ((number >> bit) & 1) << (7 - bit // 3)
        red, green, blue = channels
        table.append((red, green, blue))
    return table


_VOC = ClassNames(
    "Pascal VOC's own names",
    {**dict(enumerate(VOC_CLASSES)), 255: VOID},
    {**dict(zip(color_table(), VOC_CLASSES, strict=False)), VOC_BORDER: VOID},
)


def is_voc(path: Path) -> bool:
    """Whether a folder is SegmentationClass or SegmentationObject, holds the former, or has a list in VOC's form."""
    return path.is_dir() and (path.name == _OBJECTS or _folder(path) is not None or (path / LABEL_MAP).is_file())


def read_voc(path: Path) -> LabelSet:
    """The pictures in SegmentationClass; raises P2PError when there are none, or the list of classes is damaged."""
    if path.name == _OBJECTS:
        what = "holds single objects, whose numbers and colours are not those of classes"
        to_do = f"Give {_FOLDER}, which lies beside it; if they are classes all the same, add --format index or colors."
        raise P2PError(path, what, to_do, code="no-labels")
    folder = _folder(path) or path
    strange: list[P2PError] = []
    pictures = [file for file in find_pictures(folder, strange=strange) if file.suffix.lower() in (".png", ".bmp")]
    pictures = pictures or find_pictures(folder, frozenset({".npy"}), strange=strange)  # of labelme2voc before 2022
    if not pictures:
        raise _no_pictures(folder)
    skipped = tuple(skip_of(error, str(folder)) for error in strange)
    found = find_names(folder, folder)
    listed = _with_border(_count(found)) if found else _VOC
    given = LabelSet("voc", (), skipped=skipped, ignored=frozenset({VOID, NO_CLASS}), notes=_notes(found, pictures[0]))
    named = [(file.relative_to(folder).as_posix(), file) for file in pictures]
    if listed.colors and (found or any(has_colors(file) for file in pick_evenly(pictures, 5))):
        return replace(
            given,
            items=tuple(ColorLabels(name, file, listed.colors, listed=listed, judge=True) for name, file in named),
        )
    _check_table(pictures[0])
    names = listed.numbers or None
    return replace(given, items=tuple(IndexLabels(name, file, names, listed=listed) for name, file in named))


def _no_pictures(folder: Path) -> P2PError:
    """The error that a folder has no class pictures; of others, such as JPEG, the way to read their colours."""
    others = find_pictures(folder, strange=[])
    what = "has no class pictures (.png, .bmp or .npy)"
    if not others:
        to_do = f"Give VOC's {_FOLDER}, or the folder it lies in."
    else:
        what = f"{what}, but {plural(len(others), 'picture')} such as {others[0].name}"
        way = f"give {path_word(folder)} with --format colors"
        to_do = f"If they are in the palette's colours, {way}; otherwise export them as PNG."
    return P2PError(folder, what, to_do, code="no-pictures")


def _notes(found: ClassNames | None, picture: Path) -> tuple[str, ...]:
    """What is assumed of the names of classes."""
    if not found:
        nothing = f"has no {_CLASS_NAMES} or {LABEL_MAP} beside it; Pascal VOC's own names are assumed."
        return (f"{picture.parent}: {nothing}",)
    if found.uncounted and not found.colors:
        return (f"{found.source}: does not begin with the background, so its first name is taken for the number 1.",)
    return ()


def _count(found: ClassNames) -> ClassNames:
    """A list whose names count from 1 where it leaves out the background, whose number is 0 in VOC."""
    if not found.uncounted or found.colors:
        return found
    return replace(found, numbers={0: BACKGROUND, **dict(enumerate(found.uncounted, start=1))})


def _with_border(listed: ClassNames) -> ClassNames:
    """A list of classes, and VOC's number and colour for the border around objects."""
    numbers = {255: VOID, **listed.numbers} if listed.numbers else listed.numbers
    colors = {**listed.colors, VOC_BORDER: listed.colors.get(VOC_BORDER, VOID)} if listed.colors else listed.colors
    return replace(listed, numbers=numbers, colors=colors)


def _folder(path: Path) -> Path | None:
    if path.name == _FOLDER:
        return path
    found = sorted(each for each in (*path.glob(_FOLDER), *path.glob(f"*/{_FOLDER}")) if each.is_dir())
    if len(found) > 1:
        what = f"has {len(found)} folders {_FOLDER}: {', '.join(map(str, found))}"
        raise P2PError(path, what, "Give one of them.", code="several-folders")
    return found[0] if found else None


def _check_table(picture: Path) -> None:
    """Raise P2PError when a palette picture has other colours than VOC's, and so perhaps other classes."""
    try:
        found = read_index_picture(picture)
    except P2PError:
        return  # reported when the masks are built
    used = np.flatnonzero(np.bincount(found.values.ravel(), minlength=256))
    if found.table is not None and used.max() < len(found.table):
        used = used[used != 255]
        if (found.table[used] != np.array(color_table(), dtype=np.uint8)[used]).any():
            what = "has other colours than VOC's, so its numbers may mean other classes"
            to_do = f"Add {LABEL_MAP} with lines NAME:R,G,B::, or read it as --format index or --format colors."
            raise P2PError(picture, what, to_do, code="other-colour-table")
