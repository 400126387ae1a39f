"""Where a half of a pair has edges, as small maps by which halves of any two kinds are compared.

Nothing here may know which halves belong together, or read a file.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.images import LabelMap, colorize
from p2p_datatools.contract.values import reduce_channels

_MOST_RESIZED = 4  # channels, of which OpenCV resizes no more
_SIDE, _CELLS, _BLUR = 96, 24, 2.0  # pixels of a side at which edges are found, and cells of a side in which they count
FINE_CELLS, _FINE_BLUR = 64, 1.5  # the same of a map by which a move is found


class EdgeMap(NamedTuple):
    """How strong edges are in each cell of a half (576,), less the mean, of length 1; all 0 where there are none.

    `level` is the mean of its values, by which a picture differs from its negative.
    """

    cells: NDArray[np.float32]
    level: float


def map_edges(pixels: NDArray[np.generic]) -> EdgeMap:
    """Where a half, (height, width) or with channels, has edges, whatever its size, range and colours are."""
    small = _shrink(pixels)
    return EdgeMap(_strength(_steps(small), _CELLS, _BLUR).ravel(), float(small.mean()))


def map_both(pixels: NDArray[np.generic]) -> tuple[EdgeMap, NDArray[np.float32]]:
    """The same, and in smaller cells, (64, 64)."""
    small = _shrink(pixels)
    steps = _steps(small)
    edges = EdgeMap(_strength(steps, _CELLS, _BLUR).ravel(), float(small.mean()))
    return edges, _strength(steps, FINE_CELLS, _FINE_BLUR)


def map_mask_edges(mask: LabelMap, palette: Palette) -> EdgeMap:
    """Where a mask, (height, width) class numbers, has edges between its colours."""
    small = cv2.resize(mask, (2 * _SIDE, 2 * _SIDE), interpolation=cv2.INTER_NEAREST)
    return map_edges(colorize(np.asarray(small, dtype=np.uint8), palette))


def deviation_by_chance(alike: NDArray[np.floating[Any]], but: int = 0) -> float:
    """How the mean likeness of all first halves and the second ones some places on varies, from (n, n) likenesses.

    Places all but one are tried. Copies of one photo, be they cropped or turned, make this larger: they stand beside
    each other, or at equal distances, and so count little more than the photo alone.
    """
    places = np.arange(len(alike))
    means = alike[places, (places[:, None] + places) % len(alike)].mean(axis=1)
    return max(float(np.delete(means, but % len(alike)).std()), 1e-6)


def _shrink(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # 64 bits hold more, of which other findings tell
        values = pixels.astype(np.float32)
    if pixels.dtype.kind == "f":
        np.nan_to_num(values, copy=False, posinf=0, neginf=0)
    if values.ndim == 3 and values.shape[2] > _MOST_RESIZED:
        values = np.asarray(reduce_channels(np.add, values) / np.float32(values.shape[2]), np.float32)
    small = cv2.resize(values, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    # After it is small: ten times as fast.
    return np.asarray(small if small.ndim == 2 else small.mean(axis=2), dtype=np.float32)


def _steps(small: NDArray[np.float32]) -> NDArray[np.float32]:
    across, down = cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), dtype=np.float32)


def _strength(steps: NDArray[np.float32], cells: int, blur: float) -> NDArray[np.float32]:
    mean = cv2.resize(cv2.GaussianBlur(steps, (0, 0), blur), (cells, cells), interpolation=cv2.INTER_AREA)
    found = np.sqrt(mean, dtype=np.float32)
    found -= found.mean()
    length = float(np.linalg.norm(found))
    return np.asarray(found / length if length > 0 else np.zeros_like(found), dtype=np.float32)
