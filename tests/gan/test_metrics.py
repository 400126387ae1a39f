"""Scores as numbers one can work out by hand."""

import numpy as np
import pytest

from p2p_gan.metrics import class_color_errors, l1, mean_picture, ssim

BLACK = np.zeros((16, 16, 3), np.uint8)
WHITE = np.full((16, 16, 3), 255, np.uint8)


def test_l1_is_0_for_equal_pictures_and_1_for_black_and_white() -> None:
    assert l1(WHITE, WHITE) == 0
    assert l1(BLACK, WHITE) == l1(WHITE, BLACK) == 1


def test_ssim_is_1_for_equal_pictures_and_near_0_for_unlike_ones() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    assert ssim(noise[0], noise[0]) == pytest.approx(1)
    assert abs(ssim(noise[0], noise[1])) < 0.1


def test_the_mean_picture_is_the_mean_of_each_pixel() -> None:
    assert (mean_picture([BLACK, WHITE, WHITE]) == 170).all()


def test_a_class_of_the_wrong_colour_has_an_error_and_an_absent_one_none() -> None:
    labels = np.zeros((16, 16), np.uint8)
    labels[:8] = 1
    fake = BLACK.copy()
    fake[:8, :, 0] = 51
    errors = class_color_errors([fake], [BLACK], [labels], ["ground", "body", "lights"])
    assert errors == {"ground": 0.0, "body": pytest.approx(0.2 / 3)}
