"""Work for all cores, a little at a time: results come in the order of the items, and few of them wait.

Nothing here may know what the work is, or hold a picture.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from p2p_datatools.contract.machine import cores

T = TypeVar("T")


R = TypeVar("R")


def in_order(work: Callable[[T], R], items: Iterable[T], *, threads: int | None = None) -> Generator[R]:
    """Yield `work(item)` for each item in their order, so many at a time as there are `threads` (cores by default).

    Items are taken only a little ahead of the results. What `work` raises is raised here, and the rest is not begun.
    """
    threads = threads or cores()
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > 4 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
