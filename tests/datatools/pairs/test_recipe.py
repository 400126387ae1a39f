"""Two files become the halves of a pair: masks of half or twice the size, halves of any depth, and what each costs."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pairs.halves import read_halves
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array, write_tiff
from p2p_datatools.contract.pictures.images import colorize, read_photo, size_of, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Fit, Size
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.inputs import match_inputs, recipe_of
from p2p_datatools.pairs.recipe import PairRecipe

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")


def label_map(width: int, height: int) -> NDArray[np.uint8]:
    return np.random.default_rng(width).integers(0, 5, (height, width), dtype=np.uint8)


def make_mask(folder: Path, width: int, height: int, name: str = "car") -> NDArray[np.uint8]:
    folder.mkdir(exist_ok=True)
    (folder / "palette.toml").write_text(CARS.to_toml())
    labels = label_map(width, height)
    write_mask(folder / f"{name}.png", labels, CARS)
    return labels


def job(a: Path, b: Path, size: Size | None = None, fit: Fit = "stretch") -> PairRecipe:
    inputs, _, _ = match_inputs((a,), b)
    return recipe_of(inputs, None, size=size, fit=fit)


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    return tmp_path / "masks"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return tmp_path / "photos"


# Masks of half or twice the size.


def test_a_mask_of_half_the_size_becomes_four_equal_pixels_each(
    masks: Path, photos: Path, write_photos: "WritePhotos"
) -> None:
    labels = make_mask(masks, 12, 8)
    write_photos(photos, "car.png")
    halves = job(masks, photos).assemble((masks / "car.png", photos / "car.png"))
    assert (halves.a == colorize(labels.repeat(2, axis=0).repeat(2, axis=1), CARS)).all()
    assert (halves.b == read_photo(photos / "car.png")).all()
    assert halves.remarks == {"scaled": "a 12x8 to 24x16"}


def test_a_mask_of_twice_the_size_keeps_only_classes_that_it_had(
    masks: Path, photos: Path, write_photos: "WritePhotos"
) -> None:
    write_photos(photos, "car.png")
    labels = make_mask(masks, 48, 32)
    halves = job(photos, masks).assemble((photos / "car.png", masks / "car.png"))
    assert (halves.b == colorize(labels[1::2, 1::2], CARS)).all()
    assert halves.remarks == {"scaled": "b 48x32 to 24x16"}


@pytest.mark.parametrize("mask", [(12, 8), (13, 9), (12, 9), (50, 34)])
def test_half_and_twice_are_met_up_to_the_pixel_that_an_odd_side_leaves(
    mask: tuple[int, int], masks: Path, photos: Path, write_photos: "WritePhotos"
) -> None:
    make_mask(masks, *mask)
    write_photos(photos, "car.png", size=Size(25, 17))
    halves = job(masks, photos).assemble((masks / "car.png", photos / "car.png"))
    assert size_of(halves.a) == Size(25, 17)


@pytest.mark.parametrize("mask", [(8, 16), (24, 8), (11, 8), (72, 51), (22, 16)])
def test_a_mask_of_any_other_size_is_refused_with_both_sizes(
    mask: tuple[int, int], masks: Path, photos: Path, refused: "Refused", write_photos: "WritePhotos"
) -> None:
    make_mask(masks, *mask)
    write_photos(photos, "car.png")
    with refused("mask-size", masks / "car.png") as error:
        job(masks, photos).assemble((masks / "car.png", photos / "car.png"))
    assert f"{mask[0]}x{mask[1]} and 24x16" in error.value.what


@pytest.mark.parametrize("mask", [(23, 16), (24, 17), (6, 4), (72, 48), (36, 24)])
def test_a_mask_of_the_same_shape_is_scaled_and_recorded(
    mask: tuple[int, int], masks: Path, photos: Path, write_photos: "WritePhotos"
) -> None:
    make_mask(masks, *mask)
    write_photos(photos, "car.png")
    halves = job(masks, photos).assemble((masks / "car.png", photos / "car.png"))
    assert (size_of(halves.a), halves.remarks) == ((24, 16), {"scaled": f"a {Size(*mask)} to 24x16"})


@pytest.mark.parametrize("other", ["masks", "drawings"])
def test_two_shapes_are_refused_also_where_a_size_is_asked_for(
    other: str, photos: Path, tmp_path: Path, refused: "Refused", write_photos: "WritePhotos"
) -> None:
    write_photos(photos, "car.png")
    if other == "masks":
        make_mask(tmp_path / other, 24, 24)
    else:
        write_photos(tmp_path / other, "car.png", size=Size(24, 24))
    files = tmp_path / other / "car.png", photos / "car.png"
    with refused("mask-size", files[0]):
        job(tmp_path / other, photos, Size(8, 8)).assemble(files)


def test_photos_of_one_shape_and_two_sizes_are_paired_at_the_size_asked_for(
    photos: Path, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    write_photos(photos, "car.png")
    write_photos(tmp_path / "drawings", "car.png", size=Size(12, 8))
    recipe = job(tmp_path / "drawings", photos, Size(8, 8))
    halves = recipe.assemble((tmp_path / "drawings" / "car.png", photos / "car.png"))
    assert (size_of(halves.a), size_of(halves.b), halves.remarks) == ((8, 8), (8, 8), {})


def test_photos_are_not_scaled_to_each_other_unasked(
    photos: Path, tmp_path: Path, refused: "Refused", write_photos: "WritePhotos"
) -> None:
    write_photos(photos, "car.png")
    write_photos(tmp_path / "drawings", "car.png", size=Size(12, 8))
    with refused("mask-size", tmp_path / "drawings" / "car.png"):
        job(tmp_path / "drawings", photos).assemble((tmp_path / "drawings" / "car.png", photos / "car.png"))


def test_masks_that_were_scaled_are_counted_also_when_they_are_there_already(
    masks: Path, photos: Path, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    for name, mask in (("half", (12, 8)), ("same", (24, 16)), ("twice", (48, 32))):
        make_mask(masks, *mask, name=name)
        write_photos(photos, f"{name}.png")
    first, again = (pair(masks, photos, tmp_path / "pairs") for _ in range(2))
    assert (first.built, first.scaled) == (3, 2)
    assert (again.kept, again.scaled) == (3, 2)
    said = {each.name: each.sources.get("scaled") for each in read_manifest(tmp_path / "pairs").pairs}
    assert said == {"half": "a 12x8 to 24x16", "same": None, "twice": "a 48x32 to 24x16"}


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_a_half_sized_mask_still_covers_its_photo_after_any_fit(fit: Fit, masks: Path, photos: Path) -> None:
    left_is_car = np.zeros((16, 32), dtype=np.uint8)
    left_is_car[:, :16] = 1
    make_mask(masks, 32, 16)
    write_mask(masks / "car.png", left_is_car, CARS)
    photo = np.zeros((32, 64, 3), dtype=np.uint8)
    photo[:, :32] = CARS.colors()[1]
    write_png(photos / "car.png", photo)
    halves = job(masks, photos, Size(20, 20), fit).assemble((masks / "car.png", photos / "car.png"))
    away_from_the_seam = [*range(8), *range(12, 20)]
    assert (halves.a[:, away_from_the_seam] == halves.b[:, away_from_the_seam]).all()


# Halves of any depth.


def make_array(path: Path, values: Array) -> Path:
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".png":
        write_png(path, values)
    else:
        write_tiff(path, values)
    return path


def values_of(shape: tuple[int, ...], dtype: str) -> Array:
    values = np.random.default_rng(0).uniform(0, 200, shape)
    return (values * (257 if dtype == "uint16" else 1)).astype(dtype)


@pytest.mark.parametrize(
    ("file", "shape", "dtype"),
    [
        ("car.png", (16, 24), "uint16"),
        ("car.png", (16, 24, 3), "uint16"),
        ("car.png", (16, 24), "uint8"),
        ("car.tif", (16, 24), "float32"),
        ("car.tif", (16, 24, 7), "uint16"),
        ("car.npy", (16, 24, 2), "float64"),
        ("car.npy", (16, 24), "int16"),
    ],
)
def test_a_half_of_any_depth_comes_out_of_the_pair_as_it_went_in(
    file: str, shape: tuple[int, ...], dtype: str, photos: Path, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    values = values_of(shape, dtype)
    make_array(tmp_path / "depth" / file, values)
    write_photos(photos, "car.png")
    summary = pair(tmp_path / "depth", photos, tmp_path / "pairs", halves=("depth", "photo"))
    folder = read_manifest(tmp_path / "pairs")
    halves = read_halves(folder, folder.pairs[0])
    assert halves.a.dtype == values.dtype
    assert (halves.a == values).all()
    assert (halves.b == read_photo(photos / "car.png")).all()
    channels = shape[2] if len(shape) == 3 else 1
    assert summary.forms == (f"{channels} x {dtype}", "3 x uint8")


def test_values_of_any_depth_may_stand_right(photos: Path, tmp_path: Path, write_photos: "WritePhotos") -> None:
    write_photos(photos, "car.png")
    make_array(tmp_path / "depth" / "car.npy", values_of((16, 24), "float32"))
    assert pair(photos, tmp_path / "depth", tmp_path / "pairs").forms == ("3 x uint8", "1 x float32")


def test_the_range_of_floats_is_that_of_all_pairs(photos: Path, tmp_path: Path, write_photos: "WritePhotos") -> None:
    for name, value in (("car", -2.5), ("dog", 7.0)):
        make_array(tmp_path / "depth" / f"{name}.npy", np.full((16, 24), value, np.float32))
        write_photos(photos, f"{name}.png")
    pair(tmp_path / "depth", photos, tmp_path / "pairs")
    assert read_manifest(tmp_path / "pairs").a.range == (-2.5, 7.0)


def test_a_half_with_another_depth_than_the_first_is_skipped_with_both_depths(
    photos: Path, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    for name, dtype in (("car", "float32"), ("dog", "float64")):
        make_array(tmp_path / "depth" / f"{name}.npy", values_of((16, 24), dtype))
        write_photos(photos, f"{name}.png")
    summary = pair(tmp_path / "depth", photos, tmp_path / "pairs", keep_going=True)
    (skip,) = summary.skipped
    assert (skip.code, skip.where) == ("mixed-forms", str(tmp_path / "depth" / "dog.npy"))
    assert "1 channel of float64, but the others of this half have 1 channel of float32" in skip.what


def test_a_grey_photo_among_colour_photos_becomes_three_equal_channels(
    photos: Path, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    grey = values_of((16, 24), "uint8")
    make_array(tmp_path / "a" / "car.png", grey)
    write_photos(tmp_path / "a", "dog.png")
    for name in ("car", "dog"):
        write_photos(photos, f"{name}.png")
    pair(tmp_path / "a", photos, tmp_path / "pairs")
    folder = read_manifest(tmp_path / "pairs")
    assert (read_halves(folder, folder.pairs[0]).a == np.repeat(grey[..., None], 3, axis=2)).all()


# What it costs, and what cannot be.


def test_a_pair_weighs_by_its_decoded_bytes_whatever_its_files_take(masks: Path, photos: Path) -> None:
    make_mask(masks, 100, 50)
    write_png(photos / "car.png", np.zeros((50, 100, 3), dtype=np.uint8))
    files = masks / "car.png", photos / "car.png"
    assert files[1].stat().st_size < 1000
    assert job(masks, photos).weight(files) >= 2 * 100 * 50 * 3
    (photos / "car.png").write_text("no picture")
    assert job(masks, photos).weight(files) == 0


def test_masks_of_two_palettes_cannot_be_paired(masks: Path, tmp_path: Path, refused: "Refused") -> None:
    make_mask(masks, 8, 8)
    make_mask(tmp_path / "others", 8, 8)
    (tmp_path / "others" / "palette.toml").write_text(load_palette("scenes").to_toml())
    with refused("other-palette", masks, usage=True) as error:
        job(masks, tmp_path / "others")
    assert "palette cars" in error.value.what
    assert str(tmp_path / "others") in error.value.what
