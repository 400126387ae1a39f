"""What other programs take of the processor."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from p2p_gan.machine import load
from p2p_gan.machine.load import Load, LoadMeter

Pass = Callable[..., None]


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pass:
    """passes(seconds, own=..., cpu0={column: seconds}, ...): time goes by on a machine of two processors."""
    at, own, ticks = 0.0, 0.0, {"cpu0": [0] * 10, "cpu1": [0] * 10}
    stat = tmp_path / "stat"

    def go(seconds: float, mine: float = 0.0, **busy: dict[int, float]) -> None:
        nonlocal at, own
        at, own = at + seconds, own + mine
        for name, columns in busy.items():
            for column, each in columns.items():
                ticks[name][column] += round(each * os.sysconf("SC_CLK_TCK"))
        lines = [f"{name} {' '.join(map(str, values))}" for name, values in ticks.items()]
        stat.write_text("cpu  1 2 3\n" + "\n".join(lines) + "\nintr 5\n", "ascii")

    go(0.0)
    monkeypatch.setattr(load, "_STAT", stat)
    monkeypatch.setattr(load, "time", SimpleNamespace(monotonic=lambda: at))
    monkeypatch.setattr(os, "nice", lambda _: 0)  # whoever runs the tests may yield to others
    monkeypatch.setattr(os, "times", lambda: os.times_result((own, 0.0, 0.0, 0.0, at)))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(load, "core_share", lambda: 2)
    return go


def test_what_others_use_is_what_all_use_without_this_process(passes: Pass) -> None:
    meter = LoadMeter()
    passes(10.0, 8.0, cpu0={load._USER: 6.0, load._SYSTEM: 1.0}, cpu1={load._USER: 9.0, load._STOLEN: 1.0})
    found = meter.read()
    assert found.cores == 2
    assert found.others == pytest.approx(0.9)
    passes(10.0, 8.0, cpu0={load._USER: 8.0})
    assert meter.read() == Load(2, 0.0)


def test_what_yields_to_others_does_not_make_a_machine_busy(passes: Pass) -> None:
    meter = LoadMeter()
    passes(10.0, cpu0={load._NICE: 10.0})
    assert meter.read().others == 0.0


def test_for_a_process_that_yields_itself_others_that_yield_count(
    passes: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "nice", lambda _: 10)
    meter = LoadMeter()
    passes(10.0, cpu0={load._NICE: 10.0})
    assert meter.read().others == 1.0


def test_processors_that_this_process_may_not_use_do_not_count(passes: Pass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1}, raising=False)
    monkeypatch.setattr(load, "core_share", lambda: 1)
    meter = LoadMeter()
    passes(10.0, cpu0={load._USER: 10.0})
    assert meter.read() == Load(1, 0.0)


def test_others_use_what_a_container_does_not_allow_anyway_at_nobody_s_expense(
    passes: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "core_share", lambda: 0.5)
    meter = LoadMeter()
    passes(10.0, cpu0={load._USER: 10.0})
    assert meter.read().free == 0.5
    passes(10.0, cpu0={load._USER: 10.0}, cpu1={load._USER: 8.0})
    assert meter.read().free == pytest.approx(0.2)


@pytest.mark.parametrize("average", [lambda: (1.5, 0.0, 0.0), None], ids=["macOS", "Windows"])
def test_without_counters_of_the_processors_the_load_average_counts_where_there_is_one(
    passes: Pass, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, average: Callable[[], object] | None
) -> None:
    monkeypatch.setattr(load, "_STAT", tmp_path / "missing")
    if average:
        monkeypatch.setattr(os, "getloadavg", average)
    else:
        monkeypatch.delattr(os, "getloadavg")
    meter = LoadMeter()
    passes(10.0)
    found = meter.read()
    assert found.others == (1.5 if average else None)
    assert found.lacks_cores_for(2) is bool(average)


@pytest.mark.parametrize(
    ("cores", "others", "threads", "busy"),
    [
        (2, 0.1, 2, False),
        (2, 1.0, 2, True),
        (2, 1.0, 1, False),  # one thread has a core of its own
        (16, 1.0, 8, False),
        (0.5, 0.0, 1, False),  # a part of a core, and all of it
        (0.5, 0.5, 1, True),
        (2, 1.0, 64, True),
    ],
)
def test_a_machine_is_busy_when_threads_would_share_their_cores(
    cores: float, others: float, threads: int, busy: bool
) -> None:
    assert Load(cores, others).lacks_cores_for(threads) is busy
