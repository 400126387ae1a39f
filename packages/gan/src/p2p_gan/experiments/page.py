"""Writes a study as one HTML page: tables, curves, pictures and settings, from the parts of `pages`.

Nothing here may train or score, or refer to a font, a script or a picture outside the page.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.curves import Panel
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import write_bytes
from p2p_datatools.contract.pages.curves import draw_panels, style_of_series
from p2p_datatools.contract.pages.elements import (
    Cell,
    Line,
    Markup,
    Section,
    assemble_page,
    embed_pixels,
    make_details,
    make_element,
    make_paragraph,
    make_table,
)
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.words import plural
from p2p_gan.config.network_settings import NATIVE
from p2p_gan.experiments.page_figures import BOX, Figure, figures_of
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
    scored_pairs,
)
from p2p_gan.experiments.study import Study
from p2p_gan.experiments.tables import TABLES
from p2p_gan.runs.compare import read_runs
from p2p_gan.runs.panels import panels_of
from p2p_gan.runs.runfolder import read_run_record

PAGE = "index.html"
_OF_ALL = ("few-pictures", "other-pairs")  # codes of cautions that hold of all arms alike
_CURVES = ("Validation L1", "Validation IoU", "g_l1")  # the titles of the panels that a table has, if measured


def write_page(study: Study) -> Path:
    """Write DEST/index.html and return its path; a table shows the arms that are finished."""
    figures = figures_of(study)
    tables = [(name, _curves(study, name)) for name in study.tables]
    sections = [
        Section(name, TABLES[name].title, _table(study, name, figures.get(name), panels)) for name, panels in tables
    ]
    sections.append(Section("settings", "Settings and machine", _foot(study)))
    most = max((len({label for panel in panels for label in panel.series}) for _, panels in tables), default=0)
    path = study.dest / PAGE
    title = f"Experiments on {study.pairs.name}"
    write_bytes(path, assemble_page(title, _head(study), sections, style=style_of_series(most)))
    return path


def _head(study: Study) -> list[Markup]:
    config = study.config
    done, seeds = len(study.trials), len({trial.seed for trial in study.trials})
    facts = (
        f"{study.pairs}: every arm was trained on {plural(study.images, 'image')} at size {config.size or NATIVE}, "
        f"batch {config.batch}, with {plural(seeds, 'seed')}, and scored on the {scored_pairs(study)}, on "
        "which none was trained."
    )
    parts = [make_element("h1", "The paper's experiments on these pairs"), make_paragraph(facts, "lead")]
    if done < study.planned:
        parts.append(make_paragraph(f"{done} of {study.planned} trials are finished.", "trouble"))
    parts += [make_paragraph(f"Failed: {each.arm}, seed {each.seed}: {each.why}", "trouble") for each in study.failed]
    parts += [make_paragraph(line, "trouble") for line in _cautions(study)]
    parts.append(make_paragraph(_explain_intervals(seeds), "note"))
    if study.as_classes:
        classes = "The output is classes, so that L1 in the name of an arm means cross-entropy."
        parts.append(make_paragraph(classes, "note"))
    return [*parts, *([make_paragraph(study.unjudged, "note")] if study.unjudged else [])]


def _cautions(study: Study) -> list[str]:
    """What holds of the scores of every arm, since they are of the same pairs."""
    found = (each for trial in study.trials for each in trial.scores.get("all", {}).get("cautions", ()))
    return list(dict.fromkeys(str(each.get("text")) for each in found if each.get("code") in _OF_ALL))


def _explain_intervals(seeds: int) -> str:
    if seeds < 2:
        return (
            "With one seed the variation between seeds is not known. With --seeds 5 every number has an interval. No "
            "number is bold, since one seed does not show which arm is best."
        )
    return (
        "Numbers are means over the seeds; ± is half the 95% confidence interval of the mean (Student's t), which "
        "covers the randomness of training and not the choice of pictures. Bold: better than every other arm of the "
        "table, as the 95% confidence interval of the difference, seed by seed, excludes 0."
    )


def _table(study: Study, name: str, figure: Figure | None, panels: Sequence[Panel]) -> list[Markup]:
    table, rows = TABLES[name], rows_of(study, name)
    columns = columns_of(rows)
    missing = [f"Without the arm {arm}: {study.impossible[arm]}" for arm in table.arms if arm in study.impossible]
    notes = [make_paragraph(line, "note") for line in (_legend(study, name, columns), *missing) if line]
    nothing = make_paragraph("No arm of this table is finished yet.", "note")
    return [
        make_paragraph(table.question),
        _scores(name, rows, columns) if rows else nothing,
        *notes,
        _classes(rows),
        _runs(rows),
        _pictures(figure) if figure else Markup(""),
        *([make_details("Curves of the first seed", draw_panels(panels, across="images seen"))] if panels else []),
    ]


def _curves(study: Study, name: str) -> list[Panel]:
    """The curves of the table's arms from their first seed, each under the name of its arm."""
    trials = [study.of(arm)[0] for arm in TABLES[name].arms if study.of(arm)]
    runs = []
    for trial in trials:
        with suppress(P2PError):
            runs += [replace(run, name=trial.arm) for run in read_runs([trial.run])]
    return [panel for panel in panels_of(runs, together=False) if panel.title in _CURVES]


def _scores(name: str, rows: Sequence[Row], columns: Sequence[Column]) -> Markup:
    paper = dict(TABLES[name].paper)
    best = {column: best_in(rows, column) for column in columns}
    lines = [
        (
            row.arm,
            str(len(row.trials)),
            *(_strong(row.text(each.score), row.arm == best[each]) for each in columns),
            *([paper.get(row.arm, "")] if paper else []),
        )
        for row in rows
    ]
    heads = ("arm", "seeds", *(each.label for each in columns), *(["the paper"] if paper else []))
    return make_table(heads, lines, last=_real_line(name, rows, columns))


def _strong(text: str, best: bool) -> Cell:
    return make_element("strong", text) if best else text


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


def _classes(rows: Sequence[Row]) -> Markup:
    """IoU by class, in a closed section."""
    found = {row.arm: by_class(row) for row in rows}
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    if not names:
        return Markup("")
    lines = [(arm, *(str(each.get(name, "")) for name in names)) for arm, each in found.items()]
    real = on_real_pictures(rows)
    last = (REAL, *(f"{real['classes'][name]['iou']:.4f}" for name in names)) if real else None
    return make_details("IoU by class", make_table(("arm", *names), lines, last=last))


def _runs(rows: Sequence[Row]) -> Markup:
    """The training time and the runs of each arm, in a closed section."""
    if not rows:
        return Markup("")
    lines = []
    for row in rows:
        minutes = minutes_of(row)
        names = ", ".join(trial.run.name for trial in row.trials)
        lines.append((row.arm, "" if minutes is None else f"{minutes:.1f}", names))
    return make_details("Time and runs", make_table(("arm", "minutes of training", "runs"), lines))


def _pictures(figure: Figure) -> Markup:
    named = any(name for name, _ in figure.rows)
    heads = ([""] if named else []) + list(figure.columns)
    rows = [
        make_element("tr", *(make_element("th", head, scope="col") if head else Markup("<td></td>") for head in heads))
    ]
    for number, (name, paths) in enumerate(figure.rows, start=1):
        about = name or f"picture {number}"
        cells = [
            make_element("td", embed_pixels(read_photo(path), f"{about}: {what}", BOX))
            for what, path in zip(figure.columns, paths, strict=True)
        ]
        rows.append(make_element("tr", *([make_element("th", name, scope="row")] if named else []), *cells))
    table = make_element("table", *rows, class_="pictures")
    return make_element("div", table, class_="scroll", tabindex="0", role="region", aria_label="Pictures")


def _foot(study: Study) -> list[Markup]:
    machines = dict.fromkeys(filter(None, (_machine(trial.run) for trial in study.trials)))
    table = make_table(("setting", "value"), list(study.config.as_typed().items()))
    return [
        *(make_paragraph(f"Trained on {machine}.") for machine in machines),
        make_paragraph(f"Runs, scores and pictures are in {study.dest}."),
        make_details("Settings that the arms share", make_element("div", table, class_="words")),
    ]


def _machine(run: Path) -> str:
    """The machine and versions of a run from run.json; empty if they are not in it."""
    with suppress(P2PError, KeyError, TypeError):
        machine = read_run_record(run)["machine"]
        return f"{machine['device']}, with torch {machine['torch']} and p2p {machine['p2p']}"
    return ""
