"""Many trainings told as one: a bar an arm, which counts the images of the whole study.

Nothing here may print; what it is told goes on to the reporter that it was given.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from p2p_datatools.contract.progress import Reporter


class Whole(Reporter):
    """Passes on the images of training, and notes once each.

    The plan of a run is not shown, and what is noted between its reading and its training is left out but for what
    concerns its place: both are much the same for every arm. `total` images are trained in all, of which `done` are
    there; `place` holds the runs.
    """

    def __init__(self, report: Reporter, total: int, done: int, place: Path) -> None:
        self._report, self._total, self._done, self._place = report, total, done, str(place)
        self._title, self._open, self._counts, self._plans = "", False, False, False
        self._said: set[str] = set()

    @contextmanager
    def arm(self, title: str, left: int) -> Iterator[None]:
        """While this is open, an arm with so many images left is trained; in the end they count as done in any case."""
        after = self._done + left
        self._title, self._plans = title, False
        try:
            yield
        finally:
            self._done = after
            if self._open:
                self._report.finish()
            self._open = False

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        """Open the arm's bar when its training begins."""
        self._counts = what == "training"
        self._plans = False
        if self._counts and not self._open:
            self._report.start(self._title, self._total, self._done)
            self._open = True

    def advance(self, units: int = 1, **figures: float) -> None:
        """Count images."""
        if self._counts:
            self._report.advance(units, **figures)

    def finish(self) -> None:
        """What was counted has ended; the arm goes on to be scored."""
        self._plans = not self._counts
        self._counts = False

    def note(self, line: str) -> None:
        """Pass on a line that was not said before."""
        if line not in self._said and not (self._plans and self._place not in line):
            self._said.add(line)
            self._report.note(line)
