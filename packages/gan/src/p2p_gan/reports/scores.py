"""Scores that 'p2p evaluate' has written for a run: found, read, and put into rows with intervals and examples.

Nothing here may score; intervals come from the scores of the single pictures.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_json, read_lines, sha256_file
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import catch_decoder
from p2p_gan.models.location import BEST, MODEL_FILE

SUMMARY, LINES = "summary.json", "scores.jsonl"
_RESAMPLES = 2_000
_COVERED = (2.5, 97.5)  # percent: a 95% interval
FEW = 30  # pictures below which a score says little
EXAMPLES = 2  # pictures of each of best, median and worst


@dataclass(frozen=True)
class ScoreRow:
    """A score of the model, the ends of its 95% interval if it has one, and the same of the mean training picture."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    mean_picture: float | None = None


@dataclass(frozen=True)
class Example:
    """A held-out picture, input | generated | real, with its rank (1 is the best) and its scores."""

    name: str
    file: Path
    rank: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class ScoreReport:
    """The scores in a folder: of which `split` and how many `pictures`, and by which model's file.

    `model` is the name of the file of the run that was scored, empty if the run has trained since. `better` of the
    pictures have a smaller L1 than the mean training picture, None without one. `classes` holds for each class the
    scores that apply to it; `examples` are pictures by the words best, median and worst.
    """

    folder: Path
    split: str
    pictures: int
    model: str
    rows: tuple[ScoreRow, ...]
    classes: Mapping[str, Mapping[str, float]]
    class_pictures: Mapping[str, int]
    examples: Mapping[str, tuple[Example, ...]]
    better: int | None = None
    variants: int = 1
    pairs: str = ""
    skipped: int = 0


def find_scores(run: Path, given: Sequence[Path] = ()) -> tuple[ScoreReport, ...]:
    """The scores in the folders `given`, or else in the run's folder and beside it, if they are of a model of the run.

    Raises UsageError for one of `given` that holds no scores, and P2PError for scores that are damaged.
    """
    for folder in given:
        if not (folder / SUMMARY).is_file():
            to_do = "Give the folder that 'p2p evaluate --out' wrote."
            raise UsageError(folder, f"holds no scores (no {SUMMARY})", to_do, code="no-scores")
    places = list(given) or [*_folders_with_scores(run), *_folders_with_scores(run.absolute().parent)]
    if not places:
        return ()
    models = {sha256_file(run / name): name for name in (BEST, MODEL_FILE) if (run / name).is_file()}
    found = []
    for folder in dict.fromkeys(places):
        with suppress(P2PError) if not given else nullcontext():
            summary = read_json(folder / SUMMARY)
            with catch_decoder(folder / SUMMARY, "is not the summary of an evaluation", "Score the pairs again."):
                model = models.get(summary["of"]["model"], "")
                if model or given or folder.parent == run:
                    found.append(_read_report(folder, summary, model))
    return tuple(found)


def _folders_with_scores(place: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(each.parent for each in place.glob(f"*/{SUMMARY}"))
    return []


def _read_report(folder: Path, summary: Mapping[str, Any], model: str) -> ScoreReport:
    """Put a summary and the scores of its pictures into rows."""
    of, scores = summary["of"], summary["scores"]
    lines = read_lines(folder / LINES) if (folder / LINES).is_file() else []
    metrics = [name for name in of.get("metrics", ()) if isinstance(scores.get(name), int | float)]
    classes, counts = _classes(scores)
    return ScoreReport(
        folder=folder,
        split=str(of["split"]),
        pictures=int(scores["pictures"]),
        model=model,
        rows=tuple(_rows(scores, metrics, lines)),
        classes=classes,
        class_pictures=counts,
        examples=_examples(folder, lines, metrics),
        better=sum(line["l1"] < line["l1_mean"] for line in lines) if lines and "l1_mean" in lines[0] else None,
        variants=int(of.get("variants", 1)),
        pairs=str(of.get("pairs", "")),
        skipped=len(scores.get("skipped", ())),
    )


def _rows(scores: Mapping[str, Any], metrics: Sequence[str], lines: Sequence[Mapping[str, Any]]) -> Iterator[ScoreRow]:
    for name in metrics:
        values = [float(line[name]) for line in lines if name in line]
        mean = scores.get(f"{name}_mean")
        own = _interval_in(scores, name) or bootstrap(values)
        yield ScoreRow(name, float(scores[name]), own, None if mean is None else float(mean))
    if histograms := scores.get("histograms"):
        yield ScoreRow("histogram", float(np.mean(list(histograms.values()))), _interval_in(scores, "histogram"))
    for kind in ("agreement", "judged"):
        if scores.get(kind):
            yield ScoreRow("mean_iou", float(scores[kind]["mean_iou"]), _interval_in(scores, f"{kind}.mean_iou"))
            yield ScoreRow("pixel_accuracy", float(scores[kind]["pixel_accuracy"]))
    if spread := scores.get("diversity"):
        values = [float(line["pairwise_l1"]) for line in lines if "pairwise_l1" in line]
        yield ScoreRow("diversity", float(spread["pairwise_l1"]), bootstrap(values))


def _interval_in(scores: Mapping[str, Any], name: str) -> tuple[float, float] | None:
    """The interval that the evaluation itself has written, where it has."""
    with suppress(KeyError, TypeError, ValueError):
        low, high = scores["intervals"][name]
        return float(low), float(high)
    return None


def bootstrap(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95% interval of the mean of `values`: percentiles of resampled means (Efron 1979); None of fewer than 2."""
    known = np.asarray(values, dtype=np.float64)
    if len(known) < 2 or not np.isfinite(known).all():
        return None
    random = np.random.default_rng(0)  # the same values, the same interval
    means = [known[random.integers(0, len(known), len(known))].mean() for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, _COVERED)
    return float(low), float(high)


def _classes(scores: Mapping[str, Any]) -> tuple[dict[str, dict[str, float]], dict[str, int]]:
    """The scores of each class, and the number of pictures with it where that is known."""
    found: dict[str, dict[str, float]] = {}
    counts: dict[str, int] = {}
    for name, value in (scores.get("color_error") or {}).items():
        found.setdefault(name, {})["color_error"] = float(value)
    for kind in ("agreement", "judged", "judged_real"):
        for name, each in ((scores.get(kind) or {}).get("classes") or {}).items():
            found.setdefault(name, {})[kind] = float(each["iou"])
            counts[name] = int(each["pictures"])
    return found, counts


def _examples(
    folder: Path, lines: Sequence[Mapping[str, Any]], metrics: Sequence[str]
) -> dict[str, tuple[Example, ...]]:
    """The best, the median and the worst pictures by L1; of few pictures each at most once."""
    ranked = sorted(lines, key=lambda line: (line["l1"], line["name"]))
    count = min(EXAMPLES, len(ranked) // 3) or min(1, len(ranked))
    middle = (len(ranked) - count + 1) // 2
    places = {
        "best": range(count),
        "median": range(middle, middle + count),
        "worst": range(len(ranked) - count, len(ranked)),
    }
    if len(ranked) < 3:
        places = {"best": range(count), "worst": range(max(count, len(ranked) - 1), len(ranked))}
    found = {}
    for word, chosen in places.items():
        examples = []
        for place in chosen:
            line = ranked[place]
            file = folder / relative_name(line["picture"], folder / LINES)
            values = {name: float(line[name]) for name in metrics if name in line}
            examples.append(Example(str(line["name"]), file, place + 1, values))
        found[word] = tuple(examples)
    return {word: examples for word, examples in found.items() if examples}
