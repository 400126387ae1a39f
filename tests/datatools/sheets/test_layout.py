"""Layout: every picture whole, undistorted and in its colours, with what is written about it."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import Photo, size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.sheets.layout import HAIRLINE, WHITE, Tile, lay_out, legible, shorten_text

if TYPE_CHECKING:
    from conftest import Refused

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def plain(color: tuple[int, int, int], width: int = 40, height: int = 40) -> Photo:
    return np.full((height, width, 3), color, dtype=np.uint8)


def where(picture: Photo, color: tuple[int, int, int]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (picture == color).all(axis=-1)
    return found


def box(picture: Photo, color: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, width and height of what has this colour."""
    rows, columns = np.nonzero(where(picture, color))
    return columns.min(), rows.min(), columns.max() - columns.min() + 1, rows.max() - rows.min() + 1


def test_pictures_of_a_tile_stand_side_by_side_and_tiles_in_rows() -> None:
    tiles = [Tile((plain(RED), plain(GREEN)), "one"), Tile((plain(BLUE), plain((9, 9, 9))), "two")]
    drawn = lay_out(tiles, columns=1, cell=Size(60, 60))
    red, green, blue = (box(drawn, color) for color in (RED, GREEN, BLUE))
    assert red[2:] == green[2:] == blue[2:] == (60, 60)
    assert red[1] == green[1] < blue[1]
    assert red[0] == blue[0] < green[0]


def test_columns_put_tiles_beside_each_other() -> None:
    drawn = lay_out([Tile((plain(RED),)), Tile((plain(GREEN),)), Tile((plain(BLUE),))], columns=2, cell=Size(60, 60))
    red, green, blue = (box(drawn, color) for color in (RED, GREEN, BLUE))
    assert red[1] == green[1] < blue[1]
    assert red[0] == blue[0] < green[0]


def test_a_picture_keeps_its_shape_in_the_cell() -> None:
    drawn = lay_out([Tile((plain(RED, 80, 20),)), Tile((plain(BLUE, 10, 40),))], columns=2, cell=Size(60, 60))
    assert box(drawn, RED)[2:] == (60, 15)
    assert box(drawn, BLUE)[2:] == (15, 60)


def test_a_mask_has_only_its_own_colours_on_the_sheet() -> None:
    mask = np.zeros((31, 47, 3), dtype=np.uint8)
    mask[np.random.default_rng(0).random((31, 47)) < 0.5] = RED
    drawn = lay_out([Tile((mask,), exact=(True,))], columns=1, cell=Size(20, 20))
    assert {tuple(color) for color in drawn.reshape(-1, 3).tolist()} == {(0, 0, 0), RED, WHITE, HAIRLINE}


def test_a_white_picture_has_a_hairline_around_it() -> None:
    drawn = lay_out([Tile((plain(WHITE),))], columns=1, cell=Size(50, 50))
    assert box(drawn, HAIRLINE)[2:] == (52, 52)
    assert where(drawn, HAIRLINE).sum() == 4 * 51


def test_the_ground_is_white() -> None:
    tile = Tile((plain(RED),), "a caption")
    assert tuple(lay_out([tile], columns=1, cell=Size(50, 50))[0, 0]) == WHITE


def test_captions_headings_and_title_are_written() -> None:
    tile = Tile((plain(RED), plain(GREEN)))
    bare = lay_out([tile], columns=1, cell=Size(60, 60))
    for drawn in (
        lay_out([Tile(tile.pictures, "caption")], columns=1, cell=Size(60, 60)),
        lay_out([tile], columns=1, cell=Size(60, 60), headings=("mask", "photo")),
        lay_out([tile], columns=1, cell=Size(60, 60), title="title"),
    ):
        assert drawn.shape[0] > bare.shape[0]
        assert (drawn.min(axis=-1) < 130).sum() > 2 * 60 * 60 + 30


def test_the_legend_shows_every_class_in_its_colour() -> None:
    palette = load_palette("scenes")
    drawn = lay_out([Tile((plain((1, 2, 3)),))], columns=1, cell=Size(90, 60), legend=palette)
    assert all(where(drawn, each.color).sum() > 50 for each in palette.classes)


def test_a_long_name_loses_its_middle_and_a_short_one_nothing() -> None:
    assert shorten_text("short", len, 5) == "short"
    assert shorten_text("IMG_20201123_132218", len, 9) == "IMG_…2218"
    assert shorten_text("anything", len, 0) == "…"
    long = lay_out([Tile((plain(RED),), "x" * 300)], columns=1, cell=Size(60, 60))
    assert size_of(long) == size_of(lay_out([Tile((plain(RED),), "x")], columns=1, cell=Size(60, 60)))


def test_letters_that_the_font_lacks_do_not_become_boxes() -> None:
    assert legible("Zürich\n日") == "Zurich??"


def test_the_same_pictures_give_the_same_sheet() -> None:
    tiles = [Tile((plain(RED),), "a"), Tile((plain(BLUE),), "b")]
    assert (lay_out(tiles, columns=2, cell=Size(64, 64)) == lay_out(tiles, columns=2, cell=Size(64, 64))).all()


def test_a_sheet_of_nothing_is_a_wrong_command(refused: "Refused") -> None:
    with refused("impossible-setting", "sheet", usage=True):
        lay_out([], columns=1, cell=Size(60, 60))
