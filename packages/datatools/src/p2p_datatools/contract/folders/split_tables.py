"""Files that give each picture a split in one place: a table with a column for it, or JSON with a list for each split.

Nothing here may know which pictures there are, or give a split that a word does not say; what is not used is told.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, read_text
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.files.text import find_delimiter, find_encoding
from p2p_datatools.contract.folders.given_splits import split_in, split_of_list
from p2p_datatools.contract.words import plural

TABLE_KINDS = frozenset({".csv", ".tsv"})
SPLIT_COLUMNS = frozenset({"split", "splits", "subset", "partition", "set", "phase", "usage", "dataset_split"})
"""What a column that says splits is called, in small letters."""

_SURE_COLUMNS = SPLIT_COLUMNS - {"set", "phase", "usage"}  # what others say may be anything
_FOLD_COLUMNS = frozenset({"fold", "folds", "kfold", "k_fold", "cv_fold", "fold_id", "fold_number"})
_LARGEST_JSON = 1 << 23  # bytes: other JSON, such as labels, is larger and takes long
_LONGEST_HEAD = 1 << 14  # bytes in which the headings of a table are
_MOST_SHOWN = 5  # words or keys in a remark
_OF_SPLITS = re.compile(r"split|partition|subset|fold", re.IGNORECASE)
# Columns of names without suffix: those of pictures, and others only where a table has none of these. A column that is
# called label alone has classes, whose numbers may be names of pictures.
_OF_NAMES = re.compile(
    r"((image|img|photo|picture|file|path|stem|mask|a|b)s?([ _.-]?(id|name|path))?|label[ _.-]?path)$"
)
_OF_OTHERS = re.compile(r"(name|id)s?$")
_HAS_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_ANY_SPLIT = "train, val or test"
_OWN_COLUMN = f"A table with a column split of {_ANY_SPLIT} is used"


class TableEntry(NamedTuple):
    """A picture's name, its split, which is empty where its word is none, and where in the file that is."""

    name: str
    split: str
    place: str


class SplitTable(NamedTuple):
    """What a file gives to pictures; `unused` says which of it is not used, and why, and is empty where all is."""

    entries: tuple[TableEntry, ...] = ()
    unused: str = ""


def read_split_table(file: Path) -> SplitTable:
    """The splits that a CSV or JSON file gives to pictures; empty for any file that is none of these."""
    try:
        return _from_csv(file) if file.suffix.lower() in TABLE_KINDS else _from_json(file)
    except (OSError, ValueError, RecursionError, csv.Error):
        return SplitTable()  # it may be anything


class _Row(NamedTuple):
    """A row of a table: where it is, the word for its split, and its names."""

    place: str
    word: str
    names: Sequence[str]


def _from_csv(file: Path) -> SplitTable:
    with open_file(file) as start:
        head = start.read(_LONGEST_HEAD)
    _, heading = next(_rows_of(head.decode(find_encoding(head), "replace")), ("", []))
    if _place_of(heading) is None:
        return SplitTable()
    try:
        rows = _rows_of(read_text(file))
    except P2PError as error:
        return SplitTable(unused=_of_error(error))
    _, heading = next(rows)
    return _from_rows(heading, rows)


def _of_error(error: P2PError) -> str:
    return f"{error.what}, and is not used. {error.to_do.rstrip('.')}"


def _rows_of(text: str) -> Iterator[tuple[str, list[str]]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(text))
    yield from ((f"line {rows.line_num}", row) for row in rows)


def _place_of(heading: Sequence[str]) -> int | None:
    """The column that says splits, or else folds; of several that which surely does."""
    columns = [cell.strip().casefold() for cell in heading]
    kinds = (_SURE_COLUMNS, SPLIT_COLUMNS, _FOLD_COLUMNS)
    return next((index for kind in kinds for index, cell in enumerate(columns) if cell in kind), None)


def _from_rows(heading: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> SplitTable:
    """The splits of a table with a column for them; of one with a column of folds, why it is not used."""
    columns = [cell.strip().casefold() for cell in heading]
    if (place := _place_of(heading)) is None:
        return SplitTable()
    read = [
        _Row(where, row[place].strip(), _names_in(row, columns, place))
        for where, row in rows
        if len(row) > place and row[place].strip()
    ]
    if columns[place] in _FOLD_COLUMNS:
        return _without_splits(read, f"has folds ({_words(read)}) and no splits, and is not used. {_OWN_COLUMN}")
    return _settle(read, columns[place])


def _settle(rows: Sequence[_Row], column: str) -> SplitTable:
    """The splits of rows, where at least half of them have the word of one."""
    strange = [row for row in rows if split_of_word(row.word) is None]
    if len(strange) == len(rows):
        why = f"its column {column} says {_words(rows)}, which are not splits, so it is not used. {_OWN_COLUMN}"
        return _without_splits(rows, why) if rows and column in _SURE_COLUMNS else SplitTable()
    more = f", and {plural(len(strange) - 1, 'other')} alike" if len(strange) > 1 else ""
    said = f"{strange[0].place} says {strange[0].word!r:.60}{more}" if strange else ""
    if 2 * len(strange) > len(rows):
        why = f"{said}, which is not a split, so it is not used. Write {_ANY_SPLIT}, or leave the cell empty"
        return _without_splits(rows, why)
    unused = f"{said}, which is not a split, so its pictures have none. Write {_ANY_SPLIT} there" if said else ""
    return SplitTable(tuple(_entries((row, split_of_word(row.word) or "") for row in rows)), unused)


def split_of_word(word: str) -> str | None:
    """The split that the word of one picture says; trainval is all that is not for tests."""
    return "train" if word.casefold() == "trainval" else split_in(word)


def _without_splits(rows: Iterable[_Row], why: str) -> SplitTable:
    return SplitTable(tuple(_entries((row, "") for row in rows)), why)


def _entries(rows: Iterable[tuple[_Row, str]]) -> Iterator[TableEntry]:
    for row, split in rows:
        yield from (TableEntry(name, split, row.place) for name in row.names)


def _words(rows: Iterable[_Row]) -> str:
    return _some([word for word, _ in Counter(row.word for row in rows).most_common()])


def _some(words: Sequence[str]) -> str:
    shown = ", ".join(f"{word:.30}" for word in words[:_MOST_SHOWN])
    return f"{shown} and {len(words) - _MOST_SHOWN} more" if len(words) > _MOST_SHOWN else shown


def _names_in(row: Sequence[str], columns: Sequence[str], place: int) -> list[str]:
    """The cells that are files; where none is, those of columns called as names of pictures are, or of anything."""
    cells = [
        (name, cell.strip()) for index, (name, cell) in enumerate(zip(columns, row, strict=False)) if index != place
    ]
    files = [cell for _, cell in cells if _HAS_SUFFIX.search(cell)]
    named = ([cell for name, cell in cells if cell and called.match(name)] for called in (_OF_NAMES, _OF_OTHERS))
    return files or next(named) or next(named)


def _from_json(file: Path) -> SplitTable:
    own, is_sure = split_of_list(file.stem), _OF_SPLITS.search(file.stem)
    if not (own or is_sure) or file.stat().st_size > _LARGEST_JSON:
        return SplitTable()
    try:
        value: Any = read_json(file)
    except P2PError as error:
        return SplitTable(unused=_of_error(error)) if is_sure else SplitTable()
    if isinstance(value, dict):
        return _from_table(value) if is_sure or _lists_of(value).keys() == value.keys() else SplitTable()
    if not isinstance(value, list) or not value:
        return SplitTable()
    if all(isinstance(each, dict) and _lists_of(each) for each in value):
        return _from_folds(value)
    if all(isinstance(each, dict) for each in value):
        return _from_records(value)
    return SplitTable(tuple(TableEntry(name, own, "it") for name in _names_of(value))) if own else SplitTable()


def _from_table(value: Mapping[str, Any]) -> SplitTable:
    """An object of lists by split, of such objects by fold, or of splits by picture."""
    inside = [each for each in value.values() if isinstance(each, dict) and _lists_of(each)]
    if lists := _lists_of(value):
        others = [key for key, each in value.items() if key not in lists and isinstance(each, list | dict)]
        why = f"{_some(others)} in it {'is no split' if len(others) == 1 else 'are no splits'}, and not used"
        entries = (TableEntry(name, split, key) for key, (split, names) in lists.items() for name in names)
        return SplitTable(tuple(entries), why if others else "")
    if inside:
        return _from_folds(inside)
    words = {name: word for name, word in value.items() if isinstance(word, str)}
    rows = [_Row(f"{name:.60}", word, [name]) for name, word in words.items()]
    return _settle(rows, "split") if len(words) == len(value) else SplitTable()


def _from_folds(folds: Sequence[Mapping[str, Any]]) -> SplitTable:
    """The only fold, or why none of several is used: what is for training in one is for validation in another."""
    if len(folds) == 1:
        return _from_table(folds[0])
    names = dict.fromkeys(name for fold in folds for _, each in _lists_of(fold).values() for name in each)
    why = (
        f"has {len(folds)} folds, of which each is another split, and is not used. To use one, save its train and val "
        "alone, as splits.json"
    )
    return SplitTable(tuple(TableEntry(name, "", "it") for name in names), why)


def _from_records(records: Sequence[Mapping[str, Any]]) -> SplitTable:
    columns = list(dict.fromkeys(key for each in records for key in each))
    rows = ([str(each.get(key, "")) for key in columns] for each in records)
    return _from_rows(columns, ((f"entry {count}", row) for count, row in enumerate(rows, start=1)))


def _lists_of(value: Mapping[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """The keys of an object that are splits with a list of names, each with its split and names."""
    found = {key: (split_of_word(key), each) for key, each in value.items() if isinstance(each, list)}
    return {key: (split, _names_of(each)) for key, (split, each) in found.items() if split}


def _names_of(values: Sequence[Any]) -> list[str]:
    """The names in a list: texts, or the files in objects such as {"image": "a.png", "label": "b.png"}."""
    texts = ([each] if isinstance(each, str) else _files_of(each) for each in values)
    return [name for names in texts for name in names]


def _files_of(value: Any) -> list[str]:
    inside = value.values() if isinstance(value, dict) else ()
    return [each for each in inside if isinstance(each, str) and _HAS_SUFFIX.search(each)]
