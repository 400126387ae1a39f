"""The run folder: who may write it, what the run depends on, and the record of its losses.

Nothing here may train; it keeps run.json and stats.jsonl true, and a second process out.
"""

import json
import socket
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import append_lines, cannot_write, read_json, read_lines, write_json, write_lines
from p2p_gan.config import Config
from p2p_gan.settings import config_from_json

RUN, STATS, LOCK, SAMPLES = "run.json", "stats.jsonl", ".lock", "samples"
FORMAT, VERSION = "p2p-run", 1
# Settings that the machine decides when they are left alone.
AUTOMATIC = {"device": "auto", "precision": "auto", "threads": 0, "depth": 0, "batch": 0}
# What may differ when a run is continued: how long it lasts and how often it writes changes no update.
FREE = {
    *("images", "epochs", "log_every", "sample_every", "checkpoint_every", "checkpoint_minutes", "keep_checkpoints"),
    *("validate_every", "tensorboard", "recover"),
}


class RunFolder:
    """A run folder held by this process; the operating system's lock on it dies with the process."""

    def __init__(self, path: Path) -> None:
        """Refuse a place that holds something else; raises UsageError. Nothing is written yet."""
        self.path = path
        self.exists = (path / RUN).is_file()
        if path.exists() and not path.is_dir():
            raise UsageError(f"{path}: is a file, not a run folder. Choose another place for the run.")
        if not self.exists and path.exists() and any(each.name != LOCK for each in path.iterdir()):
            raise UsageError(f"{path}: holds something else (no {RUN}). Choose another place for the run.")
        self._lock = FileLock(path / LOCK)

    def hold(self) -> None:
        """Take the lock, creating the folder; raises P2PError when another process has it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise P2PError(
                f"{self.path}: another process is training into it (on {socket.gethostname()}, if the folder is not "
                "shared). Wait for it, stop it, or choose another run folder."
            ) from error
        except OSError as error:
            raise P2PError(cannot_write(self.path, error)) from error

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def read(self) -> dict[str, Any]:
        """What run.json says; raises P2PError when it is damaged or newer than this program."""
        value = read_json(self.path / RUN)
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise P2PError(f"{self.path / RUN}: is not the record of a run. Choose another run folder.")
        if not isinstance(value.get("version"), int) or value["version"] > VERSION:
            raise P2PError(
                f"{self.path / RUN}: was written by a newer p2p (format {value.get('version')}). Update p2p."
            )
        return value

    def write(self, values: dict[str, Any]) -> None:
        """Write run.json."""
        write_json(self.path / RUN, {"format": FORMAT, "version": VERSION, **values})

    def config(self) -> Config:
        """The config the run was started with, `auto` resolved."""
        return config_from_json(self.read().get("config"), where=str(self.path / RUN))

    def log(self, line: dict[str, Any]) -> None:
        """Add a line to the record."""
        append_lines(self.path / STATS, [line])

    def cut_log(self, images: int) -> None:
        """Drop what the record says beyond `images`, for it is computed again, and note the resumption."""
        path = self.path / STATS
        lines = read_lines(path, torn_ok=True) if path.exists() else []
        kept = [line for line in lines if line.get("images", line.get("resumed_at", 0)) <= images]
        write_lines(path, [*kept, {"resumed_at": images}])


def refuse_changes(run: Path, old: Config, new: Config, old_data: str, new_data: str) -> None:
    """Raise UsageError when a run would be continued with other settings or data, naming each difference.

    What was left on automatic now is what it became then.
    """
    before, after = old.to_json(), new.to_json()
    changed = [
        f"{name} was {_shown(before[name])}, now {_shown(after[name])}"
        for name in before
        if name not in FREE and before[name] != after[name] and after[name] != AUTOMATIC.get(name)
    ]
    if old_data != new_data:
        changed.append("the pairs or their split are not the same")
    if changed:
        raise UsageError(
            f"{run}: was started differently: {'; '.join(changed)}. Repeat the first command to resume, or choose "
            "another run folder."
        )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
