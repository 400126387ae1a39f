"""The halves of pairs that are masks: their colours as class numbers.

Nothing here may change a colour that is not exactly that of a class; it is an error that says where.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import IGNORE_COLOR, Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, as_rgb, indices_of_colors
from p2p_datatools.contract.values import reduce_channels
from p2p_datatools.contract.words import plural


def class_indices(pixels: Array, palette: Palette, *, where: Path | str) -> LabelMap:
    """The class of each pixel of a mask in the palette's colours or greys (h, w[, 3]), uint8 (h, w), 255 where ignored.

    Raises P2PError with the first colour that is not in the palette.
    """
    indices, outside = indices_of_colors(pixels, palette)
    if outside.any():
        raise off_palette(pixels, outside, palette, where)
    return indices


def ignored_pixels(pixels: Array) -> NDArray[np.bool_]:
    """Which pixels of a mask in the palette's colours or greys (h, w[, 3]) are ignored."""
    return reduce_channels(np.logical_and, as_rgb(pixels) == np.array(IGNORE_COLOR, np.uint8))


def off_palette(pixels: Array, outside: NDArray[np.bool_], palette: Palette, where: Path | str) -> P2PError:
    """The error that a mask has colours `outside` of its palette."""
    y, x = np.argwhere(outside)[0].tolist()
    pixels_have = plural(int(outside.sum()), "pixel of its mask has", "pixels of its mask have")
    what = (
        f"{pixels_have} a colour outside the palette {palette.name}; the first is "
        f"{tuple(as_rgb(pixels)[y, x].tolist())} at x={x}, y={y}"
    )
    to_do = "Build the mask with the palette's exact colours ('p2p data repair' brings them back), and pair again."
    return P2PError(where, what, to_do, code="palette-colour")
