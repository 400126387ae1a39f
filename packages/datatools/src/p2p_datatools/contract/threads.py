"""Threads for work on many items: results come in the order of the items, few of them wait, and memory is limited.

Nothing here may know what the work is, or hold a picture.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from p2p_datatools.contract.machine import cores

_T = TypeVar("_T")
_R = TypeVar("_R")


def parallel_map(
    work: Callable[[_T], _R], items: Iterable[_T], *, threads: int | None = None, ahead: int = 4
) -> Generator[_R]:
    """Yield `work(item)` for each item in their order, on `threads` threads (cores by default; 1 is the caller's own).

    At most `ahead` results for each thread wait for their turn: items are taken only that far ahead of what is yielded.
    What `work` raises is raised here, and the rest is not begun.
    """
    threads = threads or cores()
    if threads == 1:
        yield from map(work, items)
        return
    waiting: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > ahead * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class Budget:
    """Lets pieces of work begin while their weights together stay within a limit; a heavier one waits to be alone."""

    def __init__(self, limit: int) -> None:
        self._limit, self._taken = limit, 0
        self._changed = threading.Condition()

    def take(self, weight: int) -> None:
        """Wait until there is room."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + weight <= self._limit)
            self._taken += weight

    def give(self, weight: int) -> None:
        """The piece has ended."""
        with self._changed:
            self._taken -= weight
            self._changed.notify_all()

    @contextmanager
    def room(self, weight: int) -> Iterator[None]:
        """A block that begins when there is room for its weight."""
        self.take(weight)
        try:
            yield
        finally:
            self.give(weight)
