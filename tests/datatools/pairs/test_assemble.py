"""Pairs in the making: as many at a time as memory allows, in order, the same bytes with any number of threads."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.files import work
from p2p_datatools.contract.pairs.manifest import read_manifest, with_pairs, write_manifest
from p2p_datatools.contract.partners.matched import Files
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.pairs.build import PairOptions, pair
from p2p_datatools.pairs.recipe import PAIR_WEIGHT, Halves, PairRecipe
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Contents, Refused


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    for side in ("a", "b"):
        for number in range(40):
            pixels = rng.integers(0, 256, (8 + number, 16, 3), dtype=np.uint8)
            write_png(tmp_path / side / f"{number:02}.png", pixels)
    return tmp_path / "a", tmp_path / "b"


def test_any_number_of_threads_makes_the_same_bytes(
    folders: tuple[Path, Path], tmp_path: Path, contents: "Contents"
) -> None:
    (folders[1] / "07.png").write_text("broken")
    for jobs in (1, 2, 7):
        pair(*folders, tmp_path / f"by{jobs}", ways=PairOptions(jobs=jobs), keep_going=True)
    assert contents(tmp_path / "by2") == contents(tmp_path / "by1")
    assert contents(tmp_path / "by7") == contents(tmp_path / "by1")


def test_pairs_that_are_too_large_together_are_made_one_at_a_time(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, now, most = threading.Lock(), 0, 0
    real = PairRecipe.assemble

    def counted(self: PairRecipe, files: Files) -> Halves:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            return real(self, files)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(PairRecipe, "assemble", counted)
    monkeypatch.setattr(work, "BUDGET", 1)
    assert pair(*folders, tmp_path / "pairs", ways=PairOptions(jobs=4)).built == 40
    assert most == 1


def test_four_pairs_of_four_megapixels_are_made_together_but_never_two_of_twenty_four() -> None:
    assert 4 * PAIR_WEIGHT * 2 * 3 * 4_000_000 <= work.BUDGET
    assert 2 * PAIR_WEIGHT * 2 * 3 * 24_000_000 > work.BUDGET


def test_a_pair_that_is_gone_is_built_again_in_its_place_split_and_group(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    dest = tmp_path / "pairs"
    pair(*folders, dest)
    split(dest, val=0.2, test=0.2, group_by="none")
    folder = read_manifest(dest)
    grouped = [replace(each, group=f"drive {each.name[0]}") for each in folder.pairs]
    write_manifest(with_pairs(folder, grouped))
    (dest / grouped[7].file).unlink()
    assert pair(*folders, dest).built == 1
    assert list(read_manifest(dest).pairs) == grouped
    assert (dest / grouped[7].file).is_file()


def test_a_picture_of_the_destination_that_no_manifest_knows_is_not_overwritten(
    folders: tuple[Path, Path], tmp_path: Path, refused: "Refused"
) -> None:
    dest = tmp_path / "pairs"
    late = [folder / "late.png" for folder in folders]
    pair(*folders, dest)
    for path in late:
        write_png(path, np.zeros((8, 16, 3), dtype=np.uint8))
    (dest / "all" / "late.png").write_text("mine")
    with refused("pictures-failed", dest) as failure:
        pair(*folders, dest)
    assert [(skip.where, skip.code) for skip in failure.value.parts] == [(str(late[0]), "file-in-the-way")]
    assert (dest / "all" / "late.png").read_text() == "mine"
