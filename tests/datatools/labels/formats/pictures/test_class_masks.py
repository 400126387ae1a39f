"""Masks of single classes: what their names say of class and picture, and what is inside."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.pictures.class_masks import read_class_masks
from p2p_datatools.labels.values import RegionLabels
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused
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
    with refused("pictures-failed") as error:
        build_masks(tmp_path / "labels", tmp_path / "masks", palette=CARS, photos=tmp_path / "photos")
    assert all("--format class-masks" in part.to_do for part in error.value.parts)
