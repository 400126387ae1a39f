"""Draws what was changed in a mask: as it was, as it is, and each changed pixel in the colour of its reason.

Nothing here may read or write a file, or decide what is changed.
"""

import numpy as np

from p2p_datatools.contract.palette import Color, Palette, PaletteClass
from p2p_datatools.contract.pictures.images import Photo, colorize, size_of
from p2p_datatools.contract.pictures.resize import resize_mask, scale_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural
from p2p_datatools.repairs.mend import MendResult
from p2p_datatools.repairs.record import REASONS
from p2p_datatools.sheets.layout import Tile, lay_out

_BOX = Size(720, 720)  # a larger mask is drawn smaller
_COLORS: tuple[Color, ...] = ((255, 226, 170), (220, 38, 127), (0, 158, 115), (0, 114, 178), (100, 70, 200), (0, 0, 0))
_PALE, _DARKEST = 0.25, 170  # how much of a mask's contrast is left under the marks
_LEGEND = Palette("reasons", tuple(PaletteClass(name, color) for name, color in zip(REASONS, _COLORS, strict=True)))


def draw_changes(mending: MendResult, palette: Palette, name: str) -> Photo:
    """A sheet of one mask, RGB (height, width, 3)."""
    size = scale_to(size_of(mending.reasons), _BOX, cover=False)
    if size.width > mending.reasons.shape[1]:
        size = size_of(mending.reasons)
    picture = resize_mask(mending.picture, size)
    marks = _shrink_marks(mending.reasons, size)
    grey = (_DARKEST + _PALE * picture.mean(axis=2, keepdims=True)).astype(np.uint8).repeat(3, axis=2)
    table = np.array([(0, 0, 0), *_COLORS], dtype=np.uint8)
    grey[marks > 0] = table[marks[marks > 0]]
    after = resize_mask(colorize(mending.mask, palette), size)
    changed = mending.changed
    said = ", ".join(f"{count:,} {reason}" for reason, count in changed.items())
    total = sum(changed.values()) / mending.reasons.size
    return lay_out(
        [Tile((picture, after, grey), f"{total:.2%} of {mending.reasons.size:,} pixels: {said}", exact=(True,) * 3)],
        columns=1,
        cell=size,
        title=f"{name}: {plural(sum(changed.values()), 'pixel')} changed",
        headings=("as it was", "repaired", "changed pixels"),
        legend=_LEGEND,
    )


def _shrink_marks(reasons: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], size: Size) -> Photo:
    """The marks in a smaller size, in which no place that has one is without."""
    height, width = reasons.shape
    shrunk = np.zeros((size.height, size.width), dtype=np.uint8)
    down, across = np.nonzero(reasons)
    np.maximum.at(shrunk, (down * size.height // height, across * size.width // width), reasons[down, across])
    return shrunk
