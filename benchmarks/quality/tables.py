"""The report as Markdown, and sheets of pictures: the same masks in rows, arms in columns, the real photo last.

Nothing here may train or score.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.quality.comparison import Arm, Interval, compare_score, estimate_score
from benchmarks.quality.runs import Run
from benchmarks.quality.scores import SCORES
from p2p_datatools.contract.pictures.images import size_of, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.sheets.layout import Tile, lay_out

_ROWS, _ARMS, _ZOOM = 8, 5, 2  # masks on a sheet, arms beside the first one, times the size


def write_table(arms: Mapping[str, Arm], facts: Mapping[str, str]) -> list[str]:
    """A row for each arm with its means, then one for each other arm with its differences from the first, in percent.

    `facts` holds for each arm what stands between its name and its scores: seeds, images, time of an update.
    """
    first = next(iter(arms))
    names = [name for name in SCORES if all(name in each for each in arms[first].values.values())]
    heads = [SCORES[name][0] for name in names]
    lines = [_row(["arm", "n", "images", "ms", *heads]), _row(["---"] * (4 + len(heads)))]
    for arm, own in arms.items():
        cells = [_show_value(estimate_score(own, name, sorted(own.values))) for name in names]
        lines.append(_row([arm, facts[arm], *cells]))
    for arm, own in list(arms.items())[1:]:
        seeds = sorted(own.values.keys() & arms[first].values.keys())
        changes = [compare_score(own, arms[first], name, seeds) for name in names]
        cells = [_show_change(each, more=SCORES[name][1]) for each, name in zip(changes, names, strict=True)]
        lines.append(_row([f"{arm}, %", f"{len(seeds)} | | ", *cells]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _show_value(found: Interval) -> str:
    return f"{_short(found.value)} ({_short(found.low)} to {_short(found.high)})"


def _short(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 0.2 else f"{value:.3f}"


def _show_change(found: Interval, *, more: bool) -> str:
    """A difference with a word where its interval does not hold 0."""
    shown = f"{found.value:+.1f} ({found.low:+.1f} to {found.high:+.1f})"
    if found.low <= 0 <= found.high:
        return shown
    return f"**{shown}**" if (found.low > 0) == more else f"{shown} worse"


def write_sheets(dest: Path, title: str, runs: Sequence[Run]) -> list[Path]:
    """Sheets of a few arms, each beside the first one, of one seed; returns their files."""
    first, others = runs[0], list(runs[1:])
    parts = [others[begin : begin + _ARMS] for begin in range(0, len(others), _ARMS)] or [[]]
    names = first.names()
    chosen = [names[index] for index in np.linspace(0, len(names) - 1, min(_ROWS, len(names))).round().astype(int)]
    written = []
    for number, part in enumerate(parts, start=1):
        columns = [first, *part]
        tiles = []
        for name in chosen:
            shown = [run.pictures(name) for run in columns]
            pictures = (shown[0][0], *(each[1] for each in shown), shown[0][2])
            tiles.append(Tile(pictures, name, (True,) * len(pictures)))  # exact, so that artefacts are not smoothed
        size = size_of(shown[0][0])
        cell = Size(size.width * _ZOOM, size.height * _ZOOM)
        headings = ["mask", *(run.arm for run in columns), "real"]
        path = dest / f"{title}-{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, lay_out(tiles, columns=1, cell=cell, title=title, headings=headings))
        written.append(path)
    return written
