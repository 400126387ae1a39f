"""Reads a manifest of AWS SageMaker Ground Truth: a row a picture, with the colours of classes in a PNG beside it.

Nothing here may open a picture or fetch one; the PNG files lie below the manifest's folder, as they were downloaded.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from p2p_datatools.contract.errors import P2PError, skip_of
from p2p_datatools.contract.files.listing import find_files
from p2p_datatools.contract.palette import Color, color_of, plain
from p2p_datatools.labels.parsing.regions import of_any_kind, read_label, read_picture_name
from p2p_datatools.labels.values import ClassNames, ColorLabels, LabelSet

_SOURCE, _REF, _ABOUT, _COLORS = "source-ref", "-ref", "-metadata", "internal-color-map"


def is_groundtruth(value: Any) -> bool:
    """Whether lines of JSON are rows of Ground Truth, one of which has the colours of classes."""
    rows = [row for row in value if not isinstance(row, P2PError)] if isinstance(value, list) else []
    told = bool(rows) and all(isinstance(row, dict) and _SOURCE in row for row in rows)
    return told and any(_label_key(row) for row in rows)


def read_groundtruth(value: list[Any], *, where: str, source: str) -> LabelSet:
    """The pictures of all rows of the manifest at the path `where`; a row that cannot be read skips its picture.

    Raises P2PError when none of the PNG files lies below its folder.
    """
    folder = Path(where).parent
    files: dict[str, list[Path]] = {}
    for file in find_files(folder, "*.png", strange=[]):
        files.setdefault(file.name, []).append(file)
    items, skipped = [], []
    for count, row in enumerate(value, start=1):
        place = f"{where}: line {count}"
        try:
            items.append(of_any_kind(partial(_picture, row, files, folder, place), place))
        except P2PError as error:
            skipped.append(skip_of(error, place))
    if not items and skipped and all(skip.code == "missing-picture" for skip in skipped):
        what = f"names label pictures, and none of them is below {folder}; {skipped[0].what}"
        raise P2PError(where, what, "Download them there, with 'aws s3 sync'.", code="missing-picture")
    return LabelSet("groundtruth", tuple(items), skipped=tuple(skipped))


def _label_key(row: Mapping[str, Any]) -> str:
    """The key of the label picture of a row, whose metadata have the colours of classes; empty without one."""
    for key in row:
        about = row.get(f"{key}{_ABOUT}")
        if key != _SOURCE and key.endswith(_REF) and isinstance(about, dict) and isinstance(about.get(_COLORS), dict):
            return str(key)
    return ""


def _picture(row: Any, files: Mapping[str, list[Path]], folder: Path, where: str) -> ColorLabels:
    if isinstance(row, P2PError):
        raise row
    key = _label_key(row)
    if not key:
        raise P2PError(where, "has no label picture", "Label it, or remove the line.", code="unlabelled")
    path = _file(str(row[key]), files, folder, where)
    photo = read_picture_name(PurePosixPath(_path(row[_SOURCE])).name, where)
    colors = _colors(row[f"{key}{_ABOUT}"][_COLORS], where)
    listed = ClassNames("the manifest", colors=colors)
    return ColorLabels(photo, path, colors, listed=listed)


def _path(address: Any) -> str:
    return unquote(urlsplit(str(address)).path)


def _file(address: str, files: Mapping[str, list[Path]], folder: Path, where: str) -> Path:
    """The PNG of an address: of several of its name the one in the most folders of its path."""
    parts = PurePosixPath(_path(address)).parts
    name = parts[-1] if parts else ""
    found = files.get(name) or files.get(name.replace(":", "_")) or []  # no colon is in a name on Windows
    if not found:
        what, to_do = f"its label picture {name!r:.80} is not there", f"Download it into {folder}."
        raise P2PError(where, what, to_do, code="missing-picture")
    return max(found, key=lambda each: sum(part in parts for part in each.relative_to(folder).parts))


def _colors(table: Mapping[str, Any], where: str) -> dict[Color, str]:
    """The classes by their colours; what is in no class is called BACKGROUND."""
    found = {}
    for each in table.values():
        name = read_label(each["class-name"], where)
        found[color_of(str(each["hex-color"]))] = "background" if plain(name) == "background" else name
    return found
