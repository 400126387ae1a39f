"""Decides how many pairs each split gets, and which: exact shares, in an order drawn from the seed, groups undivided.

Nothing here may read or move a file, or know more of a pair than its name, its group and its split.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import UNSPLIT
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural

NO_GROUPS, SIMILAR = "none", "similar"
# How near to the goal, in pairs, the exact search for groups begins, and how many groups it considers.
_STRETCH, _MOST_GROUPS = 2000, 4000
Groups = Mapping[str, str | None]  # the group of each name; None: the pair stands alone
_Key = tuple[str, str]  # of pairs that stay together
_PRECEDENCE = ("train", "val", "test")  # a picture that is tested on must not be trained on


def round_half_up(count: int, share: float) -> int:
    """count * share, rounded half up; the share is taken as its decimal digits: 0.29 of 50 is 14.5 and gives 15."""
    return math.floor(count * Fraction(str(share)) + Fraction(1, 2))


def groups_by(how: str, names: Sequence[str], report: Reporter) -> Groups:
    """The groups of names by a regular expression: its first group, or its whole match, is the name's group.

    A name that does not match is a group by itself, which is noted. Names alone give no groups of similar pictures.
    Raises UsageError when none matches.
    """
    if how in (NO_GROUPS, SIMILAR):
        return dict.fromkeys(names)
    try:
        pattern = re.compile(how)
    except re.error as error:
        what = f"is not a regular expression: {error}"
        raise UsageError(f"group-by {how}", what, "Correct the expression.", code="bad-expression") from error
    matches = {name: pattern.search(name) for name in names}
    alone = [name for name, match in matches.items() if match is None]
    if len(alone) == len(names):
        what = f"matches no name, such as '{alone[0]}'"
        raise UsageError(f"group-by {how}", what, "Correct the expression.", code="no-match")
    if alone:
        report.note(
            f"group-by {how}: no match in {len(alone)} of {plural(len(names), 'name')}, which stand alone; "
            f"the first is '{alone[0]}'."
        )
    return {name: match and match[1 if pattern.groups else 0] for name, match in matches.items()}


def assign(
    pairs: Iterable[Pair],
    groups: Groups,
    targets: Mapping[str, int],
    seed: int,
    *,
    together: Iterable[Sequence[str]] = (),
) -> dict[str, str]:
    """The split of every pair that has none, by name: test and val get what they lack of `targets`, train the rest.

    Members of a group that has a split follow it. The names in each of `together` show the same and go together, with
    the groups of all: where they have different splits those that are trained on join the ones that are tested on, and
    are in the result, too.
    """
    united = _unite(groups, together)
    settled: dict[_Key, list[tuple[str, str]]] = defaultdict(list)
    loose: dict[_Key, list[str]] = defaultdict(list)
    for pair in pairs:
        own = _key(pair.name, groups)
        key = united.get(own, own)
        if pair.split == UNSPLIT:
            loose[key].append(pair.name)
        else:
            settled[key].append((pair.name, pair.split))
    chosen = {key: max((split for _, split in members), key=rank) for key, members in settled.items()}
    moved = {name: chosen[key] for key, members in settled.items() for name, split in members if split != chosen[key]}
    present = Counter[str]()
    for key, split in chosen.items():
        present[split] += len(settled[key]) + len(loose.get(key, ()))
    # A name and a group may be the same word, and then stand at the same place of the draw.
    free = sorted(loose.keys() - chosen.keys(), key=lambda key: (draw(seed, key[1]), key))
    for split in ("test", "val"):
        taken = set(closest([len(loose[key]) for key in free], targets[split] - present[split]))
        chosen |= {key: split for index, key in enumerate(free) if index in taken}
        free = [key for index, key in enumerate(free) if index not in taken]
    return moved | {name: chosen.get(key, "train") for key, names in loose.items() for name in names}


def rank(split: str) -> int:
    """Where a split stands among those that equal pairs may have: all join the one of the highest rank."""
    return _PRECEDENCE.index(split) if split in _PRECEDENCE else -1


def _key(name: str, groups: Groups) -> _Key:
    group = groups[name]
    return ("name", name) if group is None else ("group", group)


def _unite(groups: Groups, together: Iterable[Sequence[str]]) -> dict[_Key, _Key]:
    """What stands for the keys of names that go together: the first of all keys that are linked, in their order."""
    above: dict[_Key, _Key] = {}

    def top(key: _Key) -> _Key:
        while (higher := above.get(key, key)) != key:
            above[key] = above.get(higher, higher)
            key = higher
        return key

    for names in together:
        tops = sorted({top(_key(name, groups)) for name in names})
        above |= dict.fromkeys(tops[1:], tops[0])
    return {key: top(key) for key in list(above)}


def refuse_divided(pairs: Iterable[Pair], groups: Groups, where: str, to_do: str) -> None:
    """Raise P2PError, with `to_do`, when pairs of one group have different splits already."""
    splits: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        if (group := groups[pair.name]) and pair.split != UNSPLIT:
            splits[group].add(pair.split)
    for group, found in splits.items():
        if len(found) > 1:
            what = f"group '{group}' lies in {' and '.join(sorted(found))} already, and pairs keep their split"
            raise P2PError(where, what, to_do, code="group-in-several-splits")


def draw(seed: int, key: str) -> bytes:
    """Where a pair's name, or the name of its group, stands in the order in which a seed draws them."""
    return hashlib.sha256(f"{seed}\n{key}".encode()).digest()


def closest(sizes: Sequence[int], need: int) -> list[int]:
    """Indices of groups, early ones first, whose sizes sum up as near to `need` as whole groups can, rather below.

    Far from the goal a group is taken if it fits; the last stretch is an exact search over the next 4000 groups.
    """
    taken, left = [], []
    for index, size in enumerate(sizes):
        if need - size >= _STRETCH:
            taken.append(index)
            need -= size
        elif size < 2 * need:  # a larger one would lead farther away than none
            left.append(index)
    return taken + _exactly(sizes, left[:_MOST_GROUPS], need) if need > 0 else taken


def _exactly(sizes: Sequence[int], among: Sequence[int], need: int) -> list[int]:
    """Subset sum by dynamic programming: the first selection, in order, of those that come nearest to `need`."""
    within = (1 << 2 * need) - 1
    sums = [1]  # of the last i groups; bit s is set where some of them sum up to s
    for index in reversed(among):
        sums.append((sums[-1] | sums[-1] << sizes[index]) & within)
    outwards = (near for away in range(need + 1) for near in (need - away, need + away))
    goal = next(near for near in outwards if sums[-1] >> near & 1)
    taken = []
    for index, rest in zip(among, reversed(sums[:-1]), strict=True):
        if sizes[index] <= goal and rest >> (goal - sizes[index]) & 1:
            taken.append(index)
            goal -= sizes[index]
    return taken
