"""95% intervals of the scores of a set of pairs: how they scatter if other pairs of the same kind had been drawn.

Nothing here may see a picture; the draws depend on the seed and the order of the records alone.
"""

import numpy as np

from p2p_gan.evaluation.pair_scores import PairRecord
from p2p_gan.evaluation.totals import Floats, WeightedTotals
from p2p_gan.models.card import ModelCard

RESAMPLES = 1_000
Interval = tuple[float, float]
_TAILS = (2.5, 97.5)


class Draws:
    """How often each pair is in each of `RESAMPLES` resamples: Poisson numbers of mean 1, drawn pair by pair.

    A resample with replacement has these numbers but for their fixed sum (Chamandy et al. 2012, "Estimating uncertainty
    for massive data streams"), and a stream of pairs need not be kept for them.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)

    def draw(self) -> Floats:
        """The numbers of the next pair (resamples)."""
        return self._random.poisson(1.0, RESAMPLES).astype(np.float64)


class Bootstrap:
    """The resamples of one model's records, each added as it comes."""

    def __init__(self, card: ModelCard, seed: int = 0) -> None:
        self._draws, self._totals, self._number = Draws(seed), WeightedTotals(card, RESAMPLES), 0

    def add(self, record: PairRecord) -> None:
        """Add the record of one pair."""
        self._totals.add(record, self._draws.draw())
        self._number += 1

    def intervals(self) -> dict[str, Interval]:
        """The 95% interval of each score, none for a single pair."""
        if self._number < 2:
            return {}
        found = {name: interval_of(values) for name, values in self._totals.scores().items()}
        return {name: interval for name, interval in found.items() if interval is not None}


def interval_of(values: Floats) -> Interval | None:
    """The middle 95% of a score's resamples, of those in which it exists; None if it exists in fewer than half."""
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2:
        return None
    low, high = np.percentile(known, _TAILS)
    return float(low), float(high)
