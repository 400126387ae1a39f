"""Which kinds of pictures one folder holds, by one place in their paths: 1_A, 1_B and 1_AB, or 1/image and 1/mask.

Nothing here may open a picture, or choose between kinds of which no word says which half it is.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import NamedTuple

from p2p_datatools.contract.folders.given_splits import join_path, split_in
from p2p_datatools.contract.names import name_of
from p2p_datatools.contract.partners.half_words import HalfWords, says_order

_MOST_KINDS = 8  # beside which there are frames, classes or scenes
_DEPTH = 3  # places in a path, and in a name, that are looked at from each end
_PARTS = re.compile(r"([_\-. ]+)")
_SCALE = re.compile(r"(?<=[_\-. ]LR)x?\d$", re.IGNORECASE)  # LR2, LR3 and LR4 of RealSR beside one HR each
_COUNTED = re.compile(r"([^\W\d_]+)(\d+)")
_Cut = Callable[[str], "NamedKind | None"]


class NamedKind(NamedTuple):
    """The word that says the kind of a picture, in small letters, and its name without that, as its partners have."""

    word: str
    rest: str


class Kinds(NamedTuple):
    """The files of each kind, by its word, and how a name is cut into its kind and the rest."""

    files: Mapping[str, Sequence[str]]
    cut: _Cut

    def rest(self, name: str) -> str:
        """A name without the word of its kind."""
        found = self.cut(name)
        return found.rest if found else name

    @property
    def words(self) -> list[str]:
        """The words of all kinds but those that are two others together, as AB is beside A and B."""
        known = list(self.files)
        both = {join.join((one, other)) for one in known for other in known if one != other for join in ("", "_", "-")}
        return [word for word in known if word not in both]


def find_kinds(files: Sequence[str], wanted: Collection[str] = ()) -> Kinds | None:
    """The kinds of pictures that one place in all paths tells, each of most of the same names; None without such.

    Where several places do, one with all `wanted` words counts, then words that say which half they are, then those
    without digits, then the fewest: scenes have pictures of the same names, too.
    """
    return min(_ways(files), key=lambda kinds: (not {*wanted} <= kinds.files.keys(), *_doubt_of(kinds)), default=None)


def find_finer_kinds(files: Sequence[str], one: Sequence[str]) -> Kinds | None:
    """The kinds of which `one` side of files has several, of which a word says what it is: real and fake of 1_real_A.

    None where it has not, as where cameras on the left and on the right have A and B each.
    """
    inner = find_kinds(one)
    if inner is None or _doubt_of(inner)[0]:
        return None
    return max(_ways(files), key=lambda kinds: len(kinds.files), default=None)


def _ways(files: Sequence[str]) -> list[Kinds]:
    names = {name_of(file): file for file in files}
    if len(names) < len(files):
        return []
    return [kinds for cut in _cuts() if (kinds := _sort_files(names, cut))]


def _sort_files(names: Mapping[str, str], cut: _Cut) -> Kinds | None:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, file in names.items():
        kind = cut(name)
        if kind is None or not kind.rest or kind.rest in found[kind.word] or len(found) > _MOST_KINDS:
            return None
        found[kind.word][kind.rest] = file
    if not _are_parallel(found):
        return None
    return Kinds({word: list(own.values()) for word, own in sorted(found.items())}, cut)


def _doubt_of(kinds: Kinds) -> tuple[bool, bool, int]:
    says = any(says_order(HalfWords(*both)) for both in permutations(kinds.files, 2))
    return not says, any(letter.isdecimal() for word in kinds.files for letter in word), len(kinds.files)


def _are_parallel(found: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether each kind has most of the names that any has, and no word is a number or a split."""
    if len(found) < 2 or any(word.isdecimal() or split_in(word) for word in found):
        return False
    names = max((own.keys() for own in found.values()), key=len)
    return all(2 * len(own.keys() & names) > max(len(names), len(own)) for own in found.values())


def _cuts() -> Iterator[_Cut]:
    """The places in a path that may say a kind: a folder, the whole name of a file, or one or two parts of it."""
    ends = [place for number in range(_DEPTH) for place in (-1 - number, number)]
    yield from (partial(_cut_folder, place=place) for place in ends)
    yield from (partial(_cut_folder_and_name, place=place, part=part) for place in ends for part in (0, 1))
    yield _cut_whole
    yield from (partial(_cut_part, place=place) for place in ends)
    yield from (_cut_two_words, _cut_before_number)
    yield lambda name: _cut_part(_SCALE.sub("", name), place=-1)


def _cut_folder(name: str, *, place: int) -> NamedKind | None:
    *folders, own = name.split("/")
    if not -len(folders) <= place < len(folders):
        return None
    parts = _PARTS.split(folders[place])  # train_A is A of train
    splits = [part for part in parts[::2] if split_in(part)]
    word = "_".join(part for part in parts[::2] if part and part not in splits)
    folders[place] = "_".join(splits)
    return NamedKind(word.casefold(), join_path(*folders, own)) if word else None


def _cut_folder_and_name(name: str, *, place: int, part: int) -> NamedKind | None:
    """A word of a folder that the own name repeats, as in s1_7/spring_s1_7_p30 and Low/low00001."""
    *folders, own = name.split("/")
    if not -len(folders) <= place < len(folders):
        return None
    words = _PARTS.split(folders[place])[::2]
    if part >= len(words) or not words[part]:
        return None
    # s1 is not a part of s12, but low is one of low00001.
    after = r"(?!\d)" if words[part][-1].isdecimal() else "(?![a-z])"
    bare, count = re.subn(rf"(?i)(?<![a-z0-9]){re.escape(words[part])}{after}", "", own)
    if not count:
        return None
    folders[place] = "_".join(words[:part] + words[part + 1 :])
    return NamedKind(words[part].casefold(), join_path(*folders, bare.strip("_-. ") or own))


def _cut_whole(name: str) -> NamedKind | None:
    folder, _, own = name.rpartition("/")
    return NamedKind(own.casefold(), folder)


def _cut_part(name: str, *, place: int) -> NamedKind | None:
    folder, _, own = name.rpartition("/")
    parts = _PARTS.split(own)
    words = parts[::2]
    if len(words) < 2 or not -len(words) <= place < len(words) or not words[place]:
        return None
    rest = [word for index, word in enumerate(words) if index != place % len(words)]
    return NamedKind(words[place].casefold(), join_path(folder, "_".join(rest)))


def _cut_two_words(name: str) -> NamedKind | None:
    """The last two words of an own name, as in 1_real_A, 1_fake_B and 1_real_B."""
    folder, _, own = name.rpartition("/")
    *rest, first, _, second = ["", "", *_PARTS.split(own)]
    return NamedKind(f"{first}_{second}".casefold(), join_path(folder, "".join(rest[2:-1]))) if first else None


def _cut_before_number(name: str) -> NamedKind | None:
    """The letters before the number that an own name is otherwise, as in sar1 and opt1."""
    folder, _, own = name.rpartition("/")
    found = _COUNTED.fullmatch(own)
    return NamedKind(found[1].casefold(), join_path(folder, found[2])) if found else None
