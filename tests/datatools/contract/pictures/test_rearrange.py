"""A mirrored picture has the same values from right to left, and channels stay exact, of whatever type they are."""

import numpy as np
import pytest

from p2p_datatools.contract.pictures.rearrange import join_channels, mirror_into, split_channels


@pytest.mark.parametrize(
    ("dtype", "channels"),
    [("uint8", 1), ("uint8", 3), ("uint16", 3), ("int32", 1), ("uint32", 2), ("float32", 12), ("float64", 64)],
)
def test_a_part_of_a_picture_is_mirrored_exactly(dtype: str, channels: int) -> None:
    values = np.random.default_rng(0).integers(0, 256, (9, 7, channels * np.dtype(dtype).itemsize), dtype=np.uint8)
    source = values.view(dtype)[2:8, 1:6]
    target = np.zeros((2, 6, 5, channels), dtype)
    mirror_into(target[1], source)
    assert target[1].tobytes() == source[:, ::-1].tobytes()
    assert not target[0].any()


def test_a_picture_of_one_pixel_stays_what_it_is() -> None:
    source = np.full((1, 1, 3), 7, np.uint8)
    target = np.zeros_like(source)
    mirror_into(target, source)
    assert (target == 7).all()


@pytest.mark.parametrize(
    ("dtype", "channels"),
    [("uint8", 1), ("uint8", 3), ("uint16", 4), ("float16", 3), ("uint32", 2), ("float32", 64), ("float64", 130)],
)
def test_channels_are_taken_apart_and_together_exactly(dtype: str, channels: int) -> None:
    values = np.random.default_rng(0).integers(0, 256, (2, 6, 5, channels * np.dtype(dtype).itemsize), dtype=np.uint8)
    pixels = values.view(dtype)
    planes = split_channels(pixels)
    assert planes.shape == (2, channels, 6, 5)
    assert planes.tobytes() == pixels.transpose(0, 3, 1, 2).tobytes()
    assert join_channels(planes).tobytes() == pixels.tobytes()
    assert join_channels(planes).dtype == split_channels(pixels).dtype == dtype


def test_a_part_of_a_larger_picture_has_its_channels_taken_apart() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 9, 8, 3), dtype=np.uint8)[:, 2:7, 1:6]
    assert split_channels(pixels).tobytes() == pixels.transpose(0, 3, 1, 2).tobytes()
