"""Colour removed, and restored: luminance alone, and lightness separate from colour.

Nothing here may read or write a file, or look at more than one pixel at a time.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo

_Grey = NDArray[np.uint8]  # (height, width)
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
