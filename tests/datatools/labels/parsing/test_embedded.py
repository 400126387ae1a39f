"""Pictures in and beside label files become runs or a size, or an error."""

import base64
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.labels.parsing.embedded import mask_file_runs, mask_runs, picture_size

if TYPE_CHECKING:
    from conftest import Refused


def text(image: Image.Image, kind: str = "PNG", **more: object) -> str:
    file = io.BytesIO()
    image.save(file, kind, **more)
    return base64.b64encode(file.getvalue()).decode()


def test_random_masks_come_back_in_any_kind_of_picture() -> None:
    rng = np.random.default_rng(0)
    for mode in ("1", "L", "RGB", "RGBA", "P"):
        inside = rng.random((7, 9)) < 0.5
        image = Image.fromarray(inside.astype(np.uint8) * 255).convert(mode)
        runs = mask_runs(text(image), "a", left=3, top=-1)
        assert (runs.mask() == inside).all(), mode
        assert (runs.left, runs.top, runs.size) == (3, -1, (9, 7))


def test_what_is_transparent_is_outside() -> None:
    pixels = np.full((1, 2, 4), 255, dtype=np.uint8)
    pixels[0, 0, 3] = 0
    assert mask_runs(text(Image.fromarray(pixels)), "a").mask().tolist() == [[False, True]]


def test_by_alpha_black_is_inside_where_it_is_not_transparent() -> None:
    pixels = np.zeros((1, 3, 4), dtype=np.uint8)
    pixels[0, 1:, 3] = (1, 255)
    assert mask_runs(text(Image.fromarray(pixels)), "a", by_alpha=True).mask().tolist() == [[False, True, True]]
    assert not mask_runs(text(Image.fromarray(pixels)), "a").mask().any()


def test_by_alpha_a_palette_may_be_transparent_and_grey_without_alpha_is_what_it_was() -> None:
    inside = np.random.default_rng(0).random((7, 9)) < 0.5
    image = Image.fromarray(inside.astype(np.uint8))
    image.putpalette([0, 0, 0, 0, 0, 0])
    assert (mask_runs(text(image, transparency=0), "a", by_alpha=True).mask() == inside).all()
    grey = Image.fromarray(inside.astype(np.uint8) * 255)
    assert (mask_runs(text(grey), "a", by_alpha=True).mask() == inside).all()


def test_a_picture_may_be_compressed_once_more(monkeypatch: pytest.MonkeyPatch, refused: "Refused") -> None:
    inside = np.random.default_rng(0).random((7, 9)) < 0.5
    plain = text(Image.fromarray(inside.astype(np.uint8) * 255))
    deflated = base64.b64encode(zlib.compress(base64.b64decode(plain))).decode()
    for each in (plain, deflated):
        assert (mask_runs(each, "a", is_deflated=True).mask() == inside).all()
    with refused("damaged-file", "a"):
        mask_runs(deflated[:40], "a", is_deflated=True)
    monkeypatch.setattr("p2p_datatools.labels.parsing.embedded._MOST_BYTES", 20)
    with refused("file-too-large", "a"):
        mask_runs(deflated, "a", is_deflated=True)


def test_the_size_is_that_of_the_picture_as_it_is_shown() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    assert picture_size(text(Image.new("RGB", (8, 6)), "JPEG", exif=turned), "a") == (6, 8)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "bad-base64"),
        (5, "bad-base64"),
        ("é", "bad-base64"),
        ("AAAA", "damaged-file"),
        (text(Image.new("L", (60, 60), 5))[:60], "damaged-file"),
    ],
)
def test_an_incomplete_picture_is_an_error_in_one_line(value: str, code: str, refused: "Refused") -> None:
    for read in (mask_runs, picture_size):
        with refused(code, "a.json: shape 1"):
            read(value, "a.json: shape 1")


def test_a_missing_mask_is_named(tmp_path: Path, refused: "Refused") -> None:
    with refused("unreadable-file", tmp_path / "gone.png"):
        mask_file_runs(tmp_path / "gone.png")
