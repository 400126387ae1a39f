"""How a picture comes to another size, and back: stretched, cropped or padded, photos smoothly and masks exactly.

Nothing here may read or write files, or treat the two halves of a pair differently in where their pixels go.
"""

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.images import Photo, Size, size_of

Fit = Literal["stretch", "crop", "pad"]
FITS: tuple[Fit, ...] = get_args(Fit)


def resize_photo(photo: Photo, size: Size) -> Photo:
    """Resize by area where it shrinks and by Lanczos where it grows; values stay in 0..255."""
    if size_of(photo) == size:
        return photo
    shrinks = size.width <= photo.shape[1] and size.height <= photo.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(photo, tuple(size), interpolation=method), dtype=np.uint8)


def resize_mask(mask: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Resize by nearest pixel centre, so that no value appears that was not there; colours or indices."""
    if size_of(mask) == size:
        return mask
    rows = ((np.arange(size.height) + 0.5) * mask.shape[0] / size.height).astype(np.intp)
    columns = ((np.arange(size.width) + 0.5) * mask.shape[1] / size.width).astype(np.intp)
    return np.ascontiguousarray(mask[rows[:, None], columns[None, :]])


def resize(pixels: NDArray[np.uint8], size: Size, *, exact: bool) -> NDArray[np.uint8]:
    """Resize a mask (`exact`: no new values) or a photo."""
    return resize_mask(pixels, size) if exact else resize_photo(pixels, size)


def fit_to(pixels: NDArray[np.uint8], size: Size, fit: Fit, *, exact: bool) -> NDArray[np.uint8]:
    """Bring a picture to `size`: `stretch` both sides, `crop` the middle, or `pad` by mirroring at the edges.

    Where pixels go depends on the sizes alone, so two halves of one pair stay aligned.
    """
    if fit == "stretch" or size_of(pixels) == size:
        return resize(pixels, size, exact=exact)
    inner = scaled(size_of(pixels), size, cover=fit == "crop")
    pixels = resize(pixels, inner, exact=exact)
    if fit == "crop":
        left, top = (inner.width - size.width) // 2, (inner.height - size.height) // 2
        return np.ascontiguousarray(pixels[top : top + size.height, left : left + size.width])
    left, top = (size.width - inner.width) // 2, (size.height - inner.height) // 2
    right, bottom = size.width - inner.width - left, size.height - inner.height - top
    padded = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    return np.asarray(padded, dtype=np.uint8)


def restore(pixels: Photo, size: Size, fit: Fit) -> Photo:
    """Undo `fit_to` for a picture whose own size was `size`; what `crop` cut away stays away, in scale.

    For `crop` the result is therefore smaller than `size` along the side that was cut.
    """
    if fit == "stretch":
        return resize_photo(pixels, size)
    fitted = size_of(pixels)
    if fit == "crop":
        inner = scaled(fitted, size, cover=False)
        return resize_photo(pixels, inner)
    inner = scaled(size, fitted, cover=False)
    left, top = (fitted.width - inner.width) // 2, (fitted.height - inner.height) // 2
    return resize_photo(np.ascontiguousarray(pixels[top : top + inner.height, left : left + inner.width]), size)


def scaled(size: Size, box: Size, *, cover: bool) -> Size:
    """`size` in its own shape, as large as fits into `box`, or as small as still covers it."""
    ratios = (box.width / size.width, box.height / size.height)
    ratio = max(ratios) if cover else min(ratios)
    width, height = round(size.width * ratio), round(size.height * ratio)
    if cover:
        return Size(max(width, box.width), max(height, box.height))
    return Size(max(1, min(width, box.width)), max(1, min(height, box.height)))
