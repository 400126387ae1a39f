"""The features of a set's photos, of generated and of real ones, and the distances that follow from them.

Nothing here may extract features; they alone grow with the number of pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p2p_gan.evaluation.bootstrap import HALF_WIDTH, NORMAL, Interval
from p2p_gan.evaluation.cautions import FEW
from p2p_gan.evaluation.comparison import ScoreDifference
from p2p_gan.evaluation.features.distances import FeatureExtractor
from p2p_gan.evaluation.features.kid import KidParts, kid_parts
from p2p_gan.evaluation.features.published import InceptionFeatures, frechet_distance
from p2p_gan.evaluation.groups import EACH_ALONE, PairGroups
from p2p_gan.evaluation.packed import text_to_floats
from p2p_gan.evaluation.pair_scores import PairRecord


@dataclass(frozen=True)
class PhotoDistance:
    """A distance of the generated photos from the real ones, by a network whose weights have that SHA-256.

    `std` is the standard deviation of the estimate, None where the distance has none.
    """

    value: float
    std: float | None
    pictures: int
    weights: str


class FeatureTally:
    """The features of the records that were added, by the networks that gave them."""

    def __init__(self, extractors: Sequence[FeatureExtractor], groups: PairGroups = EACH_ALONE) -> None:
        self._extractors, self._groups = tuple(extractors), groups
        self._units: list[str] = []  # of each record
        self._features: dict[str, tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]] = {
            each.key: ([], [])
            for each in self._extractors  # generated, real
        }
        self._parts: dict[str, KidParts] = {}

    def add(self, record: PairRecord) -> None:
        """Add the record of one pair; raises ValueError if its features are not as many as those of the others."""
        if not record.counts_any:
            return
        self._units.append(self._groups.unit(record.name))
        for key, both in self._features.items():
            for kept, text in zip(both, record.counts["features"][key], strict=True):
                values = text_to_floats(text)
                if kept and values.shape != kept[0].shape:
                    raise ValueError(f"{values.size} features, but {kept[0].size} of other pictures")
                kept.append(values)

    def distances(self) -> dict[str, PhotoDistance]:
        """The distances by name, of at least two pictures."""
        found = {}
        for each in self._extractors:
            number = len(self._features[each.key][0])
            if number < 2:
                continue
            parts = self._kid(each.key)
            std = None if parts.deviations is None else self._std(parts.deviations)
            found[each.name] = PhotoDistance(parts.value, std, number, each.digest)
            if each.key == InceptionFeatures.key:
                fake, real = map(np.stack, self._features[each.key])
                found["FID"] = PhotoDistance(frechet_distance(real, fake), None, number, each.digest)
        return found

    def differences(self, other: "FeatureTally") -> list[ScoreDifference]:
        """The difference of each KID from that of another model over the same pairs.

        Its interval and probability are those of a normal distribution with the standard deviation of the difference,
        in which each pair has its part in both distances; below 20 pairs or groups that is said too often to be no
        accident, so that there is none. FID has none, for its error is a bias.
        """
        found = []
        for each in self._extractors:
            number = len(self._features[each.key][0])
            if self._count_units() < FEW:
                continue
            parts = [tally._kid(each.key) for tally in (self, other)]
            first, second = (part.deviations for part in parts)
            assert first is not None, "so many pairs have deviations"
            assert second is not None, "so many pairs have deviations"
            std = self._std(first - second) or 0.0
            values = parts[0].value, parts[1].value, parts[0].value - parts[1].value
            p = 2 * NORMAL.cdf(-abs(values[2]) / std) if std else float(values[2] == 0)
            interval = values[2] - HALF_WIDTH * std, values[2] + HALF_WIDTH * std
            found.append(ScoreDifference(f"distances.{each.name}", number, *values, interval, p))
        return found

    def _count_units(self) -> int:
        return len(set(self._units)) if self._groups else len(self._units)

    def _std(self, deviations: NDArray[np.float64]) -> float | None:
        """The standard deviation that follows from the parts of all pairs, of which those of a group depend on each
        other; None of a single group."""
        if self._groups:
            numbers = np.unique(self._units, return_inverse=True)[1]
            deviations = np.bincount(numbers, weights=deviations).astype(np.float64)
        return float(np.sqrt((deviations**2).sum())) if len(deviations) > 1 else None

    def _kid(self, key: str) -> KidParts:
        if key not in self._parts:
            fake, real = map(np.stack, self._features[key])
            self._parts[key] = kid_parts(real, fake, paired=True)
        return self._parts[key]


def distance_intervals(distances: Mapping[str, PhotoDistance]) -> dict[str, Interval]:
    """The 95% interval of each distance with a standard deviation, by its place in the JSON of scores."""
    return {
        f"distances.{name}": (each.value - HALF_WIDTH * each.std, each.value + HALF_WIDTH * each.std)
        for name, each in distances.items()
        if each.std is not None
    }
