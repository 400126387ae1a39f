"""Scores two models on the same pairs, and compares them.

Nothing here may decide how a pair is scored or when models differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from p2p_datatools.contract.errors import P2PError, Skip
from p2p_datatools.contract.files.atomic import write_json
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.evaluation.comparison import PairedTest, ScoreComparison
from p2p_gan.evaluation.feature_tally import FeatureTally
from p2p_gan.evaluation.scores import Evaluation, EvaluationRequest, Scores, open_evaluation
from p2p_gan.evaluation.work import records_of, write_evaluation

_AGAINST = "against"  # the folder of the second model's scores in DEST
_COMPARISON = "comparison.json"


@dataclass(frozen=True)
class ModelComparison:
    """The scores of two models over the same pairs, their differences, and the conclusion as a sentence."""

    model: Scores
    against: Scores
    comparison: ScoreComparison
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON values, with the scores of both models."""
        return {**self.comparison.to_json(), "sentence": self.sentence, "scores": self.against.to_json()}


def compare_models(
    model_path: Path | str,
    against: Path | str,
    pairs: Path | str,
    *,
    asked: EvaluationRequest = EvaluationRequest(),
    keep_going: bool = False,
    device: torch.device | str | None = None,
    report: Reporter = QUIET,
) -> ModelComparison:
    """Evaluate both models on the same pairs, as `evaluate` does, and test the difference of each score.

    Raises P2PError if the second model does not generate the same half of the pairs, and as `evaluate` does.
    """
    jobs = _open_both(model_path, against, pairs, asked, device, report)
    skipped: list[list[Skip]] = [[], []]
    scored = [job.each_score(left if keep_going else None, report) for job, left in zip(jobs, skipped, strict=True)]
    tallies, test = [job.tally() for job in jobs], PairedTest(jobs[0].model.card, jobs[0].groups)
    for found in report.track(zip(*scored, strict=True), "scoring", len(jobs[0].pairs)):
        first, second = found
        if first is not None and second is not None:
            for tally, each in zip(tallies, (first, second), strict=True):
                tally.add(each.record)
            test.add(first.record, second.record)
    jobs[0].say_changes(report)
    scores = [job.conclude(tally, left) for job, tally, left in zip(jobs, tallies, skipped, strict=True)]
    features = [tally.features for tally in tallies]
    return _conclude_comparison(test, scores, features, (model_path, against))


def compare_models_into(
    dest: Path | str,
    model_path: Path | str,
    against: Path | str,
    pairs: Path | str,
    *,
    asked: EvaluationRequest = EvaluationRequest(),
    keep_going: bool = False,
    device: torch.device | str | None = None,
    report: Reporter = QUIET,
) -> ModelComparison:
    """Compare two models and write the scores of the first to DEST, as `evaluate_into` does.

    Those of the second are in DEST/against, and the comparison is in DEST/comparison.json. Each part continues as there
    after an interruption.
    """
    dest = Path(dest)
    jobs = _open_both(model_path, against, pairs, asked, device, report)
    scores = [
        write_evaluation(place, job, keep_going=keep_going, report=report)
        for place, job in zip((dest, dest / _AGAINST), jobs, strict=True)
    ]
    first, second = records_of(dest), records_of(dest / _AGAINST)
    test = PairedTest(jobs[0].model.card, jobs[0].groups)
    features = [FeatureTally(job.networks.extractors, job.groups) for job in jobs]
    for name in sorted(first.keys() & second.keys()):
        test.add(first[name], second[name])
        for tally, records in zip(features, (first, second), strict=True):
            tally.add(records[name])
    found = _conclude_comparison(test, scores, features, (model_path, against))
    of = {"model": jobs[0].model.digest, _AGAINST: jobs[1].model.digest}
    write_json(dest / _COMPARISON, {"of": of, **found.comparison.to_json(), "sentence": found.sentence})
    return found


def _open_both(
    model_path: Path | str,
    against: Path | str,
    pairs: Path | str,
    asked: EvaluationRequest,
    device: torch.device | str | None,
    report: Reporter,
) -> tuple[Evaluation, Evaluation]:
    """Open both models; raises P2PError if they do not generate the same half."""
    first = open_evaluation(model_path, pairs, asked, device, report)
    card = first.model.card
    second = open_evaluation(against, pairs, asked, device, report)
    other = second.model.card
    if first.task.swapped != second.task.swapped:
        what = f"has the direction {other.direction}, but {model_path} {card.direction}"
        raise P2PError(against, what, "Compare models of the same direction.", code="other-direction")
    return first, second


def _conclude_comparison(
    test: PairedTest, scores: Sequence[Scores], features: Sequence[FeatureTally], names: tuple[Path | str, Path | str]
) -> ModelComparison:
    """The comparison of the records that were added, of models that are called by their paths."""
    comparison = test.result(scores[0].numbers, features[0].differences(features[1]))
    return ModelComparison(scores[0], scores[1], comparison, comparison.sentence(*map(str, names)))
