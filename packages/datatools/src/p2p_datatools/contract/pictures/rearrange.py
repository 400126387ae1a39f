"""Mirrors pictures, takes their channels apart and together, and rounds to bytes, at the speed of a copy.

Nothing here may change a value but by rounding, or decide what is done with which picture.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.arrays import Array

_MOST_BYTES = 128  # of a pixel: OpenCV takes them for channels, of which it knows no more
_MOST_CHANNELS = 128  # of older versions of OpenCV
_BITS = {1: np.uint8, 2: np.uint16, 4: np.int32, 8: np.float64}  # types that every OpenCV copies, by their bytes


def mirror_into(target: Array, source: Array) -> None:
    """Write `source` (height, width, channels) with left and right exchanged into `target` of its shape and type.

    `target` has no gaps; `source` may be a part of a larger picture. NumPy alone takes 25 times as long.
    """
    if source.shape[2] * source.itemsize > _MOST_BYTES:
        target[...] = source[:, ::-1]
        return
    flipped = cv2.flip(source.view(np.uint8), 1, dst=target.view(np.uint8))
    assert np.shares_memory(flipped, target), "OpenCV would not have written into the target"


def split_channels(pixels: Array) -> Array:
    """(n, height, width, channels) as (n, channels, height, width), a copy; NumPy alone takes twice as long."""
    count, height, width, channels = pixels.shape
    planes = np.empty((count, channels, height, width), pixels.dtype)
    for source, target in zip(_as_bits(pixels), _as_bits(planes), strict=True):
        if channels > _MOST_CHANNELS:
            target[...] = source.transpose(2, 0, 1)
            continue
        moved: Sequence[Array] = cv2.split(source, list(target))
        assert np.shares_memory(moved[0], target), "OpenCV would not have written into the target"
    return planes


def join_channels(planes: Array) -> Array:
    """(n, channels, height, width) as (n, height, width, channels), a copy; NumPy alone takes 40 times as long."""
    count, channels, height, width = planes.shape
    pixels = np.empty((count, height, width, channels), planes.dtype)
    for source, target in zip(_as_bits(planes), _as_bits(pixels), strict=True):
        if channels > _MOST_CHANNELS:
            target[...] = source.transpose(1, 2, 0)
            continue
        moved = cv2.merge(list(source), target)
        assert np.shares_memory(moved, target), "OpenCV would not have written into the target"
    return pixels


def as_bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The nearest whole numbers from 0 to 255, halves to the even one, as `rint`; the values are overwritten.

    Without gaps, and numbers all. NumPy alone takes twice as long.
    """
    np.clip(values, 0, 255, out=values)  # beyond the range of whole numbers of 32 bits OpenCV gives 0
    return np.asarray(cv2.convertScaleAbs(values.reshape(1, -1)), np.uint8).reshape(values.shape)


def _as_bits(values: Array) -> Array:
    return values.view(_BITS[values.itemsize])
