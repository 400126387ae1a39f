"""Scores that 'p2p evaluate' has written for a run: found, read, and put into rows with intervals and examples.

Nothing here may compute a score or an interval.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_json, read_lines, sha256_file
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import catch_decoder
from p2p_gan.models.location import BEST, MODEL_FILE

SUMMARY, LINES, COMPARISON = "summary.json", "scores.jsonl", "comparison.json"
CLASS_SCORES = ("color_error", "agreement", "judged", "judged_real")
_OF_CLASSES = (".classes.", "color_error.", "judged_real.")
_OF_NAMES = ("color_error.", "distances.")  # below which there are names, which may hold dots
_BESIDE = ("_mean", ".real", ".mean_picture", ".class_accuracy")  # shown beside other scores, or say little more
_EXAMPLES = 2  # pictures of each of best, median and worst
_RivalRow = tuple[str, float, float, tuple[float, float] | None, float | None]


@dataclass(frozen=True)
class ScoreRow:
    """A score of the model: its place in the summary with dots between, its value, and the number of pictures in it.

    `interval` are the ends of its 95% interval, None of one picture; `mean_picture` and `real` are the same score of
    the mean picture and of the real ones, None where that does not apply.
    """

    name: str
    value: float
    number: int
    interval: tuple[float, float] | None = None
    mean_picture: float | None = None
    real: float | None = None


@dataclass(frozen=True)
class RivalReport:
    """The comparison with another model on the same pictures: what it comes to, and the difference of each score.

    A row is the score's name, its value of this and of the other model, the interval of the difference or None, and p.
    """

    sentence: str
    rows: tuple[_RivalRow, ...]


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
    pictures have a smaller L1 than the mean picture of the split `mean_of`. `classes` holds for each class the scores
    that apply to it, by the words of `CLASS_SCORES`; `examples` are pictures by the words best, median and worst;
    `networks` the hashes of the weights by which distances of photos were measured; `groups` is how many groups the
    pictures form, None where each stands for itself.
    """

    folder: Path
    split: str
    pictures: int
    model: str
    rows: tuple[ScoreRow, ...]
    classes: Mapping[str, Mapping[str, ScoreRow]]
    examples: Mapping[str, tuple[Example, ...]]
    cautions: tuple[str, ...] = ()
    better: int | None = None
    mean_of: str = "train"
    skipped: int = 0
    networks: Mapping[str, str] = field(default_factory=dict)
    rival: RivalReport | None = None
    groups: int | None = None


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
    rows = {path: row for path in scores.get("numbers") or metrics if _has_row(path) and (row := _row(scores, path))}
    return ScoreReport(
        folder=folder,
        split=str(of["split"]),
        pictures=int(scores["pictures"]),
        groups=None if scores.get("groups") is None else int(scores["groups"]),
        model=model,
        rows=tuple(row for path, row in rows.items() if not any(each in path for each in _OF_CLASSES)),
        classes=_classes(rows),
        examples=_examples(folder, lines, metrics),
        cautions=tuple(str(each["text"]) for each in scores.get("cautions", ())),
        better=sum(line["l1"] < line["l1_mean"] for line in lines) if lines and "l1_mean" in lines[0] else None,
        mean_of=str(scores.get("mean_picture_of") or "train"),
        skipped=len(scores.get("skipped", ())),
        rival=_read_rival(folder, of["model"]),
        networks={str(name): str(digest) for name, digest in (of.get("networks") or {}).items()},
    )


def _has_row(path: str) -> bool:
    """Whether a number has a row of its own; the others stand beside one. A class may be called body_mean."""
    return path.startswith(_OF_NAMES) or not path.endswith(_BESIDE)


def _read_rival(folder: Path, model: str) -> RivalReport | None:
    """The comparison with another model, where one lies beside the scores of this one."""
    with suppress(P2PError, LookupError, TypeError, ValueError):
        value = read_json(folder / COMPARISON) if (folder / COMPARISON).is_file() else None
        if value and value["of"]["model"] == model:
            return RivalReport(str(value["sentence"]), tuple(_rival_row(each) for each in value["differences"]))
    return None


def _rival_row(difference: Mapping[str, Any]) -> _RivalRow:
    interval, p = difference["interval"], difference["p"]
    return (
        str(difference["name"]),
        float(difference["first"]),
        float(difference["second"]),
        (float(interval[0]), float(interval[1])) if interval else None,
        None if p is None else float(p),
    )


def _row(scores: Mapping[str, Any], path: str) -> ScoreRow | None:
    """The score at a place of the summary, with what stands beside it; None if there is no number."""
    value = _at(scores, path)
    if value is None:
        return None
    low_high = (scores.get("intervals") or {}).get(path)
    above, _, last = path.rpartition(".")
    mean = _at(scores, f"{above}.mean_picture") if last == "model" else _at(scores, f"{path}_mean")
    real = _at(scores, f"{above}.real" if last == "model" else path.replace("judged.", "judged_real.", 1))
    return ScoreRow(
        name=path,
        value=value,
        number=int((scores.get("numbers") or {}).get(path, scores["pictures"])),
        interval=(float(low_high[0]), float(low_high[1])) if low_high else None,
        mean_picture=mean,
        real=real if last == "model" or path.startswith("judged.") else None,
    )


def _at(scores: Mapping[str, Any], path: str) -> float | None:
    """The number at a place of the summary; the name of a class may hold dots of its own."""
    found: Any = scores
    parts = path.split(".")
    if ".classes." in path:
        kind, _, rest = path.partition(".classes.")
        parts = [kind, "classes", *rest.rsplit(".", 1)]
    elif path.startswith(_OF_NAMES):
        parts = path.split(".", 1)
    for part in parts:
        found = found.get(part) if isinstance(found, Mapping) else None
    found = found.get("value") if isinstance(found, Mapping) else found  # a distance has more to say
    return float(found) if isinstance(found, int | float) else None


def _classes(rows: Mapping[str, ScoreRow]) -> dict[str, dict[str, ScoreRow]]:
    """The scores of each class, by kind."""
    found: dict[str, dict[str, ScoreRow]] = {}
    for path, row in rows.items():
        kind, marked, rest = path.partition(".classes.")
        if marked and rest.endswith(".iou"):
            found.setdefault(rest.removesuffix(".iou"), {})[kind] = row
        elif path.startswith("color_error."):
            found.setdefault(path.partition(".")[2], {})["color_error"] = row
    return found


def _examples(
    folder: Path, lines: Sequence[Mapping[str, Any]], metrics: Sequence[str]
) -> dict[str, tuple[Example, ...]]:
    """The best, the median and the worst pictures by L1; of few pictures each at most once."""

    def example(place: int) -> Example:
        line = ranked[place]
        file = folder / relative_name(line["picture"], folder / LINES)
        values = {name: float(line[name]) for name in metrics if name in line}
        return Example(str(line["name"]), file, place + 1, values)

    ranked = sorted((line for line in lines if "l1" in line), key=lambda line: (line["l1"], line["name"]))
    return {word: tuple(map(example, places)) for word, places in _example_places(len(ranked)).items() if places}


def _example_places(total: int) -> dict[str, range]:
    """Which of `total` ranked pictures are the best, the median and the worst; no picture is two of these."""
    if total < 3:
        return {"best": range(total)[:1], "worst": range(total)[1:]}
    count = min(_EXAMPLES, total // 3)
    middle = (total - count + 1) // 2
    return {"best": range(count), "median": range(middle, middle + count), "worst": range(total - count, total)}
