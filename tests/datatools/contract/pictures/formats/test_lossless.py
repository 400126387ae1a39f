"""Pictures that keep every value are told from those that blend, also where one kind of file does both."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.formats.lossless import is_lossless_file
from p2p_datatools.contract.pictures.index import read_label_picture
from p2p_datatools.masks.build import build_masks

CARS = load_palette("cars")


@pytest.mark.parametrize(
    ("file", "ways", "exact"),
    [
        ("a.webp", {"lossless": True}, True),
        ("a.webp", {"lossless": True, "icc_profile": b"0" * 301, "xmp": b"<x/>"}, True),
        ("a.webp", {"quality": 90}, False),
        ("a.webp", {"quality": 90, "xmp": b"<x/>"}, False),
        ("a.tif", {"compression": "tiff_lzw"}, True),
        ("a.tif", {"compression": "jpeg"}, False),
        ("a.png", {}, True),
        ("a.jpg", {}, False),
    ],
)
def test_a_picture_is_exact_by_its_own_compression(
    file: str, ways: dict[str, Any], exact: bool, tmp_path: Path
) -> None:
    Image.fromarray(CARS.colors()[np.arange(256).reshape(16, 16) % 5]).save(tmp_path / file, **ways)
    assert read_label_picture(tmp_path / file).exact == exact
    assert is_lossless_file(tmp_path / file) == (exact and file != "a.tif"), "of TIFF this is not asked"


def test_what_is_no_webp_or_cut_off_is_not_lossless(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0")
    (tmp_path / "b.webp").write_bytes(b"")
    assert not is_lossless_file(tmp_path / "a.webp")
    assert not is_lossless_file(tmp_path / "b.webp")


@pytest.mark.parametrize(("name", "ways"), [("a.webp", {"lossless": True}), ("a.jpg", {"format": "PNG"})])
def test_class_numbers_that_nothing_has_blended_are_masks_whatever_they_are_called(
    name: str, ways: dict[str, Any], tmp_path: Path
) -> None:
    numbers = np.repeat((np.arange(256).reshape(16, 16) % 5).astype(np.uint8)[..., None], 3, axis=2)
    (tmp_path / "labels").mkdir()
    Image.fromarray(numbers).save(tmp_path / "labels" / name, **ways)
    summary = build_masks(tmp_path / "labels", tmp_path / "m", palette=CARS, mapping={"ids": "palette"})
    assert (summary.format, summary.built) == ("index", 1)
