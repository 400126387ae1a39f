"""Values of any depth become shades, whatever their range is."""

import warnings

import numpy as np
import pytest

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.stretch import show_values

RAMP = np.linspace(-1, 1, 256).reshape(16, 16)


@pytest.mark.parametrize(
    "values",
    [
        (RAMP * np.finfo(np.float32).max).astype(np.float32),
        (RAMP * 1e-40).astype(np.float32),
        (RAMP * 65504).astype(np.float16),
        (RAMP * (2**31 - 1)).astype(np.int32),
    ],
    ids=["up to the largest float", "tiny floats", "floats of 16 bits", "numbers of 32 bits"],
)
def test_the_ends_of_a_type_are_black_and_white_without_a_warning(values: Array) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown, words = show_values(values)
    assert (shown[0, 0, 0], shown[-1, -1, 0]) == (0, 255)
    assert 126 <= shown[8, 0, 0] <= 129
    assert " to " in words
