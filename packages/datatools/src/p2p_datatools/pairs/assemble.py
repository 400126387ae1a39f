"""Brings pairs to their destination, several at a time, and knows those that are there from earlier calls.

Nothing here may match names or decide what a pair looks like.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.pairs.halves import files_of, hash_of, write_halves
from p2p_datatools.contract.pairs.lines import Pair, pair_from_json
from p2p_datatools.contract.pairs.manifest import UNSPLIT
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.threads import Budget, parallel_map
from p2p_datatools.pairs.match import Files
from p2p_datatools.pairs.recipe import RANGES, SCALED, Halves, Job

CROWD = 10_000  # pairs above which a folder gets subfolders, for file managers and file systems grow slow


BUDGET = 400 << 20  # bytes of pictures in the making; one that is larger is made alone


AHEAD = 32  # pairs for each thread that may be done before their turn, while files are flushed to the disk


Ranges = list[list[float]]


@dataclass(frozen=True)
class Built:
    """A pair that was written, and the smallest and largest value of each half where these are not given."""

    pair: Pair
    ranges: Ranges | None


class Admitted(NamedTuple):
    """Two files for which there is room in memory, and how much of it they take."""

    files: Files
    weight: int


Outcome = Built | Skip | Literal["kept"]


def is_crowd(pairs: int) -> bool:
    """Whether so many pairs lie in 256 subfolders."""
    return pairs > CROWD


def place_of(name: str, *, crowded: bool) -> str:
    """Where the pair of a name lies before it has a split, without suffix."""
    bucket = f"{hashlib.sha256(name.encode()).hexdigest()[:2]}/" if crowded else ""
    return f"{UNSPLIT}/{bucket}{name}"


class Assembler:
    """Brings pairs to the destination, and knows those that are there from earlier calls.

    `old` are the pairs of DEST, by name; `wanted` says of a name whether DEST will have it. What an interrupted call
    made of other names, whose pictures are gone since, is removed. Of each pair only the names are held in memory.
    """

    def __init__(
        self,
        job: Job,
        destination: Destination,
        old: Mapping[str, Pair],
        *,
        wanted: Callable[[str], bool],
        crowded: bool,
    ) -> None:
        self._job, self._destination, self._old = job, destination, old
        self._crowded = crowded
        self._budget = Budget(BUDGET)
        self._measured = any(half.dtype not in RANGES for half in job.halves)
        self._remove_unrecorded()
        self._files: dict[str, str] = {}  # of the pairs of this work by name, whole ones only
        for pair in self._done():
            if wanted(pair.name):
                self._files[pair.name] = pair.file
            else:
                self._forget(pair)
        self._begun = frozenset(self._files)
        self._taken = frozenset(file for pair in old.values() for file in pair.files)

    def _remove_unrecorded(self) -> None:
        """What a kill left between the writing of a file and its record may be of pictures that are gone since."""
        top = self._destination.partial
        for file in (top / UNSPLIT).rglob("*"):
            if file.relative_to(top).as_posix() not in self._destination.done and file.is_file():
                file.unlink()

    def _done(self) -> Iterator[Pair]:
        done = self._destination.done
        for file in list(done):
            pair = pair_from_json(done[file]) if file in done else None  # one that is forgotten takes both its files
            if pair and file == pair.file and all(each in done for each in pair.files):
                yield pair

    def _forget(self, pair: Pair) -> None:
        self._files.pop(pair.name, None)
        for file in pair.files:
            self._destination.forget(file)

    def names(self) -> Sequence[str]:
        """The names of all pairs so far."""
        return [*self._old, *(name for name in self._files if name not in self._old)]

    def pair_of(self, name: str) -> Pair:
        """The pair of a name: as this work made it, else as it was."""
        file = self._files.get(name)
        return self._old[name] if file is None else pair_from_json(self._destination.done[file])

    def measured(self, place: int, known: tuple[float, float]) -> tuple[float, float]:
        """The range `known` of the first or second half, widened by the pairs that were written since."""
        least, most = known
        for line in self._destination.done.values():
            if "ranges" in line:
                low, high = line["ranges"][place]
                least, most = min(least, low), max(most, high)
        return least, most

    def bring(self, matched: Iterable[tuple[str, Files]], jobs: int) -> Generator[Outcome, None, None]:
        """Build the pairs that are not there, so many at a time; the outcomes come in the order given."""
        for name, outcome in parallel_map(self._brought, self._admitted(matched), threads=jobs, ahead=AHEAD):
            if isinstance(outcome, Built):
                self._record(outcome)
            elif isinstance(outcome, Skip) and name in self._begun and name not in self._old:
                self._forget(self.pair_of(name))
            yield outcome

    def _record(self, built: Built) -> None:
        line = built.pair.to_json() | ({"ranges": built.ranges} if built.ranges else {})
        for file in built.pair.files:
            self._destination.record(file, line)
        self._files[built.pair.name] = built.pair.file

    def _admitted(self, matched: Iterable[tuple[str, Files]]) -> Iterator[tuple[str, Admitted]]:
        """Names for which there is room, so that no more threads begin: each keeps the memory of its last picture."""
        for name, files in matched:
            weight = self._job.weight(files)
            self._budget.take(weight)
            yield name, Admitted(files, weight)

    def _brought(self, item: tuple[str, Admitted]) -> tuple[str, Outcome]:
        name, admitted = item
        try:
            return name, self._build(name, admitted.files)
        finally:
            self._budget.give(admitted.weight)

    def _build(self, name: str, files: Files) -> Outcome:
        try:
            sources = self._job.sources(files)
            halves = self._halves(name, files, sources)
            if halves is None:
                return "kept"
            pair = self._place(name)
        except P2PError as error:
            return _skip(error, files)
        # An error from here on is of the destination, and ends the call.
        paths = [self._destination.path(file) for file in pair.files]
        digest = write_halves(paths, halves.a, halves.b, self._job.store, where=str(files[0]))
        pair = replace(pair, size=size_of(halves.a), hash=digest, sources=sources | halves.remarks)
        return Built(pair, [_range(half) for half in (halves.a, halves.b)] if self._measured else None)

    def _halves(self, name: str, files: Files, sources: dict[str, str]) -> Halves | None:
        """The halves to write for a name; None where the pair is there already."""
        if name in self._begun and _same(self.pair_of(name).sources, sources):
            return None
        known = self._old.get(name)
        if known is None or not all((self._destination.dest / file).exists() for file in known.files):
            return self._job.assemble(files)
        if _same(known.sources, sources):
            return None
        # Files may have been written anew with the same pixels.
        a, b, _ = self._job.assemble(files)
        if hash_of(a, b, self._job.store, where=str(files[0])) == known.hash:
            return None
        file = self._destination.dest / known.file
        raise P2PError(
            files[0],
            f"this or {files[1]} has changed",
            f"Delete {file} to have the pair built anew.",
            code="source-changed",
        )

    def _place(self, name: str) -> Pair:
        """Where the pair lies: where it lay before, else in all/; its size, hash and sources are still to be known."""
        if name in self._old or name in self._begun:
            return self._old.get(name) or self.pair_of(name)
        place = files_of(place_of(name, crowded=self._crowded), self._job.store)
        if taken := [file for file in place if file in self._taken or self._is_of_another(file, name)]:
            raise P2PError(
                self._destination.dest / min(taken),
                "is the place of another pair",
                f"Rename '{name}'.",
                code="same-file",
            )
        return Pair(name, place[0], UNSPLIT, Size(0, 0), "")

    def _is_of_another(self, file: str, name: str) -> bool:
        record = self._destination.done.get(file)
        return record is not None and bool(record["name"] != name)


def _same(known: dict[str, str], sources: dict[str, str]) -> bool:
    return {key: value for key, value in known.items() if key != SCALED} == sources


def _range(half: Array) -> list[float]:
    return [float(half.min()), float(half.max())]


def _skip(error: P2PError, files: Files) -> Skip:
    at_fault = next((file for file in files if error.where == str(file)), files[0])
    return skip_of(error, str(at_fault))
