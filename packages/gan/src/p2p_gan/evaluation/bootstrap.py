"""95% intervals of the scores of a set of pairs: how they scatter if other pairs of the same kind had been drawn.

Nothing here may see a picture; the draws depend on the seed and the order of the records alone.
"""

from statistics import NormalDist

import numpy as np

from p2p_gan.evaluation.groups import EACH_ALONE, PairGroups
from p2p_gan.evaluation.pair_scores import PairRecord
from p2p_gan.evaluation.totals import Sums, WeightedTotals
from p2p_gan.models.card import ModelCard

RESAMPLES = 1_000
_SEED = (0,)
Interval = tuple[float, float]
NORMAL = NormalDist()
HALF_WIDTH = NORMAL.inv_cdf(0.975)  # of a 95% interval, in standard deviations


class Draws:
    """How often each pair counts: once in the whole set, then in each of `RESAMPLES` resamples.

    There it is a Poisson number of mean 1, drawn pair by pair. A resample with replacement has these numbers but for
    their fixed sum (Chamandy et al. 2012, "Estimating uncertainty for massive data streams"), and a stream of pairs
    need not be kept for them. Pairs of one group have one number: that other patients had been drawn is what matters,
    and not that other slices of the same had (the cluster bootstrap; Davison and Hinkley 1997, section 3.8).
    """

    def __init__(self, groups: PairGroups) -> None:
        self._groups, self._random = groups, np.random.default_rng(_SEED)

    def draw(self, name: str) -> Sums:
        """The numbers of the next pair (1 + resamples)."""
        random = self._groups.random_of(name, self._random, _SEED)
        return np.concatenate([[1.0], random.poisson(1.0, RESAMPLES)])


class Bootstrap:
    """The resamples of one model's records, each added as it comes."""

    def __init__(self, card: ModelCard, groups: PairGroups = EACH_ALONE) -> None:
        self._draws, self._totals = Draws(groups), WeightedTotals(card, 1 + RESAMPLES)
        self._groups, self._units = groups, set[str]()
        self._scores: dict[str, Sums] | None = None

    def add(self, record: PairRecord) -> None:
        """Add the record of one pair."""
        self._totals.add(record, self._draws.draw(record.name))
        self._units.add(self._groups.unit(record.name))
        self._scores = None

    @property
    def units(self) -> int:
        """How many groups there are, those of a single pair among them."""
        return len(self._units)

    def scores(self) -> dict[str, Sums]:
        """Each score of the whole set, then of the resamples."""
        if self._scores is None:
            self._scores = self._totals.scores()
        return self._scores

    def intervals(self) -> dict[str, Interval]:
        """The 95% interval of each score, none for a single pair or group."""
        if self.units < 2:
            return {}
        found = {name: interval_of(values) for name, values in self.scores().items()}
        return {name: interval for name, interval in found.items() if interval is not None}


def interval_of(values: Sums) -> Interval | None:
    """The 95% interval of a score, the first value, from its resamples, the others.

    None if most of these lack the score, or if nearly all lie on one side of it: then no correction is enough.

    It is the bias-corrected percentile interval (Efron 1981): a resample repeats pictures, which alone lowers the
    overlap of histograms and the variety of a set, and the plain percentiles would lie too low.
    """
    whole, resampled = values[0], values[1:]
    known = resampled[np.isfinite(resampled)]
    if len(known) < len(resampled) / 2 or not np.isfinite(whole):
        return None
    below = float(((known < whole) + 0.5 * (known == whole)).mean())
    if not 0.025 < below < 0.975:
        return None
    bias = NORMAL.inv_cdf(below)
    low, high = np.quantile(known, [NORMAL.cdf(2 * bias + tail) for tail in (-HALF_WIDTH, HALF_WIDTH)])
    return float(low), float(high)
