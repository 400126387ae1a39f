"""A made from B: every photo under its name, the same again, and a stop at any moment."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.pairs.halves import read_pair
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.pictures.images import read_photo, write_png
from p2p_datatools.derivations.build import derive, random_of
from p2p_datatools.derivations.color import lab_to_rgb
from p2p_datatools.derivations.operations import OPERATIONS, Blur, Edges, GeneratedColors, Gray, Holes, Lab, operation
from p2p_datatools.pairs.build import pair

if TYPE_CHECKING:
    from conftest import Contents, KilledAfter, Notes, Refused
    from datatools.conftest import Noise


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "derived"


@pytest.mark.parametrize("name", [name for name, kind in OPERATIONS.items() if kind.makes_a])
def test_every_operation_gives_pictures_that_join_their_photos(
    photos: Path, dest: Path, tmp_path: Path, name: str
) -> None:
    summary = derive(photos, dest, operation(name))
    assert (summary.made, summary.kept, summary.skipped) == (4, 0, ())
    for folder in summary.folders:
        pair(folder, photos, tmp_path / "pairs" / folder.name, halves=(name, "photo"))
        made = read_manifest(tmp_path / "pairs" / folder.name)
        assert [each.name for each in made.pairs] == ["a", "b", "walk/c.1", "walk/ü"]


def test_grey_is_a_picture_of_one_channel_which_pairs_hold_as_three_equal_ones(
    photos: Path, dest: Path, tmp_path: Path, noise: "Noise"
) -> None:
    derive(photos, dest, Gray())
    with Image.open(dest / "a.png") as image:
        assert image.mode == "L"
    pair(dest, photos, tmp_path / "pairs", halves=("gray", "photo"))
    a, b = read_pair(tmp_path / "pairs" / "all" / "a.png")
    assert (a[..., 0] == a[..., 1]).all()
    assert (a[..., 0] == a[..., 2]).all()
    assert (b == noise(0)).all()


def test_lightness_and_colour_become_two_folders_that_pair_and_give_the_photo_again(
    photos: Path, dest: Path, tmp_path: Path, noise: "Noise"
) -> None:
    assert derive(photos, dest, Lab()).folders == (dest / "L", dest / "ab")
    pair(dest / "L", dest / "ab", tmp_path / "pairs", halves=("L", "ab"))
    back = lab_to_rgb(*read_pair(tmp_path / "pairs" / "all" / "walk" / "c.1.png"))
    assert np.abs(back.astype(int) - noise(2)).mean() < 1


def test_photos_get_the_colours_that_a_smaller_model_has_made_in_their_own_size_and_lightness(
    photos: Path, dest: Path, tmp_path: Path
) -> None:
    derive(photos, tmp_path / "lab", Lab())
    for path in (tmp_path / "lab" / "ab").rglob("*.png"):
        write_png(path, np.full((2, 2, 3), (160, 100, 130), np.uint8))
    summary = derive(photos, dest, GeneratedColors(ab=str(tmp_path / "lab" / "ab")))
    assert (summary.made, summary.skipped) == (4, ())
    for name in ("a", "walk/ü"):
        lightness, photo = read_photo(tmp_path / "lab" / "L" / f"{name}.png"), read_photo(dest / f"{name}.png")
        assert (photo == lab_to_rgb(lightness, np.full_like(lightness, (160, 100, 0)))).all()


def test_colours_that_are_missing_or_are_none_are_named_and_new_ones_are_seen(
    photos: Path, dest: Path, tmp_path: Path, refused: "Refused"
) -> None:
    op, colours = GeneratedColors(ab=str(tmp_path / "lab" / "ab")), tmp_path / "lab" / "ab" / "a.png"
    with refused("missing-folder", op.beside):
        derive(photos, dest, op)
    derive(photos, tmp_path / "lab", Lab())
    with refused("no-partner", tmp_path / "lab", usage=True):
        derive(photos, dest, GeneratedColors(ab=str(tmp_path / "lab")))
    colours.rename(tmp_path / "a.png")
    with refused("pictures-failed", dest) as caught:
        derive(photos, dest, op)
    assert f"{photos / 'a.png'}: has no partner in {op.ab}" in str(caught.value)
    assert [skip.code for skip in derive(photos, dest, op, keep_going=True).skipped] == ["no-partner"]
    write_png(colours, np.full((8, 8, 3), 250, np.uint8))
    assert [skip.code for skip in derive(photos, dest, op, keep_going=True).skipped] == ["other-picture"]
    (tmp_path / "a.png").rename(colours)
    assert (derive(photos, dest, op).made, derive(photos, dest, op).kept) == (1, 4)
    write_png(colours, np.full((8, 8, 3), 128, np.uint8))
    assert [skip.code for skip in derive(photos, dest, op, keep_going=True).skipped] == ["source-changed"]


def test_lightness_of_which_half_lies_near_the_blue_of_colours_is_still_no_colours(
    photos: Path, dest: Path, tmp_path: Path
) -> None:
    lab, lightness = tmp_path / "lab", np.tile(np.linspace(60, 200, 64).astype(np.uint8), (8, 1))
    derive(photos, lab, Lab())
    write_png(lab / "ab" / "a.png", lightness)
    summary = derive(photos, dest, GeneratedColors(ab=str(lab / "ab")), keep_going=True)
    assert [(skip.where, skip.code) for skip in summary.skipped] == [(str(lab / "ab" / "a.png"), "other-picture")]


def test_the_record_states_operation_settings_seed_and_hashes(photos: Path, dest: Path) -> None:
    derive(photos, dest, Holes(share=0.5), seed=7)
    record = json.loads((dest / "derive.json").read_text())
    assert (record["op"], record["settings"]["share"], record["seed"], record["photos"]) == ("holes", 0.5, 7, 4)
    lines = [json.loads(line) for line in (dest / "derive.jsonl").read_text().splitlines()]
    assert [line["source"] for line in lines] == ["a.png", "b.png", "walk/c.1.png", "walk/ü.png"]
    assert len({*lines[0]["files"].values(), *lines[1]["files"].values()}) == 2


def test_the_same_seed_gives_the_same_holes_whatever_other_photos_there_are(
    photos: Path, tmp_path: Path, contents: "Contents"
) -> None:
    derive(photos, tmp_path / "one", Holes(), seed=3)
    (photos / "a.png").unlink()
    derive(photos, tmp_path / "two", Holes(), seed=3)
    derive(photos, tmp_path / "three", Holes(), seed=4)
    one, two, three = (contents(tmp_path / name) for name in ("one", "two", "three"))
    for file in ("b.png", "walk/c.1.png", "walk/ü.png"):
        assert one[file] == two[file]
        assert one[file] != three[file]


def test_two_photos_of_one_call_have_different_holes(photos: Path, noise: "Noise") -> None:
    first, second = (Holes().apply(noise(0), random_of(0, name))[0] for name in ("a", "b"))
    assert (first != second).any()


def test_a_name_draws_the_same_however_its_umlaut_is_spelt() -> None:
    assert random_of(0, "u\u0308").integers(1 << 60) == random_of(0, "\u00fc").integers(1 << 60)


def test_the_same_call_again_does_nothing_and_new_photos_are_added(
    photos: Path, dest: Path, contents: "Contents", noise: "Noise"
) -> None:
    derive(photos, dest, Edges())
    before = contents(dest)
    assert derive(photos, dest, Edges()).kept == 4
    assert contents(dest) == before
    write_png(photos / "new.png", noise(9))
    summary = derive(photos, dest, Edges())
    assert (summary.made, summary.kept) == (1, 4)


def test_other_settings_or_another_seed_on_the_same_folder_are_refused(
    photos: Path, dest: Path, refused: "Refused"
) -> None:
    derive(photos, dest, Blur(vary=True), seed=1)
    with refused("other-settings", dest, usage=True) as error:
        derive(photos, dest, Blur(sigma=2, vary=True), seed=1)
    assert error.value.what.endswith(" sigma 3.0, not 2")
    with refused("other-settings", dest, usage=True) as error:
        derive(photos, dest, Blur(vary=True), seed=2)
    assert error.value.what.endswith(" seed 1, not 2")
    with refused("other-settings", dest, usage=True) as error:
        derive(photos, dest, Edges(), seed=1)
    assert "op blur, not edges; settings kind=gaussian " in error.value.what


def test_where_nothing_is_drawn_at_random_the_seed_makes_no_difference(photos: Path, dest: Path) -> None:
    derive(photos, dest, Edges(), seed=1)
    assert derive(photos, dest, Edges(), seed=2).kept == 4


def test_a_try_that_was_refused_is_neither_continued_with_other_settings_nor_in_their_way(
    photos: Path, dest: Path, refused: "Refused", noise: "Noise"
) -> None:
    (photos / "b.png").write_bytes(b"no picture")
    with refused("pictures-failed", dest) as error:
        derive(photos, dest, Edges())
    assert [(part.where, part.code) for part in error.value.parts] == [(str(photos / "b.png"), "not-a-picture")]
    assert not dest.exists()
    with refused("pictures-failed", dest):
        derive(photos, dest, Gray())
    write_png(photos / "b.png", noise(1))
    assert derive(photos, dest, Edges()).made == 4


def test_with_keep_going_the_good_ones_are_written_and_the_others_listed(photos: Path, dest: Path) -> None:
    torn = (photos / "b.png").read_bytes()
    (photos / "b.png").write_bytes(torn[: len(torn) // 2])
    shutil.copy(photos / "a.png", photos / "a.bmp")
    summary = derive(photos, dest, Gray(), keep_going=True)
    assert summary.made == 2
    listed = [json.loads(line) for line in (dest / "skipped.jsonl").read_text().splitlines()]
    assert [(Path(line["where"]).name, line["code"]) for line in listed] == [
        ("a.png", "same-name"),
        ("b.png", "damaged-file"),
    ]
    assert not (dest / "a.png").exists()


def test_pairs_are_not_photos(photos: Path, dest: Path, tmp_path: Path, refused: "Refused") -> None:
    derive(photos, dest, Gray())
    pair(dest, photos, tmp_path / "pairs")
    with refused("pairs-not-photos", tmp_path / "pairs", usage=True) as error:
        derive(tmp_path / "pairs", tmp_path / "other", Gray())
    assert "'p2p data halves'" in error.value.to_do


def test_a_folder_without_pictures_or_a_destination_of_something_else_is_refused(
    photos: Path, dest: Path, tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / "empty").mkdir()
    with refused("no-pictures", tmp_path / "empty", usage=False):
        derive(tmp_path / "empty", dest, Gray())
    with refused("missing-folder", tmp_path / "nowhere", usage=False):
        derive(tmp_path / "nowhere", dest, Gray())
    with refused("destination-inside-source", photos / "gray", usage=True):
        derive(photos, photos / "gray", Gray())
    dest.mkdir()
    (dest / "diary.txt").write_text("x")
    with refused("destination-taken", dest, usage=True):
        derive(photos, dest, Gray())
    (dest / "derive.json").write_text("{}")
    with refused("destination-taken", dest, usage=True):
        derive(photos, dest, Gray())


@pytest.mark.parametrize(
    "changes", [0, 2, 7, 16, 24, *(pytest.param(each, marks=pytest.mark.long) for each in (1, 4, 11, 20, 28))]
)
def test_killed_at_any_moment_the_same_call_ends_as_if_nothing_had_been(
    photos: Path, tmp_path: Path, changes: int, killed_after: "KilledAfter", contents: "Contents"
) -> None:
    derive(photos, tmp_path / "whole", Lab())
    killed_after(lambda: derive(photos, tmp_path / "cut", Lab()), changes)
    derive(photos, tmp_path / "cut", Lab())
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert not (tmp_path / "cut.partial").exists()


@pytest.mark.real_data
def test_edges_of_real_cars_are_few_thin_dark_lines_on_white(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "cars").mkdir()
    for file in sorted((real_data / "car-parts" / "trainingset" / "JPEGImages").iterdir())[:5]:
        shutil.copy(file, tmp_path / "cars")
    derive(tmp_path / "cars", tmp_path / "edges", Edges())
    for file in (tmp_path / "edges").glob("*.png"):
        drawn = read_photo(file)[..., 0]
        assert 0.005 < (drawn < 128).mean() < 0.12
        assert (drawn == 255).mean() > 0.7


def test_photos_that_are_not_opaque_are_laid_over_white_and_reported(
    photos: Path, dest: Path, tmp_path: Path, notes: "Notes"
) -> None:
    Image.new("LA", (24, 18), (0, 0)).save(photos / "clear.png")
    derive(photos, dest, Gray(), report=notes)
    assert (read_photo(dest / "clear.png") == 255).all()
    pair(dest, photos, tmp_path / "pairs", report=notes)
    said = [line.endswith("1 photo has transparent pixels, which are laid over white.") for line in notes.lines]
    assert said == [True] * 2
    assert all("clear.png" in line for line in notes.lines)


def test_a_photo_whose_name_is_not_utf8_stops_no_other(photos: Path, dest: Path) -> None:
    (photos / os.fsdecode(b"caf\xe9.png")).touch()
    summary = derive(photos, dest, Edges(), keep_going=True)
    assert summary.made
    assert [(skip.where, skip.code) for skip in summary.skipped] == [(str(photos), "name-not-utf8")]


def test_drawings_are_made_of_photos_of_any_depth_and_other_operations_say_what_to_do(
    photos: Path, dest: Path, notes: "Notes", refused: "Refused", noise: "Noise"
) -> None:
    values = noise(0).astype(np.uint16) * 16
    write_png(photos / "deep.png", values)
    assert derive(photos, dest, Edges(), report=notes).made == 5
    assert any("deep.png: 1 photo has more than 8 bits" in line for line in notes.lines)
    assert 0 < (read_photo(dest / "deep.png") == 0).mean() < 1
    with refused("pictures-failed") as error:
        derive(photos, dest.parent / "grey", Gray())
    assert error.value.parts[0].code == "depth"
    assert "--op edges and sketch" in error.value.parts[0].to_do
