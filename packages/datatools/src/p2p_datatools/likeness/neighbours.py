"""Finds which of many strings of 256 bits are nearly equal, as they are or mirrored, by sorting them by some bits.

Nothing here may know what the bits say.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_HALF = 16  # bytes: bits of something mirrored have their halves exchanged
_CHOSEN = 4  # bytes of each half by which a table sorts
_FEW = 8  # of bits with the same key all are compared; of more, as of straight edges, each with the next
_NEAR = 48  # bits in which neighbours differ at most; of corners of twins with one key one in a thousand in more
_ONES = np.array([number.bit_count() for number in range(1 << 16)], np.uint8)
_SLICE = 1 << 15  # pairs of which all bits are in memory
_Numbers = NDArray[np.int64]
_Places = NDArray[np.int32]
_Words = NDArray[np.uint64]


class BitTable(NamedTuple):
    """The bytes of a half by which a table sorts, of which the first `width` have to be equal: those are its key."""

    chosen: NDArray[np.intp]
    width: int

    @property
    def further(self) -> np.uint64:
        """The number of bits, of 64, by which those with one key are sorted."""
        return np.uint64(16 * (_CHOSEN - self.width))


class Keys(NamedTuple):
    """By what bits are sorted: the same 64 bits for those of something mirrored, of which one is `flipped`."""

    words: _Words
    flipped: NDArray[np.bool_]


class Neighbours(NamedTuple):
    """Pairs that are alike (n,), by their numbers, that of the smaller owner first; one is `mirrored` or not."""

    one: _Places
    other: _Places
    mirrored: NDArray[np.bool_]

    def take(self, some: slice) -> "Neighbours":
        """Some of the pairs."""
        return Neighbours(self.one[some], self.other[some], self.mirrored[some])


def draw_tables(count: int, width: int) -> list[BitTable]:
    """Tables that sort by different bytes, of which `width` of each half have to be equal."""
    draw = np.random.default_rng(2012)
    return [BitTable(draw.permutation(_HALF)[:_CHOSEN], width) for _ in range(count)]


def make_keys(bits: NDArray[np.uint8], table: BitTable) -> Keys:
    """The keys of bits (n, 32) in a table; those that are their own mirror image in it are not flipped."""
    half, low = np.uint64(8 * _CHOSEN), table.further >> np.uint64(1)
    left, right = (_word(bits, table.chosen + side) for side in (0, _HALF))
    flipped = (right >> low) < (left >> low)
    left, right = np.where(flipped, right, left), np.where(flipped, left, right)
    rest = np.uint64((1 << int(low)) - 1)
    key = (left >> low) << (half - low) | right >> low
    return Keys(key << table.further | (left & rest) << low | right & rest, flipped)


def part_of(keys: Keys, table: BitTable, parts: int) -> _Words:
    """In which of some parts each is, where equal keys are in one part."""
    mixed = (keys.words >> table.further) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(32)) % np.uint64(parts)


def find_neighbours(
    bits: NDArray[np.uint8], owner: NDArray[np.signedinteger], keys: Keys, table: BitTable
) -> Neighbours:
    """The pairs of bits (n, 32), of different owners (n,), that have the same key in a table and are alike.

    Where more than eight have a key, each is compared with the next alone, by the further bits of the table.
    """
    order = np.argsort(keys.words, kind="stable").astype(np.int32)  # pairs of half the size, of which there are many
    heads = keys.words[order] >> table.further
    starts = np.flatnonzero(np.concatenate(([True], heads[1:] != heads[:-1]))[: len(heads)])
    lengths = np.diff(np.concatenate((starts, [len(heads)])))
    few = np.repeat(lengths <= _FEW, lengths)
    del starts, lengths
    words, found = np.ascontiguousarray(bits).view(np.uint64), []
    for away in range(1, _FEW):
        same = np.flatnonzero((heads[away:] == heads[:-away]) & (few[away:] if away > 1 else True))
        one, other = order[same], order[same + away]
        swap = owner[one] > owner[other]
        one, other = np.where(swap, other, one), np.where(swap, one, other)
        apart = owner[one] != owner[other]
        one, other = one[apart], other[apart]
        mirrored = keys.flipped[one] != keys.flipped[other]
        near = _differ(words, one, other, mirrored) <= _NEAR
        found.append((one[near], other[near], mirrored[near]))
        if not len(same):  # nor has any a key with one that is further away
            break
    ones, others, mirrors = zip(*found, strict=True)
    return Neighbours(np.concatenate(ones), np.concatenate(others), np.concatenate(mirrors))


def _word(bits: NDArray[np.uint8], chosen: Sequence[int] | NDArray[np.intp]) -> _Words:
    word = np.zeros(len(bits), np.uint64)
    for byte in chosen:
        word = word << np.uint64(8) | bits[:, byte]
    return word


def _differ(words: _Words, one: _Places, other: _Places, mirrored: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """In how many bits pairs differ."""
    found = np.empty(len(one), np.uint16)
    for begin in range(0, len(one), _SLICE):
        part = slice(begin, begin + _SLICE)
        compared, turned = words[other[part]], mirrored[part]
        compared[turned] = compared[turned][:, (2, 3, 0, 1)]
        found[part] = _ONES[(words[one[part]] ^ compared).view(np.uint16)].sum(axis=1, dtype=np.uint16)
    return found
