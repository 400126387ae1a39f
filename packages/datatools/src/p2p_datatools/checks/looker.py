"""Looks at many pictures on all cores: in order, in bounded memory, with progress, and so that it can be interrupted.

Nothing here may know what is looked for.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, closing
from typing import TypeVar

from p2p_datatools.contract.files.work import BUDGET
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.threads import Budget, parallel_map

_T = TypeVar("_T")
_R = TypeVar("_R")


class Looker:
    """What looks at `count` pictures called `what`, and reports how far it is."""

    def __init__(self, what: str, count: int, report: Reporter) -> None:
        self._what, self._count, self._report = what, count, report
        self._budget = Budget(BUDGET)

    def room(self, weight: int) -> AbstractContextManager[None]:
        """A block that begins when there is memory for so many bytes of pixels; blocks may not lie in one another."""
        return self._budget.room(weight)

    def at(self, look: Callable[[_T], _R], items: Iterable[_T]) -> Generator[_R]:
        """What `look` gives of each item, in their order; whatever it keeps of a picture must be small."""
        with closing(parallel_map(look, items)) as found:
            yield from self._report.track(found, self._what, self._count)
