"""Ctrl-C is a question between two updates, and an answer the second time; the others are one question."""

import signal

import pytest

from p2p_gan.training.signals import StopRequest, StopSignal

# What schedulers send before they kill: TERM (Slurm), USR2 (LSF at its run limit), USR1 and USR2 (Grid Engine's
# -notify, and Slurm's --signal=USR1@120), XCPU (a limit of processor time).
ASKING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU]


@pytest.mark.usefixtures("in_the_foreground")
@pytest.mark.parametrize("number", ASKING)
def test_the_first_signal_is_remembered_and_interrupts_nothing(number: signal.Signals) -> None:
    with StopRequest() as interruption:
        assert interruption.asked is None
        signal.raise_signal(number)
        assert interruption.asked == number


@pytest.mark.usefixtures("in_the_foreground")
def test_the_second_ctrl_c_interrupts_at_once() -> None:
    with StopRequest():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_sigterm_sent_twice_as_clusters_do_does_not_kill_what_is_being_saved() -> None:
    with StopRequest() as interruption:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert interruption.asked == signal.SIGTERM


def test_where_nothing_has_to_be_finished_a_signal_stops_at_once() -> None:
    with StopRequest() as interruption:
        with pytest.raises(StopSignal), interruption.at_once():
            signal.raise_signal(signal.SIGTERM)
        assert interruption.asked == signal.SIGTERM
        with pytest.raises(StopSignal), interruption.at_once():
            pytest.fail("what was asked before stops it before it begins")


def test_after_work_that_could_stop_at_once_signals_are_remembered_again() -> None:
    with StopRequest() as interruption:
        with interruption.at_once():
            pass
        signal.raise_signal(signal.SIGINT)
        assert interruption.asked == signal.SIGINT


def test_a_terminal_that_is_closed_stops_nothing_that_was_started_with_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as interruption:
            signal.raise_signal(signal.SIGHUP)
            assert interruption.asked is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_program_that_uses_sigusr1_itself_keeps_it_while_it_trains() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    try:
        with StopRequest() as interruption:
            signal.raise_signal(signal.SIGUSR1)
            assert heard == [signal.SIGUSR1]
            assert interruption.asked is None
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("in_the_foreground")
@pytest.mark.parametrize("number", ASKING)
def test_the_handlers_of_before_are_there_again_afterwards(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopRequest():
        assert signal.getsignal(number) != before
    assert signal.getsignal(number) == before
