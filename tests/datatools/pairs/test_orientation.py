"""Pictures that EXIF turns beside partners of one size, made of the picture as it lies in its file, or as it stands."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import PairOptions, pair

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Scene

UPRIGHT = {3: 2, 6: 3, 8: 1}  # quarters by which np.rot90 does what EXIF says


def write(folder: Path, scene: "Scene", orientation: int, size: Size, *, lying: bool, count: int = 6) -> None:
    """Photos that EXIF turns, and negatives of them as they lie in the file, or as they stand."""
    exif = Image.Exif()
    exif[0x112] = orientation
    for number in range(count):
        photo = scene(number, size)
        (folder / "photos").mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(folder / "photos" / f"{number}.jpg", exif=exif, quality=95)
        shown = photo if lying else np.rot90(photo, UPRIGHT[orientation])
        write_png(folder / "a" / f"{number}.png", np.ascontiguousarray(255 - shown))


@pytest.mark.parametrize(("orientation", "size"), [(3, Size(96, 64)), (6, Size(64, 64)), (8, Size(64, 64))])
def test_partners_of_a_photo_as_it_lies_in_its_file_are_refused_and_paired_raw(
    tmp_path: Path, orientation: int, size: Size, scene: "Scene", refused: "Refused"
) -> None:
    write(tmp_path, scene, orientation, size, lying=True)
    for _ in range(2):  # the finished pairs of an interrupted call tell it, too
        with refused("exif-turned") as error:
            pair(tmp_path / "a", tmp_path / "photos", tmp_path / "pairs")
    assert "--exif raw" in error.value.to_do
    raw = PairOptions(read=ReadOptions(exif="raw"))
    assert pair(tmp_path / "a", tmp_path / "photos", tmp_path / "raw", ways=raw).built == 6


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_partners_of_a_photo_as_it_stands_are_paired(tmp_path: Path, orientation: int, scene: "Scene") -> None:
    write(tmp_path, scene, orientation, Size(64, 64), lying=False)
    assert pair(tmp_path / "a", tmp_path / "photos", tmp_path / "pairs").built == 6


def test_partners_that_have_nothing_in_common_with_their_photos_tell_nothing(tmp_path: Path, scene: "Scene") -> None:
    write(tmp_path, scene, 6, Size(64, 64), lying=True)
    for number in range(6):
        write_png(tmp_path / "a" / f"{number}.png", scene(100 + number, Size(64, 64)))
    assert pair(tmp_path / "a", tmp_path / "photos", tmp_path / "pairs").built == 6
