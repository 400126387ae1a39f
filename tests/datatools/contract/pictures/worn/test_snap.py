"""Colours go back to those they were meant to be, blends to one of their neighbours, and strange ones are told."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.worn.neighbours import FAR, NEAR
from p2p_datatools.contract.pictures.worn.snap import Snapper

if TYPE_CHECKING:
    from conftest import Refused

COLORS = np.array([(0, 0, 0), (0, 0, 255), (255, 255, 0), (130, 130, 130), (0, 85, 255), (0, 170, 255)], dtype=np.uint8)
BLACK, BLUE, YELLOW, GREY, _SEA, SKY = range(6)


def halves(left: int, right: int, size: int = 40) -> NDArray[np.uint8]:
    rows = np.full((size, size), left, dtype=np.uint8)
    rows[:, size // 2 :] = right
    return rows


def as_jpeg(picture: NDArray[np.uint8], quality: int = 75) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1])


def test_with_a_boundless_tolerance_it_is_the_nearest_colour_exactly() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)
    differences = picture[:, :, None].astype(np.int64) - COLORS
    snapped = Snapper(COLORS, 500).snap(picture)
    assert (snapped.rows == (differences**2).sum(axis=-1).argmin(axis=-1)).all()
    assert not snapped.blended.any()


@pytest.mark.parametrize("tolerance", [0, 7, 32, 90])
def test_a_pixel_is_near_up_to_the_tolerance_and_not_beyond(tolerance: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    picture[:2] = COLORS[BLUE]
    nearest = np.sqrt(((picture[:, :, None].astype(np.int64) - COLORS) ** 2).sum(axis=-1)).min(axis=-1)
    assert (Snapper(COLORS, tolerance).snap(picture).blended == (nearest > tolerance)).all()


def test_exact_colours_are_left_alone() -> None:
    rows = np.random.default_rng(2).integers(0, 6, (50, 60), dtype=np.uint8)
    snapped = Snapper(COLORS, 0).snap(COLORS[rows])
    assert (snapped.rows == rows).all()
    assert not (snapped.moved | snapped.blended | snapped.stray).any()


def test_the_edge_between_blue_and_yellow_gets_no_line_of_grey() -> None:
    picture = COLORS[halves(BLUE, YELLOW)]
    picture[:, 19:21] = (100, 100, 155), (155, 155, 100)  # nearer to grey than to either
    snapped = Snapper(COLORS, 32).snap(picture)
    assert (snapped.rows == halves(BLUE, YELLOW)).all()
    assert snapped.moved.sum() == snapped.blended.sum() == 80
    assert not snapped.stray.any()


def test_a_jpeg_comes_back_as_it_was_but_for_pixels_on_its_edges() -> None:
    rows = np.full((96, 96), BLACK, dtype=np.uint8)
    rows[10:50, 10:50], rows[30:80, 40:90], rows[60:90, 5:30] = BLUE, YELLOW, SKY
    snapped = Snapper(COLORS).snap(as_jpeg(COLORS[rows]))
    window = np.ones((5, 5), dtype=np.uint8)
    inside = cv2.erode(rows, window) == cv2.dilate(rows, window)
    assert (snapped.rows == rows)[inside].all()
    assert (snapped.rows == rows).mean() > 0.99
    assert GREY not in snapped.rows


def test_a_strange_area_is_reported_even_in_a_jpeg_and_beside_known_colours() -> None:
    picture = COLORS[halves(BLACK, BLUE)]
    picture[4:14, 14:24] = (255, 0, 128)
    for shown in (picture, as_jpeg(picture, 90)):
        snapped = Snapper(COLORS).snap(shown)
        assert snapped.stray[6:10, 18:22].any()
        assert not snapped.stray[20:].any()


def test_a_photo_is_not_a_label_picture() -> None:
    photo = np.random.default_rng(3).integers(30, 110, (64, 64, 3), dtype=np.uint8)
    assert Snapper(COLORS).snap(photo).stray.mean() > 0.9


def test_a_large_picture_is_done_in_bands_that_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(4).integers(0, 6, (25, 10), dtype=np.uint8).repeat(6, axis=0).repeat(6, axis=1)
    picture = as_jpeg(COLORS[rows])
    whole = Snapper(COLORS).snap(picture)
    monkeypatch.setattr("p2p_datatools.contract.pictures.worn.snap._BAND", 60 * (FAR + 3))
    monkeypatch.setattr("p2p_datatools.contract.pictures.worn.snap._MOST_BLENDED", 1.0)
    parts = Snapper(COLORS).snap(picture)
    for name in ("rows", "moved", "blended", "stray"):
        assert (getattr(whole, name) == getattr(parts, name)).all(), name


def test_a_table_may_have_many_colours(refused: "Refused") -> None:
    colors = np.array([(n, 255 - n, n // 2) for n in range(254)], dtype=np.uint8)
    rows = np.arange(254, dtype=np.uint8)[None].repeat(5, axis=0)
    assert (Snapper(colors, 0).snap(colors[rows]).rows == rows).all()
    for wrong in (colors[:0], np.zeros((255, 3), dtype=np.uint8)):
        with refused("class-count", f"a table of {len(wrong)} colours", usage=True):
            Snapper(wrong)
    with refused("impossible-setting", "tolerance -1", usage=True):
        Snapper(colors, -1)


def slowly(colors: NDArray[np.uint8], picture: NDArray[np.uint8], tolerance: int) -> NDArray[np.uint8]:
    """What `Snapper` decides, pixel by pixel: the nearest colour, for a blend the nearest of the known ones around."""
    distances = ((picture[:, :, None].astype(np.int64) - colors) ** 2).sum(axis=-1)
    rows, known = distances.argmin(axis=-1), distances.min(axis=-1) <= tolerance**2
    decided = rows.copy()
    for y, x in np.argwhere(~known):
        for reach in (NEAR, FAR):
            window = slice(max(0, y - reach), y + reach + 1), slice(max(0, x - reach), x + reach + 1)
            if found := sorted(set(rows[window][known[window]].tolist())):
                decided[y, x] = found[int(distances[y, x, found].argmin())]
                break
    return np.asarray(decided, dtype=np.uint8)


@pytest.mark.parametrize("tolerance", [0, 10, 32, 120])
@pytest.mark.parametrize("quality", [30, 90])
def test_every_pixel_of_a_jpeg_goes_where_the_slow_way_takes_it(tolerance: int, quality: int) -> None:
    rng = np.random.default_rng(quality)
    for size in ((61, 47), (1, 90), (90, 1)):
        colors = np.unique(rng.integers(0, 256, (int(rng.integers(1, 30)), 3), dtype=np.uint8), axis=0)
        rows = np.zeros(size, dtype=np.uint8)
        for _ in range(12):
            centre = int(rng.integers(size[1])), int(rng.integers(size[0]))
            cv2.circle(rows, centre, int(rng.integers(2, 20)), int(rng.integers(len(colors))), -1)
        picture = as_jpeg(colors[rows], quality)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("p2p_datatools.contract.pictures.worn.snap._MOST_BLENDED", 1.0)
            assert (Snapper(colors, tolerance).snap(picture).rows == slowly(colors, picture, tolerance)).all()
