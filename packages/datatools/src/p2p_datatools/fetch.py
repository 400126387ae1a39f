"""Brings known data sets to a folder, with a note of where they come from.

Nothing here may speak to a network itself (mirror and kaggle_client do), look into a picture, or write outside the
destination.
"""

import hashlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from p2p_datatools import kaggle_client, mirror
from p2p_datatools.arrange import Placed, arrange, sample
from p2p_datatools.catalog import Entry, known
from p2p_datatools.contract.destination import JOURNAL, RECIPE, Destination, Skip
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import atomic, sha256_file, write_json
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.sizes import Size
from p2p_datatools.provenance import PROVENANCE, Origin, note, verify
from p2p_datatools.synth import DEFAULT_SIZE
from p2p_datatools.synth_source import SYNTH_CARS, SYNTH_LICENCE, SYNTH_LIMIT, draw_cars
from p2p_datatools.unpack import Limits, contents_of

DOWNLOADS = ".download"  # below DEST.partial, until everything is unpacked
_CHUNK = 1 << 20


@dataclass(frozen=True)
class FetchSummary:
    """What was brought: `written` pictures or files are new, `kept` were there; a drawn photo and its labels are one.

    `next` is the command to type then; `skipped` is what the archive held and was left out, or is called otherwise.
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
            return f"{self.dest}: complete; all {self.kept} files are as they were fetched."
        what = "pictures" if self.name == SYNTH_CARS else "files"
        return f"{self.written} {what} written to {self.dest}, {self.kept} were there."


@dataclass(frozen=True)
class How:
    """What is asked for beyond name and place; `source` is kaggle, mirror, a path, or empty for what the set has."""

    source: str = ""
    limit: int | None = None
    seed: int = 0
    unpack_limit: int = 1
    sleep: mirror.Sleep = time.sleep


def fetch(
    name: str,
    dest: Path,
    *,
    source: str = "",
    limit: int | None = None,
    seed: int = 0,
    style: str = "studio",
    catalog: Path | None = None,
    unpack_limit: int = 1,
    report: Reporter = QUIET,
) -> FetchSummary:
    """Bring the data set `name` to `dest`; where it is there already, only compare every file with its note.

    `limit` takes a sample that follows from `seed`, `catalog` is a file of the user's own entries, and `unpack_limit`
    multiplies the limits that guard against archive bombs. Raises UsageError for a name or source that is not known
    and for a DEST that holds something else, and P2PError for what cannot be fetched or unpacked.
    """
    entry = known(name, catalog)
    if limit is not None and limit < 1:
        raise UsageError(f"limit={limit}: is less than one picture. Give 1 or more.")
    if name == SYNTH_CARS:
        if source:
            raise UsageError(f"--from {source}: {name} is drawn here, from nowhere. Leave it out.")
        return fetch_synth(dest, limit=limit or SYNTH_LIMIT, seed=seed, style=style, report=report)
    return fetch_entry(entry, dest, How(source, limit, seed, unpack_limit), report=report)


def fetch_synth(
    dest: Path,
    *,
    limit: int = SYNTH_LIMIT,
    seed: int = 0,
    style: str = "studio",
    size: Size = Size(*DEFAULT_SIZE),
    report: Reporter = QUIET,
) -> FetchSummary:
    """Draw cars as `draw_cars` does, and tell of it as of a fetched set."""
    written, kept = draw_cars(dest, limit=limit, seed=seed, style=style, size=size, report=report)
    return FetchSummary(SYNTH_CARS, dest, written, kept, SYNTH_LICENCE, known(SYNTH_CARS).next_command(dest))


def fetch_entry(entry: Entry, dest: Path, how: How, *, report: Reporter = QUIET) -> FetchSummary:
    """Bring what `entry` describes to `dest`; see `fetch`."""
    with Destination(dest, marker=PROVENANCE, recipe={"fetch": entry.name}) as destination:
        if destination.exists:
            _tidy(destination)
            kept = verify(dest, entry, limit=how.limit, seed=how.seed, report=report)
            return FetchSummary(entry.name, dest, 0, kept, entry.licence, entry.next_command(dest))
        archive, origin = _obtain(entry, destination, how, report)
        limits = Limits().times(how.unpack_limit)
        with contents_of(archive, limits) as contents:
            placed, there = sample(arrange(entry, contents.members, str(archive)), how.limit, how.seed)
            origin = Origin(**{**vars(origin), "version": origin.version or contents.version})
            kept = _forget_others(destination, placed, origin)
            _unpack(placed, destination, origin, report)
        _commit(entry, destination, origin, how, there)
    return FetchSummary(
        entry.name, dest, len(placed) - kept, kept, entry.licence, entry.next_command(dest), contents.skipped
    )


def _tidy(destination: Destination) -> None:
    """Remove what a kill right after the end has left of the work."""
    shutil.rmtree(destination.dest / DOWNLOADS, ignore_errors=True)
    if any((destination.dest / name).exists() for name in (RECIPE, JOURNAL)):
        destination.commit(lambda _: None)


def _obtain(entry: Entry, destination: Destination, how: How, report: Reporter) -> tuple[Path, Origin]:
    """The archive or folder on this disk, and where it came from."""
    source = how.source or next(iter(entry.sources), "")
    if source not in ("kaggle", "mirror"):
        return _on_disk(entry, source)
    if source not in entry.sources:
        raise UsageError(f"--from {source}: {entry.name} has no such source. It has {_ways(entry)}.")
    folder = destination.path(DOWNLOADS)
    if source == "mirror":
        assert entry.mirror is not None
        return _from_mirror(entry, folder, how, report)
    assert entry.kaggle is not None
    place = entry.kaggle
    others = tuple(word for word in entry.sources if word != "kaggle")
    instead = " or ".join([*(f"--from {word}" for word in others), "fetch the archive in a browser and --from PATH"])
    path = kaggle_client.download(place.address, folder, instead=instead, report=report, sleep=how.sleep)
    size, digest = path.stat().st_size, sha256_file(path)
    if not place.fits(size, digest):
        path.unlink()
        raise P2PError(
            f"{place.address}: what came has {size} bytes and the SHA-256 {digest}; known are {place.known}. It was "
            "deleted. Look at the page of the set for a new version."
        )
    return path, Origin("kaggle", place.address, size, digest)


def _ways(entry: Entry) -> str:
    return ", ".join([*entry.sources, "PATH, an archive or folder on this disk"])


def _from_mirror(entry: Entry, folder: Path, how: How, report: Reporter) -> tuple[Path, Origin]:
    assert entry.mirror is not None
    name = Path(urlsplit(entry.mirror.address).path).name or entry.name
    folder.mkdir(parents=True, exist_ok=True)
    got = mirror.download(entry.mirror, folder / name, report=report, sleep=how.sleep)
    return got.path, Origin("mirror", entry.mirror.address, got.bytes, got.sha256, got.version)


def _on_disk(entry: Entry, source: str) -> tuple[Path, Origin]:
    path = Path(source)
    if not source or not path.exists():
        said = f"--from {source}: there is no such file or folder" if source else f"{entry.name}: says no source"
        raise UsageError(f"{said}. Give one of {_ways(entry)}.")
    if path.is_dir():
        return path, Origin("path", str(path.resolve()))
    return path, Origin("path", str(path.resolve()), path.stat().st_size, sha256_file(path))


def _forget_others(destination: Destination, placed: Sequence[Placed], origin: Origin) -> int:
    """Drop what an earlier call unpacked from another archive or for another sample; gives the number of the rest."""
    wanted = {each.file: each.member.size for each in placed}
    for file, record in list(destination.done.items()):
        if record.get("from") != _mark(origin) or record.get("bytes") != wanted.get(file):
            destination.forget(file)
    return len(destination.done)


def _mark(origin: Origin) -> str:
    return origin.sha256 or origin.address


def _unpack(placed: Sequence[Placed], destination: Destination, origin: Origin, report: Reporter) -> None:
    """Write what is not there yet, in the archive's order, hashing each file on the way."""
    waiting = [each for each in placed if each.file not in destination.done]
    total = sum(each.member.size for each in placed)
    report.start("unpacking", total, total - sum(each.member.size for each in waiting), unit="bytes")
    try:
        for each in waiting:
            size, digest = _write(each, destination, report)
            destination.record(each.file, {"bytes": size, "sha256": digest, "from": _mark(origin)})
    finally:
        report.finish()


def _write(each: Placed, destination: Destination, report: Reporter) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with each.member.open() as source, atomic(destination.path(each.file), durable=False) as target:
        while block := source.read(_CHUNK):
            size += len(block)
            if size > each.member.size:
                raise P2PError(f"{each.member.name}: is longer than its archive says. It is not to be trusted.")
            target.write(block)
            digest.update(block)
            report.advance(len(block))
    if size != each.member.size:
        raise P2PError(f"{each.member.name}: is shorter than its archive says. Fetch the archive again.")
    return size, digest.hexdigest()


def _commit(entry: Entry, destination: Destination, origin: Origin, how: How, there: int) -> None:
    files: dict[str, dict[str, Any]] = {
        file: {key: record[key] for key in ("bytes", "sha256")} for file, record in destination.done.items()
    }
    taken = None if how.limit is None else {"limit": how.limit, "seed": how.seed, "of": there}
    content = note(entry, origin, files, taken)
    destination.commit(lambda folder: write_json(folder / PROVENANCE, content))
    # Last, for until then an interrupted call would have to fetch it again.
    shutil.rmtree(destination.dest / DOWNLOADS, ignore_errors=True)
