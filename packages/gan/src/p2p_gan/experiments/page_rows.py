"""The tables of a study as values: a row for each finished arm, its scores over the seeds, and which is the best.

Nothing here may draw or write; the page and the command line show the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from p2p_gan.experiments.statistics import Estimate, best_of, estimate
from p2p_gan.experiments.study import Study, Trial
from p2p_gan.experiments.tables import TABLES

REAL = "real pictures"  # the row with what the segmenter finds in them


class Column(NamedTuple):
    """A score: its place in the scores, its name, whether more is better, and what it is."""

    score: str
    label: str
    more: bool
    what: str


_COLUMNS = (
    Column("l1", "L1", False, "mean absolute difference from the real picture, 0 to 1"),
    Column("ssim", "SSIM", True, "structural similarity with the real picture, 1 at most"),
    Column(
        "histogram", "colours", True, "what colour histograms have in common with those of the real pictures, 0 to 1"
    ),
    Column("mean_iou", "IoU", True, "intersection over union with the true mask, mean over classes"),
    Column("diversity", "variety", True, "mean absolute difference between two outputs of one input, 0 to 1"),
)


@dataclass(frozen=True)
class Row:
    """One arm: its trials, and each score by seed; a score that does not apply is absent."""

    arm: str
    trials: tuple[Trial, ...]
    values: Mapping[str, Mapping[int, float]]

    def text(self, score: str) -> str:
        """The estimate of a score, or nothing."""
        return str(estimate(list(self.values[score].values()))) if score in self.values else ""


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
    """The scores that any of the rows has."""
    known = {score for row in rows for score in row.values}
    return [column for column in _COLUMNS if column.score in known]


def best_in(rows: Sequence[Row], column: Column) -> str | None:
    """The arm that is best in a score, where the seeds can tell."""
    return best_of({row.arm: row.values[column.score] for row in rows if column.score in row.values}, more=column.more)


def on_real_pictures(rows: Iterable[Row]) -> dict[str, Any] | None:
    """The agreement that the segmenter reaches on the real pictures; None where nothing was judged."""
    found = (trial.scores.get("all", {}).get("judged_real") for row in rows for trial in row.trials)
    return next((each for each in found if each), None)


def by_class(row: Row) -> dict[str, Estimate]:
    """The IoU of each class that the true masks have."""
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
