"""Brings every class into every split where that is possible, by exchanging groups of one size.

Nothing here may change how many pairs a split has, divide a group, or touch a pair that had a split before.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import islice
from operator import or_

_SPLITS = ("test", "val", "train")
_MOST_TRIED = 500  # groups: where a class is in few pictures, it is found among all that have it


def cover_classes(
    splits: Mapping[str, str], free: Mapping[str, Sequence[str]], classes: Mapping[str, int]
) -> dict[str, str]:
    """The splits of names, where one that lacks a class has exchanged a group for another.

    `splits` are those of all names; `free` are the groups that may move, by any key, in the order of the draw;
    `classes` are those of each name, as bits.
    """
    cover = _Cover(splits, free, classes)
    drawn = set(cover.split_of.values())
    wanted = _bits_of(reduce(or_, classes.values(), 0))
    for split in _SPLITS:
        for bit in wanted if split in drawn else ():
            if not cover.held[split].get(bit):
                cover.exchange(split, bit)
    return dict(splits) | {name: split for key, split in cover.split_of.items() for name in free[key]}


class _Cover:
    """The split of each free group, and by how many groups and other pairs each split has each class."""

    def __init__(
        self, splits: Mapping[str, str], free: Mapping[str, Sequence[str]], classes: Mapping[str, int]
    ) -> None:
        self.split_of = {key: splits[names[0]] for key, names in free.items()}
        self.held: dict[str, dict[int, int]] = {split: {} for split in _SPLITS}
        self._classes = {key: reduce(or_, (classes[name] for name in names)) for key, names in free.items()}
        self._sizes = {key: len(names) for key, names in free.items()}
        grouped = {name for names in free.values() for name in names}
        for name, split in splits.items():
            if name not in grouped and split in self.held:
                self._add(split, classes[name], 1)
        for key, split in self.split_of.items():
            self._add(split, self._classes[key], 1)

    def exchange(self, split: str, bit: int) -> None:
        """Exchange the first group of another split that has the class for one of the same size that can be spared."""
        having = (key for key, its in self.split_of.items() if its != split and self._classes[key] >> bit & 1)
        outs = [key for key, its in self.split_of.items() if its == split][:_MOST_TRIED]
        for key in islice(having, _MOST_TRIED):
            fitting = (out for out in outs if self._sizes[out] == self._sizes[key])
            out = next((each for each in fitting if self._can_spare(each, key)), None)
            if out is not None and self._can_spare(key, out):
                other = self.split_of[key]
                self._move(key, split)
                self._move(out, other)
                return

    def _can_spare(self, key: str, other: str) -> bool:
        """Whether the split of a group keeps all classes if it has the other group in its place."""
        held = self.held[self.split_of[key]]
        return all(held.get(bit, 0) > 1 for bit in _bits_of(self._classes[key] & ~self._classes[other]))

    def _move(self, key: str, split: str) -> None:
        self._add(self.split_of[key], self._classes[key], -1)
        self._add(split, self._classes[key], 1)
        self.split_of[key] = split

    def _add(self, split: str, classes: int, by: int) -> None:
        held = self.held[split]
        for bit in _bits_of(classes):
            held[bit] = held.get(bit, 0) + by


def _bits_of(bits: int) -> list[int]:
    return [bit for bit in range(bits.bit_length()) if bits >> bit & 1]
