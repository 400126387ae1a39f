"""Colour taken away and put back."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo, read_photo
from p2p_datatools.derivations.color import lab_to_rgb
from p2p_datatools.derivations.operations import Gray, Lab

PRIMARIES: Photo = np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (9, 9, 9)]], dtype=np.uint8)
RANDOM = np.random.default_rng(0)


def lab(photo: Photo) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    lightness, colour = Lab().apply(photo, RANDOM)
    return lightness, colour


def test_grey_weighs_red_green_and_blue_as_the_standard_says() -> None:
    (bt601,), (bt709,) = (Gray(weights).apply(PRIMARIES, RANDOM) for weights in ("bt601", "bt709"))
    assert bt601.tolist() == [[76, 150, 29, 255, 9]]
    assert bt709.tolist() == [[54, 182, 18, 255, 9]]


def test_lightness_and_colour_are_those_of_cie_lab() -> None:
    lightness, colour = lab(PRIMARIES)
    # sRGB's primaries in CIE L*a*b* (D65), L from 0 to 100.
    known = np.array([(53.24, 80.09, 67.20), (87.73, -86.18, 83.18), (32.30, 79.19, -107.86), (100, 0, 0)])
    assert np.abs(lightness[0, :4] / 2.55 - known[:, 0]).max() <= 0.4
    assert np.abs(colour[0, :4, :2].astype(float) - 128 - known[:, 1:]).max() <= 1
    assert (colour[..., 2] == 128).all()


def test_a_grey_picture_has_no_colour_and_comes_back_the_same() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    lightness, colour = lab(ramp)
    assert (colour == 128).all()
    assert all(left <= right for left, right in pairwise(lightness[0].tolist()))
    back = lab_to_rgb(lightness, colour)
    assert np.abs(back.astype(int) - ramp).max() <= 1


def test_putting_together_restores_the_picture_within_the_rounding_of_8_bits() -> None:
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    every = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, len(steps), 3)
    lightness, colour = lab(every)
    away = np.abs(lab_to_rgb(lightness, colour).astype(int) - every)
    assert away.mean() < 1
    assert (away.max(axis=-1) <= 4).mean() > 0.9
    as_read = np.repeat(lightness[..., None], 3, axis=2)
    assert (lab_to_rgb(as_read, colour) == lab_to_rgb(lightness, colour)).all()


@pytest.mark.real_data
def test_real_photos_come_back_within_four_levels_nearly_everywhere(real_data: Path) -> None:
    for file in sorted((real_data / "car-parts" / "trainingset" / "JPEGImages").iterdir())[:5]:
        photo = read_photo(file)
        away = np.abs(lab_to_rgb(*lab(photo)).astype(int) - photo)
        assert away.mean() < 0.7
        assert (away.max(axis=-1) <= 4).mean() > 0.98
