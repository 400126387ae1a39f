"""Decides whether two pictures show the same, by laying one over the other and comparing pixel with pixel.

Nothing here may read a file or know where pictures are from.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.likeness.signature import PictureSignature, mirror_bits

_ALIKE = 64  # bits of 256 in which corners of the same thing differ at most
_FEWEST, _ERROR, _TRIES = 8, 4.0, 500  # corners that agree on a place; pixels of the frame within which; of RANSAC
_FINE = 2.5  # pixels of the thumbnail: what is larger, such as light and shade, says little of what is shown
_WINDOW = 9
_AGREES = 0.5  # the correlation of a window from which on it shows the same
_VISIBLE = 0.05  # of the strongest windows: fainter ones say nothing
_FAINT = 0.3  # sum of squares in a window's mean, in grey levels: below, it is flat
_LEAST_PIXELS = 150  # of thumbnails, where they overlap
_BLACK, _WHITE, _SMOOTH, _LEVELS = 6, 249, 7, 3.0
_SURE = 0.9  # a share from which on no other way of laying them over each other is tried
_CLOSE_SHARE, _CLOSE = 0.97, 0.8  # a share and a correlation from which on tones may be changed by any curve
_TONES, _PLAIN = 16, 0.15  # pieces of such a curve; how far light and shade differ where none is drawn
_PLANE = NDArray[np.float32]


class PixelAgreement(NamedTuple):
    """How two pictures agree where they overlap.

    `correlation` (-1 to 1) is that of their fine structure, `share` (0 to 1) the part of their visible structure that
    agrees window by window: a logo that both have, and nothing else, makes a high correlation and a small share.
    `unlike` (0 to 1 and more) is how far light and shade differ, in standard deviations: a thing that was cut out and
    laid on the same ground elsewhere agrees in structure alone. Brightness and contrast count for nothing, nor, where
    nearly all structure agrees, does any other curve of tones, as gamma and equalised histograms are. `overlap` is the
    part of the smaller one (of what both show) that lies in the other, `corners` how many of them agree.
    """

    correlation: float
    share: float
    overlap: float
    corners: int
    unlike: float = 0.0


def compare_pixels(
    one: PictureSignature, other: PictureSignature, *, mirrored: bool, turned: int, inverted: bool
) -> PixelAgreement | None:
    """How the pictures agree, the other `mirrored` or not; None where nothing says how they lie to each other.

    The other is `turned` by some quarters to the left before it is mirrored, or compared as its negative, `inverted`.
    Its corners say nothing then, so that only the whole of it is compared.
    """
    if turned or inverted:
        other = _turn(other, turned, inverted=inverted)
    same_shape = 0.8 < (one.width * other.height) / (one.height * other.width) < 1.25
    stretch = np.array(((one.width / other.width, 0, 0), (0, one.height / other.height, 0)), np.float64)
    found = [_overlay(one, other, stretch, 0, mirrored=mirrored)] if same_shape else []
    if not found or found[0].share < _SURE:
        way, corners = _place(one, other, mirrored=mirrored)
        if way is not None:
            found.append(_overlay(one, other, way, corners, mirrored=mirrored))
    return max(found, key=lambda each: each.share, default=None)


def _turn(picture: PictureSignature, turns: int, *, inverted: bool) -> PictureSignature:
    """The picture turned by some quarters to the left, or its negative, without its corners."""
    sides = (picture.height, picture.width) if turns % 2 else (picture.width, picture.height)
    thumbnail = np.ascontiguousarray(np.rot90(~picture.thumbnail if inverted else picture.thumbnail, turns))
    none = picture.points[:0], picture.sizes[:0], picture.bits[:0]
    return PictureSignature(*none, thumbnail, picture.outline, *sides)


def _place(one: PictureSignature, other: PictureSignature, *, mirrored: bool) -> tuple[NDArray[np.float64] | None, int]:
    """The affine map (2, 3) from the other's frame to this one's, and how many corners agree on it."""
    if min(len(one.bits), len(other.bits)) < _FEWEST:
        return None, 0
    bits, points = other.bits, other.points
    if mirrored:
        bits = mirror_bits(bits)
        points = points * np.array((-1, 1), np.float32) + np.array((other.width, 0), np.float32)
    # Each with its nearest, where both are each other's nearest.
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(bits, one.bits)
    chosen = [(each.queryIdx, each.trainIdx) for each in matches if each.distance <= _ALIKE]
    if len(chosen) < _FEWEST:
        return None, 0
    there, here = np.transpose(chosen)
    way, agree = cv2.estimateAffine2D(
        points[there],
        one.points[here],
        method=cv2.RANSAC,
        ransacReprojThreshold=_ERROR,
        maxIters=_TRIES,
        confidence=0.99,
    )
    if way is None or (corners := int(agree.sum())) < _FEWEST or not 0.05 < np.linalg.det(way[:, :2]) < 20:
        return None, 0
    return np.asarray(way, np.float64), corners


def _overlay(
    one: PictureSignature, other: PictureSignature, way: NDArray[np.float64], corners: int, *, mirrored: bool
) -> PixelAgreement:
    here, there = one.thumbnail.astype(np.float32), other.thumbnail.astype(np.float32)
    if mirrored:
        there = np.ascontiguousarray(there[:, ::-1])
    way = _between_thumbnails(way, one, other)
    height, width = here.shape
    # Of one that is finer only what the other can have is compared.
    scale = float(np.sqrt(abs(np.linalg.det(way[:, :2]))))
    here, there = (_soften(here, scale), there) if scale > 1 else (here, _soften(there, 1 / max(scale, 1e-3)))
    laid: _PLANE = np.asarray(
        cv2.warpAffine(there, way, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    full = np.ones(there.shape, np.uint8)
    inside = cv2.warpAffine(full, way, (width, height), flags=cv2.INTER_NEAREST)
    pixels = int(inside.sum())
    overlap = min(1.0, max(pixels / inside.size, pixels / max(1.0, full.size * scale**2)))
    if pixels < inside.size:
        inside = cv2.erode(inside, np.ones((3, 3), np.uint8), borderValue=0)
    if inside.sum() < _LEAST_PIXELS:
        return PixelAgreement(0.0, 0.0, overlap, corners)
    correlation, share = _correlate(_fine(here) * inside, _fine(laid) * inside, inside > 0)
    is_close = share >= _CLOSE_SHARE and correlation >= _CLOSE
    return PixelAgreement(correlation, share, overlap, corners, _differ(here, laid, inside > 0, any_tones=is_close))


def _between_thumbnails(
    way: NDArray[np.float64], one: PictureSignature, other: PictureSignature
) -> NDArray[np.float64]:
    """The map between frames as one between thumbnails, whose pixels have their middle at whole numbers."""
    (height, width), (other_height, other_width) = one.thumbnail.shape, other.thumbnail.shape
    # Written out, it takes a fifth of the time of products and an inverse of matrices.
    out = np.array((other.width / other_width, other.height / other_height))
    back = np.array(((width / one.width,), (height / one.height,)))
    scaled = np.empty((2, 3))
    scaled[:, :2] = way[:, :2] * out * back
    scaled[:, 2] = 0.5 * scaled[:, 0] + 0.5 * scaled[:, 1] + way[:, 2] * back[:, 0] - 0.5
    return scaled


def _soften(plane: _PLANE, scale: float) -> _PLANE:
    radius = 0.5 * np.sqrt(max(0.0, min(scale, 8.0) ** 2 - 1))
    return plane if radius < 0.2 else np.asarray(cv2.GaussianBlur(plane, (0, 0), radius))


def _fine(plane: _PLANE) -> _PLANE:
    return np.asarray(plane - cv2.GaussianBlur(plane, (0, 0), _FINE))


def _correlate(one: _PLANE, other: _PLANE, inside: NDArray[np.bool_]) -> tuple[float, float]:
    """The correlation of all, and the share of the visible windows that correlate."""
    own, others = float((one * one).sum()), float((other * other).sum())
    if min(own, others) < _FAINT * inside.sum():
        return 0.0, 0.0
    correlation = float((one * other).sum()) / np.sqrt(own * others)
    both, first, second = (
        cv2.boxFilter(each, -1, (_WINDOW, _WINDOW), borderType=cv2.BORDER_CONSTANT)
        for each in (one * other, one * one, other * other)
    )
    gain = np.sqrt(others / own)  # one may have more contrast
    energy = np.maximum(first * gain, second / gain)
    visible = inside & (energy > max(_FAINT, _VISIBLE * _find_strong(energy[inside])))
    if not visible.any():
        return float(correlation), 0.0
    alike = both / np.sqrt(first * second + 0.01) > _AGREES
    return float(correlation), float(alike[visible].mean())


def _find_strong(energy: _PLANE) -> float:
    """The value that nine of ten do not exceed: np.percentile takes four times as long, as it looks at all values."""
    place = 0.9 * (len(energy) - 1)
    below = int(place)
    low, high = np.partition(energy, (below, min(below + 1, len(energy) - 1)))[[below, min(below + 1, len(energy) - 1)]]
    return float(low + (high - low) * (place - below))


def _differ(one: _PLANE, other: _PLANE, inside: NDArray[np.bool_], *, any_tones: bool) -> float:
    """How far the smooth parts of two planes differ where none is black or white, but for gain and offset.

    With `any_tones` also but for a curve by which the tones of one, whichever, become those of the other.
    """
    clear = inside & (np.minimum(one, other) > _BLACK) & (np.maximum(one, other) < _WHITE)
    if clear.sum() < _LEAST_PIXELS:
        return 0.0
    plain = _differ_smooth(one, other, clear)
    if plain < _PLAIN or not any_tones:
        return plain
    ways = ((one, other), (other, one))
    return min(plain, *(_differ_smooth(each, _change_tones(rest, each, clear), clear) for each, rest in ways))


def _differ_smooth(one: _PLANE, other: _PLANE, clear: NDArray[np.bool_]) -> float:
    window = (_SMOOTH, _SMOOTH)
    count = cv2.boxFilter(clear.astype(np.float32), -1, window, normalize=False)[clear]
    here, there = (cv2.boxFilter(each * clear, -1, window, normalize=False)[clear] / count for each in (one, other))
    here, there = here - here.mean(), there - there.mean()
    gain = float(here @ there) / max(float(there @ there), 1e-6 * len(there))
    rest = here - gain * there
    return math.sqrt(float(rest @ rest) / len(rest)) / (math.sqrt(float(here @ here) / len(here)) + _LEVELS)


def _change_tones(plane: _PLANE, like: _PLANE, clear: NDArray[np.bool_]) -> _PLANE:
    """The plane with its tones changed by the rising curve that brings it nearest to another.

    That is done pixel by pixel and before anything is smoothed, since the mean of a curve is not a curve of the mean.
    """
    tones, wanted = plane[clear], like[clear]
    pieces = np.array_split(np.argsort(tones, kind="stable"), _TONES)
    before, after = (np.array([each[piece].mean() for piece in pieces]) for each in (tones, wanted))
    return np.interp(plane, before, np.maximum.accumulate(after)).astype(np.float32)
