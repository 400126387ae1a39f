"""The parts of a report that show results: samples over time, held-out pictures, scores with intervals, classes.

Nothing here may read a record or compute a score.
"""

from collections.abc import Sequence

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pages.elements import (
    Cell,
    Markup,
    embed_pixels,
    join_parts,
    make_element,
    make_paragraph,
    make_table,
)
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import p2p_command, plural
from p2p_gan.evaluation.score_words import score_word
from p2p_gan.reports.gather import RunReport
from p2p_gan.reports.samples import Film
from p2p_gan.reports.scores import CLASS_SCORES, Example, RivalReport, ScoreReport, ScoreRow

_COLUMN = Size(256, 1024)  # the largest size of a column of samples
_TRIPLE = Size(768, 512)  # of a held-out picture with its input and the real one
_HASH = 16  # letters of a hash that are shown
_WORDS = {"best": "Best", "median": "Median", "worst": "Worst"}
_CLASS_COLUMNS = {
    "color_error": ("colour error", "difference of the mean colour of the class from the real one, 0 to 1"),
    "agreement": ("IoU", "of the generated masks with the real ones"),
    "judged": ("IoU, generated", "of the segmenter's masks of the generated pictures with the true ones"),
    "judged_real": ("IoU, real", "the same for the real pictures, about the upper limit"),
}


def samples_part(report: RunReport) -> list[Markup]:
    """The samples over time, with a slider; without samples a line that says so."""
    film = report.film
    if film.inputs is None or film.reals is None or not film.frames:
        lost = f" {plural(film.damaged, 'grid')} could not be read." if film.damaged else ""
        return [
            make_paragraph(
                f"No samples yet: the first are written after {report.config.sample_every:,} images.{lost}", "note"
            )
        ]
    return [_film(film, report), make_paragraph(_about_film(film, report), "note")]


def _film(film: Film, report: RunReport) -> Markup:
    """Inputs, generated and real pictures; the generated ones at the time that the slider chooses, first the last."""
    assert film.inputs is not None
    assert film.reals is not None
    given, wanted = _halves(report)
    last = len(film.frames) - 1
    frames = []
    for place, (images, column) in enumerate(film.frames):
        words = f"{images:,} of {report.run.total:,} images"
        picture = embed_pixels(column, f"Generated after {words}", _COLUMN)
        frames.append(make_element("div", picture, data_words=words, hidden=place != last))
    columns = (
        make_element("div", make_element("p", given), embed_pixels(film.inputs, f"Inputs: {given}", _COLUMN)),
        make_element("div", make_element("p", "generated"), make_element("div", *frames, class_="frames")),
        make_element("div", make_element("p", f"real {wanted}"), embed_pixels(film.reals, f"Real: {wanted}", _COLUMN)),
    )
    slider = Markup(f'<input type="range" min="0" max="{last}" value="{last}" step="1">')
    words = make_element("output", f"{film.frames[last][0]:,} of {report.run.total:,} images")
    label = make_element("label", "Training at ", words, slider, hidden=True)
    return make_element("div", make_element("div", *columns, class_="three"), label, class_="film")


def _halves(report: RunReport) -> tuple[str, str]:
    given, _, wanted = report.data.direction.partition("-to-")
    return given or "input", wanted or "output"


def _about_film(film: Film, report: RunReport) -> str:
    held = next((split for split in ("val", "test") if report.data.splits.get(split)), None)
    of = f"of {held} pairs, on which the model is not trained" if held else "of training pairs, since none are held out"
    shown = len(film.frames)
    some = f" {shown} of {plural(film.count, 'grid')} are shown." if shown < film.count else ""
    lost = f" {plural(film.damaged, 'grid')} could not be read." if film.damaged else ""
    where = f"{report.run.path}/samples has the originals"
    return f"Samples {of}. Large pictures are shrunk and may be JPEG here; {where}.{some}{lost}"


def scores_part(report: RunReport) -> list[Markup]:
    """Every evaluation: a table of its scores with intervals, its classes, and its best, median and worst pictures."""
    if not report.scores:
        return [make_paragraph(_without_scores(report)), *_validation(report)]
    parts = []
    for scores in report.scores:
        parts += _evaluation(scores, many=len(report.scores) > 1)
    return [*parts, *_validation(report)]


def _without_scores(report: RunReport) -> str:
    """Why there are none, and how to get them."""
    if report.data.scored is None:
        return "Not scored: no pairs are held out. Scores of training pairs would say little; split the pairs first."
    command = p2p_command("report --evaluate", report.run.path)
    return f"Not scored yet. {command} scores the {report.data.scored} pairs and writes this page anew."


def _validation(report: RunReport) -> list[Markup]:
    """The best score that training itself has measured on val/."""
    best = report.run.best
    if best is None:
        held = report.data.splits.get("val")
        why = (
            "No validation score yet."
            if held
            else "Not validated: there are no pairs in val/, so no best model is kept."
        )
        return [make_paragraph(why, "note")]
    told = ", ".join(
        f"{score_word(name).label} {_digits(value)}"
        for name, value in best.items()
        if isinstance(value, float) and name != "images"
    )
    n = plural(int(best.get("pictures", 0)), "validation pair")
    text = f"Best during training: {told}, at {best['images']:,} images, on {n} at the size of training."
    return [make_paragraph(f"{text} It chose the best model, so it is a little too good to be a result.", "note")]


def _evaluation(scores: ScoreReport, *, many: bool) -> list[Markup]:
    where = f" ({scores.folder.name})" if many else ""
    parts = [make_element("h3", f"{plural(scores.pictures, 'picture')} of {scores.split}{where}")]
    if not scores.model:
        stale = "These scores are of an earlier state of the model or of another one: score it again."
        parts.append(make_paragraph(stale, "trouble"))
    parts += [make_paragraph(line, "trouble") for line in scores.cautions]
    parts.append(_score_table(scores.rows))
    parts.append(make_paragraph(_about_scores(scores), "note"))
    parts += _rival(scores.rival) if scores.rival else []
    parts.append(_class_table(scores))
    parts.append(_examples(scores))
    return [part for part in parts if part]


def _score_table(rows: Sequence[ScoreRow]) -> Markup:
    means, reals = (any(getattr(row, name) is not None for row in rows) for name in ("mean_picture", "real"))
    heads = [
        "score",
        "model",
        "95% interval",
        "n",
        *(["mean picture"] * means),
        *(["real"] * reals),
        "better",
        "what it is",
    ]
    lines = []
    for row in rows:
        word = score_word(row.name)
        beside = [row.mean_picture] * means + [row.real] * reals
        direction = {True: "larger", False: "smaller", None: ""}[word.more]
        numbers = (
            number_of(row, row.value),
            interval_text(row),
            f"{row.number:,}",
            *(number_of(row, each) for each in beside),
        )
        lines.append((word.label, *numbers, direction, word.what))
    return make_element("div", make_table(heads, lines), class_="scores words")


def number_of(row: ScoreRow, value: float | None) -> str:
    """A value of the kind of a row's: four digits after the point, two where it is in the tens; empty if unknown."""
    return "" if value is None else _digits(value, like=row.value)


def _digits(value: float, *, like: float | None = None) -> str:
    return f"{value:.{2 if abs(value if like is None else like) >= 10 else 4}f}"


def interval_text(row: ScoreRow) -> str:
    """The ends of the interval of a score, empty if it has none."""
    return "" if row.interval is None else " to ".join(number_of(row, end) for end in row.interval)


def _about_scores(scores: ScoreReport) -> str:
    which = {"best.safetensors": "the best model (by validation)", "model.safetensors": "the last model"}
    model = which.get(scores.model, "another state of the model")
    drawn = "the pictures" if scores.groups is None else f"their {plural(scores.groups, 'group')}, as they were split"
    text = (
        f"Scored: {model}, on {plural(scores.pictures, 'picture')} of {scores.split} at their own size. Intervals "
        f"cover the choice of pictures (bootstrap over {drawn}) and not the randomness of training. The mean "
        "picture paints the same for every input; any model should beat it."
    )
    if scores.better is not None:
        text += f" Better than the mean picture of {scores.mean_of} in L1: {scores.better} of {scores.pictures}."
    for name, digest in scores.networks.items():
        text += f" {name}: with the weights {digest[:_HASH]}."
    if scores.skipped:
        text += f" {plural(scores.skipped, 'pair')} could not be read and are in no score."
    return text


def _rival(rival: RivalReport) -> list[Markup]:
    """The comparison with another model: the sentence, and the differences."""
    heads = ("score", "this model", "the other", "95% interval of the difference", "p")
    lines = []
    for name, first, second, interval, p in rival.rows:
        row = ScoreRow(name, first, 0, interval)
        numbers = (number_of(row, first), number_of(row, second), interval_text(row), "" if p is None else f"{p:.3f}")
        lines.append((score_word(name).label, *numbers))
    title = make_element("h3", "Against another model, on the same pictures")
    return [title, make_paragraph(rival.sentence), make_table(heads, lines)]


def _class_table(scores: ScoreReport) -> Markup:
    """A row for each class, a column for each kind of score that applies."""
    kinds = [kind for kind in CLASS_SCORES if any(kind in each for each in scores.classes.values())]
    if not kinds:
        return Markup("")
    heads = ("class", *(_CLASS_COLUMNS[kind][0] for kind in kinds), "pictures with it")
    lines = [
        (name, *(_class_cell(each.get(kind)) for kind in kinds), str(max(row.number for row in each.values())))
        for name, each in scores.classes.items()
    ]
    legend = " ".join(f"{_CLASS_COLUMNS[kind][0]}: {_CLASS_COLUMNS[kind][1]}." for kind in kinds)
    note = make_paragraph(f"{legend} In brackets: 95% intervals.", "note")
    return join_parts((make_element("h3", "By class"), make_table(heads, lines), note))


def _class_cell(row: ScoreRow | None) -> Cell:
    if row is None:
        return ""
    interval = interval_text(row)
    beside = [" ", make_element("small", f"({interval})")] if interval else []
    return make_element("span", f"{row.value:.4f}", *beside)


def _examples(scores: ScoreReport) -> Markup:
    """Best, median and worst pictures with their ranks, so that nobody has to trust a choice."""
    if not scores.examples:
        return Markup("")
    figures = [_example(word, each, scores.pictures) for word, all_of in scores.examples.items() for each in all_of]
    title = make_element("h3", "Best, median and worst pictures")
    note = make_paragraph("By L1, chosen by rank and not by eye: input, generated, real.", "note")
    return join_parts((title, note, make_element("div", *figures, class_="wide")))


def _example(word: str, example: Example, count: int) -> Markup:
    told = ", ".join(f"{score_word(name).label} {_digits(value)}" for name, value in example.scores.items())
    caption = make_element(
        "figcaption",
        make_element("span", f"{_WORDS[word]}: {example.name}", class_="name"),
        f" rank {example.rank} of {count}, {told}",
    )
    try:
        pixels = read_photo(example.file)
    except P2PError as error:
        return make_element("figure", caption, make_paragraph(f"The picture {error.what}.", "note"))
    about = f"{_WORDS[word]}, {example.name}: input, generated, real"
    return make_element("figure", caption, embed_pixels(pixels, about, _TRIPLE))
