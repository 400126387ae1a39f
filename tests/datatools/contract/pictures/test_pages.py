"""Files with several pictures: none is taken unasked, thumbnails are no pages, and channels stay channels."""

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.pictures import pages
from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.header import Form, open_picture, photo_header, read_header
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.index import read_label_picture
from p2p_datatools.contract.pictures.pages import ReadOptions, read_mask_page
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused

Pixels = NDArray[Any]
FRAMES = np.random.default_rng(3).integers(0, 256, (3, 24, 40, 3), dtype=np.uint8)
FLAT = np.stack([np.full((24, 40, 3), 60 * number, np.uint8) for number in range(3)])  # survives lossy kinds


def save(path: Path, frames: Pixels) -> Path:
    first, *others = (Image.fromarray(frame) for frame in frames)
    first.save(path, save_all=True, append_images=others)
    return path


def page(path: Path, number: int | None) -> Pixels:
    with open_picture(path, ReadOptions(number)) as file:
        return read_photo(file)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif", "avif"])
def test_no_frame_of_several_is_taken_unasked_and_each_can_be_chosen(
    suffix: str, tmp_path: Path, refused: "Refused"
) -> None:
    path = save(tmp_path / f"a.{suffix}", FLAT)
    for read in (read_photo, photo_header, read_header, read_array, read_label_picture):
        with refused("several-pages", path) as error:
            read(path)
        assert "3" in error.value.what
        assert "--page" in error.value.to_do
    for number in (1, 2, 3):
        assert np.abs(page(path, number).astype(int) - FLAT[number - 1]).max() <= 4
    with refused("no-such-page", path):
        page(path, 4)


@pytest.mark.parametrize("suffix", ["gif", "jfif", "jpe", "webp", "avif", "jp2", "ppm", "tga", "tif", "png"])
def test_a_file_of_one_picture_needs_no_choice_and_ignores_one(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(FLAT[1]).save(path)
    for number in (None, 1, 7):
        assert np.abs(page(path, number).astype(int) - FLAT[1]).max() <= 4


def test_the_second_picture_of_a_stereo_photo_is_no_page(tmp_path: Path) -> None:
    path = tmp_path / "a.mpo"
    Image.fromarray(FLAT[1]).save(path, save_all=True, append_images=[Image.fromarray(FLAT[2])])
    (tmp_path / "a.jpg").write_bytes(path.read_bytes())
    for number in (None, 2):
        assert np.abs(page(tmp_path / "a.jpg", number).astype(int) - FLAT[1]).max() <= 4


@pytest.mark.parametrize("first", [True, False])
def test_a_thumbnail_of_a_tiff_is_no_page_wherever_it_lies(first: bool, tmp_path: Path) -> None:
    parts = [(FRAMES[0], 0), (FRAMES[0, ::2, ::2], 1)]
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for pixels, kind in parts[::-1] if first else parts:
            tiff.write(pixels, photometric="rgb", subfiletype=kind, metadata=None)
    assert (page(tmp_path / "a.tif", None) == FRAMES[0]).all()
    assert photo_header(tmp_path / "a.tif").size == (40, 24)


def test_the_levels_of_a_pyramid_are_no_pages(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for step in (1, 2, 4):
            reduced = int(step > 1)
            tiff.write(FRAMES[0, ::step, ::step], photometric="rgb", subfiletype=reduced, metadata=None)
    assert (page(tmp_path / "a.tif", None) == FRAMES[0]).all()


def test_grey_pages_of_8_bits_are_pictures_and_not_channels(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES[..., 0], photometric="minisblack")
    for read in (read_photo, read_array, read_header):
        with refused("several-pages", path):
            read(path)
    assert (page(path, 2)[..., 0] == FRAMES[1, ..., 0]).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_pages_that_a_tiff_calls_channels_are_channels_unless_one_is_chosen(dtype: str, tmp_path: Path) -> None:
    path, planes = tmp_path / "a.tif", np.moveaxis(FRAMES[0], 2, 0).astype(dtype)
    tifffile.imwrite(path, planes, imagej=True, metadata={"axes": "CYX"})
    assert read_header(path).form == Form(3, dtype)
    assert (read_array(path) == FRAMES[0]).all()
    with open_picture(path, ReadOptions(2)) as file:
        assert (read_array(file) == FRAMES[0, ..., 1]).all()


def test_deep_colour_pages_and_moments_are_pictures(tmp_path: Path, refused: "Refused") -> None:
    tifffile.imwrite(tmp_path / "colours.tif", FRAMES.astype("uint16"), photometric="rgb")
    tifffile.imwrite(tmp_path / "film.ome.tif", FRAMES[..., 0].astype("uint16"), metadata={"axes": "TYX"})
    for name, expected in (("colours.tif", FRAMES[1]), ("film.ome.tif", FRAMES[1, ..., 0])):
        with refused("several-pages", tmp_path / name):
            read_array(tmp_path / name)
        with open_picture(tmp_path / name, ReadOptions(2)) as file:
            assert (read_array(file) == expected).all()


def test_a_chosen_page_that_is_too_large_is_refused_before_it_is_decoded(
    tmp_path: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for pixels in (FRAMES[0, :8, :8], FRAMES[0]):
            tiff.write(pixels, photometric="rgb", metadata=None)
    for module in ("header", "limits"):
        monkeypatch.setattr(f"p2p_datatools.contract.pictures.{module}.MOST_PIXELS", 100)
    assert page(tmp_path / "a.tif", 1).shape == (8, 8, 3)
    with refused("too-many-pixels", tmp_path / "a.tif"):
        page(tmp_path / "a.tif", 2)


def test_options_that_are_none_are_refused(refused: "Refused") -> None:
    for page_number, exif in ((0, "apply"), (1, "turned")):
        with refused("impossible-setting", usage=True):
            ReadOptions(page_number, exif)  # type: ignore[arg-type]
    assert pages.AS_USUAL.to_json() == {}


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_can_be_read_as_it_lies_in_the_file(suffix: str, orientation: int, tmp_path: Path) -> None:
    path, image = tmp_path / f"a.{suffix}", Image.fromarray(np.repeat(FLAT[1:], 12, axis=1)[0])
    image.paste((250, 0, 0), (0, 0, 16, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif)
    with open_picture(path, ReadOptions(exif="raw")) as file:
        raw, header = read_photo(file), file.header
    assert header.size == (raw.shape[1], raw.shape[0]) == image.size
    assert np.abs(raw.astype(int) - np.asarray(image)).max() <= 90  # JPEG blends at the patch's edge
    assert raw[2, 2, 0] > 230
    assert raw[-2, -2, 0] < 100


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_deep_tiff_can_be_read_as_it_lies_in_the_file(orientation: int, tmp_path: Path) -> None:
    array = FRAMES[0, ..., 0].astype("uint16") * 9
    tifffile.imwrite(tmp_path / "plain.tif", array, extratags=[(274, "H", 1, orientation, True)])
    Image.fromarray(array).save(tmp_path / "packed.tif", compression="tiff_lzw", tiffinfo={274: orientation})
    for name in ("plain.tif", "packed.tif"):
        with open_picture(tmp_path / name, ReadOptions(exif="raw")) as file:
            assert (read_array(file) == array).all(), name


def test_pages_that_are_the_rows_of_an_array_are_refused_with_what_it_was(tmp_path: Path, refused: "Refused") -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 96, 13), dtype=np.uint16))
    with refused("array-shape"):
        read_array(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((20, 24, 24), dtype=np.uint16))
    assert read_array(tmp_path / "b.tif").shape == (24, 24, 20)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_what_a_sensor_saw_is_no_picture(dtype: str, tmp_path: Path, refused: "Refused") -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), dtype=dtype), photometric="cfa")
    with refused("unread-kind"):
        read_array(tmp_path / "a.tif")


def test_the_preview_in_a_raw_picture_is_not_taken_for_it(tmp_path: Path, refused: "Refused") -> None:
    # As DNG has it, and cameras whose raw pictures are called .TIF.
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(np.zeros((6, 8, 3), np.uint8), photometric="rgb", subfiletype=1, subifds=1)
        tiff.write(np.zeros((24, 32), np.uint16), photometric="cfa", subfiletype=0)
    for read in (read_array, read_photo):
        with refused("unread-kind", tmp_path / "a.tif"):
            read(tmp_path / "a.tif")


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_the_mask_of_a_picture_is_found_however_its_channels_lie(planar: str) -> None:
    stream = io.BytesIO()
    pixels = np.zeros((8, 12, 3) if planar == "contig" else (3, 8, 12), dtype=np.uint16)
    mask = np.ones((8, 12), dtype=np.bool_)
    mask[0] = False
    with tifffile.TiffWriter(stream) as tiff:
        tiff.write(pixels, photometric="rgb", planarconfig=planar, metadata=None)
        tiff.write(mask, photometric="mask", subfiletype=4, metadata=None)
    found = read_mask_page(stream)
    assert found is not None
    assert (found == ~mask).all()


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_of_a_mask_with_a_sample_for_each_channel_a_pixel_lacks_data_if_one_does(planar: str, tmp_path: Path) -> None:
    mask = np.ones((8, 12, 3), dtype=np.uint8)
    mask[0, :, 1] = mask[3, 3] = 0
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(np.zeros((8, 12, 3), dtype=np.uint16), photometric="rgb", metadata=None)
        pixels = mask if planar == "contig" else mask.transpose(2, 0, 1)
        tiff.write(pixels, photometric="rgb", planarconfig=planar, subfiletype=1, metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        page = tiff.pages[1]
        assert isinstance(page, tifffile.TiffPage)
        page.tags[254].overwrite(4)
    with path.open("rb") as stream:
        found = read_mask_page(stream)
    assert found is not None
    assert (found == (mask == 0).any(axis=2)).all()


@pytest.mark.parametrize("pages_", [1, 2])
def test_a_color_table_of_a_tiff_that_goes_to_255_is_not_black(pages_: int, tmp_path: Path) -> None:
    table = np.zeros((3, 256), np.uint16)
    table[:, 1:3] = [[255, 10], [0, 20], [128, 30]]
    numbers = np.resize(np.arange(3, dtype=np.uint8), (24, 40))
    for name, own in (("8.tif", table), ("16.tif", table * 257)):
        with tifffile.TiffWriter(tmp_path / name) as tiff:
            for _ in range(pages_):
                tiff.write(numbers, photometric="palette", colormap=own)
        photo = page(tmp_path / name, pages_)
        assert photo[0, :3].tolist() == [[0, 0, 0], [255, 0, 128], [10, 20, 30]]


def test_a_gif_whose_first_frame_covers_a_part_of_it_is_refused_and_its_rest_is_no_class(
    tmp_path: Path, refused: "Refused"
) -> None:
    frame = Image.fromarray(np.repeat(np.arange(4, dtype=np.uint8), 40).reshape(4, 40), "L")
    frame.save(tmp_path / "whole.gif")
    content = bytearray((tmp_path / "whole.gif").read_bytes())
    content[6:10] = struct.pack("<HH", 40, 8)  # the screen, twice as high as the frame
    (tmp_path / "part.gif").write_bytes(content)
    assert photo_header(tmp_path / "whole.gif").size == Size(40, 4)
    for read in (photo_header, read_photo, read_label_picture):
        with refused("partial-frame", tmp_path / "part.gif"):
            read(tmp_path / "part.gif")
