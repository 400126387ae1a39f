"""What is asked of masks as a whole: whether white is the paper that somebody drew on."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.masks.build import build_masks

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
