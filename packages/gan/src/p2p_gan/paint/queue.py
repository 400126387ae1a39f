"""The queue before the one thread that computes: short, and a newer stroke takes the place of the older that waits.

Nothing here may know what is computed, HTTP or asyncio; what comes out is handed to a function of the caller.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from p2p_datatools.contract.errors import P2PError

Finish = Callable[[Any, BaseException | None], None]
_MOST = 8  # pieces of work that wait


@dataclass(frozen=True, eq=False)
class _Job:
    """A piece of work that waits: what to call, and whom to tell."""

    work: Callable[[], Any]
    finish: Finish
    client: str
    stroke: int


class PaintQueue:
    """A thread of its own that does one piece of work after the other, and at most `most` that wait for it.

    Of one `client` only the work of its newest stroke waits: what is older is told that it is stale, so that the last
    stroke is always done, however fast strokes come. Work of the same stroke, such as other variants, waits together.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most, self._changed = most, threading.Condition()
        self._waiting: list[_Job] = []
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="p2p-paint", daemon=True)
        self._thread.start()

    def submit(
        self, work: Callable[[], Any], finish: Finish, *, client: str = "", stroke: int = 0
    ) -> Callable[[], bool]:
        """Let the thread call `work`, then `finish` with its result or its error; gives what takes it back.

        That says whether it still waited: what is done already, or has its answer, cannot be taken back.

        `finish` is called once, by the thread, or by whoever submits what makes this stale; never after it was taken
        back. Raises P2PError when there is no room, when a newer stroke of the client waits, and after `stop`.
        """
        job = _Job(work, finish, client, stroke)
        with self._changed:
            older = self._admit(client, stroke)
            # In the place of what it replaces: one who draws fast does not fall behind the others.
            place = self._waiting.index(older[0]) if older else len(self._waiting)
            self._waiting.insert(place, job)
            self._waiting = [each for each in self._waiting if each not in older]
            self._changed.notify()
        for each in older:
            each.finish(None, _is_stale())
        return lambda: self._take_back(job)

    def refuse(self, *, client: str = "", stroke: int = 0) -> None:
        """Raise P2PError where `submit` would: more need not be spent on such a request."""
        with self._changed:
            self._admit(client, stroke)

    def stop(self, seconds: float = 0.0) -> bool:
        """Refuse what waits and what comes, and wait so long for what is being done, which cannot be interrupted.

        Gives whether nothing is being done any more.
        """
        with self._changed:
            self._stopped = True
            left, self._waiting = self._waiting, []
            self._changed.notify()
        for each in left:
            each.finish(None, is_stopping())
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _admit(self, client: str, stroke: int) -> list[_Job]:
        """Those whose place such work takes; raises P2PError where there is none for it."""
        if self._stopped:
            raise is_stopping()
        own = [each for each in self._waiting if client and each.client == client]
        if any(each.stroke > stroke for each in own):
            raise _is_stale()
        older = [each for each in own if each.stroke < stroke]
        if len(self._waiting) - len(older) >= self._most:
            to_do = "Wait a moment and send it again."
            raise P2PError("the server", f"has {self._most} requests waiting already", to_do, code="busy")
        return older

    def _take_back(self, job: _Job) -> bool:
        with self._changed:
            waited = job in self._waiting
            self._waiting = [each for each in self._waiting if each is not job]
            return waited

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                result = job.work()
            except BaseException as error:  # is raised where the result is asked for, and the thread goes on
                job.finish(None, error)
            else:
                job.finish(result, None)
            del job

    def _next(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            return self._waiting.pop(0) if self._waiting else None


def _is_stale() -> P2PError:
    what, to_do = "was replaced by a newer stroke of the same client", "Wait for the answer to the newer one."
    return P2PError("the request", what, to_do, code="stale")


def is_stopping() -> P2PError:
    """The error for what is not done any more."""
    return P2PError("the server", "is stopping", "Start it again.", code="stopping")
