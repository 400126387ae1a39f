"""Fitting: both halves of a pair go the same way, masks gain no value, and what was fitted can be restored."""

from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo, size_of
from p2p_datatools.contract.pictures.resize import fit_gaps, fit_to, resize_mask, resize_photo, scale_to
from p2p_datatools.contract.pictures.sizes import Fit, Size

FITS: tuple[Fit, ...] = ("stretch", "crop", "pad")
SIZES = [Size(32, 32), Size(17, 40), Size(1, 9), Size(200, 3)]


def smooth(size: Size) -> Photo:
    """A picture whose red says how far right, and green how far down, a pixel lies."""
    right, down = np.linspace(0, 255, size.width), np.linspace(0, 255, size.height)
    picture = np.zeros((size.height, size.width, 3))
    picture[..., 0], picture[..., 1] = right[None, :], down[:, None]
    return picture.round().astype(np.uint8)


def labels(size: Size) -> NDArray[np.uint8]:
    return np.random.default_rng(0).choice(np.array([0, 3, 7, 255], dtype=np.uint8), (size.height, size.width))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("own", SIZES)
def test_every_picture_comes_to_every_size_and_masks_gain_no_value(own: Size, size: Size, fit: Fit) -> None:
    assert size_of(fit_to(smooth(own), size, fit, exact=False)) == size
    fitted = fit_to(labels(own), size, fit, exact=True)
    assert size_of(fitted) == size
    assert set(np.unique(fitted)) <= {0, 3, 7, 255}


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [Size(64, 64), Size(30, 90), Size(150, 40)])
def test_photo_and_mask_of_a_pair_stay_aligned(size: Size, fit: Fit) -> None:
    mask = np.zeros((80, 120), dtype=np.uint8)
    mask[20:50, 30:100] = 1
    photo = np.repeat(mask[..., None] * np.uint8(255), 3, axis=-1)
    fitted_mask = fit_to(mask, size, fit, exact=True)
    fitted_photo = fit_to(photo, size, fit, exact=False)[..., 0] > 127
    padded = np.pad(fitted_mask, 1, mode="edge")
    edge = (padded[2:, 1:-1] != padded[:-2, 1:-1]) | (padded[1:-1, 2:] != padded[1:-1, :-2])
    assert not (fitted_photo != (fitted_mask == 1))[~edge].any()


def test_a_picture_of_the_wanted_size_is_not_touched() -> None:
    photo = smooth(Size(21, 13))
    for fit in FITS:
        assert fit_to(photo, Size(21, 13), fit, exact=False) is photo


def test_a_photo_shrinks_by_area() -> None:
    fine = np.zeros((40, 40, 3), dtype=np.uint8)
    fine[:, ::2] = 200
    assert (resize_photo(fine, Size(10, 10)) == 100).all()


def test_a_side_that_shrinks_is_averaged_even_where_the_other_grows() -> None:
    fine = np.zeros((10, 40, 3), dtype=np.uint8)
    fine[:, ::2] = 200
    assert (resize_photo(fine, Size(10, 30)) == 100).all()


def test_a_photo_that_grows_stays_within_its_values_and_on_its_place() -> None:
    edge = np.zeros((8, 8, 3), dtype=np.uint8)
    edge[:, 4:] = 255
    grown = resize_photo(edge, Size(32, 32))
    assert grown[:, :14].max() < 40
    assert grown[:, 18:].min() > 215


def test_a_mask_takes_the_nearest_pixel_centre() -> None:
    mask = np.array([[0, 1, 2, 3]], dtype=np.uint8)
    assert resize_mask(mask, Size(2, 1)).tolist() == [[1, 3]]
    assert resize_mask(mask, Size(8, 1)).tolist() == [[0, 0, 1, 1, 2, 2, 3, 3]]
    assert (resize_mask(mask[:, ::-1], Size(8, 1)) == resize_mask(mask, Size(8, 1))[:, ::-1]).all()


def test_a_crop_keeps_the_middle_and_a_pad_keeps_all() -> None:
    photo = smooth(Size(100, 50))
    cropped = fit_to(photo, Size(50, 50), "crop", exact=False)
    assert (cropped == photo[:, 25:75]).all()
    padded = fit_to(photo, Size(100, 100), "pad", exact=False)
    assert (padded[25:75] == photo).all()
    assert (padded[24] == photo[1]).all()


@pytest.mark.parametrize("fit", ["stretch", "pad"])
@pytest.mark.parametrize("own", [Size(100, 60), Size(61, 97), Size(300, 200)])
def test_what_was_fitted_comes_back_in_its_own_size_and_place(own: Size, fit: Literal["stretch", "pad"]) -> None:
    photo = smooth(own)
    fitted = fit_to(photo, Size(128, 128), fit, exact=False)
    inner = size_of(fitted) if fit == "stretch" else scale_to(own, size_of(fitted), cover=False)
    left, top = (128 - inner.width) // 2, (128 - inner.height) // 2
    back = resize_photo(np.ascontiguousarray(fitted[top : top + inner.height, left : left + inner.width]), own)
    assert size_of(back) == own
    assert np.abs(back.astype(int) - photo).max() <= 12


def test_a_size_scaled_into_a_box_keeps_its_shape() -> None:
    assert scale_to(Size(400, 200), Size(100, 100), cover=False) == Size(100, 50)
    assert scale_to(Size(400, 200), Size(100, 100), cover=True) == Size(200, 100)
    assert scale_to(Size(1000, 1), Size(10, 10), cover=False) == Size(10, 1)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [Size(32, 32), Size(90, 50), Size(20, 70), Size(48, 40)])
def test_only_pixels_that_resizing_mixes_with_gaps_depend_on_their_values(size: Size, fit: Fit) -> None:
    random = np.random.default_rng(0)
    one = random.uniform(-50, 50, (40, 48)).astype(np.float32)
    one[-1, :2] = -50, 50  # results stay between the smallest and the largest value
    gaps = np.zeros(one.shape, dtype=bool)
    gaps[:9, :7], gaps[20, 30], gaps[:, 44] = True, True, True
    other = np.where(gaps, random.uniform(-50, 50, one.shape).astype(np.float32), one)
    grown = fit_gaps(gaps, size, fit)
    first, second = (fit_to(each, size, fit, exact=False) for each in (one, other))
    assert size_of(grown) == size
    assert (first[~grown] == second[~grown]).all()
    assert 0 < grown.mean() < 0.6
    assert not fit_gaps(~gaps & False, size, fit).any()
