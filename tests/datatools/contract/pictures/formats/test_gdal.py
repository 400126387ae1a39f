"""What GDAL says of values without data in kinds that have no tag for it: beside JPEG 2000, and as clear PNG."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image

from p2p_datatools.contract.files.listing import LeftOut, find_pictures
from p2p_datatools.contract.pictures.arrays import read_filled
from p2p_datatools.contract.pictures.formats.gdal import tag_number
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.index import read_label_picture
from p2p_datatools.contract.pictures.memory import open_bytes

if TYPE_CHECKING:
    from conftest import Refused

_HEIGHTS = np.arange(300, 300 + 24 * 40, dtype=np.uint16).reshape(24, 40)
_BESIDE = (
    '<PAMDataset><PAMRasterBand band="1"><NoDataValue le_hex_equiv="00">{}</NoDataValue></PAMRasterBand></PAMDataset>'
)


@pytest.mark.parametrize("name", ["a.jp2", "a.png", "a.tif"])
def test_the_value_without_data_beside_a_picture_is_filled(name: str, tmp_path: Path) -> None:
    values = _HEIGHTS.copy()
    values[:2] = 65535
    Image.fromarray(values).save(tmp_path / name)
    assert read_filled(tmp_path / name, "tag", judge=False)[1] is None
    (tmp_path / f"{name}.aux.xml").write_text(_BESIDE.format("6.55350000000000E+04"))
    filled, gaps = read_filled(tmp_path / name, "tag")
    assert gaps is not None
    assert gaps.tolist() == (values == 65535).tolist()
    assert (filled[2:] == values[2:]).all()
    with open_picture(tmp_path / name) as file:
        assert open_bytes(file.data, str(tmp_path / name)).nodata is None


def test_the_transparent_value_of_a_grey_png_of_16_bits_has_no_data(tmp_path: Path) -> None:
    Image.fromarray(_HEIGHTS).save(tmp_path / "a.png", transparency=310)
    gaps = read_filled(tmp_path / "a.png", "tag")[1]
    assert gaps is not None
    assert gaps.tolist() == (_HEIGHTS == 310).tolist()


@pytest.mark.parametrize("said", ["", "wrong", "1e999x"])
def test_a_file_beside_a_picture_that_says_nothing_of_it_changes_nothing(said: str, tmp_path: Path) -> None:
    Image.fromarray(_HEIGHTS).save(tmp_path / "a.png")
    (tmp_path / "a.png.aux.xml").write_text(_BESIDE.format(said))
    assert read_filled(tmp_path / "a.png", "tag")[1] is None
    assert tag_number("wrong") is None


@pytest.mark.parametrize("name", ["a.tif", "a.png", "deep.png"])
def test_the_mask_of_gdal_beside_a_picture_leaves_out_what_it_says(name: str, tmp_path: Path) -> None:
    values = _HEIGHTS if name.startswith("deep") else _HEIGHTS.astype(np.uint8)
    Image.fromarray(values).save(tmp_path / name)
    mask = np.where(np.arange(24 * 40).reshape(24, 40) < 50, 0, 255).astype(np.uint8)
    tifffile.imwrite(tmp_path / f"{name}.msk", mask, compression="zlib")
    gaps, missing = read_filled(tmp_path / name, "tag")[1], read_label_picture(tmp_path / name).missing
    assert gaps is not None
    assert missing is not None
    assert gaps.tolist() == missing.tolist() == (mask == 0).tolist()
    left_out = LeftOut(tmp_path)
    assert [each.name for each in find_pictures(tmp_path, others=left_out)] == [name]
    assert not left_out.count


@pytest.mark.parametrize("plan", ["contig", "separate"])
def test_a_mask_of_each_band_beside_a_picture_leaves_out_what_any_says(plan: str, tmp_path: Path) -> None:
    Image.fromarray(np.full((24, 40, 3), 9, np.uint8)).save(tmp_path / "a.png")
    mask = np.full((24, 40, 3), 255, np.uint8)
    mask[:2, :, 1] = 0
    bands = mask if plan == "contig" else np.moveaxis(mask, 2, 0)
    tifffile.imwrite(tmp_path / "a.png.msk", bands, photometric="rgb", planarconfig=plan)
    gaps = read_filled(tmp_path / "a.png", "tag")[1]
    assert gaps is not None
    assert gaps.tolist() == (mask[..., 1] == 0).tolist()


def test_a_mask_of_another_size_beside_a_picture_is_told_and_another_kind_of_file_is_none(
    tmp_path: Path, refused: "Refused"
) -> None:
    Image.fromarray(_HEIGHTS.astype(np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.png.msk").write_text("of another program")
    assert read_filled(tmp_path / "a.png", "tag")[1] is None
    tifffile.imwrite(tmp_path / "a.png.msk", np.zeros((12, 40), np.uint8))
    for read in (lambda path: read_filled(path, "tag"), read_label_picture):
        with refused("mask-size", tmp_path / "a.png"):
            read(tmp_path / "a.png")


def test_class_numbers_without_data_are_told_beside_a_picture(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 1], [9, 2]], np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.png.aux.xml").write_text(_BESIDE.format("9"))
    missing = read_label_picture(tmp_path / "a.png").missing
    assert missing is not None
    assert missing.tolist() == [[False, False], [True, False]]
