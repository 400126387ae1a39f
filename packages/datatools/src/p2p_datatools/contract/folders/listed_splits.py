"""Lists of a data set's pictures by split, as train.txt and val.txt, in ImageSets/Segmentation or beside the pictures.

A table with a column for the split is one, too. Nothing here may know a format, or give a split to a picture that two
lists of different splits name.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.folders.given_splits import join_path, split_of_list
from p2p_datatools.contract.folders.split_tables import TABLE_KINDS, read_split_table
from p2p_datatools.contract.matching import find_convention
from p2p_datatools.contract.names import share_folders, without_suffix
from p2p_datatools.contract.words import plural

_LARGEST = 1 << 26  # bytes of a list
_KINDS = frozenset({".txt", ".lst", ".csv"})
_READ = _KINDS | TABLE_KINDS | {".json"}
_PLACES = (  # below a data set's folder
    *(
        "ImageSets/Segmentation",
        "ImageSets/2017",
        "ImageSets/2016",
        "ImageSets/Main",
        "ImageSets",
        "",
        "splits",
        "split",
    ),
    *("lists", "list", "filelists", "file_lists", "filenames", "data_splits", "meta", "metadata"),
)
_COLUMNS = 2  # of a list: the picture and its labels; others may have anything
_CELL = re.compile(r"[\s,;]+")


class ListedSplits(NamedTuple):
    """The split of each picture, empty for those in no list, and a sentence that says which lists told them."""

    splits: tuple[str, ...] = ()
    note: str = ""


class _Entry(NamedTuple):
    """A picture's name in a list."""

    name: str
    split: str
    file: Path


def read_listed_splits(folder: Path, names: Sequence[str]) -> ListedSplits:
    """The splits that lists in a folder, or in that above it, give to pictures, of names below it without suffix.

    Nothing where no list names any. Raises P2PError when lists of different splits name one picture.
    """
    for place in (above / place for above in (folder, folder.resolve().parent) for place in _PLACES):
        files = _files_in(place)
        entries = _by_base(_lists_in(files)) or _by_base(_tables_in(files))
        if not entries:
            continue
        own = folder.resolve().name
        splits = tuple(_split_of(name, entries, own) for name in _as_listed(names, entries))
        if not any(splits):  # the lists may be of sequences, which are folders
            splits = tuple(_split_of_folder(name, entries) for name in names)
        if any(splits):
            count = plural(sum(1 for split in splits if split), "picture")
            lists = dict.fromkeys(each.file for found in entries.values() for each in found)
            return ListedSplits(splits, f"The splits of {count} are those in {' and '.join(map(str, lists))}.")
    return ListedSplits()


def _lists_in(files: Sequence[Path]) -> Iterator[tuple[Path, Iterator[tuple[str, str]]]]:
    """The lists of one split each, with the names and the split that they give."""
    for file in files:
        if file.suffix.lower() in _KINDS and (split := split_of_list(file.stem)):
            yield file, ((name, split) for name in _names_in(file))


def _tables_in(files: Sequence[Path]) -> Iterator[tuple[Path, Iterator[tuple[str, str]]]]:
    """The tables of all splits, and JSON of them."""
    for file in files:
        if file.suffix.lower() in (*TABLE_KINDS, ".json"):
            yield file, ((without_suffix(name), split) for name, split in read_split_table(file))


def _files_in(folder: Path) -> list[Path]:
    try:
        # As texts first, for most files of a folder are its pictures, and there may be a million.
        names = sorted(name for name in os.listdir(folder) if name[name.rfind(".") :].lower() in _READ)
        files = [folder / name for name in names if not name.startswith(".")]
        return [file for file in files if file.is_file() and file.stat().st_size <= _LARGEST]
    except OSError:
        return []  # a folder above may be closed to us


def _by_base(lists: Iterable[tuple[Path, Iterable[tuple[str, str]]]]) -> dict[str, list[_Entry]]:
    found: dict[str, list[_Entry]] = defaultdict(list)
    for file, entries in lists:
        for name, split in entries:
            found[name.rpartition("/")[2]].append(_Entry(name, split, file))
    return found


def _names_in(file: Path) -> Iterator[str]:
    """The names in a list: a line each; or the picture and its labels, with a space or comma between."""
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return  # it may be anything
    for line in lines:
        if text := line.strip():
            first, *others = _CELL.split(text)[:_COLUMNS]
            paths = [each for each in others if without_suffix(each) != each]  # any other word is no picture's
            yield from dict.fromkeys(map(without_suffix, (text, first, *paths)))


def _split_of_folder(name: str, entries: Mapping[str, list[_Entry]]) -> str:
    found = {each.split for folder in name.split("/")[:-1] for each in entries.get(folder, ()) if each.name == folder}
    return found.pop() if len(found) == 1 else ""


def _as_listed(names: Sequence[str], entries: Mapping[str, list[_Entry]]) -> Sequence[str]:
    """The names, without what all have in addition to those in the lists, such as _mask, where none is listed."""
    if any(name.rpartition("/")[2] in entries for name in names):
        return names
    convention = find_convention([name.rpartition("/")[2] for name in names], entries.keys(), both_ways=True)
    return [convention.one.remove(name) or name for name in names] if convention else names


def _split_of(name: str, entries: Mapping[str, list[_Entry]], folder: str) -> str:
    """The split of a picture in a folder of this name; of entries that may mean it those that name the folder count."""
    fitting = [each for each in entries.get(name.rpartition("/")[2], ()) if share_folders(each.name, name)]
    fitting = [each for each in fitting if share_folders(each.name, join_path(folder, name))] or fitting
    splits = {each.split: each.file for each in fitting}
    if len(splits) > 1:
        first, second, *_ = splits.values()
        what = f"lists {name}, and so does {second}" if first != second else f"gives {name} several splits"
        raise P2PError(first, what, "Take it out of one of the lists.", code="several-splits")
    return next(iter(splits), "")
