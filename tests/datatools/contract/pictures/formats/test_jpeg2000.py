"""JPEG 2000: its channels, profile and numbers are those in the file, or it is refused."""

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.formats import jpeg2000
from p2p_datatools.contract.pictures.header import read_header
from p2p_datatools.contract.pictures.images import read_photo

if TYPE_CHECKING:
    from conftest import Refused

SIZE = b"\xff\x4f\xff\x51"
COLORS = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)


def stream_of(pixels: NDArray[np.uint8]) -> bytes:
    """The codestream of (height, width, 3), without loss."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG2000", no_jp2=True)
    return buffer.getvalue()


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def in_boxes(stream: bytes, colors: bytes) -> bytes:
    """The stream as a file whose box for colours has this content."""
    height, width = COLORS.shape[:2]
    header = box(b"ihdr", struct.pack(">IIHBBBB", height, width, 3, 7, 7, 0, 0)) + box(b"colr", colors)
    kind = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return kind + box(b"jp2h", header) + box(b"jp2c", stream)


def with_parts(stream: bytes, part: int, place: int, value: int) -> bytes:
    """The stream in which one byte of what is said of a component is another."""
    place = 42 + 3 * part + place
    return stream[:place] + bytes((value,)) + stream[place + 1 :]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_three_channels_that_a_file_calls_grey_are_three(dtype: str, tmp_path: Path) -> None:
    path, values = tmp_path / "a.jp2", COLORS.astype(dtype)
    cv2.imwrite(str(path), values[..., ::-1], [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])
    data = path.read_bytes()
    path.write_bytes(in_boxes(data[data.index(SIZE) :], struct.pack(">BBBI", 1, 0, 0, 17)))
    assert read_header(path).form.channels == 3
    assert (read_array(path) == values).all()


def test_a_profile_in_its_box_counts_as_in_other_kinds(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    (tmp_path / "a.jp2").write_bytes(in_boxes(stream_of(COLORS), b"\2\0\0" + swapped))
    Image.fromarray(COLORS).save(tmp_path / "a.png", icc_profile=swapped)
    assert (read_photo(tmp_path / "a.jp2") == read_photo(tmp_path / "a.png")).all()


def test_two_channels_of_16_bits_are_not_called_damaged(tmp_path: Path, refused: "Refused") -> None:
    stream = stream_of(COLORS)
    head = stream[:4] + struct.pack(">HH", 44, int.from_bytes(stream[6:8], "big")) + stream[8:40]
    (tmp_path / "a.j2k").write_bytes(head + struct.pack(">H", 2) + bytes((15, 1, 1)) * 2 + stream[51:])
    with refused("unread-kind", tmp_path / "a.j2k") as error:
        read_array(tmp_path / "a.j2k")
    assert "two channels of 16 bits" in error.value.what


def test_signed_numbers_are_refused_and_not_moved(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "a.jp2").write_bytes(with_parts(stream_of(COLORS), 0, 0, 0x87))
    with refused("unread-kind", tmp_path / "a.jp2"):
        read_array(tmp_path / "a.jp2")


@pytest.mark.parametrize(("width", "height", "is_read"), [(40, 24, True), (41, 24, False), (40, 23, False)])
def test_colours_of_half_the_size_have_to_fill_whole_steps(width: int, height: int, is_read: bool) -> None:
    half = with_parts(with_parts(stream_of(np.zeros((height, width, 3), np.uint8)), 1, 1, 2), 1, 2, 2)
    if is_read:
        jpeg2000.refuse_strange(Path("a.jp2"), half)
    else:
        with pytest.raises(P2PError, match="odd number of pixels"):
            jpeg2000.refuse_strange(Path("a.jp2"), half)


@pytest.mark.parametrize("data", [b"", SIZE, SIZE + bytes(40), b"\0\0\0\x0cjP  ", box(b"jP  ", b"") + bytes(16)])
def test_what_is_cut_off_says_nothing(data: bytes) -> None:
    jpeg2000.refuse_strange(Path("a.jp2"), data)
    assert jpeg2000.bits_of(data) == 8
    assert jpeg2000.profile_of(io.BytesIO(data)) == b""
    assert jpeg2000.readable(data, io.BytesIO(data)) == data
