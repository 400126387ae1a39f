"""A destination is made whole or not at all, and what was begun can be continued."""

import errno
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files import lock
from p2p_datatools.contract.files.atomic import read_lines, write_bytes, write_json
from p2p_datatools.contract.files.destination import BATCH, SECONDS, Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.lock import LOCK_FILES, FolderLock

if TYPE_CHECKING:
    from conftest import Refused

RECIPE = {"work": "test"}


def opened(dest: Path, *, cheap: bool = False, **recipe: Any) -> Destination:
    return Destination(dest, marker="made.json", recipe=RECIPE | recipe, cheap=cheap)


def add(destination: Destination, *files: str) -> None:
    for file in files:
        write_bytes(destination.path(file), file.encode(), durable=False)
        destination.record(file, {"of": file})


def finish(destination: Destination, **more: Any) -> None:
    destination.commit(lambda folder: write_json(folder / "made.json", sorted(destination.done)), **more)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_destination_appears_whole_and_the_work_is_gone(tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    with opened(dest) as destination:
        add(destination, "a.png", "sub/b.png")
        assert not dest.exists()
        finish(destination)
    assert names(tmp_path) == ["dest/a.png", "dest/made.json", "dest/sub/b.png"]


@pytest.mark.parametrize("line", ["[]", "5", '{"file": "a.png"}'])
def test_a_damaged_record_of_the_work_is_named(tmp_path: Path, line: str, refused: "Refused") -> None:
    add(opened(tmp_path / "dest"), "a.png")
    (tmp_path / "dest.partial" / ".journal.jsonl").write_text(f"{line}\n")
    with refused("damaged-file", tmp_path / "dest.partial" / ".journal.jsonl"):
        opened(tmp_path / "dest")


@pytest.mark.parametrize("file", ["../victim.txt", "/tmp/victim.txt", "sub/../../victim.txt", "..\\victim.txt"])
def test_a_record_of_the_work_cannot_name_a_file_outside_of_it(tmp_path: Path, file: str, refused: "Refused") -> None:
    add(opened(tmp_path / "dest"), "a.png")
    (tmp_path / "victim.txt").write_text("mine")
    journal = tmp_path / "dest.partial" / ".journal.jsonl"
    journal.write_text(json.dumps({"file": file, "record": {}}) + "\n")
    with refused("path-leads-out", journal):
        opened(tmp_path / "dest")
    assert (tmp_path / "victim.txt").read_text() == "mine"


@pytest.mark.parametrize("file", ["../a.png", "/a.png", "b/../../a.png", ""])
def test_nothing_is_written_outside_of_the_destination_whoever_asks(
    tmp_path: Path, file: str, refused: "Refused"
) -> None:
    with opened(tmp_path / "dest") as destination, refused("path-leads-out", tmp_path / "dest"):
        destination.path(file)
    assert names(tmp_path) == []


def test_interrupted_work_waits_and_the_same_call_goes_on(tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    destination = opened(dest)
    add(destination, "a.png")
    with pytest.raises(KeyboardInterrupt), destination:
        raise KeyboardInterrupt
    assert not dest.exists()
    with opened(dest) as destination:
        assert destination.done == {"a.png": {"of": "a.png"}}
        add(destination, "b.png")
        finish(destination)
    assert names(dest) == ["a.png", "b.png", "made.json"]


def test_a_finished_file_that_has_vanished_is_not_counted_as_done(tmp_path: Path) -> None:
    with opened(tmp_path / "dest") as destination:
        add(destination, "a.png", "b.png")
    (tmp_path / "dest.partial" / "a.png").unlink()
    assert set(opened(tmp_path / "dest").done) == {"b.png"}


def test_records_are_durable_after_a_batch_even_when_the_process_dies(tmp_path: Path) -> None:
    destination = opened(tmp_path / "dest")
    add(destination, *(f"{number}.png" for number in range(BATCH + 3)))
    destination._lock.release(remove=())  # as the system does when a process dies
    assert len(opened(tmp_path / "dest").done) == BATCH


def test_records_are_durable_after_some_seconds_however_few_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = opened(tmp_path / "dest")
    add(destination, "a.png")
    assert not (tmp_path / "dest.partial" / ".journal.jsonl").exists()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + SECONDS)
    add(destination, "b.png")
    assert [line["file"] for line in read_lines(tmp_path / "dest.partial" / ".journal.jsonl")] == ["a.png", "b.png"]


def test_unfinished_work_of_other_settings_is_refused(tmp_path: Path, refused: "Refused") -> None:
    with opened(tmp_path / "dest") as destination:
        add(destination, "a.png")
    with refused("unfinished-work", tmp_path / "dest.partial", usage=True):
        opened(tmp_path / "dest", seed=1)


@pytest.mark.parametrize(
    ("code", "cheap", "blocks"),
    [("pictures-failed", True, False), ("pictures-failed", False, True), ("cannot-write", True, True)],
)
def test_cheap_work_that_was_refused_gives_way_to_other_settings_and_work_that_was_interrupted_does_not(
    tmp_path: Path, refused: "Refused", code: str, cheap: bool, blocks: bool
) -> None:
    partial = tmp_path / "dest.partial"

    def fail() -> None:
        with opened(tmp_path / "dest", cheap=cheap) as destination:
            if "a.png" not in destination.done:
                add(destination, "a.png")
            raise P2PError("b.png", "is broken", "Correct it.", code=code)

    with refused(code, "b.png"):
        fail()
    if blocks:
        with refused("unfinished-work", partial, usage=True):
            opened(tmp_path / "dest", cheap=cheap, seed=1)
        return
    with opened(tmp_path / "dest", cheap=cheap) as destination:  # the same call continues
        assert "a.png" in destination.done
    with refused(code, "b.png"):
        fail()
    with opened(tmp_path / "dest", cheap=cheap, seed=1) as destination:
        assert "a.png" not in destination.done
        assert not (partial / "a.png").exists()
    with refused("unfinished-work", partial, usage=True):  # interrupted, as far as anybody knows
        with opened(tmp_path / "dest", cheap=cheap, seed=1) as destination:
            add(destination, "c.png")
        opened(tmp_path / "dest", cheap=cheap, seed=2)


def test_a_destination_holding_something_else_is_refused_before_any_work(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "dest").mkdir()
    (tmp_path / "dest" / "thesis.doc").write_text("x")
    with refused("destination-taken", tmp_path / "dest", usage=True):
        opened(tmp_path / "dest")
    with refused("not-a-folder", tmp_path / "dest" / "thesis.doc", usage=True):
        opened(tmp_path / "dest" / "thesis.doc")
    assert names(tmp_path) == ["dest/thesis.doc"]


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "dest").mkdir()
    with opened(tmp_path / "dest") as destination:
        add(destination, "a.png")
        finish(destination)
    assert names(tmp_path) == ["dest/a.png", "dest/made.json"]


def test_more_work_joins_what_the_destination_holds(tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    for file in ("a.png", "sub/b.png"):
        with opened(dest) as destination:
            add(destination, file)
            finish(destination)
    assert names(tmp_path) == ["dest/a.png", "dest/made.json", "dest/sub/b.png"]


def test_a_commit_that_a_kill_cut_off_is_completed(tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    with opened(dest) as destination:
        add(destination, "a.png")
        finish(destination)
    with opened(dest) as destination:
        add(destination, "b.png", "c.png")
    os.replace(tmp_path / "dest.partial" / "b.png", dest / "b.png")  # noqa: PTH105 - as the commit does it
    with opened(dest) as destination:
        assert set(destination.done) == {"b.png", "c.png"}
        finish(destination)
    assert names(tmp_path) == ["dest/a.png", "dest/b.png", "dest/c.png", "dest/made.json"]


def test_what_a_cut_off_commit_brought_is_no_file_of_the_destination_while_it_is_made_anew(tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    with opened(dest) as destination:
        add(destination, "a.png")
        finish(destination)
    with opened(dest) as destination:
        add(destination, "b.png")
    os.replace(tmp_path / "dest.partial" / "b.png", dest / "b.png")  # noqa: PTH105 - as the commit does it
    with opened(dest) as destination:
        destination.path("b.png")
        assert names(dest) == ["a.png", "made.json"]


def test_a_file_of_the_destination_stays_until_the_commit_that_replaces_it(tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    with opened(dest) as destination:
        add(destination, "a.png")
        finish(destination)
    with opened(dest) as destination:
        add(destination, "a.png")
        destination.path("a.png")  # once more, as for a source that has changed meanwhile
        assert names(dest) == ["a.png", "made.json"]


def test_a_file_that_is_wanted_no_more_is_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path / "dest") as destination:
        add(destination, "a.png", "b.png")
    with opened(tmp_path / "dest") as destination:
        destination.forget("a.png")
        finish(destination)
    assert names(tmp_path / "dest") == ["b.png", "made.json"]


def test_a_disk_that_is_full_at_the_flush_is_a_p2p_error_and_makes_no_destination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    destination = opened(tmp_path / "dest")
    add(destination, "a.png")
    monkeypatch.setattr(os, "fsync", full)
    with refused("cannot-write", tmp_path / "dest.partial") as error, destination:
        finish(destination)
    assert "No space left on device" in error.value.what
    assert not (tmp_path / "dest").exists()
    monkeypatch.undo()
    assert not opened(tmp_path / "dest").done


def test_skipped_pictures_are_listed_in_the_destination_until_none_is_skipped(tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    with opened(dest) as destination:
        add(destination, "a.png")
        finish(destination, skipped=[Skip("b.jpg", "is empty", "Fetch it again.", "empty-file")])
    assert read_lines(dest / "skipped.jsonl") == [
        {"where": "b.jpg", "what": "is empty", "to_do": "Fetch it again.", "code": "empty-file"}
    ]
    with opened(dest) as destination:
        finish(destination)
    assert not (dest / "skipped.jsonl").exists()


def test_a_skip_says_its_place_once() -> None:
    assert (
        str(skip_of(P2PError("a.jpg", "is empty", "Fetch it.", code="empty-file"), "a.jpg"))
        == "a.jpg: is empty. Fetch it."
    )
    assert (
        str(skip_of(P2PError("", "is empty", "Fetch it.", code="empty-file"), "a.jpg")) == "a.jpg: is empty. Fetch it."
    )


def test_refusing_names_the_pictures_and_where_the_finished_ones_wait(tmp_path: Path, refused: "Refused") -> None:
    with opened(tmp_path / "dest") as destination:
        refuse([], destination)
        add(destination, "a.png")
        with refused("pictures-failed", tmp_path / "dest") as error:
            refuse([Skip(f"{number}.jpg", "is empty", "", "empty-file") for number in range(25)], destination)
    lines = str(error.value).splitlines()
    assert lines[0] == "0.jpg: is empty."
    assert lines[20] == "... and 5 more."
    assert "dest.partial" in lines[-1]
    assert "--keep-going" in lines[-1]


HOLDER = """
import sys, time
from pathlib import Path
from p2p_datatools.contract.files.destination import Destination
with Destination(Path(sys.argv[1]), marker="made.json", recipe={"work": "test"}) as destination:
    destination.path("a.png").write_bytes(b"a")
    print("held", flush=True)
    time.sleep(60)
"""


def test_of_two_at_once_the_second_is_refused_by_name_and_a_killed_one_keeps_nobody_out(
    tmp_path: Path, refused: "Refused"
) -> None:
    dest = tmp_path / "dest"
    with subprocess.Popen([sys.executable, "-c", HOLDER, dest], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with refused("destination-in-use", dest.with_name("dest.partial"), usage=False) as error:
            opened(dest)
        assert f"process {first.pid} on {socket.gethostname()} (this machine)" in error.value.what
        assert (tmp_path / "dest.partial" / "a.png").exists()
        first.kill()
    with opened(dest) as destination:
        destination.remove_unrecorded()
        add(destination, "b.png")
        finish(destination)
    assert names(tmp_path) == ["dest/b.png", "dest/made.json"]


def test_a_call_that_writes_nothing_leaves_nothing_of_its_lock(tmp_path: Path) -> None:
    with opened(tmp_path / "new" / "deep" / "dest"):
        assert (tmp_path / "new" / "deep" / "dest.partial").exists()
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_of_the_work_beside_a_finished_destination_or_in_it_is_removed(tmp_path: Path) -> None:
    with opened(tmp_path / "dest") as destination:
        add(destination, "a.png")
        finish(destination)
    for name in (*LOCK_FILES, ".recipe.json", ".journal.jsonl"):
        (tmp_path / "dest" / name).touch()
    (tmp_path / "dest.partial").mkdir()
    for name in (*LOCK_FILES, f"..owner.json.{os.getpid()}-000000000000.tmp"):  # a process may have our number
        (tmp_path / "dest.partial" / name).touch()
    with opened(tmp_path / "dest"):
        pass
    assert not (tmp_path / "dest.partial").exists()
    assert names(tmp_path) == ["dest/a.png", "dest/made.json"]


def test_a_lock_whose_file_was_removed_is_not_the_lock(
    tmp_path: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_LOOK", 0.001)
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.take(to_do="Wait.", code="in-use")
    with refused("in-use", tmp_path):
        second.take(to_do="Wait.", code="in-use")
    first.release(remove=LOCK_FILES)
    second.take(to_do="Wait.", code="in-use")
    second.release(remove=LOCK_FILES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_link_as_the_destination_stays_a_link_and_what_it_names_is_written(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "real").mkdir()
    (tmp_path / "dest").symlink_to(tmp_path / "real")
    for file in ("a.png", "b.png"):
        with opened(tmp_path / "dest") as destination:
            add(destination, file)
            finish(destination)
    assert (tmp_path / "dest").is_symlink()
    assert sorted(each.name for each in (tmp_path / "real").iterdir()) == ["a.png", "b.png", "made.json"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["dest", "real"]


def test_a_destination_inside_a_source_is_refused_and_one_beside_it_is_not(tmp_path: Path, refused: "Refused") -> None:
    refuse_dest_inside(tmp_path / "photos-masks", tmp_path / "photos", None)
    for dest in (tmp_path / "photos", tmp_path / "photos" / "masks", tmp_path / "x" / ".." / "photos" / "masks"):
        with refused("destination-inside-source", dest, usage=True):
            refuse_dest_inside(dest, tmp_path / "photos")
