"""Colour removed, and restored: luminance alone, and lightness separate from colour.

Nothing here may read or write a file, or look at more than one pixel at a time.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo, size_of
from p2p_datatools.contract.pictures.resize import resize_photo

_Grey = NDArray[np.uint8]  # (height, width)
# `lab` writes 128 as the blue of colours; generated ones scatter around it. Photos and lightness may have half of their
# pixels near it, but hardly 90 percent.
_BLUE, _BLUE_AWAY, _MOST = 128, 40, 90
_LUMA = {"bt601": (0.299, 0.587, 0.114), "bt709": (0.2126, 0.7152, 0.0722)}


def gray(photo: Photo, weights: str) -> _Grey:
    """Luma of the gamma-coded values: ITU-R BT.601, as Pillow's and OpenCV's grey, or BT.709; (height, width)."""
    row = np.array([_LUMA[weights]], dtype=np.float32)
    return np.asarray(cv2.transform(photo, row), dtype=np.uint8).reshape(photo.shape[:2])


def lab(photo: Photo) -> tuple[_Grey, Photo]:
    """CIE L*a*b* (D65) in 8 bits, for L to ab (Zhang et al. 2016; Isola et al. 2017, section 4, colourisation).

    The first is L * 255 / 100, (height, width); the second (height, width, 3): red a + 128, green b + 128, blue 128.
    These are the numbers of OpenCV's 8-bit Lab. `lab_to_rgb` is the way back.
    """
    planes = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)
    color = np.full_like(photo, 128)
    color[..., :2] = planes[..., 1:]
    return np.ascontiguousarray(planes[..., 0]), color


def lab_to_rgb(lightness: NDArray[np.uint8], color: Photo) -> Photo:
    """The RGB picture of what `lab` gave; `lightness` may also be RGB with equal channels, as pictures are read.

    What 8 bits a plane cannot hold is lost: most pixels come back within a level or two, dark saturated ones less
    exactly. Colours outside RGB, which a model may predict, are clipped in each channel.
    """
    first = lightness if lightness.ndim == 2 else lightness[..., 0]
    planes = np.dstack((first, color[..., 0], color[..., 1]))
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_LAB2RGB), dtype=np.uint8)


def colorize_photo(photo: Photo, color: Photo) -> Photo:
    """The lightness of a photo in the colours of a picture such as the second of `lab`, scaled to the photo's size.

    The eye sees detail in lightness, so colours of a small model are enough for a large photo. Raises ValueError for a
    picture whose blue shows that it holds no such colours.
    """
    away = np.percentile(np.abs(color[..., 2].astype(np.int16) - _BLUE), _MOST)
    if away > _BLUE_AWAY:
        raise ValueError(f"its blue is up to {away:.0f} from {_BLUE}, which colours (ab) have")
    return lab_to_rgb(lab(photo)[0], resize_photo(color, size_of(photo)))
