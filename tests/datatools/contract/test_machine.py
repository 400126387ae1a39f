"""How many cores a process may use."""

import os
from pathlib import Path

import pytest

from p2p_datatools.contract import machine
from p2p_datatools.contract.machine import core_limit, core_share, cores


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The tree of control groups, which is empty, and the process in its root."""
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "_OWN_GROUPS", tmp_path / "own")
    (tmp_path / "own").write_text("0::/\n", "ascii")
    return tmp_path / "groups"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "ascii")


def test_cores_that_are_not_for_this_process_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5}, raising=False)
    assert cores() == 2


def test_where_the_system_does_not_say_all_of_the_machine_count_and_one_at_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for number, expected in ((8, 8), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda number=number: number)
        assert cores() == expected


@pytest.mark.parametrize(
    ("own", "files", "share", "count"),
    [
        ("0::/", {"cpu.max": "50000 100000\n"}, 0.5, 1),
        ("0::/", {"cpu.max": "max 100000\n"}, 8.0, 8),
        ("0::/", {"cpu.max": "1600000 100000\n"}, 8.0, 8),  # more than the machine has
        (
            "0::/job/part",
            {"cpu.max": "max 100000", "job/cpu.max": "250000 100000", "job/part/cpu.max": "max 1"},
            2.5,
            3,
        ),
        (
            "3:cpu,cpuacct:/docker/1\n0::/",
            {"cpu/cpu.cfs_quota_us": "150000", "cpu/cpu.cfs_period_us": "100000"},
            1.5,
            2,
        ),
        ("1:cpu:/", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8.0, 8),
        ("4:memory:/", {"memory/cpu.max": "50000 100000"}, 8.0, 8),
        ("0::/../elsewhere", {"cpu.max": "rubbish"}, 8.0, 8),
        ("rubbish", {}, 8.0, 8),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_limit_of_a_container_counts_and_the_smallest_of_several(
    monkeypatch: pytest.MonkeyPatch, groups: Path, own: str, files: dict[str, str], share: float, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    (groups.parent / "own").write_text(own, "ascii")
    for name, text in files.items():
        write(groups / name, text)
    assert (core_share(), cores()) == (share, count)
    assert (core_limit() is None) == (share == 8.0 and "1600000" not in "".join(files.values()))
