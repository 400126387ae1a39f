"""Ctrl-C and SIGTERM as a question the loop asks between two updates, so that no update is cut in half.

Nothing here may save or end anything; a second Ctrl-C interrupts at once.
"""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """While this context is open, the first signal is remembered (`asked`), and the second acts as usual."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interruption":
        # Only the main thread may set handlers; elsewhere the caller's own handling applies.
        if threading.current_thread() is threading.main_thread():
            for each in (signal.SIGINT, signal.SIGTERM):
                self._before[each] = signal.signal(each, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.asked = signal.Signals(number)
        self._restore()

    def _restore(self) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)
        self._before = {}
