"""Finds which pictures may show the same, among many: those in which several corners look alike and lie alike.

Nothing here may look at pixels or decide; up to some 100,000 pictures time grows as their number does.
"""

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.files.scratch import ScratchFile
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.likeness.neighbours import (
    BitTable,
    Keys,
    Neighbours,
    draw_tables,
    find_neighbours,
    make_keys,
    part_of,
)
from p2p_datatools.likeness.signature import STEP, turn_outlines
from p2p_datatools.likeness.store import CORNER, SignatureStore

# A table finds corners by 32 of their bits; those of twins differ in few, so that many are neighbours in some table.
# Measured in benchmarks/leaks.py.
_TABLES, _BYTES = 8, 2
_OUTLINE_TABLES, _OUTLINE_BYTES = 16, 2
_VOTES = 3  # corners that must agree
_MOST, _MOST_TURNED = 8, 4  # pairs of a picture that are compared
_BIN = 64.0  # pixels of the frame within which they agree where the other picture lies
_AT_ONCE, _FEWEST = 1 << 19, 1 << 17  # corners in memory in all threads, and at least in one
_BLOCK, _RANGE = 512, 512  # pictures whose corners are read, and whose votes are counted, together in a thread
# A vote in 64 bits, from the lowest: the first's corner, where the other picture lies (x, y, scale), whether it is
# mirrored, the number of the second picture, that of the first in its range.
_Y, _X, _SCALE, _MIRRORED, _SECOND, _FIRST = 8, 14, 20, 24, 25, 53
_MIDDLE = 32  # half bins, of 64: twice as far as pictures can lie beside each other
# Where the code of a pair says the quarters of a turn and a negative, above the number of the second picture.
_TURNED, _INVERTED = 29, 31
_Votes = NDArray[np.uint64]
_Numbers = NDArray[np.int64]


class Candidates(NamedTuple):
    """Pairs of pictures that may show the same (n,), in order: their numbers, the second as it is or `mirrored`.

    Before that the second is `turned` by some quarters to the left, or is the negative, `inverted`.
    """

    first: _Numbers
    second: _Numbers
    mirrored: NDArray[np.bool_]
    turned: _Numbers
    inverted: NDArray[np.bool_]

    @classmethod
    def of_codes(cls, codes: _Votes) -> "Candidates":
        """Candidates out of the numbers by which they are sorted."""
        second = (codes >> np.uint64(1)) & np.uint64((1 << _FIRST - _SECOND) - 1)
        turned = (codes >> np.uint64(_TURNED)) & np.uint64(3)
        mirrored, inverted = ((codes >> np.uint64(place)) & np.uint64(1) > 0 for place in (0, _INVERTED))
        first = (codes >> np.uint64(33)).astype(np.int64)
        return cls(first, second.astype(np.int64), mirrored, turned.astype(np.int64), inverted)


def find_candidates(
    signatures: SignatureStore, also: Iterable[tuple[int, int]] = (), report: Reporter = QUIET
) -> Candidates:
    """The pairs of pictures to compare, one or two for each picture and at most eight, and those `also` asked for.

    At most four more of each are those of which one as a whole is turned or a negative. The same whatever the number of
    threads, and however many pictures are looked at together.
    """
    assert len(signatures) < 1 << (_FIRST - _SECOND), "a picture's number has 28 bits"
    empty = np.empty(0, np.uint64)
    with closing(_find_agreement(signatures, report)) as found:
        codes, counts = map(np.concatenate, zip((empty, empty), *found, strict=True))
    # Each table finds many of the same pairs, so that one after the other takes a fraction of the memory of all.
    outlines = signatures.outlines()
    for alike in _find_outlines(outlines):
        votes = np.full(len(alike), _VOTES, np.uint64)
        codes, counts = _most(np.concatenate((codes, alike)), np.concatenate((counts, votes)))
    asked = np.array([one << 33 | other << 1 for one, other in also], np.uint64)
    upright, turned = _best(codes, counts, _MOST), _best(*_find_turned(outlines), _MOST_TURNED)
    return Candidates.of_codes(find_distinct(np.concatenate((upright, turned, asked))))


def _find_outlines(outlines: NDArray[np.uint8]) -> Iterator[_Votes]:
    """The pairs of pictures whose outlines are alike, as codes, table by table."""
    for table in draw_tables(_OUTLINE_TABLES, _OUTLINE_BYTES):
        near = find_neighbours(outlines, np.arange(len(outlines)), make_keys(outlines, table), table)
        codes = near.one.astype(np.uint64) << np.uint64(33) | near.other.astype(np.uint64) << np.uint64(1)
        codes |= near.mirrored
        yield codes


def _find_turned(outlines: NDArray[np.uint8]) -> tuple[_Votes, _Votes]:
    """The pairs of pictures of which one has the outline of the other turned, or of its negative.

    They are given as codes, and in how many tables each was found.
    """
    owners, codes, counts = np.tile(np.arange(len(outlines)), 2), np.empty(0, np.uint64), np.empty(0, np.uint64)
    for turns in range(4):
        both = np.concatenate((outlines, turn_outlines(outlines, turns) if turns else ~outlines))
        for table in draw_tables(_OUTLINE_TABLES, _OUTLINE_BYTES):
            near = find_neighbours(both, owners, make_keys(both, table), table)
            found = find_distinct(_code_turned(near, len(outlines), turns))
            codes, places = np.unique(np.concatenate((codes, found)), return_inverse=True)
            counts = np.bincount(places, np.concatenate((counts, np.ones(len(found))))).astype(np.uint64)
    return codes, counts


def _code_turned(near: Neighbours, count: int, turns: int) -> _Votes:
    """The codes of those neighbours, among outlines and then turned ones, or negatives for no turn, of which one is."""
    is_first = near.one >= count
    some = is_first != (near.other >= count)
    one, other, mirrored = (each[some].astype(np.uint64) for each in (near.one, near.other, near.mirrored))
    # What turns the first to the left turns the second to the right, unless it is mirrored then.
    turned = np.where(is_first[some] & (mirrored == 0), -turns % 4, turns).astype(np.uint64)
    first, second = one % np.uint64(count), other % np.uint64(count)
    codes = first << np.uint64(33) | turned << np.uint64(_TURNED) | second << np.uint64(1) | mirrored
    if not turns:
        codes |= np.uint64(1 << _INVERTED)
    return np.asarray(codes, np.uint64)


def _most(codes: _Votes, counts: _Votes) -> tuple[_Votes, _Votes]:
    """Each code once, in order, with its highest count."""
    order = np.lexsort((counts, codes))
    codes, counts = codes[order], counts[order]
    last = np.concatenate((codes[1:] != codes[:-1], [True]))[: len(codes)]
    return codes[last], counts[last]


def _best(codes: _Votes, counts: _Votes, most: int) -> _Votes:
    """Those that are among the first few of one of their pictures: of many that are alike, these link all others."""
    order = np.argsort(-counts.astype(np.int64), kind="stable")
    found = Candidates.of_codes(codes[order])
    ends = np.stack((found.first, found.second), axis=1).ravel()
    by_picture = np.argsort(ends, kind="stable")
    sorted_ends = ends[by_picture]
    rank = np.empty_like(ends)
    rank[by_picture] = np.arange(len(ends)) - np.searchsorted(sorted_ends, sorted_ends)
    kept: _Votes = codes[order][rank.reshape(-1, 2).min(axis=1, initial=most) < most]
    return kept


def _find_agreement(signatures: SignatureStore, report: Reporter) -> Generator[tuple[_Votes, _Votes]]:
    """The pairs of pictures of which several corners say the same about scale and shift, and how many do."""
    corners, threads = int(signatures.first_corners()[-1]), cores()
    if not corners:
        return
    parts = -(-corners // max(_FEWEST, _AT_ONCE // threads))
    tables, ranges = draw_tables(_TABLES, _BYTES), range(-(-len(signatures) // _RANGE))
    votes = _VoteStore()
    report.start("searching for similar pictures", len(tables) * parts + len(ranges))
    try:
        for table in tables:
            vote = partial(_vote, _sort_corners(signatures, table, parts), table)
            with closing(parallel_map(vote, range(parts), threads=threads, ahead=1)) as results:
                for first, found in results:
                    votes.append(first, found)
                    report.advance()
        with closing(parallel_map(lambda number: _agree(votes.read(number), number), ranges)) as agreed:
            for pairs in agreed:
                yield pairs
                report.advance()
    finally:
        report.finish()


class _VoteStore:
    """Votes by the range of their first pictures, in a temporary file where they are many."""

    def __init__(self) -> None:
        self._file = ScratchFile()
        self._places: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def append(self, first: _Numbers, votes: _Votes) -> None:
        """Add votes of these first pictures."""
        order = np.argsort(first // _RANGE, kind="stable")
        ranges, starts = np.unique(first[order] // _RANGE, return_index=True)
        for number, part in zip(ranges.tolist(), np.split(votes[order], starts[1:]), strict=False):
            self._places[number].append((self._file.append(part.tobytes()), part.nbytes))

    def read(self, number: int) -> _Votes:
        """The votes of a range."""
        parts = [self._file.read(*place) for place in self._places.get(number, ())]
        return np.frombuffer(b"".join(parts), np.uint64)


_SORTED = np.dtype([*CORNER.descr, ("picture", np.int32), ("number", np.uint8), ("word", "<u8"), ("flipped", "?")])


class _Part(NamedTuple):
    """Corners of all pictures that are in one part of a table: the picture of each and its number there.

    Points are from the middle of their pictures.
    """

    picture: NDArray[np.int32]
    number: NDArray[np.uint8]
    bits: NDArray[np.uint8]
    points: NDArray[np.float32]
    sizes: NDArray[np.uint8]
    keys: Keys


class _PartStore:
    """The corners of each part of a table, in a temporary file where they are many."""

    def __init__(self, parts: int) -> None:
        self._file = ScratchFile()
        self._places: list[list[tuple[int, int]]] = [[] for _ in range(parts)]

    def append(self, ends: _Numbers, corners: NDArray[np.void]) -> None:
        """Add corners, of dtype _SORTED, those of each part up to its end."""
        for places, each in zip(self._places, np.split(corners, ends[:-1]), strict=True):
            if len(each):
                places.append((self._file.append(each.tobytes()), each.nbytes))

    def read(self, number: int) -> _Part:
        """The corners of a part, which are in memory once."""
        places = self._places[number]
        count = sum(size for _, size in places) // _SORTED.itemsize
        columns = {name: np.empty((count, *_SORTED[name].shape), _SORTED[name].base) for name in _SORTED.names or ()}
        end = 0
        for place in places:
            some = np.frombuffer(self._file.read(*place), _SORTED)
            begin, end = end, end + len(some)
            for name, column in columns.items():
                column[begin:end] = some[name]
        own, keys = columns, Keys(columns["word"], columns["flipped"])
        return _Part(own["picture"], own["number"], own["bits"], own["point"], own["size"], keys)


def _sort_corners(signatures: SignatureStore, table: BitTable, parts: int) -> _PartStore:
    """All corners by their part of a table: each part is then read alone, and not all corners once for each."""
    store, starts = _PartStore(parts), signatures.first_corners()
    sort = partial(_sort_some, signatures, starts, table, parts)
    with closing(parallel_map(sort, range(0, len(signatures), _BLOCK), ahead=1)) as blocks:
        for ends, corners in blocks:
            store.append(ends, corners)
    return store


def _sort_some(
    signatures: SignatureStore, starts: _Numbers, table: BitTable, parts: int, begin: int
) -> tuple[_Numbers, NDArray[np.void]]:
    """Where each part ends, and the corners of some pictures by their parts.

    Points are from the middle, where an inexact scale moves them little.
    """
    end = min(begin + _BLOCK, len(signatures))
    corners = signatures.corners(begin, end)
    keys = make_keys(corners["bits"], table)
    part = part_of(keys, table, parts)
    order = np.argsort(part, kind="stable")
    pictures = np.repeat(np.arange(begin, end), np.diff(starts[begin : end + 1]))[order]
    sorted_ = np.empty(len(corners), _SORTED)
    for name in CORNER.names or ():
        sorted_[name] = corners[name][order]
    sorted_["point"] -= signatures.frames(begin, end)[pictures - begin] / 2
    sorted_["picture"], sorted_["number"] = pictures, order + starts[begin] - starts[pictures]
    sorted_["word"], sorted_["flipped"] = keys.words[order], keys.flipped[order]
    return np.bincount(part.astype(np.int64), minlength=parts).cumsum(), sorted_


def _vote(store: _PartStore, table: BitTable, number: int) -> tuple[_Numbers, _Votes]:
    """What the corners say that are alike in a part of a table: the first picture of each vote, and the vote."""
    part = store.read(number)
    near = find_neighbours(part.bits, part.picture, part.keys, table)
    starts = range(0, max(1, len(near.one)), _FEWEST)
    votes = [_vote_of(part, near.take(slice(at, at + _FEWEST))) for at in starts]
    return np.concatenate([first for first, _ in votes]), np.concatenate([vote for _, vote in votes])


def _vote_of(part: _Part, near: Neighbours) -> tuple[_Numbers, _Votes]:
    """The first picture of each vote, and the vote, of some neighbours."""
    first, second = (part.picture[each].astype(np.int64) for each in (near.one, near.other))
    scale, shift = _lay(part, near)
    bins = (np.floor(shift * 2 / _BIN).astype(np.int64) + _MIDDLE).clip(0, 2 * _MIDDLE - 1)
    vote = (first % _RANGE) << _FIRST | second << _SECOND | near.mirrored.astype(np.int64) << _MIRRORED
    vote |= scale << _SCALE | bins[:, 0] << _X | bins[:, 1] << _Y | part.number[near.one]
    return first, vote.astype(np.uint64)


def _lay(part: _Part, near: Neighbours) -> tuple[_Numbers, NDArray[np.float64]]:
    """The scale (1 to 11, 6 where it is the same) and the shift at which the second picture lies to the first."""
    sizes, points = part.sizes.astype(np.int64), part.points
    steps = sizes[near.other] - sizes[near.one]
    places = points[near.one].astype(np.float64)
    places[:, 0] = np.where(near.mirrored, -places[:, 0], places[:, 0])
    shift = points[near.other].astype(np.float64) - places * (STEP**steps)[:, None]
    return np.asarray(steps + 6, np.int64), np.asarray(shift, np.float64)


def _agree(votes: _Votes, number: int) -> tuple[_Votes, _Votes]:
    """The pairs of a range of first pictures for which enough corners agree, as codes, and how many of these do."""
    votes = find_distinct(votes)
    pairs = votes >> np.uint64(_MIRRORED)
    votes = votes[_run_lengths(pairs) >= _VOTES]
    codes, counts = [], []
    # Two grids, one half a bin beside the other, so that what agrees lies in one bin of one of them.
    for aside in (0, 1):
        opinion = votes & np.uint64((1 << _Y) - 1 | ~((1 << _MIRRORED) - 1) & (1 << 64) - 1)
        for place in (_Y, _X, _SCALE):
            width = 4 if place == _SCALE else 6
            half = votes >> np.uint64(place) & np.uint64((1 << width) - 1)
            opinion |= (half + np.uint64(aside) >> np.uint64(1)) << np.uint64(place)
        bins = find_distinct(opinion) >> np.uint64(_Y)  # a corner counts once
        lengths = _run_lengths(bins)
        enough = lengths >= _VOTES
        codes.append(bins[enough] >> np.uint64(_MIRRORED - _Y))
        counts.append(lengths[enough].astype(np.uint64))
    pairs, most = _most(np.concatenate(codes), np.concatenate(counts))
    first = (pairs >> np.uint64(_FIRST - _MIRRORED)) + np.uint64(number * _RANGE)
    return first << np.uint64(33) | pairs & np.uint64((1 << _FIRST - _MIRRORED) - 1), most


def _run_lengths(values: _Votes) -> _Numbers:
    """Of each of sorted values how many are equal to it."""
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1]))[: len(values)])
    lengths = np.diff(np.concatenate((starts, [len(values)])))
    return np.repeat(lengths, lengths)
