"""Detects the label format of a file or folder, by one table of all formats, and reads it.

Nothing here may know more of a format than its row in the table; its module in `formats` reads its files.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.files.listing import find_files, is_utf8
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.labels.formats.bdd100k import is_bdd100k, read_bdd100k
from p2p_datatools.labels.formats.cmp import is_cmp, read_cmp
from p2p_datatools.labels.formats.darwin import is_darwin, read_darwin
from p2p_datatools.labels.formats.isat import is_isat, read_isat
from p2p_datatools.labels.formats.labelme import is_labelme, is_labelme_xml, read_labelme, read_labelme_xml
from p2p_datatools.labels.formats.pictures.cityscapes import is_cityscapes, read_cityscapes
from p2p_datatools.labels.formats.pictures.class_masks import is_class_masks, read_class_masks
from p2p_datatools.labels.formats.pictures.coco_panoptic import is_panoptic, read_panoptic
from p2p_datatools.labels.formats.pictures.folders import (
    is_color_folder,
    is_index_folder,
    read_color_folder,
    read_index_folder,
)
from p2p_datatools.labels.formats.pictures.groundtruth import is_groundtruth, read_groundtruth
from p2p_datatools.labels.formats.pictures.labelme_dataset import is_labelme_dataset, read_labelme_dataset
from p2p_datatools.labels.formats.pictures.matlab import is_matlab, read_matlab
from p2p_datatools.labels.formats.pictures.segments import is_segments, read_segments
from p2p_datatools.labels.formats.pictures.voc import is_voc, read_voc
from p2p_datatools.labels.formats.polygons import is_eiseg, is_objects, read_eiseg, read_objects
from p2p_datatools.labels.formats.qupath import is_qupath, read_qupath
from p2p_datatools.labels.formats.sam import (
    is_sa_1b,
    is_sam_folder,
    is_sam_list,
    read_sa_1b,
    read_sam_folder,
    read_sam_list,
)
from p2p_datatools.labels.formats.superannotate import is_superannotate, read_superannotate
from p2p_datatools.labels.formats.supervisely import is_supervisely, read_supervisely
from p2p_datatools.labels.formats.voc_boxes import is_voc_boxes, read_voc_boxes
from p2p_datatools.labels.formats.vott import is_vott_asset, is_vott_export, read_vott_asset, read_vott_export
from p2p_datatools.labels.formats.whole_sets.coco import is_coco, read_coco
from p2p_datatools.labels.formats.whole_sets.cvat import is_cvat, read_cvat
from p2p_datatools.labels.formats.whole_sets.datumaro import is_datumaro, read_datumaro
from p2p_datatools.labels.formats.whole_sets.hasty import is_hasty, read_hasty
from p2p_datatools.labels.formats.whole_sets.labelbox import is_labelbox, read_labelbox
from p2p_datatools.labels.formats.whole_sets.labelstudio import (
    brush_folder_error,
    is_brush_folder,
    is_labelstudio,
    read_labelstudio,
)
from p2p_datatools.labels.formats.whole_sets.via import is_via, is_via_csv, read_via, read_via_csv
from p2p_datatools.labels.formats.whole_sets.via3 import is_via3, read_via3
from p2p_datatools.labels.formats.yolo import is_yolo, read_yolo
from p2p_datatools.labels.parsing.csv_rows import read_csv
from p2p_datatools.labels.parsing.json_lines import read_json_lines
from p2p_datatools.labels.parsing.regions import of_any_kind, unite
from p2p_datatools.labels.parsing.xml import SeveralRootsError, read_xml
from p2p_datatools.labels.split_files import (
    choose_split_files,
    give_split,
    give_splits_of_names,
    place_in_splits,
)
from p2p_datatools.labels.split_lists import give_listed_splits
from p2p_datatools.labels.unread import explain_file, explain_folder, explain_value, unknown_labels
from p2p_datatools.labels.values import LabelSet, PictureLabels, RegionLabels


class _ReadFile(Protocol):
    def __call__(self, value: Any, *, where: str, source: str) -> LabelSet: ...


class FileForm(NamedTuple):
    """One form of a format's files, recognised by their parsed content; with `is_whole` one file holds all pictures."""

    is_it: Callable[[Any], bool]
    read: _ReadFile
    is_whole: bool = False
    may_hold_many: bool = False  # pictures, as those of a split


class PlaceForm(NamedTuple):
    """A format that is recognised by a path and the names below it; with `fits_any` any folder of pictures is."""

    is_it: Callable[[Path], bool]
    read: Callable[[Path], LabelSet]
    fits_any: bool = False


@dataclass(frozen=True)
class Format:
    """One label format, recognised by the content of its label files, which may have several forms, or by a place.

    `name` is its name for --format, `title` its name in text, and `signs` say what is looked for.
    """

    name: str
    title: str
    signs: str
    forms: tuple[FileForm, ...] = ()
    place: PlaceForm | None = None


# A new format is its module in `formats` and its row here. The first that fits is used, so formats that are recognised
# by names come before those that any picture fits.
_TABLE = (
    Format("cityscapes", "Cityscapes", "files *_gtFine_labelIds.png", place=PlaceForm(is_cityscapes, read_cityscapes)),
    Format("voc", "Pascal VOC", "a folder SegmentationClass", place=PlaceForm(is_voc, read_voc)),
    Format(
        "yolo", "YOLO", "text files with a data.yaml, classes.txt or obj.names", place=PlaceForm(is_yolo, read_yolo)
    ),
    Format(
        "sam-folder",
        "Segment Anything's folders",
        "metadata.csv beside masks 0.png, 1.png, one folder per picture",
        place=PlaceForm(is_sam_folder, read_sam_folder),
    ),
    Format(
        "labelme-dataset",
        "LabelMe's json_to_dataset",
        "folders with label.png and label_names.txt",
        place=PlaceForm(is_labelme_dataset, read_labelme_dataset),
    ),
    Format(
        "class-masks",
        "masks of single classes",
        "only if named: CLASS/NAME.png, NAME/CLASS.png or NAME_CLASS.png, black and white",
        place=PlaceForm(is_class_masks, read_class_masks),
    ),
    Format("cmp", "CMP facades", "XML files without masks beside them", place=PlaceForm(is_cmp, read_cmp)),
    Format(  # before COCO, whose tables it has
        "panoptic",
        "COCO panoptic",
        "a .json whose annotations have segments_info, and PNG files in its folder",
        (FileForm(is_panoptic, read_panoptic, is_whole=True),),
    ),
    Format(
        "coco",
        "COCO",
        "a .json, an object with images, annotations and categories",
        (FileForm(is_coco, read_coco, is_whole=True),),
    ),
    Format(
        "vott",
        "VoTT",
        "an -export.json with assets and regions, or -asset.json files",
        (FileForm(is_vott_export, read_vott_export, is_whole=True), FileForm(is_vott_asset, read_vott_asset)),
    ),
    Format(
        "labelme",
        "LabelMe",
        "one .json with shapes and imagePath, or one .xml, per picture",
        (FileForm(is_labelme, read_labelme), FileForm(is_labelme_xml, read_labelme_xml)),
    ),
    Format(
        "labelstudio",
        "Label Studio",
        "a .json, a list of tasks with annotations, or of JSON-MIN",
        (FileForm(is_labelstudio, read_labelstudio, is_whole=True),),
    ),
    Format(
        "supervisely",
        "Supervisely",
        "one .json with objects and size per picture",
        (FileForm(is_supervisely, read_supervisely),),
    ),
    Format(
        "datumaro",
        "Datumaro",
        "a .json with items and categories, a subset",
        (FileForm(is_datumaro, read_datumaro, may_hold_many=True),),
    ),
    Format(
        "darwin",
        "Darwin (V7)",
        "one .json per picture with annotations, and an item with slots or an image",
        (FileForm(is_darwin, read_darwin),),
    ),
    Format(
        "hasty",
        "Hasty",
        "a .json with label_classes, and images with image_name",
        (FileForm(is_hasty, read_hasty, is_whole=True),),
    ),
    Format(
        "segments",
        "Segments.ai",
        "a .json, a release, and PNG files of its segments below its folder",
        (FileForm(is_segments, read_segments, is_whole=True),),
    ),
    Format("cvat", "CVAT", "an .xml for images, with <annotations>", (FileForm(is_cvat, read_cvat, is_whole=True),)),
    Format(
        "via",
        "VIA",
        "a .json or .csv with filename and regions, or a project of VIA 3",
        (
            FileForm(is_via, read_via, is_whole=True),
            FileForm(is_via_csv, read_via_csv, is_whole=True),
            FileForm(is_via3, read_via3, is_whole=True),
        ),
    ),
    Format(
        "voc-boxes",
        "Pascal VOC's boxes",
        "one .xml with <object> and <bndbox>, or also <polygon>, per picture",
        (FileForm(is_voc_boxes, read_voc_boxes),),
    ),
    Format("qupath", "QuPath", "one .geojson or .json of its objects per picture", (FileForm(is_qupath, read_qupath),)),
    Format(
        "bdd100k",
        "BDD100K",
        "a .json of Scalabel, frames whose labels have poly2d, rle or box2d",
        (FileForm(is_bdd100k, read_bdd100k, may_hold_many=True),),  # a video or a picture may have a file of its own
    ),
    Format(
        "superannotate",
        "SuperAnnotate",
        "one .json with metadata and instances per picture",
        (FileForm(is_superannotate, read_superannotate),),
    ),
    Format(
        "labelbox",
        "Labelbox",
        "an .ndjson or .json of rows with data_row and projects",
        (FileForm(is_labelbox, read_labelbox, is_whole=True),),
    ),
    Format(
        "groundtruth",
        "AWS Ground Truth",
        "a .manifest with internal-color-map, and the PNG files that it names below its folder",
        (FileForm(is_groundtruth, read_groundtruth, is_whole=True),),
    ),
    Format(
        "sam",
        "Segment Anything",
        "one .json of SA-1B or of a list of masks with scores, per picture",
        (FileForm(is_sa_1b, read_sa_1b), FileForm(is_sam_list, read_sam_list)),
    ),
    Format("isat", "ISAT", "one .json whose info is signed ISAT per picture", (FileForm(is_isat, read_isat),)),
    Format(
        "polygons",
        "polygons in Cityscapes' form",
        "one .json of objects with label and polygon, or EISeg's list, per picture",
        (FileForm(is_objects, read_objects), FileForm(is_eiseg, read_eiseg)),
    ),
    Format(
        "matlab",
        "MATLAB ground truth",
        "one .mat file with a matrix of class numbers per picture",
        place=PlaceForm(is_matlab, read_matlab),
    ),
    Format(
        "colors",
        "colour pictures",
        "a folder of pictures in the palette's colours",
        place=PlaceForm(is_color_folder, read_color_folder, fits_any=True),
    ),
    Format(
        "index",
        "index pictures",
        "a folder of .png files of class numbers",
        place=PlaceForm(is_index_folder, read_index_folder, fits_any=True),
    ),
)
# Places that are known but tell too little, each with what to do instead.
_UNREADABLE: tuple[tuple[Callable[[Path], bool], Callable[[Path], P2PError]], ...] = (
    (is_brush_folder, brush_folder_error),
)
FORMATS = {each.name: each for each in _TABLE}
"""Every label format by its name."""


def format_names() -> tuple[str, ...]:
    """What `read_labels` takes as a format."""
    return ("auto", *FORMATS)


_MANIFEST = ".manifest"  # of AWS Ground Truth
_PARSERS: dict[str, Callable[[Path], Any]] = {
    ".json": read_json,
    ".geojson": read_json,
    ".ndjson": read_json_lines,
    ".jsonl": read_json_lines,
    _MANIFEST: read_json_lines,
    ".vott": read_json,
    ".xml": read_xml,
    ".csv": read_csv,
}


_MOST_EXPLAINED = 5  # files that no format reads
_ROOTS = ("annotations", "annotation")


class LabelFiles:
    """The label files at a place: the file itself, or all below the folder, hidden ones left out.

    A file whose name is not UTF-8 counts as damaged, since a record cannot hold it.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        # The values of a folder may not fit into memory together, so only the last one is kept.
        self._last: tuple[Path, Any] | None = None

    @cached_property
    def known(self) -> dict[Path, tuple[Format, FileForm]]:
        """The format of each file that has a known one, and which of its forms it has."""
        return {path: found for path, found in self._seen if isinstance(found, tuple)}

    @cached_property
    def damaged(self) -> tuple[P2PError, ...]:
        """Why files could not be opened, in the order of their names."""
        return tuple(error for _, error in self._seen if isinstance(error, P2PError))

    def of(self, wanted: Format) -> list[Path]:
        """The files of a format."""
        return [path for path, (found, _) in self.known.items() if found is wanted]

    def read(self, wanted: Format) -> LabelSet:
        """The labels of a format; files that are damaged are skipped.

        Raises P2PError when there is none, or several of which one holds all pictures.
        """
        paths = self.of(wanted)
        forms = [self.known[path][1] for path in paths]
        if not paths and self.place.is_file():
            raise next(
                iter(self.damaged),
                P2PError(self.place, f"is not {wanted.title}", "Try --format auto.", code="other-format"),
            )
        if not paths:
            raise P2PError(self.place, f"holds no {wanted.title} file", "Try --format auto.", code="no-labels")
        left_out: list[str] = []
        if len(paths) > 1 and any(form.is_whole for form in forms):
            chosen = choose_split_files([self._source(path) for path in paths])
            if not chosen:
                raise self._several(wanted, paths)
            left_out = [self._source(path) for path in paths if self._source(path) not in chosen]
            paths = [path for path in paths if self._source(path) in chosen]
        forms = [self.known[path][1] for path in paths]
        hold_many = all(form.is_whole or form.may_hold_many for form in forms)
        places = place_in_splits([self._source(path) for path in paths], hold_many=hold_many)
        sets = [give_split(self._read(*each), self._source(each[0]), places) for each in zip(paths, forms, strict=True)]
        found = unite(sets, self._skips())
        if not left_out:
            return found
        read = (
            f"{self.place}: {' and '.join(map(self._source, paths))} are read, and {' and '.join(left_out)} left out."
        )
        return replace(found, notes=(*found.notes, read))

    def _several(self, wanted: Format, paths: list[Path]) -> P2PError:
        names = " and ".join(map(self._source, paths[:5]))
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        return P2PError(
            self.place,
            f"must hold one {wanted.title} file, or one for each split, but holds {names}{more}",
            "Give one of these files.",
            code="several-files",
        )

    def _read(self, path: Path, form: FileForm) -> LabelSet:
        """The labels of one file; one that is for one picture may be called as that."""
        read = partial(form.read, self._value(path), where=str(path), source=self._source(path))
        found = of_any_kind(read, str(path))
        if form.is_whole or len(found.items) != 1 or not isinstance(found.items[0], RegionLabels):
            return found
        own = PurePosixPath(self._source(path)).with_suffix("").as_posix()
        return replace(found, items=(replace(found.items[0], label_file=own),))

    def _skips(self) -> Iterator[Skip]:
        for error in self.damaged:
            yield skip_of(error, error.where)

    def explain(self) -> P2PError | None:
        """What the files are, if none of them has a known format; None if that is not known."""
        unread = [path for path, found in self._seen if found is None and path.is_file()]
        told = (explain_value(path, self._value(path)) for path in unread[:_MOST_EXPLAINED])
        place = self.place
        return next(
            (error for error in told if error), explain_folder(place) if place.is_dir() else explain_file(place)
        )

    def _source(self, path: Path) -> str:
        return path.name if path == self.place else path.relative_to(self.place).as_posix()

    @cached_property
    def _seen(self) -> list[tuple[Path, tuple[Format, FileForm] | P2PError | None]]:
        closed: list[P2PError] = []
        seen = [(path, self._look_or_say(path)) for path in self._files(closed)]
        return [*((self.place, error) for error in closed), *seen]

    def _look_or_say(self, path: Path) -> tuple[Format, FileForm] | P2PError | None:
        """The format of a file, or why it cannot be told."""
        try:
            return self._look(path)
        except P2PError as error:
            return error

    def _files(self, closed: list[P2PError]) -> list[Path]:
        if self.place.is_file():
            return [self.place] if self.place.suffix.lower() in _PARSERS else []
        return [path for path in find_files(self.place, "*", strange=closed) if path.suffix.lower() in _PARSERS]

    def _look(self, path: Path) -> tuple[Format, FileForm] | P2PError | None:
        if not is_utf8(path.as_posix()):
            return P2PError(
                self.place, f"has a file whose name is not UTF-8: {path.name!a}", "Rename it.", code="name-not-utf8"
            )
        try:
            value = self._value(path)
        except SeveralRootsError as error:
            # In known XML formats this is damage; the files of CMP facades have several roots.
            return error if error.tag in _ROOTS else None
        except P2PError as error:
            # Of the kinds that are read only manifests are also files of other programs, which are no JSON.
            return None if path.suffix.lower() == _MANIFEST and path != self.place else error
        with _catch_reader(path):
            return next(((each, form) for each in FORMATS.values() for form in each.forms if form.is_it(value)), None)

    def _value(self, path: Path) -> Any:
        if self._last is None or self._last[0] != path:
            with _catch_reader(path):
                self._last = path, _PARSERS[path.suffix.lower()](path)
        return self._last[1]


def read_labels(path: Path, format: str = "auto") -> LabelSet:  # noqa: A002 - it is the option's name
    """The labels in a file or folder; `format` is a name in FORMATS, or auto.

    Raises P2PError when no format is recognised, or a file is damaged, and UsageError for an unknown format.
    """
    if format not in format_names():
        raise UsageError(
            f"--format {format}",
            "is not a known format",
            f"Choose from {', '.join(format_names())}.",
            code="unknown-format",
        )
    if not path.exists():
        raise P2PError(path, "there is no such file or folder", "Check the spelling.", code="missing-path")
    files = LabelFiles(path)
    chosen = (
        next((each for each in FORMATS.values() if _fits(each, files)), None) if format == "auto" else FORMATS[format]
    )
    if format == "auto" and (chosen is None or chosen.place is None or chosen.place.fits_any):
        _refuse_mixture(files)
        for is_it, error_of in _UNREADABLE:
            if not files.known and is_it(path):
                raise error_of(path)
        # Who reads a folder of pictures finds folders that are closed to us, too, and goes on without where asked.
        damaged = [error for error in files.damaged if chosen is None or error.code != "unreadable-folder"]
        if damaged and not files.known:
            raise damaged[0]
    if chosen is None:
        raise files.explain() or unknown_labels(path, [each.title for each in FORMATS.values()])
    with _catch_reader(path):
        read = chosen.place.read(path) if chosen.place else files.read(chosen)
        found = give_listed_splits(give_splits_of_names(read), path)
    return _judge_each(found) if format == "auto" and chosen.place and chosen.place.fits_any else found


def _judge_each(found: LabelSet) -> LabelSet:
    """The pictures of a folder, of which each is looked at by itself, for one among many may be another kind."""
    items = tuple(replace(item, judge=True) if isinstance(item, PictureLabels) else item for item in found.items)
    return replace(found, items=items)


def _fits(each: Format, files: LabelFiles) -> bool:
    if each.place is None:
        return bool(files.of(each))
    with _catch_reader(files.place):
        return each.place.is_it(files.place)


def _catch_reader(path: Path) -> AbstractContextManager[None]:
    """An error of the file for whatever a reader raises of one that nobody foresaw; all formats are read through it."""
    return catch_decoder(path, "cannot be read as labels", "Export the labels again.", code="damaged-labels")


def _refuse_mixture(files: LabelFiles) -> None:
    names = {found.name: path for path, (found, _) in files.known.items()}
    if len(names) > 1:
        listed = " and ".join(f"{name} ({path.relative_to(files.place)})" for name, path in names.items())
        raise P2PError(
            files.place,
            f"holds labels of several formats: {listed}",
            "Choose one with --format.",
            code="several-formats",
        )
