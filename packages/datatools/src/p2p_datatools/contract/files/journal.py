"""The finished part of work that may be interrupted: a record for each file, in a journal on the disk.

Nothing here may hold more in memory than the names of files, where their records lie, and records not yet written.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from p2p_datatools.contract.files.atomic import OpenLines, append_lines, each_line
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import ForeignPlace

Record = dict[str, Any]


class Journal(Mapping[str, Record]):
    """The record of each finished file; one for which `is_there` is false is left out. Any thread may read or withdraw.

    A line is a file and its record, or null where the record before it does not count any more.
    """

    def __init__(self, path: Path, is_there: Callable[[str], bool]) -> None:
        self._path = path
        self._places: dict[str, int] = {}
        self._idle: set[str] = set()  # files that are gone, whose lines would count again if the files came back
        self._appending = threading.Lock()
        self._lines: OpenLines | None = None
        self.waiting: dict[str, Record] = {}
        if path.exists():
            self._read(is_there)

    def _read(self, is_there: Callable[[str], bool]) -> None:
        to_do = f"Was it edited? Delete the folder {self._path.parent}, and run the same command."
        at = ForeignPlace(self._path, to_do)
        for number, (place, line) in enumerate(each_line(self._path, torn_ok=True), start=1):
            name = f"line {number}"
            table = at.read_table(line, name)
            if not table.keys() >= {"file", "record"}:
                raise at.refuse(line, name, "the record of a file")
            file, record = relative_name(table["file"], self._path), table["record"]
            self._places.pop(file, None)
            self._idle.discard(file)
            if record is None:
                continue
            if not isinstance(record, dict):  # whose keys are looked at by whoever reads it
                raise at.refuse(record, f"the record in {name}", "a table")
            if is_there(file):
                self._places[file] = place
            else:
                self._idle.add(file)

    def __getitem__(self, file: str) -> Record:
        if (waiting := self.waiting.get(file)) is not None:
            return waiting
        place = self._places[file]
        if self._lines is None:
            self._lines = OpenLines(self._path)
        record: Record = self._lines.at(place)["record"]
        return record

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, file: object) -> bool:
        return file in self._places

    def add(self, file: str, record: Record) -> None:
        """Note the record of a file; it waits in memory for `write`."""
        self.waiting[file] = record
        self._places[file] = -1

    def remove(self, file: str) -> None:
        """Forget a file, whose record may stay in the journal: it counts only while the file is there."""
        del self._places[file]
        self.waiting.pop(file, None)
        self._idle.add(file)

    def withdraw(self, file: str) -> None:
        """Say durably that no earlier record counts for a file, before it is written again.

        Else a kill before its new record would leave the old one to count for the new content. A record that is known
        here can be read until the new one is added. Costs nothing for a file without an earlier record.
        """
        if file in self._places or file in self._idle:
            with self._appending:
                append_lines(self._path, [{"file": file, "record": None}])
            self._idle.discard(file)

    def write(self) -> None:
        """Make the waiting records durable."""
        waiting = self.waiting
        lines = ({"file": file, "record": record} for file, record in waiting.items())
        with self._appending:
            places = append_lines(self._path, lines)
        self._places |= dict(zip(waiting, places, strict=True))
        self.waiting = {}

    def close(self) -> None:
        """Close the file, which may then be deleted; records can no longer be read."""
        if self._lines is not None:
            self._lines.close()
