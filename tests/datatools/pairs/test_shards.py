"""Shares of a pairing: every name in one, by its name alone."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.files.destination import hold_in_place
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import read_manifest, write_manifest
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.pairs.build import PairOptions, pair
from p2p_datatools.pairs.shards import Shard, merge, parse_shard

if TYPE_CHECKING:
    from conftest import Contents, Deaths, KilledAfter, Notes, Refused


def test_every_name_belongs_to_one_shard_and_the_shards_are_about_equal() -> None:
    names = [f"car-{number}" for number in range(900)]
    shares = [[name for name in names if Shard(number, 3).has(name)] for number in (1, 2, 3)]
    assert sorted(name for share in shares for name in share) == sorted(names)
    assert all(250 < len(share) < 350 for share in shares)


def test_a_shard_is_parsed_from_text() -> None:
    assert parse_shard(" 2/8 ") == Shard(2, 8)


@pytest.mark.parametrize("words", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"])
def test_an_impossible_shard_is_refused(words: str, refused: "Refused") -> None:
    with refused("impossible-setting", f"shard {words}", usage=True):
        parse_shard(words)


NAMES = [f"{number:02d}" for number in range(12)]
# Merges in a process that the system kills, without a word to Python, when it is about to change the disk once more.
DYING = """
import os, signal, sys
from pathlib import Path
from p2p_datatools.pairs.shards import merge
left = int(sys.argv[1])
def watch(event, arguments):
    global left
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("awx+")
    if writes or event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
*parts, dest = map(Path, sys.argv[3:])
merge(parts, dest, move=sys.argv[2] == "1")
"""


class Merging:
    """Copies of the parts in a place of their own, to be merged there."""

    def __init__(self, place: Path, parts: Sequence[Path], *, move: bool) -> None:
        self.place, self.dest, self.move = place, place / "pairs", move
        self.parts = [shutil.copytree(part, place / part.name) for part in parts]

    def run(self) -> None:
        merge(self.parts, self.dest, move=self.move)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for side in ("a", "b"):
        for number, name in enumerate(NAMES):
            write_png(tmp_path / side / f"{name}.png", np.full((4, 6, 3), number, np.uint8))
    return tmp_path / "a", tmp_path / "b"


@pytest.fixture
def few(tmp_path: Path) -> list[Path]:
    """Two parts of three pairs in all."""
    for side in ("a", "b"):
        for number, name in enumerate(NAMES[:3]):
            write_png(tmp_path / "few" / side / f"{name}.png", np.full((4, 6, 3), number, np.uint8))
    folders = tmp_path / "few" / "a", tmp_path / "few" / "b"
    return [pair(*folders, tmp_path / "pairs", ways=PairOptions(shard=Shard(number, 2))).dest for number in (1, 2)]


@pytest.fixture
def parts(folders: tuple[Path, Path], tmp_path: Path) -> list[Path]:
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    return [pair(*folders, tmp_path / "pairs", ways=PairOptions(shard=shard)).dest for shard in shards]


def by_name(folder: Path) -> dict[str, Pair]:
    return {each.name: each for each in read_manifest(folder).pairs}


def test_shards_share_every_pair_and_merged_they_are_what_one_machine_makes(
    folders: tuple[Path, Path], parts: list[Path], tmp_path: Path
) -> None:
    assert sorted(name for part in parts for name in by_name(part)) == NAMES
    summary = merge(parts, tmp_path / "pairs")
    assert (summary.brought, summary.kept) == (12, 0)
    whole = pair(*folders, tmp_path / "whole").dest
    assert {name: each.hash for name, each in by_name(tmp_path / "pairs").items()} == {
        name: each.hash for name, each in by_name(whole).items()
    }
    for each in by_name(whole).values():
        assert (tmp_path / "pairs" / each.file).read_bytes() == (whole / each.file).read_bytes()


@pytest.mark.parametrize("move", [False, True])
def test_merging_again_does_nothing(parts: list[Path], tmp_path: Path, move: bool) -> None:
    merge(parts, tmp_path / "pairs", move=move)
    again = merge(parts, tmp_path / "pairs", move=move)
    assert (again.brought, again.kept) == (0, 12)
    assert all((tmp_path / "pairs" / each.file).is_file() for each in by_name(tmp_path / "pairs").values())


def test_parts_that_are_moved_are_in_use_and_end_with_their_lock(
    parts: list[Path], tmp_path: Path, refused: "Refused", contents: "Contents"
) -> None:
    before = contents(parts[1])
    with hold_in_place(parts[1]), refused("folder-in-use", parts[1].resolve(), usage=False):
        merge(parts, tmp_path / "other", move=True)
    assert not (tmp_path / "other").exists()
    assert contents(parts[1]) == before
    merge(parts, tmp_path / "pairs", move=True)
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith("pairs")) == ["pairs"]


@pytest.mark.parametrize(("times", "noted"), [(16, True), (2, False)])
def test_parts_whose_values_have_ranges_far_apart_are_noted(
    times: int, noted: bool, tmp_path: Path, notes: "Notes"
) -> None:
    deep = np.linspace(0, 4000, 32 * 24).reshape(24, 32).astype(np.uint16)  # of 12 bits
    for name, values in (("one", deep), ("two", deep * times)):
        write_png(tmp_path / name / "a" / f"{name}.png", values)
        write_png(tmp_path / name / "b" / f"{name}.png", np.zeros((24, 32, 3), np.uint8))
        pair(tmp_path / name / "a", tmp_path / name / "b", tmp_path / f"pairs-{name}")
    merge([tmp_path / "pairs-one", tmp_path / "pairs-two"], tmp_path / "pairs", report=notes)
    assert any("0 to 4095" in line and "two scales" in line for line in notes.lines) == noted


@pytest.mark.parametrize(("first", "second"), [(29000, 29300), (1000, 9000)])
def test_parts_of_narrow_ranges_of_16_bits_have_the_range_that_all_have_in_one_folder(
    first: int, second: int, tmp_path: Path
) -> None:
    for name, least in (("one", first), ("two", second)):
        values = np.linspace(least, least + 90, 32 * 24).reshape(24, 32).astype(np.uint16)
        for part in (name, "whole"):
            write_png(tmp_path / part / "a" / f"{name}.png", values)
            write_png(tmp_path / part / "b" / f"{name}.png", np.zeros((24, 32, 3), np.uint8))
    for name in ("one", "two", "whole"):
        pair(tmp_path / name / "a", tmp_path / name / "b", tmp_path / f"pairs-{name}")
    merge([tmp_path / "pairs-one", tmp_path / "pairs-two"], tmp_path / "pairs")
    merged, whole = (read_manifest(tmp_path / name).a.range for name in ("pairs", "pairs-whole"))
    assert merged == whole


def test_a_missing_shard_is_an_error_and_nothing_is_written(
    parts: list[Path], tmp_path: Path, refused: "Refused"
) -> None:
    with refused("missing-shard", parts[0]) as error:
        merge([parts[0], parts[2]], tmp_path / "pairs")
    assert "not given: 2" in error.value.what
    assert not (tmp_path / "pairs").exists()


def test_one_name_in_two_parts_is_an_error(folders: tuple[Path, Path], tmp_path: Path, refused: "Refused") -> None:
    first, second = (pair(*folders, tmp_path / name).dest for name in ("first", "second"))
    with refused("same-name", second) as error:
        merge([first, second], tmp_path / "pairs")
    assert "'00'" in error.value.what
    assert str(first) in error.value.what
    assert not (tmp_path / "pairs").exists()


def test_what_the_parts_skipped_is_reported_again_after_they_are_moved(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    (folders[0] / "03.png").write_text("broken")
    ways = [PairOptions(shard=Shard(number, 2)) for number in (1, 2)]
    parts = [pair(*folders, tmp_path / "pairs", ways=each, keep_going=True).dest for each in ways]
    first, again = (merge(parts, tmp_path / "pairs", move=True) for _ in range(2))
    assert [Path(skip.where).name for skip in first.skipped] == ["03.png"]
    assert again.skipped == first.skipped
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "pairs"]


def test_a_picture_that_is_gone_from_the_destination_is_brought_again_and_not_lost_by_moving(
    parts: list[Path], tmp_path: Path
) -> None:
    whole = merge(parts, tmp_path / "pairs").dest
    lost = whole / by_name(whole)["05"].file
    pixels = lost.read_bytes()
    lost.unlink()
    assert merge(parts, whole, move=True).brought == 1
    assert lost.read_bytes() == pixels


def test_moving_loses_no_picture_when_the_unfinished_work_is_thrown_away(
    parts: list[Path], tmp_path: Path, killed_after: "KilledAfter"
) -> None:
    assert killed_after(lambda: merge(parts, tmp_path / "pairs", move=True), 60)
    shutil.rmtree(tmp_path / "pairs.partial")
    assert merge(parts, tmp_path / "pairs", move=True).brought == 12


def test_a_file_that_is_in_the_place_of_a_pair_but_in_no_manifest_is_not_taken_for_it(
    folders: tuple[Path, Path], tmp_path: Path, refused: "Refused"
) -> None:
    more = tmp_path / "more_a", tmp_path / "more_b"
    for side in more:
        write_png(side / "new.png", np.zeros((4, 6, 3), np.uint8))
    first, second = pair(*folders, tmp_path / "first").dest, pair(*more, tmp_path / "second").dest
    dest = merge([first], tmp_path / "pairs").dest
    (dest / "all" / "new.png").write_text("mine")
    with refused("pictures-failed", dest) as error:
        merge([first, second], dest)
    assert [(part.code, part.where) for part in error.value.parts] == [
        ("file-in-the-way", str(second / "all" / "new.png"))
    ]
    assert "--keep-going" not in error.value.to_do
    assert (dest / "all" / "new.png").read_text() == "mine"
    (dest / "all" / "new.png").unlink()
    assert merge([first, second], dest).brought == 1
    assert set(by_name(dest)) == {*NAMES, "new"}


@pytest.mark.parametrize("step", [7, pytest.param(3, marks=pytest.mark.long)])
def test_what_a_kill_left_of_a_pair_that_its_part_does_not_have_any_more_is_not_in_the_result(
    parts: list[Path], tmp_path: Path, killed_after: "KilledAfter", step: int
) -> None:
    changes, removed = 0, set()
    while killed_after((merging := Merging(tmp_path / str(changes), parts, move=False)).run, changes):
        changes += step
        begun = {path.stem for path in (merging.place / "pairs.partial").rglob("*.png")}
        if not begun:
            continue
        gone = max(begun)
        removed.add(gone)
        for part in merging.parts:
            folder = read_manifest(part)
            write_manifest(replace(folder, pairs=tuple(each for each in folder.pairs if each.name != gone)))
        merging.run()
        assert {path.stem for path in merging.dest.rglob("*.png")} == {*NAMES} - {gone}
    assert len(removed) > 3


# Killed.


@pytest.mark.parametrize("move", [False, True])
def test_a_kill_at_any_moment_leaves_what_the_same_call_completes(
    few: list[Path], tmp_path: Path, move: bool, deaths: "Deaths", contents: "Contents"
) -> None:
    at_once = Merging(tmp_path / "at_once", few, move=move)
    at_once.run()
    cut_off = Merging(tmp_path / "cut_off", few, move=move)
    states = deaths(cut_off.run, cut_off.place)
    for changes in states:
        cut_off.run()
        assert contents(cut_off.place) == contents(at_once.place), f"after {changes} changes"
    assert states.changes > 20


@pytest.mark.parametrize("move", [False, True])
@pytest.mark.parametrize("change", [25, *(pytest.param(change, marks=pytest.mark.long) for change in (2, 44))])
def test_a_process_killed_at_work_leaves_what_the_same_command_completes(
    parts: list[Path], tmp_path: Path, move: bool, change: int, contents: "Contents"
) -> None:
    at_once, cut_off = (Merging(tmp_path / name, parts, move=move) for name in ("at_once", "cut_off"))
    at_once.run()
    words = [sys.executable, "-c", DYING, str(change), str(int(move)), *map(str, (*cut_off.parts, cut_off.dest))]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    assert contents(cut_off.place) != contents(at_once.place)
    cut_off.run()
    assert contents(cut_off.place) == contents(at_once.place)
