"""Whatever takes masks and their photos joins them as 'p2p data pair' does, and refuses what that refuses."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.partners.mask_photos import MaskPhotos
from p2p_datatools.contract.pictures.images import write_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.exports.build import export_masks
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.inputs import match_inputs
from p2p_datatools.repairs.build import RepairOptions, repair

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")
MASK = np.tile(np.arange(5, dtype=np.uint8), (4, 2))


def make_masks(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        write_mask(folder / f"{name}.png", MASK, CARS)
    (folder / "palette.toml").write_bytes(CARS.to_toml().encode())
    return folder


@pytest.mark.parametrize(
    ("of_masks", "of_photos"),
    [
        (("a", "x/b"), ("a.jpg", "x/b.png")),
        (("a_mask", "b_mask"), ("a.jpg", "b.jpg")),
        (("testset/car1", "trainingset/car2"), ("testset/JPEGImages/car1.jpg", "trainingset/JPEGImages/car2.jpg")),
        (("base/1", "base/2"), ("1.jpg", "2.jpg")),  # photos are given one folder farther down
        (("a/x/1", "b/x/2"), ("set/a/x/1.jpg", "set/b/x/2.jpg")),
        (("x/1",), ("x/y/1.jpg",)),
        (("test/1",), ("train/1.jpg",)),
        (("left/1",), ("right/1.jpg",)),
        (("train/1", "val/2"), ("train/1.jpg", "valid/2.jpg")),
        (("train/1", "val/2"), ("1.jpg", "2.jpg")),
        (("train_1/1", "test_01/1"), ("train_1/1.jpg", "testing_1/1.jpg")),
        (("IMG_1", "x"), ("img_1.JPG", "x.jpg")),
        (("my%20car", "b"), ("my car.jpg", "b.jpg")),
        (("s0_1", "s0_2"), ("s0/1.jpg", "s0/2.jpg")),
        (("a", "b"), ("images/a.jpg", "images/b.jpg", "labels/a.png", "labels/b.png")),
        (("a", "b"), ("a_1.jpg", "a_2.jpg", "b_1.jpg", "b_2.jpg")),  # several photos of each mask
        (("a", "b"), ("a.jpg", "c.jpg")),
        (("a", "b"), ("a.jpg", "b.jpg", "b.png")),
        (("C", "c", "x"), ("C.jpg", "x.jpg")),
        (("a", "b"), ("c.jpg", "d.jpg")),
        (tuple("01234"), tuple(f"{number}.jpg" for number in range(1, 6))),
        (("1_0", "1_1"), ("1.jpg",)),
    ],
)
def test_masks_and_photos_are_joined_for_all_that_is_given_both_as_for_pairs(
    of_masks: tuple[str, ...], of_photos: tuple[str, ...], tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    masks = make_masks(tmp_path / "masks", of_masks)
    photos = write_photos(tmp_path / "photos", *of_photos, size=Size(10, 4))
    codes = {each.code for each in check(masks, photos=photos).findings if each.severity == "error"}
    try:
        inputs, skipped, _ = match_inputs((masks,), photos)
    except P2PError as error:
        refused = error.code
    else:
        refused = ""
    if refused:
        assert codes == {refused}
        return
    found = MaskPhotos(masks, photos)
    files = {each: masks / f"{each}.png" for each in of_masks}
    joined = {(mask, photo) for mask in files.values() for photo in found.of(mask)}
    assert joined == set(inputs.matched.values())
    assert bool(codes) == bool(skipped)
    exported = export_masks(masks, tmp_path / "yolo", format="yolo", photos=photos, keep_going=True)
    assert {f"{photo.relative_to(photos).with_suffix('')}.txt" for _, photo in joined} == {
        path.relative_to(exported.labels).as_posix() for path in exported.labels.rglob("*.txt")
    }
    mended = repair(masks, tmp_path / "mended", how=RepairOptions(photos=photos), keep_going=True)
    assert mended.repaired == len({mask for mask, _ in joined})
    for mask, photo in joined:
        assert found.mask_of(photo) == mask


def test_photos_in_the_folder_of_the_masks_are_no_masks_and_an_array_is_a_photo(
    tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    masks = make_masks(tmp_path / "masks", ["a", "b"])
    write_photos(masks / "images", "a.jpg", size=Size(10, 4))
    np.save(masks / "images" / "b.npy", np.random.default_rng(0).integers(0, 255, (4, 10, 3), np.uint8))
    result = check(masks, photos=masks / "images")
    assert (result.checked, [each for each in result.findings if each.severity == "error"]) == (2, [])
    how = RepairOptions(photos=masks / "images")
    assert repair(masks, tmp_path / "mended", how=how).repaired == 2
    assert export_masks(masks, tmp_path / "coco", format="coco", photos=masks / "images").made == 2


def test_pairs_are_not_the_photos_of_masks(tmp_path: Path, write_photos: "WritePhotos", refused: "Refused") -> None:
    masks, photos = make_masks(tmp_path / "masks", ["a"]), write_photos(tmp_path / "photos", "a.jpg", size=Size(10, 4))
    pairs = pair(masks, photos, tmp_path / "pairs").dest
    with refused("pairs-as-half", pairs):
        MaskPhotos(masks, pairs)


def test_one_folder_is_not_that_of_masks_and_of_their_photos(tmp_path: Path, refused: "Refused") -> None:
    masks = make_masks(tmp_path / "masks", ["a"])
    with refused("same-folder", masks):
        check(masks, photos=masks)


@pytest.mark.parametrize("records", ['{"name": "a"', '{"name": "a", "source": "a.png"}\n'])
def test_photos_without_masks_are_no_labels_where_the_record_is_damaged_or_names_other_files(
    records: str, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    masks = make_masks(tmp_path / "masks", ["a"])
    (masks / "masks.jsonl").write_text(records)
    photos = write_photos(tmp_path / "photos", "a.jpg", "b/a.jpg")  # the labels were a.png
    assert MaskPhotos(masks, photos).free == [photos / "b/a.jpg"]


def test_a_mask_without_a_photo_is_told_of_where_each_other_mask_has_one_like_it(
    tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    masks = make_masks(tmp_path / "masks", ["1", "1_l", "2", "2_l"])  # left cameras, whose photos are missing
    photos = write_photos(tmp_path / "photos", "1.jpg", "2.jpg")
    assert MaskPhotos(masks, photos).lost == {masks / "1_l.png", masks / "2_l.png"}
