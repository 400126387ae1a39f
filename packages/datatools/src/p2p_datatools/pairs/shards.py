"""Pairing in shares on many machines: which names belong to a share, where it goes, and how `merge` joins the parts.

Nothing here may open a picture or depend on the order of names.
"""

import contextlib
import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from p2p_datatools.contract.differences import differences
from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_from_json
from p2p_datatools.contract.files.atomic import atomic, cannot_write, read_lines
from p2p_datatools.contract.files.destination import (
    SKIPPED,
    Destination,
    RecordStamps,
    hold_in_place,
    refuse,
    refuse_dest_inside,
    remove_empty_folders,
    stamp_records,
)
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.pairs.halves import Store, files_of, store_of
from p2p_datatools.contract.pairs.lines import NODATA_FOLDER, Pair, pair_from_json
from p2p_datatools.contract.pairs.manifest import (
    HEADER,
    PAIR_LINES,
    SPLITS,
    UNSPLIT,
    Half,
    PairFolder,
    has_manifest,
    read_manifest,
    write_manifest,
)
from p2p_datatools.contract.partners.matched import MatchedFiles
from p2p_datatools.contract.pictures.nodata import range_of
from p2p_datatools.contract.pictures.scales import TIMES
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.pairs.assemble import bucket_of, is_crowd, place_of
from p2p_datatools.pairs.recipe import MADE_BY

_BY = "p2p data merge"


class Shard(NamedTuple):
    """Share `number`, counted from 1, of `of` shares."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def part_of(self, dest: Path) -> Path:
        """The folder beside DEST that receives this share."""
        return dest.with_name(f"{dest.name}.{self.number}-of-{self.of}")

    def has(self, name: str) -> bool:
        """Whether a name belongs to this share: by its hash, so that new names move no old ones."""
        return int.from_bytes(hashlib.sha256(f"shard {name}".encode()).digest()[:8], "big") % self.of == self.number - 1

    def share(self, matched: MatchedFiles, skipped: Sequence[Skip]) -> tuple[MatchedFiles, list[Skip]]:
        """The names of this share, and the skips, each in one share only."""
        return matched.only(self.has), [skip for skip in skipped if self.has(skip.where)]


def parse_shard(text: str) -> Shard:
    """Read `2/8`; raises UsageError."""
    found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
    shard = Shard(int(found[1]), int(found[2])) if found else Shard(0, 0)
    if not 1 <= shard.number <= shard.of:
        what, to_do = "is not I/N with I from 1 to N", "Write it as 2/8 for the second of eight."
        raise UsageError(f"shard {text}", what, to_do, code="impossible-setting")
    return shard


@dataclass(frozen=True)
class MergeSummary:
    """What `merge` did: pairs `brought` to DEST in this call, those `kept`, and what the parts had skipped."""

    brought: int
    kept: int
    parts: int
    skipped: tuple[Skip, ...]
    dest: Path


def merge(
    parts: Sequence[Path | str], dest: Path | str, *, move: bool = False, report: Reporter = QUIET
) -> MergeSummary:
    """Bring the pairs of all `parts` to DEST, by copying, or by moving them, which empties the parts at the end.

    The parts must be made with the same halves, palette, size and fit, and have no name in common; none may be split
    yet, but for the splits that the sources gave, which are kept; of a pairing in shards all must be given. The same
    call again continues what was interrupted, or does nothing. Raises P2PError when pairs in two parts have the same
    name, a file is missing, or a shard is; and when another process writes in DEST, or in parts that are to be moved.
    """
    places, dest = [Path(part) for part in parts], Path(dest)
    _refuse_places(places, dest)
    emptied = places if move else []
    with contextlib.ExitStack() as held:
        for part in emptied:
            held.enter_context(hold_in_place(part))
        summary = _merge(places, dest, move=move, report=report)
    for part in emptied:
        _remove_if_empty(part)  # the lock was the last in it
    return summary


class _Target(NamedTuple):
    """DEST as it is found: its pairs, if it has any, and the stamps of their records from before these were read."""

    path: Path
    stamps: RecordStamps
    known: PairFolder | None


def _merge(places: Sequence[Path], dest: Path, *, move: bool, report: Reporter) -> MergeSummary:
    with report.tell("reading the manifests"):
        stamps = stamp_records(dest, HEADER, PAIR_LINES)
        target = _Target(dest, stamps, read_manifest(dest) if has_manifest(dest) else None)
        folders = _open_parts(places, target.known)
    moved = len(places) - len(folders)
    skipped = tuple(_read_skips([dest, *places] if moved else places))
    if folders:
        with report.tell("comparing names"):
            header, pairs = _common(folders, places), _plan(folders, moved)
        _note_ranges(folders, report)
        made, count = _bring(pairs, target, header, skipped, move=move, report=report), len(pairs)
    else:
        assert target.known is not None, "a part that is not there was moved to it"
        made, count = 0, len(target.known.pairs)
    if move or not folders:
        with report.tell("emptying the parts"):
            for folder in folders:
                _remove_pictures(folder)
            _empty(places)
    return MergeSummary(made, count - made, len(places), skipped, dest)


def _bring(
    pairs: "MergePlan", target: _Target, header: PairFolder, skipped: Sequence[Skip], *, move: bool, report: Reporter
) -> int:
    """Bring the pairs to DEST, with the manifest of which `header` says all but these; returns how many came now."""
    recipe = {"by": _BY, "parts": header.provenance["merged"], "move": move}
    with Destination(target.path, marker=HEADER, recipe=recipe, stamps=target.stamps, cheap=True) as destination:
        work = _Merge(destination, _old(target.known, header, pairs), pairs, move=move)
        done = work.run(pairs.values(), "merging", len(pairs), report=report)
        refuse(done.skipped, destination, to_do="Correct them and run the same command again.")
        with report.tell("writing the manifest"):
            whole = replace(header, path=target.path, pairs=tuple(map(work.record_of, work.names())))
            destination.commit(lambda at: write_manifest(whole, at=at), skipped=skipped)
    return done.made


def _refuse_places(parts: Sequence[Path], dest: Path) -> None:
    seen: set[Path] = set()
    for part in parts:
        place = part.resolve()
        if place in seen:
            raise UsageError(part, "is given twice", "Name each part once.", code="same-folder")
        seen.add(place)
    refuse_dest_inside(dest, *parts)


def _open_parts(parts: Sequence[Path], known: PairFolder | None) -> list[PairFolder]:
    """The parts that exist; one that an earlier call has moved to DEST completely does not."""
    merged = known.provenance.get("merged", []) if known else []
    folders = []
    for part in parts:
        if has_manifest(part):
            folders.append(_part(part))
        elif part.name not in merged:
            what, to_do = f"is not a pair folder (no {HEADER})", "Was its 'p2p data pair --shard' finished?"
            raise P2PError(part, what, to_do, code="not-a-pair-folder")
    return folders


def _part(path: Path) -> PairFolder:
    folder = read_manifest(path)
    if folder.provenance.get("by") != MADE_BY:
        what, to_do = f"was not made by '{MADE_BY}', so its settings are not known", "Pair its pictures again."
        raise UsageError(path, what, to_do, code="unknown-settings")
    placed = next((pair for pair in folder.pairs if pair.split not in (UNSPLIT, pair.given_split)), None)
    if placed:
        what = (
            f"is split already ('{placed.name}' is in {placed.split}), and parts that are split separately may test on "
            "what another part trains on"
        )
        raise UsageError(path, what, "Merge first, then split.", code="already-split")
    return folder


def _common(folders: Sequence[PairFolder], places: Sequence[Path]) -> PairFolder:
    """What all parts agree on, as a folder; ranges of values are widened to hold those of all, in whatever places."""
    first = folders[0]
    for folder in folders[1:]:
        mine, theirs = _recipe(first), _recipe(folder)
        if differing := differences(theirs, mine):
            raise UsageError(
                folder.path, f"was made with {differing} as {first.path}", "Pair it again.", code="other-settings"
            )
    provenance = {key: value for key, value in first.provenance.items() if key not in ("shard", "merged")}
    provenance["merged"] = sorted({part.name for part in places})
    a, b = _widen([each.a for each in folders]), _widen([each.b for each in folders])
    return replace(first, a=a, b=b, provenance=provenance)


def _recipe(folder: PairFolder) -> dict[str, Any]:
    halves = [replace(half, range=(0.0, 0.0)) for half in (folder.a, folder.b)]
    said = {key: folder.provenance.get(key) for key in ("size", "fit", "page", "exif", "nodata")}
    return {"halves": halves, "palette": folder.palette, **said}


def _note_ranges(folders: Sequence[PairFolder], report: Reporter) -> None:
    """Note parts whose values take up little of the range that all have: they may be of another scale."""
    for halves in ([each.a for each in folders], [each.b for each in folders]):
        spans = [half.range[1] - half.range[0] for half in halves]
        few, many = spans.index(min(spans)), spans.index(max(spans))
        if 0 < spans[few] * TIMES < spans[many]:
            own, other = ("{:.6g} to {:.6g}".format(*halves[each].range) for each in (few, many))
            report.note(
                f"{folders[few].path}: values of its half {halves[few].name} are {own}, those of {folders[many].path} "
                f"{other}, and all have one range now. If they are of two scales, bring them to one and pair again."
            )


def _widen(halves: Sequence[Half]) -> Half:
    low, high = min(half.range[0] for half in halves), max(half.range[1] for half in halves)
    return replace(halves[0], range=range_of(halves[0].dtype, low, high))


def _refuse_missing_shards(folders: Sequence[PairFolder], moved: int) -> None:
    """Raise when parts are shards of different pairings, or more are missing than were `moved` already."""
    shards = [parse_shard(said) for folder in folders if (said := folder.provenance.get("shard"))]
    counts = Counter(shard.of for shard in shards)
    if len(counts) > 1:
        kinds = " and ".join(map(str, sorted(counts)))
        what, to_do = f"the parts come from pairings in {kinds} shards", "Merge those of one pairing."
        raise UsageError(folders[0].path, what, to_do, code="mixed-shards")
    if shards:
        missing = sorted(set(range(1, shards[0].of + 1)) - {shard.number for shard in shards})
        if len(missing) > moved:
            what = f"is one of {shards[0].of} shards; not given: {', '.join(map(str, missing))}"
            raise P2PError(folders[0].path, what, "Name all of them.", code="missing-shard")


class MergePair(NamedTuple):
    """A pair of a part, and the pair `planned` that it becomes in DEST."""

    part: PairFolder
    pair: Pair
    planned: Pair

    @property
    def name(self) -> str:
        """The pair's name."""
        return self.pair.name


MergePlan = dict[str, MergePair]  # by name


def _plan(folders: Sequence[PairFolder], moved: int) -> MergePlan:
    """The pairs of all parts, beside those that were `moved`, and where each comes to lie."""
    _refuse_missing_shards(folders, moved)
    crowded = is_crowd(sum(len(folder.pairs) for folder in folders))
    store = store_of(folders[0].a, folders[0].b)
    planned: MergePlan = {}
    places: set[str] = set()  # of pairs whose split was given; those of the others are their names
    for folder in folders:
        for pair in folder.pairs:
            if pair.name in planned:
                other = planned[pair.name].part.path
                what = f"has a pair '{pair.name}', and so has {other}"
                raise P2PError(folder.path, what, "Rename one, or leave out one of the parts.", code="same-name")
            inside = _inside(pair, store)
            place = place_of(pair.name, pair.split, inside, crowded=crowded)
            if pair.given_split:
                if place in places:
                    place = place_of(pair.name, pair.split, pair.name, crowded=crowded)
                places.add(place)
            planned[pair.name] = MergePair(folder, pair, replace(pair, file=files_of(place, store)[0]))
    return dict(sorted(planned.items()))


def _inside(pair: Pair, store: Store) -> str:
    """Where a pair lies in the folder of its split, without the subfolder of a crowd and the suffix."""
    if not pair.given_split:
        return pair.name
    inside = pair.file.removeprefix(f"{pair.split}/").removeprefix(bucket_of(pair.name))
    return inside.removesuffix(files_of("", store)[0])


def _old(known: PairFolder | None, header: PairFolder, pairs: MergePlan) -> dict[str, Pair]:
    """The pairs of an existing DEST; it must have the same settings, and the same pairs under the same names."""
    if known is None:
        return {}
    if _recipe(known) != _recipe(header):
        what, to_do = "was made with other settings than the parts", "Choose another destination."
        raise UsageError(known.path, what, to_do, code="other-settings")
    old = {pair.name: pair for pair in known.pairs}
    for name, pair in old.items():
        if name in pairs and _look(pairs[name].pair) != _look(pair):
            what, to_do = f"has a different pair '{name}' from {pairs[name].part.path}", "Rename one of them."
            raise P2PError(known.path, what, to_do, code="same-name")
    return old


def _look(pair: Pair) -> str:
    """What tells a pair: the hash of its pixels, and of where it has no data."""
    return pair.hash if pair.nodata is None else f"{pair.hash} {pair.nodata}"


class _Merge(Work[MergePair, Pair, str]):
    """The pairs that one call copies or moves; a pair is recognised by the hash of its pixels."""

    listing = PAIR_LINES

    def __init__(self, destination: Destination, old: Mapping[str, Pair], pairs: MergePlan, *, move: bool) -> None:
        super().__init__(destination, old, pairs)
        self._move = move

    def list_sources(self, item: MergePair) -> Sequence[str]:
        """The pair's files in its part."""
        return [str(item.part.path / file) for file in item.pair.files]

    def sign(self, item: MergePair) -> str:
        """The hash that its part's manifest has."""
        return _look(item.pair)

    def is_current(self, record: Pair, item: MergePair, signature: str) -> bool:
        """Whether it is a pair of the same pixels."""
        return _look(record) == signature

    def make(self, item: MergePair, signature: str, known: Pair | None, *, stands: bool) -> Output[Pair] | None:
        """Copy or move its files, to where the pair lies in DEST if it was there before."""
        assert not stands, "a pair that stands has the same hash"
        planned = self.old.get(item.pair.name, item.planned)
        return Output(planned.files, partial(self._carry_files, self.list_sources(item), planned))

    def read_record(self, file: str, value: dict[str, Any]) -> Pair:
        """The pair."""
        return pair_from_json(value)

    def _carry_files(self, sources: Sequence[str], planned: Pair, paths: Sequence[Path]) -> Pair:
        for source, target in zip(sources, paths, strict=True):
            _carry(Path(source), target, move=self._move)
        return planned


def _carry(source: Path, target: Path, *, move: bool) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if move and _link(source, target):
            return
        with open_file(source) as file, atomic(target, durable=False) as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
    except FileNotFoundError as error:
        what = "is in the manifest, but does not exist"
        raise P2PError(source, what, "Pair that part again.", code="missing-pair") from error
    except OSError as error:
        raise cannot_write(target, error) from error


def _link(source: Path, target: Path) -> bool:
    """Give a picture a second name, if the file system can: the first goes when DEST is complete, so none is lost."""
    target.unlink(missing_ok=True)  # a kill came between the link and its record
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _read_skips(folders: Iterable[Path]) -> Iterable[Skip]:
    """What the parts had skipped, each once: DEST has the skips of the parts that were moved."""
    lines = (line for folder in folders if (folder / SKIPPED).is_file() for line in read_lines(folder / SKIPPED))
    return dict.fromkeys(map(skip_from_json, lines))


def _remove_pictures(part: PairFolder) -> None:
    for pair in part.pairs:
        for file in pair.files:
            (part.path / file).unlink(missing_ok=True)


def _empty(parts: Sequence[Path]) -> None:
    """Remove the rest of parts whose pictures are moved: their records, then folders that hold nothing else."""
    for part in parts:
        # The header first: without it a part is known to be moved.
        for note in (HEADER, PAIR_LINES, SKIPPED):
            (part / note).unlink(missing_ok=True)
        for split in (UNSPLIT, *SPLITS, NODATA_FOLDER):
            remove_empty_folders(part / split)
        _remove_if_empty(part)


def _remove_if_empty(place: Path) -> None:
    with contextlib.suppress(OSError):  # holds something else
        place.rmdir()
