"""No command that lists a folder leaves a file out without saying so, nor takes the first page of several."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.pairs.halves import read_pair
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.pairs.opening import read_foreign
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.derivations.build import derive
from p2p_datatools.derivations.operations import operation
from p2p_datatools.masks.build import PaintOptions, build_masks
from p2p_datatools.pairs.build import PairOptions, pair
from p2p_datatools.pairs.disassemble import take_apart
from p2p_datatools.sheets.contact import SheetOptions, contact_sheet

if TYPE_CHECKING:
    from conftest import Notes, Refused

CARS = load_palette("cars")
FRAMES = [np.full((24, 40, 3), 60 * number + 20, np.uint8) for number in range(3)]
Call = Callable[[Path, Path, ReadOptions, Reporter], object]


def _derive(folder: Path, dest: Path, read: ReadOptions, report: Reporter) -> object:
    return derive(folder, dest, operation("gray", {}), read=read, report=report)


def _pair(folder: Path, dest: Path, read: ReadOptions, report: Reporter) -> object:
    left = dest.with_name("left")
    for path in folder.glob("*.png"):
        write_png(left / path.name, np.random.default_rng(1).integers(0, 255, (24, 40, 3), dtype=np.uint8))
    return pair(left, folder, dest, ways=PairOptions(read=read), report=report)


def _masks(folder: Path, dest: Path, read: ReadOptions, report: Reporter) -> object:
    labels = dest.with_name("labels")
    for path in folder.glob("*.png"):
        write_png(labels / path.name, np.tile(np.arange(5, dtype=np.uint8), (24, 8)))
    ids = {str(number): name for number, name in enumerate(CARS.names)}
    how = PaintOptions(read=read)
    return build_masks(labels, dest, palette=CARS, mapping=ids, photos=folder, how=how, report=report)


def _labels(folder: Path, dest: Path, read: ReadOptions, report: Reporter) -> object:
    table = {f"#{20 + 60 * number:02x}{20 + 60 * number:02x}{20 + 60 * number:02x}": "body" for number in range(3)}
    how = PaintOptions(read=read)
    return build_masks(folder, dest, palette=CARS, format="colors", mapping=table, how=how, report=report)


def _show(folder: Path, dest: Path, read: ReadOptions, report: Reporter) -> object:
    return contact_sheet(folder, how=SheetOptions(read=read), report=report)


CALLS = pytest.mark.parametrize("call", [_derive, _pair, _masks, _labels, _show])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    Image.fromarray(FRAMES[1]).save(tmp_path / "photos" / "a.png")
    return tmp_path / "photos"


def several(path: Path) -> Path:
    first, *others = map(Image.fromarray, FRAMES)
    first.save(path, save_all=True, append_images=others)
    return path


@CALLS
def test_what_is_left_out_is_said_in_one_line(call: Call, folder: Path, tmp_path: Path, notes: "Notes") -> None:
    for name in ("b.heic", "c.heic", "film.mp4", "readme.txt"):
        (folder / name).write_bytes(b"x")
    result = call(folder, tmp_path / "out", ReadOptions(), notes)
    assert [line for line in notes.lines if "2 .heic" in line and "1 .mp4" in line and "3 files" in line]
    if not isinstance(result, np.ndarray):
        told = getattr(result, "left_out")  # noqa: B009 - each kind of summary has it
        [found] = [each for each in (told if isinstance(told, tuple) else (told,)) if each.kinds]
        assert found.kinds == {".heic": 2, ".mp4": 1}


@CALLS
def test_a_picture_of_several_is_refused_until_a_page_is_chosen(
    call: Call, folder: Path, tmp_path: Path, notes: "Notes"
) -> None:
    several(folder / "a.png")
    with pytest.raises(P2PError) as error:
        call(folder, tmp_path / "out", ReadOptions(), notes)
    assert "--page" in str(error.value)
    call(folder, tmp_path / "chosen", ReadOptions(2), notes)


def test_check_finds_what_is_not_read_and_what_has_several_pages(folder: Path) -> None:
    (folder / "b.heic").write_bytes(b"x")
    several(folder / "c.png")
    assert {(each.severity, each.code) for each in check(folder).findings} == {
        ("warning", "other-kinds"),
        ("error", "several-pages"),
        ("warning", "constant-pictures"),
    }
    assert "several-pages" not in {each.code for each in check(folder, read=ReadOptions(1)).findings}


def test_a_pair_is_of_the_chosen_page_which_its_manifest_records(
    folder: Path, tmp_path: Path, notes: "Notes", refused: "Refused"
) -> None:
    several(folder / "a.png")
    _pair(folder, tmp_path / "out", ReadOptions(3), notes)
    assert (read_pair(tmp_path / "out" / "all" / "a.png")[1] == FRAMES[2]).all()
    assert read_manifest(tmp_path / "out").provenance["page"] == 3
    _pair(folder, tmp_path / "out", ReadOptions(3), notes)
    for other in (ReadOptions(2), ReadOptions()):
        with refused("other-settings", tmp_path / "out", usage=True):
            _pair(folder, tmp_path / "out", other, notes)


def test_derived_pictures_of_another_page_are_not_mixed_in(
    folder: Path, tmp_path: Path, notes: "Notes", refused: "Refused"
) -> None:
    several(folder / "a.png")
    _derive(folder, tmp_path / "out", ReadOptions(2), notes)
    assert read_json(tmp_path / "out" / "derive.json")["page"] == 2
    for other in (ReadOptions(1), ReadOptions()):
        with pytest.raises(UsageError):
            _derive(folder, tmp_path / "out", other, notes)


def test_an_ordinary_pix2pix_folder_tells_what_is_not_read(tmp_path: Path, notes: "Notes", refused: "Refused") -> None:
    write_png(tmp_path / "ab" / "train" / "1.png", np.zeros((8, 16, 3), np.uint8))
    (tmp_path / "ab" / "train" / "2.heic").write_bytes(b"x")
    assert any("1 .heic" in line for line in read_foreign(tmp_path / "ab").assumed)
    take_apart(tmp_path / "ab", tmp_path / "out", report=notes)
    assert any("1 .heic" in line for line in notes.lines)
    (tmp_path / "ab" / "train" / "1.png").unlink()
    with refused("no-pictures", tmp_path / "ab"):
        read_foreign(tmp_path / "ab")
