"""A blur is recognised by its width, undone, between the widths of the table too."""

import numpy as np
import pytest

from p2p_datatools.contract.pictures.worn.blur import (
    BlurWidths,
    blur_error,
    blur_plane,
    find_width,
    kernel,
    sharpen,
    to_ycc,
)


def squares() -> np.ndarray:
    picture = np.zeros((60, 60, 3), dtype=np.uint8)
    picture[20:40, 10:50] = (250, 40, 10)
    return picture


@pytest.mark.parametrize("sigma", [0.0, 0.8, 2.0, 2.17])
def test_the_width_that_blurred_a_picture_is_found_between_those_of_the_table_too(sigma: float) -> None:
    clean = np.ascontiguousarray(to_ycc(squares()).transpose(2, 0, 1))
    worn = np.stack([blur_plane(plane, sigma) for plane in clean])
    where = np.ones((60, 60), dtype=np.float32)
    found, error = find_width(lambda each: blur_error(worn, clean, where, each) / where.size)
    assert found == pytest.approx(sigma, abs=0.03)
    assert error < 0.1


def test_a_blur_done_twice_is_that_of_both_kernels() -> None:
    plane = np.ascontiguousarray(squares()[..., 0], dtype=np.float32)
    assert np.abs(blur_plane(blur_plane(plane, 1.3), 1.3) - blur_plane(plane, 1.3, 2)).max() < 0.01


def test_sharpening_undoes_a_blur() -> None:
    widths = BlurWidths(1.0, 1.0)
    planes = (blur_plane(np.ascontiguousarray(squares()[..., each], dtype=np.float32), 1.0) for each in range(3))
    worn = np.rint(np.dstack(list(planes))).astype(np.uint8)
    before, after = (
        np.abs(each - squares().astype(np.float32)).mean() for each in (worn, sharpen(worn, widths, widths.steps))
    )
    assert after < before / 3


def test_a_picture_as_a_jpeg_is_sharpened_less() -> None:
    assert BlurWidths(0.4, 1.15, 36, 32).steps < BlurWidths(1.0, 1.0, 1, 1).steps


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.0, 3.3])
def test_three_boxes_are_as_wide_as_they_are_said_to_be(sigma: float) -> None:
    weights = kernel(sigma, boxes=True).astype(np.float64)
    distance = np.arange(len(weights)) - len(weights) // 2
    assert weights.sum() == pytest.approx(1)
    assert np.sqrt((weights * distance**2).sum()) == pytest.approx(sigma, abs=1e-4)
    assert (weights >= 0).all()
