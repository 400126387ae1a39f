"""Photos that lie beside their labels are found without being asked for."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import build_masks
from p2p_datatools.masks.new_palette import start_palette

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos
    from datatools.masks.conftest import NamesIn

CARS = load_palette("cars")
SIZE = Size(8, 6)


def write_label(path: Path, picture: str = "a.jpg") -> None:
    """A mask, a LabelMe file, or a line of YOLO with its list of classes, by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        write_png(path, np.repeat(np.array([[0], [1], [2], [3], [4], [0]], dtype=np.uint8), 8, axis=1))
    elif path.suffix == ".txt":
        path.write_text("0 0.2 0.2 0.8 0.2 0.8 0.8\n")
        (path.parent / "classes.txt").write_text("car\n")
    else:
        shape = {"label": "car", "points": [[1, 1], [5, 1], [5, 4]]}
        value = {"version": "5", "imagePath": picture, "imageWidth": 8, "imageHeight": 6, "shapes": [shape]}
        path.write_text(json.dumps(value))


def build(labels: Path, report: Any) -> Any:
    return build_masks(labels, labels.parents[-2] / "masks-of-test", palette=CARS, report=report)


@pytest.mark.parametrize(
    ("label", "photo", "given", "photos"),
    [
        ("labels/a.png", "images/a.jpg", "labels", "images"),
        ("masks/a.png", "images/a.png", "masks", "images"),
        ("labels/a.txt", "images/a.jpg", "labels", "images"),
        ("labels/train/a.txt", "images/train/a.jpg", "labels/train", "images/train"),
        ("labels/train/a.txt", "images/train/a.jpg", "labels", "images"),
        ("train/labels/a.txt", "train/images/a.jpg", "train/labels", "train/images"),
        ("train/labels/a.txt", "train/images/a.jpg", ".", "."),
        ("annotations/a.json", "JPEGImages/a.jpg", "annotations", "JPEGImages"),
        ("annotations/a.json", "images/a.jpg", "annotations/a.json", "images"),
        ("ann/a.json", "img/a.jpg", "ann", "img"),
        ("SegmentationClass/a.png", "JPEGImages/a.jpg", "SegmentationClass", "JPEGImages"),
        ("masks/a_mask.png", "images/a.jpg", "masks", "images"),
        ("masks/a.png", "images/a.png", ".", "images"),
        ("train/masks/a.png", "train/images/a.png", ".", "."),
        ("train_masks/a.png", "train/a.jpg", "train_masks", "train"),
        ("masks_train/a.png", "images_train/a.jpg", "masks_train", "images_train"),
        ("trainannot/a.png", "train/a.jpg", "trainannot", "train"),
        ("trainannot/a.png", "train/a.png", ".", "."),
        ("set/val_masks/a.png", "set/val/a.png", ".", "."),
        ("a.txt", "a.jpg", ".", "."),
        ("a.png", "a.jpg", ".", "."),
        ("a_mask.png", "a.png", ".", "."),
        ("walk/mask_a.png", "walk/a.png", ".", "."),
        ("masks/train/a.png", "images/train/a.jpg", ".", "images"),
        ("1st_manual/a_manual1.png", "images/a_training.tif", "1st_manual", "images"),
    ],
)
def test_photos_beside_the_labels_are_found_and_said(
    label: str, photo: str, given: str, photos: str, tmp_path: Path, notes: "Notes", write_photos: "WritePhotos"
) -> None:
    data = tmp_path / "data"
    write_label(data / label)
    write_photos(data, photo, size=SIZE)
    mapping = (
        {"ids": "palette"} if label.endswith(".png") and "Segm" not in label else {"aeroplane": "body", "b*": "ignore"}
    )
    summary = build_masks(
        data / given,
        tmp_path / "out",
        palette=CARS,
        mapping=mapping if label.endswith(".png") else {},
        report=notes,
    )
    assert (summary.built, summary.photos_without_labels) == (1, 0)
    (said,) = [note for note in notes.lines if "--photos does not say otherwise" in note]
    assert f"those in {data / photos}," in said
    assert summary.photos == data / photos


def test_photos_of_another_size_are_not_taken_and_that_is_said(
    tmp_path: Path, notes: "Notes", write_photos: "WritePhotos", names_in: "NamesIn"
) -> None:
    write_label(tmp_path / "labels" / "a.json", "other.jpg")
    write_photos(tmp_path / "images", "a.jpg", size=Size(9, 6))
    assert build_masks(tmp_path / "labels", tmp_path / "out", palette=CARS, report=notes).built == 1
    assert "other.png" in names_in(tmp_path / "out")
    assert [note for note in notes.lines if "a.jpg is 9x6 and its labels are for 8x6" in note]


def test_a_folder_with_some_of_the_photos_is_offered_and_not_taken(
    tmp_path: Path, notes: "Notes", write_photos: "WritePhotos"
) -> None:
    for name in "ab":
        write_label(tmp_path / "labels" / f"{name}.json", f"{name}.jpg")
    write_photos(tmp_path / "images", "a.jpg", size=SIZE)
    assert build_masks(tmp_path / "labels", tmp_path / "out", palette=CARS, report=notes).built == 2
    assert [note for note in notes.lines if "1 of 2 labels" in note and f"--photos {tmp_path / 'images'}" in note]


def test_two_folders_that_fit_are_both_named_and_none_is_taken(
    tmp_path: Path, notes: "Notes", write_photos: "WritePhotos"
) -> None:
    write_label(tmp_path / "labels" / "a.json")
    for folder in ("images", "photos"):
        write_photos(tmp_path / folder, "a.jpg", size=SIZE)
    assert build_masks(tmp_path / "labels", tmp_path / "out", palette=CARS, report=notes).built == 1
    assert [note for note in notes.lines if "both" in note and "Say which" in note]


@pytest.mark.parametrize(
    ("photo", "labels"),
    [
        ("Images/{}.jpg", ["Category_ids/{}.png", "Human_ids/{}.png"]),  # CIHP
        ("{}.jpg", ["{}_1stHO.png", "{}_2ndHO.png"]),  # CHASE_DB1
        ("ColorImage/{}.jpg", ["Label/{}_bin.png", "Label/{}_instanceIds.png"]),  # ApolloScape
    ],
)
def test_several_labels_of_each_jpeg_among_them_are_refused(
    tmp_path: Path, photo: str, labels: list[str], refused: "Refused", write_photos: "WritePhotos"
) -> None:
    for name in ("a_1", "b_1"):
        write_photos(tmp_path / "set", photo.format(name), size=SIZE)
        for form in labels:
            write_label(tmp_path / "set" / form.format(name))
    with refused("several-labels", tmp_path / "set") as error:
        build_masks(tmp_path / "set", tmp_path / "out", palette=CARS, mapping={"ids": "palette"})
    first, second = (form.format("a_1") for form in labels)
    assert error.value.what.endswith(f"such as {first} and {second}")
    with refused("several-labels", tmp_path / "set"):
        start_palette(tmp_path / "set", "mine")


def test_frames_that_are_called_alike_in_each_sequence_are_no_several_labels(
    tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    for place in ("one", "two"):
        for name in ("000", "001"):
            write_photos(tmp_path / "set" / place / "rgb", f"{name}.jpg", size=SIZE)
            write_label(tmp_path / "set" / place / "anno" / f"{name}.png")
    assert build_masks(tmp_path / "set", tmp_path / "out", palette=CARS, mapping={"ids": "palette"}).built == 4


def test_jpegs_among_labels_that_are_called_so_are_offered_as_the_photos(
    tmp_path: Path, notes: "Notes", write_photos: "WritePhotos"
) -> None:
    for name in "ab":
        write_photos(tmp_path / "set" / "jpgs", f"{name}.jpg", size=SIZE)
        write_label(tmp_path / "set" / "uint8" / f"{name}.png")
    ids = {"ids": "palette"}
    assert build_masks(tmp_path / "set", tmp_path / "one", palette=CARS, mapping=ids, report=notes).photos is None
    photos = tmp_path / "set" / "jpgs"
    assert [line for line in notes.lines if line.endswith(f"Add --photos {photos} to use their names and sizes.")]
    assert build_masks(tmp_path / "set", tmp_path / "two", palette=CARS, mapping=ids, photos=photos).photos == photos


def test_what_lies_elsewhere_or_is_called_otherwise_is_not_looked_at(
    tmp_path: Path, notes: "Notes", write_photos: "WritePhotos"
) -> None:
    write_label(tmp_path / "labels" / "a.json")
    write_photos(tmp_path, "other/a.jpg", "a.jpg", size=SIZE)
    assert build_masks(tmp_path / "labels", tmp_path / "out", palette=CARS, report=notes).built == 1
    assert not [note for note in notes.lines if "--photos" in note]


def test_a_folder_in_which_the_masks_are_to_lie_is_not_that_of_the_photos(
    tmp_path: Path, notes: "Notes", write_photos: "WritePhotos"
) -> None:
    write_label(tmp_path / "labels" / "a.json")
    write_photos(tmp_path / "images", "a.jpg", size=SIZE)
    dest = tmp_path / "images" / "masks"
    assert build_masks(tmp_path / "labels", dest, palette=CARS, report=notes).built == 1
    assert not [note for note in notes.lines if "--photos" in note]


@pytest.mark.parametrize("folders", [("trainannot", "train"), ("masks", "images")])
def test_photos_among_the_labels_do_not_make_their_numbers_colours(
    folders: tuple[str, str], tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    for name in "abc":
        write_label(tmp_path / "set" / folders[0] / f"{name}.png")
        write_photos(tmp_path / "set" / folders[1], f"{name}.png", size=SIZE)
    mapping = {"ids": "palette"}
    assert build_masks(tmp_path / "set", tmp_path / "out", palette=CARS, mapping=mapping).format == "index"
    assert [each.id for each in start_palette(tmp_path / "set", "new").classes] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("photo", ["images/{}.jpg", "images/{}.png", "{}.jpg", "{}.png"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_black_and_white_jpegs_beside_their_photos_are_no_colours_of_the_palette(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused", photo: str, mode: str
) -> None:
    size, white = Size(40, 24), np.zeros((24, 40), dtype=np.uint8)
    white[6:20, 8:30] = 255
    for name in "abcdef":
        write_photos(tmp_path / "set", photo.format(name), size=size)
        path = tmp_path / "set" / ("masks" if "/" in photo else "") / f"{name}{'' if '/' in photo else '_mask'}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(white).convert(mode).save(path, quality=90)
    with refused("lossy-pictures", tmp_path / "set") as error:
        build_masks(tmp_path / "set", tmp_path / "out", palette=CARS)
    assert "--format colors --map '#ffffff=CLASS'" in error.value.to_do
    assert "6 pictures" in error.value.what
    mapping = {"#ffffff": "body"}
    built = build_masks(tmp_path / "set", tmp_path / "out", palette=CARS, mapping=mapping, format="colors")
    assert built.areas["body"] == 6 * 14 * 22


def test_jpegs_in_the_palette_s_colours_beside_exact_photos_are_the_labels(
    tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    colors = np.zeros((24, 40, 3), dtype=np.uint8)
    colors[6:20, 8:30] = CARS.classes[1].color
    for name in "abcdef":
        write_photos(tmp_path / "set" / "images", f"{name}.png", size=Size(40, 24))
        path = tmp_path / "set" / "masks" / f"{name}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(colors).save(path, quality=90)
    assert build_masks(tmp_path / "set", tmp_path / "out", palette=CARS).areas["body"] == 6 * 14 * 22


def test_numbers_of_objects_beside_classes_are_left_out_and_alone_they_are_labels(
    tmp_path: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    for split in ("train", "test"):
        for kind in ("label", "inst"):
            write_label(tmp_path / "set" / f"{split}_{kind}" / f"{split}.png")
        write_photos(tmp_path / "set" / f"{split}_img", f"{split}.jpg", size=SIZE)
    mapping = {"ids": "palette"}
    summary = build_masks(tmp_path / "set", tmp_path / "masks", palette=CARS, mapping=mapping, report=notes)
    assert (summary.built, summary.splits, summary.photos_without_labels) == (2, {"train": 1, "test": 1}, 0)
    assert any("2 pictures are left out, as they number objects" in line for line in notes.lines)
    alone = build_masks(tmp_path / "set" / "train_inst", tmp_path / "objects", palette=CARS, mapping=mapping)
    assert alone.built == 1
