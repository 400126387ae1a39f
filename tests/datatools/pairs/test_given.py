"""Splits that the folders of A and B say: kept in every layout, unique names and files, and said."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from p2p_cli.data.pair import command
from p2p_datatools.checks.folder import check
from p2p_datatools.contract.pairs.halves import read_pair
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.pairs.opening import read_foreign
from p2p_datatools.contract.pictures.images import read_photo, write_png
from p2p_datatools.pairs.build import PairOptions, pair
from p2p_datatools.pairs.match import match_pictures
from p2p_datatools.pairs.shards import Shard, merge
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Contents, Notes, Refused
    from datatools.conftest import Scene, WriteMasks, WritePhotos


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "pairs"


def places(folder: Path) -> dict[str, tuple[str, str]]:
    """Split and file of each pair by its name; every file exists."""
    pairs = read_manifest(folder).pairs
    assert all((folder / each.file).is_file() for each in pairs)
    return {each.name: (each.split, each.file) for each in pairs}


def write_halves_of(write_photos: "WritePhotos", tmp_path: Path, *files: str) -> tuple[Path, Path]:
    return write_photos(tmp_path / "A", *files), write_photos(tmp_path / "B", *files, seed=50)


def test_folders_of_splits_in_a_and_b_are_the_splits_of_their_pairs(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    folders = write_halves_of(write_photos, tmp_path, "train/1.png", "train/2.png", "valid/1.png", "test/deep/1.png")
    summary = pair(*folders, dest)
    assert (summary.splits, summary.unsplit) == ({"train": 2, "val": 1, "test": 1}, 0)
    assert places(dest) == {
        "train/1": ("train", "train/1.png"),
        "train/2": ("train", "train/2.png"),
        "valid/1": ("val", "val/1.png"),
        "test/deep/1": ("test", "test/deep/1.png"),
    }
    a, b = read_pair(dest / "val" / "1.png")
    assert (a == read_photo(folders[0] / "valid/1.png")).all()
    assert (b == read_photo(folders[1] / "valid/1.png")).all()
    assert check(dest).findings == ()


@pytest.mark.parametrize(("a", "b"), [("masks/test", "images/train"), ("test/masks", "train/images")])
def test_folders_of_two_splits_are_not_paired_in_silence(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", notes: "Notes", a: str, b: str
) -> None:
    pair(write_photos(tmp_path / a, "1.png"), write_photos(tmp_path / b, "1.png", seed=50), dest, report=notes)
    assert any("is of test by its name" in line for line in notes.lines)


def test_a_folder_of_given_splits_is_a_pix2pix_folder_of_any_tool(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    pair(*write_halves_of(write_photos, tmp_path, "train/1.png", "valid/1.png"), dest)
    for record in ("pairs.json", "pairs.jsonl"):
        (dest / record).unlink()
    assert {each.name: each.split for each in read_foreign(dest).pairs} == {"train/1": "train", "val/1": "val"}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("{split}A/1.png", "{split}B/1.png"),
        ("{split}/A/1.png", "{split}/B/1.png"),
        ("A/{split}/1.png", "B/{split}/1.png"),
        ("{split}_label/1.png", "{split}_img/1.png"),
        ("{split}/masks/1.png", "{split}/images/1.png"),
        ("labels/{split}/1.png", "images/{split}/1.png"),
    ],
)
def test_one_folder_that_holds_both_halves_is_given_twice(
    a: str, b: str, tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    for seed, place in ((0, a), (50, b)):
        files = [place.format(split=split) for split in ("train", "test")]
        folder = write_photos(tmp_path / "both", *files, seed=seed)
    pair(folder, folder, dest)
    assert places(dest) == {"train/1": ("train", "train/1.png"), "test/1": ("test", "test/1.png")}
    assert (read_pair(dest / "test/1.png")[0] == read_photo(folder / a.format(split="test"))).all()


def test_a_folder_of_pairs_given_twice_is_called_that(
    tmp_path: Path, dest: Path, scene: "Scene", refused: "Refused"
) -> None:
    for place, seed in (("train/1_AB.png", 1), ("train/2_AB.png", 2), ("test/3_AB.png", 3)):
        (tmp_path / "both" / place).parent.mkdir(parents=True, exist_ok=True)
        write_png(tmp_path / "both" / place, np.hstack([scene(seed), scene(seed + 50)]))
    with refused("pairs-as-half", tmp_path / "both", usage=True) as error:
        pair(tmp_path / "both", tmp_path / "both", dest)
    assert f"p2p data split {tmp_path / 'both'}" in error.value.to_do


def test_one_folder_without_both_halves_is_refused_and_other_pictures_are_counted(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", notes: "Notes", refused: "Refused"
) -> None:
    folder = write_photos(tmp_path / "both", "trainA/1.png", "testA/1.png", "results/1.png")
    with refused("same-folder", folder, usage=True):
        pair(folder, folder, dest)
    write_photos(folder, "trainB/1.png", "testB/1.png", seed=50)
    assert pair(folder, folder, dest, report=notes).splits == {"train": 1, "test": 1}
    assert "1 picture is neither" in notes.lines[0]
    assert "testA/1.png and testB/1.png" in notes.lines[1]


def test_splits_that_a_and_b_spell_differently_are_the_same(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    a = write_photos(tmp_path / "A", "train/1.png", "val/1.png", "Testing/1.png")
    b = write_photos(tmp_path / "B", "train2017/1.png", "validation/1.png", "test/1.png", seed=50)
    pair(a, b, dest)
    assert {name: split for name, (split, _) in places(dest).items()} == {
        "train/1": "train",
        "val/1": "val",
        "test/1": "test",
    }


def test_where_only_one_side_has_splits_it_gives_them(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    a = write_photos(tmp_path / "A", "train/1.png", "test/2.png")
    b = write_photos(tmp_path / "B", "1.png", "2.png", seed=50)
    pair(a, b, dest)
    assert places(dest) == {"1": ("train", "train/1.png"), "2": ("test", "test/2.png")}
    write_photos(a, "test/1.png", seed=9)
    with refused("pictures-failed", tmp_path / "other") as error:
        pair(a, b, tmp_path / "other")
    assert [each.code for each in error.value.parts] == ["same-name"]


def test_an_expression_is_applied_within_each_split(tmp_path: Path, dest: Path, write_photos: "WritePhotos") -> None:
    a = write_photos(tmp_path / "A", "train/mask_1.png", "test/mask_1.png")
    b = write_photos(tmp_path / "B", "train/photo_1.png", "test/photo_1.png", seed=50)
    pair(a, b, dest, ways=PairOptions(match=r"(\d+)$"))
    assert places(dest) == {"train/1": ("train", "train/1.png"), "test/1": ("test", "test/1.png")}
    whole, skipped = match_pictures(a, b, match=r"^(\w+)/")
    assert (list(whole), skipped) == (["test", "train"], [])


def test_a_list_that_pairs_pictures_of_different_splits_is_refused(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    a, b = write_halves_of(write_photos, tmp_path, "train/1.png", "train/2.png", "test/1.png")
    (tmp_path / "list.csv").write_text("train/1.png,train/1.png\ntest/1.png,train/2.png\n")
    with refused("pictures-failed", dest) as error:
        pair(a, b, dest, ways=PairOptions(match=str(tmp_path / "list.csv")))
    assert [(each.code, each.where) for each in error.value.parts] == [("other-split", str(a / "test/1.png"))]


def test_a_folder_of_trains_among_other_classes_is_no_split(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    pair(*write_halves_of(write_photos, tmp_path, "bus/1.png", "train/1.png"), dest)
    assert places(dest) == {"bus/1": ("all", "all/bus/1.png"), "train/1": ("all", "all/train/1.png")}


def test_pairs_of_one_name_in_folders_of_the_same_split_or_of_none_have_files_of_their_own(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    files = ("val/1.png", "valid/1.png", "train/1.png", "test/1.png", "1.png")
    summary = pair(*write_halves_of(write_photos, tmp_path, *files), dest)
    assert summary.unsplit == 1
    assert {split for split, _ in places(dest).values()} == {"train", "val", "test", "all"}
    split(dest)
    assert places(dest)["1"] == ("train", "train/1.png")
    assert check(dest).findings == ()


def test_only_the_folders_of_one_split_are_given_and_the_others_beside_them_are_named(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    files = ("trainA/1.png", "trainB/1.png", "testA/1.png", "testB/1.png")
    folder = write_photos(tmp_path / "both", *files)
    pair(folder / "trainA", folder / "trainB", dest, report=notes)
    assert places(dest) == {"1": ("all", "all/1.png")}
    assert f"'p2p data pair {folder} {folder} DEST'" in notes.lines[0]


def test_the_same_call_again_changes_no_byte_and_new_pictures_get_their_split(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", contents: "Contents"
) -> None:
    folders = write_halves_of(write_photos, tmp_path, "train/1.png", "test/1.png")
    pair(*folders, dest)
    before = contents(dest)
    assert pair(*folders, dest).kept == 2
    assert contents(dest) == before
    for folder, seed in zip(folders, (20, 70), strict=True):
        write_photos(folder, "test/2.png", seed=seed)
    assert (pair(*folders, dest).built, places(dest)["test/2"]) == (1, ("test", "test/2.png"))
    (dest / "train/1.png").unlink()
    pair(*folders, dest)
    assert contents(dest).items() >= {name: data for name, data in before.items() if name.endswith(".png")}.items()


@pytest.mark.parametrize("move", [False, True])
def test_shards_and_parts_keep_given_splits_when_they_are_merged(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", move: bool
) -> None:
    files = [f"{split}/{number}.png" for split in ("train", "valid") for number in range(6)]
    folders = write_halves_of(write_photos, tmp_path, *files)
    parts = [pair(*folders, dest, ways=PairOptions(shard=Shard(number, 2))).dest for number in (1, 2)]
    merge(parts, dest, move=move)
    pair(*folders, tmp_path / "whole")
    assert places(dest) == places(tmp_path / "whole")
    assert [part.exists() for part in parts] == [not move] * 2


def test_parts_whose_pairs_would_lie_in_one_place_are_merged_side_by_side(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    for word, seed in (("val", 0), ("valid", 10)):
        for half, more in (("A", 0), ("B", 50)):
            write_photos(tmp_path / word / half, "train/x.png", seed=seed + more + 5)
            write_photos(tmp_path / word / half, f"{word}/1.png", seed=seed + more)
            (tmp_path / word / half / "train/x.png").rename(tmp_path / word / half / f"train/{word}.png")
        pair(tmp_path / word / "A", tmp_path / word / "B", tmp_path / f"pairs-{word}")
    merge([tmp_path / "pairs-val", tmp_path / "pairs-valid"], dest)
    assert len({file for _, file in places(dest).values()}) == 4
    assert check(dest).findings == ()


def test_masks_whose_record_says_splits_give_them_to_their_pairs(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", write_masks: "WriteMasks"
) -> None:
    masks, photos = (
        write_masks(tmp_path / "masks", "1", "2", "3"),
        write_photos(tmp_path / "photos", *["1.png", "2.png", "3.png"]),
    )
    lines = [{"name": "1", "split": "train"}, {"name": "2", "split": "val"}, {"name": "3"}]
    (masks / "masks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert pair(masks, photos, dest).unsplit == 1
    assert places(dest) == {"1": ("train", "train/1.png"), "2": ("val", "val/2.png"), "3": ("all", "all/3.png")}


def test_equal_pictures_in_given_splits_are_noted_found_and_brought_together(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    folders = write_halves_of(write_photos, tmp_path, *(f"train/{n}.png" for n in range(4)), "test/0.png", "test/1.png")
    for folder in folders:
        shutil.copy(folder / "train/2.png", folder / "test/1.png")
    pair(*folders, dest, report=notes)
    assert "2 pairs in different splits show the same" in notes.lines[-1]
    findings = check(dest).findings
    assert [(each.code, each.where) for each in findings] == [("leak", str(dest / "test/1.png"))]
    assert f"p2p data split {dest}" in findings[0].to_do
    assert split(dest, val=0).counts == {"train": 3, "val": 0, "test": 3}
    assert places(dest)["train/2"][0] == "test"
    assert places(dest)["test/1"] == ("test", "test/1.png")
    assert check(dest).ok


def test_lists_beside_label_pictures_give_their_pairs_splits_and_are_said(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    a, b = write_halves_of(write_photos, tmp_path, *(f"{n}.png" for n in range(4)))
    (a / "train.txt").write_text("0\nA/1.png\n")
    (a / "val.txt").write_text("2\n")
    summary = pair(a, b, dest, report=notes)
    assert (summary.splits, summary.unsplit) == ({"train": 2, "val": 1}, 1)
    assert {name: split for name, (split, _) in places(dest).items()} == {
        "0": "train",
        "1": "train",
        "2": "val",
        "3": "all",
    }
    assert any("train.txt" in line for line in notes.lines)


def test_lists_above_both_folders_may_name_photos_whose_labels_are_called_otherwise(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    write_photos(tmp_path / "A", "0_mask.png", "1_mask.png")
    write_photos(tmp_path / "B", "0.png", "1.png", seed=50)
    for which, name in (("train", "0"), ("test", "1")):
        (tmp_path / "A" / f"{which}.txt").write_text(f"{name}\n")
    assert pair(tmp_path / "A", tmp_path / "B", dest).splits == {"train": 1, "test": 1}


def test_lists_that_contradict_the_folders_of_splits_are_told_of(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    for half in ("A", "B"):
        write_photos(tmp_path / half, "train/1.png", "train/2.png", "test/3.png")
    (tmp_path / "splits.json").write_text('{"train": ["1.png"], "test": ["2.png", "3.png"]}')
    pair(tmp_path / "A", tmp_path / "B", dest, report=notes)
    assert {each.name: each.split for each in read_manifest(dest).pairs}["train/2"] == "train"
    assert any(
        "train/2.png, which lies in train and is listed in test: the folders count" in line for line in notes.lines
    )


def test_two_lists_that_name_one_picture_are_refused(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    a, b = write_halves_of(write_photos, tmp_path, "0.png", "1.png")
    for which in ("train", "val"):
        (tmp_path / f"{which}.txt").write_text("0\n")
    with refused("several-splits", tmp_path / "train.txt"):
        pair(a, b, dest)


def test_two_folders_of_one_split_keep_pictures_of_one_name_apart(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos"
) -> None:
    folders = write_halves_of(write_photos, tmp_path, "train/1.png", "test1/1.png", "test2/1.png")
    assert pair(*folders, dest).splits == {"train": 1, "test": 2}
    assert len({file for _, file in places(dest).values()}) == 3


def test_lists_that_both_halves_share_are_told_once(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    folders = write_halves_of(write_photos, tmp_path, "1.png", "2.png")
    (tmp_path / "split.csv").write_text("name,split\n1.png,train\n2.png,test\n")
    assert pair(*folders, dest, report=notes).splits == {"train": 1, "test": 1}
    assert sum("split.csv" in line for line in notes.lines) == 1


@pytest.mark.parametrize(
    ("folders", "word"), [(("day_train", "night_test"), "splits"), (("Fold_1", "Fold_2"), "'Fold[^/]*'")]
)
def test_folders_that_may_be_splits_are_not_drawn_by_chance_in_silence(
    tmp_path: Path,
    dest: Path,
    write_photos: "WritePhotos",
    notes: "Notes",
    folders: tuple[str, str],
    word: str,
) -> None:
    both = write_halves_of(write_photos, tmp_path, *(f"{folder}/1.png" for folder in folders))
    assert pair(*both, dest, report=notes).unsplit == 2
    assert any(f"{folders[0]}/" in line and word in line for line in notes.lines)


def test_folders_inside_one_split_are_told_of_the_others(
    tmp_path: Path, dest: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    data = write_photos(tmp_path / "data", *(f"{part}/{side}/1.png" for part in ("train", "val") for side in "xy"))
    pair(data / "train" / "x", data / "train" / "y", dest, report=notes)
    assert any("val is beside it" in line for line in notes.lines)


@pytest.mark.parametrize(
    ("files", "halves", "match"),
    [
        (("{}/night/1.png", "{}/day/1.png"), None, "stem"),
        (("{}/night/1.png", "{}/day/1.png"), ("dark", "light"), "stem"),
        (("{}/1_night.png", "{}/1_day.png"), ("night", "day"), "stem"),
        (("{}/night/1_n.png", "{}/day/1_d.png"), None, r"(\d+)"),
        (("night/{}/1.png", "day/{}/1.png"), ("night", "day"), "stem"),
        (("{}/x/1.png", "{}/y/1.png"), None, "stem"),
    ],
)
def test_the_command_that_takes_all_splits_is_one_that_does(
    files: tuple[str, str],
    halves: tuple[str, str] | None,
    match: str,
    tmp_path: Path,
    dest: Path,
    write_photos: "WritePhotos",
    notes: "Notes",
) -> None:
    data = write_photos(tmp_path / "data", *(each.format(part) for part in ("train", "val") for each in files))
    a, b = (data / each.format("train").rpartition("/")[0] for each in files)
    pair(a, b, dest, halves=halves, ways=PairOptions(match), report=notes)
    said = next(
        re.search(r"'?(p2p data pair .*) takes all splits", line) for line in notes.lines if "beside it" in line
    )
    assert said
    words = shlex.split(said[1].removesuffix("'").replace("DEST", str(tmp_path / "all")))
    CliRunner().invoke(command, words[3:], standalone_mode=False, catch_exceptions=False)
    assert sorted(place for place, _ in places(tmp_path / "all").values()) == ["train", "val"]
    assert Path(read_manifest(tmp_path / "all").pairs[0].sources["a"]).name == Path(files[0]).name


@pytest.mark.parametrize("makes_masks", [False, True])
def test_no_command_is_offered_that_would_find_other_pictures_or_lose_the_palette_of_masks(
    makes_masks: bool,
    tmp_path: Path,
    dest: Path,
    write_photos: "WritePhotos",
    write_masks: "WriteMasks",
    notes: "Notes",
) -> None:
    data = write_photos(tmp_path / "data", *(f"{part}/{side}/1.png" for part in ("train", "val") for side in "xy"))
    if makes_masks:
        write_masks(data / "train" / "x", "1")
    else:
        write_photos(data, "docs/logo.png")
    pair(data / "train" / "x", data / "train" / "y", dest, report=notes)
    assert [line for line in notes.lines if "beside it" in line and "p2p" not in line]
