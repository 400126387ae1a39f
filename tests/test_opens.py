"""How often the steps from labels to checked pairs open each picture: what is read twice costs twice on slow disks."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import write_tiff
from p2p_datatools.contract.pictures.images import write_mask, write_png
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair
from p2p_datatools.statistics.collect import compute_statistics

CARS = load_palette("cars")
NUMBERS = np.random.default_rng(0).integers(0, 5, (24, 40), dtype=np.uint8)
NAMES = ("a", "b", "c")


def opened(opens: Counter[str], folder: Path) -> dict[str, int]:
    """How often each picture in a folder was opened."""
    return {
        path.name: opens[str(path)] for path in sorted(folder.rglob("*")) if path.suffix in (".png", ".jpg", ".tif")
    }


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for name in NAMES:
        Image.new("RGB", (40, 24), (90, 120, 150)).save(tmp_path / "photos" / f"{name}.jpg")
    return tmp_path / "photos"


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / "masks").mkdir(exist_ok=True)
        write_mask(tmp_path / "masks" / f"{name}.png", NUMBERS, CARS)
    (tmp_path / "masks" / "palette.toml").write_text(CARS.to_toml())
    return tmp_path / "masks"


def test_outlines_become_masks_by_one_look_at_each_photos_header(
    tmp_path: Path, photos: Path, opens: Counter[str]
) -> None:
    # Its size tells how much memory the mask takes, and how large it is.
    box = {"points": [[2, 2], [20, 2], [20, 20]], "label": "body", "shape_type": "polygon"}
    (tmp_path / "labels").mkdir()
    for name in NAMES:
        said = {"imagePath": f"{name}.jpg", "imageHeight": 24, "imageWidth": 40, "shapes": [box]}
        (tmp_path / "labels" / f"{name}.json").write_text(json.dumps(said))
    opens.clear()
    assert build_masks(tmp_path / "labels", tmp_path / "out", palette=CARS, photos=photos).built == 3
    assert opened(opens, photos) == {"a.jpg": 1, "b.jpg": 1, "c.jpg": 1}


def test_pictures_of_numbers_become_masks_by_three_openings(tmp_path: Path, photos: Path, opens: Counter[str]) -> None:
    # One for its hash, one for the memory that it will take, one for its pixels; of the photo only the size is read.
    labels = tmp_path / "labels"
    for name in NAMES:
        write_png(labels / f"{name}.png", NUMBERS)
    opens.clear()
    ids = {"ids": "palette"}
    build_masks(labels, tmp_path / "out", palette=CARS, photos=photos, format="index", mapping=ids)
    assert opened(opens, labels) == {"a.png": 3, "b.png": 3, "c.png": 3}
    assert opened(opens, photos) == {"a.jpg": 1, "b.jpg": 1, "c.jpg": 1}


def test_masks_and_photos_become_pairs_by_three_openings(
    tmp_path: Path, masks: Path, photos: Path, opens: Counter[str]
) -> None:
    # As above; the first photo is looked at once more, as its channels and type are those of all.
    opens.clear()
    pair(masks, photos, tmp_path / "pairs")
    assert opened(opens, masks) == {"a.png": 3, "b.png": 3, "c.png": 3}
    assert opened(opens, photos) == {"a.jpg": 4, "b.jpg": 3, "c.jpg": 3}


def test_tiffs_of_numbers_become_pairs_by_three_openings(tmp_path: Path, masks: Path, opens: Counter[str]) -> None:
    deep = tmp_path / "deep"
    for name in NAMES:
        write_tiff(deep / f"{name}.tif", NUMBERS * np.float32(1.5))
    opens.clear()
    pair(masks, deep, tmp_path / "pairs")
    assert opened(opens, deep) == {"a.tif": 4, "b.tif": 3, "c.tif": 3}


def test_a_check_opens_each_picture_once(tmp_path: Path, masks: Path, photos: Path, opens: Counter[str]) -> None:
    deep = tmp_path / "deep"
    for name in NAMES:
        write_tiff(deep / f"{name}.tif", NUMBERS * np.float32(1.5))
    pair(masks, photos, tmp_path / "plain")
    pair(masks, deep, tmp_path / "numbers")
    opens.clear()
    for folder in (photos, tmp_path / "plain", tmp_path / "numbers"):
        check(folder)
        assert set(opened(opens, folder).values()) == {1}
    opens.clear()
    check(masks, photos=photos)
    assert {*opened(opens, masks).values(), *opened(opens, photos).values()} == {1}


def test_figures_of_masks_photos_and_pairs_take_one_opening(
    tmp_path: Path, masks: Path, photos: Path, opens: Counter[str]
) -> None:
    # Photos are looked at once more, sixteen at most of a folder, since they may be A|B pictures.
    pair(masks, photos, tmp_path / "pairs")
    opens.clear()
    for folder in (masks, photos, tmp_path / "pairs"):
        assert compute_statistics(folder).whole.pictures == 3
    assert opened(opens, masks) == {"a.png": 1, "b.png": 1, "c.png": 1}
    assert opened(opens, photos) == {"a.jpg": 2, "b.jpg": 2, "c.jpg": 2}
    assert opened(opens, tmp_path / "pairs") == {"a.png": 1, "b.png": 1, "c.png": 1}
