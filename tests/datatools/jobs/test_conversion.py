"""Pictures to pictures: by what they are known again; what the engine does with that, its own tests say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from p2p_datatools.contract.files import work
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.pictures.images import read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.jobs.conversion import (
    CONVERSION_WEIGHT,
    ConversionLine,
    ConversionResult,
    Product,
    Source,
    convert,
    read_conversion,
    write_conversion,
)

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Noise, WritePhotos

LINE = ConversionLine("b/ü", "b/ü.jpg", "abc", Size(4, 3), {"mask/b/ü.png": "def"}, {"mask/b/ü.png": {"body": 12}})


def negative(source: Source) -> list[Product]:
    return [Product(f"{source.name}.png", 255 - read_photo(source.path))]


def run(tmp_path: Path, *names: str) -> ConversionResult:
    sources = [Source(name, tmp_path / "from", f"{name}.png") for name in names]
    with Destination(tmp_path / "to", marker="made.json", recipe={}) as destination:
        done = convert(sources, negative, destination, journal="made.jsonl")

        def write(at: Path) -> None:
            write_conversion(at / "made.jsonl", done.lines)
            (at / "made.json").write_text("{}")

        if not done.skipped:
            destination.commit(write)
    return done


@pytest.fixture
def photos(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    return write_photos(tmp_path / "from", "a.png", "b.png", "c.png")


def test_every_picture_is_made_once_and_then_kept(tmp_path: Path, photos: Path, noise: "Noise") -> None:
    assert run(tmp_path, "a", "b").made == 2
    made = (tmp_path / "to" / "a.png").stat().st_mtime_ns
    again = run(tmp_path, "a", "b", "c")
    assert (again.made, again.kept, sorted(again.lines)) == (1, 2, ["a", "b", "c"])
    assert (tmp_path / "to" / "a.png").stat().st_mtime_ns == made
    assert (read_photo(tmp_path / "to" / "c.png") == 255 - noise(2)).all()


def test_a_source_rewritten_with_the_same_pixels_has_not_changed(tmp_path: Path, photos: Path, noise: "Noise") -> None:
    run(tmp_path, "a")
    old = (photos / "a.png").read_bytes()
    Image.fromarray(noise(0)).save(photos / "a.png", compress_level=9)
    assert (photos / "a.png").read_bytes() != old
    assert run(tmp_path, "a").kept == 1


def test_a_source_that_changed_is_a_skip_and_its_picture_is_not_overwritten(
    tmp_path: Path, photos: Path, noise: "Noise"
) -> None:
    run(tmp_path, "a")
    write_png(photos / "a.png", noise(9))
    (skip,) = run(tmp_path, "a").skipped
    assert (skip.code, skip.where) == ("source-changed", str(photos / "a.png"))
    assert f"Delete {tmp_path / 'to' / 'a.png'} " in skip.to_do
    assert (read_photo(tmp_path / "to" / "a.png") == 255 - noise(0)).all()
    (tmp_path / "to" / "a.png").unlink()
    assert run(tmp_path, "a").made == 1
    assert (read_photo(tmp_path / "to" / "a.png") == 255 - noise(9)).all()


def test_unfinished_work_that_is_tried_again_does_not_grow(tmp_path: Path, photos: Path) -> None:
    (photos / "c.png").write_bytes(b"no picture")
    run(tmp_path, "a", "b", "c")
    journal = (tmp_path / "to.partial" / ".journal.jsonl").read_bytes()
    assert run(tmp_path, "a", "b", "c").made == 2
    assert (tmp_path / "to.partial" / ".journal.jsonl").read_bytes() == journal


def test_of_24_megapixels_one_photo_is_changed_at_a_time_and_of_12_two() -> None:
    assert 2 * CONVERSION_WEIGHT * 3 * 12_000_000 <= work.BUDGET
    assert 2 * CONVERSION_WEIGHT * 3 * 24_000_000 > work.BUDGET


def test_lines_are_written_in_the_order_of_their_names_and_read_back(tmp_path: Path) -> None:
    other = ConversionLine("a", "a.png", "x", Size(1, 1), {"a.png": "y"})
    write_conversion(tmp_path / "x.jsonl", {"b/ü": LINE, "a": other})
    assert list(read_conversion(tmp_path / "x.jsonl").items()) == [("a", other), ("b/ü", LINE)]


@pytest.mark.parametrize("file", ["../a.png", "/a.png"])
def test_a_line_that_leads_out_of_the_folder_is_refused(tmp_path: Path, file: str, refused: "Refused") -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps(LINE.to_json() | {"files": {file: "x"}}) + "\n")
    with refused("path-leads-out", tmp_path / "x.jsonl"):
        read_conversion(tmp_path / "x.jsonl")


@pytest.mark.parametrize("text", ["3\n", "{}\n", '{"name": "a", "size": [1]}\n'])
def test_damaged_lines_are_one_line_naming_the_file(tmp_path: Path, text: str, refused: "Refused") -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with refused("damaged-file", tmp_path / "x.jsonl"):
        read_conversion(tmp_path / "x.jsonl")
