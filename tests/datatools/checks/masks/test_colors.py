"""Blended colours are told from foreign ones, and a mask with blended ones is read all the same."""

import cv2
import numpy as np
import pytest

from p2p_datatools.checks.masks.colors import judge_colors
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import LabelMap, Photo, colorize
from p2p_datatools.synth.drawing import draw_car_picture

CARS = load_palette("cars")


@pytest.fixture(scope="module")
def mask() -> LabelMap:
    return draw_car_picture(0, size=(320, 192)).labels


def jpeg(colors: Photo) -> Photo:
    _, data = cv2.imencode(".jpg", colors[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1])


def soften(colors: Photo) -> Photo:
    return np.asarray(cv2.GaussianBlur(colors, (0, 0), 0.8), dtype=np.uint8)


def test_exact_colours_are_no_finding(mask: LabelMap) -> None:
    assert judge_colors(colorize(mask, CARS), CARS) is None


@pytest.mark.parametrize("blend", [jpeg, soften])
def test_blended_colours_are_known_and_read(mask: LabelMap, blend: object) -> None:
    assert callable(blend)
    worn = judge_colors(blend(colorize(mask, CARS)), CARS)
    assert worn is not None
    assert worn.is_blended
    assert (worn.mask == mask).mean() > 0.98


def test_an_area_of_another_colour_is_foreign_and_its_place_is_said(mask: LabelMap) -> None:
    colors = colorize(mask, CARS)
    colors[5:25, 10:40] = (255, 128, 0)
    worn = judge_colors(colors, CARS)
    assert worn is not None
    assert not worn.is_blended
    assert (worn.number, worn.first, worn.color) == (600, (10, 5), (255, 128, 0))


def test_a_class_of_a_slightly_wrong_colour_is_foreign(mask: LabelMap) -> None:
    colors = colorize(mask, CARS)
    colors[mask == 1] = (250, 0, 0)
    worn = judge_colors(colors, CARS)
    assert worn is not None
    assert not worn.is_blended
