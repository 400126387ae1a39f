"""A sweep lowers the cost: a wrong row goes to that which explains the picture, where it is free and near."""

import numpy as np

from p2p_datatools.contract.pictures.blur import BlurWidths, blur_plane, to_ycc
from p2p_datatools.contract.pictures.icm import TileLabels

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
