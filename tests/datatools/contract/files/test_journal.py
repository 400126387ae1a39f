"""The journal of unfinished work: records on the disk, read again in any order and whatever was cut off."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.files import destination
from p2p_datatools.contract.files.atomic import write_bytes
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.files.journal import Journal

if TYPE_CHECKING:
    from conftest import Refused


def journal(path: Path, *gone: str) -> Journal:
    return Journal(path, lambda file: file not in gone)


def test_records_are_the_same_while_they_wait_once_written_and_in_another_process(tmp_path: Path) -> None:
    expected: dict[str, dict[str, Any]]
    path, expected = tmp_path / "journal", {f"{number}.png": {"number": number} for number in range(9)}
    first = journal(path)
    for file, record in expected.items():
        first.add(file, record)
        if record["number"] == 5:
            first.write()
    assert first == expected
    assert list(first.waiting) == ["6.png", "7.png", "8.png"]
    first.write()
    assert dict(first) == expected
    assert not first.waiting
    first.close()
    assert journal(path) == expected


def test_a_file_that_is_gone_or_forgotten_is_not_finished_and_may_be_again(tmp_path: Path) -> None:
    first = journal(tmp_path / "journal")
    for file in ("a", "b", "c"):
        first.add(file, {"made": 1})
    first.remove("b")
    first.write()
    assert list(first) == ["a", "c"]
    with pytest.raises(KeyError):
        first["b"]
    first.add("a", {"made": 2})
    first.write()
    assert dict(journal(tmp_path / "journal", "c")) == {"a": {"made": 2}}


def test_a_line_that_a_crash_cut_off_counts_as_never_written(tmp_path: Path) -> None:
    first = journal(tmp_path / "journal")
    first.add("a", {"made": 1})
    first.write()
    with (tmp_path / "journal").open("ab") as file:
        file.write(b'{"file": "b", "rec')
    again = journal(tmp_path / "journal")
    again.add("c", {"made": 3})
    again.write()
    assert dict(again) == {"a": {"made": 1}, "c": {"made": 3}} == dict(journal(tmp_path / "journal"))


def test_no_record_is_written_before_every_file_of_its_batch_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    flushed: list[str] = []
    real = destination._sync_file

    def sync(path: Path) -> None:
        assert not (tmp_path / "dest.partial" / destination.JOURNAL).exists()
        if path.name == "40.png":
            raise OSError(5, "Input/output error")
        real(path)
        flushed.append(path.name)

    monkeypatch.setattr(destination, "_sync_file", sync)
    work = Destination(tmp_path / "dest", marker="made", recipe={})
    for number in range(63):
        write_bytes(work.path(f"{number}.png"), b"x", durable=False)
        work.record(f"{number}.png", {})
    with refused("cannot-write", tmp_path / "dest.partial") as error:
        work.flush()
    assert "Input/output error" in error.value.what
    assert "39.png" in flushed
    assert not (tmp_path / "dest.partial" / destination.JOURNAL).exists()
