"""Tells colours that blending left along the edges of a mask from colours of no class, and reads the mask all the same.

Nothing here may read a file or write one; it is handed colours.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import Palette, rgb_of
from p2p_datatools.contract.pictures.images import LabelMap, Photo, indices_of_colors
from p2p_datatools.contract.pictures.worn.flat_areas import has_many_colors
from p2p_datatools.contract.pictures.worn.reading import index_rows, palette_snapper

_MOST_COLORS = 254  # that a Snapper takes
_MOST_STRAY = 0.01  # of the pixels; the worst of thirty JPEG facades of quality 15 has 0.0026
_AT_EDGES = 0.95  # of the wrong pixels, where a picture has so few colours that it was not a JPEG
_FEWEST_BLENDED = 16  # pixels: a few may as well be drawn
_EDGE = 2  # pixels: bicubic interpolation reaches as far


class WornColors(NamedTuple):
    """A mask with colours of no class: its nearest classes, how many pixels are wrong, and the first foreign one.

    `foreign` is where a colour is not a blend of those around it, (x, y), None where all wrong pixels are blended;
    `first` is the first wrong pixel, and `color` what it has.
    """

    mask: LabelMap
    number: int
    first: tuple[int, int]
    color: tuple[int, int, int]
    is_blended: bool


def judge_colors(pixels: Photo, palette: Palette) -> WornColors | None:
    """What is wrong with the colours of a mask, uint8 RGB (height, width, 3); None where each is that of a class.

    Blended are pictures that were JPEG, resized by interpolation, or drawn with a soft brush: wrong pixels lie along
    edges, or many colours lie around those of the classes, and hardly any is a blend of nothing near.
    """
    outside = indices_of_colors(pixels, palette)[1]
    if not outside.any():
        return None
    if len(palette.classes) >= _MOST_COLORS:  # with that of ignored pixels
        return _of_first(pixels, outside, outside, np.zeros(outside.shape, dtype=np.uint8), is_blended=False)
    found = palette_snapper(palette).snap(pixels)
    mask = index_rows(found.rows, palette)
    few = bool(np.count_nonzero(found.stray) <= _MOST_STRAY * mask.size)
    is_blended = (
        few
        and outside.sum() >= _FEWEST_BLENDED
        and (has_many_colors(pixels) or _share_at_edges(mask, outside) >= _AT_EDGES)
    )
    shown = found.stray if found.stray.any() and not is_blended else outside
    return _of_first(pixels, outside, shown, mask, is_blended=is_blended)


def _of_first(
    pixels: Photo, outside: NDArray[np.bool_], shown: NDArray[np.bool_], mask: LabelMap, *, is_blended: bool
) -> WornColors:
    y, x = (int(each) for each in np.argwhere(shown)[0])
    return WornColors(mask, int(outside.sum()), (x, y), rgb_of(pixels[y, x]), is_blended)


def _share_at_edges(mask: LabelMap, wrong: NDArray[np.bool_]) -> float:
    around = np.ones((2 * _EDGE + 1, 2 * _EDGE + 1), dtype=np.uint8)
    edges = cv2.dilate(mask, around) != cv2.erode(mask, around)
    return float(np.count_nonzero(edges & wrong) / np.count_nonzero(wrong))
