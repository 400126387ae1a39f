"""Label files of a data set in splits: which of several belong together, and the split of each picture's labels.

Nothing here may read a file or know a format; names of files and folders are all that counts.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from p2p_datatools.contract.folders.given_splits import SplitPlace, find_splits, folder_of
from p2p_datatools.labels.values import LabelItem, LabelSet

_OBJECTS = "instances"  # COCO names the files of its outlines so, beside those of keypoints and of all else


def place_in_splits(files: Sequence[str], *, hold_many: bool) -> dict[str, SplitPlace]:
    """The places of label files in splits, by their folders; where each may hold many pictures, by their names."""
    stems = {file: str(PurePosixPath(file).with_suffix("")) if hold_many else folder_of(file) for file in files}
    found = find_splits(stems.values())
    return {file: found[stem] for file, stem in stems.items() if stem in found}


def choose_split_files(files: Sequence[str]) -> tuple[str, ...]:
    """Of files that each hold all labels of a picture's split, those of one data set; none where that is not plain."""
    sets: dict[str, dict[str, str]] = defaultdict(dict)
    for file, place in place_in_splits(files, hold_many=True).items():
        sets[place.family][file] = place.split
    objects = [file for file in files if _OBJECTS in PurePosixPath(file).name.casefold()]
    if len(objects) == 1 < len(files):  # COCO has other tasks' files beside it, such as captions
        return (objects[0],)
    named = [family for family in sets if _OBJECTS in family]
    if len(named) == 1 and set(objects) == sets[named[0]].keys():
        sets = {named[0]: sets[named[0]]}
    elif sum(map(len, sets.values())) < len(files):
        return ()
    if len(sets) != 1:
        return ()
    ((_, chosen),) = sets.items()
    return tuple(chosen) if len(set(chosen.values())) == len(chosen) > 1 else ()


def give_split(found: LabelSet, file: str, places: Mapping[str, SplitPlace]) -> LabelSet:
    """The labels of a file with its split; where there are several, their masks are apart, too.

    A mask without a photo then lies in a folder called as that of its label file, or as the split that the file's own
    name says.
    """
    place = places.get(file)
    if place is None:
        return found
    several = len({each.split for each in places.values()}) > 1
    by_own_name = not place.after and place.folder == str(PurePosixPath(file).with_suffix(""))
    below = place.split if by_own_name else folder_of(file)
    return replace(found, items=tuple(_give(item, place.split, below if several else "") for item in found.items))


def _give(item: LabelItem, split: str, below: str) -> LabelItem:
    is_there = "/" in item.picture_name
    return replace(item, split=split, below="" if is_there else below)


def give_splits_of_names(found: LabelSet) -> LabelSet:
    """The labels with the splits that the folders in their pictures' names say, unless any has one."""
    if any(item.split for item in found.items):
        return found
    places = find_splits(folder_of(item.picture_name) for item in found.items)
    if not places:
        return found
    return replace(
        found,
        items=tuple(
            replace(item, split=place.split) if (place := places.get(folder_of(item.picture_name))) else item
            for item in found.items
        ),
    )


def give_splits_of_folders(found: LabelSet, folders: Mapping[str, str]) -> LabelSet:
    """The labels with the splits of the folders of photos that a data set's own file names, where names say none.

    Such a file may name folders by paths on another machine, of which the end counts.
    """
    if give_splits_of_names(found) is not found or not all(folders.values()):
        return found
    named = [([part for part in path.split("/") if part.strip(".")], split) for path, split in folders.items()]
    items = []
    for item in found.items:
        own = folder_of(item.picture_name).split("/")
        ends = [(_count_shared(parts, own), split) for parts, split in named]
        best = {split for length, split in ends if length and length == max(ends)[0]}
        items.append(replace(item, split=best.pop()) if len(best) == 1 else item)
    return replace(found, items=tuple(items))


def _count_shared(parts: Sequence[str], own: Sequence[str]) -> int:
    """How many of the last parts of a path are the first of another one."""
    return max((count for count in range(1, len(parts) + 1) if own[:count] == parts[-count:]), default=0)
