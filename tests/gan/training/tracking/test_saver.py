"""What is written beside training holds nobody up, one piece at a time, and its failure is heard."""

import threading

import pytest

from p2p_gan.training.tracking.saver import Writer


def test_the_caller_goes_on_while_the_work_is_done() -> None:
    gate, writer = threading.Event(), Writer()
    writer.start(gate.wait)  # type: ignore[arg-type]  # what it gives is not looked at
    assert writer.busy
    writer.check()
    gate.set()
    writer.wait()
    assert not writer.busy


def test_the_next_piece_of_work_waits_for_the_one_before() -> None:
    order: list[str] = []
    gate, writer = threading.Event(), Writer()

    def first() -> None:
        gate.wait()
        order.append("first")

    writer.start(first)
    threading.Timer(0, gate.set).start()
    writer.start(lambda: order.append("second"))
    writer.wait()
    assert order == ["first", "second"]


def test_a_failure_is_raised_once_where_the_caller_asks_for_it() -> None:
    def fail() -> None:
        raise OSError("no space")

    writer = Writer()
    writer.start(fail)
    with pytest.raises(OSError, match="no space"):
        writer.wait()
    writer.check()
    writer.start(fail)
    while writer.busy:
        pass
    with pytest.raises(OSError, match="no space"):
        writer.check()
    writer.start(fail)
    with pytest.raises(OSError, match="no space"):
        writer.start(fail)
