"""Photos made worse, for a model to restore: blurred, coarser, or with holes.

Nothing here may read or write a file, or draw a random number except from the generator that it is given.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo, size_of
from p2p_datatools.contract.pictures.resize import resize_photo
from p2p_datatools.contract.pictures.sizes import Size

_MOST_HOLES = 10_000  # ends the loop in a picture so small that no holes reach the share


def blur_gaussian(photo: Photo, sigma: float) -> Photo:
    """The photo out of focus: a Gaussian of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)


def blur_motion(photo: Photo, length: float, angle: float) -> Photo:
    """The photo moved during the exposure: the mean along a line of `length` pixels."""
    kernel = motion_kernel(length, angle)
    return np.asarray(cv2.filter2D(photo, -1, kernel, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)


def motion_kernel(length: float, angle: float) -> NDArray[np.float32]:
    """The weights, their sum 1, of a straight move of `length` pixels, at `angle` degrees upwards from the x axis."""
    half = max(length, 1.0) / 2
    reach = math.ceil(half)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.float32)
    # Many points along the move, each shared by the four pixels around it.
    along = np.linspace(-half, half, 16 * reach + 1)
    turn = math.radians(angle)
    for x, y in zip(reach + along * math.cos(turn), reach - along * math.sin(turn), strict=True):
        left, top = min(int(x), 2 * reach - 1), min(int(y), 2 * reach - 1)
        right, down = x - left, y - top
        kernel[top : top + 2, left : left + 2] += np.outer((1 - down, down), (1 - right, right))
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


_GROW = {"nearest": cv2.INTER_NEAREST_EXACT, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


def downscale(photo: Photo, *, factor: float, grow: str) -> Photo:
    """The photo shrunk by area to a `factor`-th of each side, and grown to its own size again; for super-resolution."""
    own = size_of(photo)
    small = Size(*(max(1, round(side / factor)) for side in own))
    shrunk = resize_photo(photo, small)
    return np.asarray(cv2.resize(shrunk, tuple(own), interpolation=_GROW[grow]), dtype=np.uint8)


def holes(
    photo: Photo, random: np.random.Generator, *, kind: str, share: float, largest: float, color: tuple[int, int, int]
) -> Photo:
    """The photo with holes of one colour over a share of it (Pathak et al. 2016, context encoders); for inpainting."""
    gone = np.zeros(photo.shape[:2], dtype=np.uint8)
    wanted = share * gone.size
    dig = _rectangle if kind == "rectangles" else _stroke
    for _ in range(_MOST_HOLES):
        dig(gone, largest, random)
        if cv2.countNonZero(gone) >= wanted:
            break
    damaged = photo.copy()
    damaged[gone > 0] = color
    return damaged


def _rectangle(gone: NDArray[np.uint8], largest: float, random: np.random.Generator) -> None:
    """One hole with sides between a quarter and the whole of `largest` times the picture's."""
    height, width = (max(1, round(side * random.uniform(largest / 4, largest))) for side in gone.shape)
    top, left = random.integers(gone.shape[0] - height + 1), random.integers(gone.shape[1] - width + 1)
    gone[top : top + height, left : left + width] = 1


def _stroke(gone: NDArray[np.uint8], largest: float, random: np.random.Generator) -> None:
    """One bent brush stroke of a few straight parts, as long in all as `largest` times the shorter side."""
    short = min(gone.shape)
    x, y = random.uniform(0, gone.shape[1]), random.uniform(0, gone.shape[0])
    pen = max(1, round(short * largest * random.uniform(0.05, 0.15)))
    angle = random.uniform(0, 2 * math.pi)
    for _ in range(4):
        reach = short * largest * random.uniform(0.2, 0.5)
        angle += random.uniform(-1.2, 1.2)
        there = x + reach * math.cos(angle), y + reach * math.sin(angle)
        cv2.line(gone, (round(x), round(y)), (round(there[0]), round(there[1])), 1, pen)
        x, y = there
