"""Curves and bars as a picture: one panel for each figure, one line or colour for each series, with a legend.

Nothing here may know what the numbers mean, read them, or write a file; matplotlib is loaded when something is drawn.
"""

import io
import math
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from p2p_datatools.contract.curves import look_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from p2p_datatools.contract.pictures.formats.png import PictureRole

Series = Sequence[tuple[float, float]]
Bars = Sequence[tuple[str, float]]
PlotFormat = Literal["png", "svg"]
_Panel = TypeVar("_Panel")

_PANEL, _COLUMNS = (4.0, 2.6), 3  # inches; panels in a row
_PIXELS_PER_INCH = 120
_BAR, _NAME = 0.09, 0.16  # inches of one lying bar, and of its name
_TITLE_WIDTH = 42  # letters of a title that a panel has room for
_LEGEND_WIDTH = 24  # letters of a panel's width that the legend's columns have room for

# On top of matplotlib's defaults, so that a user's own settings do not change what is drawn.
_ROLE: "PictureRole" = "figure"
_STYLE: dict[str, Any] = {
    **{
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "legend.frameon": False,
        "legend.handlelength": 2.6,
    },
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "lines.linewidth": 1.6},
    **{"axes.grid": True, "axes.grid.axis": "y", "grid.color": "#dddddd", "grid.linewidth": 0.6},
    **{"axes.axisbelow": True, "axes.formatter.useoffset": False},
    "text.parse_math": False,  # a $ in a run's name is a $
    **{"svg.fonttype": "none", "svg.hashsalt": "p2p"},  # words that can be searched; the same curves, the same file
}


def draw_curves(panels: Mapping[str, Mapping[str, Series]], *, across: str, kind: PlotFormat = "png") -> bytes:
    """Draw {title: {label: [(x, y), ...]}} as the bytes of a PNG or SVG; `across` says what x is.

    A label has the same colour and dashes in every panel; values that are not finite are left out. Scales are linear,
    of each panel by itself, and never hide a value.
    """
    labels = list(dict.fromkeys(label for series in panels.values() for label in series))
    looks = {label: _look(place) for place, label in enumerate(labels)}

    def draw(place: int, axes: "Axes", series: Mapping[str, Series]) -> None:
        _draw(axes, series, looks)
        if place + _COLUMNS >= len(panels):
            axes.set_xlabel(across)

    return _draw_panels(panels, draw, looks, _PANEL[1], kind)


def draw_bars(panels: Mapping[str, Mapping[str, Bars]], *, kind: PlotFormat = "png") -> bytes:
    """Draw {title: {label: [(name of a bar, its length), ...]}} as the bytes of a PNG or SVG.

    Bars lie, of one name beside each other, in the order in which their names come; a label has the same colour in
    every panel. The rows are as high as the panel with the most bars needs.
    """
    labels = list(dict.fromkeys(label for series in panels.values() for label in series))
    looks = {label: {"color": look_of(place).color, "linewidth": 6} for place, label in enumerate(labels)}
    needed = [len(_names_of(series)) * max(_NAME, _BAR * len(series)) for series in panels.values()]

    def draw(place: int, axes: "Axes", series: Mapping[str, Bars]) -> None:
        axes.set_title(textwrap.fill(axes.get_title(loc="left"), _TITLE_WIDTH))
        _draw_bars(axes, series, looks)

    return _draw_panels(panels, draw, looks, max(_PANEL[1], *needed), kind)


def _draw_panels(
    panels: Mapping[str, _Panel],
    draw: "Callable[[int, Axes, _Panel], None]",
    looks: Mapping[str, dict[str, Any]],
    height: float,
    kind: PlotFormat,
) -> bytes:
    """Panels in rows, each `height` inches high and filled by `draw`, above a legend of the labels in `looks`."""
    from matplotlib import style
    from matplotlib.figure import Figure  # and not pyplot, which keeps every figure and asks for a screen
    from matplotlib.lines import Line2D

    columns = min(_COLUMNS, max(1, len(panels)))
    rows = max(1, math.ceil(len(panels) / columns))
    beside = max(1, columns * _LEGEND_WIDTH // max(map(len, looks), default=1))
    below = 0.25 + 0.18 * math.ceil(len(looks) / beside)  # inches of the legend
    with style.context(["default", _STYLE]), warnings.catch_warnings():
        # About letters that the font lacks, which become boxes, and about too little room; both are visible.
        warnings.simplefilter("ignore", UserWarning)
        figure = Figure(figsize=(_PANEL[0] * columns, height * rows + below), layout="constrained")
        for place, (title, series) in enumerate(panels.items()):
            draw(place, figure.add_subplot(rows, columns, place + 1, title=title), series)
        figure.legend(
            [Line2D([], [], **look) for look in looks.values()], [*looks], loc="outside lower left", ncols=beside
        )
        file = io.BytesIO()
        metadata: dict[str, str | None] = {"Date": None} if kind == "svg" else {"p2p": _ROLE}
        figure.savefig(file, format=kind, dpi=_PIXELS_PER_INCH, metadata=metadata)
    return file.getvalue()


def _names_of(series: Mapping[str, Bars]) -> list[str]:
    return list(dict.fromkeys(name for bars in series.values() for name, _ in bars))


def _draw_bars(axes: "Axes", series: Mapping[str, Bars], looks: Mapping[str, dict[str, Any]]) -> None:
    names = _names_of(series)
    places = {name: place for place, name in enumerate(names)}
    thick = 0.8 / max(1, len(series))
    for number, (label, bars) in enumerate(series.items()):
        middles = [places[name] + thick * (number + 0.5) - 0.4 for name, _ in bars]
        axes.barh(middles, [length for _, length in bars], thick, color=looks[label]["color"])
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    if not names:
        axes.text(0.5, 0.5, "no numbers", transform=axes.transAxes, ha="center", va="center")


def _look(place: int) -> dict[str, Any]:
    look = look_of(place)
    return {"color": look.color, "linestyle": (0, look.dashes) if look.dashes else "-"}


def _draw(axes: "Axes", series: Mapping[str, Series], looks: Mapping[str, dict[str, Any]]) -> None:
    from matplotlib.ticker import EngFormatter

    axes.xaxis.set_major_formatter(EngFormatter(sep=""))  # 60k
    for label, points in series.items():
        finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
        if finite:
            axes.plot(*zip(*finite, strict=True), marker="o" if len(finite) == 1 else "", markersize=3, **looks[label])
    if not axes.lines:
        axes.text(0.5, 0.5, "no numbers", transform=axes.transAxes, ha="center", va="center")
        axes.set(xticks=[], yticks=[])
