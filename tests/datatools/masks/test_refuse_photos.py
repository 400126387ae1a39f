"""A folder of photos that was given as labels is told at its first pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import colorize, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from collections import Counter

    from conftest import Refused
    from datatools.conftest import Noise, RandomLabels, WritePhotos

CARS = load_palette("cars")
SIZE = Size(96, 64)
NAMES = [f"{number:02}" for number in range(30)]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_photos_are_told_after_five_of_them_and_no_more_are_read(
    suffix: str, tmp_path: Path, write_photos: "WritePhotos", refused: "Refused", opens: "Counter[str]"
) -> None:
    photos = write_photos(tmp_path / "images", *(f"{name}{suffix}" for name in NAMES), size=SIZE)
    opens.clear()
    with refused("photos-not-labels", photos) as error:
        build_masks(photos, tmp_path / "masks", palette=CARS)
    assert "5 pictures were looked at" in error.value.what
    assert len([path for path in opens if path.startswith(str(photos / "0")) or path.startswith(str(photos))]) <= 11
    assert not (tmp_path / "masks.partial").exists()


def test_grey_photos_are_told_too(tmp_path: Path, noise: "Noise", refused: "Refused") -> None:
    for seed, name in enumerate("abc"):
        write_png(tmp_path / "images" / f"{name}.png", noise(seed, SIZE)[..., 0])
    with refused("photos-not-labels", tmp_path / "images"):
        build_masks(tmp_path / "images", tmp_path / "masks", palette=CARS)


def test_the_labels_that_lie_beside_are_named_and_what_they_lack(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    photos = write_photos(tmp_path / "images", "a.jpg", "b.jpg", size=SIZE)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    with refused("photos-not-labels", photos) as error:
        build_masks(photos, tmp_path / "masks", palette=CARS)
    assert str(tmp_path / "labels") in error.value.to_do
    assert "data.yaml" in error.value.to_do


def test_photos_in_a_folder_called_labels_are_not_sent_to_that_folder(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    photos = write_photos(tmp_path / "labels", "a.jpg", "b.jpg", size=SIZE)
    with refused("photos-not-labels", photos) as error:
        build_masks(photos, tmp_path / "masks", palette=CARS)
    assert str(photos) not in error.value.to_do


def test_pairs_are_sent_to_the_command_that_takes_them_apart(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    pairs = write_photos(tmp_path / "train", "a.jpg", "b.jpg", size=Size(128, 64))
    with refused("photos-not-labels", pairs) as error:
        build_masks(pairs, tmp_path / "masks", palette=CARS)
    assert "p2p data halves" in error.value.to_do


def test_label_pictures_with_blended_edges_or_one_photo_among_them_are_none(
    tmp_path: Path, random_labels: "RandomLabels", write_photos: "WritePhotos", refused: "Refused"
) -> None:
    for seed, name in enumerate("abcd"):
        areas = np.kron(random_labels(seed, Size(12, 8)), np.ones((16, 16), dtype=np.uint8))
        (tmp_path / "labels").mkdir(exist_ok=True)
        Image.fromarray(colorize(areas, CARS)).save(tmp_path / "labels" / f"{name}.jpg", quality=85)
    assert build_masks(tmp_path / "labels", tmp_path / "masks", palette=CARS).built == 4
    write_photos(tmp_path / "labels", "e.jpg", size=SIZE)
    with refused("pictures-failed", tmp_path / "others"):
        build_masks(tmp_path / "labels", tmp_path / "others", palette=CARS)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "folder",
    [
        "car-parts/testset/JPEGImages",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("camvid/images", "car-silhouettes/images")),
        *(pytest.param(each, marks=pytest.mark.long) for each in ("car-parts/trainingset/JPEGImages", "maps/val")),
    ],
)
def test_real_photos_are_told(folder: str, real_data: Path, tmp_path: Path, refused: "Refused") -> None:
    with refused("photos-not-labels", real_data / folder):
        build_masks(real_data / folder, tmp_path / "masks", palette=CARS)
