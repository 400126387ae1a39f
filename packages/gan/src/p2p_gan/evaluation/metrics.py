"""Scores of generated pictures against real ones, for pixels of any type and range.

Nothing here may generate pictures or know files; the docstring of a score says its unit.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, repeat

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab
from skimage.metrics import structural_similarity

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, Photo
from p2p_datatools.contract.values import reduce_channels
from p2p_gan.evaluation.packed import Sparse, add_sparse, to_sparse

BYTES = (0.0, 255.0)
Range = tuple[float, float]
PixelMask = NDArray[np.bool_]
_WINDOW = 7
_MOST_DECIBEL = 100.0
# The range of sRGB in Lab, in bins of one unit around whole numbers, so that greys do not lie at the edge of a bin.
_LAB = {"L": (0.0, 100.0), "a": (-110.0, 110.0), "b": (-110.0, 110.0)}
_ROWS = 512  # at once in float64


def l1(first: Array, second: Array, values: Range = BYTES, counted: PixelMask | None = None) -> float:
    """Mean absolute difference as a share of the range `values`, 0..1 for pictures within it.

    With `counted` (height, width) over these pixels alone; 0 if there are none.
    """
    return _mean_power(first, second, 1, counted) / range_width(values)


def _mean_power(first: Array, second: Array, power: int, counted: PixelMask | None) -> float:
    """The mean of the absolute differences to a power; 0 if no pixel counts."""
    if counted is not None:
        first, second = first[counted], second[counted]
    total = 0.0
    for top in range(0, len(first), _ROWS):
        strips = (each[top : top + _ROWS].astype(np.float64) for each in (first, second))
        total += float((np.abs(next(strips) - next(strips)) ** power).sum())
    return total / max(1, first.size)


def psnr(first: Array, second: Array, values: Range = BYTES, counted: PixelMask | None = None) -> float:
    """Peak signal-to-noise ratio in dB, 10 log10 of the squared range over the mean squared difference; at most 100.

    Equal pictures have 100, since means over pictures need a finite number.
    """
    share = _mean_power(first, second, 2, counted) / range_width(values) ** 2
    return -10 * math.log10(max(share, 10 ** (-_MOST_DECIBEL / 10)))


def sharpness(picture: Array, values: Range = BYTES, counted: PixelMask | None = None) -> float:
    """The standard deviation of the Laplacian (4 neighbours) of the mean over channels, as a share of the range.

    Its square is the variance of the Laplacian (Pech-Pacheco et al. 2000), which falls when edges are blurred. It is
    over pixels inside the picture, with `counted` (height, width) those that count with all their neighbours; 0 if
    there are none.
    """
    number, total, squares = 0, 0.0, 0.0
    for top in range(1, len(picture) - 1, _ROWS):
        rows = slice(top - 1, min(top + _ROWS, len(picture) - 1) + 1)
        strip = picture[rows].astype(np.float64)
        grey = reduce_channels(np.add, strip) / strip.shape[2] if strip.ndim == 3 else strip
        found = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
        if counted is not None:
            known = counted[rows]
            found = found[known[:-2, 1:-1] & known[2:, 1:-1] & known[1:-1, :-2] & known[1:-1, 2:] & known[1:-1, 1:-1]]
        number, total, squares = number + found.size, total + float(found.sum()), squares + float((found**2).sum())
    if not number:
        return 0.0
    return math.sqrt(max(0.0, squares / number - (total / number) ** 2)) / range_width(values)


def ssim(first: Array, second: Array, values: Range = BYTES, counted: PixelMask | None = None) -> float:
    """Structural similarity (Wang et al. 2004; 7x7 windows, mean over channels), 1 for equal pictures.

    For pictures with a side below 7 the window is the largest odd one that fits. With `counted` (height, width) the
    mean is over windows around these pixels, of which each holds these pixels alone; 1 if there are none.
    """
    side = min(_WINDOW, *first.shape[:2])
    window = side - 1 + side % 2
    if counted is not None:
        return _partial_ssim(first, second, range_width(values), counted, window)
    axis = 2 if first.ndim == 3 else None
    found = structural_similarity(  # type: ignore[no-untyped-call]
        _computable(first), _computable(second), channel_axis=axis, data_range=range_width(values), win_size=window
    )
    return float(found)


def _partial_ssim(first: Array, second: Array, width: float, counted: PixelMask, window: int) -> float:
    """SSIM by the formula and constants of scikit-image, from the counted pixels of each window inside the picture."""
    edge = window // 2
    middles = counted[edge : counted.shape[0] - edge, edge : counted.shape[1] - edge]
    if not middles.any():
        return 1.0
    number = _window_sums(counted.astype(np.float64), window)[middles]
    small, smaller = (0.01 * width) ** 2, (0.03 * width) ** 2
    found = []
    for channel in range(first.shape[2] if first.ndim == 3 else 1):
        one, other = (
            np.where(counted, each.reshape(*each.shape[:2], -1)[..., channel], 0.0) for each in (first, second)
        )
        products = (one, other, one * one, other * other, one * other)
        mean, mean_other, square, square_other, product = (
            _window_sums(each, window)[middles] / number for each in products
        )
        sample = number / np.maximum(number - 1, 1)  # of the covariance, as there
        variances = sample * (square - mean**2 + square_other - mean_other**2)
        covariance = sample * (product - mean * mean_other)
        alike = (2 * mean * mean_other + small) * (2 * covariance + smaller)
        found.append((alike / ((mean**2 + mean_other**2 + small) * (variances + smaller))).mean())
    return float(np.mean(found))


def _window_sums(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """The sum over each window inside a picture (height, width)."""
    rows = sum(values[start : len(values) - window + 1 + start] for start in range(window))
    assert isinstance(rows, np.ndarray)
    return np.asarray(sum(rows[:, start : rows.shape[1] - window + 1 + start] for start in range(window)))


# Every number that a generated picture gets beside a real one: of the two, their range, and the pixels that count.
METRICS: dict[str, Callable[[Array, Array, Range, PixelMask | None], float]] = {
    "l1": l1,
    "ssim": ssim,
    "psnr": psnr,
}


def _computable(pixels: Array) -> Array:
    return pixels if pixels.dtype in (np.uint8, np.uint16, np.float32) else pixels.astype(np.float64)


def range_width(values: Range) -> float:
    """How far the ends of a range are apart; 1 where they are equal, so that shares of it are finite."""
    return (values[1] - values[0]) or 1.0


def mean_picture(pictures: Iterable[Array], counted: Iterable[PixelMask | None] = repeat(None)) -> Array:
    """The pixel-wise mean of pictures of one size: the best constant output, a baseline that ignores the input.

    Of each picture only the `counted` pixels (height, width) are in it, if given; a pixel that counts in no picture has
    the mean of those that do.
    """
    total: NDArray[np.float64] | None = None
    dtype = np.dtype(np.uint8)
    count: int | NDArray[np.int64] = 0  # of pictures, or by pixel
    for picture, where in zip(pictures, counted, strict=False):
        kept = True if where is None else where.reshape(where.shape + (1,) * (picture.ndim - 2))
        part = picture.astype(np.float64) if where is None else np.where(kept, picture, 0.0)
        total = part if total is None else total + part
        count, dtype = count + np.asarray(kept, dtype=np.int64)[()], picture.dtype
    assert total is not None, "a mean needs at least one picture"
    known = total.sum(axis=(0, 1)) / np.maximum(np.broadcast_to(count, total.shape).sum(axis=(0, 1)), 1)
    mean = np.where(np.asarray(count) > 0, total / np.maximum(count, 1), known)
    return (np.round(mean) if dtype.kind in "ui" else mean).astype(dtype)


def class_color_errors(
    fake: Array, real: Array, labels: LabelMap, names: Sequence[str], values: Range = BYTES
) -> dict[str, float]:
    """The absolute difference of a class's mean colours in the two pictures, averaged over channels.

    It is a share of the range, for each class that occurs.
    """
    errors = {}
    for index, name in enumerate(names):
        inside = labels == index
        if inside.any():
            difference = fake[inside].mean(axis=0, dtype=np.float64) - real[inside].mean(axis=0, dtype=np.float64)
            errors[name] = float(np.abs(difference).mean() / range_width(values))
    return errors


class LabHistograms:
    """The colours of many pictures in CIELAB as a histogram for each of L, a and b (Isola et al. 2017, figure 7)."""

    def __init__(self) -> None:
        self.counts = {name: np.zeros(int(high - low) + 1, dtype=np.int64) for name, (low, high) in _LAB.items()}

    def add(self, photo: Photo, counted: PixelMask | None = None) -> None:
        """Count the pixels of a photo, uint8 RGB (height, width, 3); with `counted` (height, width) only these."""
        for top in range(0, len(photo), _ROWS):
            rows = slice(top, top + _ROWS)
            lab = rgb2lab(photo[rows])
            lab = lab if counted is None else lab[counted[rows]]
            for channel, (name, (low, high)) in enumerate(_LAB.items()):
                bins = np.clip(np.rint(lab[..., channel] - low), 0, high - low).astype(np.int64)
                self.counts[name] += np.bincount(bins.ravel(), minlength=len(self.counts[name]))

    def to_json(self) -> dict[str, list[list[int]]]:
        """The counts of each channel that are not 0."""
        return {name: to_sparse(counts) for name, counts in self.counts.items()}

    def include(self, pictures: Mapping[str, Sparse]) -> None:
        """Add the counts of other pictures, as `to_json` gives them."""
        for name, counts in self.counts.items():
            add_sparse(counts, pictures[name])

    def intersection(self, other: "LabHistograms") -> dict[str, float]:
        """For L, a and b the intersection of two normalised histograms: 1 for equal, 0 for disjoint ones.

        Section 4.2 and figure 7 have the same score for the paper's models; they do not state the width of a bin, which
        is one unit here.
        """
        return {
            name: float(np.minimum(_shares(counts), _shares(other.counts[name])).sum())
            for name, counts in self.counts.items()
        }


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(counts / max(1, counts.sum()))


def diversity(variants: Sequence[Array], values: Range = BYTES) -> tuple[float, float]:
    """(mean L1 over all pairs of variants, mean over pixels of their standard deviation), as shares of the range.

    Both are 0 without dropout and noise.
    """
    distances = [l1(first, second, values) for first, second in combinations(variants, 2)]
    if not distances:
        return 0.0, 0.0
    total, squares = (np.zeros(variants[0].shape, dtype=np.float64) for _ in range(2))
    origin = variants[0].astype(np.float64)  # differences from it avoid cancellation
    for each in variants:
        total += each - origin
        squares += (each - origin) ** 2
    count = len(variants)
    spread = np.sqrt(np.maximum(0.0, squares / count - (total / count) ** 2)).mean()
    return float(np.mean(distances)), float(spread / range_width(values))
