"""Where pictures are from: what the record beside a fetched data set says of its title, its terms and whom to cite.

Nothing here may write that record, or guess: pictures without a record are from nowhere known.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.words import printable

PROVENANCE = "provenance.json"
"""The record that 'p2p data fetch' writes into a data set."""

TOLD = ("title", "name", "home", "citation", "licence", "terms", "fetched")
"""What of it goes with the pictures when they become pairs."""


def read_origins(folders: Iterable[Path]) -> list[dict[str, str]]:
    """What the records in these folders, or in those that hold them, say; each data set once."""
    found: dict[str, dict[str, str]] = {}
    for folder in folders:
        for place in (folder, folder.absolute().parent):
            if told := _read_record(place, folder):
                found.setdefault(str(told), told)
                break
    return list(found.values())


def _read_record(place: Path, folder: Path) -> dict[str, str]:
    """What the record of a data set says, if `folder` is a part of the set; a damaged one says nothing."""
    with suppress(P2PError):
        record = read_json(place / PROVENANCE) if (place / PROVENANCE).is_file() else None
        if isinstance(record, dict) and _holds(record.get("files"), folder.resolve(), place.resolve()):
            return {name: printable(str(record[name])) for name in TOLD if record.get(name)}
    return {}


def _holds(files: Any, folder: Path, place: Path) -> bool:
    """Whether a record is that of a folder: where it lists files, some of them are in it."""
    if not isinstance(files, Mapping) or folder == place:
        return True
    if not folder.is_relative_to(place):  # a link to elsewhere
        return False
    below = folder.relative_to(place).as_posix()
    return any(str(file).startswith(f"{below}/") for file in files)
