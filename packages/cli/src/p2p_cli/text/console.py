"""All use of rich: progress on a terminal, or in plain lines where there is none, and tables.

Nothing here may compute a result; it shows what a library call returned or reports.
"""

import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from rich.console import Console, ConsoleOptions, RenderResult
from rich.errors import LiveError
from rich.live import Live
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from p2p_cli.text.plan import plan_lines
from p2p_cli.text.terminal import echo, name_full_output
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import duration_text, printable

_WIDE = 72  # columns that a bar with its numbers takes
# Seconds between two lines of progress where no terminal shows a bar; more later, to keep a long run's log short.
_PLAIN_EVERY, _PLAIN_LATER = 10.0, 60.0
_UNFOLDED = 10_000  # columns where no terminal shows a table
_LATE = 1.0  # seconds, after which work that cannot be counted is told


def figures_text(figures: dict[str, float]) -> str:
    """Named numbers in a few characters."""
    return " ".join(f"{name} {value:.3g}" for name, value in figures.items())


class _Figures(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.fields.get("figures", ""), style="dim", overflow="ellipsis", no_wrap=True)


class _LineReporter(Reporter):
    """What is shown becomes lines, each printed as a note is."""

    def show(self, value: object) -> None:
        """Print the plan of a run."""
        # Not imported above, because it imports torch, which is loaded already when a run shows its plan.
        from p2p_gan.training.planning import Plan

        assert isinstance(value, Plan), "the only kind of value that is shown so far"
        for line in plan_lines(value):
            self.note(line)


class LiveReporter(_LineReporter):
    """A bar with counts, the latest figures and the time left."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress: Progress | None = None

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        """Open a bar."""
        self.finish()
        counts = (DownloadColumn(), TransferSpeedColumn()) if unit == "bytes" else (MofNCompleteColumn(),)
        # In a narrow window the numbers matter more than the bar, and would be cut to make room for it.
        wide = self._console.width >= _WIDE
        self._progress = Progress(
            TextColumn("{task.description}"),
            *((BarColumn(bar_width=24),) if wide else ()),
            *counts,
            *((TimeElapsedColumn(),) if wide else ()),
            TimeRemainingColumn(),
            _Figures(),
            console=self._console,
        )
        self._progress.start()
        self._progress.add_task(what, total=total or None, completed=done, figures="")

    def advance(self, units: int = 1, **figures: float) -> None:
        """Move the bar on."""
        if self._progress is not None:
            task = self._progress.task_ids[0]
            self._progress.advance(task, units)
            if figures:
                self._progress.update(task, figures=figures_text(figures))

    def finish(self) -> None:
        """Close the bar, which stays visible."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    @contextmanager
    def tell(self, what: str) -> Iterator[None]:
        """Say after a second what is done, until it is done."""
        status = self._console.status(f"{what} ...")

        def start() -> None:
            # Where a bar is open, a rich before 14.1 shows nothing else that moves.
            with suppress(LiveError):
                status.start()

        late = threading.Timer(_LATE, start)
        late.daemon = True
        late.start()
        try:
            yield
        finally:
            late.cancel()
            late.join()
            status.stop()

    def note(self, line: str) -> None:
        """Print a line above the bar."""
        self._console.print(printable(line, keep="\n\t"), highlight=False, markup=False, soft_wrap=True)


class TrainingReporter(LiveReporter):
    """A bar, and for training a table of the latest figures below it, as many columns as the window takes."""

    def __init__(self) -> None:
        super().__init__()
        self._live: Live | None = None
        self._figures = Figures()

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        """Open a bar, or for training the table."""
        if what != "training":
            super().start(what, total, done, unit=unit)
            return
        self.finish()
        self._figures.begin(total, done)
        self._live = Live(self._figures, console=self._console, refresh_per_second=4)
        self._live.start()

    def advance(self, units: int = 1, **figures: float) -> None:
        """Move on, and keep the figures."""
        if self._live is None:
            super().advance(units, **figures)
        else:
            self._figures.advance(units, figures)

    def finish(self) -> None:
        """Close the bar or the table, which stays visible."""
        super().finish()
        if self._live is not None:
            self._live.stop()
            self._live = None


class Figures:
    """The latest figures of a run in progress, laid out for the width that the terminal has at the moment."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}
        self.begin(0, 0)

    def begin(self, total: int, done: int) -> None:
        """Count from `done` to `total`."""
        self._total, self._done, self._first = total, done, done
        self._began = time.monotonic()

    def advance(self, units: int, figures: dict[str, float]) -> None:
        """Count `units` more images, and keep the new figures."""
        self._done += units
        self._known |= figures

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line of progress, then names and values in columns of equal width."""
        yield Text(self._headline(), no_wrap=True, overflow="ellipsis")
        cells = [f"{name.replace('_', ' '):<{_NAME}} {value:>{_VALUE}.4g}" for name, value in self._known.items()]
        columns = max(1, min(3, (options.max_width + _GAP) // (_NAME + 1 + _VALUE + _GAP)))
        rows = -(-len(cells) // columns)
        for row in range(rows):
            line = (" " * _GAP).join(cells[row::rows])
            yield Text(line, no_wrap=True, overflow="ellipsis", style="dim")

    def _headline(self) -> str:
        passed = time.monotonic() - self._began
        share = self._done / self._total if self._total else 1.0
        left = passed / max(1, self._done - self._first) * (self._total - self._done)
        return f"{share:>4.0%} {self._done}/{self._total} images, {_clock(passed)}, {_clock(left)} left"


_NAME, _VALUE, _GAP = 16, 9, 3  # widths of the table's parts, in characters


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"


class PlainReporter(_LineReporter):
    """Lines without control characters: the start, one every ten seconds and later every minute, the end."""

    def __init__(self) -> None:
        self._what, self._total, self._done, self._first, self._unit = "", 0, 0, 0, ""
        self._began = self._said = 0.0
        self._figures: dict[str, float] = {}

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        """Begin to count."""
        self._what, self._total, self._done, self._first, self._unit = what, total, done, done, unit
        self._began = self._said = time.monotonic()
        self._figures = {}

    def advance(self, units: int = 1, **figures: float) -> None:
        """Count, and say so if ten seconds have passed."""
        self._done += units
        self._figures |= figures
        now = time.monotonic()
        every = min(_PLAIN_LATER, max(_PLAIN_EVERY, (now - self._began) / 30))
        if now - self._said >= every and (self._done != self._total or not self._total):
            self._said = now
            seconds, units = now - self._began, self._done - self._first
            rate = f", {units / seconds / 1e6:.1f} MB/s" if self._unit == "bytes" else ""
            left = duration_text(seconds / max(1, units) * (self._total - self._done)) if self._total else ""
            self._say(rate + (f", {left} left" if left else ""))

    def finish(self) -> None:
        """Say where it ended."""
        if self._what:
            self._say("")
            self._what = ""

    def _say(self, more: str) -> None:
        figures = f" ({figures_text(self._figures)})" if self._figures else ""
        echo(f"{self._what}: {self._count_text()}{more}{figures}", err=True)

    def _count_text(self) -> str:
        if self._unit != "bytes":
            return f"{self._done}/{self._total}"
        return f"{self._done / 1e6:.1f}/{self._total / 1e6:.1f} MB" if self._total else f"{self._done / 1e6:.1f} MB"

    def note(self, line: str) -> None:
        """Print the line."""
        echo(line, err=True)


class _Output(Console):
    """Standard output, whose reader may go; rich itself would end the process then."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # for name_full_output


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, tight: bool = False) -> None:
    """Print what `render.table` says."""
    console, gap = _Output() if sys.stdout.isatty() else _Output(width=_UNFOLDED), 1 if tight else 2
    # What comes from a file is not markup.
    cells: list[Sequence[Text]] = [[Text(printable(each), style="bold") for each in headings]]
    cells += [[Text(printable(each, keep="\n")) for each in row] for row in rows]
    shown, room = Table.grid(padding=(0, gap, 0, 0)), console.width - gap * (len(headings) - 1)
    if sum(widths := _column_widths(console, cells, room)) > room and cells[1:]:
        shown.add_column(no_wrap=True)
        shown.add_column(overflow="fold")
        first, *others = ([line for line in zip(cells[0], row, strict=True) if line[1]] for row in cells[1:])
        cells = [*first, *(line for row in others for line in ((), *row))]
    else:
        for width in widths:
            shown.add_column(width=width, overflow="fold")
    for row in cells:
        shown.add_row(*row)
    with name_full_output():
        console.print(shown, highlight=False)


def _column_widths(console: Console, cells: Sequence[Sequence[Text]], room: int) -> list[int]:
    """The widths of columns that share `room`: the widest gives way first, and none so far that it breaks a word."""
    columns = zip(*cells, strict=True)
    found = [[Measurement.get(console, console.options, cell) for cell in column] for column in columns]
    least = [max(each.minimum for each in column) for column in found]
    widths = [max(each.maximum for each in column) for column in found]
    while sum(widths) > room and widths != least:
        widest = max(range(len(widths)), key=lambda place: widths[place] if widths[place] > least[place] else 0)
        widths[widest] -= 1
    return widths
