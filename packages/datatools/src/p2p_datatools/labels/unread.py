"""Says of labels that are not read what they are, and what their tool can write instead.

Nothing here may read a label; a kind that is read has its row in the table of `read` and none here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import find_files, holds_nothing
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.labels.formats.pictures.class_names import is_class_list
from p2p_datatools.labels.parsing.xml import Element
from p2p_datatools.labels.values import EXPORT_AGAIN

_BOX_NUMBERS = 4
_MOST_LOOKED_AT = 200  # files of a folder
_FEW_LINES = 5
_MOST_KEYS = 6  # that tell what a file is
_TEXT = (".txt", "")

_AS_COCO = "Export the project as COCO with outlines, or as PNG masks of class numbers or colours."
_FLATTEN = "Export each as PNG called as its photo: one flat colour a class, no soft edges, no layers, no transparency."
_SLICES = (
    "Save its slices as PNG or TIFF of class numbers, each called as its photo (such as with nibabel or SimpleITK)."
)
_BOXES = "Draw outlines, or have the boxes segmented (Segment Anything takes them)."
_WRITE_PNG = "Write its masks as PNG of class numbers, each called as its photo."


class _Kind(NamedTuple):
    """What files of some suffixes are, and what to do instead."""

    title: str
    suffixes: str
    to_do: str


_KINDS = (
    _Kind("a volume", ".nii .nii.gz .nrrd .mha .mhd .dcm .mgz", _SLICES),
    _Kind("an archive", ".zip .tar .tgz .gz .7z .rar", "Unpack it, and give the folder or the label file in it."),
    _Kind(
        "a painting with layers",
        ".xcf .psd .psb .kra .ora .procreate .clip .sai .sai2 .pdn .afphoto .ai .svg",
        _FLATTEN,
    ),
    _Kind("a container of records", ".tfrecord .tfrecords .record .parquet .arrow .h5 .hdf5 .mdb .zarr", _WRITE_PNG),
    _Kind(
        "a file that runs code when it is loaded", ".pkl .pickle .pt .pth", f"Where you trust it: {_WRITE_PNG.lower()}"
    ),
    _Kind("a set of arrays", ".npz", "Save each array of class numbers as .npy, called as its photo."),
    _Kind("regions of ImageJ", ".roi", "Save the label image instead, as TIFF of class numbers."),
    _Kind(
        "outlines on a map",
        ".shp .gpkg .kml .geojson",
        "Paint them on the photo's grid, such as with gdal_rasterize, and give the TIFF of class numbers.",
    ),
)


class _Form(NamedTuple):
    """What a parsed JSON file is, by its keys, and what to do instead."""

    title: str
    is_it: Callable[[Any], bool]
    to_do: str


def _all_have(*keys: str) -> Callable[[Any], bool]:
    """Whether a value, or each entry of a list, is an object with these keys."""

    def is_it(value: Any) -> bool:
        entries = value if isinstance(value, list) else [value]
        return bool(entries) and all(isinstance(each, dict) and each.keys() >= set(keys) for each in entries)

    return is_it


def _inside(name: str, *keys: str) -> Callable[[Any], bool]:
    """Whether it, or each entry of a list, has a list `name` whose first entry has these keys."""
    own = _all_have(name)

    def is_it(value: Any) -> bool:
        lists = [each[name] for each in (value if isinstance(value, list) else [value])] if own(value) else []
        told = [each[0] for each in lists if isinstance(each, list) and each]
        return bool(told) and all(isinstance(each, dict) and each.keys() >= set(keys) for each in told)

    return is_it


def _lacks_table(value: Any) -> bool:
    tables = ("images", "annotations", "categories")
    return isinstance(value, dict) and sum(isinstance(value.get(name), list) for name in tables) == 2


def _has_deepfashion_item(value: Any) -> bool:
    item = value.get("item1") if isinstance(value, dict) else None
    return isinstance(item, dict) and item.keys() >= {"segmentation", "category_name"}


def _is_ade20k(value: Any) -> bool:
    told = value.get("annotation") if isinstance(value, dict) else None
    return isinstance(told, dict) and told.keys() >= {"filename", "imsize", "object"}


def _is_headless(value: Any) -> bool:
    """Whether the rows of a table are called by numbers, so that its first line is a row and not their headings."""
    row = value[0] if isinstance(value, list) and value else None
    names = [name for name in row if isinstance(name, str)] if isinstance(row, dict) else []
    return sum(name.strip().replace(".", "", 1).isdigit() for name in names) >= _BOX_NUMBERS


def _is_run_lengths(value: Any) -> bool:
    columns = ("EncodedPixels",), ("rle_mask",), ("encoded_pixels",), ("id", "class", "segmentation")
    return any(_all_have(*names)(value) for names in columns)


def _is_label_studio(value: Any) -> bool:
    return _all_have("annotation_id", "annotator")(value) or _all_have("annotator", "label", "id")(value)


_FORMS = (
    _Form(
        "results of a detector in COCO's form, which name neither pictures nor classes",
        _all_have("image_id", "category_id", "score"),
        "Put them as annotations into the COCO file whose images they are of.",
    ),
    _Form(
        "COCO's captions, which draw nothing",
        _inside("annotations", "caption", "image_id"),
        "Give the set's instances_*.json, or stuff_*.json.",
    ),
    _Form(
        "the form of YouTube-VIS, COCO's for videos",
        _inside("annotations", "segmentations", "video_id"),
        "Write each frame as an image of its own, with an annotation for each of its segmentations.",
    ),
    _Form(
        "the form of COCO without one of its lists images, annotations and categories",
        _lacks_table,
        'Add the list, such as "categories": [{"id": 1, "name": "car"}].',
    ),
    _Form(
        "rows of AWS SageMaker Ground Truth without colours of classes",
        _all_have("source-ref"),
        "Give the output manifest of a job of semantic segmentation.",
    ),
    _Form("the data items of Google's Vertex AI", _all_have("imageGcsUri"), "Download the masks that it names as PNG."),
    _Form(
        "the form of Labelbox's exports before 2020, or without outlines",
        _all_have("Label", "Labeled Data"),
        "Export it again, as export v2.",
    ),
    _Form("Encord's form", _all_have("data_units"), _AS_COCO),
    _Form("Kili's form", _inside("labels", "jsonResponse"), _AS_COCO),
    _Form("Dataloop's form", _inside("annotations", "coordinates", "type"), _AS_COCO),
    _Form("Scale AI's form", _all_have("task_id", "response"), _AS_COCO),
    _Form("Prodigy's form", _all_have("spans"), "Convert its spans to LabelMe's shapes or COCO's polygons."),
    _Form("Create ML's boxes", _inside("annotations", "coordinates", "label"), _BOXES),
    _Form(
        "the form of CVAT's backups",
        _inside("shapes", "label", "frame"),
        "Export the task as 'CVAT for images 1.1' or COCO 1.0.",
    ),
    _Form("Supervisely's list of classes", _all_have("classes", "tags"), "Give the folder of the project, with ann/."),
    _Form(
        "places on a map, or outlines in GeoJSON of another tool than QuPath",
        lambda value: isinstance(value, dict) and value.get("type") == "FeatureCollection",
        "Paint its outlines on the photo's grid, such as with gdal_rasterize, and give the TIFF of class numbers.",
    ),
    _Form(
        "Detectron2's records",
        _all_have("file_name", "annotations"),
        "Write them as COCO: detectron2.data.datasets.coco.convert_to_coco_json does.",
    ),
    _Form("MMDetection's middle form", _all_have("filename", "ann"), "Give the labels that it was made of."),
    _Form(
        "FiftyOne's form",
        lambda value: _all_have("classes", "labels")(value) or _inside("samples", "filepath")(value),
        "Export the data set as fiftyone.types.COCODetectionDataset or ImageSegmentationDirectory.",
    ),
    _Form("a table of nuImages or nuScenes", _all_have("token"), f"By its devkit (get_segmentation): {_WRITE_PNG}"),
    _Form(
        "DeepFashion2's form",
        _has_deepfashion_item,
        "Convert it to COCO with the data set's own deepfashion2_to_coco.py.",
    ),
    _Form(
        "the form of ADE20K with all parts",
        _is_ade20k,
        "Give the class numbers of its scene parsing (ADEChallengeData2016/annotations).",
    ),
    _Form(
        "SuperAnnotate's form of before 2021",
        _all_have("type", "className", "points"),
        "Upload it into a project of today, and export that.",
    ),
    _Form("Supervisely's labels of a video", _all_have("frames", "framesCount"), "Export its frames as pictures."),
    _Form("Azure Machine Learning's rows", _all_have("image_url", "label"), "Export the project as COCO."),
    _Form(
        "Colabeler's form", _all_have("outputs", "labeled"), "Export it as Pascal VOC with outlines, or as PNG masks."
    ),
    _Form("LabelBee's form", _all_have("step_1"), _AS_COCO),
    _Form("Universal Data Tool's form", _all_have("interface", "samples"), _AS_COCO),
    _Form("Superb AI's form", _inside("objects", "annotation_type", "annotation"), _AS_COCO),
    _Form("Diffgram's form", _all_have("label_map", "readme"), _AS_COCO),
    _Form(
        "the form of Semantic Segmentation Editor, which numbers its classes",
        _inside("objects", "classIndex", "polygon"),
        "Save the label images instead, as PNG.",
    ),
    _Form(
        "Colabeler's form",
        lambda value: isinstance(value, Element) and value.tag == "doc" and value.find("outputs") is not None,
        "Export it as PNG masks.",
    ),
    _Form(
        "Ultralytics' results, which name no picture",
        _all_have("name", "class", "confidence"),
        "Save each as YOLO's lines, called as its picture: result.save_txt('labels/PICTURE.txt').",
    ),
    _Form("Roboflow's predictions, which name no picture", _inside("predictions", "class", "confidence"), _AS_COCO),
    _Form(
        "the numbers of Grounded SAM's masks, which are in a JPEG",
        lambda value: _all_have("value", "label")(value) and any("box" in each for each in value),
        f"Run Grounded SAM 2, whose .json has the masks. Or: {_WRITE_PNG}",
    ),
    _Form("the rows of Hugging Face's folders with boxes", _all_have("file_name", "objects"), _BOXES),
    _Form(
        "outlines of ImageScope or ASAP, in pixels of a slide",
        lambda value: (
            isinstance(value, Element) and any(value.find(f".//{e}") is not None for e in ("Vertex", "Coordinate"))
        ),
        f"Write them as QuPath's GeoJSON, called as the picture. Or: {_WRITE_PNG}",
    ),
    _Form("nothing but an empty list or object", lambda value: value in ([], {}), EXPORT_AGAIN),
)


_LENGTHS = (
    "Write each as a PNG of class numbers: of a mask of zeros, as long as the picture has pixels, set "
    "[start - 1 : start - 1 + length] for each pair, and take .reshape(width, height).T of it."
)
_TABLES = (
    _Form("run lengths as in Kaggle's competitions, which tell no size of their pictures", _is_run_lengths, _LENGTHS),
    _Form("Label Studio's form as CSV", _is_label_studio, "Export the project as JSON."),
    _Form(
        "LabelU's form as CSV or XML",
        lambda value: (
            value.find("./sample/fileName") is not None
            if isinstance(value, Element)
            else _all_have("tool_name", "label_text")(value)
        ),
        "Export the task as JSON.",
    ),
    _Form(
        "the list of Open Images, whose masks lie in PNG files, one for each object",
        _all_have("MaskPath", "LabelName"),
        "Unite the masks of each picture in a PNG of class numbers.",
    ),
    _Form(
        "napari's shapes, which have no classes",
        _all_have("shape-type", "vertex-index"),
        "In napari, convert them to a labels layer, paint each class with its number, and save that as TIFF.",
    ),
    _Form(
        "SpaceNet's outlines as text",
        _all_have("ImageId", "PolygonWKT_Pix"),
        "Paint them on the photo's grid, such as with gdal_rasterize, and give the TIFF of class numbers.",
    ),
    _Form("boxes", _all_have("xmin", "ymax"), _BOXES),
    _Form("rows of numbers without headings, as tools write boxes", _is_headless, _BOXES),
    _Form("boxes", lambda value: isinstance(value, Element) and value.find(".//image/box") is not None, _BOXES),
)


def explain_value(path: Path, value: Any) -> P2PError | None:
    """What a parsed file is that no format reads; None if that is not known."""
    if value == [] and path.suffix.lower() == ".csv":
        what = "is not read, because it has no row after its first line, which must be their headings"
        return _error(path, what, "Write a line of headings first, or give labels of outlines.")
    form = next((each for each in (*_FORMS, *_TABLES) if each.is_it(value)), None)
    return _error(path, f"is not read, because it has {form.title}", form.to_do) if form else None


_POINTER = b"version https://git-lfs"
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head")


def explain_content(path: Path) -> P2PError | None:
    """What came in the place of a label file, by how it begins; None if that is not known."""
    with open_file(path) as file:
        start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_POINTER):
        what, to_do = "is a pointer of Git LFS, not the labels themselves", "Run 'git lfs pull' in its clone."
    elif start.startswith(_WEB_PAGE):
        what, to_do = "is a web page, as servers send instead of a file", "Fetch it again; it may need a login."
    elif not start:
        what, to_do = "is empty", "Export or fetch it again."
    else:
        return None
    return _error(path, what, to_do)


def explain_file(path: Path) -> P2PError | None:
    """What a file is that no format reads, by its name; None if that is not known."""
    if kind := _kind_of(path):
        return _error(path, f"is not read, because it is {kind.title}", kind.to_do)
    if is_class_list(path):
        what, to_do = (
            "lists classes and holds no labels",
            "Give the folder of the labels: a list beside them is read with them.",
        )
        return _error(path, what, to_do)
    return _explain_name(path)


def explain_folder(folder: Path) -> P2PError | None:
    """What a folder holds that no format reads, by its first files; None if that is not known."""
    files = find_files(folder, "*", strange=[])[:_MOST_LOOKED_AT]
    if known := next(((each, kind) for each in files if (kind := _kind_of(each))), None):
        found, kind = known
        what = f"has no labels that are read; {found.relative_to(folder).as_posix()} is {kind.title}"
        return _error(folder, what, kind.to_do)
    texts = [each for each in files if each.suffix.lower() in _TEXT]
    told = (explain(each) for explain in (_explain_name, _explain_text) for each in texts[:_FEW_LINES])
    return next((error for error in told if error), None)


_TEXTS: Mapping[str, tuple[str, str]] = {
    r"[A-Za-z_]+ -?[\d.]+ -?\d( -?[\d.]+){12}( [\d.]+)?": ("KITTI's boxes", _BOXES),
    r"(-?[\d.]+ ){8}[\w-]+ \d": ("DOTA's turned boxes", _BOXES),
    r"[A-Za-z][\w-]*( [01]?\.\d+){4,}": (
        "names of classes where YOLO has their numbers",
        "Replace each by its number, and put a classes.txt with the names, from class 0 on, beside them.",
    ),
    r"-?\d+(, ?-?[\d.]+){4,}": (
        "numbers with commas, where YOLO has spaces",
        "Replace the commas by spaces, and put a classes.txt with the names beside them.",
    ),
    r"-?\d+( -?\d+,\d+){4,}": ("numbers with a comma for the decimal point", "Replace the commas by points."),
    r"-?\d+( -?[\d.eE+-]+){4,}": (
        "lines as YOLO's, of which one is damaged or has a class number below 0",
        "Correct its first lines, or export the labels again.",
    ),
}


def _explain_name(path: Path) -> P2PError | None:
    if path.suffix.lower() in _TEXT and _first_text(path).lstrip("\ufeff \r\n\t")[:1] in ("{", "["):
        return _error(path, "holds JSON, but its name does not end in .json", "Rename it.")
    return None


def _first_text(path: Path) -> str:
    with open_file(path) as file:
        return file.read(4096).decode("utf-8", "replace")


def _explain_text(path: Path) -> P2PError | None:
    """What the lines of a text file are, which is not a format that is read."""
    lines = _first_text(path).splitlines()[:_FEW_LINES]
    told: Iterable[tuple[str, str]] = (
        about for line in lines for form, about in _TEXTS.items() if re.fullmatch(form, line.strip())
    )
    title, to_do = next(iter(told), ("", ""))
    return _error(path, f"is not read, because it has {title}", to_do) if title else None


def _kind_of(path: Path) -> _Kind | None:
    suffix = ".nii.gz" if path.name.lower().endswith(".nii.gz") else path.suffix.lower()
    return next((each for each in _KINDS if suffix in each.suffixes.split()), None) if suffix else None


def _error(place: Path, what: str, to_do: str) -> P2PError:
    return P2PError(place, what, to_do, code="unread-labels")


def describe_value(value: Any) -> str:
    """The first keys of a parsed file or of its first entry, or the elements of XML, in words; empty without any."""
    first = value[0] if isinstance(value, list) and value else value
    keys = [f"<{each}>" for each in (value.tag, *(child.tag for child in value))] if isinstance(value, Element) else []
    names = list(dict.fromkeys(keys or map(str, first if isinstance(first, dict) else ())))
    more = ", ..." if len(names) > _MOST_KEYS else ""
    return f"{', '.join(f'{name:.30}' for name in names[:_MOST_KEYS])}{more}"


def unknown_labels(path: Path, titles: Iterable[str], *, source: str = "", held: str = "") -> P2PError:
    """The error that nothing tells what labels are; `titles` are those of the formats that are read.

    `held` is what the first file of labels has by `describe_value`, and `source` what it is called, if there is one.
    """
    if path.is_dir() and holds_nothing(path):
        return P2PError(path, "is empty", "Is it the right folder?", code="unknown-labels")
    if path.is_dir():
        what = "holds no labels of a known format"
    elif path.suffix.lower() == ".json":
        what = "is JSON, but not of a known format"
    else:
        what = "is not a label file of a known format"
    what += f"; {source} has {held}" if held and path.is_dir() else f": it has {held}" if held else ""
    export = f"{_AS_COCO[:-1]}; also read are" if held else "Known are"
    to_do = f"{export} {', '.join(titles)}; the help of 'p2p data build-masks' says how their files look."
    return P2PError(path, what, to_do, code="unknown-labels")
