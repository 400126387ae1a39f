"""Drawings of photos: dark lines on white where something ends, and nothing where nothing does."""

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.derivations.operations import Edges, Operation, Sketch


def square(inside: tuple[int, int, int], outside: tuple[int, int, int], side: int = 256) -> Photo:
    photo = np.full((side, side, 3), outside, dtype=np.uint8)
    photo[side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] = inside
    return photo


def draw(photo: Photo, operation: Operation) -> NDArray[np.uint8]:
    (drawn,) = operation.apply(photo, np.random.default_rng(0))
    return drawn


def test_an_outline_is_a_thin_dark_line_on_white() -> None:
    drawn = draw(square((220, 220, 220), (30, 30, 30)), Edges())
    assert drawn[128, 64 - 3 : 64 + 3].min() < 60
    assert (drawn[128, 80:176] == 255).all()
    assert (drawn[:50] == 255).all()
    assert (drawn < 128).mean() < 0.02
    # Across it, the width in pixels of a picture of 512, of which smaller ones have no fewer.
    for side, width, across in ((256, 1, 1), (256, 2, 2), (1024, 2, 4)):
        crossed = draw(square((220, 220, 220), (30, 30, 30), side), Edges(width=width))[side // 2, : side // 2]
        assert ((crossed < 128).sum(), crossed.min()) == (across, 0)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [((200, 60, 60), (60, 131, 60)), ((60, 200, 60), (60, 60, 60)), ((60, 60, 200), (60, 60, 60))],
    ids=["of one brightness", "more green", "more blue"],
)
def test_two_colours_have_an_edge_between_them_whatever_they_differ_in(
    inside: tuple[int, int, int], outside: tuple[int, int, int]
) -> None:
    drawn = draw(square(inside, outside), Edges())
    assert drawn[128, 64 - 3 : 64 + 3].min() < 60


def test_a_dim_photo_gets_the_lines_of_a_bright_one() -> None:
    bright = draw(square((200, 200, 200), (100, 100, 100)), Edges())
    dim = draw(square((60, 60, 60), (30, 30, 30)), Edges())
    assert ((bright < 128) == (dim < 128)).mean() > 0.999


def test_noise_and_an_empty_wall_have_no_lines() -> None:
    noise = np.random.default_rng(0).integers(126, 131, (128, 128, 3), dtype=np.uint8)
    assert (draw(noise, Edges()) == 255).all()
    assert (draw(np.zeros_like(noise), Edges()) == 255).all()


def test_texture_is_drawn_only_where_nothing_is_smoothed() -> None:
    texture = np.random.default_rng(0).integers(122, 134, (128, 128, 3), dtype=np.uint8)
    inks = [(draw(texture, Edges(smooth=smooth, shortest=0)) < 128).mean() for smooth in (0, 0.01, 1.5)]
    assert inks == [pytest.approx(0.43, abs=0.1), 0, 0]


def test_what_is_shorter_than_asked_is_left_out() -> None:
    photo = square((220, 220, 220), (30, 30, 30))
    photo[20:26, 20:26] = 220
    assert (draw(photo, Edges(shortest=0))[10:36, 10:36] < 128).any()
    assert (draw(photo, Edges(shortest=100))[10:36, 10:36] == 255).all()


def test_more_detail_more_ink_and_wider_lines_more_still() -> None:
    rings = np.hypot(*np.mgrid[-128:128, -128:128])
    photo = np.repeat((127 + 120 * np.sin(rings / 6) * rings / 181).astype(np.uint8)[..., None], 3, axis=2)
    ink = [(255 - draw(photo, each).astype(int)).sum() for each in (Edges(detail=0.01), Edges(), Edges(width=3))]
    assert ink[0] < ink[1] < ink[2]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3)])
def test_even_a_picture_of_few_pixels_is_drawn(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert draw(photo, Edges()).shape == shape
    assert draw(photo, Sketch()).shape == shape


def test_a_sketch_leaves_surfaces_white_and_darkens_what_is_darker_than_around_it() -> None:
    drawn = draw(square((40, 40, 40), (200, 200, 200)), Sketch())
    assert (drawn[:40] > 250).all()
    assert (drawn[100:150, 100:150] > 250).all()
    assert drawn[128, 64:67].max() < 160


def test_a_harder_pencil_is_darker() -> None:
    photo = square((40, 40, 40), (200, 200, 200))
    assert draw(photo, Sketch(darkness=3)).mean() < draw(photo, Sketch(darkness=1)).mean()


@pytest.mark.parametrize("smooth", [0.0, 0.5, 3.0])
def test_a_photo_drawn_in_bands_is_the_photo_drawn_at_once(smooth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 40, 3), dtype=np.uint8)
    photo[60:200, 10:30] //= 3
    whole = draw(photo, Edges(smooth=smooth))
    monkeypatch.setattr("p2p_datatools.derivations.drawing._BAND", 1)
    assert (draw(photo, Edges(smooth=smooth)) == whole).all()
    assert (whole < 128).any()
