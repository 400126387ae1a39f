"""How many threads compute: what torch, the machine, the user and several processes say of it."""

import pytest
import torch

from p2p_gan.machine import threads


@pytest.fixture
def eight_threads(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Torch's own number is eight, on as many cores, and the environment says nothing; to be changed further."""
    for name in (*threads._COUNTS, *threads._OF_THREADS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_THREADS_OF_TORCH", 8)
    monkeypatch.setattr(threads, "cores", lambda: 8)
    return monkeypatch


def test_threads_are_divided_among_processes_and_limited_to_the_cores_of_a_container(
    eight_threads: pytest.MonkeyPatch,
) -> None:
    assert [threads.resolve_threads(*each) for each in ((0, 1), (0, 2), (0, 16), (3, 2))] == [8, 4, 1, 3]
    eight_threads.setattr(threads, "cores", lambda: 2)  # 1.5 of them
    assert threads.resolve_threads(0) == 2
    assert threads.resolve_threads(64) == 64  # the user's word


@pytest.mark.parametrize(
    ("value", "counts"), [("8", True), ("8,2", True), (" 4 ", True), ("", False), ("many", False), ("0", False)]
)
def test_a_number_of_threads_in_the_environment_is_not_divided_and_rubbish_is_none(
    eight_threads: pytest.MonkeyPatch, value: str, counts: bool
) -> None:
    eight_threads.setenv("OMP_NUM_THREADS", value)
    assert threads.threads_variable() == ("OMP_NUM_THREADS" if counts else None)
    assert threads.resolve_threads(0, 2) == (8 if counts else 4)


def test_variables_that_decide_how_threads_run_are_known_but_for_those_that_p2p_sets(
    eight_threads: pytest.MonkeyPatch,
) -> None:
    eight_threads.setenv("OMP_WAIT_POLICY", "PASSIVE")
    eight_threads.setenv("GOMP_SPINCOUNT", "300000")
    assert threads.variables_of_threads() == {}
    eight_threads.delenv("GOMP_SPINCOUNT")
    assert threads.variables_of_threads() == {"OMP_WAIT_POLICY": "PASSIVE"}
    for name, value in (("OMP_WAIT_POLICY", "ACTIVE"), ("OMP_PROC_BIND", "true")):
        eight_threads.setenv(name, value)
    assert threads.variables_of_threads() == {"OMP_WAIT_POLICY": "ACTIVE", "OMP_PROC_BIND": "true"}


def test_applying_a_model_takes_no_more_threads_than_a_container_has_cores_unless_the_user_chose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[int] = []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    monkeypatch.setattr(threads, "cores", lambda: 1)
    threads.limit_threads()
    assert taken == [1]
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    threads.limit_threads()
    assert taken == [1]
