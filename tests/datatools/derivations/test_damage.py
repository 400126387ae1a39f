"""Photos made worse: how much, where, and the same again from the same random numbers."""

import numpy as np
import pytest

from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.derivations.damage import motion_kernel
from p2p_datatools.derivations.operations import Blur, Downscale, Holes, Operation

PHOTO: Photo = np.random.default_rng(0).integers(0, 200, (48, 64, 3), dtype=np.uint8)
DOT: Photo = np.zeros((33, 33, 3), dtype=np.uint8)
DOT[16, 16] = 255


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def damage(photo: Photo, operation: Operation, random: np.random.Generator | None = None) -> Photo:
    (picture,) = operation.apply(photo, random or draws())
    return picture


def test_a_motion_smears_along_its_direction_only() -> None:
    level = damage(DOT, Blur(kind="motion", length=10))
    assert (level[:15] == 0).all()
    assert (level[16, 12:21] > 0).all()
    upright = damage(DOT, Blur(kind="motion", length=10, angle=90))
    assert np.abs(level.astype(int) - upright.transpose(1, 0, 2)).max() <= 1


@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 90.0, 135.0, -10.0])
@pytest.mark.parametrize("length", [1.0, 2.5, 15.0])
def test_a_motion_adds_no_light_and_has_no_side(length: float, angle: float) -> None:
    kernel = motion_kernel(length, angle)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert np.allclose(kernel, kernel[::-1, ::-1], atol=1e-5)


@pytest.mark.parametrize("length", [1.0, 4.0, 15.0])
def test_a_motion_is_as_long_as_it_is_said_to_be(length: float) -> None:
    weights = motion_kernel(length, 0).sum(axis=0)
    places = np.arange(len(weights)) - len(weights) // 2
    # Of a line the variance is length ** 2 / 12; shared by the two pixels around it, a point has 1 / 6.
    assert (weights * places**2).sum() == pytest.approx(length**2 / 12 + 1 / 6, rel=0.1)


def test_a_slant_of_45_degrees_goes_upwards_to_the_right() -> None:
    kernel = motion_kernel(9, 45)
    middle = kernel.shape[0] // 2
    assert kernel[middle - 2, middle + 2] > 10 * kernel[middle + 2, middle + 2]


def test_the_wider_the_gaussian_the_less_is_left() -> None:
    left = [damage(PHOTO, Blur(sigma=sigma)).std() for sigma in (0.5, 2.0, 8.0)]
    assert left[0] > left[1] > left[2]


def test_where_it_varies_each_picture_is_blurred_otherwise_and_the_same_again() -> None:
    varied = Blur(kind="motion", length=20, vary=True)
    assert (damage(PHOTO, varied, draws(1)) == damage(PHOTO, varied, draws(1))).all()
    assert (damage(PHOTO, varied, draws(1)) != damage(PHOTO, varied, draws(2))).any()
    fixed = Blur(kind="motion", length=20)
    assert (damage(PHOTO, fixed, draws(1)) == damage(PHOTO, fixed, draws(2))).all()


def test_a_coarser_picture_has_its_own_size_and_the_means_of_its_blocks() -> None:
    coarse = damage(PHOTO, Downscale(factor=4, grow="nearest"))
    assert coarse.shape == PHOTO.shape
    assert (coarse[:4, :4] == coarse[0, 0]).all()
    assert np.abs(coarse[0, 0] - PHOTO[:4, :4].mean(axis=(0, 1))).max() <= 1
    assert len(np.unique(damage(PHOTO, Downscale(factor=4))[:4, :4, 0])) > 1


def test_a_factor_of_one_changes_nothing_and_a_huge_one_leaves_one_colour() -> None:
    assert (damage(PHOTO, Downscale(factor=1)) == PHOTO).all()
    assert (damage(PHOTO, Downscale(factor=1000)) == damage(PHOTO, Downscale(factor=1000))[0, 0]).all()


@pytest.mark.parametrize("kind", ["rectangles", "strokes"])
def test_holes_cover_the_share_that_was_asked_for_and_the_rest_is_untouched(kind: str) -> None:
    damaged = damage(PHOTO, Holes(kind=kind, share=0.3))
    gone = (damaged == (255, 0, 255)).all(axis=-1)
    assert 0.3 <= gone.mean() < 0.6
    assert (damaged[~gone] == PHOTO[~gone]).all()


def test_holes_have_the_colour_that_was_asked_for_and_lie_elsewhere_with_another_seed() -> None:
    settings = Holes(color="1,2,3")
    one, other = damage(PHOTO, settings, draws(1)), damage(PHOTO, settings, draws(2))
    assert (one == (1, 2, 3)).all(axis=-1).any()
    assert (one != other).any()
    assert (one == damage(PHOTO, settings, draws(1))).all()


def test_the_photo_itself_is_not_changed() -> None:
    before = PHOTO.copy()
    damage(PHOTO, Holes())
    assert (before == PHOTO).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3)])
def test_even_a_picture_of_few_pixels_is_damaged(shape: tuple[int, int]) -> None:
    tiny = np.zeros((*shape, 3), dtype=np.uint8)
    for damaged in (
        damage(tiny, Blur()),
        damage(tiny, Blur(kind="motion")),
        damage(tiny, Downscale()),
        damage(tiny, Holes(kind="strokes")),
        damage(tiny, Holes()),
    ):
        assert damaged.shape == tiny.shape
