"""What a model takes and what it refuses, in one line and before any work."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.arrays import write_tiff
from p2p_datatools.contract.pictures.images import read_photo, write_mask, write_png
from p2p_gan.inference.inputs import read_input, read_model_pair, refuse_file, refuse_folder, task_for
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.memory_inputs import read_values
from p2p_gan.inference.outputs import to_rgb
from p2p_gan.models.card import card_from_json
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Notes, Refused

CARS = load_palette("cars")
MORE = Palette("more", (*CARS.classes, PaletteClass("road", (9, 9, 9)), PaletteClass("sky", (1, 1, 9))))
GREYS = Palette("greys", tuple(PaletteClass(f"grey {value}", (value,) * 3) for value in (0, 60, 120)))
PHOTO, GREY, MASK = Half("photo", "photo"), Half("grey", "photo", 1), Half("mask", "mask")
DEEP = Half("deep", "photo", 3, "uint16", (0.0, 65535.0))
Make = Callable[..., Model]


@pytest.mark.parametrize(
    ("taken", "dtype", "channels", "said"),
    [
        (PHOTO, "uint16", 3, "has 3 channels of uint16, but the model takes 3 channels of uint8"),
        (DEEP, "uint8", 3, "has 3 channels of uint8, but the model takes 3 channels of uint16"),
        (GREY, "uint16", 3, "has 3 channels of uint16, but the model takes 1 channel of uint8"),
        (PHOTO, "float32", 5, "has 5 channels of float32, but the model takes 3 channels of uint8"),
    ],
)
def test_a_file_of_another_depth_or_more_channels_is_refused(
    make_model: Make, tmp_path: Path, taken: Half, dtype: str, channels: int, said: str, refused: "Refused"
) -> None:
    path = tmp_path / ("x.tif" if channels > 3 else "x.png")
    pixels = np.zeros((8, 8, channels), dtype)
    write_tiff(path, pixels) if channels > 3 else write_png(path, pixels)
    with refused("other-channels", path) as error:
        refuse_file(path, make_model(taken, PHOTO).card)
    assert error.value.what == said
    assert ("-depth 8" in error.value.to_do) == (dtype == "uint16")


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.gif"])
def test_grey_that_was_saved_as_colour_is_grey_where_the_model_takes_grey(
    make_model: Make, tmp_path: Path, name: str
) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (24, 24), dtype=np.uint8)
    Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(tmp_path / name, quality=100)
    card = make_model(GREY, PHOTO).card
    refuse_file(tmp_path / name, card)
    read = read_input(tmp_path / name, card)
    assert read.shape == grey.shape
    assert np.abs(read.astype(int) - grey).max() <= (4 if name == "x.jpg" else 0)
    assert np.array_equal(read_values(np.repeat(grey[..., None], 3, axis=2), card, InputChanges()), grey)


def test_grey_that_a_lossy_webp_rounds_to_nearly_equal_channels_is_grey(make_model: Make, tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(tmp_path / "x.webp", quality=80)
    found = read_photo(tmp_path / "x.webp")
    assert (found[..., 0] != found[..., 1]).any()
    assert np.array_equal(read_input(tmp_path / "x.webp", make_model(GREY, PHOTO).card), found[..., 1])


def test_colours_are_refused_where_the_model_takes_grey(make_model: Make, tmp_path: Path, refused: "Refused") -> None:
    photo = np.zeros((8, 8, 3), np.uint8)
    photo[3, 4, 1] = 1  # as class numbers in one channel are, which is no rounding
    write_png(tmp_path / "x.png", photo)
    card = make_model(GREY, PHOTO).card
    with refused("other-channels", tmp_path / "x.png") as error:
        read_input(tmp_path / "x.png", card)
    assert "--op gray" in error.value.to_do
    with refused("other-channels"):
        read_values(photo, card, InputChanges())


def test_files_of_numbers_are_read_as_they_are(make_model: Make, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).normal(size=(8, 9, 5)).astype(np.float32)
    write_tiff(tmp_path / "x.tif", pixels)
    np.save(tmp_path / "x.npy", pixels)
    card = make_model(Half("bands", "picture", 5, "float32", (-1.0, 1.0)), PHOTO).card
    for file in ("x.tif", "x.npy"):
        assert np.array_equal(read_input(tmp_path / file, card), pixels)


@pytest.mark.parametrize(("dtype", "nodata", "value"), [("uint16", "0", 0), ("float32", "-9999,inf", np.inf)])
def test_what_had_no_data_in_training_is_filled_in_an_input(
    make_model: Make, tmp_path: Path, dtype: str, nodata: str, value: float
) -> None:
    given = Half("depth", "picture", 1, dtype, (300.0, 900.0), nodata=nodata)
    card = card_from_json(json.dumps(make_model(given, PHOTO).card.to_json()), where="a")
    depth = np.random.default_rng(0).integers(300, 900, (24, 24)).astype(dtype)
    depth[3, 4], depth[5, 6] = 300, value
    write_tiff(tmp_path / "a.tif", depth)
    for read in (read_input(tmp_path / "a.tif", card), read_values(depth, card, InputChanges())):
        assert (read == np.where(depth == value, 300, depth)).all()


@pytest.mark.parametrize("shape", [(24, 24), (24, 24, 3)])
def test_pixels_of_8_bits_that_the_tag_calls_no_data_are_read_as_they_are_and_told(
    make_model: Make, tmp_path: Path, shape: tuple[int, ...], notes: "Notes"
) -> None:
    photo = np.random.default_rng(0).integers(1, 256, shape, dtype=np.uint8)
    photo[3:9, 4:12] = 0
    for name, nodata in (("a", 0), ("b", 7.5), ("c", None)):
        write_tiff(tmp_path / f"{name}.tif", photo, nodata=nodata)
    card, changes = make_model(Half("photo", "photo", 1 if len(shape) == 2 else 3), PHOTO).card, InputChanges()
    for name in "abc":
        assert np.array_equal(read_input(tmp_path / f"{name}.tif", card, changes), photo)
    changes.say(notes)
    assert notes.lines == [f"{tmp_path / 'a.tif'}: 1 picture has pixels without data, which are read as they are."]


def test_grey_becomes_three_equal_channels_where_the_model_takes_colour(make_model: Make, tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 65536, (8, 8), dtype=np.uint16)
    write_png(tmp_path / "x.png", grey)
    found = read_input(tmp_path / "x.png", make_model(DEEP, PHOTO).card)
    assert np.array_equal(found, np.dstack([grey] * 3))


def test_a_mask_is_read_as_classes_where_the_model_takes_classes(make_model: Make, tmp_path: Path) -> None:
    labels = np.array([[0, 4], [255, 2]], np.uint8).repeat(8, 0)
    write_mask(tmp_path / "indexed.png", labels, CARS)
    write_png(tmp_path / "painted.png", CARS.colors()[labels])
    card = make_model(MASK, PHOTO, palette=CARS, input_as="classes").card
    for file in ("indexed.png", "painted.png"):
        assert np.array_equal(read_input(tmp_path / file, card), labels)


def test_a_mask_painted_in_greys_is_read_as_the_one_channel_that_the_model_takes(
    make_model: Make, tmp_path: Path, refused: "Refused"
) -> None:
    card = make_model(Half("mask", "mask", 1), PHOTO, palette=GREYS).card
    labels = np.array([[0, 1], [2, 0]], np.uint8).repeat(8, 0).repeat(8, 1)
    write_mask(tmp_path / "indexed.png", labels, GREYS)
    write_png(tmp_path / "painted.png", labels * 60)
    write_png(tmp_path / "other.png", labels * 50)
    write_png(tmp_path / "coloured.png", np.full((8, 8, 3), (60, 0, 0), np.uint8))
    for file in ("indexed.png", "painted.png"):
        assert np.array_equal(read_input(tmp_path / file, card), labels * 60)
    for file in ("other.png", "coloured.png"):
        with refused("other-palette", tmp_path / file):
            read_input(tmp_path / file, card)


def test_a_class_that_the_model_does_not_have_is_named(make_model: Make, tmp_path: Path, refused: "Refused") -> None:
    card = make_model(MASK, PHOTO, palette=CARS, input_as="classes").card
    write_png(tmp_path / "numbers.png", np.full((8, 8), 7, np.uint8))
    with refused("unknown-class", tmp_path / "numbers.png") as error:
        read_input(tmp_path / "numbers.png", card)
    assert "has the class 7, but the palette cars has 5 classes: background, body" in error.value.what
    write_mask(tmp_path / "more.png", np.full((8, 8), 5, np.uint8), MORE)
    with refused("other-palette", tmp_path / "more.png") as error:
        read_input(tmp_path / "more.png", card)
    assert "(9, 9, 9)" in error.value.what
    assert "the palette cars, which has 5 classes" in error.value.what


def folder_of(pair_folder: Path, **changes: object) -> PairFolder:
    return replace(open_pairs(pair_folder), **changes)  # type: ignore[arg-type]


def test_pairs_of_other_halves_are_refused_as_such_and_no_setting_is_blamed(
    make_model: Make, pair_folder: Path, refused: "Refused"
) -> None:
    folder = folder_of(pair_folder)
    assert not task_for(folder, make_model(MASK, PHOTO, palette=CARS).card).swapped
    assert task_for(folder, make_model(PHOTO, MASK, palette=CARS).card).swapped
    with refused("other-halves", pair_folder) as error:
        task_for(folder, make_model(DEEP, PHOTO).card)
    assert error.value.what == "has the halves mask and photo, but the direction of the model is deep-to-photo"
    assert not isinstance(error.value, UsageError)


def test_a_pair_folder_of_another_depth_or_with_other_classes_is_refused(
    make_model: Make, pair_folder: Path, refused: "Refused"
) -> None:
    card = make_model(MASK, PHOTO, palette=CARS).card
    folder = folder_of(pair_folder)
    refuse_folder(folder, (folder.a, folder.b), card)
    with refused("other-channels", pair_folder) as error:
        refuse_folder(folder, (folder.a, DEEP), card)
    assert error.value.what == "has 3 channels of uint16 in its half deep, but the model gives 3 channels of uint8"
    more = folder_of(pair_folder, palette=MORE)
    with refused("other-classes", pair_folder) as error:
        refuse_folder(more, (more.a, more.b), card)
    assert "has the class road (5) in the colour (9, 9, 9), but the model has 5 classes" in error.value.what


def test_a_pair_folder_whose_halves_or_colours_mean_something_else_is_refused(
    make_model: Make, pair_folder: Path, refused: "Refused"
) -> None:
    card = make_model(MASK, PHOTO, palette=CARS).card
    folder = folder_of(pair_folder)
    with refused("other-halves", pair_folder):
        refuse_folder(folder, (Half("mask", "photo"), Half("photo", "mask")), card)
    refuse_folder(folder, (Half("mask", "picture"), Half("photo", "picture")), card)  # of a folder without a manifest
    streets = Palette("streets", tuple(replace(each, name=f"{each.name} of a street") for each in CARS.classes))
    with refused("other-classes", pair_folder) as error:
        refuse_folder(folder_of(pair_folder, palette=streets), (folder.a, folder.b), card)
    assert "is of the palette streets" in error.value.what
    first, second, third, *rest = CARS.classes
    exchanged = Palette("cars", (first, replace(third, color=second.color), replace(second, color=third.color), *rest))
    with refused("other-classes", pair_folder) as error:
        refuse_folder(folder_of(pair_folder, palette=exchanged), (folder.a, folder.b), card)
    assert "for tyres, which the model has for body" in error.value.what


def test_a_pair_comes_as_the_model_codes_it(make_model: Make, pair_folder: Path) -> None:
    folder = folder_of(pair_folder)
    pair = folder.pairs[0]
    colors, photo = read_model_pair(folder, pair, make_model(MASK, PHOTO, palette=CARS).card, swapped=False)
    classes = make_model(PHOTO, MASK, palette=CARS, output_as="classes").card
    given, labels = read_model_pair(folder, pair, classes, swapped=True)
    assert np.array_equal(given, photo)
    assert np.array_equal(CARS.colors()[labels], colors)
    assert np.array_equal(to_rgb(labels, classes.coded_output), colors)


def test_a_pair_that_is_not_that_of_the_manifest_is_refused(
    make_model: Make, pair_folder: Path, refused: "Refused"
) -> None:
    folder = folder_of(pair_folder)
    with refused("hash-differs", pair_folder / folder.pairs[0].file):
        read_model_pair(
            folder, replace(folder.pairs[0], hash="0"), make_model(MASK, PHOTO, palette=CARS).card, swapped=False
        )


def test_an_input_is_opened_once_whether_it_fits_or_is_refused(
    make_model: Make, tmp_path: Path, opens: Counter[str], refused: "Refused"
) -> None:
    write_png(tmp_path / "painted.png", np.full((8, 8), 60, np.uint8))
    write_png(tmp_path / "numbers.png", np.full((8, 8), 7, np.uint8))
    write_png(tmp_path / "deep.png", np.zeros((8, 8, 3), np.uint16))
    read_input(tmp_path / "painted.png", make_model(Half("mask", "mask", 1), PHOTO, palette=GREYS).card)
    read_input(tmp_path / "deep.png", make_model(DEEP, PHOTO).card)
    with refused("unknown-class", tmp_path / "numbers.png"):
        read_input(tmp_path / "numbers.png", make_model(MASK, PHOTO, palette=CARS, input_as="classes").card)
    assert [opens[str(tmp_path / name)] for name in ("painted.png", "numbers.png", "deep.png")] == [1, 1, 1]
