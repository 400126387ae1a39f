"""Showing a folder: it is known for what it is, and every picture on the sheet is one of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, write_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import Photo, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.sheets.contact import contact_sheet
from p2p_datatools.sheets.layout import Tile, lay_out

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")


def plain(number: int, width: int = 30) -> Photo:
    return np.full((30, width, 3), (number, 7, 90), dtype=np.uint8)


def make_photos(folder: Path, count: int) -> Path:
    for number in range(count):
        write_png(folder / f"{number:03}.png", plain(number), durable=False)
    return folder


def make_pairs(folder: Path, *splits: str) -> Path:
    pairs = []
    for number, split in enumerate(splits):
        write_png(folder / split / f"{number}.png", plain(number, 60), durable=False)
        pairs.append(Pair(str(number), f"{split}/{number}.png", split, Size(30, 30), ""))
    write_manifest(PairFolder(folder, Half("mask", "mask"), Half("photo", "photo"), CARS, tuple(pairs)))
    return folder


class Laid:
    """What was laid out: the sheet itself is looked at in test_layout."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tiles: list[Tile] = []
        self.words: dict[str, Any] = {}

        def lay(tiles: list[Tile], **words: Any) -> Photo:
            self.tiles, self.words = tiles, words
            return lay_out(tiles, **words)

        monkeypatch.setattr("p2p_datatools.sheets.contact.lay_out", lay)

    @property
    def captions(self) -> list[str]:
        return [tile.caption for tile in self.tiles]


@pytest.fixture
def laid(monkeypatch: pytest.MonkeyPatch) -> Laid:
    return Laid(monkeypatch)


def test_of_many_pictures_some_at_even_distances_are_shown_with_the_total(tmp_path: Path, laid: Laid) -> None:
    contact_sheet(make_photos(tmp_path / "photos", 40), limit=4)
    assert laid.captions == ["005", "015", "025", "035"]
    assert laid.words["title"] == "photos: 40 pictures, 4 shown"


def test_a_seed_draws_others_and_the_same_again(tmp_path: Path, laid: Laid) -> None:
    photos = make_photos(tmp_path / "photos", 40)
    drawn = []
    for seed in (1, 2, 1):
        contact_sheet(photos, limit=4, seed=seed)
        drawn.append(laid.captions)
    assert drawn[0] == drawn[2] != drawn[1]


def test_pairs_are_shown_as_a_and_b_with_name_and_split(tmp_path: Path, laid: Laid) -> None:
    contact_sheet(make_pairs(tmp_path / "pairs", "test", "train", "train"))
    assert laid.captions == ["1 (train)", "2 (train)", "0 (test)"]
    assert laid.words["headings"] == ("mask", "photo")
    assert laid.words["title"] == "pairs: 3 pairs (2 train, 1 test)"
    assert laid.words["legend"] == CARS
    assert laid.words["columns"] == 1
    assert [tile.exact for tile in laid.tiles] == [(True, False)] * 3


def test_pairs_that_are_not_split_say_so(tmp_path: Path, laid: Laid) -> None:
    contact_sheet(make_pairs(tmp_path / "pairs", "all"))
    assert laid.captions == ["0"]
    assert laid.words["title"] == "pairs: 1 pair (not split yet)"


def test_a_folder_of_another_tool_is_shown_as_pairs(tmp_path: Path, laid: Laid) -> None:
    write_png(tmp_path / "train" / "1.png", plain(3, 60))
    contact_sheet(tmp_path)
    assert laid.captions == ["train/1"]
    assert len(laid.tiles[0].pictures) == 2


def test_a_mask_folder_is_shown_in_its_colours_with_a_legend(tmp_path: Path, laid: Laid) -> None:
    write_mask(tmp_path / "a.png", np.full((9, 9), 2, dtype=np.uint8), CARS)
    (tmp_path / "palette.toml").write_text(CARS.to_toml())
    contact_sheet(tmp_path)
    assert (laid.tiles[0].pictures[0] == CARS.classes[2].color).all()
    assert laid.words["legend"] == CARS
    assert laid.tiles[0].exact == (True,)


def test_a_palette_makes_masks_of_plain_pictures(tmp_path: Path, laid: Laid, refused: "Refused") -> None:
    write_png(tmp_path / "a.png", np.full((9, 9, 3), CARS.classes[1].color, dtype=np.uint8))
    contact_sheet(tmp_path, palette=CARS)
    assert laid.tiles[0].exact == (True,)
    write_png(tmp_path / "b.png", plain(3))
    with refused("palette-colour", tmp_path / "b.png"):
        contact_sheet(tmp_path, palette=CARS)


def test_rows_are_filled_where_a_sheet_of_that_shape_allows(tmp_path: Path, laid: Laid) -> None:
    contact_sheet(make_photos(tmp_path / "photos", 12))
    assert laid.words["columns"] == 4


def test_nothing_to_show_is_one_line(tmp_path: Path, refused: "Refused") -> None:
    with refused("missing-folder", tmp_path / "nowhere"):
        contact_sheet(tmp_path / "nowhere")
    with refused("no-pictures", tmp_path):
        contact_sheet(tmp_path)
    with refused("impossible-setting", "limit 0", usage=True):
        contact_sheet(tmp_path, limit=0)


@pytest.mark.real_data
def test_real_photos_of_all_shapes_make_a_sheet(real_data: Path) -> None:
    drawn = contact_sheet(real_data / "car-parts" / "testset", limit=5)
    assert drawn.shape[2] == 3
    assert drawn.shape[1] > 3 * 320
