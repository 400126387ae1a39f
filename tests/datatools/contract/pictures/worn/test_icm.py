"""A sweep lowers the cost: a wrong row goes to that which explains the picture, where it is free and near."""

import numpy as np

from p2p_datatools.contract.pictures.worn.blur import BlurWidths, blur_plane, to_ycc
from p2p_datatools.contract.pictures.worn.icm import TileLabels

COLORS = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255)], dtype=np.uint8)
TABLE = to_ycc(COLORS[None])[0]


def test_wrong_rows_along_an_edge_are_corrected_and_those_that_are_not_free_stay() -> None:
    rows = np.zeros((30, 30), dtype=np.uint8)
    rows[:, 15:] = 1
    worn = np.dstack([blur_plane(np.ascontiguousarray(TABLE[rows][..., each]), 0.6) for each in range(3)])
    wrong = rows.copy()
    wrong[5:20, 15] = wrong[25, 15] = 0
    free = np.ones(rows.shape, dtype=bool)
    free[25] = False
    labels = TileLabels(worn, wrong.copy(), free, TABLE, BlurWidths(0.6, 0.6, 1.0, 1.0))
    assert labels.sweep() > 0
    assert any(labels.sweep() == 0 for _ in range(10))
    assert np.argwhere(labels.rows != rows).tolist() == [[25, 15]]


def test_a_pixel_too_far_and_one_too_near_change_together_where_either_alone_would_be_worse() -> None:
    rows = np.zeros((40, 40), dtype=np.uint8)
    rows[:, 20:] = 1
    worn = np.dstack([blur_plane(np.ascontiguousarray(TABLE[rows][..., each]), 2.0) for each in range(3)])
    wrong = rows.copy()
    wrong[18, 19], wrong[18, 20] = 1, 0
    free, blur = np.ones(rows.shape, dtype=bool), BlurWidths(2.0, 2.0, 1.0, 1.0)
    assert TileLabels(worn, wrong.copy(), free, TABLE, blur).sweep(pairs=False) == 0
    labels = TileLabels(worn, wrong.copy(), free, TABLE, blur)
    assert labels.settle() == 2
    assert (labels.rows == rows).all()
    assert labels.error(worn) < TileLabels(worn, wrong, free, TABLE, blur).error(worn)


def test_the_gradient_after_changes_is_that_of_the_new_rows() -> None:
    rows = np.zeros((30, 30), dtype=np.uint8)
    worn, free, blur = TABLE[rows].copy(), np.ones(rows.shape, dtype=bool), BlurWidths(1.0, 0.6, 1.0, 2.0)
    labels = TileLabels(worn, rows.copy(), free, TABLE, blur)
    labels.change(np.array([0, 31, 465, 899]), np.array([1, 2, 1, 2], dtype=np.uint8))
    again = TileLabels(worn, labels.rows, free, TABLE, blur)
    assert all(np.allclose(one, two, atol=1e-2) for one, two in zip(labels.gradient, again.gradient, strict=True))
