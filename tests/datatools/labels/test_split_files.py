"""Label files of each split: read together, each picture's split kept, and one name in two splits two pictures."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.split_files import choose_split_files
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")
PICTURES = {"train": 3, "val": 2}
Layout = Callable[[Path, "WritePhotos"], tuple[Path, Path]]  # writes a data set; gives its labels and its photos


def write_json(file: Path, value: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value))


def coco(count: int, *, size: float = 12) -> dict[str, Any]:
    """0.jpg, 1.jpg, ...: a square car in each, whose side tells the split."""
    outline = [2, 2, 2 + size, 2, 2 + size, 14, 2, 14]
    return {
        "images": [{"id": n, "file_name": f"{n}.jpg", "width": 24, "height": 16} for n in range(count)],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": [{"id": n, "image_id": n, "category_id": 1, "segmentation": [outline]} for n in range(count)],
    }


SIDES = {"train": 12, "val": 6}


def roboflow(place: Path, write_photos: "WritePhotos") -> tuple[Path, Path]:
    for split, folder, seed in (("train", "train", 0), ("val", "valid", 50)):
        write_photos(place, *(f"{folder}/{n}.jpg" for n in range(PICTURES[split])), seed=seed)
        write_json(place / folder / "_annotations.coco.json", coco(PICTURES[split], size=SIDES[split]))
    return place, place


def coco_2017(place: Path, write_photos: "WritePhotos") -> tuple[Path, Path]:
    for split, seed in (("train", 0), ("val", 50)):
        write_photos(place, *(f"{split}2017/{n}.jpg" for n in range(PICTURES[split])), seed=seed)
        for kind in ("instances", "person_keypoints"):
            value = coco(PICTURES[split], size=SIDES[split])
            write_json(place / "annotations" / f"{kind}_{split}2017.json", value)
    return place, place


def cvat_coco(place: Path, write_photos: "WritePhotos") -> tuple[Path, Path]:
    for split, seed in (("train", 0), ("val", 50)):
        write_photos(place, *(f"images/{split}/{n}.jpg" for n in range(PICTURES[split])), seed=seed)
        write_json(place / "annotations" / f"instances_{split}.json", coco(PICTURES[split], size=SIDES[split]))
    return place / "annotations", place / "images"


def labelme(place: Path, write_photos: "WritePhotos") -> tuple[Path, Path]:
    for split, seed in (("train", 0), ("val", 50)):
        write_photos(place, *(f"{split}/{n}.jpg" for n in range(PICTURES[split])), seed=seed)
        for number in range(PICTURES[split]):
            points = [[2, 2], [2 + SIDES[split], 2], [2 + SIDES[split], 14], [2, 14]]
            shape = {"label": "car", "points": points, "shape_type": "polygon"}
            picture = {"imagePath": f"{number}.jpg", "imageHeight": 16, "imageWidth": 24}
            write_json(place / split / f"{number}.json", {"shapes": [shape], **picture})
    return place, place


def write_yolo(file: Path, side: float) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    right = (2 + side) / 24
    file.write_text(f"0 {2 / 24} 0.125 {right} 0.125 {right} 0.875 {2 / 24} 0.875\n")


def yolo(place: Path, write_photos: "WritePhotos") -> tuple[Path, Path]:
    for split, seed in (("train", 0), ("val", 50)):
        write_photos(place, *(f"images/{split}/{n}.jpg" for n in range(PICTURES[split])), seed=seed)
        for number in range(PICTURES[split]):
            write_yolo(place / "labels" / split / f"{number}.txt", SIDES[split])
    (place / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [car]\n")
    return place, place / "images"


def roboflow_yolo(place: Path, write_photos: "WritePhotos") -> tuple[Path, Path]:
    for split, folder, seed in (("train", "train", 0), ("val", "valid", 50)):
        write_photos(place, *(f"{folder}/images/{n}.jpg" for n in range(PICTURES[split])), seed=seed)
        for number in range(PICTURES[split]):
            write_yolo(place / folder / "labels" / f"{number}.txt", SIDES[split])
    (place / "data.yaml").write_text("train: ../train/images\nval: ../valid/images\nnames: [car]\n")
    return place, place


def index_pictures(place: Path, write_photos: "WritePhotos") -> tuple[Path, Path]:
    for split, folder, seed in (("train", "training", 0), ("val", "validation", 50)):
        write_photos(place / "images", *(f"{folder}/{n}.jpg" for n in range(PICTURES[split])), seed=seed)
        (place / "annotations" / folder).mkdir(parents=True)
        for number in range(PICTURES[split]):
            mask = np.zeros((16, 24), np.uint8)
            mask[2:14, 2 : 2 + SIDES[split]] = 1
            Image.fromarray(mask).save(place / "annotations" / folder / f"{number}.png")
    (place / "annotations" / "class_names.txt").write_text("background\ncar\n")
    return place / "annotations", place / "images"


LAYOUTS: list[Layout] = [roboflow, coco_2017, cvat_coco, labelme, yolo, roboflow_yolo, index_pictures]


@pytest.mark.parametrize("write", LAYOUTS, ids=lambda write: write.__name__)
def test_the_splits_of_every_layout_stay_from_the_labels_to_the_pairs(
    write: Layout, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    labels, photos = write(tmp_path / "set", write_photos)
    masks, pairs = tmp_path / "masks", tmp_path / "pairs"
    summary = build_masks(labels, masks, palette=CARS, photos=photos)
    assert (summary.built, summary.splits) == (5, PICTURES)
    for name, line in read_mask_lines(masks).items():
        # The labels of one split are not those of the picture of the same name in the other.
        assert read_mask(masks / f"{name}.png", CARS).sum() == 12 * SIDES[line.split]
    assert pair(masks, photos, pairs).splits == PICTURES
    assert {(each.split, each.file) for each in read_manifest(pairs).pairs} == {
        (split, f"{split}/{number}.png") for split, count in PICTURES.items() for number in range(count)
    }


@pytest.mark.parametrize("write", [roboflow, coco_2017, cvat_coco, labelme], ids=lambda write: write.__name__)
def test_without_photos_one_name_in_two_splits_is_two_masks_that_pair_with_the_photos(
    write: Layout, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    labels, photos = write(tmp_path / "set", write_photos)
    build_masks(labels, tmp_path / "masks", palette=CARS)
    assert pair(tmp_path / "masks", photos, tmp_path / "pairs").splits == PICTURES


def test_files_that_are_left_out_are_named(tmp_path: Path, write_photos: "WritePhotos") -> None:
    labels, _ = coco_2017(tmp_path / "set", write_photos)
    assert any("person_keypoints_val2017.json left out" in note for note in read_labels(labels).notes)


def test_files_of_other_pictures_are_read_together_and_of_one_picture_twice_are_not(
    tmp_path: Path, refused: "Refused"
) -> None:
    for name, label in (("a", "car"), ("b", "wheel"), ("c", "car")):
        value = coco(1) | {"categories": [{"id": 1, "name": label}]}
        value["images"][0]["file_name"] = f"{name}.jpg"
        write_json(tmp_path / f"{name}.json", value)
    found = read_labels(tmp_path)
    assert [item.picture_name for item in found.items] == ["a.jpg", "b.jpg", "c.jpg"]
    assert {label: use.count for label, use in found.labels.items()} == {"car": 2, "wheel": 1}
    assert found.notes == ()
    write_json(tmp_path / "a again.json", coco(2))
    found = read_labels(tmp_path)
    assert [item.picture_name for item in found.items] == ["0.jpg", "1.jpg", "a.jpg", "b.jpg", "c.jpg"]
    (note,) = found.notes
    assert "4 files" in note
    write_json(tmp_path / "a again.json", json.loads((tmp_path / "a.json").read_text()))
    with refused("several-files", tmp_path):
        read_labels(tmp_path)


def test_files_of_many_pictures_in_folders_of_splits_are_one_for_each(tmp_path: Path, refused: "Refused") -> None:
    for file, first in (("train/a", 0), ("train/b", 2), ("val/c", 4)):
        value = coco(2)
        value["images"] = [each | {"file_name": f"{each['id'] + first}.jpg"} for each in value["images"]]
        write_json(tmp_path / f"{file}.json", value)
    with refused("several-files", tmp_path):
        read_labels(tmp_path)


def test_files_of_one_picture_each_may_be_of_one_name_in_two_splits(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for name in "ab":
            value = coco(1)
            value["images"][0]["file_name"] = f"{name}.jpg"
            write_json(tmp_path / split / f"{name}.json", value)
    found = [(item.split, item.picture_name) for item in read_labels(tmp_path).items]
    assert found == [(split, f"{name}.jpg") for split in ("train", "val") for name in "ab"]


@pytest.mark.parametrize(
    "files",
    [
        ("a.json", "b.json"),
        ("train/a.json", "train/b.json", "val/a.json"),
        ("train.json", "val.json", "more.json"),
        ("val/a.json", "valid/a.json", "train/a.json"),
        ("cars_train.json", "boats_val.json"),
    ],
)
def test_several_files_that_are_not_those_of_splits_are_refused(
    files: tuple[str, ...], tmp_path: Path, refused: "Refused"
) -> None:
    for file in files:
        write_json(tmp_path / file, coco(1))
    with refused("several-files", tmp_path):
        read_labels(tmp_path)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ("train/_annotations.coco.json valid/_annotations.coco.json", 2),
        ("train.json val.json test.json", 3),
        ("cars_train.json cars_val.json", 2),
        ("train/via_region_data.json val/via_region_data.json", 2),
        ("a/instances_train2017.json a/instances_val2017.json a/stuff_train2017.json a/stuff_val2017.json", 2),
        ("a/instances_Train.json a/instances_Val.json a/person_keypoints_Train.json", 2),
        ("a/instances_train2017.json a/captions_train2017.json", 1),
        ("a/things_train.json a/things_val.json a/stuff_train.json a/stuff_val.json", 0),
        ("a.json b.json", 0),
        ("train.json", 0),
    ],
)
def test_the_files_of_one_data_set_are_chosen(files: str, expected: int) -> None:
    assert len(choose_split_files(files.split())) == expected


def test_one_file_in_a_folder_called_as_a_split_keeps_the_names_of_its_pictures(
    tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    write_photos(tmp_path / "set", "train/0.jpg", "train/1.jpg")
    write_json(tmp_path / "set" / "train" / "labels.json", coco(2))
    assert {(item.split, item.below) for item in read_labels(tmp_path / "set").items} == {("train", "")}


def test_a_picture_that_its_own_split_lacks_is_not_looked_for_in_another(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    labels, photos = roboflow(tmp_path / "set", write_photos)
    (photos / "valid" / "1.jpg").unlink()
    with refused("pictures-failed") as error:
        build_masks(labels, tmp_path / "masks", palette=CARS, photos=photos)
    assert [part.code for part in error.value.parts] == ["no-photo"]


def test_a_mask_that_is_kept_gets_the_split_that_its_labels_give_now(
    tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    photos, masks = write_photos(tmp_path / "photos", "0.jpg", "1.jpg"), tmp_path / "masks"
    write_json(tmp_path / "labels.json", coco(2))
    for lines, expected in (("0\n", ["train", ""]), ("0\n1\n", ["train", "train"])):
        (tmp_path / "train.txt").write_text(lines)
        summary = build_masks(tmp_path / "labels.json", masks, palette=CARS, photos=photos)
        assert [line.split for line in read_mask_lines(masks).values()] == expected
    assert (summary.built, summary.kept) == (0, 2)


@pytest.mark.parametrize("above", ["", "../", "/content/set/", "./"])
def test_yolos_yaml_names_the_folders_of_the_splits_however_they_are_called(above: str, tmp_path: Path) -> None:
    for folder in ("first", "second", "third"):
        write_yolo(tmp_path / folder / "labels" / "1.txt", 6)
    lines = [f"train: [{above}first/images, {above}third/images]", f"val: {above}second/images", "names: [car]"]
    (tmp_path / "data.yaml").write_text("\n".join(lines))
    assert {item.picture_name: item.split for item in read_labels(tmp_path).items} == {
        "first/images/1": "train",
        "second/images/1": "val",
        "third/images/1": "train",
    }


def test_a_yaml_that_validates_on_its_training_pictures_gives_no_split(tmp_path: Path) -> None:
    write_yolo(tmp_path / "labels" / "1.txt", 6)
    (tmp_path / "data.yaml").write_text("train: images\nval: images\nnames: [car]\n")
    assert [item.split for item in read_labels(tmp_path).items] == [""]


@pytest.mark.long
@pytest.mark.real_data
def test_the_real_car_parts_come_in_a_training_and_a_test_set(real_data: Path, tmp_path: Path) -> None:
    labels = tmp_path / "car-parts"
    for folder in ("trainingset", "testset"):
        (labels / folder).mkdir(parents=True)
        shutil.copy(real_data / "car-parts" / folder / "annotations.json", labels / folder)
    summary = build_masks(labels, tmp_path / "masks", palette=CARS, photos=real_data / "car-parts")
    assert summary.splits == {"train": 160, "test": 50}
    assert all(name.startswith(line.split) for name, line in read_mask_lines(tmp_path / "masks").items())
