"""What stands behind the pavement: houses, trees, hedges, walls, hills and towers, in plain shapes.

It stays simpler and paler than the car; no shape here may carry a label.
"""

from collections.abc import Callable

import numpy as np

from p2p_datatools.synth.canvas import View
from p2p_datatools.synth.looks import FloatColor, color

Span = tuple[float, float]
Scenery = Callable[[View, float, FloatColor, FloatColor, np.random.Generator], None]

_FACADES = ("#c9b79c", "#b98f73", "#d8d2c4", "#a9adb0", "#c7a98b", "#8f9aa0", "#d9c7a3", "#a8705a", "#e2ddd3")
_ROOFS = ("#7b4a3b", "#5c5f66", "#6d5448", "#4d5158")
_LEAVES = ("#4f7a3a", "#3f6a3c", "#6b8a41", "#7f8f3f", "#8d7a3a", "#2f5a3c")
_PANES = ("#3b4a58", "#566a7a", "#2f3b46", "#7f95a6")


def rectangle(view: View, across: Span, up: Span, ink: FloatColor) -> None:
    """Fill a rectangle given in metres; it may reach past the view."""
    (left, right), (low, high) = _overlap(across, view.reach), _overlap(up, view.rise)
    if right > left and high > low:
        view.cut(view.box(left, right, low, high)).rgb[:] = ink[:, None, None]


def houses(view: View, base: float, horizon: FloatColor, light: FloatColor, rng: np.random.Generator) -> None:
    """A row of houses, some low enough to show the sky over their roofs."""
    x = float(view.reach[0] - rng.uniform(0, 2))
    while x < view.reach[1]:
        wide, high = float(rng.uniform(1.8, 3.4)), float(rng.uniform(1.5, 3.6))
        wall = _hazy(color(str(rng.choice(_FACADES))) * light, horizon, 0.12)
        if high < 2.4:
            roof = _hazy(color(str(rng.choice(_ROOFS))) * light, horizon, 0.15)
            top = base + high
            ridge = [(x - 0.1, top), (x + wide * 0.2, top + 0.6), (x + wide * 0.8, top + 0.6), (x + wide + 0.1, top)]
            view.paint(view.polygon(np.array(ridge)), roof)
        rectangle(view, (x, x + wide), (base, base + high), wall)
        rectangle(view, (x, x + wide), (base, base + 0.18), wall * 0.8)
        _openings(view, (x, x + wide), (base, base + high), wall, rng)
        x += wide + float(rng.choice([0.0, 0.0, 0.5]))


def park(view: View, base: float, horizon: FloatColor, light: FloatColor, rng: np.random.Generator) -> None:
    """Trees on grass, with a darker wood behind them."""
    _ridge(view, base + float(rng.uniform(0.7, 1.2)), 0.12, _leaf(light, horizon, rng, 0.45), rng)
    rectangle(view, (-np.inf, np.inf), (base, base + 0.30), _hazy(color("#7d9a52") * light, horizon, 0.15))
    for x in np.arange(view.reach[0], view.reach[1] + 1, float(rng.uniform(1.3, 2.2))):
        _tree(view, x + rng.uniform(-0.4, 0.4), base + 0.1, _leaf(light, horizon, rng, 0.12), rng)


def hedge(view: View, base: float, horizon: FloatColor, light: FloatColor, rng: np.random.Generator) -> None:
    """A clipped hedge, with houses or trees looking over it."""
    (houses if rng.random() < 0.5 else park)(view, base, _hazy(horizon, light, 0.2), light, rng)
    top, leaf = base + float(rng.uniform(0.6, 1.0)), _leaf(light, horizon, rng, 0.05)
    _ridge(view, top, 0.02, leaf * 0.8, rng)
    for _ in range(70):
        x, y = rng.uniform(*view.reach), rng.uniform(base, top)
        _clump(view, x, y, 0.13, leaf * rng.uniform(0.72, 1.15))


def wall(view: View, base: float, horizon: FloatColor, light: FloatColor, rng: np.random.Generator) -> None:
    """A long wall in courses, with tree tops or the sky above."""
    if rng.random() < 0.7:
        park(view, base, horizon, light, rng)
    top = base + float(rng.uniform(0.8, 1.5))
    stone = _hazy(color(str(rng.choice(_FACADES))) * light, horizon, 0.1)
    rectangle(view, (-np.inf, np.inf), (base, top), stone)
    for row, y in enumerate(np.arange(base, top, 0.16)):
        rectangle(view, (-np.inf, np.inf), (y, y + 0.02), stone * 0.86)
        for x in np.arange(np.floor(view.reach[0]) + 0.3 * (row % 2), view.reach[1], 0.6):
            rectangle(view, (x, x + 0.02), (y, min(y + 0.16, top)), stone * 0.86)
    rectangle(view, (-np.inf, np.inf), (top, top + 0.08), stone * 0.75)


def country(view: View, base: float, horizon: FloatColor, light: FloatColor, rng: np.random.Generator) -> None:
    """Hills, paler the farther they lie, down to a meadow."""
    height = float(rng.uniform(1.0, 1.6))
    for share, haze in ((1.0, 0.72), (0.7, 0.5), (0.42, 0.28)):
        _ridge(view, base + height * share, 0.22 * share, _leaf(light, horizon, rng, haze), rng)
    rectangle(view, (-np.inf, np.inf), (base, base + 0.2), _hazy(color("#8fa052") * light, horizon, 0.1))
    for x in rng.uniform(*view.reach, rng.integers(0, 5)):
        _clump(view, x, base + 0.3, 0.25, _leaf(light, horizon, rng, 0.2))


def towers(view: View, base: float, horizon: FloatColor, light: FloatColor, rng: np.random.Generator) -> None:
    """A skyline in the haze above a strip of green."""
    for haze in (0.72, 0.5):
        x = float(view.reach[0] - rng.uniform(0, 1))
        while x < view.reach[1]:
            wide, high = float(rng.uniform(0.5, 1.3)), float(rng.uniform(0.8, 2.4))
            block = _hazy(color(str(rng.choice(_FACADES))) * light * 0.8, horizon, haze)
            rectangle(view, (x, x + wide), (base, base + high), block)
            for y in np.arange(base + 0.3, base + high - 0.1, 0.2):
                rectangle(view, (x + 0.06, x + wide - 0.06), (y, y + 0.08), block * 0.88)
            x += wide + float(rng.uniform(0.0, 0.3))
    _ridge(view, base + 0.45, 0.06, _leaf(light, horizon, rng, 0.15), rng)


SCENERIES: tuple[Scenery, ...] = (houses, park, hedge, wall, country, towers)


def _overlap(span: Span, ends: Span) -> Span:
    return float(max(span[0], ends[0])), float(min(span[1], ends[1]))


def _hazy(ink: FloatColor, horizon: FloatColor, share: float) -> FloatColor:
    return (ink + (horizon - ink) * np.float32(share)).astype(np.float32)


def _leaf(light: FloatColor, horizon: FloatColor, rng: np.random.Generator, haze: float) -> FloatColor:
    return _hazy(color(str(rng.choice(_LEAVES))) * light, horizon, haze)


def _openings(view: View, across: Span, up: Span, wall: FloatColor, rng: np.random.Generator) -> None:
    count = max(1, int((across[1] - across[0]) / 0.75))
    step = (across[1] - across[0]) / count
    pane = color(str(rng.choice(_PANES)))
    door = rng.integers(count)
    for floor, low in enumerate(np.arange(up[0] + 0.32, up[1] - 0.6, 0.95)):
        for number in range(count):
            x = across[0] + (number + 0.5) * step
            foot = up[0] if floor == 0 and number == door else low
            rectangle(view, (x - 0.21, x + 0.21), (foot, low + 0.58), np.clip(wall * 1.14, 0, 1))
            rectangle(view, (x - 0.17, x + 0.17), (foot + 0.04, low + 0.54), pane * (0.8 if foot < low else 1.0))


def _ridge(view: View, top: float, wave: float, ink: FloatColor, rng: np.random.Generator) -> None:
    line = np.full_like(view.x, top)
    for number in range(1, 5):
        line += wave / number * np.sin(view.x * number * rng.uniform(0.5, 0.9) + rng.uniform(0, 6.3))
    view.paint(view.y < line, ink)


def _tree(view: View, x: float, base: float, leaf: FloatColor, rng: np.random.Generator) -> None:
    high, wide = float(rng.uniform(1.1, 2.0)), float(rng.uniform(0.45, 0.75))
    rectangle(view, (x - 0.05, x + 0.05), (base, base + high), color("#54463a") * leaf.mean() * 2.0)
    for _ in range(20):
        angle, away = rng.uniform(0, 6.3), np.sqrt(rng.random()) * 0.75
        up = np.sin(angle) * away
        shade = 0.86 + 0.28 * up + rng.uniform(-0.1, 0.1)
        _clump(view, x + np.cos(angle) * away * wide, base + high + up * wide * 0.9, 0.36 * wide, leaf * shade)


def _clump(view: View, x: float, y: float, radius: float, ink: FloatColor) -> None:
    left, right = _overlap((x - radius, x + radius), view.reach)
    low, high = _overlap((y - radius, y + radius), view.rise)
    if right > left and high > low:
        part = view.cut(view.box(left, right, low, high))
        part.paint((part.x - x) ** 2 + (part.y - y) ** 2 < radius**2, ink)
