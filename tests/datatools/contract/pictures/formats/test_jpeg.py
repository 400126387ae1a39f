"""JPEG files that end properly but stop in the middle: found, and no whole file taken for one."""

import contextlib
import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.pictures.formats import jpeg
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.pillow import open_image

if TYPE_CHECKING:
    from conftest import Refused

END = b"\xff\xd9"
KINDS: Mapping[str, Mapping[str, object]] = {
    "one pass": {},
    "full colour": {"subsampling": 0, "quality": 97},
    "own tables": {"optimize": True, "quality": 30},
    "restarts": {"restart_marker_blocks": 5},
    "progressive": {"progressive": True, "quality": 90},
    "progressive with restarts": {"progressive": True, "restart_marker_rows": 2},
}


def drawn(mode: str = "RGB") -> Image.Image:
    rows, columns = np.mgrid[:75, :101]
    waves = [128 + 90 * np.sin(columns / 9 + channel) * np.cos(rows / (7 + channel)) for channel in range(3)]
    noise = np.random.default_rng(0).normal(0, 8, (75, 101, 3))
    return Image.fromarray((np.stack(waves, axis=-1) + noise).clip(0, 255).astype(np.uint8)).convert(mode)


def saved(image: Image.Image, **how: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **how)
    return buffer.getvalue()


def closed(data: bytes, length: int) -> bytes:
    """The first bytes of a JPEG, with an end as whole ones have it."""
    return data[:length].rstrip(b"\xff") + END


def last_scan(data: bytes) -> int:
    return data.rindex(b"\xff\xda")


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("kind", KINDS)
def test_half_a_scan_is_cut_off_though_the_file_ends_properly(
    tmp_path: Path, kind: str, mode: str, refused: "Refused"
) -> None:
    data = saved(drawn(mode), **KINDS[kind])
    (tmp_path / "a.jpg").write_bytes(data)
    assert read_photo(tmp_path / "a.jpg").shape == (75, 101, 3)
    for part in (0.3, 0.5, 0.9):
        first = last_scan(data) if mode != "CMYK" else data.index(b"\xff\xda")
        (tmp_path / "a.jpg").write_bytes(closed(data, first + int(part * (len(data) - first))))
        with refused("damaged-file", tmp_path / "a.jpg"):
            read_photo(tmp_path / "a.jpg")


def test_a_scan_that_stops_where_the_next_restart_would_be_is_cut_off(tmp_path: Path, refused: "Refused") -> None:
    data = saved(drawn(), restart_marker_rows=1)
    (tmp_path / "a.jpg").write_bytes(closed(data, data.index(b"\xff\xd2", last_scan(data))))
    with refused("damaged-file", tmp_path / "a.jpg"):
        read_photo(tmp_path / "a.jpg")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grey", [127, 128])
def test_a_whole_picture_that_is_as_grey_as_missing_rows_is_read(tmp_path: Path, kind: str, grey: int) -> None:
    picture = np.asarray(drawn()).copy()
    picture[30:] = grey
    (tmp_path / "a.jpg").write_bytes(saved(Image.fromarray(picture), **KINDS[kind]))
    last = read_photo(tmp_path / "a.jpg")[-1].astype(int)
    assert abs(last - grey).max() <= 1


@pytest.mark.parametrize("behind", [b"", b"\0" * 700, END, b"\xff\xd8 another picture \xff\xda\0\2" + b"x" * 99])
def test_what_lies_behind_a_whole_picture_does_not_matter(tmp_path: Path, behind: bytes) -> None:
    picture = np.full((40, 40, 3), 128, dtype=np.uint8)
    data = saved(Image.fromarray(picture))
    (tmp_path / "a.jpg").write_bytes(data[:-2] + b"\0\0" + b"\xff" + END + behind)
    assert (read_photo(tmp_path / "a.jpg") == picture).all()


def test_a_preview_in_its_head_is_not_taken_for_the_picture(tmp_path: Path, refused: "Refused") -> None:
    preview = b"Exif\0\0" + saved(drawn().resize((16, 16)))
    data = saved(drawn(), exif=preview)
    (tmp_path / "whole.jpg").write_bytes(data)
    (tmp_path / "half.jpg").write_bytes(closed(data, last_scan(data) + (len(data) - last_scan(data)) // 2))
    assert read_photo(tmp_path / "whole.jpg").shape == (75, 101, 3)
    with refused("damaged-file", tmp_path / "half.jpg"):
        read_photo(tmp_path / "half.jpg")


RESTARTS: Mapping[str, Mapping[str, object]] = {
    "colour": {"restart_marker_blocks": 4},
    "not sampled down": {"restart_marker_blocks": 7, "subsampling": 0},
    "rows": {"restart_marker_rows": 1, "subsampling": 1},
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("kind", RESTARTS)
def test_an_interval_between_restart_markers_is_missing(
    tmp_path: Path, kind: str, mode: str, refused: "Refused"
) -> None:
    data = saved(drawn(mode).resize((180, 130)), **RESTARTS[kind])
    (tmp_path / "whole.jpg").write_bytes(data)
    second, third = data.index(b"\xff\xd1", last_scan(data)), data.index(b"\xff\xd2", last_scan(data))
    (tmp_path / "less.jpg").write_bytes(data[:second] + data[third:])
    (tmp_path / "marker.jpg").write_bytes(data[:second] + data[second + 2 :])
    assert read_photo(tmp_path / "whole.jpg").shape == (130, 180, 3)
    for name in ("less.jpg", "marker.jpg"):
        with refused("damaged-file", tmp_path / name):
            read_photo(tmp_path / name)


def count_decodings(image: Image.Image, data: bytes) -> int:
    opened = []

    def reopen(stream: io.BytesIO) -> Image.Image:
        opened.append(stream)
        return open_image(stream)

    jpeg.refuse_cut_scan(data, image, reopen)
    return len(opened)


def test_a_usual_photo_is_decoded_once() -> None:
    data = saved(drawn().resize((200, 150)))
    with Image.open(io.BytesIO(data)) as image:
        assert count_decodings(image, data) == 0


def test_a_decoder_that_refuses_the_added_bytes_accuses_nothing() -> None:
    data = saved(Image.new("RGB", (40, 40), (128, 128, 128)))

    def refuse(stream: io.BytesIO) -> Image.Image:
        raise OSError(stream)

    read: Callable[[io.BytesIO], Image.Image] = refuse
    with Image.open(io.BytesIO(data)) as image:
        jpeg.refuse_cut_scan(data, image, read)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xda", b"\xff\xd8\xff\xc0\0\0\xff\xda\0\0", END])
def test_bytes_that_are_no_whole_jpeg_are_left_to_the_decoder(data: bytes) -> None:
    jpeg.refuse_cut_scan(data, Image.new("RGB", (8, 8), (128, 128, 128)), open_image)


def test_a_sector_that_was_erased_takes_no_time() -> None:
    data = saved(drawn(), **KINDS["progressive"])
    scan = data.index(b"\xff\xda") + 40
    erased = data[:scan] + b"\xff" * (1 << 17) + b"\0" + data[scan:]  # as flash memory has it
    started = time.process_time()
    with Image.open(io.BytesIO(erased)) as image, contextlib.suppress(ValueError):
        image.load()
        jpeg.refuse_cut_scan(erased, image, open_image)
    assert time.process_time() - started < 5
