"""Everything on the sheet that is not sheet: seams, handles, mirror, sill, bumpers.

Each stands where doors, panes and axles say; none may have a place of its own, or nobody could guess it from labels.
"""

import numpy as np

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import BODY, Mask, View
from p2p_datatools.synth.curves import Floats, patch, smoothstep
from p2p_datatools.synth.looks import INK, PLASTIC, CarColors, lit
from p2p_datatools.synth.paintwork import Shell, belt

_SEAM = 0.022  # metres


def draw_trim(view: View, body: Body, sheet: Shell, look: CarColors) -> None:
    """Draw what lies flat in the sheet; the mirror comes later, over the glass."""
    _plastic(view, body, sheet, look)
    for top, bottom in body.doors:
        _seam(view, body, sheet, top, bottom)
    _bumper(view, body, sheet)
    for x in body.handles:
        _handle(view, body, look, x)


def draw_mirror(view: View, body: Body, glass: Mask, look: CarColors) -> None:
    """Hang the door mirror at the front lower corner of the glass; it hides what is behind it."""
    x = float(view.x[0, glass.any(axis=0)].min()) + 0.10
    y = float(belt(body, np.array(x))) + 0.05
    shape = patch([(x - 0.11, y - 0.06), (x - 0.08, y + 0.08), (x + 0.09, y + 0.07), (x + 0.10, y - 0.05)], 0.05)
    view = view.cut(view.box(x - 0.15, x + 0.15, y - 0.1, y + 0.12))
    mirror = view.polygon(shape)
    light = 0.62 + 0.5 * smoothstep(y - 0.05, y + 0.08, view.y)
    view.paint(mirror, lit(look.paint * look.light, light), BODY)
    view.blend(smoothstep(y + 0.02, y + 0.07, view.y) * mirror * 0.35 * look.gloss, look.sky)


def _plastic(view: View, body: Body, sheet: Shell, look: CarColors) -> None:
    height = body.sill + max(body.cladding, 0.05)
    box = view.box(0, body.length, 0, height + 0.02)
    view, sheet = view.cut(box), sheet.cut(box)
    strip = smoothstep(height + 0.012, height - 0.012, view.y) * sheet.mask
    shade = 0.8 + 0.9 * smoothstep(body.sill, height, view.y)
    view.blend(strip * 0.92, lit(PLASTIC * look.light, shade + 0 * view.x))


def _seam(view: View, body: Body, sheet: Shell, top: float, bottom: float) -> None:
    high = float(belt(body, np.array(top)))
    drop = np.linspace(0, 1, 12)
    # Straight below the window, then swung towards the foot of the door.
    x = top + (bottom - top) * drop**3
    y = high + (body.sill + 0.05 - high) * drop
    box = view.box(x.min() - _SEAM, x.max() + _SEAM, y[-1] - _SEAM, y[0] + _SEAM)
    view = view.cut(box)
    line = view.stroke(np.stack([x, y], axis=1), _SEAM) & sheet.mask[box]
    view.blend(0.50 * line, INK)


def _bumper(view: View, body: Body, sheet: Shell) -> None:
    front, rear = body.axles
    y = body.sill + 0.42 * (float(np.mean(body.belt)) - body.sill)
    box = view.box(0, body.length, body.sill, y + 0.02)
    view, sheet = view.cut(box), sheet.cut(box)
    outside = (view.x < front) | (view.x > rear)
    gap = smoothstep(0.016, 0.006, np.abs(view.y - y)) * outside * sheet.mask
    view.blend(0.40 * gap, INK)
    grille = smoothstep(0.20, 0.17, sheet.inward) * smoothstep(0.05, 0.04, np.abs(view.y - body.sill - 0.16))
    view.blend(0.75 * grille * sheet.mask * (view.x < front), PLASTIC * 0.5)


def _handle(view: View, body: Body, look: CarColors, x: float) -> None:
    y = float(belt(body, np.array(x))) - 0.15
    view = view.cut(view.box(x - 0.14, x + 0.14, y - 0.06, y + 0.06))
    away = _capsule(view, x, y)
    view.blend(0.45 * smoothstep(0.045, 0.03, away), INK)
    view.blend(smoothstep(0.024, 0.016, away) * 0.9, np.clip(look.paint * look.light * 0.9 + 0.10, 0, 1))


def _capsule(view: View, x: float, y: float) -> Floats:
    away: Floats = np.hypot(np.maximum(np.abs(view.x - x) - 0.075, 0), view.y - y)
    return away
