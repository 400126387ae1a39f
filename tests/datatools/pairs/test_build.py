"""Pairing: exact halves, and every refusal in one line with no destination made."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.halves import read_pair
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.images import colorize, read_photo, size_of, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs import assemble
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Contents, Notes, Refused
    from datatools.conftest import RandomLabels, WriteMasks, WritePhotos

CARS = load_palette("cars")
SIZE = Size(24, 16)
FILES = ("a.png", "b.png", "walk/c.1.png", "walk/ü.png")


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "pairs"


def one_line(error: pytest.ExceptionInfo[P2PError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_the_mask_stands_left_in_exact_colours_and_the_photo_right_unchanged(
    masks: Path, photos: Path, dest: Path, random_labels: "RandomLabels"
) -> None:
    summary = pair(masks, photos, dest)
    a, b = read_pair(dest / "all" / "walk" / "c.1.png")
    assert (a == colorize(random_labels(2), CARS)).all()
    assert (b == read_photo(photos / "walk" / "c.1.png")).all()
    assert (summary.built, summary.kept, summary.skipped) == (4, 0, ())
    assert summary.halves == ("mask", "photo")
    assert summary.smallest == summary.largest == SIZE


def test_the_manifest_says_what_the_halves_are_and_hashes_every_pair(masks: Path, photos: Path, dest: Path) -> None:
    pair(masks, photos, dest)
    folder = read_manifest(dest)
    assert (folder.a.kind, folder.b.kind, folder.palette) == ("mask", "photo", CARS)
    assert [each.name for each in folder.of("all")] == ["a", "b", "walk/c.1", "walk/ü"]
    assert len({each.hash for each in folder.pairs}) == 4
    assert set(folder.pairs[0].sources) == {"a", "a_sha256", "b", "b_sha256"}


def test_nothing_lies_in_the_folder_but_pairs_and_their_manifest(
    masks: Path, photos: Path, dest: Path, contents: "Contents"
) -> None:
    pair(masks, photos, dest)
    files = ["all/a.png", "all/b.png", "all/walk/c.1.png", "all/walk/ü.png", "pairs.json", "pairs.jsonl"]
    assert sorted(set(contents(dest)) - {"all", "all/walk"}) == files
    assert sorted(path.name for path in dest.parent.iterdir()) == ["masks", "pairs", "photos"]


def test_photos_may_stand_left_of_masks(masks: Path, photos: Path, dest: Path) -> None:
    assert pair(photos, masks, dest).halves == ("photo", "mask")
    a, _ = read_pair(dest / "all" / "a.png")
    assert (a == read_photo(photos / "a.png")).all()
    assert read_manifest(dest).palette == CARS


def test_two_folders_without_masks_are_pictures_called_a_and_b(
    photos: Path, dest: Path, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    drawings = write_photos(tmp_path / "drawings", *FILES, seed=9)
    assert pair(drawings, photos, dest).halves == ("a", "b")
    assert read_manifest(dest).a.kind == "picture"


def test_halves_are_called_as_one_likes_but_not_alike(
    masks: Path, photos: Path, dest: Path, refused: "Refused"
) -> None:
    with refused("impossible-setting", "halves car,car", usage=True):
        pair(masks, photos, dest, halves=("car", "car"))
    assert pair(masks, photos, dest, halves=("labels", "car")).halves == ("labels", "car")


def test_plain_pictures_cannot_pass_for_masks(
    photos: Path, dest: Path, tmp_path: Path, refused: "Refused", write_photos: "WritePhotos"
) -> None:
    drawings = write_photos(tmp_path / "drawings", "a.png", "b.png")
    with refused("no-palette", drawings, usage=True):
        pair(drawings, photos, dest, halves=("mask", "photo"))


def test_masks_resized_to_a_given_size_have_no_class_that_they_had_not(
    masks: Path, photos: Path, dest: Path, random_labels: "RandomLabels"
) -> None:
    background_and_windows = np.where(random_labels(1) > 2, 4, 0).astype(np.uint8)
    write_mask(masks / "a.png", background_and_windows, CARS)
    for fit in ("stretch", "crop", "pad"):
        pair(masks, photos, dest / fit, size=Size(13, 17), fit=fit)
        a, b = read_pair(dest / fit / "all" / "a.png")
        assert size_of(a) == size_of(b) == Size(13, 17)
        assert {tuple(color) for color in a.reshape(-1, 3).tolist()} == {(0, 0, 0), (255, 255, 255)}


def test_ignored_pixels_keep_their_mark(masks: Path, photos: Path, dest: Path, random_labels: "RandomLabels") -> None:
    ignored = random_labels(1)
    ignored[3, 4] = IGNORE
    write_mask(masks / "a.png", ignored, CARS)
    pair(masks, photos, dest)
    a, _ = read_pair(dest / "all" / "a.png")
    assert (a == colorize(ignored, CARS)).all()


def test_pairs_of_different_sizes_keep_them(
    dest: Path, tmp_path: Path, write_photos: "WritePhotos", write_masks: "WriteMasks"
) -> None:
    masks, photos = write_masks(tmp_path / "masks", "a"), write_photos(tmp_path / "photos", "a.png")
    write_masks(masks, "b", seed=1, size=Size(8, 30))
    write_photos(photos, "b.png", seed=1, size=Size(8, 30))
    summary = pair(masks, photos, dest)
    assert (summary.smallest, summary.largest) == (Size(8, 30), SIZE)


def test_a_crowded_folder_has_256_subfolders(
    masks: Path, photos: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "CROWD", 3)
    pair(masks, photos, dest)
    files = {each.name: each.file for each in read_manifest(dest).pairs}
    assert files["walk/c.1"] == "all/fe/walk/c.1.png"
    assert all((dest / file).is_file() for file in files.values())
    split(dest, val=0.25, test=0.25)
    assert {each.file.split("/", 1)[1] for each in read_manifest(dest).pairs} == {
        file.split("/", 1)[1] for file in files.values()
    }


# Bad input: one line, no DEST.


def spoil_half_jpeg(masks: Path, photos: Path) -> None:
    import cv2

    _, data = cv2.imencode(".jpg", read_photo(photos / "b.png"))
    (photos / "a.png").unlink()
    (photos / "a.jpg").write_bytes(data.tobytes()[: len(data) // 2])


def spoil_text(masks: Path, photos: Path) -> None:
    (photos / "a.png").write_text("I am no picture")


def spoil_empty(masks: Path, photos: Path) -> None:
    (photos / "a.png").write_bytes(b"")


def spoil_size(masks: Path, photos: Path) -> None:
    write_mask(masks / "a.png", np.zeros((16, 20), dtype=np.uint8), CARS)


def spoil_color(masks: Path, photos: Path) -> None:
    write_png(masks / "a.png", read_photo(photos / "a.png"))


def spoil_name(masks: Path, photos: Path) -> None:
    shutil.copy(photos / "a.png", photos / "a.bmp")


def spoil_only_a(masks: Path, photos: Path) -> None:
    (photos / "a.png").unlink()


def spoil_only_b(masks: Path, photos: Path) -> None:
    (masks / "a.png").unlink()


Spoil = Callable[[Path, Path], None]
SPOILS: list[tuple[Spoil, str, str, str]] = [
    (spoil_half_jpeg, "damaged-file", "photos/a.jpg", ""),
    (spoil_text, "not-a-picture", "photos/a.png", ""),
    (spoil_empty, "empty-file", "photos/a.png", ""),
    (spoil_size, "mask-size", "masks/a.png", "20x16 and 24x16"),
    (spoil_color, "palette-colour", "masks/a.png", "384 pixels"),
    (spoil_name, "same-name", "photos/a.bmp", "photos/a.png"),
    (spoil_only_a, "no-partner", "masks/a.png", "photos"),
    (spoil_only_b, "no-partner", "photos/a.png", "masks"),
]


@pytest.mark.parametrize(("spoil", "code", "file", "words"), SPOILS, ids=[spoil.__name__ for spoil, *_ in SPOILS])
def test_a_bad_picture_is_named_in_one_line_and_no_destination_is_made(
    spoil: Spoil, code: str, file: str, words: str, masks: Path, photos: Path, dest: Path, refused: "Refused"
) -> None:
    spoil(masks, photos)
    with refused("pictures-failed", dest) as error:
        pair(masks, photos, dest)
    (part,) = error.value.parts
    assert (part.code, part.where) == (code, str(masks.parent / file))
    assert words in part.what
    assert "\n" not in str(part)
    assert "1 picture failed" in error.value.what
    assert not dest.exists()


@pytest.mark.parametrize(("spoil", "code", "file", "words"), SPOILS, ids=[spoil.__name__ for spoil, *_ in SPOILS])
def test_keep_going_writes_the_good_ones_and_lists_the_bad(
    spoil: Spoil, code: str, file: str, words: str, masks: Path, photos: Path, dest: Path
) -> None:
    spoil(masks, photos)
    summary = pair(masks, photos, dest, keep_going=True)
    assert [each.name for each in read_manifest(dest).pairs] == ["b", "walk/c.1", "walk/ü"]
    assert len(summary.skipped) == 1
    assert json.loads((dest / "skipped.jsonl").read_text())["what"] == summary.skipped[0].what


def test_repaired_input_is_completed_by_the_same_call(
    masks: Path, photos: Path, dest: Path, tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    good = (photos / "b.png").read_bytes()
    (photos / "b.png").write_bytes(good[:50])
    with refused("pictures-failed", dest):
        pair(masks, photos, dest)
    (photos / "b.png").write_bytes(good)
    assert pair(masks, photos, dest).built == 1
    pair(masks, photos, tmp_path / "at_once")
    assert contents(dest) == contents(tmp_path / "at_once")


def test_an_empty_folder_is_one_line(masks: Path, dest: Path, tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "empty").mkdir()
    with refused("no-pictures", tmp_path / "empty") as error:
        pair(masks, tmp_path / "empty", dest)
    one_line(error)
    with refused("missing-folder", tmp_path / "nowhere"):
        pair(masks, tmp_path / "nowhere", dest)
    assert not dest.exists()


def test_a_destination_that_holds_something_else_is_refused_before_any_work(
    masks: Path, photos: Path, dest: Path, refused: "Refused"
) -> None:
    dest.mkdir()
    (dest / "thesis.txt").write_text("mine")
    with refused("destination-taken", dest, usage=True) as error:
        pair(masks, photos, dest)
    one_line(error)
    assert [path.name for path in dest.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("place", [".", "..", "/"])
def test_a_destination_needs_a_name(place: str, masks: Path, photos: Path, refused: "Refused") -> None:
    with refused("unnamed-folder", Path(place), usage=True):
        pair(masks, photos, Path(place))


def test_pairs_do_not_go_into_the_folders_they_come_from(masks: Path, photos: Path, refused: "Refused") -> None:
    with refused("destination-inside-source", photos / "pairs", usage=True):
        pair(masks, photos, photos / "pairs")
    with refused("same-folder", photos, usage=True):
        pair(photos, photos, photos.parent / "pairs")


def test_a_full_disk_is_one_line_and_leaves_no_half_written_file(
    masks: Path, photos: Path, dest: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    real, left = os.replace, 3

    def full(*args: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with refused("cannot-write") as error:
            pair(masks, photos, dest, keep_going=True)
    one_line(error)
    assert not dest.exists()
    assert not list(dest.parent.rglob("*.tmp"))
    assert pair(masks, photos, dest).built + 2 >= 4


@pytest.mark.real_data
def test_real_photos_of_many_sizes_stand_beside_their_masks(
    real_data: Path, dest: Path, tmp_path: Path, random_labels: "RandomLabels", write_masks: "WriteMasks"
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for photo in sorted((real_data / "car-parts" / "testset" / "JPEGImages").iterdir())[-4:]:
        shutil.copy(photo, photos)
        write_mask(tmp_path / "masks" / f"{photo.stem}.png", random_labels(1, size_of(read_photo(photo))), CARS)
    write_masks(tmp_path / "masks")
    summary = pair(tmp_path / "masks", photos, dest)
    assert summary.built == 4
    assert summary.smallest != summary.largest


def test_pairs_are_no_halves(masks: Path, photos: Path, dest: Path, refused: "Refused") -> None:
    pair(masks, photos, dest)
    for a, b in ((dest, photos), (masks, dest)):
        with refused("pairs-as-half", dest):
            pair(a, b, dest.with_name("again"))
    assert not dest.with_name("again").exists()


def test_photos_that_a_model_generated_are_paired_and_said(
    masks: Path, photos: Path, dest: Path, notes: "Notes", tmp_path: Path
) -> None:
    generated = photos / "a.png"
    pair(masks, photos, tmp_path / "real", report=notes)
    assert not any("generated" in line for line in notes.lines)
    write_png(generated, read_photo(generated), role="generated picture")
    pair(masks, photos, dest, report=notes)
    assert any(f"{generated}: is a generated picture of p2p; 1 picture says" in line for line in notes.lines)
