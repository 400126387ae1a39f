"""The layouts of other libraries in which pairs are exported, a row each: WebDataset, Hugging Face datasets, FiftyOne.

Nothing here may change a pixel, or write what the library would read as another picture.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import atomic, json_line, write_bytes, write_json, write_lines
from p2p_datatools.contract.pairs.halves import load_halves, read_nodata
from p2p_datatools.contract.pairs.lines import SHARD_LINES, SHARDS, Pair
from p2p_datatools.contract.pairs.manifest import SPLITS, Half, PairFolder, header_of_shards
from p2p_datatools.contract.pairs.mask_halves import class_indices, ignored_pixels
from p2p_datatools.contract.pairs.shard_files import (
    NODATA_ENDING,
    PairSample,
    ShardWriter,
    chunks_of,
    encode_half,
    json_of,
    sample_key,
)
from p2p_datatools.contract.palette import IGNORE, PALETTE_FILE
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.formats import png

_PAIRS_A_SHARD = 1_000
_OF_HUGGING_FACE = {"val": "validation"}  # what others call a split
_PLAIN = ("uint8", "uint16")


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


_Results = Sequence[tuple[ExportItem, ExportRecord]]  # all that was exported, in its order


def _refuse_nothing(folder: PairFolder) -> None:
    return None


@dataclass(frozen=True)
class PairFormat:
    """A layout: which items there are, how one is written, and how `finish` writes the files of all of them.

    `refuse` raises P2PError for pairs that the layout cannot hold.
    """

    items: Callable[[PairFolder], Iterable[ExportItem]]
    write: Callable[[PairFolder, ExportItem, Sequence[Path]], tuple[dict[str, Any], ...]]
    finish: Callable[[Path, PairFolder, _Results], None]
    refuse: Callable[[PairFolder], None] = _refuse_nothing


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


def _write_index(at: Path, folder: PairFolder, results: _Results) -> None:
    """shards.jsonl, a line for each pair with its place, and then shards.json, which says what the halves are."""

    def lines() -> Iterable[dict[str, Any]]:
        for item, record in results:
            for pair, files in zip(item.pairs, record.places, strict=True):
                yield {**pair.to_json(), "shard": item.files[0], **files}

    write_lines(at / SHARD_LINES, lines())
    shards = [{"file": item.files[0], "pairs": len(item.pairs), "split": item.pairs[0].split} for item, _ in results]
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


def _write_metadata(at: Path, folder: PairFolder, results: _Results) -> None:
    """metadata.jsonl of each split, whose paths begin there; B is `file_name`, which all versions of datasets know."""
    lines = defaultdict[str, list[bytes]](list)
    for item, _ in results:
        (pair,) = item.pairs
        split = item.files[0].partition("/")[0]
        a, b = (file.partition("/")[2] for file in item.files)
        lines[split].append(json_line({"file_name": b, f"{folder.a.name}_file_name": a, "name": pair.name}))
    for split, own in lines.items():
        write_bytes(at / split / "metadata.jsonl", b"".join(own))
    if folder.palette:
        write_bytes(at / PALETTE_FILE, folder.palette.to_toml().encode())


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


def _write_targets(at: Path, folder: PairFolder, results: _Results) -> None:
    """mask_targets.json: the classes by their numbers, which JSON has as text, as `dataset.default_mask_targets`."""
    assert folder.palette is not None, "a folder without has been refused"
    targets = {str(index): name for index, name in enumerate(folder.palette.names)}
    write_bytes(at / "mask_targets.json", json.dumps({**targets, str(IGNORE): "ignore"}, indent=2).encode())


def _refuse_unpicturable(folder: PairFolder) -> None:
    """Raise P2PError for halves that no PNG holds, and for pixels without data, which an ImageFolder cannot mark."""
    _refuse_unfit(folder, folder.a, folder.b)
    if any(pair.nodata for pair in folder.pairs):
        what = "has pixels without data, which pictures alone cannot mark"
        raise P2PError(folder.path, what, "Export to webdataset, which keeps where they are.", code="unfit-format")


def _refuse_unmasked(folder: PairFolder) -> None:
    """Raise P2PError unless one half is a mask with a palette and the other a picture of 8 or 16 bits."""
    kinds = [half.kind for half in (folder.a, folder.b)]
    if kinds.count("mask") != 1 or folder.palette is None:
        what = f"has the halves {folder.a.name} and {folder.b.name}, but FiftyOne's folder is of photos and masks"
        raise P2PError(folder.path, what, "Export to huggingface or webdataset.", code="unfit-format")
    _refuse_unfit(folder, folder.b if folder.a.kind == "mask" else folder.a)


def _refuse_unfit(folder: PairFolder, *halves: Half) -> None:
    """Raise P2PError for a half that no PNG holds."""
    for half in halves:
        if half.channels not in (1, 3) or half.dtype not in _PLAIN:
            what = f"has {half.channels} channels of {half.dtype} in its half {half.name}, which a PNG cannot hold"
            raise P2PError(folder.path, what, "Export to webdataset, which holds any.", code="unfit-format")


PAIR_FORMATS: Mapping[str, PairFormat] = {
    "webdataset": PairFormat(_shard_items, _write_shard, _write_index),
    "huggingface": PairFormat(_hugging_items, _write_pictures, _write_metadata, _refuse_unpicturable),
    "fiftyone": PairFormat(_fiftyone_items, _write_segmentation, _write_targets, _refuse_unmasked),
}
"""Every format of pairs by its name for --format."""
