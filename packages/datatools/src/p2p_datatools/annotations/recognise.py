"""Finds out which format labels have, and reads them by that format's reader.

Nothing here may know how a format is built; each reader says itself whether a place is of it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.annotations.index import read_index_folder
from p2p_datatools.annotations.labelfiles import LabelFiles
from p2p_datatools.annotations.values import LabelSet
from p2p_datatools.contract.errors import P2PError, UsageError


class Reader(NamedTuple):
    """One format: its name for `--format`, whether a place is of it, how it is read, and what was looked for."""

    name: str
    recognises: Callable[[LabelFiles], bool]
    read: Callable[[LabelFiles], LabelSet]
    looked_for: str


def _file_reader(name: str, looked_for: str) -> Reader:
    return Reader(name, lambda files: bool(files.of(name)), lambda files: files.read(name), looked_for)


def _read_index(files: LabelFiles) -> LabelSet:
    if files.place.is_file():
        raise P2PError(f"{files.place}: is a file, but index pictures lie in a folder. Give the folder.")
    return read_index_folder(files.place)


# In the order in which they are tried: what says plainly what it is comes first.
READERS = (
    _file_reader("coco", "a .json file in COCO form (an object with images, annotations and categories)"),
    _file_reader("vott", "VoTT (an -export.json with assets and regions, or -asset.json files)"),
    _file_reader("labelme", "LabelMe (a .json with shapes and imagePath, or an .xml, a picture)"),
    _file_reader("cvat", "CVAT for images (.xml with <annotations>)"),
    _file_reader("via", "VIA (.json or .csv with filename and regions)"),
    Reader("index", lambda files: files.place.is_dir(), _read_index, "a folder of index pictures (.png)"),
)
FORMATS = ("auto", *(reader.name for reader in READERS))
_LOOKED_FOR = ", ".join(reader.looked_for for reader in READERS)


def read_labels(path: Path, format: str = "auto") -> LabelSet:  # noqa: A002 - it is the option's name
    """The labels in a file or folder; `format` is one of FORMATS.

    Raises P2PError when it is none of what was looked for, or damaged, and UsageError for an unknown format.
    """
    if format not in FORMATS:
        raise UsageError(f"--format {format}: there is no such format; there are {', '.join(FORMATS)}.")
    if not path.exists():
        raise P2PError(f"{path}: there is no such file or folder. Check the spelling.")
    files = LabelFiles(path)
    if format != "auto":
        return next(reader for reader in READERS if reader.name == format).read(files)
    _refuse_mixture(files)
    if files.damaged and not files.forms:
        raise files.damaged[0]
    for reader in READERS:
        if reader.recognises(files):
            return _read_or_say(reader, files)
    raise P2PError(f"{path}: is no label file of a form that is known. Looked for: {_LOOKED_FOR}.")


def _refuse_mixture(files: LabelFiles) -> None:
    names = {form.format: path for path, form in files.forms.items()}
    if len(names) > 1:
        listed = " and ".join(f"{name} ({path.relative_to(files.place)})" for name, path in names.items())
        raise P2PError(f"{files.place}: holds labels of several formats: {listed}. Say with --format which is meant.")


def _read_or_say(reader: Reader, files: LabelFiles) -> LabelSet:
    """The labels; where nothing but a folder is left to be tried, the error says what was looked for before."""
    try:
        return reader.read(files)
    except P2PError as error:
        if reader is READERS[-1]:
            raise P2PError(f"{error} Looked for: {_LOOKED_FOR}.") from error
        raise
