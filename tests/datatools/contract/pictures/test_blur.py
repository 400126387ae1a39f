"""A blur is recognised by its width, undone, and weighs as much as it spreads."""

import numpy as np
import pytest

from p2p_datatools.contract.pictures.blur import (
    SIGMAS,
    BlurWidths,
    blur_errors,
    blur_plane,
    kernel_energy,
    sharpen,
    to_ycc,
)


def squares() -> np.ndarray:
    picture = np.zeros((60, 60, 3), dtype=np.uint8)
    picture[20:40, 10:50] = (250, 40, 10)
    return picture


@pytest.mark.parametrize("sigma", [0.0, 0.8, 2.0])
def test_the_width_that_blurred_a_picture_leaves_the_least_error(sigma: float) -> None:
    clean = np.ascontiguousarray(to_ycc(squares()).transpose(2, 0, 1))
    worn = np.stack([blur_plane(plane, sigma) for plane in clean])
    errors = blur_errors(worn, clean, np.ones((60, 60), dtype=bool), SIGMAS)
    assert SIGMAS[int(errors.argmin())] == sigma


def test_sharpening_undoes_a_blur() -> None:
    widths = BlurWidths(1.0, 1.0)
    planes = (blur_plane(np.ascontiguousarray(squares()[..., each], dtype=np.float32), 1.0) for each in range(3))
    worn = np.rint(np.dstack(list(planes))).astype(np.uint8)
    before, after = (
        np.abs(each - squares().astype(np.float32)).mean() for each in (worn, sharpen(worn, widths, widths.steps))
    )
    assert after < before / 3


def test_a_wider_blur_has_less_energy_and_a_picture_as_a_jpeg_is_sharpened_less() -> None:
    energies = [kernel_energy(sigma) for sigma in SIGMAS]
    assert energies == sorted(energies, reverse=True)
    assert energies[0] == 1
    assert BlurWidths(0.4, 1.15, 36, 32).steps < BlurWidths(1.0, 1.0, 1, 1).steps
