"""How many cores a process may use."""

import os

import pytest

from p2p_datatools.contract.machine import cores


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
