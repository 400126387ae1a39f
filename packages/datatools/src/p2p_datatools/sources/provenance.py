"""The record beside a fetched data set: its source, its terms, and the hash of every file.

Nothing here may change a fetched file; a record is written once and then only compared with the files.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, Problem, UsageError
from p2p_datatools.contract.files.atomic import read_json, sha256_file
from p2p_datatools.contract.origin import PROVENANCE
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.sources.catalog import CatalogEntry

_FORMAT = 1
_SHOWN = 20


@dataclass(frozen=True)
class Origin:
    """Where an archive came from: `via` is kaggle, mirror or path; `sha256` is that of an archive."""

    via: str
    address: str
    bytes: int | None = None
    sha256: str = ""
    version: str = ""


def note(
    entry: CatalogEntry, origin: Origin, files: dict[str, dict[str, Any]], sample: dict[str, int] | None
) -> dict[str, Any]:
    """The content of the record; `files` has bytes and sha256 of each, `sample` is None for the whole set."""
    return {
        "format": _FORMAT,
        "name": entry.name,
        "title": entry.title,
        "source": {key: value for key, value in vars(origin).items() if value},
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        "licence": entry.licence,
        "terms": entry.terms,
        "citation": entry.citation,
        "home": entry.home,
        "palette": entry.palette,
        "sample": sample,
        "files": dict(sorted(files.items())),
    }


def verify(dest: Path, entry: CatalogEntry, *, limit: int | None, seed: int, report: Reporter = QUIET) -> list[str]:
    """Compare every file in DEST with the record and return their names.

    Raises UsageError when DEST holds another set or sample, and P2PError naming the files that changed or are missing.
    """
    found = read_json(dest / PROVENANCE)
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, dict) or not all(_is_sound(*item) for item in files.items()):
        raise _no_record(dest)
    _refuse_other(dest, entry, found, limit, seed)
    wrong = []
    for file, expected in report.track(files.items(), "verifying", len(files)):
        problem = _problem(dest / file, expected)
        if problem:
            wrong.append(Problem(str(dest / file), problem, "Fetch it again.", "files-changed"))
    if wrong:
        what = f"{len(wrong)} of {plural(len(files), 'file')} not as fetched"
        raise P2PError(dest, what, "Delete the folder and fetch again.", code="files-changed", parts=wrong)
    return list(files)


def _no_record(dest: Path) -> P2PError:
    what, to_do = "is damaged or from another program", "Delete the folder and fetch again."
    return P2PError(dest / PROVENANCE, what, to_do, code="damaged-file")


def _is_sound(file: str, record: Any) -> bool:
    """Whether an entry of the record names a file below its folder, with size and hash."""
    outside = file.startswith("/") or ".." in file.split("/")
    return not outside and isinstance(record, dict) and {"bytes", "sha256"} <= record.keys()


def _refuse_other(dest: Path, entry: CatalogEntry, found: dict[str, Any], limit: int | None, seed: int) -> None:
    if found.get("name") != entry.name:
        what = f"holds {found.get('name')}, not {entry.name}"
        raise UsageError(dest, what, "Choose another destination.", code="destination-taken")
    there = found.get("sample")
    wanted = None if limit is None else {"limit": limit, "seed": seed}
    if there is not None and not isinstance(there, dict):
        raise _no_record(dest)
    if there is not None:
        there = {key: there.get(key) for key in ("limit", "seed")}
    if there != wanted:
        says = "the whole set" if there is None else f"a sample with --limit {there['limit']} --seed {there['seed']}"
        what = f"holds {says}"
        raise UsageError(dest, what, "Choose another destination, or delete the folder.", code="other-settings")


def _problem(path: Path, expected: dict[str, Any]) -> str:
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != expected["bytes"] or sha256_file(path) != expected["sha256"]:
        return "was changed"
    return ""
