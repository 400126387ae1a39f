"""Groups of similar pairs for a split: what is found out about a folder, and what a user is told of it.

Nothing here may move a file or write one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pairs.manifest import UNSPLIT, PairFolder
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.likeness.find import LinkKind, find_links
from p2p_datatools.likeness.pairs import has_photo
from p2p_datatools.splits.assign import NO_GROUPS, SIMILAR, Groups, assign, draw
from p2p_datatools.splits.cover import cover_classes
from p2p_datatools.splits.groups import LeakCount, Likeness, count_leaks, find_sets, name_groups
from p2p_datatools.splits.looks import Looks, read_looks

_WORDS: Mapping[LinkKind, tuple[str, str]] = {
    "twin": ("near-duplicate", "near-duplicates"),
    "copy": ("copy by its name", "copies by their names"),
    "part": ("overlap in a part", "overlaps in a part"),
    "neighbour": ("neighbour of a walk or a minute", "neighbours of a walk or a minute"),
}
_GAIN = 0.9
_LARGE = 4  # one in so many pairs is much for a group


def choose_grouping(folder: PairFolder, group_by: str | None) -> str:
    """How to group: as asked for, or by similarity where a half is a photo; raises UsageError where none can be."""
    if group_by == SIMILAR and not has_photo(folder):
        what = f"compares photos, and both halves of {folder.path} are masks"
        to_do = f"Give a regular expression for their names, or {NO_GROUPS}."
        raise UsageError(f"group-by {SIMILAR}", what, to_do, code="no-photo-half")
    return group_by or (SIMILAR if has_photo(folder) else NO_GROUPS)


@dataclass(frozen=True)
class SplitDraw:
    """What a split draws: the pairs of a folder, of which those that are `drawn` lose the split that they have."""

    folder: PairFolder
    drawn: Set[str]
    targets: Mapping[str, int]
    seed: int

    @property
    def draws(self) -> bool:
        """Whether any pair gets a split now."""
        return bool(self.drawn) or any(pair.split == UNSPLIT for pair in self.folder.pairs)

    def assign(self, groups: Groups, together: Iterable[Sequence[str]] = ()) -> dict[str, str]:
        """The splits of the names that get one."""
        pairs = (replace(pair, split=UNSPLIT) if pair.name in self.drawn else pair for pair in self.folder.pairs)
        return assign(pairs, groups, self.targets, self.seed, together=together)


@dataclass(frozen=True)
class SimilarPairs:
    """The groups of a folder's pairs, and the names that go together; `why` describes a group that is very large."""

    draw: SplitDraw
    names: Sequence[str]
    groups: Groups
    together: Sequence[Sequence[str]]
    likeness: Likeness
    looks: Looks
    why: str

    def cover(self, assigned: Mapping[str, str]) -> dict[str, str]:
        """The same, with every class in every split where that is possible; what had a split keeps it."""
        if not any(self.looks.classes):
            return dict(assigned)
        stay = {pair.name for pair in self.draw.folder.pairs if pair.split != UNSPLIT} - self.draw.drawn
        first = {number: numbers[0] for numbers in self.likeness.sets for number in numbers}
        sets: dict[str, list[str]] = defaultdict(list)
        for number, name in enumerate(self.names):
            sets[self.names[first.get(number, number)]].append(name)
        free = [key for key, names in sets.items() if not any(name in stay or name not in assigned for name in names)]
        order = sorted(free, key=lambda key: draw(self.draw.seed, self.groups[key] or key))
        splits = {pair.name: assigned.get(pair.name, pair.split) for pair in self.draw.folder.pairs}
        classes = dict(zip(self.names, self.looks.classes, strict=True))
        found = cover_classes(splits, {key: sets[key] for key in order}, classes)
        return {name: found[name] for name in assigned}

    def find_splits(self) -> Set[str]:
        """The splits that would get pairs if all were drawn, whatever they have now."""
        all_drawn = replace(self.draw, drawn=frozenset(self.names))
        return set(all_drawn.assign(self.groups, self.together).values())

    def is_better(self) -> bool:
        """Whether these groups keep from leaking what chance would have leaked, or at least a tenth of it."""
        leaks = self.count(self.draw.assign(self.groups, self.together))
        return sum(each.now for each in leaks) <= _GAIN * sum(each.random for each in leaks)

    def count(self, assigned: Mapping[str, str]) -> tuple[LeakCount, ...]:
        """How many pairs of val and test resemble a training pair, in a random split of the same seed and now."""
        had = {pair.name: pair.split for pair in self.draw.folder.pairs}
        random = had | self.draw.assign(dict.fromkeys(self.names))
        now = had | dict(assigned)
        return count_leaks(
            self.likeness, lambda number: random[self.names[number]], lambda number: now[self.names[number]], len(had)
        )


def find_groups(
    draw_: SplitDraw,
    groups: Groups,
    together: Sequence[Sequence[str]],
    placed: Sequence[str | None],
    most: int,
    report: Reporter,
) -> SimilarPairs:
    """Find what is similar in a folder whose names are in `groups` already, if a user said how to group them."""
    folder, names = draw_.folder, list(groups)
    number_of = {name: number for number, name in enumerate(names)}
    looks = read_looks(folder, report)
    links = find_links(looks.signatures, names, times=looks.times, report=report)
    equal = [[number_of[name] for name in same] for same in together]
    by_group: dict[str, list[int]] = defaultdict(list)
    for name, group in groups.items():
        if group is not None:
            by_group[group].append(number_of[name])
    likeness = find_sets(placed, equal, links, most, together=by_group.values())
    pairs = [replace(pair, split=UNSPLIT) if pair.name in draw_.drawn else pair for pair in folder.pairs]

    def group_by_sets(likeness: Likeness) -> SimilarPairs:
        own, joined = groups, [*together, *([names[number] for number in numbers] for numbers in likeness.sets)]
        if not by_group:
            own, joined = name_groups(pairs, likeness.sets, names), list(together)
        return SimilarPairs(draw_, names, own, joined, likeness, looks, _why(likeness, names, by_group))

    found = group_by_sets(likeness)
    if is_uniform := bool(likeness.cut) and not found.is_better():
        found = group_by_sets(replace(likeness, sets=likeness.same))
    wanted = {split for split, target in draw_.targets.items() if target}
    # Where one of val and test gets pairs, those are worth more for being unlike training than the other split is.
    if by_group and wanted and len(found.find_splits()) < 2:
        own = group_by_sets(replace(likeness, sets=find_sets(placed, equal, (), most, together=by_group.values()).sets))
        if wanted <= own.find_splits():
            report.note(
                "Similar pairs join all groups, which would all be in one split: only pairs of one group are kept "
                "together. Scores on test and val will be too good if what resembles training there should not count."
            )
            found = own
    _note_likeness(found.likeness, names, by_group, report, is_uniform=is_uniform, draws=draw_.draws)
    return found


def _note_likeness(
    likeness: Likeness,
    names: Sequence[str],
    by_group: Mapping[str, Sequence[int]],
    report: Reporter,
    *,
    is_uniform: bool,
    draws: bool,
) -> None:
    """Note what is similar, and where any pair `draws` a split now, what cannot be held together."""
    counts = Counter(link.kind for link in likeness.links)
    if counts:
        listed = ", ".join(plural(counts[kind], *words) for kind, words in _WORDS.items() if counts[kind])
        first = likeness.links[0]
        report.note(f"Similar pairs: {listed}; the first are {names[first.first]} and {names[first.second]}.")
    if by_group:
        group_of = {number: group for group, numbers in by_group.items() for number in numbers}
        united = sum(len({group_of.get(number, str(number)) for number in each}) > 1 for each in likeness.sets)
        if united:
            number = plural(united, "set of groups has", "sets of groups have")
            report.note(f"{number} similar pairs in them, and each goes to one split.")
    if is_uniform and draws:
        report.note(
            f"{likeness.largest} of {len(names)} pairs look so much like others, as drawings of one kind, a "
            "fixed camera or a single walk do, that no split can part them: these are drawn by chance, and scores "
            "say little of pictures of another kind."
        )
    elif likeness.cut and draws:
        report.note(
            f"A walk, a video or a mosaic of {likeness.largest} pairs is larger than a split: it is cut into parts, at "
            f"{plural(likeness.cut, 'place')} where pictures resemble each other least."
        )


def _why(likeness: Likeness, names: Sequence[str], by_group: Mapping[str, Sequence[int]]) -> str:
    """Which group is so large that splits cannot have their shares."""
    largest = max(likeness.sets, key=len, default=())
    if by_group or len(largest) * _LARGE < len(names):
        return ""
    one, other = names[largest[0]], names[largest[-1]]
    return (
        f"{len(largest)} of {len(names)} pairs are one group, each like the next, from {one} to {other}, and groups "
        "stay whole; --group-by none divides them, and test pictures are then nearly training pictures"
    )
