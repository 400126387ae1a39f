"""A mirrored picture has the same values from right to left, and channels stay exact, of whatever type they are."""

import numpy as np
import pytest

from p2p_datatools.contract.pictures.rearrange import as_bytes, join_channels, mirror_into, split_channels


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


def test_values_become_the_nearest_bytes_and_halves_the_even_ones() -> None:
    halves = np.arange(-3, 260, 0.5)
    around = [np.nextafter(halves.astype(np.float32), np.float32(end)) for end in (-1000, 1000)]
    values = np.concatenate([halves, *around, [1e9, -1e9, 3e38, -3e38, np.inf, -np.inf, -0.0]]).astype(np.float32)
    wanted = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    assert as_bytes(values.copy()).tolist() == wanted.tolist()
    planes = np.resize(values, (2, 3, 5, 7))
    assert (as_bytes(planes.copy()) == np.resize(wanted, (2, 3, 5, 7))).all()
