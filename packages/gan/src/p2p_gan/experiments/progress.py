"""The progress of a study: one bar for each arm, which counts the images of all runs of the study.

Nothing here may print; everything is passed on to another reporter.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from p2p_datatools.contract.progress import Reporter


class Whole(Reporter):
    """Passes on the progress of training, and each note once.

    The plan of a run is not shown, and of the notes between the reading of pairs and training only those with the
    study's folder `place` are passed on, since both are similar for every arm. `total` is the number of images of all
    runs, of which `done` are finished.
    """

    def __init__(self, report: Reporter, total: int, done: int, place: Path) -> None:
        self._report, self._total, self._done, self._place = report, total, done, str(place)
        self._title, self._open, self._counts, self._plans = "", False, False, False
        self._said: set[str] = set()

    @contextmanager
    def arm(self, title: str, left: int) -> Iterator[None]:
        """While this is open, an arm with `left` images left is trained; at the end these count as done in any case."""
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
        """End one stage of an arm; its bar stays open until the arm is scored."""
        self._plans = not self._counts
        self._counts = False

    def note(self, line: str) -> None:
        """Pass on a line once."""
        if line not in self._said and not (self._plans and self._place not in line):
            self._said.add(line)
            self._report.note(line)
