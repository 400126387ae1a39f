"""Random choices of training: the order of pairs, and the crop, mirroring and colour jitter at each position.

Nothing here may hold pixels or a random state: a draw depends on the seed and the position alone.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_ORDER, _DRAW, _LIGHT = 0, 1, 2  # streams of random numbers that must not repeat each other
_KEPT = 4  # epochs whose order is cached; it can be computed again


class Draw(NamedTuple):
    """A training sample: the index of the `pair`, the top left corner of its crop, and whether it is mirrored."""

    pair: int
    top: int
    left: int
    mirrored: bool


class PairOrder:
    """The order of pairs: every pair once per epoch, in batches of one shape.

    `shapes` is the index of the shape of each pair. Positions count the images since the start of the run. If all pairs
    have one shape, batches may begin anywhere and cross the end of an epoch. Otherwise an epoch consists of batches of
    up to `batch` pairs of one shape, in random order; the last batch of a shape may be smaller.
    """

    def __init__(self, seed: int, shapes: NDArray[np.int64], batch: int) -> None:
        self._seed, self._shapes, self._batch = seed, shapes, batch
        self._one_shape = len(shapes) == 0 or bool((shapes == shapes[0]).all())
        self._known: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        return len(self._shapes)

    def of(self, batch: int) -> "PairOrder":
        """The same pairs in batches of another size."""
        return PairOrder(self._seed, self._shapes, batch)

    def index(self, position: int) -> int:
        """The index of the pair at a position."""
        epoch, place = divmod(position, len(self))
        return int(self._epoch(epoch)[0][place])

    def positions(self, first: int, most: int) -> range:
        """The positions of the batch after `first` images: at least one, at most `most`, all of one shape."""
        if self._one_shape:
            return range(first, first + most)
        epoch, place = divmod(first, len(self))
        ends = self._epoch(epoch)[1]
        end = int(ends[np.searchsorted(ends, place, side="right")])
        return range(first, first + min(most, end - place))

    def _epoch(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pairs of an epoch in order, and the indices at which its batches end."""
        if epoch not in self._known:
            while len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)), None)
            self._known[epoch] = self._order_epoch(epoch)
        return self._known[epoch]

    def _order_epoch(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        random = np.random.default_rng([self._seed, _ORDER, epoch])
        shuffled = random.permutation(len(self))
        if self._one_shape:
            return shuffled, np.array([len(self)])
        # Sort by shape, split each shape into batches, and shuffle the batches.
        together = shuffled[np.argsort(self._shapes[shuffled], kind="stable")]
        counts = np.bincount(self._shapes)
        rank = np.arange(len(self)) - np.repeat(np.cumsum(counts) - counts, counts)
        number = np.cumsum(rank % self._batch == 0) - 1
        turn = random.permutation(int(number[-1]) + 1)[number]
        return together[np.argsort(turn, kind="stable")], np.cumsum(np.bincount(turn))


def crop_of(random: np.random.Generator, kept: tuple[int, int], seen: tuple[int, int]) -> tuple[int, int]:
    """The top left corner of a crop of `seen` out of `kept` (height, width), anywhere (appendix 6.2: jitter)."""
    return int(random.integers(kept[0] - seen[0] + 1)), int(random.integers(kept[1] - seen[1] + 1))


def position_random(seed: int, position: int) -> np.random.Generator:
    """The random generator for the crop and mirroring at a position."""
    return np.random.default_rng([seed, _DRAW, position])


def rarity(areas: NDArray[np.uint32]) -> NDArray[np.float64]:
    """The weight of each class: 1 over its share of all pixels, 0 for a class without pixels.

    `areas` (pictures, classes) are pixel counts.
    """
    total = areas.sum(axis=0)
    weights: NDArray[np.float64] = np.where(total > 0, total.sum() / np.maximum(total, 1), 0.0)
    return weights


def crop_around_rare(
    random: np.random.Generator, classes: NDArray[np.uint8], weights: NDArray[np.float64], seen: tuple[int, int]
) -> tuple[int, int] | None:
    """The corner of a crop around a pixel of a class drawn by `weights`, among those of the picture `classes` (h, w).

    The pixel lies in the middle half of the crop unless the picture's border prevents it. None if all weights are 0.
    """
    total = float(weights.sum())
    if total <= 0:
        return None
    chosen = int(random.choice(len(weights), p=weights / total))
    places = np.flatnonzero(classes == chosen)
    pixel = divmod(int(places[int(random.integers(len(places)))]), classes.shape[1])
    corner = []
    for at, side, whole in zip(pixel, seen, classes.shape, strict=True):
        before = int(random.integers(side // 4, side - side // 4))
        corner.append(min(max(at - before, 0), whole - side))
    return corner[0], corner[1]


def light_of(seed: int, position: int, strength: float) -> NDArray[np.float32]:
    """Factors (3,) of brightness, contrast and saturation at a position, each from 1 - strength to 1 + strength."""
    random = np.random.default_rng([seed, _LIGHT, position])
    return (1 + random.uniform(-strength, strength, 3)).astype(np.float32)
