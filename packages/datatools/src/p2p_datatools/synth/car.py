"""One car from the ground up: shadow, sheet, trim, glass, mirror, lights, wheels, each painted over the last.

The order of painting lives here; how anything looks may not be decided here.
"""

import numpy as np

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import View
from p2p_datatools.synth.curves import smoothstep
from p2p_datatools.synth.glass import paint_glass, panes
from p2p_datatools.synth.lamps import draw_lamps
from p2p_datatools.synth.looks import INK, Look, colour
from p2p_datatools.synth.paintwork import paint_shell, shell
from p2p_datatools.synth.trim import draw_mirror, draw_trim
from p2p_datatools.synth.wheels import draw_wheels

_SHADE = colour("#1a1a1f")
_MARGIN = 0.5  # metres around a car that its shadow may reach


def draw_car(ground: View, body: Body, look: Look) -> None:
    """Draw `body` into `ground`, a view whose zero is where the car's front meets the ground."""
    _shadow(ground.cut(ground.box(-_MARGIN, body.length + _MARGIN, -0.35, body.sill + 0.1)), body)
    view = ground.cut(ground.box(-0.1, body.length + 0.1, -0.03, body.height + 0.15))
    sheet = shell(view, body)
    paint_shell(view, body, sheet, look)
    draw_trim(view, body, sheet, look)
    cabin = view.box(body.axles[0], body.length, min(body.belt) - 0.1, body.height + 0.1)
    glass = panes(view.cut(cabin), body, sheet.cut(cabin))
    paint_glass(view.cut(cabin), body, glass, look)
    draw_mirror(view.cut(cabin), body, glass, look)
    draw_lamps(view, body, sheet, look)
    draw_wheels(view, body, sheet, look)


def _shadow(view: View, body: Body) -> None:
    middle, half = body.length / 2, body.length / 2
    soft = np.hypot((view.x - middle) / (half + 0.30), (view.y + 0.01) / 0.26)
    view.blend(0.55 * smoothstep(1.0, 0.45, soft), _SHADE)
    core = np.hypot((view.x - middle) / (half - 0.05), (view.y - 0.02) / 0.13)
    view.blend(0.60 * smoothstep(1.0, 0.6, core), INK)
    # Between the axles one looks into the dark under the floor.
    inside = smoothstep(0.0, 0.12, view.x - body.axles[0]) * smoothstep(0.0, 0.12, body.axles[1] - view.x)
    under = inside * smoothstep(-0.06, 0.02, view.y) * (view.y < body.sill + 0.1)
    view.blend(0.85 * under, INK)
