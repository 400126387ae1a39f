"""Splitting: exact shares, whole groups, the same for the same seed, and a folder that survives any death."""

import errno
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pytest

from p2p_datatools.contract.files.destination import Destination, hold_in_place
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PLAN, Half, PairFolder, read_manifest, with_pairs, write_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import Photo, hash_pixels, read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.splits import apply
from p2p_datatools.splits.apply import SplitSummary, split

if TYPE_CHECKING:
    from conftest import Contents, Deaths, KilledAfter, Notes, Refused
    from datatools.conftest import Scene


def picture(number: int, width: int = 8) -> Photo:
    return np.full((4, width, 3), [number >> shift & 255 for shift in (0, 8, 16)], dtype=np.uint8)


def picture_of(name: str) -> Photo:
    """Another picture for every name: equal ones would stay in one split."""
    return picture(crc32(name.encode()))


def make_pairs(folder: Path, names: Iterable[str]) -> Path:
    """A pair folder, not split, or more such pairs in one that is there."""
    old = (
        read_manifest(folder)
        if folder.exists()
        else PairFolder(folder, Half("mask", "mask"), Half("b", "photo"), None, ())
    )
    new = []
    for name in names:
        write_png(folder / "all" / f"{name}.png", picture_of(name), durable=False)
        new.append(Pair(name, f"all/{name}.png", "all", Size(4, 4), hash_pixels(picture_of(name))))
    write_manifest(with_pairs(old, [*old.pairs, *new]))
    return folder


def make_foreign(folder: Path, **splits: int) -> Path:
    for name, count in splits.items():
        for number in range(count):
            write_png(folder / name / f"{number}.png", picture_of(f"{name}/{number}"), durable=False)
    return folder


def numbered(count: int, prefix: str = "") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def splits_of(folder: Path) -> dict[str, str]:
    return {pair.name: pair.split for pair in open_pairs(folder).pairs}


# Shares.


@pytest.mark.parametrize(
    ("count", "val", "test", "expected"),
    [
        (10, 0.1, 0.1, (8, 1, 1)),
        (15, 0.1, 0.1, (11, 2, 2)),
        (14, 0.1, 0.0, (13, 1, 0)),
        (50, 0.29, 0.01, (34, 15, 1)),
        (7, 0.5, 0.25, (1, 4, 2)),
        (3, 0.0, 0.0, (3, 0, 0)),
    ],
)
def test_shares_are_exact_rounded_half_up(
    count: int, val: float, test: float, expected: tuple[int, ...], tmp_path: Path
) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(count))
    summary = split(folder, val=val, test=test)
    assert summary.counts == dict(zip(("train", "val", "test"), expected, strict=True))
    assert Counter(splits_of(folder).values()) == Counter({k: v for k, v in summary.counts.items() if v})


def test_files_move_to_their_split_with_their_subfolders_and_all_is_gone(tmp_path: Path, contents: "Contents") -> None:
    folder = make_pairs(tmp_path / "pairs", [*numbered(4), *numbered(4, "walk/x"), "walk/deep/y", "z"])
    before = {pair.name: pair.hash for pair in read_manifest(folder).pairs}
    split(folder, val=0.2, test=0.2)
    for pair in read_manifest(folder).pairs:
        assert pair.file == f"{pair.split}/{pair.name}.png"
        assert hash_pixels(read_photo(folder / pair.file)) == before[pair.name]
    assert not (folder / "all").exists()
    files = [name for name, data in contents(folder).items() if data]
    assert len(files) == 10 + len(("pairs.json", "pairs.jsonl"))


def test_the_same_seed_gives_the_same_split_whatever_the_order_and_another_seed_another(tmp_path: Path) -> None:
    names = numbered(20)
    for place, seed, order in (("one", 0, names), ("two", 0, names[::-1]), ("three", 1, names)):
        split(make_pairs(tmp_path / place, order), seed=seed)
    assert splits_of(tmp_path / "one") == splits_of(tmp_path / "two") != splits_of(tmp_path / "three")


def test_the_same_call_again_changes_no_byte(tmp_path: Path, contents: "Contents") -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    first = split(folder)
    before = contents(folder)
    again = split(folder)
    assert contents(folder) == before
    assert (first.moved, first.kept, again.moved, again.kept) == (10, 0, 0, 10)


def test_added_pairs_are_split_and_the_others_keep_their_split_and_count(tmp_path: Path) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    split(folder)
    before = splits_of(folder)
    make_pairs(folder, numbered(15, "new"))
    summary = split(folder)
    assert {name: its for name, its in splits_of(folder).items() if name in before} == before
    assert summary.counts == {"train": 19, "val": 3, "test": 3}


def test_shares_that_earlier_splits_make_impossible_are_noted(tmp_path: Path, notes: "Notes") -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    split(folder)
    assert split(folder, val=0.5, report=notes).counts == {"train": 8, "val": 1, "test": 1}
    assert notes.lines == ["val has 1 pair, not 5: groups stay whole, splits are kept."]


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0.1), (1.0, 0.0), (0.5, 0.5), (0.9, 0.2), (float("nan"), 0.1)])
def test_shares_that_cannot_be_are_wrong_commands(val: float, test: float, tmp_path: Path, refused: "Refused") -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    with refused("impossible-setting", usage=True):
        split(folder, val=val, test=test)
    assert set(splits_of(folder).values()) == {"all"}


def test_too_few_pairs_for_a_share_are_noted(tmp_path: Path, notes: "Notes") -> None:
    assert split(make_pairs(tmp_path / "pairs", numbered(4)), report=notes).counts["train"] == 4
    assert notes.lines == [f"{name} gets no pairs: 0.1 of 4 is less than half a pair." for name in ("val", "test")]


def test_no_training_pairs_is_an_error_and_nothing_moves(
    tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(2))
    before = contents(folder)
    with refused("no-training-pairs", folder) as error:
        split(folder, val=0.5, test=0.4)
    assert "2 pairs, val 1, test 1" in error.value.what
    assert contents(folder) == before


def test_a_dry_run_reports_the_counts_and_changes_nothing(tmp_path: Path, contents: "Contents") -> None:
    folder, foreign = make_pairs(tmp_path / "pairs", numbered(10)), make_foreign(tmp_path / "foreign", train=10)
    before = contents(tmp_path)
    assert (
        split(folder, dry_run=True).counts == split(foreign, dry_run=True).counts == {"train": 8, "val": 1, "test": 1}
    )
    assert contents(tmp_path) == before


def test_a_folder_without_pairs_is_one_line(tmp_path: Path, refused: "Refused") -> None:
    for folder, code in ((tmp_path, "no-pairs"), (tmp_path / "nowhere", "missing-folder")):
        with refused(code, folder):
            split(folder)


# Groups.


def test_groups_stay_whole_and_shares_are_exact_where_whole_groups_allow(tmp_path: Path) -> None:
    names = [f"walk{group}/{number}" for group in range(20) for number in range(1 + group % 3)]
    folder = make_pairs(tmp_path / "pairs", names)
    summary = split(folder, val=0.1, test=0.2, group_by=r"(walk\d+)/")
    assert summary.counts == {"train": 27, "val": 4, "test": 8}
    assert summary.groups == 20
    assert len({(pair.group, pair.split) for pair in read_manifest(folder).pairs}) == 20


def test_groups_that_do_not_add_up_come_as_near_as_they_can(tmp_path: Path, notes: "Notes") -> None:
    names = [f"{group}-{number}" for group in "abcde" for number in range(4)]
    summary = split(make_pairs(tmp_path / "pairs", names), val=0.15, test=0.35, group_by="^.", report=notes)
    assert summary.counts == {"train": 8, "val": 4, "test": 8}
    assert len(notes.lines) == 2


def test_the_whole_match_names_the_group_where_the_expression_has_no_group(tmp_path: Path) -> None:
    folder = make_pairs(tmp_path / "pairs", ["IMG_20201123_1", "IMG_20201123_2", "IMG_20201124_1"])
    split(folder, val=0.34, test=0, group_by=r"IMG_\d{8}")
    assert [pair.group for pair in read_manifest(folder).pairs] == ["IMG_20201123", "IMG_20201123", "IMG_20201124"]


def test_names_that_do_not_match_stand_alone_and_are_counted(tmp_path: Path, notes: "Notes") -> None:
    folder = make_pairs(tmp_path / "pairs", [*numbered(8, "walk"), "odd", "strange"])
    assert split(folder, val=0.2, test=0, group_by="walk", report=notes).counts == {"train": 8, "val": 2, "test": 0}
    assert notes.lines == ["group-by walk: no match in 2 of 10 names, which stand alone; the first is 'odd'."]


@pytest.mark.parametrize(("expression", "code"), [("nowhere", "no-match"), ("(", "bad-expression")])
def test_expressions_that_name_no_group_are_wrong_commands(
    expression: str, code: str, tmp_path: Path, refused: "Refused"
) -> None:
    with refused(code, f"group-by {expression}", usage=True):
        split(make_pairs(tmp_path / "pairs", numbered(10)), group_by=expression)


def test_a_new_member_follows_its_group(tmp_path: Path) -> None:
    folder = make_pairs(tmp_path / "pairs", [f"walk{group}-{number}" for group in range(6) for number in range(3)])
    split(folder, val=0.2, test=0.2, group_by=r"walk\d")
    make_pairs(folder, [f"walk{group}-new" for group in range(6)])
    split(folder, val=0.2, test=0.2, group_by=r"walk\d")
    splits = splits_of(folder)
    assert all(splits[f"walk{group}-new"] == splits[f"walk{group}-0"] for group in range(6))


def test_a_group_that_an_earlier_split_divided_is_an_error(tmp_path: Path, refused: "Refused") -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10, "walk"))
    split(folder)
    with refused("group-in-several-splits", folder) as error:
        split(folder, group_by="walk")
    assert "'walk' lies in test and train and val" in error.value.what


def test_dropping_the_groups_of_an_earlier_split_is_noted(tmp_path: Path, notes: "Notes") -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10, "walk"))
    split(folder, val=0, test=0, group_by=r"walk\d")
    split(folder, val=0, test=0, report=notes)
    assert "earlier split was by groups" in notes.lines[0]


# A death at any moment.
_IN_THE_MOVES = 26  # changes of the file system: its locks, its plan, and some of ten files are moved


def test_a_kill_at_any_moment_leaves_what_the_same_call_completes(
    tmp_path: Path, deaths: "Deaths", contents: "Contents"
) -> None:
    base = make_pairs(tmp_path / "base", [*numbered(3), "walk/x", "walk/y", "walk/z"])
    whole = tmp_path / "whole"
    shutil.copytree(base, whole)
    split(whole, val=0.2, test=0.2, group_by="none")
    completed = 0
    for changes in deaths(partial(split, base, val=0.2, test=0.2, group_by="none"), base):
        completed += split(base, val=0.2, test=0.2, group_by="none").completed
        assert contents(base) == contents(whole), f"after {changes} changes"
    assert completed > 6


def test_until_the_split_is_complete_the_folder_cannot_be_read_and_a_dry_run_shows_its_result(
    tmp_path: Path, killed_after: "KilledAfter", contents: "Contents", refused: "Refused"
) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    assert killed_after(lambda: split(folder), _IN_THE_MOVES)
    assert (folder / PLAN).exists()
    with refused("split-unfinished", folder):
        read_manifest(folder)
    before = contents(folder)
    summary = split(folder, group_by="none", dry_run=True)
    assert summary == SplitSummary({"train": 8, "val": 1, "test": 1}, 0, 10, 0, True, False)
    assert contents(folder) == before


def test_a_dry_run_of_an_unfinished_split_looks_at_the_pictures_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: "Notes"
) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    monkeypatch.setattr(apply, "write_manifest", stop)
    with pytest.raises(KeyboardInterrupt):
        split(folder)
    first = json.loads((folder / PLAN).read_text())["pairs"][0]
    (folder / first["file"]).rename(folder / "all" / f"{first['name']}.png")
    split(folder, dry_run=True, report=notes)
    assert not any("cannot be read" in line for line in notes.lines)


def test_that_another_tools_splits_are_drawn_again_is_written_before_the_splits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_foreign(tmp_path / "foreign", train=8, test=2)
    split(folder, val=0.2, test=0.2, group_by="none")
    monkeypatch.setattr(apply, "write_manifest", stop)
    with pytest.raises(KeyboardInterrupt):
        split(folder, val=0.2, test=0.2, seed=1, group_by="none", again=True)
    assert read_manifest(folder).provenance["drawn_again"]


def stop(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_unfinished_plan_is_completed_as_it_was_made_though_another_seed_is_asked_for(
    tmp_path: Path, killed_after: "KilledAfter"
) -> None:
    folder, other = make_pairs(tmp_path / "pairs", numbered(10)), make_pairs(tmp_path / "other", numbered(10))
    split(other, seed=0)
    assert killed_after(lambda: split(folder, seed=0), _IN_THE_MOVES)
    assert split(folder, seed=5).completed
    assert splits_of(folder) == splits_of(other)


def test_a_plan_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, killed_after: "KilledAfter", refused: "Refused"
) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    assert killed_after(lambda: split(folder), _IN_THE_MOVES)
    plan = json.loads((folder / PLAN).read_text())
    plan["pairs"][0]["file"] = "../outside.png"
    (folder / PLAN).write_text(json.dumps(plan))
    with refused("path-leads-out", folder / PLAN):
        split(folder)
    assert not (tmp_path / "outside.png").exists()


def test_a_picture_that_is_gone_or_in_the_way_is_named_before_anything_moves(
    tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    whole = contents(folder)
    (folder / "all" / "3.png").unlink()
    with refused("missing-pair", folder / "all" / "3.png"):
        split(folder)
    write_png(folder / "all" / "3.png", picture_of("3"))
    write_png(folder / "train" / "5.png", picture(99))
    with refused("file-in-the-way", folder / "train" / "5.png"):
        split(folder, val=0, test=0)
    shutil.rmtree(folder / "train")
    assert contents(folder) == whole


# Two at once.

HOLDER = """
import sys, time
from pathlib import Path
from p2p_datatools.contract.files.destination import hold_in_place
with hold_in_place(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_of_two_splits_at_once_the_second_is_refused_by_name_and_a_killed_one_keeps_nobody_out(
    tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    with subprocess.Popen([sys.executable, "-c", HOLDER, folder], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        before = contents(folder)
        with refused("folder-in-use", folder, usage=False) as error:
            split(folder)
        assert f"process {first.pid}" in error.value.what
        assert contents(folder) == before
        assert split(folder, dry_run=True).counts == {"train": 8, "val": 1, "test": 1}
        first.kill()
    split(folder)
    assert [each.name for each in tmp_path.iterdir()] == ["pairs"]
    assert not [name for name in contents(folder) if name.startswith(".")]


def test_while_pairs_are_added_nothing_is_split_and_nothing_is_added_during_a_split(
    tmp_path: Path, refused: "Refused"
) -> None:
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    adding = partial(Destination, folder, marker="pairs.json", recipe={})
    with adding(), refused("folder-in-use", tmp_path / "pairs.partial"):
        split(folder)
    with hold_in_place(folder), refused("destination-in-use", tmp_path / "pairs.partial"):
        adding()
    split(folder)


def test_the_lock_of_a_split_makes_no_folder_and_needs_none_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    with refused("missing-folder", tmp_path / "none"):
        split(tmp_path / "none")
    assert not list(tmp_path.iterdir())
    folder = make_pairs(tmp_path / "pairs", numbered(10))
    split(folder)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("p2p_datatools.contract.files.lock.FileLock", refuse)
    assert split(folder).kept == 10


# Folders of other tools.


def test_a_foreign_folder_gets_a_manifest_and_no_file_moves(tmp_path: Path, contents: "Contents") -> None:
    folder = make_foreign(tmp_path / "maps", train=16, val=4)
    before = contents(folder)
    summary = split(folder, val=0.1, test=0.2)
    assert summary.foreign
    assert summary.counts == {"train": 12, "val": 4, "test": 4}
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    assert sorted(after.keys() - before.keys()) == ["pairs.json", "pairs.jsonl"]
    assert all(its == "val" for name, its in splits_of(folder).items() if name.startswith("val/"))


def test_a_foreign_manifest_has_the_size_and_hash_of_every_picture(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "maps", train=5)
    split(folder, val=0.2, test=0.2)
    manifest = read_manifest(folder)
    assert manifest.foreign
    assert {pair.size for pair in manifest.pairs} == {Size(4, 4)}
    assert all(pair.hash == hash_pixels(read_photo(folder / pair.file)) for pair in manifest.pairs)


def test_new_pictures_of_a_foreign_folder_join_its_manifest(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "maps", train=10)
    split(folder)
    before = splits_of(folder)
    make_foreign(folder, train=19, val=1)
    summary = split(folder)
    after = splits_of(folder)
    assert {name: after[name] for name in before} == before
    assert summary.counts == {"train": 16, "val": 2, "test": 2}
    assert after["val/0"] == "val"


def test_loose_pictures_of_a_foreign_folder_are_split_too(tmp_path: Path, notes: "Notes") -> None:
    folder = tmp_path / "loose"
    for number in range(10):
        write_png(folder / f"{number}.png", picture(number), durable=False)
    assert split(folder, report=notes).counts == {"train": 8, "val": 1, "test": 1}
    assert "no train/ folder: all pictures are training pictures" in notes.lines


def test_pictures_of_a_foreign_folder_that_are_not_pairs_are_all_named(
    tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    folder = make_foreign(tmp_path / "maps", train=5)
    write_png(folder / "train" / "odd.png", picture(1, width=9))
    (folder / "train" / "text.png").write_text("no picture")
    with refused("pictures-failed", folder) as error:
        split(folder)
    assert [(part.code, part.where) for part in error.value.parts] == [
        ("odd-width", str(folder / "train" / "odd.png")),
        ("not-a-picture", str(folder / "train" / "text.png")),
    ]
    assert not (folder / "pairs.jsonl").exists()


def test_a_picture_that_vanished_from_a_foreign_folder_is_named(tmp_path: Path, refused: "Refused") -> None:
    folder = make_foreign(tmp_path / "maps", train=5)
    split(folder)
    (folder / "train" / "2.png").unlink()
    with refused("missing-pair", folder / "train" / "2.png") as error:
        split(folder)
    assert "delete pairs.json and split again" in error.value.to_do


def test_a_kill_at_any_moment_leaves_a_foreign_folder_that_the_same_call_completes(
    tmp_path: Path, killed_after: "KilledAfter"
) -> None:
    folder = make_foreign(tmp_path / "maps", train=10)
    changes = 0
    while killed_after(lambda: split(folder, group_by="none"), changes):
        open_pairs(folder)
        changes += 1
    assert changes > 2
    assert split(folder).counts == {"train": 8, "val": 1, "test": 1}


@pytest.mark.real_data
def test_real_maps_keep_their_val_and_train_provides_the_test(real_data: Path, tmp_path: Path) -> None:
    for name in ("train", "val"):
        (tmp_path / "maps" / name).mkdir(parents=True)
        for file in sorted((real_data / "maps" / name).iterdir())[: 8 if name == "train" else 2]:
            shutil.copy(file, tmp_path / "maps" / name)
    summary = split(tmp_path / "maps", val=0.2, test=0.2)
    assert summary.counts == {"train": 6, "val": 2, "test": 2}
    assert {pair.size for pair in read_manifest(tmp_path / "maps").pairs} == {Size(600, 600)}


@pytest.mark.real_data
def test_real_facades_in_one_flat_folder_are_split(real_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "facades"
    shutil.copytree(real_data / "facades-ab", folder)
    assert split(folder).counts == {"train": 24, "val": 3, "test": 3}
    assert read_manifest(folder).of("val")[0].size == Size(256, 256)


def write_scenes(folder: Path, scene: "Scene") -> Path:
    for number in range(8):
        write_png(folder / f"{number}.png", scene(number), durable=False)
    return folder


def test_a_folder_of_photos_is_not_split_and_gets_no_manifest(
    tmp_path: Path, scene: "Scene", refused: "Refused", contents: "Contents"
) -> None:
    photos = write_scenes(tmp_path / "photos", scene)
    before = contents(photos)
    with refused("not-pairs", photos):
        split(photos)
    with refused("not-pairs", photos):
        open_pairs(photos)
    assert contents(photos) == before


def test_photos_are_pairs_where_the_user_says_so_and_the_manifest_remembers_it(tmp_path: Path, scene: "Scene") -> None:
    photos = write_scenes(tmp_path / "photos", scene)
    split(photos, as_pairs=True)
    assert len(open_pairs(photos).pairs) == 8
    assert open_pairs(photos).provenance["as_pairs"] is True
    write_png(photos / "new.png", scene(9))
    assert split(photos).moved == 1


def test_one_split_of_a_pair_folder_is_split_no_further_unless_that_is_asked(
    tmp_path: Path, refused: "Refused"
) -> None:
    pairs = make_pairs(tmp_path / "pairs", [f"p{number}" for number in range(10)])
    split(pairs, group_by="none")
    with refused("part-of-pairs", pairs / "train") as error:
        split(pairs / "train", group_by="none")
    assert f"p2p data split {pairs}'" in error.value.to_do
    assert not (pairs / "train" / "pairs.json").exists()
    assert split(pairs / "train", group_by="none", as_pairs=True, dry_run=True).foreign
