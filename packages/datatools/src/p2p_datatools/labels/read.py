"""Opens the label files in a place, each once to see its form: JSON, XML or CSV, of one of the forms in a table.

Nothing here may know a form beyond the question whether a file is of it.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.files.listing import find_pictures, is_utf8
from p2p_datatools.labels.formats.cityscapes import is_cityscapes, read_cityscapes
from p2p_datatools.labels.formats.cmp import is_cmp, read_cmp
from p2p_datatools.labels.formats.coco import is_coco, read_coco
from p2p_datatools.labels.formats.coco_panoptic import is_panoptic, read_panoptic
from p2p_datatools.labels.formats.cvat import is_cvat, read_cvat
from p2p_datatools.labels.formats.labelme import is_labelme, is_labelme_xml, read_labelme, read_labelme_xml
from p2p_datatools.labels.formats.pictures import holds_colors, read_color_folder, read_index_folder
from p2p_datatools.labels.formats.via import is_via, is_via_csv, read_via, read_via_csv
from p2p_datatools.labels.formats.via3 import is_via3, read_via3
from p2p_datatools.labels.formats.voc import is_voc, read_voc
from p2p_datatools.labels.formats.vott import is_vott_asset, is_vott_export, read_vott_asset, read_vott_export
from p2p_datatools.labels.formats.yolo import is_yolo, read_yolo
from p2p_datatools.labels.parsing.regions import united
from p2p_datatools.labels.parsing.xml import SeveralRootsError, read_xml
from p2p_datatools.labels.values import LabelSet


class _Read(Protocol):
    def __call__(self, value: Any, *, where: str, source: str) -> LabelSet: ...


class Form(NamedTuple):
    """How a format's files look: `is_whole` says that one file holds all pictures, rather than one picture each."""

    format: str
    is_whole: bool
    is_it: Callable[[Any], bool]
    read: _Read


FORMS = (
    Form("panoptic", True, is_panoptic, read_panoptic),  # before COCO, whose tables it has
    Form("coco", True, is_coco, read_coco),
    Form("vott", True, is_vott_export, read_vott_export),
    Form("vott", False, is_vott_asset, read_vott_asset),
    Form("labelme", False, is_labelme, read_labelme),
    Form("labelme", False, is_labelme_xml, read_labelme_xml),
    Form("cvat", True, is_cvat, read_cvat),
    Form("via", True, is_via, read_via),
    Form("via", True, is_via_csv, read_via_csv),
    Form("via", True, is_via3, read_via3),
)


def _read_csv(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_bytes().decode("utf-8-sig").removeprefix("#")  # older VIA wrote its headings as a comment
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except OSError as error:
        raise P2PError(
            path,
            f"cannot be read: {error.strerror}",
            "Check the path and the permissions of the file.",
            code="unreadable-file",
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise P2PError(path, f"is not whole CSV in UTF-8 ({error})", "Export it again.", code="bad-csv") from error


_PARSERS: dict[str, Callable[[Path], Any]] = {
    ".json": read_json,
    ".vott": read_json,
    ".xml": read_xml,
    ".csv": _read_csv,
}


_ROOTS = ("annotations", "annotation")


class LabelFiles:
    """The label files at a place: the file itself, or all below the folder, hidden ones left out.

    A file whose name is not UTF-8 counts as damaged, for no record could hold it.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        # The values of a folder may not fit into memory together, so only the last one is kept.
        self._last: tuple[Path, Any] | None = None

    @cached_property
    def forms(self) -> dict[Path, Form]:
        """The form of each file that has a known one."""
        return {path: form for path, form in self._seen if isinstance(form, Form)}

    @cached_property
    def damaged(self) -> tuple[P2PError, ...]:
        """Why files could not be opened, in the order of their names."""
        return tuple(error for _, error in self._seen if isinstance(error, P2PError))

    def of(self, name: str) -> list[Path]:
        """The files of the format `name`."""
        return [path for path, form in self.forms.items() if form.format == name]

    def read(self, name: str) -> LabelSet:
        """The labels of the format `name`; files that are damaged are skipped.

        Raises P2PError when there is none, or another beside one that holds all pictures.
        """
        paths = self.of(name)
        if not paths and self.place.is_file():
            raise next(
                iter(self.damaged),
                P2PError(self.place, f"is not {_spoken(name)}", "Try --format auto.", code="other-format"),
            )
        whole = [path for path in paths if self.forms[path].is_whole]
        if not paths:
            raise P2PError(self.place, f"holds no {_spoken(name)} file", "Try --format auto.", code="no-labels")
        if whole and len(paths) > 1:
            names = " and ".join(path.relative_to(self.place).as_posix() for path in paths[:5])
            more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
            raise P2PError(
                self.place,
                f"has to hold one {_spoken(name)} file and holds {names}{more}",
                "Name the file that is meant.",
                code="several-files",
            )
        sets = [self.forms[path].read(self._value(path), where=str(path), source=self._source(path)) for path in paths]
        return united(sets, self._skips())

    def _skips(self) -> Iterator[Skip]:
        for error in self.damaged:
            yield skip_of(error, error.where)

    def _source(self, path: Path) -> str:
        return path.name if path == self.place else path.relative_to(self.place).as_posix()

    @cached_property
    def _seen(self) -> list[tuple[Path, Form | P2PError | None]]:
        return [(path, self._form(path)) for path in self._files()]

    def _files(self) -> list[Path]:
        if self.place.is_file():
            return [self.place] if self.place.suffix.lower() in _PARSERS else []
        found = (path for path in self.place.rglob("*") if path.suffix.lower() in _PARSERS and path.is_file())
        files = [path for path in found if not any(part.startswith(".") for part in path.relative_to(self.place).parts)]
        return sorted(files)

    def _form(self, path: Path) -> Form | P2PError | None:
        if not is_utf8(path.as_posix()):
            return P2PError(
                self.place, f"has a file whose name is not UTF-8: {path.name!a}", "Rename it.", code="name-not-utf8"
            )
        try:
            value = self._value(path)
        except SeveralRootsError as error:
            # Only a file that begins as one of ours is damaged by it; those of CMP facades are so from the start.
            return error if error.tag in _ROOTS else None
        except P2PError as error:
            return error
        return next((form for form in FORMS if form.is_it(value)), None)

    def _value(self, path: Path) -> Any:
        if self._last is None or self._last[0] != path:
            self._last = path, _PARSERS[path.suffix.lower()](path)
        return self._last[1]


def _spoken(name: str) -> str:
    spoken = {"coco": "COCO", "vott": "VoTT", "labelme": "LabelMe", "cvat": "CVAT", "via": "VIA"}
    return spoken.get(name, "COCO panoptic")


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
        raise UsageError(
            f"--format {format}", "is not a known format", f"Choose from {', '.join(FORMATS)}.", code="unknown-format"
        )
    if not path.exists():
        raise P2PError(path, "there is no such file or folder", "Check the spelling.", code="missing-path")
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
        raise P2PError(
            files.place,
            f"holds labels of several formats: {listed}",
            "Say with --format which is meant.",
            code="several-formats",
        )


def _unknown(path: Path) -> P2PError:
    if path.is_dir():
        what = "holds no labels of a known format" if any(path.iterdir()) else "is empty"
    elif path.suffix.lower() == ".json":
        what = "is JSON, but not of a known form"
    else:
        what = "is not a label file of a known format"
    known = "; ".join(each.looked_for for each in READERS)
    return P2PError(path, what, f"These are known: {known}.", code="unknown-labels")


def _of_files(name: str, looked_for: str) -> Reader:
    return Reader(name, lambda files: bool(files.of(name)), lambda files: files.read(name), looked_for, forms=True)


def _of_place(name: str, is_it: Callable[[Path], bool], read: Callable[[Path], LabelSet], looked_for: str) -> Reader:
    return Reader(name, lambda files: is_it(files.place), lambda files: read(files.place), looked_for)


def _in_folder(read: Callable[[Path], LabelSet]) -> Callable[[Path], LabelSet]:
    """A reader of pictures that says so when it is given one of them."""

    def read_folder(path: Path) -> LabelSet:
        if path.is_file():
            raise P2PError(
                path, "is a file, but label pictures lie in a folder", "Give the folder.", code="not-a-folder"
            )
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
"""What `read_labels` can be told to read; `auto` looks at the files."""
