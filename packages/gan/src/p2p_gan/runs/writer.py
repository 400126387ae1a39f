"""Work on files beside training: one thread, one piece at a time, its error raised where training can hear it.

Nothing here may know what is written; whoever hands work over leaves alone what it reads until `busy` is false.
"""

import threading
from collections.abc import Callable


class Writer:
    """At most one piece of work runs beside the caller; the caller waits only where it hands over the next one."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether the last piece of work is still running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` beside the caller, after the one before; raises that one's error."""
        self.wait()
        # A daemon: whoever presses Ctrl-C twice does not want to wait for a disk. What is cut off does not count.
        self._thread = threading.Thread(target=self._run, args=(work,), name="p2p-writer", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # handed to the thread that can tell the person
            self._error = error

    def check(self) -> None:
        """Raise the error of the last piece of work, if it has failed; waits for nothing."""
        if not self.busy and self._error is not None:
            error, self._error = self._error, None
            raise error

    def wait(self) -> None:
        """Wait for the last piece of work; raises its error."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.check()
