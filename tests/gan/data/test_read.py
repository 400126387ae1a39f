"""Pairs are read on the cores that this process may use, however many the machine has, and shown without jitter."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import write_png
from p2p_gan.config.config import Config
from p2p_gan.data import task
from p2p_gan.data.read import on_all_cores, read_pair_halves, read_shown


class Threads:
    """Work that takes a while, so that every thread there is gets some; it knows which threads did it."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def work(self, *_: Any) -> str:
        self.seen.add(threading.get_ident())
        time.sleep(0.005)
        return ""


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Threads:
    """Work on a machine of eight cores, of which a scheduler or `taskset` has left this process one."""
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    return Threads()


def test_pairs_are_decoded_by_as_many_threads_as_this_process_may_use_cores(
    pair_folder: Path, threads: Threads
) -> None:
    folder = open_pairs(pair_folder)
    assert len(list(on_all_cores(threads.work, folder.pairs, folder))) == 12
    assert len(threads.seen) == 1


def test_an_ordinary_folder_is_hashed_by_as_many_threads_as_this_process_may_use_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: Threads
) -> None:
    for number in range(8):
        write_png(tmp_path / "train" / f"{number}.png", np.full((2, 4, 3), number, np.uint8))
    monkeypatch.setattr(task, "sha256_file", threads.work)
    task.identify_files(open_pairs(tmp_path))
    assert len(threads.seen) == 1


def test_what_is_shown_and_scored_is_the_pair_itself_without_jitter(pair_folder: Path, tiny: Config) -> None:
    folder = open_pairs(pair_folder)
    wanted, pair = task.task_of(folder, "a-to-b"), folder.of("val")[0]
    mask, photo, gaps = read_shown(folder, pair, wanted, replace(tiny, jitter=1.25))
    np.testing.assert_array_equal(photo, read_pair_halves(folder, pair, wanted)[1])
    assert mask.shape == (32, 32, 1)
    assert gaps is None
