"""Pictures as the means of their cells, and how much the pictures of a set differ."""

import numpy as np
import pytest

from p2p_gan.evaluation.cells import CELLS, cell_means, spread_over_pictures


def test_a_cell_is_the_mean_of_its_pixels_that_count() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 32, 3), dtype=np.uint8)
    counted = np.ones((16, 32), bool)
    counted[:2, :3] = False
    counted[0:2, 4:8] = False
    found = cell_means(picture, (0.0, 255.0), counted)
    blocks = picture.reshape(CELLS, 2, CELLS, 4, 3) / 255
    assert found[2, 5] == pytest.approx(blocks[2, :, 5].mean(axis=(0, 1)))
    assert found[0, 0] == pytest.approx(picture[:2, 3].mean(axis=0) / 255)
    assert np.isnan(found[0, 1]).all()
    deep = cell_means(picture[..., 0].astype(np.float32), (-10.0, 300.0))
    assert deep[7, 7, 0] == pytest.approx((picture[14:, 28:, 0].mean() + 10) / 310)


def test_a_picture_of_fewer_pixels_than_cells_has_empty_cells() -> None:
    found = cell_means(np.full((3, 9), 51, np.uint8), (0.0, 255.0))
    assert np.unique(found[~np.isnan(found)]) == pytest.approx([0.2])
    assert np.isnan(found[:, 0]).sum() == CELLS - 3


def test_the_spread_is_the_standard_deviation_of_a_cell_in_each_weighting() -> None:
    pictures = np.random.default_rng(0).random((5, 12))
    weights = np.array([[1.0, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 3, 0, 0], [0, 0, 0, 0, 0]])
    number = np.broadcast_to(weights.sum(axis=1), (12, 4))
    totals = [np.einsum("pc,wp->cw", pictures**power, weights) for power in (1, 2)]
    found = spread_over_pictures(number, totals[0], totals[1])
    assert found[:3] == pytest.approx([pictures.std(axis=0).mean(), pictures[:2].std(axis=0).mean(), 0], abs=1e-7)
    assert np.isnan(found[3])
