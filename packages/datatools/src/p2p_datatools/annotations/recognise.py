"""Finds out which format labels have, and reads them by that format's reader.

Nothing here may know how a format is built beyond the question whether a file is of it.
"""

from pathlib import Path
from typing import Any

from p2p_datatools.annotations.coco import is_coco, read_coco
from p2p_datatools.annotations.index import read_index_folder
from p2p_datatools.annotations.values import LabelSet
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import read_json

FORMATS = ("auto", "coco", "index")
_LOOKED_FOR = (
    "a .json file in COCO form (an object with images, annotations and categories), a folder with one such file, "
    "or a folder of index pictures (.png)"
)


def read_labels(path: Path, format: str = "auto") -> LabelSet:  # noqa: A002 - it is the option's name
    """The labels in a file or folder; `format` is one of FORMATS.

    Raises P2PError when it is none of what was looked for, or damaged, and UsageError for an unknown format.
    """
    if format not in FORMATS:
        raise UsageError(f"--format {format}: there is no such format; there are {', '.join(FORMATS)}.")
    if not path.exists():
        raise P2PError(f"{path}: there is no such file or folder. Check the spelling.")
    if path.is_file():
        return _read_file(path, format)
    coco = {} if format == "index" else _coco_files(path)
    if coco or format == "coco":
        return _read_only_one(coco, path)
    try:
        return read_index_folder(path)
    except P2PError as error:
        raise P2PError(f"{error} Looked for: {_LOOKED_FOR}.") from error


def _read_file(path: Path, format: str) -> LabelSet:  # noqa: A002 - it is the option's name
    if format == "index":
        raise P2PError(f"{path}: is a file, but index pictures lie in a folder. Give the folder.")
    if path.suffix.lower() != ".json":
        raise P2PError(f"{path}: is no label file that is known. Looked for: {_LOOKED_FOR}.")
    value = read_json(path)
    if not is_coco(value):
        raise P2PError(f"{path}: is JSON, but of no form that is known. Looked for: {_LOOKED_FOR}.")
    return read_coco(value, where=str(path), source=path.name)


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
