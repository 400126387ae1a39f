"""What a picture file says of itself, and that each reader opens a file once, whatever it wants to know of it."""

import io
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures import header
from p2p_datatools.contract.pictures.arrays import read_array, write_tiff
from p2p_datatools.contract.pictures.header import (
    Form,
    Header,
    decoded_bytes,
    open_picture,
    photo_header,
    photo_size,
    read_header,
)
from p2p_datatools.contract.pictures.images import read_mask, read_photo, size_of, write_mask, write_png
from p2p_datatools.contract.pictures.index import read_ids, read_index_picture
from p2p_datatools.contract.pictures.sizes import Size

CARS = load_palette("cars")
RNG = np.random.default_rng(0)
NUMBERS = RNG.integers(0, 5, (24, 40), dtype=np.uint8)
PIXELS = RNG.integers(0, 256, (24, 40, 3), dtype=np.uint8)


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def with_profile(path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(PIXELS[..., 0]).save(path, icc_profile=profile)


FILES: dict[str, Callable[[Path], object]] = {
    "plain.png": lambda path: write_png(path, PIXELS),
    "grey.png": lambda path: write_png(path, NUMBERS),
    "repeated.png": lambda path: write_png(path, np.repeat(NUMBERS[..., None], 3, axis=2)),
    "deep.png": lambda path: write_png(path, PIXELS.astype(np.uint16)),
    "mask.png": lambda path: write_mask(path, NUMBERS, CARS),
    "transparent.png": lambda path: Image.fromarray(np.dstack((PIXELS, 255 - NUMBERS))).save(path),
    "turned.png": lambda path: Image.fromarray(PIXELS).save(path, exif=turned(6)),
    "profile.png": with_profile,
    "photo.jpg": lambda path: Image.fromarray(PIXELS).save(path, exif=turned(8)),
    "photo.tif": lambda path: Image.fromarray(PIXELS).save(path),
    "deep.tif": lambda path: write_tiff(path, PIXELS.astype(np.uint16)),
    "numbers.tif": lambda path: write_tiff(path, NUMBERS.astype(np.float32)),
    "compressed.tif": lambda path: Image.fromarray(NUMBERS.astype(np.uint16)).save(path, compression="tiff_lzw"),
    "numbers.npy": lambda path: np.save(path, PIXELS.astype(np.float32)),
}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name = str(request.param)
    FILES[name](tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plain.png", Header("PNG", Size(40, 24), Form(3, "uint8"), "RGB")),
        ("deep.png", Header("PNG", Size(40, 24), Form(3, "uint16"), "RGB")),
        ("mask.png", Header("PNG", Size(40, 24), Form(3, "uint8"), "P")),
        ("turned.png", Header("PNG", Size(24, 40), Form(3, "uint8"), "RGB", orientation=6)),
        ("profile.png", Header("PNG", Size(40, 24), Form(3, "uint8"), "L")),
        ("photo.jpg", Header("JPEG", Size(24, 40), Form(3, "uint8"), "RGB", orientation=8)),
        ("photo.tif", Header("TIFF", Size(40, 24), Form(3, "uint8"), "RGB")),
        ("deep.tif", Header("TIFF", Size(40, 24), Form(3, "uint16"))),
        ("numbers.npy", Header("NPY", Size(40, 24), Form(3, "float32"))),
    ],
)
def test_a_header_tells_what_the_file_holds(name: str, header: Header, tmp_path: Path) -> None:
    FILES[name](tmp_path / name)
    assert read_header(tmp_path / name) == header


def test_the_values_are_of_the_form_that_the_header_states(file: Path) -> None:
    header, values = read_header(file), read_array(file)
    assert values.shape == (header.size.height, header.size.width, header.form.channels)[: values.ndim]
    assert (values.ndim == 2) == (header.form.channels == 1)
    assert values.dtype.name == header.form.dtype
    assert values.nbytes == header.decoded_bytes


def test_the_kind_is_that_of_the_content_whatever_the_file_is_called(tmp_path: Path) -> None:
    write_png(tmp_path / "deep.tif", PIXELS.astype(np.uint16))
    assert read_header(tmp_path / "deep.tif").kind == "PNG"
    assert (read_array(tmp_path / "deep.tif") == PIXELS).all()


@pytest.mark.parametrize("shape", [(24, 40), (24, 40, 2), (24, 40, 4), (24, 40, 7)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_numbers_are_read_whatever_their_file_is_called(shape: tuple[int, ...], dtype: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    channels = "contig" if values.ndim == 3 else None
    tifffile.imwrite(tmp_path / "tiff.png", values, photometric="minisblack", planarconfig=channels)
    with (tmp_path / "array.jpg").open("wb") as file:
        np.save(file, values)
    for name in ("tiff.png", "array.jpg"):
        assert read_header(tmp_path / name).form == ((*shape, 1)[2], dtype)
        assert (read_array(tmp_path / name) == values).all()


@pytest.mark.parametrize("read", [read_header, read_array, decoded_bytes])
def test_every_file_is_opened_once(read: Callable[[Path], object], file: Path, opens: Counter[str]) -> None:
    opens.clear()
    read(file)
    assert opens == {str(file): 1}


@pytest.mark.parametrize("name", ["plain.png", "grey.png", "mask.png", "turned.png", "photo.jpg", "photo.tif"])
@pytest.mark.parametrize("read", [photo_header, photo_size, read_photo, read_ids])
def test_a_photo_is_opened_once(read: Callable[[Path], object], name: str, tmp_path: Path, opens: Counter[str]) -> None:
    FILES[name](tmp_path / name)
    opens.clear()
    read(tmp_path / name)
    assert opens == {str(tmp_path / name): 1}


@pytest.mark.parametrize("name", ["grey.png", "mask.png", "repeated.png", "compressed.tif"])
def test_a_picture_of_numbers_is_opened_once(name: str, tmp_path: Path, opens: Counter[str]) -> None:
    FILES[name](tmp_path / name)
    opens.clear()
    assert (read_index_picture(tmp_path / name).values == NUMBERS).all()
    assert opens == {str(tmp_path / name): 1}


def test_a_mask_is_opened_once(tmp_path: Path, opens: Counter[str]) -> None:
    write_mask(tmp_path / "mask.png", NUMBERS, CARS)
    opens.clear()
    assert (read_mask(tmp_path / "mask.png", CARS) == NUMBERS).all()
    assert opens == {str(tmp_path / "mask.png"): 1}


def test_header_photo_and_values_come_out_of_one_opening(file: Path, opens: Counter[str]) -> None:
    expected = read_array(file)
    opens.clear()
    with open_picture(file) as picture:
        header = read_header(picture)
        first, again = read_array(picture), read_array(picture)
        if header.form.dtype == "uint8":
            photo = read_photo(picture)
            assert (photo == (expected if expected.ndim == 3 else expected[..., None])).all()
    assert first.tobytes() == again.tobytes() == expected.tobytes()
    assert opens == {str(file): 1}


def test_a_header_takes_no_pixels_into_memory(file: Path) -> None:
    with open_picture(file) as picture:
        read_header(picture)
        decoded_bytes(picture)
        assert "data" not in vars(picture)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def plain_file(mode: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TURNED = turned(6).tobytes()[6:]
CHUNKS = {
    "nothing": b"",
    "resolution": chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    "time": chunk(b"tIME", b"\x07\xe6\1\1\0\0\0"),
    "words": chunk(b"tEXt", b"Software\0a program"),
    "profile": chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(PROFILE)),
    "EXIF": chunk(b"eXIf", TURNED),
    "EXIF as text": chunk(b"tEXt", b"Raw profile type exif\0\nexif\n" + b"%8d\n" % len(TURNED) + TURNED.hex().encode()),
    "EXIF under its name": chunk(b"tEXt", b"exif\0" + TURNED),
    "XMP": chunk(b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'),
    "XMP as text": chunk(b"tEXt", b'XML:com.adobe.xmp\0<x tiff:Orientation="6"/>'),
    "a profile as text": chunk(b"tEXt", b"icc_profile\0words"),
    "transparency": chunk(b"tRNS", b"\0\1\0\2\0\3"),
    "animation": chunk(b"acTL", struct.pack(">II", 2, 0)),
    "a wrong length": chunk(b"gAMA", b"\0"),
    "an unknown one": chunk(b"neWt", b"what"),
}


def header_or_code(path: Path) -> Header | str:
    try:
        return photo_header(path)
    except P2PError as error:
        return error.code


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "LA", "RGBA"])
@pytest.mark.parametrize("what", [*CHUNKS, "a damaged one", "EXIF at the end", "no pixels", "rows twice"])
def test_the_first_bytes_of_a_png_say_what_pillow_says(
    mode: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, path = plain_file(mode), tmp_path / "a.png"
    damaged = chunk(b"pHYs", b"123456789")[:-1] + b"?"
    if what == "EXIF at the end":
        data = data[:-12] + chunk(b"eXIf", TURNED) + data[-12:]
    elif what == "no pixels":
        data = data[:16] + bytes(4) + data[20:29] + struct.pack(">I", zlib.crc32(data[12:16] + bytes(4) + data[20:29]))
    elif what == "rows twice":  # by an unknown compression
        changed = data[12:26] + b"\1" + data[27:29]
        data = data[:12] + changed + struct.pack(">I", zlib.crc32(changed)) + data[33:]
    else:
        data = data[:33] + CHUNKS.get(what, damaged) + data[33:]
    path.write_bytes(data)
    quick = header_or_code(path)
    monkeypatch.setattr(header, "_plain_header", lambda file: None)
    assert quick == header_or_code(path)


@pytest.mark.parametrize("what", ["EXIF", "EXIF as text", "XMP", "words"])
@pytest.mark.parametrize("place", [33, -12])
def test_a_png_has_the_size_that_it_is_decoded_with_wherever_its_orientation_is_written(
    what: str, place: int, tmp_path: Path
) -> None:
    data = plain_file("RGB")
    (tmp_path / "a.png").write_bytes(data[:place] + CHUNKS[what] + data[place:])
    assert photo_header(tmp_path / "a.png").size == size_of(read_photo(tmp_path / "a.png"))


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_a_plain_png_is_known_without_pillow(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(plain_file(mode))
    monkeypatch.setattr(Image, "open", None)
    assert photo_header(tmp_path / "a.png").mode == mode
