"""Remembers the signals that ask a process to stop until the training loop checks for them between two updates.

Nothing here may save or end anything; a second Ctrl-C interrupts at once, a second one of the others changes nothing.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any


def _list_signals() -> Iterator[signal.Signals]:
    """The signals that ask the process to stop: Ctrl-C, SIGTERM, and where the system has them and they would end it,
    SIGHUP, of a closed terminal (nohup ignores it), and what LSF, Grid Engine and limits of processor time send first.
    """
    yield from (signal.SIGINT, signal.SIGTERM)
    for each in signal.Signals:
        if each.name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU") and signal.getsignal(each) == signal.SIG_DFL:
            yield each


class StopSignal(BaseException):
    """A signal came during work that need not be finished or saved; like KeyboardInterrupt."""


class StopRequest:
    """While this context is open, a signal is remembered (`asked`) instead of ending the process."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self.enough = False  # whether training has ended by itself before its last image
        self._before: dict[signal.Signals, Any] = {}
        self._at_once = False

    def __enter__(self) -> "StopRequest":
        # Only the main thread may set handlers; elsewhere the caller's own handling applies.
        if threading.current_thread() is threading.main_thread():
            for each in _list_signals():
                self._before[each] = signal.signal(each, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in list(self._before):
            self._restore(each)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """While this is open, a signal raises StopSignal at once: for work that need not be saved."""
        self._at_once = True
        try:
            if self.asked:
                raise StopSignal
            yield
        finally:
            self._at_once = False

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.asked = self.asked or signal.Signals(number)
        if number == signal.SIGINT:
            # A cluster may send SIGTERM twice, to the process and to its group; a second Ctrl-C means: end at once.
            self._restore(signal.SIGINT)
        if self._at_once:
            self._at_once = False
            raise StopSignal

    def _restore(self, number: signal.Signals) -> None:
        if number in self._before:
            signal.signal(number, self._before.pop(number))
