"""Outlines from the numbers in label files: polygons, boxes, circles and ellipses, each checked.

Nothing here may know a file format or paint; what cannot be an outline is an error that says why.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.foreign import ForeignPlace
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import EXPORT_AGAIN, Points, Polygon, bad_shape

_OUTLINE, _ROTATION = "its outline", "its rotation"
_FARTHEST = 1e9  # a larger coordinate is damage, not a point outside the picture
_CHORD = 0.001  # pixels by which the straight sides of a drawn ellipse may differ from it
_MOST_SIDES = 4096
_FEWEST = 6  # numbers of an outline
_XY = frozenset({"x", "y"})  # of a point that is an object
_SURELY = 1e-3  # square pixels that no rounding of coordinates up to 100,000 can make of a line


def polygon(points: Any, where: str, *, form: str = "x, y, x, y, ...", name: str = _OUTLINE) -> Polygon:
    """A polygon from a list of coordinates, flat or in pairs; `form` is how the format writes it, `name` its key there.

    Raises P2PError for fewer than 3 points, and for what is not a finite number.
    """
    outer = _points(points, where, form, name)
    if len(outer) < 3:
        raise bad_shape(where, f"a polygon needs 3 points and has {len(outer)}", code="bad-outline")
    return Polygon(outer)


def box(corners: Any, where: str, *, degrees: Any = 0, about_corner: bool = False, name: str = _OUTLINE) -> Polygon:
    """A box from two opposite corners x, y, x, y, turned clockwise about its centre, or its top left corner."""
    points = _points(corners, where, "x, y, x, y", name)
    if len(points) != 2:
        raise bad_shape(where, f"a box needs 2 corners and has {len(points)}", code="bad-outline")
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    outer = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return Polygon(_turn(outer, number(degrees, where, _ROTATION), outer[0] if about_corner else None), is_box=True)


def box_at(
    left: Any, top: Any, width: Any, height: Any, where: str, *, degrees: Any = 0, about_corner: bool = False
) -> Polygon:
    """A box from its top left corner and its size, turned as `box` turns it.

    Raises P2PError for a negative size, of which nobody can tell to which side of the corner it was meant.
    """
    x, y = number(left, where, "the left of its box"), number(top, where, "the top of its box")
    wide, high = number(width, where, "the width of its box"), number(height, where, "the height of its box")
    if min(wide, high) < 0:
        raise bad_shape(where, f"a box cannot be {wide:g} wide and {high:g} high", code="bad-outline")
    return box((x, y, x + wide, y + high), where, degrees=degrees, about_corner=about_corner)


def has_area(shape: Polygon) -> bool:
    """Whether an outline encloses anything, which it does not when all its points lie on a line or are one."""
    if len(shape.outer) < 3:
        return False
    (x, y), (a, b), (c, d) = shape.outer[:3].tolist()
    if abs((a - x) * (d - y) - (c - x) * (b - y)) > _SURELY:
        return True  # as nearly always, and much faster
    away = shape.outer - shape.outer[0]
    far = away[np.argmax((away * away).sum(axis=1))]
    across = away[:, 0] * far[1] - away[:, 1] * far[0]
    # Less than 1e-10 of its length across is what rounding leaves, and reaches the centre of no pixel.
    return bool((np.abs(across) > 1e-10 * float(far @ far)).any())


def has_hole_over_all(shape: Polygon) -> bool:
    """Whether one of its holes covers all of an outline, as where a file has the two in the wrong order."""
    return any(
        (hole.min(axis=0) <= shape.outer.min(axis=0)).all()
        and (hole.max(axis=0) >= shape.outer.max(axis=0)).all()
        and all(cv2.pointPolygonTest(hole.astype(np.float32), point, False) >= 0 for point in shape.outer.tolist())
        for hole in shape.holes
    )


def even_odd(outlines: Sequence[Polygon]) -> Polygon:
    """One outline whose inside is what lies in an odd number of `outlines`, so that one within another is a hole.

    They are strung together at the first point of the first. Each string is run along twice, there and back, and so
    changes nothing of what is inside.
    """
    first, *others = (each.outer for each in outlines)
    if not others:
        return Polygon(first)
    start = first[:1]
    rings = [np.concatenate([start, ring, ring[:1]]) for ring in others]
    return Polygon(np.concatenate([first, *rings]))


def ellipse(centre: Any, radii: Any, where: str, *, degrees: Any = 0) -> Polygon:
    """An ellipse of `radii` (x, y) about `centre` (x, y), turned clockwise, with sides too short to be seen."""
    ((x, y),), (radius,) = _points(centre, where, "x, y", "its centre"), _points(radii, where, "rx, ry", "its radii")
    if radius.min() < 0:
        raise bad_shape(where, f"has the negative radius {radius.min():g}", code="bad-outline")
    angles = np.linspace(0, 2 * math.pi, _sides(float(radius.max())), endpoint=False)
    outer = np.array([x, y]) + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Polygon(_turn(outer, number(degrees, where, _ROTATION)))


def number(value: Any, where: str, name: str = "a coordinate") -> float:
    """A number, or a text that is one as XML has them, called `name` in errors; raises P2PError for anything else."""
    if type(value) in (float, int) and -_FARTHEST <= value <= _FARTHEST:
        return float(value)  # as nearly always, and there may be millions
    at = ForeignPlace(where, to_do=EXPORT_AGAIN, code="bad-number")
    return float(at.read_number(value, name, most=_FARTHEST, from_text=True))


def unknown_shape(where: str, what: str, known: Iterable[str] = (), to_do: str = "Draw it as a polygon.") -> P2PError:
    """The error that the kind of a shape, which `what` tells, is none of the `known` ones."""
    shapes = ", ".join(known)
    told = f"{to_do} Known shapes are {shapes}." if shapes else to_do
    return P2PError(where, f"{what} is not known", told, code="unknown-shape")


def _sides(radius: float) -> int:
    """How many sides stay within _CHORD of a circle: a side of angle a differs by r (1 - cos(a / 2))."""
    if radius <= _CHORD:
        return 8
    return min(_MOST_SIDES, max(8, math.ceil(math.pi / math.acos(1 - _CHORD / radius))))


def _turn(outer: Points, degrees: float, about: Points | None = None) -> Points:
    if not degrees:
        return outer
    centre = (outer.min(axis=0) + outer.max(axis=0)) / 2 if about is None else about
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    # y points down, so that this turns clockwise for the eye.
    return np.asarray((outer - centre) @ np.array([[cos, sin], [-sin, cos]]) + centre)


def _points(values: Any, where: str, form: str, name: str) -> Points:
    if are_named_points(values):
        values = [(each["x"], each["y"]) for each in values]
    try:
        found = np.array(values, dtype=np.float64)
        points = found.reshape(-1, 2)
        if found.shape[-2:] == (1, 2):  # OpenCV's contours have a list around each point
            found = points
    except (TypeError, ValueError, OverflowError) as error:
        raise _not_points(values, where, form, name) from error
    if not (np.abs(points) <= _FARTHEST).all():
        raise _not_points(values, where, form, name)
    *outer, last = found.shape
    count = math.prod(outer)
    if last != 2 and (count > 1 or (outer and last % 2)) and (last % 2 or last < _FEWEST):  # cut into other points
        what = f"{name} has points of {plural(last, 'coordinate')}"
        raise P2PError(where, what, "Export the labels with x and y of each point.", code="bad-outline")
    several = math.prod(outer[:-1]) if last == 2 else count
    if several > 1:  # they would be strung together
        what, to_do = f"{name} has {several} outlines where one is meant", "Write each as a shape of its own."
        raise P2PError(where, what, to_do, code="bad-outline")
    return points


def are_named_points(values: Any) -> bool:
    """Whether it is a list of objects with x and y, as programs for browsers write points."""
    return (
        isinstance(values, list)
        and bool(values)
        and all(isinstance(each, dict) and each.keys() >= _XY for each in values)
    )


def _not_points(values: Any, where: str, form: str, name: str) -> P2PError:
    at = ForeignPlace(where, to_do="Export the labels again, or draw it again.", code="bad-outline")
    wanted = f"a list {form} of numbers from -{_FARTHEST:g} to {_FARTHEST:g}"
    return at.refuse_numbers(values, name, wanted, least=-_FARTHEST, most=_FARTHEST)
