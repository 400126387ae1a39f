"""Of pictures of one name, which is the photo."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.kinds import pick_photo
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from datatools.conftest import Noise

SIZE = Size(64, 48)
AREAS = np.kron(np.arange(12, dtype=np.uint8).reshape(3, 4), np.ones((16, 16), dtype=np.uint8))


@pytest.fixture
def photo(tmp_path: Path, noise: "Noise") -> Path:
    Image.fromarray(noise(0, SIZE)).save(tmp_path / "a.jpg")
    return tmp_path / "a.jpg"


def labels(path: Path, mode: str) -> Path:
    image = Image.fromarray(AREAS)
    if mode == "P":
        image.putpalette([part for number in range(256) for part in (number * 7 % 256, 255 - number, number)])
    elif mode == "RGB":
        image = Image.fromarray(np.stack([AREAS * 20, 255 - AREAS * 9, AREAS], axis=2))
    image.save(path)
    return path


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_the_photo_is_taken_from_beside_its_label_picture(mode: str, photo: Path) -> None:
    mask = labels(photo.with_suffix(".png"), mode)
    assert pick_photo([photo, mask]) == photo
    assert pick_photo([mask, photo]) == photo


def test_a_photo_without_loss_is_one_too(tmp_path: Path, noise: "Noise") -> None:
    write_png(tmp_path / "a.png", noise(0, SIZE))
    mask = labels(tmp_path / "a.bmp", "L")
    assert pick_photo([mask, tmp_path / "a.png"]) == tmp_path / "a.png"


def test_of_two_photos_or_two_label_pictures_none_is_taken(photo: Path, noise: "Noise") -> None:
    write_png(photo.with_suffix(".png"), noise(1, SIZE))
    assert pick_photo([photo, photo.with_suffix(".png")]) is None
    mask, other = labels(photo.with_suffix(".png"), "L"), labels(photo.with_suffix(".bmp"), "L")
    assert pick_photo([mask, other]) is None
    assert pick_photo([photo, mask, other]) == photo


def test_a_drawing_saved_twice_is_no_photo_with_its_labels(tmp_path: Path) -> None:
    drawing = labels(tmp_path / "a.png", "RGB")
    with Image.open(drawing) as image:
        image.save(tmp_path / "a.jpg", quality=80)
    assert pick_photo([drawing, tmp_path / "a.jpg"]) is None


def test_where_a_file_cannot_be_read_none_is_taken(photo: Path) -> None:
    photo.with_suffix(".png").write_bytes(b"no picture")
    assert pick_photo([photo, photo.with_suffix(".png")]) is None


@pytest.mark.real_data
def test_the_photos_of_real_facades_lie_beside_their_masks(real_data: Path) -> None:
    photos = sorted((real_data / "cmp-facades" / "base").glob("*.jpg"))
    assert len(photos) == 24
    assert [pick_photo([photo, photo.with_suffix(".png")]) for photo in photos] == photos
