"""Blur of luma and chroma, how well it explains a worn picture, and how it is undone.

Nothing here may know a table of colours or decide what a pixel is.
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo

Planes = NDArray[np.float32]

SIGMAS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.35, 2.7, 3.2, 4.0)
"""The standard deviations in pixels that are tried; between them a parabola is."""


_TO_YCC = np.array(  # ITU-R BT.601, as JPEG has it, without the offset of chroma
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], dtype=np.float32
)
_TO_RGB = np.linalg.inv(_TO_YCC).astype(np.float32)
_NOISY = 20.0  # mean squared error, of 255^2, above which a picture is as a JPEG
_SHARP_LUMA = 0.55  # pixels: a JPEG blurs its colours alone
_FEW_STEPS, _STEPS = 3, 12  # of sharpening: more would make edges of the noise of a JPEG
_ALIKE = 0.1  # pixels: widths of luma and chroma that are so close are one
_COARSE = 4  # every so many widths are tried first


class BlurWidths(NamedTuple):
    """Standard deviations in pixels of the blur of luma and of chroma, and the mean squared error that each leaves."""

    luma: float
    chroma: float
    luma_error: float = math.inf
    chroma_error: float = math.inf
    boxes: bool = False
    """Whether it is three boxes' instead of a Gaussian's, as drawing programs and browsers have it."""

    def weights(self, channel: int, times: int = 1) -> Planes:
        """Those of one channel's blur in one direction, as `kernel` gives them."""
        return kernel(self.sigmas[channel], times, self.boxes)

    def apply(self, plane: Planes, channel: int, times: int = 1) -> Planes:
        """The plane of one channel, blurred as by `blur_plane`."""
        return blur_plane(plane, self.sigmas[channel], times, self.boxes)

    @property
    def sigmas(self) -> tuple[float, float, float]:
        """Of each channel."""
        return self.luma, self.chroma, self.chroma

    @property
    def errors(self) -> tuple[float, float, float]:
        """Of each channel."""
        return self.luma_error, self.chroma_error, self.chroma_error

    @property
    def is_jpeg(self) -> bool:
        """Whether it seems to be that of a JPEG, whose errors are not noise."""
        return max(self.luma_error, self.chroma_error) > _NOISY and self.luma < _SHARP_LUMA

    @property
    def is_noisy(self) -> bool:
        """Whether what is left is more than rounding: that of a JPEG or of resizing, or of rows that are wrong yet."""
        return self.luma < _SHARP_LUMA or max(self.luma_error, self.chroma_error) > _NOISY

    @property
    def steps(self) -> int:
        """How often to sharpen: seldom where the picture seems to be a JPEG."""
        return _FEW_STEPS if self.is_jpeg else _STEPS


def to_ycc(colors: NDArray[np.uint8]) -> Planes:
    """RGB (height, width, 3) as luma and both chromas."""
    return np.asarray(cv2.transform(colors.astype(np.float32), _TO_YCC), dtype=np.float32)


@functools.lru_cache(maxsize=256)
def kernel(sigma: float, times: int = 1, boxes: bool = False) -> Planes:
    """The weights (n,) of the blur in one direction, done once or twice; n is odd.

    With `boxes` it is that of three boxes, as SVG's feGaussianBlur has it, whose outermost pixels count in part, so
    that they have the width (Gwosdek et al. 2011, Theoretical foundations of Gaussian convolution by extended box
    filtering).
    """
    if not sigma:
        return np.ones(1, dtype=np.float32)
    if boxes:
        box = _box(sigma * sigma / 3)
        once = np.convolve(np.convolve(box, box), box).astype(np.float32)
    else:
        once = np.asarray(cv2.getGaussianKernel(2 * math.ceil(3 * sigma) + 1, sigma, cv2.CV_32F), np.float32).ravel()
    return once if times == 1 else np.convolve(once, once)


def _box(variance: float) -> NDArray[np.float64]:
    """The weights of a box of this variance: equal but for the outermost ones, which are less."""
    reach = math.floor((math.sqrt(12 * variance + 1) - 1) / 2)
    inner = 2 * reach + 1
    part = inner * (3 * variance - reach * (reach + 1)) / (6 * ((reach + 1) ** 2 - variance))
    return np.concatenate([[part], np.ones(inner), [part]]) / (inner + 2 * part)


def blur_plane(plane: Planes, sigma: float, times: int = 1, boxes: bool = False) -> Planes:
    """One channel (height, width), or several (height, width, n), blurred once or twice; mirrored at the edges."""
    if not sigma:
        return plane
    weights = kernel(sigma, times, boxes)
    blurred = cv2.sepFilter2D(plane, cv2.CV_32F, weights, weights, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, dtype=np.float32)


def blur_error(worn: Planes, clean: Planes, where: Planes, sigma: float, boxes: bool = False) -> float:
    """The mean over channels of the sum of squares of `worn` planes (channels, h, w) less blurred `clean` ones.

    `where` (h, w) is the weight of each pixel, 0 or 1.
    """
    total = 0.0
    for one, other in zip(worn, clean, strict=True):
        difference = (one - blur_plane(other, sigma, 1, boxes)) * where
        total += float(np.vdot(difference, difference))
    return total / len(worn)


def find_width(error: Callable[[float], float]) -> tuple[float, float]:
    """The standard deviation of least error, and that error: nearly so, and exactly where it has one minimum."""
    known = dict[int, float]()

    def at(place: int) -> float:
        if place not in known:
            known[place] = error(SIGMAS[place])
        return known[place]

    best = min(range(0, len(SIGMAS), _COARSE), key=at)
    for step in (2, 1):
        best = min((each for each in (best, best - step, best + step) if 0 <= each < len(SIGMAS)), key=at)
    if not 0 < best < len(SIGMAS) - 1 or not at(best - 1) > at(best) < at(best + 1):
        return SIGMAS[best], at(best)
    left, middle, right = SIGMAS[best - 1 : best + 2]
    # the vertex of the parabola through three points
    rise, fall = (at(best) - at(best - 1)) / (middle - left), (at(best + 1) - at(best)) / (right - middle)
    vertex = (left + middle) / 2 - rise * (right - left) / (2 * (fall - rise))
    sigma = round(min(max(vertex, left), right), 3)
    least = error(sigma)
    return (sigma, least) if least < at(best) else (middle, at(best))


def blur_colors(colors: Planes, blur: BlurWidths) -> Planes:
    """RGB (height, width, 3), blurred."""
    if abs(blur.luma - blur.chroma) < _ALIKE:
        return blur.apply(colors, 0)
    planes = cv2.transform(colors, _TO_YCC)
    blurred = [blur.apply(np.ascontiguousarray(planes[..., each]), each) for each in range(3)]
    return np.asarray(cv2.transform(cv2.merge(blurred), _TO_RGB), dtype=np.float32)


def sharpen(picture: Photo, blur: BlurWidths, steps: int) -> Planes:
    """The picture, RGB (height, width, 3) from 0 to 255, before a blur.

    Van Cittert 1931, kept in its range, with the momentum of Nesterov 1983: twelve steps are worth fifty without.
    """
    worn = picture.astype(np.float32)
    sharp = ahead = worn
    speed = 1.0
    for _ in range(steps):
        better = np.clip(ahead + worn - blur_colors(ahead, blur), 0, 255)
        faster = (1 + math.sqrt(1 + 4 * speed * speed)) / 2
        ahead = better + np.float32((speed - 1) / faster) * (better - sharp)
        sharp, speed = better, faster
    return sharp
