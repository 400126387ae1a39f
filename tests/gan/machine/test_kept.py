"""What was measured of a machine and is kept in the user's cache."""

import os
from pathlib import Path

import pytest

from p2p_gan.machine.kept import keep, kept_folder, recall

KEY = {"machine": {"torch": "2.13"}, "work": [1, 2]}


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "cache" / "p2p"


def test_what_is_kept_is_there_for_the_same_key_alone(cache: Path) -> None:
    assert recall(KEY) is None
    assert keep(KEY, {"threads": 2}) == {"threads": 2}
    assert recall(KEY) == {"threads": 2}
    assert recall(KEY | {"machine": {"torch": "2.14"}}) is None
    assert [path.suffix for path in cache.iterdir()] == [".json"]


def test_the_first_of_two_that_measure_at_once_decides_and_only_the_word_replaces() -> None:
    keep(KEY, {"threads": 2})
    assert keep(KEY, {"threads": 1}) == {"threads": 2}
    assert keep(KEY, {"threads": 1}, replace=True) == {"threads": 1}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": "p2p-measurement", "version": 2, "values": {}}', '{"format": 3}', "\xff"]
)
def test_a_damaged_file_counts_as_none_and_is_written_again(cache: Path, text: str) -> None:
    keep(KEY, {"threads": 2})
    (file,) = cache.iterdir()
    file.write_text(text, "latin-1")
    assert recall(KEY) is None
    assert keep(KEY, {"threads": 1}) == {"threads": 1}


def test_the_folder_is_that_of_xdg_or_of_the_home_and_a_relative_one_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for value in ("", "relative/cache"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert kept_folder() == tmp_path / "home" / ".cache" / "p2p"


@pytest.mark.parametrize("home", ["/", "/proc/no-such-home"])
def test_without_a_home_or_on_a_disk_that_is_read_only_nothing_is_kept_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", home)
    if home != "/":
        monkeypatch.setattr(os, "access", lambda *_: False)
    assert kept_folder() is None
    assert keep(KEY, {"threads": 2}) is None
    assert recall(KEY) is None


def test_a_file_in_the_way_of_the_folder_is_as_if_there_were_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "ascii")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert kept_folder() is None
    assert keep(KEY, {"threads": 2}) is None
