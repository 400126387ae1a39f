"""Brings pictures to another size: stretched, cropped or padded, photos smoothly and masks exactly.

Nothing here may read or write files, or treat the two halves of a pair differently in where their pixels go.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.sizes import Exact, Fit, Size

_T = TypeVar("_T", bound="np.integer[Any] | np.floating[Any]")
_P = TypeVar("_P", bound="np.generic")
_RESIZED = (np.uint8, np.uint16, np.int16, np.float32, np.float64)  # by OpenCV


def resize_photo(photo: NDArray[_T], size: Size) -> NDArray[_T]:
    """Resize by area along a side that shrinks and by Lanczos along one that grows; values stay in their type's range.

    Floats stay between the smallest and the largest value of the picture.
    """
    own = size_of(photo)
    if photo.dtype not in _RESIZED and size != own:
        return _resize_as_float64(photo, size)
    inner = Size(min(own.width, size.width), min(own.height, size.height))
    if inner != own:
        photo = _shrunk(photo, inner)
    if size != inner:
        grown = np.asarray(cv2.resize(photo, tuple(size), interpolation=cv2.INTER_LANCZOS4), dtype=photo.dtype)
        photo = grown if photo.dtype.kind == "u" else np.clip(grown, photo.min(), photo.max())
    return photo


def _shrunk(photo: NDArray[_T], size: Size) -> NDArray[_T]:
    if photo.ndim == 3 and photo.shape[2] > 4:  # OpenCV shrinks no more channels by area
        parts = np.split(photo, range(4, photo.shape[2], 4), axis=2)
        return np.dstack([_shrunk(np.ascontiguousarray(part), size) for part in parts])
    return np.asarray(cv2.resize(photo, tuple(size), interpolation=cv2.INTER_AREA), dtype=photo.dtype)


def _resize_as_float64(photo: NDArray[_T], size: Size) -> NDArray[_T]:
    """For types that OpenCV does not resize: float64 holds each of their values exactly."""
    resized = resize_photo(photo.astype(np.float64), size)
    return np.asarray(resized if photo.dtype.kind == "f" else np.rint(resized)).astype(photo.dtype)


def resize_mask(mask: NDArray[_T], size: Size) -> NDArray[_T]:
    """Resize by nearest pixel centre, so that no value appears that was not there; colours or indices."""
    if size_of(mask) == size:
        return mask
    rows = ((np.arange(size.height) + 0.5) * mask.shape[0] / size.height).astype(np.intp)
    columns = ((np.arange(size.width) + 0.5) * mask.shape[1] / size.width).astype(np.intp)
    return np.ascontiguousarray(mask[rows[:, None], columns[None, :]])


def resize(pixels: NDArray[_T], size: Size, *, exact: Exact) -> NDArray[_T]:
    """Resize a mask (`exact`: no new values), a photo, or the channels of several, each in its own way."""
    if isinstance(exact, tuple):
        masks = np.array(exact)
        resized = np.empty((size.height, size.width, len(exact)), pixels.dtype)
        resized[..., masks] = resize_mask(pixels[..., masks], size)
        smooth = resize_photo(np.ascontiguousarray(pixels[..., ~masks]), size)
        resized[..., ~masks] = smooth.reshape(size.height, size.width, -1)
        return resized
    return resize_mask(pixels, size) if exact else resize_photo(pixels, size)


def fit_to(pixels: NDArray[_T], size: Size, fit: Fit, *, exact: Exact) -> NDArray[_T]:
    """Bring a picture to `size`: `stretch` both sides, `crop` the middle, or `pad` by mirroring at the edges.

    Where pixels go depends on the sizes alone, so two halves of one pair stay aligned.
    """
    return _fit(pixels, size, fit, partial(resize, exact=exact))


def fit_gaps(gaps: Gaps, size: Size, fit: Fit) -> Gaps:
    """Where a photo that `fit_to` brings to `size` depends on pixels of `gaps`, however little."""
    return _fit(gaps, size, fit, _resize_gaps)


def _resize_gaps(gaps: Gaps, size: Size) -> Gaps:
    own = size_of(gaps)
    inner = Size(min(own.width, size.width), min(own.height, size.height))
    if inner != own:
        gaps = _shrunk(gaps.astype(np.float32), inner) > 0
    if size != inner:  # the weights of Lanczos may be negative
        gaps = cv2.resize(gaps.astype(np.float32), tuple(size), interpolation=cv2.INTER_LANCZOS4) != 0
    return np.asarray(gaps)


def _fit(pixels: NDArray[_P], size: Size, fit: Fit, resized: Callable[[NDArray[_P], Size], NDArray[_P]]) -> NDArray[_P]:
    if fit == "stretch" or size_of(pixels) == size:
        return resized(pixels, size)
    inner = scale_to(size_of(pixels), size, cover=fit == "crop")
    pixels = resized(pixels, inner)
    if fit == "crop":
        left, top = (inner.width - size.width) // 2, (inner.height - size.height) // 2
        return np.ascontiguousarray(pixels[top : top + size.height, left : left + size.width])
    left, top = (size.width - inner.width) // 2, (size.height - inner.height) // 2
    right, bottom = size.width - inner.width - left, size.height - inner.height - top
    # OpenCV's BORDER_REFLECT_101, for any type, number of channels and width of the border.
    mirrored = ((top, bottom), (left, right), (0, 0))[: pixels.ndim]
    return np.pad(pixels, mirrored, mode="reflect")


def scale_to(size: Size, box: Size, *, cover: bool) -> Size:
    """`size` in its own shape, as large as fits into `box`, or as small as still covers it."""
    ratios = (box.width / size.width, box.height / size.height)
    ratio = max(ratios) if cover else min(ratios)
    width, height = round(size.width * ratio), round(size.height * ratio)
    if cover:
        return Size(max(width, box.width), max(height, box.height))
    return Size(max(1, min(width, box.width)), max(1, min(height, box.height)))
