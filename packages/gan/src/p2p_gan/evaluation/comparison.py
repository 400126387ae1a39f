"""Two models on the same pairs: the difference of each score, its interval, and whether chance explains it.

Nothing here may apply a model or write files; both models' records of a pair are added together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from p2p_datatools.contract.words import plural
from p2p_gan.evaluation.bootstrap import RESAMPLES, Draws, Interval, interval_of
from p2p_gan.evaluation.groups import EACH_ALONE, PairGroups
from p2p_gan.evaluation.metrics import METRICS
from p2p_gan.evaluation.pair_scores import PairRecord, mean_key
from p2p_gan.evaluation.score_words import score_word
from p2p_gan.evaluation.totals import Sums, WeightedTotals
from p2p_gan.models.card import ModelCard

_SWAPS = 1_000
_LEVEL = 0.05
_SEED = (0, 1)  # others than those of `Draws`
# What a model is called better by: not each class, of which there may be many.
_HEADLINES = (*METRICS, "distances.", "histograms.", "agreement.mean_iou", "judged.mean_iou")
# Not of the model: of the real pictures, and of the mean picture.
_BASELINES = (*(mean_key(name) for name in METRICS), "sharpness.real", "sharpness.mean_picture", "variety.real")


@dataclass(frozen=True)
class ScoreDifference:
    """A score of two models over the same pictures, by its place in the JSON of `Scores` with dots between.

    `difference` is the first minus the second, with its 95% `interval`, None of a single pair; `p` is the probability
    of one as large if the models were alike. `better` is 1 or 2 where the model of that place is better by it and
    chance does not explain the difference. It is None for scores that are as the real pictures' at best, such as
    sharpness, and for the scores of single classes.
    """

    name: str
    pictures: int
    first: float
    second: float
    difference: float
    interval: Interval | None
    p: float
    better: int | None = None


@dataclass(frozen=True)
class ScoreComparison:
    """The differences of all scores that both models have, over `pictures` pairs, and what follows in a sentence.

    `groups` is how many groups the pairs form, None where each stands for itself.
    """

    pictures: int
    differences: tuple[ScoreDifference, ...]
    groups: int | None = None

    def sentence(self, first: str, second: str) -> str:
        """Which of the models, called `first` and `second`, is better, and by which scores."""
        better = {
            name: [score_word(each.name).label.replace(", ", " ") for each in self.differences if each.better == place]
            for place, name in ((1, first), (2, second))
        }
        of = f" of {plural(self.groups, 'group')}" if self.groups else ""
        over = f"on the same {plural(self.pictures, 'picture')}{of}"
        won = [f"{name} is better by {_join_words(scores)}" for name, scores in better.items() if scores]
        if not won:
            why = "so few cannot show any difference" if self._is_too_small() else "chance may explain each difference"
            return f"Neither {first} nor {second} is shown to be better {over}: {why}."
        rest = "" if len(won) == 2 or all(map(_is_decided, self.differences)) else "; chance may explain the rest"
        return f"{', but '.join(won)}, {over} (p < {_LEVEL} in all, by Holm's procedure){rest}."

    def _is_too_small(self) -> bool:
        """Whether even models that differ most in every pair have a p above what Holm's procedure asks of the first."""
        tested = sum(_is_headline(each.name) for each in self.differences)
        return 2.0 ** (1 - (self.groups or self.pictures)) > _LEVEL / max(1, tested)

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        groups = {"groups": self.groups} if self.groups else {}
        return {"pictures": self.pictures, **groups, "differences": [vars(each) for each in self.differences]}


class PairedTest:
    """Adds the two records of each pair, and tests the difference of every score.

    The intervals are those of resampled pairs. The test is another: in each of `_SWAPS` draws the models' outputs are
    swapped for a random half of the pairs, and p is the share of draws that differ as much as the models do (a paired
    permutation test). If the models are alike it is exact for any number of pictures and any score, where intervals of
    few pictures are too narrow, and Wilcoxon's test knows no score that is over all pixels together. Pairs of a group
    are swapped together: the slices of one patient differ alike, and each by itself would count as a proof.
    """

    def __init__(self, card: ModelCard, groups: PairGroups = EACH_ALONE) -> None:
        self._draws, self._random = Draws(groups), np.random.default_rng(_SEED)
        self._groups, self._units = groups, set[str]()
        self._resampled = [WeightedTotals(card, 1 + RESAMPLES) for _ in range(2)]
        self._swapped = [WeightedTotals(card, _SWAPS) for _ in range(2)]
        self._number = 0

    def add(self, first: PairRecord, second: PairRecord) -> None:
        """Add both models' records of a pair; one without a pixel that counts is left out."""
        assert first.name == second.name, "both are of one pair"
        if not (first.counts_any and second.counts_any):
            return
        random = self._groups.random_of(first.name, self._random, _SEED)
        weights, swap = self._draws.draw(first.name), random.integers(0, 2, _SWAPS).astype(np.float64)
        for totals, record in zip(self._resampled, (first, second), strict=True):
            totals.add(record, weights)
        for totals, part in zip(self._swapped, (1 - swap, swap), strict=True):
            totals.add(first, part)
            totals.add(second, 1 - part)
        self._number += 1
        self._units.add(self._groups.unit(first.name))

    def result(self, numbers: Mapping[str, int], more: Sequence[ScoreDifference] = ()) -> ScoreComparison:
        """All differences, `more` among them, and by which of them a model is better.

        Chance is judged by Holm's procedure (1979), so that one of all scores is wrongly said to differ in 5% of all
        comparisons; `numbers` are the pictures in each score.
        """
        resampled, swapped = ([each.scores() for each in pair] for pair in (self._resampled, self._swapped))
        shared = [name for name in resampled[0] if name in resampled[1] and not _is_baseline(name)]
        found = []
        for name in shared:
            first, second, swapped_first, swapped_second = (each[name] for each in (*resampled, *swapped))
            if np.isfinite(first[0] - second[0]):
                interval = interval_of(first - second) if len(self._units) > 1 else None
                p = _share_as_far(float(first[0] - second[0]), swapped_first - swapped_second)
                values = float(first[0]), float(second[0]), float(first[0] - second[0])
                found.append(ScoreDifference(name, numbers.get(name, self._number), *values, interval, p))
        groups = len(self._units) if len(self._units) < self._number and self._groups else None
        return ScoreComparison(self._number, _mark_better([*found, *more]), groups)


def _share_as_far(own: float, swapped: Sums) -> float:
    """The p-value of a difference among those of swapped models; a draw may add the same numbers in another order."""
    known = np.abs(swapped[np.isfinite(swapped)])
    return float((1 + (known >= abs(own) * (1 - 1e-9)).sum()) / (1 + len(known)))


def _mark_better(differences: Sequence[ScoreDifference]) -> tuple[ScoreDifference, ...]:
    tested = sorted((each for each in differences if _is_headline(each.name)), key=lambda each: each.p)
    better: dict[str, int] = {}
    for rank, each in enumerate(tested):
        if each.p > _LEVEL / (len(tested) - rank):
            break
        better[each.name] = 1 if (each.difference > 0) == score_word(each.name).more else 2
    return tuple(replace(each, better=better.get(each.name)) for each in differences)


def _is_baseline(name: str) -> bool:
    return name in _BASELINES or name.startswith("judged_real.")


def _is_decided(each: ScoreDifference) -> bool:
    return each.better is not None or not _is_headline(each.name)


def _is_headline(name: str) -> bool:
    return name.startswith(_HEADLINES) and score_word(name).more is not None


def _join_words(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
