"""The lock of a folder that one process at a time may write; the operating system releases it when the process ends.

Nothing here may know what the folder holds.
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_write, lives, read_json, write_json

LOCK, OWNER = ".lock", ".owner.json"
LOCK_FILES = frozenset({LOCK, OWNER})
"""The files that a lock leaves in its folder while it is held, or after a kill."""

_LOOKS, _LOOK = 20, 0.05  # how often, and after how many seconds, the owner of a lock is looked for
_TRIES = 5  # of a lock whose folder is renamed or removed in the moment in which it is taken


class FolderLock:
    """The lock of `folder`, not yet taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: FileLock | None = None

    def take(self, *, to_do: str, code: str) -> None:
        """Take the lock of a folder, which is made if it is missing, and record who has it.

        Raises P2PError that names the process, the machine and the time if another process has it.
        """
        try:
            for _ in range(_TRIES):
                self.folder.mkdir(parents=True, exist_ok=True)
                lock = FileLock(self.folder / LOCK)
                lock.acquire(timeout=0)
                self._lock = lock
                if _is_in_place(self.folder / LOCK):
                    return
                self.release(remove=())  # its file was removed by who had it: another process could take a new one
            raise self._in_use(to_do, code)
        except Timeout as error:
            raise self._in_use(to_do, code) from error
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def sign(self) -> dict[str, Any]:
        """Record who has the lock, for those who are refused; gives what `owner` now says."""
        for torn in self.folder.glob(f".{OWNER}.*.tmp"):  # of one that was killed here, for only who has the lock signs
            with contextlib.suppress(OSError):
                torn.unlink()
        since = datetime.now(UTC).isoformat(timespec="seconds")
        signed = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        write_json(self.folder / OWNER, signed)
        return signed

    def owner(self) -> dict[str, Any] | None:
        """The process that has the lock, or had it when it was killed."""
        with contextlib.suppress(P2PError, KeyError, TypeError):
            found = read_json(self.folder / OWNER)
            return {name: found[name] for name in ("pid", "host", "since")}
        return None

    def release(self, *, remove: Iterable[str] = (OWNER,)) -> None:
        """Release the lock, and `remove` those of its files that are this folder's and not already another's."""
        if self._lock is None:
            return
        try:
            for name in remove:
                with contextlib.suppress(OSError):
                    (self.folder / name).unlink(missing_ok=True)
        finally:
            self._lock.release()
            self._lock = None

    def _in_use(self, to_do: str, code: str) -> P2PError:
        return P2PError(self.folder, f"is in use by {self._owner_in_words()}", to_do, code=code)

    def _living_owner(self) -> dict[str, Any] | None:
        """The process that has the lock, which may be about to write its name over that of one that was killed."""
        for _ in range(_LOOKS):
            owner = self.owner()
            if owner and not (_is_here(owner) and isinstance(owner["pid"], int) and not lives(owner["pid"])):
                return owner
            time.sleep(_LOOK)
        return None

    def _owner_in_words(self) -> str:
        owner = self._living_owner()
        if owner is None:
            return "another process (on this machine, or on one that shares the folder)"
        here = " (this machine)" if _is_here(owner) else ", which shares the folder,"
        return f"process {owner['pid']} on {owner['host']}{here} since {owner['since']}"


@contextlib.contextmanager
def hold(*folders: Path, to_do: str, code: str) -> Iterator[None]:
    """Have the locks of folders, which may be missing, during the block; nothing of them stays.

    A folder that cannot be written has no lock: there two processes do no harm. Raises P2PError as `FolderLock.take`.
    """
    with contextlib.ExitStack() as held:
        for folder in folders:
            made = [each for each in (folder, *folder.parents) if not each.exists()]
            lock = FolderLock(folder)
            held.callback(_let_go, lock, made)
            try:
                lock.take(to_do=to_do, code=code)
                lock.sign()
            except P2PError as error:
                if error.code == code:
                    raise
        yield


def _let_go(lock: FolderLock, made: Iterable[Path]) -> None:
    """Release a lock, and remove folders that were made for it and hold nothing else."""
    killed = lock.folder.name.endswith(".partial")  # left by a kill, if it is empty
    lock.release(remove=LOCK_FILES)
    for folder in [*made] or [lock.folder] * killed:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _is_here(owner: dict[str, Any]) -> bool:
    return bool(owner["host"] == socket.gethostname())


def _is_in_place(path: Path) -> bool:
    """Whether the lock file that was just locked still has its name: then a second lock of the name is refused."""
    if not path.exists():
        return False
    second = FileLock(path)
    try:
        second.acquire(timeout=0)
    except Timeout:
        return True
    second.release()
    return False
