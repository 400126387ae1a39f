"""What lies around a blended pixel is seen as far as the picture goes, and no row of the next line is taken for it."""

import numpy as np
import pytest

from p2p_datatools.contract.pictures.worn.neighbours import UNSURE, Around, chunks, fill_nearest, in_areas, in_blocks

ROWS = np.array([[1, 2, 3, 4], [5, UNSURE, 6, 7], [8, 9, 10, UNSURE]], dtype=np.uint8)


def around(rows: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Around:
    return Around(rows, np.flatnonzero(rows == UNSURE))


def test_the_rows_seen_are_those_of_the_square_around() -> None:
    inner, corner = around(ROWS).rows(np.arange(2), 1).T.tolist()
    assert sorted(inner) == [1, 2, 3, 5, 6, 8, 9, 10, UNSURE]
    assert sorted(corner) == [6, 7, 10, *[UNSURE] * 6]


def test_the_borders_of_the_picture_do_not_count() -> None:
    rows = np.full((6, 7), UNSURE, dtype=np.uint8)
    assert len(around(rows).deep_within()) == 42
    rows[5, 6] = 1
    found = around(rows)
    assert len(found.within) == 42 - 4
    assert len(found.deep_within()) == 42 - 9


@pytest.mark.parametrize("at", [(0, 0), (3, 4), (6, 6)])
def test_a_block_of_one_colour_is_three_pixels_wide_and_high(at: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    picture = rng.permutation(243).reshape(9, 9, 3).astype(np.uint8)  # no two alike
    blended = around(np.full((9, 9), UNSURE, dtype=np.uint8))
    assert not in_blocks(picture, blended).any()
    block = slice(at[0], at[0] + 3), slice(at[1], at[1] + 3)
    picture[block] = (7, 7, 7)
    found = in_blocks(picture, blended).reshape(9, 9)
    assert found[block].all()
    assert found.sum() == 9


def test_an_area_is_five_pixels_wide_and_of_nearly_one_colour() -> None:
    picture = np.full((5, 12, 3), 100, dtype=np.uint8)
    picture[:, :7] += np.random.default_rng(0).integers(0, 17, (5, 7, 3), dtype=np.uint8)
    picture[:, 7:] = np.linspace(0, 255, 25, dtype=np.uint8).reshape(5, 5, 1)
    found = in_areas(picture, around(np.full((5, 12), UNSURE, dtype=np.uint8))).reshape(5, 12)
    assert found[:, :7].all()
    assert not found[:, 9:].any()


def test_chunks_leave_nothing_out() -> None:
    assert [list(range(10))[each] for each in chunks(10, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_pixels_are_filled_with_the_nearest_others_and_not_where_there_are_none() -> None:
    rows = np.array([[1, 9, 9, 9, 2], [1, 9, 9, 9, 2]], dtype=np.uint8)
    assert fill_nearest(rows, rows == 9)[0, [1, 3]].tolist() == [1, 2]
    assert (fill_nearest(rows, rows > 0) == rows).all()
