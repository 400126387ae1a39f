"""Head and tail lights: clear glass with a lens in front, red glass behind.

Lights lie in the sheet and end at its edge; nothing they shine on may change.
"""

import numpy as np

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import LIGHTS, Mask, View
from p2p_datatools.synth.curves import Floats, Point, bump, patch, smoothstep
from p2p_datatools.synth.looks import INK, Look, colour, mix
from p2p_datatools.synth.paintwork import Shell

_CLEAR, _CHROME, _RED, _GLOW = colour("#f4f8fc"), colour("#8e9cab"), colour("#a50f16"), colour("#ff4a3d")
_SETBACK = 0.015  # metres of sheet between a light and the outline


def draw_lamps(view: View, body: Body, sheet: Shell, look: Look) -> None:
    """Paint and label the head light and the tail light."""
    for paint, points in ((_head, body.head), (_tail, body.tail)):
        box = view.box(*_bounds(points))
        paint(view.cut(box), points, sheet.cut(box), look)


def _bounds(points: tuple[Point, ...]) -> tuple[float, float, float, float]:
    xs, ys = zip(*points, strict=True)
    return min(xs) - 0.06, max(xs) + 0.06, min(ys) - 0.06, max(ys) + 0.06


def _lens(view: View, points: tuple[Point, ...], sheet: Shell) -> Mask:
    lens = view.polygon(patch(points, 0.06)) & (sheet.depth > _SETBACK)
    view.blend(0.7 * smoothstep(0.03, 0.01, view.depth(~lens)) * ~lens * sheet.mask, INK)
    return lens


def _head(view: View, points: tuple[Point, ...], sheet: Shell, look: Look) -> None:
    lens = _lens(view, points, sheet)
    x, y = _middle(view, lens)
    light = 0.6 + 0.4 * look.light
    rise = smoothstep(y - 0.12, y + 0.12, view.y)
    view.paint(lens, mix(_CHROME * light, _CLEAR * light, rise), LIGHTS)
    away = np.hypot(view.x - x + 0.06, view.y - y)
    view.blend(bump(away, 0.075, 0.018) * lens * 0.55, _CHROME * 0.55 * light)
    view.blend(smoothstep(0.065, 0.03, away) * lens, _CLEAR * light)


def _tail(view: View, points: tuple[Point, ...], sheet: Shell, look: Look) -> None:
    lens = _lens(view, points, sheet)
    _, y = _middle(view, lens)
    light = 0.5 + 0.5 * look.light
    glow = bump(view.y, y + 0.03, 0.09) * smoothstep(0.0, 0.06, view.depth(lens))
    view.paint(lens, mix(_RED * light, _GLOW * light, glow), LIGHTS)


def _middle(view: View, mask: Mask) -> Point:
    def mean(ruler: Floats, weight: Floats) -> float:
        return float(np.average(ruler, weights=weight)) if weight.any() else float(ruler.mean())

    return mean(view.x[0], mask.sum(axis=0)), mean(view.y[:, 0], mask.sum(axis=1))
