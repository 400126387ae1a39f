"""The windows: the greenhouse inside its posts, as dark panes that mirror the sky.

Only glass gets the label of windows; posts, rails and seals may never have it.
"""

import numpy as np

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import WINDOWS, Mask, View
from p2p_datatools.synth.curves import Floats, smoothstep
from p2p_datatools.synth.looks import INK, Look, mix
from p2p_datatools.synth.paintwork import Shell, belt

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
    return _rounded(view, glass)


def paint_glass(view: View, body: Body, glass: Mask, look: Look) -> None:
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


def _rounded(view: View, glass: Mask) -> Mask:
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
