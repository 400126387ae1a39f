"""Curves in car metres: corners with soft rounding and bowed sides become dense closed outlines.

Nothing here may know a car or a pixel.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Point = tuple[float, float]


class Corner(NamedTuple):
    """A corner of an outline: where it is, how far its rounding reaches, how far the side after it bows out; metres."""

    x: float
    y: float
    soft: float = 0.0
    bow: float = 0.0


def smooth_outline(corners: Sequence[Corner], *, steps: int = 10) -> Floats:
    """Return the closed curve through `corners`, given clockwise with y up, as (n, 2) metres.

    Each side is a parabola whose middle stands `bow` off the chord; sides are joined by cubic Bezier curves that share
    their tangents, so that no joint shows as a kink in the light.
    """
    table = np.array(corners, dtype=np.float64)
    start, soft, bow = table[:, :2], table[:, 2], table[:, 3]
    chord = np.roll(start, -1, axis=0) - start
    length = np.hypot(chord[:, 0], chord[:, 1])
    outward = np.stack([-chord[:, 1], chord[:, 0]], axis=1) / length[:, None] * (4 * bow)[:, None]

    def at(t: Floats) -> Floats:
        """Points on all sides at the parameters t, (sides, k) -> (sides, k, 2)."""
        return start[:, None] + chord[:, None] * t[..., None] + outward[:, None] * (t * (1 - t))[..., None]

    def unit_tangents(t: Floats) -> Floats:
        """Unit tangents of all sides at one parameter each, (sides,) -> (sides, 2)."""
        tangent = chord + outward * (1 - 2 * t)[:, None]
        unit: Floats = tangent / np.hypot(tangent[:, 0], tangent[:, 1])[:, None]
        return unit

    first = np.minimum(soft / length, 0.46)
    last = 1 - np.minimum(np.roll(soft, -1) / length, 0.46)
    sides = at(first[:, None] + (last - first)[:, None] * np.linspace(0, 1, steps))
    enter, leave = np.roll(sides[:, -1], 1, axis=0), sides[:, 0]
    reach = (0.36 * np.hypot(*(leave - enter).T))[:, None]
    before, after = enter + np.roll(unit_tangents(last), 1, axis=0) * reach, leave - unit_tangents(first) * reach
    rounds = cubic(enter, before, after, leave, steps=steps)
    return np.concatenate([rounds[:, :-1], sides], axis=1).reshape(-1, 2)


def cubic(a: Floats, b: Floats, c: Floats, d: Floats, *, steps: int) -> Floats:
    """Sample cubic Bezier curves with the control points a, b, c, d of shape (k, 2); returns (k, steps, 2)."""
    t = np.linspace(0, 1, steps)[None, :, None]
    a, b, c, d = a[:, None], b[:, None], c[:, None], d[:, None]
    curve: Floats = a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t**2 * (1 - t) + d * t**3
    return curve


def patch(points: Sequence[Point], soft: float) -> Floats:
    """Return the outline of a small part whose corners are all equally soft, (n, 2) metres."""
    return smooth_outline([Corner(x, y, soft) for x, y in points], steps=6)


def smoothstep(zero: float, one: float, value: Floats) -> Floats:
    """Go from 0 where value is `zero` to 1 where it is `one`, rising or falling, without a kink at either end."""
    t = np.clip((value - zero) * (1 / (one - zero)), 0.0, 1.0)
    ramp: Floats = t * t * (3 - 2 * t)
    return ramp


def bump(value: Floats, centre: float, width: float) -> Floats:
    """A soft band: 1 at `centre`, fading to 0 over about `width` on both sides."""
    band: Floats = np.exp(-(((value - centre) / width) ** 2))
    return band
