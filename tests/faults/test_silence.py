"""What used to be passed over in silence: folders closed to us, broken links, half of a picture, a model of NaN."""

import errno
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_cli import app
from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import LeftOut, find_files, find_pictures
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.index import read_label_picture
from p2p_datatools.derivations.build import derive
from p2p_datatools.derivations.operations import Gray
from p2p_datatools.labels.read import read_labels
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.disassemble import take_apart
from p2p_datatools.sheets.contact import contact_sheet
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.evaluation.scores import EvaluationRequest, evaluate
from p2p_gan.inference.sampling import sample
from p2p_gan.runs.compare import read_runs
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from faults.conftest import Cars

Close = Callable[[Path], None]
SMALL = {
    **{"size": "32x32", "images": 2, "device": "cpu", "precision": "float32", "threads": 1},
    **{"generator_filters": 4, "max_filters": 8, "discriminator_filters": 4},
}


@pytest.fixture
def close(monkeypatch: pytest.MonkeyPatch) -> Close:
    """Close a folder to this process, as chmod does to everybody but root."""

    def refuse(folder: Path) -> None:
        real = os.scandir

        def scandir(path: Any = ".") -> Any:
            if Path(path) == folder:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)

    return refuse


@pytest.fixture
def folders(cars: "Cars", tmp_path: Path) -> tuple[Path, Path]:
    """Label pictures and photos, two of four in a subfolder."""
    for name in ("masks", "photos"):
        for file in sorted((cars.place / name).rglob("*.*")):
            if file.suffix in (".png", ".jpg"):
                target = tmp_path / name / ("deep" if file.stem[-1] in "01" else "") / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
    return tmp_path / "masks", tmp_path / "photos"


CALLS: dict[str, Callable[[Path, Path, Path, bool], object]] = {
    "pair": lambda masks, photos, out, go: pair(masks, photos, out, keep_going=go),
    "derive": lambda masks, photos, out, go: derive(photos, out, Gray(), keep_going=go),
    "build-masks": lambda masks, photos, out, go: build_masks(
        masks, out, palette=load_palette("cars"), photos=photos, mapping={"ids": "palette"}, keep_going=go
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_subfolder_that_is_closed_to_us_is_an_error_and_with_keep_going_a_skip(
    call: str, folders: tuple[Path, Path], tmp_path: Path, close: Close, refused: "Refused"
) -> None:
    close(folders[1] / "deep")
    with refused("pictures-failed") as error:
        CALLS[call](*folders, tmp_path / "out", False)
    assert "unreadable-folder" in {part.code for part in error.value.parts}
    summary: Any = CALLS[call](*folders, tmp_path / "out", True)
    assert len([file for file in (tmp_path / "out").rglob("*.png") if not file.name.startswith(".")]) == 2
    assert [skip for skip in summary.skipped if skip.code == "unreadable-folder" and "deep" in skip.what]


@pytest.mark.parametrize("call", [contact_sheet, find_pictures, lambda path: find_files(path, "*.jpg")])
def test_a_folder_that_is_closed_to_us_is_refused_where_nothing_is_skipped(
    call: Callable[[Path], object], folders: tuple[Path, Path], close: Close, refused: "Refused"
) -> None:
    close(folders[1] / "deep")
    with refused("unreadable-folder", folders[1]):
        call(folders[1])


def test_a_check_looks_at_the_rest_of_a_folder_with_a_part_that_is_closed_to_us(
    folders: tuple[Path, Path], close: Close
) -> None:
    close(folders[1] / "deep")
    found = check(folders[1])
    assert (found.checked, found.ok) == (2, False)
    assert "unreadable-folder" in {each.code for each in found.findings}


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"a.txt": "0 0.5 0.5 0.2 0.2", "classes.txt": "car"}, "yolo"),
        ({"a.json": '{"imagePath": "a.jpg", "shapes": []}', "deep/b.json": "{}"}, "labelme"),
        ({"deep/a_gtFine_labelIds.png": ""}, "cityscapes"),
    ],
)
def test_labels_in_a_folder_that_is_closed_to_us_do_not_go_missing(
    files: dict[str, str], kind: str, tmp_path: Path, close: Close
) -> None:
    for name, text in files.items():
        (tmp_path / "labels" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "labels" / name).write_text(text)
    (tmp_path / "labels" / "deep").mkdir(exist_ok=True)
    close(tmp_path / "labels" / "deep")
    codes = set()
    try:
        codes = {skip.code for skip in read_labels(tmp_path / "labels", kind).skipped}
    except P2PError as error:
        codes = {error.code}
    assert "unreadable-folder" in codes


def test_a_changed_pixel_is_refused_by_all_that_use_pairs_listed_by_check_and_shown_all_the_same(
    given: Callable[[bool], Path], tmp_path: Path
) -> None:
    pairs, model = tmp_path / "pairs", given(True) / "run"
    shutil.copytree(given(True) / "split", pairs)
    for file in pairs.rglob("*.png"):
        with Image.open(file) as picture:
            pixels = np.array(picture)
        pixels[0, 0] ^= 1
        Image.fromarray(pixels).save(file)
    config = with_settings(PRESETS["tiny"], SMALL)
    uses: dict[str, Callable[[], object]] = {
        "train": lambda: train(pairs, tmp_path / "run", config),
        "sample": lambda: sample(model, pairs, tmp_path / "out"),
        "evaluate": lambda: evaluate(model, pairs, asked=EvaluationRequest("train")),
        "halves": lambda: take_apart(pairs, tmp_path / "halves"),
    }
    for name, use in uses.items():
        with pytest.raises(P2PError) as caught:
            use()
        assert "hash-differs" in {caught.value.code, *(part.code for part in caught.value.parts)}, name
    assert len([finding for finding in check(pairs).findings if finding.code == "hash-differs"]) == 4
    assert contact_sheet(pairs, limit=4).size


def test_a_closed_subfolder_of_inputs_is_an_error_of_sample_and_with_keep_going_a_skip(
    given: Callable[[bool], Path], tmp_path: Path, close: Close, refused: "Refused"
) -> None:
    masks = tmp_path / "masks"
    shutil.copytree(given(True) / "masks", masks)
    (masks / "deep").mkdir()
    close(masks / "deep")
    with refused("unreadable-folder", masks):
        sample(given(True) / "run", masks, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    summary = sample(given(True) / "run", masks, tmp_path / "out", keep_going=True)
    assert summary.written == 4
    assert [skip.code for skip in summary.skipped] == ["unreadable-folder"]
    assert "deep" in (tmp_path / "out" / "skipped.jsonl").read_text()


def test_a_closed_subfolder_of_runs_is_said_and_the_others_are_listed(
    given: Callable[[bool], Path], tmp_path: Path, close: Close, capsys: pytest.CaptureFixture[str], refused: "Refused"
) -> None:
    shutil.copytree(given(True) / "run", tmp_path / "runs" / "one")
    (tmp_path / "runs" / "two").mkdir()
    close(tmp_path / "runs" / "two")
    assert app.main(["runs", str(tmp_path / "runs")]) == 1
    said = capsys.readouterr()
    assert "has a folder that cannot be read: two (Permission denied)" in said.err
    assert "finished" in said.out
    with refused("unreadable-folder", tmp_path / "runs"):
        read_runs([tmp_path / "runs"])


def test_broken_links_links_to_folders_and_pipes_are_named_and_counted(
    folders: tuple[Path, Path], tmp_path: Path, notes: "Notes"
) -> None:
    photos = folders[1]
    (photos / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (photos / "circle.jpg").symlink_to("circle.jpg")
    (photos / "more").symlink_to(photos / "deep")
    os.mkfifo(photos / "pipe.jpg")
    derive(photos, tmp_path / "out", Gray(), report=notes)
    told = "2 broken links, 1 link to a folder, 1 pipe, socket or device (first: circle.jpg)"
    assert [line for line in notes.lines if told in line]
    others = LeftOut(photos)
    find_pictures(photos, others=others)
    assert others.count == 4


PNGS = [(0, 1), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (6, 8), (6, 16)]


def write_rows(path: Path, color: int, depth: int, rows: int, *, interlaced: bool = False) -> Path:
    """A PNG of 16 by 16 pixels of which so many rows are there, with whole chunks and right checksums."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    length = (16 * channels * depth + 7) // 8
    pixels = (bytes(1 + length)) * rows

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 16, 16, depth, color, 0, 0, int(interlaced))
    table = chunk(b"PLTE", bytes(3 * 2**depth)) if color == 3 else b""
    body = chunk(b"IHDR", head) + table + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.mark.parametrize("rows", [1, 8, 15])
@pytest.mark.parametrize(("color", "depth"), PNGS)
def test_a_png_with_half_of_its_rows_is_damage_however_its_pixels_are_stored(
    color: int, depth: int, rows: int, tmp_path: Path, refused: "Refused"
) -> None:
    path = write_rows(tmp_path / "a.png", color, depth, rows)
    for read in (read_array, read_label_picture):
        with refused("damaged-file", path):
            read(path)
    read_array(write_rows(tmp_path / "whole.png", color, depth, 16))


def test_an_interlaced_png_is_whole_with_the_rows_of_all_its_passes(tmp_path: Path, refused: "Refused") -> None:
    path = write_rows(tmp_path / "a.png", 3, 8, 16, interlaced=True)  # 30 shorter rows would be right
    with refused("damaged-file", path):
        read_label_picture(path)
    Image.fromarray(np.zeros((16, 16), np.uint8)).convert("P").save(tmp_path / "b.png", interlace=1)
    read_label_picture(tmp_path / "b.png")
