"""Files are whole or not there."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.files.atomic import (
    append_lines,
    atomic,
    cannot_read,
    cannot_write,
    read_json,
    read_lines,
    sha256_file,
    write_bytes,
    write_json,
    write_lines,
)

if TYPE_CHECKING:
    from conftest import Refused


def full_disk(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_written_file_holds_what_was_given_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_bytes(tmp_path / "new" / "Ä 1%.bin", b"abc")
    assert (tmp_path / "new" / "Ä 1%.bin").read_bytes() == b"abc"
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_a_write_that_fails_in_the_middle_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"old": True})

    def cut_off() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_lines(path, cut_off())
    assert read_json(path) == {"old": True}
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_line_that_says_what_to_do_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr("os.fsync", full_disk)
    with refused("cannot-write", tmp_path / "a.json") as error:
        write_json(tmp_path / "a.json", {})
    assert "No space left on device" in error.value.what
    assert "Free space" in error.value.to_do
    assert not list(tmp_path.iterdir())


def test_lines_that_are_added_are_on_the_disk_before_anything_relies_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr("os.fsync", full_disk)
    with refused("cannot-write", tmp_path / "journal.jsonl"):
        append_lines(tmp_path / "journal.jsonl", [{"file": "a.png"}])


def test_a_place_that_cannot_be_written_is_a_p2p_error(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "file").write_bytes(b"")
    with refused("cannot-write", tmp_path / "file" / "below.bin"):
        write_bytes(tmp_path / "file" / "below.bin", b"")


def test_an_error_inside_the_block_passes_through_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), atomic(tmp_path / "a"):
        raise ValueError("mine")
    assert not list(tmp_path.iterdir())


def test_appending_removes_a_line_that_a_crash_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    append_lines(path, [{"n": 1}, {"n": 2}])
    with path.open("ab") as file:
        file.write(b'{"n": 3, "long": "' + b"x" * 9000)
    append_lines(path, [{"n": 4}])
    assert [line["n"] for line in read_lines(path)] == [1, 2, 4]


def test_appending_to_nothing_but_a_torn_line_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n"')
    append_lines(path, [{"n": 1}])
    assert read_lines(path) == [{"n": 1}]


def test_two_values_for_one_key_are_not_whole_json_and_one_value_twice_is(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": {"b": 1, "c": 2, "b": 1}}')
    assert read_json(path) == {"a": {"b": 1, "c": 2}}
    path.write_text('{"a": [{"": 1, "c": 2, "": 3}]}')
    with refused("damaged-json", path) as error:
        read_json(path)
    assert "two values for ''" in error.value.what


def test_a_torn_last_line_counts_as_never_written_only_where_the_caller_asks_for_it(
    tmp_path: Path, refused: "Refused"
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n": 1}\n{"n": ')
    assert read_lines(path, torn_ok=True) == [{"n": 1}]
    with refused("damaged-json", path) as error:
        read_lines(path)
    assert "line 2 " in error.value.what


@pytest.mark.parametrize("content", [b'{"half": [1, 2', b"", b"\xff\xfe\x00", b"[" * 100_000])
def test_json_that_is_not_whole_is_one_line_naming_the_file(tmp_path: Path, content: bytes, refused: "Refused") -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    with refused("damaged-json", path) as error:
        read_json(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path, refused: "Refused") -> None:
    with refused("missing-file", tmp_path / "gone.json"):
        read_json(tmp_path / "gone.json")
    with refused("unreadable-file", tmp_path / "gone.jsonl"):
        read_lines(tmp_path / "gone.jsonl")
    with refused("unreadable-file", tmp_path / "gone.bin"):
        sha256_file(tmp_path / "gone.bin")


def test_lines_keep_umlauts_readable(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [{"name": "Tür"}])
    assert "Tür" in (tmp_path / "a.jsonl").read_text("utf-8")
    assert json.loads((tmp_path / "a.jsonl").read_text("utf-8")) == {"name": "Tür"}


def test_what_a_kill_left_half_written_goes_with_the_next_write_of_the_same_file_and_no_other(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    dead = tmp_path / f".a[1].bin.{ended.pid}-0123456789ab.tmp"
    living = tmp_path / f".a[1].bin.{os.getppid()}-0123456789ab.tmp"
    other = tmp_path / f".b.bin.{ended.pid}-0123456789ab.tmp"
    mine = tmp_path / ".a[1].bin.notes.tmp"
    for file in (dead, living, other, mine):
        file.write_bytes(b"half")
    write_bytes(tmp_path / "a[1].bin", b"whole")
    assert not dead.exists()
    assert living.exists()
    assert other.exists()
    assert mine.exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "Free space"),
        (errno.EDQUOT, "Free space"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EACCES, "Make it writable"),
        (errno.EIO, "Check the disk"),
        (errno.ESTALE, "network drive"),
    ],
)
def test_what_to_do_about_a_write_that_failed_is_what_helps(number: int, words: str) -> None:
    error = cannot_write(Path("a"), OSError(number, os.strerror(number)))
    assert words in error.to_do
    assert ("Free space" in error.to_do) == (words == "Free space")


def test_a_limit_of_open_files_is_not_a_matter_of_permissions() -> None:
    error = cannot_read(Path("a"), OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
    assert "ulimit -n" in error.to_do
    assert "permissions" not in error.to_do
