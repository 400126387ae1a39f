"""The lines of a manifest, one a pair: read from the disk when they are asked for, since there may be millions.

Nothing here may decode a picture, or hold more of each line in memory than where it begins and its traits.
"""

import hashlib
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import OpenLines, each_line, json_line
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.lazy import LazyMapping
from p2p_datatools.contract.pictures.sizes import Size

_TO_DO = "If it was edited, restore a copy, or pair again with 'p2p data pair'."
_A_TIFF, _B_TIFF = ".a.tif", ".b.tif"
GIVEN = "split"  # in a pair's sources: the split that these gave it
FILLED = "filled"  # in a pair's sources: how many pixels of each half have no data
_FILLED = re.compile(r"a [0-9]{1,18} b [0-9]{1,18}")
NODATA_FOLDER = "nodata"
"""The folder, beside those of the splits, that says where pairs have no data."""


SHARDS, SHARD_LINES = "shards.json", "shards.jsonl"
"""The records of a folder of shards: what the halves are, and where each pair lies."""


@dataclass(frozen=True, slots=True)
class ShardPlace:
    """Where a pair lies in a shard: the tar, and the (first byte, length) of each of its files by their endings.

    `ignored` are the pixels that its masks ignore.
    """

    file: str
    places: Mapping[str, tuple[int, int]]
    ignored: int = 0


class PairTraits(NamedTuple):
    """What most pairs share with many others, so that it is held for all of them; `size` is that of one half."""

    split: str
    size: Size
    is_hashed: bool
    has_nodata: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of the manifest; `hash` is that of the decoded A|B picture, `file` lies below the folder.

    `nodata` is the hash of the picture that says where the halves have no data, None where all have. A pair of shards
    has its file in the `shard`; the rest is as in the folder that was exported.
    """

    name: str
    file: str
    split: str
    size: Size  # of one half
    hash: str
    group: str | None = None
    sources: dict[str, str] = field(default_factory=dict)
    nodata: str | None = None
    shard: ShardPlace | None = None

    @property
    def traits(self) -> PairTraits:
        """What is held of it where its line is not."""
        return PairTraits(self.split, self.size, bool(self.hash), self.nodata is not None)

    @property
    def files(self) -> tuple[str, ...]:
        """All files of the pair: those of its halves, and the one that says where they have no data."""
        if self.shard is not None:
            return (self.shard.file,)
        return self.half_files if self.nodata is None else (*self.half_files, self.nodata_file)

    @property
    def nodata_file(self) -> str:
        """The picture that says where the halves have no data, if there is one."""
        return f"{NODATA_FOLDER}/{self.file.removesuffix(_A_TIFF).removesuffix('.png')}.png"

    @property
    def half_files(self) -> tuple[str, ...]:
        """The files of the halves: one, or NAME.a.tif and NAME.b.tif where the halves cannot share a picture."""
        return (self.file, self.file.removesuffix(_A_TIFF) + _B_TIFF) if self.file.endswith(_A_TIFF) else (self.file,)

    @property
    def given_split(self) -> str:
        """The split that its sources gave it; empty where they said none, or it has been split since."""
        return self.sources.get(GIVEN, "")

    def to_json(self) -> dict[str, Any]:
        """The pair as one JSON line's value."""
        return {
            "name": self.name,
            "file": self.file,
            "split": self.split,
            "size": list(self.size),
            "hash": self.hash,
            "group": self.group,
            "sources": self.sources,
        } | ({} if self.nodata is None else {"nodata": self.nodata})


def pair_from_json(line: Any, where: Path | str = "pairs.jsonl") -> Pair:
    """Read what `Pair.to_json` gave, as `where` holds it.

    Raises P2PError for a name, file or split that is not below the folder, and for what is not a pair.
    """
    at = ForeignPlace(where, _TO_DO)
    with catch_decoder(where, "a pair in it is damaged", _TO_DO):
        group, nodata = line.get("group"), line.get("nodata")
        return Pair(
            name=relative_name(line["name"], where),
            file=relative_name(line["file"], where),
            split=relative_name(line["split"], where),
            size=Size(*at.read_two(line["size"], "a size")),
            hash=at.read_text(line["hash"], "a hash"),
            group=None if group is None else at.read_text(group, "a group"),
            sources=_read_sources(line.get("sources", {}), at),
            nodata=None if nodata is None else at.read_text(nodata, "nodata"),
            shard=_read_place(line, at) if "shard" in line else None,
        )


def _read_place(line: Mapping[str, Any], at: ForeignPlace) -> ShardPlace:
    table = at.read_table(line["places"], "places")
    places = {ending: at.read_two(place, "a place") for ending, place in table.items()}
    ignored = at.read_whole(line.get("ignored", 0), "ignored pixels")
    return ShardPlace(relative_name(line["shard"], at.where), places, ignored)


def _read_sources(value: Any, at: ForeignPlace) -> dict[str, str]:
    sources = at.read_texts(value, "sources")
    if GIVEN in sources:
        relative_name(sources[GIVEN], at.where)
    if FILLED in sources and not _FILLED.fullmatch(sources[FILLED]):
        raise at.refuse(sources[FILLED], f"{FILLED} in sources", "the pixels of each half")
    return sources


class PairLines(Sequence[Pair]):
    """The pairs of a file of lines, in the order of their names. Any thread may read them.

    The constructor reads the file once, and raises what `each_line` and `pair_from_json` raise; the file may be
    replaced later, since it is held open.
    """

    def __init__(self, path: Path) -> None:
        self._lines = OpenLines(path)
        known: dict[PairTraits, int] = {}
        places, codes = array("q"), array("I")
        before: Pair | None = None
        sorted_so_far = True
        for place, line in each_line(path):
            pair = pair_from_json(line, path)
            sorted_so_far = sorted_so_far and (before is None or before.name <= pair.name)
            _refuse_twice(path, before, pair)
            before = pair
            places.append(place)
            codes.append(known.setdefault(pair.traits, len(known)))
        self._places, self._codes, self._known = np.array(places, np.int64), np.array(codes, np.uint32), tuple(known)
        if not sorted_so_far:
            order = np.array(sorted(range(len(self)), key=lambda index: self[index].name), dtype=np.int64)
            self._places, self._codes = self._places[order], self._codes[order]
            for one, other in pairwise(self):
                _refuse_twice(path, one, other)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that there are."""
        return tuple(sorted({self._known[code].split for code in np.unique(self._codes)}))

    @property
    def traits(self) -> list[PairTraits]:
        """Those of each pair, as they were when the file was opened."""
        return [self._known[code] for code in self._codes]

    def of(self, split: str) -> "PairLines":
        """Those of a split."""
        return self._only(np.array([each.split == split for each in self._known], np.bool_)[self._codes])

    def _only(self, which: slice | NDArray[np.bool_]) -> "PairLines":
        found = object.__new__(PairLines)
        found._lines, found._known = self._lines, self._known
        found._places, found._codes = self._places[which], self._codes[which]
        return found

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> "PairLines": ...
    def __getitem__(self, index: int | slice) -> "Pair | PairLines":
        if isinstance(index, slice):
            return self._only(index)
        return self._pair(self._lines.at(int(self._places[index])), int(self._codes[index]))

    def __iter__(self) -> Iterator[Pair]:
        return map(self._pair, self._lines.each(map(int, self._places)), map(int, self._codes))

    def _pair(self, line: Any, code: int) -> Pair:
        pair = pair_from_json(line)
        if pair.traits != self._known[code]:
            raise self._lines.refuse(f"what it says of {pair.name}")
        return pair

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list has none


def _refuse_twice(path: Path, one: Pair | None, other: Pair) -> None:
    if one is not None and one.name == other.name:
        what = f"{one.file} and {other.file} have the same name"
        raise P2PError(path, what, "Remove or rename one of them.", code="same-name")


class NamedPairs(Sequence[Pair]):
    """Pairs that `get` makes by their names when they are asked for, in the order of the names."""

    def __init__(self, names: Sequence[str], get: Callable[[str], Pair]) -> None:
        self._names, self._get = sorted(names), get

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | Sequence[Pair]:
        if isinstance(index, slice):
            return [self._get(name) for name in self._names[index]]
        return self._get(self._names[index])


def by_name(pairs: Sequence[Pair]) -> Mapping[str, Pair]:
    """The pairs of a sequence by their names."""
    indices = {pair.name: index for index, pair in enumerate(pairs)}
    return LazyMapping(indices, lambda name: pairs[indices[name]])


def in_order(pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Pairs in the order of their names."""
    return pairs if isinstance(pairs, PairLines | NamedPairs) else sorted(pairs, key=lambda pair: pair.name)


def traits_of(pairs: Sequence[Pair]) -> Sequence[PairTraits]:
    """The traits of each pair; no line of a manifest is read for them."""
    return pairs.traits if isinstance(pairs, PairLines) else [pair.traits for pair in pairs]


class PairHashes(NamedTuple):
    """The SHA-256 of the lines of pairs in the order of their names: of all, and of those of each split."""

    whole: str
    splits: dict[str, str]


def hash_pairs(pairs: Sequence[Pair]) -> PairHashes:
    """The hashes of these pairs; each is read once."""
    whole, splits = hashlib.sha256(), defaultdict[str, Any](hashlib.sha256)
    for pair in in_order(pairs):
        line = json_line(pair.to_json())
        whole.update(line)
        splits[pair.split].update(line)
    return PairHashes(whole.hexdigest(), {split: digest.hexdigest() for split, digest in splits.items()})
