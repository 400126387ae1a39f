"""Class numbers in TIFFs of few bits and PGMs with a largest value of their own: as they stand in the file."""

import struct
from pathlib import Path

import numpy as np
import pytest

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.contract.pictures.index import read_label_picture
from p2p_datatools.masks.build import build_masks

NUMBERS = np.random.default_rng(0).integers(0, 4, (6, 16), dtype=np.uint8)


def write_packed(path: Path, bits: int, photometric: int = 1) -> None:
    """A grey TIFF of 2 or 4 bits, as GDAL writes it."""
    parts = np.unpackbits(NUMBERS[..., None], axis=2)[..., 8 - bits :]
    rows = np.packbits(parts.reshape(len(NUMBERS), -1), axis=1).tobytes()
    height, width = NUMBERS.shape
    shorts = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: height, 279: len(rows)}
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in shorts.items())
    place = struct.pack("<I", 8 + len(rows))
    path.write_bytes(b"II*\0" + place + rows + struct.pack("<H", len(shorts)) + entries + b"\0\0\0\0")


def write_pgm(path: Path, white: int, *, plain: bool = False) -> None:
    values = NUMBERS.astype(">u2") if white > 255 else NUMBERS
    pixels = " ".join(map(str, NUMBERS.ravel())).encode() if plain else values.tobytes()
    path.write_bytes(b"P%d\n# classes\n16 6\n%d\n" % (2 if plain else 5, white) + pixels)


@pytest.mark.parametrize(
    "kind", ["2.tif", "4.tif", "2w.tif", "4w.tif", "3.pgm", "15.pgm", "1000.pgm", "255.pgm", "65535.pgm", "plain.pgm"]
)
def test_class_numbers_are_those_in_the_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "labels" / f"a{Path(kind).suffix}"
    path.parent.mkdir()
    if kind.endswith("tif"):
        write_packed(path, int(kind[0]), 0 if kind[1] == "w" else 1)
    else:
        write_pgm(path, int(kind[:-4]) if kind[0].isdigit() else 7, plain=kind == "plain.pgm")
    numbers = read_label_picture(path).numbers
    assert numbers is not None
    assert (numbers == NUMBERS).all()
    cars = load_palette("cars")
    build_masks(path.parent, tmp_path / "masks", palette=cars, mapping={"ids": "palette"})
    order = np.array([cars.index_of_id(number) for number in range(4)])
    assert (read_mask(tmp_path / "masks" / "a.png", cars) == order[NUMBERS]).all()


def test_as_colours_their_white_is_white(tmp_path: Path) -> None:
    write_packed(tmp_path / "a.tif", 2)
    assert read_label_picture(tmp_path / "a.tif").colors[NUMBERS == 3].min() == 255
    write_packed(tmp_path / "a.tif", 2, 0)  # where 0 is white
    assert read_label_picture(tmp_path / "a.tif").colors[NUMBERS == 0].min() == 255


def test_long_gaps_in_a_header_take_no_time_and_comments_end_as_pillow_has_it(tmp_path: Path) -> None:
    file = tmp_path / "mask.pgm"
    file.write_bytes(b"P5\n2 2" + b" " * 60 + b"#white\r0000000127 " + bytes([0, 1, 2, 3]))
    assert read_label_picture(file).numbers.tolist() == [[0, 1], [2, 3]]  # type: ignore[union-attr]
