"""Resumable work, with texts for pictures: what is kept, made anew, skipped and removed, and a kill at any moment."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files import destination as destination_module
from p2p_datatools.contract.files import work as engine
from p2p_datatools.contract.files.atomic import read_lines, write_bytes, write_lines
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.files.work import Output, Summary, Work
from p2p_datatools.contract.progress import QUIET, Reporter

if TYPE_CHECKING:
    from conftest import Contents, Deaths, Refused, StopAfter


@dataclass(frozen=True)
class Text:
    """An item: a text to be written in so many copies."""

    name: str
    text: str
    copies: int = 1
    weight: int = 0


@dataclass(frozen=True)
class Line:
    """What is recorded of it."""

    name: str
    files: tuple[str, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        return vars(self)


class Writing(Work[Text, Line, str]):
    """Writes texts in capitals; "broken" cannot be read, "wrong" is a wrong setting, spaces make no difference."""

    listing = "texts.jsonl"

    def __init__(self, destination: Destination, old: Mapping[str, Line], names: Iterable[str]) -> None:
        super().__init__(destination, old, set(names))
        self.calls: list[str] = []

    def list_sources(self, item: Text) -> Sequence[str]:
        return f"{item.name}.txt", f"{item.name}.note"

    def weight(self, item: Text) -> int:
        if item.text == "broken":
            raise P2PError(item.name, "cannot be weighed", "Make it lighter.", code="test")
        return item.weight

    def sign(self, item: Text) -> str:
        self.calls.append(f"sign {item.name}")
        return item.text

    def is_current(self, record: Line, item: Text, signature: str) -> bool:
        return record.text == signature

    def make(self, item: Text, signature: str, known: Line | None, *, stands: bool) -> Output[Line] | None:
        self.calls.append(f"make {item.name}")
        if signature == "broken":
            raise P2PError(f"{item.name}.note", "is broken", "Correct it.", code="test")
        if signature == "wrong":
            raise UsageError("--text", "is wrong", "Give another.", code="test-usage")
        if stands and known is not None:
            if known.text.strip() == signature.strip():
                return None
            raise P2PError(item.name, "has changed", "Delete it.", code="source-changed")
        line = Line(item.name, tuple(f"{item.name}.{number}" for number in range(item.copies)), item.text)
        return Output(line.files, partial(self._write, line))

    def read_record(self, file: str, value: dict[str, Any]) -> Line:
        return read_line(value)

    def _write(self, line: Line, paths: Sequence[Path]) -> Line:
        for path in paths:
            write_bytes(path, line.text.strip().upper().encode(), durable=False)
        return line


def read_line(value: dict[str, Any]) -> Line:
    return Line(value["name"], tuple(value["files"]), value["text"])


def write(
    dest: Path, *items: Text, threads: int = 1, report: Reporter = QUIET, made: list[str] | None = None
) -> Summary:
    """A whole command: the work of the items, then the commit, with `texts.jsonl` as the manifest."""
    with Destination(dest, marker="texts.jsonl", recipe={}) as destination:
        work = Writing(destination, old_lines(dest), [item.name for item in items])
        try:
            summary = work.run(items, "texts", len(items), threads=threads, report=report)
        finally:
            if made is not None:
                made += [call.removeprefix("make ") for call in work.calls if call.startswith("make")]
        lines = work.records()
        destination.commit(
            lambda at: write_lines(at / "texts.jsonl", (lines[name].to_json() for name in sorted(lines))),
            skipped=summary.skipped,
        )
    return summary


def unfinished(dest: Path, *items: Text) -> None:
    """The same command, which a kill cut off before its commit."""
    with Destination(dest, marker="texts.jsonl", recipe={}) as destination:
        Writing(destination, old_lines(dest), [item.name for item in items]).run(items, "texts", len(items), threads=1)


def old_lines(dest: Path) -> dict[str, Line]:
    listing = dest / "texts.jsonl"
    return {line.name: line for line in map(read_line, read_lines(listing))} if listing.exists() else {}


def texts(*names: str, copies: int = 1) -> list[Text]:
    return [Text(name, f"text of {name}", copies) for name in names]


def test_what_is_there_and_current_is_kept_and_the_rest_is_made(tmp_path: Path) -> None:
    assert write(tmp_path / "d", *texts("a", "b")) == Summary(2, 0, 0, ())
    made: list[str] = []
    assert write(tmp_path / "d", *texts("a", "b", "c"), made=made) == Summary(1, 0, 2, ())
    assert made == ["c"]
    assert (tmp_path / "d" / "c.0").read_text() == "TEXT OF C"


def test_what_an_interrupted_call_recorded_is_taken_over_unless_it_has_changed(
    tmp_path: Path, stop_after: "type[StopAfter]"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "d", *texts("a", "b", "c", "d"), report=stop_after(3))
    made: list[str] = []
    items = [*texts("a"), Text("b", "another"), *texts("c", "d")]
    assert write(tmp_path / "d", *items, made=made) == Summary(2, 2, 0, ())
    assert made == ["b", "d"]
    assert (tmp_path / "d" / "b.0").read_text() == "ANOTHER"


def test_what_is_gone_from_the_destination_is_made_again_whatever_it_was_made_of(tmp_path: Path) -> None:
    write(tmp_path / "d", *texts("a", copies=2), *texts("b"))
    (tmp_path / "d" / "a.1").unlink()
    assert write(tmp_path / "d", Text("a", "another", 2), *texts("b")) == Summary(1, 0, 1, ())
    assert (tmp_path / "d" / "a.0").read_text() == (tmp_path / "d" / "a.1").read_text() == "ANOTHER"


def test_a_missing_file_that_is_not_asked_for_again_has_no_record_any_more(tmp_path: Path) -> None:
    write(tmp_path / "d", *texts("a", "b"))
    (tmp_path / "d" / "b.0").unlink()
    write(tmp_path / "d", *texts("a"))
    assert [line["name"] for line in read_lines(tmp_path / "d" / "texts.jsonl")] == ["a"]


def test_what_stands_is_not_overwritten_but_kept_where_the_same_would_come_of_it(tmp_path: Path) -> None:
    write(tmp_path / "d", *texts("a", "b"))
    summary = write(tmp_path / "d", Text("a", " text of a "), Text("b", "another"))
    assert (summary.kept, [skip.code for skip in summary.skipped]) == (1, ["source-changed"])
    assert (tmp_path / "d" / "b.0").read_text() == "TEXT OF B"


def test_the_files_of_several_changed_items_are_deleted_by_one_command(tmp_path: Path) -> None:
    write(tmp_path / "d", *texts("a", "b", copies=2))
    skipped = write(tmp_path / "d", Text("a", "other", 2), Text("b", "another", 2)).skipped
    typed = " ".join(str(tmp_path / "d" / name) for name in ("a.0", "a.1", "b.0", "b.1"))
    assert [skip.to_do.partition(": ")[2] for skip in skipped] == [f"rm {typed}"] * 2


def test_a_file_that_nothing_records_is_the_users_and_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "d", *texts("a"))
    (tmp_path / "d" / "b.0").write_text("mine")
    (skip,) = write(tmp_path / "d", *texts("a", "b")).skipped
    assert (skip.where, skip.code) == ("b.txt", "file-in-the-way")
    assert f"{tmp_path / 'd' / 'b.0'} exists, but is not in texts.jsonl" in skip.what
    assert (tmp_path / "d" / "b.0").read_text() == "mine"


def test_what_cannot_be_made_is_a_skip_at_the_file_at_fault_and_the_others_are_made(tmp_path: Path) -> None:
    summary = write(tmp_path / "d", *texts("a"), Text("b", "broken"), *texts("c"), threads=3)
    assert summary == Summary(2, 0, 0, (Skip("b.note", "is broken", "Correct it.", "test"),))


def test_a_wrong_setting_ends_the_call_and_is_not_a_skip(tmp_path: Path, refused: "Refused") -> None:
    with refused("test-usage", usage=True):
        write(tmp_path / "d", *texts("a"), Text("b", "wrong"), *texts("c"))
    assert not (tmp_path / "d").exists()


def test_unfinished_work_on_an_item_that_is_gone_or_broken_since_is_removed(tmp_path: Path) -> None:
    unfinished(tmp_path / "d", *texts("a", "b", "c", copies=2))
    write(tmp_path / "d", Text("b", "broken"), *texts("c", copies=2))
    assert sorted(path.name for path in (tmp_path / "d").glob("?.?")) == ["c.0", "c.1"]


def test_files_that_an_item_does_not_become_any_more_do_not_stay(tmp_path: Path) -> None:
    unfinished(tmp_path / "d", *texts("a", copies=3))
    write(tmp_path / "d", Text("a", "another", 2))
    assert sorted(path.name for path in (tmp_path / "d").glob("?.?")) == ["a.0", "a.1"]


def test_a_file_written_without_a_record_is_removed(tmp_path: Path) -> None:
    unfinished(tmp_path / "d", *texts("a"))
    (tmp_path / "d.partial" / "sub").mkdir()
    for name in ("gone.0", "sub/gone.0", "texts.jsonl"):
        (tmp_path / "d.partial" / name).write_text("[]")
    assert write(tmp_path / "d", *texts("a")) == Summary(0, 1, 0, ())
    assert sorted(path.name for path in (tmp_path / "d").rglob("*") if path.is_file()) == ["a.0", "texts.jsonl"]


def test_half_of_the_unfinished_work_is_removed_and_what_the_destination_has_stays(tmp_path: Path) -> None:
    write(tmp_path / "d", *texts("a", copies=2), *texts("b"))
    (tmp_path / "d" / "a.1").unlink()
    with Destination(tmp_path / "d", marker="texts.jsonl", recipe={}) as destination:
        write_bytes(destination.path("a.0"), b"BEGUN", durable=False)
        destination.record("a.0", Line("a", ("a.0", "a.1"), "begun").to_json())
    assert len(write(tmp_path / "d", Text("a", "broken", 2), *texts("b")).skipped) == 1
    assert (tmp_path / "d" / "a.0").read_text() == "TEXT OF A"


def test_a_commit_that_was_cut_off_may_have_brought_what_has_changed_since(tmp_path: Path) -> None:
    write(tmp_path / "d", *texts("a", "b"))
    (tmp_path / "d" / "a.0").unlink()
    with Destination(tmp_path / "d", marker="texts.jsonl", recipe={}) as destination:
        line = Line("a", ("a.0",), "second")
        write_bytes(destination.path("a.0"), b"SECOND", durable=False)
        destination.record("a.0", line.to_json())
    (tmp_path / "d.partial" / "a.0").rename(tmp_path / "d" / "a.0")
    shutil.copytree(tmp_path, tmp_path.with_name("again"))
    assert write(tmp_path / "d", Text("a", "second"), *texts("b")).skipped == ()
    assert (tmp_path / "d" / "a.0").read_text() == "SECOND"
    assert write(tmp_path.with_name("again") / "d", Text("a", "third"), *texts("b")).skipped == ()
    assert (tmp_path.with_name("again") / "d" / "a.0").read_text() == "THIRD"


def test_an_error_in_writing_ends_the_call_and_what_was_finished_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    real = os.replace

    def full(source: Any, target: Any) -> None:
        if Path(target).name == "c.0":
            raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with refused("cannot-write"):
            write(tmp_path / "d", *texts("a", "b", "c", "d"))
    assert write(tmp_path / "d", *texts("a", "b", "c", "d")) == Summary(2, 2, 0, ())


def test_records_are_read_when_they_are_asked_for_and_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "d", *texts("old"))
    with Destination(tmp_path / "d", marker="texts.jsonl", recipe={}) as destination:
        work = Writing(destination, old_lines(tmp_path / "d"), "ab")
        work.run(texts("a", "b"), "texts", 2, threads=1)
        reads: list[str] = []

        def read(_: Writing, file: str, value: dict[str, Any]) -> Line:
            reads.append(file)
            return read_line(value)

        monkeypatch.setattr(Writing, "read_record", read)
        records = work.records()
        assert (list(records), len(records), "a" in records, "c" in records) == (["old", "a", "b"], 3, True, False)
        assert reads == []
        assert [records[name].name for name in ("b", "a", "b")] == ["b", "a", "b"]
        assert reads == ["b.0", "a.0", "b.0"]
        with pytest.raises(KeyError):
            records["c"]


def test_records_follow_the_items_whichever_is_done_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Writing.make

    def slow(self: Writing, item: Text, *args: Any, **more: Any) -> Output[Line] | None:
        time.sleep(0.02 if item.name == "a" else 0)
        return real(self, item, *args, **more)

    monkeypatch.setattr(Writing, "make", slow)
    with Destination(tmp_path / "d", marker="texts.jsonl", recipe={}) as destination:
        Writing(destination, {}, "abcde").run(texts(*"abcde"), "texts", 5, threads=5)
        assert list(destination.done) == [f"{name}.0" for name in "abcde"]


def test_the_weights_of_what_is_made_together_stay_within_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lock, now, most, together = Writing.make, threading.Lock(), 0, 0, 0
    two = threading.Event()

    def watch(self: Writing, item: Text, *args: Any, **more: Any) -> Output[Line] | None:
        nonlocal now, most, together
        with lock:
            now += item.weight
            most, together = max(most, now), max(together, now // item.weight)
            if now > item.weight:
                two.set()
        two.wait(10)  # a busy machine may begin the second long after the first
        time.sleep(0.005)
        with lock:
            now -= item.weight
        return real(self, item, *args, **more)

    monkeypatch.setattr(Writing, "make", watch)
    monkeypatch.setattr(engine, "BUDGET", 10)
    items = [replace(item, weight=4) for item in texts(*"abcdefgh")]
    write(tmp_path / "d", *items, threads=8)
    assert (most, together) == (8, 2)
    # Nothing is known of how much what is there already would take, until it turns out not to hold any more.
    most = 0
    two.clear()
    write(tmp_path / "d", *(replace(item, text="another") for item in items), threads=8)
    assert most == 8


def test_what_is_kept_is_not_even_weighed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "d", *texts("a", "b"))
    weighed: list[str] = []

    def weigh(self: Writing, item: Text) -> int:
        weighed.append(item.name)
        return 0

    monkeypatch.setattr(Writing, "weight", weigh)
    write(tmp_path / "d", *texts("a", "b", "c"))
    assert weighed == ["c"]


@pytest.mark.parametrize(
    ("threads", "batch"),
    [(1, 1), (3, 64), *(pytest.param(*each, marks=pytest.mark.long) for each in ((1, 64), (3, 1)))],
)
def test_a_kill_after_any_change_leaves_what_the_same_call_completes(
    tmp_path: Path, deaths: "Deaths", contents: "Contents", monkeypatch: pytest.MonkeyPatch, threads: int, batch: int
) -> None:
    monkeypatch.setattr(destination_module, "BATCH", batch)
    items = [*texts("a", "b"), *texts("c", "d", copies=2)]
    write(tmp_path / "at_once" / "d", *items)
    place = tmp_path / "killed"
    states = deaths(partial(write, place / "d", *items, threads=threads), place)
    whole = contents(tmp_path / "at_once")
    for changes in states:
        write(place / "d", *items, threads=threads)
        assert contents(place) == whole, f"after {changes} changes"
    assert states.changes > 15


@pytest.mark.parametrize("batch", [1, 64])
def test_a_kill_after_any_change_of_a_call_that_adds_repairs_and_skips_leaves_what_the_same_call_completes(
    tmp_path: Path, deaths: "Deaths", contents: "Contents", monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(destination_module, "BATCH", batch)
    base = tmp_path / "base"
    write(base / "d", *texts("a", "b"), *texts("c", copies=2))
    (base / "d" / "b.0").unlink()
    (base / "d" / "c.1").unlink()
    unfinished_base = [*texts("e", "f", copies=2), *texts("gone")]
    with Destination(base / "d", marker="texts.jsonl", recipe={}) as destination:
        Writing(destination, {}, {item.name for item in unfinished_base}).run(unfinished_base, "texts", 3, threads=1)
    items = [
        *texts("a"),
        Text("b", "new"),
        *texts("c", copies=2),
        *texts("d"),
        Text("e", "new", 1),
        Text("f", "broken"),
    ]
    shutil.copytree(base, tmp_path / "at_once")
    write(tmp_path / "at_once" / "d", *items)
    states = deaths(partial(write, base / "d", *items), base)
    whole = contents(tmp_path / "at_once")
    for changes in states:
        write(base / "d", *items)
        assert contents(base) == whole, f"after {changes} changes"
    assert states.changes > 15


# A source that changes, and then is as it was: a record of it may be older than its file.

FIRST, SECOND = [Text("a", "first", 2), *texts("b")], [Text("a", "second", 2), *texts("b")]


def begun(place: Path) -> None:
    """Unfinished work on the first text."""
    unfinished(place / "d", *FIRST)


def begun_and_broken_since(place: Path) -> None:
    """The same, whose files were removed after their record was written, because the text was broken for a while."""
    unfinished(place / "d", *FIRST)
    unfinished(place / "d", Text("a", "broken", 2), *texts("b"))


def begun_and_deleted_since(place: Path) -> None:
    """The same, whose files someone has deleted."""
    unfinished(place / "d", *FIRST)
    for file in ("a.0", "a.1"):
        (place / "d.partial" / file).unlink()


def brought_by_a_commit(place: Path) -> None:
    """A destination with an older text, and a commit of the first one that was cut off when it had brought one file."""
    write(place / "d", Text("a", "older", 2), *texts("b"))
    (place / "d" / "a.1").unlink()
    unfinished(place / "d", *FIRST)
    (place / "d.partial" / "a.0").replace(place / "d" / "a.0")


def brought_completely(place: Path) -> None:
    """The same, when it had brought all files, but not the manifest."""
    brought_by_a_commit(place)
    (place / "d.partial" / "a.1").replace(place / "d" / "a.1")


@pytest.mark.parametrize(("threads", "batch"), [(1, 1), pytest.param(3, 64, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "base", [begun, begun_and_broken_since, begun_and_deleted_since, brought_by_a_commit, brought_completely]
)
def test_a_kill_between_a_file_and_its_record_leaves_no_older_record_that_counts_for_it(
    tmp_path: Path,
    deaths: "Deaths",
    contents: "Contents",
    monkeypatch: pytest.MonkeyPatch,
    base: Callable[[Path], None],
    batch: int,
    threads: int,
) -> None:
    monkeypatch.setattr(destination_module, "BATCH", batch)
    write(tmp_path / "at_once" / "d", *FIRST)
    place = tmp_path / "killed"
    base(place)
    states = deaths(partial(write, place / "d", *SECOND, threads=threads), place)
    whole = contents(tmp_path / "at_once")
    for changes in states:
        summary = write(place / "d", *FIRST)
        if not summary.skipped:  # else the call that was killed had committed the second text, which stands
            assert contents(place) == whole, f"after {changes} changes"
        else:
            assert (place / "d" / "a.0").read_text() == (place / "d" / "a.1").read_text() == "SECOND"
    assert states.changes > 8
