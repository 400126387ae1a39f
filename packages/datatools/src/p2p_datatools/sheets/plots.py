"""Curves as a picture: one panel for each figure, one line for each series, with axes and a legend.

Nothing here may know what the numbers mean, read them, or write a file.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from p2p_datatools.contract.pictures.images import Photo

Series = Sequence[tuple[float, float]]


Colors = Mapping[str, tuple[int, int, int]]


PANEL, COLUMNS = (360, 220), 3  # pixels; panels in a row


LEFT, RIGHT, TOP, BELOW = 58, 14, 26, 24  # room around a panel's plot


TEXT, TITLE = 11, 14


INK, HAIRLINE = (40, 40, 40), (205, 205, 205)


# Okabe and Ito's colours, which the colour-blind can tell apart; the yellow is left out, for it is lost on white.
COLORS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0), (0, 0, 0))


def draw_curves(panels: Mapping[str, Mapping[str, Series]]) -> Photo:
    """Draw {title: {label: [(x, y), ...]}} as uint8 RGB (height, width, 3); numbers that are none are left out.

    A label has the same colour in every panel. Scales are linear, of each panel by itself, and never hide a value.
    """
    labels = list(dict.fromkeys(label for series in panels.values() for label in series))
    colors = {label: COLORS[index % len(COLORS)] for index, label in enumerate(labels)}
    columns = min(COLUMNS, max(1, len(panels)))
    rows = math.ceil(len(panels) / columns)
    legend = 10 + (TEXT + 7) * len(labels)
    canvas = Image.new("RGB", (columns * PANEL[0], rows * PANEL[1] + legend), (255, 255, 255))
    draw = ImageDraw.Draw(canvas)
    for index, (title, series) in enumerate(panels.items()):
        row, column = divmod(index, columns)
        _panel(draw, (column * PANEL[0], row * PANEL[1]), title, series, colors)
    for index, label in enumerate(labels):
        y = rows * PANEL[1] + 5 + index * (TEXT + 7)
        draw.line((LEFT, y + TEXT // 2, LEFT + 24, y + TEXT // 2), fill=colors[label], width=3)
        draw.text((LEFT + 32, y), label, font=_font(TEXT), fill=INK)
    return np.asarray(canvas)


@dataclass(frozen=True)
class _Plot:
    """Where a panel's values lie in the picture."""

    box: tuple[int, int, int, int]  # left, top, right, bottom
    x: tuple[float, float]  # lowest and highest
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of a point."""
        left, top, right, bottom = self.box
        return (
            left + (x - self.x[0]) / (self.x[1] - self.x[0]) * (right - left),
            bottom - (y - self.y[0]) / (self.y[1] - self.y[0]) * (bottom - top),
        )


def _panel(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], title: str, series: Mapping[str, Series], colors: Colors
) -> None:
    left, top = corner[0] + LEFT, corner[1] + TOP
    draw.text((left, corner[1] + 5), title, font=_font(TITLE), fill=INK)
    finite = {
        label: [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)] for label, points in series.items()
    }
    every = [point for points in finite.values() for point in points]
    if not every:
        draw.text((left, top), "no numbers", font=_font(TEXT), fill=INK)
        return
    x, y = (_span([point[axis] for point in every]) for axis in (0, 1))
    plot = _Plot((left, top, corner[0] + PANEL[0] - RIGHT, corner[1] + PANEL[1] - BELOW), x, y)
    _axes(draw, plot)
    for label, points in finite.items():
        places = [plot.at(*point) for point in points]
        if len(places) == 1:
            across, down = places[0]
            draw.ellipse((across - 2, down - 2, across + 2, down + 2), fill=colors[label])
        elif places:
            draw.line(places, fill=colors[label], width=2, joint="curve")


def _axes(draw: ImageDraw.ImageDraw, plot: _Plot) -> None:
    left, _, right, bottom = plot.box
    for value in _ticks(*plot.y):
        _, y = plot.at(plot.x[0], value)
        draw.line((left, y, right, y), fill=HAIRLINE)
        draw.text((left - 5, y), f"{value:.6g}", font=_font(TEXT), fill=INK, anchor="rm")
    for value in _ticks(*plot.x):
        x, _ = plot.at(value, plot.y[0])
        draw.line((x, bottom, x, bottom + 4), fill=INK)
        draw.text((x, bottom + 6), f"{value:.6g}", font=_font(TEXT), fill=INK, anchor="ma")
    draw.rectangle(plot.box, outline=INK)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest, never the same."""
    low, high = min(values), max(values)
    if low == high:
        room = abs(low) / 10 or 1.0
        return low - room, high + room
    return low, high


def _ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers within the span: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _font(height: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(height)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels hold FreeType"
    return font
