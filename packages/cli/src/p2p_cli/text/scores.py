"""The scores of `p2p evaluate` as tables of at most 80 columns, as long as classes have short names.

Nothing here may compute a score; what has no value is a dash.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from p2p_cli.text import render
from p2p_gan.evaluation.metrics import METRICS
from p2p_gan.evaluation.score_words import score_word

if TYPE_CHECKING:
    from p2p_gan.evaluation.against import ModelComparison
    from p2p_gan.evaluation.mask_agreement import Agreement
    from p2p_gan.evaluation.scores import Scores
    from p2p_gan.evaluation.tally import BesideReal

NONE = "-"
_LEAST_P = 0.001  # in three digits
_AGREEMENTS = {"agreement": "mask", "judged": "found by the segmenter"}


def say_scores(scores: "Scores") -> None:
    """Print the scores, those of each class, and what to know before they are quoted."""
    render.table(("score", "n", "model", "95% interval", "mean picture", "real"), _score_rows(scores))
    if scores.color_error:
        rows = [
            (name, str(scores.numbers[key]), f"{value:.3f}", _interval(scores, key, 3))
            for name, value in scores.color_error.items()
            for key in (f"color_error.{name}",)
        ]
        render.say()
        render.table(("colour error", "n", "model", "95% interval"), rows)
    for kind, title in _AGREEMENTS.items():
        found: Agreement | None = getattr(scores, kind)
        if found is not None:
            render.say()
            _say_agreement(scores, kind, title, found, scores.judged_real if kind == "judged" else None)
    if scores.cautions:
        render.say()
    for caution in scores.cautions:
        render.say(f"warning: {caution}")


def say_left_out(scores: "Scores") -> None:
    """A line on the distances that could not be computed, and how to have them."""
    if scores.left_out:
        said = "; ".join(f"{name} ({how.rstrip('.')})" for name, how in scores.left_out.items())
        render.remark(f"not computed: {said}.")


def say_comparison(compared: "ModelComparison") -> None:
    """Print the scores of two models, their differences, and what follows from them."""
    rows = [
        (
            score_word(each.name).label,
            str(each.pictures),
            *(score_text(each.name, value) for value in (each.first, each.second, each.difference)),
            NONE if each.interval is None else " to ".join(score_text(each.name, end) for end in each.interval),
            f"{each.p:.3f}" if each.p >= _LEAST_P else f"<{_LEAST_P}",
        )
        for each in compared.comparison.differences
        if not each.name.endswith((".accuracy", "_accuracy"))  # which are in --json
    ]
    render.table(("score", "n", "model", "against", "difference", "95% interval", "p"), rows, tight=True)
    for caution in compared.against.cautions:
        if caution not in compared.model.cautions:
            render.say(f"warning: of the second model: {caution}")
    render.say(compared.sentence)


def score_text(name: str, value: float | None, digits: int = 4) -> str:
    """A score as text of at most 7 characters in its usual range: dB with two digits after the point."""
    if value is None:
        return NONE
    return f"{value:.2f}" if name == "psnr" else f"{value:.{digits}f}"


def _score_rows(scores: "Scores") -> Iterator[tuple[str, ...]]:
    for name in METRICS:
        yield _row(scores, name, scores.metrics[name], scores.mean_picture.get(name))
    beside: dict[str, BesideReal | None] = {"sharpness": scores.sharpness, "variety": scores.variety}
    for name, found in beside.items():
        if found is not None:
            yield _row(scores, f"{name}.model", found.model, found.mean_picture, found.real)
    for name, value in (scores.histograms or {}).items():
        yield _row(scores, f"histograms.{name}", value)
    for name, each in scores.distances.items():
        yield _row(scores, f"distances.{name}", each.value)
    if scores.diversity is not None:
        yield _row(scores, "diversity.pairwise_l1", scores.diversity.pairwise_l1)
        yield _row(scores, "diversity.pixel_std", scores.diversity.pixel_std)


def _row(
    scores: "Scores", key: str, model: float, mean: float | None = None, real: float | None = None
) -> tuple[str, ...]:
    number = str(scores.numbers.get(key, scores.pictures))
    shown = (score_text(key, value) for value in (mean, real))
    return score_word(key).label, number, score_text(key, model), _interval(scores, key), *shown


def _interval(scores: "Scores", key: str, digits: int = 4) -> str:
    found = scores.intervals.get(key)
    return NONE if found is None else " to ".join(score_text(key, each, digits) for each in found)


def _say_agreement(scores: "Scores", kind: str, title: str, found: "Agreement", real: "Agreement | None") -> None:
    """IoU by class and the means; `real` is what a segmenter finds in the real photos."""
    columns = (found, real) if real else (found,)
    headings = ("generated", "95% interval", *(("real photos",) if real else ()))

    def row(name: str, number: int, key: str, values: list[float]) -> tuple[str, ...]:
        first, *others = (f"{value:.3f}" for value in values)
        return name, str(number), first, _interval(scores, f"{kind}.{key}", 3), *others

    rows = [
        row(name, one.pictures, f"classes.{name}.iou", [each.classes[name].iou for each in columns])
        for name, one in found.classes.items()
    ]
    for name, value in (("mean IoU", "mean_iou"), ("pixels", "pixel_accuracy"), ("classes", "class_accuracy")):
        rows.append(row(name, scores.pictures, value, [getattr(each, value) for each in columns]))
    render.table((f"{title}: IoU", "n", *headings), rows)
