"""Two pictures side by side, A left and B right, and apart again.

Nothing here may resize or recolour: a half comes out as it went in, or an error says why it cannot.
"""

from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.images import Photo, read_photo, size_of


def join(a: Photo, b: Photo, *, where: str) -> Photo:
    """One picture (height, 2 * width, 3) of two of equal size; raises P2PError when the sizes differ."""
    if size_of(a) != size_of(b):
        raise P2PError(
            f"{where}: the halves differ in size: {size_of(a)} and {size_of(b)}. "
            "Labels belong to one photo; rebuild the mask from the labels of this photo."
        )
    return np.concatenate((a, b), axis=1)


def halve(picture: Photo, *, where: str) -> tuple[Photo, Photo]:
    """The left and the right half; raises P2PError when the width is odd, for then no column is the middle."""
    refuse_odd(picture.shape[1], where=where)
    middle = picture.shape[1] // 2
    return picture[:, :middle], picture[:, middle:]


def refuse_odd(width: int, *, where: str) -> None:
    """Raise P2PError when a picture so many pixels wide cannot be two halves of equal size."""
    if width % 2:
        raise P2PError(
            f"{where}: is {width} pixels wide, an odd number, so it is not two halves of equal size. "
            "Remove it or make it again."
        )


def read_pair(path: Path) -> tuple[Photo, Photo]:
    """Read an A|B picture and give its halves, each uint8 RGB (height, width, 3)."""
    return halve(read_photo(path), where=str(path))
