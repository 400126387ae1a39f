"""Resumable work on many files: what exists is kept, the rest is made by threads in bounded memory, and recorded.

Nothing here may know what a file holds or how it is made; a kind of work defines that by the methods that it overrides.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.destination import JOURNAL, Destination
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.lazy import LazyMapping
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import Budget, parallel_map
from p2p_datatools.contract.words import path_word, plural

BUDGET = 400 << 20  # bytes of pictures in work at once; a larger one is made alone
_MOST_DELETED = 100  # files that a command in an error deletes
_AHEAD = 32  # items per thread that may be finished before their turn, while files are flushed to the disk


class FileRecord(Protocol):
    """What is recorded of an item: its name, the files made of it, and what decides later whether they are current."""

    @property
    def name(self) -> str:
        """The item's name, which is unique."""

    @property
    def files(self) -> Collection[str]:
        """The files made of it, as paths below DEST."""

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON value."""


class WorkItem(Protocol):
    """What files are made of."""

    @property
    def name(self) -> str:
        """The name by which it is known again, which is unique."""


Item = TypeVar("Item", bound=WorkItem)
RecordT = TypeVar("RecordT", bound=FileRecord)
Signature = TypeVar("Signature")


@dataclass(frozen=True)
class Output(Generic[RecordT]):
    """What was made of an item and is to be written: `write` is given the paths of `files`, and gives the record."""

    files: Sequence[str]
    write: Callable[[Sequence[Path]], RecordT]


State = Literal["made", "resumed", "kept"]


@dataclass(frozen=True)
class _Outcome(Generic[Item, RecordT]):
    """The outcome for one item: `made` now, `resumed` from an interrupted call, `kept` as it is in DEST, or skipped."""

    item: Item
    result: tuple[State, RecordT] | Skip


@dataclass(frozen=True)
class Summary:
    """The outcome for all items: how many of each state, and those that were skipped, in their order."""

    made: int
    resumed: int
    kept: int
    skipped: tuple[Skip, ...]


class Work(ABC, Generic[Item, RecordT, Signature]):
    """One kind of work: for each item some files of DEST and a record, of which the destination keeps a journal.

    `old` are the records of what DEST holds, by name, and `names` the names of all items of this call; the weights of
    items in work at once stay within `budget`. What an interrupted call made is taken over where its record is current;
    what it made of items that are gone since, or wrote without a record, is removed. Only names are held in memory. Any
    thread may call `sign`, `is_current` and `make`; where these raise P2PError the item is skipped, but a UsageError
    ends the call, as does an error in writing.
    """

    listing: str  # the file of DEST that has its records, to name in errors
    is_remade = True  # whether what was made of a changed item is made again once its files are deleted

    def __init__(
        self, destination: Destination, old: Mapping[str, RecordT], names: Container[str], *, budget: int | None = None
    ) -> None:
        self.destination, self.old, self._asked = destination, old, names
        self._budget = Budget(BUDGET if budget is None else budget)
        self._begun: dict[str, str] = {}  # of what this work has made so far: the first file by the item's name
        destination.remove_unrecorded()
        for file in list(destination.done):
            if file not in destination.done:
                continue  # forgotten with another file of its item
            record = self._read(file)
            whole = all(each in destination.done for each in record.files)
            if whole and (record.name in names or record.name in old):
                self._begun.setdefault(record.name, file)
            else:
                self._forget(record.files, beside_old=record.name in old)

    @abstractmethod
    def list_sources(self, item: Item) -> Sequence[str]:
        """The files that it is made of, which errors speak of; the first is the item's own."""

    def weight(self, item: Item) -> int:
        """The approximate peak memory of making it, in bytes; 0 if that is little, or bounded in another way."""
        return 0

    @abstractmethod
    def sign(self, item: Item) -> Signature:
        """What the item's files depend on, without making them."""

    @abstractmethod
    def is_current(self, record: RecordT, item: Item, signature: Signature) -> bool:
        """Whether what was recorded is up to date."""

    @abstractmethod
    def make(self, item: Item, signature: Signature, known: RecordT | None, *, stands: bool) -> Output[RecordT] | None:
        """Make what is to be written.

        `known` is the record of an earlier call, which is out of date. If it `stands`, its files are in DEST and are
        not overwritten unasked: return None to keep them, if making them again gives the same, else raise P2PError.
        """

    @abstractmethod
    def read_record(self, file: str, value: dict[str, Any]) -> RecordT:
        """Read the record of a file, as `to_json` gave it."""

    def _read(self, file: str) -> RecordT:
        """The record of a file out of the journal, which somebody may have edited."""
        journal = self.destination.partial / JOURNAL
        to_do = f"If it was edited, delete the folder {self.destination.partial}, and run the same command."
        with catch_decoder(journal, f"its record of {file} is damaged", to_do):
            return self.read_record(file, self.destination.done[file])

    def run(
        self, items: Iterable[Item], what: str, total: int, *, threads: int | None = None, report: Reporter = QUIET
    ) -> Summary:
        """Make the files of each item, on all cores unless `threads` says otherwise.

        Records follow the items' order. When the work is interrupted, by an error or Ctrl-C, what was recorded stays,
        and no further item is begun.
        """
        states: Counter[str] = Counter()
        skipped: list[Skip] = []
        changed: dict[int, RecordT] = {}  # by the place among what is skipped
        with closing(parallel_map(self._bring, self._admit(items), threads=threads, ahead=_AHEAD)) as outcomes:
            for outcome in report.track(outcomes, what, total):
                name = outcome.item.name
                if isinstance(outcome.result, Skip):
                    self._drop(name)
                    if outcome.result.code == "source-changed" and self.is_remade and name in self.old:
                        changed[len(skipped)] = self.old[name]
                    skipped.append(outcome.result)
                    continue
                state, record = outcome.result
                states[state] += 1
                if state == "made":
                    self._record(name, record)
        for place, to_do in self._advise(changed):
            skipped[place] = replace(skipped[place], to_do=to_do)
        return Summary(states["made"], states["resumed"], states["kept"], tuple(skipped))

    def _advise(self, changed: Mapping[int, RecordT]) -> Iterator[tuple[int, str]]:
        """For each of several changed items what to do about all of them: they are made again by one command."""
        files = [self.destination.dest / file for record in changed.values() for file in record.files]
        if len(changed) > 1 and len(files) <= _MOST_DELETED:
            typed = " ".join(map(path_word, files))
            yield from dict.fromkeys(
                changed, f"Delete what was made of them, and run the same command: rm {typed}"
            ).items()

    def names(self) -> Sequence[str]:
        """The names of all that DEST held and of all that was made since."""
        return [*self.old, *(name for name in self._begun if name not in self.old)]

    def record_of(self, name: str) -> RecordT:
        """The record of a name: as this work made it, else as it was."""
        return self._begun_record(name) or self.old[name]

    def present(self) -> Iterator[str]:
        """The names of all whose files are there."""
        return (name for name in self.names() if name in self._begun or self._is_in_dest(self.old[name]))

    def note_rest(self, report: Reporter) -> None:
        """Note what DEST has of items that this call was not given: they may have been taken out on purpose."""
        rest = [record for name, record in self.old.items() if name not in self._asked]
        stay = [next(iter(record.files)) for record in rest if self._is_in_dest(record)]
        if stay:
            number = plural(len(stay), "file of an earlier call stays", "files of earlier calls stay")
            report.note(
                f"{self.destination.dest}: {number}, of which nothing is given now; the first is {stay[0]}. Delete "
                "what is not meant to be there, and run the same command again."
            )
        if lost := len(rest) - len(stay):
            number = plural(lost, "deleted file is", "deleted files are")
            report.note(f"{self.destination.dest}: {number} no longer in {self.listing}.")

    def records(self) -> Mapping[str, RecordT]:
        """The records of all whose files are there, by name; they are read one by one, and not after the commit."""
        return LazyMapping(dict.fromkeys(self.present()), self.record_of)

    def _admit(self, items: Iterable[Item]) -> Iterator[tuple[Item, int]]:
        """Yield items when there is memory for them: more threads would each keep the memory of their last picture."""
        for item in items:
            weight = 0 if self._is_known(item.name) else self._weigh(item)
            self._budget.take(weight)
            yield item, weight

    def _is_known(self, name: str) -> bool:
        return name in self._begun or name in self.old

    def _weigh(self, item: Item) -> int:
        try:
            return self.weight(item)
        except P2PError:
            return 0  # it cannot be read, which is reported when it is made

    def _bring(self, admitted: tuple[Item, int]) -> _Outcome[Item, RecordT]:
        """Make and write the files of one item, unless they exist."""
        item, weight = admitted
        with ExitStack() as room:
            room.callback(self._budget.give, weight)
            try:
                name, signature = item.name, self.sign(item)
                if there := self._there(name, item, signature):
                    return _Outcome(item, there)
                if self._is_known(name):  # it was expected to exist, so that no memory was reserved
                    room.enter_context(self._budget.room(self._weigh(item)))
                old = self.old.get(name)
                made = self.make(item, signature, old or self._begun_record(name), stands=self._stands(old))
                if made is None:
                    assert old is not None, "what does not stand cannot stay"
                    return _Outcome(item, ("kept", old))
                self._refuse_strangers(item, made.files, old)
            except UsageError:
                raise
            except P2PError as error:
                return _Outcome(item, self._skip(item, error))
            # A full disk is not a reason to skip an item, so this is outside the try.
            return _Outcome(item, ("made", made.write([self.destination.path(file) for file in made.files])))

    def _there(self, name: str, item: Item, signature: Signature) -> tuple[State, RecordT] | None:
        """What exists already and is up to date: of an interrupted call, or in DEST."""
        begun, old = self._begun_record(name), self.old.get(name)
        if begun and self.is_current(begun, item, signature):
            return ("kept" if old and self._is_in_dest(old) else "resumed"), begun
        if old and self._stands(old) and self.is_current(old, item, signature):
            return "kept", old
        return None

    def _stands(self, old: RecordT | None) -> bool:
        """Whether all its files are in DEST, and none was brought there by a commit of this work that was cut off."""
        done = self.destination.done
        return old is not None and self._is_in_dest(old) and not any(file in done for file in old.files)

    def _is_in_dest(self, old: RecordT) -> bool:
        return all((self.destination.dest / file).is_file() for file in old.files)

    def _refuse_strangers(self, item: Item, files: Sequence[str], old: RecordT | None) -> None:
        """Raise P2PError for what cannot be a file's name, and for a file that no record knows."""
        for file in files:
            relative_name(file, self.list_sources(item)[0])
        if not self.destination.exists:
            return
        for file in files:
            known = file in self.destination.done or (old is not None and file in old.files)
            if not known and (place := self.destination.dest / file).exists():
                what = f"{place} exists, but is not in {self.listing}"
                raise P2PError(self.list_sources(item)[0], what, "Move or delete it.", code="file-in-the-way")

    def _skip(self, item: Item, error: P2PError) -> Skip:
        sources = self.list_sources(item)
        return skip_of(error, next((source for source in sources if source == error.where), sources[0]))

    def _begun_record(self, name: str) -> RecordT | None:
        file = self._begun.get(name)
        return None if file is None else self._read(file)

    def _record(self, name: str, record: RecordT) -> None:
        """Record what was made, and remove what an interrupted call had made instead."""
        before, old = self._begun_record(name), self.old.get(name)
        kept = {*record.files, *(old.files if old else ())}
        self._forget([file for file in before.files if file not in kept] if before else ())
        value = record.to_json()
        for file in record.files:
            self.destination.record(file, value)
        self._begun[name] = next(iter(record.files))

    def _drop(self, name: str) -> None:
        """Remove what an interrupted call made of an item that fails now."""
        if name not in self.old and (before := self._begun_record(name)):
            del self._begun[name]
            self._forget(before.files)

    def _forget(self, files: Iterable[str], *, beside_old: bool = False) -> None:
        for file in files:
            if file in self.destination.done:
                self.destination.forget(file, in_dest=not beside_old)
