"""The work of exporting masks: files of their own for each picture, or one file into which all are joined.

Nothing here may know what a format's files hold, or find masks and photos.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.atomic import atomic, catch_write_error, sha256_file, write_bytes
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.files.opening import read_file
from p2p_datatools.contract.files.work import BUDGET, Output, Work
from p2p_datatools.contract.palette import IGNORE, IGNORED
from p2p_datatools.contract.pictures.header import decoded_bytes, photo_size
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import Budget, parallel_map
from p2p_datatools.exports.record import EXPORT_LINES, ExportLine, export_line
from p2p_datatools.exports.table import FileOfAll, FilePerPicture
from p2p_datatools.exports.values import ExportClasses, ExportPicture

_WEIGHT = 40  # bytes that a pixel may cost while its outlines are traced
_BODY = ".body.tmp"  # what is joined so far; a call that was killed leaves it, and the next one removes it


@dataclass(frozen=True)
class ExportJob:
    """A mask to export: its file, what its photo is called in the export, and the photo itself where it is known."""

    name: str
    mask: Path
    file_name: str
    photo: Path | None

    def picture(self, classes: ExportClasses) -> ExportPicture:
        """Read the mask; raises P2PError when it is damaged, or its photo is of another size."""
        mask = read_mask(self.mask, classes.palette)
        picture = ExportPicture(self.name, self.file_name, mask, classes)
        if IGNORED in classes.palette.names and (mask == IGNORE).any():
            what = f"has ignored pixels, which could not be told from a class called '{IGNORED}'"
            raise P2PError(self.mask, what, "Rename that class in palette.toml.", code="reserved-name")
        if self.photo and (size := photo_size(self.photo)) != picture.size:
            what = f"the mask is {picture.size}, but its photo {self.photo} is {size}"
            raise P2PError(self.mask, what, "Use the photo that it belongs to.", code="mask-size")
        return picture

    def weight(self) -> int:
        """The memory that it takes, in bytes."""
        return _WEIGHT * decoded_bytes(self.mask)


def _line(job: ExportJob, picture: ExportPicture, files: Sequence[str], sha256: str) -> ExportLine:
    ignored = int(np.count_nonzero(picture.mask == IGNORE))
    return ExportLine(job.name, job.file_name, tuple(files), sha256, len(picture.patches), ignored)


class FileWork(Work[ExportJob, ExportLine, str]):
    """The files of the pictures of one export; a mask is recognised by the hash of its file."""

    listing = EXPORT_LINES

    def __init__(
        self,
        destination: Destination,
        old: Mapping[str, ExportLine],
        jobs: Sequence[ExportJob],
        form: FilePerPicture,
        classes: ExportClasses,
    ) -> None:
        self._form, self._classes = form, classes
        super().__init__(destination, old, {job.name for job in jobs})

    def list_sources(self, item: ExportJob) -> Sequence[str]:
        """The mask."""
        return (str(item.mask),)

    def weight(self, item: ExportJob) -> int:
        """By the mask's own size."""
        return item.weight()

    def sign(self, item: ExportJob) -> str:
        """The hash of its file."""
        return sha256_file(item.mask)

    def is_current(self, record: ExportLine, item: ExportJob, signature: str) -> bool:
        """Whether it was made of a mask of these very bytes, for a photo of this name."""
        return record.sha256 == signature and record.photo == item.file_name

    def make(
        self, item: ExportJob, signature: str, known: ExportLine | None, *, stands: bool
    ) -> Output[ExportLine] | None:
        """Encode the mask; only the user may delete a file that stands and was made of another one."""
        picture, file = item.picture(self._classes), self._form.file(item.name)
        data = self._form.encode(picture)
        if stands:
            place = self.destination.dest / file
            if read_file(place) == data:
                return None
            what = "it, or the name of its photo, has changed since it was exported"
            raise P2PError(item.mask, what, f"Delete {place} to export it again.", code="source-changed")
        line = _line(item, picture, [file], signature)
        return Output([file], partial(_write, line, data))

    def read_record(self, file: str, value: dict[str, Any]) -> ExportLine:
        """The line of the picture."""
        return export_line(value, self.destination.partial)


def _write(line: ExportLine, data: bytes, paths: Sequence[Path]) -> ExportLine:
    write_bytes(paths[0], data, durable=False)
    return line


@dataclass(frozen=True)
class ExportResult:
    """What an export gave: the lines of all pictures by name, how many are new, and those that failed.

    `sha256` is the hash of the file of all pictures, empty where each has its own.
    """

    lines: Mapping[str, ExportLine]
    made: int
    skipped: tuple[Skip, ...]
    sha256: str = ""


class JoinWork:
    """One file for all pictures, which is written as a whole, and again only to add pictures to it.

    `old` are the lines of the file that DEST has, and `sha256` its hash when it was written.
    """

    def __init__(
        self,
        destination: Destination,
        old: Mapping[str, ExportLine],
        sha256: str,
        form: FileOfAll,
        classes: ExportClasses,
    ) -> None:
        self._destination, self._old, self._sha256 = destination, old, sha256
        self._form, self._classes = form, classes
        self._budget = Budget(BUDGET)

    def run(self, jobs: Sequence[ExportJob], *, report: Reporter = QUIET) -> ExportResult:
        """Write the file, unless that of DEST is of the same masks.

        Raises P2PError when DEST holds an export of masks that have changed since, or a file that was edited.
        """
        if self._destination.exists:
            hashes = parallel_map(self._hash, jobs)
            now = {job.name: (sha256, job.file_name) for job, sha256 in zip(jobs, hashes, strict=True)}
            known = {name: (line.sha256, line.photo) for name, line in self._old.items()}
            if now == known and (self._destination.dest / self._form.file).is_file():
                return ExportResult(self._old, 0, (), self._sha256)
            self._refuse_changed([name for name in known if now.get(name) != known[name]])
        return self._join(jobs, report)

    def _hash(self, job: ExportJob) -> str:
        try:
            return sha256_file(job.mask)
        except P2PError:
            return ""  # it is skipped when it is to be read

    def _refuse_changed(self, changed: Sequence[str]) -> None:
        dest = self._destination.dest
        if changed:
            what = f"was exported from other masks or for other photos; the first that has changed is {changed[0]}"
            to_do = "Delete it and export again, or choose another destination."
            raise P2PError(dest, what, to_do, code="source-changed")
        file = dest / self._form.file
        if file.is_file() and sha256_file(file) != self._sha256:
            what = "was edited since it was exported, so that no masks are added to it"
            raise P2PError(file, what, "Export to another destination.", code="edited-since")

    def _join(self, jobs: Sequence[ExportJob], report: Reporter) -> ExportResult:
        joiner, lines, skipped = self._form.joiner(), dict[str, ExportLine](), list[Skip]()
        path = self._destination.path(self._form.file)
        body = path.with_name(_BODY)
        with ExitStack() as at_end, catch_write_error(path):
            at_end.callback(body.unlink, missing_ok=True)
            with body.open("wb") as file, closing(parallel_map(self._enter, jobs)) as entries:
                for entry in report.track(entries, "masks", len(jobs)):
                    if isinstance(entry, Skip):
                        skipped.append(entry)
                        continue
                    line, made = entry
                    file.write(joiner.add(len(lines), made).encode())
                    lines[line.name] = line
            ignored = any(line.ignored for line in lines.values())
            with body.open("rb") as file, atomic(path) as whole:
                whole.write(joiner.head(self._classes, len(lines), ignored=ignored).encode())
                shutil.copyfileobj(file, whole)
                whole.write(joiner.tail.encode())
        before = self._old.keys() if (self._destination.dest / self._form.file).is_file() else set[str]()
        return ExportResult(lines, len(lines.keys() - before), tuple(skipped), sha256_file(path))

    def _weigh(self, job: ExportJob) -> int:
        try:
            return job.weight()
        except P2PError:
            return 0  # it cannot be read, which is reported when it is

    def _enter(self, job: ExportJob) -> tuple[ExportLine, Any] | Skip:
        try:
            with self._budget.room(self._weigh(job)):
                sha256, picture = sha256_file(job.mask), job.picture(self._classes)
                return _line(job, picture, [self._form.file], sha256), self._form.entry(picture)
        except UsageError:
            raise
        except P2PError as error:
            return skip_of(error, str(job.mask))
