"""The page a study ends in: the paper's tables with the user's own numbers, and the pictures side by side, in one file.

Nothing here may train or score; it shows what a study holds, and the page needs nothing beside itself.
"""

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from p2p_datatools.contract.files import write_bytes
from p2p_gan.experiments.figures import Figure, figures_of
from p2p_gan.experiments.grid import TABLES, Table
from p2p_gan.experiments.numbers import Estimate, estimate
from p2p_gan.experiments.study import Study, Trial

FILE = "index.html"
# Columns of every table: a score's place in the scores, its name, whether more is better, what it is.
COLUMNS: tuple[tuple[str, str, bool, str], ...] = (
    ("l1", "L1", False, "mean absolute difference from the real picture, 0 to 1"),
    ("ssim", "SSIM", True, "structural similarity with the real picture, 1 at most"),
    ("histogram", "colours", True, "intersection of colour histograms with the real pictures, 1 at most"),
    ("mean_iou", "IoU", True, "agreement of the picture with its mask, mean over classes, judged by the segmenter"),
    ("diversity", "variety", True, "mean difference between two outputs of one input, 0 to 1"),
)
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.3rem .8rem;text-align:right;"
    "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}.best{font-weight:bold}"
    ".scroll{overflow-x:auto}.pictures td{padding:.2rem;border:0;text-align:center;font-size:.8rem}"
    ".pictures img{width:144px;image-rendering:auto}.note{color:#666;font-size:.9rem}"
)


def write_page(study: Study) -> Path:
    """Write DEST/index.html and give its path; a table shows the arms that are finished."""
    figures = figures_of(study)
    parts = [_head(study), *(_table(study, name, figures) for name in study.tables), _foot(study)]
    path = study.dest / FILE
    write_bytes(path, "\n".join(parts).encode())
    return path


def rows_of(study: Study, table: Table) -> list[tuple[str, int, dict[str, Estimate]]]:
    """(arm, seeds, estimates by score) for each finished arm of a table."""
    rows = []
    for arm in table.arms:
        trials = study.of(arm)
        if trials:
            rows.append((arm, len(trials), {name: found for name, *_ in COLUMNS if (found := _estimate(trials, name))}))
    return rows


def _estimate(trials: Sequence[Trial], score: str) -> Estimate | None:
    values = [trial.scores.get(score) for trial in trials]
    known = [float(value) for value in values if value is not None]
    return estimate(known) if known else None


def _head(study: Study) -> str:
    config = study.config
    facts = (
        f"{study.pairs}: every arm saw {config.images or f'{config.epochs} epochs of'} images at {config.size}, "
        f"batch {config.batch}; scored on the {study.split} pairs; "
        f"{max((trial.seed for trial in study.trials), default=0) + 1} seeds; ± is half of the 95% interval."
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Experiments</title><style>{STYLE}</style>"
        f"<h1>The paper's experiments on these pairs</h1><p>{html.escape(facts)}</p>"
    )


def _table(study: Study, name: str, figures: dict[str, Figure]) -> str:
    table = TABLES[name]
    rows = rows_of(study, table)
    columns = [each for each in COLUMNS if any(each[0] in estimates for _, _, estimates in rows)]
    paper = dict(table.paper)
    heads = ["arm", *(label for _, label, _, _ in columns), *(["the paper"] if paper else [])]
    lines = [
        [
            html.escape(arm),
            *(_cell(rows, arm, score, more) for score, _, more, _ in columns),
            *([html.escape(paper.get(arm, ""))] if paper else []),
        ]
        for arm, _, _ in rows
    ]
    missing = [f"{arm}: {study.impossible[arm]}" for arm in table.arms if arm in study.impossible]
    notes = [f"{label}: {what}." for _, label, _, what in columns]
    notes += [f"The paper: {table.unit}."] if paper else []
    return "\n".join(
        (
            f"<h2>{html.escape(table.title)}</h2><p>{html.escape(table.question)}</p>",
            _html_table([heads, *lines]),
            *(f"<p class=note>{html.escape(line)}</p>" for line in [" ".join(notes), *missing]),
            _pictures(figures[name]) if name in figures else "",
        )
    )


def _cell(rows: Iterable[tuple[str, int, dict[str, Estimate]]], arm: str, score: str, more: bool) -> str:
    found = {each: estimates[score] for each, _, estimates in rows if score in estimates}
    if arm not in found:
        return ""
    best = (max if more else min)(value.mean for value in found.values())
    text = html.escape(str(found[arm]))
    return f"<span class=best>{text}</span>" if found[arm].mean == best else text


def _html_table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in body]
    return f"<div class=scroll><table>{''.join(lines)}</table></div>"


def _pictures(figure: Figure) -> str:
    rows = ["<tr>" + "".join(f"<td>{html.escape(name)}</td>" for name in figure.columns) + "</tr>"]
    for pictures in figure.rows:
        cells = (f"<td><img alt='' src='data:image/png;base64,{_encoded(path)}'></td>" for path in pictures)
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<div class=scroll><table class=pictures>{''.join(rows)}</table></div>"


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _foot(study: Study) -> str:
    settings: dict[str, Any] = study.config.to_json()
    text = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f"<p class=note>Settings that the arms share: {html.escape(text)}</p></html>"
