"""Which pairs go together: what is the same always, what is next to each other as far as a split can hold it.

Nothing here may look at a picture, or decide which split a group gets.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import HELD_OUT, UNSPLIT
from p2p_datatools.likeness.components import Components
from p2p_datatools.likeness.find import FEW_COPIES, Link
from p2p_datatools.splits.assign import rank

_ORDER = ("twin", "part", "neighbour")  # which links are kept first where a group has to be cut


@dataclass(frozen=True)
class Likeness:
    """What was found out about the pairs of a folder, by their numbers in it.

    `equal` are pairs of the same pixels or of one photo, `links` those that are nearly so. `cut` is the number of
    links that would have made a group larger than a split, in sets of `largest` pairs and fewer. Where groups gain
    nothing, as in drawings of one kind, `same` are the sets of what is the same or a copy, and of what fits into a
    split with all that it is linked to: a later call, which holds that together, moves nothing then.
    """

    equal: Sequence[Sequence[int]]
    links: Sequence[Link]
    sets: Sequence[Sequence[int]]
    same: Sequence[Sequence[int]] = ()
    cut: int = 0
    largest: int = 0


def find_sets(
    placed: Sequence[str | None],
    equal: Sequence[Sequence[int]],
    links: Sequence[Link],
    most: int,
    *,
    together: Iterable[Sequence[int]] = (),
) -> Likeness:
    """The sets of pairs that stay together, of which `placed` says the split that each has, if any.

    What is equal, what is a copy or a twin, and the members of each of `together`, are one set whatever its size. A
    walk or a video, in which each frame resembles the next and the last nothing of the first, is one too if it has no
    more than `most` pairs, the pairs of a split; else it is cut into sets of as many, where frames resemble each other
    least: the larger the parts, the fewer frames stand beside a cut. What only stands beside a pair that has a split
    never moves that.
    """
    sets = Components(len(placed), placed)
    for numbers in (*equal, *together):
        sets.unite_all(numbers)
    walked = _find_walked(links, len(placed))
    for link in set(links).difference(walked):
        sets.unite(link.first, link.second)
    linked = _unite_linked(sets, links, len(placed))
    same = [members for members in sets.sets() if len(members) > 1 and linked.size(members[0]) > most]
    cut, largest = 0, 0
    for link in sorted(walked, key=_weakness):
        if sets.top(link.first) == sets.top(link.second):
            continue
        size = linked.size(link.first)
        if sets.size(link.first) + sets.size(link.second) > most:
            cut, largest = cut + 1, max(largest, size)
        elif _have_one_goal(sets, link) or (link.kind == "twin" and size <= most):
            sets.unite(link.first, link.second)
    found = [members for members in sets.sets() if len(members) > 1]
    same += [members for members in found if linked.size(members[0]) <= most]
    return Likeness(equal, links, found, same, cut, largest)


def _unite_linked(sets: Components, links: Sequence[Link], count: int) -> Components:
    """All of the `count` numbers that are in one of the sets, or linked, whatever number that makes."""
    linked = Components(count)
    for members in sets.sets():
        linked.unite_all(members)
    for link in links:
        linked.unite(link.first, link.second)
    return linked


def _weakness(link: Link) -> tuple[int, float, Link]:
    """A sort key for links, of which the last are given up first."""
    return _ORDER.index(link.kind), -link.correlation, link


def _have_one_goal(sets: Components, link: Link) -> bool:
    """Whether no pair of the two sets that a link connects has to leave its split when they become one."""
    return len({*_goal(sets.splits(link.first)), *_goal(sets.splits(link.second))}) < 2


def _goal(splits: Set[str]) -> Set[str]:
    """The split that all of a set get of those that its members have; none where they have none."""
    return {max(splits, key=rank)} if splits else splits


def _find_walked(links: Sequence[Link], count: int) -> list[Link]:
    """The links that may be of a walk, a video or a mosaic, and be cut; a few twins are copies wherever they are."""
    twins = Components(count)
    for link in links:
        if link.kind == "twin":
            twins.unite(link.first, link.second)
    return [
        link
        for link in links
        if link.kind in ("part", "neighbour")
        or (link.kind == "twin" and link.sequence and twins.size(link.first) > FEW_COPIES)
    ]


def name_groups(pairs: Sequence[Pair], sets: Sequence[Sequence[int]], names: Sequence[str]) -> dict[str, str | None]:
    """The group of each name: that which a member of its set has from an earlier split, or the first of its names.

    A group that pairs of another split have, as where one of a walk has joined its twin there, is not taken.
    """
    groups: dict[str, str | None] = dict.fromkeys(names)
    settled = [pair.split != UNSPLIT for pair in pairs]
    splits_of: dict[str, set[str | None]] = defaultdict(set)
    in_sets = {number for members in sets for number in members}
    for number, pair in enumerate(pairs):
        if pair.group and settled[number] and number not in in_sets:
            splits_of[pair.group].add(pair.split)
    for members in sets:
        own = sorted(names[number] for number in members)
        split = max((pairs[number].split for number in members if settled[number]), key=rank, default=None)
        known = sorted({group for number in members if settled[number] and (group := pairs[number].group)})
        # One that gets its split now would follow any that has its group already.
        taken = (each for each in (*known, *own) if splits_of[each] <= ({split} if split else set()))
        group = next(taken, (known or own)[0])
        splits_of[group].add(split)
        groups |= dict.fromkeys((names[number] for number in members), group)
    return groups


@dataclass(frozen=True)
class LeakCount:
    """Of the `pictures` of a `split`, how many have a near-twin in training `now`, and how many in a `random` split.

    That would have `drawn` so many pictures: other than `pictures` where groups stay whole. `neighbours` more are next
    to a training picture in a walk or a video, or of the same minute.
    """

    split: str
    pictures: int
    drawn: int
    random: int
    now: int
    neighbours: int


def count_leaks(
    likeness: Likeness, random: Callable[[int], str], now: Callable[[int], str], count: int
) -> tuple[LeakCount, ...]:
    """For test and val, how many of their pairs are nearly a training pair, by the splits of numbers, and now."""
    twins: list[Sequence[int]] = [(link.first, link.second) for link in likeness.links if link.kind != "neighbour"]
    twins += likeness.equal
    beside = [(link.first, link.second) for link in likeness.links if link.kind == "neighbour"]
    there = [now(number) for number in range(count)]
    drawn = [random(number) for number in range(count)]
    found = []
    for split in HELD_OUT:
        leaking = _find_leaks(twins, there, split)
        found.append(
            LeakCount(
                split,
                there.count(split),
                drawn.count(split),
                len(_find_leaks(twins, drawn, split)),
                len(leaking),
                len(_find_leaks(beside, there, split) - leaking),
            )
        )
    return tuple(found)


def _find_leaks(sets: Iterable[Sequence[int]], splits: Sequence[str], split: str) -> set[int]:
    """Those of a split that are in a set with one of training."""
    trained = (numbers for numbers in sets if any(splits[number] == "train" for number in numbers))
    return {number for numbers in trained for number in numbers if splits[number] == split}
