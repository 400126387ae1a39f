"""Masks are built on all cores, and nothing shows it: the same files, records and errors in the same order."""

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.files import work as engine
from p2p_datatools.contract.mask_folder import MASK_LINES, read_mask_lines
from p2p_datatools.contract.palette import Palette, load_palette
from p2p_datatools.contract.pictures.images import LabelMap, write_mask, write_png
from p2p_datatools.masks import work
from p2p_datatools.masks.build import MaskSummary, PaintOptions, SnapOptions, build_masks

if TYPE_CHECKING:
    from conftest import Contents, Deaths, Refused

CARS = load_palette("cars")
NAMES = [f"p{number:02}" for number in range(12)]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder, rng = tmp_path / "labels", np.random.default_rng(0)
    folder.mkdir()
    for name in NAMES:
        write_png(folder / f"{name}.png", rng.integers(0, 5, (16, 24), dtype=np.uint8).repeat(3, axis=1))
    return folder


def build(labels: Path, dest: Path, threads: int | None = None, *, keep_going: bool = False) -> MaskSummary:
    how, ids = PaintOptions(threads=threads), {"ids": "palette"}
    return build_masks(labels, dest, palette=CARS, mapping=ids, how=how, keep_going=keep_going)


def test_as_many_threads_as_one_likes_write_the_same_bytes(labels: Path, tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    assert build(labels, one, 1).areas == build(labels, many, 7).areas
    files = sorted(path.name for path in one.iterdir())
    assert files == sorted(path.name for path in many.iterdir())
    assert all((one / name).read_bytes() == (many / name).read_bytes() for name in files)


@pytest.mark.parametrize("threads", [1, 7])
def test_bad_pictures_are_named_in_their_order(labels: Path, tmp_path: Path, threads: int, refused: "Refused") -> None:
    bad = ["p01", "p04", "p05", "p11"]
    for name in bad:
        (labels / f"{name}.png").write_bytes((labels / f"{name}.png").read_bytes()[:60])
    with refused("pictures-failed", tmp_path / "masks") as failure:
        build(labels, tmp_path / "masks", threads)
    assert [(Path(part.where).stem, part.code) for part in failure.value.parts] == [
        (name, "damaged-file") for name in bad
    ]
    summary = build(labels, tmp_path / "masks", threads, keep_going=True)
    assert [Path(skip.where).stem for skip in summary.skipped] == bad
    assert [*read_mask_lines(tmp_path / "masks")] == [name for name in NAMES if name not in bad]


def test_large_pictures_are_built_one_at_a_time(labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUDGET", 100 * work.MASK_WEIGHT)
    at_once, most = 0, 0

    def watched(path: Path, mask: LabelMap, palette: Palette, *, durable: bool) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        write_mask(path, mask, palette, durable=durable)
        at_once -= 1

    monkeypatch.setattr(work, "write_mask", watched)
    assert build(labels, tmp_path / "masks", 4).built == len(NAMES)
    assert most == 1


def test_of_24_megapixels_one_label_picture_is_read_at_a_time_and_of_4_five() -> None:
    assert 5 * work.MASK_WEIGHT * 3 * 4_000_000 <= engine.BUDGET
    assert 2 * work.MASK_WEIGHT * 3 * 12_000_000 > engine.BUDGET


def test_a_mask_that_was_written_but_not_recorded_does_not_count(
    labels: Path, tmp_path: Path, refused: "Refused"
) -> None:
    (labels / "p05.png").write_bytes(b"")
    with refused("pictures-failed", tmp_path / "masks") as failure:
        build(labels, tmp_path / "masks")
    assert [part.where for part in failure.value.parts] == [str(labels / "p05.png")]
    partial = tmp_path / "masks.partial"
    (partial / "gone.png").write_bytes((partial / "p00.png").read_bytes())
    build(labels, tmp_path / "masks", keep_going=True)
    assert not (tmp_path / "masks" / "gone.png").exists()


@pytest.mark.parametrize("threads", [3, pytest.param(1, marks=pytest.mark.long)])
def test_a_kill_at_any_moment_leaves_what_the_same_call_completes(
    labels: Path, tmp_path: Path, deaths: "Deaths", contents: "Contents", threads: int
) -> None:
    for name in NAMES[4:]:
        (labels / f"{name}.png").unlink()
    build(labels, tmp_path / "at_once" / "masks")
    place = tmp_path / "killed"
    states = deaths(partial(build, labels, place / "masks", threads), place)
    whole = contents(tmp_path / "at_once")
    for changes in states:
        build(labels, place / "masks", threads)
        assert contents(place) == whole, f"after {changes} changes"
    assert states.changes > 15


def test_a_mask_that_was_deleted_to_be_built_of_new_labels_may_be_killed_while_it_is_brought(
    labels: Path, tmp_path: Path, deaths: "Deaths", contents: "Contents"
) -> None:
    for name in NAMES[4:]:
        (labels / f"{name}.png").unlink()
    build(labels, tmp_path / "base" / "masks")
    (tmp_path / "base" / "masks" / "p03.png").unlink()
    write_png(labels / "p03.png", np.zeros((16, 24, 3), dtype=np.uint8))
    shutil.copytree(tmp_path / "base", tmp_path / "at_once")
    build(labels, tmp_path / "at_once" / "masks")
    place = tmp_path / "base"
    states = deaths(partial(build, labels, place / "masks"), place)
    whole = contents(tmp_path / "at_once")
    for changes in states:
        build(labels, place / "masks")
        assert contents(place) == whole, f"after {changes} changes"
    assert states.changes > 10


def blended(folder: Path) -> Path:
    """A picture of two colours with a few pixels between them, and one of exact colours."""
    folder.mkdir()
    colors = np.zeros((12, 12, 3), dtype=np.uint8)
    colors[:, 6:] = (255, 0, 0)
    Image.fromarray(colors).save(folder / "exact.png")
    colors[3, 5] = (40, 0, 0)
    Image.fromarray(colors).save(folder / "near.png")
    return folder


def test_another_tolerance_is_refused_for_masks_whose_colours_it_decides(tmp_path: Path, refused: "Refused") -> None:
    labels, dest = blended(tmp_path / "labels"), tmp_path / "masks"
    build(labels, dest)
    before = (dest / MASK_LINES).read_bytes()
    with refused("pictures-failed", dest) as failure:
        build_masks(labels, dest, palette=CARS, how=PaintOptions(snapping=SnapOptions(50)))
    (part,) = failure.value.parts
    assert (part.where, part.code) == (str(labels / "near.png"), "source-changed")
    assert "--tolerance" in part.what
    assert "Delete that mask" in part.to_do
    assert (dest / MASK_LINES).read_bytes() == before
    (dest / "near.png").unlink()
    again = build_masks(labels, dest, palette=CARS, how=PaintOptions(snapping=SnapOptions(50)))
    assert (again.built, again.kept) == (1, 1)


def test_another_colour_to_go_to_is_refused_as_another_tolerance_is(tmp_path: Path, refused: "Refused") -> None:
    labels, dest = blended(tmp_path / "labels"), tmp_path / "masks"
    build(labels, dest)
    with refused("pictures-failed", dest) as failure:
        build_masks(labels, dest, palette=CARS, mapping={"#280000": "ignore"})
    (part,) = failure.value.parts
    assert (part.where, part.code) == (str(labels / "near.png"), "source-changed")
    assert "--map" in part.what


def test_unfinished_masks_are_built_anew_with_another_tolerance(tmp_path: Path, refused: "Refused") -> None:
    labels, dest = blended(tmp_path / "labels"), tmp_path / "masks"
    Image.fromarray(np.full((12, 12, 3), 90, dtype=np.uint8)).save(labels / "stray.png")
    with refused("pictures-failed", dest) as failure:
        build(labels, dest)
    assert [(part.where, part.code) for part in failure.value.parts] == [(str(labels / "stray.png"), "palette-colour")]
    build_masks(labels, dest, palette=CARS, how=PaintOptions(snapping=SnapOptions(200)))
    assert read_mask_lines(dest)["near"].snapping == "200"


def test_pictures_read_as_numbers_after_colours_are_changed_labels(tmp_path: Path, refused: "Refused") -> None:
    labels, dest = tmp_path / "labels", tmp_path / "masks"
    labels.mkdir()
    Image.fromarray(np.array([[[0, 0, 0], [255, 0, 0]]], dtype=np.uint8)).save(labels / "a.png")
    build(labels, dest)
    with refused("pictures-failed", dest) as failure:
        build_masks(labels, dest, palette=CARS, format="index")
    assert [(part.where, part.code) for part in failure.value.parts] == [(str(labels / "a.png"), "source-changed")]
