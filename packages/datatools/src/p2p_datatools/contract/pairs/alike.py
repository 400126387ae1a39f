"""Which pairs of a folder show the same: those of equal pixels, and those made of the same photo.

Nothing here may decode a picture or move a pair; it compares the hashes that the manifest has.
"""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.contract.words import p2p_command, plural

# A half that is the same file in more pairs than this may show nothing, as an empty label picture does. Photos do, and
# so do pictures of which each is in about as many pairs, as each clear photo is that of 35 hazy ones. A few inputs of
# many pairs each are kinds, such as templates; where each split has some of them, training has not all.
_MOST_ALIKE, _SHARE_ALIKE, _FEW_ALIKE = 20, 10, 3
_AS_MANY, _LEAST_FILES = 2, {"a_sha256": 20, "b_sha256": 5}  # times the usual number, and files of which it is that


class Alike(NamedTuple):
    """Pairs that show the same: any of them has `what` another has, in words."""

    what: str
    pairs: list[Pair]


def find_alike(folder: PairFolder) -> list[Alike]:
    """The pairs that have the same pixels as others, and those that have the same file as one of their halves.

    Equal masks do not count: those of two photos may well be equal. Of halves that are neither known to be photos nor
    masks, a file counts that few pairs share, or about as many as share each other file.
    """
    kinds: list[tuple[str, Half | None]] = [("hash", None)]
    kinds += [(key, half) for key, half in (("a_sha256", folder.a), ("b_sha256", folder.b)) if half.kind != "mask"]
    # Of millions of pairs only eight bytes of each hash are held.
    short = [array("Q") for _ in kinds]
    for pair in folder.pairs:
        for digests, (key, _) in zip(short, kinds, strict=True):
            digests.append(_shorten(_digest(pair, key)))
    most = max(_FEW_ALIKE, min(_MOST_ALIKE, len(folder.pairs) // _SHARE_ALIKE))
    found = []
    for digests, (key, half) in zip(short, kinds, strict=True):
        limit = max(most, _AS_MANY * _usual_number(digests, _LEAST_FILES.get(key, 1)))
        for pairs in _repetitions(folder, key, digests):
            if half is None:
                found.append(Alike("the same pixels as", pairs))
            elif half.kind == "photo" or len(pairs) <= limit:
                found.append(Alike(f"the same {half.name} as", pairs))
    return found


def note_alike(folder: PairFolder, report: Reporter) -> None:
    """Note pairs of different splits that show the same."""
    divided = [same for same in find_alike(folder) if len({pair.split for pair in same.pairs}) > 1]
    if divided:
        first, *others = divided[0].pairs
        other = next(pair for pair in others if pair.split != first.split)
        count = plural(len({pair.name for same in divided for pair in same.pairs}), "pair")
        report.note(
            f"{folder.path}: {count} in different splits show the same: {other.name} ({other.split}) has "
            f"{divided[0].what} {first.name} ({first.split}). "
            f"{p2p_command('data split', folder.path)} brings them together."
        )


def _digest(pair: Pair, key: str) -> str:
    # Of a folder without a manifest training has the hashes of the files.
    return pair.hash or pair.sources.get("sha256", "") if key == "hash" else pair.sources.get(key, "")


def _usual_number(short: "array[int]", least: int) -> float:
    """In how many pairs each file is, in the median of all files; 0 where these are fewer than `least`."""
    _, counts = np.unique(np.frombuffer(short, dtype=np.uint64), return_counts=True)
    return float(np.median(counts)) if len(counts) >= least else 0.0


def _shorten(digest: str) -> int:
    """Eight bytes of any text, however damaged; 0 for none."""
    return int.from_bytes(hashlib.blake2b(digest.encode(), digest_size=8).digest(), "little") if digest else 0


def _repetitions(folder: PairFolder, key: str, short: "array[int]") -> Iterator[list[Pair]]:
    """The pairs of each hash that several have."""
    values = np.frombuffer(short, dtype=np.uint64) if short else np.empty(0, np.uint64)
    ordered = np.sort(values)
    several = find_distinct(ordered[1:][ordered[1:] == ordered[:-1]])
    indices = np.flatnonzero(np.isin(values, several[several != 0])) if several.any() else ()
    whole: dict[str, list[Pair]] = defaultdict(list)
    for index in map(int, indices):
        pair = folder.pairs[index]  # read from the disk each time
        whole[_digest(pair, key)].append(pair)
    yield from (same for same in whole.values() if len(same) > 1)
