"""Brings known data sets to a folder, with a record of where they come from.

Nothing here may use the network itself (`download` and `kaggle` do), read a picture, or write outside the destination.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import atomic, write_json
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.files.listing import is_picture_name
from p2p_datatools.contract.origin import PROVENANCE
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.sources.arrange import PlacedFile, arrange, draw_sample, missing_pictures, refuse_empty
from p2p_datatools.sources.catalog import CatalogEntry, find_entry
from p2p_datatools.sources.obtain import DOWNLOADS, ON_DISK, FetchOptions, obtain
from p2p_datatools.sources.provenance import Origin, note, verify
from p2p_datatools.sources.synthetic import SYNTH_CARS, SYNTH_LICENCE, SYNTH_LIMIT, draw_cars
from p2p_datatools.sources.unpack import DamagedError, contents_of
from p2p_datatools.synth import DEFAULT_SIZE

_CHUNK = 1 << 20


@dataclass(frozen=True)
class FetchSummary:
    """What was fetched: `written` pictures or files are new, `kept` existed; a drawn photo and its labels count as one.

    `next` is the command to run next; `skipped` is what was left out of the archive, or renamed.
    """

    name: str
    dest: Path
    written: int
    kept: int
    licence: str
    next: str = ""
    skipped: tuple[Skip, ...] = ()

    @property
    def outcome(self) -> str:
        """What was done, in a line."""
        if not self.written and self.name != SYNTH_CARS:
            return f"{self.dest}: complete; {plural(self.kept, 'file is', 'files are')} as fetched."
        what = "picture" if self.name == SYNTH_CARS else "file"
        return f"{plural(self.written, what)} written to {self.dest}, {self.kept} kept."


def fetch(
    name: str,
    dest: Path | str,
    *,
    source: str = "",
    limit: int | None = None,
    seed: int = 0,
    style: str = "studio",
    catalog: Path | str | None = None,
    unpack_limit: int = 1,
    report: Reporter = QUIET,
) -> FetchSummary:
    """Bring the data set `name` to `dest`; if it is there already, only compare every file with its record.

    `limit` takes a sample that follows from `seed`, `catalog` is a file of the user's own entries, and `unpack_limit`
    multiplies the limits that guard against archive bombs. Raises UsageError for a name or source that is not known
    and for a DEST that holds something else, and P2PError for what cannot be fetched or unpacked.
    """
    dest = Path(dest)
    entry = find_entry(name, Path(catalog) if catalog else None)
    if limit is not None and limit < 1:
        raise UsageError(f"limit={limit}", "is less than one picture", "Give 1 or more.", code="impossible-setting")
    if name == SYNTH_CARS:
        if source:
            what = f"{name} is drawn on this machine, and has no source"
            raise UsageError(f"--from {source}", what, "Leave it out.", code="needless-option")
        return fetch_synth(dest, limit=limit or SYNTH_LIMIT, seed=seed, style=style, report=report)
    if style != "studio":
        raise UsageError(f"--style {style}", f"is for {SYNTH_CARS} only", "Leave it out.", code="needless-option")
    return fetch_entry(entry, dest, FetchOptions(source, limit, seed, unpack_limit), report=report)


def fetch_synth(
    dest: Path,
    *,
    limit: int = SYNTH_LIMIT,
    seed: int = 0,
    style: str = "studio",
    size: Size = Size(*DEFAULT_SIZE),
    report: Reporter = QUIET,
) -> FetchSummary:
    """Draw cars as `draw_cars` does, with the summary of a fetched set."""
    written, kept = draw_cars(dest, limit=limit, seed=seed, style=style, size=size, report=report)
    return FetchSummary(SYNTH_CARS, dest, written, kept, SYNTH_LICENCE, find_entry(SYNTH_CARS).next_command(dest))


def fetch_entry(entry: CatalogEntry, dest: Path, how: FetchOptions, *, report: Reporter) -> FetchSummary:
    """Bring what `entry` describes to `dest`; see `fetch`."""
    with Destination(dest, marker=PROVENANCE, recipe={"fetch": entry.name}) as destination:
        if destination.exists:
            shutil.rmtree(dest / DOWNLOADS, ignore_errors=True)  # a kill came at the very end of the work
            files = verify(dest, entry, limit=how.limit, seed=how.seed, report=report)
            return FetchSummary(entry.name, dest, 0, len(files), entry.licence, _next(entry, dest, files, how))
        archive, origin = obtain(entry, destination, how, report=report)
        with _fetchable_again(archive, origin), contents_of(archive, how.limits, report=report) as contents:
            everything = arrange(entry, contents.members, str(archive))
            refuse_empty(everything, str(archive))
            placed, there = draw_sample(everything, how.limit, how.seed)
            if how.limit is None or how.limit > there:
                _compare(entry, everything, there, archive, report)
            origin = replace(origin, version=origin.version or contents.version)
            kept = _forget_others(destination, placed, origin)
            _unpack(placed, destination, origin, report)
        _commit(entry, destination, origin, how, there)
    following = _next(entry, dest, [each.file for each in placed], how)
    return FetchSummary(entry.name, dest, len(placed) - kept, kept, entry.licence, following, contents.skipped)


def _compare(entry: CatalogEntry, placed: Sequence[PlacedFile], there: int, archive: Path, report: Reporter) -> None:
    """Raise P2PError when there are fewer pictures than the catalogue says; only note it where that is unverified."""
    lacking, doubtful = missing_pictures(entry, placed)
    if lacking:
        what = f"holds {' and '.join(lacking)} that {entry.name} has"
        to_do = f"Fetch the whole archive, or take what is there as a sample with --limit {there}."
        raise P2PError(archive, what, to_do, code="incomplete-data-set")
    for words in doubtful:
        report.note(f"{archive}: holds {words} that {entry.name} is said to have.")


def _next(entry: CatalogEntry, dest: Path, files: Iterable[str], how: FetchOptions) -> str:
    """The command to run next. A sample keeps all annotations, also those of photos that it does not have."""
    command = entry.next_command(dest)
    annotated = any(file.startswith("labels/") and not is_picture_name(file) for file in files)
    return f"{command} --keep-going" if annotated and how.limit is not None else command


@contextlib.contextmanager
def _fetchable_again(archive: Path, origin: Origin) -> Iterator[None]:
    """Delete a downloaded archive that turns out to be damaged, so that the same call fetches it anew."""
    try:
        yield
    except DamagedError as error:
        if origin.via == ON_DISK:
            raise
        archive.unlink(missing_ok=True)
        to_do = "The download was deleted: run the same command again to repeat it."
        raise P2PError(error.where, error.what, to_do, code=error.code) from error


def _forget_others(destination: Destination, placed: Sequence[PlacedFile], origin: Origin) -> int:
    """Delete what an earlier call unpacked of another archive or sample, or without a record; returns how many stay."""
    destination.remove_unrecorded(but=DOWNLOADS)
    wanted = {each.file: each.member.size for each in placed}
    for file, record in list(destination.done.items()):
        if record.get("from") != _mark(origin) or record.get("bytes") != wanted.get(file):
            destination.forget(file)
    return len(destination.done)


def _mark(origin: Origin) -> str:
    return origin.sha256 or origin.address


def _unpack(placed: Sequence[PlacedFile], destination: Destination, origin: Origin, report: Reporter) -> None:
    """Write the missing files, in the archive's order, and hash each."""
    waiting = [each for each in placed if each.file not in destination.done]
    total = sum(each.member.size for each in placed)
    report.start("unpacking", total, total - sum(each.member.size for each in waiting), unit="bytes")
    try:
        for each in waiting:
            size, digest = _write(each, destination, report)
            destination.record(each.file, {"bytes": size, "sha256": digest, "from": _mark(origin)})
    finally:
        report.finish()


def _write(each: PlacedFile, destination: Destination, report: Reporter) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with each.member.open() as source, atomic(destination.path(each.file), durable=False) as target:
        while block := source.read(_CHUNK):
            size += len(block)
            if size > each.member.size:
                to_do = "Do not trust the archive; get it elsewhere."
                raise P2PError(each.member.name, "is longer than its archive says", to_do, code="untrusted-archive")
            target.write(block)
            digest.update(block)
            report.advance(len(block))
    if size != each.member.size:
        what = "is shorter than its archive says"
        raise P2PError(each.member.name, what, "Fetch the archive again.", code="damaged-file")
    return size, digest.hexdigest()


def _commit(entry: CatalogEntry, destination: Destination, origin: Origin, how: FetchOptions, there: int) -> None:
    files: dict[str, dict[str, Any]] = {
        file: {key: record[key] for key in ("bytes", "sha256")} for file, record in destination.done.items()
    }
    taken = None if how.limit is None else {"limit": how.limit, "seed": how.seed, "of": there}
    content = note(entry, origin, files, taken)
    destination.commit(lambda folder: write_json(folder / PROVENANCE, content))
    # Last, since without it an interrupted call would have to download it again.
    shutil.rmtree(destination.dest / DOWNLOADS, ignore_errors=True)
