"""By what the pictures of A and B are matched where their folders are those of splits, or one folder holds A and B.

Nothing here may open a picture, or know which pictures there are elsewhere.
"""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.folders.given_splits import SplitPlace, find_splits, folder_of, join_path
from p2p_datatools.contract.folders.roles import LABELS, PHOTOS, roles_of_folders
from p2p_datatools.contract.matching import Key
from p2p_datatools.contract.names import folders_of
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural

_Places = dict[str, SplitPlace]  # of the folders that belong to a split
_Spell = Callable[[SplitPlace, str], str]  # what a picture in such a folder is called, of its folder and own name


def split_keys(files: tuple[Sequence[str], Sequence[str]], key: Key, *, exact: bool) -> list[tuple[Key, Key]]:
    """How the names in A and in B may be compared, the likeliest way first; with `exact` whole names are.

    Where A and B have the same folders of splits, names are compared as they are. Else those folders are compared by
    their split, whatever each calls them; and where only one of the two has any, without them. An expression is applied
    within each split.
    """
    a, b = (find_splits(map(folder_of, each)) for each in files)
    if not exact:
        return [(_key_within(a, key), _key_within(b, key))] if a and b else [(key, key)]
    if not (a and b):
        stripped = [(_respell(a, _bare), _respell(b, _bare))] if a or b else []
        return [(key, key), *stripped]
    common = _respell(a, _common), _respell(b, _common)
    return [common, (key, key)] if _differ(a, b) else [(key, key), common]


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


def _common(place: SplitPlace, own: str) -> str:
    return join_path(place.common, own)


def _bare(place: SplitPlace, own: str) -> str:
    return join_path(place.before, place.after, own)


def _key_within(places: _Places, key: Key) -> Key:
    def within(name: str) -> str | None:
        place, found = places.get(folder_of(name)), key(name)
        if place is None or found is None or place.spelled in found.split("/"):
            return found
        return join_path(place.split, found)

    return within


def take_sides(folder: Path, files: Sequence[str], report: Reporter) -> tuple[list[str], list[str]]:
    """The pictures of A and of B where one folder holds both, as trainA/ and trainB/, or trainannot/ and train/.

    Raises UsageError when it does not hold both.
    """
    places = find_splits(map(folder_of, files))
    roles = roles_of_folders(map(folder_of, files))
    sides: dict[str, list[str]] = {"a": [], "b": [], "": []}
    for file in files:
        place = places.get(own := folder_of(file))
        side = place.side if place else ""
        sides[side or {LABELS: "a", PHOTOS: "b"}.get(roles[own], "")].append(file)
    if not (sides["a"] and sides["b"]):
        raise UsageError(folder, "is given as A and as B", "Name two folders.", code="same-folder")
    if sides[""]:
        number = plural(len(sides[""]), "picture is", "pictures are")
        report.note(f"{folder}: {number} neither in a folder of A nor of B, and left out; the first is {sides[''][0]}.")
    return sides["a"], sides["b"]
