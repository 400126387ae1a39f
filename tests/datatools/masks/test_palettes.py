"""Palettes are judged, drawn, and begun from labels or from colours."""

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import BUILT_IN, IGNORE_COLOR, Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import write_mask, write_png
from p2p_datatools.masks.palettes import TOO_CLOSE, distinct_colors, draw_palette, judge, start_palette

if TYPE_CHECKING:
    from conftest import Refused


def toml(path: Path, *classes: str) -> Path:
    path.write_text('name = "x"\n' + "".join(f"[[classes]]\n{each}\n" for each in classes))
    return path


@pytest.mark.parametrize("name", BUILT_IN)
def test_nothing_is_wrong_with_the_built_in_palettes(name: str) -> None:
    assert judge(name) == ()


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ('name = "b"\ncolor = [40, 0, 0]', []),
        (
            'name = "A "\ncolor = [40, 0, 0]',
            [("error", "duplicate-class", "the name a"), ("warning", "label-claimed-twice", "the label a,")],
        ),
        ('name = "b"\ncolor = [0, 0, 0]', [("error", "duplicate-class", "the color #000000")]),
        ('name = "b"\ncolor = [40, 0, 0]\nid = 1', [("error", "duplicate-class", "the id 1")]),
        ('name = "b"\ncolor = [20, 0, 0]', [("warning", "too-close", "a and b are 20 apart")]),
        ('name = "b"\ncolor = [255, 0, 230]', [("warning", "too-close", "b and ignored pixels")]),
        ('name = "b"\ncolor = [40, 0, 0]\naliases = ["a"]', [("warning", "label-claimed-twice", "the label a,")]),
    ],
)
def test_what_stands_twice_is_an_error_and_what_jpeg_mixes_up_a_warning(
    tmp_path: Path, second: str, found: list[tuple[str, str, str]]
) -> None:
    path = toml(tmp_path / "p.toml", 'name = "a"\ncolor = [0, 0, 0]\nid = 1', second)
    findings = judge(path)
    assert [(finding.severity, finding.code) for finding in findings] == [each[:2] for each in found]
    assert all(about in finding.what for finding, (*_, about) in zip(findings, found, strict=True))


def test_a_broken_palette_is_refused_as_when_it_is_loaded(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "p.toml").write_text("name = 1\n[[classes]]\n")
    with refused("bad-palette", tmp_path / "p.toml", usage=False):
        judge(tmp_path / "p.toml")
    with refused("unknown-palette", tmp_path / "gone.toml", usage=True):
        judge(tmp_path / "gone.toml")


def test_distinct_colours_are_far_apart_and_none_is_that_of_ignored_pixels() -> None:
    for count, least in ((1, 0), (8, 120), (30, 75), (100, 45)):
        colors = distinct_colors(count)
        assert colors[0] == (0, 0, 0)
        assert len(colors) == count
        pairs = itertools.combinations([*colors, IGNORE_COLOR], 2)
        assert min(float(np.linalg.norm(np.subtract(*pair))) for pair in pairs) >= least
    assert len(set(distinct_colors(254))) == 254


def test_labels_become_classes_the_large_ones_first(tmp_path: Path, refused: "Refused") -> None:
    squares = {"wheel": 2, "car": 9, "door": 4}
    annotations = [
        {"id": n, "image_id": 1, "category_id": n, "segmentation": [[0, 0, side, 0, side, side]]}
        for n, side in enumerate(squares.values())
    ]
    value = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
        "categories": [{"id": n, "name": name} for n, name in enumerate(squares)],
        "annotations": annotations,
    }
    (tmp_path / "a.json").write_text(json.dumps(value))
    palette = start_palette(tmp_path / "a.json", "mine")
    assert palette.names == ("background", "car", "door", "wheel")
    (tmp_path / "p.toml").write_text(palette.to_toml())
    assert judge(tmp_path / "p.toml") == ()
    value["annotations"] = []
    (tmp_path / "a.json").write_text(json.dumps(value))
    with refused("no-labels", tmp_path / "a.json"):
        start_palette(tmp_path / "a.json", "mine")


def test_colours_become_classes_and_blends_do_not(tmp_path: Path) -> None:
    picture = np.zeros((128, 128, 3), dtype=np.uint8)
    picture[20:60, 20:90], picture[70:120, 30:60] = (255, 0, 0), (255, 240, 0)
    write_png(tmp_path / "a.png", picture)
    exact = start_palette(tmp_path / "a.png", "mine")
    assert [each.color for each in exact.classes] == [(0, 0, 0), (255, 0, 0), (255, 240, 0)]
    assert exact.names == ("background", "class_ff0000", "class_fff000")
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=80)
    blended = start_palette(tmp_path / "a.jpg", "mine")
    assert len(blended.classes) == 3
    for one, other in zip(exact.classes, blended.classes, strict=True):
        assert np.linalg.norm(np.subtract(one.color, other.color)) < TOO_CLOSE / 2


def test_a_photo_gives_no_classes(tmp_path: Path, refused: "Refused") -> None:
    write_png(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    with refused("no-common-colour", tmp_path / "a.png"):
        start_palette(tmp_path / "a.png", "mine")


def test_numbers_become_ids_with_the_colours_that_they_had(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[1, 5, 255]], dtype=np.uint8))
    image.putpalette([part for n in range(256) for part in (n, 2 * n % 256, 0)])
    image.save(tmp_path / "a.png")
    palette = start_palette(tmp_path, "mine")
    assert palette.classes == (PaletteClass("background", (1, 2, 0), 1), PaletteClass("class_5", (5, 10, 0), 5))
    Image.fromarray(np.array([[0, 7]], dtype=np.uint8)).save(tmp_path / "a.png")
    assert [each.id for each in start_palette(tmp_path, "mine").classes] == [0, 7]


def test_a_mask_folder_gives_the_palette_it_has(tmp_path: Path) -> None:
    cars = load_palette("cars")
    write_mask(tmp_path / "a.png", np.zeros((2, 2), dtype=np.uint8), cars)
    (tmp_path / "palette.toml").write_text(cars.to_toml())
    assert start_palette(tmp_path, "mine") == Palette("mine", cars.classes)


def test_a_picture_of_a_palette_shows_each_colour() -> None:
    drawn = draw_palette(load_palette("facades"))
    for each in load_palette("facades").classes:
        assert (drawn == each.color).all(axis=2).sum() >= 168 * 72
