"""Rows of pictures to look at: input, generated and real side by side, whatever their depth, channels and sizes.

Nothing here may be trained on or scored; it is what a person sees.
"""

from collections.abc import Sequence

import numpy as np

from p2p_datatools.contract.deep import Array
from p2p_datatools.contract.images import Photo, colorize
from p2p_datatools.contract.manifest import Half
from p2p_datatools.contract.pair import as_photo
from p2p_datatools.contract.palette import Palette


def visible(pixels: Array, half: Half, palette: Palette | None) -> Photo:
    """Pixels (h, w[, c]) of a half as uint8 RGB: class indices in the `palette`'s colours, others black to white."""
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if palette is not None:
        return colorize(flat, palette)
    return np.ascontiguousarray(as_photo(flat, half))


def grid_of(rows: Sequence[Sequence[Photo]]) -> Photo:
    """Pictures row by row; smaller ones stand on white, top left in their place."""
    height = max(picture.shape[0] for row in rows for picture in row)
    width = max(picture.shape[1] for row in rows for picture in row)
    return np.concatenate([np.concatenate([_on_white(each, height, width) for each in row], axis=1) for row in rows])


def _on_white(picture: Photo, height: int, width: int) -> Photo:
    below, right = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, ((0, below), (0, right), (0, 0)), constant_values=255)
