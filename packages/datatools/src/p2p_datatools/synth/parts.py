"""The parts of a car that are labelled beside its body: wheels in their arches, panes of glass, and lamps.

Each is drawn from the body's table and the shell; nothing here may look at what is behind the car.
"""

import numpy as np

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import LIGHTS, TYRES, WINDOWS, Mask, View
from p2p_datatools.synth.curves import Floats, Point, bump, patch, smoothstep
from p2p_datatools.synth.looks import INK, PLASTIC, CarColors, color, lit, mix
from p2p_datatools.synth.paintwork import Shell, belt

_RIM = 0.69  # of the tyre's radius
_GAP = 0.055  # metres between tyre and arch
_LIP = 0.05  # metres of flared sheet around the arch


def draw_wheels(view: View, body: Body, sheet: Shell, look: CarColors) -> None:
    """Cut both arches and stand both wheels on the ground."""
    for x in body.axles:
        reach = body.radius + _GAP + 4 * _LIP
        box = view.box(x - reach, x + reach, 0, body.radius + reach)
        _arch(view.cut(box), body, sheet.cut(box), look, x)
    for x in body.axles:
        reach = body.radius * 1.05
        _wheel(view.cut(view.box(x - reach, x + reach, -0.02, 2 * reach)), body, look, x)


def _arch(view: View, body: Body, sheet: Shell, look: CarColors, x: float) -> None:
    away = np.hypot(view.x - x, view.y - body.radius)
    edge = body.radius + _GAP
    upward = np.clip((view.y - body.radius) / np.maximum(away, 0.01), 0, 1)
    if body.cladding:
        view.paint(sheet.mask & (away < edge + 0.09), PLASTIC * look.light)
    else:
        lip = bump(away, edge + _LIP / 2, _LIP / 2) * sheet.mask
        view.blend(lip * upward * 0.28 * look.gloss, look.sky)
        view.blend(bump(away, edge + 1.9 * _LIP, _LIP) * upward * sheet.mask * 0.22, look.ground * 0.3)
    view.paint(sheet.mask & (away < edge), INK)


def _wheel(view: View, body: Body, look: CarColors, x: float) -> None:
    across, up = (view.x - x) / body.radius, (view.y - body.radius) / body.radius
    away = np.hypot(across, up)
    tyre = away < 1
    rubber = 0.085 + 0.05 * bump(away, 0.86, 0.05) + 0.03 * np.clip(up, 0, 1) * bump(away, 0.97, 0.05)
    view.paint(tyre, lit(look.light, rubber), TYRES)
    rim = away < _RIM
    shade = lit(look.rim * look.light, 0.80 + 0.22 * up + 0 * across)
    view.paint(rim, shade * (0.24 + 0.10 * away))
    metal = rim & (_spokes(across, up, away / _RIM, look) | (away > _RIM * 0.88) | (away < _RIM * 0.24))
    view.paint(metal, shade)
    view.blend(smoothstep(0.02, 0.0, np.abs(away - _RIM)) * 0.5, shade * 0.3)
    view.blend(smoothstep(0.10, 0.08, away / _RIM) * 0.6, look.rim * 0.4)


def _spokes(across: Floats, up: Floats, away: Floats, look: CarColors) -> Mask:
    count, half = look.spokes
    turn = np.arctan2(across, up) * count / (2 * np.pi)
    angle = (turn - np.round(turn)) * 2 * np.pi / count
    # Distance from the spoke's middle line; spokes taper towards the rim.
    spoke: Mask = np.abs(np.sin(angle)) * away < half * (1.15 - 0.35 * away)
    return spoke


_ROUNDING = 0.035  # metres: the radius of a pane's corners
_SEAL = 0.022  # metres of black rubber round each pane


def panes(view: View, body: Body, sheet: Shell) -> Mask:
    """Return the mask of the glass of all side windows."""
    above = view.y - belt(body, view.x)
    post, rail = body.frame
    windscreen = smoothstep(rail, 2.4 * rail, sheet.under)
    glass = (above > 0) & (sheet.depth > rail + (post - rail) * windscreen)
    for pillar in body.pillars:
        glass &= np.abs(view.x - _line(pillar.x, pillar.lean, above)) > pillar.width / 2
    last = body.pillars[-1]
    glass &= view.x < _line(last.x, last.lean, above)
    return _round_corners(view, glass)


def paint_glass(view: View, body: Body, glass: Mask, look: CarColors) -> None:
    """Paint and label the panes, with a seal around them."""
    view.blend(0.85 * _around(view, glass), INK)
    above = view.y - belt(body, view.x)
    room = body.height - body.belt[0]
    dark, bright = look.glass * look.light, look.sky
    view.paint(glass, mix(dark, bright, 0.10 + 0.34 * smoothstep(0.1, 1.0, above / room)), WINDOWS)
    _seats(view, body, glass, dark)
    _glint(view, body, glass, bright)
    inside = smoothstep(0.05, 0.0, view.depth(glass)) * glass
    view.blend(0.35 * inside, dark * 0.5)


def _line(x: float, lean: float, above: Floats) -> Floats:
    line: Floats = x + lean * above
    return line


def _round_corners(view: View, glass: Mask) -> Mask:
    # Opening by a disc, as two distance transforms: it rounds corners and drops slivers too thin to be a pane.
    core = view.depth(glass) > _ROUNDING
    grown: Mask = view.depth(~core) < _ROUNDING
    return grown & glass


def _around(view: View, glass: Mask) -> Floats:
    ring: Floats = smoothstep(_SEAL * 1.5, _SEAL * 0.5, view.depth(~glass)) * ~glass
    return ring


def _seats(view: View, body: Body, glass: Mask, dark: Floats) -> None:
    for pillar in body.pillars[: 1 if len(body.pillars) == 1 else 2]:
        x = pillar.x - 0.26
        y = float(belt(body, np.array(x)))
        box = view.box(x - 0.25, x + 0.25, y, y + 0.3)
        part = view.cut(box)
        head = np.hypot((part.x - x) / 0.11, (part.y - y - 0.15) / 0.10)
        back = np.hypot((part.x - x - 0.02) / 0.20, (part.y - y + 0.12) / 0.20)
        part.blend(0.55 * smoothstep(1.1, 0.9, np.minimum(head, back)) * glass[box], dark * 0.55)


def _glint(view: View, body: Body, glass: Mask, bright: Floats) -> None:
    slant = view.x + 0.75 * (view.y - body.belt[0])
    bands = np.zeros_like(slant)
    for pillar in body.pillars:
        middle = pillar.x - 0.42
        bands += smoothstep(0.10, 0.08, np.abs(slant - middle)) + smoothstep(0.035, 0.02, np.abs(slant - middle - 0.18))
    view.blend(np.clip(bands, 0, 1) * 0.20 * glass, bright)


_CLEAR, _CHROME, _RED, _GLOW = color("#f4f8fc"), color("#8e9cab"), color("#a50f16"), color("#ff4a3d")
_SETBACK = 0.015  # metres of sheet between a light and the outline


def draw_lamps(view: View, body: Body, sheet: Shell, look: CarColors) -> None:
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


def _head(view: View, points: tuple[Point, ...], sheet: Shell, look: CarColors) -> None:
    lens = _lens(view, points, sheet)
    x, y = _middle(view, lens)
    light = 0.6 + 0.4 * look.light
    rise = smoothstep(y - 0.12, y + 0.12, view.y)
    view.paint(lens, mix(_CHROME * light, _CLEAR * light, rise), LIGHTS)
    away = np.hypot(view.x - x + 0.06, view.y - y)
    view.blend(bump(away, 0.075, 0.018) * lens * 0.55, _CHROME * 0.55 * light)
    view.blend(smoothstep(0.065, 0.03, away) * lens, _CLEAR * light)


def _tail(view: View, points: tuple[Point, ...], sheet: Shell, look: CarColors) -> None:
    lens = _lens(view, points, sheet)
    _, y = _middle(view, lens)
    light = 0.5 + 0.5 * look.light
    glow = bump(view.y, y + 0.03, 0.09) * smoothstep(0.0, 0.06, view.depth(lens))
    view.paint(lens, mix(_RED * light, _GLOW * light, glow), LIGHTS)


def _middle(view: View, mask: Mask) -> Point:
    def mean(ruler: Floats, weight: Floats) -> float:
        return float(np.average(ruler, weights=weight)) if weight.any() else float(ruler.mean())

    return mean(view.x[0], mask.sum(axis=0)), mean(view.y[:, 0], mask.sum(axis=1))
