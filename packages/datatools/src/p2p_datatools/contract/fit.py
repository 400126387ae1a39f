"""How a picture comes to another size, and back: stretched, cropped or padded, photos smoothly and masks exactly.

Nothing here may read or write files, or treat the two halves of a pair differently in where their pixels go.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.images import Photo, size_of
from p2p_datatools.contract.sizes import Fit as Fit
from p2p_datatools.contract.sizes import Size


def resize_photo(photo: Photo, size: Size) -> Photo:
    """Resize by area along a side that shrinks and by Lanczos along one that grows; values stay in 0..255."""
    own = size_of(photo)
    inner = Size(min(own.width, size.width), min(own.height, size.height))
    if inner != own:
        photo = np.asarray(cv2.resize(photo, tuple(inner), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if size != inner:
        photo = np.asarray(cv2.resize(photo, tuple(size), interpolation=cv2.INTER_LANCZOS4), dtype=np.uint8)
    return photo


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


def restore(pixels: Photo, size: Size, fit: Literal["stretch", "pad"]) -> Photo:
    """Undo `fit_to` for a picture whose own size was `size`; what `crop` cut away cannot be restored."""
    if fit == "stretch":
        return resize_photo(pixels, size)
    fitted = size_of(pixels)
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
