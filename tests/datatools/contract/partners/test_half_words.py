"""One folder that holds A and B: which is which is said by words of folders, by ends of names, or asked for."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.folders.given_splits import folder_of
from p2p_datatools.contract.partners.half_words import find_half_words, split_by_names, without_word
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.pairs.match import match_pictures

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos


def below(*folders: str) -> list[str]:
    return [f"{folder}/{name}.png" for folder in folders for name in "12"]


@pytest.mark.parametrize(
    ("folders", "halves", "expected"),
    [
        (("train/source", "train/target", "test/source", "test/target"), (), ("source", "target")),
        (("output", "input"), (), ("input", "output")),
        (("train_LR", "train_HR"), (), ("lr", "hr")),
        (("noisy", "gt"), (), ("noisy", "gt")),
        (("trainX", "trainY"), (), ("x", "y")),
        (("day", "night"), ("night", "day"), ("night", "day")),
    ],
)
def test_words_of_folders_say_which_half_is_which(
    folders: tuple[str, ...], halves: tuple[str, ...], expected: tuple[str, str]
) -> None:
    assert [tuple(both) for both in find_half_words(below(*folders), halves)] == [expected]


def test_two_words_that_say_no_order_are_two_ways_and_splits_and_classes_are_none() -> None:
    assert len(find_half_words(below("day", "night"))) == 2
    assert find_half_words(below("train", "test")) == []
    assert find_half_words(["cat/1.png", "cat/2.png", "dog/3.png", "dog/4.png"]) == []


def test_the_word_of_a_half_leaves_the_rest_of_a_name() -> None:
    names = ("train/source/1", "train_source/1", "sourceA/1", "source/1", "x/1")
    assert [without_word(name, "source") for name in names] == ["train/1", "train/1", "A/1", "1", "x/1"]


def test_ends_of_names_say_it_where_all_have_partners() -> None:
    assert split_by_names(["1_A.png", "2_A.png", "1_B.png", "2_B.png"]) == (
        ["1_A.png", "2_A.png"],
        ["1_B.png", "2_B.png"],
    )
    assert split_by_names(["1.png", "1_mask.png"]) == (["1_mask.png"], ["1.png"])
    assert split_by_names(["1_target.png", "1_source.png"]) == (["1_source.png"], ["1_target.png"])
    assert split_by_names(["1_input.png", "1_mask.png"]) == (["1_mask.png"], ["1_input.png"])
    assert split_by_names(["1_A.png", "1_B.png", "2.png"]) is None


def test_two_files_of_one_name_are_two_candidates_in_one_folder_too(
    tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    data = write_photos(tmp_path / "data", "1_A.png", "1_A.jpg", "1_B.png", "2_A.png", "2_B.png")
    matched, skipped = match_pictures(data, data)
    assert (list(matched), [skip.code for skip in skipped]) == (["2"], ["same-name"])


def test_one_folder_of_sources_and_targets_is_matched_split_by_split(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    data = write_photos(tmp_path / "data", *below("train/source", "train/target", "val/source", "val/target"))
    matched, skipped = match_pictures(data, data)
    assert ([*matched], skipped) == (["train/1", "train/2", "val/1", "val/2"], [])
    assert matched.files_of("val/1") == ("val/source/1.png", "val/target/1.png")
    other = write_photos(tmp_path / "other", *below("day", "night"))
    with refused("same-folder", usage=True):
        match_pictures(other, other)
    assert match_pictures(other, other, halves=("night", "day"))[0].files_of("1") == ("night/1.png", "day/1.png")


@pytest.mark.parametrize(
    ("match", "low", "high"),
    [
        ("stem", ("1_a", "1_b"), ("1",)),  # several of one
        (r"^(\d+)_", ("1_a",), ("1_x",)),  # of what is left of the path
        (r"(?:low|high)/(\d+)_", ("1_a",), ("1_x",)),  # of the whole path
    ],
)
def test_words_that_are_said_tell_halves_whose_pictures_have_other_names(
    tmp_path: Path, write_photos: "WritePhotos", match: str, low: tuple[str, ...], high: tuple[str, ...]
) -> None:
    data = write_photos(tmp_path, *(f"low/{name}.png" for name in low), *(f"high/{name}.png" for name in high))
    matched, skipped = match_pictures(data, data, match=match, halves=("low", "high"))
    assert ({pair[1].name for pair in matched.values()}, skipped) == ({f"{high[0]}.png"}, [])
    assert [pair[0].name for pair in matched.values()] == [f"{name}.png" for name in low]


@pytest.mark.parametrize(("labels", "a"), [(False, "Input"), (True, "GT")])
def test_targets_in_a_folder_called_as_labels_are_a_only_where_they_are_labels(
    tmp_path: Path, labels: bool, a: str
) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    for name in ("1", "2"):
        write_png(tmp_path / "Input" / f"{name}.png", photo)
        write_png(
            tmp_path / "GT" / f"{name}.png", np.eye(2, dtype=np.uint8).repeat(16, 0).repeat(16, 1) if labels else photo
        )
    matched, _ = match_pictures(tmp_path, tmp_path)
    assert [file.parent.name for file, _ in matched.values()] == [a, a]


@pytest.mark.parametrize(
    ("a", "b", "count"),
    [
        ("hazy/{}_0.8_0.2.jpg hazy/{}_0.9_0.2.jpg", "clear/{}.png", 8),  # RESIDE
        ("hazy/{}_1.png hazy/{}_2.png", "gt/{}.png", 8),  # SOTS
        ("LR/Canon_{}_x4.png", "HR/Canon_{}.png", 4),
        ("rain/rain-{}.png", "norain/norain-{}.png", 4),  # Rain100
        ("rain-{}.png", "norain-{}.png", 4),
        ("raw-890/{}_img_.png", "reference-890/{}_img_.png", 4),  # UIEB
        ("Train/Low/low{}.png Test/Low/low{}.png", "Train/Normal/normal{}.png Test/Normal/normal{}.png", 8),  # LOL-v2
        ("Canon_{}_LR4.png", "Canon_{}_HR.png", 4),  # RealSR
    ],
)
def test_folders_of_inputs_and_targets_may_have_pictures_of_other_names(
    a: str, b: str, count: int, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    numbers = [f"000{number}" for number in range(4)]
    inputs, targets = ([each.format(number) for each in side.split() for number in numbers] for side in (a, b))
    data = write_photos(tmp_path / "data", *inputs, *targets)
    matched, skipped = match_pictures(data, data)
    pairs = [matched.files_of(name) for name in matched]
    assert (len(pairs), skipped, {one for one, _ in pairs} <= {*inputs}) == (count, [], True)
    assert all(re.findall(r"000\d", one) == re.findall(r"000\d", other) for one, other in pairs)


def test_the_words_of_folders_whose_pictures_repeat_them_may_be_said(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    data = write_photos(
        tmp_path / "data", *(f"{word}/{word}_{name}.png" for word in ("day", "night") for name in "123")
    )
    with refused("same-folder", usage=True) as error:
        match_pictures(data, data)
    assert "--halves day,night" in error.value.to_do
    assert match_pictures(data, data, halves=("day", "night"))[0].files_of("2") == (
        "day/day_2.png",
        "night/night_2.png",
    )


def test_two_cameras_of_small_and_large_pictures_are_no_halves_even_if_their_words_are_typed(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    cameras = [
        f"{camera}/{split}/{scale}/{camera}_{name}_{kind}.png"
        for camera in ("Canon", "Nikon")
        for split, names in (("Train", "123"), ("Test", "45"))
        for scale in "234"
        for name in names
        for kind in ("HR", f"LR{scale}")
    ]
    data = write_photos(tmp_path / "data", *cameras)  # RealSR
    matched, skipped = match_pictures(data, data)
    pairs = [matched.files_of(name) for name in matched]
    assert (len(pairs), skipped) == (30, [])
    assert all(re.sub("LR[234]", "HR", low) == high for low, high in pairs)
    with refused("same-folder", usage=True) as error:
        match_pictures(data, data, halves=("canon", "nikon"))
    assert "'canon'" in error.value.what


@pytest.mark.parametrize("ends", [("image", "mask"), ("a", "b")])
def test_typed_words_of_folders_that_hold_halves_each_pair_nothing(
    ends: tuple[str, str], tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    names = [f"{{}}/leaf{number}_{end}.png" for number in range(3) for end in ends]
    data = write_photos(tmp_path / "data", *(name.format(word) for word in ("before", "after") for name in names))
    with refused("same-folder", usage=True):  # once its pairs were _a|_b, called before and after
        match_pictures(data, data, halves=("before", "after"))
    other = write_photos(tmp_path / "other", *(name.format(word) for word in ("input", "target") for name in names))
    matched, _ = match_pictures(other, other, halves=("input", "target"))
    assert {tuple(folder_of(file) for file in matched.files_of(name)) for name in matched} == {("input", "target")}


def test_targets_of_two_times_beside_their_images_are_not_mixed_with_these(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    files = [f"{{}}/quake_{number}_{time}_disaster{{}}.png" for number in range(3) for time in ("pre", "post")]
    ways = (("images", ""), ("targets", "_target"))
    data = write_photos(tmp_path / "data", *(each.format(*way) for way in ways for each in files))  # xBD
    for halves in ((), ("pre", "post")):
        with refused("same-folder", usage=True):
            match_pictures(data, data, halves=halves)
    matched, _ = match_pictures(data, data, halves=("targets", "images"))
    assert matched.files_of("quake_1_pre_disaster")[0] == "targets/quake_1_pre_disaster_target.png"


def test_kinds_of_scenes_that_labels_and_photos_have_are_not_offered_as_halves(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    scenes = [f"{scene}_{{}}00000{number}.png" for scene in ("um", "umm", "uu") for number in range(3)]
    labels, photos = (
        [f"{folder}/{each.format(word)}" for each in scenes]
        for folder, word in (("gt_image_2", "road_"), ("image_2", ""))
    )
    data = write_photos(tmp_path / "data", *labels, *photos)  # KITTI
    with refused("no-common-name", data):
        match_pictures(data, data)
