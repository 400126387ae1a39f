"""Work on all cores: in order, a little at a time."""

import threading
from collections.abc import Iterator

import pytest

from p2p_datatools.jobs.run import in_order


def test_results_come_in_the_order_of_the_items_whichever_is_done_first() -> None:
    second_is_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(10)
        else:
            second_is_done.set()
        return item

    assert list(in_order(work, range(20), threads=2)) == list(range(20))


def test_items_are_taken_only_a_little_ahead_of_the_results() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    results = in_order(lambda item: item, items(), threads=2)
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
        list(in_order(work, range(1000), threads=1))
    assert len(begun) < 20
