"""Curves on a page lie where their numbers are, with axes, marks and a legend."""

import math
import re
from xml.etree import ElementTree

import pytest

from p2p_datatools.contract.curves import Mark, Panel
from p2p_datatools.contract.pages.curves import draw_panels, number_text, style_of_series

FALLING = [(0.0, 5.0), (50.0, 2.0), (100.0, 1.0)]


def draw(*panels: Panel) -> ElementTree.Element:
    return ElementTree.fromstring(draw_panels(panels, across="images"))


def points(element: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+),([\d.]+)", element.get("points") or "")]


def words(picture: ElementTree.Element) -> list[str]:
    return ["".join(each.itertext()) for each in picture.iter("text")]


def test_a_curve_lies_where_its_numbers_are() -> None:
    (line,) = draw(Panel("loss", "", {"run": FALLING})).iter("polyline")
    (left, top), (middle, between), (right, bottom) = points(line)
    assert middle - left == pytest.approx(right - middle, abs=0.02)
    assert (between - top) / (bottom - between) == pytest.approx(3, abs=0.01)


def test_the_axes_have_round_numbers_that_hold_all_values_and_say_what_they_count() -> None:
    picture = draw(Panel("loss", "", {"run": [(0, 0.11), (60_000, 0.93)]}))
    assert {"0", "0.25", "0.50", "1.00", "20k", "60k", "images"} <= set(words(picture))
    assert number_text(0.0004, [0, 0.0002, 0.0004]) == "0.0004"
    assert number_text(14.1, [14.0, 14.05, 14.1]) == "14.10"
    assert number_text(1_500_000, [0, 1_500_000]) == "1.5M"


def test_each_label_has_one_look_in_every_panel_and_its_last_value_in_the_legend() -> None:
    picture = draw(Panel("a", "", {"one": FALLING, "two": FALLING}), Panel("b", "", {"two": FALLING}))
    styles = {each.get("data-label"): each.get("style") for each in picture.iter("polyline")}
    assert len(set(styles.values())) == 2
    assert [each.text for each in picture.iter("output")] == ["1", "1", "1"]


def test_many_series_share_one_legend_and_all_have_their_own_colour() -> None:
    names = [f"run-{number}" for number in range(30)]
    picture = draw(*(Panel(title, "", dict.fromkeys(names, FALLING)) for title in "ab"))
    assert len(list(picture.iter("li"))) == 30
    assert len({each.get("style") for each in picture.iter("polyline")}) == 30
    colors = re.findall(r"--s\d+:(#\w+)", style_of_series(30).split("@media")[0])
    assert len(set(colors)) == 30


def test_no_value_is_hidden_when_a_long_curve_is_thinned() -> None:
    long = [(float(number), 1.0) for number in range(20_000)]
    long[7_777] = (7_777.0, 9.0)
    (line,) = draw(Panel("loss", "", {"run": long})).iter("polyline")
    drawn = points(line)
    assert len(drawn) < 1_000
    top = min(y for _, y in drawn)
    assert [x for x, y in drawn if y == top] == [pytest.approx(48 + 302 * 7_777 / 19_999, abs=0.1)]


def test_values_that_are_not_finite_constant_or_alone_can_be_drawn() -> None:
    broken = draw(Panel("a", "", {"run": [(0, math.nan), (1, 2.0), (2, 2.0), (3, math.inf)]}))
    assert [len(points(line)) for line in broken.iter("polyline")] == [2]
    assert len(list(draw(Panel("a", "", {"run": [(4, 0.0)]})).iter("circle"))) == 1
    nothing = draw(Panel("a", "", {"run": [(0, math.nan)]}))
    assert "No numbers." in "".join(nothing.itertext())


def test_what_happened_once_is_a_line_with_words_below() -> None:
    marks = (Mark(50, "resumed"), Mark(75, "diverged", bad=True))
    picture = draw(Panel("a", "", {"run": FALLING}, marks))
    assert [each.get("class") for each in picture.iter("path") if "mark" in (each.get("class") or "")] == [
        "mark",
        "bad mark",
    ]
    assert "Dashed: resumed at 50, diverged at 75." in "".join(picture.itertext())


def test_who_cannot_see_the_curves_is_told_their_ends_and_extremes() -> None:
    (picture,) = (draw(Panel("loss", "", {"<b>": FALLING})).iter("svg"),)
    (svg,) = [each for each in picture if each.get("role") == "img"]
    assert svg.get("aria-label") == "loss. <b>: 5 at 0, 1 at 100, smallest 1, largest 5."
