"""Which pictures of one folder are A and which B, by a word of their folders or names: train/source, 1_A and 1_B.

Nothing here may open a picture, or choose between two words of which neither says which half it is.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import permutations
from typing import NamedTuple

from p2p_datatools.contract.folders.given_splits import folder_of, join_path, split_in
from p2p_datatools.contract.matching import additions_of_halves
from p2p_datatools.contract.names import name_of

# What is computed from what: words for what a model is given, and for what it is to give.
_OF_INPUTS = (
    "a input inputs in source sources src x sketch sketches edge edges lineart line lines lq lr low lowres noisy blur "
    "blurred blurry degraded hazy rainy cond condition conditioning mask masks label labels seg semantic"
)
_OF_TARGETS = (
    "b output outputs out target targets tgt y hq hr high highres clean clear sharp photo photos image images img imgs "
    "gt real groundtruth truth reference norain"
)
_FIRST, _SECOND = frozenset(_OF_INPUTS.split()), frozenset(_OF_TARGETS.split())
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_EDGES = re.compile(r"^[ _.-]+|[ _.-]+$")
_MOST_WORDS = 60  # of the folders of a data set, beyond which they are names of pictures


class HalfWords(NamedTuple):
    """The words in folders by which pictures are told apart: that of A, and that of B."""

    a: str
    b: str


def find_half_words(files: Sequence[str], halves: Collection[str] = ()) -> list[HalfWords]:
    """The two words of folders with pictures of the same names, that of A first; none, or several ways.

    `halves` are the names that are given to A and to B, and say which is which if they are these words.
    """
    names = _names_in_folders(files)
    found = [both for both in _pairs_of_words(names) if _tell_apart(names, *both)]
    named = [both for both in found if [*both] == [word.casefold() for word in halves]]
    return named or [both for both in found if says_order(both)] or found


def find_placed_words(files: Sequence[str], halves: Collection[str] = ()) -> list[HalfWords]:
    """The two words of folders whose pictures may have any names: the `halves`, or without any those that say it most.

    None where not all folders have one of them; several ways where these say it alike, as images/ beside targets/.
    """
    names, wanted = _names_in_folders(files), [word.casefold() for word in halves]
    if wanted:
        return [HalfWords(*wanted)] if _find_places(names, *wanted) else []
    found = [both for both in _pairs_of_words(names) if says_order(both) and _find_places(names, *both)]
    return [both for both in found if _count_saying(both) == max(map(_count_saying, found))]


def _names_in_folders(files: Sequence[str]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = defaultdict(set)
    for file in files:
        names[folder_of(file)].add(name_of(file).rpartition("/")[2])
    return names


def _pairs_of_words(folders: Collection[str]) -> list[HalfWords]:
    """Any two words of folders; none where these are many."""
    words = {word for folder in folders for word in _words(folder)}
    tried = sorted(word for word in words if not word.isdecimal() and split_in(word) is None)
    return [] if len(words) > _MOST_WORDS else [HalfWords(*both) for both in permutations(tried, 2)]


def without_word(name: str, word: str) -> str:
    """The name without a word in its folders: train/1 for train/source/1 and train_source/1."""
    folder, _, own = name.rpartition("/")
    return join_path(*(part for each in folder.split("/") if (part := _remove(each, word))), own)


def has_word(file: str, word: str) -> bool:
    """Whether a folder of a file has the word."""
    return word in _words(folder_of(file))


def split_by_names(files: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """The pictures of A and of B where names in one folder say it, as 1_A and 1_B, or 1 and 1_mask; else None."""
    names = dict.fromkeys(map(name_of, files))
    for first, second in additions_of_halves(names):
        here = {name: rest for name in names if (rest := first.remove(name)) is not None}
        there = {name: rest for name in names if (rest := second.remove(name)) is not None and name not in here}
        if here and set(here.values()) == set(there.values()) and len(here) + len(there) == len(names):
            a, b = ([file for file in files if name_of(file) in side] for side in (here, there))
            return a, b
    return None


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _tell_apart(names: dict[str, set[str]], a: str, b: str) -> bool:
    """Whether each folder has one of the words once, and those of the two have most names in common."""
    places = _find_places(names, a, b)
    return bool(places) and all(2 * len(here & there) > max(len(here), len(there)) for here, there in places)


def _find_places(names: dict[str, set[str]], a: str, b: str) -> list[tuple[set[str], set[str]]]:
    """The names in the folders of A and in those of B, for each place; none where not all have one of them."""
    places: dict[str, tuple[set[str], set[str]]] = {}
    for folder, own in names.items():
        words = _words(folder)
        if words.count(a) + words.count(b) != 1:
            return []
        word, side = (a, 0) if a in words else (b, 1)
        places.setdefault(without_word(f"{folder}/", word), (set(), set()))[side].update(own)
    return list(places.values()) if all(here and there for here, there in places.values()) else []


def says_order(both: HalfWords) -> bool:
    """Whether one word is that of an input, or the other that of a target, and neither says the opposite."""
    return _count_saying(both) > 0 and not (both.a in _SECOND and both.b in _FIRST)


def _count_saying(both: HalfWords) -> int:
    return (both.a in _FIRST) + (both.b in _SECOND)


def _remove(part: str, word: str) -> str:
    for match in _WORD.finditer(part):
        if match[0].casefold() == word:
            return _EDGES.sub("", f"{_EDGES.sub('', part[: match.start()])}{part[match.end() :]}")
    return part
