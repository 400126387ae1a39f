"""Pictures in memory are read as their files are, and every path may be text."""

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract import load_palette, palette_of, read_mask_lines
from p2p_datatools.contract.mask_folder import MaskLine, write_records
from p2p_datatools.contract.pairs import Half, Pair, PairFolder, open_pairs, read_halves, write_manifest
from p2p_datatools.contract.pictures import Size, read_array, read_mask, read_photo, write_mask, write_png, write_tiff
from p2p_datatools.contract.pictures.arrays import read_filled
from p2p_datatools.contract.pictures.images import hash_pixels
from p2p_datatools.contract.pictures.memory import open_bytes, open_pillow, open_values, pillow_of

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
NOISE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"])
def test_a_picture_of_pillow_has_the_pixels_of_the_photo_that_it_is(mode: str) -> None:
    image = Image.fromarray(NOISE).convert(mode)
    over = Image.new("RGBA", image.size, (255, 255, 255, 255))
    over.alpha_composite(image.convert("RGBA"))
    assert np.array_equal(read_photo(open_pillow(image, "the picture")), np.asarray(over.convert("RGB")))


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_pictures_keep_their_values(dtype: type) -> None:
    values: NDArray[Any] = (NOISE[..., 0].astype(np.float64) * 200).astype(dtype)
    for file in (open_pillow(pillow_of(values), "the picture"), open_values(values, "the picture")):
        read = read_array(file)
        assert read.dtype == dtype
        assert np.array_equal(read, values)


def test_words_of_the_other_order_of_bytes_keep_their_values() -> None:
    values = (NOISE[..., 0].astype(np.uint16) * 200).byteswap()
    image = Image.frombytes("I;16B", (30, 20), values.tobytes())
    assert np.array_equal(read_array(open_pillow(image, "the picture")), values.byteswap())


@pytest.mark.parametrize(("mode", "plain"), [("RGBa", "RGBA"), ("La", "LA"), ("PA", "PA")])
def test_colours_multiplied_by_their_transparency_are_laid_over_white_as_others_are(mode: str, plain: str) -> None:
    image = Image.fromarray(NOISE).convert("PA" if plain == "PA" else plain)
    image.putalpha(Image.fromarray(np.where(NOISE[..., 0] < 99, 0, 200).astype(np.uint8)))
    given = image.convert(mode)
    over_white: list[Path] = []
    read = read_photo(open_pillow(given, "the picture"), over_white=over_white)
    assert len(over_white) == 1
    wanted = read_photo(open_pillow(given.convert("LA" if mode == "La" else "RGBA"), "the picture"))
    assert np.array_equal(read, wanted)
    assert (read[NOISE[..., 0] < 99] == 255).all()


@pytest.mark.parametrize(
    "mode",
    [
        *("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"),
        *("I", "F", "I;16", "I;16B", "I;16L"),
    ],
)
def test_a_picture_of_every_mode_is_turned_by_its_exif(mode: str) -> None:
    half = Image.fromarray(NOISE[..., 0])
    if mode in ("La", "RGBa"):
        image = Image.fromarray(NOISE).convert({"La": "LA", "RGBa": "RGBA"}[mode]).convert(mode)
    elif mode.startswith("I;16"):
        order = ">u2" if mode.endswith("B") else "<u2"
        image = Image.frombytes(mode, half.size, NOISE[..., 0].astype(order).tobytes())
    else:
        image = (
            half.convert("LA") if mode == "LA" else half if mode in ("I", "F") else Image.fromarray(NOISE)
        ).convert(mode)
    upright = read_array(open_pillow(image, "the picture"))
    image.getexif()[0x0112] = 6
    assert np.array_equal(read_array(open_pillow(image, "the picture")), np.rot90(upright, -1))


@pytest.mark.parametrize("dtype", ["|u1", "<u2", ">u2", "<f4"])
@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_tiff_that_pillow_opened_is_the_file(dtype: str, compression: str, orientation: int, tmp_path: Path) -> None:
    import tifffile

    values, tags = NOISE[..., 0].astype(dtype), [(274, "H", 1, orientation, True), (42113, "s", 0, "7", True)]
    values[0, 0] = 7
    path = tmp_path / "x.tif"
    order: Literal["<", ">"] = ">" if dtype.startswith(">") else "<"
    tifffile.imwrite(path, values, byteorder=order, compression=compression, extratags=tags)
    with Image.open(path) as image:
        found, gaps = read_filled(open_pillow(image, "the picture"), "tag")
        assert image.filename == str(path)
    wanted, missing = read_filled(path, "tag")
    assert found.dtype == wanted.dtype
    assert np.array_equal(found, wanted)
    if dtype != "|u1":
        assert gaps is not None
        assert missing is not None
        assert np.array_equal(gaps, missing)


def test_bytes_are_a_file_whose_name_is_in_what_is_wrong_with_it(refused: "Refused") -> None:
    stream = io.BytesIO()
    Image.fromarray(NOISE).save(stream, "PNG")
    assert np.array_equal(read_photo(open_bytes(stream.getvalue(), "standard input")), NOISE)
    with refused("damaged-file", "standard input"):
        read_photo(open_bytes(stream.getvalue()[:-100], "standard input"))
    with refused("not-a-picture", "standard input"):
        read_photo(open_bytes(b"hello", "standard input"))
    with refused("empty-file", "standard input"):
        open_bytes(b"", "standard input")
    numbers = io.BytesIO()
    np.save(numbers, np.full((4, 5), np.nan))
    with refused("not-finite", "standard input"):
        read_array(open_bytes(numbers.getvalue(), "standard input"))


def test_a_file_of_pillow_that_turns_out_to_be_cut_is_one_line(tmp_path: Path, refused: "Refused") -> None:
    Image.fromarray(NOISE).save(tmp_path / "x.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "x.jpg").read_bytes()[:800])
    with Image.open(tmp_path / "cut.jpg") as image, refused("damaged-file", tmp_path / "cut.jpg"):
        open_pillow(image, "the picture")


def test_what_reads_and_writes_takes_paths_as_text(tmp_path: Path) -> None:
    indices = np.arange(20, dtype=np.uint8).reshape(4, 5) % 5
    picture = np.concatenate([NOISE, NOISE], axis=1)
    pair = Pair("x", "all/x.png", "all", Size(30, 20), hash_pixels(picture))
    with contextlib.chdir(tmp_path):
        write_mask("masks/x.png", indices, CARS)
        write_records(Path("masks"), CARS, [MaskLine("x", Size(5, 4), {}, "x.json", "h", {})])
        write_png("x.png", NOISE)
        write_tiff("x.tif", NOISE.astype(np.float32))
        write_png("pairs/all/x.png", picture)
        write_manifest(PairFolder(Path("pairs"), Half("a", "picture"), Half("b", "picture"), None, (pair,)))
        assert np.array_equal(read_mask("masks/x.png", CARS), indices)
        assert palette_of("masks") == CARS
        assert list(read_mask_lines("masks")) == ["x"]
        assert np.array_equal(read_photo("x.png"), NOISE)
        assert np.array_equal(read_array("x.tif"), NOISE)
        folder = open_pairs("pairs")
        assert np.array_equal(read_halves(folder, pair).a, NOISE)
