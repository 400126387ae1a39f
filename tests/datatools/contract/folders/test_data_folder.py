"""Any folder of data is known for what it is: pairs, masks or photos, and which split its files belong to."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.folders.data_folder import open_data
from p2p_datatools.contract.pairs.below import find_pairs_below
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.formats.png import PictureRole
from p2p_datatools.contract.pictures.images import write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import Scene, WriteMasks, WritePhotos

CARS = load_palette("cars")


def test_a_folder_with_a_palette_holds_masks_and_one_without_photos(masks: Path, photos: Path) -> None:
    opened = open_data(masks)
    assert (opened.kind, opened.palette, len(opened.files)) == ("masks", CARS, 4)
    assert open_data(photos).kind == "photos"
    assert open_data(photos, palette=CARS).kind == "masks"


def test_two_scenes_side_by_side_are_pairs_wherever_they_lie(tmp_path: Path, scene: "Scene", notes: "Notes") -> None:
    for folder in ("alone", "split/val"):
        for number in range(4):
            halves = scene(number), scene(100 + number)
            write_png(tmp_path / folder / f"{number}.png", np.hstack(halves), durable=False)
    alone = open_data(tmp_path / "alone", report=notes)
    assert alone.pairs
    assert len(alone.pairs.pairs) == 4
    assert any("no train/ folder" in line for line in notes.lines)
    assert {pair.split for pair in open_data(tmp_path / "split").pairs.pairs} == {"val"}  # type: ignore[union-attr]


@pytest.mark.parametrize("largest", [3000, 65535])
def test_depth_of_16_bits_that_is_twice_as_wide_as_high_is_single_pictures(
    tmp_path: Path, largest: int, scene: "Scene"
) -> None:
    """So are the disparities of Cityscapes: their shape is no sign of pairs, and those of 12 bits are not black."""
    for folder in (tmp_path / "flat", tmp_path / "splits" / "train"):
        folder.mkdir(parents=True)
        for number in range(4):
            far = scene(number, Size(128, 64))[..., 0] / 255
            write_png(folder / f"{number}.png", (far * largest).astype(np.uint16))
    assert open_data(tmp_path / "flat").kind == "photos"
    assert open_data(tmp_path / "splits").kind == "photos"


def test_plain_pictures_of_16_bits_are_single_ones_whatever_their_shape(tmp_path: Path) -> None:
    for number in range(4):
        write_png(tmp_path / f"{number}.png", np.full((64, 128), 900 + number, dtype=np.uint16))
    assert open_data(tmp_path).kind == "photos"


def test_photos_in_folders_of_splits_are_photos_that_have_splits(tmp_path: Path, scene: "Scene") -> None:
    for part, count in (("train", 3), ("test", 2)):
        for number in range(count):
            write_png(tmp_path / part / f"{number}.png", scene(number, Size(192, 64)), durable=False)
    opened = open_data(tmp_path)
    assert opened.kind == "photos"
    assert sorted(opened.splits.values()) == ["test"] * 2 + ["train"] * 3


@pytest.mark.parametrize(
    ("places", "kind", "train_refuses"),
    [
        (["test/ab", "val/ab"], "pairs", "no-training-pairs"),
        (["train/ab", "val/ab"], "pairs", ""),
        (["ab", "test/ab"], "pairs", ""),
        (["ab"], "pairs", ""),
        (["train/photo", "val/photo"], "photos", "not-pairs"),
        (["test/photo", "val/photo"], "photos", "not-pairs"),
        (["train/images/photo", "train/masks/photo"], "photos", "half-folders"),
        (["ab", "photo"], "photos", "not-pairs"),
        (["one/ab", "two/ab"], "photos", "no-pairs"),
        (["maps/train/ab", "maps/val/ab"], "photos", "pairs-below"),
        (["maps/maps/train/ab", "maps/maps/val/ab"], "photos", "pairs-below"),
        (["trainA/photo", "trainB/masks/photo"], "photos", "no-pairs"),
        (["ab", "raw/photo", "raw/more/photo"], "photos", "no-pairs"),
    ],
)
def test_every_command_calls_a_folder_the_same(
    tmp_path: Path, places: list[str], kind: str, train_refuses: str, scene: "Scene"
) -> None:
    square = Size(64, 64)
    for count, place in enumerate(places):
        folder, _, what = place.rpartition("/")
        for number in (0, 1):
            seed = number if "/masks" in place else 10 * count + number
            single = what == "photo"
            pixels = scene(seed) if single else np.hstack([scene(seed, square), scene(100 + seed, square)])
            write_png(tmp_path / folder / f"{what}{number}.png", pixels, durable=False)
    assert (open_data(tmp_path).kind, check(tmp_path).kind) == (kind, kind)
    assert code_of(lambda: open_pairs(tmp_path)) == code_of(lambda: split(tmp_path, dry_run=True)) == train_refuses


@pytest.mark.parametrize("pairs", [0, 19])
def test_a_sheet_of_p2p_in_train_is_an_error_for_every_command(tmp_path: Path, pairs: int, scene: "Scene") -> None:
    square = Size(64, 64)
    for number in range(pairs + 1):
        pixels = np.hstack([scene(number, square), scene(100 + number, square)])
        role: PictureRole | None = "sample sheet" if number == 0 else None
        write_png(tmp_path / "train" / f"{number:02d}.png", pixels, durable=False, role=role)
    assert [finding.code for finding in check(tmp_path).findings if finding.severity == "error"] == ["drawn-by-p2p"]
    assert code_of(lambda: open_data(tmp_path)) == code_of(lambda: split(tmp_path, dry_run=True)) == "drawn-by-p2p"


def code_of(call: Callable[[], object]) -> str:
    """The code of the error that a call ends with, empty if with none."""
    try:
        call()
    except P2PError as error:
        return error.code
    return ""


def test_a_label_picture_beside_a_photo_of_its_name_does_not_count(tmp_path: Path, scene: "Scene") -> None:
    for number in range(3):
        write_png(tmp_path / f"{number}.png", scene(number), durable=False)
    write_png(tmp_path / "car.apng", scene(9), durable=False)
    write_mask(tmp_path / "car.png", np.arange(96 * 64, dtype=np.uint8).reshape(64, 96) // 64, CARS)
    assert "car.png" not in open_data(tmp_path).files


def test_masks_in_folders_of_splits_have_these_splits(tmp_path: Path, write_masks: "WriteMasks") -> None:
    write_masks(tmp_path, "train/a", "val/b")
    assert open_data(tmp_path).splits == {"train/a.png": "train", "val/b.png": "val"}


def test_a_palette_that_is_given_makes_masks_of_pictures_in_folders_of_splits(
    tmp_path: Path, write_masks: "WriteMasks"
) -> None:
    write_masks(tmp_path, "train/a", "train/b", "val/c", size=Size(48, 32))
    (tmp_path / "palette.toml").unlink()
    assert open_data(tmp_path, palette=CARS).kind == "masks"


def test_a_folder_of_nothing_and_no_folder_are_one_line(tmp_path: Path, refused: "Refused") -> None:
    with refused("no-pictures", tmp_path):
        open_data(tmp_path)
    with refused("missing-folder", tmp_path / "none"):
        open_data(tmp_path / "none")


def test_a_damaged_split_of_pairs_is_not_taken_for_photos(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    write_photos(tmp_path, "train/1.png", "train/1.jpg", size=Size(40, 16))
    with refused("same-name", tmp_path):
        open_data(tmp_path)


def test_a_folder_above_pairs_and_one_of_their_splits_say_which_folder_is_meant(
    tmp_path: Path, scene: "Scene", notes: "Notes"
) -> None:
    square = Size(64, 64)
    for part in ("train", "test"):
        for number in range(3):
            pixels = np.hstack([scene(number, square), scene(100 + number, square)])
            write_png(tmp_path / "maps" / part / f"{number}.png", pixels, durable=False)
    assert [(each.code, each.severity) for each in check(tmp_path).findings][:1] == [("pairs-below", "hint")]
    open_data(tmp_path, report=notes)
    assert any("maps" in line for line in notes.lines)
    open_data(tmp_path / "maps" / "train", report=notes)
    assert any("test/ is beside it" in line for line in notes.lines)


def test_halves_in_two_folders_are_a_hint(tmp_path: Path, scene: "Scene") -> None:
    for part in ("trainA", "trainB"):
        for number in range(2):
            write_png(tmp_path / part / f"{number}.png", scene(number + len(part)), durable=False)
    assert "half-folders" in [each.code for each in check(tmp_path).findings]


def test_a_folder_below_that_can_be_listed_and_not_entered_holds_no_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    assert find_pairs_below(tmp_path, ["x/1.png", "y/1.png"]) == []
