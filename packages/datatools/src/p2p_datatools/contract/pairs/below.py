"""Whether a folder that holds no pairs itself has some one level lower, or halves that are still to be joined.

Nothing here may take such pairs for those of the folder; which of them is meant is the user's to say.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, Problem
from p2p_datatools.contract.folders.given_splits import folder_of, split_in, splits_of_pair_folders
from p2p_datatools.contract.folders.roles import LABELS, PHOTOS, roles_of_folders
from p2p_datatools.contract.pairs.half_folders import refuse_half_folders
from p2p_datatools.contract.pairs.lines import SHARDS
from p2p_datatools.contract.pairs.seam import look_like_pairs
from p2p_datatools.contract.palette import palette_of
from p2p_datatools.contract.partners.one_folder import holds_halves
from p2p_datatools.contract.words import p2p_command, path_word, plural

_RECORDS = ("pairs.json", SHARDS)
_MOST_NAMED = 3
MAKE_PAIRS = "'p2p data pair A B PAIRS'"
"""The command that makes pairs, where it is not known of what."""
_SIDES = ((LABELS, PHOTOS), (PHOTOS, LABELS))


def find_pairs_below(path: Path, files: Sequence[str]) -> list[str]:
    """The folders below `path` that hold pairs of ours, or splits of A|B pictures of another tool.

    Those just below it, or further down where a folder there is that of a split, as in maps/maps/train.
    """
    inside: dict[str, list[str]] = {}
    for file in files:
        folders = file.split("/")[:-1]
        depth = next((place for place, each in enumerate(folders) if place and split_in(each)), min(1, len(folders)))
        if depth:
            top = "/".join(folders[:depth])
            inside.setdefault(top, []).append(file[len(top) + 1 :])
    return [top for top, rest in inside.items() if _holds_pairs(path / top, rest)]


def explain_below(path: Path, files: Sequence[str]) -> Problem | None:
    """Why a folder of pictures is likely not the one that is meant; None where nothing says so."""
    try:
        refuse_half_folders(path, files)
    except P2PError as error:
        return error.problem
    if sides := explain_sides(path, files):
        return sides
    if found := find_pairs_below(path, files):
        return pairs_below(path, found).problem
    return explain_two(path, files)


def explain_sides(path: Path, files: Sequence[str]) -> Problem | None:
    """That a folder holds labels and their photos in folders named for them, masks/ and photos/; None where not."""
    roles = roles_of_folders(sorted({folder for file in files if (folder := folder_of(file))}))
    stems: dict[str, dict[str, str]] = {LABELS: {}, PHOTOS: {}}
    for file in files:
        folder, _, name = file.rpartition("/")
        stems.get(roles.get(folder, ""), {})[name.rpartition(".")[0]] = folder
    both = stems[LABELS].keys() & stems[PHOTOS].keys()
    if not both or 2 * len(both) < len(stems[LABELS]):
        return None
    first = min(both)
    labels, photos = (_top_of(stems[role][first], stems[other][first]) for role, other in _SIDES)
    what = f"holds labels in {labels}/ and their photos in {photos}/, which belong apart"
    option = f"--photos {path_word(path / photos)}"
    command = f"data check {path_word(path / labels)} {option}"
    if palette_of(path / labels) is None:
        command = f"data build-masks {path_word(path / labels)} MASKS {option} --palette NAME"
    to_do = f"Give them apart: {p2p_command(command)}."
    return Problem(str(path), what, to_do, "half-folders")


def explain_two(path: Path, files: Sequence[str]) -> Problem | None:
    """That a folder holds two of pictures of the same names, as A/ and B/, that are no pairs; None where not."""
    names: dict[str, set[str]] = {}
    for file in files:
        folder, _, name = file.rpartition("/")
        names.setdefault(folder, set()).add(name.rpartition(".")[0])
    if len(names) != 2 or any("/" in folder or not folder for folder in names):
        return None
    (one, here), (other, there) = names.items()
    if 2 * len(here & there) <= max(len(here), len(there)) or look_like_pairs([path / file for file in files]):
        return None
    what = f"holds pictures of the same names in {one}/ and {other}/, and no A|B pictures"
    joined = p2p_command("data pair", path / one, path / other, "PAIRS")
    to_do = f"If two of one name are input and output, join them with {joined}, the folder of the inputs first."
    return Problem(str(path), what, to_do, "half-folders")


def explain_halves(path: Path, files: Sequence[str]) -> Problem | None:
    """That a folder without pairs holds the halves of some, wherever its paths tell A and B; None where not."""
    if not holds_halves(path, files):
        return None
    to_do = f"Join them with {p2p_command('data pair', path, path, 'PAIRS')}."
    return Problem(str(path), "holds halves of pairs, and no A|B pictures", to_do, "half-folders")


def advise_halves(error: P2PError, path: Path, files: Sequence[str]) -> P2PError:
    """The error that a folder does not hold A|B pictures, with the command that joins those that it holds, if one does.

    It says in general how pairs are made.
    """
    if not holds_halves(path, files):
        return error
    joined = p2p_command("data pair", path, path, "PAIRS")
    return P2PError(error.where, error.what, error.to_do.replace(MAKE_PAIRS, joined), code=error.code)


def _top_of(folder: str, other: str) -> str:
    """The part of a folder down to where it differs from the other: images of images/train beside labels/train."""
    parts, others = folder.split("/"), other.split("/")
    for index, (own, its) in enumerate(zip(parts, others, strict=False)):
        if own != its:
            return "/".join(parts[: index + 1])
    return folder


def pairs_below(path: Path, found: Sequence[str]) -> P2PError:
    """The error that a folder has no pairs, but folders `found` in it have."""
    named = ", ".join(f"{each}/" for each in found[:_MOST_NAMED])
    more = f" and {plural(len(found) - _MOST_NAMED, 'other')}" if len(found) > _MOST_NAMED else ""
    hold = "holds" if len(found) == 1 else "hold"
    to_do = f"Give {path / found[0]}." if len(found) == 1 else f"Give one of them, such as {path / found[0]}."
    return P2PError(path, f"has no pairs itself, but {named}{more} in it {hold} some", to_do, code="pairs-below")


def _holds_pairs(folder: Path, files: Sequence[str]) -> bool:
    try:
        if any((folder / record).is_file() for record in _RECORDS):
            return True
    except OSError:  # it can be listed and not entered: whoever opens its pictures says so
        return False
    splits: Mapping[str, str] = splits_of_pair_folders(files)
    pictures = [folder / file for file in files if file.partition("/")[0] in splits and "/" in file]
    return "train" in splits.values() and look_like_pairs(pictures)
