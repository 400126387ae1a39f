"""The work of joining pairs: where each goes, what it depends on, and which existing ones are up to date.

Nothing here may match names or decide what a pair looks like.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.destination import JOURNAL, Destination
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.pairs.fit.halves import MOST_IN_PASSING, HalvesFit, PairEdges
from p2p_datatools.contract.pairs.halves import files_of, hash_of, write_halves
from p2p_datatools.contract.pairs.lines import GIVEN, Pair, pair_from_json
from p2p_datatools.contract.pairs.manifest import PAIR_LINES, UNSPLIT, Half
from p2p_datatools.contract.partners.matched import Files
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import hash_pixels, size_of, write_png
from p2p_datatools.contract.pictures.nodata import ClassNumbers, class_like_numbers
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.pictures.values_apart import Ends, ends_apart, lowest_beside_holes
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.pairs.given import GivenSplits
from p2p_datatools.pairs.recipe import RANGES, REMARKS, Halves, PairRecipe

CROWD = 10_000  # pairs above which a folder gets subfolders, because file managers and file systems become slow


class NamedFiles(NamedTuple):
    """The two files of a pair's name."""

    name: str
    files: Files


@dataclass(frozen=True, slots=True)
class MeasuredPair(Pair):
    """A pair with the smallest and largest value of each half, for types without a fixed range.

    `numbers` are those of each half that is no mask and may hold class numbers, None for any other; `holes` is what the
    zeros of each half tell, `wrapped` what its ends do; `lying` is by how much the halves are more alike as they lie in
    their files, where EXIF turns one of them.
    """

    ranges: tuple[tuple[float, float], ...] = ()
    numbers: tuple[tuple[int, ...] | None, ...] = ()
    holes: tuple[float | None, ...] = ()
    wrapped: tuple[Ends | None, ...] = ()
    lying: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The pair as a manifest has it, and the rest."""
        ranges = {"ranges": self.ranges} if self.ranges else {}
        lying = {} if self.lying is None else {"lying": self.lying}
        numbers = {"numbers": self.numbers} if any(self.numbers) else {}
        holes = {} if all(each is None for each in self.holes) else {"holes": self.holes}
        wrapped = {} if all(each is None for each in self.wrapped) else {"wrapped": self.wrapped}
        return Pair.to_json(self) | ranges | numbers | holes | wrapped | lying


def is_crowd(pairs: int) -> bool:
    """Whether this number of pairs is kept in 256 subfolders."""
    return pairs > CROWD


def place_of(name: str, split: str, inside: str, *, crowded: bool) -> str:
    """Where the pair of a name lies, without suffix: as `inside` in the folder of its split."""
    return f"{split}/{bucket_of(name) if crowded else ''}{inside}"


def bucket_of(name: str) -> str:
    """The one of 256 subfolders that the pair of a name lies in."""
    return f"{hashlib.sha256(name.encode()).hexdigest()[:2]}/"


class PairWork(Work[NamedFiles, Pair, dict[str, str]]):
    """The pairs of one call; `old` are those of DEST, by name, and `names` all pairs of this call.

    A new pair has the split that it is `given`, if any; others keep theirs.
    """

    listing = PAIR_LINES

    def __init__(
        self,
        job: PairRecipe,
        destination: Destination,
        old: Mapping[str, Pair],
        names: Collection[str],
        given: GivenSplits,
        *,
        crowded: bool,
    ) -> None:
        super().__init__(destination, old, names)
        self._job, self._given, self._crowded = job, given, crowded
        self._measured = any(half.dtype not in RANGES for half in job.halves)
        self._taken = frozenset(file for pair in old.values() for file in pair.files)
        some = list(islice(names, MOST_IN_PASSING))
        self._fit = HalvesFit(destination.dest, (job.halves[0].name, job.halves[1].name), some, most=len(some))
        self._edges = dict[str, PairEdges | None]()  # of the files of these, as they are made

    def list_sources(self, item: NamedFiles) -> Sequence[str]:
        """The two files."""
        return [str(file) for file in item.files]

    def weight(self, item: NamedFiles) -> int:
        """From the sizes of the two pictures."""
        return self._job.weight(item.files)

    def sign(self, item: NamedFiles) -> dict[str, str]:
        """The two files and their hashes."""
        return self._job.sources(item.files)

    def is_current(self, record: Pair, item: NamedFiles, signature: dict[str, str]) -> bool:
        """Whether it was made of the same two files."""
        return {key: value for key, value in record.sources.items() if key not in (*REMARKS, GIVEN)} == signature

    def make(
        self, item: NamedFiles, signature: dict[str, str], known: Pair | None, *, stands: bool
    ) -> Output[Pair] | None:
        """Read both halves; if they have the same pixels as the pair that stands, it is kept."""
        name, files = item
        halves = self._job.assemble(files)
        nodata = hash_pixels(halves.nodata.picture) if halves.nodata else None
        if stands and known is not None:
            digest = hash_of(halves.a, halves.b, self._job.store, where=str(files[0]))
            if (digest, nodata) == (known.hash, known.nodata):
                return None
            what = f"this picture or {files[1]} has changed since they were paired"
            to_do = f"Delete {self.destination.dest / known.file} to build the pair again."
            raise P2PError(files[0], what, to_do, code="source-changed")
        pair = replace(known or self._place(name), nodata=nodata)
        if seen := self._fit.look(name, halves.a, halves.b):
            self._edges[pair.file] = seen
        return Output(pair.files, partial(self._write, pair, halves, signature))

    def read_record(self, file: str, value: dict[str, Any]) -> Pair:
        """The pair, without its ranges, which `needs_ranges` reads."""
        return pair_from_json(value)

    def _catch_damage(self) -> AbstractContextManager[None]:
        partial_ = self.destination.partial
        to_do = f"If it was edited, delete the folder {partial_}, and run the same command."
        return catch_decoder(partial_ / JOURNAL, "is damaged", to_do)

    def needs_ranges(self, place: int, known: tuple[float, float]) -> tuple[float, float]:
        """The range `known` of the first or second half, widened by the pairs that were written since."""
        least, most = known
        for line in self.destination.done.values():
            if "ranges" in line:
                with self._catch_damage():
                    low, high = map(float, line["ranges"][place])
                least, most = min(least, low), max(most, high)
            elif np.dtype(self._job.halves[place].dtype).kind == "u":  # by a version that did not measure these
                most = max(most, float(np.iinfo(self._job.halves[place].dtype).max))
        return least, most

    def note_misfits(self, report: Reporter) -> None:
        """Note if the halves of the pairs that were made in this call do not fit."""
        for file, seen in sorted(self._edges.items()):
            self._fit.add(file, seen)
        self._fit.note(report)

    def class_numbers(self, place: int) -> set[int]:
        """The numbers of a half, if all pairs that were written have such as classes have.

        The places after the two halves are the parts of A that are not masks, where it is of several.
        """
        numbers = ClassNumbers()
        for line in self.destination.done.values():
            with self._catch_damage():
                own = line.get("numbers", ())
                numbers.add(own[place] if place < len(own) else None)
        return numbers.found

    def _write(self, pair: Pair, halves: Halves, sources: dict[str, str], paths: Sequence[Path]) -> MeasuredPair:
        if halves.nodata:
            write_png(paths[-1], halves.nodata.picture, durable=False)
        return MeasuredPair(
            name=pair.name,
            file=pair.file,
            split=pair.split,
            size=size_of(halves.a),
            hash=write_halves(paths[: len(pair.half_files)], halves.a, halves.b, self._job.store, where=pair.name),
            group=pair.group,
            sources=sources | halves.remarks | ({GIVEN: pair.given_split} if pair.given_split else {}),
            ranges=(_range(halves.a), _range(halves.b)) if self._measured else (),
            numbers=tuple(
                None if pixels is None else class_like_numbers(pixels)
                for pixels in _plain_pixels(self._job.halves, (halves.a, halves.b))
            ),
            holes=tuple(map(lowest_beside_holes, (halves.a, halves.b))),
            wrapped=tuple(map(ends_apart, (halves.a, halves.b))),
            nodata=pair.nodata,
            lying=halves.lying,
        )

    def _place(self, name: str) -> Pair:
        """Where a new pair goes; its size, hash and other sources are not known yet."""
        split = self._given.of(name)
        inside = self._given.inside(name, split)
        place = files_of(place_of(name, split, inside, crowded=self._crowded), self._job.store)
        if taken := [file for file in place if file in self._taken or self._is_of_another(file, name)]:
            what, to_do = "is the place of another pair", f"Rename '{name}'."
            raise P2PError(self.destination.dest / min(taken), what, to_do, code="same-file")
        return Pair(name, place[0], split, Size(0, 0), "", sources={GIVEN: split} if split != UNSPLIT else {})

    def _is_of_another(self, file: str, name: str) -> bool:
        record = self.destination.done.get(file)
        return record is not None and bool(record["name"] != name)


def _plain_pixels(halves: Sequence[Half], pixels: Sequence[Array]) -> Iterator[Array | None]:
    """Of A, of B, and then of each part of A, where it is of several: the pixels; None for masks and for several."""
    for half, own in zip(halves, pixels, strict=True):
        yield None if half.kind == "mask" or half.parts else own
    first = 0
    for part in halves[0].parts:
        if part.kind != "mask":
            yield pixels[0][..., first] if part.channels == 1 else pixels[0][..., first : first + part.channels]
        first += part.channels


def _range(half: Array) -> tuple[float, float]:
    return float(half.min()), float(half.max())
