"""The manifest of a pair folder: what the halves are, which pairs there are, and which split each belongs to.

Nothing here may decode a picture or decide which split a pair belongs to; it reads, writes and verifies the record.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, write_json, write_lines
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.pairs.lines import SHARD_LINES, SHARDS, Pair, PairHashes, PairLines, hash_pairs, in_order
from p2p_datatools.contract.pairs.own_folders import refuse_own_folder
from p2p_datatools.contract.palette import Palette, palette_from_json
from p2p_datatools.contract.pictures.header import DTYPES
from p2p_datatools.contract.pictures.nodata import nodata_word, parse_nodata
from p2p_datatools.contract.pictures.sizes import Exact
from p2p_datatools.contract.words import p2p_command

_FORMAT, _OF_SHARDS, _VERSION = "p2p-pairs", "p2p-shards", 1
HEADER, PAIR_LINES, PLAN = "pairs.json", "pairs.jsonl", "split-plan.json"
SPLITS = ("train", "val", "test")
"""The splits of a pair folder, which are its folders too."""


HELD_OUT = ("test", "val")
"""Those that no model is trained on; the first that there is, is scored."""


UNSPLIT = "all"
"""The folder, and the split, of pairs that have none yet."""


HalfKind = Literal["mask", "photo", "picture"]


def part_name(folder: Path) -> str:
    """What a part of a half is called: as its folder, in letters, digits and underscores."""
    return re.sub(r"\W+", "_", folder.resolve().name) or "part"


@dataclass(frozen=True)
class HalfPart:
    """One of several pictures whose channels are a half together; a mask is there in the colours of its palette."""

    name: str
    kind: HalfKind
    channels: int
    palette: Palette | None = None

    def to_json(self) -> dict[str, Any]:
        """The part as a JSON value."""
        palette = {"palette": self.palette.to_json()} if self.palette else {}
        return {"name": self.name, "kind": self.kind, "channels": self.channels} | palette


@dataclass(frozen=True)
class Half:
    """What one half is: `kind` decides how it is resized, `name` is its word in directions such as mask-to-photo.

    `parts` are the pictures whose channels it has, one after the other, if it is made of several. `nodata` is the text
    of --nodata when a model's pairs were made, so that it reads its input as they were; empty where files tell it.
    """

    name: str
    kind: HalfKind
    channels: int = 3
    dtype: str = "uint8"
    range: tuple[float, float] = (0.0, 255.0)
    parts: tuple[HalfPart, ...] = ()
    nodata: str = ""

    @property
    def exact(self) -> Exact:
        """Whether resizing may give no new values: that of all channels, or of each of several parts."""
        if not self.parts:
            return self.kind == "mask"
        masks = tuple(part.kind == "mask" for part in self.parts for _ in range(part.channels))
        return masks if len(set(masks)) > 1 else masks[0]

    def to_json(self) -> dict[str, Any]:
        """The half as a JSON value, as manifests and models have it."""
        value = {name: getattr(self, name) for name in ("name", "kind", "channels", "dtype")}
        parts = {"parts": [part.to_json() for part in self.parts]} if self.parts else {}
        return value | {"range": list(self.range)} | parts | ({"nodata": self.nodata} if self.nodata else {})


@dataclass(frozen=True)
class PairFolder:
    """A folder of pairs, with or without a manifest of ours; `assumed` describes what was assumed without one."""

    path: Path
    a: Half
    b: Half
    palette: Palette | None
    pairs: Sequence[Pair]
    provenance: dict[str, Any] = field(default_factory=dict)
    foreign: bool = False  # the pictures are another tool's and are never moved
    assumed: tuple[str, ...] = ()

    def of(self, split: str) -> Sequence[Pair]:
        """The pairs of one split, in the order of their names."""
        if isinstance(self.pairs, PairLines):
            return self.pairs.of(split)
        return tuple(sorted((pair for pair in self.pairs if pair.split == split), key=lambda pair: pair.name))

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that there are."""
        if isinstance(self.pairs, PairLines):
            return self.pairs.splits
        return tuple(sorted({pair.split for pair in self.pairs}))

    @property
    def held_out(self) -> str | None:
        """The split to score or show a model on; None where no pairs are held out."""
        return next((split for split in HELD_OUT if self.of(split)), None)

    @property
    def pixel_bytes(self) -> int:
        """The bytes that a pixel takes in both halves together."""
        return sum(half.channels * np.dtype(half.dtype).itemsize for half in (self.a, self.b))

    @cached_property
    def hashes(self) -> PairHashes:
        """The hashes of the manifest's lines: of all, and of those of each split."""
        return hash_pairs(self.pairs)

    @property
    def data_hash(self) -> str:
        """The SHA-256 of the manifest's lines in the order of their names: one hash for all pixels and splits."""
        return self.hashes.whole


def split_order(split: str) -> int:
    """The place of a split among the others, by which they are sorted; what is none comes last."""
    return SPLITS.index(split) if split in SPLITS else len(SPLITS)


def write_manifest(folder: PairFolder, *, at: Path | None = None) -> None:
    """Write pairs.jsonl, then pairs.json, each atomically, into `at` or the folder's own path."""
    place = at or folder.path
    # The header last: a folder with a header counts as having a complete manifest.
    write_lines(place / PAIR_LINES, (pair.to_json() for pair in in_order(folder.pairs)))
    write_json(place / HEADER, header_of(folder))


def header_of(folder: PairFolder) -> dict[str, Any]:
    """What pairs.json holds."""
    halves = {side: half.to_json() for side, half in (("a", folder.a), ("b", folder.b))}
    return {
        "format": _FORMAT,
        "version": _VERSION,
        **halves,
        "palette": folder.palette.to_json() if folder.palette else None,
        "foreign": folder.foreign,
        "provenance": folder.provenance,
    }


def header_of_shards(folder: PairFolder, shards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What shards.json holds of a folder whose pairs lie in these `shards`."""
    halves = {key: value for key, value in header_of(folder).items() if key in ("a", "b", "palette", "provenance")}
    about = {"format": _OF_SHARDS, "version": _VERSION, "data_hash": folder.data_hash}
    return {**about, **halves, "shards": list(shards)}


def has_manifest(path: Path) -> bool:
    """Whether `path` is a folder with a manifest of ours."""
    return (path / HEADER).is_file()


def holds_built_pairs(path: Path) -> bool:
    """Whether `path` is a folder that 'p2p data pair' made; 'split' writes a manifest into those of others, too."""
    try:
        header = read_json(path / HEADER) if has_manifest(path) else None
    except P2PError:
        return False
    return isinstance(header, dict) and header.get("format") == _FORMAT and not header.get("foreign")


def refuse_pairs_as_photos(folder: Path) -> None:
    """Raise P2PError when a folder that is given as that of photos holds A|B pairs of ours."""
    if holds_built_pairs(folder):
        what = "holds A|B pairs, not photos"
        apart = p2p_command("data halves", folder, "DEST")
        to_do = f"Give the photos that the pairs were made of, or take them apart with {apart}."
        raise P2PError(folder, what, to_do, code="pairs-as-half")


def read_manifest(path: Path | str, *, mid_split: bool = False) -> PairFolder:
    """Read a folder's manifest; raises P2PError when it is damaged, newer than this program, or a split is unfinished.

    `mid_split` reads it during an unfinished split, too, in order to complete that.
    """
    path = Path(path)
    if (path / PLAN).exists() and not mid_split:
        to_do = f"Run {p2p_command('data split', path)} again; it completes the split."
        raise P2PError(path, "a split was interrupted", to_do, code="split-unfinished")
    header, to_do = read_json(path / HEADER), "Pair again with 'p2p data pair'."
    with catch_decoder(path, "its manifest is damaged", to_do):
        _refuse_version(header, _FORMAT, path / HEADER)
        if header.get("foreign"):  # 'p2p data split' once wrote manifests into folders of anything
            refuse_own_folder(path)
        folder = _folder_of(path, header, ForeignPlace(path / HEADER, to_do))
        return replace(folder, pairs=_read_pairs(path), foreign=bool(header.get("foreign", False)))


def _refuse_version(header: Any, known: str, where: Path) -> None:
    if header["format"] != known or header["version"] > _VERSION:
        what = f"is of format {header['format']}, version {header['version']}; this program reads {known} up to "
        raise P2PError(where, f"{what}{_VERSION}", "Update p2p.", code="unknown-version")


def _folder_of(path: Path, header: Any, at: ForeignPlace) -> PairFolder:
    """What the header of a manifest or of shards says of a folder, without its pairs."""
    palette = header["palette"]
    return PairFolder(
        path=path,
        a=half_from_json(header["a"]),
        b=half_from_json(header["b"]),
        palette=palette_from_json(palette, where=str(at.where)) if palette else None,
        pairs=(),
        provenance=at.read_table(header.get("provenance", {}), "provenance"),
    )


def _read_pairs(path: Path) -> PairLines:
    """The lines of the manifest of a folder, which is what errors name when they are damaged."""
    try:
        return PairLines(path / PAIR_LINES)
    except P2PError as error:
        if error.code != "damaged-file":
            raise
        what = f"its manifest is damaged ({PAIR_LINES}: {error.what})"
        raise P2PError(path, what, "Pair again with 'p2p data pair'.", code="damaged-file") from error


def half_from_json(value: Any) -> Half:
    """Read what a manifest or a model says of a half; raises ValueError, TypeError or KeyError if it is impossible."""
    low, high = map(float, value["range"])
    parts = tuple(map(_part_from_json, value.get("parts", ())))
    nodata = nodata_word(parse_nodata(value.get("nodata"))) or ""
    half = Half(str(value["name"]), value["kind"], int(value["channels"]), value["dtype"], (low, high), parts, nodata)
    if parts and sum(part.channels for part in parts) != half.channels:
        raise ValueError(f"the parts of the half {half.name} have not its {half.channels} channels together")
    if half.kind not in get_args(HalfKind) or half.dtype not in DTYPES or half.channels < 1:
        raise ValueError(f"the half {half.name} is {half.channels} channels of {half.dtype}, a {half.kind}")
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"the half {half.name} has the range {low} to {high}")
    return half


def _part_from_json(value: Any) -> HalfPart:
    palette = value.get("palette")
    known = palette_from_json(palette, where=f"the palette of {value['name']}") if palette else None
    part = HalfPart(str(value["name"]), value["kind"], int(value["channels"]), known)
    if part.kind not in get_args(HalfKind) or part.channels < 1 or (known and part.channels != 3):
        raise ValueError(f"the part {part.name} is {part.channels} channels, a {part.kind}")
    return part


def has_shards(path: Path) -> bool:
    """Whether `path` is a folder of shards that 'p2p data export --format webdataset' wrote."""
    return (path / SHARDS).is_file()


def read_shards(path: Path) -> PairFolder:
    """Read the record of a folder of shards, whose pairs are those of the folder that was exported.

    No shard is opened: they may lie on a disk that is slow or far. Raises P2PError when the record is damaged or newer
    than this program, or a shard is missing.
    """
    header, to_do = read_json(path / SHARDS), "Export the pairs again with 'p2p data export --format webdataset'."
    with catch_decoder(path / SHARDS, "is damaged", to_do):
        _refuse_version(header, _OF_SHARDS, path / SHARDS)
        names = [relative_name(each["file"], path / SHARDS) for each in header["shards"]]
        missing = [name for name in names if not (path / name).is_file()]
        if missing:
            what = f"has no shard {missing[0]}" + (f", and {len(missing) - 1} more are missing" if missing[1:] else "")
            raise P2PError(path, what, "Copy it there, or mount the disk on which it lies.", code="missing-shard")
        folder = _folder_of(path, header, ForeignPlace(path / SHARDS, to_do))
        return with_pairs(folder, PairLines(path / SHARD_LINES))


def with_pairs(folder: PairFolder, pairs: Sequence[Pair]) -> PairFolder:
    """The same folder with other pairs."""
    return replace(folder, pairs=pairs)
