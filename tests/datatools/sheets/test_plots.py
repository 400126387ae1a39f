"""Curves are drawn where their numbers are, with axes and a legend, in colours that stay with their labels."""

import io
import math
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.curves import look_of
from p2p_datatools.sheets.plots import draw_bars, draw_curves

COLORS = [look_of(place).color for place in range(60)]
SVG = "{http://www.w3.org/2000/svg}"
FALLING = [(0.0, 5.0), (50.0, 2.0), (100.0, 1.0)]


def drawn(panels: dict[str, dict[str, list[tuple[float, float]]]]) -> ElementTree.Element:
    return ElementTree.fromstring(draw_curves(panels, across="images", kind="svg"))


def words(picture: ElementTree.Element) -> list[str]:
    return ["".join(each.itertext()).strip() for each in picture.iter(f"{SVG}text")]


def curves(picture: ElementTree.Element, panel: int, color: str) -> list[list[tuple[float, float]]]:
    """The points of the lines of a colour within a panel, in the picture's units: y counts downwards."""
    (axes,) = (each for each in picture.iter(f"{SVG}g") if each.get("id") == f"axes_{panel}")
    lines = [each for each in axes.iter(f"{SVG}path") if f"stroke: {color}" in (each.get("style") or "")]
    points = [re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", each.get("d") or "") for each in lines]
    return [[(float(x), float(y)) for x, y in each] for each in points]


def test_a_curve_lies_where_its_numbers_are() -> None:
    (line,) = curves(drawn({"loss": {"run": FALLING}}), 1, COLORS[0])
    (left, top), (middle, between), (right, bottom) = line
    assert left < middle < right
    assert (middle - left) == pytest.approx(right - middle, abs=0.01)
    assert (between - top) / (bottom - between) == pytest.approx(3, abs=0.01)


def test_each_label_has_one_colour_in_every_panel_and_stands_in_the_legend() -> None:
    picture = drawn({"loss": {"first": FALLING, "second": FALLING}, "score": {"second": FALLING}})
    assert curves(picture, 1, COLORS[0])
    assert curves(picture, 1, COLORS[1])
    assert curves(picture, 2, COLORS[1])
    assert not curves(picture, 2, COLORS[0])
    assert [words(picture).count(each) for each in ("loss", "score", "first", "second")] == [1, 1, 1, 1]


def test_every_label_has_a_colour_of_its_own_however_many_there_are() -> None:
    picture = drawn({"loss": {f"run-{number}": [(0, number), (1, number)] for number in range(len(COLORS))}})
    assert all(curves(picture, 1, color) for color in COLORS)


def test_the_axes_say_what_they_count() -> None:
    picture = drawn({"loss": {"run": [(0, 0.1), (60_000, 0.3)]}, "score": {"run": [(0, 14.1), (60_000, 14.2)]}})
    assert words(picture).count("images") == 2
    assert {"0", "60k", "0.10", "0.30", "14.10", "14.20"} <= set(words(picture))


def test_non_finite_and_constant_values_can_be_drawn() -> None:
    broken = drawn({"a": {"run": [(0, math.nan), (1, 2.0), (2, 2.0), (3, math.inf)]}})
    assert [len(line) for line in curves(broken, 1, COLORS[0])] == [2]
    single = drawn({"a": {"run": [(4, 0.0)]}})
    assert any(f"fill: {COLORS[0]}" in (each.get("style") or "") for each in single.iter(f"{SVG}use"))
    empty = drawn({"a": {"run": [(0, math.nan)]}})
    assert not curves(empty, 1, COLORS[0])
    assert "no numbers" in words(empty)


def test_a_name_is_drawn_as_it_is_written_whatever_its_letters() -> None:
    names = ["$x_1$", "$", "_hidden", "100% \\alpha", "日本", "<b>&"]
    picture = drawn({each: {each: FALLING} for each in names})
    assert all(words(picture).count(each) == 2 for each in names)
    assert draw_curves({names[0]: dict.fromkeys(names, FALLING)}, across="images")


def test_a_png_holds_the_colours_and_the_same_curves_give_the_same_file() -> None:
    panels = {"loss": {"first": FALLING, "second": [(0.0, 1.0), (100.0, 2.0)]}}
    for kind in ("png", "svg"):
        assert draw_curves(panels, across="images", kind=kind) == draw_curves(panels, across="images", kind=kind)
    pixels = np.asarray(Image.open(io.BytesIO(draw_curves(panels, across="images"))).convert("RGB"))
    for color in COLORS[:2]:
        assert (pixels == tuple(bytes.fromhex(color[1:]))).all(-1).any()


def test_neither_settings_nor_figures_of_others_are_touched_or_heeded(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\naxes.facecolor: black\nfigure.dpi: 10\n")
    program = (
        "import sys, matplotlib; before = matplotlib.rcParams.copy()\n"
        "from p2p_datatools.sheets.plots import draw_bars, draw_curves\n"
        "sys.stdout.buffer.write(draw_curves({'loss': {'run': [(0, 5.0), (50, 2.0), (100, 1.0)]}}, across='images'))\n"
        "assert matplotlib.rcParams.copy() == before and before['text.usetex']\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=tmp_path).stdout
    assert made == draw_curves({"loss": {"run": FALLING}}, across="images")


def test_bars_are_as_long_as_their_numbers_and_stand_in_the_order_of_their_names() -> None:
    panels = {"share of [red] $x$": {"train": [("body", 40.0), ("tyres", 10.0)], "test": [("tyres", 20.0)]}, "none": {}}
    picture = ElementTree.fromstring(draw_bars(panels, kind="svg"))
    assert {"share of [red] $x$", "body", "tyres", "train", "test", "no numbers"} <= set(words(picture))
    (axes,) = (each for each in picture.iter(f"{SVG}g") if each.get("id") == "axes_1")
    found: dict[str, list[tuple[float, float]]] = {}
    for color in COLORS[:2]:
        for path in axes.iter(f"{SVG}path"):
            if f"fill: {color}" in (path.get("style") or ""):
                xs, ys = zip(*re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path.get("d") or ""), strict=True)
                found.setdefault(color, []).append((max(map(float, xs)) - min(map(float, xs)), min(map(float, ys))))
    body, tyres = found[COLORS[0]]
    assert body[0] / tyres[0] == pytest.approx(4, rel=0.01)
    assert found[COLORS[1]][0][0] / tyres[0] == pytest.approx(2, rel=0.01)
    assert body[1] < tyres[1]
