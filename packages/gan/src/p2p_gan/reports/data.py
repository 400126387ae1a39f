"""What a run was trained on: the pairs, their splits, where they are from, and which pictures are in two splits.

Nothing here may decode a picture or change anything; pairs that have moved are reported as such.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.origin import TOLD, read_origins
from p2p_datatools.contract.pairs.alike import find_alike
from p2p_datatools.contract.pairs.lines import Pair, traits_of
from p2p_datatools.contract.pairs.manifest import PairFolder, has_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.words import p2p_command
from p2p_gan.runs.runfolder import find_recorded


@dataclass(frozen=True)
class Leak:
    """A picture that is in two splits: the pairs, their splits, and what they share."""

    first: str
    second: str
    what: str


@dataclass(frozen=True)
class DataFacts:
    """The pairs of a run: the folder as recorded, and as found, None if it is not there or is another one now.

    `splits` are numbers of pairs. `leaks` are None if nothing could be compared, and `why` says then why. `sources`
    are the data sets from which the pairs are.
    """

    recorded: str
    direction: str
    digest: str
    splits: Mapping[str, int]
    assumed: tuple[str, ...]
    folder: PairFolder | None = None
    leaks: tuple[Leak, ...] | None = None
    why: str = ""
    sources: tuple[Mapping[str, str], ...] = field(default=())

    @property
    def place(self) -> Path | None:
        """Where the pairs are now."""
        return None if self.folder is None else self.folder.path

    @property
    def scored(self) -> str | None:
        """The split that scores should be of: test, or else val; None without held-out pairs."""
        return next((split for split in ("test", "val") if self.splits.get(split)), None)


def data_facts(record: Mapping[str, Any], run: Path) -> DataFacts:
    """What the record of the run at `run` says of its pairs, and what their folder says today."""
    splits = {name: int(each["pairs"]) for name, each in (record.get("splits") or {}).items()}
    known = DataFacts(
        recorded=str(record.get("pairs", "")),
        direction=str(record.get("direction", "")),
        digest=str(record.get("data_hash", "")),
        splits={name: splits[name] for name in ("train", "val", "test", "all") if name in splits},
        assumed=tuple(map(str, record.get("assumed", ()))),
    )
    place = find_recorded(run, known.recorded)
    if place is None:
        return replace(known, why=f"the pairs are not at {known.recorded} any more")
    try:
        folder = open_pairs(place)
        if has_manifest(place) and folder.data_hash != known.digest:
            return replace(known, why=f"the pairs at {place} are not those of the run any more")
        sources = _sources(place, folder)
        if not all(each.is_hashed for each in traits_of(folder.pairs)):
            why = f"the folder has no hashes; {p2p_command('data check', place)} compares its pictures"
            return replace(known, folder=folder, sources=sources, why=why)
        return replace(known, folder=folder, sources=sources, leaks=_leaks(folder))
    except P2PError as error:
        return replace(known, why=f"{error.where}: {error.what}")


def _leaks(folder: PairFolder) -> tuple[Leak, ...]:
    found: dict[tuple[str, str], Leak] = {}
    for same in find_alike(folder):
        first, *others = sorted(same.pairs, key=lambda pair: (pair.split != "train", pair.name))
        for pair in others:
            if pair.split != first.split:
                found.setdefault((first.file, pair.file), Leak(first.file, pair.file, same.what))
    for one, other in _divided_groups(folder):
        found.setdefault((one.file, other.file), Leak(one.file, other.file, "the same group as"))
    return tuple(found.values())


def _divided_groups(folder: PairFolder) -> Iterator[tuple[Pair, Pair]]:
    """A training pair of each group that is in other splits, too, and each of its pairs there."""
    groups: dict[str, dict[str, list[Pair]]] = defaultdict(lambda: defaultdict(list))
    for pair in folder.pairs:
        if pair.group is not None:
            groups[pair.group][pair.split].append(pair)
    for splits in groups.values():
        for split in ("val", "test"):
            if splits["train"]:
                yield from ((splits["train"][0], pair) for pair in splits[split])


def _sources(place: Path, folder: PairFolder) -> tuple[Mapping[str, str], ...]:
    """The data sets of which the pairs were made: as their manifest says, or as they were fetched."""
    said = [each for each in folder.provenance.get("sources", ()) if isinstance(each, dict)]
    known = [{name: str(each[name]) for name in TOLD if each.get(name)} for each in said] or read_origins([place])
    return tuple(each for each in known if each)
