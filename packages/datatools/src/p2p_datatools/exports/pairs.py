"""Exports a pair folder in the layout of another library, shard by shard or pair by pair.

Nothing here may know what a layout's files hold.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import json_line, read_lines, sha256_file, write_lines
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.pairs.halves import load_halves
from p2p_datatools.contract.pairs.manifest import SPLITS, UNSPLIT, PairFolder, header_of
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pairs.own_folders import EXPORTED_PAIRS
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command
from p2p_datatools.exports.pair_formats import PAIR_FORMATS, ExportItem, ExportRecord, PairFormat


@dataclass(frozen=True)
class PairExportSummary:
    """What `export_pairs` did: files or shards `made` now and `kept`, and pairs by split."""

    format: str
    made: int
    kept: int
    splits: dict[str, int]
    skipped: tuple[Skip, ...]
    dest: Path


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
        there = [(item, records[item.name]) for item in items if item.name in records]

        def write(at: Path) -> None:
            form.finish(at, folder, there)
            ordered = (records[name] for name in sorted(records))
            write_lines(at / EXPORTED_PAIRS, chain((recipe,), (each.to_json() for each in ordered)))

        destination.commit(write, skipped=done.skipped)
    splits = {split: sum(pair.split == split for item, _ in there for pair in item.pairs) for split in SPLITS}
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

    def list_sources(self, item: ExportItem) -> Sequence[str]:
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
            raise P2PError(self.list_sources(item)[0], what, "Choose another destination.", code="source-changed")
        for pair in item.pairs:  # an error in reading is that of the item, and not of the disk
            load_halves(self._folder, pair)
        return Output(item.files, partial(self._write, item, signature))

    def read_record(self, file: str, value: dict[str, Any]) -> ExportRecord:
        """The record of a file."""
        return _record_of(value)

    def _write(self, item: ExportItem, signature: str, paths: Sequence[Path]) -> ExportRecord:
        return ExportRecord(item.name, item.files, signature, self._form.write(self._folder, item, paths))
