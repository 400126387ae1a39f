"""Pictures of any depth: exact round trips, and every file that is none of the understood kinds told in one line."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from p2p_datatools.contract.pictures.arrays import Array, common_form, read_array, read_picture_values, write_tiff
from p2p_datatools.contract.pictures.header import DTYPES, Form, decoded_bytes, open_picture, photo_size, read_header
from p2p_datatools.contract.pictures.images import read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused


def values(dtype: str, *shape: int) -> Array:
    drawn = np.random.default_rng(1).normal(0, 1000, shape)
    return np.asarray((np.abs(drawn) if dtype.startswith("u") else drawn).astype(dtype))


def measured(path: Path) -> tuple[Size, Form]:
    header = read_header(path)
    return header.size, header.form


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(24, 40), (24, 40, 2), (24, 40, 3), (24, 40, 7)])
def test_values_come_back_exactly_from_tiff_and_npy(dtype: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    array = values(dtype, *shape)
    write_tiff(tmp_path / "a.tif", array)
    np.save(tmp_path / "a.npy", array)
    for name in ("a.tif", "a.npy"):
        assert measured(tmp_path / name) == ((40, 24), (shape[2] if len(shape) == 3 else 1, dtype)), name
        again = read_array(tmp_path / name)
        assert again.dtype == dtype
        assert again.tobytes() == array.tobytes(), name


@pytest.mark.parametrize("shape", [(24, 40), (24, 40, 3)])
def test_png_of_16_bits_comes_back_exactly(shape: tuple[int, ...], tmp_path: Path) -> None:
    array = values("uint16", *shape)
    write_png(tmp_path / "a.png", array)
    assert measured(tmp_path / "a.png") == ((40, 24), (shape[2] if len(shape) == 3 else 1, "uint16"))
    assert (read_array(tmp_path / "a.png") == array).all()


def test_eight_bit_files_are_grey_or_rgb_whatever_their_kind(tmp_path: Path) -> None:
    picture = Image.fromarray(np.asarray(values("uint8", 24, 40, 3)))
    for mode, suffix, channels in (
        ("L", "png", 1), ("1", "png", 1), ("L", "jpg", 1), ("RGB", "jpg", 3), ("P", "png", 3), ("RGBA", "png", 3),
        ("CMYK", "jpg", 3), ("L", "tif", 1), ("RGB", "tif", 3), ("RGB", "bmp", 3),
    ):  # fmt: skip
        path = tmp_path / f"{mode}.{suffix}"
        picture.convert(mode).save(path)
        assert measured(path) == ((40, 24), (channels, "uint8")), path.name
        assert read_array(path).shape == ((24, 40) if channels == 1 else (24, 40, 3)), path.name
        assert decoded_bytes(path) >= read_header(path).decoded_bytes


def test_channels_in_planes_or_pages_come_last(tmp_path: Path) -> None:
    planes = values("uint16", 5, 24, 40)
    tifffile.imwrite(tmp_path / "pages.tif", planes)
    tifffile.imwrite(tmp_path / "planes.tif", planes, planarconfig="separate", photometric="minisblack")
    tifffile.imwrite(tmp_path / "imagej.tif", planes, imagej=True)
    for name in ("pages", "planes", "imagej"):
        assert (read_array(tmp_path / f"{name}.tif") == np.moveaxis(planes, 0, 2)).all(), name


def test_other_byte_orders_and_columns_first_are_the_same_picture(tmp_path: Path) -> None:
    array = values("float32", 24, 40, 3)
    np.save(tmp_path / "big.npy", array.astype(">f4"))
    np.save(tmp_path / "columns.npy", np.asfortranarray(array))
    tifffile.imwrite(tmp_path / "big.tif", array, byteorder=">", photometric="rgb")
    for name in ("big.npy", "columns.npy", "big.tif"):
        again = read_array(tmp_path / name)
        assert again.tobytes() == array.tobytes(), name
        assert again.dtype == np.dtype("float32")


def test_a_deep_tiff_compressed_as_cameras_do_is_read(tmp_path: Path) -> None:
    array = values("uint16", 24, 40)
    for compression in ("tiff_lzw", "tiff_adobe_deflate"):
        Image.fromarray(array).save(tmp_path / "a.tif", compression=compression)
        assert (read_array(tmp_path / "a.tif") == array).all(), compression


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_deep_tiff_is_turned_like_a_photo(orientation: int, tmp_path: Path) -> None:
    array = values("uint8", 24, 40)
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(tmp_path / "deep.tif", array.astype("uint16"), extratags=[tag])
    Image.fromarray(array.astype("uint16")).save(
        tmp_path / "packed.tif", compression="tiff_lzw", tiffinfo={274: orientation}
    )
    Image.fromarray(array).save(tmp_path / "photo.tif", tiffinfo={274: orientation})
    for name in ("deep.tif", "packed.tif"):
        assert read_array(tmp_path / name).tolist() == read_array(tmp_path / "photo.tif").tolist(), name
    assert read_header(tmp_path / "deep.tif").size == read_header(tmp_path / "photo.tif").size


def test_an_array_of_one_picture_in_a_batch_is_that_picture_but_one_row_is_no_batch(tmp_path: Path) -> None:
    for name, shape, own in (
        ("mask", (1, 24, 40), (24, 40)),
        ("batch", (1, 1, 24, 40), (24, 40)),
        ("photo", (1, 24, 40, 3), (24, 40, 3)),
        ("row", (1, 40, 3), (1, 40, 3)),
    ):
        array = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
        for by_column in (False, True):
            np.save(tmp_path / f"{name}.npy", np.asfortranarray(array) if by_column else array)
            assert (read_array(tmp_path / f"{name}.npy") == array.reshape(own)).all(), name
            assert read_header(tmp_path / f"{name}.npy").size == (own[1], own[0])


def test_non_finite_values_are_counted(tmp_path: Path, refused: "Refused") -> None:
    array = values("float32", 24, 40)
    array[0, :3] = np.nan, np.inf, -np.inf
    np.save(tmp_path / "a.npy", array)
    with refused("not-finite", tmp_path / "a.npy") as error:
        read_array(tmp_path / "a.npy")
    assert error.value.what.startswith("3 ")


def test_values_of_64_bits_that_32_do_not_hold_are_counted(tmp_path: Path, refused: "Refused") -> None:
    np.save(tmp_path / "a.npy", np.array([[3e38, -1e300], [0.5, 1e39]]))
    with refused("too-large-values", tmp_path / "a.npy") as error:
        read_picture_values(tmp_path / "a.npy")
    assert "2 values are beyond 3.4e+38" in error.value.what


def test_a_pickle_is_never_loaded(tmp_path: Path, refused: "Refused") -> None:
    np.save(tmp_path / "a.npy", np.array([[{"a": 1}]], dtype=object), allow_pickle=True)
    with refused("damaged-file", tmp_path / "a.npy") as error:
        read_header(tmp_path / "a.npy")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("array", "code", "words"),
    [
        (np.zeros(5), "array-shape", "(5,)"),
        (np.zeros((2, 3, 4, 5)), "array-shape", "(2, 3, 4, 5)"),
        (np.zeros((0, 4)), "array-shape", "(0, 4)"),
        (np.zeros((5, 40, 300)), "array-shape", "300 channels for 5 rows"),
        (np.zeros((2, 1, 40, 30)), "array-shape", "(2, 1, 40, 30)"),
        (np.zeros((4, 4), dtype=np.complex64), "value-type", "complex64"),
        (np.zeros((4, 4), dtype="U3"), "value-type", "str"),
    ],
)
def test_arrays_that_are_not_pictures_are_refused_with_the_reason(
    array: Array, code: str, words: str, tmp_path: Path, refused: "Refused"
) -> None:
    np.save(tmp_path / "a.npy", array)
    with refused(code, tmp_path / "a.npy") as error:
        read_header(tmp_path / "a.npy")
    assert words in error.value.what
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", ["tif", "npy", "png"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_cut_file_is_an_error_in_one_line(suffix: str, share: float, tmp_path: Path, refused: "Refused") -> None:
    path, array = tmp_path / f"a.{suffix}", values("uint16", 60, 40)
    writers: dict[str, Callable[..., None]] = {"tif": write_tiff, "png": write_png, "npy": np.save}
    writers[suffix](path, array)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with refused("damaged-file", path) as error:
        read_array(path)
    assert "\n" not in str(error.value)


def test_a_tiff_without_its_directory_and_one_of_damaged_pixels_are_errors(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(values("uint16", 60, 40)).save(path, compression="tiff_adobe_deflate")
    whole = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        [place], [count] = tiff.pages.first.dataoffsets, tiff.pages.first.databytecounts
    damaged = bytearray(whole)
    damaged[place + count // 2] ^= 255
    for content in (whole[:8], bytes(damaged)):
        path.write_bytes(content)
        with refused("damaged-file", path):
            read_array(path)


def test_a_damaged_npy_header_and_a_cut_archive_of_arrays_are_errors(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "a.npy"
    np.save(path, values("uint8", 24, 40))
    path.write_bytes(path.read_bytes().replace(b"(24, 40)", b"(24, 40 "))
    with refused("damaged-file", path):
        read_array(path)
    path.write_bytes(b"PK\x03\x04 and no more of it")
    with refused("several-arrays", path):
        read_array(path)


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_that_is_cut_off_while_it_is_open_is_an_error(
    order: Literal["C", "F"], tmp_path: Path, refused: "Refused"
) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.asarray(values("float32", 24, 40, 3), order=order))
    with open_picture(path) as file, refused("damaged-file", path):
        assert file.header.size == (40, 24)
        os.truncate(path, 2000)
        read_array(file)
    with refused("damaged-file", path):
        read_header(path)


@pytest.mark.parametrize("suffix", ["tif", "npy", "png"])
def test_text_and_nothing_are_not_pictures(suffix: str, tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / f"a.{suffix}"
    text = "damaged-file" if suffix == "npy" else "not-a-picture"
    for content, code in (("", "empty-file"), ("<html>log in</html>", text)):
        path.write_text(content)
        with refused(code, path):
            read_header(path)


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_with_transparency_are_laid_over_white_as_8_bits_are(tmp_path: Path, channels: int) -> None:
    colors = values("uint16", 24, 40, 3)
    if channels == 1:
        colors = np.repeat(colors[..., :1], 3, axis=2)
    alpha = np.full((24, 40, 1), 65535, np.uint16)
    path, over_white = tmp_path / "a.png", list[Path]()
    write_16_with_alpha(path, colors[..., :channels], alpha)
    assert read_header(path).form == (channels, "uint16")
    assert np.array_equal(read_array(path, over_white=over_white).reshape(24, 40, -1), colors[..., :channels])
    assert over_white == []
    alpha[:8], alpha[8:16] = 0, 32768
    write_16_with_alpha(path, colors[..., :channels], alpha)
    found = read_array(path, over_white=over_white).reshape(24, 40, -1)
    assert (found[:8] == 65535).all()
    half = (colors[8:16, :, :channels].astype(float) + 65535) / 2
    assert np.abs(found[8:16] - half).max() <= 2
    assert np.array_equal(found[16:], colors[16:, :, :channels])
    assert over_white == [path]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_a_tiff_s_transparency_is_no_channel_but_laid_over_white(
    tmp_path: Path, dtype: str, channels: int, kind: str
) -> None:
    if (dtype, channels) == ("uint8", 3):
        pytest.skip("read by Pillow as a photo")
    most = np.iinfo(dtype).max
    pixels = np.full((24, 40, channels + 1), most // 5, dtype)
    pixels[..., -1] = most
    pixels[:8] = 0
    path, over_white = tmp_path / "a.tif", list[Path]()
    colors = "rgb" if channels == 3 else "minisblack"
    tifffile.imwrite(path, pixels, photometric=colors, planarconfig="contig", extrasamples=[kind])
    assert read_header(path).form == (channels, dtype)
    found = read_array(path, over_white=over_white)
    assert found.shape == ((24, 40) if channels == 1 else (24, 40, 3))
    assert (found[:8] == most).all()
    assert (found[8:] == most // 5).all()
    assert over_white == [path]


def test_a_tiff_of_numbers_has_a_size_where_it_is_no_photo(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, values("uint16", 24, 40, 5))
    assert photo_size(path) == (40, 24)
    with refused("not-a-picture", path) as error:
        read_photo(path)
    assert "TIFF" in error.value.what


def test_an_array_is_called_one_where_a_photo_is_needed(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "a.npy"
    np.save(path, values("uint8", 24, 40))
    with refused("not-a-picture", path) as error:
        read_photo(path)
    assert "NPY" in error.value.what


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_channel_that_only_its_tag_calls_transparency_is_asked_about(
    dtype: str, tmp_path: Path, refused: "Refused"
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values(dtype, 24, 40, 4), photometric="rgb", extrasamples=["unassalpha"])
    with refused("strange-alpha", path):
        read_array(path)
    Image.fromarray(np.asarray(values("uint8", 24, 40, 4))).save(tmp_path / "a.jp2")
    with refused("strange-alpha", tmp_path / "a.jp2"):
        read_array(tmp_path / "a.jp2")


@pytest.mark.parametrize(
    ("colors", "channels", "word"), [("miniswhite", 1, "white"), ("separated", 4, "CMYK"), ("cielab", 3, "Lab")]
)
def test_colours_of_16_bits_that_are_no_rgb_are_not_taken_for_it(
    colors: Literal["miniswhite", "separated", "cielab"], channels: int, word: str, tmp_path: Path, refused: "Refused"
) -> None:
    array = values("uint16", 24, 40, channels) if channels > 1 else values("uint16", 24, 40)
    planes: Literal["contig"] | None = "contig" if channels > 1 else None
    tifffile.imwrite(tmp_path / "a.tif", array, photometric=colors, planarconfig=planes)
    with refused("unknown-tiff", tmp_path / "a.tif") as caught:
        read_header(tmp_path / "a.tif")
    assert word in caught.value.what


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_an_infrared_channel_beside_the_colours_is_one_of_four(dtype: str, tmp_path: Path) -> None:
    path, bands = tmp_path / "a.tif", values(dtype, 24, 40, 4)
    tifffile.imwrite(path, bands, photometric="rgb", extrasamples=["unspecified"])
    assert read_header(path).form == (4, dtype)
    assert (read_array(path) == bands).all()


def write_16_with_alpha(path: Path, colors: Array, alpha: Array) -> None:
    """A PNG of 16 bits with transparency, chunk by chunk (PNG specification, 11.2): Pillow writes none."""
    pixels = np.concatenate([colors, alpha], axis=2).astype(">u2")
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 16, 4 if channels == 2 else 6, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def test_one_colour_picture_makes_a_folder_colour_and_broken_ones_do_not_count(tmp_path: Path) -> None:
    for name, shape in (("b", (8, 8)), ("c", (8, 8))):
        write_png(tmp_path / f"{name}.png", values("uint8", *shape))
    (tmp_path / "a.png").write_text("broken")
    assert common_form(sorted(tmp_path.iterdir())) == (1, "uint8")
    write_png(tmp_path / "d.png", values("uint8", 8, 8, 3))
    assert common_form(sorted(tmp_path.iterdir())) == (3, "uint8")
    assert common_form([]) == (3, "uint8")


@pytest.mark.parametrize(("dtype", "read_as"), [("int64", "int32"), ("uint64", "uint32"), ("int8", "int16")])
def test_wide_and_narrow_whole_numbers_are_read_where_all_fit(
    dtype: str, read_as: str, tmp_path: Path, refused: "Refused"
) -> None:
    array = np.arange(24 * 40).reshape(24, 40).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", array)
    np.save(tmp_path / "a.npy", array)
    for name in ("a.tif", "a.npy"):
        assert measured(tmp_path / name) == ((40, 24), (1, read_as))
        assert (read_array(tmp_path / name) == array).all()
    if dtype.endswith("64"):
        np.save(tmp_path / "a.npy", array + array.dtype.type(2**40))
        with refused("value-type", tmp_path / "a.npy"):
            read_array(tmp_path / "a.npy")


def test_an_array_of_too_many_pixels_is_refused_by_its_header(
    tmp_path: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2p_datatools.contract.pictures.limits.MOST_PIXELS", 100)
    monkeypatch.setattr("p2p_datatools.contract.pictures.header.MOST_PIXELS", 100)
    write_tiff(tmp_path / "a.tif", values("float32", 24, 40))
    np.save(tmp_path / "a.npy", values("float32", 24, 40))
    for name in ("a.tif", "a.npy"):
        with refused("too-many-pixels", tmp_path / name):
            read_array(tmp_path / name)


def test_jpeg_2000_and_pgm_of_16_bits_come_back_exactly(tmp_path: Path) -> None:
    grey, color = values("uint16", 64, 96), values("uint16", 64, 96, 3)
    Image.fromarray(grey).save(tmp_path / "grey.jp2")
    Image.fromarray(grey).save(tmp_path / "grey.pgm")
    assert cv2.imwrite(str(tmp_path / "color.jp2"), color[..., ::-1], [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])
    assert cv2.imwrite(str(tmp_path / "color.ppm"), color[..., ::-1])
    for name, array in (("grey.jp2", grey), ("grey.pgm", grey), ("color.jp2", color), ("color.ppm", color)):
        assert measured(tmp_path / name)[1].dtype == "uint16", name
        assert (read_array(tmp_path / name) == array).all(), name


@pytest.mark.parametrize(("scale", "order"), [("-1.0", "<"), ("1.0", ">")])
def test_a_pfm_has_its_distances_and_its_first_row_on_top(scale: str, order: str, tmp_path: Path) -> None:
    array = values("float32", 24, 40)
    rows = array[::-1].astype(f"{order}f4").tobytes()
    (tmp_path / "a.pfm").write_bytes(f"Pf\n40 24\n{scale}\n".encode() + rows)
    assert measured(tmp_path / "a.pfm") == ((40, 24), (1, "float32"))
    assert (read_array(tmp_path / "a.pfm") == array).all()


@pytest.mark.parametrize("name", ["a.tif", "a.jp2", "a.ppm"])
def test_colours_of_16_bits_are_not_rounded_to_8_by_any_reader(name: str, tmp_path: Path, refused: "Refused") -> None:
    color = values("uint16", 64, 96, 3)
    assert cv2.imwrite(str(tmp_path / name), color, [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])
    with refused("depth", tmp_path / name):
        read_photo(tmp_path / name)


@pytest.mark.parametrize(("name", "code"), [("a.avif", "no-decoder"), ("a.png", "not-a-picture")])
def test_a_kind_that_the_installed_pillow_lacks_is_named_and_is_in_no_others_way(
    name: str, code: str, tmp_path: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("PIL.AvifImagePlugin.SUPPORTED", False)
    monkeypatch.setattr("PIL.features.check", lambda kind: kind != "avif")
    (tmp_path / name).write_bytes(b"\0\0\0\x1cftypavif and more that is no picture")
    with refused(code, tmp_path / name):
        read_photo(tmp_path / name)


def test_a_bmp_of_an_unusual_kind_is_not_called_damaged(tmp_path: Path, refused: "Refused") -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.bmp")
    data = bytearray((tmp_path / "a.bmp").read_bytes())
    data[30] = 4  # of its compression, a JPEG within
    (tmp_path / "a.bmp").write_bytes(data)
    with refused("unread-kind", tmp_path / "a.bmp"):
        read_photo(tmp_path / "a.bmp")


def test_a_photo_of_a_phone_under_another_suffix_is_named(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and the rest of it, which is not read")
    with refused("unread-kind", tmp_path / "a.jpg"):
        read_photo(tmp_path / "a.jpg")
