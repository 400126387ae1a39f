"""The formats that masks can be exported to, a row each.

Nothing here may write a file; a row says which files a format has and what is in them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from p2p_datatools.exports.formats.coco import CocoJoiner, coco_entry
from p2p_datatools.exports.formats.cvat import CvatJoiner, cvat_entry
from p2p_datatools.exports.formats.labelme import encode_labelme, labelme_file
from p2p_datatools.exports.formats.labelstudio import LabelStudioJoiner, labelstudio_entry, labelstudio_lists
from p2p_datatools.exports.formats.voc import encode_voc, voc_file, voc_lists
from p2p_datatools.exports.formats.yolo import encode_yolo, yolo_file, yolo_lists
from p2p_datatools.exports.values import ExportClasses, ExportPicture

Sizes = Literal["all", "with regions", "none"]


class Joiner(Protocol):
    """Joins what was written of each picture, which comes in the order of the pictures, to one file.

    `tail` stands after all of them.
    """

    tail: str

    def add(self, number: int, entry: Any) -> str:
        """The text of the next picture, whose number is counted from 0."""

    def head(self, classes: ExportClasses, count: int, *, ignored: bool) -> str:
        """What stands before all of them; asked for when all, so many, were added."""


class _Lists(Protocol):
    def __call__(self, classes: ExportClasses, photos: Mapping[str, str], *, ignored: bool) -> Mapping[str, bytes]: ...


def _no_lists(classes: ExportClasses, photos: Mapping[str, str], *, ignored: bool) -> Mapping[str, bytes]:
    return {}


@dataclass(frozen=True)
class FilePerPicture:
    """A format with a file for each picture: `file` names it, `encode` gives its bytes.

    `lists` are files for all pictures, made of the names of their photos by their own; `labels` is the folder to give
    to build-masks, and `photos` the one where the format's own tools look for the photos, both below DEST. `sizes` says
    which pictures the labels tell the size of: all, those with regions, or none; for the others build-masks needs the
    photos.
    """

    file: Callable[[str], str]
    encode: Callable[[ExportPicture], bytes]
    lists: _Lists = _no_lists
    labels: str = ""
    photos: str | None = ""
    sizes: Sizes = "all"


@dataclass(frozen=True)
class FileOfAll:
    """A format with one `file` for all pictures: `entry` is made of each picture, and a joiner puts them together.

    The rest is as of FilePerPicture.
    """

    file: str
    entry: Callable[[ExportPicture], Any]
    joiner: Callable[[], Joiner]
    lists: _Lists = _no_lists
    photos: str | None = None
    sizes: Sizes = "all"

    @property
    def labels(self) -> str:
        """What to give to build-masks, below DEST."""
        return self.file


EXPORT_FORMATS: Mapping[str, FilePerPicture | FileOfAll] = {
    "coco": FileOfAll("annotations.json", coco_entry, CocoJoiner),
    "labelme": FilePerPicture(labelme_file, encode_labelme),
    "cvat": FileOfAll("annotations.xml", cvat_entry, CvatJoiner),
    "yolo": FilePerPicture(
        yolo_file, encode_yolo, yolo_lists, labels="labels/train", photos="images/train", sizes="none"
    ),
    "voc": FilePerPicture(voc_file, encode_voc, voc_lists, photos="JPEGImages"),
    "labelstudio": FileOfAll(
        "tasks.json", labelstudio_entry, LabelStudioJoiner, labelstudio_lists, sizes="with regions"
    ),
}
"""Every export format by its name for --format."""


def export_names() -> tuple[str, ...]:
    """What `export_masks` takes as a format."""
    return tuple(EXPORT_FORMATS)
