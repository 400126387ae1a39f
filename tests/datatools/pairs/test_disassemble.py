"""A|B pictures taken apart: the same pixels, exact masks, every refusal, and a stop at any moment."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, read_manifest, write_manifest
from p2p_datatools.contract.palette import IGNORE, load_palette, palette_of
from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.images import hash_pixels, read_mask, read_photo, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.disassemble import take_apart
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Contents, KilledAfter, Notes, Refused
    from datatools.conftest import Noise, Scene

CARS = load_palette("cars")
SIZE = Size(24, 16)


def labels(seed: int) -> NDArray[np.uint8]:
    indices = np.random.default_rng(seed).integers(0, 5, (SIZE.height, SIZE.width), dtype=np.uint8)
    indices[0, seed % 8] = IGNORE
    return indices


@pytest.fixture
def pairs(tmp_path: Path, photos: Path) -> Path:
    """Four pairs mask|photo with a manifest."""
    (tmp_path / "masks" / "walk").mkdir(parents=True)
    (tmp_path / "masks" / "palette.toml").write_text(CARS.to_toml())
    for seed, name in enumerate(("a", "b", "walk/c.1", "walk/ü")):
        write_mask(tmp_path / "masks" / f"{name}.png", labels(seed), CARS)
    pair(tmp_path / "masks", photos, tmp_path / "pairs")
    return tmp_path / "pairs"


@pytest.fixture
def foreign(tmp_path: Path, noise: "Noise") -> Path:
    """An ordinary pix2pix folder."""
    for file in ("train/1.png", "train/2.png", "val/1.png", "test/1.png"):
        write_png(tmp_path / "maps" / file, noise(sum(file.encode()), Size(48, 16)))
    return tmp_path / "maps"


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "apart"


def test_masks_come_apart_as_exact_class_indices_and_photos_unchanged(pairs: Path, dest: Path, noise: "Noise") -> None:
    summary = take_apart(pairs, dest)
    assert (summary.split, summary.kept, summary.skipped) == (4, 0, ())
    assert summary.folders == (dest / "mask", dest / "photo")
    assert summary.masks == (dest / "mask",)
    for seed, name in enumerate(("a", "b", "walk/c.1", "walk/ü")):
        with Image.open(dest / "mask" / f"{name}.png") as image:
            assert image.mode == "P"
        assert (read_mask(dest / "mask" / f"{name}.png", CARS) == labels(seed)).all()
        assert (read_photo(dest / "photo" / f"{name}.png") == noise(seed)).all()


def test_the_mask_half_is_a_mask_folder_like_any_other(pairs: Path, dest: Path) -> None:
    take_apart(pairs, dest)
    assert palette_of(dest / "mask") == CARS
    line = read_mask_lines(dest / "mask")["a"]
    counts = np.bincount(labels(0).ravel(), minlength=256)
    assert line.size == SIZE
    assert line.areas == {name: int(counts[index]) for index, name in enumerate(CARS.names)} | {"ignore": 1}
    assert check(dest / "mask", photos=dest / "photo").findings == ()


def test_pairing_the_halves_gives_the_pairs_again(pairs: Path, dest: Path, tmp_path: Path) -> None:
    take_apart(pairs, dest)
    pair(dest / "mask", dest / "photo", tmp_path / "again")
    before, after = read_manifest(pairs), read_manifest(tmp_path / "again")
    assert (after.a, after.b, after.palette) == (before.a, before.b, before.palette)
    assert [(each.name, each.hash) for each in after.pairs] == [(each.name, each.hash) for each in before.pairs]


def test_a_split_folder_comes_apart_under_the_names_of_the_pairs(pairs: Path, dest: Path) -> None:
    split(pairs, val=0.25, test=0.25)
    take_apart(pairs, dest)
    found = sorted(path.relative_to(dest / "photo").as_posix() for path in (dest / "photo").rglob("*.png"))
    assert found == ["a.png", "b.png", "walk/c.1.png", "walk/ü.png"]


def test_the_splits_of_the_manifest_are_those_of_the_pairs_made_again(
    pairs: Path, foreign: Path, dest: Path, tmp_path: Path
) -> None:
    split(pairs, val=0.25, test=0.25)
    split(foreign, val=0, test=0.25)
    text = (foreign / "pairs.jsonl").read_text()
    line = next(each for each in text.splitlines() if '"name": "train/1"' in each)
    (foreign / "pairs.jsonl").write_text(text.replace(line, line.replace('"split": "train"', '"split": "test"')))
    for number, folder in enumerate((pairs, foreign)):
        apart = tmp_path / f"apart{number}"
        summary = take_apart(folder, apart, words=("left", "right"))
        made = pair(summary.folders[0], summary.folders[1], tmp_path / f"again{number}")
        before = {each.name: each.split for each in read_manifest(folder).pairs}
        assert folder is pairs or (before["train/1"], before["test/1"]) == ("test", "test")
        after = read_manifest(made.dest).pairs
        assert {each.name: each.split for each in after} == before
        assert all((made.dest / each.file).is_file() and each.file.startswith(each.split) for each in after)


def test_a_list_of_splits_with_another_word_for_one_is_refused(
    pairs: Path, dest: Path, tmp_path: Path, refused: "Refused"
) -> None:
    split(pairs, val=0.25, test=0.25)
    folders = take_apart(pairs, dest).folders
    listed = dest / "splits.json"
    listed.write_text(listed.read_text().replace('"val"', '"valid"'))
    with refused("damaged-file", listed) as error:
        pair(folders[0], folders[1], tmp_path / "again")
    assert "'valid'" in error.value.what


def test_splitting_between_two_calls_changes_nothing(pairs: Path, dest: Path) -> None:
    take_apart(pairs, dest)
    split(pairs, val=0.25, test=0.25)
    summary = take_apart(pairs, dest)
    assert (summary.split, summary.kept) == (0, 4)


def test_another_tool_s_pairs_keep_their_folders_in_their_names(foreign: Path, dest: Path, noise: "Noise") -> None:
    summary = take_apart(foreign, dest)
    assert summary.folders == (dest / "a", dest / "b")
    assert summary.masks == ()
    for file in ("train/1.png", "train/2.png", "val/1.png", "test/1.png"):
        left, right = read_photo(dest / "a" / file), read_photo(dest / "b" / file)
        assert (np.concatenate((left, right), axis=1) == noise(sum(file.encode()), Size(48, 16))).all()


def test_a_folder_of_jpegs_alone_comes_apart_too(tmp_path: Path, dest: Path, noise: "Noise") -> None:
    (tmp_path / "flat").mkdir()
    Image.fromarray(noise(1, Size(32, 16))).save(tmp_path / "flat" / "1.jpg", quality=90)
    whole = read_photo(tmp_path / "flat" / "1.jpg")
    take_apart(tmp_path / "flat", dest, words=("photo", "labels"))
    assert (read_photo(dest / "photo" / "1.png") == whole[:, :16]).all()
    assert (read_photo(dest / "labels" / "1.png") == whole[:, 16:]).all()


def test_pairs_that_are_not_opaque_come_apart_over_white_and_that_is_said(
    tmp_path: Path, dest: Path, noise: "Noise", notes: "Notes"
) -> None:
    (tmp_path / "clear").mkdir()
    pixels = np.dstack([noise(1, Size(32, 16)), np.full((16, 32), 255, dtype=np.uint8)])
    pixels[:4, 20:, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "clear" / "a.png")
    take_apart(tmp_path / "clear", dest, report=notes)
    assert any("laid over white" in line for line in notes.lines)


def test_a_folder_without_training_pairs_comes_apart_and_what_lies_elsewhere_is_named(
    foreign: Path, dest: Path, notes: "Notes"
) -> None:
    (foreign / "train").rename(foreign / "other")
    assert take_apart(foreign, dest, report=notes).split == 2
    assert notes.lines == [
        f"{foreign}: 2 pictures outside train/, val/ and test/ are left out; "
        f"the first is {foreign / 'other' / '1.png'}."
    ]


def test_the_same_call_again_does_nothing_and_new_pairs_are_added(
    foreign: Path, dest: Path, contents: "Contents", noise: "Noise"
) -> None:
    take_apart(foreign, dest)
    before = contents(dest)
    assert take_apart(foreign, dest).kept == 4
    assert contents(dest) == before
    write_png(foreign / "train" / "3.png", noise(3, Size(48, 16)))
    summary = take_apart(foreign, dest)
    assert (summary.split, summary.kept) == (1, 4)
    assert not dest.with_name("apart.partial").exists()


def test_the_marker_states_source_words_and_hashes(pairs: Path, dest: Path) -> None:
    take_apart(pairs, dest, words=("labels", "car"))
    header = json.loads((dest / "halves.json").read_text())
    assert header["source"] == str(pairs)
    assert header["data_hash"] == read_manifest(pairs).data_hash
    assert header["halves"] == [{"name": "labels", "mask": True}, {"name": "car", "mask": False}]
    lines = [json.loads(line) for line in (dest / "halves.jsonl").read_text().splitlines()]
    assert [line["name"] for line in lines] == ["a", "b", "walk/c.1", "walk/ü"]
    assert set(lines[0]["files"]) == {"labels/a.png", "car/a.png"}


def test_a_destination_made_with_other_arguments_is_refused(foreign: Path, dest: Path, refused: "Refused") -> None:
    take_apart(foreign, dest)
    with refused("other-settings", dest, usage=True) as error:
        take_apart(foreign, dest, words=("photo", "map"))
    assert "halves a,b, not photo,map" in error.value.what


@pytest.mark.parametrize("words", [("x", "x"), ("a", "A"), ("../x", "b"), ("a b", "c")])
def test_arguments_that_are_not_two_folders_are_refused(
    foreign: Path, dest: Path, words: tuple[str, str], refused: "Refused"
) -> None:
    with refused("impossible-setting", f"halves {','.join(words)}", usage=True):
        take_apart(foreign, dest, words=words)
    assert not dest.exists()


def test_an_odd_width_and_half_a_picture_are_refused_and_nothing_is_written(
    foreign: Path, dest: Path, refused: "Refused", noise: "Noise"
) -> None:
    write_png(foreign / "train" / "1.png", noise(0, Size(47, 16)))
    whole = (foreign / "train" / "2.png").read_bytes()
    (foreign / "train" / "2.png").write_bytes(whole[: len(whole) // 2])
    with refused("pictures-failed", dest) as error:
        take_apart(foreign, dest)
    assert [(part.code, part.where) for part in error.value.parts] == [
        ("odd-width", str(foreign / "train" / "1.png")),
        ("damaged-file", str(foreign / "train" / "2.png")),
    ]
    assert "47 pixels" in error.value.parts[0].what
    assert not dest.exists()


def test_with_keep_going_the_good_ones_are_written_and_the_others_listed(
    foreign: Path, dest: Path, noise: "Noise"
) -> None:
    write_png(foreign / "train" / "1.png", noise(0, Size(47, 16)))
    summary = take_apart(foreign, dest, keep_going=True)
    assert (summary.split, len(summary.skipped)) == (3, 1)
    assert json.loads((dest / "skipped.jsonl").read_text())["where"] == str(foreign / "train" / "1.png")
    assert not (dest / "a" / "train" / "1.png").exists()


def test_a_picture_that_is_not_that_of_the_manifest_is_refused(pairs: Path, dest: Path, refused: "Refused") -> None:
    shutil.copy(pairs / "all" / "a.png", pairs / "all" / "b.png")
    with refused("pictures-failed", dest) as error:
        take_apart(pairs, dest)
    assert [(part.code, part.where) for part in error.value.parts] == [("hash-differs", str(pairs / "all" / "b.png"))]


def test_a_manifest_s_name_cannot_lead_out_of_the_destination(pairs: Path, dest: Path, refused: "Refused") -> None:
    lines = (pairs / "pairs.jsonl").read_text()
    (pairs / "pairs.jsonl").write_text(lines.replace('"name": "a"', '"name": "../../evil"'))
    with refused("path-leads-out", pairs / "pairs.jsonl"):
        take_apart(pairs, dest, keep_going=True)
    assert not list(dest.parent.rglob("evil*"))


def test_a_mask_half_outside_its_palette_is_refused(pairs: Path, dest: Path, refused: "Refused") -> None:
    header = json.loads((pairs / "pairs.json").read_text())
    header["palette"]["classes"][1]["color"] = [1, 2, 3]
    (pairs / "pairs.json").write_text(json.dumps(header))
    with refused("pictures-failed", dest) as error:
        take_apart(pairs, dest)
    assert {part.code for part in error.value.parts} == {"palette-colour"}


def test_a_destination_within_the_pairs_or_of_something_else_is_refused(
    foreign: Path, dest: Path, refused: "Refused"
) -> None:
    with refused("destination-inside-source", foreign / "apart", usage=True):
        take_apart(foreign, foreign / "apart")
    dest.mkdir()
    (dest / "diary.txt").write_text("x")
    with refused("destination-taken", dest, usage=True):
        take_apart(foreign, dest)


@pytest.mark.parametrize(
    "changes", [0, 2, 7, 16, 24, *(pytest.param(each, marks=pytest.mark.long) for each in (1, 4, 11, 20, 28))]
)
def test_killed_at_any_moment_the_same_call_ends_as_if_nothing_had_been(
    pairs: Path, tmp_path: Path, changes: int, killed_after: "KilledAfter", contents: "Contents"
) -> None:
    take_apart(pairs, tmp_path / "whole")
    killed_after(lambda: take_apart(pairs, tmp_path / "cut"), changes)
    take_apart(pairs, tmp_path / "cut")
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert not (tmp_path / "cut.partial").exists()


@pytest.mark.real_data
def test_real_facades_come_apart_and_together_again(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "facades").mkdir()
    for file in sorted((real_data / "facades-ab").iterdir())[:3]:
        shutil.copy(file, tmp_path / "facades")
    take_apart(tmp_path / "facades", tmp_path / "apart", words=("photo", "labels"))
    pair(tmp_path / "apart" / "photo", tmp_path / "apart" / "labels", tmp_path / "pairs")
    for each in read_manifest(tmp_path / "pairs").pairs:
        again = read_photo(tmp_path / "pairs" / each.file)
        assert (again == read_photo(tmp_path / "facades" / f"{each.name}.jpg")).all()


@pytest.mark.parametrize(
    ("shape", "dtype", "suffix"),
    [((6, 8), "uint16", ".png"), ((6, 8, 5), "float32", ".npy"), ((6, 8), "uint8", ".png")],
)
def test_halves_of_any_depth_come_apart_as_they_were_paired(
    tmp_path: Path, shape: tuple[int, ...], dtype: str, suffix: str
) -> None:
    values = (np.random.default_rng(0).random(shape) * 200).astype(dtype)
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        file = tmp_path / side / f"1{suffix}"
        np.save(file, values) if suffix == ".npy" else Image.fromarray(values).save(file)
    pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs")
    take_apart(tmp_path / "pairs", tmp_path / "apart")
    (back,) = (tmp_path / "apart" / "a").glob("1.*")
    np.testing.assert_array_equal(read_array(back), values)


def test_photos_are_not_cut_in_two(tmp_path: Path, scene: "Scene", dest: Path, refused: "Refused") -> None:
    for number in range(8):
        write_png(tmp_path / "photos" / f"{number}.png", scene(number))
    with refused("not-pairs", tmp_path / "photos"):
        take_apart(tmp_path / "photos", dest)
    assert not dest.exists()


def worn_pairs(folder: Path, *, patch: int) -> Path:
    """Pairs with a palette whose files are JPEG: a car of two classes, a photo, and a patch of a colour of no class."""
    indices = np.zeros((120, 160), np.uint8)
    indices[40:100, 20:140], indices[50:70, 60:100] = 1, 4
    colors = CARS.colors()[indices]
    colors[4 : 4 + patch, 4 : 4 + patch] = (200, 0, 200)
    picture = np.concatenate([colors, np.full_like(colors, 90)], axis=1)
    pairs = []
    for number in range(3):
        file = folder / "train" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file, quality=80 - number)
        pairs.append(Pair(str(number), f"train/{number}.jpg", "train", Size(160, 120), hash_pixels(read_photo(file))))
    halves = Half("mask", "mask"), Half("photo", "photo")
    write_manifest(PairFolder(folder, *halves, CARS, tuple(pairs), foreign=True))
    return folder


def test_mask_halves_that_were_jpeg_are_brought_back_and_what_nothing_decides_is_ignored(
    tmp_path: Path, dest: Path, notes: "Notes"
) -> None:
    take_apart(worn_pairs(tmp_path / "worn", patch=12), dest, report=notes)
    mask = read_mask(dest / "mask" / "0.png", CARS)
    assert set(np.unique(mask)) == {0, 1, 4, IGNORE}
    assert (mask[5:15, 5:15] == IGNORE).all()
    assert (mask[50:70, 62:98] == 4).mean() > 0.95
    assert (mask == IGNORE).sum() < 300
    assert read_mask_lines(dest / "mask")["0"].areas["ignore"] == (mask == IGNORE).sum()
    blended, ignored = notes.lines
    assert "3 mask halves have blended colours" in blended
    assert f"{tmp_path / 'worn' / 'train' / '0.jpg'} at x=" in ignored


def test_more_of_a_colour_of_no_class_is_refused_as_before(tmp_path: Path, dest: Path, refused: "Refused") -> None:
    with refused("pictures-failed", dest) as error:
        take_apart(worn_pairs(tmp_path / "worn", patch=30), dest)
    assert {part.code for part in error.value.parts} == {"palette-colour"}
