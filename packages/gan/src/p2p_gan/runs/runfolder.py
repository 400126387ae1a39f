"""The run folder: its lock, run.json with everything that the run depends on, and stats.jsonl with its losses.

Nothing here may train; it lets one process at a time write, and refuses to continue a run with other settings.
"""

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from types import UnionType
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import (
    append_lines,
    cannot_read,
    cannot_write,
    read_json,
    read_lines,
    sync_folder,
    write_json,
    write_lines,
)
from p2p_datatools.contract.files.lock import LOCK_FILES, FolderLock
from p2p_datatools.contract.foreign import MOST_WHOLE
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.settings import settings_of
from p2p_datatools.contract.words import path_word, plural
from p2p_gan import __version__
from p2p_gan.config.config import Config
from p2p_gan.config.parse import config_from_json
from p2p_gan.models.location import MODEL_FILE

RUN, STATS, SAMPLES = "run.json", "stats.jsonl", "samples"
TRAINED = "trained"  # the field of run.json that `mark_trained` writes
_FORMAT, _VERSION = "p2p-run", 1
_OTHER_FOLDER = "Choose another run folder."
_LOOKS, _LOOK = 5, 0.2  # how often, and after how many seconds, a run that is not in its place is looked for again
OF_ANOTHER_VERSION = "renamed-setting", "unknown-setting"  # codes of configs that another p2p wrote


class RunFolder:
    """A run folder that this process may lock; the operating system releases the lock when the process ends."""

    def __init__(self, path: Path) -> None:
        """Raise UsageError for a folder that holds something else or is not writable; nothing is written yet."""
        self.path = path
        try:
            self.exists = (path / RUN).is_file()
            strange = path.is_dir() and any(not _is_ours(each.name) for each in path.iterdir())
        except OSError as error:
            raise _no_rights(path, error.strerror) from error
        if path.exists() and not path.is_dir():
            raise UsageError(path, "is a file, not a run folder", _OTHER_FOLDER, code="not-a-folder")
        if path.is_symlink() and not path.exists():
            raise UsageError(
                path, f"is a link to {path.readlink()}, which does not exist", _OTHER_FOLDER, code="not-a-folder"
            )
        if not (above := _nearest_folder(path)).is_dir():
            raise UsageError(path, f"cannot be made, because {above} is a file", _OTHER_FOLDER, code="not-a-folder")
        if not self.exists and strange:
            raise UsageError(path, f"holds other files and no {RUN}", _OTHER_FOLDER, code="destination-taken")
        self._refuse_without_rights()
        self._lock, self._held = FolderLock(path), False
        self._signed: dict[str, Any] | None = None  # not asked again: a machine's name may change while it trains

    def _refuse_without_rights(self) -> None:
        """Raise P2PError if a part of the run is not writable, before training and not at the first checkpoint."""
        places = [self.path, *(self.path / name for name in (RUN, STATS, SAMPLES, "checkpoints"))]
        existing = [place for place in places if place.exists()] or [_nearest_folder(self.path)]
        for place in existing:
            if not os.access(place, os.R_OK | os.W_OK | (os.X_OK if place.is_dir() else 0)):
                if _is_read_only(place):
                    raise cannot_write(self.path, OSError(errno.EROFS, os.strerror(errno.EROFS)))
                raise _no_rights(place, "permission denied")

    def hold(self, report: Reporter = QUIET) -> None:
        """Create the folder, take its lock if this does not have it, and delete temporary files that a kill has left.

        Raises P2PError if another process has the lock, with its id, its machine and the time.
        """
        if self._held:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            sync_folder(self.path.parent)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._lock.take(to_do="Wait until it ends, stop it, or choose another run folder.", code="run-in-use")
        self._held = True
        if not self.exists and (self.path / RUN).exists():
            what = "another process has started a run in it in the meantime"
            raise P2PError(self.path, what, "Repeat the command.", code="run-in-use")
        self._warn_of_another_host(report)
        for torn in self.path.rglob(".*.tmp"):
            torn.unlink(missing_ok=True)
        self._signed = self._lock.sign()

    def _warn_of_another_host(self, report: Reporter) -> None:
        # On this machine the lock proves that the owner has ended; some shared file systems do not share locks.
        owner = self._lock.owner()
        if owner and owner["host"] != socket.gethostname():
            report.note(
                f"{self.path}: process {owner['pid']} on {owner['host']} has used this run folder since "
                f"{owner['since']} "
                "and has not released it. If it is still running, stop one of the two processes, since locks do not "
                "work on every shared disk."
            )

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()
        self._held = False

    def require_in_place(self) -> None:
        """Raise P2PError if the folder was moved, renamed or deleted while this process trains, or is now another's.

        What is written then would make a part of a run where it was, or damage the run that has its name now.
        """
        owner = self._lock.owner()
        if not self._is_in_place():
            what = "was moved, renamed or deleted while it was being trained"
            to_do = "If it was moved, continue it where it is now: p2p train PAIRS RUN."
            raise P2PError(self.path, what, to_do, code="run-moved")
        if self._signed and owner and owner != self._signed:
            what = f"was taken over by process {owner['pid']} on {owner['host']} while this process trained in it"
            to_do = "Let one of the two train; if the folder of this run was moved, continue it there."
            raise P2PError(self.path, what, to_do, code="run-moved")

    def _is_in_place(self) -> bool:
        # While a file is replaced or a server is slow, network and cloud disks may say for a moment that it is missing.
        for _ in range(_LOOKS):
            with contextlib.suppress(OSError):
                if (self.path / RUN).is_file():
                    return True
            time.sleep(_LOOK)
        try:
            return (self.path / RUN).is_file()
        except OSError as error:
            raise cannot_read(self.path / RUN, error) from error

    def read(self) -> dict[str, Any]:
        """Read run.json; raises P2PError if it is damaged or newer than this program."""
        return read_run_record(self.path)

    def write(self, values: dict[str, Any]) -> None:
        """Write run.json."""
        write_json(self.path / RUN, {"format": _FORMAT, "version": _VERSION, "p2p": __version__, **values})

    def mark_trained(self) -> None:
        """Record that the run has had a checkpoint: if all are gone one day, that is a loss and no beginning."""
        self.require_in_place()
        record = self.read()
        if not record.get(TRAINED):
            write_json(self.path / RUN, {**record, TRAINED: True})

    def forget(self) -> None:
        """Delete the record of a run that has not trained, so that another one may begin in its folder."""
        (self.path / RUN).unlink(missing_ok=True)
        (self.path / STATS).unlink(missing_ok=True)
        self.exists = False

    def make(self, name: str) -> None:
        """Make a folder inside the run folder, durably, so that a power cut does not lose it."""
        try:
            (self.path / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.path / name, error) from error
        sync_folder(self.path)

    def config(self) -> Config:
        """The config that the run was started with, `auto` resolved; raises P2PError if another version wrote it."""
        return read_run_config(self.path, self.read())

    def log(self, line: dict[str, Any]) -> None:
        """Append a line to stats.jsonl; raises P2PError if the folder is no longer in its place."""
        self.require_in_place()
        new = not (self.path / STATS).exists()
        append_lines(self.path / STATS, [line])
        if new:
            sync_folder(self.path)

    def cut_log(self, images: int, *, looked: bool = True, slowed: bool = False) -> None:
        """Delete the lines of stats.jsonl after a checkpoint, which are computed again, and add that it was resumed.

        The checkpoint is of `images` images; `looked` says that it has the scores of that image, `slowed` that the run
        had returned to a checkpoint before. Where it has not, a line of that image that says so is of after it.
        """
        later = {"diverged", *(() if looked else ("validation", "stopped")), *(() if slowed else ("recovered_from",))}

        def is_known(line: dict[str, Any]) -> bool:
            at = line.get("images", line.get("resumed_at", 0))
            return bool(at < images or (at == images and not later & line.keys()))

        write_lines(self.path / STATS, [*filter(is_known, read_stats(self.path)), {"resumed_at": images}])


def read_run_json(run: Path) -> Any:
    """Parse the run.json of a run folder, whatever it holds; raises P2PError for one that cannot be."""
    try:
        return read_json(run / RUN)
    except P2PError as error:
        if error.code != "damaged-json":
            raise
        # Written whole or not at all: what is cut off was copied so.
        command = f"p2p train PAIRS NEW --from {path_word(run / MODEL_FILE)}"
        to_do = f"Copy it again. The models beside it do without it; '{command}' goes on."
        raise P2PError(error.where, error.what, to_do, code=error.code) from error


def read_run_record(run: Path) -> dict[str, Any]:
    """Read the run.json of a run folder; raises P2PError if it is damaged or newer than this program."""
    value = read_run_json(run)
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        raise P2PError(run / RUN, "is not the record of a run", "Choose another run folder.", code="not-a-run")
    if not isinstance(value.get("version"), int) or value["version"] > _VERSION:
        what = f"was written by a newer p2p ({value.get('p2p', 'unknown')}, format {value.get('version')}; this "
        what += f"is {__version__})"
        raise P2PError(run / RUN, what, "Update p2p, or choose another run folder.", code="unknown-version")
    _refuse_damaged(run / RUN, value)
    return value


def find_recorded(run: Path, recorded: object) -> Path | None:
    """Where the pairs or the model are that the record of `run` names, with a path as it was typed; None if nowhere.

    They are there from here or from a folder above the run, where training was started; or beside the run, if both
    were moved.
    """
    place = Path(str(recorded or ""))
    started = (above / place for above in run.absolute().parents)
    places = (place, *started, run.resolve().parent / place.name)
    return next((each for each in places if each.exists()), None) if place.name else None


def read_run_config(run: Path, record: dict[str, Any]) -> Config:
    """The config in the `record` of a run, `auto` resolved; raises P2PError if another version wrote it."""
    try:
        return config_from_json(record.get("config"), where=str(run / RUN))
    except UsageError as error:
        to_do = "If it was edited, restore a copy, or choose another run folder."
        if error.code in OF_ANOTHER_VERSION:
            writer = f"p2p {record.get('p2p', 'of unknown version')}"
            to_do = f"Continue it with {writer}, which wrote it, or start again in another run folder."
        raise P2PError(error.where, error.what, to_do, code=error.code) from error


def read_stats(run: Path) -> list[dict[str, Any]]:
    """The lines of stats.jsonl, none if the file does not exist; raises P2PError for a line of another format."""
    path = run / STATS
    try:
        lines = read_lines(path, torn_ok=True) if path.exists() else []
    except P2PError as error:
        if error.code != "damaged-json":
            raise
        raise P2PError(error.where, error.what, _DELETE_LINE, code=error.code) from error
    for number, line in enumerate(lines, start=1):
        if not _is_line(line):
            raise P2PError(path, f"line {number} is not a line of a run's record", _DELETE_LINE, code="damaged-file")
    return [{_OLD_FIGURES.get(name, name): value for name, value in line.items()} for line in lines]


_DELETE_LINE = "Delete that line: a run continues from its checkpoints, for which the record is not needed."
_OLD_FIGURES = {"rate": "learning_rate"}  # by their names in the records of earlier versions


def _is_line(line: Any) -> bool:
    if not isinstance(line, dict) or not isinstance(line.get("validation", {}), dict):
        return False
    if "validation" in line and "images" not in line:  # by which scores are told apart
        return False
    whole = all(_is_figure(line.get(name, 0), int) for name in ("images", "resumed_at"))
    figures = {name: value for name, value in line.items() if name[:2] in ("d_", "g_") or name == "seconds"}
    return whole and all(_is_figure(value, int | float) for value in (figures | line.get("validation", {})).values())


def _is_figure(value: Any, kind: type | UnionType) -> bool:
    """Whether a value is a number that a float can be; NaN and infinity are what training may come to."""
    return isinstance(value, kind) and (not isinstance(value, int) or abs(value) <= MOST_WHOLE)


def refuse_changes(run: Path, old: Config, new: Config, changed_data: Sequence[str] = ()) -> None:
    """Raise UsageError with all differences if a run would be continued with other settings or data.

    A setting that is automatic in `new` may have any value in `old`.
    """
    before, after = old.to_json(), new.to_json()
    changed = [
        f"{name} was {_printable(before[name])}, now {_printable(after[name])}"
        for name, declared in settings_of(Config).items()
        if before[name] != after[name] and not declared.may_resume_with(after[name])
    ]
    if changed or changed_data:
        on = f", or go on with its weights there: p2p train PAIRS NEW --from {path_word(run)}" if changed_data else ""
        how = "Repeat the first command" if changed else "Restore the pairs"
        what = f"was started with other settings or pairs: {'; '.join([*changed, *changed_data])}"
        raise UsageError(run, what, f"{how} to resume, or choose another run folder{on or '.'}", code="other-settings")


def describe_splits(folder: PairFolder) -> dict[str, dict[str, Any]]:
    """The number of pairs in each split and their common hash, by which `changed_pairs` finds differences."""
    return {split: {"pairs": len(folder.of(split)), "hash": folder.hashes.splits[split]} for split in folder.splits}


def changed_pairs(record: dict[str, Any], folder: PairFolder) -> list[str]:
    """The differences of the pairs from those of run.json; empty if they are the same."""
    if record.get("data_hash") == folder.data_hash:
        return []
    before, now = record.get("splits") or {}, describe_splits(folder)
    found = []
    for split in sorted(before.keys() | now.keys()) if before else ():
        old, new = before.get(split, {"pairs": 0}), now.get(split, {"pairs": 0})
        if old["pairs"] != new["pairs"]:
            found.append(f"{split} had {plural(old['pairs'], 'pair')}, now {new['pairs']}")
        elif old != new:
            found.append(f"{split} has {plural(new['pairs'], 'pair')} as before, but not the same")
    return found or ["the pairs or their split are not the same"]


def _refuse_damaged(path: Path, record: dict[str, Any]) -> None:
    """Raise P2PError if a field of run.json that other code reads has a wrong type."""
    splits = record.get("splits", {})
    found = {
        "pairs": isinstance(record.get("pairs", ""), str),
        "machine": isinstance(record.get("machine", {}), dict),
        "splits": isinstance(splits, dict)
        and all(isinstance(each, dict) and isinstance(each.get("pairs"), int) for each in splits.values()),
    }
    for name, fine in found.items():
        if not fine:
            to_do = "If it was edited, restore a copy, or choose another run folder."
            raise P2PError(path, f"is damaged: its field {name} has a wrong type", to_do, code="damaged-file")


def _printable(value: object) -> str:
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value)


def _is_ours(name: str) -> bool:
    """Whether a process that was killed before it wrote run.json may have left this file."""
    return name in LOCK_FILES or (name.startswith(".") and name.endswith(".tmp"))


def _no_rights(path: Path, why: str | None) -> P2PError:
    to_do = "Change its permissions, or choose another run folder."
    return P2PError(path, f"is not readable and writable: {why}", to_do, code="no-rights")


def _is_read_only(place: Path) -> bool:
    """Whether the disk of an existing file or folder can be read only, so that no permission would help."""
    return hasattr(os, "statvfs") and bool(os.statvfs(place).f_flag & os.ST_RDONLY)


def _nearest_folder(path: Path) -> Path:
    path = path.absolute()
    return path if path.exists() else _nearest_folder(path.parent)
