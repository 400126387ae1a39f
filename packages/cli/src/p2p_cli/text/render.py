"""What commands print: results and hints on standard output, remarks and progress on standard error.

Nothing here may compute a result, or load rich before something is shown with it.
"""

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from p2p_cli.text.terminal import Loudness, echo
from p2p_datatools.contract.errors import Problem, lines_of
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural


def reporter() -> Reporter:
    """A live bar on a terminal, elsewhere a plain line at intervals; both on standard error."""
    if Loudness.quiet:
        return QUIET
    from p2p_cli.text.console import LiveReporter, PlainReporter

    return LiveReporter() if sys.stderr.isatty() else PlainReporter()


def training_reporter() -> Reporter:
    """A live table of a run's figures on a terminal, elsewhere a plain line at intervals; both on standard error."""
    if Loudness.quiet:
        return QUIET
    from p2p_cli.text.console import PlainReporter, TrainingReporter

    return TrainingReporter() if sys.stderr.isatty() else PlainReporter()


def say(line: str = "") -> None:
    """A line of the result, on standard output."""
    echo(line)


def say_json(value: Any) -> None:
    """A result as JSON on standard output."""
    echo(to_json(value))


def remark(line: str) -> None:
    """A remark on the result, on standard error, unless --quiet."""
    if not Loudness.quiet:
        echo(line, err=True)


def hint(line: str) -> None:
    """What to run next, on standard output, unless --quiet."""
    if not Loudness.quiet:
        echo(line)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, tight: bool = False) -> None:
    """A table on standard output: folded on a narrow terminal, not folded where it is not a terminal.

    Columns are two spaces apart, in a `tight` table one. Where they cannot be folded without breaking a word, each cell
    has a line of its own, behind its heading.
    """
    from p2p_cli.text.console import print_table

    print_table(headings, rows, tight=tight)


def say_facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values, a line each; empty values are left out."""
    for name, value in pairs:
        if value:
            echo(f"{name:<11} {value}")


def say_skipped(skipped: Sequence[Problem], dest: object | None) -> int:
    """The pictures that were skipped, and the file of DEST that lists them, if there is a DEST; gives the exit code."""
    for line in lines_of(skipped[:20]):
        echo(f"skipped: {line}", err=True)
    if skipped:
        more = f"; see {dest}/skipped.jsonl" if dest else ""
        echo(f"{plural(len(skipped), 'picture')} left out{more}.", err=True)
    return 1 if skipped else 0


def say_undecided(places: Sequence[object], dest: object) -> None:
    """What could not be repaired in masks that were written to DEST, and the file that lists it."""
    for place in places[:20]:
        echo(f"not repaired: {place}", err=True)
    if places:
        echo(f"Not all pixels of {plural(len(places), 'mask')} could be repaired; see {dest}/repairs.jsonl.", err=True)


def say_given_splits(counts: Mapping[str, int], unsplit: str = "") -> None:
    """The splits that were given, if any, and in words what has none."""
    if counts:
        said = ", ".join(f"{name} {counts.get(name, 0)}" for name in ("train", "val", "test"))
        say(f"Splits as given: {said}{f'; {unsplit}' if unsplit else ''}.")


def to_json(value: Any) -> str:
    """A result as JSON text: dataclasses as objects, paths as text, and null for NaN and infinity, which JSON lacks."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.dumps(_with_null(plain), indent=2, default=str)


def _with_null(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _with_null(each) for key, each in value.items()}
    return [_with_null(each) for each in value] if isinstance(value, list | tuple) else value
