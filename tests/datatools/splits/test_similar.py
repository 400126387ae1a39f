"""Pairs that look alike are never divided: planted twins through the command, walks, classes, what is told."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import UNSPLIT, Half, PairFolder, read_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import Photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET
from p2p_datatools.likeness.find import Link
from p2p_datatools.likeness.store import SignatureStore
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits import similar
from p2p_datatools.splits.apply import split
from p2p_datatools.splits.assign import assign
from p2p_datatools.splits.cover import cover_classes
from p2p_datatools.splits.groups import LeakCount, Likeness, count_leaks, find_sets, name_groups
from p2p_datatools.splits.looks import Looks
from p2p_datatools.splits.plan import plan_split
from p2p_datatools.splits.similar import choose_grouping

if TYPE_CHECKING:
    from conftest import Contents, Deaths, Notes, Refused


def scene(seed: int, shape: tuple[int, int] = (96, 128)) -> Photo:
    """A picture with shapes, as no other seed has them."""
    draw = np.random.default_rng(seed)
    picture = np.full((*shape, 3), draw.integers(60, 200, 3), np.uint8)
    for _ in range(60):
        x, y = (int(draw.integers(0, side)) for side in shape[::-1])
        color = [int(each) for each in draw.integers(0, 256, 3)]
        if draw.random() < 0.5:
            cv2.circle(picture, (x, y), int(draw.integers(2, 12)), color, -1)
        else:
            cv2.rectangle(picture, (x, y), (x + int(draw.integers(3, 24)), y + int(draw.integers(3, 18))), color, -1)
    return picture


def crop(photo: Photo) -> Photo:
    return np.ascontiguousarray(photo[6:90, 10:122])


def brighten(photo: Photo) -> Photo:
    return np.asarray(np.clip(photo * 1.2 + 10, 0, 255), np.uint8)


def save_small(photo: Photo) -> Photo:
    _, data = cv2.imencode(".jpg", cv2.resize(photo, (96, 72), interpolation=cv2.INTER_AREA), [1, 40])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def flip(photo: Photo) -> Photo:
    return np.ascontiguousarray(photo[:, ::-1])


CHANGES: tuple[Callable[[Photo], Photo], ...] = (crop, brighten, save_small, flip)


def write_pairs(
    folder: Path, photos: dict[str, Photo], *, split_of: Callable[[str], str] = lambda name: "train"
) -> Path:
    """Another tool's folder of A|B pictures, A nearly flat."""
    for name, photo in photos.items():
        labels = np.full_like(photo, 255)
        labels[: len(photo) // 2] = 0
        write_png(folder / split_of(name) / f"{name}.png", np.concatenate((labels, photo), axis=1), durable=False)
    return folder


def plant() -> dict[str, Photo]:
    """Ten scenes, and of four of them a changed copy whose name tells nothing."""
    photos = {f"scene{chr(97 + number)}": scene(number) for number in range(10)}
    for number, change in enumerate(CHANGES):
        photos[f"other{chr(97 + number)}"] = change(scene(number))
    return photos


TWINS = [(f"train/scene{chr(97 + number)}", f"train/other{chr(97 + number)}") for number in range(len(CHANGES))]


def splits_of(folder: Path) -> dict[str, str]:
    return {each.name: each.split for each in open_pairs(folder).pairs}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("planted") / "pairs", plant())


@pytest.fixture
def pairs(planted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(planted, tmp_path / "pairs"))


def test_planted_twins_are_in_one_split_and_it_is_told_what_chance_would_have_leaked(
    pairs: Path, notes: "Notes"
) -> None:
    leaked = split(pairs, val=0.2, test=0.2, group_by="none").counts
    divided = sum(splits_of(pairs)[one] != splits_of(pairs)[other] for one, other in TWINS)
    assert divided
    errors = [each for each in check(pairs).findings if each.severity == "error"]
    assert {each.code for each in errors} == {"near-leak"}
    assert len(errors) == divided
    summary = split(pairs, val=0.2, test=0.2, again=True, report=notes)
    assert summary.counts == leaked
    splits, groups = splits_of(pairs), {each.name: each.group for each in read_manifest(pairs).pairs}
    assert all(splits[one] == splits[other] and groups[one] == groups[other] for one, other in TWINS)
    assert len(set(groups.values()) - {None}) == len(TWINS)
    assert sum(each.random for each in summary.leaks) > 0
    assert [(each.now, each.neighbours) for each in summary.leaks] == [(0, 0), (0, 0)]
    assert any("Drawn again:" in line for line in notes.lines)
    assert check(pairs).ok


def test_a_dry_run_of_drawing_again_changes_nothing_and_a_second_call_moves_nothing(
    pairs: Path, contents: "Contents"
) -> None:
    split(pairs, val=0.2, test=0.2, group_by="none")
    before = contents(pairs)
    foretold = split(pairs, val=0.2, test=0.2, again=True, dry_run=True)
    assert contents(pairs) == before
    done = split(pairs, val=0.2, test=0.2, again=True)
    assert (done.counts, done.moved) == (foretold.counts, foretold.moved)
    assert split(pairs, val=0.2, test=0.2, again=True).moved == 0


def test_a_new_twin_follows_and_the_others_keep_their_split(pairs: Path) -> None:
    split(pairs, val=0.2, test=0.2)
    before = splits_of(pairs)
    tested = next(name for name, its in before.items() if its == "test").removeprefix("train/")
    photo = plant()[tested]
    write_pairs(pairs, {"0new": flip(photo), "1new": scene(99)})
    split(pairs, val=0.2, test=0.2)
    after = splits_of(pairs)
    assert {name: after[name] for name in before} == before
    assert after["train/0new"] == "test"
    groups = {each.name: each.group for each in read_manifest(pairs).pairs}
    assert groups["train/0new"] == groups[f"train/{tested}"]
    assert split(pairs, val=0.2, test=0.2).moved == 0


def test_a_pair_that_stood_alone_gets_the_group_of_the_twin_that_follows_it(pairs: Path) -> None:
    split(pairs, val=0.2, test=0.2)
    alone = next(each for each in read_manifest(pairs).pairs if each.group is None and each.split == "test")
    write_pairs(pairs, {"0new": flip(plant()[alone.name.removeprefix("train/")])})
    split(pairs, val=0.2, test=0.2)
    found = {each.name: (each.split, each.group) for each in read_manifest(pairs).pairs}
    assert found[alone.name] == found["train/0new"]
    assert found[alone.name][1]


def test_a_training_twin_joins_the_one_that_is_tested_on(pairs: Path) -> None:
    split(pairs, val=0.2, test=0.2, group_by="none")
    before = splits_of(pairs)
    split(pairs, val=0.2, test=0.2)
    after = splits_of(pairs)
    for one, other in TWINS:
        assert after[one] == after[other] == min((before[one], before[other]), key=("test", "val", "train").index)


def test_a_new_picture_joins_what_is_beside_it_also_where_twins_of_two_splits_become_one_set() -> None:
    links = [Link(1, 2, "part", 0.9), Link(1, 3, "part", 0.9)]
    assert find_sets(["train", "test", None, "train"], [[0, 1]], links, 9).sets == [[0, 1, 2]]


def test_who_was_in_a_group_with_a_pair_that_joins_its_twin_does_not_follow_it() -> None:
    placed = {
        "a": ("train", "1"),
        "b": ("train", "1"),
        "c": ("test", "2"),
        "new": (UNSPLIT, None),
        "next": (UNSPLIT, None),
    }
    pairs = [
        Pair(name, f"{its}/{name}.png", its, Size(8, 8), name, group=group) for name, (its, group) in placed.items()
    ]
    groups = name_groups(pairs, [[0, 2, 3], [1, 4]], list(placed))
    assert assign(pairs, groups, {"test": 0, "val": 0}, 0) == {"a": "test", "new": "test", "next": "train"}
    assert name_groups(pairs, [[0, 2, 3]], list(placed))["a"] != pairs[1].group  # a group would be in two splits


def test_twins_across_groups_of_an_expression_go_together(pairs: Path, notes: "Notes") -> None:
    split(pairs, val=0.2, test=0.2, group_by="(scene|other).", report=notes)
    splits = splits_of(pairs)
    assert all(splits[one] == splits[other] for one, other in TWINS)


def write_slices(folder: Path, *, patients: int = 6, slices: int = 4, others: int = 0) -> Path:
    """Pairs p000_0 to p005_3, all of which look alike, as the same slices of patients do, but for `others` patients."""
    for patient in range(patients):
        whole = scene(max(0, others - patient), Size(96, 64))
        for number in range(slices):
            photo = np.clip(whole.astype(np.int16) + patient * 9 + number, 0, 255).astype(np.uint8)
            write_png(folder / "a" / f"p{patient:03}_{number}.png", 255 - photo)
            write_png(folder / "b" / f"p{patient:03}_{number}.png", photo)
    pair(folder / "a", folder / "b", folder / "pairs", halves=("a", "photo"))
    return folder / "pairs"


def test_groups_that_all_resemble_each_other_are_parted_all_the_same(tmp_path: Path, notes: "Notes") -> None:
    folder = write_slices(tmp_path)
    done = split(folder, val=0.2, test=0.2, group_by="^[^_]+", report=notes)
    assert done.counts == {"train": 16, "val": 4, "test": 4}
    splits = {(each.name[:4], each.split) for each in read_manifest(folder).pairs}
    assert len(splits) == 6
    assert any("only pairs of one group are kept together" in line for line in notes.lines)
    assert split(folder, val=0.2, test=0.2, group_by="^[^_]+").moved == 0


def test_groups_that_resemble_each_other_stay_together_where_any_can_be_held_out(
    tmp_path: Path, notes: "Notes"
) -> None:
    folder = write_slices(tmp_path, others=1)
    done = split(folder, val=0.2, test=0.2, group_by="^[^_]+", report=notes)
    assert sorted(done.counts.values()) == [0, 4, 20]
    assert [leak.now for leak in done.leaks] == [0, 0]
    assert not any("only pairs of one group" in line for line in notes.lines)


def test_where_nothing_is_similar_the_draw_is_that_of_no_groups(tmp_path: Path) -> None:
    photos = {f"p{number}": scene(number) for number in range(8)}
    one, other = write_pairs(tmp_path / "one", photos), write_pairs(tmp_path / "other", photos)
    split(one, val=0.2, test=0.2)
    split(other, val=0.2, test=0.2, group_by="none")
    assert (one / "pairs.jsonl").read_bytes() == (other / "pairs.jsonl").read_bytes()


def walk(frames: int, seed: int = 7) -> dict[str, Photo]:
    """Frames of a camera that goes along a street."""
    street = scene(seed, (96, 128 + 56 * frames))
    street[:] = np.concatenate([scene(seed + k) for k in range(1 + 56 * frames // 128 + 1)], axis=1)[
        :, : street.shape[1]
    ]
    return {f"walk_{30 * k:06d}": np.ascontiguousarray(street[:, 56 * k : 56 * k + 128]) for k in range(frames)}


def test_a_walk_larger_than_a_split_is_cut_into_parts_and_what_stands_beside_is_told(
    tmp_path: Path, notes: "Notes"
) -> None:
    folder = write_pairs(tmp_path / "walk", walk(40))
    summary = split(folder, val=0.2, test=0.2, report=notes)
    assert min(summary.counts.values()) > 0
    assert any("it is cut into parts" in line for line in notes.lines)
    test = summary.leaks[0]
    assert test.now + test.neighbours < test.random / 2
    groups = {each.group for each in read_manifest(folder).pairs}
    assert all(its.count("walk") == 1 for its in groups if its)


def test_copies_by_their_names_and_photos_of_a_minute_stay_together(tmp_path: Path) -> None:
    names = [f"car{k}_jpg.rf.{hash_:032x}" for k in range(5) for hash_ in (k * 7 + 1, k * 13 + 5)]
    names += [f"IMG_20201123_14{k:02d}{second:02d}" for k in range(5) for second in (5, 20)]
    folder = write_pairs(tmp_path / "named", {name: scene(500 + k) for k, name in enumerate(names)})
    split(folder, val=0.2, test=0.2)
    splits = splits_of(folder)
    assert all(
        splits[f"train/{one}"] == splits[f"train/{two}"] for one, two in zip(names[::2], names[1::2], strict=True)
    )


def test_a_set_that_is_one_group_says_so(tmp_path: Path, refused: "Refused") -> None:
    photos = {f"{name}": brighten(scene(3)) if k % 2 else scene(3)[k:, k:] for k, name in enumerate("abcdef")}
    folder = write_pairs(tmp_path / "one", photos)
    with refused("no-training-pairs", folder) as error:
        split(folder, val=0, test=0.9)
    assert "6 of 6 pairs are one group" in error.value.what


def test_masks_alone_cannot_be_similar(tmp_path: Path, refused: "Refused") -> None:
    folder = PairFolder(tmp_path, Half("mask", "mask"), Half("parts", "mask"), None, ())
    with refused("no-photo-half", usage=True):
        choose_grouping(folder, "similar")
    assert choose_grouping(folder, None) == "none"
    assert choose_grouping(replace(folder, b=Half("b", "photo")), None) == "similar"


def test_a_class_that_a_split_lacks_is_exchanged_for_and_nothing_else_moves() -> None:
    splits = {f"{k}": "train" for k in range(6)} | {"t": "test", "v": "val"}
    free = {name: [name] for name in splits}
    classes = dict.fromkeys(splits, 0b01) | {"0": 0b11, "1": 0b11, "2": 0b11}
    covered = cover_classes(splits, free, classes)
    having = {covered[name] for name in "012"}
    assert having == {"train", "val", "test"}
    assert sorted(covered.values()) == sorted(splits.values())
    assert cover_classes(splits, {}, classes) == splits
    full = classes | {"t": 0b11, "v": 0b11}
    assert cover_classes(splits, free, full) == splits


def test_what_may_not_move_counts_for_the_classes_of_its_split() -> None:
    splits = dict.fromkeys("abfg", "test") | dict.fromkeys("cdex", "train")
    classes = dict.fromkeys(splits, 0b01) | dict.fromkeys("cdf", 0b11)
    free = {name: [name] for name in "abcdex"}
    assert cover_classes(splits, free, classes) == splits
    assert cover_classes(splits, free, classes | {"f": 0b01}) != splits


def test_no_group_without_the_class_is_exchanged_for_one_that_a_split_lacks() -> None:
    splits = dict.fromkeys("ab", "test") | dict.fromkeys("cdef", "train")
    classes = dict.fromkeys(splits, 0b01) | dict.fromkeys("de", 0b11)
    covered = cover_classes(splits, {name: [name] for name in splits}, classes)
    assert covered == splits | {"a": "train", "d": "test"}


def pairs_of(folder: Path, **splits: str) -> PairFolder:
    pairs = (Pair(name, f"{its}/{name}.png", its, Size(8, 8), name) for name, its in splits.items())
    return PairFolder(folder, Half("mask", "mask"), Half("photo", "photo"), None, tuple(pairs))


def test_twins_are_exchanged_together_and_a_pair_that_joined_its_twin_stays(tmp_path: Path) -> None:
    def cover(classes: dict[str, int], assigned: dict[str, str], **had: str) -> dict[str, str]:
        folder = pairs_of(tmp_path, **(dict.fromkeys(assigned, UNSPLIT) | had))
        names = [each.name for each in folder.pairs]
        looks = Looks(SignatureStore(), [classes.get(name, 1) for name in names], {})
        likeness = Likeness([], [], [[names.index("a"), names.index("b")]])
        draw = similar.SplitDraw(folder, frozenset(), {"val": 0, "test": 2}, 0)
        return similar.SimilarPairs(draw, names, dict.fromkeys(names), [], likeness, looks, "").cover(assigned)

    assigned = dict.fromkeys("cdgh", "test") | dict.fromkeys("abefij", "train")
    covered = cover({"a": 3, "b": 1, "e": 1}, assigned)
    assert covered["a"] == covered["b"]
    lone = dict.fromkeys("cd", "test") | dict.fromkeys("aefb", "train")
    assert sorted(cover({"e": 3, "f": 3}, lone).values()) == sorted(lone.values())
    assert "test" in {cover({"e": 3, "f": 3}, lone)[name] for name in "ef"}
    # c was in training and joined its twin in test: it is not sent on to be exchanged for a class.
    moved = cover({"e": 3, "f": 3}, lone | {"d": "test"}, c="train", d="train")
    assert (moved["c"], moved["d"]) == ("test", "test")


def test_a_walk_that_is_cut_says_at_how_many_places_and_how_long_it_is() -> None:
    links = [Link(number, number + 1, "neighbour", 0.9) for number in range(9)]
    found = find_sets([None] * 10, [], links, 5)
    assert (found.sets, found.cut, found.largest) == ([[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]], 1, 10)


def test_check_does_not_offer_to_bring_overlaps_together_which_split_leaves_where_they_are(tmp_path: Path) -> None:
    wide = scene(7, (96, 200))
    folder = write_pairs(tmp_path / "tiles", {"left": wide[:, :128], "right": wide[:, 72:]})
    split(folder, val=0.5, test=0, group_by="none")
    (leak,) = (each for each in check(folder).findings if each.code == "near-leak")
    assert "shows a part of" in leak.what
    assert "brings both" not in leak.to_do
    assert split(folder, val=0.5, test=0).moved == 0


@pytest.mark.parametrize(("count", "together"), [(2, [[0, 1]]), (3, [[0, 1, 2]]), (4, [])])
def test_a_few_twins_of_a_walk_stay_together_also_where_a_split_is_smaller(
    count: int, together: list[list[int]]
) -> None:
    """Of more each is like the next, which `p2p data check` tells of as it does of a walk."""
    links = [Link(number, number + 1, "twin", 0.9, sequence=True) for number in range(count - 1)]
    links += [Link(number, number + 1, "neighbour", 0.9) for number in range(count - 1, 9)]
    assert find_sets([None] * 10, [], links, 1).sets == together


def test_a_walk_that_fits_into_the_one_split_that_is_asked_for_is_not_cut(tmp_path: Path, notes: "Notes") -> None:
    photos = walk(6) | {f"other{chr(97 + number)}": scene(300 + number) for number in range(8)}
    folder = write_pairs(tmp_path / "walk", photos)
    split(folder, val=0.5, test=0, report=notes)
    assert not any("cut into parts" in line for line in notes.lines)
    assert len({its for name, its in splits_of(folder).items() if "walk" in name}) == 1


def test_pictures_that_no_split_can_part_are_told_to_be_drawn_by_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: "Notes"
) -> None:
    count = 30
    links = [Link(one, other, "part", 0.9) for one in range(count) for other in range(one + 1, count)]
    monkeypatch.setattr(similar, "find_links", lambda *_, **__: links)
    monkeypatch.setattr(similar, "read_looks", lambda *_: Looks(SignatureStore(), [0] * count, {}))
    folder = pairs_of(tmp_path, **{f"p{number:02}": UNSPLIT for number in range(count)})
    plan_split(folder, frozenset(), {"val": 0.1, "test": 0.1}, seed=0, group_by=None, report=notes)
    assert any("drawn by chance" in line for line in notes.lines)
    assert not any("cut into parts" in line for line in notes.lines)


def test_a_kill_at_any_moment_of_drawing_again_leaves_what_a_split_completes(
    tmp_path: Path, deaths: "Deaths", contents: "Contents"
) -> None:
    files = [*(f"train/{k}" for k in range(5)), *(f"test/{k}" for k in range(3))]
    for half, first in (("a", 0), ("b", 100)):
        for k, file in enumerate(files):
            write_png(tmp_path / half / f"{file}.png", scene(first + k)[:8, :8], durable=False)
    base = pair(tmp_path / "a", tmp_path / "b", tmp_path / "base").dest

    def again(folder: Path) -> None:
        split(folder, val=0.2, test=0.2, seed=3, again=True, group_by="none")

    whole = Path(shutil.copytree(base, tmp_path / "whole"))
    again(whole)
    assert {each.split for each in read_manifest(whole).pairs} == {"train", "val", "test"}
    for each in read_manifest(whole).pairs:
        assert (whole / each.file).is_file()
    for changes in deaths(partial(again, base), base):
        again(base)
        assert contents(base) == contents(whole), f"after {changes} changes"


def test_a_dry_run_after_a_kill_looks_at_the_pictures_where_they_are(
    tmp_path: Path, deaths: "Deaths", contents: "Contents", notes: "Notes"
) -> None:
    for half, first in (("a", 0), ("b", 100)):
        for k in range(3):
            write_png(tmp_path / half / f"{k}.png", scene(first + k)[:8, :8], durable=False)
    base = pair(tmp_path / "a", tmp_path / "b", tmp_path / "base").dest
    for _ in deaths(partial(split, base, val=0.3, test=0.3), base):
        before = contents(base)
        split(base, val=0.3, test=0.3, dry_run=True, report=notes)
        assert contents(base) == before
    assert not any("cannot be read" in line for line in notes.lines)


def test_pictures_that_cannot_be_read_are_counted_and_the_rest_is_split(pairs: Path, notes: "Notes") -> None:
    split(pairs, val=0.2, test=0.2)
    for name in ("scenea", "sceneb", "scenec"):
        (pairs / "train" / f"{name}.png").write_bytes(b"no picture")
    write_pairs(pairs, {"0new": scene(77)})
    split(pairs, val=0.2, test=0.2, report=notes)
    assert any(line.startswith("3 pairs cannot be read") for line in notes.lines)
    assert json.loads((pairs / "pairs.jsonl").read_text().splitlines()[0])["split"] in ("train", "val", "test")


def draw_links(draw: np.random.Generator, count: int) -> list[Link]:
    """What may be found among so many pictures of a walk, most of it between those that are near."""
    found = {}
    for _ in range(int(draw.integers(count // 2, 3 * count))):
        one, other = sorted(draw.choice(count, 2, replace=False).tolist())
        if draw.random() < 0.6:
            other = min(count - 1, one + int(draw.integers(1, 3)))
        kind = draw.choice(("twin", "part", "neighbour", "copy"), p=(0.55, 0.2, 0.2, 0.05)).item()
        if one != other:
            found[one, other] = Link(one, other, kind, round(draw.random(), 2), sequence=draw.random() < 0.7)
    return sorted(found.values())


@pytest.mark.parametrize("seed", [22, 304, 374, 490, 507, 529, 638, 659, 735, 936, 1003, 1052])
def test_the_same_call_again_moves_nothing_also_where_pictures_are_uniform(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(seed)
    count = int(draw.integers(8, 40))
    links = draw_links(draw, count)
    share, later = float(draw.choice([0.1, 0.2, 0.3])), int(draw.integers(0, count // 2))

    def find(signatures: object, names: list[str], **more: object) -> list[Link]:
        number_of = {int(name): number for number, name in enumerate(names)}
        known = [link for link in links if {link.first, link.second} <= number_of.keys()]
        ends = [sorted((number_of[link.first], number_of[link.second])) for link in known]
        return sorted(link._replace(first=one, second=other) for link, (one, other) in zip(known, ends, strict=True))

    monkeypatch.setattr(similar, "find_links", find)
    nothing = Looks(SignatureStore(), [0] * count, {})
    monkeypatch.setattr(similar, "read_looks", lambda folder, _: replace(nothing, classes=[0] * len(folder.pairs)))
    halves = Half("a", "photo"), Half("b", "photo")
    pairs = {k: Pair(f"{k}", f"all/{k}.png", UNSPLIT, Size(8, 8), f"{k}") for k in range(count)}
    for part in (count - later, count):
        for is_again in (False, True):
            folder = PairFolder(tmp_path, *halves, None, tuple(pairs[k] for k in range(part)))
            plan = plan_split(folder, frozenset(), {"val": share, "test": share}, seed=0, group_by=None, report=QUIET)
            assert not is_again or plan.moved == 0
            pairs |= {int(each.name): each for each in plan.result.pairs}


def test_drawing_another_tools_splits_again_says_which_leave_training(tmp_path: Path, notes: "Notes") -> None:
    photos = {f"p{number}": scene(number) for number in range(10)}
    folder = write_pairs(tmp_path / "pairs", photos, split_of=lambda name: "test" if name in ("p0", "p1") else "train")
    split(folder, val=0.2, test=0.2, again=True, seed=1, report=notes)
    moves = next(line for line in notes.lines if line.startswith("Drawn again:"))
    assert "from train to val" in moves
    assert "from test to train" in moves


def test_a_kill_does_not_make_another_tools_folder_forget_that_it_was_drawn_again(
    tmp_path: Path, deaths: "Deaths"
) -> None:
    photos = {f"p{number}": scene(number)[:16, :16] for number in range(10)}
    base = write_pairs(tmp_path / "base", photos, split_of=lambda name: "test" if name in ("p0", "p1") else "train")
    split(base, val=0.2, test=0.2, group_by="none")
    before = splits_of(base)
    for _ in deaths(lambda: split(base, val=0.2, test=0.2, seed=1, group_by="none", again=True), base):
        known = read_manifest(base)
        assert {each.name: each.split for each in known.pairs} == before or known.provenance["drawn_again"]


def test_drawing_again_and_again_does_not_nest_the_places_of_files(tmp_path: Path) -> None:
    for half, first in (("a", 0), ("b", 100)):
        for k, file in enumerate(f"{part}/{number}" for part in ("train", "test", "val") for number in range(3)):
            write_png(tmp_path / half / f"{file}.png", scene(first + k)[:8, :8], durable=False)
    folder = pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs").dest
    for seed in range(12):
        split(folder, val=0.34, test=0.33, seed=seed, again=True, group_by="none")
        files = [each.file for each in read_manifest(folder).pairs]
        assert all((folder / file).is_file() for file in files)
        assert max(file.count("/") for file in files) <= 3


def test_where_splits_were_given_nothing_is_said_to_be_cut(tmp_path: Path, notes: "Notes") -> None:
    photos = walk(12)
    for half in ("a", "b"):
        for k, (name, photo) in enumerate(photos.items()):
            file = tmp_path / half / ("train" if k < 9 else "test") / f"{name}.png"
            write_png(file, photo if half == "b" else np.full_like(photo, 255), durable=False)
    folder = pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs").dest
    split(folder, val=0, test=0.2, report=notes)
    assert not any("cut into parts" in line or "drawn by chance" in line for line in notes.lines)
    assert any(line.startswith("Similar pairs:") for line in notes.lines)


def test_each_of_several_equal_pairs_leaks_what_any_of_them_teaches() -> None:
    drawn = ["val", "test", "test", "train", "test"]  # the first four show the same
    found = count_leaks(Likeness([[0, 1, 2, 3]], [], []), drawn.__getitem__, lambda number: "train", len(drawn))
    assert found == (LeakCount("test", 0, 3, 2, 0, 0), LeakCount("val", 0, 1, 1, 0, 0))
