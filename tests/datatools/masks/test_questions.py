"""What is asked of masks as a whole: whether white is the paper that was drawn on, and whose list a list is."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.labels.formats.pictures.class_names import find_names
from p2p_datatools.masks.build import build_masks
from p2p_datatools.masks.new_palette import start_palette

if TYPE_CHECKING:
    from conftest import Notes, Refused

CARS = load_palette("cars")
BLACK, WHITE, RED, GREEN = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0)


def draw_cars(folder: Path, paper: tuple[int, int, int], windows: tuple[int, int, int]) -> Path:
    """Three cars on paper of a colour."""
    for number in range(3):
        picture = np.full((32, 48, 3), paper, dtype=np.uint8)
        picture[8:24, 4 + number : 40] = RED
        picture[10:14, 12:24] = windows
        picture[20:28, 10:18] = GREEN
        write_png(folder / f"{number}.png", picture)
    return folder


@pytest.mark.parametrize("times", [1, 2])
def test_cars_on_white_paper_are_asked_about_each_time(times: int, tmp_path: Path, refused: "Refused") -> None:
    painted = draw_cars(tmp_path / "painted", WHITE, BLACK)
    for _ in range(times):  # what the first call made is taken over by the second
        with refused("white-paper", painted) as error:
            build_masks(painted, tmp_path / "masks", palette=CARS)
    assert "--map '#ffffff=background', and --map '#000000=CLASS'" in error.value.to_do
    mapping = {"#ffffff": "background", "#000000": "windows"}
    areas = build_masks(painted, tmp_path / "masks", palette=CARS, mapping=mapping).areas
    assert areas == build_masks(draw_cars(tmp_path / "usual", BLACK, WHITE), tmp_path / "same", palette=CARS).areas


def test_white_that_is_meant_is_built(tmp_path: Path) -> None:
    painted = draw_cars(tmp_path / "painted", WHITE, BLACK)
    built = build_masks(painted, tmp_path / "masks", palette=CARS, mapping={"#ffffff": "windows"})
    assert built.areas["windows"] > built.areas["background"]


def test_a_white_class_that_lies_in_no_other_is_noted(tmp_path: Path, notes: "Notes") -> None:
    land = Palette(
        "land",
        (PaletteClass("background", BLACK), PaletteClass("snow", WHITE), PaletteClass("rock", RED)),
    )
    painted = tmp_path / "painted"
    for number in range(2):
        picture = np.full((32, 32, 3), WHITE, dtype=np.uint8)
        picture[8:20, 8 + number : 20], picture[24:28, 24:28] = RED, BLACK
        write_png(painted / f"{number}.png", picture)
    assert build_masks(painted, tmp_path / "masks", palette=land, report=notes).built == 2
    assert any("as paper does" in line and "'#ffffff=snow'" in line for line in notes.lines)


@pytest.mark.parametrize(("colors", "is_noted"), [((RED, RED), True), ((BLACK, BLACK), True), ((RED, BLACK), False)])
def test_masks_that_show_one_class_and_nothing_else_are_noted(
    colors: tuple[tuple[int, int, int], ...], is_noted: bool, tmp_path: Path, notes: "Notes"
) -> None:
    for number, color in enumerate(colors):
        write_png(tmp_path / "painted" / f"{number}.png", np.full((8, 8, 3), color, dtype=np.uint8))
    build_masks(tmp_path / "painted", tmp_path / "masks", palette=CARS, report=notes)
    assert any("every pixel of all 2 masks is" in line for line in notes.lines) == is_noted


OWN = Palette(
    "own", (PaletteClass("background", BLACK, 0), PaletteClass("car", RED, 1), PaletteClass("wheel", GREEN, 2))
)


def number_cars(folder: Path, *, colors: bool = False) -> Path:
    """Two pictures whose car has 1 and whose wheels have 2, or the colours of these."""
    numbers = np.zeros((32, 48), dtype=np.uint8)
    numbers[8:24, 4:40], numbers[20:28, 10:18] = 1, 2
    for name in ("1.png", "2.png"):
        write_png(folder / "a" / name, OWN.colors()[numbers] if colors else numbers)
    return folder / "a"


@pytest.mark.parametrize(
    "text",
    [
        '{"sunny": 0, "rain": 1, "fog": 2}',  # the weather in each picture
        '{"train": 0, "val": 1}',
    ],
)
def test_the_ids_of_an_own_palette_stand_beside_a_list_of_something_else(
    text: str, tmp_path: Path, notes: "Notes"
) -> None:
    masks = number_cars(tmp_path)
    (tmp_path / "label_map.json").write_text(text)
    built = build_masks(masks, tmp_path / "masks", palette=OWN, report=notes)
    assert built.areas["car"] > built.areas["wheel"] > 0
    assert any("label_map.json names no class of the palette own" in line for line in notes.lines)


def test_a_list_that_may_be_of_other_labels_and_contradicts_ids_is_asked_about(
    tmp_path: Path, refused: "Refused"
) -> None:
    masks = number_cars(tmp_path)
    (tmp_path / "categories.json").write_text('[{"id": 1, "name": "wheel"}, {"id": 2, "name": "car"}]')
    with refused("doubted-ids") as error:
        build_masks(masks, tmp_path / "masks", palette=OWN)
    assert "add --map ids=palette; if the list is, add --map 1=wheel --map 2=car." in error.value.to_do
    by_ids = build_masks(masks, tmp_path / "ids", palette=OWN, mapping={"ids": "palette"}).areas
    by_list = build_masks(masks, tmp_path / "list", palette=OWN, mapping={"1": "wheel", "2": "car"}).areas
    assert (by_ids["car"], by_ids["wheel"]) == (by_list["wheel"], by_list["car"])
    painted = number_cars(tmp_path / "painted", colors=True)  # whose colours say what they are
    (tmp_path / "painted" / "categories.json").write_text((tmp_path / "categories.json").read_text())
    assert build_masks(painted, tmp_path / "colors", palette=OWN).areas == by_ids


def test_a_table_of_the_pictures_is_no_list_of_classes(tmp_path: Path) -> None:
    for name in ("red-car.png", "old-car_mask.png"):
        write_png(tmp_path / "a" / name, np.ones((8, 8), dtype=np.uint8))
    (tmp_path / "labels.csv").write_text("name,label\nred-car,0\nold-car,1\n")
    assert find_names(tmp_path / "a", tmp_path / "a") is None


def test_another_name_for_the_background_contradicts_no_id(tmp_path: Path, refused: "Refused") -> None:
    masks = number_cars(tmp_path)
    (tmp_path / "label_map.json").write_text('{"void": 0, "car": 1, "wheel": 2}')
    with refused("unclaimed-label"):
        build_masks(masks, tmp_path / "masks", palette=OWN)
    areas = build_masks(masks, tmp_path / "masks", palette=OWN, mapping={"void": "background"}).areas
    assert areas == build_masks(masks, tmp_path / "ids", palette=OWN, mapping={"ids": "palette"}).areas


@pytest.mark.parametrize(("hidden", "is_noted"), [("test", True), ("", False)])
def test_a_split_whose_masks_show_what_the_others_hardly_have_is_told(
    tmp_path: Path, notes: "Notes", hidden: str, is_noted: bool
) -> None:
    for number, split in enumerate(["train"] * 4 + ["val"] * 3 + ["test"] * 3):  # Cityscapes hides its test labels
        mask = np.full((16, 16), 1 + number % 2, dtype=np.uint8)
        mask[12:] = 0
        write_png(tmp_path / "gt" / split / f"{number}.png", np.zeros_like(mask) if split == hidden else mask)
    palette = Palette("two", tuple(PaletteClass(name, (9 * n, 0, 0), n) for n, name in enumerate(("none", "a", "b"))))
    build_masks(tmp_path / "gt", tmp_path / "masks", palette=palette, report=notes)
    assert any("3 masks of test" in line for line in notes.lines) == is_noted


def test_many_colours_of_one_picture_each_are_told_to_be_those_of_objects(
    tmp_path: Path, notes: "Notes", refused: "Refused"
) -> None:
    draw = np.random.default_rng(0)
    for name in "ab":
        objects = draw.integers(1, 256, (16, 3)).astype(np.uint8)
        write_png(tmp_path / "labels" / f"{name}.png", np.repeat(np.repeat(objects[None], 4, axis=0), 4, axis=1))
    with refused("palette-colour", tmp_path / "labels") as error:
        build_masks(tmp_path / "labels", tmp_path / "masks", palette=load_palette("cars"))
    assert "single objects" in error.value.to_do
    start_palette(tmp_path / "labels", "mine", report=notes)
    assert any("single objects" in line for line in notes.lines)
