"""Measures whether a mask lies where its photo has edges, and whether it would fit better mirrored, moved or turned.

Nothing here may read a file or know a class by name; it is handed the pixels of one mask and its photo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap

MoveKind = Literal["mirrored", "turned", "shifted", "scaled"]
_Floats = NDArray[np.float32]

_SIDE = 128  # pixels of the longer side in which both are compared; with 192 no more of the cars is found
_FEWEST_PIXELS = 32  # of the shorter side: in smaller pictures chance alone looks like agreement
_REACH = _SIDE // 4  # the farthest shift
_MOST_POINTS = 4096
_FEWEST_POINTS = 24
_FEWER = 3  # every third point is enough for moves that are compared less finely
_FLOOR = 8.0  # of the photo's gradients: weaker ones are noise
_FULL = 200.0  # gradient between two codes from which on an edge counts in full: all classes weigh alike
_NEAR = (3, 3)  # pixels: hand-drawn outlines lie a little beside the edge
_LEAST_SHIFT = 4  # pixels, 3% of the longer side
_SCALES = (0.7, 0.75, 0.8, 0.85, 0.9, 1.1, 1.15, 1.2, 1.3, 1.4)
_ANGLES = (-20.0, -16.0, -12.0, -9.0, -6.0, 6.0, 9.0, 12.0, 16.0, 20.0)


class Move(NamedTuple):
    """A way in which a mask may lie wrong: which kind, how it is said, and by how much.

    A shift is (x, y) as shares of the longer side, a scale one factor, a turn degrees anticlockwise.
    """

    kind: MoveKind
    amount: tuple[float, ...] = ()


class MoveFit(NamedTuple):
    """How well a mask fits after a move: the mean `score` of its edges, beside `own`, the same without the move."""

    move: Move
    score: float
    own: float


@dataclass(frozen=True)
class Placement:
    """How well a mask fits its photo where it lies, and the best fit of each kind of move.

    A score is the mean strength of the photo's edges along those of the mask, where their directions agree; `mean` and
    `spread` are those of all shifts up to a quarter of the longer side, by which chance is told from agreement.
    """

    own: float
    mean: float
    spread: float
    fits: tuple[MoveFit, ...]


class _Edges(NamedTuple):
    """Points on the edges of a mask: from the picture's centre, x + iy; their strength; and that as doubled direction.

    In complex numbers a turn is a product, and a mirror image the negative conjugate.
    """

    places: NDArray[np.complex64]
    strength: _Floats
    direction: NDArray[np.complex64]


def measure_placement(mask: LabelMap, photo: Array) -> Placement | None:
    """Compare the edges of a mask with those of its photo; None where the mask has hardly any, or hardly any pixels.

    Both may have different sizes of one shape; the photo is (height, width[, channels]) of any type.
    """
    if min(mask.shape) < _FEWEST_PIXELS:
        return None
    size = _small_size(mask)
    outline = _outline_field(mask, size)
    edges = _points(outline)
    if len(edges.places) < _FEWEST_POINTS:
        return None
    field = _photo_field(photo, size)
    surface = _shift_surface(field, outline)
    own = float(surface[_REACH, _REACH])
    fits = (_best_shift(surface), *_flips(field, edges, own), *_small_moves(field, edges))
    return Placement(own, float(surface.mean()), float(surface.std()), fits)


def shrink_photo(photo: Array, mask: LabelMap) -> Array:
    """A photo in the size in which both are compared; of many channels the first three."""
    shown = photo if photo.ndim == 2 else np.ascontiguousarray(photo[..., :3])
    values = shown if shown.dtype in (np.uint8, np.uint16, np.float32) else shown.astype(np.float32)
    return np.asarray(cv2.resize(values, _small_size(mask), interpolation=cv2.INTER_AREA))


def _small_size(mask: LabelMap) -> tuple[int, int]:
    """Width and height of a picture whose longer side is `_SIDE`."""
    height, width = mask.shape
    factor = _SIDE / max(height, width)
    return max(4, round(width * factor)), max(4, round(height * factor))


def _tensor(picture: _Floats) -> _Floats:
    """Gradient strength squared, and times cosine and sine of its doubled direction, of all channels: (h, w, 3).

    This is the structure tensor (Bigun and Granlund 1987): edges of both polarities count alike.
    """
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    # Adding planes takes a tenth of the time that numpy takes for a sum over the last axis.
    xx, yy, xy = (_add_planes(a * b) for a, b in ((across, across), (down, down), (across, down)))
    return np.asarray(cv2.merge((xx + yy, xx - yy, 2 * xy)), dtype=np.float32)


def _add_planes(channels: _Floats) -> _Floats:
    first, *others = cv2.split(channels)
    for each in others:
        first = first + each
    return np.asarray(first, dtype=np.float32)


def _photo_field(photo: Array, size: tuple[int, int]) -> _Floats:
    """The edges of a photo (h, w, 3), each beside the strength of those around it, so that no corner decides alone."""
    small = _as_shown(photo if photo.shape[1::-1] == size else cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
    field = _tensor(small.astype(np.float32).reshape(*small.shape[:2], -1))
    strength = np.sqrt(field[..., 0])
    around = np.sqrt(cv2.GaussianBlur(field[..., 0], (0, 0), _SIDE / 16)) + _FLOOR
    # Strength relative to its surroundings, at most 2; the tensor is a square, hence the second division.
    field *= (np.minimum(1, 2 * around / np.maximum(strength, 1e-3)) / around / np.maximum(strength, 1e-3))[..., None]
    field[..., 0] -= field[..., 0].mean()
    return field


def _as_shown(photo: Array) -> NDArray[Any]:
    """Values of any type as 0 to 255, at most three channels."""
    shown = photo if photo.ndim == 2 else photo[..., :3]
    if shown.dtype == np.uint8:
        return shown
    low, high = (float(each) for each in np.nanpercentile(shown, (1, 99)))
    return np.asarray(np.clip((np.nan_to_num(shown.astype(np.float32)) - low) * (255 / max(high - low, 1e-6)), 0, 255))


def _spread_codes() -> NDArray[np.uint8]:
    """A colour for each class number such that any two are far apart."""
    steps = np.linspace(0, 255, 7)
    all_colors = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    return np.random.default_rng(0).permutation(all_colors)[:256].astype(np.uint8)


_CODES = _spread_codes()


def _outline_field(mask: LabelMap, size: tuple[int, int]) -> _Floats:
    """The edges between classes, (h, w, 3): near 1 along an edge, 0 away from any."""
    double = (2 * size[0], 2 * size[1])
    small = mask if max(mask.shape) <= max(double) else cv2.resize(mask, double, interpolation=cv2.INTER_NEAREST)
    coded = cv2.resize(np.take(_CODES, np.asarray(small, dtype=np.uint8), axis=0), size, interpolation=cv2.INTER_AREA)
    field = _tensor(coded.astype(np.float32))
    strength = np.sqrt(field[..., 0])
    field /= (np.maximum(strength, 1e-3) * np.maximum(strength, _FULL))[..., None]
    field[strength < _FULL / 2] = 0
    return field


def _points(outline: _Floats) -> _Edges:
    places = np.flatnonzero(np.ascontiguousarray(outline[..., 0]))
    if len(places) > _MOST_POINTS:
        places = places[np.linspace(0, len(places) - 1, _MOST_POINTS).astype(np.intp)]
    height, width = outline.shape[:2]
    down, across = np.divmod(places, width)
    found = np.take(outline.reshape(-1, 3), places, axis=0)
    from_centre = (across - (width - 1) / 2) + 1j * (down - (height - 1) / 2)
    return _Edges(from_centre.astype(np.complex64), found[:, 0], found[:, 1] + 1j * found[:, 2])


def _shift_surface(field: _Floats, outline: _Floats) -> _Floats:
    """The score of each shift up to `_REACH`, (2 * _REACH + 1) squared, no shift in the middle: a correlation."""
    padded = [cv2.getOptimalDFTSize(each + _REACH) for each in field.shape[:2]]
    total: Any = 0
    for channel in range(3):
        photo, mask = (_spectrum(each[..., channel], padded) for each in (field, outline))
        total = total + cv2.mulSpectrums(photo, mask, 0, conjB=True)
    surface = cv2.dft(total, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
    rows = np.arange(-_REACH, _REACH + 1)
    return np.asarray(surface[rows[:, None], rows] / outline[..., 0].sum(), dtype=np.float32)


def _spectrum(plane: _Floats, padded: Sequence[int]) -> _Floats:
    wide = np.zeros(padded, dtype=np.float32)
    wide[: plane.shape[0], : plane.shape[1]] = plane
    return np.asarray(cv2.dft(wide), dtype=np.float32)


def _best_shift(surface: _Floats) -> MoveFit:
    inner, beside = _REACH - _LEAST_SHIFT + 1, _REACH + _LEAST_SHIFT
    far = np.asarray(cv2.blur(surface, _NEAR), dtype=np.float32)
    own = float(far[_REACH, _REACH])
    far[inner:beside, inner:beside] = -np.inf
    down, across = divmod(int(far.argmax()), far.shape[1])
    amount = ((across - _REACH) / _SIDE, (down - _REACH) / _SIDE)
    return MoveFit(Move("shifted", amount), float(far.max()), own)


def _flips(field: _Floats, edges: _Edges, own: float) -> Iterator[MoveFit]:
    """The moves that come out exactly on pixels, so that little symmetry can be told from none."""
    turns = [180.0, 90.0, -90.0] if abs(field.shape[0] - field.shape[1]) <= 1 else [180.0]
    straight = _scores(field, edges, _factors([0.0, *turns]))[1:]
    sideways, upside_down = _scores(field, _mirror(edges), _factors([0.0, 180.0]))
    yield MoveFit(Move("mirrored", (1.0, 0.0)), sideways, own)
    yield MoveFit(Move("mirrored", (0.0, 1.0)), upside_down, own)
    for angle, score in zip(turns, straight, strict=True):
        yield MoveFit(Move("turned", (angle,)), score, own)


def _small_moves(field: _Floats, edges: _Edges) -> Iterator[MoveFit]:
    field = np.asarray(cv2.blur(field, _NEAR), dtype=np.float32)
    edges = _Edges(edges.places[::_FEWER], edges.strength[::_FEWER], edges.direction[::_FEWER])
    factors = np.concatenate(([1], _factors(_ANGLES), _SCALES)).astype(np.complex64)
    own, *scores = _scores(field, edges, factors)
    turn = int(np.argmax(scores[: len(_ANGLES)]))
    yield MoveFit(Move("turned", (_ANGLES[turn],)), scores[turn], own)
    scaled = scores[len(_ANGLES) :]
    scale = int(np.argmax(scaled))
    yield MoveFit(Move("scaled", (_SCALES[scale],)), scaled[scale], own)


def _factors(degrees: Sequence[float]) -> NDArray[np.complex64]:
    """Turns anticlockwise, as they are seen: the vertical axis points down."""
    return np.exp(-1j * np.deg2rad(degrees)).astype(np.complex64)


def _mirror(edges: _Edges) -> _Edges:
    return _Edges(-edges.places.conj(), edges.strength, edges.direction.conj())


def _scores(field: _Floats, edges: _Edges, factors: NDArray[np.complex64]) -> list[float]:
    """The score of the edges turned and scaled about the centre by each of the factors."""
    height, width = field.shape[:2]
    places = factors[:, None] * edges.places
    across = np.rint(places.real + (width - 1) / 2).astype(np.int32)
    down = np.rint(places.imag + (height - 1) / 2).astype(np.int32)
    within = (across >= 0) & (across < width) & (down >= 0) & (down < height)
    found = np.take(field.reshape(-1, 3), down * width + across, axis=0, mode="clip")
    direction = (factors / np.abs(factors))[:, None] ** 2 * edges.direction
    agreement = found[..., 0] * edges.strength + found[..., 1] * direction.real + found[..., 2] * direction.imag
    total = np.sum(agreement, axis=1, where=within) / edges.strength.sum()
    return [float(each) for each in total]
