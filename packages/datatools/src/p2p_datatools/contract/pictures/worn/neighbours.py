"""The surroundings of the blended pixels of a picture: which known colours, and whether it is an area or an edge.

Nothing here may know the colours of a table; they are row numbers.
"""

import functools
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo

NEAR, FAR = 2, 16  # pixels around one that is blended: first its neighbours, then as far as a JPEG's block of colour
_FLAT = 16  # in each channel; no blend in thirty JPEG facades has 5x5 such pixels, nor with 24
UNSURE = 255  # the row of a pixel whose row is not found yet
_FEW = 1 << 16  # pixels whose surroundings are held at once

Numbers = NDArray[np.uint8]
Places = NDArray[np.intp]
Marks = NDArray[np.bool_]


class Around:
    """The surroundings of the `places` of a band; all rows are known except those of these places."""

    def __init__(self, rows: Numbers, places: Places) -> None:
        self.places = places
        wide = cv2.copyMakeBorder(rows, FAR, FAR, FAR, FAR, cv2.BORDER_CONSTANT, value=(UNSURE,))
        self._wide, self._width = wide.ravel(), wide.shape[1]
        self._middles = places + (2 * FAR * (places // rows.shape[1]) + FAR * self._width + FAR)
        self.within = self._inside(np.arange(len(places)), 1)
        """Which places have only such places beside them, within the picture."""

    def rows(self, which: Places, reach: int) -> Numbers:
        """The rows up to `reach` from some of the places, (offsets, places); UNSURE where there are none."""
        offsets, middles = _offsets(reach, self._width), self._middles[which]
        seen = np.empty((len(offsets), len(middles)), dtype=np.uint8)
        for line, offset in zip(seen, offsets, strict=True):
            np.take(self._wide, middles + offset, out=line, mode="clip")  # nothing to clip; other modes copy
        return seen

    def deep_within(self) -> Places:
        """Which places have only such places within two pixels."""
        return self._inside(self.within, 2)

    def _inside(self, which: Places, reach: int) -> Places:
        for offset in _offsets(reach, self._width):
            which = which[self._wide[self._middles[which] + offset] == UNSURE]
        return which


@functools.lru_cache(maxsize=16)
def _offsets(reach: int, width: int) -> Places:
    """The distances, in an array of this width, from a pixel to those up to `reach` from it, the farthest first."""
    steps = np.arange(-reach, reach + 1)
    down, across = (side.ravel() for side in np.meshgrid(steps, steps, indexing="ij"))
    return (down * width + across)[np.argsort(-(down**2 + across**2), kind="stable")]


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size`, one after the other."""
    return (slice(start, start + size) for start in range(0, count, size))


def in_blocks(picture: Photo, around: Around) -> Marks:
    """Which blended places lie in a block of 3x3 pixels of one colour, which are then all blended."""
    height, width = picture.shape[:2]
    flat, inner = picture.reshape(-1, 3), around.places[around.within]
    down, across = np.divmod(inner, width)
    inner = inner[(down > 0) & (down < height - 1) & (across > 0) & (across < width - 1)]
    for offset in _offsets(1, width):
        inner = inner[(flat[inner] == flat[inner + offset]).all(axis=1)]
    if not len(inner):
        return np.zeros(len(around.places), dtype=bool)
    middles = np.zeros((height, width), dtype=np.uint8)
    middles.ravel()[inner] = 1
    return cv2.dilate(middles, _window(1)).ravel()[around.places] > 0


def in_areas(picture: Photo, around: Around) -> Marks:
    """Which blended places lie in 5x5 such pixels of nearly one colour, as an area has in JPEG and no edge."""
    height, width = picture.shape[:2]
    flat = np.zeros((height, width), dtype=np.uint8)
    reach, centres = np.arange(-2, 3), around.places[around.deep_within()]
    for some in chunks(len(centres), _FEW):
        down, across = np.divmod(centres[some], width)
        ys = np.clip(down[:, None] + reach, 0, height - 1)
        xs = np.clip(across[:, None] + reach, 0, width - 1)
        pixels = picture[ys[:, :, None], xs[:, None, :]].reshape(len(ys), -1, 3)
        flat[down, across] = (pixels.max(axis=1) - pixels.min(axis=1)).max(axis=1) <= _FLAT
    if not flat.any():
        return np.zeros(len(around.places), dtype=bool)
    return cv2.dilate(flat, _window(2)).ravel()[around.places] > 0


def fill_nearest(rows: Numbers, where: Marks) -> Numbers:
    """The rows, with those at `where` replaced by the nearest other ones; the same where there are none."""
    if where.all():
        return rows
    _, labels = cv2.distanceTransformWithLabels(
        where.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = np.zeros(int(labels.max()) + 1, dtype=np.uint8)
    known[labels[~where]] = rows[~where]
    return np.where(where, known[labels], rows)


def _window(radius: int) -> Numbers:
    return np.ones((2 * radius + 1, 2 * radius + 1), dtype=np.uint8)
