"""Finds out which format labels have, and reads them by that format's reader.

Nothing here may know how a format is built; each reader says whether something is of its format.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2p_datatools.annotations.cityscapes import is_cityscapes, read_cityscapes
from p2p_datatools.annotations.cmp import is_cmp, read_cmp
from p2p_datatools.annotations.coco import is_coco, read_coco
from p2p_datatools.annotations.index import holds_colors, read_color_folder, read_index_folder
from p2p_datatools.annotations.values import LabelSet
from p2p_datatools.annotations.voc import is_voc, read_voc
from p2p_datatools.annotations.yolo import is_yolo, read_yolo
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import read_json
from p2p_datatools.contract.images import find_pictures


@dataclass(frozen=True)
class Reader:
    """One format: whether a file or folder that exists is of it, how to read it, and in words what is looked for."""

    name: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], LabelSet]
    looked_for: str


def read_labels(path: Path, format: str = "auto") -> LabelSet:  # noqa: A002 - it is the option's name
    """The labels in a file or folder; `format` is one of FORMATS.

    Raises P2PError when it is none of what was looked for, or damaged, and UsageError for an unknown format.
    """
    if format not in FORMATS:
        raise UsageError(f"--format {format}: there is no such format; there are {', '.join(FORMATS)}.")
    if not path.exists():
        raise P2PError(f"{path}: there is no such file or folder. Check the spelling.")
    chosen = next(
        (each for each in READERS if (each.recognises(path) if format == "auto" else each.name == format)), None
    )
    if chosen is None:
        raise _unknown(path)
    return chosen.read(path)


def _unknown(path: Path) -> P2PError:
    if path.is_dir():
        what = "holds no labels of a format that is known" if any(path.iterdir()) else "is empty"
    elif path.suffix.lower() == ".json":
        what = "is JSON, but of no form that is known"
    else:
        what = "is no label file that is known"
    return P2PError(f"{path}: {what}. Looked for: {'; '.join(each.looked_for for each in READERS)}.")


def _is_coco(path: Path) -> bool:
    return is_coco(read_json(path)) if path.suffix.lower() == ".json" else path.is_dir() and bool(_coco_files(path))


def _read_coco(path: Path) -> LabelSet:
    if path.is_dir():
        return _read_only_one(_coco_files(path), path)
    return read_coco(read_json(path), where=str(path), source=path.name)


def _coco_files(folder: Path) -> dict[Path, Any]:
    """The COCO files that lie directly in `folder`, parsed."""
    files = (file for file in sorted(folder.glob("*.json")) if not file.name.startswith("."))
    return {file: value for file in files if is_coco(value := read_json(file))}


def _read_only_one(files: dict[Path, Any], folder: Path) -> LabelSet:
    if len(files) != 1:
        names = " and ".join(file.name for file in files) or "none"
        raise P2PError(f"{folder}: has to hold one COCO file and holds {names}. Name the file that is meant.")
    ((file, value),) = files.items()
    return read_coco(value, where=str(file), source=file.name)


def _in_folder(read: Callable[[Path], LabelSet]) -> Callable[[Path], LabelSet]:
    """A reader of pictures that says so when it is given one of them."""

    def read_folder(path: Path) -> LabelSet:
        if path.is_file():
            raise P2PError(f"{path}: is a file, but label pictures lie in a folder. Give the folder.")
        return read(path)

    return read_folder


# The first that fits is taken, so that what is told by names of files and folders stands before what any picture fits.
READERS = (
    Reader(
        "coco",
        _is_coco,
        _read_coco,
        "a .json file in COCO form (an object with images, annotations and categories) or a folder with one",
    ),
    Reader("cityscapes", is_cityscapes, read_cityscapes, "files of Cityscapes (*_gtFine_labelIds.png)"),
    Reader("voc", is_voc, read_voc, "Pascal VOC's folder SegmentationClass"),
    Reader("yolo", is_yolo, read_yolo, "YOLO's text files with a data.yaml"),
    # Where the masks of CMP facades lie beside, these are exact.
    Reader("cmp", lambda path: is_cmp(path) and not any(path.glob("*.png")), read_cmp, "XML files of CMP facades"),
    Reader(
        "colors",
        lambda path: path.is_dir() and holds_colors(path),
        _in_folder(read_color_folder),
        "a folder of pictures in the palette's colours",
    ),
    Reader(
        "index",
        lambda path: path.is_dir() and bool(find_pictures(path)),
        _in_folder(read_index_folder),
        "a folder of index pictures (.png)",
    ),
)
FORMATS = ("auto", *(each.name for each in READERS))
