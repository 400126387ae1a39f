"""Blended pictures come back as they were: JPEG, soft edges, resizing; thin parts stay, and no colour appears."""

import io
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.worn import restore as restoring
from p2p_datatools.contract.pictures.worn.icm import TileLabels
from p2p_datatools.contract.pictures.worn.neighbours import Marks
from p2p_datatools.contract.pictures.worn.restore import restore
from p2p_datatools.contract.pictures.worn.snap import Snapper
from p2p_datatools.synth.drawing import draw_car_picture

COLORS = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (128, 64, 64)], dtype=np.uint8)
BLACK, RED, GREEN, BLUE, WHITE, BROWN = range(6)
SNAPPER = Snapper(COLORS)


def drawing(side: int = 160) -> NDArray[np.uint8]:
    """A red body on black with a white window, green wheels, blue lights 4 pixels high and a red pole 3 wide."""
    rows = np.full((side, side), BLACK, dtype=np.uint8)
    rows[60:120, 20:140], rows[66:84, 60:104] = RED, WHITE
    rows[88:92, 20:27], rows[88:92, 133:140], rows[10:60, 30:33] = BLUE, BLUE, RED
    y, x = np.mgrid[:side, :side]
    for across in (45, 115):
        rows[(y - 118) ** 2 + (x - across) ** 2 < 196] = GREEN
    return rows


def as_jpeg(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=75)
    return np.asarray(Image.open(stream).convert("RGB"))


def soften(picture: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["jpeg", "soft", "softer"])
def test_a_worn_picture_comes_back_but_for_few_pixels_and_no_class_vanishes_or_appears(kind: str) -> None:
    rows = drawing()
    worn = as_jpeg(COLORS[rows]) if kind == "jpeg" else soften(COLORS[rows], 1 if kind == "soft" else 2)
    found = restore(SNAPPER, worn)
    assert (found.rows == rows).mean() > 0.995
    assert set(np.unique(found.rows)) == set(np.unique(rows))
    assert (found.rows == rows).sum() > (SNAPPER.snap(worn).rows == rows).sum()


@pytest.mark.parametrize("kind", ["jpeg", "soft"])
def test_a_small_thing_in_a_colour_of_no_row_is_stray_and_not_what_lies_around_it(kind: str) -> None:
    rows, colors = drawing(), COLORS[drawing()]
    colors[20:30, 100:105] = (255, 0, 255)  # too narrow for a flat area in it
    found = restore(SNAPPER, as_jpeg(colors) if kind == "jpeg" else soften(colors, 1))
    assert found.stray[22:28, 101:104].all()
    around = np.zeros(rows.shape, dtype=bool)
    around[16:34, 96:109] = True
    assert not found.stray[~around].any()
    assert (found.rows == rows)[~around].mean() > 0.995
    assert set(np.unique(found.rows[~around])) == set(np.unique(rows))
    assert not restore(SNAPPER, as_jpeg(COLORS[rows]) if kind == "jpeg" else soften(COLORS[rows], 1)).stray.any()


@pytest.mark.parametrize(
    ("number", "blur"), [(1, 1.5), *(pytest.param(*each, marks=pytest.mark.long) for each in ((4, 2.0), (7, 1.0)))]
)
def test_no_pixel_of_a_soft_drawing_in_a_jpeg_is_stray(number: int, blur: float) -> None:
    colors = load_palette("cars").colors()[:5]
    drawn = colors[draw_car_picture(number, size=(256, 256)).labels]
    assert not restore(Snapper(colors), as_jpeg(soften(drawn, blur))).stray.any()


def test_single_pixels_of_strange_colours_are_what_lies_around_them() -> None:
    colors = COLORS[drawing()]
    colors[5::40, 5::40] = (255, 0, 255)
    found = restore(SNAPPER, colors)
    assert not found.stray.any()
    assert (found.rows == drawing()).all()


def test_between_red_and_black_lies_no_brown_that_is_elsewhere() -> None:
    rows = drawing()
    rows[130:150, 60:80] = BROWN
    found = restore(SNAPPER, soften(COLORS[rows], 1.5)).rows
    assert not (found[:110] == BROWN).any()
    assert abs(int((found == BROWN).sum()) - 400) < 20


def test_a_pixel_of_an_exact_colour_keeps_it_and_an_exact_picture_is_not_touched() -> None:
    rows = drawing()
    assert (restore(SNAPPER, COLORS[rows]).rows == rows).all()
    worn = COLORS[rows].copy()
    worn[80:] = soften(worn, 1.5)[80:]
    worn[5, 5] = COLORS[GREEN]
    found = restore(SNAPPER, worn)
    assert found.rows[5, 5] == GREEN
    assert (found.rows == rows)[:80].sum() == 80 * 160 - 1


def test_a_photo_is_left_as_it_was_snapped() -> None:
    photo = np.random.default_rng(3).integers(30, 110, (64, 64, 3), dtype=np.uint8)
    assert (restore(SNAPPER, photo).rows == SNAPPER.snap(photo).rows).all()


def test_tiles_and_threads_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.tile(drawing(), (2, 2))
    worn = soften(COLORS[rows], 1)
    one = restore(SNAPPER, worn).rows
    monkeypatch.setattr("p2p_datatools.contract.pictures.worn.restore._SAMPLE", 2)
    many = restore(SNAPPER, worn).rows
    assert (one == rows).mean() > 0.999
    assert (one != many).mean() < 0.0005  # the blur is estimated from fewer tiles


def test_what_an_area_becomes_does_not_depend_on_those_around_it_that_are_decided_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(restoring, "_AREA", 80)
    given = list[Marks]()

    class Labels(TileLabels):
        def __init__(self, *values: Any) -> None:
            given.append(values[2])
            super().__init__(*values)

    monkeypatch.setattr(restoring, "TileLabels", Labels)
    worn = soften(COLORS[drawing()], 1)
    search = restoring._Restoration(SNAPPER, worn, SNAPPER.snap(worn))
    before, area, blur = search._rows.copy(), search._areas[0], search._estimate()
    results = []
    for around in (before, np.full_like(before, GREEN)):
        search._rows = around.copy()
        search._decide(area, before=before, blur=blur, painted=None)
        results.append(search._rows[area.inner])
    assert (given[0] == given[1]).all()
    assert (results[0] == results[1]).all()


def test_a_table_of_many_colours_is_searched_among_those_found() -> None:
    colors = np.array([(n % 7 * 42, n % 6 * 51, n // 42 * 85) for n in range(120)], dtype=np.uint8)
    rows = np.where(drawing() == RED, 17, 100).astype(np.uint8)
    assert (restore(Snapper(colors), soften(colors[rows], 1)).rows == rows).mean() > 0.99


def test_a_class_that_would_only_explain_what_others_do_appears_nowhere() -> None:
    colors = np.array([(255, 0, 254), (190, 153, 153), (192, 192, 128), (34, 139, 34)], dtype=np.uint8)
    rows = np.zeros((120, 120), dtype=np.uint8)
    rows[:40], rows[10:110, 50:53], rows[40:100, 80:82] = 3, 2, 2
    found = restore(Snapper(colors), soften(colors[rows], 2)).rows
    assert set(np.unique(found)) == {0, 2, 3}
    assert (found == rows).mean() > 0.995


def test_a_small_class_that_is_there_stays() -> None:
    rows = drawing()
    rows[140:146, 40:46] = BROWN
    found = restore(SNAPPER, soften(COLORS[rows], 2)).rows
    assert abs(int((found == BROWN).sum()) - 36) < 8


def test_the_blur_of_a_part_is_found_without_what_lies_beyond_it_and_its_shape_too() -> None:
    rows = np.tile(drawing(), (2, 2))
    boxes = np.asarray(Image.fromarray(COLORS[rows]).filter(ImageFilter.GaussianBlur(2)))
    for worn, of_boxes in ((boxes, True), (soften(COLORS[rows], 2), False)):
        search = restoring._Restoration(SNAPPER, worn, SNAPPER.snap(worn))
        search._rows = rows.copy()
        found = search._estimate()
        assert found.boxes == of_boxes
        assert found.luma == pytest.approx(2, abs=0.02)
        assert max(found.errors) < 0.15  # rounding; what lies beyond the margin would be a thousand times more
