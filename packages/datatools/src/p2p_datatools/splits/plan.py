"""Plans a split: which pairs are drawn, which go together, where their files go, and what a user is told of it.

Nothing here may look at a picture to decide, move a file, or write one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.lazy import LazyMapping
from p2p_datatools.contract.pairs.alike import Alike, find_alike
from p2p_datatools.contract.pairs.lines import GIVEN, NamedPairs, Pair, by_name
from p2p_datatools.contract.pairs.manifest import HEADER, PAIR_LINES, SPLITS, UNSPLIT, PairFolder, with_pairs
from p2p_datatools.contract.pairs.name_parts import note_divided_parts
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.likeness.pairs import has_photo
from p2p_datatools.splits.assign import NO_GROUPS, SIMILAR, Groups, groups_by, refuse_divided, round_half_up
from p2p_datatools.splits.groups import LeakCount
from p2p_datatools.splits.similar import SplitDraw, choose_grouping, find_groups


@dataclass(frozen=True)
class SplitPlan:
    """The `planned` pairs, by name, as they will be, and the whole folder with them.

    `counts` are the pairs of each split in the end, `moved` those that get another one now, `groups` the number of
    groups; `leaks` say how many pairs of val and test resemble a training pair, where pictures were compared.
    """

    planned: Mapping[str, Pair]
    result: PairFolder
    counts: dict[str, int]
    moved: int
    groups: int
    leaks: tuple[LeakCount, ...] = ()


def plan_split(
    folder: PairFolder,
    given: Set[str],
    shares: Mapping[str, float],
    *,
    seed: int,
    group_by: str | None,
    again: bool = False,
    report: Reporter,
) -> SplitPlan:
    """Plan the split of a folder whose sources gave it the splits `given`; notes what is unexpected.

    With `again` all pairs are drawn, whatever split they have or were given. Raises UsageError for an impossible
    expression, P2PError when an earlier split has divided a group or there would be no training pairs.
    """
    known = by_name(folder.pairs)
    was_split = bool(given & {"val", "test"})
    how, given = choose_grouping(folder, group_by), frozenset() if again else given
    groups = groups_by(how, list(known), report)
    targets = {name: round_half_up(len(folder.pairs), share) for name, share in shares.items()}
    drawn: Set[str] = known.keys() if again else _draw_from_train(folder, given, targets)
    with report.tell("comparing records"):
        if not again:
            refuse_divided(folder.pairs, groups, str(folder.path), _how_to_regroup(folder, given))
        alike = find_alike(folder)
    # A split that was given is complete as it is: others could not be compared with any more.
    left = {name: 0 if name in given else target for name, target in targets.items()}
    draw = SplitDraw(folder, drawn, left, seed)
    together: Sequence[Sequence[str]] = [[pair.name for pair in same.pairs] for same in alike]
    seen = None
    if how != NO_GROUPS and has_photo(folder):
        seen = find_groups(draw, groups, together, _place(folder, given, again=again), _most(targets, folder), report)
        groups, together = seen.groups, seen.together
    with report.tell("drawing splits"):
        assigned = draw.assign(groups, together)
        if seen is not None:
            assigned = seen.cover(assigned)
    relabelled = _find_relabelled(folder, groups, assigned) if how == SIMILAR else {}
    planned = _plan_pairs(folder, known, assigned, groups, relabelled)
    result = with_plan(folder, planned)
    with report.tell("counting pairs"):
        counts = dict.fromkeys(SPLITS, 0) | Counter(each.split for each in result.pairs if each.split in SPLITS)
    if again:
        _note_again(folder, assigned, report, was_split=was_split)
    else:
        _note_moves(drawn, assigned, alike, report)
    _remark(folder, counts, targets, shares, given, groups, report, why=seen.why if seen else "")
    if how == SIMILAR:
        note_divided_parts(result, shares, report)
    leaks = seen.count(assigned) if seen is not None else ()
    moved = sum(assigned[name] != known[name].split for name in assigned)
    return SplitPlan(planned, result, counts, moved, len(set(groups.values()) - {None}), leaks)


def _most(targets: Mapping[str, int], folder: PairFolder) -> int:
    """How many pairs a walk or a video may have to be one group: those of the smallest split that is asked for."""
    return min((each for each in targets.values() if each), default=max(1, len(folder.pairs) // 10))


def _place(folder: PairFolder, given: Set[str], *, again: bool) -> list[str | None]:
    """The split of each pair that only pairs which show the same may change; None where it has none."""
    train = "train" if folder.foreign and given & {"val", "test"} else None
    return [None if again else train if pair.split == UNSPLIT else pair.split for pair in folder.pairs]


def _find_relabelled(folder: PairFolder, groups: Groups, assigned: Mapping[str, str]) -> dict[str, str]:
    """The splits of pairs that keep theirs and get a group, since others joined them."""
    kept = (pair for pair in folder.pairs if pair.split != UNSPLIT and pair.name not in assigned)
    return {pair.name: pair.split for pair in kept if groups[pair.name] not in (None, pair.group)}


def with_plan(folder: PairFolder, planned: Mapping[str, Pair]) -> PairFolder:
    """The folder with the planned pairs as they will be."""
    known = by_name(folder.pairs)
    return with_pairs(folder, NamedPairs(list(known), lambda name: planned[name] if name in planned else known[name]))


def _draw_from_train(folder: PairFolder, given: Set[str], targets: Mapping[str, int]) -> Set[str]:
    """The names of the training pairs that the sources gave, where a split lacks pairs that nothing else provides."""
    counts = Counter(pair.split for pair in folder.pairs)
    lacking = sum(max(0, target - counts[name]) for name, target in targets.items() if name not in given)
    if lacking <= counts[UNSPLIT] or "train" not in given:
        return frozenset()
    return frozenset(pair.name for pair in folder.pairs if pair.split == pair.given_split == "train")


def _how_to_regroup(folder: PairFolder, given: Set[str]) -> str:
    if not folder.foreign and given:
        return (
            "Put the pictures of a group into one of the folders of splits and pair into a new folder, or group less."
        )
    if given & {"val", "test"}:
        return (
            f"Put the pictures of a group into one of the folders, delete {HEADER} and {PAIR_LINES} if they are there, "
            "and split again; or group less."
        )
    if folder.foreign:
        return f"Delete {HEADER} and {PAIR_LINES} there, and split again by these groups."
    return "Pair into a new folder and split that by these groups."


def _plan_pairs(
    folder: PairFolder,
    known: Mapping[str, Pair],
    assigned: Mapping[str, str],
    groups: Groups,
    relabelled: Mapping[str, str],
) -> Mapping[str, Pair]:
    """The pairs that get a split, or a group alone, by name, as they will be; only the splits are held."""
    splits = {**assigned, **relabelled}
    elsewhere = {} if folder.foreign else _find_clashes(folder, splits)

    def plan(name: str) -> Pair:
        pair, split = known[name], splits[name]
        if name in relabelled:
            return replace(pair, group=groups[name])
        sources = {key: value for key, value in pair.sources.items() if key != GIVEN}
        file = pair.file if folder.foreign else elsewhere.get(name) or _file_in(split, pair)
        return replace(pair, split=split, group=groups[name], file=file, sources=sources)

    return LazyMapping(splits, plan)


def _file_in(split: str, pair: Pair) -> str:
    """The pair's file in a split: it changes folders, not its place within."""
    place = PurePosixPath(pair.file)
    within = place.relative_to(pair.split) if place.is_relative_to(pair.split) else place
    return f"{split}/{within}"


def _find_clashes(folder: PairFolder, assigned: Mapping[str, str]) -> dict[str, str]:
    """Other places for pairs whose own is taken in their split: train/1 and test/1 may both be called 1 there.

    A place is taken, too, where a pair lies that leaves it: files move one by one, and a kill may come between.
    """
    if not any(pair.split != UNSPLIT for pair in folder.pairs if pair.name in assigned or pair.given_split):
        return {}  # the place is the name, and no other pair's
    taken = {pair.file: pair.name for pair in folder.pairs}
    elsewhere = {}
    for pair in folder.pairs:
        if pair.name in assigned:
            file = _file_in(assigned[pair.name], pair)
            if taken.setdefault(file, pair.name) != pair.name:
                file = elsewhere[pair.name] = _free_file(file, pair, taken)
                taken[file] = pair.name
    return elsewhere


def _free_file(file: str, pair: Pair, taken: Mapping[str, str]) -> str:
    """The pair's file in the split where `file` is taken: set apart by names of splits, no more than it takes."""
    first, *between, name = file.split("/")
    while between and between[0] in (*SPLITS, UNSPLIT):
        between.pop(0)  # which set it apart from others in an earlier split
    file = "/".join((first, *between, name))
    while taken.get(file, pair.name) != pair.name:
        between.insert(0, pair.split)
        file = "/".join((first, *between, name))
    return file


def _note_again(folder: PairFolder, assigned: Mapping[str, str], report: Reporter, *, was_split: bool) -> None:
    """Note how many pairs leave the split that they have, as those in train/ of another tool's split folder have."""
    unsplit = "train" if folder.foreign and was_split else UNSPLIT
    pairs = ((unsplit if pair.split == UNSPLIT else pair.split, assigned[pair.name]) for pair in folder.pairs)
    moves = Counter((one, other) for one, other in pairs if one not in (UNSPLIT, other))
    if moves:
        listed = ", ".join(f"{count} from {one} to {other}" for (one, other), count in sorted(moves.items()))
        report.note(f"Drawn again: {listed}. Models that were trained before have seen pairs that are held out now.")


def _note_moves(drawn: Set[str], assigned: Mapping[str, str], alike: Sequence[Alike], report: Reporter) -> None:
    """Note which pairs leave the split that they had or were given, and which are kept together."""
    taken = Counter(assigned[name] for name in drawn if assigned[name] != "train")
    if taken:
        counts = " and ".join(f"{count} to {split}" for split, count in sorted(taken.items(), reverse=True))
        report.note(f"Of {plural(len(drawn), 'training pair')} as given, {counts}.")
    moved: dict[str, str] = {}
    together: set[str] = set()
    for same in alike:
        together |= {pair.name for pair in same.pairs if pair.name in assigned}
        for pair in same.pairs:
            if pair.split != UNSPLIT and pair.name not in drawn and pair.name in assigned:
                other = next(each for each in same.pairs if each.name != pair.name)
                moved.setdefault(
                    pair.name, f"{pair.name} has {same.what} {other.name}, and is now in {assigned[pair.name]}"
                )
    if moved:
        number = plural(len(moved), "pair shows", "pairs show")
        report.note(f"{number} what another split has, and joins it; the first: {next(iter(moved.values()))}.")
    elif together:
        report.note(f"{plural(len(together), 'pair shows', 'pairs show')} what others show, and all stay together.")


def _remark(
    folder: PairFolder,
    counts: Mapping[str, int],
    targets: Mapping[str, int],
    shares: Mapping[str, float],
    given: Set[str],
    groups: Groups,
    report: Reporter,
    *,
    why: str,
) -> None:
    """Note unexpected counts; raises P2PError when nothing is left to train on. `why` says which group is large."""
    if not counts["train"]:
        what = (
            f"would have no training pairs: {plural(len(folder.pairs), 'pair')}, "
            f"val {counts['val']}, test {counts['test']}{why and f'; {why}'}"
        )
        to_do = "Add pairs or smaller groups, or ask for smaller shares."
        raise P2PError(folder.path, what, to_do, code="no-training-pairs")
    for name, target in targets.items():
        if shares[name] > 0 and not target and name not in given:
            report.note(f"{name} gets no pairs: {shares[name]} of {len(folder.pairs)} is less than half a pair.")
        elif counts[name] != target:
            reason = "it was given" if name in given else why or "groups stay whole, splits are kept"
            report.note(f"{name} has {plural(counts[name], 'pair')}, not {target}: {reason}.")
    if any(pair.group for pair in folder.pairs) and not any(groups.values()):
        report.note("An earlier split was by groups, this one is not: new pairs may resemble pairs of another split.")
