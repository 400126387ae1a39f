"""Writes a study as one HTML page: tables, pictures and settings, for wide and narrow screens, light and dark.

Nothing here may train or score, or refer to a font, a script or a picture outside the page.
"""

import base64
import html
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, write_bytes
from p2p_gan.config.config import NATIVE
from p2p_gan.experiments.page_figures import Figure, figures_of
from p2p_gan.experiments.page_rows import (
    REAL,
    Column,
    Row,
    best_in,
    by_class,
    columns_of,
    minutes_of,
    on_real_pictures,
    rows_of,
)
from p2p_gan.experiments.study import Study
from p2p_gan.experiments.tables import TABLES
from p2p_gan.runs.runfolder import RUN

_STYLE = """
:root{color-scheme:light dark;--ink:#222;--soft:#666;--line:#ddd;--ground:#fff;--shade:rgba(0,0,0,.8)}
@media (prefers-color-scheme:dark){:root{--ink:#ddd;--soft:#999;--line:#444;--ground:#181818}}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:var(--ink);
background:var(--ground)}
h2{margin-top:3rem}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.3rem .8rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--ground)}
td{font-variant-numeric:tabular-nums}
.real td{color:var(--soft)}
.scroll{overflow-x:auto}
.note{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
.trouble{border-left:3px solid #c33;padding-left:.8rem}
.pictures th,.pictures td{padding:.15rem;border:0;text-align:center;font-size:.8rem;font-weight:normal;
white-space:normal}
.pictures th{vertical-align:bottom}
.pictures th:first-child,.pictures td:first-child{position:static;text-align:center}
.pictures img{display:block;width:clamp(96px,11vw,176px);height:auto;margin:auto;cursor:zoom-in}
.pictures img.small{image-rendering:pixelated}
.pictures img:focus{position:fixed;inset:0;z-index:1;margin:auto;width:min(92vw,92vh);max-height:92vh;
object-fit:contain;outline:100vmax solid var(--shade);cursor:zoom-out}
details{margin:.5rem 0}
summary{cursor:pointer}
@media (max-width:40rem){body{padding:.6rem}th,td{padding:.25rem .4rem;font-size:.85rem}
th:first-child,td:first-child{white-space:normal;min-width:6.5rem}
.pictures th:first-child,.pictures td:first-child{min-width:0}}
""".strip()
PAGE = "index.html"
_SMALL = 160  # narrower pictures are enlarged with visible pixels
_WIDTH = slice(16, 20)  # the bytes of a PNG with its width

Line = Sequence[str]


def write_page(study: Study) -> Path:
    """Write DEST/index.html and return its path; a table shows the arms that are finished."""
    figures = figures_of(study)
    tables = (_table(study, name, figures.get(name)) for name in study.tables)
    body = "\n".join((*_head(study), *tables, *_foot(study)))
    path = study.dest / PAGE
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(f'Experiments on {study.pairs.name}')}</title><style>{_STYLE}</style>"
    )
    write_bytes(path, f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'.encode())
    return path


def _text(text: object) -> str:
    return html.escape(str(text))


def _paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{_text(text)}</p>' if kind else f"<p>{_text(text)}</p>"


def _head(study: Study) -> list[str]:
    config = study.config
    done, seeds = len(study.trials), len({trial.seed for trial in study.trials})
    facts = (
        f"{study.pairs}: every arm was trained on {study.images} images at size {config.size or NATIVE}, batch "
        f"{config.batch}, with {seeds} seed{'' if seeds == 1 else 's'}, and scored on the {_scored_pairs(study)}, on "
        "which none was trained."
    )
    parts = ["<h1>The paper's experiments on these pairs</h1>", _paragraph(facts)]
    if done < study.planned:
        parts.append(_paragraph(f"{done} of {study.planned} trials are finished.", "trouble"))
    parts += [_paragraph(f"Failed: {each.arm}, seed {each.seed}: {each.why}", "trouble") for each in study.failed]
    parts.append(_paragraph(_explain_intervals(seeds), "note"))
    if study.as_classes:
        parts.append(_paragraph("The output is classes, so that L1 in the name of an arm means cross-entropy.", "note"))
    return [*parts, *([_paragraph(study.unjudged, "note")] if study.unjudged else [])]


def _scored_pairs(study: Study) -> str:
    """The pairs on which arms are scored, with their number once it is known."""
    count = next((trial.scores.get("all", {}).get("pictures") for trial in study.trials), None)
    pairs = "pair" if count == 1 else "pairs"
    return f"{study.split} {pairs}" if count is None else f"{count} {study.split} {pairs}"


def _explain_intervals(seeds: int) -> str:
    if seeds < 2:
        return (
            "With one seed the variation between seeds is not known. With --seeds 5 every number has an interval. No "
            "number is bold, since one seed does not show which arm is best."
        )
    return (
        "Numbers are means over the seeds; ± is half the 95% confidence interval of the mean (Student's t), which "
        "covers "
        "the randomness of training and not the choice of pictures. Bold: better than every other arm of the table, as "
        "the 95% confidence interval of the difference, seed by seed, excludes 0."
    )


def _table(study: Study, name: str, figure: Figure | None) -> str:
    table, rows = TABLES[name], rows_of(study, name)
    columns = columns_of(rows)
    missing = [f"Without the arm {arm}: {study.impossible[arm]}" for arm in table.arms if arm in study.impossible]
    return "\n".join(
        (
            f'<h2 id="{name}">{_text(table.title)}</h2>',
            _paragraph(table.question),
            _scores(name, rows, columns) if rows else _paragraph("No arm of this table is finished yet.", "note"),
            *(_paragraph(line, "note") for line in (_legend(study, name, columns), *missing) if line),
            _classes(rows),
            _runs(rows),
            _pictures(figure) if figure else "",
        )
    )


def _scores(name: str, rows: Sequence[Row], columns: Sequence[Column]) -> str:
    paper = dict(TABLES[name].paper)
    best = {column: best_in(rows, column) for column in columns}
    lines = [
        (
            _text(row.arm),
            str(len(row.trials)),
            *(_strong(_text(row.text(each.score)), row.arm == best[each]) for each in columns),
            *([_text(paper.get(row.arm, ""))] if paper else []),
        )
        for row in rows
    ]
    heads = ("arm", "seeds", *(_text(each.label) for each in columns), *(["the paper"] if paper else []))
    return _html_table(heads, lines, last=_real_line(name, rows, columns))


def _strong(text: str, best: bool) -> str:
    return f"<strong>{text}</strong>" if best else text


def _real_line(name: str, rows: Sequence[Row], columns: Sequence[Column]) -> Line | None:
    """The segmenter's scores on the real pictures: an upper limit for the arms."""
    real = on_real_pictures(rows)
    if not real:
        return None
    cells = (f"{real['mean_iou']:.4f}" if each.score == "mean_iou" else "" for each in columns)
    return (REAL, "", *cells, *([TABLES[name].paper_real] if TABLES[name].paper else []))


def _legend(study: Study, name: str, columns: Sequence[Column]) -> str:
    """The meaning of the columns."""
    parts = [f"{each.label}: {each.what}{_judge_line(study, each)}." for each in columns]
    paper = [f"The paper: {TABLES[name].unit}, on other data and with another segmenter."] if TABLES[name].paper else []
    return " ".join((*parts, *paper))


def _judge_line(study: Study, column: Column) -> str:
    if column.score != "mean_iou" or not study.judge:
        return ""
    return (
        ", for the mask that a segmenter, trained on the training pairs, finds in the generated picture "
        f"({REAL}: its score on those, about the upper limit for an arm)"
    )


def _classes(rows: Sequence[Row]) -> str:
    """IoU by class, in a closed section."""
    found = {row.arm: by_class(row) for row in rows}
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    if not names:
        return ""
    lines = [(_text(arm), *(_text(each.get(name, "")) for name in names)) for arm, each in found.items()]
    real = on_real_pictures(rows)
    last = (REAL, *(f"{real['classes'][name]['iou']:.4f}" for name in names)) if real else None
    return f"<details><summary>IoU by class</summary>{_html_table(('arm', *map(_text, names)), lines, last)}</details>"


def _runs(rows: Sequence[Row]) -> str:
    """The training time and the runs of each arm, in a closed section."""
    if not rows:
        return ""
    lines = []
    for row in rows:
        minutes = minutes_of(row)
        names = ", ".join(trial.run.name for trial in row.trials)
        lines.append((_text(row.arm), "" if minutes is None else f"{minutes:.1f}", _text(names)))
    table = _html_table(("arm", "minutes of training", "runs"), lines)
    return f"<details><summary>Time and runs</summary>{table}</details>"


def _html_table(heads: Line, lines: Iterable[Line], last: Line | None = None) -> str:
    rows = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in heads) + "</tr>"]
    rows += [f"<tr>{_cells(line)}</tr>" for line in lines]
    rows += [f'<tr class="real">{_cells(last)}</tr>'] if last else []
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'


def _cells(line: Line) -> str:
    return "".join(f"<td>{cell}</td>" for cell in line)


def _pictures(figure: Figure) -> str:
    named = any(name for name, _ in figure.rows)
    heads = ([""] if named else []) + [_text(column) for column in figure.columns]
    rows = ["<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"]
    for number, (name, paths) in enumerate(figure.rows, start=1):
        about = name or f"picture {number}"
        cells = [_picture(path, f"{about}: {what}") for what, path in zip(figure.columns, paths, strict=True)]
        rows.append(f"<tr>{_cells([_text(name), *cells] if named else cells)}</tr>")
    return f'<div class="scroll"><table class="pictures">{"".join(rows)}</table></div>'


def _picture(path: Path, about: str) -> str:
    """A picture embedded in the page; a click enlarges it."""
    data = path.read_bytes()
    small = ' class="small"' if int.from_bytes(data[_WIDTH], "big") < _SMALL else ""
    source = base64.b64encode(data).decode()
    return f'<img{small} tabindex="0" alt="{_text(about)}" src="data:image/png;base64,{source}">'


def _foot(study: Study) -> list[str]:
    settings: dict[str, Any] = study.config.to_json()
    text = ", ".join(f"{name}={value}" for name, value in settings.items())
    machines = dict.fromkeys(filter(None, (_machine(trial.run) for trial in study.trials)))
    return [
        "<details><summary>Settings that the arms share</summary>",
        _paragraph(text, "note"),
        "</details>",
        *(_paragraph(f"Trained on {machine}.", "note") for machine in machines),
        _paragraph(f"Runs, scores and pictures are in {study.dest}.", "note"),
    ]


def _machine(run: Path) -> str:
    """The machine and versions of a run from run.json; empty if they are not in it."""
    with suppress(P2PError, KeyError, TypeError):
        machine = read_json(run / RUN)["machine"]
        return f"{machine['device']}, with torch {machine['torch']} and p2p {machine['p2p']}"
    return ""
