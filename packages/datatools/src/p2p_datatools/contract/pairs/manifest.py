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

from p2p_datatools.contract.errors import P2PError, error_of
from p2p_datatools.contract.files.atomic import read_json, write_json, write_lines
from p2p_datatools.contract.files.listing import LeftOut, find_pictures, refuse_missing_folder, stem_of
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.folders.given_splits import split_of_pairs, splits_of_pair_folders
from p2p_datatools.contract.folders.listed_splits import ListedSplits, read_listed_splits
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.pairs.below import (
    MAKE_PAIRS,
    advise_halves,
    explain_halves,
    explain_sides,
    explain_two,
    find_pairs_below,
    pairs_below,
)
from p2p_datatools.contract.pairs.half_folders import refuse_half_folders
from p2p_datatools.contract.pairs.layout import PairLayout, find_layout, refuse_layout
from p2p_datatools.contract.pairs.lines import SHARD_LINES, SHARDS, Pair, PairHashes, PairLines, hash_pairs, in_order
from p2p_datatools.contract.pairs.number_halves import refuse_number_halves
from p2p_datatools.contract.pairs.own_folders import refuse_own_folder
from p2p_datatools.contract.pairs.seam import GlanceReader, are_deep, glance_at, refuse_single_pictures, spread_files
from p2p_datatools.contract.palette import Palette, palette_from_json
from p2p_datatools.contract.pictures.header import DTYPES
from p2p_datatools.contract.pictures.nodata import nodata_word, parse_nodata
from p2p_datatools.contract.pictures.sizes import Exact, Size
from p2p_datatools.contract.words import p2p_command, plural

_FORMAT, _OF_SHARDS, _VERSION = "p2p-pairs", "p2p-shards", 1
_MOST_NAMED = 3  # folders
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


def read_foreign(path: Path | str, *, needs_train: bool = True) -> PairFolder:
    """List an ordinary pix2pix folder: train/ val/ test/ of A|B pictures, or pictures alone, which count as train.

    Other names of these folders, as valid/ or training/, are known, too. Of pictures alone lists beside them may give
    the splits, as train.txt and test.txt; those in no list count as train.

    Sizes and hashes are unknown (0x0 and empty) until the pictures are decoded. Raises P2PError when there is no
    picture, or pictures only in other folders; when there are no training pairs, if `needs_train`; and for a folder
    that p2p wrote and that holds no pairs. `refuse_photos` looks at the pictures.
    """
    path = Path(path)
    refuse_missing_folder(path)
    refuse_own_folder(path)
    others = LeftOut(path)
    files = find_pictures(path, others=others)
    names = [file.relative_to(path).as_posix() for file in files]
    refuse_half_folders(path, names)
    splits = splits_of_pair_folders(names)
    pairs = [
        Pair(stem_of(file, path), name, split, Size(0, 0), "")
        for file, name in zip(files, names, strict=True)
        if (split := splits.get(name.partition("/")[0]) if "/" in name else "train")
    ]
    listed = ListedSplits() if splits else read_listed_splits(path, [pair.name for pair in pairs])
    if listed.splits:
        pairs = [replace(pair, split=split or "train") for pair, split in zip(pairs, listed.splits, strict=True)]
    _refuse_elsewhere(path, names, pairs, others)
    _refuse_twice(path, pairs)
    folder = _assume(path, pairs, [name for name in names if "/" in name], others, listed)
    if needs_train:
        refuse_untrainable(folder)
    return folder


def _refuse_elsewhere(path: Path, names: Sequence[str], pairs: Sequence[Pair], others: LeftOut) -> None:
    """Raise P2PError where none of the pictures called `names` are `pairs`, or few: pairs are elsewhere, or packed."""
    if not names and ".tar" in others.kinds:
        what = f"has shards without {SHARDS}, which says what the halves are and where each pair lies"
        to_do = "Unpack them and pair their files: only shards of 'p2p data export --format webdataset' are read."
        raise P2PError(path, what, to_do, code="unknown-shards")
    if not names and others.kinds:
        raise others.no_pictures()
    if not pairs:
        if found := find_pairs_below(path, names):
            raise pairs_below(path, found)
        if sides := explain_sides(path, names) or explain_two(path, names) or explain_halves(path, names):
            raise error_of(sides)
        what = "has no pairs: no A|B pictures in it or in train/, val/ or test/"
        raise P2PError(path, what, "Is it the folder above or below the right one?", code="no-pairs")
    outside = len(names) - len(pairs)
    if outside > len(pairs) and all("/" not in pair.file for pair in pairs):
        what = f"has {plural(len(pairs), 'picture')} beside {outside} in folders other than train/, val/ and test/"
        raise P2PError(path, what, "Put A|B pictures into train/, or give their own folder.", code="no-pairs")


def refuse_untrainable(folder: PairFolder) -> None:
    """Raise P2PError for a folder without a manifest that has no training pairs."""
    if not any(pair.split == "train" for pair in folder.pairs):
        what, to_do = "has no train/ folder with pictures", "Put the training pairs there."
        if any("/" not in pair.file for pair in folder.pairs):  # only lists give these another split
            what = "the lists of splits beside its pictures leave none for training"
            to_do = "Add a train.txt with names of training pairs, or move the lists to another folder."
        raise P2PError(folder.path, what, to_do, code="no-training-pairs")


def _assume(
    path: Path, pairs: Sequence[Pair], names: Sequence[str], others: LeftOut, listed: ListedSplits
) -> PairFolder:
    """The folder of these pairs of another tool, and what is assumed of it; `names` are all pictures in folders."""
    assumed = ["no manifest: A is the left half, B the right, and both are photos (resized smoothly)"]
    folders = {pair.file.split("/")[0]: pair.split for pair in pairs if "/" in pair.file}
    if renamed := [f"{folder}/ is {split}" for folder, split in folders.items() if folder != split]:
        assumed[0] += f"; {', '.join(renamed)}"
    assumed += listed.notes
    if not folders and not listed.splits:
        assumed += [listed.unmatched] if listed.unmatched else []
        assumed.append(f"no train/ folder: all pictures are training pictures{_say_others(path)}")
    if outside := len(names) - sum("/" in pair.file for pair in pairs):
        elsewhere = sorted({name.partition("/")[0] for name in names} - folders.keys())
        assumed.append(f"left out: {plural(outside, 'picture')} outside train/, val/ and test/ ({_name(elsewhere)})")
    if others.kinds:
        assumed.append(f"left out: {others}")
    half_a, half_b = Half("a", "picture"), Half("b", "picture")
    return PairFolder(path, half_a, half_b, None, tuple(pairs), foreign=True, assumed=tuple(assumed))


def _name(folders: Sequence[str]) -> str:
    shown = ", ".join(f"{each}/" for each in folders[:_MOST_NAMED])
    return shown + (f" and {len(folders) - _MOST_NAMED} more" if len(folders) > _MOST_NAMED else "")


def _say_others(path: Path) -> str:
    """Where pictures are those of one split, whose folder lies beside those of others."""
    own, above = path.resolve(), path.resolve().parent
    if _is_part(own):
        return f"; they are a part of the pairs in {above}, whose manifest says more: that folder is likely meant"
    if (split := split_of_pairs(own.name)) is None:
        return ""
    try:
        beside = sorted(each.name for each in above.iterdir() if split_of_pairs(each.name) not in (None, split))
    except OSError:
        return ""
    return f"; {beside[0]}/ is beside it: give {above} for all splits" if beside else ""


def refuse_part(path: Path) -> None:
    """Raise P2PError for the folder of one split of pairs of ours, which their own manifest splits."""
    if _is_part(path):
        above = path.resolve().parent if path.name in ("", "..") else path.parent
        what = f"is one part of the pairs in {above}, whose manifest says how all of them are split"
        to_do = f"Split all: {p2p_command('data split', above)}. If this folder is meant alone, add --as-pairs."
        raise P2PError(path, what, to_do, code="part-of-pairs")


def _is_part(path: Path) -> bool:
    """Whether a folder is that of one split of pairs of ours."""
    own = path.resolve()
    return own.name in (*SPLITS, UNSPLIT) and holds_built_pairs(own.parent)


def _refuse_twice(path: Path, pairs: list[Pair]) -> None:
    seen: dict[str, str] = {}
    for pair in pairs:
        if pair.name in seen:
            what = f"{seen[pair.name]} and {pair.file} have the same name"
            raise P2PError(path, what, "Remove or rename one of them.", code="same-name")
        seen[pair.name] = pair.file


def refuse_photos(
    folder: PairFolder, *, look: GlanceReader = glance_at, sure: bool = False, deep: bool = False
) -> None:
    """Raise P2PError when the pictures of a folder without a manifest are no A|B pictures, but photos, masks or sheets.

    So are those of which a half holds class numbers, which a network would see as black. Some are looked at, by `look`.
    What the names of folders say and the shapes of pictures are believed, unless it is to be `sure`. Pairs of 16 bits
    are refused, too, as their halves have to be in files of their own, unless those may be as `deep`.
    """
    if _is_part(folder.path):
        return
    files = [folder.path / pair.file for pair in folder.pairs]
    if_all_the_same = f"say so with {p2p_command('data split --as-pairs', folder.path)}."
    in_splits, glances = any("/" in pair.file for pair in folder.pairs), look(list(spread_files(files)))
    if (layout := find_layout(glances)) is not None and not sure:
        raise refuse_layout(folder.path, layout, otherwise=f"If its halves are meant all the same, {if_all_the_same}")
    try:
        to_do = f"Make pairs with {MAKE_PAIRS}. If each is a pair all the same, {if_all_the_same}"
        refuse_single_pictures(folder.path, glances, to_do=to_do, in_splits=in_splits, sure=sure)
    except P2PError as error:
        raise advise_halves(error, folder.path, [pair.file for pair in folder.pairs]) from error
    if not deep and not sure and are_deep(glances):
        raise refuse_layout(folder.path, PairLayout(), bits=16)
    apart = p2p_command("data halves", folder.path, "DEST")
    to_do = f"Take them apart with {apart}, build masks of them with 'p2p data build-masks', and pair these. "
    refuse_number_halves(folder.path, files, to_do=f"{to_do}If they are pictures all the same, {if_all_the_same}")


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


def open_pairs(path: Path | str, *, needs_train: bool = True) -> PairFolder:
    """A pair folder with its manifest, a folder of shards, or an ordinary pix2pix folder with what is assumed about it.

    Raises P2PError for a folder that holds no pairs, as far as its records and a few of its pictures tell, and, if
    `needs_train`, for an ordinary one without training pairs.
    """
    path = Path(path)
    if has_manifest(path):
        return read_manifest(path)
    if has_shards(path):
        return read_shards(path)
    folder = read_foreign(path, needs_train=False)
    refuse_photos(folder)
    if needs_train:
        refuse_untrainable(folder)
    return folder


def with_pairs(folder: PairFolder, pairs: Sequence[Pair]) -> PairFolder:
    """The same folder with other pairs."""
    return replace(folder, pairs=pairs)
