"""All pixels at once: thin things come back from a wide blur, what is not free stays, and any size will do."""

import tracemalloc

import numpy as np

from p2p_datatools.contract.pictures.worn.blur import BlurWidths, Planes, to_ycc
from p2p_datatools.contract.pictures.worn.icm import TileLabels
from p2p_datatools.contract.pictures.worn.neighbours import Numbers
from p2p_datatools.contract.pictures.worn.relax import RELAX_BYTES, relax

COLORS = np.array([(255, 0, 254), (244, 35, 232), (192, 192, 128), (0, 0, 0)], dtype=np.uint8)
TABLE = to_ycc(COLORS[None])[0]
BLUR = BlurWidths(2.0, 2.0, 0.1, 0.1, boxes=True)


def street() -> Numbers:
    """Poles two and three pixels wide before an area of nearly the colour of the one below it, of an odd size."""
    rows = np.zeros((61, 67), dtype=np.uint8)
    rows[40:], rows[10:40, 20:22], rows[8:50, 33:36] = 1, 2, 2
    rows[:6, :9] = 3
    return rows


def wear(rows: Numbers) -> Planes:
    return np.dstack([BLUR.apply(np.ascontiguousarray(TABLE[rows][..., each]), each) for each in range(3)])


def test_a_pole_that_is_taken_for_the_ground_around_it_is_found_where_changes_of_few_pixels_find_none() -> None:
    rows = street()
    wrong, worn, free = rows.copy(), wear(rows), np.ones(rows.shape, dtype=bool)
    wrong[10:40, 18:24] = 1
    labels = TileLabels(worn, wrong.copy(), free, TABLE, BLUR)
    labels.settle()
    assert (labels.rows != rows).sum() > 100
    assert (relax(worn, wrong, free, TABLE, BLUR, 24) == rows).all()


def test_what_is_not_free_stays_and_rows_that_are_not_there_do_not_appear() -> None:
    rows = street()
    rows[rows == 3] = 0
    free = np.zeros(rows.shape, dtype=bool)
    free[30:] = True
    wrong = rows.copy()
    wrong[5:9, 5:9] = wrong[45:48, 45:48] = 2
    found = relax(wear(rows), wrong, free, TABLE, BLUR, 12)
    assert (found[:30] == wrong[:30]).all()
    assert (found[45:48, 45:48] == 1).all()
    assert set(np.unique(found)) == {0, 1, 2}
    assert relax(wear(rows), wrong, np.zeros_like(free), TABLE, BLUR, 12) is wrong


def test_memory_is_bounded_by_a_few_bytes_of_each_row_and_pixel() -> None:
    random = np.random.default_rng(0)
    table = to_ycc(random.integers(0, 256, (1, 100, 3), dtype=np.uint8))[0]
    rows = random.integers(0, 100, (20, 20), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    worn = np.ascontiguousarray(table[rows])
    tracemalloc.start()
    try:
        relax(worn, rows, np.ones(rows.shape, dtype=bool), table, BLUR, 2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (RELAX_BYTES * 100 + 250) * rows.size  # 250 bytes of each pixel, whatever the number of rows
