"""What an export records of itself: which masks it was made of, and as what.

Nothing here may know a file format.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.files.atomic import read_lines, write_lines
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder

EXPORT_LINES = "export.jsonl"
_FORMAT, _VERSION = "p2p-export", 1
_TO_DO = "Delete the folder and export again."
_WORDS = {"to": "another format", "classes": "other classes", "ignored": "another label for ignored pixels"}


@dataclass(frozen=True)
class ExportLine:
    """One picture: the name of its photo as it is written, the files made of it, and the hash of its mask's file.

    `shapes` is how many regions it has, `ignored` how many of its pixels are ignored.
    """

    name: str
    photo: str
    files: tuple[str, ...]
    sha256: str
    shapes: int
    ignored: int

    def to_json(self) -> dict[str, Any]:
        """The line as a JSON value."""
        return vars(self) | {"files": list(self.files)}


def export_line(value: Any, where: Path) -> ExportLine:
    """Read what `ExportLine.to_json` gave, as `where` holds it.

    Raises P2PError for a name that is not below the folder, and for anything else that is no such line.
    """
    at = ForeignPlace(where, _TO_DO)
    with catch_decoder(where, "is damaged", _TO_DO):
        return ExportLine(
            name=relative_name(value["name"], where),
            photo=at.read_text(value["photo"], "photo"),
            files=tuple(relative_name(file, where) for file in at.read_list(value["files"], "files")),
            sha256=at.read_text(value["sha256"], "sha256"),
            shapes=at.read_whole(value["shapes"], "shapes"),
            ignored=at.read_whole(value["ignored"], "ignored"),
        )


def write_export(folder: Path, settings: Mapping[str, Any], sha256: str, lines: Iterable[ExportLine]) -> None:
    """Write the record: a line for the whole export, then one for each picture; `lines` are in their names' order.

    `sha256` is the hash of the file that holds all pictures, empty where each has its own.
    """
    head = {"format": _FORMAT, "version": _VERSION, **settings, "sha256": sha256}
    write_lines(folder / EXPORT_LINES, chain((head,), (line.to_json() for line in lines)))


def read_export(folder: Path, settings: Mapping[str, Any]) -> tuple[str, dict[str, ExportLine]]:
    """The hash of the file of all pictures, and the lines by name.

    Raises UsageError when the export has another format or other classes, P2PError when its record is damaged.
    """
    path = folder / EXPORT_LINES
    head, *values = read_lines(path) or [None]
    if not isinstance(head, dict) or head.get("format") != _FORMAT:
        what = f"its {EXPORT_LINES} was not written by 'p2p data export'"
        raise UsageError(folder, what, "Choose another destination.", code="destination-taken")
    if differing := [name for name, value in settings.items() if head.get(name) != value]:
        what = f"was exported with {' and '.join(_WORDS.get(name, name) for name in differing)}"
        raise UsageError(folder, what, "Choose another destination.", code="other-settings")
    with catch_decoder(path, "is damaged", _TO_DO):
        lines = [export_line(value, path) for value in values]
        return str(head["sha256"]), {line.name: line for line in lines}
