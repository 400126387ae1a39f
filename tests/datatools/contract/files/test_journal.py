"""The journal of unfinished work: records on the disk, read again in any order and whatever was cut off."""

from concurrent.futures import ThreadPoolExecutor
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


def test_a_record_that_was_withdrawn_counts_for_no_new_content_but_is_known_until_the_next(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    first = journal(path)
    for file in ("a", "b", "c"):
        first.add(file, {"made": 1})
    first.write()
    for file in ("a", "b"):
        first.withdraw(file)
    assert first["a"] == {"made": 1}
    assert set(journal(path)) == {"c"}
    first.add("b", {"made": 2})
    first.write()
    assert dict(journal(path)) == {"b": {"made": 2}, "c": {"made": 1}}


def test_the_record_of_a_file_that_was_removed_does_not_come_back_with_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    first = journal(path)
    for file in ("a", "b", "c"):
        first.add(file, {"made": 1})
    first.write()
    first.remove("a")
    first.withdraw("a")
    later = journal(path, "b")
    later.withdraw("b")
    assert set(journal(path)) == {"c"}


def test_a_file_without_an_earlier_record_costs_nothing_to_withdraw(tmp_path: Path) -> None:
    journal(tmp_path / "journal").withdraw("a")
    assert not (tmp_path / "journal").exists()
    first = journal(tmp_path / "journal")
    first.add("a", {"made": 1})
    first.write()
    before = (tmp_path / "journal").read_bytes()
    first.withdraw("b")
    assert (tmp_path / "journal").read_bytes() == before


def test_records_are_withdrawn_by_several_threads_while_others_are_written(tmp_path: Path) -> None:
    first = journal(tmp_path / "journal")
    files = [f"{number}.png" for number in range(40)]
    for file in files:
        first.add(file, {"of": file})
    first.write()
    with ThreadPoolExecutor(4) as pool:
        withdrawn = pool.map(first.withdraw, files[::2])
        for number in range(40):
            first.add(f"new {number}", {"of": number})
            first.write()
        assert list(withdrawn) == [None] * 20
    assert dict(journal(tmp_path / "journal")) == {file: {"of": file} for file in files[1::2]} | {
        f"new {number}": {"of": number} for number in range(40)
    }
    assert first["39.png"] == {"of": "39.png"}
    assert first["new 7"] == {"of": 7}
