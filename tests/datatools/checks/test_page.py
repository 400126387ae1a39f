"""The page of findings: escaped, in one file, with pictures where there is room, and never over another file."""

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.checks import looker
from p2p_datatools.checks import page as page_module
from p2p_datatools.checks.folder import check
from p2p_datatools.checks.page import FindingsPage
from p2p_datatools.checks.thumbnails import Thumbnail, Thumbnails
from p2p_datatools.contract import threads
from p2p_datatools.contract.errors import CheckResult, Finding
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, write_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import write_tiff
from p2p_datatools.contract.pictures.images import read_photo, write_mask, write_png
from p2p_datatools.contract.pictures.memory import open_bytes
from p2p_datatools.contract.pictures.pages import AS_USUAL
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import pair

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
HOSTILE = "<img src=x onerror=alert(1)>.png"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", HOSTILE):
        write_png(tmp_path / "photos" / name, np.full((40, 60, 3), 90, dtype=np.uint8))
    return tmp_path / "photos"


def dark(file: Path, place: tuple[int, int] | None = None) -> Finding:
    return Finding(str(file), "is dark", "Look at it.", "dark", "warning", place=place, figure=12.5)


def result_of(photos: Path) -> CheckResult:
    return CheckResult("photos", 3, tuple(dark(file) for file in sorted(photos.iterdir())))


def test_a_page_has_every_finding_and_no_name_becomes_markup(photos: Path) -> None:
    text = FindingsPage(photos, result_of(photos)).make().decode()
    assert text.count("<article") == 3
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text
    assert len(re.findall(r'<img src="data:image/jpeg;base64,', text)) == 3
    assert 'data-code="dark" data-severity="warning" data-figure="12.5"' in text
    assert not re.search(r'(src|href)="(?!data:|#)', text)


def test_pictures_stop_where_the_page_would_be_too_large_and_that_is_said(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [one] = Thumbnails(photos, "photos", photos=None, palette=None, read=AS_USUAL).draw(photos / "a.png", [])
    monkeypatch.setattr(page_module, "_BUDGET", len(one.data) * 3 // 2)
    text = FindingsPage(photos, result_of(photos)).make().decode()
    assert text.count("<article") == 3
    assert text.count("<img src") == 1
    assert "1 of these have pictures" in text
    monkeypatch.setattr(page_module, "_MOST_FILES", 2)
    text = FindingsPage(photos, result_of(photos)).make().decode()
    assert text.count("<article") == 2
    assert "2 files of 3" in text


def test_no_more_pictures_are_drawn_at_once_than_there_is_memory_for(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, most = [0], [0]

    def draw(*_: object) -> list[Thumbnail]:
        now[0] += 1
        most[0] = max(most[0], now[0])
        time.sleep(0.02)
        now[0] -= 1
        return []

    monkeypatch.setattr(Thumbnails, "draw", draw)
    monkeypatch.setattr(threads, "cores", lambda: 4)
    monkeypatch.setattr(looker, "BUDGET", 1)
    FindingsPage(photos, result_of(photos)).make()
    assert most == [1]


def test_a_ring_marks_the_place_and_the_mask_lies_over_its_photo(tmp_path: Path, photos: Path) -> None:
    mask = np.zeros((40, 60), dtype=np.uint8)
    mask[:, 30:] = 1
    write_mask(tmp_path / "masks" / "a.png", mask, CARS)
    draw = Thumbnails(tmp_path / "masks", "masks", photos=photos, palette=CARS, read=AS_USUAL).draw
    [plain] = draw(tmp_path / "masks" / "a.png", [])
    marked, detail = draw(tmp_path / "masks" / "a.png", [(10, 20, "warning")])
    assert plain.about == "a.png: the mask over its photo"
    pixels = read_photo(open_bytes(plain.data, "thumbnail")).astype(int)
    assert abs(pixels[:, : pixels.shape[1] // 3] - 90).max() < 12, "the background shows the photo"
    assert pixels[:, -20:, 0].min() > 150 > 60 > pixels[:, -20:, 1].max(), "the body is red over grey"
    ring = read_photo(open_bytes(marked.data, "thumbnail")).astype(int) - pixels
    assert np.abs(ring).max() > 80
    assert np.abs(ring[:, pixels.shape[1] // 2 :]).max() < 40
    assert "x=10, y=20" in detail.about


def test_the_ring_of_a_mask_half_lies_on_the_mask_though_it_is_the_right_one(tmp_path: Path) -> None:
    listed = [Pair("a", "train/a.png", "train", Size(60, 40), "")]
    write_manifest(PairFolder(tmp_path, Half("photo", "photo"), Half("mask", "mask"), CARS, tuple(listed)))
    both = np.full((40, 120, 3), 90, dtype=np.uint8)
    both[:, 60:] = CARS.classes[1].color
    write_png(tmp_path / "train" / "a.png", both)
    draw = Thumbnails(tmp_path, "pairs", photos=None, palette=None, read=AS_USUAL).draw
    [plain] = draw(tmp_path / "train" / "a.png", [])
    marked, detail = draw(tmp_path / "train" / "a.png", [(90, 20, "error")])
    before, after = (read_photo(open_bytes(each.data, "thumbnail")).astype(int) for each in (plain, marked))
    changed = np.flatnonzero(np.abs(after - before).max(axis=(0, 2)) > 80)
    assert 1 / 3 < changed.min() / before.shape[1] < changed.max() / before.shape[1] < 2 / 3
    assert abs(read_photo(open_bytes(detail.data, "detail")).astype(int) - CARS.classes[1].color).max() < 20


def test_pictures_of_any_type_are_shown_and_pixels_without_data_do_not_make_them_black(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((40, 60), dtype=np.float32)
    values[:, :30] = np.nan
    np.save(tmp_path / "a.npy", values)
    write_tiff(tmp_path / "b.tif", np.where(np.isnan(values), -9999, values).astype(np.float32), nodata=-9999)
    draw = Thumbnails(tmp_path, "photos", photos=None, palette=None, read=AS_USUAL).draw
    for name in ("a.npy", "b.tif"):
        [shown] = draw(tmp_path / name, [])
        assert 70 < read_photo(open_bytes(shown.data, name))[:, -100:].mean() < 180


def test_halves_in_two_files_are_both_shown(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in "ab":
        write_mask(tmp_path / "masks" / f"{name}.png", rng.integers(0, 5, (40, 60), dtype=np.uint8), CARS)
        write_tiff(tmp_path / "photos" / f"{name}.tif", rng.random((40, 60), dtype=np.float32))
    (tmp_path / "masks" / "palette.toml").write_text(CARS.to_toml())
    pair(tmp_path / "masks", tmp_path / "photos", tmp_path / "pairs")
    [file] = (tmp_path / "pairs").rglob("a.a.tif")
    [shown] = Thumbnails(tmp_path / "pairs", "pairs", photos=None, palette=None, read=AS_USUAL).draw(file, [])
    assert shown.about.endswith("A, B, and the mask over the photo")
    assert shown.size.width / shown.size.height == pytest.approx(3 * 60 / 40, rel=0.03)


def test_what_cannot_be_shown_has_its_words(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"<html>")
    text = FindingsPage(tmp_path, check(tmp_path)).make().decode()
    assert "not-a-picture" in text
    assert "<img src" not in text


def test_a_page_of_nothing_says_so_and_another_file_is_never_replaced(
    tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    page = FindingsPage(photos, CheckResult("photos", 3, ()))
    assert "Nothing was found" in page.make().decode()
    page.write(tmp_path / "new" / "page.html")
    page.write(tmp_path / "new" / "page.html")
    (tmp_path / "mine.html").write_text("mine")
    with refused("destination-exists", tmp_path / "mine.html", usage=True):
        page.write(tmp_path / "mine.html")
    with refused("wrong-file-name", tmp_path / "page.txt", usage=True):
        page.write(tmp_path / "page.txt")
