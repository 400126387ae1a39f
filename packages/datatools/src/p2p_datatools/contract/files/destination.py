"""A folder that is complete or does not exist: unfinished work lies in DEST.partial, and can be continued.

Nothing here may know what the files are; it knows their names, one record for each, and when to make them durable.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import catch_write_error, read_json, sync_folder, write_json
from p2p_datatools.contract.files.atomic import write_lines as write_json_lines
from p2p_datatools.contract.files.journal import Journal
from p2p_datatools.contract.files.lock import LOCK_FILES, FolderLock, hold
from p2p_datatools.contract.files.relative import LONGEST_NAME, relative_name
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.contract.words import plural

RECIPE, JOURNAL, SKIPPED = ".recipe.json", ".journal.jsonl", "skipped.jsonl"
_REFUSED = ".refused"  # says that the work ended with an error of its input, and was not interrupted
_CHEAP = 1000  # finished files that may be made again without asking, where a file takes milliseconds
BATCH = 64  # pictures that are flushed to the disk together
SECONDS = 10.0  # after which they are flushed, however few there are: a model may need long for each
_SYNCS = 16  # files that are flushed at the same time: a file system writes its own journal once for all of them


RecordStamps = dict[str, tuple[int, int, int] | None]  # by the record's name; None where there is none


def stamp_records(dest: Path, *names: str) -> RecordStamps:
    """What tells whether records of DEST were written again: that of a file, for each commit writes a new one."""
    stamps: RecordStamps = dict.fromkeys(names)
    for name in names:
        with contextlib.suppress(OSError):
            found = (dest / name).stat()
            stamps[name] = found.st_ino, found.st_mtime_ns, found.st_size
    return stamps


class Destination:
    """DEST and the work beside it; use as `with Destination(...) as destination`.

    `marker` is the file by which DEST is known as one of this kind: a DEST that holds anything else is refused.
    `recipe` is what the work depends on: a DEST.partial of another recipe is refused, unless that work was refused
    itself and is little, so that a wrong first try does not stand in the way of the right one. Each finished file is
    recorded with its own JSON value; `done` gives those of an earlier, interrupted call whose files are still there.
    """

    def __init__(
        self,
        dest: Path,
        *,
        marker: str,
        recipe: dict[str, Any],
        stamps: RecordStamps | None = None,
        cheap: bool = False,
    ) -> None:
        """`stamps` are of the records that the caller has read already; P2PError if another has changed them since.

        A call that was refused gives way to one with other settings if it has finished no file, or only `cheap` ones.
        """
        self.dest, self.partial = _places(dest)
        self._recipe_file = self.partial / RECIPE
        self._recipe, self._spared = recipe, _CHEAP if cheap else 1
        self.exists = _is_of_kind(self.dest, marker)
        self._committed = False
        self._flushed = time.monotonic()
        self._lock = FolderLock(self.partial)
        self._lock_partial()
        try:
            self.done = self._take_over(marker, stamps)
        except BaseException:
            self._unlock()
            raise

    def _lock_partial(self) -> None:
        """Take the lock of DEST.partial; raises P2PError when another process has it."""
        self._made = [each for each in (self.partial, *self.partial.parents) if not each.exists()]
        try:
            self._lock.take(to_do="Wait until it ends, or choose another destination.", code="destination-in-use")
            self._lock.sign()
        except P2PError as error:
            if error.code == "destination-in-use":
                raise
            return  # Where nothing can be written two processes do no harm; what has to be written will say so.
        except BaseException:  # Ctrl-C
            self._unlock()
            raise

    def _unlock(self) -> None:
        """Release the lock; DEST.partial and folders that were made for it are gone if they hold nothing else."""
        self._lock.release(remove=() if self._committed else LOCK_FILES)
        if not self._committed and _is_hollow(self.partial):
            for each in (self.partial, *self._made):  # a kill may have left DEST.partial
                with contextlib.suppress(OSError):
                    each.rmdir()

    def _take_over(self, marker: str, stamps: RecordStamps | None) -> Journal:
        """Take over what earlier calls have left; until it has the lock another process may have finished DEST."""
        with contextlib.suppress(OSError):  # a kill came between the renaming of DEST.partial and the end of it
            self._forget_work()
        before, self.exists = self.exists, _is_of_kind(self.dest, marker)
        if self.exists != before or (stamps is not None and stamps != stamp_records(self.dest, *stamps)):
            what = "was finished by another process in the meantime"
            raise P2PError(self.dest, what, "Run the same command again.", code="destination-in-use")
        return self._read_journal()

    def _read_journal(self) -> Journal:
        journal = self.partial / JOURNAL
        if not self.partial.exists():
            return Journal(journal, self._is_there)
        recipe, refused = self.partial / RECIPE, self.partial / _REFUSED
        other = not _is_hollow(self.partial) and (not recipe.is_file() or read_json(recipe) != self._recipe)
        if other and recipe.is_file() and refused.is_file() and len(Journal(journal, self._is_there)) < self._spared:
            _clear(self.partial, but=LOCK_FILES)
        elif other:
            what = "holds the unfinished work of another command or other settings"
            to_do = "Repeat that command to finish it, or delete the folder."
            raise UsageError(self.partial, what, to_do, code="unfinished-work")
        refused.unlink(missing_ok=True)
        for torn in self.partial.rglob(".*.tmp"):  # a kill left them
            torn.unlink(missing_ok=True)
        return Journal(journal, self._is_there)

    def _is_there(self, file: str) -> bool:
        # A commit that was cut off has moved some of the files already.
        return (self.partial / file).is_file() or (self.exists and (self.dest / file).is_file())

    def __enter__(self) -> "Destination":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        if isinstance(error, P2PError) and error.code != "cannot-write" and (self.partial / RECIPE).is_file():
            with contextlib.suppress(OSError):
                (self.partial / _REFUSED).touch()
        # Also after an error or Ctrl-C, so that what is finished need not be done again.
        try:
            with contextlib.suppress(P2PError):
                self.flush()
        finally:  # of a second Ctrl-C, too
            self.done.close()
            self._unlock()

    @property
    def begun(self) -> bool:
        """Whether there is work that waits for its commit, or the rest of a commit that was cut off."""
        return self.partial not in self._made or (self.partial / RECIPE).exists()

    def path(self, file: str) -> Path:
        """Where to write `file`, atomically but not durably: `record` sees to that.

        A record of an earlier call does not count for it any more. Raises P2PError for what is not a path below DEST,
        wherever it came from.
        """
        relative_name(file, self.dest, hidden=True)
        if not self._recipe_file.exists():
            write_json(self._recipe_file, self._recipe)
        place = self.partial / file
        if file in self.done and not place.exists():
            # A commit that was cut off has brought it to DEST, whose manifest must not take it for its own.
            (self.dest / file).unlink(missing_ok=True)
            sync_folder((self.dest / file).parent)
        self.done.withdraw(file)
        return place

    def holds(self, file: str) -> bool:
        """Whether `file` is finished: in DEST, or made by a call that was interrupted."""
        return file in self.done or (self.exists and (self.dest / file).is_file())

    def record(self, file: str, record: dict[str, Any]) -> None:
        """Note that `file` is finished; files are flushed together, then their records."""
        self.done.add(file, record)
        if len(self.done.waiting) >= BATCH or time.monotonic() - self._flushed >= SECONDS:
            self.flush()

    def forget(self, file: str, *, in_dest: bool = True) -> None:
        """Remove the finished `file` of an earlier call, which is not wanted any more.

        A commit that was cut off may have brought it to DEST; `in_dest` False leaves what lies there.
        """
        self.done.remove(file)
        for folder in (self.partial, self.dest) if in_dest else (self.partial,):
            (folder / file).unlink(missing_ok=True)

    def remove_unrecorded(self, *, but: str = "") -> None:
        """Delete what an interrupted call wrote but did not record: its sources are unknown; the folder `but` stays."""
        for path in self.partial.rglob("*"):
            file = path.relative_to(self.partial).as_posix()
            own = file in (RECIPE, JOURNAL, _REFUSED, *LOCK_FILES) or (but and file.startswith(f"{but}/"))
            if not own and file not in self.done and path.is_file():
                path.unlink()

    def flush(self) -> None:
        """Make the finished files durable, then their records."""
        self._flushed = time.monotonic()
        if not self.done.waiting:
            return
        with catch_write_error(self.partial):
            _sync_files([self.partial / file for file in self.done.waiting])
        self.done.write()

    def commit(self, write_manifest: Callable[[Path], None], *, skipped: Sequence[Skip] = ()) -> None:
        """Move the work to DEST: pictures, then `write_manifest(folder)`; after a kill the same call completes it."""
        self.flush()
        target = self.dest if self.exists else self.partial
        target.mkdir(parents=True, exist_ok=True)
        with catch_write_error(self.dest):
            if self.exists:
                for file in self.done:
                    move_file(self.partial / file, self.dest / file)
            write_manifest(target)
            self.done.close()
            _write_skipped(target / SKIPPED, skipped)
            if self.exists:
                _clear(self.partial)
            else:
                _become(self.partial, self.dest)
            # The records of the work go last, since until then they say what it is.
            self._forget_work()
            self._committed = True

    def _forget_work(self) -> None:
        """Remove from DEST what DEST.partial had besides the result."""
        own = (self.dest / name for name in (RECIPE, JOURNAL, _REFUSED, *LOCK_FILES))
        for note in (*own, *self.dest.glob(".*.tmp")):
            note.unlink(missing_ok=True)


def hold_in_place(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Let no other process of ours write in a folder that the block changes in place, nor a `Destination` of its name.

    Raises P2PError, which names the process that does.
    """
    folder = Path(os.path.realpath(folder))
    places = (folder, folder.with_name(folder.name + ".partial")) if folder.name else (folder,)
    return hold(*places, to_do="Wait until it ends, then run the same command.", code="folder-in-use")


def refuse_dest_inside(dest: Path, *folders: Path | None) -> None:
    """Raise UsageError when `dest` lies in one of the folders whose pictures are read."""
    for folder in folders:
        if folder and dest.resolve().is_relative_to(folder.resolve()):
            what = f"lies in {folder}, so that what is written would be read the next time"
            raise UsageError(dest, what, "Choose a destination outside it.", code="destination-inside-source")


_KEEP_GOING = "Correct them and run the same command again, or add --keep-going to continue without them."


def refuse(skipped: Sequence[Skip], destination: Destination, *, to_do: str = _KEEP_GOING) -> None:
    """Raise one P2PError that names the pictures that failed; do nothing if there are none."""
    if not skipped:
        return
    waiting = f"; the finished ones are kept in {destination.partial}" if destination.done else ""
    what = f"was not written, because {plural(len(skipped), 'picture')} failed{waiting}"
    raise P2PError(destination.dest, what, to_do, code="pictures-failed", parts=skipped)


def _places(dest: Path) -> tuple[Path, Path]:
    """DEST, for a link what it names, which may not exist yet, and DEST.partial; raises UsageError for no such name."""
    if dest.name in ("", ".."):
        what = "does not name a new folder"
        raise UsageError(dest, what, f"Name one, such as {dest / 'new'}.", code="unnamed-folder")
    if dest.is_symlink():
        dest = Path(os.path.realpath(dest))
    partial = dest.with_name(dest.name + ".partial")
    if len(os.fsencode(partial.name)) > LONGEST_NAME:
        what = f"is too long a name: with .partial it has more than {LONGEST_NAME} bytes"
        raise UsageError(dest, what, "Choose a shorter one.", code="name-too-long")
    return dest, partial


def _is_of_kind(dest: Path, marker: str) -> bool:
    """Whether DEST is there and holds `marker`; an empty folder counts as not there; anything else is refused."""
    if not dest.exists():
        return False
    if not dest.is_dir():
        raise UsageError(dest, "is a file, not a folder", "Choose another destination.", code="not-a-folder")
    if (dest / marker).is_file():
        return True
    if any(dest.iterdir()):
        what = f"holds something else (no {marker})"
        raise UsageError(dest, what, "Choose another destination.", code="destination-taken")
    return False


def _sync_files(paths: Sequence[Path]) -> None:
    """Make files durable; raises OSError when one is not."""
    for done in parallel_map(_sync_file, paths, threads=min(_SYNCS, len(paths))):
        assert done is None


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def move_file(source: Path, target: Path) -> bool:
    """Rename a file into a folder that may be missing; says whether it was there: a call before may have done so."""
    if there := source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
    return there


def remove_empty_folders(top: Path) -> None:
    """Remove what is empty of a folder and those below it; it may be missing."""
    below = sorted((place for place in top.rglob("*") if place.is_dir()), reverse=True)
    for place in (*below, top):
        with contextlib.suppress(OSError):  # not empty, or not there
            place.rmdir()


def _is_hollow(partial: Path) -> bool:
    """Whether a kill came before the work had even written its recipe."""
    if not partial.is_dir():
        return False
    return all(path.name.endswith(".tmp") or path.name in LOCK_FILES for path in partial.iterdir())


def _clear(partial: Path, *, but: Container[str] = ()) -> None:
    """Delete what is left of the work; the recipe goes last, since until then it says whose work this is.

    The files called `but` stay, and with them the folder.
    """
    if not partial.exists():
        return
    for path in partial.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (RECIPE, _REFUSED) and path.name not in but:
            path.unlink()
    (partial / RECIPE).unlink(missing_ok=True)
    (partial / _REFUSED).unlink(missing_ok=True)
    if not but:
        partial.rmdir()


def _write_skipped(path: Path, skipped: Sequence[Skip]) -> None:
    if skipped:
        write_json_lines(path, (vars(skip) for skip in skipped))
    else:
        path.unlink(missing_ok=True)


def _become(partial: Path, dest: Path) -> None:
    """Rename the finished work to DEST."""
    if dest.exists():
        dest.rmdir()
    partial.rename(dest)
    sync_folder(dest.parent)
