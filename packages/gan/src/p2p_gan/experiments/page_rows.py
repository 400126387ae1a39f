"""The tables of a study as values: a row for each finished arm with its scores over the seeds, and the best arm.

Nothing here may write; the page and the command line show the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from p2p_gan.evaluation.score_words import ScoreWord, score_word
from p2p_gan.experiments.statistics import Estimate, best_of, estimate
from p2p_gan.experiments.study import Study, Trial
from p2p_gan.experiments.tables import TABLES

REAL = "real pictures"  # the row with the segmenter's scores on them


Column = ScoreWord
_COLUMNS = tuple(score_word(score) for score in ("l1", "ssim", "histogram", "mean_iou", "diversity"))


@dataclass(frozen=True)
class Row:
    """One arm: its trials, and each score by seed; a score that does not apply is absent."""

    arm: str
    trials: tuple[Trial, ...]
    values: Mapping[str, Mapping[int, float]]

    def text(self, score: str) -> str:
        """The estimate of a score as text, empty if it does not apply."""
        return str(estimate(list(self.values[score].values()))) if score in self.values else ""


def scored_pairs(study: Study) -> str:
    """The pairs on which arms are scored, with their number once it is known."""
    count = next((trial.scores.get("all", {}).get("pictures") for trial in study.trials), None)
    pairs = "pair" if count == 1 else "pairs"
    return f"{study.split} {pairs}" if count is None else f"{count} {study.split} {pairs}"


def rows_of(study: Study, table: str) -> list[Row]:
    """The finished arms of a table."""
    return [_row(arm, trials) for arm in TABLES[table].arms if (trials := study.of(arm))]


def _row(arm: str, trials: Sequence[Trial]) -> Row:
    values: dict[str, dict[int, float]] = {}
    for trial in trials:
        for column in _COLUMNS:
            value = trial.scores.get(column.score)
            if value is not None:
                values.setdefault(column.score, {})[trial.seed] = float(value)
    return Row(arm, tuple(trials), values)


def columns_of(rows: Iterable[Row]) -> list[Column]:
    """The scores that at least one of the rows has."""
    known = {score for row in rows for score in row.values}
    return [column for column in _COLUMNS if column.score in known]


def best_in(rows: Sequence[Row], column: Column) -> str | None:
    """The arm with the best score; None if the seeds do not show which it is, and where no direction is better."""
    if column.more is None:
        return None
    return best_of({row.arm: row.values[column.score] for row in rows if column.score in row.values}, more=column.more)


def on_real_pictures(rows: Iterable[Row]) -> dict[str, Any] | None:
    """The segmenter's agreement on the real pictures; None without a segmenter."""
    found = (trial.scores.get("all", {}).get("judged_real") for row in rows for trial in row.trials)
    return next((each for each in found if each), None)


def by_class(row: Row) -> dict[str, Estimate]:
    """The IoU of each class that occurs in the true masks."""
    found: dict[str, list[float]] = {}
    for trial in row.trials:
        every = trial.scores.get("all", {})
        agreement = every.get("judged") or every.get("agreement") or {"classes": {}}
        for name, each in agreement["classes"].items():
            found.setdefault(name, []).append(float(each["iou"]))
    return {name: estimate(values) for name, values in found.items()}


def minutes_of(row: Row) -> float | None:
    """Minutes of training, mean over the seeds."""
    known = [trial.seconds / 60 for trial in row.trials if trial.seconds is not None]
    return fmean(known) if known else None
