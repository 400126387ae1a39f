"""Files that give each picture a split in one place: a table with a column for it, or JSON with a list for each split.

Nothing here may know which pictures there are, or take a file for such a table that says anything but splits there.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from p2p_datatools.contract.files.text import find_encoding
from p2p_datatools.contract.folders.given_splits import split_in, split_of_list

TABLE_KINDS = frozenset({".csv", ".tsv"})
SPLIT_COLUMNS = frozenset({"split", "splits", "subset", "partition", "set", "phase", "usage", "dataset_split"})
"""What a column that says splits is called, in small letters."""

_LARGEST_JSON = 1 << 23  # bytes: other JSON, such as labels, is larger and takes long
_OF_SPLITS = re.compile(r"split|partition|subset", re.IGNORECASE)
# Columns of names without suffix: those of pictures, and others only where a table has none of these. A column that is
# called label alone has classes, whose numbers may be names of pictures.
_OF_NAMES = re.compile(
    r"((image|img|photo|picture|file|path|stem|mask|a|b)s?([ _.-]?(id|name|path))?|label[ _.-]?path)$"
)
_OF_OTHERS = re.compile(r"(name|id)s?$")
_HAS_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


def read_split_table(file: Path) -> list[tuple[str, str]]:
    """(name, split) for the pictures that a CSV or JSON file names; empty for any file that is none of these."""
    try:
        return list(_from_rows(file) if file.suffix.lower() in TABLE_KINDS else _from_json(file))
    except (OSError, ValueError, RecursionError, csv.Error):
        return []  # it may be anything


def delimiter_of(line: str) -> str:
    """What stands between the columns of a table, by its first line: a comma, a semicolon or a tab."""
    counts = {each: line.count(each) for each in (",", ";", "\t")}
    return max(counts, key=lambda each: counts[each])


def _from_rows(file: Path) -> Iterator[tuple[str, str]]:
    with file.open("rb") as start:
        encoding = find_encoding(start.read(4))
    with file.open(encoding=encoding, newline="") as text:
        head = text.readline()
        heading = next(csv.reader([head], delimiter=delimiter_of(head)), [])
        columns = [cell.strip().casefold() for cell in heading]
        if not (place := next((index for index, cell in enumerate(columns) if cell in SPLIT_COLUMNS), -1)) >= 0:
            return
        for row in csv.reader(text, delimiter=delimiter_of(head)):
            if len(row) <= place or not row[place].strip():
                continue
            if (split := split_in(row[place].strip())) is None:
                raise ValueError("the column says something else than splits")
            yield from ((name, split) for name in _names_in(row, columns, place))


def _names_in(row: Sequence[str], columns: Sequence[str], place: int) -> list[str]:
    """The cells that are files; where none is, those of columns called as names of pictures are, or of anything."""
    cells = [
        (name, cell.strip()) for index, (name, cell) in enumerate(zip(columns, row, strict=False)) if index != place
    ]
    files = [cell for _, cell in cells if _HAS_SUFFIX.search(cell)]
    named = ([cell for name, cell in cells if cell and called.match(name)] for called in (_OF_NAMES, _OF_OTHERS))
    return files or next(named) or next(named)


def _from_json(file: Path) -> Iterator[tuple[str, str]]:
    own = split_of_list(file.stem)
    if not (own or _OF_SPLITS.search(file.stem)) or file.stat().st_size > _LARGEST_JSON:
        return
    value: Any = json.loads(file.read_text("utf-8-sig"))
    lists: Mapping[Any, Any] = value if isinstance(value, dict) else {own: value} if own else {}
    found = {key: (split_in(str(key)), names) for key, names in lists.items()}
    if all(split and isinstance(names, list) for split, names in found.values()):
        for split, names in found.values():
            yield from ((name, str(split)) for name in names if isinstance(name, str))
