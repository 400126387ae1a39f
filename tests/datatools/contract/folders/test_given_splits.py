"""Names of splits: every spelling that data sets and tools have, and no folder that only happens to be called so."""

import pytest

from p2p_datatools.contract.folders.given_splits import find_splits, split_in, split_of_pairs


def splits(*paths: str) -> dict[str, str]:
    return {path: place.split for path, place in find_splits(paths).items()}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("train", "val", "test"), "train val test"),
        (("Training", "VALIDATION", "Testing"), "train val test"),
        (("train", "valid"), "train val"),
        (("train", "dev"), "train val"),
        (("train2017", "val2017"), "train val"),
        (("images/train", "images/val"), "train val"),
        (("train/images", "valid/images"), "train val"),
        (("trainA", "trainB", "testA", "testB"), "train train test test"),
        (("train_label", "train_img", "test_label"), "train train test"),
        (("train", "trainannot", "val", "valannot"), "train train val val"),
        (("gtFine/train/aachen", "gtFine/val/munster"), "train val"),
        (("obj_train_data", "obj_Validation_data"), "train val"),
        (("annotations/instances_train2017", "annotations/instances_val2017"), "train val"),
        (("cars_train", "cars_test"), "train test"),
        (("training_set", "test_set/deep"), "train test"),
        (("trainingset", "testset", "ValData"), "train test val"),
        (("imagesTr", "labelsTr", "imagesTs"), "train train test"),
        (("DUTS-TR/DUTS-TR-Image", "DUTS-TE/DUTS-TE-Image"), "train test"),
    ],
)
def test_the_spellings_of_data_sets_are_known(paths: tuple[str, ...], expected: str) -> None:
    assert list(splits(*paths).values()) == expected.split()


@pytest.mark.parametrize(
    "paths",
    [
        ("bus", "car", "train"),
        ("train", ""),
        ("test",),
        ("", "walk"),
        ("trainval", "trains"),
        ("day_train", "night_test"),
        ("train_1", "train_2"),
        ("trainIds", "valuable", "contest"),
        ("tr", "te"),
    ],
)
def test_a_folder_that_only_happens_to_be_called_so_is_no_split(paths: tuple[str, ...]) -> None:
    assert splits(*paths) == {}


def test_all_in_train_is_a_split_and_beside_two_splits_others_have_none() -> None:
    assert splits("train", "train/walk") == {"train": "train", "train/walk": "train"}
    assert splits("train", "val", "extra", "") == {"train": "train", "val": "val"}


def test_a_place_says_what_lies_around_the_split_and_which_half_it_is() -> None:
    places = find_splits(["images/train2017/deep", "labels/val2017", "train/A", "valB/x"])
    assert [place.common for place in places.values()] == ["train/deep", "val", "train", "val/x"]
    assert [place.side for place in places.values()] == ["b", "a", "a", "b"]
    first = places["images/train2017/deep"]
    assert (first.before, first.spelled, first.after, first.folder) == (
        "images",
        "train2017",
        "deep",
        "images/train2017/deep",
    )


def test_the_first_part_that_says_a_split_is_the_one() -> None:
    assert splits("train/test", "val/train") == {"train/test": "train", "val/train": "val"}


def test_one_folder_by_itself_says_its_split_or_that_it_has_halves() -> None:
    assert [split_of_pairs(name) for name in ("Valid", "train2017", "trainA", "trains")] == ["val", "train", None, None]
    assert [split_in(name) for name in ("Valid", "testB", "trains")] == ["val", "test", None]
