"""Masks of single classes: what their names say of class and picture, and what is inside."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.pictures.class_masks import read_class_masks
from p2p_datatools.labels.values import RegionLabels
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")
BODY, WHEEL = [0, 255, 255, 255, 0], [0, 0, 255, 0, 0]


def write(path: Path, row: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([row] * 2, dtype=np.uint8)).save(path)


@pytest.mark.parametrize(
    ("form", "pictures", "classes"),
    [
        ("{label}/{picture}.png", ["a", "b"], ["body", "wheel"]),
        ("{picture}/{label}.png", ["car1", "car2"], ["body", "wheel"]),
        ("{picture}_{label}.png", ["00000", "00001"], ["hair", "l_brow"]),
        ("0/{picture}_{label}.png", ["00000"], ["hair", "l_brow"]),
        ("{picture}_{label}.png", ["IMG_1", "IMG_2"], ["body", "wheel"]),
        ("train/{label}/{picture}.png", ["car1", "car2"], ["body", "wheel"]),
        ("{label}/{picture}.png", ["car"], ["body", "wheel"]),
    ],
)
def test_the_class_is_told_by_all_names_together(
    tmp_path: Path, form: str, pictures: list[str], classes: list[str]
) -> None:
    for picture in pictures:
        for label in classes:
            write(tmp_path / form.format(picture=picture, label=label), BODY)
    items = [item for item in read_class_masks(tmp_path).items if isinstance(item, RegionLabels)]
    split = "train/" if form.startswith("train") else ""
    assert [item.file_name for item in items] == [f"{split}{picture}" for picture in pictures]
    assert all(sorted(region.label for region in item.regions) == classes for item in items)


def test_the_masks_of_a_photo_are_painted_in_the_palette_s_order(tmp_path: Path, write_photos: "WritePhotos") -> None:
    write_photos(tmp_path / "photos", "a.jpg", size=Size(5, 2))
    write(tmp_path / "labels" / "wheel" / "a.png", WHEEL)
    write(tmp_path / "labels" / "body" / "a.png", BODY)
    write(tmp_path / "labels" / "windows" / "a.png", [0] * 5)
    photos, dest = tmp_path / "photos", tmp_path / "masks"
    summary = build_masks(tmp_path / "labels", dest, palette=CARS, photos=photos, format="class-masks")
    assert summary.faults == ()
    assert read_mask(tmp_path / "masks" / "a.png", CARS)[0].tolist() == [0, 1, 2, 1, 0]


@pytest.mark.parametrize(
    "row", [[0, 1, 1, 1, 0], [3, 200, 255, 251, 90], [(9, 9, 9, 0), *[(9, 9, 9, 255)] * 3, (9, 9, 9, 0)]]
)
def test_inside_is_what_is_brighter_than_half_and_not_transparent(tmp_path: Path, row: list[Any]) -> None:
    write(tmp_path / "body" / "a.png", row)
    write(tmp_path / "wheel" / "a.png", WHEEL)
    (item,) = read_class_masks(tmp_path).items
    assert isinstance(item, RegionLabels)
    assert item.regions[0].runs[0].mask()[0].tolist() == [False, True, True, True, False]


def test_masks_of_several_classes_or_sizes_are_refused(tmp_path: Path) -> None:
    colors = [(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 0), (0, 0, 0)]
    for name, row in (("a", [0, 1, 2, 1, 0]), ("b", BODY[:4]), ("c", colors)):
        write(tmp_path / "body" / f"{name}.png", row)
        write(tmp_path / "wheel" / f"{name}.png", WHEEL)
    assert [skip.code for skip in read_class_masks(tmp_path).skipped] == [
        "several-classes",
        "mask-size",
        "several-classes",
    ]


@pytest.mark.parametrize("most", [6, 300])
def test_numbers_of_objects_are_no_soft_edges_of_a_mask(tmp_path: Path, most: int) -> None:
    numbers = np.repeat(np.arange(most + 1), 4)[None].repeat(4, axis=0)
    soft = cv2.GaussianBlur(np.where(numbers > most // 2, 255, 0).astype(np.uint8), (5, 5), 2)
    for name, values in (("a", numbers), ("b", soft)):
        write_png(tmp_path / "body" / f"{name}.png", values.astype(np.uint16 if most > 255 else np.uint8))
        write_png(tmp_path / "wheel" / f"{name}.png", np.zeros(values.shape, dtype=np.uint8))
    found = read_class_masks(tmp_path)
    assert [skip.code for skip in found.skipped] == ["several-classes"]
    assert [item.source for item in found.items] == ["b"]


def test_masks_that_are_read_are_not_noted_as_unread(
    tmp_path: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    write_photos(tmp_path / "photos", "a.jpg", size=Size(5, 2))
    for label in ("body", "wheel"):
        write(tmp_path / "labels" / label / "a.png", BODY)
    labels, photos = tmp_path / "labels", tmp_path / "photos"
    build_masks(labels, tmp_path / "masks", palette=CARS, photos=photos, format="class-masks", report=notes)
    assert not any("not read" in line for line in notes.lines)


def test_names_without_a_class_are_refused(tmp_path: Path, refused: "Refused") -> None:
    for name in "ab":
        write(tmp_path / f"{name}.png", BODY)
    with refused("no-labels", tmp_path):
        read_class_masks(tmp_path)


@pytest.mark.parametrize("form", ["{label}/a.png", "a_{label}.png", "a/{label}.png"])
def test_several_masks_of_a_photo_are_refused_with_the_format_that_unites_them(
    tmp_path: Path, write_photos: "WritePhotos", form: str, refused: "Refused"
) -> None:
    write_photos(tmp_path / "photos", "a.jpg", size=Size(5, 2))
    for label in ("body", "wheel"):
        write(tmp_path / "labels" / form.format(label=label), BODY)
    are_apart = form.startswith("{label}")  # in folders of their own already
    with refused("several-labels" if are_apart else "pictures-failed") as error:
        build_masks(tmp_path / "labels", tmp_path / "masks", palette=CARS, photos=tmp_path / "photos")
    told = [part.to_do for part in error.value.parts] or [error.value.to_do]
    assert all("--format class-masks" in each for each in told)
    assert are_apart or all("one label in several forms" in each for each in told)


def test_other_forms_of_a_label_that_has_its_photo_are_told_what_they_are(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    write_photos(tmp_path / "photos", "a.jpg", size=Size(5, 2))
    for name in ("a", "a_pseudo", "a_cutout"):  # as EISeg writes them
        write(tmp_path / "labels" / f"{name}.png", BODY)
    with refused("pictures-failed") as error:
        build_masks(
            tmp_path / "labels", tmp_path / "m", palette=CARS, photos=tmp_path / "photos", mapping={"255": "body"}
        )
    assert ["one label in several forms" in part.to_do for part in error.value.parts] == [True, True]


def write_objects(folder: Path, write_photos: "WritePhotos", form: str) -> None:
    """Two photos with two masks of objects each, which bear names of their own, as in the Data Science Bowl 2018."""
    for number, name in enumerate(("1d02c4b5", "90eb2a7c")):
        write_photos(folder, form.format(name=name), size=Size(5, 2))
        for count, row in enumerate((WHEEL, [255, 0, 0, 0, 0])):
            write(folder / name / "masks" / f"7c{number}{count}ab.png", row)


def test_the_masks_of_single_objects_beside_their_photo_are_united_and_it_is_no_mask(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    labels, dest = tmp_path / "labels", tmp_path / "masks"
    write_objects(labels, write_photos, "{name}/images/{name}.png")
    with refused("several-labels", labels) as error:
        build_masks(labels, dest, palette=CARS, mapping={"255": "body"})
    assert "--format class-masks" in error.value.to_do
    mapping = {"unnamed": "body"}
    summary = build_masks(labels, dest, palette=CARS, mapping=mapping, format="class-masks")
    assert (summary.built, summary.photos_without_labels, summary.photos) == (2, 0, labels)
    assert read_mask(dest / "1d02c4b5" / "images" / "1d02c4b5.png", CARS)[0].tolist() == [1, 0, 1, 0, 0]


def test_a_folder_called_masks_gives_no_picture_its_name(tmp_path: Path, write_photos: "WritePhotos") -> None:
    write_objects(tmp_path / "labels", write_photos, "../photos/{name}.png")
    photos, mapping = tmp_path / "photos", {"unnamed": "body"}
    build_masks(
        tmp_path / "labels", tmp_path / "out", palette=CARS, mapping=mapping, photos=photos, format="class-masks"
    )
    assert read_mask(tmp_path / "out" / "90eb2a7c.png", CARS)[0].tolist() == [1, 0, 1, 0, 0]


def test_a_number_after_the_word_for_masks_counts_those_of_a_picture_and_after_others_belongs_to_the_class(
    tmp_path: Path,
) -> None:
    for label in ("mask", "mask_1", "lane", "lane_1"):
        write(tmp_path / f"a_{label}.png", WHEEL)
        write(tmp_path / f"b_{label}.png", WHEEL)
    first, _ = (item for item in read_class_masks(tmp_path).items if isinstance(item, RegionLabels))
    assert [region.label for region in first.regions] == ["lane", "lane_1", "mask", "mask"]


def test_photos_whose_names_their_masks_continue_are_no_masks(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    for name in ("benign (1)", "benign (2)"):
        write_photos(tmp_path, f"{name}.png", size=Size(5, 2))
        write(tmp_path / f"{name}_mask.png", WHEEL)
    write(tmp_path / "benign (1)_mask_1.png", [255, 0, 0, 0, 0])
    items = [item for item in read_class_masks(tmp_path).items if isinstance(item, RegionLabels)]
    assert [item.file_name for item in items] == ["benign (1)", "benign (2)"]
    assert [[region.label for region in item.regions] for item in items] == [["mask", "mask"], ["mask"]]
    with refused("several-labels", tmp_path) as error:
        build_masks(tmp_path, tmp_path.parent / "masks", palette=CARS, mapping={"255": "body"})
    assert "such as benign (1)" in error.value.what
    assert "--format class-masks" in error.value.to_do


def test_masks_whose_names_other_masks_continue_are_masks_all_the_same(tmp_path: Path) -> None:
    for name in ("1", "2"):
        write(tmp_path / name / "car.png", BODY)
        write(tmp_path / name / "car_wheel.png", WHEEL)
    items = [item for item in read_class_masks(tmp_path).items if isinstance(item, RegionLabels)]
    assert [[region.label for region in item.regions] for item in items] == [["car", "car_wheel"]] * 2


def test_a_photo_among_masks_is_refused(tmp_path: Path, write_photos: "WritePhotos") -> None:
    for label in ("body", "wheel"):
        write(tmp_path / label / "a.png", BODY)
        write_photos(tmp_path, f"{label}/b.jpg", size=Size(40, 30))
    assert [skip.code for skip in read_class_masks(tmp_path).skipped] == ["photos-not-labels"]
