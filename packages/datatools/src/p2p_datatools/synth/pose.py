"""What makes one car unlike the next of its type, and where it stands in the picture.

No colour may be chosen here: style and light come later and must not move a single edge.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from p2p_datatools.synth.bodies import BODIES, Body
from p2p_datatools.synth.curves import Corner, Point

_VIEW = (5.7, 3.3)  # metres of width and height that a picture shows at least, at scale 1
_FULL = 0.95  # share of the picture that a car may fill


@dataclass(frozen=True)
class Pose:
    """Where the front end stands, in picture pixels from the lower left; pixels a metre; "left" or "right"."""

    origin: tuple[float, float]
    scale: float
    facing: str


def pick(index: int, seed: int) -> Body:
    """Return the body type of drawing `index`: any whole round of consecutive drawings holds every type once."""
    turn, place = divmod(index, len(BODIES))
    order: list[int] = np.random.default_rng([seed, turn, 1]).permutation(len(BODIES)).tolist()
    return BODIES[order[place]]


def vary(body: Body, rng: np.random.Generator) -> Body:
    """Return `body` with overhangs, wheelbase, heights, rake and wheels of its own."""
    across = _across(body, rng)
    up = _up(body, rng)
    rake = float(rng.uniform(-0.10, 0.10))
    waist = float(np.mean(body.belt))

    def move(x: float, y: float) -> Point:
        return across(x) + rake * max(y - waist, 0.0), up(y)

    def move_all(points: tuple[Point, ...]) -> tuple[Point, ...]:
        return tuple(move(x, y) for x, y in points)

    return replace(
        body,
        corners=tuple(Corner(*move(corner.x, corner.y), corner.soft, corner.bow) for corner in body.corners),
        axles=(across(body.axles[0]), across(body.axles[1])),
        radius=body.radius * float(rng.uniform(0.94, 1.06)),
        belt=(up(body.belt[0]), up(body.belt[1])),
        pillars=tuple(post._replace(x=across(post.x), lean=post.lean + rake) for post in body.pillars),
        head=move_all(body.head),
        tail=move_all(body.tail),
        doors=tuple((across(top), across(bottom)) for top, bottom in body.doors),
        handles=tuple(across(x) for x in body.handles),
    )


def place(body: Body, size: tuple[int, int], rng: np.random.Generator) -> Pose:
    """Stand `body` somewhere in a picture of `size` (width, height) so that all of it is seen."""
    width, height = size
    scale = min(width / _VIEW[0], height / _VIEW[1]) * float(rng.uniform(0.86, 1.12))
    scale = min(scale, _FULL * width / body.length)
    ground = height * float(rng.uniform(0.14, 0.28))
    scale = min(scale, (_FULL * height - ground) / body.height)
    left = (width - body.length * scale) * float(rng.uniform(0.12, 0.88))
    facing = "left" if rng.random() < 0.5 else "right"
    front = left if facing == "left" else left + body.length * scale
    return Pose(origin=(front, ground), scale=scale, facing=facing)


def _across(body: Body, rng: np.random.Generator) -> Callable[[float], float]:
    knots = np.array([0.0, *body.axles, body.length])
    stretched = np.concatenate([[0.0], np.cumsum(np.diff(knots) * rng.uniform(0.94, 1.06, 3))])
    return lambda x: float(np.interp(x, knots, stretched))


def _up(body: Body, rng: np.random.Generator) -> Callable[[float], float]:
    knots = np.array([0.0, body.sill, float(np.mean(body.belt)), body.height])
    low, high = (0.92, 0.96, 0.93), (1.15, 1.04, 1.08)
    stretched = np.concatenate([[0.0], np.cumsum(np.diff(knots) * rng.uniform(low, high))])
    return lambda y: float(np.interp(y, knots, stretched))
