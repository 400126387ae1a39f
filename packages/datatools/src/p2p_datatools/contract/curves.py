"""Curves as values: panels of named series with marks on the way, and a look for each series, however many there are.

Nothing here may draw, read a record, or know what the numbers mean.
"""

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

CurvePoints = Sequence[tuple[float, float]]

# Okabe and Ito's colours, which the colour-blind can tell apart; the yellow is left out, being hard to see on white.
# Beside each a lighter one for a dark ground.
_FIRST = (
    ("#0072b2", "#4fb3e8"),
    ("#d55e00", "#ff9248"),
    ("#009e73", "#2fcf9f"),
    ("#cc79a7", "#e8a5cb"),
    ("#56b4e9", "#9bd6fa"),
    ("#e69f00", "#ffc857"),
    ("#000000", "#f2f2f2"),
)
# Of the first seven series, of the next seven, and so on: lengths of strokes and gaps in units of the line's width.
DASHES: tuple[tuple[float, ...], ...] = ((), (4, 1.6), (1, 1.6), (5, 1.6, 1, 1.6))
_GOLDEN = 0.618034  # of a turn of the hue: however many there are, a new one falls into the largest gap
_LIGHTNESS = (0.36, 0.46, 0.28)  # on white; on a dark ground as much above a half
_WEIGHTS = (0.2126, 0.7152, 0.0722)  # of red, green and blue in what is seen as bright
_BRIGHTEST = 0.25  # of white, for a contrast with it above 3


class Look(NamedTuple):
    """How a series is drawn: its colour on white and on a dark ground as #rrggbb, and its dashes."""

    color: str
    on_dark: str
    dashes: tuple[float, ...]


class Mark(NamedTuple):
    """An event at a place of the horizontal axis; `bad` events are drawn as warnings."""

    x: float
    text: str
    bad: bool = False


@dataclass(frozen=True)
class Panel:
    """Curves that share a vertical axis: a title, what the values are, and (x, y) points by label."""

    title: str
    meaning: str
    series: Mapping[str, CurvePoints]
    marks: Sequence[Mark] = field(default=())


def look_of(place: int) -> Look:
    """The look of the series number `place`, from 0: no two have the same colour."""
    dashes = DASHES[place // len(_FIRST) % len(DASHES)]
    if place < len(_FIRST):
        return Look(*_FIRST[place], dashes)
    hue = (place - len(_FIRST)) * _GOLDEN % 1
    lightness = _LIGHTNESS[place % len(_LIGHTNESS)]
    return Look(_hex(hue, lightness, 0.85), _hex(hue, 1.06 - lightness, 0.75), dashes)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    """The colour, darker or lighter by as much as its hue needs to stand out: yellow is lighter than blue."""
    channels = colorsys.hls_to_rgb(hue, lightness, saturation)
    brightness = sum(weight * each**2.2 for weight, each in zip(_WEIGHTS, channels, strict=True))
    if lightness < 0.5 and brightness > _BRIGHTEST:
        channels = tuple(each * (_BRIGHTEST / brightness) ** (1 / 2.2) for each in channels)
    return "#" + "".join(f"{round(255 * each):02x}" for each in channels)
