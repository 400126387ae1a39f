"""Soft masks of any depth: their greys in 8 bits, the masks that come of them, and numbers that are no greys."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.contract.pictures.soft import soft_greys
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")


def shape() -> NDArray[np.float32]:
    """A hard mask, 1 in two rectangles."""
    hard = np.zeros((48, 64), dtype=np.float32)
    hard[10:34, 8:40], hard[20:44, 44:58] = 1, 1
    return hard


def soft() -> NDArray[np.float32]:
    """The probabilities that a network gives: 0 to 1, between these at the edges."""
    return np.asarray(cv2.GaussianBlur(shape(), (0, 0), 1.2), dtype=np.float32)


@pytest.mark.parametrize(("dtype", "white"), [("float32", 1), ("float16", 1), ("float64", 255), ("uint16", 65535)])
@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_a_soft_mask_of_more_bits_names_the_command_that_builds_it(
    tmp_path: Path, dtype: str, white: float, suffix: str, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    values = (soft() * white).astype(dtype)
    if suffix == ".npy":
        np.save(labels / "a.npy", values)
    else:
        tifffile.imwrite(labels / "a.tif", values)
    with refused("pictures-failed") as error:
        build_masks(labels, tmp_path / "masks", palette=CARS)
    assert [part.code for part in error.value.parts] == ["soft-mask"]
    assert "--format colors --map '#ffffff=CLASS'" in error.value.parts[0].to_do
    build_masks(labels, tmp_path / "masks", palette=CARS, format="colors", mapping={"#ffffff": "body"})
    assert (read_mask(tmp_path / "masks" / "a.png", CARS) == shape()).mean() > 0.99


@pytest.mark.parametrize(
    "values",
    [
        (soft() - 0.5) * 12,  # scores before a sigmoid
        np.linspace(0, 1, 48 * 64).reshape(48, 64),  # a slope, as of depth
        (soft() * 255).astype(np.uint8),  # which is one already
        np.kron(np.arange(12).reshape(3, 4), np.ones((16, 16))).astype(np.uint16) * 5957,  # areas of 12 numbers
        np.where(shape() > 0, 65535, 7).astype(np.uint16),  # objects and what is ignored
        np.zeros((0, 4), dtype=np.float32),
    ],
)
def test_scores_slopes_areas_and_numbers_are_no_soft_masks(values: NDArray[Any]) -> None:
    assert soft_greys(values) is None


def test_what_a_filter_adds_beyond_black_and_white_is_black_and_white() -> None:
    values = soft()
    values[0, 0], values[15, 20] = -0.01, 1.02
    greys = soft_greys(values)
    assert greys is not None
    assert (greys[0, 0], greys[15, 20]) == (0, 255)


def test_probabilities_of_several_classes_say_how_to_get_numbers(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "labels").mkdir()
    np.save(tmp_path / "labels" / "a.npy", np.stack([1 - soft(), soft(), 0 * soft(), 0 * soft()], axis=2))
    with refused("pictures-failed") as error:
        build_masks(tmp_path / "labels", tmp_path / "masks", palette=CARS)
    assert "np.argmax(values, axis=2)" in str(error.value)
