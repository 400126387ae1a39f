"""Wheels and the arches they stand in: a tyre, a rim with spokes, and the dark gap around them.

A wheel is round and whole wherever it stands; nothing here may look at the rest of the car but its silhouette.
"""

import numpy as np

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import TYRES, Mask, View
from p2p_datatools.synth.curves import Floats, bump, smoothstep
from p2p_datatools.synth.looks import INK, PLASTIC, Look, lit
from p2p_datatools.synth.paintwork import Shell

_RIM = 0.69  # of the tyre's radius
_GAP = 0.055  # metres between tyre and arch
_LIP = 0.05  # metres of flared sheet around the arch


def draw_wheels(view: View, body: Body, sheet: Shell, look: Look) -> None:
    """Cut both arches and stand both wheels on the ground."""
    for x in body.axles:
        reach = body.radius + _GAP + 4 * _LIP
        box = view.box(x - reach, x + reach, 0, body.radius + reach)
        _arch(view.cut(box), body, sheet.cut(box), look, x)
    for x in body.axles:
        reach = body.radius * 1.05
        _wheel(view.cut(view.box(x - reach, x + reach, -0.02, 2 * reach)), body, look, x)


def _arch(view: View, body: Body, sheet: Shell, look: Look, x: float) -> None:
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


def _wheel(view: View, body: Body, look: Look, x: float) -> None:
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


def _spokes(across: Floats, up: Floats, away: Floats, look: Look) -> Mask:
    count, half = look.spokes
    turn = np.arctan2(across, up) * count / (2 * np.pi)
    angle = (turn - np.round(turn)) * 2 * np.pi / count
    # Distance from the spoke's middle line; spokes taper towards the rim.
    spoke: Mask = np.abs(np.sin(angle)) * away < half * (1.15 - 0.35 * away)
    return spoke
