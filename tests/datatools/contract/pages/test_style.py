"""The colours of the pages can be read, on paper, on a light and on a dark screen."""

import re
from itertools import product
from pathlib import Path

import pytest

import p2p_datatools.contract.pages.elements as elements

STYLE = Path(str(elements.__file__)).with_name("page.css").read_text("utf-8")
READABLE, VISIBLE = 4.5, 3.0  # of text and of lines that mean something: WCAG 2.2, 1.4.3 and 1.4.11


def luminance(color: str) -> float:
    """The relative luminance of #rgb or #rrggbb (WCAG 2.2)."""
    digits = color[1:] if len(color) == 7 else "".join(2 * each for each in color[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def themes() -> dict[str, dict[str, str]]:
    light, dark = (dict(re.findall(r"--(\w+):(#\w+)", rule)) for rule in re.findall(r":root\{(--ink[^}]*)\}", STYLE))
    return {"light": light, "dark": dark}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_every_ground_it_stands_on(theme: str) -> None:
    colors = themes()[theme]
    for name, ground in product(("ink", "soft", "link", "bad", "good"), ("ground", "card")):
        assert contrast(colors[name], colors[ground]) >= READABLE, (name, ground)


@pytest.mark.parametrize(("theme", "look"), [("light", "color"), ("dark", "on_dark")])
def test_the_first_curves_stand_out_from_the_ground(theme: str, look: str) -> None:
    from p2p_datatools.contract.curves import look_of

    # The fifth and the sixth are pale on white, which is why the legend has them with their values, too.
    for place in (0, 1, 2, 6, *range(7, 40)):
        assert contrast(getattr(look_of(place), look), themes()[theme]["ground"]) >= VISIBLE, place


def test_nothing_moves_by_itself_and_focus_can_be_seen() -> None:
    assert not re.search(r"animation|transition", STYLE)
    assert "focus-visible" in STYLE
    assert not re.search(r"outline:\s*(0|none)", STYLE)
