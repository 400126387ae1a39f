"""One drawing from its number: pick a body, vary it, stand it somewhere, paint style and car, average down.

This is the only place that knows styles by name; nothing random may come from anywhere but the seed and the index.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import View, board, labels, photo, ruled
from p2p_datatools.synth.car import draw_car
from p2p_datatools.synth.curves import Floats
from p2p_datatools.synth.looks import Look, street_look, studio_look
from p2p_datatools.synth.pose import Pose, pick, place, vary
from p2p_datatools.synth.street import paint_street, pick_weather
from p2p_datatools.synth.studio import paint_studio

STYLES: tuple[str, ...] = ("studio", "street")
DEFAULT_SIZE = (160, 96)


@dataclass(frozen=True)
class Drawing:
    """A drawn car: `photo` (height, width, 3) RGB and `labels` (height, width), both uint8 and equal to the pixel.

    Label ids are those of the built-in palette `cars`: 0 background, 1 body, 2 tyres (with rims), 3 lights, 4 windows.
    """

    name: str
    photo: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    body_type: str
    facing: str


def draw(index: int, *, seed: int = 0, style: str = "studio", size: tuple[int, int] = DEFAULT_SIZE) -> Drawing:
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
    draw_car(ruled(view, origin=pose.origin, scale=pose.scale, mirrored=pose.facing == "right"), body, look)
    picture: Floats = photo(view, size)
    if look.grain:
        picture = picture + rng.normal(0.0, look.grain, picture.shape)
    return Drawing(
        name=f"car-{index:04d}",
        photo=np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8),
        labels=labels(view, size),
        body_type=body.name,
        facing=pose.facing,
    )


def _surroundings(style: str, view: View, body: Body, pose: Pose, rng: np.random.Generator) -> Look:
    """Paint what lies behind the car and return the look that the car has there."""
    if style == "studio":
        paint_studio(view)
        return studio_look(body.name)
    weather = pick_weather(rng)
    paint_street(ruled(view, origin=pose.origin, scale=pose.scale), weather, rng)
    return street_look(rng, weather.light, weather.horizon)
