"""Curves drawn where their numbers are, in colours that stay with their labels."""

import math

import numpy as np
import pytest

from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.sheets.plots import COLORS, PANEL, _ticks, draw_curves


def has_color(picture: Photo, color: tuple[int, int, int]) -> bool:
    return bool((picture == color).all(-1).any())


def test_each_label_has_one_colour_in_every_panel() -> None:
    both = {"first": [(0, 0.0), (10, 1.0)], "second": [(0, 1.0), (10, 0.0)]}
    picture = draw_curves({"loss": both, "score": {"second": [(0, 2.0), (5, 3.0)]}})
    assert picture.dtype == np.uint8
    left, right = picture[: PANEL[1], : PANEL[0]], picture[: PANEL[1], PANEL[0] :]
    assert has_color(left, COLORS[0])
    assert has_color(left, COLORS[1])
    assert has_color(right, COLORS[1])
    assert not has_color(right, COLORS[0])


def test_a_falling_curve_falls() -> None:
    picture = draw_curves({"loss": {"run": [(0, 5.0), (100, 1.0)]}})[: PANEL[1]]
    rows, columns = np.nonzero((picture == COLORS[0]).all(-1))
    assert rows[columns.argmin()] < rows[columns.argmax()] - 100  # rows count downwards


def test_what_is_no_number_and_what_is_constant_can_be_drawn() -> None:
    assert has_color(draw_curves({"a": {"run": [(0, math.nan), (1, 2.0), (2, 2.0), (3, math.inf)]}}), COLORS[0])
    assert has_color(draw_curves({"a": {"run": [(4, 0.0)]}})[: PANEL[1]], COLORS[0])
    empty = draw_curves({"a": {"run": [(0, math.nan)]}})
    assert not has_color(empty[: PANEL[1]], COLORS[0])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.03, 0.08), (-2.5, 17), (0, 60_000), (1e-6, 3e-6)])
def test_ticks_are_few_and_within(low: float, high: float) -> None:
    ticks = _ticks(low, high)
    assert 2 <= len(ticks) <= 7
    room = (high - low) * 1e-6
    assert all(low - room <= tick <= high + room for tick in ticks)
