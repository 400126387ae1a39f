"""How work reports its progress: a reporter is passed in, and the quiet one is the default.

Nothing here may print or know a terminal; the command line brings its own reporter.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

_T = TypeVar("_T")


class Reporter:
    """A reporter that says nothing; those that do override these methods."""

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        """A piece of work called `what` begins; `done` of its `total` units are there already.

        The unit is pieces unless it is "bytes"; a total of 0 is one that is not known.
        """

    def advance(self, units: int = 1, **figures: float) -> None:
        """`units` more units are done; `figures` are the latest named numbers, such as losses."""

    def finish(self) -> None:
        """The piece of work that was started last has ended, well or not."""

    def note(self, line: str) -> None:
        """A line that the user should read, such as what was assumed."""

    def show(self, value: object) -> None:
        """A value that the user should see, such as the plan of a run; the reporter turns it into text."""

    def tell(self, what: str) -> AbstractContextManager[None]:
        """A block of work called `what` that cannot be counted, such as listing a folder; it starts nothing else."""
        return nullcontext()

    def track(self, items: Iterable[_T], what: str, total: int, *, least: int = 0) -> Iterator[_T]:
        """Yield the items, advancing by one after each; none, or fewer than `least`, are not told of."""
        if total < max(1, least):
            yield from items
            return
        self.start(what, total)
        try:
            for item in items:
                yield item
                self.advance()
        finally:
            self.finish()


QUIET = Reporter()
MANY = 10_000
"""Records from which on adding them up, or writing them, takes longer than a second."""
Note = Callable[[str], None]


def once(note: Note) -> Note:
    """The same, but no line is reported twice."""
    said: set[str] = set()

    def say(line: str) -> None:
        if line not in said:
            said.add(line)
            note(line)

    return say
