"""The drawing board: the colours and labels of one picture, finer than the picture, under a ruler in metres.

Nothing here may know what is drawn; colour and label of a shape come from one mask, which is why they agree.
"""

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.synth.curves import Floats

Mask = NDArray[np.bool_]
Labels = NDArray[np.uint8]
Box = tuple[slice, slice]

_BACKGROUND, BODY, TYRES, LIGHTS, WINDOWS = range(5)

_SHIFT = 4  # cv2 takes sub-pixel positions as integers of 1/16 pixel
_FINE, _FAST = 3, 2
_LARGE = 200_000  # from this many pixels on, edges are smooth enough with fewer samples


@dataclass(frozen=True)
class View:
    """A window on the board: `rgb` (3, h, w) float32 in 0..1, `ids` (h, w), and the metres of columns and rows.

    `x` is (1, w), `y` is (h, 1) with y up; `x` may run backwards, which is how a car turns round.
    """

    rgb: NDArray[np.float32]
    ids: Labels
    x: Floats
    y: Floats

    @property
    def density(self) -> float:
        """Board pixels in a metre."""
        return float(1 / abs(self.y[1, 0] - self.y[0, 0]))

    @property
    def reach(self) -> tuple[float, float]:
        """The least and the greatest x in metres."""
        ends = float(self.x[0, 0]), float(self.x[0, -1])
        return min(ends), max(ends)

    @property
    def rise(self) -> tuple[float, float]:
        """The least and the greatest y in metres."""
        return float(self.y[-1, 0]), float(self.y[0, 0])

    def box(self, left: float, right: float, low: float, high: float) -> Box:
        """Return the rows and columns that cover the rectangle in metres, at least two of each."""
        return _span(self.y[:, 0], low, high), _span(self.x[0], left, right)

    def cut(self, box: Box) -> "View":
        """Return the part of this view in `box`; it shares the same pixels."""
        rows, columns = box
        return View(self.rgb[:, rows, columns], self.ids[box], self.x[:, columns], self.y[rows])

    def polygon(self, points: Floats) -> Mask:
        """Return the mask of the closed polygon through `points`, (n, 2) metres."""
        canvas = np.zeros(self.ids.shape, np.uint8)
        cv2.fillPoly(canvas, [self._pixels(points)], 1, shift=_SHIFT)
        return canvas.view(np.bool_)

    def stroke(self, points: Floats, width: float) -> Mask:
        """Return the mask of the open line through `points`, (n, 2) metres, `width` metres thick."""
        canvas = np.zeros(self.ids.shape, np.uint8)
        thickness = max(1, round(width * self.density))
        cv2.polylines(canvas, [self._pixels(points)], False, 1, thickness=thickness, shift=_SHIFT)
        return canvas.view(np.bool_)

    def depth(self, mask: Mask) -> Floats:
        """Return how deep each pixel lies inside `mask`, in metres; 0 outside."""
        return cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3) / np.float32(self.density)

    def paint(self, mask: Mask, color: Floats, label: int | None = None) -> None:
        """Cover `mask` with `color`, (3,) or (3, h, w), and with `label` where one is given."""
        np.copyto(self.rgb, _planes(color), where=mask, casting="same_kind")
        if label is not None:
            self.ids[mask] = label

    def blend(self, alpha: Floats, color: Floats) -> None:
        """Mix `color`, (3,) or (3, h, w), over everything by `alpha`, (h, w) in 0..1; labels stay."""
        x, y, width, height = cv2.boundingRect((alpha > 0).view(np.uint8))
        rows, columns = slice(y, y + height), slice(x, x + width)
        ink, alpha = _planes(color), alpha[rows, columns].astype(np.float32)
        if ink.shape[1] > 1:
            ink = ink[:, rows, columns]
        part = self.rgb[:, rows, columns]
        part += (ink - part) * alpha

    def _pixels(self, points: Floats) -> NDArray[np.int32]:
        column = (points[:, 0] - self.x[0, 0]) / (self.x[0, 1] - self.x[0, 0])
        row = (points[:, 1] - self.y[0, 0]) / (self.y[1, 0] - self.y[0, 0])
        return np.round(np.stack([column, row], axis=1) * (1 << _SHIFT)).astype(np.int32)


def board(size: tuple[int, int]) -> View:
    """Return an empty board for a picture of `size` (width, height); its ruler is in picture pixels from the bottom."""
    width, height = size
    fine = _FAST if width * height > _LARGE else _FINE
    x = (np.arange(width * fine, dtype=np.float32) + 0.5) / fine
    y = height - (np.arange(height * fine, dtype=np.float32) + 0.5) / fine
    shape = (height * fine, width * fine)
    return View(np.zeros((3, *shape), np.float32), np.zeros(shape, np.uint8), x[None], y[:, None])


def with_ruler(view: View, *, origin: tuple[float, float], scale: float, mirrored: bool = False) -> View:
    """Return the same pixels under a ruler whose zero is at `origin` and whose metre is `scale` old units."""
    x = (view.x - origin[0]) / (-scale if mirrored else scale)
    return View(view.rgb, view.ids, x, (view.y - origin[1]) / scale)


def photo(view: View, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the picture, (height, width, 3) in 0..1: each pixel the mean of the board below it."""
    return np.stack([cv2.resize(band, size, interpolation=cv2.INTER_AREA) for band in view.rgb], axis=2)


def labels(view: View, size: tuple[int, int]) -> Labels:
    """Return the label map, (height, width): each pixel the class that covers most of it."""
    layers = [cv2.inRange(view.ids, i, i) for i in range(5)]
    shares = [cv2.resize(layer, size, interpolation=cv2.INTER_AREA) for layer in layers]
    largest: Labels = np.argmax(np.stack(shares), axis=0).astype(np.uint8)
    return largest


def _planes(color: Floats) -> Floats:
    return color[:, None, None] if color.ndim == 1 else color


def _span(ruler: Floats, low: float, high: float) -> slice:
    zero, step = float(ruler[0]), float(ruler[1] - ruler[0])
    first, last = sorted(((low - zero) / step, (high - zero) / step))
    end = len(ruler)
    return slice(min(max(floor(first), 0), end - 2), max(min(ceil(last) + 1, end), 2))
