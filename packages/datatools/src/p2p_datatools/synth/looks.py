"""What a car and its surroundings are coloured with: fixed by body type in the studio, drawn by lot in the street.

A look never moves an edge: the same car under another look has the same labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.synth.curves import Floats

FloatColor = NDArray[np.float32]


def color(text: str) -> FloatColor:
    """Read `#rrggbb` as three floats in 0..1."""
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / np.float32(255)


INK = color("#08080a")  # gaps, seams and shade, dark in any light
PLASTIC = color("#212124")


def lit(ink: FloatColor, shade: Floats) -> Floats:
    """Return the colour planes (3, h, w) of `ink` under `shade` (h, w), clipped to 0..1."""
    planes: Floats = np.clip(ink[:, None, None] * shade, 0, 1)
    return planes


def mix(a: FloatColor, b: FloatColor, share: Floats) -> Floats:
    """Return the colour planes (3, h, w) that go from `a` to `b` by `share` (h, w) in 0..1."""
    planes: Floats = a[:, None, None] + (b - a)[:, None, None] * share
    return planes


@dataclass(frozen=True)
class CarColors:
    """Colours in 0..1 of one car and of the light it stands in.

    `light` multiplies everything it falls on, `sky` and `ground` are what paint and glass mirror, `gloss` in 0..1 is
    how much of it, `spokes` the count and half width (in rim radii) of the rim's spokes, `grain` the camera's noise.
    """

    paint: FloatColor
    rim: FloatColor
    spokes: tuple[int, float]
    glass: FloatColor
    light: FloatColor
    sky: FloatColor
    ground: FloatColor
    gloss: float
    grain: float


# A small network tells a van or a pickup from the rest at a glance, and the others only by their proportions: those
# have neighbouring colours, so that its doubt shows as a shade between them and not as patches.
_STUDIO_PAINT = {
    "coupe": "#b3123a",
    "saloon": "#c4202c",
    "hatchback": "#d2342a",
    "estate": "#cc2a2e",
    "suv": "#dd6a1f",
    "pickup": "#138a8a",
    "van": "#5b56b0",
}
_SPOKES = {
    "hatchback": (5, 0.15),
    "saloon": (10, 0.07),
    "estate": (7, 0.11),
    "suv": (6, 0.16),
    "coupe": (5, 0.10),
    "pickup": (8, 0.12),
    "van": (4, 0.26),
}
_STREET_PAINT = (
    "#ededeb", "#e6e3da", "#c3c7cb", "#9a9fa5", "#666b72", "#373c43", "#1d1f23", "#23283a", "#c0202a", "#a3182b",
    "#1f4c94", "#2f6cb5", "#74a5cc", "#1f5c48", "#7d9a6a", "#b39a72", "#d2c09a", "#dd7a26", "#e6b93a", "#6a2f3a",
)  # fmt: skip
_RIMS = ("#c8ccd0", "#a9adb2", "#7d8186", "#4a4d52")
_GLASS = ("#1c242b", "#222b2c", "#2a3338", "#15181b")


def studio_look(body_type: str) -> CarColors:
    """Return the one look that `body_type` has in the studio."""
    return CarColors(
        paint=color(_STUDIO_PAINT[body_type]),
        rim=color("#c9ced4"),
        spokes=_SPOKES[body_type],
        glass=color("#1d2730"),
        light=color("#ffffff"),
        sky=color("#f2f6fa"),
        ground=color("#585c62"),
        gloss=0.62,
        grain=0.0,
    )


def street_look(rng: np.random.Generator, light: Floats, sky: Floats) -> CarColors:
    """Draw a look by lot for a car that stands in `light` under `sky`, both (3,) in 0..1."""
    paint = color(str(rng.choice(_STREET_PAINT)))
    return CarColors(
        paint=np.clip(paint * rng.uniform(0.9, 1.1) + rng.uniform(-0.012, 0.012, 3), 0.02, 0.95).astype(np.float32),
        rim=color(str(rng.choice(_RIMS))),
        spokes=list(_SPOKES.values())[rng.integers(len(_SPOKES))],
        glass=color(str(rng.choice(_GLASS))),
        light=light.astype(np.float32),
        sky=sky.astype(np.float32),
        ground=color("#4c4a47") * light.astype(np.float32),
        gloss=float(rng.uniform(0.5, 0.8)),
        grain=float(rng.uniform(0.004, 0.012)),
    )
