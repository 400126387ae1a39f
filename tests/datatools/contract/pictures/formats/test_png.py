"""PNG the quick way: the same pixels as the long way, and no doubtful or damaged file taken for a plain one."""

import io
import runpy
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import read_photo, write_png
from p2p_datatools.contract.pictures.index import read_label_picture

if TYPE_CHECKING:
    from conftest import Refused


def test_the_decoders_of_an_older_opencv_are_silenced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[int] = []
    monkeypatch.delattr("cv2.utils.logging", raising=False)
    monkeypatch.setattr("cv2.setLogLevel", levels.append, raising=False)
    runpy.run_path(str(png.__file__))
    assert levels == [0]


def random_values(*shape: int, dtype: str = "uint8") -> NDArray[np.uint8 | np.uint16]:
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return np.asarray(values)


def saved(picture: Image.Image, **keywords: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **keywords)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A chunk right behind the header."""
    return data[:33] + chunk(kind, body) + data[33:]


PLAIN = saved(Image.fromarray(random_values(24, 40, 3)))


def test_bytes_are_the_same_wherever_the_packer_lies_in_memory() -> None:
    # Rows are all the same, so that a stray entry in the packer's table of strings for one of the first bytes changes
    # what is packed; each picture has a chance of its own of about 1 in 3,000 to show one.
    rows = np.random.default_rng(0).integers(0, 256, (5000, 1, 70), dtype=np.uint8)
    table = np.zeros((256, 3), dtype=np.uint8)
    pictures = [np.repeat(row, 500, axis=0) for row in rows]
    before = [b"".join(png.encode(picture, table)) for picture in pictures]
    others = [isal_zlib.compressobj(1) for _ in range(40)]
    after = [b"".join(png.encode(picture, table)) for picture in pictures]
    assert len(others) == 40
    assert [n for n, (one, other) in enumerate(zip(before, after, strict=True)) if one != other] == []


@pytest.mark.parametrize(("transfer", "word"), [(16, "PQ"), (18, "HLG"), (13, "")])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_values_of_hdr_are_not_taken_for_those_of_srgb(
    transfer: int, word: str, dtype: str, tmp_path: Path, refused: "Refused"
) -> None:
    pixels = random_values(24, 40, 3, dtype=dtype)
    path = tmp_path / "a.png"
    path.write_bytes(with_chunk(b"".join(png.encode(pixels)), b"cICP", bytes((9, transfer, 0, 1))))
    if not word:
        assert (read_array(path) == pixels).all()
        return
    with refused("unread-kind", path) as error:
        read_array(path)
    assert word in error.value.what


@pytest.mark.parametrize("shape", [(1, 1), (24, 40), (24, 40, 3), (3, 700_000), (900, 401, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_what_is_written_is_read_back_bit_by_bit_by_others(shape: tuple[int, ...], dtype: str, tmp_path: Path) -> None:
    import cv2

    pixels = random_values(*shape, dtype=dtype)
    data = b"".join(png.encode(pixels))
    again = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert again is not None
    assert again.dtype == dtype
    assert (again[..., ::-1] if again.ndim == 3 else again).tobytes() == pixels.tobytes()
    if dtype == "uint8":
        with Image.open(io.BytesIO(data)) as image:
            assert (np.asarray(image) == pixels).all()


def test_a_part_of_a_larger_picture_is_written_as_it_is() -> None:
    pixels = random_values(50, 60, 3)[5:40, 7:30]
    decoded = png.decode_plain(b"".join(png.encode(pixels)))
    assert decoded is not None
    assert (decoded == pixels).all()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_plain_picture_comes_out_as_pillow_gives_it(mode: str) -> None:
    picture = Image.fromarray(random_values(24, 40, 3)).convert(mode)
    decoded = png.decode_plain(saved(picture))
    assert decoded is not None
    assert (decoded == np.asarray(picture.convert("RGB"))).all()


@pytest.mark.parametrize("kind", sorted(png.HARMLESS))
def test_chunks_taken_for_harmless_change_no_pixel(kind: bytes) -> None:
    bodies = {
        b"gAMA": struct.pack(">I", 22_000),
        b"cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
        b"sBIT": bytes([5, 5, 5]),
        b"bKGD": struct.pack(">3H", 1, 2, 3),
        b"sRGB": b"\0",
        b"pHYs": struct.pack(">IIB", 1, 2, 0),
        b"tIME": struct.pack(">HBBBBB", 2020, 1, 1, 1, 1, 1),
        b"tEXt": b"Comment\0a car",
        b"zTXt": b"Comment\0\0" + zlib.compress(b"a car"),
    }
    decoded = png.decode_plain(with_chunk(PLAIN, kind, bodies[kind]))
    assert decoded is not None
    assert (decoded == random_values(24, 40, 3)).all()


def test_whatever_may_change_pixels_is_left_to_the_long_way() -> None:
    picture = Image.fromarray(random_values(24, 40, 3))
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n 0\n")
    doubtful = {
        "transparency": saved(picture, transparency=(1, 2, 3)),
        "alpha": saved(picture.convert("RGBA")),
        "palette": saved(picture.convert("P")),
        "one bit": saved(picture.convert("1")),
        "profile": saved(picture, icc_profile=b"any"),
        "exif": with_chunk(PLAIN, b"eXIf", b"II"),
        "xmp": with_chunk(PLAIN, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
        "exif in text": saved(picture, pnginfo=text),
        "16 bits": b"".join(png.encode(random_values(4, 4, 3, dtype="uint16"))),
        "too large": PLAIN[:16] + struct.pack(">II", 30_000, 30_000) + PLAIN[24:],
        "a jpeg": b"\xff\xd8" + PLAIN,
        "short": PLAIN[:20],
    }
    assert {what: png.decode_plain(data) for what, data in doubtful.items()} == dict.fromkeys(doubtful)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9, 0.995])
def test_a_cut_file_is_not_decoded_as_a_plain_picture_and_reading_it_is_an_error(
    cut: float, tmp_path: Path, refused: "Refused"
) -> None:
    data = PLAIN[: int(len(PLAIN) * cut)]
    assert png.decode_plain(data) is None
    (tmp_path / "a.png").write_bytes(data)
    with refused("damaged-file", tmp_path / "a.png"):
        read_photo(tmp_path / "a.png")


def test_a_flipped_bit_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str], refused: "Refused") -> None:
    data = bytearray(PLAIN)
    data[len(data) // 2] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    with refused("damaged-file", tmp_path / "a.png"):
        read_photo(tmp_path / "a.png")
    assert capfd.readouterr().err == ""


def test_rows_that_were_never_written_are_an_error_though_every_checksum_is_right(
    tmp_path: Path, refused: "Refused"
) -> None:
    start = PLAIN.index(b"IDAT")
    rows = zlib.compress(bytes(121 * 12))
    (tmp_path / "a.png").write_bytes(PLAIN[: start - 4] + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    with refused("damaged-file", tmp_path / "a.png") as error:
        read_photo(tmp_path / "a.png")
    assert "pixels are missing" in error.value.what


def test_numbers_of_colours_are_written_beside_their_table_and_read_back_by_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(png, "BAND", 64)
    rng = np.random.default_rng(0)
    numbers, table = rng.integers(0, 256, (19, 23), dtype=np.uint8), rng.integers(0, 256, (256, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(b"".join(png.encode(numbers, table)))) as image:
        assert image.mode == "P"
        assert (np.asarray(image) == numbers).all()
        assert (np.asarray(image.convert("RGB")) == table[numbers]).all()


def test_numbers_of_colours_come_out_with_their_table_and_everything_doubtful_is_left_to_the_long_way() -> None:
    rng = np.random.default_rng(0)
    numbers, table = rng.integers(0, 256, (19, 23), dtype=np.uint8), rng.integers(0, 256, (256, 3), dtype=np.uint8)
    data = b"".join(png.encode(numbers, table))
    found = png.decode_indices(data)
    assert found is not None
    assert (found[0] == numbers).all()
    assert (found[1] == table).all()
    rows = data[data.index(b"IDAT") + 4 : -16]
    start, end = data[: data.index(b"IDAT") - 4], chunk(b"IEND", b"")
    filtered = bytearray(zlib.decompress(rows))
    filtered[24] = 2  # the second row is what the first leaves
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    doubtful = {
        "cut": data[: len(data) // 2],
        "without its end": data[:-12],
        "flipped": bytes(flipped),
        "transparent": data.replace(chunk(b"IEND", b""), chunk(b"tRNS", b"\0") + end),
        "turned": with_chunk(data, b"eXIf", b"MM\0*"),
        "two tables": with_chunk(data, b"PLTE", table.tobytes()),
        "filtered": start + chunk(b"IDAT", zlib.compress(filtered)) + end,
        "a row less": start + chunk(b"IDAT", zlib.compress(filtered[:-24])) + end,
        "a row more": start + chunk(b"IDAT", zlib.compress(zlib.decompress(rows) + bytes(24))) + end,
        "wrong checksum": start + chunk(b"IDAT", rows[:-1] + bytes([rows[-1] ^ 1])) + end,
        "a photo": PLAIN,
        "a second header": with_chunk(data, b"IHDR", data[16:29]),
        "another first chunk": data.replace(b"IHDR", b"IHDX", 1),
        "another compression": data[:8] + chunk(b"IHDR", data[16:26] + b"\1\0\0") + data[33:],
        "no width": data[:8] + chunk(b"IHDR", bytes(4) + data[20:29]) + data[33:],
        "no pixels": data[:8] + chunk(b"IHDR", bytes(8) + data[24:29]) + data[33:],
        "the table last": start[: start.index(b"PLTE") - 4] + chunk(b"IDAT", rows) + chunk(b"PLTE", bytes(768)) + end,
        "a long table": start[: start.index(b"PLTE") - 4] + chunk(b"PLTE", bytes(900)) + chunk(b"IDAT", rows) + end,
        "no table": start[: start.index(b"PLTE") - 4] + chunk(b"IDAT", rows) + end,
    }
    assert {what: png.decode_indices(data) for what, data in doubtful.items()} == dict.fromkeys(doubtful)


def grey_png(rows: NDArray[np.uint8], bits: int, clear: int) -> bytes:
    """A grey picture (height, width) of so many bits, of which one value is transparent."""
    single = np.unpackbits(rows[..., None], axis=-1)[..., 8 - bits :]
    packed = np.packbits(single.reshape(len(rows), -1), axis=1)
    header = struct.pack(">IIBBBBB", *rows.shape[::-1], bits, png.GREY, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(np.insert(packed, 0, 0, axis=1).tobytes()))
    return PLAIN[:8] + chunk(b"IHDR", header) + chunk(b"tRNS", struct.pack(">H", clear)) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_one_clear_grey_of_a_png_is_that_of_its_own_bits(bits: int, tmp_path: Path) -> None:
    most = (1 << bits) - 1
    rows = (np.arange(24).reshape(4, 6) * 5 % (most + 1)).astype(np.uint8)
    is_clear = rows == rows[0, 1]
    (tmp_path / "a.png").write_bytes(grey_png(rows, bits, int(rows[0, 1])))
    shown = np.where(is_clear, 255, rows.astype(int) * 255 // most)
    assert (read_photo(tmp_path / "a.png") == shown[..., None]).all()
    found = read_label_picture(tmp_path / "a.png").transparent
    assert found is not None
    assert (found == is_clear).all()


def test_the_one_clear_colour_of_a_small_table_is_that_of_its_number(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 90, 90, 90, 200, 0, 0])
    image.save(tmp_path / "a.png", bits=2, transparency=1)
    assert read_photo(tmp_path / "a.png").tolist() == [[[0, 0, 0], [255, 255, 255], [200, 0, 0]]]


def test_what_p2p_drew_says_so_and_has_the_same_pixels(tmp_path: Path) -> None:
    pixels, path = random_values(9, 12, 3), tmp_path / "sheet.png"
    assert pixels.dtype == np.uint8
    write_png(path, pixels, role="contact sheet")
    assert (read_photo(path) == pixels).all()
    with open_picture(path) as picture:
        assert picture.role == "contact sheet"
    write_png(path, pixels)
    with open_picture(path) as picture:
        assert picture.role == ""
    labelled = PngImagePlugin.PngInfo()
    labelled.add_text("Software", "Matplotlib")
    labelled.add_text("p2p", "figure")
    assert png.role_of(saved(Image.new("RGB", (4, 4)), pnginfo=labelled)) == "figure"
    assert [png.role_of(data) for data in (b"", b"GIF89a", path.read_bytes()[:40])] == [""] * 3
