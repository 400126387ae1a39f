"""What was measured of this machine, kept in the user's cache until the machine, torch or p2p is another.

Nothing here may know what was measured; a file that is damaged or was written for something else counts as none.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, write_json

_FORMAT, _VERSION = "p2p-measurement", 1
_DIGITS = 16  # of a hash in a file's name


def kept_folder() -> Path | None:
    """The folder: p2p in XDG_CACHE_HOME or else in ~/.cache; None where there is neither, or it cannot be written."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # A relative one is to be ignored (XDG Base Directory Specification).
        folder = (Path(named) if Path(named).is_absolute() else Path.home() / ".cache") / "p2p"
        nearest = next(each for each in (folder, *folder.parents) if each.exists())
    except (RuntimeError, OSError):
        return None
    writable = nearest.is_dir() and nearest != Path(nearest.anchor) and os.access(nearest, os.W_OK | os.X_OK)
    return folder if writable else None


def recall(key: dict[str, Any]) -> dict[str, Any] | None:
    """The values that were kept for this key, which says what was measured on which machine; None if there are none."""
    folder = kept_folder()
    return None if folder is None else _read(folder / _name(key), key)


def keep(key: dict[str, Any], values: dict[str, Any], *, replace: bool = False) -> dict[str, Any] | None:
    """Keep the values, unless there are some already and not `replace`; returns those that are kept now.

    None if nothing can be kept, such as on a disk that is read-only.
    """
    folder = kept_folder()
    if folder is None:
        return None
    path = folder / _name(key)
    # Another process may have measured the same in the meantime: all go on with the same values.
    if not replace and (found := _read(path, key)) is not None:
        return found
    with contextlib.suppress(P2PError, OSError):
        write_json(path, {"format": _FORMAT, "version": _VERSION, "key": key, "values": values})
    return _read(path, key)


def _name(key: dict[str, Any]) -> str:
    text = json.dumps(key, sort_keys=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}.json"


def _read(path: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    try:
        found = read_json(path)
    except P2PError:
        return None
    if not isinstance(found, dict) or (found.get("format"), found.get("version")) != (_FORMAT, _VERSION):
        return None
    values = found.get("values")
    same = found.get("key") == json.loads(json.dumps(key))
    return values if same and isinstance(values, dict) else None
