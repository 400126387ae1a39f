"""Adds up the records of one model's pairs to the scores of the set, with the number of pictures and interval of each.

Nothing here may apply a model or keep a picture; the same records in the same order give the same scores to the last
bit.
"""

from dataclasses import dataclass

import numpy as np

from p2p_gan.evaluation.bootstrap import Bootstrap, Interval
from p2p_gan.evaluation.feature_tally import FeatureTally, PhotoDistance, distance_intervals
from p2p_gan.evaluation.features.distances import DistanceNetworks
from p2p_gan.evaluation.groups import EACH_ALONE, PairGroups
from p2p_gan.evaluation.mask_agreement import Agreement, Confusion
from p2p_gan.evaluation.metrics import METRICS, LabHistograms
from p2p_gan.evaluation.pair_scores import PairRecord, generates_colors, mean_key
from p2p_gan.evaluation.totals import AGREEMENTS, picture_scores
from p2p_gan.models.card import ModelCard


@dataclass(frozen=True)
class BesideReal:
    """A figure of the generated pictures, of the real ones, and of the mean picture where there is one."""

    model: float
    real: float
    mean_picture: float | None = None


class Tally:
    """The sums over the records that were added, and the scores that follow from them."""

    def __init__(
        self, card: ModelCard, networks: DistanceNetworks | None = None, groups: PairGroups = EACH_ALONE
    ) -> None:
        self.pictures = self.uncounted = 0
        self.features = FeatureTally(() if networks is None else networks.extractors, groups)
        self._pairwise = {} if networks is None else {each.name: each.digest for each in networks.pairwise}
        self._distances: dict[str, PhotoDistance] | None = None
        self._values: dict[str, list[float]] = {}  # of each picture that has the score
        self._confusions: dict[str, Confusion] = {}
        self._names = card.palette.names if card.palette else ()
        self._colors = (LabHistograms(), LabHistograms()) if generates_colors(card) else None
        self._grouped, self._bootstrap = bool(groups), Bootstrap(card, groups)

    def add(self, record: PairRecord) -> None:
        """Add the record of one pair; one without a pixel that counts is in no score, but in their number."""
        if not record.counts_any:
            self.uncounted += 1
            return
        counts = record.counts
        for name, value in picture_scores(record.line):
            self._values.setdefault(name, []).append(value)
        for kind in AGREEMENTS:
            if kind in counts:
                self._confusions.setdefault(kind, Confusion(self._names)).include(counts[kind])
        for histograms, own in zip(self._colors or (), counts.get("colors", ()), strict=True):
            histograms.include(own)
        self._bootstrap.add(record)
        self.features.add(record)
        self.pictures += 1

    @property
    def groups(self) -> int | None:
        """How many groups the pictures form, those of one picture among them; None where each stands for itself."""
        return self._bootstrap.units if self._grouped and self._bootstrap.units < self.pictures else None

    def metrics(self) -> dict[str, float]:
        """Each metric's mean over the pictures."""
        return {name: self._mean(name) for name in METRICS}

    def mean_picture(self) -> dict[str, float]:
        """The same of the mean picture; empty if there is none."""
        return {name: self._mean(mean_key(name)) for name in METRICS if mean_key(name) in self._values}

    def color_error(self) -> dict[str, float]:
        """The colour error of each class, over the pictures with it."""
        prefix = "color_error."
        return {name.removeprefix(prefix): self._mean(name) for name in self._values if name.startswith(prefix)}

    def histograms(self) -> dict[str, float] | None:
        """The intersection of the colour histograms in L, a and b."""
        return self._colors[0].intersection(self._colors[1]) if self._colors else None

    def agreements(self) -> dict[str, Agreement]:
        """The agreement of masks of each kind."""
        return {kind: confusion.result() for kind, confusion in self._confusions.items()}

    def sharpness(self) -> BesideReal | None:
        """The mean sharpness, of photos."""
        if "sharpness.model" not in self._values:
            return None
        mean = self._mean("sharpness.mean_picture") if "sharpness.mean_picture" in self._values else None
        return BesideReal(self._mean("sharpness.model"), self._mean("sharpness.real"), mean)

    def variety(self) -> BesideReal | None:
        """How much the pictures differ from each other, of two photos or more."""
        found = self._bootstrap.scores()
        if self.pictures < 2 or "variety.model" not in found:
            return None
        return BesideReal(*(float(found[f"variety.{side}"][0]) for side in ("model", "real")))

    def diversity(self) -> tuple[float, float] | None:
        """The mean difference of variants, as `metrics.diversity` gives it."""
        if "diversity.pairwise_l1" not in self._values:
            return None
        return self._mean("diversity.pairwise_l1"), self._mean("diversity.pixel_std")

    def distances(self) -> dict[str, PhotoDistance]:
        """The distances of photos by networks; those of a pair as means over the pairs with them."""
        if self._distances is None:
            self._distances = self.features.distances()
            for name, digest in self._pairwise.items():
                if values := self._values.get(f"distances.{name}"):
                    self._distances[name] = PhotoDistance(float(np.mean(values)), None, len(values), digest)
        return self._distances

    def numbers(self) -> dict[str, int]:
        """The number of pictures in each score, by its name as in `intervals`."""
        found = {name: len(values) for name, values in self._values.items()}
        for name in self._bootstrap.scores():
            kind, _, rest = name.partition(".classes.")
            own = self._confusions[kind].result().classes if rest else {}
            found.setdefault(name, own[rest.rpartition(".")[0]].pictures if rest else self.pictures)
        return found | {f"distances.{name}": each.pictures for name, each in self.distances().items()}

    def intervals(self) -> dict[str, Interval]:
        """The 95% interval of each score, by the score's place in the JSON with dots between; none of one picture."""
        return self._bootstrap.intervals() | distance_intervals(self.distances())

    def _mean(self, name: str) -> float:
        return float(np.mean(self._values[name]))
