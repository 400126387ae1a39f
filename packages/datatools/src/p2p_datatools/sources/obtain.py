"""Gets the archive of a data set from its source: a mirror, Kaggle, or a path on this disk.

Nothing here may use a network protocol itself or look into an archive.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.files.relative import is_relative_name
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.sources import download, kaggle
from p2p_datatools.sources.catalog import CatalogEntry
from p2p_datatools.sources.provenance import Origin
from p2p_datatools.sources.secrets import show_address
from p2p_datatools.sources.unpack import Limits

ON_DISK = "path"
DOWNLOADS = ".download"  # below DEST.partial, until everything is unpacked


@dataclass(frozen=True)
class FetchOptions:
    """How to fetch; `source` is kaggle, mirror, a path, or empty for the default of the set."""

    source: str = ""
    limit: int | None = None
    seed: int = 0
    unpack_limit: int = 1
    sleep: download.Sleep = time.sleep

    @property
    def limits(self) -> Limits:
        """The limits for unpacking."""
        return Limits().times(self.unpack_limit)


def obtain(
    entry: CatalogEntry, destination: Destination, how: FetchOptions, *, report: Reporter
) -> tuple[Path, Origin]:
    """The archive or folder on this disk, downloaded into DEST.partial if needed, and where it came from.

    Raises UsageError for a source that the set does not have, and P2PError when it cannot be downloaded.
    """
    source = how.source or next(iter(entry.sources), "")
    if source not in ("kaggle", "mirror"):
        return _on_disk(entry, source)
    if source not in entry.sources:
        what = f"{entry.name} has no such source"
        raise UsageError(f"--from {source}", what, f"Give one of {_ways(entry)}.", code="unknown-source")
    bring = {"mirror": _from_mirror, "kaggle": _from_kaggle}[source]
    return bring(entry, destination, how, report)


def _from_kaggle(
    entry: CatalogEntry, destination: Destination, how: FetchOptions, report: Reporter
) -> tuple[Path, Origin]:
    assert entry.kaggle is not None
    place = entry.kaggle
    others = tuple(word for word in entry.sources if word != "kaggle")
    ways = " or ".join([*(f"--from {word}" for word in others), "fetch the archive in a browser and use --from PATH"])
    instead = f"Another way: {ways}."
    kaggle.require_credentials(place.address, instead)
    folder = destination.path(f"{DOWNLOADS}/kaggle")
    path = kaggle.download_dataset(place.address, folder, instead=instead, report=report, sleep=how.sleep)
    size, digest = path.stat().st_size, sha256_file(path)
    if not place.fits(size, digest):
        path.unlink()
        what = f"gave {size} bytes with the SHA-256 {digest}; expected: {place.known}"
        to_do = "The file was deleted. Look at the page of the set for a new version."
        raise P2PError(place.address, what, to_do, code="hash-differs")
    return path, Origin("kaggle", place.address, size, digest)


def _ways(entry: CatalogEntry) -> str:
    return ", ".join([*entry.sources, "PATH, an archive or folder on this disk"])


def _from_mirror(
    entry: CatalogEntry, destination: Destination, how: FetchOptions, report: Reporter
) -> tuple[Path, Origin]:
    assert entry.mirror is not None
    name = urlsplit(entry.mirror.address).path.rpartition("/")[2]
    name = name if is_relative_name(name, suffix=".state") else entry.name
    folder = destination.path(f"{DOWNLOADS}/mirror")
    folder.mkdir(parents=True, exist_ok=True)
    got = download.download_file(entry.mirror, folder / name, report=report, sleep=how.sleep)
    return got.path, Origin("mirror", entry.mirror.shown, got.bytes, got.sha256, got.version)


def _on_disk(entry: CatalogEntry, source: str) -> tuple[Path, Origin]:
    to_do = f"Give one of {_ways(entry)}."
    if not source:
        raise UsageError(entry.name, "its entry names no source", to_do, code="missing-source")
    path = Path(source)
    if not path.exists():
        raise UsageError(
            f"--from {show_address(source) if '://' in source else source}",
            "there is no such file or folder",
            to_do,
            code="missing-path",
        )
    if path.is_dir():
        return path, Origin(ON_DISK, str(path.resolve()))
    return path, Origin(ON_DISK, str(path.resolve()), path.stat().st_size, sha256_file(path))
