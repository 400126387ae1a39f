"""study.json: the configs of a study's arms and the names of their runs, so that it can be continued.

Nothing here may train; to continue with other settings or data is refused, with the differences.
"""

import re
from collections.abc import Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import is_temporary, read_json, write_json
from p2p_datatools.contract.files.lock import LOCK_FILES
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.config.parse import config_from_json

STUDY = "study.json"
_FORMAT, _VERSION = "p2p-experiments", 1
RUNS, JUDGE = "runs", "segmenter"
# The settings that may change on resume; the length of a run may not, since all arms have the same number of images.
_FREE = {name for name, each in settings_of(Config).items() if each.on_resume == "free"} - {"images", "epochs"}
_MOST = 5  # differences in an error


def slug(name: str) -> str:
    """An arm's name as the name of a folder."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def open_record(dest: Path, arms: Mapping[str, Config], judge: Config | None, data_hash: str) -> dict[str, str]:
    """Write the study's record or add to the existing one; returns the name of each arm's runs.

    Arms with the same config share it. Raises UsageError if DEST contains something else or another study, with the
    differences.
    """
    old, record = compare_record(dest, arms, judge, data_hash)
    if record != old or not (dest / STUDY).is_file():
        write_json(dest / STUDY, record)
    return {name: str(record["runs"][name]) for name in arms}


def compare_record(
    dest: Path, arms: Mapping[str, Config], judge: Config | None, data_hash: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The study's record as it is and as it will be; raises as `open_record` does and writes nothing."""
    old = _read(dest, data_hash)
    new = {name: config.to_json() for name, config in arms.items()}
    judges = {JUDGE: judge.to_json()} if judge else {}
    known: dict[str, Any] = {**old["arms"], **({JUDGE: old["judge"]} if old.get("judge") else {})}
    changed = [] if old["data_hash"] == data_hash else ["the pairs or their split"]
    changed += [
        words for name, config in {**judges, **new}.items() for words in _differences(name, known.get(name), config)
    ]
    if changed:
        more = f" and {len(changed) - _MOST} more" if len(changed) > _MOST else ""
        what = f"is a study with other settings: {'; '.join(changed[:_MOST])}{more}"
        to_do = "Repeat the first command to continue it, or choose another destination."
        raise UsageError(dest, what, to_do, code="other-settings")
    record = {**old, "arms": {**old["arms"], **new}, "judge": judges.get(JUDGE, old.get("judge"))}
    record["runs"] = _runs(record["arms"], old.get("runs", {}))
    return old, record


def _read(dest: Path, data_hash: str) -> dict[str, Any]:
    """The record in DEST, or an empty one where nothing has been trained with the recorded settings."""
    path = dest / STUDY
    new = {"format": _FORMAT, "version": _VERSION, "data_hash": data_hash, "arms": {}}
    if not path.is_file():
        _refuse_other_files(dest)
        return new
    record: dict[str, Any] = read_json(path)
    _refuse_no_record(path, record)
    runs, judge = record.get("runs", {}), record.get("judge") or {}
    tables = [judge, runs, *record["arms"].values()]
    whole = "data_hash" in record and all(isinstance(each, dict) for each in tables)
    if not whole or not runs.keys() <= record["arms"].keys():
        to_do = "If it was edited, restore a copy, or choose another destination."
        raise P2PError(path, "is damaged", to_do, code="damaged-file")
    for folder in runs.values():
        relative_name(folder, path)  # it becomes a path, and a list would fit nowhere
    if not (dest / RUNS).is_dir():
        return new
    for config in (*record["arms"].values(), *([judge] if judge else [])):
        _refuse_unreadable(path, config)
    return record


def _refuse_other_files(dest: Path) -> None:
    """Raise UsageError for a place without a record that holds more than a kill before the first one leaves."""
    if dest.exists() and (not dest.is_dir() or any(not _is_passing(each) for each in dest.iterdir())):
        what, to_do = f"holds other files and no {STUDY}", "Choose another destination."
        raise UsageError(dest, what, to_do, code="destination-taken")


def _refuse_no_record(path: Path, record: Any) -> None:
    """Raise P2PError for a file of JSON that is not the record of a study, or is that of a newer p2p."""
    if not isinstance(record, dict) or record.get("format") != _FORMAT or not isinstance(record.get("arms"), dict):
        raise P2PError(path, "is not the record of a study", "Choose another destination.", code="not-a-study")
    if record.get("version") != _VERSION:
        to_do = "Update p2p, or choose another destination."
        raise P2PError(path, "was written by a newer p2p", to_do, code="unknown-version")


def _is_passing(path: Path) -> bool:
    """Whether a file is there only while a study is being written, or after a kill."""
    return is_temporary(path) or path.name in LOCK_FILES


def _refuse_unreadable(path: Path, config: Mapping[str, Any]) -> None:
    """Raise P2PError for an arm's config that another version of p2p wrote."""
    try:
        config_from_json(config, where=str(path))
    except UsageError as error:
        to_do = "Continue it with the version of p2p that wrote it, or start again in another destination."
        raise P2PError(error.where, error.what, to_do, code=error.code) from error


def _differences(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[str]:
    if old is None:
        return []
    before = {**Config().to_json(), **old}  # a field that is newer than the record had its default value
    fields = [field for field in new if field not in _FREE and before[field] != new[field]]
    return [f"{field} of {name} was {before[field]}, now {new[field]}" for field in fields]


def _runs(arms: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """The name of each arm's runs: that of the first arm with the same config, so that nothing is trained twice."""
    runs = dict(known)
    for name, config in arms.items():
        same = next((other for other in runs if arms[other] == config), name)
        runs.setdefault(name, runs.get(same, _free(slug(name), set(runs.values()))))
    return runs


def _free(folder: str, taken: set[str]) -> str:
    """The folder, with a number if another arm has it."""
    further = (f"{folder}-{number}" for number in count(2))
    return next(each for each in chain([folder], further) if each not in taken)
