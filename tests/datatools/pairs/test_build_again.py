"""Pairing again into the same folder: what is kept, added or refused, and what an interruption or a kill leaves."""

import json
import re
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.pairs.halves import read_halves, read_pair
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_photo, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.match import match_pictures
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Contents, Deaths, Notes, Refused, StopAfter
    from datatools.conftest import Noise, RandomLabels, WriteMasks, WritePhotos

CARS = load_palette("cars")
PLACE = "p2p_datatools.pairs.inputs.match_pictures"  # after which pairing takes its lock


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "pairs"


def test_the_same_call_again_changes_no_byte(masks: Path, photos: Path, dest: Path, contents: "Contents") -> None:
    pair(masks, photos, dest)
    before = contents(dest)
    summary = pair(masks, photos, dest)
    assert (summary.built, summary.kept) == (0, 4)
    assert contents(dest) == before


def test_new_pictures_join_as_not_yet_split_and_the_split_ones_stay_where_they_are(
    masks: Path, photos: Path, dest: Path, write_photos: "WritePhotos", write_masks: "WriteMasks"
) -> None:
    pair(masks, photos, dest)
    split(dest, val=0.25, test=0.25)
    before = {each.name: each for each in read_manifest(dest).pairs}
    write_masks(masks, "e", seed=9)
    write_photos(photos, "e.png", seed=9)
    assert (pair(masks, photos, dest).built, len(read_manifest(dest).of("all"))) == (1, 1)
    after = {each.name: each for each in read_manifest(dest).pairs}
    assert {name: after[name] for name in before} == before
    assert (dest / after["e"].file).is_file()


def test_what_another_process_adds_before_the_lock_is_taken_is_neither_lost_nor_in_the_way(
    masks: Path,
    photos: Path,
    dest: Path,
    tmp_path: Path,
    write_photos: "WritePhotos",
    write_masks: "WriteMasks",
    refused: "Refused",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair(masks, photos, dest)
    more = write_masks(tmp_path / "more_masks", "e", seed=9), write_photos(tmp_path / "more_photos", "e.png", seed=9)
    others = write_masks(tmp_path / "masks_f", "f", seed=8), write_photos(tmp_path / "photos_f", "f.png", seed=8)

    def match(*words: Any, **more_words: Any) -> Any:
        monkeypatch.setattr(PLACE, match_pictures)
        pair(*others, dest)
        return match_pictures(*words, **more_words)

    monkeypatch.setattr(PLACE, match)
    with refused("destination-in-use", dest, usage=False):
        pair(*more, dest)
    assert pair(*more, dest).built == 1
    assert {each.name for each in read_manifest(dest).pairs} >= {"e", "f"}


def test_pictures_of_another_folder_can_be_added(
    masks: Path, photos: Path, dest: Path, tmp_path: Path, write_photos: "WritePhotos", write_masks: "WriteMasks"
) -> None:
    pair(masks, photos, dest)
    more = write_masks(tmp_path / "more_masks", "e", seed=9), write_photos(tmp_path / "more_photos", "e.png", seed=9)
    assert pair(*more, dest).built == 1
    assert len(read_manifest(dest).pairs) == 5


def test_a_changed_picture_is_an_error_that_says_what_to_delete(
    masks: Path, photos: Path, dest: Path, refused: "Refused", noise: "Noise"
) -> None:
    pair(masks, photos, dest)
    split(dest, val=0.25, test=0.25)
    file = next(each.file for each in read_manifest(dest).pairs if each.name == "b")
    write_png(photos / "b.png", noise(99))
    with refused("pictures-failed", dest) as error:
        pair(masks, photos, dest)
    (part,) = error.value.parts
    assert (part.code, part.where) == ("source-changed", str(masks / "b.png"))
    assert str(photos / "b.png") in part.what
    assert f"Delete {dest / file} " in part.to_do

    (dest / file).unlink()
    assert pair(masks, photos, dest).built == 1
    assert (read_pair(dest / file)[1] == noise(99)).all()
    assert next(each.file for each in read_manifest(dest).pairs if each.name == "b") == file


def test_a_pair_whose_pictures_were_taken_out_is_told_and_leaves_the_manifest_with_its_file(
    masks: Path, photos: Path, dest: Path, notes: "Notes", refused: "Refused"
) -> None:
    pair(masks, photos, dest)
    (masks / "b.png").unlink()
    (photos / "b.png").unlink()
    pair(masks, photos, dest, report=notes)
    assert len(read_manifest(dest).pairs) == 4
    assert any("the first is all/b.png" in line for line in notes.lines)

    (dest / "all" / "b.png").unlink()
    known = read_manifest(dest)
    with refused("missing-pair", dest / "all" / "b.png"):
        read_halves(known, next(each for each in known.pairs if each.name == "b"))
    assert pair(masks, photos, dest, report=notes).kept == 3
    assert "b" not in {each.name for each in read_manifest(dest).pairs}
    assert "1 deleted file is no longer in pairs.jsonl" in notes.lines[-1]


def test_a_picture_saved_anew_with_the_same_pixels_has_not_changed(
    masks: Path, photos: Path, dest: Path, random_labels: "RandomLabels"
) -> None:
    pair(masks, photos, dest)
    write_png(photos / "b.bmp", read_photo(photos / "b.png"))
    (photos / "b.bmp").rename(photos / "b.png")
    write_mask(masks / "a.png", random_labels(0), CARS)
    assert pair(masks, photos, dest).kept == 4


def test_other_settings_than_those_of_the_folder_are_refused(
    masks: Path, photos: Path, dest: Path, refused: "Refused"
) -> None:
    pair(masks, photos, dest)
    with refused("other-settings", dest, usage=True) as error:
        pair(masks, photos, dest, size=Size(8, 8))
    assert "size none, not 8x8; fit none, not stretch" in error.value.what
    with refused("other-settings", dest, usage=True) as error:
        pair(masks, photos, dest, halves=("labels", "photo"))
    assert "halves mask,photo, not labels,photo" in error.value.what
    text = (masks / "palette.toml").read_text()
    (masks / "palette.toml").write_text(text.replace("tyres", "wheels"))
    with refused("other-settings", dest, usage=True) as error:
        pair(masks, photos, dest)
    assert re.search("palette .*tyres.*, not .*wheels", error.value.what)


def test_pairs_that_something_else_has_made_are_not_added_to(
    masks: Path, photos: Path, dest: Path, refused: "Refused"
) -> None:
    pair(masks, photos, dest)
    header = json.loads((dest / "pairs.json").read_text())
    (dest / "pairs.json").write_text(json.dumps({**header, "provenance": {"by": "a game"}}))
    with refused("destination-taken", dest, usage=True):
        pair(masks, photos, dest)


# Interrupted.


@pytest.mark.parametrize("units", [1, 3, 4])
def test_an_interrupted_call_leaves_its_work_and_the_same_call_ends_it_with_the_same_bytes(
    units: int,
    masks: Path,
    photos: Path,
    dest: Path,
    tmp_path: Path,
    contents: "Contents",
    stop_after: "type[StopAfter]",
) -> None:
    with pytest.raises(KeyboardInterrupt):
        pair(masks, photos, dest, report=stop_after(units))
    assert not dest.exists()
    summary = pair(masks, photos, dest)
    assert (summary.built, summary.kept) == (4 - units, units)
    pair(masks, photos, tmp_path / "at_once")
    assert contents(dest) == contents(tmp_path / "at_once")
    assert not dest.with_name("pairs.partial").exists()


def test_what_was_taken_out_or_changed_since_the_interruption_is_not_in_the_result(
    masks: Path,
    photos: Path,
    dest: Path,
    tmp_path: Path,
    contents: "Contents",
    stop_after: "type[StopAfter]",
    noise: "Noise",
) -> None:
    with pytest.raises(KeyboardInterrupt):
        pair(masks, photos, dest, report=stop_after(3))
    (masks / "a.png").unlink()
    (photos / "a.png").unlink()
    write_png(photos / "b.png", noise(77))
    (photos / "walk" / "c.1.png").write_text("broken")
    pair(masks, photos, dest, keep_going=True)
    pair(masks, photos, tmp_path / "at_once", keep_going=True)
    assert contents(dest) == contents(tmp_path / "at_once")


def test_unfinished_work_of_other_settings_is_refused(
    masks: Path, photos: Path, dest: Path, refused: "Refused", stop_after: "type[StopAfter]"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        pair(masks, photos, dest, report=stop_after(2))
    with refused("unfinished-work", dest.with_name(f"{dest.name}.partial"), usage=True):
        pair(masks, photos, dest, size=Size(8, 8))


def test_a_kill_at_any_moment_leaves_what_the_same_call_completes(
    masks: Path, photos: Path, tmp_path: Path, deaths: "Deaths", contents: "Contents"
) -> None:
    pair(masks, photos, tmp_path / "at_once" / "pairs")
    place = tmp_path / "killed"
    states = deaths(partial(pair, masks, photos, place / "pairs"), place)
    whole = contents(tmp_path / "at_once")
    for changes in states:
        pair(masks, photos, place / "pairs")
        assert contents(place) == whole, f"after {changes} changes"
    assert states.changes > 30


def test_a_kill_at_any_moment_of_adding_leaves_what_the_same_call_completes(
    masks: Path,
    photos: Path,
    tmp_path: Path,
    deaths: "Deaths",
    contents: "Contents",
    write_photos: "WritePhotos",
    write_masks: "WriteMasks",
) -> None:
    base = tmp_path / "base"
    pair(masks, photos, base / "pairs")
    split(base / "pairs", val=0.25, test=0.25)
    write_masks(masks, "e", "walk/f", seed=9)
    write_photos(photos, "e.png", "walk/f.png", seed=9)
    shutil.copytree(base, tmp_path / "at_once")
    pair(masks, photos, tmp_path / "at_once" / "pairs")
    states = deaths(partial(pair, masks, photos, base / "pairs"), base)
    whole = contents(tmp_path / "at_once")
    for changes in states:
        pair(masks, photos, base / "pairs")
        assert contents(base) == whole, f"after {changes} changes"
    assert states.changes > 20
