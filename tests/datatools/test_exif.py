"""Labels drawn on a photo as it lies in its file: with --exif raw they are built and paired, and never mixed."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_png
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.masks.build import PaintOptions, build_masks
from p2p_datatools.pairs.build import PairOptions, pair

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
RAW = ReadOptions(exif="raw")


@pytest.fixture(params=[(12, 8), (8, 8)], ids=["wide", "square"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    width, height = request.param
    return width, height


@pytest.fixture
def labels(tmp_path: Path, size: tuple[int, int]) -> Path:
    width, height = size
    numbers = np.arange(width * height, dtype=np.uint8).reshape(height, width) % 5
    write_png(tmp_path / "labels" / "a.png", numbers.astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    (tmp_path / "photos").mkdir()
    Image.fromarray(photo).save(tmp_path / "photos" / "a.png", exif=exif)
    return tmp_path / "labels"


def build(labels: Path, read: ReadOptions) -> Path:
    dest = labels.with_name(f"masks-{read.exif}")
    build_masks(labels, dest, palette=CARS, photos=labels.with_name("photos"), how=PaintOptions(read=read))
    return dest


def test_raw_masks_pair_with_raw_photos_and_are_refused_beside_turned_ones(
    labels: Path, tmp_path: Path, size: tuple[int, int], refused: "Refused"
) -> None:
    masks, photos = build(labels, RAW), tmp_path / "photos"
    assert read_mask(masks / "a.png", CARS).shape == size[::-1]
    assert [line["exif"] for line in read_lines(masks / "masks.jsonl")] == ["raw"]
    pair(masks, photos, tmp_path / "pairs", ways=PairOptions(read=RAW))
    with refused("other-exif", masks, usage=True):
        pair(masks, photos, tmp_path / "turned")
    assert check(masks, photos=photos, read=RAW).ok


def test_a_mask_that_was_built_for_the_turned_photo_is_not_kept_for_the_raw_one(
    labels: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    if size[0] != size[1]:
        with pytest.raises(P2PError) as error:
            build(labels, ReadOptions())
        assert "--exif raw" in str(error.value)
        return
    masks = build(labels, ReadOptions())
    assert "exif" not in next(iter(read_lines(masks / "masks.jsonl")))
    with pytest.raises(P2PError) as error:
        build_masks(labels, masks, palette=CARS, photos=tmp_path / "photos", how=PaintOptions(read=RAW))
    assert error.value.code == "pictures-failed"


def test_two_folders_of_photos_that_exif_keeps_apart_are_told_so(labels: Path, tmp_path: Path) -> None:
    write_png(tmp_path / "sketch" / "a.png", np.random.default_rng(2).integers(0, 256, (8, 12, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new("RGB", (12, 8), (90, 120, 150)).save(tmp_path / "photos" / "a.png", exif=exif)
    with pytest.raises(P2PError) as error:
        pair(tmp_path / "sketch", tmp_path / "photos", tmp_path / "pairs")
    assert "--exif raw" in str(error.value)
    pair(tmp_path / "sketch", tmp_path / "photos", tmp_path / "pairs", ways=PairOptions(read=RAW))
