"""Detects the label format of a file or folder, by one table of all formats, and reads it.

Nothing here may know more of a format than its row in the table; its module in `formats` reads its files.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import refuse_special
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.labels.formats.bdd100k import is_bdd100k, read_bdd100k
from p2p_datatools.labels.formats.cmp import is_cmp, read_cmp
from p2p_datatools.labels.formats.darwin import is_darwin, read_darwin
from p2p_datatools.labels.formats.isat import is_isat, read_isat
from p2p_datatools.labels.formats.labelme import (
    is_labelme,
    is_labelme_list,
    is_labelme_xml,
    read_labelme,
    read_labelme_list,
    read_labelme_xml,
)
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
from p2p_datatools.labels.formats.pictures.rendered import is_rendered, read_rendered
from p2p_datatools.labels.formats.pictures.segments import is_segments, read_segments
from p2p_datatools.labels.formats.pictures.voc import is_voc, read_voc
from p2p_datatools.labels.formats.polygons import is_eiseg, is_objects, read_eiseg, read_objects
from p2p_datatools.labels.formats.qupath import is_qupath, read_qupath
from p2p_datatools.labels.formats.sam import (
    is_grounded_sam,
    is_sa_1b,
    is_sam_folder,
    is_sam_list,
    read_grounded_sam,
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
from p2p_datatools.labels.formats.whole_sets.labelbox import (
    is_labelbox,
    is_labelbox_v1,
    read_labelbox,
    read_labelbox_v1,
)
from p2p_datatools.labels.formats.whole_sets.labelstudio import (
    brush_folder_error,
    is_brush_folder,
    is_labelstudio,
    is_labelstudio_task,
    read_labelstudio,
    read_labelstudio_task,
)
from p2p_datatools.labels.formats.whole_sets.labelu import is_labelu, read_labelu
from p2p_datatools.labels.formats.whole_sets.via import is_via, is_via_csv, read_via, read_via_csv
from p2p_datatools.labels.formats.whole_sets.via3 import is_via3, read_via3
from p2p_datatools.labels.formats.xbd import is_xbd, read_xbd
from p2p_datatools.labels.formats.yolo import is_yolo, read_yolo
from p2p_datatools.labels.label_files import FileForm, Format, LabelFiles, PlaceForm, catch_reader
from p2p_datatools.labels.split_files import give_splits_of_names
from p2p_datatools.labels.split_lists import give_listed_splits
from p2p_datatools.labels.values import LabelSet, PictureLabels

# A new format is its module in `formats` and its row here. The first that fits is used, so formats that are recognised
# by names come before those that any picture fits.
_TABLE = (
    Format("cityscapes", "Cityscapes", "files *_gtFine_labelIds.png", place=PlaceForm(is_cityscapes, read_cityscapes)),
    Format("voc", "Pascal VOC", "a folder SegmentationClass", place=PlaceForm(is_voc, read_voc)),
    Format(
        "yolo",
        "YOLO",
        "text files with a data.yaml, classes.txt or obj.names",
        place=PlaceForm(is_yolo, read_yolo, may_have_others=True),
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
        "rendered",
        "rendered frames",
        "semantic_segmentation_labels_*.json (Replicator) or *.frame_data.json (Unity) beside pictures",
        place=PlaceForm(is_rendered, read_rendered),
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
        "one .json with shapes and imagePath, or one .xml, per picture, or a list of several in .json or .jsonl",
        (
            FileForm(is_labelme, read_labelme),
            FileForm(is_labelme_list, read_labelme_list, may_hold_many=True),
            FileForm(is_labelme_xml, read_labelme_xml),
        ),
    ),
    Format(
        "labelstudio",
        "Label Studio",
        "a .json, a list of tasks with annotations or of JSON-MIN, or one .json per task",
        (
            FileForm(is_labelstudio, read_labelstudio, is_whole=True),
            FileForm(is_labelstudio_task, read_labelstudio_task, is_numbered=True),
        ),
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
    Format(
        "cvat",
        "CVAT",
        "an .xml for images or video, with <annotations>",
        (FileForm(is_cvat, read_cvat, is_whole=True),),
    ),
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
        "an .ndjson or .json of rows with data_row and projects, or with Label and Labeled Data",
        (
            FileForm(is_labelbox, read_labelbox, is_whole=True),
            FileForm(is_labelbox_v1, read_labelbox_v1, is_whole=True),
        ),
    ),
    Format(
        "labelu",
        "LabelU",
        "a .json, a list of samples with fileName and result",
        (FileForm(is_labelu, read_labelu, is_whole=True),),
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
        "one .json of SA-1B, of a list of masks with scores, or of Grounded SAM 2, per picture",
        (
            FileForm(is_sa_1b, read_sa_1b),
            FileForm(is_sam_list, read_sam_list),
            FileForm(is_grounded_sam, read_grounded_sam, is_numbered=True),
        ),
    ),
    Format("xbd", "xBD", "one .json with features.xy in WKT and metadata per picture", (FileForm(is_xbd, read_xbd),)),
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


def read_labels(path: Path, format: str = "auto") -> LabelSet:  # noqa: A002 - it is the option's name
    """The labels in a file or folder; `format` is a name in FORMATS, or auto.

    Raises P2PError when no format is recognised, or a file is damaged, and UsageError for an unknown format.
    """
    if format not in format_names():
        what = "is not a known format"
        raise UsageError(f"--format {format}", what, f"Choose from {', '.join(format_names())}.", code="unknown-format")
    if not path.exists():
        raise P2PError(path, "there is no such file or folder", advise_missing(path), code="missing-path")
    refuse_special(path)
    files = LabelFiles(path, FORMATS.values())
    chosen = _detect(files) if format == "auto" else FORMATS[format]
    with catch_reader(path):
        read = chosen.place.read(path) if chosen.place else files.read(chosen)
        found = give_listed_splits(give_splits_of_names(read), path)
    if format != "auto" or chosen.place is None:
        return found
    if chosen.place.may_have_others:
        found = replace(found, notes=(*found.notes, *_others_note(chosen, files)))
    return _judge_each(found) if chosen.place.fits_any else found


def _detect(files: LabelFiles) -> Format:
    """The first format that fits; raises P2PError where none does, or files tell something else than the place."""
    chosen = next((each for each in FORMATS.values() if _fits(each, files)), None)
    if chosen is None or chosen.place is None or chosen.place.fits_any:
        _refuse_mixture(files)
        for is_it, error_of in _UNREADABLE if not files.known else ():
            if is_it(files.place):
                raise error_of(files.place)
        # Who reads a folder of pictures finds folders that are closed to us, too, and goes on without where asked.
        damaged = [error for error in files.damaged if chosen is None or error.code != "unreadable-folder"]
        if damaged and not files.known:
            raise damaged[0]
    if chosen is None:
        raise files.explain()
    return chosen


def _others_note(chosen: Format, files: LabelFiles) -> tuple[str, ...]:
    """That label files of other formats lie beside those that are read."""
    if not files.known:
        return ()
    path, (other, _) = next(iter(files.known.items()))
    count = len(files.known)
    are = "label file of another format is" if count == 1 else "label files of other formats are"
    return (
        f"{files.place}: {chosen.title} is read; {count} {are} left out, the first {path.relative_to(files.place)} "
        f"({other.title}). Add --format {other.name} to read those instead.",
    )


def _judge_each(found: LabelSet) -> LabelSet:
    """The pictures of a folder, of which each is looked at by itself, for one among many may be another kind."""
    items = tuple(replace(item, judge=True) if isinstance(item, PictureLabels) else item for item in found.items)
    return replace(found, items=items)


def _fits(each: Format, files: LabelFiles) -> bool:
    if each.place is None:
        return bool(files.of(each))
    with catch_reader(files.place):
        return each.place.is_it(files.place)


def _refuse_mixture(files: LabelFiles) -> None:
    names = {found.name: path for path, (found, _) in files.known.items()}
    if len(names) > 1:
        listed = " and ".join(f"{name} ({path.relative_to(files.place)})" for name, path in names.items())
        what = f"holds labels of several formats: {listed}"
        raise P2PError(files.place, what, "Choose one with --format.", code="several-formats")
