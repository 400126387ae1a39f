"""Pixels through the range of a network and back: exactly, for every type, number of channels, and for classes."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_gan.data.coding import Coding, coding_of

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
CPU = torch.device("cpu")


def values_of(dtype: str, low: float, high: float, channels: int) -> Coding:
    return coding_of(Half("x", "photo", channels, dtype, (low, high)), None, "values")


@pytest.mark.parametrize("channels", [1, 3, 12, 64])
@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [("uint8", 0, 255), ("uint16", 0, 65535), ("uint16", 0, 4095), ("int16", -32768, 32767), ("int16", -20, 3000)],
)
def test_every_integer_comes_back_exactly(dtype: str, low: int, high: int, channels: int) -> None:
    limits = np.iinfo(dtype)
    every = np.arange(limits.min, limits.max + 1).astype(dtype)
    pixels = np.resize(
        every, (1, 256, every.size // 256 or 1, channels) if channels > 1 else (1, 256, every.size // 256)
    )
    coding = values_of(dtype, low, high, channels)
    tensor = coding.to_tensor(pixels, CPU)
    assert tensor.shape == (1, channels, *pixels.shape[1:3])
    assert tensor.dtype == torch.float32
    back = coding.to_array(tensor)
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, pixels)


@pytest.mark.parametrize("channels", [1, 3, 12, 64])
def test_floats_in_a_range_that_float32_scales_exactly_come_back_exactly(channels: int) -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 5, 7, channels)).astype(np.float32)
    pixels = pixels[..., 0] if channels == 1 else pixels
    for extent in (1.0, 4.0, 2.0**-7):
        coding = values_of("float32", -extent, extent, channels)
        np.testing.assert_array_equal(coding.to_array(coding.to_tensor(pixels, CPU)), pixels)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "uint32"])
def test_other_numbers_come_back_to_a_millionth_of_their_range(dtype: str) -> None:
    low, high = 3.0, 60000.0
    pixels = np.random.default_rng(0).uniform(low, high, (1, 40, 40, 2)).astype(dtype)
    coding = values_of(dtype, low, high, 2)
    tensor = coding.to_tensor(pixels, CPU)
    assert -1.001 <= tensor.min() < -0.99
    assert 0.99 < tensor.max() <= 1.001
    back = coding.to_array(tensor)
    assert back.dtype == pixels.dtype
    assert np.abs(back.astype(float) - pixels).max() <= 2**-22 * (high - low) + (8 if dtype == "float16" else 0)


def test_large_integers_of_a_narrow_range_come_back_exactly() -> None:
    pixels = np.arange(2_000_000_000, 2_000_004_096, dtype=np.uint32).reshape(1, 64, 64)
    coding = values_of("uint32", 2_000_000_000, 2_000_004_095, 1)
    np.testing.assert_array_equal(coding.to_array(coding.to_tensor(pixels, CPU)), pixels)


def test_what_a_network_says_beyond_the_range_of_a_type_is_cut_off() -> None:
    coding = values_of("uint16", 0, 65535, 1)
    beyond = torch.tensor([-1.5, -1.0, 1.0, 1.5]).reshape(1, 1, 2, 2)
    assert coding.to_array(beyond).ravel().tolist() == [0, 0, 65535, 65535]


def test_a_half_of_one_value_alone_is_zero_and_not_infinite() -> None:
    coding = values_of("float32", 7.0, 7.0, 1)
    pixels = np.full((1, 2, 2), 7.0, np.float32)
    assert coding.to_tensor(pixels, CPU).abs().max() == 0
    np.testing.assert_array_equal(coding.to_array(coding.to_tensor(pixels, CPU)), pixels)


def test_classes_are_one_hot_ignored_pixels_are_none_and_logits_become_the_likeliest() -> None:
    coding = coding_of(Half("mask", "mask"), CARS, "classes")
    indices = np.random.default_rng(0).integers(0, 5, (2, 6, 9), dtype=np.uint8)
    indices[0, :2] = IGNORE
    tensor = coding.to_tensor(indices, CPU)
    assert tensor.shape == (2, 5, 6, 9)
    assert not tensor[0, :, :2].any()
    assert (tensor.sum(dim=1) == torch.from_numpy(indices != IGNORE)).all()
    known = indices != IGNORE
    np.testing.assert_array_equal(coding.to_array(tensor * 9 - 4)[known], indices[known])


def test_classes_of_a_photo_or_without_a_palette_and_too_many_channels_are_refused(refused: "Refused") -> None:
    with refused("unfit-setting", "b_encoding=classes", usage=True) as error:
        coding_of(Half("photo", "photo"), CARS, "classes", field="b_encoding")
    assert "the half photo is a photo" in error.value.what
    with refused("unfit-setting", "a_encoding=classes", usage=True) as error:
        coding_of(Half("mask", "mask"), None, "classes", field="a_encoding")
    assert "the half mask has no palette" in error.value.what
    with refused("too-many-channels", "half cube") as error:
        coding_of(Half("cube", "picture", 65), None, "values")
    assert "has 65 channels, but networks accept 1 to 64" in error.value.what


@pytest.mark.parametrize("kind", ["values", "classes"])
def test_pictures_lie_in_memory_by_channels_on_every_gpu_unless_the_weights_do_not(kind: str) -> None:
    half, pixels = Half("mask", "mask"), np.zeros((1, 8, 8) if kind == "classes" else (1, 8, 8, 3), np.uint8)
    coding = coding_of(half, CARS, kind)
    elsewhere = torch.device("meta")  # a device that is not the CPU, and everywhere
    assert coding.to_tensor(pixels, elsewhere).is_contiguous()
    assert coding.to_tensor(pixels, elsewhere, torch.channels_last).is_contiguous(memory_format=torch.channels_last)
    assert coding.to_tensor(pixels, CPU).is_contiguous(memory_format=torch.channels_last)


def test_pixels_that_are_given_are_never_changed() -> None:
    for dtype in ("uint8", "float32", "float64"):
        pixels = np.full((1, 4, 4, 3), 7, dtype)
        values_of(dtype, 0, 255, 3).to_tensor(pixels, CPU).add_(1)
        assert (pixels == 7).all()


@pytest.mark.parametrize("channels", [1, 3, 12])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "uint32", "float32", "float64"])
def test_arrays_are_encoded_and_decoded_without_torch_to_the_same_values(dtype: str, channels: int) -> None:
    coding = values_of(dtype, 3, 200, channels)
    shape = (2, 6, 5, channels)[: 4 if channels > 1 else 3]
    pixels = np.random.default_rng(0).uniform(0, 250, shape).astype(dtype)
    tensor = coding.to_tensor(pixels, CPU)
    np.testing.assert_array_equal(coding.encode(pixels), tensor.numpy())
    given = tensor * 1.7 + 0.01  # beyond the range, and between its steps
    decoded = coding.decode(given.contiguous().numpy())
    assert (decoded.dtype, decoded.shape) == (np.dtype(dtype), pixels.shape)
    np.testing.assert_array_equal(decoded, coding.to_array(given))


def test_classes_are_encoded_and_decoded_without_torch_to_the_same_values() -> None:
    coding = coding_of(Half("mask", "mask"), CARS, "classes")
    labels = np.random.default_rng(0).integers(0, 5, (2, 6, 5), dtype=np.uint8)
    labels[0, 0] = IGNORE
    encoded = coding.encode(labels)
    np.testing.assert_array_equal(encoded, coding.to_tensor(labels, CPU).numpy())
    np.testing.assert_array_equal(coding.decode(encoded), coding.to_array(torch.from_numpy(encoded)))
