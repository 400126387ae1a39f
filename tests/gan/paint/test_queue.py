"""The last stroke is always painted, older ones that wait are stale, and what waits is bounded."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_gan.paint.queue import PaintQueue

if TYPE_CHECKING:
    from conftest import Refused


class Work:
    """Work in a queue whose thread is held up by the first piece, and what came of each."""

    def __init__(self, queue: PaintQueue) -> None:
        self.queue, self.gate, self.done = queue, threading.Event(), dict[str, Any]()
        begun = threading.Event()

        def hold() -> None:
            begun.set()
            self.gate.wait(10)

        self.queue.submit(hold, lambda *_: None)
        assert begun.wait(10)

    def submit(self, name: str, client: str = "", stroke: int = 0) -> Callable[[], bool]:
        def finish(value: Any, error: BaseException | None) -> None:
            self.done[name] = value if error is None else getattr(error, "code", error)

        return self.queue.submit(lambda: name, finish, client=client, stroke=stroke)

    def finish(self) -> dict[str, Any]:
        """What came of each, in the order of coming, when all is done."""
        self.gate.set()
        while self.queue._waiting:
            time.sleep(0.001)
        self.queue.stop(10)
        return self.done


@pytest.fixture
def work() -> Iterator[Work]:
    queue = PaintQueue(most=3)
    found = Work(queue)
    yield found
    found.gate.set()
    queue.stop(10)


def test_of_a_clients_strokes_that_wait_only_the_newest_is_done(work: Work) -> None:
    for stroke in range(1, 50):
        work.submit(f"stroke {stroke}", "a", stroke)
    done = work.finish()
    assert {done[f"stroke {stroke}"] for stroke in range(1, 49)} == {"stale"}
    assert done["stroke 49"] == "stroke 49"


def test_an_older_stroke_that_comes_late_is_stale_at_once(work: Work, refused: "Refused") -> None:
    work.submit("newer", "a", 2)
    with refused("stale"):
        work.submit("older", "a", 1)
    assert work.finish() == {"newer": "newer"}


def test_variants_of_one_stroke_wait_together_and_other_clients_are_left_alone(work: Work) -> None:
    work.submit("first variant", "a", 2)
    work.submit("of another", "b", 1)
    work.submit("second variant", "a", 2)
    assert set(work.finish().values()) == {"first variant", "second variant", "of another"}


def test_one_who_draws_fast_keeps_the_place_of_his_first_stroke(work: Work) -> None:
    work.submit("a1", "a", 1)
    work.submit("b1", "b", 1)
    work.submit("a2", "a", 2)
    assert list(work.finish().items()) == [("a1", "stale"), ("a2", "a2"), ("b1", "b1")]


def test_without_room_work_is_refused_but_for_what_makes_some(work: Work, refused: "Refused") -> None:
    for name in "abc":
        work.submit(name, name, 1)
    with refused("busy"):
        work.submit("d", "d", 1)
    work.submit("newer", "a", 2)
    assert work.finish() == {"a": "stale", "newer": "newer", "b": "b", "c": "c"}


def test_what_was_taken_back_is_neither_done_nor_told(work: Work) -> None:
    take_back = work.submit("gone")
    work.submit("stays")
    take_back()
    assert work.finish() == {"stays": "stays"}


def test_an_error_in_the_work_is_told_and_the_next_is_done(work: Work) -> None:
    def fail() -> None:
        raise MemoryError

    work.queue.submit(fail, lambda value, error: work.done.update(failed=error))
    work.submit("next")
    done = work.finish()
    assert isinstance(done["failed"], MemoryError)
    assert done["next"] == "next"


def test_a_stop_refuses_what_waits_and_what_comes_and_lets_the_rest_end(work: Work) -> None:
    work.submit("waits")
    work.queue.stop()
    assert work.done == {"waits": "stopping"}
    with pytest.raises(P2PError, match="stopping"):
        work.submit("comes")


def test_a_queue_says_whether_work_goes_on_after_its_stop(work: Work) -> None:
    assert not work.queue.stop(0.01)
    work.gate.set()
    assert work.queue.stop(10)


def test_what_would_be_refused_is_refused_beforehand_too(work: Work, refused: "Refused") -> None:
    for number in range(3):
        work.submit(str(number), "a" if number else "b", 5)
    for how, code in (({"client": "a", "stroke": 4}, "stale"), ({"client": "c"}, "busy"), ({}, "busy")):
        with refused(code):
            work.queue.refuse(**how)
    work.queue.refuse(client="a", stroke=6)
    work.queue.stop()
    with refused("stopping"):
        work.queue.refuse(client="a", stroke=6)
