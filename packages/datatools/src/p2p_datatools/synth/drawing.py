"""A picture of a car with its labels: the surroundings, then the car from its shadow to its wheels.

The order of painting is decided here; how anything looks may not be decided here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import View, board, labels, photo, with_ruler
from p2p_datatools.synth.curves import Floats, smoothstep
from p2p_datatools.synth.looks import INK, CarColors, color, street_look, studio_look
from p2p_datatools.synth.paintwork import paint_shell, shell
from p2p_datatools.synth.parts import draw_lamps, draw_wheels, paint_glass, panes
from p2p_datatools.synth.pose import Pose, pick, place, vary
from p2p_datatools.synth.street import paint_street, paint_studio, pick_weather
from p2p_datatools.synth.trim import draw_mirror, draw_trim

_SHADE = color("#1a1a1f")
_MARGIN = 0.5  # metres around a car that its shadow may reach


def draw_car(ground: View, body: Body, look: CarColors) -> None:
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


STYLES: tuple[str, ...] = ("studio", "street")
"""Where a car stands: before a plain ground, or in a street with weather."""


DEFAULT_SIZE = (160, 96)
"""Width and height of a drawing, in pixels."""


@dataclass(frozen=True)
class CarDrawing:
    """A drawn car: `photo` (height, width, 3) RGB and `labels` (height, width), both uint8 and equal to the pixel.

    Label ids are those of the built-in palette `cars`: 0 background, 1 body, 2 tyres (with rims), 3 lights, 4 windows.
    """

    name: str
    photo: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    body_type: str
    facing: str


def name_of_car(index: int) -> str:
    """The name of the car of a number."""
    return f"car-{index:04d}"


def draw_car_picture(
    index: int, *, seed: int = 0, style: str = "studio", size: tuple[int, int] = DEFAULT_SIZE
) -> CarDrawing:
    """Draw car number `index` (0 or more) of the endless series `seed`, at `size` (width, height) pixels.

    The same arguments give the same bytes; shape and place depend on neither style nor on the drawings before.
    Raises ValueError for a style not in STYLES.
    """
    if style not in STYLES:
        raise ValueError(f"style is {style!r}; it must be one of {', '.join(STYLES)}")
    rng = np.random.default_rng([seed, index])
    body = vary(pick(index, seed), rng)
    pose = place(body, size, rng)
    view = board(size)
    look = _surroundings(style, view, body, pose, rng)
    draw_car(with_ruler(view, origin=pose.origin, scale=pose.scale, mirrored=pose.facing == "right"), body, look)
    picture: Floats = photo(view, size)
    if look.grain:
        picture = picture + rng.normal(0.0, look.grain, picture.shape)
    return CarDrawing(
        name=name_of_car(index),
        photo=np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8),
        labels=labels(view, size),
        body_type=body.name,
        facing=pose.facing,
    )


def _surroundings(style: str, view: View, body: Body, pose: Pose, rng: np.random.Generator) -> CarColors:
    """Paint what lies behind the car and return the look that the car has there."""
    if style == "studio":
        paint_studio(view)
        return studio_look(body.name)
    weather = pick_weather(rng)
    paint_street(with_ruler(view, origin=pose.origin, scale=pose.scale), weather, rng)
    return street_look(rng, weather.light, weather.horizon)
