"""Any folder of data is known for what it is: pairs, masks or photos, and which split its files belong to."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from p2p_datatools.contract.data_folder import open_data
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size

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


def test_photos_in_folders_of_splits_are_photos_that_have_splits(tmp_path: Path, scene: "Scene") -> None:
    for split, count in (("train", 3), ("test", 2)):
        for number in range(count):
            write_png(tmp_path / split / f"{number}.png", scene(number, Size(192, 64)), durable=False)
    opened = open_data(tmp_path)
    assert opened.kind == "photos"
    assert sorted(opened.splits.values()) == ["test"] * 2 + ["train"] * 3


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
