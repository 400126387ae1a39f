"""Gaussian blur of luma and chroma, how well it explains a worn picture, and how it is undone.

Nothing here may know a table of colours or decide what a pixel is.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo

Planes = NDArray[np.float32]

SIGMAS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.35, 2.7, 3.2, 4.0)
"""The standard deviations in pixels that are tried."""


_TO_YCC = np.array(  # ITU-R BT.601, as JPEG has it, without the offset of chroma
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], dtype=np.float32
)
_TO_RGB = np.linalg.inv(_TO_YCC).astype(np.float32)
_NOISY = 20.0  # mean squared error, of 255^2, above which a picture is as a JPEG
_SHARP_LUMA = 0.55  # pixels: a JPEG blurs its colours alone
_FEW_STEPS, _STEPS = 5, 30  # of sharpening: more would make edges of the noise of a JPEG


class BlurWidths(NamedTuple):
    """Standard deviations in pixels of the blur of luma and of chroma, and the mean squared error that each leaves."""

    luma: float
    chroma: float
    luma_error: float = math.inf
    chroma_error: float = math.inf

    @property
    def sigmas(self) -> tuple[float, float, float]:
        """Of each channel."""
        return self.luma, self.chroma, self.chroma

    @property
    def steps(self) -> int:
        """How often to sharpen: seldom where the picture seems to be a JPEG."""
        is_jpeg = max(self.luma_error, self.chroma_error) > _NOISY and self.luma < _SHARP_LUMA
        return _FEW_STEPS if is_jpeg else _STEPS


def to_ycc(colors: NDArray[np.uint8]) -> Planes:
    """RGB (height, width, 3) as luma and both chromas."""
    return np.asarray(cv2.transform(colors.astype(np.float32), _TO_YCC), dtype=np.float32)


def blur_plane(plane: Planes, sigma: float) -> Planes:
    """One channel (height, width), blurred; mirrored at the edges."""
    if not sigma:
        return plane
    side = 2 * math.ceil(3 * sigma) + 1
    blurred = cv2.GaussianBlur(plane, (side, side), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, dtype=np.float32)


@functools.lru_cache(maxsize=64)
def kernel_energy(sigma: float) -> float:
    """The sum of the squares of the blur's weights: what a change of one pixel by 1 changes in all."""
    side = 2 * math.ceil(3 * max(SIGMAS)) + 1
    dot = np.zeros((side, side), dtype=np.float32)
    dot[side // 2, side // 2] = 1
    return float(np.square(blur_plane(dot, sigma)).sum())


def blur_errors(worn: Planes, clean: Planes, where: NDArray[np.bool_], sigmas: Sequence[float]) -> NDArray[np.float64]:
    """The sum of squares at `where` of `worn` planes (channels, h, w) less `clean` ones of each blur."""
    errors = np.zeros(len(sigmas))
    for number, sigma in enumerate(sigmas):
        for one, other in zip(worn, clean, strict=True):
            errors[number] += np.square((one - blur_plane(other, sigma))[where]).sum(dtype=np.float64)
    return errors / len(worn)


def blur_colors(colors: Planes, blur: BlurWidths) -> Planes:
    """RGB (height, width, 3), blurred."""
    planes = cv2.transform(colors, _TO_YCC)
    blurred = [blur_plane(np.ascontiguousarray(planes[..., each]), sigma) for each, sigma in enumerate(blur.sigmas)]
    return np.asarray(cv2.transform(np.dstack(blurred), _TO_RGB), dtype=np.float32)


def sharpen(picture: Photo, blur: BlurWidths, steps: int) -> Planes:
    """The picture, RGB (height, width, 3) from 0 to 255, before a blur (Van Cittert 1931, kept in its range)."""
    worn = picture.astype(np.float32)
    sharp = worn
    for _ in range(steps):
        sharp = np.clip(sharp + worn - blur_colors(sharp, blur), 0, 255)
    return sharp
