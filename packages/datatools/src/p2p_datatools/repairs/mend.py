"""Repairs one mask: its colours, its specks, its size; and says of each pixel why it was changed.

Nothing here may read or write a file, or know other masks.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.images import LabelMap, Photo, colorize
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.resize import resize_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.pictures.worn.reading import WornMask, index_rows, palette_snapper
from p2p_datatools.repairs.record import REASONS, Reason
from p2p_datatools.repairs.specks import fill_specks, speck_size

_ANY_DISTANCE = 442  # in RGB: the largest is sqrt(3 * 255^2)
_MOST_PLACES = 5  # of undecided areas that a record has


@dataclass(frozen=True, eq=False)
class MendResult:
    """A mask as it became, in its final size, and as it was: its `picture`, RGB in the size of the source.

    `reasons` (height, width of the source) is 0 where nothing was changed, else the place of the reason in `REASONS`
    from 1; `before` are the pixels of each index by the nearest colour, (256,). `undecided` are the first places
    (x, y) that no class explains, one of each area.
    """

    mask: LabelMap
    picture: Photo
    reasons: NDArray[np.uint8]
    before: NDArray[np.int64]
    undecided: tuple[tuple[int, int], ...]

    @property
    def changed(self) -> dict[str, int]:
        """How many pixels were changed for each reason that occurs."""
        counts = np.bincount(self.reasons.ravel(), minlength=len(REASONS) + 1)[1:]
        return {reason: int(count) for reason, count in zip(REASONS, counts, strict=True) if count}


def mend(worn: WornMask, palette: Palette, *, specks: int | None, size: Size | None) -> MendResult:
    """Fill the specks of a mask, ignore what no class explains, and bring it to a size by nearest pixel.

    `specks` is the number of pixels below which an area is one; None takes a share of the mask's pixels.
    """
    mask, reasons = worn.indices, np.zeros(worn.indices.shape, dtype=np.uint8)
    _mark(reasons, "inexact", worn.moved)
    _mark(reasons, "blended", worn.blended)
    _mark(reasons, "transparent", worn.clear)
    filled, found = fill_specks(mask, speck_size(mask) if specks is None else specks)
    _mark(reasons, "island", found.islands)
    _mark(reasons, "pinhole", found.pinholes)
    if worn.stray is not None:
        filled[worn.stray] = IGNORE
        _mark(reasons, "undecided", worn.stray)
    picture = colorize(mask, palette) if worn.colors is None else worn.colors
    return MendResult(
        mask=filled if size is None else resize_mask(filled, size),
        picture=picture,
        reasons=reasons,
        before=histogram(mask if worn.colors is None else _nearest(worn.colors, palette)),
        undecided=() if worn.stray is None else _places(worn.stray),
    )


def _mark(reasons: NDArray[np.uint8], reason: Reason, where: NDArray[np.bool_] | None) -> None:
    if where is not None:
        reasons[where] = REASONS.index(reason) + 1


def _nearest(colors: Photo, palette: Palette) -> LabelMap:
    """The class of the nearest colour of each pixel, whatever lies around it."""
    return index_rows(palette_snapper(palette, _ANY_DISTANCE).snap(colors).rows, palette)


def _places(marks: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """The first pixel, (x, y), of each of the largest areas."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    largest = 1 + np.argsort(-stats[1:count, cv2.CC_STAT_AREA], kind="stable")[:_MOST_PLACES]
    found = []
    for each in largest:
        y, x = divmod(int(np.flatnonzero(labels.ravel() == each)[0]), marks.shape[1])
        found.append((x, y))
    return tuple(found)
