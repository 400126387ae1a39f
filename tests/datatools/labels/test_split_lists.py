"""Lists of the pictures of each split, beside labels whose folders say none."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.folders import listed_splits
from p2p_datatools.contract.folders.listed_splits import read_listed_splits
from p2p_datatools.contract.names import share_folders
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.labels.read import read_labels
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")


def write_pictures(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        mask = np.zeros((16, 24), np.uint8)
        mask[2:14, 2 : 4 + number] = 7  # Pascal VOC's car
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(mask).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """2007_0 to 2007_3 in VOC's folders, the first two of train, the third of val, the last in no list."""
    write_pictures(tmp_path / "voc" / "SegmentationClass", *(f"2007_{n}" for n in range(4)))
    lists = tmp_path / "voc" / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_0\n2007_1\n")
    (lists / "val.txt").write_text("2007_2\n")
    (lists / "trainval.txt").write_text("2007_0\n2007_1\n2007_2\n")
    return tmp_path / "voc"


def splits(labels: Path) -> dict[str, str]:
    return {item.picture_name: item.split for item in read_labels(labels).items}


EXPECTED = {"2007_0.png": "train", "2007_1.png": "train", "2007_2.png": "val", "2007_3.png": ""}


def test_vocs_lists_are_read_for_its_folder_and_for_that_of_its_pictures(voc: Path) -> None:
    assert splits(voc) == splits(voc / "SegmentationClass") == EXPECTED
    assert any("ImageSets/Segmentation/train.txt" in note for note in read_labels(voc).notes)


def test_lists_are_found_in_the_one_folder_in_which_an_archive_was_unpacked(tmp_path: Path) -> None:
    outer = tmp_path / "archive"
    write_pictures(outer / "OpenEarthMap", "aachen/1", "rotterdam/2", "aachen/3")
    (outer / "OpenEarthMap" / "train.txt").write_text("1.tif\n2.tif\n")
    (outer / "OpenEarthMap" / "val.txt").write_text("3.tif\n")
    names = [f"OpenEarthMap/{name}" for name in ("aachen/1", "rotterdam/2", "aachen/3")]
    assert read_listed_splits(outer, names).splits == ("train", "train", "val")
    deeper = [name.removeprefix("OpenEarthMap/") for name in names]
    assert read_listed_splits(outer / "OpenEarthMap", deeper).splits == ("train", "train", "val")


def test_splits_of_lists_reach_the_pairs_though_no_name_says_them(
    voc: Path, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    photos = write_photos(voc / "JPEGImages", *(f"2007_{n}.jpg" for n in range(4)))
    assert build_masks(voc, tmp_path / "masks", palette=CARS, photos=photos).splits == {"train": 2, "val": 1}
    assert pair(tmp_path / "masks", photos, tmp_path / "pairs").unsplit == 1
    assert [(each.name, each.split) for each in read_manifest(tmp_path / "pairs").pairs] == [
        ("2007_0", "train"),
        ("2007_1", "train"),
        ("2007_2", "val"),
        ("2007_3", "all"),
    ]


def test_a_picture_in_two_lists_is_refused(voc: Path, refused: "Refused") -> None:
    with (voc / "ImageSets" / "Segmentation" / "val.txt").open("a") as text:
        text.write("2007_0\n")
    with refused("several-splits", voc / "ImageSets" / "Segmentation" / "train.txt"):
        read_labels(voc)


@pytest.mark.parametrize(
    "lines",
    [
        "images/walk/1.jpg\nimages/2.jpg\n",
        "images/walk/1.jpg labels/walk/1.png\nimages/2.jpg labels/2.png\n",
        "/data/set/images/walk/1.jpg\n/data/set/images/2.jpg\n",
        "walk/1\r\n2\r\n",
    ],
)
def test_lists_name_pictures_with_their_folders_or_beside_their_labels(lines: str, tmp_path: Path) -> None:
    labels = write_pictures(tmp_path / "set" / "labels", "walk/1", "2", "drive/1")
    (labels / "class_names.txt").write_text("background\n" + "\n".join("abcdef") + "\ncar\n")
    (tmp_path / "set" / "train_list.txt").write_text(lines)
    assert splits(labels) == {"walk/1.png": "train", "2.png": "train", "drive/1.png": ""}


def test_lists_may_be_tables_or_of_sequences_which_are_folders(tmp_path: Path) -> None:
    for root in ("table", "sequences"):
        labels = write_pictures(tmp_path / root / "Annotations", "bear/0", "car/0", "car/1")
        (labels / "class_names.txt").write_text("background\n" + "\n".join("abcdef") + "\ncar\n")
    (tmp_path / "table" / "train.csv").write_text("image,mask,weather\nbear/0.jpg,bear/0.png,car/1\n")
    (tmp_path / "table" / "val.csv").write_text("image,mask,weather\ncar/0.jpg,car/0.png,sunny\n")
    (tmp_path / "table" / "test.csv").write_text("image,class\nother.jpg,car/1\n")
    assert splits(tmp_path / "table" / "Annotations") == {"bear/0.png": "train", "car/0.png": "val", "car/1.png": ""}
    lists = tmp_path / "sequences" / "ImageSets" / "2017"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("bear\n")
    (lists / "val.txt").write_text("car\n")
    found = splits(tmp_path / "sequences" / "Annotations")
    assert found == {"bear/0.png": "train", "car/0.png": "val", "car/1.png": "val"}


def test_folders_that_say_splits_need_no_lists(tmp_path: Path) -> None:
    labels = write_pictures(tmp_path / "set" / "labels", "train/1", "val/1")
    (tmp_path / "set" / "val.txt").write_text("train/1\n")
    assert splits(labels) == {"train/1.png": "train", "val/1.png": "val"}


def test_lists_of_thousands_of_pictures_of_one_name_are_found_by_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"scene{count}/{side}/rgb" for count in range(200) for side in ("left", "right")]
    (tmp_path / "train.txt").write_text("".join(f"data/images/{name}.png\n" for name in names[::2]))
    (tmp_path / "val.txt").write_text("".join(f"{name}.png\n" for name in names[1::2]))
    compared = list[str]()

    def share(one: str, other: str) -> bool:
        compared.append(one)
        return share_folders(one, other)

    monkeypatch.setattr(listed_splits, "share_folders", share)
    assert read_listed_splits(tmp_path, names).splits == ("train", "val") * 200
    assert len(compared) < 5 * len(names)
    assert set(read_listed_splits(tmp_path, ["right/rgb"]).splits) == {"val"}
    with pytest.raises(P2PError, match=r"so does .*val\.txt"):
        read_listed_splits(tmp_path, ["other/scene7/left/rgb", "rgb"])
