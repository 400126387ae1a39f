"""What is kept of given splits, what training pairs provide, and that equal pictures are never divided."""

import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Contents, KilledAfter, Notes, Refused
    from datatools.conftest import Noise, WritePhotos


@pytest.fixture
def given(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    """Ten training pairs and three of the test, as their folders gave them."""
    files = [*(f"train/{number}.png" for number in range(10)), *(f"test/{number}.png" for number in range(3))]
    a, b = write_photos(tmp_path / "a", *files), write_photos(tmp_path / "b", *files, seed=100)
    return pair(a, b, tmp_path / "pairs").dest


def splits_of(folder: Path) -> dict[str, str]:
    return {each.name: each.split for each in open_pairs(folder).pairs}


def test_a_split_that_is_missing_is_drawn_from_train_and_a_given_test_stays(
    given: Path, notes: "Notes", contents: "Contents"
) -> None:
    summary = split(given, report=notes)
    assert summary.counts == {"train": 9, "val": 1, "test": 3}
    assert (summary.moved, summary.kept) == (1, 12)
    assert all(its == "test" for name, its in splits_of(given).items() if name.startswith("test/"))
    assert notes.lines == ["Of 10 training pairs as given, 1 to val.", "test has 3 pairs, not 1: it was given."]
    assert check(given).findings == ()
    before = contents(given)
    assert split(given).counts == summary.counts
    assert contents(given) == before


def test_a_given_test_is_complete_however_large_a_share_is_asked_for(given: Path) -> None:
    assert split(given, val=0, test=0.5, group_by="none").counts == {"train": 10, "val": 0, "test": 3}
    assert split(given, val=0.3, test=0, group_by="none").counts == {"train": 6, "val": 4, "test": 3}


def test_what_a_split_has_left_in_train_stays_there_whatever_is_asked_for_later(tmp_path: Path, given: Path) -> None:
    split(given, val=0.1, test=0, group_by="none")
    before = splits_of(given)
    split(given, val=0.5, test=0.4, group_by="none")
    assert splits_of(given) == before


def test_a_kill_at_any_moment_of_drawing_from_train_leaves_what_the_same_call_completes(
    given: Path, killed_after: "KilledAfter"
) -> None:
    changes = 0
    while killed_after(lambda: split(given, group_by="none"), changes):
        changes += 1
    assert changes > 2
    assert split(given).counts == {"train": 9, "val": 1, "test": 3}
    assert check(given).findings == ()


def make_pairs(tmp_path: Path, noise: "Noise", shows: Iterable[tuple[int, int]]) -> Path:
    """Pairs 00, 01, ... whose halves hold the noise of two numbers."""
    for number, (a, b) in enumerate(shows):
        for half, seed in (("a", a), ("b", b)):
            write_png(tmp_path / half / f"{number:02d}.png", noise(seed, Size(8, 6)))
    return pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs").dest


@pytest.mark.parametrize("seed", range(4))
def test_pairs_of_equal_pixels_are_in_one_split_whatever_the_seed(tmp_path: Path, noise: "Noise", seed: int) -> None:
    folder = make_pairs(tmp_path, noise, [(number // 2, 100 + number // 2) for number in range(10)])
    split(folder, val=0.2, test=0.2, seed=seed)
    splits = splits_of(folder)
    assert all(splits[f"{number:02d}"] == splits[f"{number + 1:02d}"] for number in range(0, 10, 2))
    assert Counter(splits.values()) == {"train": 6, "val": 2, "test": 2}
    assert check(folder).ok


SEEDS = pytest.mark.parametrize("seeds", [3, pytest.param(8, marks=pytest.mark.long)])


@SEEDS
def test_pairs_of_one_half_are_in_one_split_and_equality_reaches_on(tmp_path: Path, noise: "Noise", seeds: int) -> None:
    # 0 and 1 share their A, 1 and 2 their B: the three are together, as 3 and 4 are.
    chained = [(0, 10), (0, 11), (1, 11), (2, 12), (2, 13)]
    folder = make_pairs(tmp_path, noise, [*chained, *((number, number + 50) for number in range(20, 24))])
    for seed in range(seeds):
        shutil.copytree(folder, tmp_path / f"{seed}")
        split(tmp_path / f"{seed}", val=0.3, test=0.3, seed=seed)
        splits = splits_of(tmp_path / f"{seed}")
        assert len({splits[name] for name in ("00", "01", "02")}) == len({splits[name] for name in ("03", "04")}) == 1


@SEEDS
def test_groups_that_share_a_picture_go_together(tmp_path: Path, noise: "Noise", seeds: int) -> None:
    # Groups are those of one last digit, and 15 shows what 03 does.
    folder = make_pairs(tmp_path, noise, [(number if number != 15 else 3, number + 50) for number in range(16)])
    for seed in range(seeds):
        shutil.copytree(folder, tmp_path / f"{seed}")
        split(tmp_path / f"{seed}", val=0.3, test=0.3, seed=seed, group_by=r"\d$")
        splits = splits_of(tmp_path / f"{seed}")
        assert len({splits[name] for name in ("03", "13", "05", "15")}) == 1


def test_a_new_pair_that_shows_what_another_shows_follows_it(tmp_path: Path, noise: "Noise") -> None:
    folder = make_pairs(tmp_path, noise, [(number, number + 50) for number in range(10)])
    split(folder, val=0.2, test=0.2)
    test = next(name for name, its in splits_of(folder).items() if its == "test")
    for half in ("a", "b"):
        shutil.copy(tmp_path / half / f"{test}.png", tmp_path / half / "copy.png")
    pair(tmp_path / "a", tmp_path / "b", folder)
    split(folder, val=0.2, test=0.2)
    assert splits_of(folder)["copy"] == "test"


def test_equal_pictures_that_an_earlier_split_divided_join_those_that_are_tested_on(
    given: Path, tmp_path: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    split(given, val=0, test=0)
    for half in ("a", "b"):
        shutil.copy(tmp_path / half / "train/5.png", tmp_path / half / "test/5.png")
    pair(tmp_path / "a", tmp_path / "b", given)
    assert [each.code for each in check(given).findings] == ["leak"]
    summary = split(given, val=0, test=0, report=notes)
    assert summary.counts == {"train": 9, "val": 0, "test": 5}
    assert any("train/5 has the same pixels as test/5" in line for line in notes.lines)
    assert check(given).ok


def test_equal_pictures_in_train_and_val_of_another_tools_folder_are_one_split_in_the_manifest(
    tmp_path: Path, noise: "Noise", contents: "Contents"
) -> None:
    folder = tmp_path / "maps"
    for file, number in (("train/1", 1), ("train/2", 2), ("train/3", 3), ("validation/1", 4), ("validation/2", 2)):
        write_png(folder / f"{file}.png", noise(number))
    assert [each.code for each in check(folder).findings] == ["leak"]
    before = contents(folder)
    assert split(folder, val=0, test=0).counts == {"train": 2, "val": 3, "test": 0}
    assert contents(folder).items() >= before.items()
    assert check(folder).ok


def test_a_group_in_two_given_splits_is_refused_with_what_helps(given: Path, refused: "Refused") -> None:
    with refused("group-in-several-splits", given) as error:
        split(given, group_by=r"/(\d)")
    assert "into a new folder" in error.value.to_do
    split(given)
    assert read_manifest(given).pairs


def test_equal_masks_of_different_photos_may_be_divided(tmp_path: Path, noise: "Noise") -> None:
    for number in range(10):
        write_png(tmp_path / "a" / f"{number}.png", np.zeros((6, 8, 3), np.uint8))
        write_png(tmp_path / "b" / f"{number}.png", noise(number, Size(8, 6)))
    pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs")
    assert split(tmp_path / "pairs").counts == {"train": 8, "val": 1, "test": 1}
