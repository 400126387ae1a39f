"""Scores as numbers one can work out by hand."""

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace
from skimage.metrics import peak_signal_noise_ratio

from p2p_gan.evaluation.metrics import (
    LabHistograms,
    class_color_errors,
    diversity,
    l1,
    mean_picture,
    psnr,
    sharpness,
    ssim,
)

BLACK = np.zeros((16, 16, 3), np.uint8)
WHITE = np.full((16, 16, 3), 255, np.uint8)


def test_l1_is_0_for_equal_pictures_and_1_for_black_and_white() -> None:
    assert l1(WHITE, WHITE) == 0
    assert l1(BLACK, WHITE) == l1(WHITE, BLACK) == 1


def test_ssim_is_1_for_equal_pictures_and_near_0_for_unlike_ones() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    assert ssim(noise[0], noise[0]) == pytest.approx(1)
    assert abs(ssim(noise[0], noise[1])) < 0.1


def test_ssim_of_a_range_that_does_not_begin_at_0_has_the_constants_of_its_width() -> None:
    # Wang et al. 2004, equation 13, of flat pictures: (2 m n + (0.01 L)^2) / (m^2 + n^2 + (0.01 L)^2).
    first, second = np.full((8, 8), -0.02), np.full((8, 8), 0.04)
    expected = (2 * -0.02 * 0.04 + 0.02**2) / (0.02**2 + 0.04**2 + 0.02**2)
    for counted in (None, np.ones((8, 8), bool)):
        assert ssim(first, second, (-1.0, 1.0), counted) == pytest.approx(expected)


def test_the_mean_picture_is_the_mean_of_each_pixel() -> None:
    assert (mean_picture([BLACK, WHITE, WHITE]) == 170).all()


def test_a_class_of_the_wrong_colour_has_an_error_and_an_absent_one_none() -> None:
    labels = np.zeros((16, 16), np.uint8)
    labels[:8] = 1
    fake = BLACK.copy()
    fake[:8, :, 0] = 51
    errors = class_color_errors(fake, BLACK, labels, ["ground", "body", "lights"])
    assert errors == {"ground": 0.0, "body": pytest.approx(0.2 / 3)}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "int32"])
@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 5)])
def test_scores_are_shares_of_the_range_for_any_type_and_number_of_channels(dtype: str, shape: tuple[int, ...]) -> None:
    low, high = np.full(shape, 40).astype(dtype), np.full(shape, 60).astype(dtype)
    assert l1(low, high, (0.0, 200.0)) == pytest.approx(0.1)
    assert ssim(low, low, (0.0, 200.0)) == pytest.approx(1)
    assert ssim(low, high, (0.0, 200.0)) < 1


def test_pictures_smaller_than_the_window_have_a_similarity_too() -> None:
    assert ssim(BLACK[:4, :6], BLACK[:4, :6]) == pytest.approx(1)


def test_the_mean_keeps_the_type() -> None:
    deep = np.full((4, 4), 40_001, np.uint16)
    assert mean_picture([deep, deep + 1]).dtype == np.uint16
    assert (mean_picture([deep * 0.5, deep * 1.5]) == deep).all()


def test_histograms_share_all_with_themselves_and_the_order_of_pixels_does_not_matter() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    first, turned, black = LabHistograms(), LabHistograms(), LabHistograms()
    first.add(noise)
    turned.add(np.ascontiguousarray(noise[::-1]))
    black.add(BLACK)
    assert first.intersection(turned) == {"L": 1.0, "a": 1.0, "b": 1.0}
    assert first.intersection(black)["L"] < 0.05


def test_half_of_the_pixels_in_another_colour_share_half() -> None:
    half, black = LabHistograms(), LabHistograms()
    half.add(np.concatenate((BLACK, WHITE)))
    black.add(BLACK)
    assert half.intersection(black)["L"] == pytest.approx(0.5)
    assert half.intersection(black)["a"] == pytest.approx(1)  # black and white have no hue


def test_equal_variants_have_no_diversity_and_black_and_white_all_of_it() -> None:
    assert diversity([BLACK, BLACK, BLACK]) == (0.0, 0.0)
    assert diversity([BLACK]) == (0.0, 0.0)
    assert diversity([BLACK, WHITE]) == (1.0, 0.5)


def test_scores_of_some_pixels_do_not_depend_on_the_others() -> None:
    random = np.random.default_rng(0)
    first, second, third = random.integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
    where = np.zeros((40, 40), bool)
    where[:, :10] = True
    other = second.copy()
    other[:, 10:] = third[:, 10:]
    for score in (l1, ssim):
        assert score(first, second, counted=where) == score(first, other, counted=where)
        assert score(first, second) != score(first, other)
        assert score(first, second, counted=~np.zeros_like(where)) == pytest.approx(score(first, second))
    assert l1(first, second, counted=where) == pytest.approx(l1(first[:, :10], second[:, :10]))
    one, two = LabHistograms(), LabHistograms()
    one.add(first, where)
    two.add(np.ascontiguousarray(first[:, :10]))
    assert all(np.array_equal(one.counts[name], two.counts[name]) for name in "Lab")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_windows_of_a_few_counted_pixels_are_compared_by_these(dtype: Any) -> None:
    random = np.random.default_rng(0)
    first, noise, third = random.uniform(0, 255, (3, 40, 40)).astype(dtype)
    where = random.random((40, 40)) < 0.2  # hardly a window without a hole
    near = np.where(where, first * 0.9 + noise * 0.1, third).astype(dtype)
    far = np.where(where, noise, third).astype(dtype)
    assert ssim(first, np.where(where, first, third), counted=where) == pytest.approx(1)
    assert 0.9 < ssim(first, near, counted=where) < 1
    assert -0.1 < ssim(first, far, counted=where) < 0.2


def test_the_mean_picture_leaves_out_what_does_not_count() -> None:
    everything, left = np.ones((16, 16), bool), np.zeros((16, 16), bool)
    left[:, :8] = True
    mean = mean_picture([BLACK, WHITE, WHITE], [everything, left, None])
    assert (mean[:, :8] == 170).all()
    assert (mean[:, 8:] == 128).all()
    half = mean_picture([BLACK[..., 0], WHITE[..., 0]], [left, left])
    assert (half == 128).all()  # also where nothing counts


def test_where_no_pixel_counts_nothing_is_wrong() -> None:
    nowhere = np.zeros((16, 16), bool)
    assert l1(BLACK, WHITE, counted=nowhere) == 0
    assert ssim(BLACK, WHITE, counted=nowhere) == 1


def test_the_signal_to_noise_ratio_is_that_of_scikit_image_and_100_for_equal_pictures() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 30, 3), dtype=np.uint8)
    reference: Any = peak_signal_noise_ratio
    assert psnr(noise[0], noise[1]) == pytest.approx(reference(noise[0], noise[1]))
    deep = noise.astype(np.float32) / 7
    assert psnr(deep[0], deep[1], (-5.0, 45.0)) == pytest.approx(reference(deep[0], deep[1], data_range=50))
    assert psnr(BLACK, BLACK) == 100
    assert psnr(BLACK, WHITE) == 0
    left = np.zeros((40, 30), bool)
    left[:, :10] = True
    assert psnr(noise[0], noise[1], counted=left) == pytest.approx(reference(noise[0][:, :10], noise[1][:, :10]))


def test_sharpness_is_the_spread_of_the_laplacian_and_falls_when_a_picture_is_blurred() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 30, 3), dtype=np.uint8)  # more rows than a strip
    grey = noise.mean(axis=2)
    assert sharpness(noise) == pytest.approx(laplace(grey)[1:-1, 1:-1].std() / 255)
    assert sharpness(noise[..., 0], (0.0, 510.0)) == pytest.approx(laplace(noise[..., 0] * 1.0)[1:-1, 1:-1].std() / 510)
    edge = np.repeat(np.array([0] * 20 + [255] * 20, np.uint8)[None], 40, axis=0)
    assert sharpness(gaussian_filter(edge, 2)) < sharpness(edge) / 2
    assert sharpness(BLACK) == sharpness(noise[:2]) == 0
    counted = np.ones((600, 30), bool)
    counted[:, 12] = False  # and with it the pixels beside it
    kept = [column for column in range(1, 29) if abs(column - 12) > 1]
    assert sharpness(noise, counted=counted) == pytest.approx(laplace(grey)[1:-1, kept].std() / 255)


def test_what_bends_alike_everywhere_has_no_sharpness() -> None:
    rows = np.tile(np.arange(12, dtype=np.float64) ** 2, (12, 1))  # its Laplacian is 2 at every pixel
    assert sharpness(rows, (0.0, 255.0)) == pytest.approx(0, abs=1e-6)


def test_channels_of_a_class_that_are_wrong_in_opposite_ways_do_not_cancel() -> None:
    real = np.full((4, 4, 3), 100, np.uint8)
    fake = real + np.array([51, -51, 0]).astype(np.uint8)
    errors = class_color_errors(fake, real, np.zeros((4, 4), np.uint8), ("body",))
    assert errors["body"] == pytest.approx(0.4 / 3)


def test_every_pair_of_variants_counts_in_their_difference() -> None:
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert diversity([black, white, black])[0] == pytest.approx(2 / 3)


def test_red_is_counted_where_cielab_has_red() -> None:
    histograms = LabHistograms()
    histograms.add(np.full((2, 2, 3), (255, 0, 0), np.uint8))
    found = {name: int(counts.argmax()) for name, counts in histograms.counts.items()}
    assert found == {"L": 53, "a": 80 + 110, "b": 67 + 110}
