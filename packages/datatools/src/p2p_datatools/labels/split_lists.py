"""Lists of a data set's pictures by split, as train.txt and val.txt, in ImageSets/Segmentation or beside the labels.

Nothing here may know a format, or give a split to a picture that two lists of different splits name.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.given_splits import split_in
from p2p_datatools.contract.names import share_folders, without_suffix
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import LabelItem, LabelSet

_LARGEST = 1 << 26  # bytes of a list
_PLACES = ("ImageSets/Segmentation", "", "splits")  # below a data set's folder


class _Entry(NamedTuple):
    """A picture's name in a list."""

    name: str
    split: str
    file: Path


def give_listed_splits(found: LabelSet, labels: Path) -> LabelSet:
    """The labels with the splits of the lists in their folder or that above it, unless folders say splits.

    Raises P2PError when lists of different splits name one picture.
    """
    if any(item.split for item in found.items):
        return found
    root = labels if labels.is_dir() else labels.parent
    for folder in (above / place for above in (root, root.resolve().parent) for place in _PLACES):
        lists = _lists_in(folder)
        if not (entries := _by_base(lists)):
            continue
        splits = [_split_of(item, entries) for item in found.items]
        if any(splits):
            items = tuple(replace(item, split=split) for item, split in zip(found.items, splits, strict=True))
            return replace(found, items=items, notes=(*found.notes, _describe(lists, splits)))
    return found


def _lists_in(folder: Path) -> list[Path]:
    try:
        files = sorted(file for file in folder.glob("*.txt") if split_in(file.stem) and file.is_file())
        return [file for file in files if file.stat().st_size <= _LARGEST]
    except OSError:
        return []  # a folder above may be closed to us


def _by_base(lists: Sequence[Path]) -> dict[str, list[_Entry]]:
    found: dict[str, list[_Entry]] = defaultdict(list)
    for file in lists:
        split = split_in(file.stem) or ""
        for name in _names_in(file):
            found[name.rpartition("/")[2]].append(_Entry(name, split, file))
    return found


def _names_in(file: Path) -> Iterator[str]:
    """The names in a list: a line each; or the picture and its labels, with a space between."""
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return  # it may be anything
    for line in lines:
        if text := line.strip():
            yield from dict.fromkeys(map(without_suffix, (text, text.split()[0])))


def _split_of(item: LabelItem, entries: dict[str, list[_Entry]]) -> str:
    name = without_suffix(item.picture_name)
    fitting = [each for each in entries.get(name.rpartition("/")[2], ()) if share_folders(each.name, name)]
    splits = {each.split: each.file for each in fitting}
    if len(splits) > 1:
        first, second, *_ = splits.values()
        raise P2PError(
            first, f"lists {name}, and so does {second}", "Take it out of one of the lists.", code="several-splits"
        )
    return next(iter(splits), "")


def _describe(lists: Iterable[Path], splits: Sequence[str]) -> str:
    count = plural(sum(1 for split in splits if split), "picture")
    return f"The splits of {count} are those in {' and '.join(map(str, lists))}."
