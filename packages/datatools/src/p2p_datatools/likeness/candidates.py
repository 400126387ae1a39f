"""Finds which pictures may show the same, among many: those in which several corners look alike and lie alike.

Nothing here may look at pixels or decide; the time it takes grows as the number of pictures does, not as its square.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.likeness.signature import STEP, PictureSignature, mirror_bits

# A table holds all corners by some of their bits; corners of twins differ in a tenth of theirs or fewer, so that some
# are neighbours in some table. Measured in benchmarks/leaks.py.
_TABLES, _BITS = 8, 40
_OUTLINE_TABLES, _OUTLINE_BITS = 16, 32
_FEW = 8  # of corners with the same bits all are compared; of more, as of straight edges, each with the next
_VOTES = 3  # corners that must agree
_MOST = 8  # pairs of a picture that are compared
_BIN = 64.0  # pixels of the frame within which they agree where the other picture lies
_ROWS = 1 << 21  # votes that are looked at together
_CORNER = 30  # bits of a number of a corner: a billion, of ten million pictures
_Codes = NDArray[np.uint64]
_Numbers = NDArray[np.int64]


class Candidate(NamedTuple):
    """Two pictures, by their numbers, that may show the same, the second as it is or `mirrored`."""

    first: int
    second: int
    mirrored: bool


class _Corners(NamedTuple):
    """The corners of all pictures: the picture of each, its place, size and bits."""

    picture: _Numbers
    points: NDArray[np.float32]  # from the picture's middle, so that an inexact scale moves them little
    sizes: NDArray[np.uint8]
    bits: NDArray[np.uint8]


def find_candidates(signatures: Sequence[PictureSignature]) -> list[Candidate]:
    """The pairs of pictures to compare, in order: about two for each picture of sets of a hundred to 16,000."""
    found: dict[Candidate, int] = {}
    corners = _join(signatures)
    for first, second in _votes(corners.bits, corners.picture, _TABLES, _BITS):
        for candidate, votes in _find_agreement(corners, first, second):
            found[candidate] = max(votes, found.get(candidate, 0))
    outlines = np.stack([each.outline for each in signatures]) if signatures else np.empty((0, 32), np.uint8)
    for first, second in _votes(outlines, np.arange(len(outlines)), _OUTLINE_TABLES, _OUTLINE_BITS):
        mirrored = second & 1 == 1
        pairs = zip(first.tolist(), (second >> 1).tolist(), mirrored.tolist(), strict=True)
        for each in pairs:
            found.setdefault(Candidate(*each), _VOTES)
    return sorted(_best(found))


def _best(found: Mapping[Candidate, int]) -> Iterator[Candidate]:
    """Those that are among the first few of one of their pictures: of many that are alike, these link all others."""
    taken: Counter[int] = Counter()
    for each in sorted(found, key=lambda each: (-found[each], each)):
        if min(taken[each.first], taken[each.second]) < _MOST:
            yield each
        taken.update((each.first, each.second))


def _join(signatures: Sequence[PictureSignature]) -> _Corners:
    counts = [len(each.bits) for each in signatures]
    empty = (np.empty((0, 2), np.float32), np.empty(0, np.uint8), np.empty((0, 32), np.uint8))
    middles = [np.array((each.width / 2, each.height / 2), np.float32) for each in signatures]
    points = np.concatenate(
        [empty[0], *(each.points - middle for each, middle in zip(signatures, middles, strict=True))]
    )
    sizes = np.concatenate([empty[1], *(each.sizes for each in signatures)])
    bits = np.concatenate([empty[2], *(each.bits for each in signatures)])
    return _Corners(np.repeat(np.arange(len(signatures)), counts), points, sizes, bits)


def _votes(bits: NDArray[np.uint8], picture: _Numbers, tables: int, width: int) -> Iterator[tuple[_Numbers, _Numbers]]:
    """Corners of different pictures that are alike: the first's number, and twice the second's, plus 1 if mirrored.

    In the order of their first corners, and so of their first pictures, and never a picture in two parts.
    """
    draw = np.random.default_rng(2012)
    codes = np.unique(
        np.concatenate(
            [np.empty(0, np.uint64)]
            + [_table(bits, picture, draw.choice(256, width, replace=False)) for _ in range(tables)]
        )
    )
    first = (codes >> np.uint64(_CORNER + 1)).astype(np.int64)
    begin = 0
    while begin < len(codes):
        end = min(begin + _ROWS, len(codes))
        if end < len(codes):  # up to the end of a picture's votes
            end = int(np.searchsorted(picture[first], picture[first[end - 1]], side="right"))
        yield first[begin:end], (codes[begin:end] & np.uint64((2 << _CORNER) - 1)).astype(np.int64)
        begin = end


def _table(bits: NDArray[np.uint8], picture: _Numbers, chosen: NDArray[np.int64]) -> _Codes:
    """Pairs of corners with the same chosen bits, each as one number: first, second, and whether one is mirrored."""
    count = len(bits)
    keys = np.concatenate((_key(bits, chosen), _key(mirror_bits(bits), chosen)))
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.empty(0, np.int64)
    lengths = np.diff(np.concatenate((starts, [len(keys)])))
    few = np.repeat(lengths <= _FEW, lengths)
    found = []
    for away in range(1, _FEW):
        same = np.flatnonzero((keys[away:] == keys[:-away]) & (few[away:] if away > 1 else True))
        one, other = order[same], order[same + away]
        both = (one >= count) & (other >= count)  # stands in the table as the plain ones, too
        mirrored = (one >= count) ^ (other >= count)
        one, other = one % max(1, count), other % max(1, count)
        kept = ~both & (picture[one] != picture[other])
        low, high = (pick(one[kept], other[kept]).astype(np.uint64) for pick in (np.minimum, np.maximum))
        found.append(low << np.uint64(_CORNER + 1) | high << np.uint64(1) | mirrored[kept].astype(np.uint64))
    return np.concatenate(found)


def _key(bits: NDArray[np.uint8], chosen: NDArray[np.int64]) -> _Codes:
    key = np.zeros(len(bits), np.uint64)
    for bit in chosen:
        key = key << np.uint64(1) | (bits[:, bit >> 3] >> np.uint8(7 - (bit & 7)) & np.uint8(1))
    return key


def _find_agreement(corners: _Corners, first: _Numbers, second: _Numbers) -> Iterator[tuple[Candidate, int]]:
    """The pairs of pictures of which several corners say the same about scale and shift, and how many do."""
    mirrored, second = second & 1, second >> 1
    pairs = (corners.picture[first] << 32 | corners.picture[second]) << 1 | mirrored
    steps = corners.sizes[second].astype(np.int64) - corners.sizes[first]
    places = corners.points[first].astype(np.float64)
    places[:, 0] = np.where(mirrored, -places[:, 0], places[:, 0])
    shift = corners.points[second] - places * (STEP**steps)[:, None]
    # Two grids, one half a bin beside the other, so that what agrees lies in one bin of one of them.
    for aside in (0, 1):
        x, y = (np.floor(shift / _BIN + aside / 2).astype(np.int64) + 64).clip(0, 127).T
        opinion = ((steps + 8 + aside) >> 1) << 14 | x << 7 | y
        order = np.lexsort((first, opinion, pairs))
        sorted_pairs, sorted_opinion, corner = pairs[order], opinion[order], first[order]
        same = (sorted_pairs[1:] == sorted_pairs[:-1]) & (sorted_opinion[1:] == sorted_opinion[:-1])
        new = np.concatenate(([True], ~same))[: len(order)]
        other = np.concatenate(([True], ~same | (corner[1:] != corner[:-1])))[: len(order)]
        starts = np.flatnonzero(new)
        agree = np.add.reduceat(other.astype(np.int64), starts) if len(starts) else starts
        enough = agree >= _VOTES
        for pair, votes in zip(sorted_pairs[starts[enough]].tolist(), agree[enough].tolist(), strict=True):
            yield Candidate(pair >> 33, pair >> 1 & 0xFFFFFFFF, bool(pair & 1)), votes
