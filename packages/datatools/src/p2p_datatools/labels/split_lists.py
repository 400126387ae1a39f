"""Gives labels the splits of the lists that lie with them, as train.txt and val.txt, or that their data.yaml names.

Nothing here may know a format, or overrule what folders say.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.folders.listed_splits import ListEntry, give_splits, read_listed_splits, read_split_list
from p2p_datatools.contract.names import without_suffix
from p2p_datatools.labels.values import LabelSet


def give_listed_splits(found: LabelSet, labels: Path) -> LabelSet:
    """The labels with the splits of the lists in their folder or that above it, unless folders say splits.

    Raises P2PError when lists of different splits name one picture.
    """
    if any(item.split for item in found.items):
        return found
    root = labels if labels.is_dir() else labels.parent
    listed = read_listed_splits(root, _names_of(found))
    told = [listed.unmatched] if listed.unmatched else []
    return _with_splits(found, listed.splits, (*listed.notes, *told))


def give_splits_of_own_lists(found: LabelSet, named: Iterable[tuple[str, str]], own: Path, *, below: str) -> LabelSet:
    """The labels with the splits of the lists and pictures that a data set's file `own` names, as (split, path).

    The lists lie in the folder `below` that the file names as well, or beside the file. A path may be that on another
    machine, of which the end counts; what is named for several splits says none. Raises P2PError as
    `give_listed_splits`.
    """
    entries, notes = list[ListEntry](), list[str]()
    splits_of = defaultdict[str, dict[str, None]](dict)
    for split, path in named:
        splits_of[path][split] = None
    for path, (split, *others) in splits_of.items():
        if others:
            notes.append(f"{own}: {path} is named for {' and '.join([split, *others])}, and so gives no split.")
        elif not path.lower().endswith(".txt"):
            entries.append(ListEntry(without_suffix(path), split, own, f"its line {split}"))
        elif file := _find_below(own.parent, f"{below}/{path}"):
            entries += read_split_list(file, split)
            notes.append(f"{file}: is the list of {split} that {own.name} names.")
        else:
            notes.append(f"{own}: {path}, its list of {split}, is not there, and so not used.")
    if not entries and not notes:
        return found
    return _with_splits(found, give_splits(_names_of(found), entries, own.parent.name), notes)


def _find_below(folder: Path, path: str) -> Path | None:
    """The file in a folder that the end of a path names, the longest first."""
    parts = [part for part in path.replace("\\", "/").split("/") if part.strip(".")]
    files = (folder.joinpath(*parts[count:]) for count in range(len(parts)))
    return next((file for file in files if file.is_file()), None)


def _with_splits(found: LabelSet, splits: Sequence[str], notes: Iterable[str]) -> LabelSet:
    given = zip(found.items, splits, strict=True) if splits else ()
    items = tuple(replace(item, split=split) for item, split in given) or found.items
    return replace(found, items=items, notes=(*found.notes, *notes))


def _names_of(found: LabelSet) -> list[str]:
    return [without_suffix(item.picture_name) for item in found.items]
