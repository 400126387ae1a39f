"""Panels of curves as SVG inside a page: axes, ticks, marks and a legend, each series with its own colour.

Nothing here may hide a value that is finite, or know what it means.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from p2p_datatools.contract.curves import CurvePoints, Look, Mark, Panel, look_of
from p2p_datatools.contract.pages.elements import Markup, make_element

# Of a panel, in the units of its picture, which are about pixels on a screen.
_WIDTH, _HEIGHT = 360, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 10, 10, 36
_MOST_POINTS = 400  # of a curve; of more, the smallest and the largest of each stretch are drawn
_TICKS = 4  # intervals between the ticks of an axis, about
_LINE = 1.8  # the width of a curve
_MANY = 8  # series from which on the panels share one legend
_THOUSAND = 1000


class _Axis(NamedTuple):
    """A scale: its ends, and the values at which it has ticks."""

    low: float
    high: float
    ticks: Sequence[float]

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one."""
        return (value - self.low) / (self.high - self.low)


def draw_panels(panels: Sequence[Panel], *, across: str) -> Markup:
    """The panels side by side; a label has the same look in all of them, and `across` says what x counts."""
    labels = list(dict.fromkeys(label for panel in panels for label in panel.series))
    looks = {label: look_of(place) for place, label in enumerate(labels)}
    shared = len(labels) > _MANY
    drawn = [_draw_panel(panel, looks, across, with_legend=not shared) for panel in panels]
    entries = (_entry(label, place, looks[label]) for place, label in enumerate(labels))
    legend = [make_element("ul", *entries, class_="legend shared")] if shared else []
    return make_element("div", *legend, make_element("div", *drawn, class_="panels"), class_="curves")


def style_of_series(count: int) -> str:
    """The rules that colour so many series, in light and in dark."""
    light = ";".join(f"--s{place}:{look_of(place).color}" for place in range(count))
    dark = ";".join(f"--s{place}:{look_of(place).on_dark}" for place in range(count))
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}" if count else ""


def _draw_panel(panel: Panel, looks: dict[str, Look], across: str, *, with_legend: bool) -> Markup:
    curves = {label: _finite(points) for label, points in panel.series.items()}
    every = [point for points in curves.values() for point in points]
    title = make_element("figcaption", make_element("span", panel.title, class_="name"), " ", panel.meaning)
    if not every:
        return make_element("figure", title, make_element("p", "No numbers.", class_="note"))
    xs = _axis([x for x, _ in every] + [mark.x for mark in panel.marks], tight=True)
    ys = _axis([y for _, y in every])
    places = {label: place for place, label in enumerate(looks)}
    lines = [_curve(label, points, xs, ys, places[label], looks[label]) for label, points in curves.items() if points]
    parts = [*_grid(xs, ys, across), *(_mark(mark, xs) for mark in panel.marks), *lines]
    picture = make_element(
        "svg",
        *parts,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=_in_words(panel, curves),
        tabindex="0",
        # From which the script computes the values under the pointer.
        data_area=f"{_LEFT} {_TOP} {_WIDTH - _RIGHT} {_HEIGHT - _BOTTOM}",
        data_x=f"{xs.low!r} {xs.high!r}",
        data_y=f"{ys.low!r} {ys.high!r}",
    )
    entries = [_entry(label, places[label], looks[label], points) for label, points in curves.items() if points]
    legend = [make_element("ul", *entries, class_="legend")] if with_legend else []
    events = [make_element("p", _events(panel.marks), class_="note")] if panel.marks else []
    return make_element("figure", title, picture, *legend, *events)


def _finite(points: CurvePoints) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def _axis(values: Sequence[float], *, tight: bool = False) -> _Axis:
    """A scale with round ticks that holds all values; a `tight` one ends where they end."""
    low, high = min(values), max(values)
    if not tight and 0 < low < high / 2:
        low = 0.0  # a ratio can be seen
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    step = _round_step((high - low) / _TICKS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [round(number * step, 12) for number in range(first, last + 1)]
    if tight:
        return _Axis(low, high, [tick for tick in ticks if low <= tick <= high] or [low, high])
    return _Axis(min(ticks[0], low), max(ticks[-1], high), ticks)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= least * (1 - 1e-9))


def _x(value: float, axis: _Axis) -> str:
    return f"{_LEFT + axis.share(value) * (_WIDTH - _RIGHT - _LEFT):.2f}"


def _y(value: float, axis: _Axis) -> str:
    return f"{_HEIGHT - _BOTTOM - axis.share(value) * (_HEIGHT - _BOTTOM - _TOP):.2f}"


def _grid(xs: _Axis, ys: _Axis, across: str) -> Iterable[Markup]:
    """The lines and numbers of both axes."""
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for tick in ys.ticks:
        y = _y(tick, ys)
        yield make_element("path", d=f"M{_LEFT} {y}H{right}", class_="grid")
        yield make_element("text", number_text(tick, ys.ticks), x=_LEFT - 6, y=y, dy=".32em", class_="end")
    yield make_element("path", d=f"M{_LEFT} {bottom}H{right}", class_="axis")
    for tick in xs.ticks:
        x = _x(tick, xs)
        yield make_element("path", d=f"M{x} {bottom}v4", class_="axis")
        yield make_element("text", number_text(tick, xs.ticks), x=x, y=bottom + 16, class_="middle")
    yield make_element("text", across, x=(_LEFT + right) / 2, y=_HEIGHT - 4, class_="middle")


def number_text(value: float, ticks: Sequence[float]) -> str:
    """A tick's number with as many digits as tell it from its neighbours: 0.05, 14, 2.5k, 1e-05."""
    if value == 0:
        return "0"
    largest = max(abs(each) for each in ticks)
    step = min((b - a for a, b in pairwise(ticks)), default=largest) or 1.0
    if largest and (largest < 1e-3 or largest >= 1e9):
        return f"{value:.3g}"
    if largest >= 10 * _THOUSAND and step >= _THOUSAND / 10:
        return f"{value / _THOUSAND:g}k" if largest < _THOUSAND**2 else f"{value / _THOUSAND**2:g}M"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    digits += not math.isclose(round(step, digits), step, rel_tol=1e-6)
    return f"{value:,.{digits}f}"


def _curve(label: str, points: CurvePoints, xs: _Axis, ys: _Axis, place: int, look: Look) -> Markup:
    """A curve, or a dot for a single point."""
    if len(points) == 1:
        ((x, y),) = points
        return make_element("circle", cx=_x(x, xs), cy=_y(y, ys), r=3, style=f"fill:var(--s{place})", data_label=label)
    line = " ".join(f"{_x(x, xs)},{_y(y, ys)}" for x, y in _thin(points))
    dashes = " ".join(f"{each * _LINE:g}" for each in look.dashes) or None
    return make_element(
        "polyline",
        points=line,
        style=f"stroke:var(--s{place})",
        stroke_width=_LINE,
        stroke_dasharray=dashes,
        data_label=label,
    )


def _thin(points: CurvePoints) -> CurvePoints:
    """Few enough points that show the same: of each stretch the first, the smallest and the largest, in their order."""
    if len(points) <= _MOST_POINTS:
        return points
    stretch = math.ceil(len(points) / (_MOST_POINTS // 3))
    kept = [len(points) - 1]
    for start in range(0, len(points), stretch):
        indices = range(start, min(start + stretch, len(points)))
        kept += [
            start,
            min(indices, key=lambda index: points[index][1]),
            max(indices, key=lambda index: points[index][1]),
        ]
    return [points[index] for index in sorted(set(kept))]


def _mark(mark: Mark, xs: _Axis) -> Markup:
    return make_element(
        "path", d=f"M{_x(mark.x, xs)} {_TOP}V{_HEIGHT - _BOTTOM}", class_="bad mark" if mark.bad else "mark"
    )


def _events(marks: Sequence[Mark]) -> str:
    return "Dashed: " + ", ".join(f"{mark.text} at {mark.x:,.0f}" for mark in marks) + "."


def _entry(label: str, place: int, look: Look, points: CurvePoints = ()) -> Markup:
    """A line of a legend: how the series looks, its label, and its last value."""
    dashes = " ".join(f"{each * _LINE:g}" for each in look.dashes) or None
    line = make_element("path", d="M0 5h24", style=f"stroke:var(--s{place})", stroke_dasharray=dashes)
    swatch = make_element("svg", line, viewBox="0 0 24 10", class_="swatch", aria_hidden="true")
    value = [" ", make_element("output", f"{points[-1][1]:.4g}", data_label=label)] if points else []
    return make_element("li", swatch, " ", label, *value)


def _in_words(panel: Panel, curves: dict[str, list[tuple[float, float]]]) -> str:
    """What a person who cannot see the curves is told."""
    lines = [
        f"{label}: {points[0][1]:.4g} at {points[0][0]:,.0f}, {points[-1][1]:.4g} at {points[-1][0]:,.0f}, smallest "
        f"{min(y for _, y in points):.4g}, largest {max(y for _, y in points):.4g}"
        for label, points in curves.items()
        if points
    ]
    return f"{panel.title}. {'. '.join(lines)}."
