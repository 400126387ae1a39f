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
    place = {key: splits[names[0]] for key, names in free.items()}
    bits = {key: reduce(or_, (classes[name] for name in names)) for key, names in free.items()}
    sizes = {key: len(names) for key, names in free.items()}
    held: dict[str, dict[int, int]] = {split: {} for split in _SPLITS}
    grouped = {name for names in free.values() for name in names}
    for name, split in splits.items():
        if name not in grouped and split in held:
            _add(held[split], classes[name], 1)
    for key, split in place.items():
        _add(held[split], bits[key], 1)
    wanted = _bits_of(reduce(or_, classes.values(), 0))
    for split in (each for each in _SPLITS if each in set(place.values())):
        for bit in wanted:
            if not held[split].get(bit):
                _exchange(split, bit, place, bits, held, sizes)
    return dict(splits) | {name: split for key, split in place.items() for name in free[key]}


def _exchange(
    split: str,
    bit: int,
    place: dict[str, str],
    bits: Mapping[str, int],
    held: Mapping[str, dict[int, int]],
    sizes: Mapping[str, int],
) -> None:
    """Exchange the first group of another split that has the class for one of the same size that can be spared."""
    having = (key for key, its in place.items() if its != split and bits[key] >> bit & 1)
    outs = [key for key, its in place.items() if its == split][:_MOST_TRIED]
    for key in islice(having, _MOST_TRIED):
        other = place[key]
        fitting = (out for out in outs if sizes[out] == sizes[key])
        out = next((each for each in fitting if _can_spare(held[split], bits[each] & ~bits[key])), None)
        if out is not None and _can_spare(held[other], bits[key] & ~bits[out]):
            for group, before, after in ((key, other, split), (out, split, other)):
                _add(held[before], bits[group], -1)
                _add(held[after], bits[group], 1)
                place[group] = after
            return


def _can_spare(held: Mapping[int, int], bits: int) -> bool:
    return all(held.get(bit, 0) > 1 for bit in _bits_of(bits))


def _bits_of(bits: int) -> list[int]:
    return [bit for bit in range(bits.bit_length()) if bits >> bit & 1]


def _add(held: dict[int, int], bits: int, by: int) -> None:
    for bit in _bits_of(bits):
        held[bit] = held.get(bit, 0) + by
