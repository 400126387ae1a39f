"""Joins the pictures of two folders by their names: whole, within splits, or differing as names of one data set do.

Nothing here may open a picture but to tell labels from photos where names do not, or write a file.
"""

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.contract.errors import P2PError, Skip
from p2p_datatools.contract.files.listing import LeftOut
from p2p_datatools.contract.folders.roles import names_of_labels
from p2p_datatools.contract.mask_folder import MASK_LINES, find_sources
from p2p_datatools.contract.matching import (
    LIST_SEVERAL,
    Addition,
    Key,
    explain_shift,
    find_convention,
    find_owners,
    key_of,
    split_labels,
    suggest_match,
)
from p2p_datatools.contract.names import name_of
from p2p_datatools.contract.partners.matched import Files, MatchedFiles, lengthen_file
from p2p_datatools.contract.partners.named import NamedPictures, pictures_of
from p2p_datatools.contract.partners.several import find_several
from p2p_datatools.contract.partners.spellings import find_capitals, find_escaped, find_separators
from p2p_datatools.contract.partners.split_keys import inner_ways, outside_of, role_ways, split_keys
from p2p_datatools.contract.pictures.header import photo_size
from p2p_datatools.contract.pictures.kinds import is_label_picture, pick_photo, say_picked
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural, shell_word

_Sides = tuple[NamedPictures, NamedPictures]
_WHOLE = 1.5  # times both sides of a picture: from here on another may be the whole of it, and no margin
_LIST_THEM = "; or list the pairs in lines 'a,b' for --match FILE.csv"


class Leftovers(NamedTuple):
    """The pictures of one folder that are in no pair, by name: `alone` without a partner, `twice` those of one name.

    `skipped` are those that have no name, or one that no pair can have.
    """

    folder: Path
    alone: Mapping[str, Path]
    twice: Mapping[str, Sequence[Path]]
    skipped: Sequence[Skip]


class Join(NamedTuple):
    """The pictures of two folders that belong together, and those of each that are left."""

    matched: MatchedFiles
    left: tuple[Leftovers, Leftovers]


def list_both(folders: Files, skipped: list[Skip], others: list[LeftOut] | None) -> tuple[list[str], list[str]]:
    """The pictures of two folders, of which one may lie in the other; what is not read is added as by `pictures_of`."""
    a, b = folders
    files_a, files_b = pictures_of(a, skipped, others), pictures_of(b, skipped, others)
    return outside_of(a, files_a, b), outside_of(b, files_b, a)


def join_pictures(
    folders: Files,
    files: tuple[Sequence[str], Sequence[str]],
    more_keys: Sequence[tuple[Key, Key]] = (),
    *,
    keep_masks: bool = False,
    report: Reporter = QUIET,
) -> Join:
    """Join the `files` of two folders by their names; `more_keys` are what is compared before these themselves.

    Where both have folders of splits, pictures are joined within each split. Names without a partner may be spelled
    otherwise, or differ by one convention, such as `_mask` at the end of each of A, and `report` is told. Of several
    pictures of a name in one folder the photo is meant, where the others are label pictures. Where no name has a
    partner, several pictures may have one, whose name theirs begin with, unless they are parts of one label. Labels of
    others are left out; with `keep_masks` A are masks, and none of them is. Raises P2PError where nothing matches, and
    where names count on from another number than those of the other folder.
    """
    found = list[_Sides]()
    keys_of_all = *more_keys, *split_keys(files)
    ways = [*((files, keys) for keys in keys_of_all), *role_ways(files), *((files, keys) for keys in inner_ways(files))]
    for files_of, keys in ways:
        found.append(_leave_out_convention(_ignore_spelling(name_both(folders, files_of, keys), report), report))
        if have_common(found[-1]):
            _note_others(folders, files, files_of, report)
            break
    best = found[-1] if have_common(found[-1]) else found[0]
    of_a, of_b = best
    best = (of_a if keep_masks else _without_labels(of_a, of_b, report), _without_labels(of_b, of_a, report))
    settle(best, report)
    if not have_common(best):
        best = next(filter(have_common, (_repeat_partners(each, report) for each in found)), best)
    in_a, in_b = (each.files for each in best)
    if not have_common(best):
        raise no_common_name(best, suggest_match(in_a, in_b))
    if shift := explain_shift(in_a, in_b, folders[1]):
        to_do = (
            "If so, rename those of one folder, or list the pairs in lines 'a,b' for --match FILE.csv; if the "
            "names are right, add --match '.+' --keep-going, which leaves out the two that have no partner."
        )
        raise P2PError(folders[0], shift, to_do, code="shifted-names")
    return join_sides(best)


def name_both(folders: Files, files: Sequence[Sequence[str]], keys: tuple[Key, Key]) -> _Sides:
    """The pictures of both folders by the names that are compared."""
    return NamedPictures(folders[0], files[0], keys[0]), NamedPictures(folders[1], files[1], keys[1])


def have_common(sides: _Sides) -> bool:
    """Whether any name has a partner."""
    return any(name in sides[1].files for name in sides[0].files)


def settle(sides: _Sides, report: Reporter) -> None:
    """Of pictures of one name in one folder keep the photo, if the others are label pictures, which is noted."""
    for each in sides:
        if left_out := each.settle(pick_photo):
            report.note(say_picked(left_out, each.folder))


def no_common_name(sides: _Sides, suggested: str = "") -> P2PError:
    """The error that no name has a partner, with what may be done first."""
    to_do = f"{suggested}A name is the path below the folder without suffix, or what --match finds in it"
    return P2PError(
        sides[0].folder,
        f"has no name in common with {sides[1].folder}: {sides[0].example} here, {sides[1].example} there",
        f"{to_do}{'' if 'FILE.csv' in suggested else _LIST_THEM}.",
        code="no-common-name",
    )


def same_name(files: Sequence[Path]) -> Skip:
    """The skip of pictures of one name in one folder."""
    others = f"{files[1]}" + (f" and {len(files) - 2} more" if len(files) > 2 else "")
    return Skip(str(files[0]), f"has the same name as {others}", "Rename or remove one of them.", "same-name")


def join_sides(sides: _Sides) -> Join:
    """The pictures that have one partner, in the order of their names, and those that have none or several."""
    (of_a, of_b), matched = sides, MatchedFiles(sides[0].folder, sides[1].folder)
    for name in sorted(name for name in of_a.files if name in of_b.files):
        if name not in of_a.more and name not in of_b.more:
            matched.add(name, of_a.files[name], of_b.files[name])
    return Join(matched, (_left_of(of_a, of_b), _left_of(of_b, of_a)))


def _left_of(one: NamedPictures, other: NamedPictures) -> Leftovers:
    alone = {name: one.all_of(name)[0] for name in one.files if name not in other.files and name not in one.more}
    return Leftovers(one.folder, alone, {name: one.all_of(name) for name in one.more}, one.skipped)


def _note_others(
    folders: Files, files: tuple[Sequence[str], ...], taken: tuple[Sequence[str], ...], report: Reporter
) -> None:
    """Note which pictures are left out because those of their folder are the other half's."""
    for folder, there, own in zip(folders, files, taken, strict=True):
        if len(own) < len(there):
            left_out = min(set(there) - set(own))
            are = plural(len(there) - len(own), "picture is", "pictures are")
            report.note(f"{folder}: {are} of the other half by their folders, and left out; the first is {left_out}.")


def _repeat_partners(sides: _Sides, report: Reporter) -> _Sides:
    """The same, where several pictures belong to one of the other folder by name: this one for each of them."""
    of_a, of_b = sides
    for many, few in ((of_a, of_b), (of_b, of_a)):
        partners = {} if many.more or few.more else find_several(many.files.keys(), few.files.keys())
        if partners:
            first = min(partners)
            _refuse_parts(many, few, partners)
            count = len({*partners.values()})
            report.note(
                f"{plural(len(partners), 'picture')} of {many.folder} belong to {count} of {few.folder}, with whose "
                f"names theirs begin, such as '{first}' to '{partners[first]}': each is a pair of its own."
            )
            again = few.repeat(partners)
            return (many, again) if many is of_a else (again, many)
    return sides


def _refuse_parts(many: NamedPictures, few: NamedPictures, partners: Mapping[str, str]) -> None:
    """Raise P2PError where one of several pictures of another may be a part of its label, or a tile.

    The first tells; a damaged one does not, and is told of where it is read.
    """
    for name, whole in sorted(partners.items()):
        picture, other = many.all_of(name)[0], few.all_of(whole)[0]
        belongs = f"belongs to '{whole}' by name, as others do"
        if is_label_picture(picture):
            to_do = (
                "If each shows a part of one label, unite them with 'p2p data build-masks --format class-masks'; "
                f"if each is a label of its own, {LIST_SEVERAL}."
            )
            raise P2PError(picture, f"{belongs}, and is a label picture", to_do, code="several-labels")
        try:
            own, size = photo_size(picture), photo_size(other)
        except P2PError:
            continue
        if min(size.width / own.width, size.height / own.height) < _WHOLE or not is_label_picture(other):
            return
        # It would be scaled to the photo, whatever that shows.
        what = f"{belongs}, and has {own} pixels beside the {size} of that label, as tiles have"
        to_do = f"If it is one, cut the label in the same way; if each shows the whole, {LIST_SEVERAL}."
        raise P2PError(picture, what, to_do, code="tiles-of-one")


def _key_without(addition: Addition, names: Collection[str]) -> Key:
    return lambda name: addition.remove(name) or name if name in names else name


def _leave_out_convention(sides: _Sides, report: Reporter) -> _Sides:
    """The same, where names without a partner differ by one convention matched without what that adds."""
    of_a, of_b = sides
    alone = of_a.files.keys() - of_b.files.keys(), of_b.files.keys() - of_a.files.keys()
    if not all(alone):
        return sides
    convention = find_convention(*alone, both_ways=True, common=of_a.files.keys() & of_b.files.keys())
    if convention is None:
        return sides
    key = key_of(convention.expression)  # a folder before what names begin with is in none of what it finds
    tells_apart = all(len({*map(key, each.files)}) == len(each.files) for each in sides)
    option = f", as 'p2p data pair' does with --match {shell_word(convention.expression)}" if tells_apart else ""
    both = convention.describe(f"names in {of_a.folder}", f"names in {of_b.folder}")
    report.note(f"{both}: matched without that{option}.")
    return of_a.rename(_key_without(convention.one, alone[0])), of_b.rename(_key_without(convention.other, alone[1]))


def _ignore_spelling(sides: _Sides, report: Reporter) -> _Sides:
    """The same, where names of B without a partner that are those of A in another spelling are called as these.

    Separators count only where no name has a partner: else x-5 and x_5 may be two.
    """
    for find in (find_escaped, find_capitals, find_separators):
        of_a, of_b = sides
        if find is find_separators and have_common(sides):
            break
        found = find(of_b.files.keys() - of_a.files.keys(), of_a.files.keys() - of_b.files.keys())
        if found.names:
            other, first = min(found.names.items(), key=itemgetter(1))
            report.note(
                f"{plural(len(found.names), 'picture is', 'pictures are')} matched although their names differ in "
                f"{found.difference}; the first is '{first}' in {of_a.folder} and '{other}' in {of_b.folder}."
            )
            sides = of_a, of_b.rename(_key_in(found.names))
    return sides


def _key_in(names: Mapping[str, str]) -> Key:
    return lambda name: names.get(name, name)


def _without_labels(one: NamedPictures, other: NamedPictures, report: Reporter) -> NamedPictures:
    """The photos of a folder without labels that `other` does not have: those of its masks, a_mask.png, trainannot/."""
    alone = one.files.keys() - other.files.keys()
    files = {lengthen_file(kept, name): name for name, kept in one.files.items()} if alone else {}
    built = {files[each] for each in find_sources(other.folder, [each for each in files if files[each] in alone])}
    paths = {name_of(file): name for file, name in files.items()}
    by_name = {*split_labels(one.files)} or {paths[each] for each in names_of_labels(paths)} if alone else set()
    of_masks = {*find_owners(alone, other.files)} if (other.folder / MASK_LINES).is_file() else set()
    labels = built or by_name or of_masks
    if not labels or not labels <= alone:
        return one
    are = plural(len(labels), "picture is the label of another", "pictures are labels of others")
    report.note(f"{one.folder}: {are}, and left out; the first is '{min(labels)}'.")
    return one.without(labels)
