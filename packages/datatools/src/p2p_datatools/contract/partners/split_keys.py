"""By what the pictures of two folders are compared where their folders are those of splits, of labels or of photos.

Nothing here may open a picture, or know which pictures there are elsewhere.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product, takewhile
from pathlib import Path, PurePosixPath

from p2p_datatools.contract.folders.given_splits import SplitPlace, find_splits, folder_of, join_path, split_in
from p2p_datatools.contract.folders.roles import LABELS, PHOTOS, roles_of_folders
from p2p_datatools.contract.matching import Key
from p2p_datatools.contract.names import folders_of

_Places = dict[str, SplitPlace]  # of the folders that belong to a split
_Spell = Callable[[SplitPlace, str], str]  # what a picture in such a folder is called, of its folder and own name


def own_name(name: str) -> str:
    """The key by which names are compared as they are."""
    return name


_WHOLE: tuple[Key, Key] = (own_name, own_name)


def split_keys(files: tuple[Sequence[str], Sequence[str]]) -> list[tuple[Key, Key]]:
    """How the names in A and in B may be compared, the likeliest way first.

    Where A and B have the same folders of splits, names are compared as they are. Else those folders are compared by
    their split, whatever each calls them, but never test1 with test2; and where only one of the two has any, without
    them.
    """
    a, b = (find_splits(map(folder_of, each)) for each in files)
    if not (a and b):
        return [_WHOLE, *([(_respell(a, _bare), _respell(b, _bare))] if a or b else ())]
    common = _common_spelling(a, b)
    return [common, _WHOLE] if _differ(a, b) else [_WHOLE, common]


def within_splits(files: tuple[Sequence[str], Sequence[str]], keys: tuple[Key, Key]) -> tuple[Key, Key]:
    """The same keys within each split, where both A and B have folders of splits."""
    a, b = (find_splits(map(folder_of, each)) for each in files)
    return (_key_within(a, keys[0]), _key_within(b, keys[1])) if a and b else keys


def outside_of(folder: Path, files: list[str], other: Path) -> list[str]:
    """The pictures of a folder without those of another folder in it, since no picture is its own other half."""
    if not other.resolve().is_relative_to(folder.resolve()):
        return files
    inside = f"{other.resolve().relative_to(folder.resolve()).as_posix()}/"
    return [file for file in files if not file.startswith(inside)] or files


def role_ways(files: tuple[Sequence[str], Sequence[str]]) -> list[tuple[tuple[Sequence[str], ...], tuple[Key, Key]]]:
    """Pictures of A and of B to compare without words such as masks/ and images/ in their paths, and the keys of both.

    Of a whole data set, which has labels and photos, A is likelier the labels and B the photos.
    """
    chosen = [_choose_role(each, first) for each, first in zip(files, (LABELS, PHOTOS), strict=True)]
    return [(each, (_without_roles, _without_roles)) for each in product(*chosen)]


def inner_ways(files: tuple[Sequence[str], Sequence[str]]) -> list[tuple[Key, Key]]:
    """The keys that leave out the folder in which all pictures of one lie, as if that had been given; not of a split.

    None where both lie in other folders: left/1 and right/1 may be of two scenes.
    """
    folders = [_folder_of_all(each) for each in files]
    outer, inner = sorted(folders, key=len)
    if outer == inner or not PurePosixPath(inner).is_relative_to(outer) or any(map(split_in, inner.split("/"))):
        return []
    return [(partial(_leave_out, folders[0]), partial(_leave_out, folders[1]))]


def _folder_of_all(files: Sequence[str]) -> str:
    parts = zip(*(folder_of(file).split("/") for file in files), strict=False)
    return "/".join(names[0] for names in takewhile(lambda names: len({*names}) == 1, parts))


def _leave_out(folder: str, name: str) -> str:
    return name.removeprefix(f"{folder}/") if folder else name


def _choose_role(files: Sequence[str], first: str) -> list[Sequence[str]]:
    roles = roles_of_folders(map(folder_of, files))
    if set(roles.values()) != {LABELS, PHOTOS}:
        return [files]
    kinds = [[file for file in files if roles[folder_of(file)] == role] for role in (LABELS, PHOTOS)]
    return list(kinds if first == LABELS else reversed(kinds))


def _without_roles(name: str) -> str:
    return join_path(*folders_of(name), name.rpartition("/")[2])


def _differ(a: _Places, b: _Places) -> bool:
    """Whether a split that both have lies in folders of other names."""
    folders = [{(place.split, place.before, place.spelled) for place in each.values()} for each in (a, b)]
    splits = [{split for split, _, _ in each} for each in folders]
    return any(not any(found[0] == split for found in folders[0] & folders[1]) for split in splits[0] & splits[1])


def _respell(places: _Places, spell: _Spell) -> Key:
    def key(name: str) -> str:
        folder, _, own = name.rpartition("/")
        return spell(places[folder], own) if folder in places else name

    return key


def _common_spelling(a: _Places, b: _Places) -> tuple[Key, Key]:
    """The keys that call folders by their split, and by what tells several of one split apart where both have that."""
    parts = _parts_of_splits(a), _parts_of_splits(b)
    told = [
        {place.split for folder, place in each.items() if own[folder]} for each, own in zip((a, b), parts, strict=True)
    ]

    def spell(place: SplitPlace, own: str, *, parts: dict[str, str]) -> str:
        part = parts[place.folder] if place.split in told[0] & told[1] else ""
        return join_path(f"{place.split}_{part}" if part else place.split, place.bare, own)

    key_a, key_b = (_respell(each, partial(spell, parts=own)) for each, own in zip((a, b), parts, strict=True))
    return key_a, key_b


def _parts_of_splits(places: _Places) -> dict[str, str]:
    """For each folder the number or word by which it is one part of a split: no word that several splits have."""
    splits: dict[str, set[str]] = defaultdict(set)
    for place in places.values():
        for word in place.own_words:
            splits[word].add(place.split)
    return {
        folder: "_".join(word for word in place.own_words if word.isdecimal() or len(splits[word]) < 2)
        for folder, place in places.items()
    }


def _bare(place: SplitPlace, own: str) -> str:
    return join_path(place.before, place.after, own)


def _key_within(places: _Places, key: Key) -> Key:
    def within(name: str) -> str | None:
        place, found = places.get(folder_of(name)), key(name)
        if place is None or found is None or place.spelled in found.split("/"):
            return found
        return join_path(place.split, found)

    return within
