"""Pictures: what a photo, an index picture and a mask are, and every way in which a file can be no such thing."""

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import PIL
import pytest
import tifffile
from PIL import Image

from p2p_datatools.contract.files.listing import find_pictures, stem_of
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.header import open_picture, photo_size
from p2p_datatools.contract.pictures.images import (
    Photo,
    colorize,
    hash_pixels,
    read_mask,
    read_photo,
    write_mask,
    write_png,
)
from p2p_datatools.contract.pictures.index import read_index_picture
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Noise

CARS = load_palette("cars")


@pytest.fixture
def picture(noise: "Noise") -> Photo:
    """A picture 40 wide and 24 high that no compression makes small."""
    return noise(0, Size(40, 24))


def oriented(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def test_a_photo_comes_as_rgb_whatever_the_file(tmp_path: Path, picture: Photo) -> None:
    for suffix in ("png", "bmp", "tif", "webp"):
        Image.fromarray(picture).save(tmp_path / f"a.{suffix}", lossless=True)
        assert (read_photo(tmp_path / f"a.{suffix}") == picture).all(), suffix
    Image.fromarray(picture[..., 0]).save(tmp_path / "grey.png")
    assert (read_photo(tmp_path / "grey.png") == picture[..., :1]).all()


def test_what_is_transparent_is_white_in_a_photo_and_background_in_a_mask(tmp_path: Path) -> None:
    pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    pixels[0] = (255, 0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(np.dstack([pixels[..., 0], pixels[..., 3]])).save(tmp_path / "grey.png")
    Image.fromarray(np.array([[0, 1]], dtype=np.uint8)).save(tmp_path / "opaque.png")
    found: list[Path] = []
    assert read_photo(tmp_path / "a.png", over_white=found)[1].tolist() == [[255] * 3] * 2
    assert read_photo(tmp_path / "grey.png", over_white=found)[1].tolist() == [[255] * 3] * 2
    read_photo(tmp_path / "opaque.png", over_white=found)
    assert [path.name for path in found] == ["a.png", "grey.png"]
    assert read_mask(tmp_path / "a.png", CARS).tolist() == [[1, 1], [0, 0]]
    pixels[1] = (255, 255, 255, 0)  # white would be windows
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert read_mask(tmp_path / "a.png", CARS).tolist() == [[1, 1], [0, 0]]


def test_a_colour_table_with_transparency_is_transparent_there(tmp_path: Path, refused: "Refused") -> None:
    table = bytes([0, 0, 255, 255, 0, 255, 0, 0])  # red, and clear green, blue first as TGA has it
    head = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, 0, 2, 32, 0, 0, 2, 1, 8, 0x28)
    (tmp_path / "a.tga").write_bytes(head + table + bytes([0, 1]))
    if int(PIL.__version__.split(".")[0]) < 13:  # which does not read such a table
        with refused("unread-kind", tmp_path / "a.tga"):
            read_photo(tmp_path / "a.tga")
        return
    assert read_photo(tmp_path / "a.tga").tolist() == [[[255, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize("opacity", [0, 1])
def test_a_photo_that_transparency_hides_is_no_white_picture(
    tmp_path: Path, picture: Photo, opacity: int, refused: "Refused"
) -> None:
    alpha = np.full(picture.shape[:2], opacity, np.uint8)
    for suffix in ("png", "tga", "tif", "webp"):
        Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / f"a.{suffix}", lossless=True, exact=True)
        with refused("hidden-colours", tmp_path / f"a.{suffix}"):
            read_photo(tmp_path / f"a.{suffix}")
    deep = np.dstack([picture, alpha]).astype(np.uint16)
    of_eight = np.full_like(alpha, 255)  # as programs leave it that make more bits of the colours alone
    for pixels in (deep * 256, np.dstack([deep[..., :3] * 8, of_eight])):
        assert cv2.imwrite(str(tmp_path / "deep.png"), pixels)
        with refused("hidden-colours", tmp_path / "deep.png"):
            read_array(tmp_path / "deep.png")
    # An empty layer is white, as before.
    Image.fromarray(np.zeros((8, 8, 4), np.uint8)).save(tmp_path / "empty.png")
    assert (read_photo(tmp_path / "empty.png") == 255).all()


def test_a_mask_whose_transparency_hides_classes_is_refused(tmp_path: Path, refused: "Refused") -> None:
    pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    pixels[0] = (255, 0, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with refused("hidden-colours", tmp_path / "a.png") as error:
        read_mask(tmp_path / "a.png", CARS)
    assert "#ff0000" in error.value.what


def test_a_written_png_is_read_back_bit_by_bit(tmp_path: Path, picture: Photo) -> None:
    write_png(tmp_path / "a.png", picture)
    assert (read_photo(tmp_path / "a.png") == picture).all()
    write_png(tmp_path / "grey.png", picture[..., 0])
    assert (read_index_picture(tmp_path / "grey.png").values == picture[..., 0]).all()


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_header_alone_tells_the_size_that_the_turned_photo_has(
    tmp_path: Path, picture: Photo, suffix: str, orientation: int
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(picture).save(path, exif=oriented(orientation))
    assert photo_size(path) == read_photo(path).shape[1::-1] == ((40, 24) if orientation < 5 else (24, 40))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_an_orientation_that_exif_does_not_define_turns_nothing(
    tmp_path: Path, picture: Photo, suffix: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(picture).save(path, exif=exif)
    for options in (ReadOptions(), ReadOptions(exif="raw")):
        with open_picture(path, options) as file:
            assert file.header.size == read_photo(file).shape[1::-1] == (40, 24)
            assert file.header.orientation == 1


def test_an_orientation_behind_the_pixels_of_a_png_is_seen(tmp_path: Path, picture: Photo) -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", exif=oriented(6))
    data = buffer.getvalue()
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    behind = data.index(b"IEND") - 4
    path = tmp_path / "a.png"
    path.write_bytes(data[:start] + data[end:behind] + data[start:end] + data[behind:])
    assert photo_size(path) == read_photo(path).shape[1::-1] == (24, 40)


def test_the_size_needs_no_pixels(tmp_path: Path, picture: Photo, refused: "Refused") -> None:
    path = tmp_path / "half.jpg"
    Image.fromarray(picture).save(path, quality=95)
    path.write_bytes(path.read_bytes()[:700])
    assert photo_size(path) == (40, 24)
    with refused("damaged-file", path):
        read_photo(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif"])
def test_a_file_cut_at_half_is_an_error_in_one_line(
    tmp_path: Path, picture: Photo, suffix: str, refused: "Refused"
) -> None:
    path = tmp_path / f"half.{suffix}"
    Image.fromarray(picture).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with refused("damaged-file", path) as error:
        read_photo(path)
    assert "\n" not in str(error.value)


def test_a_png_without_its_end_is_cut_off_though_all_pixels_are_there(
    tmp_path: Path, picture: Photo, refused: "Refused"
) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(picture).save(path)
    path.write_bytes(path.read_bytes()[:-12])
    with refused("damaged-file", path) as error:
        read_photo(path)
    assert "the end of the PNG is missing" in error.value.what


@pytest.mark.parametrize("read", [read_photo, photo_size, read_index_picture])
def test_text_called_png_an_empty_file_and_a_missing_one_are_distinguished(
    tmp_path: Path, read: object, refused: "Refused"
) -> None:
    assert callable(read)
    (tmp_path / "text.png").write_text("<html>not found</html>")
    (tmp_path / "empty.png").write_bytes(b"")
    for name, code in (("text", "not-a-picture"), ("empty", "empty-file"), ("gone", "unreadable-file")):
        with refused(code, tmp_path / f"{name}.png"):
            read(tmp_path / f"{name}.png")


@pytest.mark.parametrize("shape", [(24, 40), (24, 40, 3)])
def test_sixteen_bits_are_refused_rather_than_rounded(
    tmp_path: Path, shape: tuple[int, ...], refused: "Refused"
) -> None:
    import cv2

    deep = np.full(shape, 40_000, dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / "deep.png"), deep)
    with refused("depth", tmp_path / "deep.png"):
        read_photo(tmp_path / "deep.png")


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert (read_photo(tmp_path / "a.png") == 255).all()


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    red, green, blue = read_photo(tmp_path / "a.jpg")[4, 4]
    assert red > 200 > 60 > max(green, blue)


@pytest.mark.parametrize(("times", "code"), [(1, "depth"), (256, None), (257, None)])
def test_a_mask_of_16_bits_is_read_where_its_colours_are_of_8(
    times: int, code: str | None, tmp_path: Path, refused: "Refused"
) -> None:
    colors = np.zeros((4, 6, 3), dtype=np.uint16)
    colors[1:3] = CARS.colors()[1].astype(np.uint16) * times
    write_png(tmp_path / "a.png", colors)
    if code:
        with refused(code):
            read_mask(tmp_path / "a.png", CARS)
    else:
        assert read_mask(tmp_path / "a.png", CARS)[:, 0].tolist() == [0, 1, 1, 0]


def test_a_mask_is_both_numbers_and_colours_and_comes_back_exactly(tmp_path: Path) -> None:
    indices = np.random.default_rng(1).integers(0, 5, (30, 20), dtype=np.uint8)
    indices[0, :3] = IGNORE
    write_mask(tmp_path / "a.png", indices, CARS)
    assert (read_mask(tmp_path / "a.png", CARS) == indices).all()
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image.convert("RGB")) == colorize(indices, CARS)).all()


def test_a_mask_that_another_program_saved_is_the_same_as_ours(tmp_path: Path) -> None:
    indices = np.random.default_rng(1).integers(0, 5, (30, 20), dtype=np.uint8)
    indices[0, :3] = IGNORE
    picture = Image.fromarray(indices)
    picture.putpalette(CARS.colors().tobytes(), "RGB")
    for name, keywords in (("plain", {}), ("clear", {"transparency": 7}), ("small", {"optimize": True})):
        picture.save(tmp_path / f"{name}.png", **keywords)
        assert (read_mask(tmp_path / f"{name}.png", CARS) == indices).all()


def test_colours_of_several_masks_at_once_are_those_of_each() -> None:
    indices = np.random.default_rng(1).integers(0, 256, (2, 30, 20), dtype=np.uint8)
    found = colorize(indices, CARS)
    assert (found == CARS.colors()[indices]).all()
    assert (colorize(indices[1], CARS) == found[1]).all()


def test_a_mask_in_plain_colours_or_another_order_of_its_table_is_read_by_its_colours(tmp_path: Path) -> None:
    indices = np.random.default_rng(1).integers(0, 5, (30, 20), dtype=np.uint8)
    write_png(tmp_path / "rgb.png", colorize(indices, CARS))
    assert (read_mask(tmp_path / "rgb.png", CARS) == indices).all()
    turned = Image.fromarray(4 - indices)
    turned.putpalette(CARS.colors()[4::-1].tobytes(), "RGB")
    turned.save(tmp_path / "turned.png")
    assert (read_mask(tmp_path / "turned.png", CARS) == indices).all()


def test_a_colour_outside_the_palette_is_counted_and_located(tmp_path: Path, refused: "Refused") -> None:
    colors = colorize(np.ones((6, 5), dtype=np.uint8), CARS)
    colors[2, 3:] = (254, 0, 0)
    write_png(tmp_path / "a.png", colors)
    with refused("palette-colour", tmp_path / "a.png") as error:
        read_mask(tmp_path / "a.png", CARS)
    assert error.value.what.startswith("2 pixels")
    assert "(254, 0, 0) at x=3, y=2" in error.value.what


def test_a_class_that_the_palette_has_not_does_not_pass_for_background_because_its_colour_is_black(
    tmp_path: Path, refused: "Refused"
) -> None:
    indices = np.array([[0, 4], [7, 255]], np.uint8)
    picture = Image.fromarray(indices)
    picture.putpalette([*CARS.colors()[: len(CARS.classes)].ravel().tolist(), *[0] * 9, *[0] * 741])
    picture.save(tmp_path / "m.png")
    with refused("unknown-class", tmp_path / "m.png") as error:
        read_mask(tmp_path / "m.png", CARS)
    assert "the class 7" in error.value.what
    assert "5 classes (0 to 4)" in error.value.what


def test_a_jpeg_is_not_a_mask(tmp_path: Path, refused: "Refused") -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", "JPEG")
    with refused("jpeg-mask", tmp_path / "a.png"):
        read_mask(tmp_path / "a.png", CARS)


def test_grey_values_of_16_bits_are_not_read_as_white(tmp_path: Path, refused: "Refused") -> None:
    Image.fromarray(np.full((8, 8), 300, dtype=np.uint16)).save(tmp_path / "a.png")
    with refused("deep-mask", tmp_path / "a.png"):
        read_mask(tmp_path / "a.png", CARS)


def test_pictures_are_found_below_a_folder_but_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/c 1%.jpg", "a/.x.png", ".cache/d.png", "notes.txt", "ü.tiff"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    names = [stem_of(path, tmp_path) for path in find_pictures(tmp_path)]
    assert names == ["a/c 1%", "b", "ü"]


def test_the_hash_is_of_pixels_and_shape_not_of_the_file(tmp_path: Path, picture: Photo) -> None:
    Image.fromarray(picture).save(tmp_path / "a.png")
    Image.fromarray(picture).save(tmp_path / "a.bmp")
    assert hash_pixels(read_photo(tmp_path / "a.png")) == hash_pixels(read_photo(tmp_path / "a.bmp"))
    assert hash_pixels(picture) != hash_pixels(picture.reshape(40, 24, 3))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_small_numbers_repeated_in_16_bit_colours_are_not_lost(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    values = np.array([[1, 2], [300, 65535]], dtype=np.uint16)
    cv2.imwrite(str(path), np.repeat(values[:, :, None], 3, axis=2))
    assert read_index_picture(path).values.tolist() == values.tolist()


@pytest.mark.parametrize("orientation", [1, 6])
def test_small_numbers_in_a_turned_tiff_of_16_bit_colours_are_not_lost(orientation: int, tmp_path: Path) -> None:
    values = np.array([[1, 2, 3], [300, 400, 65535]], dtype=np.uint16)
    tag = (274, "H", 1, orientation, True)
    repeated = np.repeat(values[:, :, None], 3, axis=2)
    tifffile.imwrite(tmp_path / "a.tif", repeated, photometric="rgb", extratags=[tag])
    upright = values if orientation == 1 else np.rot90(values, -1)
    assert read_index_picture(tmp_path / "a.tif").values.tolist() == upright.tolist()


def test_a_palette_tiff_and_a_16_bit_tiff_are_index_pictures(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 3]], dtype=np.uint8))
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(tmp_path / "p.tif")
    read = read_index_picture(tmp_path / "p.tif")
    assert read.values.tolist() == [[0, 1], [2, 3]]
    assert read.table is not None
    assert read.table[2].tolist() == [0, 255, 0]
    Image.fromarray(np.array([[0, 700]], dtype=np.uint16)).save(tmp_path / "d.tif")
    assert read_index_picture(tmp_path / "d.tif").values.tolist() == [[0, 700]]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "CMYK"])
def test_a_photo_copied_in_bands_is_the_photo(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noise: "Noise"
) -> None:
    picture = noise(0, Size(10, 21))
    Image.fromarray(picture).convert(mode).save(tmp_path / "a.tif")
    whole = read_photo(tmp_path / "a.tif")
    monkeypatch.setattr("p2p_datatools.contract.pictures.images._BAND", 40)
    assert (read_photo(tmp_path / "a.tif") == whole).all()
    assert whole.shape == (21, 10, 3)
