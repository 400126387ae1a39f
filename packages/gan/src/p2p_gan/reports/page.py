"""The report of a run as one HTML page: what it is and how good first, then pictures, scores, curves, and its origin.

Nothing here may make a number look better than it is: each has n and, where there is one, its interval.
"""

from p2p_datatools.contract.pages.curves import draw_panels, style_of_series
from p2p_datatools.contract.pages.elements import Markup, Section, assemble_page, make_element, make_paragraph
from p2p_datatools.contract.words import duration_text, plural
from p2p_gan.evaluation.score_words import score_word
from p2p_gan.reports.gather import RunReport
from p2p_gan.reports.page_origin import cite_part, commands_part, data_part, machine_part, settings_part
from p2p_gan.reports.page_results import interval_text, number_of, samples_part, scores_part
from p2p_gan.reports.scores import ScoreRow
from p2p_gan.runs.panels import panels_of

_HEADLINES = ("agreement.mean_iou", "judged.mean_iou")  # of masks, which say more than their colours do


def report_page(report: RunReport) -> bytes:
    """The page as UTF-8, complete in one file."""
    panels = panels_of([report.run])
    curves = [draw_panels(panels, across="images seen")] if panels else []
    nothing = make_paragraph("No curves yet: the record has fewer than two lines.", "note")
    sections = [
        Section("samples", "Samples over time", samples_part(report)),
        Section("scores", "Scores", scores_part(report)),
        Section("curves", "Curves", curves or [nothing]),
        Section("data", "Data", data_part(report)),
        Section("settings", "Settings", settings_part(report)),
        Section("machine", "Machine and time", machine_part(report)),
        Section("commands", "Commands", commands_part(report)),
        Section("cite", "How to cite", cite_part(report)),
    ]
    labels = {label for panel in panels for label in panel.series}
    return assemble_page(
        f"{report.run.name}: a run of p2p", _head(report), sections, style=style_of_series(len(labels))
    )


def _head(report: RunReport) -> list[Markup]:
    run = report.run
    parts = [
        make_element("h1", run.name, " ", _badge(report)),
        make_paragraph(_summary(report), "lead"),
        _figures(report),
    ]
    parts += [make_paragraph(line, "trouble") for line in _troubles(report)]
    return parts


def _badge(report: RunReport) -> Markup:
    """The state of the run in a word or two."""
    if report.run.state == "diverged":
        return make_element("span", "diverged", class_="badge bad")
    if report.running:
        return make_element("span", f"still running, {report.share:.0%} done", class_="badge")
    if report.run.state == "unfinished":
        return make_element("span", f"unfinished, {report.share:.0%} done", class_="badge")
    early = ", early" if report.run.images < report.run.total else ""  # no score became better
    return make_element("span", f"finished{early}", class_="badge good")


def _summary(report: RunReport) -> str:
    """What the run is, in two sentences."""
    config, run, data = report.config, report.run, report.data
    train = data.splits.get("train", 0)
    epochs = f" ({run.images / train:.3g} epochs)" if train else ""
    size = report.settings.every["size"]
    text = (
        f"A pix2pix model, {data.direction or 'input to output'}, trained on {plural(train, 'pair')} at "
        f"{'their own size' if config.size is None else size}: {run.images:,} of {run.total:,} images{epochs}"
    )
    text += f" in {duration_text(run.seconds)}." if run.seconds else "."
    if report.running and 0 < run.images < run.total and run.seconds:
        left = duration_text(run.seconds / run.images * (run.total - run.images))
        text += f" It is being trained by {report.running}, for about {left} more; this page shows it as it is now."
    elif report.running:
        text += f" It is in use by {report.running}; this page shows it as it is now."
    return text


def _figures(report: RunReport) -> Markup:
    """The figures that a hurried reader takes away, each with n and interval."""
    cards = _score_cards(report) or _validation_cards(report)
    machine = report.record.get("machine") or {}
    if report.run.seconds:
        where = [make_element("small", machine["device"])] if machine.get("device") else []
        cards.append(_card("Time of training", duration_text(report.run.seconds), where))
    changed = len(report.settings.changed)
    other = f"{plural(changed, 'setting')} changed" if changed else "unchanged"
    cards.append(_card("Preset (the nearest)", report.settings.preset, [make_element("small", other)]))
    return make_element("dl", *cards, class_="figures")


def _score_cards(report: RunReport) -> list[Markup]:
    """Three scores of the model as it is; none if only an earlier state of it was scored."""
    scores = next((each for each in report.scores if each.model), None)
    if scores is None:
        return []
    rows = sorted(scores.rows, key=lambda row: row.name not in _HEADLINES)[:3]
    return [_score_card(row, f"n = {row.number:,} of {scores.split}") for row in rows]


def _score_card(row: ScoreRow, n: str) -> Markup:
    word = score_word(row.name)
    interval = f"95% interval {interval_text(row)}" if row.interval else ""
    mean = f"mean picture {number_of(row, row.mean_picture)}" if row.mean_picture is not None else ""
    direction = {True: ", larger is better", False: ", smaller is better", None: ""}[word.more]
    small = [make_element("small", each) for each in (interval, mean, f"{n}{direction}") if each]
    return _card(word.label, number_of(row, row.value), small)


def _validation_cards(report: RunReport) -> list[Markup]:
    """The scores of the best state on val; none before the first validation."""
    best = report.run.best or {}
    small = f"n = {best.get('pictures', '?')} of val, at {best['images']:,} images" if best else ""
    return [
        _card(f"Validation {score_word(name).label}", f"{best[name]:.4f}", [make_element("small", small)])
        for name in ("l1", "ssim", "mean_iou")
        if isinstance(best.get(name), float)
    ]


def _card(name: str, value: str, small: list[Markup]) -> Markup:
    return make_element(
        "div", make_element("dt", name), make_element("dd", make_element("span", value, class_="value"), *small)
    )


def _troubles(report: RunReport) -> list[str]:
    """What a reader has to know before anything else."""
    found = []
    if report.run.state == "diverged":
        found.append("The run has diverged: a loss or a weight was infinite or not a number.")
    if report.data.leaks:
        count = plural(len(report.data.leaks), "picture is", "pictures are")
        found.append(f"{count} in two splits: scores are too good. See Data.")
    if report.data.why and report.data.folder is None:
        found.append(f"The data could not be looked at: {report.data.why}.")
    if report.scores and not any(each.model for each in report.scores):
        found.append("Its scores are those of an earlier state of the model; see Scores.")
    if not report.models:
        found.append("There is no model yet: it is written with the first checkpoint.")
    return found
