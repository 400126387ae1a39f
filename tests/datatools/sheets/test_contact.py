"""Showing a folder: it is known for what it is, and every picture on the sheet is one of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.files.atomic import write_json, write_lines
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, write_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import write_tiff
from p2p_datatools.contract.pictures.images import Photo, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.sheets.contact import SheetOptions, contact_sheet
from p2p_datatools.sheets.layout import Tile, lay_out

if TYPE_CHECKING:
    from conftest import Notes, Refused

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


def test_a_palette_makes_masks_of_plain_pictures_and_others_are_grey_and_told(
    tmp_path: Path, laid: Laid, refused: "Refused", notes: "Notes"
) -> None:
    write_png(tmp_path / "a.png", np.full((9, 9, 3), CARS.classes[1].color, dtype=np.uint8))
    contact_sheet(tmp_path, palette=CARS)
    assert laid.tiles[0].exact == (True,)
    write_png(tmp_path / "b.png", plain(3))
    contact_sheet(tmp_path, palette=CARS, report=notes)
    assert any("b.png" in line and "palette" in line for line in notes.lines)
    with refused("palette-colour", tmp_path / "b.png"):
        contact_sheet(tmp_path, names=["b"], palette=CARS)


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


def test_named_pictures_are_shown_in_the_order_asked_for(tmp_path: Path, laid: Laid, refused: "Refused") -> None:
    photos = make_photos(tmp_path / "photos", 40)
    make_photos(photos / "more", 2)
    contact_sheet(photos, names=["007", "more/001.png", "003"], limit=1)
    assert laid.captions == ["007", "more/001", "003"]
    with refused("unknown-picture", "--names 0070", usage=True):
        contact_sheet(photos, names=["0070"])
    make_photos(photos / "most", 2)
    with refused("unknown-picture", usage=True) as caught:
        contact_sheet(photos / "..", names=["001"])
    assert "3 pictures" in caught.value.what


def make_masks(folder: Path, *numbers: int) -> Path:
    for number in numbers:
        mask = np.zeros((40, 40), np.uint8)
        mask[10:30, 10:30] = 1
        write_mask(folder / f"{number:03}.png", mask, CARS)
    (folder / "palette.toml").write_text(CARS.to_toml())
    return folder


def test_a_mask_lies_over_its_photo_in_its_colours_but_for_the_background(tmp_path: Path, laid: Laid) -> None:
    photos = make_photos(tmp_path / "photos", 1)
    contact_sheet(make_masks(tmp_path / "masks", 0, 1), photos=photos)
    assert laid.words["headings"] == ("mask", "photo", "mask over photo")
    over = laid.tiles[0].pictures[2]
    middle, corner = tuple(over[160, 160].tolist()), tuple(over[5, 5].tolist())
    assert (middle, corner) == ((128, 4, 45), (0, 7, 90))
    assert laid.captions == ["000", "001: no photo"]
    contact_sheet(tmp_path / "masks", photos=photos, how=SheetOptions(overlay="outlines"))
    over = laid.tiles[0].pictures[2]
    assert tuple(over[160, 160].tolist()) == (0, 7, 90)
    assert (over == (255, 0, 0)).all(axis=2).sum() == pytest.approx(4 * 160, rel=0.05)


def test_pairs_of_a_mask_and_a_photo_have_a_third_column_when_asked(
    tmp_path: Path, laid: Laid, refused: "Refused"
) -> None:
    pairs = make_pairs(tmp_path / "pairs", "train")
    contact_sheet(pairs, how=SheetOptions(overlay="outlines"))
    assert laid.words["headings"][2] == "mask over photo"
    with refused("needless-option", pairs, usage=True):
        contact_sheet(pairs, photos=tmp_path)
    with refused("needless-option", make_photos(tmp_path / "photos", 1), usage=True):
        contact_sheet(tmp_path / "photos", how=SheetOptions(overlay="color"))


def test_what_was_found_is_shown_the_worst_first_with_a_ring_at_its_place(tmp_path: Path, laid: Laid) -> None:
    masks = make_masks(tmp_path, 0, 1, 2, 3)
    findings = [
        Finding(str(masks / "001.png"), "has an island", "Remove it.", "island", "warning", place=(10, 30)),
        Finding(str(masks / "003.png"), "is cut off", "Save it again.", "damaged-file", "error"),
        Finding(str(masks), "has no lights", "Add some.", "class-unseen", "warning"),
    ]
    (masks / "003.png").write_bytes(b"cut off")
    contact_sheet(masks, findings=findings)
    assert laid.captions == ["003: damaged-file", "001: island"]
    assert laid.words["remarks"][0] == "2 findings in 2 pictures; 1 on the whole"
    ring = np.argwhere((laid.tiles[1].pictures[0] == (255, 150, 0)).all(axis=2))
    assert ring.mean(axis=0) == pytest.approx((30.5 * 8, 10.5 * 8), abs=1.5)


def test_a_place_in_the_right_half_of_a_pair_is_one_of_that_half(tmp_path: Path, laid: Laid) -> None:
    pairs = make_pairs(tmp_path / "pairs", "train")
    file = str(pairs / "train" / "0.png")
    contact_sheet(pairs, findings=[Finding(file, "is odd", "Look.", "odd", "hint", place=(30 + 15, 15))])
    for half in laid.tiles[0].pictures:
        ring = np.argwhere((half == (30, 110, 240)).all(axis=2))
        assert ring.mean(axis=0) == pytest.approx((165, 165), abs=2)


def test_where_nothing_is_found_the_usual_pictures_are_shown(tmp_path: Path, laid: Laid) -> None:
    contact_sheet(make_masks(tmp_path, 0, 1), findings=[])
    assert (laid.captions, laid.words["remarks"]) == (["000", "001"], ["nothing found in any picture"])


def test_twelve_bits_and_floats_are_stretched_for_the_eye_and_the_sheet_says_so(tmp_path: Path, laid: Laid) -> None:
    ramp = np.linspace(1000, 3000, 400).reshape(20, 20)
    write_png(tmp_path / "deep.png", ramp.astype(np.uint16))
    write_tiff(tmp_path / "floats.tif", (ramp / 1000).astype(np.float32))
    write_png(tmp_path / "plain.png", np.full((20, 20, 3), 7, np.uint8))
    contact_sheet(tmp_path)
    assert laid.captions == ["deep: 1010 to 2989", "floats: 1.01 to 2.99", "plain"]
    assert [int(tile.pictures[0].max()) for tile in laid.tiles] == [255, 255, 7]
    assert int(laid.tiles[0].pictures[0].min()) == 0
    assert "stretched" in laid.words["remarks"][0]


def test_sheets_of_samples_have_the_titles_of_their_columns(tmp_path: Path, laid: Laid) -> None:
    columns = ["mask", "generated photo", "real photo"]
    for name, count in (("0", 3), ("1", 3), ("2", 2)):
        parts = [plain(90 * place, 20) for place in range(count)]
        write_png(tmp_path / f"{name}.png", np.hstack(parts))
    write_json(tmp_path / "samples.json", {"model": "x", "variants": 1, "sheet": True})
    lines = [{"file": f"{name}.png", "columns": columns[:count]} for name, count in (("0", 3), ("1", 3), ("2", 2))]
    write_lines(tmp_path / "samples.jsonl", lines)
    contact_sheet(tmp_path)
    assert laid.words["headings"] == tuple(columns)
    assert [int(each[0, 0, 0]) for each in laid.tiles[0].pictures] == [0, 90, 180]
    assert len(laid.tiles[2].pictures) == 3


def test_variants_of_a_sample_stand_beside_each_other(tmp_path: Path, laid: Laid) -> None:
    files = ["a/x-1.png", "a/x-2.png", "y-9-1.png", "y-9-2.png"]
    for number, file in enumerate(files):
        write_png(tmp_path / file, plain(number))
    write_json(tmp_path / "samples.json", {"model": "x", "variants": 2, "sheet": False})
    write_lines(tmp_path / "samples.jsonl", [{"file": file} for file in files])
    contact_sheet(tmp_path)
    assert (laid.captions, laid.words["headings"]) == (["a/x", "y-9"], ("variant 1", "variant 2"))


@pytest.mark.real_data
def test_real_photos_of_all_shapes_make_a_sheet(real_data: Path) -> None:
    drawn = contact_sheet(real_data / "car-parts" / "testset", limit=5)
    assert drawn.shape[2] == 3
    assert drawn.shape[1] > 3 * 320


def test_samples_without_variants_or_columns_are_shown_as_pictures(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_png(tmp_path / f"{name}.png", plain(90))
    for recipe, lines in (
        ({"variants": 2, "sheet": False}, []),
        ({"variants": 2, "sheet": False}, [{"file": "a.png"}]),
        ({"variants": 1, "sheet": True}, [{"file": "a.png", "columns": ["input", "fake"]}, {"file": "b.png"}]),
    ):
        write_json(tmp_path / "samples.json", {"model": "x", **recipe})
        write_lines(tmp_path / "samples.jsonl", lines)
        assert contact_sheet(tmp_path).any()


@pytest.mark.parametrize(
    ("line", "code"), [({"file": "a.png", "columns": 5}, "damaged-file"), ({"file": "../../a-1.png"}, "path-leads-out")]
)
def test_a_record_of_samples_that_cannot_be_is_one_line(
    tmp_path: Path, line: dict[str, object], code: str, refused: "Refused"
) -> None:
    write_json(tmp_path / "samples.json", {"model": "x", "variants": 2, "sheet": False})
    write_lines(tmp_path / "samples.jsonl", [line])
    with refused(code, tmp_path / "samples.jsonl"):
        contact_sheet(tmp_path)


def test_a_mask_with_two_photos_of_its_name_is_shown_without_one_and_they_are_named(
    tmp_path: Path, notes: "Notes"
) -> None:
    masks, photos = make_masks(tmp_path / "masks", 0, 1), make_photos(tmp_path / "photos", 2)
    (photos / "001.jpg").write_bytes((photos / "001.png").read_bytes())
    contact_sheet(masks, photos=photos, report=notes)
    assert len([line for line in notes.lines if "001.jpg" in line and "001.png" in line]) == 1


def test_photos_of_one_name_that_no_mask_has_are_nothing_to_a_sheet(tmp_path: Path, notes: "Notes") -> None:
    masks, photos = make_masks(tmp_path / "masks", 0), make_photos(tmp_path / "photos", 2)
    (photos / "001.jpg").write_bytes((photos / "001.png").read_bytes())
    contact_sheet(masks, photos=photos, report=notes)
    assert not [line for line in notes.lines if "001" in line]
