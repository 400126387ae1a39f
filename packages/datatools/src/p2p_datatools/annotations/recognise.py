"""Finds out which format labels have, and reads them by that format's reader.

Nothing here may know how a format is built; each reader says whether something is of its format.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from p2p_datatools.annotations.cityscapes import is_cityscapes, read_cityscapes
from p2p_datatools.annotations.cmp import is_cmp, read_cmp
from p2p_datatools.annotations.index import holds_colors, read_color_folder, read_index_folder
from p2p_datatools.annotations.labelfiles import LabelFiles
from p2p_datatools.annotations.values import LabelSet
from p2p_datatools.annotations.voc import is_voc, read_voc
from p2p_datatools.annotations.yolo import is_yolo, read_yolo
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.images import find_pictures


@dataclass(frozen=True)
class Reader:
    """One format: whether the label files of a place are of it, how to read them, and in words what is looked for.

    One with `forms` is told by what is in the files, any other by the names of files and folders.
    """

    name: str
    recognises: Callable[[LabelFiles], bool]
    read: Callable[[LabelFiles], LabelSet]
    looked_for: str
    forms: bool = False


def read_labels(path: Path, format: str = "auto") -> LabelSet:  # noqa: A002 - it is the option's name
    """The labels in a file or folder; `format` is one of FORMATS.

    Raises P2PError when it is none of what was looked for, or damaged, and UsageError for an unknown format.
    """
    if format not in FORMATS:
        raise UsageError(f"--format {format}: there is no such format; there are {', '.join(FORMATS)}.")
    if not path.exists():
        raise P2PError(f"{path}: there is no such file or folder. Check the spelling.")
    files = LabelFiles(path)
    chosen = next(
        (each for each in READERS if (each.recognises(files) if format == "auto" else each.name == format)), None
    )
    if format == "auto" and (chosen is None or chosen.forms or chosen in PICTURES):
        _refuse_mixture(files)
        if files.damaged and not files.forms:
            raise files.damaged[0]
    if chosen is None:
        raise _unknown(path)
    return chosen.read(files)


def _refuse_mixture(files: LabelFiles) -> None:
    names = {form.format: path for path, form in files.forms.items()}
    if len(names) > 1:
        listed = " and ".join(f"{name} ({path.relative_to(files.place)})" for name, path in names.items())
        raise P2PError(f"{files.place}: holds labels of several formats: {listed}. Say with --format which is meant.")


def _unknown(path: Path) -> P2PError:
    if path.is_dir():
        what = "holds no labels of a format that is known" if any(path.iterdir()) else "is empty"
    elif path.suffix.lower() == ".json":
        what = "is JSON, but of no form that is known"
    else:
        what = "is no label file that is known"
    return P2PError(f"{path}: {what}. Looked for: {'; '.join(each.looked_for for each in READERS)}.")


def _of_files(name: str, looked_for: str) -> Reader:
    return Reader(name, lambda files: bool(files.of(name)), lambda files: files.read(name), looked_for, forms=True)


def _of_place(name: str, is_it: Callable[[Path], bool], read: Callable[[Path], LabelSet], looked_for: str) -> Reader:
    return Reader(name, lambda files: is_it(files.place), lambda files: read(files.place), looked_for)


def _in_folder(read: Callable[[Path], LabelSet]) -> Callable[[Path], LabelSet]:
    """A reader of pictures that says so when it is given one of them."""

    def read_folder(path: Path) -> LabelSet:
        if path.is_file():
            raise P2PError(f"{path}: is a file, but label pictures lie in a folder. Give the folder.")
        return read(path)

    return read_folder


# What any folder of pictures fits.
PICTURES = (
    _of_place(
        "colors",
        lambda path: path.is_dir() and holds_colors(path),
        _in_folder(read_color_folder),
        "a folder of pictures in the palette's colours",
    ),
    _of_place(
        "index",
        lambda path: path.is_dir() and bool(find_pictures(path, strange=[])),
        _in_folder(read_index_folder),
        "a folder of index pictures (.png)",
    ),
)
# The first that fits is taken, so that what is told by names of files and folders stands before what any picture fits.
READERS = (
    _of_place("cityscapes", is_cityscapes, read_cityscapes, "files of Cityscapes (*_gtFine_labelIds.png)"),
    _of_place("voc", is_voc, read_voc, "Pascal VOC's folder SegmentationClass"),
    _of_place("yolo", is_yolo, read_yolo, "YOLO's text files with a data.yaml"),
    # Where the masks of CMP facades lie beside, these are exact.
    _of_place("cmp", lambda path: is_cmp(path) and not any(path.glob("*.png")), read_cmp, "XML files of CMP facades"),
    _of_files("panoptic", "COCO panoptic (a .json whose annotations have segments_info, and PNG files in its folder)"),
    _of_files("coco", "a .json file in COCO form (an object with images, annotations and categories)"),
    _of_files("vott", "VoTT (an -export.json with assets and regions, or -asset.json files)"),
    _of_files("labelme", "LabelMe (a .json with shapes and imagePath, or an .xml, a picture)"),
    _of_files("cvat", "CVAT for images (.xml with <annotations>)"),
    _of_files("via", "VIA (.json or .csv with filename and regions, or a project of VIA 3)"),
    *PICTURES,
)
FORMATS = ("auto", *(each.name for each in READERS))
