"""TIFFs as GDAL, ArcGIS and cameras pack them: LZW and Zstandard, predicted, in tiles and planes, of 9 to 16 bits."""

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from p2p_datatools.contract.pictures.arrays import Array, read_array
from p2p_datatools.contract.pictures.formats import tiff_kinds
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.index import read_label_picture

if TYPE_CHECKING:
    from conftest import Refused

_LZW, _ZSTD, _LERC, _WEBP, _NONE = 5, 50000, 34887, 50001, 1
_LAB = 8  # of PhotometricInterpretation
_DELTA, _FLOAT = 2, 3
_FORMS = [("uint16", 1), *((dtype, _DELTA) for dtype in ("uint8", "uint16", "int16", "uint32", "float32"))]
_FORMS += [("float32", _FLOAT), ("float64", _FLOAT)]


def pack(raw: Array, compression: int) -> bytes:
    """Rows of bytes as libtiff packs them."""
    if compression == _NONE:
        return raw.tobytes()
    stream = io.BytesIO()
    word = {_LZW: "tiff_lzw", _ZSTD: "zstd"}[compression]
    Image.fromarray(raw).save(stream, "TIFF", compression=word, tiffinfo={278: len(raw)})
    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        (start,), (count,) = tiff.pages[0].dataoffsets, tiff.pages[0].databytecounts
    return stream.getvalue()[start : start + count]


def overwrite(path: Path, **tags: Any) -> None:
    """Give tags of a TIFF's only page other values."""
    with tifffile.TiffFile(path, mode="r+") as tiff:
        page: Any = tiff.pages[0]
        for name, value in tags.items():
            page.tags[name].overwrite(value)


def predict(part: Array, predictor: int) -> Array:
    """Values (rows, width, samples) as rows of bytes, as the predictors of TIFF 6.0 make them."""
    if predictor == _DELTA:
        whole = part.astype(part.dtype.newbyteorder("=")).view(f"u{part.itemsize}")
        part = np.diff(whole, axis=1, prepend=whole[:, :1] * 0).astype(part.dtype.str.replace("f", "u"))
    if predictor == _FLOAT:
        parts = part.astype(part.dtype.newbyteorder(">"))[..., None].view(np.uint8)
        rows = np.moveaxis(parts, 3, 1).reshape(len(part), -1, part.shape[2])
        return np.diff(rows, axis=1, prepend=rows[:, :1] * 0).reshape(len(part), -1)
    return np.ascontiguousarray(part).view(np.uint8).reshape(len(part), -1)


def write(path: Path, values: Array, compression: int, predictor: int, order: Any, **layout: Any) -> None:
    """A TIFF in tiles of 16 x 32, or in strips of 16 rows."""
    values = values.astype(values.dtype.newbyteorder(order))
    planes = [values[..., each, None] for each in range(values.shape[2])] if layout.pop("apart") else [values]
    width = 32 if layout["tile"] else values.shape[1]
    parts = list[bytes]()
    for plane in planes:
        tall, wide = (-(-side // step) * step for side, step in zip(plane.shape, (16, width), strict=False))
        padding = ((0, (tall if layout["tile"] else len(plane)) - len(plane)), (0, wide - plane.shape[1]), (0, 0))
        padded = np.pad(plane, padding)
        for top in range(0, len(padded), 16):
            for left in range(0, wide, width):
                part = np.ascontiguousarray(padded[top : top + 16, left : left + width])
                parts.append(pack(predict(part, predictor), compression))
    shape = values.shape if len(planes) == 1 else (len(planes), *values.shape[:2])
    layout |= {"planarconfig": "contig" if len(planes) == 1 else "separate"} if values.shape[2] > 1 else {}
    layout |= {} if layout["tile"] else {"rowsperstrip": 16}
    layout = {"photometric": "minisblack"} | layout
    shape = shape if values.shape[2] > 1 else shape[:2]
    # tifffile has neither the compression nor the predictor to write: both are put into their tags afterwards.
    stream = io.BytesIO()
    tifffile.imwrite(
        stream, iter(parts), shape=shape, dtype=values.dtype, compression="zlib",
        metadata=None, byteorder=order, extratags=[(318, "H", 1, predictor, True)], **layout,
    )  # fmt: skip
    data = stream.getvalue()
    for (old, number), new in (((318, predictor), 317), ((259, 8), 259)):
        entry = struct.pack(f"{order}HHIH", old, 3, 1, number)
        assert data.count(entry) == 1
        data = data.replace(entry, struct.pack(f"{order}HHIH", new, 3, 1, number if new == 317 else compression))
    path.write_bytes(data)


@pytest.mark.parametrize(("dtype", "predictor"), _FORMS)
def test_every_channel_of_a_packed_tiff_comes_back_exactly(dtype: str, predictor: int, tmp_path: Path) -> None:
    for channels, compression, order, apart, tile in (
        (1, _LZW, "<", False, (16, 32)), (3, _LZW, ">", False, (16, 32)), (4, _ZSTD, "<", False, None),
        (5, _LZW, "<", True, None), (3, _LZW, "<", True, (16, 32)),
    ):  # fmt: skip
        values = np.random.default_rng(1).normal(0, 1000, (40, 50, channels)).astype(dtype)
        write(tmp_path / "a.tif", values, compression, predictor, order, apart=apart, tile=tile)
        again = read_array(tmp_path / "a.tif").reshape(values.shape)
        assert again.dtype == dtype
        assert again.tobytes() == values.tobytes(), (channels, compression, order)


@pytest.mark.parametrize(("compression", "apart"), [(_ZSTD, False), (_ZSTD, True), (_LZW, True)])
def test_class_numbers_that_16_bits_of_rgb_repeat_are_read_however_they_are_packed(
    compression: int, apart: bool, tmp_path: Path
) -> None:
    numbers = np.random.default_rng(1).integers(0, 5, (40, 50, 1)).astype(np.uint16).repeat(3, axis=2)
    write(tmp_path / "a.tif", numbers, compression, _DELTA, "<", apart=apart, tile=(16, 32), photometric="rgb")
    found = read_label_picture(tmp_path / "a.tif").numbers
    assert found is not None
    assert (found == numbers[..., 0]).all()


@pytest.mark.parametrize("bits", [3, 7, 9, 12, 14])
def test_values_of_any_bits_without_gaps_come_back_exactly(bits: int, tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 1 << bits, (24, 21), np.uint16)
    rows = np.packbits((values[..., None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8).reshape(24, -1), axis=1)
    Image.fromarray(rows).save(tmp_path / "a.tif", compression="tiff_lzw")
    overwrite(tmp_path / "a.tif", ImageWidth=21, BitsPerSample=bits)
    assert (read_array(tmp_path / "a.tif") == values).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_compression_that_is_not_read_is_named(dtype: str, tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "a.tif", np.ones((40, 50, 1), dtype), _NONE, 1, "<", apart=False, tile=None)
    overwrite(tmp_path / "a.tif", Compression=_LERC)
    with refused("unknown-tiff") as caught:
        read_array(tmp_path / "a.tif")
    assert "LERC" in caught.value.what


@pytest.mark.parametrize("tags", [{"Compression": _WEBP}, {"PhotometricInterpretation": _LAB}])
def test_photos_that_pillow_cannot_read_are_told_from_damage(
    tags: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr(tiff_kinds, "_knows_webp", lambda: False)
    write(tmp_path / "a.tif", np.ones((40, 50, 3), np.uint8), _NONE, 1, "<", apart=True, tile=None, photometric="rgb")
    overwrite(tmp_path / "a.tif", **tags)
    for read in (read_array, read_photo):
        with refused("unknown-tiff"):
            read(tmp_path / "a.tif")


def test_a_bigtiff_of_bio_formats_is_read_though_pillow_does_not(tmp_path: Path, refused: "Refused") -> None:
    values = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    for each in (values, values[..., 0]):
        tifffile.imwrite(tmp_path / "a.tif", each, bigtiff=True, byteorder=">")
        assert (read_array(tmp_path / "a.tif") == each).all()
    for kind, table in (("miniswhite", None), ("palette", np.zeros((3, 256), np.uint16))):
        tifffile.imwrite(
            tmp_path / "a.tif", values[..., 0], bigtiff=True, byteorder=">", photometric=kind, colormap=table
        )
        with refused("unknown-tiff"):
            read_array(tmp_path / "a.tif")


def test_tiles_that_gdal_left_out_are_told_from_a_cut_file(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "a.tif", np.ones((40, 50, 1), np.uint16), _LZW, 1, "<", apart=False, tile=(16, 32))
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        page: Any = tiff.pages[0]
        left_out = {tag: (*page.tags[tag].value[:-1], 0) for tag in ("TileOffsets", "TileByteCounts")}
    overwrite(tmp_path / "a.tif", **left_out)
    with refused("damaged-file") as caught:
        read_array(tmp_path / "a.tif")
    assert "gdal_translate" in caught.value.to_do
