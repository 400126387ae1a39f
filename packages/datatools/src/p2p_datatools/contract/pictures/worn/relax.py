"""Finds the rows of a table that explain a blurred picture, for all pixels at once: mixtures of rows that become sure.

Nothing here may know a picture's file or size as a whole, or change a pixel that is not free.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.worn.blur import BlurWidths, Planes
from p2p_datatools.contract.pictures.worn.icm import NEIGHBOURS
from p2p_datatools.contract.pictures.worn.neighbours import Marks, Numbers, Places

RELAX_BYTES = 6
"""What `relax` holds of each row that is there and each free pixel, at most; beside that it grows with the pixels."""

_FIRST, _LAST = 60.0, 40.0  # of 255: how far a colour may be from its row's, at the first step and at the last
_NOISE, _MORE_NOISE = 0.3, 40.0  # of 255^2: rounding and what the blur is not, and that of a JPEG or of resizing
_CHROMA = np.array([1, 0.7, 0.7], dtype=np.float32)  # beside luma, when colours are compared
_ALIKE = 3.0  # what the neighbours of a pixel add to the log-probability of a row that all of them have
_FAR = np.float32(1e4)  # what is off it for a row that is not around
_WEIGHTS = np.zeros((3, 3), dtype=np.float32)
for _down, _across, _share in NEIGHBOURS:
    _WEIGHTS[1 + _down, 1 + _across] = _ALIKE * _share / sum(share for _, _, share in NEIGHBOURS)
_ROWS, _PIXELS = 8, 1 << 12  # whose chances are computed together, and whose best rows are found
_AROUND = np.ones((33, 33), dtype=np.uint8)


class _Choices(NamedTuple):
    """The rows that free pixels may have, by their colours (n, 3), the pixels, and which rows are `far`, (n, pixels).

    `fixed` (height, width) has the number among these rows of all other pixels, and -1 for the free ones.
    """

    rows: Places
    colors: Planes
    places: Places
    far: Marks
    fixed: NDArray[np.int16]


def relax(worn: Planes, rows: Numbers, free: Marks, table: Planes, blur: BlurWidths, steps: int) -> Numbers:
    """The `rows` (height, width), of which those of `free` pixels are found anew among the rows around them.

    `worn` (height, width, 3) and the `table` (n, 3) are as `to_ycc` gives them. Two demands are met in turn, and what
    one lacks is handed to the other: a picture that explains the worn one, and one of mixtures of the rows, the mean of
    what a pixel may be, given the first picture and its neighbours (the alternating direction method of multipliers,
    Boyd et al. 2011, with a denoiser as one of its steps, Venkatakrishnan et al. 2013). Mixtures become more sure in
    each of the `steps`. The first demand is met exactly, since a cosine transform makes factors of the blur.
    """
    if not free.any():
        return rows
    height, width = rows.shape
    below, right = (2 * cv2.getOptimalDFTSize((side + 1) // 2) - side for side in rows.shape)
    framed = np.pad(rows, ((0, below), (0, right)), mode="edge")
    wide = np.pad(worn * _CHROMA, ((0, below), (0, right), (0, 0)), mode="edge")
    inner = np.zeros(framed.shape, dtype=bool)
    inner[:height, :width] = free
    return _relax(wide, framed, inner, table * _CHROMA, blur, steps)[:height, :width]


def _relax(worn: Planes, rows: Numbers, free: Marks, table: Planes, blur: BlurWidths, steps: int) -> Numbers:
    noise = np.float32(_MORE_NOISE if blur.is_noisy else _NOISE)
    factors = [_factors(blur.weights(each), *rows.shape) for each in range(3)]
    clean = [np.ascontiguousarray(colors[rows]) for colors in table.T]
    given = [factor * cv2.dct(plane) / noise for factor, plane in zip(factors, cv2.split(worn), strict=True)]
    choices, shares = _choices(rows, free, table)
    lacks = [np.zeros_like(plane) for plane in clean]
    for spread in np.geomspace(_FIRST, _LAST, steps):
        weight = np.float32(1 / spread**2)
        for plane, lack, known, factor in zip(clean, lacks, given, factors, strict=True):
            nearest = cv2.dct(plane - lack) * weight
            nearest += known
            nearest /= factor * factor / noise + weight
            lack += cv2.idct(nearest)
        mixtures = _mix(choices, shares, np.stack([lack.ravel()[choices.places] for lack in lacks]), weight)
        for plane, lack, mixture in zip(clean, lacks, mixtures, strict=True):
            plane.ravel()[choices.places] = mixture
            lack -= plane
    found = rows.copy()
    for first in range(0, len(choices.places), _PIXELS):  # of all NumPy makes a copy
        block = slice(first, first + _PIXELS)
        found.ravel()[choices.places[block]] = choices.rows[shares[:, block].argmax(axis=0)]
    return found


def _factors(weights: Planes, height: int, width: int) -> Planes:
    """What a blur of these weights makes of each coefficient of the cosine transform, (height, width)."""
    distance = np.arange(len(weights)) - len(weights) // 2
    down, across = (np.cos(np.pi / side * np.outer(np.arange(side), distance)) @ weights for side in (height, width))
    return np.outer(down, across).astype(np.float32)


def _choices(rows: Numbers, free: Marks, table: Planes) -> tuple[_Choices, Planes]:
    """What the free pixels may be, and the share of each row in each of them as it is now, (n, pixels)."""
    present, places = np.flatnonzero(np.bincount(rows.ravel())), np.flatnonzero(free)
    far, shares = (np.empty((len(present), len(places)), kind) for kind in (bool, np.float32))
    fixed = np.full(rows.shape, -1, np.int16)
    for number, row in enumerate(present):
        own = rows == row
        fixed[own & ~free] = number
        far[number] = cv2.dilate(own.astype(np.uint8), _AROUND).ravel()[places] == 0
        shares[number] = own.ravel()[places]
    return _Choices(present, table[present], places, far, fixed), shares


def _mix(choices: _Choices, shares: Planes, picture: Planes, weight: np.float32) -> Planes:
    """The colours (3, pixels) of the mixtures that explain a picture (3, pixels); `shares` become theirs.

    There may be hundreds of rows, so nothing else is held of all rows and pixels but a byte of each.
    """
    whole = np.empty(choices.fixed.shape, np.float32)
    for first in range(0, len(shares), _ROWS):
        block = slice(first, first + _ROWS)
        colors = choices.colors[block]
        chances = (colors * weight) @ picture
        chances -= np.square(colors).sum(axis=1)[:, None] * (weight / 2)
        chances -= choices.far[block] * _FAR
        for number in range(len(chances)):
            np.equal(choices.fixed, first + number, out=whole, casting="unsafe")
            whole.ravel()[choices.places] = shares[first + number]
            around = cv2.filter2D(whole, -1, _WEIGHTS, borderType=cv2.BORDER_REPLICATE)
            chances[number] += around.ravel()[choices.places]
        shares[block] = chances
    shares -= shares.max(axis=0)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=0)
    return np.asarray(choices.colors.T @ shares)
