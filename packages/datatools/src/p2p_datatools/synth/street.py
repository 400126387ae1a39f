"""What is behind a car: the plain ground of the studio, the same for every car, or a street in some weather.

Nothing here may know the car; the studio depends on the size of the picture alone.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from p2p_datatools.synth.canvas import View
from p2p_datatools.synth.curves import Floats, smoothstep
from p2p_datatools.synth.looks import FloatColor, color, mix
from p2p_datatools.synth.scenery import SCENERIES, rectangle

_STOPS = ((0.0, "#c3c8ce"), (0.22, "#d3d7db"), (0.34, "#e6e8ea"), (0.60, "#eef0f1"), (1.0, "#dfe3e8"))


def paint_studio(view: View) -> None:
    """Cover the whole board, from floor (bottom) over the bend to the wall (top)."""
    height = view.y / (view.y[0, 0] + view.y[-1, 0])
    places = [place for place, _ in _STOPS]
    table = np.array([color(text) for _, text in _STOPS])
    view.rgb[:] = np.stack([np.interp(height, places, table[:, band]) for band in range(3)])


_KERB, _PAVEMENT, _FRONT = 0.34, 0.42, 0.62  # metres above the tyres' foot: road, kerb face and pavement end here


@dataclass(frozen=True)
class Weather:
    """Colours in 0..1 of the sky overhead and low down, and of the light that everything is multiplied by."""

    zenith: FloatColor
    horizon: FloatColor
    light: FloatColor


_WEATHERS = (
    Weather(color("#5d9ad3"), color("#cfe2f1"), color("#fffdf6")),  # noon
    Weather(color("#aeb7c0"), color("#dadee1"), color("#dbe0e6")),  # overcast
    Weather(color("#7ea2c8"), color("#f5d6a8"), color("#fff0cc")),  # late afternoon
    Weather(color("#54699a"), color("#eeb48c"), color("#d6c0bd")),  # dusk
    Weather(color("#9dbbd6"), color("#efe8e0"), color("#f0f0f2")),  # winter morning
)
_ASPHALT = ("#56585b", "#626364", "#6d6b68", "#48494d")
_STONE = ("#a5a29c", "#98999b", "#b3aa9b")


def pick_weather(rng: np.random.Generator) -> Weather:
    """Choose one of the kinds of weather at random, with its colours changed a little."""
    weather = _WEATHERS[rng.integers(len(_WEATHERS))]
    drift = rng.uniform(0.97, 1.03, 3)
    zenith, horizon = (np.clip(part * drift, 0, 1).astype(np.float32) for part in (weather.zenith, weather.horizon))
    return Weather(zenith, horizon, (weather.light * np.float32(rng.uniform(0.92, 1.0))).astype(np.float32))


def paint_street(view: View, weather: Weather, rng: np.random.Generator) -> None:
    """Cover the whole of `view`, in metres from where the car stands; the far side of the street is out of focus."""
    _sky(view, weather, rng)
    far = view.cut(view.box(*view.reach, _FRONT - 0.4, view.rise[1]))
    SCENERIES[rng.integers(len(SCENERIES))](far, _FRONT, weather.horizon, weather.light, rng)
    for band in far.rgb:
        band[:] = cv2.GaussianBlur(band, (0, 0), 0.022 * view.density)
    _ground(view, weather, rng)


def _sky(view: View, weather: Weather, rng: np.random.Generator) -> None:
    rise = smoothstep(_FRONT, 3.2, view.y)
    view.rgb[:] = mix(weather.horizon, weather.zenith, rise)
    for _ in range(rng.integers(0, 6)):
        x, y = rng.uniform(*view.reach), rng.uniform(1.3, 3.2)
        long, high = rng.uniform(0.5, 1.6), rng.uniform(0.06, 0.2)
        part = view.cut(view.box(x - long, x + long, y - high, y + high))
        cloud = smoothstep(1.0, 0.1, np.hypot((part.x - float(x)) / float(long), (part.y - float(y)) / float(high)))
        part.blend(0.55 * cloud, np.clip(weather.horizon * 1.08, 0, 1))


def _ground(view: View, weather: Weather, rng: np.random.Generator) -> None:
    stone = color(str(rng.choice(_STONE))) * weather.light
    rectangle(view, (-np.inf, np.inf), (_PAVEMENT, _FRONT), stone * 1.05)
    rectangle(view, (-np.inf, np.inf), (_KERB, _PAVEMENT), stone * 0.72)
    slab = 0.9 + 0.2 * rng.random()
    for x in np.arange(np.floor(view.reach[0]), view.reach[1], slab):
        rectangle(view, (x, x + 0.02), (_KERB, _FRONT), stone * 0.62)
    road = view.cut(view.box(*view.reach, view.rise[0], _KERB))
    asphalt = color(str(rng.choice(_ASPHALT))) * weather.light
    near = 0.94 + 0.16 * smoothstep(_KERB, -0.8, road.y) - 0.35 * smoothstep(0.1, _KERB, road.y) ** 3
    road.rgb[:] = asphalt[:, None, None] * (near + _patches(road, rng))
    if rng.random() < 0.6:
        _lane(road, weather, rng)


def _lane(road: View, weather: Weather, rng: np.random.Generator) -> None:
    paint = color("#e6e4dc") * weather.light
    y = -0.55 - 0.2 * rng.random()
    dash = 1.6 if rng.random() < 0.6 else np.inf
    start = road.reach[0] - rng.uniform(0, 1.6)
    for x in np.arange(start, road.reach[1], 2.8) if np.isfinite(dash) else [-np.inf]:
        rectangle(road, (x, x + dash), (y - 0.05, y + 0.05), paint)


def _patches(road: View, rng: np.random.Generator) -> Floats:
    # Drawn on a coarse grid of fixed size, so that the road looks the same at every size of picture.
    coarse = rng.normal(0.0, 0.025, (48, 120)).astype(np.float32)
    height, width = road.ids.shape
    fine: Floats = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return fine
