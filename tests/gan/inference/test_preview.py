"""Inputs are looked at before any work: A|B pictures, photos for masks and the reverse, masks of another palette."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.mask_folder import write_records
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import Photo, color_codes, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.data.sizing import Proportions
from p2p_gan.evaluation.scores import evaluate
from p2p_gan.evaluation.work import evaluate_into
from p2p_gan.inference import preview
from p2p_gan.inference.predictor import Predictor
from p2p_gan.inference.preview import look_at_inputs
from p2p_gan.inference.sampling import sample
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import WriteModel

CARS = load_palette("cars")
A, B = Half("a", "picture"), Half("b", "picture")
MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
Make = Callable[..., Model]


def scene(seed: int, width: int = 64, height: int = 64) -> Photo:
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (9, 9, 3)).astype(np.float32)
    large = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large + random.normal(0, 3, large.shape), 0, 255), dtype=np.uint8)


def beside(a: Photo, b: Photo) -> Photo:
    return np.concatenate([a, b], axis=1)


def write(folder: Path, make: Callable[[int], Photo], count: int = 5) -> list[Path]:
    files = [folder / f"{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        write_png(file, make(number))
    return files


def look(files: list[Path], card: ModelCard, notes: "Notes") -> list[str]:
    look_at_inputs(files, card, keep_going=False, report=notes)
    return notes.lines


@pytest.mark.parametrize("size", [Size(64, 64), Size(32, 32), None, Size(96, 32)])
def test_pictures_with_a_seam_in_the_middle_are_noted_as_pairs(
    size: Size | None, make_model: Make, tmp_path: Path, notes: "Notes"
) -> None:
    files = write(tmp_path, lambda seed: beside(scene(seed), scene(seed + 50)))
    (line,) = look(files, make_model(A, B, size=size).card, notes)
    assert "p2p data halves" in line
    assert line.startswith(f"{files[0]} (and 4 more)")
    assert look(files[:1], make_model(A, B, size=size).card, notes)[1:] != []


def test_pairs_that_are_in_memory_are_noted_too_and_photos_are_not(make_model: Make, notes: "Notes") -> None:
    model = Predictor(make_model(A, B, size=Size(64, 64)), notes)
    model([scene(0), scene(1, 128)])
    assert notes.lines == []
    pair = beside(scene(0), scene(1))
    assert np.array_equal(model(pair), model(Image.fromarray(pair)))
    (line,) = notes.lines
    assert "A|B" in line
    assert "p2p data halves" in line


def test_pairs_without_a_seam_are_noted_by_their_likeness(make_model: Make, tmp_path: Path, notes: "Notes") -> None:
    # A picture and a grey copy of it, whose edges are of one colour.
    def pair(seed: int) -> Photo:
        framed = scene(seed)
        framed[:, :2] = framed[:, -2:] = 200
        return beside(framed, np.repeat(framed.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8))

    files = write(tmp_path, pair)
    (line,) = look(files, make_model(A, B).card, notes)
    assert "twice as wide" in line
    assert "side by side" in look(files, make_model(A, B, size=Size(96, 32)).card, notes)[1]  # stretched in training


def test_of_pictures_that_are_pairs_nothing_is_said_of_their_shape(
    make_model: Make, write_model: "WriteModel", tmp_path: Path, notes: "Notes"
) -> None:
    known = make_model(A, B, size=Size(64, 64), proportions=Proportions(1.0, 1.0, 1.0))
    model = write_model(known, tmp_path / "model.safetensors")
    (tmp_path / "pairs").mkdir()
    write(tmp_path / "pairs", lambda seed: beside(scene(seed), scene(seed + 100)))
    sample(model, tmp_path / "pairs", tmp_path / "one", report=notes)
    assert [line.count("twice as wide") for line in notes.lines] == [1]
    write(tmp_path, lambda seed: scene(seed, width=200), count=1)
    sample(model, tmp_path / "0.png", tmp_path / "other", report=notes)
    assert "other proportions" in notes.lines[1]


def test_plain_pictures_twice_as_wide_are_noted(make_model: Make, tmp_path: Path, notes: "Notes") -> None:
    files = write(tmp_path, lambda seed: np.full((32, 64, 3), 40 * seed, np.uint8))
    assert len(look(files, make_model(A, B).card, notes)) == 1


@pytest.mark.parametrize(("width", "size"), [(64, Size(32, 32)), (128, Size(32, 32)), (128, None), (80, Size(64, 32))])
def test_photos_of_any_shape_are_no_pairs(
    width: int, size: Size | None, make_model: Make, tmp_path: Path, notes: "Notes"
) -> None:
    # Also those twice as wide: models stretch them, and cameras of cars take such.
    assert look(write(tmp_path, lambda seed: scene(seed, width)), make_model(PHOTO, B, size=size).card, notes) == []


def test_plain_photos_of_a_shape_that_a_model_stretches_are_no_pairs(
    make_model: Make, tmp_path: Path, notes: "Notes"
) -> None:
    files = write(tmp_path, lambda seed: np.full((64, 128, 3), 40 * seed, np.uint8))
    assert look(files, make_model(PHOTO, B, size=Size(32, 32)).card, notes) == []
    assert look(files, make_model(PHOTO, B, size=Size(64, 16)).card, notes) == []  # nor one above the other


def test_few_colours_are_counted_in_all_pixels_and_those_of_photos_in_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def count(pixels: Photo) -> NDArray[np.uint32]:
        counted.append(len(pixels))
        return color_codes(pixels)

    monkeypatch.setattr(preview, "color_codes", count)
    mask = np.zeros((300, 400, 3), np.uint8)
    mask[:150] = 255
    assert preview._is_flat(mask)
    assert counted[-1] == 120_000
    counted.clear()
    assert not preview._is_flat(scene(0, 400, 300))
    assert counted[0] < 5000
    assert len(counted) == 1
    mask[:7, :7] = np.arange(147).reshape(7, 7, 3)  # a corner that no few pixels show
    assert not preview._is_flat(mask)


def test_pictures_one_above_the_other_are_noted_as_pairs(make_model: Make, tmp_path: Path, notes: "Notes") -> None:
    card = make_model(PHOTO, B, size=Size(64, 64)).card
    stacked = write(tmp_path / "ab", lambda seed: np.concatenate([scene(seed), scene(seed + 50)], axis=0))
    (line,) = look(stacked, card, notes)
    assert "twice as high" in line
    assert "p2p data halves" in line
    notes.lines.clear()
    assert look(write(tmp_path / "high", lambda seed: scene(seed, 64, 128)), card, notes) == []
    assert look(stacked, replace(card, size=Size(64, 128)), notes) == []


def test_sheets_of_p2p_are_noted_by_what_they_say(make_model: Make, tmp_path: Path, notes: "Notes") -> None:
    card = make_model(PHOTO, B).card
    for role, noted in (("sample sheet", True), ("figure", True), ("generated picture", False)):
        notes.lines.clear()
        write_png(tmp_path / "x.png", scene(0), role=role)  # type: ignore[arg-type]
        assert [role in line for line in look([tmp_path / "x.png"], card, notes)] == [True] * noted


def test_the_folder_of_a_split_is_not_the_pair_folder(
    make_model: Make, pair_folder: Path, tmp_path: Path, refused: "Refused", write_model: "WriteModel"
) -> None:
    place = write_model(make_model(A, B), tmp_path / "m.safetensors")
    for each in (pair_folder / "test", next((pair_folder / "test").iterdir())):
        with refused("pairs-not-pictures", pair_folder / "test"):
            sample(place, each, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_photos_for_a_model_of_masks_are_one_error_before_any_work(
    make_model: Make, tmp_path: Path, refused: "Refused", write_model: "WriteModel"
) -> None:
    write(tmp_path / "photos", scene, 20)
    place = write_model(make_model(MASK, PHOTO, palette=CARS), tmp_path / "m.safetensors")
    with refused("photo-not-mask", f"{tmp_path / 'photos' / '0.png'} (and 19 more)"):
        sample(place, tmp_path / "photos", tmp_path / "out")
    assert not (tmp_path / "out.partial").exists()
    summary = sample(place, tmp_path / "photos", tmp_path / "out", keep_going=True)
    assert {skip.code for skip in summary.skipped} == {"photo-not-mask"}
    assert len(summary.skipped) == 20


def test_one_photo_among_masks_is_one_picture_that_failed(
    make_model: Make, tmp_path: Path, refused: "Refused", write_model: "WriteModel"
) -> None:
    files = write(tmp_path / "in", scene, 3)
    for file in files[:2]:
        write_mask(file, np.ones((64, 64), np.uint8), CARS)
    place = write_model(make_model(MASK, PHOTO, palette=CARS), tmp_path / "m.safetensors")
    with refused("pictures-failed") as error:
        sample(place, tmp_path / "in", tmp_path / "out")
    assert [(part.code, part.where) for part in error.value.parts] == [("photo-not-mask", str(files[2]))]


def test_masks_for_a_model_of_photos_are_noted(make_model: Make, tmp_path: Path, notes: "Notes") -> None:
    card = make_model(PHOTO, MASK, palette=CARS).card
    files = write(tmp_path / "masks", lambda seed: CARS.colors()[np.full((64, 64), seed, np.uint8)])
    assert len(look(files, card, notes)) == 1
    notes.lines.clear()
    assert look(write(tmp_path / "photos", scene), card, notes) == []
    edges = make_model(Half("edges", "photo"), PHOTO).card  # whose inputs have two colours
    assert look(files, replace(edges, size=None), notes) == []


def mask_folder(folder: Path, palette: Palette) -> list[Path]:
    labels = np.zeros((32, 32), np.uint8)
    labels[8:20, 8:20] = 1
    files = [folder / "day" / f"{number}.png" for number in range(3)]
    for file in files:
        write_mask(file, labels, palette)
    write_records(folder, palette, [])
    return files


@pytest.mark.parametrize(
    "classes",
    [
        [("background", (0, 0, 0)), ("road", (255, 0, 0)), ("tree", (0, 255, 0))],  # none of the model's
        [("background", (0, 0, 0)), ("tyres", (255, 0, 0)), ("body", (0, 255, 0))],  # exchanged
    ],
)
def test_a_mask_folder_whose_palette_means_something_else_is_refused(
    classes: list[tuple[str, tuple[int, int, int]]],
    make_model: Make,
    tmp_path: Path,
    notes: "Notes",
    refused: "Refused",
) -> None:
    palette = Palette("streets", tuple(PaletteClass(name, color) for name, color in classes))
    files = mask_folder(tmp_path / "masks", palette)
    with refused("other-classes", tmp_path / "masks"):
        look(files, make_model(MASK, PHOTO, palette=CARS).card, notes)


@pytest.mark.parametrize(
    "classes",
    [
        [("background", (0, 0, 0)), ("body", (255, 0, 0)), ("rims", (0, 255, 0))],  # one renamed
        [("ground", (0, 0, 0)), ("car", (255, 0, 0))],  # an alias
        [("background", (0, 0, 0)), ("tyres", (0, 255, 0)), ("body", (255, 0, 0))],  # in another order
    ],
)
def test_a_mask_folder_whose_palette_means_the_same_is_taken(
    classes: list[tuple[str, tuple[int, int, int]]], make_model: Make, tmp_path: Path, notes: "Notes"
) -> None:
    palette = Palette("mine", tuple(PaletteClass(name, color) for name, color in classes))
    assert look(mask_folder(tmp_path / "masks", palette), make_model(MASK, PHOTO, palette=CARS).card, notes) == []


def test_what_is_transparent_in_pairs_is_said_by_sample_and_evaluate(
    make_model: Make, tmp_path: Path, notes: "Notes", write_model: "WriteModel"
) -> None:
    pairs = np.concatenate([beside(scene(1), scene(2)), np.full((64, 128, 1), 255, np.uint8)], axis=2)
    pairs[:20, :30, 3] = 0
    for split in ("train", "test"):
        (tmp_path / "pairs" / split).mkdir(parents=True)
        Image.fromarray(pairs).save(tmp_path / "pairs" / split / "1.png")
    place = write_model(make_model(A, B), tmp_path / "m.safetensors")
    sample(place, tmp_path / "pairs", tmp_path / "out", report=notes)
    said = [line for line in notes.lines if "1 photo has transparent pixels" in line]
    assert len(said) == 1
    evaluate(place, tmp_path / "pairs", report=notes)
    said = [line for line in notes.lines if "1 photo has transparent pixels" in line]
    assert len(said) == 2
    evaluate_into(tmp_path / "scores", place, tmp_path / "pairs", report=notes)
    assert len([line for line in notes.lines if "1 photo has transparent pixels" in line]) == 3


@pytest.mark.parametrize("name", ["x.png", "x.jpg"])
def test_masks_of_one_class_are_noted_where_black_and_white_are_two_classes_of_the_model(
    make_model: Make, tmp_path: Path, notes: "Notes", name: str
) -> None:
    card = make_model(MASK, PHOTO, palette=CARS).card
    silhouette = np.zeros((64, 64), np.uint8)
    silhouette[20:50, 10:60] = 255
    Image.fromarray(silhouette).save(tmp_path / name)
    assert "black is background and white is windows" in look([tmp_path / name], card, notes)[0]
    notes.lines.clear()
    labels = silhouette // 255
    labels[30:40, 20:40] = 4  # windows in a body
    write_mask(tmp_path / "m.png", labels, CARS)
    write_mask(tmp_path / "empty.png", np.zeros((64, 64), np.uint8), CARS)
    assert look([tmp_path / "m.png"], card, notes) == []
    assert look([tmp_path / "empty.png"], card, notes) == []
    two = Palette("two", (CARS.classes[0], CARS.classes[-1]))
    assert look([tmp_path / name], make_model(MASK, PHOTO, palette=two).card, notes) == []


def test_pictures_of_0_and_1_for_a_model_of_photos_are_noted(
    make_model: Make, write_model: "WriteModel", tmp_path: Path, notes: "Notes"
) -> None:
    # As np.uint8(floats of 0 to 1) and masks of 0 and 1 are: black to the model, in silence.
    model = make_model(PHOTO, Half("other", "picture"))
    binary = write(tmp_path / "binary", lambda number: scene(number) // 128)
    assert "0.png (and 4 more): has no values but 0 and 1" in look(binary, model.card, notes)[0]
    notes.lines.clear()
    mixed = [*binary, *write(tmp_path / "photos", scene)]
    assert look(mixed, model.card, notes) == []  # one dark picture among others may be so
    predictor = Predictor(model, notes)
    predictor(scene(0) / 255 / 255)
    predictor(scene(1) // 128)
    assert len(notes.lines) == 1
    assert "the picture: has no values but 0 and 1" in notes.lines[0]
    predictor(np.zeros((32, 32, 3), np.uint8))
    assert len(notes.lines) == 1


def test_floats_in_another_unit_than_those_of_training_are_noted(
    make_model: Make, tmp_path: Path, notes: "Notes"
) -> None:
    depth = Half("depth", "picture", channels=1, dtype="float32", range=(0.0, 5000.0))
    model = make_model(depth, PHOTO)
    files = [tmp_path / f"{number}.npy" for number in range(3)]
    for number, file in enumerate(files):
        np.save(file, scene(number)[..., 0].astype(np.float32) / 50)
    assert "0.npy (and 2 more): has no value beyond" in look(files, model.card, notes)[0]
    notes.lines.clear()
    np.save(files[1], scene(1)[..., 0].astype(np.float32) * 15)
    assert look(files, model.card, notes) == []  # flat land is lower than the rest
