"""The body types as tables in metres: front at x = 0, ground at y = 0, read from the front bumper over the roof.

Only shapes live here; nothing that paints, and no colour, may.
"""

from dataclasses import dataclass
from typing import NamedTuple

from p2p_datatools.synth.curves import Corner, Point


class Pillar(NamedTuple):
    """A post between two panes: its middle at the belt line, how it leans back per metre of height, its width."""

    x: float
    lean: float
    width: float


@dataclass(frozen=True)
class Body:
    """One car's geometry in metres; where it says x it counts from the front end.

    `corners` is the silhouette, `belt` the height of the window sill at the front and rear axle, `frame` the thickness
    of the windscreen post and of the roof rail, `pillars` the posts from front to rear, the last of which ends the
    glass. `doors` are seams (top x, bottom x), `handles` their handles, `cladding` the height of unpainted plastic.
    """

    name: str
    corners: tuple[Corner, ...]
    axles: tuple[float, float]
    radius: float
    belt: tuple[float, float]
    frame: tuple[float, float]
    pillars: tuple[Pillar, ...]
    head: tuple[Point, ...]
    tail: tuple[Point, ...]
    doors: tuple[tuple[float, float], ...]
    handles: tuple[float, ...]
    cladding: float = 0.0

    @property
    def length(self) -> float:
        """From the front end to the rear end."""
        return max(corner.x for corner in self.corners)

    @property
    def height(self) -> float:
        """Height of the highest corner; the roof bows a little above it."""
        return max(corner.y for corner in self.corners)

    @property
    def sill(self) -> float:
        """Height of the lower edge between the axles."""
        return min(corner.y for corner in self.corners)


_HATCHBACK = Body(
    name="hatchback",
    corners=(
        Corner(0.16, 0.20, 0.06),
        Corner(0.03, 0.36, 0.10, 0.01),
        Corner(0.00, 0.60, 0.14, 0.02),
        Corner(0.14, 0.75, 0.22, 0.05),
        Corner(1.04, 0.98, 0.16, 0.03),
        Corner(1.84, 1.44, 0.50, 0.05),
        Corner(3.36, 1.45, 0.26, 0.03),
        Corner(3.84, 1.02, 0.12, 0.01),
        Corner(4.00, 0.82, 0.14, 0.01),
        Corner(4.03, 0.48, 0.12),
        Corner(3.92, 0.20, 0.08),
    ),
    axles=(0.80, 3.36),
    radius=0.335,
    belt=(0.95, 1.04),
    frame=(0.10, 0.075),
    pillars=(Pillar(2.30, -0.10, 0.11), Pillar(3.34, -0.30, 0.10)),
    head=((0.03, 0.52), (0.10, 0.74), (0.52, 0.87), (0.60, 0.82), (0.40, 0.58)),
    tail=((4.02, 0.98), (4.05, 0.68), (3.78, 0.70), (3.72, 0.84), (3.80, 1.02)),
    doors=((1.28, 1.24), (2.30, 2.30), (3.30, 3.02)),
    handles=(2.12, 3.06),
)

_SALOON = Body(
    name="saloon",
    corners=(
        Corner(0.16, 0.19, 0.06),
        Corner(0.03, 0.35, 0.10, 0.01),
        Corner(0.00, 0.58, 0.14, 0.02),
        Corner(0.14, 0.72, 0.22, 0.05),
        Corner(1.36, 0.95, 0.18, 0.03),
        Corner(2.18, 1.39, 0.50, 0.05),
        Corner(3.20, 1.39, 0.50, 0.04),
        Corner(4.02, 1.04, 0.22, 0.02),
        Corner(4.66, 0.99, 0.12, 0.01),
        Corner(4.75, 0.74, 0.12, 0.01),
        Corner(4.74, 0.46, 0.12),
        Corner(4.62, 0.20, 0.08),
    ),
    axles=(0.88, 3.72),
    radius=0.35,
    belt=(0.93, 1.01),
    frame=(0.10, 0.075),
    pillars=(Pillar(2.56, -0.10, 0.11), Pillar(3.36, -0.40, 0.07), Pillar(3.84, -1.00, 0.14)),
    head=((0.03, 0.50), (0.09, 0.71), (0.56, 0.83), (0.64, 0.78), (0.44, 0.56)),
    tail=((4.66, 0.97), (4.77, 0.68), (4.38, 0.70), (4.24, 0.84), (4.32, 0.94)),
    doors=((1.62, 1.50), (2.56, 2.54), (3.44, 3.32)),
    handles=(2.36, 3.26),
)

_ESTATE = Body(
    name="estate",
    corners=(
        Corner(0.16, 0.19, 0.06),
        Corner(0.03, 0.35, 0.10, 0.01),
        Corner(0.00, 0.58, 0.14, 0.02),
        Corner(0.14, 0.72, 0.22, 0.05),
        Corner(1.34, 0.95, 0.18, 0.03),
        Corner(2.14, 1.42, 0.50, 0.05),
        Corner(4.22, 1.41, 0.20, 0.02),
        Corner(4.62, 0.99, 0.14, 0.01),
        Corner(4.74, 0.76, 0.12, 0.01),
        Corner(4.74, 0.46, 0.12),
        Corner(4.62, 0.20, 0.08),
    ),
    axles=(0.88, 3.70),
    radius=0.35,
    belt=(0.93, 1.00),
    frame=(0.10, 0.075),
    pillars=(Pillar(2.52, -0.10, 0.11), Pillar(3.38, -0.12, 0.11), Pillar(4.30, -0.75, 0.10)),
    head=((0.03, 0.50), (0.09, 0.71), (0.56, 0.83), (0.64, 0.78), (0.44, 0.56)),
    tail=((4.62, 1.00), (4.77, 0.70), (4.50, 0.66), (4.40, 0.84), (4.44, 1.02)),
    doors=((1.60, 1.48), (2.52, 2.50), (3.40, 3.28)),
    handles=(2.32, 3.20),
)

_SUV = Body(
    name="suv",
    corners=(
        Corner(0.16, 0.30, 0.08),
        Corner(0.03, 0.48, 0.10, 0.01),
        Corner(0.00, 0.80, 0.14, 0.02),
        Corner(0.10, 0.97, 0.20, 0.04),
        Corner(1.14, 1.14, 0.16, 0.02),
        Corner(1.78, 1.67, 0.36, 0.04),
        Corner(3.86, 1.67, 0.22, 0.02),
        Corner(4.32, 1.18, 0.12, 0.01),
        Corner(4.50, 0.96, 0.14, 0.01),
        Corner(4.55, 0.62, 0.12),
        Corner(4.42, 0.31, 0.10),
    ),
    axles=(0.88, 3.58),
    radius=0.40,
    belt=(1.12, 1.20),
    frame=(0.11, 0.085),
    pillars=(Pillar(2.28, -0.08, 0.13), Pillar(3.20, -0.16, 0.13), Pillar(4.00, -0.60, 0.10)),
    head=((0.02, 0.74), (0.07, 0.95), (0.50, 1.02), (0.56, 0.92), (0.44, 0.78)),
    tail=((4.46, 1.16), (4.56, 0.84), (4.26, 0.82), (4.18, 1.02), (4.28, 1.18)),
    doors=((1.36, 1.34), (2.28, 2.28), (3.22, 2.96)),
    handles=(2.08, 3.02),
    cladding=0.16,
)

_COUPE = Body(
    name="coupe",
    corners=(
        Corner(0.18, 0.16, 0.06),
        Corner(0.03, 0.30, 0.08, 0.01),
        Corner(0.00, 0.50, 0.14, 0.02),
        Corner(0.18, 0.66, 0.26, 0.07),
        Corner(1.52, 0.89, 0.22, 0.02),
        Corner(2.26, 1.23, 0.50, 0.03),
        Corner(2.86, 1.22, 0.55, 0.06),
        Corner(4.22, 0.90, 0.20, 0.00),
        Corner(4.42, 0.88, 0.06, 0.01),
        Corner(4.47, 0.64, 0.10, 0.01),
        Corner(4.45, 0.40, 0.10),
        Corner(4.32, 0.18, 0.06),
    ),
    axles=(0.92, 3.50),
    radius=0.35,
    belt=(0.84, 0.93),
    frame=(0.09, 0.07),
    pillars=(Pillar(2.96, -0.55, 0.09), Pillar(3.62, -1.60, 0.14)),
    head=((0.04, 0.44), (0.12, 0.65), (0.56, 0.79), (0.66, 0.76), (0.44, 0.50)),
    tail=((4.42, 0.86), (4.50, 0.58), (4.10, 0.60), (3.92, 0.74), (4.00, 0.84)),
    doors=((1.66, 1.52), (2.98, 2.90)),
    handles=(2.78,),
)

_PICKUP = Body(
    name="pickup",
    corners=(
        Corner(0.14, 0.36, 0.08),
        Corner(0.02, 0.52, 0.08, 0.01),
        Corner(0.00, 0.90, 0.12, 0.01),
        Corner(0.10, 1.03, 0.16, 0.03),
        Corner(1.30, 1.15, 0.14, 0.02),
        Corner(1.86, 1.72, 0.30, 0.03),
        Corner(3.02, 1.72, 0.18, 0.01),
        Corner(3.28, 1.17, 0.06, 0.00),
        Corner(5.10, 1.14, 0.05, 0.00),
        Corner(5.16, 0.84, 0.06, 0.01),
        Corner(5.18, 0.52, 0.08),
        Corner(5.08, 0.38, 0.06),
    ),
    axles=(0.94, 4.12),
    radius=0.41,
    belt=(1.13, 1.17),
    frame=(0.11, 0.09),
    pillars=(Pillar(2.30, -0.06, 0.13), Pillar(3.16, -0.32, 0.10)),
    head=((0.02, 0.80), (0.05, 1.01), (0.42, 1.06), (0.46, 0.84), (0.36, 0.78)),
    tail=((5.12, 1.12), (5.18, 0.76), (4.94, 0.74), (4.92, 1.12)),
    doors=((1.46, 1.46), (2.30, 2.30), (3.14, 3.14), (3.34, 3.34)),
    handles=(2.10, 2.94),
    cladding=0.10,
)

_VAN = Body(
    name="van",
    corners=(
        Corner(0.14, 0.24, 0.08),
        Corner(0.02, 0.42, 0.10, 0.01),
        Corner(0.00, 0.74, 0.16, 0.02),
        Corner(0.12, 0.94, 0.20, 0.03),
        Corner(0.66, 1.14, 0.16, 0.03),
        Corner(1.34, 1.92, 0.50, 0.06),
        Corner(4.72, 2.00, 0.14, 0.01),
        Corner(4.90, 1.10, 0.20, 0.01),
        Corner(4.94, 0.50, 0.10),
        Corner(4.84, 0.25, 0.06),
    ),
    axles=(0.90, 3.92),
    radius=0.37,
    belt=(1.14, 1.16),
    frame=(0.13, 0.20),
    pillars=(Pillar(1.98, -0.06, 0.12),),
    head=((0.02, 0.66), (0.06, 0.90), (0.34, 1.04), (0.50, 1.02), (0.34, 0.74)),
    tail=((4.92, 1.30), (4.96, 0.80), (4.74, 0.80), (4.72, 1.30)),
    doors=((1.04, 1.30), (1.98, 1.98), (3.14, 3.14)),
    handles=(1.80, 2.14),
)

BODIES: tuple[Body, ...] = (_HATCHBACK, _SALOON, _ESTATE, _SUV, _COUPE, _PICKUP, _VAN)
BODY_TYPES: tuple[str, ...] = tuple(body.name for body in BODIES)
"""The kinds of cars that are drawn."""
