"""Values of arrays that are found faster than numpy's own functions find them."""

import tracemalloc

import numpy as np
import pytest

from p2p_datatools.contract.values import find_distinct, reduce_channels


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int64", "uint64", "float32", "bool"])
@pytest.mark.parametrize("count", [0, 1, 600])
def test_distinct_values_are_those_of_numpy_in_its_type_and_order(dtype: str, count: int) -> None:
    values = np.random.default_rng(0).integers(-300, 300, (count, 2)).astype(dtype)
    if count and dtype == "float32":
        values[0] = np.nan

    found = find_distinct(values)

    np.testing.assert_array_equal(found, np.unique(values))
    assert found.dtype == values.dtype


def test_the_bytes_of_a_large_picture_are_not_widened_all_at_once() -> None:
    values = np.full((1000, 3000), 7, np.uint8)
    values[-1, -1] = 200
    tracemalloc.start()
    try:
        assert find_distinct(values).tolist() == [7, 200]
        assert tracemalloc.get_traced_memory()[1] < values.size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_operation_across_channels_is_the_reduction_of_the_last_axis(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels)).astype(np.uint8)

    np.testing.assert_array_equal(reduce_channels(np.maximum, pixels), pixels.max(axis=2))
    np.testing.assert_array_equal(reduce_channels(np.logical_or, pixels > 200), (pixels > 200).any(axis=2))
    np.testing.assert_array_equal(
        reduce_channels(np.add, pixels.astype(np.float32)), pixels.astype(np.float32).sum(axis=2)
    )
