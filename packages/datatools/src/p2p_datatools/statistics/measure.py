"""Measures one picture: the pixels of its classes, or the mean and deviation of its channels.

Nothing here may keep a picture, or know of others; pixels are measured in bands, so that a large picture takes no more
memory than its own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.header import Form
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.sizes import Size

_BAND = 1 << 22  # pixels that are measured at a time
# Types of which sums of squares are exact enough: OpenCV subtracts the squared mean from them.
_BY_OPENCV = (np.uint8, np.uint16, np.int16)
_REC_601 = np.array((0.299, 0.587, 0.114))  # red, green, blue: ITU-R BT.601, luma


@dataclass(frozen=True)
class ChannelMoments:
    """The `count` of pixels of each channel, their mean and summed squared distances from it, and their ends."""

    count: int
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]

    def add(self, other: "ChannelMoments") -> "ChannelMoments":
        """Those of both together (Chan, Golub and LeVeque 1979), which loses no digits as sums of squares do."""
        if not self.count or not other.count:
            return self if self.count else other
        count, apart = self.count + other.count, other.mean - self.mean
        return ChannelMoments(
            count,
            self.mean + apart * (other.count / count),
            self.squares + other.squares + apart**2 * (self.count * other.count / count),
            np.minimum(self.least, other.least),
            np.maximum(self.most, other.most),
        )


class HalfMeasures(NamedTuple):
    """Of a mask the pixels of each class index that it has; of any other half its form, moments, and missing pixels."""

    areas: dict[int, int] | None
    form: Form | None = None
    moments: ChannelMoments | None = None
    gaps: int = 0


class PictureMeasures(NamedTuple):
    """The size of a picture, or of each half of a pair, and what was measured of each half."""

    size: Size
    halves: tuple[HalfMeasures, ...]


def measure_mask(mask: LabelMap) -> HalfMeasures:
    """Count the pixels of each class index (height, width)."""
    counts = histogram(mask)
    return HalfMeasures({int(index): int(counts[index]) for index in np.flatnonzero(counts)})


def measure_colors(pixels: Array, gaps: Gaps | None = None) -> HalfMeasures:
    """Measure the channels of a picture (height, width[, channels]), without the pixels in `gaps`."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    form = Form(channels, pixels.dtype.name)
    missing = 0 if gaps is None else int(np.count_nonzero(gaps))
    total, rows = _none_of(channels), max(1, _BAND // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        band = pixels[top : top + rows]
        there = None if gaps is None else ~gaps[top : top + rows]
        total = total.add(_moments_of(band, there))
    return HalfMeasures(None, form, total, missing)


def brightness_of(moments: ChannelMoments) -> float:
    """The mean brightness of a picture: Rec. 601 luma of three channels, else the mean of all channels."""
    return float(moments.mean @ _REC_601 if len(moments.mean) == 3 else moments.mean.mean())


def _none_of(channels: int) -> ChannelMoments:
    nothing = np.zeros(channels)
    return ChannelMoments(0, nothing, nothing, nothing, nothing)


def _moments_of(band: Array, there: NDArray[np.bool_] | None) -> ChannelMoments:
    planes = band[..., None] if band.ndim == 2 else band
    count = planes.shape[0] * planes.shape[1] if there is None else int(np.count_nonzero(there))
    if not count:
        return _none_of(planes.shape[2])
    mean, deviation = _mean_and_deviation(planes, there)
    least, most = _ends(planes, there)
    return ChannelMoments(count, mean, deviation**2 * count, least, most)


def _mean_and_deviation(planes: Array, there: NDArray[np.bool_] | None) -> tuple[NDArray[np.float64], ...]:
    if planes.dtype not in _BY_OPENCV:
        values = (planes.reshape(-1, planes.shape[2]) if there is None else planes[there]).astype(np.float64)
        return values.mean(axis=0), values.std(axis=0)
    mask = None if there is None else there.astype(np.uint8)
    found = []
    for first in range(0, planes.shape[2], 4):  # more channels OpenCV does not take
        part = np.ascontiguousarray(planes[..., first : first + 4])
        found.append(np.hstack(cv2.meanStdDev(part, mask=mask)))
    mean, deviation = np.concatenate(found).T
    return np.asarray(mean, np.float64), np.asarray(deviation, np.float64)


def _ends(planes: Array, there: NDArray[np.bool_] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of each channel; of 8 bits those of the type, which pictures reach anyhow: looking for them costs."""
    channels = planes.shape[2]
    if planes.dtype == np.uint8:
        return np.zeros(channels), np.full(channels, 255.0)
    values = planes.reshape(-1, channels) if there is None else planes[there]
    return values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64)
