"""Several runs as one HTML page: how far each is, in which settings they differ, and their curves over each other.

Nothing here may read a run folder.
"""

from collections.abc import Mapping, Sequence

from p2p_datatools.contract.pages.curves import draw_panels, style_of_series
from p2p_datatools.contract.pages.elements import Section, assemble_page, make_element, make_paragraph, make_table
from p2p_datatools.contract.words import duration_text, plural
from p2p_gan.evaluation.score_words import score_word
from p2p_gan.runs.compare import Run, differing_fields, say_other_pairs, settings_rows
from p2p_gan.runs.panels import panels_of

_HEADS = ("run", "state", "images", "time", "last scores", "best scores")


def runs_page(runs: Sequence[Run]) -> bytes:
    """The page in UTF-8; a run that could not be read is in the table and has no curves."""
    panels, fields = panels_of(runs), differing_fields(runs)
    labels = {label for panel in panels for label in panel.series}
    table = make_table(_HEADS, [_row(run) for run in runs])
    differing = make_table(("run", *fields), settings_rows(runs, fields)) if fields else make_paragraph("None.", "note")
    sections = [
        Section("curves", "Curves", [draw_panels(panels, across="images seen")] if panels else []),
        Section("runs", "Runs", [make_element("div", table, class_="words")]),
        Section("settings", "Settings that differ", [differing]),
    ]
    title = f"{plural(len(runs), 'run')} of p2p"
    other = say_other_pairs(runs)
    head = [make_element("h1", title), *([make_paragraph(other, "trouble")] if other else [])]
    return assemble_page(title, head, sections, style=style_of_series(len(labels)))


def _row(run: Run) -> tuple[str, ...]:
    best = f"{_scores(run.best)} at {run.best['images']:,}" if run.best else ""
    images, time = f"{run.images:,} of {run.total:,}", duration_text(run.seconds)
    return run.name, run.state, images, time, _scores(run.validation), best


def _scores(found: Mapping[str, object] | None) -> str:
    """Scores in a line, with the number of pictures."""
    known = [
        f"{score_word(name).label} {value:.4f}" for name, value in (found or {}).items() if isinstance(value, float)
    ]
    n = (found or {}).get("pictures")
    return f"{', '.join(known)} (n = {n})" if known else ""
