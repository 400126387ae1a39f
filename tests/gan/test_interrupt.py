"""Ctrl-C is a question between two updates, and an answer the second time."""

import os
import signal

import pytest

from p2p_gan.interrupt import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_remembered_and_interrupts_nothing(number: signal.Signals) -> None:
    with Interruption() as interruption:
        assert interruption.asked is None
        os.kill(os.getpid(), number)
        assert interruption.asked == number


def test_the_second_ctrl_c_interrupts_at_once() -> None:
    with Interruption():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_handlers_of_before_are_there_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interruption():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
