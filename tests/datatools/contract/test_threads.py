"""Work on all cores: in order, a little at a time, within a budget."""

import os
import threading
from collections.abc import Iterator

import pytest

from p2p_datatools.contract.threads import Budget, parallel_map


def test_results_come_in_the_order_of_the_items_whichever_is_done_first() -> None:
    second_is_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(10)
        else:
            second_is_done.set()
        return item

    assert list(parallel_map(work, range(20), threads=2)) == list(range(20))


def test_items_are_taken_only_a_little_ahead_of_the_results() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    results = parallel_map(lambda item: item, items(), threads=2)
    assert next(results) == 0
    assert len(taken) < 20
    results.close()


def test_what_the_work_raises_is_raised_and_the_rest_is_not_begun() -> None:
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise ZeroDivisionError
        return item

    with pytest.raises(ZeroDivisionError):
        list(parallel_map(work, range(1000), threads=1))
    assert len(begun) < 20


@pytest.mark.parametrize("threads", [1, 3])
def test_more_results_may_wait_where_others_are_slow(threads: int) -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(100_000):
            taken.append(item)
            yield item

    results = parallel_map(lambda item: item, items(), threads=threads, ahead=32)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) <= 32 * threads + 6
    results.close()


def test_one_thread_is_that_of_the_caller() -> None:
    assert set(parallel_map(lambda _: threading.get_ident(), range(5), threads=1)) == {threading.get_ident()}


def test_there_are_as_many_threads_as_this_process_may_use_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 2, 3}, raising=False)
    together = threading.Barrier(3)
    assert list(parallel_map(lambda item: together.wait(10) >= 0, range(3))) == [True] * 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1}, raising=False)
    assert set(parallel_map(lambda _: threading.get_ident(), range(5))) == {threading.get_ident()}


def test_what_is_heavier_than_the_budget_waits_to_be_alone_and_then_begins() -> None:
    budget = Budget(10)
    budget.take(4)
    begun = threading.Event()

    def work() -> None:
        with budget.room(50):
            begun.set()

    heavy = threading.Thread(target=work)
    heavy.start()
    budget.take(6)
    assert not begun.is_set()
    for weight in (4, 6):
        budget.give(weight)
    assert begun.wait(10)
    heavy.join()
    budget.take(10)
