"""Islands and pinholes are filled from around them; what a class has for good stays, and no class vanishes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE
from p2p_datatools.repairs.specks import MOST_SPECK, fill_specks, speck_size


def body() -> NDArray[np.uint8]:
    mask = np.zeros((80, 80), dtype=np.uint8)
    mask[20:60, 10:70] = 1
    return mask


def test_an_island_and_a_pinhole_are_filled_and_told_apart() -> None:
    mask = body()
    mask[5, 5:7], mask[40, 40], mask[30:32, 30] = 1, 0, 2
    mask[50:58, 50:58] = 2
    filled, found = fill_specks(mask, 5)
    expected = body()
    expected[50:58, 50:58] = 2
    assert (filled == expected).all()
    assert np.argwhere(found.pinholes).tolist() == [[40, 40]]
    assert found.islands.sum() == 4


def test_a_class_of_small_areas_alone_keeps_them() -> None:
    mask = body()
    mask[30:32, 12], mask[30:32, 67] = 3, 3  # the lights of a far car
    filled, found = fill_specks(mask, 5)
    assert (filled == mask).all()
    assert not (found.islands | found.pinholes).any()


def test_an_area_of_just_so_many_pixels_is_no_speck_and_one_fills_nothing() -> None:
    mask = body()
    mask[30, 30:35], mask[40, 40:44], mask[50:60, 50:60] = 2, 2, 2
    filled, _ = fill_specks(mask, 5)
    assert (filled[30, 30:35] == 2).all()
    assert (filled[40, 40:44] == 1).all()
    assert (fill_specks(mask, 1)[0] == mask).all()


def test_pixels_that_touch_by_a_corner_hang_together() -> None:
    mask = body()
    mask[np.arange(25, 35), np.arange(25, 35)] = 2
    assert (fill_specks(mask, 5)[0] == mask).all()


def test_ignored_pixels_stay_and_fill_nothing() -> None:
    mask = body()
    mask[30:36, 30:36] = IGNORE
    mask[33, 33], mask[10, 10] = 1, IGNORE
    filled, _ = fill_specks(mask, 5)
    assert filled[33, 33] == 1
    assert (filled == IGNORE).sum() == (mask == IGNORE).sum()


@pytest.mark.parametrize("side", [16, 65])
def test_tiles_do_not_show(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.random.default_rng(0).integers(0, 3, (90, 130), dtype=np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    mask[:60, :60], mask[100:, 100:] = 1, 2
    whole = fill_specks(mask, 9)
    monkeypatch.setattr("p2p_datatools.repairs.specks._TILE", side)
    parts = fill_specks(mask, 9)
    assert (whole[0] == parts[0]).all()
    assert (whole[1].islands == parts[1].islands).all()
    assert whole[1].islands.any()


def test_a_mask_of_one_speck_stays_and_a_larger_mask_has_larger_specks() -> None:
    assert (fill_specks(np.ones((2, 2), dtype=np.uint8), 64)[0] == 1).all()
    sizes = [speck_size(np.zeros((side, side), dtype=np.uint8)) for side in (96, 512, 1400, 4000)]
    assert sizes == [2, 5, 39, MOST_SPECK]
