"""Blocks bring in a class that nothing beside them has, where it explains the picture, and leave what is explained."""

import numpy as np

from p2p_datatools.contract.pictures.worn.blocks import paint_blocks
from p2p_datatools.contract.pictures.worn.blur import BlurWidths, blur_plane, to_ycc
from p2p_datatools.contract.pictures.worn.icm import TileLabels

COLORS = np.array([(255, 0, 254), (190, 153, 153), (192, 192, 128)], dtype=np.uint8)
FENCE, POLE = 1, 2
TABLE = to_ycc(COLORS[None])[0]
KNOWN = np.arange(3)


def labels_of(rows: np.ndarray, now: np.ndarray) -> TileLabels:
    """What is labelled `now`, of a picture of other rows under a wide brush."""
    worn = np.dstack([blur_plane(np.ascontiguousarray(TABLE[rows][..., each]), 2.0) for each in range(3)])
    return TileLabels(worn, now.copy(), np.ones(rows.shape, dtype=bool), TABLE, BlurWidths(2.0, 2.0, 5.0, 5.0))


def test_a_thin_pole_that_was_taken_for_a_wider_fence_becomes_a_pole_again() -> None:
    rows = np.zeros((60, 60), dtype=np.uint8)
    rows[5:50, 30:33] = POLE
    wrong = np.where(rows == POLE, FENCE, rows).astype(np.uint8)
    wrong[5:50, 33] = FENCE
    labels = labels_of(rows, wrong)
    labels.settle()
    assert not (labels.rows == POLE).any()
    paint_blocks(labels, KNOWN)
    labels.settle()
    assert (labels.rows == rows).mean() > 0.99
    assert (labels.rows == POLE).sum() > 100


def test_what_is_explained_gets_no_block_and_what_is_not_free_stays() -> None:
    rows = np.zeros((60, 60), dtype=np.uint8)
    rows[20:40, 20:40] = FENCE
    assert paint_blocks(labels_of(rows, rows), KNOWN) == 0
    wrong = np.where(rows == FENCE, POLE, rows).astype(np.uint8)
    labels = labels_of(rows, wrong)
    labels.free[:] = False
    assert paint_blocks(labels, KNOWN) == 0
