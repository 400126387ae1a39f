"""Lists of a data set's pictures by split, as train.txt and val.txt, in ImageSets/Segmentation or beside the pictures.

A table with a column for the split is one, too. Nothing here may know a format, or give a split to a picture that two
lists of different splits name.
"""

import os
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_text
from p2p_datatools.contract.folders.given_splits import join_path, split_of_list
from p2p_datatools.contract.folders.split_tables import TABLE_KINDS, TableEntry, read_split_table
from p2p_datatools.contract.matching import find_convention
from p2p_datatools.contract.names import folders_of, share_folders, without_suffix
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
_FEW = 8  # entries of one name: they are compared with each picture
_CELL = re.compile(r"[\s,;]+")
_LABEL = re.compile(r"\d{1,3}( (0?\.\d+|[01](\.0*)?)){4,}")  # YOLO's: the photo of a train has train.txt
_FOLD = re.compile(r"(?i)(?<![a-z])(fold|cv)[ _.-]?\d")
# What may say splits, and is not read.
_UNREAD = frozenset(
    {".pkl", ".pickle", ".npy", ".npz", ".mat", ".yaml", ".yml", ".toml", ".xlsx", ".xls", ".ods", ".parquet"}
)
_OF_SPLITS = re.compile(r"(?i)(?<![a-z])(splits?|partitions?|folds?)(?![a-z])")


class ListedSplits(NamedTuple):
    """The split of each picture, empty for those in no list, or nothing where no list gives any; and what to tell.

    `unmatched` says that lists name none of the pictures: it is to be told unless they name others, such as the photos.
    """

    splits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unmatched: str = ""


class ListEntry(NamedTuple):
    """A picture's name in a list or table, and where in the file it is."""

    name: str
    split: str
    file: Path
    place: str


_Entries = Mapping[str, Sequence[ListEntry]]  # by the last part of their names


class _Place(NamedTuple):
    """What the files of one folder say: entries with splits, and why others are not used, with their names."""

    entries: _Entries
    unused: Sequence[tuple[str, _Entries]]


def read_listed_splits(folder: Path, names: Sequence[str]) -> ListedSplits:
    """The splits that lists in a folder, or in that above it, give to pictures, of names below it without suffix.

    Where all pictures lie in one folder farther down, as archives are unpacked, the lists may lie on the way to it. No
    splits where no list names any; the notes say which lists were used, and which may be splits and were not. Raises
    P2PError when lists of different splits, or lines of one, name one picture.
    """
    names, notes = [unicodedata.normalize("NFC", name) for name in names], dict[str, None]()
    unmatched = ""
    down = PurePosixPath(os.path.commonpath([name.rpartition("/")[0] for name in names] or [""])).parts
    inner = [folder.joinpath(*down[:count]) for count in range(1, len(down) + 1)]
    resolved = folder.resolve()
    for place in (above / place for above in (folder, *inner, resolved.parent) for place in _PLACES):
        found = _read_place(place)
        splits = _give(names, found.entries, resolved.name)
        notes |= {line: None for line, entries in found.unused if not entries or _names_any(names, entries)}
        if any(splits):
            return ListedSplits(splits, (_say_used(splits, found.entries), *notes))
        unmatched = unmatched or _say_unmatched(found.entries)
    return ListedSplits((), tuple(notes), unmatched)


def _say_unmatched(entries: _Entries) -> str:
    """That lists of several splits name none of the pictures; one alone may be anything."""
    listed = [each for found in entries.values() for each in found]
    if len({each.split for each in listed}) < 2:
        return ""
    files = list(dict.fromkeys(each.file for each in listed))
    say, are = ("names", "is") if len(files) == 1 else ("name", "are")
    return f"{_join(files)} {say} none of these pictures, such as {listed[-1].name}, and {are} not used."


def _join(files: Iterable[Path]) -> str:
    return " and ".join(map(str, files))


def _say_used(splits: Sequence[str], entries: _Entries) -> str:
    listed = sum(1 for split in splits if split)
    lists = dict.fromkeys(each.file for found in entries.values() for each in found)
    rest = f"; {plural(len(splits) - listed, 'other is', 'others are')} in none" if listed < len(splits) else ""
    return f"The splits of {plural(listed, 'picture')} are those in {_join(lists)}{rest}."


def give_splits(names: Sequence[str], entries: Iterable[ListEntry], folder: str) -> tuple[str, ...]:
    """The splits that entries give to pictures of these names in a folder of that name; empty for those in none.

    Raises P2PError when entries of different splits name one picture.
    """
    return _give([unicodedata.normalize("NFC", name) for name in names], _by_base(entries), folder)


def read_split_list(file: Path, split: str) -> Iterator[ListEntry]:
    """The entries of a list of one split; raises P2PError when it is not text in an encoding that it tells."""
    yield from (ListEntry(name, split, file, place) for name, place in _names_in(file))


def _give(names: Sequence[str], entries: _Entries, folder: str) -> tuple[str, ...]:
    if not entries:
        return ()
    alike = _Alike(entries)
    splits = tuple(_split_of(name, alike.find(name), folder) for name in _as_listed(names, entries))
    # The lists may be of sequences, which are folders.
    return splits if any(splits) else tuple(_split_of_folder(name, entries) for name in names)


def _names_any(names: Sequence[str], entries: _Entries) -> bool:
    return any(name.rpartition("/")[2] in entries for name in _as_listed(names, entries))


def _read_place(place: Path) -> _Place:
    """What the lists of a folder say, or where there are none, its tables; and what may say splits, but is not read."""
    files = _files_in(place)
    lists, unused = _lists_in(files)
    entries = _by_base(lists)
    if not entries:
        tables = [(file, read_split_table(file)) for file in files if file.suffix.lower() in (*TABLE_KINDS, ".json")]
        found = [(file, table.unused, [_entry_of(each, file) for each in table.entries]) for file, table in tables]
        entries = _by_base(each for _, _, of_file in found for each in of_file if each.split)
        unused += [(f"{file}: {why}.", _by_base(of_file)) for file, why, of_file in found if why]
    told = "may say splits, but is not read. A CSV with columns image and split of train, val or test is."
    unused += [(f"{file}: {told}", {}) for file in files if file.suffix.lower() in _UNREAD]
    return _Place(entries, unused)


def _entry_of(entry: TableEntry, file: Path) -> ListEntry:
    return ListEntry(_plain(entry.name), entry.split, file, entry.place)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", without_suffix(name))


def _lists_in(files: Sequence[Path]) -> tuple[list[ListEntry], list[tuple[str, _Entries]]]:
    """The entries of the lists of one split each, and why others cannot be read.

    A list of trainval counts where none of train is beside it.
    """
    named = {file: split_of_list(file.stem) for file in files if file.suffix.lower() in _KINDS}
    if "train" not in named.values():
        named |= {file: "train" for file in named if _is_of_both(file)}
    entries, unused = list[ListEntry](), list[tuple[str, _Entries]]()
    for file, split in named.items():
        try:
            entries += read_split_list(file, split) if split else ()
            if not split and _FOLD.search(file.stem):
                why = f"{file}: is the list of a fold and not of a split, and is not used."
                unused.append((why, _by_base(read_split_list(file, ""))))
        except P2PError as error:
            unused.append((f"{file}: {error.what}, and is not used. {error.to_do}", {}))
    return entries, unused


def _is_of_both(file: Path) -> bool:
    """Whether a list is called trainval: what no list of val names is for training."""
    return file.stem.casefold() == "trainval"


def _files_in(folder: Path) -> list[Path]:
    try:
        # As texts first, for most files of a folder are its pictures, and there may be a million.
        names = sorted(name for name in os.listdir(folder) if _may_say_splits(name))
        files = [folder / name for name in names if not name.startswith(".")]
        return [file for file in files if file.is_file() and file.stat().st_size <= _LARGEST]
    except OSError:
        return []  # a folder above may be closed to us


def _may_say_splits(name: str) -> bool:
    suffix = name[name.rfind(".") :].lower()
    return suffix in _READ or (suffix in _UNREAD and _OF_SPLITS.search(name) is not None)


def _by_base(entries: Iterable[ListEntry]) -> dict[str, list[ListEntry]]:
    found: dict[str, list[ListEntry]] = defaultdict(list)
    for entry in entries:
        found[entry.name.rpartition("/")[2]].append(entry)
    return found


def _names_in(file: Path) -> Iterator[tuple[str, str]]:
    """The names in a list, and where: a line each; or the picture and its labels, with a space or comma between.

    Raises P2PError when it is not text in an encoding that it tells.
    """
    for count, line in enumerate(read_text(file).splitlines(), start=1):
        if (text := line.strip()) and not _LABEL.fullmatch(text):
            first, *others = _CELL.split(text, _COLUMNS)[:_COLUMNS]
            paths = [each for each in others if without_suffix(each) != each]  # any other word is no picture's
            yield from ((name, f"line {count}") for name in dict.fromkeys(map(_plain, (text, first, *paths))))


def _split_of_folder(name: str, entries: _Entries) -> str:
    found = {each.split for folder in name.split("/")[:-1] for each in entries.get(folder, ()) if each.name == folder}
    return found.pop() if len(found) == 1 else ""


def _as_listed(names: Sequence[str], entries: _Entries) -> Sequence[str]:
    """The names, without what all have in addition to those in the lists, such as _mask, where none is listed."""
    if any(name.rpartition("/")[2] in entries for name in names):
        return names
    convention = find_convention([name.rpartition("/")[2] for name in names], entries.keys(), both_ways=True)
    return [convention.one.remove(name) or name for name in names] if convention else names


class _Alike:
    """Finds the entries that may mean a picture, where thousands have its name: rgb.png in a folder of each scene."""

    def __init__(self, entries: _Entries) -> None:
        self._entries = entries
        self._sorted: dict[str, tuple[list[tuple[str, ...]], list[int]]] = {}

    def find(self, name: str) -> list[ListEntry]:
        """The entries of this name, of whose folders and the picture's own one are the last of the other."""
        base = name.rpartition("/")[2]
        alike = self._entries.get(base, ())
        if len(alike) <= _FEW:
            return [each for each in alike if share_folders(each.name, name)]
        if base not in self._sorted:
            self._sorted[base] = _sort_by_folders(alike)
        folders, places = self._sorted[base]
        own, found = _innermost_first(name), list[int]()
        for count in range(len(own)):
            found += places[bisect_left(folders, own[:count]) : bisect_right(folders, own[:count])]
        end = bisect_right(folders, own, key=lambda each: each[: len(own)])
        found += places[bisect_left(folders, own) : end]
        return [alike[place] for place in sorted(found)]


def _sort_by_folders(entries: Sequence[ListEntry]) -> tuple[list[tuple[str, ...]], list[int]]:
    """The folders of entries, the innermost first, in their order, and the places of their entries."""
    folders = [_innermost_first(each.name) for each in entries]
    places = sorted(range(len(folders)), key=folders.__getitem__)
    return [folders[place] for place in places], places


def _innermost_first(name: str) -> tuple[str, ...]:
    return folders_of(name)[::-1]


def _split_of(name: str, fitting: Sequence[ListEntry], folder: str) -> str:
    """The split that the entries which may mean a picture say; those that name the folder it is in count, if any do."""
    fitting = [each for each in fitting if share_folders(each.name, join_path(folder, name))] or fitting
    if any(each.split == "val" for each in fitting):
        fitting = [each for each in fitting if not _is_of_both(each.file)]
    splits = {each.split: each for each in reversed(fitting)}
    if len(splits) > 1:
        raise _several_splits(name, *[each for each in fitting if splits[each.split] is each][:2])
    return next(iter(splits), "")


def _several_splits(name: str, one: ListEntry, other: ListEntry) -> P2PError:
    if one.file != other.file:
        what = f"lists {name} in {one.place}, and so does {other.file} in {other.place}"
        to_do = "Remove one of these lines, or move the list that is not meant to another folder."
        if {one.split, other.split} == {"train", "val"}:
            both = one.file if one.split == "train" else other.file
            to_do += f" If {both.name} is to hold what is for val, too, call it trainval{both.suffix}."
    else:
        what = f"gives {name} the split {one.split} in {one.place}, and {other.split} in {other.place}"
        to_do = "Keep one of these, or, if the file does not say splits, move it to another folder."
    return P2PError(one.file, what, to_do, code="several-splits")
