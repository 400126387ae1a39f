"""Which pictures of one folder are A and which B, where it is given as both: by roles, words of folders, or names.

Nothing here may open a picture but to tell labels from photos where words contradict each other, or know which pictures
there are elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.folders.given_splits import find_splits, folder_of
from p2p_datatools.contract.folders.roles import LABELS, PHOTOS, roles_of_folders
from p2p_datatools.contract.matching import Key
from p2p_datatools.contract.partners.half_kinds import Kinds, find_finer_kinds, find_kinds
from p2p_datatools.contract.partners.half_words import (
    HalfWords,
    find_half_words,
    find_placed_words,
    has_word,
    says_order,
    split_by_names,
    without_word,
)
from p2p_datatools.contract.partners.join import join_pictures
from p2p_datatools.contract.pictures.kinds import is_label_picture
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural, shell_word

_TWO_FOLDERS = (
    "Name two folders, or with --halves A,B a word of the folders of each; or list the pairs that are in this one in "
    "lines 'a,b' for --match FILE.csv."
)
# Words of what a network made, wherever they stand in a name.
_MADE = re.compile(r"(?:^|_)(?:fake|rec(?:_|$)|output|synthesi[sz]ed|generated|pred)")
_LOOKED_AT = 4  # pictures, whether they are labels
_Sides = tuple[list[str], list[str], list[tuple[Key, Key]]]  # the pictures of A and of B, and keys to compare them


def take_sides(folder: Path, files: Sequence[str], halves: Sequence[str], report: Reporter) -> _Sides:
    """The pictures of A and of B where one folder holds both, and how else than by `split_keys` to compare their names.

    Such are trainA/ and trainB/, trainannot/ and train/, source/ and target/, or 1_A.png and 1_B.png. `halves` are the
    names of A and B, which may be words of folders or names. Raises UsageError when it does not hold both, or may in
    two ways.
    """
    wanted = [word.casefold() for word in halves]
    words = find_half_words(files, wanted)
    named = [both for both in words if list(both) == wanted]
    kinds = None if named else find_kinds(files, wanted)
    if kinds and wanted and {*wanted} <= kinds.files.keys():
        return _refuse_mixed(folder, wanted, _take_kinds(folder, kinds, wanted[0], wanted[1], report))
    if named := named or (find_placed_words(files, wanted) if wanted else []):
        return _refuse_mixed(folder, wanted, _take_words(folder, files, named[0], report))
    if sides := _take_roles(folder, files, kinds, words, report):
        return sides
    if by_name := split_by_names(files):
        if finer := find_finer_kinds(files, by_name[0]):
            raise _several_kinds(folder, finer)
        report.note(f"{folder}: A and B by the endings of names; the first are {by_name[0][0]} and {by_name[1][0]}.")
        return *by_name, []
    if kinds is None or (len(kinds.words) == 2 and not _find_orders(kinds.words)):
        words = words or find_placed_words(files)
    if kinds and not words:
        return _take_kinds(folder, kinds, *_choose_kinds(folder, kinds), report)
    if len(words) != 1:
        raise _not_told_apart(folder, words)
    return _take_words(folder, files, words[0], report)


def holds_halves(folder: Path, files: Sequence[str]) -> bool:
    """Whether 'p2p data pair' joins most pictures of a folder with one another, if it is given as A and as B."""
    try:
        a, b, keys = take_sides(folder, files, (), QUIET)
        return 3 * len(join_pictures((folder, folder), (a, b), keys).matched) > len(files)
    except P2PError:
        return False


def _take_roles(
    folder: Path, files: Sequence[str], kinds: Kinds | None, words: Sequence[HalfWords], report: Reporter
) -> _Sides | None:
    """The pictures in folders of A and in folders of B.

    None where there are not both, or one has several kinds, or `words` that tell halves apart say it the other way.
    """
    sides = _sides_by_role(files)
    if not (sides["a"] and sides["b"]) or (kinds and _mixes(kinds, sides)) or _is_turned(folder, sides["a"], words):
        return None
    if sides[""]:
        are, first = plural(len(sides[""]), "picture is", "pictures are"), sides[""][0]
        report.note(f"{folder}: {are} neither in a folder of A nor of B, and left out; the first is {first}.")
    report.note(f"{folder}: A and B by the names of folders; the first are {sides['a'][0]} and {sides['b'][0]}.")
    return sides["a"], sides["b"], []


def _is_turned(folder: Path, labels: Sequence[str], words: Sequence[HalfWords]) -> bool:
    """Whether words call targets what lies in folders of labels, and it is photos: gt/ beside input/ of low light."""
    is_target = len(words) == 1 and says_order(words[0]) and all(has_word(file, words[0].b) for file in labels)
    return is_target and not any(is_label_picture(folder / file) for file in labels[:_LOOKED_AT])


def _take_words(folder: Path, files: Sequence[str], words: HalfWords, report: Reporter) -> _Sides:
    """The pictures in folders of two words, and the keys that leave these words out."""
    report.note(f"{folder}: A are the pictures in folders called {words.a}, B those in {words.b}.")
    a, b = ([file for file in files if has_word(file, word)] for word in words)
    return a, b, [(partial(without_word, word=words.a), partial(without_word, word=words.b))]


def _mixes(kinds: Kinds, sides: Mapping[str, Sequence[str]]) -> bool:
    """Whether one side has pictures of several kinds, as A beside labels; not of those that both have, as of scenes."""
    has = [[not {*own}.isdisjoint(sides[side]) for side in "ab"] for own in kinds.files.values()]
    return not all(map(all, has)) and any(sum(own) > 1 for own in zip(*has, strict=True))


def _take_kinds(folder: Path, kinds: Kinds, a: str, b: str, report: Reporter) -> _Sides:
    """The pictures of two kinds, and the key by which both are compared; notes what is left out."""
    report.note(
        f"{folder}: A and B by a word in their paths; the first are {kinds.files[a][0]} and {kinds.files[b][0]}."
    )
    others = [file for word, own in kinds.files.items() if word not in (a, b) for file in own]
    if others:
        are = plural(len(others), "picture is", "pictures are")
        report.note(f"{folder}: {are} neither {a} nor {b}, and left out; the first is {others[0]}.")
    return [*kinds.files[a]], [*kinds.files[b]], [(kinds.rest, kinds.rest)]


def _choose_kinds(folder: Path, kinds: Kinds) -> HalfWords:
    """Which kind is A and which B, where there are two and their words say it; else raises UsageError."""
    if len(kinds.words) != 2:
        raise _several_kinds(folder, kinds)
    orders = _find_orders(kinds.words)
    if len(orders) == 1:
        return orders[0]
    # Two cameras have pictures of the same names, too, but these are not halves.
    is_within = all(_are_mixed(folder, own) for own in kinds.files.values())
    raise _not_told_apart(folder, [] if is_within else [HalfWords(*kinds.words)], "called")


def _find_orders(words: Sequence[str]) -> list[HalfWords]:
    """Of two words the ways in which they say which half is which."""
    return [both for both in (HalfWords(*words), HalfWords(*reversed(words))) if says_order(both)]


def _are_mixed(folder: Path, files: Sequence[str]) -> bool:
    """Whether pictures that are to be one half are halves of one another."""
    return holds_halves(folder, files) or bool(find_placed_words(files))


def _refuse_mixed(folder: Path, wanted: Sequence[str], sides: _Sides) -> _Sides:
    """The same sides; raise UsageError where both hold halves themselves, and the words say nothing of A and B."""
    a, b, _ = sides
    if _find_orders(wanted) or not (_are_mixed(folder, a) and _are_mixed(folder, b)):
        return sides
    what = f"holds both halves of pairs in '{wanted[0]}', and in '{wanted[1]}', too: {a[0]} and {a[-1]}"
    to_do = (
        f"Leave out --halves to pair those; where '{wanted[0]}' and '{wanted[1]}' are meant, name two folders, or list "
        "the pairs in lines 'a,b' for --match FILE.csv."
    )
    raise UsageError(folder, what, to_do, code="same-folder")


def _several_kinds(folder: Path, kinds: Kinds) -> UsageError:
    bare = [re.sub(r"\d+", "", word) for word in kinds.words]
    if len({*bare}) < len(bare) and all(word not in bare for word in kinds.words):  # img1, img2 and img3 are scenes
        return _not_told_apart(folder, [])
    what = f"has pictures of the same names of {len(kinds.words)} kinds: {', '.join(kinds.words)}"
    likely = sorted(kinds.words, key=lambda word: bool(_MADE.search(word)))  # beside results the real ones are meant
    to_do = f"Say which two are meant, that of A first, such as --halves {shell_word(','.join(likely[:2]))}."
    return UsageError(folder, what, to_do, code="same-folder")


def _not_told_apart(folder: Path, words: Sequence[HalfWords], how: str = "in folders called") -> UsageError:
    if not words:
        return UsageError(folder, "is given as A and as B", _TWO_FOLDERS, code="same-folder")
    what = f"has pictures of the same names {how} {words[0].a} and {words[0].b}"
    to_do = f"Say which is A: add --halves {shell_word(f'{words[0].a},{words[0].b}')}, or the other way round."
    return UsageError(folder, what, to_do, code="same-folder")


def _sides_by_role(files: Sequence[str]) -> dict[str, list[str]]:
    places = find_splits(map(folder_of, files))
    roles = roles_of_folders(map(folder_of, files))
    sides: dict[str, list[str]] = {"a": [], "b": [], "": []}
    for file in files:
        place = places.get(own := folder_of(file))
        side = place.side if place else ""
        sides[side or {LABELS: "a", PHOTOS: "b"}.get(roles[own], "")].append(file)
    return sides
