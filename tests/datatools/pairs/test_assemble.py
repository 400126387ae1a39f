"""Pairs in the making: as many at a time as memory allows, in order, the same bytes with any number of threads."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.pairs import assemble
from p2p_datatools.pairs.assemble import AHEAD, BUDGET, Admitted, Budget, in_order
from p2p_datatools.pairs.build import Ways, pair
from p2p_datatools.pairs.match import Files
from p2p_datatools.pairs.recipe import WEIGHT, Halves, Job

Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    for side in ("a", "b"):
        for number in range(40):
            pixels = rng.integers(0, 256, (8 + number, 16, 3), dtype=np.uint8)
            write_png(tmp_path / side / f"{number:02}.png", pixels)
    return tmp_path / "a", tmp_path / "b"


def test_any_number_of_threads_makes_the_same_bytes(
    folders: tuple[Path, Path], tmp_path: Path, contents: Contents
) -> None:
    (folders[1] / "07.png").write_text("broken")
    for jobs in (1, 2, 7):
        pair(*folders, tmp_path / f"by{jobs}", ways=Ways(jobs=jobs), keep_going=True)
    assert contents(tmp_path / "by2") == contents(tmp_path / "by1")
    assert contents(tmp_path / "by7") == contents(tmp_path / "by1")


def test_pairs_that_are_too_large_together_are_made_one_at_a_time(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, now, most = threading.Lock(), 0, 0
    real = Job.assemble

    def counted(self: Job, files: Files) -> Halves:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            return real(self, files)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(Job, "assemble", counted)
    monkeypatch.setattr(assemble, "BUDGET", 1)
    assert pair(*folders, tmp_path / "pairs", ways=Ways(jobs=4)).built == 40
    assert most == 1


def test_four_pairs_of_four_megapixels_are_made_together_but_never_two_of_twenty_four() -> None:
    assert 4 * WEIGHT * 2 * 3 * 4_000_000 <= BUDGET
    assert 2 * WEIGHT * 2 * 3 * 24_000_000 > BUDGET


def test_what_is_heavier_than_the_budget_waits_to_be_alone_and_then_begins() -> None:
    budget = Budget(10)
    budget.take(4)
    begun = threading.Event()

    def work() -> None:
        budget.take(50)
        begun.set()

    heavy = threading.Thread(target=work)
    heavy.start()
    budget.take(6)
    assert not begun.is_set()
    for weight in (4, 6):
        budget.give(weight)
    assert begun.wait(10)
    heavy.join()


@pytest.mark.parametrize("jobs", [1, 3])
def test_names_are_taken_only_a_little_ahead_of_the_pairs_that_are_done(jobs: int, tmp_path: Path) -> None:
    taken = 0

    def names() -> Iterator[tuple[str, Admitted]]:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield str(number), Admitted((tmp_path, tmp_path), 0)

    outcomes = in_order(lambda name, item: "kept", names(), jobs)
    assert [next(outcomes)[0] for _ in range(5)] == ["0", "1", "2", "3", "4"]
    assert taken <= AHEAD * jobs + 6
    outcomes.close()
