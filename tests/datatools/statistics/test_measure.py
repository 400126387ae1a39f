"""Measuring a picture band by band gives what numpy gives of the whole, however large its numbers."""

import numpy as np
import pytest

from p2p_datatools.statistics import measure
from p2p_datatools.statistics.measure import brightness_of, measure_colors, measure_mask


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "uint32", "float16", "float64"])
@pytest.mark.parametrize("channels", [1, 3, 7])
def test_bands_together_are_the_whole(monkeypatch: pytest.MonkeyPatch, dtype: str, channels: int) -> None:
    monkeypatch.setattr(measure, "_BAND", 60)
    shape = (23, 17, channels) if channels > 1 else (23, 17)
    values = np.random.default_rng(0).integers(0, 250, shape).astype(dtype)
    gaps = np.zeros((23, 17), dtype=bool)
    gaps[3:9] = True  # some bands have no data at all
    for missing in (None, gaps):
        moments = measure_colors(values, missing).moments
        assert moments
        there = values.reshape(-1, channels) if missing is None else values[~missing].reshape(-1, channels)
        assert moments.mean == pytest.approx(there.astype(np.float64).mean(axis=0))
        assert np.sqrt(moments.squares / moments.count) == pytest.approx(there.astype(np.float64).std(axis=0))


def test_a_small_spread_far_from_zero_is_not_lost() -> None:
    values = np.array([[1e9, 1e9 + 1], [1e9 + 2, 1e9 + 3]])
    moments = measure_colors(values).moments
    assert moments
    assert moments.add(moments).squares[0] / 8 == pytest.approx(1.25)


def test_areas_are_those_of_the_classes_that_occur(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_BAND", 5)
    mask = np.array([[0, 0, 2], [2, 2, 255], [4, 0, 0]], np.uint8)
    assert measure_mask(mask).areas == {0: 4, 2: 3, 4: 1, 255: 1}


def test_green_is_brighter_than_red_and_red_than_blue() -> None:
    def brightness(color: tuple[int, int, int]) -> float:
        moments = measure_colors(np.full((4, 4, 3), color, np.uint8)).moments
        assert moments
        return brightness_of(moments)

    assert brightness((0, 255, 0)) > brightness((255, 0, 0)) > brightness((0, 0, 255))
    assert brightness((9, 9, 9)) == pytest.approx(9)
