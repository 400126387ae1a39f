"""No header makes a reader take more memory than its file can fill, and nothing else is opened for a picture."""

import io
import resource
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image

from p2p_datatools.contract.pictures import limits
from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.header import photo_size
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.index import read_label_picture
from p2p_datatools.contract.pictures.limits import MOST_PIXELS, refuse_bomb
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused

READERS = (read_photo, read_array, read_label_picture, photo_size)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_that_says(width: int, height: int, depth: int, color: int) -> bytes:
    """A PNG with this header, and a few bytes of pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


def tiff_that_says(width: int, height: int, compression: str | None = None) -> bytes:
    """A small TIFF whose directory says another size."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((8, 8), np.uint8), metadata=None, compression=compression, rowsperstrip=8)
    data = buffer.getvalue()
    for tag, value in ((256, width), (257, height), (278, height)):
        place = data.index(struct.pack("<HH", tag, 4 if data.find(struct.pack("<HH", tag, 4)) > 0 else 3))
        kind = 4
        data = data[:place] + struct.pack("<HHII", tag, kind, 1, value) + data[place + 12 :]
    return data


BOMBS = {
    "16-bit.png": png_that_says(26_000, 15_000, 16, 2),
    "8-bit.png": png_that_says(19_000, 19_000, 8, 2),
    "grey.png": png_that_says(19_000, 19_000, 8, 0),
    "palette.png": png_that_says(19_000, 19_000, 8, 3),
    "high.png": png_that_says(13, 8_437_769, 8, 0),
    "high.tif": tiff_that_says(13, 8_437_769),
    "packed.tif": tiff_that_says(19_000, 19_000, "zlib"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_header_of_more_pixels_than_the_bytes_can_hold_is_refused_before_anything_is_allocated(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(BOMBS[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in READERS:
        with pytest.raises(Exception, match=name) as error:
            read(tmp_path / name)
        assert getattr(error.value, "code", "") in ("picture-bomb", "damaged-file", "too-many-pixels", "not-a-picture")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 << 10  # KiB


def test_the_limit_of_pixels_is_the_limit_and_not_half_of_it(tmp_path: Path, refused: "Refused") -> None:
    side = int(MOST_PIXELS**0.5) + 1
    Image.new("1", (side, side)).save(tmp_path / "a.png")
    for read in READERS:
        with refused("too-many-pixels", tmp_path / "a.png"):
            read(tmp_path / "a.png")


def test_pictures_of_one_colour_are_no_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_HARMLESS", 8 << 20)  # so that smaller ones, which take less time, are judged
    for name in ("a.png", "a.webp", "a.gif", "a.tif", "a.jpg"):
        Image.new("RGB", (2100, 1400), (7, 7, 7)).save(
            tmp_path / name, **({"compression": "tiff_lzw"} if "tif" in name else {})
        )
        assert photo_size(tmp_path / name) == (2100, 1400)
    refuse_bomb(tmp_path, Size(16_000, 16_000), 3, 750_000)


def test_a_tiff_without_a_part_of_its_pixels_is_damaged_and_not_black(tmp_path: Path, refused: "Refused") -> None:
    pixels = np.full((64, 64, 3), 200, np.uint8)
    whole = tmp_path / "whole.tif"
    tifffile.imwrite(whole, pixels, photometric="rgb", metadata=None, rowsperstrip=16)
    assert (read_photo(whole) == pixels).all()
    (tmp_path / "cut.tif").write_bytes(whole.read_bytes()[:-100])
    for read in (read_photo, read_array, read_label_picture):
        with refused("damaged-file", tmp_path / "cut.tif"):
            read(tmp_path / "cut.tif")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.eps"])
def test_a_file_of_another_kind_starts_no_program_whatever_its_name(
    tmp_path: Path, name: str, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.Popen", start)
    (tmp_path / name).write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    for read in (read_photo, read_label_picture, photo_size):
        with refused("unread-kind", tmp_path / name):
            read(tmp_path / name)


def test_a_tiff_shows_its_own_pixels_whatever_other_file_its_metadata_names(tmp_path: Path) -> None:
    secret, own = np.full((16, 16), 900, np.uint16), np.full((16, 16), 100, np.uint16)
    tifffile.imwrite(tmp_path / "secret.ome.tif", secret, metadata={"axes": "YX"})
    with tifffile.TiffFile(tmp_path / "secret.ome.tif") as tiff:
        said = tiff.ome_metadata
    assert said is not None
    uuid = '<UUID FileName="secret.ome.tif">urn:uuid:00000000-0000-0000-0000-000000000001</UUID>'
    text = said.replace("<TiffData", '<TiffData IFD="0"').replace("/></Pixels>", f">{uuid}</TiffData></Pixels>")
    tifffile.imwrite(tmp_path / "own.ome.tif", own, description=text.encode(), metadata=None)
    assert (read_array(tmp_path / "own.ome.tif") == 100).all()


@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_whose_directories_are_larger_than_itself_is_damaged_at_once(
    tmp_path: Path, big: bool, refused: "Refused"
) -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((8, 8, 3), np.uint8), photometric="rgb", metadata=None, bigtiff=big)
    data = bytearray(buffer.getvalue())
    place = struct.unpack_from("<Q", data, 8)[0] if big else struct.unpack_from("<I", data, 4)[0]
    struct.pack_into("<Q" if big else "<H", data, place, 60_000)
    (tmp_path / "a.tif").write_bytes(data)
    for read in (read_photo, read_array, read_label_picture):
        with refused("damaged-file", tmp_path / "a.tif"):
            read(tmp_path / "a.tif")


def test_pages_that_lead_in_a_circle_are_damage_at_once(tmp_path: Path, refused: "Refused") -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((8, 8, 3), 7, np.uint8), photometric="rgb", metadata=None)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    place = struct.unpack_from("<I", data, 4)[0]
    entries = struct.unpack_from("<H", data, place)[0]
    struct.pack_into("<I", data, place + 2 + 12 * entries, place)
    (tmp_path / "a.tif").write_bytes(data)
    for read in (read_photo, read_array, read_label_picture):
        with refused("damaged-file", tmp_path / "a.tif"):
            read(tmp_path / "a.tif")
