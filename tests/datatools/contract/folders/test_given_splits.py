"""Names of splits: every spelling that data sets and tools have, and no folder that only happens to be called so."""

import pytest

from p2p_datatools.contract.folders.given_splits import (
    find_doubtful_splits,
    find_splits,
    split_in,
    split_of_list,
    split_of_pairs,
    splits_of_pair_folders,
)


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
        (("01_train", "02_val", "03_test"), "train val test"),
        (("train70", "val20", "test10"), "train val test"),
        (("train (1)", "test (1)"), "train test"),
        (("train", "test1", "test2"), "train test test"),
        (("train", "val_easy", "val_hard"), "train val val"),
        (("trn", "vld", "tst"), "train val test"),
        (("tr", "va", "te"), "train val test"),
        (("train", "eval", "holdout"), "train val test"),
        (("entrenamiento", "validación", "prueba"), "train val test"),
        (("Training", "Validierung", "Test"), "train val test"),
        (("apprentissage", "validation", "test"), "train val test"),
        (("entraînement", "validacio\u0301n"), "train val"),
        (("训练集", "验证集", "测试集"), "train val test"),
        (("обучение", "валидация", "тест"), "train val test"),
        (("eğitim", "doğrulama", "test"), "train val test"),
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
        ("train", "train_station"),
        ("trainIds", "valuable", "contest"),
        ("tr", "te"),
        ("tr", "va", "te", "de"),
        ("tr", "va", "te", ""),
        ("训练", "größe"),
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


def test_splits_below_one_folder_train_for_all_labels_are_those_that_count() -> None:
    paths = ("labels/train/train", "labels/train/val/street", "labels/train/test")
    assert splits(*paths) == dict(zip(paths, ("train", "val", "test"), strict=True))
    assert set(splits(*paths, "labels/train/aachen").values()) == {"train"}
    assert set(splits("train/val", "train/test").values()) == {"train"}


def test_one_folder_by_itself_says_its_split_or_that_it_has_halves() -> None:
    assert [split_of_pairs(name) for name in ("Valid", "train2017", "trainA", "trains")] == ["val", "train", None, None]
    assert [split_in(name) for name in ("Valid", "testB", "trains")] == ["val", "test", None]


def test_folders_that_sound_like_splits_but_are_not_taken_for_some_are_told() -> None:
    assert find_doubtful_splits(["night_test", "day_train/x", "dusk_train"]) == ["day_train/x", "night_test"]
    assert find_doubtful_splits(["train_1", "train_2"]) == []
    assert find_doubtful_splits(["our485/low", "eval15/low"]) == ["eval15/low"]
    assert find_doubtful_splits(["train_1/low", "car/low"]) == []


def test_folders_of_pairs_are_known_by_their_neighbours_too() -> None:
    files = ["01_train/a.png", "02_test/b.png", "loose.png"]
    assert splits_of_pair_folders(files) == {"01_train": "train", "02_test": "test"}
    assert splits_of_pair_folders(["train/a.png", "test1/b.png", "trainA/c.png"]) == {"train": "train", "test1": "test"}


def test_lists_have_words_of_their_own() -> None:
    names = ("filenames_train", "val_ids", "autosplit_test", "验证", "files", "trainids")
    assert [split_of_list(name) for name in names] == ["train", "val", "test", "val", None, None]
