"""Exports a pair folder in the layout of another library: WebDataset, Hugging Face datasets, FiftyOne.

Nothing here may change a pixel, or write what the library would read as another picture.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import (
    atomic,
    json_line,
    read_lines,
    sha256_file,
    write_bytes,
    write_json,
    write_lines,
)
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.pairs.halves import load_halves, read_nodata
from p2p_datatools.contract.pairs.lines import SHARD_LINES, SHARDS, Pair
from p2p_datatools.contract.pairs.manifest import (
    SPLITS,
    UNSPLIT,
    Half,
    PairFolder,
    header_of,
    header_of_shards,
    open_pairs,
)
from p2p_datatools.contract.pairs.mask_halves import class_indices, ignored_pixels
from p2p_datatools.contract.pairs.own_folders import EXPORTED_PAIRS
from p2p_datatools.contract.pairs.shard_files import (
    NODATA_ENDING,
    PairSample,
    ShardWriter,
    chunks_of,
    encode_half,
    json_of,
    sample_key,
)
from p2p_datatools.contract.palette import IGNORE
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command

_PAIRS_A_SHARD = 1_000
_OF_HUGGING_FACE = {"val": "validation"}  # what others call a split
_PLAIN = ("uint8", "uint16")


@dataclass(frozen=True)
class PairExportSummary:
    """What `export_pairs` did: files or shards `made` now and `kept`, and pairs by split."""

    format: str
    made: int
    kept: int
    splits: dict[str, int]
    skipped: tuple[Skip, ...]
    dest: Path


@dataclass(frozen=True)
class ExportItem:
    """What is written at once: a pair, or all pairs of a shard; `files` lie below DEST."""

    name: str
    pairs: tuple[Pair, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class ExportRecord:
    """The record of an item: its files, and what they were made of; `places` are where pairs lie in a shard."""

    name: str
    files: tuple[str, ...]
    signature: str
    places: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON value."""
        return {"name": self.name, "files": self.files, "signature": self.signature, "places": self.places}


@dataclass(frozen=True)
class PairFormat:
    """A layout: which items there are, how one is written, and the files of all that `lists` makes of the records."""

    title: str
    items: Callable[[PairFolder], Iterable[ExportItem]]
    write: Callable[[PairFolder, ExportItem, Sequence[Path]], tuple[dict[str, Any], ...]]
    lists: Callable[[PairFolder, Sequence[ExportItem]], Mapping[str, bytes]]
    refuse: Callable[[PairFolder], None]


def export_pairs(
    pairs: Path | str,
    dest: Path | str,
    *,
    format: str,  # noqa: A002 - it is the option's name
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> PairExportSummary:
    """Write the pairs of a pair folder into `dest` as webdataset, huggingface or fiftyone.

    webdataset: SPLIT-000000.tar of up to 1,000 samples KEY.a.png, KEY.b.png, KEY.json, and shards.json. huggingface: an
    ImageFolder, SPLIT/metadata.jsonl beside a folder for each half. fiftyone: an ImageSegmentationDirectory for each
    split, data/ and labels/. The same call again continues, and keeps what is up to date.

    Raises P2PError, and writes no `dest`, for pairs that are not split or that the layout cannot hold, and for those
    that cannot be read, unless `keep_going`. Raises UsageError for an unknown format, or a `dest` of anything else.
    """
    pairs, dest = Path(pairs), Path(dest)
    form = PAIR_FORMATS.get(format)
    if form is None:
        known = f"Choose from {', '.join(PAIR_FORMATS)}."
        raise UsageError(f"--format {format}", "is not a format of pairs", known, code="unknown-format")
    refuse_dest_inside(dest, pairs)
    folder = open_pairs(pairs)
    _refuse_unsplit(folder)
    form.refuse(folder)
    recipe = {"work": "export", "to": format, **{key: header_of(folder)[key] for key in ("a", "b", "palette")}}
    with Destination(dest, marker=EXPORTED_PAIRS, recipe=recipe) as destination:
        old = _old_records(dest, recipe) if destination.exists else {}
        items = list(form.items(folder))
        work = PairExportWork(destination, old, folder, form, items)
        done = work.run(items, "exporting", len(items), report=report)
        records = work.records()
        if not (keep_going and records):
            refuse(done.skipped, destination)
        there = [item for item in items if item.name in records]
        lists = dict(form.lists(folder, there))

        def write(at: Path) -> None:
            for file, data in lists.items():
                write_bytes(at / file, data)
            if format == "webdataset":
                _write_index(at, folder, there, records)
            ordered = (records[name] for name in sorted(records))
            write_lines(at / EXPORTED_PAIRS, chain((recipe,), (each.to_json() for each in ordered)))

        destination.commit(write, skipped=done.skipped)
    splits = {split: sum(pair.split == split for item in there for pair in item.pairs) for split in SPLITS}
    return PairExportSummary(format, done.made + done.resumed, done.kept, splits, done.skipped, dest)


def _refuse_unsplit(folder: PairFolder) -> None:
    if folder.of(UNSPLIT):
        what = "is not split into train, val and test, which the layouts of other libraries are made of"
        to_do = f"Run {p2p_command('data split', folder.path)} first; --val 0 --test 0 leaves all in train."
        raise P2PError(folder.path, what, to_do, code="not-split")


def _old_records(dest: Path, recipe: Mapping[str, Any]) -> dict[str, ExportRecord]:
    """The records of an earlier call; raises UsageError if it was of another format or of other halves."""
    with catch_decoder(dest / EXPORTED_PAIRS, "is damaged", "Delete the folder and export again."):
        head, *lines = read_lines(dest / EXPORTED_PAIRS)
        if head != json.loads(json_line(recipe)):
            what = "holds an export to another format, or of pairs with other halves"
            raise UsageError(dest, what, "Choose another destination.", code="other-settings")
        return {record.name: record for record in map(_record_of, lines)}


def _record_of(value: Mapping[str, Any]) -> ExportRecord:
    places = tuple(dict(each) for each in value["places"])
    return ExportRecord(str(value["name"]), tuple(map(str, value["files"])), str(value["signature"]), places)


class PairExportWork(Work[ExportItem, ExportRecord, str]):
    """The files of one export."""

    listing = EXPORTED_PAIRS
    is_remade = False  # a shard holds the pairs of several items

    def __init__(
        self,
        destination: Destination,
        old: Mapping[str, ExportRecord],
        folder: PairFolder,
        form: PairFormat,
        items: Sequence[ExportItem],
    ) -> None:
        super().__init__(destination, old, {item.name for item in items})
        self._folder, self._form = folder, form

    def name(self, item: ExportItem) -> str:
        """The pair's or the shard's."""
        return item.name

    def places(self, item: ExportItem) -> Sequence[str]:
        """The pictures of its pairs."""
        return [str(self._folder.path / pair.file) for pair in item.pairs]

    def weight(self, item: ExportItem) -> int:
        """The pixels of one pair at a time."""
        channels = self._folder.a.channels + self._folder.b.channels
        return max(pair.size.width * pair.size.height for pair in item.pairs) * channels * 8

    def sign(self, item: ExportItem) -> str:
        """The lines of its pairs, which have the hashes of their pixels; of foreign pairs, the hash of the file."""
        digest = hashlib.sha256()
        for pair in item.pairs:
            own = pair if pair.hash else replace(pair, hash=sha256_file(self._folder.path / pair.file))
            digest.update(json_line(own.to_json()))
        return digest.hexdigest()

    def is_current(self, record: ExportRecord, item: ExportItem, signature: str) -> bool:
        """Whether it was made of the same pairs."""
        return record.signature == signature and record.files == item.files

    def make(
        self, item: ExportItem, signature: str, known: ExportRecord | None, *, stands: bool
    ) -> Output[ExportRecord] | None:
        """Read and write the pairs; only the user may delete files that stand and were made of others."""
        if stands:
            what = f"was exported to {self.destination.dest / item.files[0]}, and has changed since"
            raise P2PError(self.places(item)[0], what, "Choose another destination.", code="source-changed")
        for pair in item.pairs:  # an error in reading is that of the item, and not of the disk
            load_halves(self._folder, pair)
        return Output(item.files, partial(self._write, item, signature))

    def read_record(self, file: str, value: dict[str, Any]) -> ExportRecord:
        """The record of a file."""
        return _record_of(value)

    def _write(self, item: ExportItem, signature: str, paths: Sequence[Path]) -> ExportRecord:
        return ExportRecord(item.name, item.files, signature, self._form.write(self._folder, item, paths))


def _shard_items(folder: PairFolder) -> Iterable[ExportItem]:
    for split in SPLITS:
        for number, group in enumerate(chunks_of(folder.of(split), _PAIRS_A_SHARD)):
            name = f"{split}-{number:06d}"
            yield ExportItem(name, group, (f"{name}.tar",))


def _write_shard(folder: PairFolder, item: ExportItem, paths: Sequence[Path]) -> tuple[dict[str, Any], ...]:
    places = []
    with atomic(paths[0], durable=False) as file:
        writer = ShardWriter(file)
        for pair in item.pairs:
            where = folder.path / pair.file
            halves, read = (folder.a, folder.b), load_halves(folder, pair)
            files: dict[str, bytes] = {}
            for side, half, pixels in zip(("a", "b"), halves, read, strict=True):
                ending, data = encode_half(pixels, half, folder.palette, where)
                files[f"{side}.{ending}"] = data
            nodata = read_nodata(folder, pair)
            if nodata is not None:
                files[NODATA_ENDING] = b"".join(png.encode(nodata.picture))
            found = writer.add(PairSample(sample_key(pair.name), {**files, "json": json_of(pair)}))
            ignored = sum(_count_ignored(half, pixels) for half, pixels in zip(halves, read, strict=True))
            places.append({"places": {ending: list(place) for ending, place in found.items()}, "ignored": ignored})
        writer.close()
    return tuple(places)


def _count_ignored(half: Half, pixels: Array) -> int:
    """How many pixels a mask ignores; a reader that does not decode all pairs first needs to know."""
    if half.kind != "mask" or pixels.dtype != np.uint8:
        return 0
    return int(np.count_nonzero(ignored_pixels(pixels)))


def _write_index(
    at: Path, folder: PairFolder, items: Sequence[ExportItem], records: Mapping[str, ExportRecord]
) -> None:
    """shards.jsonl, a line for each pair with its place, and then shards.json, which says what the halves are."""

    def lines() -> Iterable[dict[str, Any]]:
        for item in items:
            for pair, files in zip(item.pairs, records[item.name].places, strict=True):
                yield {**pair.to_json(), "shard": item.files[0], **files}

    write_lines(at / SHARD_LINES, lines())
    shards = [{"file": item.files[0], "pairs": len(item.pairs), "split": item.pairs[0].split} for item in items]
    write_json(at / SHARDS, header_of_shards(folder, shards))


def _items_of_pairs(
    folder: PairFolder, places: Sequence[str], called: Mapping[str, str] = MappingProxyType({})
) -> Iterable[ExportItem]:
    """A picture of each half for each pair, in these `places` of its split, whose folder may be `called` otherwise."""
    for split in SPLITS:
        for pair in folder.of(split):
            files = tuple(f"{called.get(split, split)}/{place}/{pair.name}.png" for place in places)
            yield ExportItem(pair.name, (pair,), files)


def _hugging_items(folder: PairFolder) -> Iterable[ExportItem]:
    return _items_of_pairs(folder, (folder.a.name, folder.b.name), _OF_HUGGING_FACE)


def _write_pictures(folder: PairFolder, item: ExportItem, paths: Sequence[Path]) -> tuple[dict[str, Any], ...]:
    (pair,) = item.pairs
    halves = zip(paths, (folder.a, folder.b), load_halves(folder, pair), strict=True)
    for path, half, pixels in halves:
        write_bytes(path, encode_half(pixels, half, folder.palette, folder.path / pair.file)[1], durable=False)
    return ()


def _hugging_lists(folder: PairFolder, items: Sequence[ExportItem]) -> Mapping[str, bytes]:
    """metadata.jsonl of each split, whose paths begin there; B is `file_name`, which all versions of datasets know."""
    lines = defaultdict[str, list[bytes]](list)
    for item in items:
        (pair,) = item.pairs
        split = item.files[0].partition("/")[0]
        a, b = (file.partition("/")[2] for file in item.files)
        lines[split].append(json_line({"file_name": b, f"{folder.a.name}_file_name": a, "name": pair.name}))
    lists = {f"{split}/metadata.jsonl": b"".join(own) for split, own in lines.items()}
    return {**lists, **_palette_list(folder)}


def _palette_list(folder: PairFolder) -> Mapping[str, bytes]:
    return {"palette.toml": folder.palette.to_toml().encode()} if folder.palette else {}


def _fiftyone_items(folder: PairFolder) -> Iterable[ExportItem]:
    return _items_of_pairs(folder, ("data", "labels"))


def _write_segmentation(folder: PairFolder, item: ExportItem, paths: Sequence[Path]) -> tuple[dict[str, Any], ...]:
    """The photo, and the mask as grey class numbers, 255 where it is ignored or has no data."""
    (pair,) = item.pairs
    halves = load_halves(folder, pair)
    photo, mask = halves[::-1] if folder.a.kind == "mask" else halves
    assert folder.palette is not None, "a folder without has been refused"
    indices = class_indices(mask, folder.palette, where=folder.path / pair.file)
    nodata = read_nodata(folder, pair)
    if nodata is not None:
        indices = np.where(nodata.either, np.uint8(IGNORE), indices)
    write_bytes(paths[0], b"".join(png.encode(photo)), durable=False)
    write_bytes(paths[1], b"".join(png.encode(indices)), durable=False)
    return ()


def _fiftyone_lists(folder: PairFolder, items: Sequence[ExportItem]) -> Mapping[str, bytes]:
    """The classes by their numbers, in the form of `dataset.default_mask_targets`; JSON has numbers as text."""
    assert folder.palette is not None, "a folder without has been refused"
    targets = {str(index): name for index, name in enumerate(folder.palette.names)}
    return {"mask_targets.json": json.dumps({**targets, str(IGNORE): "ignore"}, indent=2).encode()}


def _refuse_none(folder: PairFolder) -> None:
    return None


def _refuse_unpicturable(folder: PairFolder) -> None:
    """Raise P2PError for halves that no PNG holds, and for pixels without data, which an ImageFolder cannot mark."""
    for half in (folder.a, folder.b):
        if half.channels not in (1, 3) or half.dtype not in _PLAIN:
            what = f"has {half.channels} channels of {half.dtype} in its half {half.name}, which a PNG cannot hold"
            raise P2PError(folder.path, what, "Export to webdataset, which holds any.", code="unfit-format")
    if any(pair.nodata for pair in folder.pairs):
        what = "has pixels without data, which pictures alone cannot mark"
        raise P2PError(folder.path, what, "Export to webdataset, which keeps where they are.", code="unfit-format")


def _refuse_unmasked(folder: PairFolder) -> None:
    """Raise P2PError unless one half is a mask with a palette and the other a picture of 8 or 16 bits."""
    kinds = [half.kind for half in (folder.a, folder.b)]
    if kinds.count("mask") != 1 or folder.palette is None:
        what = f"has the halves {folder.a.name} and {folder.b.name}, but FiftyOne's folder is of photos and masks"
        raise P2PError(folder.path, what, "Export to huggingface or webdataset.", code="unfit-format")
    photo = folder.b if folder.a.kind == "mask" else folder.a
    if photo.channels not in (1, 3) or photo.dtype not in _PLAIN:
        what = f"has {photo.channels} channels of {photo.dtype} in its half {photo.name}, which a PNG cannot hold"
        raise P2PError(folder.path, what, "Export to webdataset, which holds any.", code="unfit-format")


PAIR_FORMATS: Mapping[str, PairFormat] = {
    "webdataset": PairFormat("WebDataset", _shard_items, _write_shard, lambda folder, items: {}, _refuse_none),
    "huggingface": PairFormat(
        "Hugging Face ImageFolder", _hugging_items, _write_pictures, _hugging_lists, _refuse_unpicturable
    ),
    "fiftyone": PairFormat(
        "FiftyOne ImageSegmentationDirectory", _fiftyone_items, _write_segmentation, _fiftyone_lists, _refuse_unmasked
    ),
}
"""Every format of pairs by its name for --format."""
