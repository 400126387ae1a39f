"""Threads spin while their cores are free, and sleep while they wait where other programs need them."""

import os
import sys
import time
from pathlib import Path

import pytest

from p2p_gan.machine import waiting
from p2p_gan.machine.load import Load
from p2p_gan.machine.waiting import Crowd, Watchman, watch_waiting


class FakeCrowd(Crowd):
    """A crowd without threads."""

    def __init__(self) -> None:
        self.present = False

    @property
    def possible(self) -> bool:
        return True

    @property
    def here(self) -> bool:
        return self.present

    def gather(self) -> None:
        self.present = True

    def leave(self) -> None:
        self.present = False


class FakeMeter:
    """Says what others use of eight cores."""

    others: float | None = 0.0

    def read(self) -> Load:
        return Load(8, self.others)


def test_threads_sleep_until_the_first_look_and_spin_where_their_cores_are_free() -> None:
    crowd, meter = FakeCrowd(), FakeMeter()
    watchman = Watchman(4, crowd, meter)  # type: ignore[arg-type]
    assert crowd.here
    meter.others = 4.0  # half of the cores are left, and half are needed
    watchman.look()
    assert not crowd.here


def test_threads_sleep_at_once_when_others_need_their_cores_and_spin_again_after_three_calm_looks() -> None:
    crowd, meter = FakeCrowd(), FakeMeter()
    watchman = Watchman(8, crowd, meter)  # type: ignore[arg-type]
    seen = []
    for others in (0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.1, 0.0):
        meter.others = others
        watchman.look()
        seen.append("sleep" if crowd.here else "spin")
    assert seen == ["spin", *["sleep"] * 6, "spin", "spin"]


def test_threads_sleep_where_the_system_does_not_tell_what_others_use() -> None:
    crowd, meter = FakeCrowd(), FakeMeter()
    meter.others = None
    watchman = Watchman(1, crowd, meter)  # type: ignore[arg-type]
    watchman.look()
    assert crowd.here


@pytest.mark.skipif(sys.platform != "linux", reason="libgomp and /proc are those of Linux")
def test_a_crowd_has_more_threads_than_there_are_cores_and_ends_them() -> None:
    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    crowd, before = Crowd(), threads()
    seen = []
    for act in (crowd.gather, crowd.gather, crowd.leave):
        act()
        for _ in range(500):  # libgomp ends its threads a moment after ours
            if crowd.here or threads() == before:
                break
            time.sleep(0.01)
        seen.append((crowd.here, threads() - before))
    assert seen == [(True, 1 + len(os.sched_getaffinity(0)))] * 2 + [(False, 0)]


def test_nobody_watches_where_the_user_chose_how_threads_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_WATCHMEN", {})
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    watch_waiting(2)
    assert not waiting._WATCHMEN


def test_one_watchman_watches_for_a_process_and_knows_how_many_threads_compute_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Watchman] = []
    monkeypatch.setattr(waiting, "_WATCHMEN", {})
    monkeypatch.setattr(Watchman, "start", lambda watchman: started.append(watchman))
    monkeypatch.setattr(waiting, "Crowd", FakeCrowd)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.setenv("GOMP_SPINCOUNT", "300000")
    watch_waiting(8)
    watch_waiting(1)
    assert [each.needed for each in started] == [1]
