"""What is given as a mask: exact, blended, transparent; class numbers, photos and other palettes, which are refused."""

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import LabelMap, Photo, colorize, write_mask, write_png
from p2p_gan.inference.mask_inputs import InputChanges, read_mask_colors, read_palette_mask

if TYPE_CHECKING:
    from conftest import Notes, Refused

CARS = load_palette("cars")
SCENES = load_palette("scenes")
GREYS = Palette("greys", tuple(PaletteClass(f"grey {value}", (value,) * 3) for value in (0, 60, 120)))


def drawing() -> LabelMap:
    """A body with a window and two tyres, 120 x 160."""
    labels = np.zeros((120, 160), np.uint8)
    labels[40:90, 20:140] = 1
    labels[45:60, 60:100] = 4
    for left in (35, 105):
        y, x = np.mgrid[:120, :160]
        labels[(y - 90) ** 2 + (x - left - 10) ** 2 < 150] = 2
    return labels


def read(path: Path, palette: Palette = CARS, changes: InputChanges | None = None) -> LabelMap:
    with open_picture(path) as picture:
        return read_palette_mask(picture, palette, changes or InputChanges())


def scene(seed: int = 0) -> Photo:
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (10, 10, 3)).astype(np.float32)
    large = cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large + random.normal(0, 3, large.shape), 0, 255), dtype=np.uint8)


def save_jpeg(path: Path, pixels: Photo, quality: int = 85) -> Path:
    Image.fromarray(pixels).save(path, quality=quality)
    return path


def test_exact_masks_change_nothing(tmp_path: Path) -> None:
    changes = InputChanges()
    write_mask(tmp_path / "indexed.png", drawing(), CARS)
    write_png(tmp_path / "painted.png", colorize(drawing(), CARS))
    for file in ("indexed.png", "painted.png"):
        assert np.array_equal(read(tmp_path / file, changes=changes), drawing())
    assert changes == InputChanges()


@pytest.mark.parametrize("quality", [95, 75, 50])
def test_a_mask_that_was_saved_as_jpeg_is_brought_back(quality: int, tmp_path: Path, notes: "Notes") -> None:
    path, changes = save_jpeg(tmp_path / "m.jpg", colorize(drawing(), CARS), quality), InputChanges()
    found = read(path, changes=changes)
    assert np.mean(found != drawing()) < 0.01
    assert changes.snapped[path] > 0
    changes.say(notes)
    (line,) = notes.lines
    assert line.startswith(f"{path}: 1 mask has")


def test_the_soft_edges_of_a_drawing_program_are_brought_back(tmp_path: Path) -> None:
    large = np.kron(drawing(), np.ones((4, 4), np.uint8))
    soft = cv2.resize(colorize(large, CARS), (160, 120), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(soft, (3, 3), 0)
    write_png(tmp_path / "m.png", np.asarray(soft, dtype=np.uint8))
    changes = InputChanges()
    found = read(tmp_path / "m.png", changes=changes)
    assert set(np.unique(found)) == {0, 1, 2, 4}
    assert np.mean(found != drawing()) < 0.02
    assert changes.snapped


def numbers_as(kind: str, path: Path, labels: NDArray[np.uint8]) -> None:
    table = np.arange(256, dtype=np.uint8).repeat(3)
    image = Image.fromarray(labels)
    if kind == "rgb":
        image = Image.fromarray(np.dstack([labels] * 3))
    elif kind == "16 bits":
        image = Image.fromarray(labels.astype(np.uint16))
    elif kind == "table of greys":
        image = Image.fromarray(labels, mode="P")
        image.putpalette(table.tobytes())
    image.save(path)


@pytest.mark.parametrize("kind", ["grey", "rgb", "16 bits", "table of greys", "jpeg"])
def test_class_numbers_are_no_nearly_black_mask(kind: str, tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / ("m.jpg" if kind == "jpeg" else "m.png")
    numbers_as(kind, path, drawing())
    with refused("class-numbers", path):
        read(path)
    more = np.where(drawing() == 4, 8, drawing()).astype(np.uint8)
    numbers_as(kind, path, more)
    with refused("class-numbers" if kind == "jpeg" else "unknown-class", path) as error:
        read(path)
    assert kind == "jpeg" or "5 classes: background, body" in error.value.what


def test_a_palette_of_greys_has_colours_that_are_no_numbers(tmp_path: Path, refused: "Refused") -> None:
    labels = np.minimum(drawing(), 2)
    write_png(tmp_path / "colours.png", labels * 60)
    assert np.array_equal(read(tmp_path / "colours.png", GREYS), labels)
    write_png(tmp_path / "numbers.png", labels)
    with refused("class-numbers", tmp_path / "numbers.png"):
        read(tmp_path / "numbers.png", GREYS)


def test_an_empty_drawing_is_background(tmp_path: Path) -> None:
    numbers_as("grey", tmp_path / "m.png", np.zeros((120, 160), np.uint8))
    assert not read(tmp_path / "m.png").any()
    assert not read(save_jpeg(tmp_path / "m.jpg", np.zeros((120, 160, 3), np.uint8))).any()


@pytest.mark.parametrize("file", ["m.png", "m.jpg"])
def test_photos_are_no_masks(file: str, tmp_path: Path, refused: "Refused") -> None:
    for seed in range(5):
        Image.fromarray(scene(seed)).save(tmp_path / file)
        with refused("photo-not-mask", tmp_path / file):
            read(tmp_path / file)


def test_masks_of_another_palette_are_refused_with_its_colours(tmp_path: Path, refused: "Refused") -> None:
    labels = drawing()
    write_mask(tmp_path / "indexed.png", labels, SCENES)
    write_png(tmp_path / "painted.png", colorize(labels, SCENES))
    for file in ("indexed.png", "painted.png"):
        with refused("other-palette", tmp_path / file) as error:
            read(tmp_path / file)
        assert str(SCENES.classes[1].color) in error.value.what


def test_one_small_area_of_a_colour_of_no_class_is_refused_in_a_lossless_mask(
    tmp_path: Path, refused: "Refused"
) -> None:
    colors = colorize(drawing(), CARS)
    colors[10:30, 10:40] = (250, 10, 10)  # a red that is not quite that of the body
    write_png(tmp_path / "m.png", colors)
    with refused("other-palette", tmp_path / "m.png"):
        read(tmp_path / "m.png")


def test_what_is_transparent_is_background_and_said(tmp_path: Path, notes: "Notes", refused: "Refused") -> None:
    colors = np.dstack([colorize(drawing(), CARS), np.full((120, 160), 255, np.uint8)])
    colors[:30, :, 3] = 0
    colors[:30, :, :3] = (9, 99, 199)
    Image.fromarray(colors).save(tmp_path / "exact.png")
    colors[85:87, 20:140, :3] = (128, 128, 0)  # a blended edge
    Image.fromarray(colors).save(tmp_path / "soft.png")
    changes = InputChanges()
    assert np.array_equal(read(tmp_path / "exact.png", changes=changes), drawing())
    assert not read(tmp_path / "soft.png", changes=changes)[:30].any()
    changes.say(notes)
    assert "2 masks have transparent pixels" in notes.lines[0]
    colors[:30, 60:, :3] = (255, 0, 0)
    Image.fromarray(colors).save(tmp_path / "hidden.png")
    with refused("hidden-colours", tmp_path / "hidden.png"):
        read(tmp_path / "hidden.png")


def test_a_few_pixels_that_nothing_explains_do_not_end_a_worn_mask(tmp_path: Path) -> None:
    colors = colorize(drawing(), CARS)
    colors[100:105, 100:105] = (200, 0, 200)
    found = read(save_jpeg(tmp_path / "m.jpg", colors, 90))
    assert np.mean(found != drawing()) < 0.01


@pytest.mark.parametrize(
    ("photos", "masks"), [(slice(2), (7,)), pytest.param(slice(2, 12), (1, 30), marks=pytest.mark.long)]
)
def test_real_photos_are_refused_and_real_worn_masks_brought_back(
    photos: slice, masks: tuple[int, ...], real_data: Path, tmp_path: Path
) -> None:
    for photo in sorted((real_data / "car-silhouettes" / "images").iterdir())[photos]:
        with pytest.raises(P2PError) as caught:
            read(photo)
        assert caught.value.code in ("photo-not-mask", "other-palette")
    facades, changes = load_palette("facades"), InputChanges()
    for number in masks:
        with Image.open(real_data / "facades-ab" / f"image_{number:03}.jpg") as image:
            image.crop((256, 0, 512, 256)).save(tmp_path / f"{number}.png")
        read(tmp_path / f"{number}.png", facades, changes)
    assert len(changes.snapped) == len(masks)


def test_a_mask_whose_parts_lie_in_the_exchanged_colour_of_their_whole_is_told(tmp_path: Path, notes: "Notes") -> None:
    changes, colors = InputChanges(), colorize(drawing(), CARS)
    write_png(tmp_path / "rgb.png", colors)
    write_png(tmp_path / "bgr.png", np.ascontiguousarray(colors[..., ::-1]))
    read(tmp_path / "rgb.png", changes=changes)
    assert not changes.exchanged
    read(tmp_path / "bgr.png", changes=changes)
    read_mask_colors(Path("array"), np.ascontiguousarray(colors[..., ::-1]), CARS, changes)
    assert [path.name for path in changes.exchanged] == ["bgr.png", "array"]
    changes.say(notes)
    assert any("red and blue" in line and "2 masks" in line for line in notes.lines)


def test_a_mask_on_white_paper_is_told(tmp_path: Path, notes: "Notes") -> None:
    picture = np.full((32, 48, 3), 255, dtype=np.uint8)
    picture[8:24, 4:40], picture[10:14, 12:24] = (255, 0, 0), (0, 0, 0)
    changes = InputChanges()
    for name, colors in (("paper", picture), ("usual", np.where(picture == 255, 0, picture))):
        write_png(tmp_path / f"{name}.png", colors)
        with open_picture(tmp_path / f"{name}.png") as file:
            read_palette_mask(file, CARS, changes)
    read_mask_colors(Path("array"), picture, CARS, changes)
    assert [path.name for path in changes.paper] == ["paper.png", "array"]
    changes.say(notes)
    assert any("2 masks have windows all around" in line for line in notes.lines)
