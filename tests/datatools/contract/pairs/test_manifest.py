"""The manifest: what is written is read again, what is damaged is named, and other tools' folders are listed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import (
    PLAN,
    Half,
    PairFolder,
    has_manifest,
    read_manifest,
    with_pairs,
    write_manifest,
)
from p2p_datatools.contract.pairs.opening import open_pairs, read_foreign
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused

PAIRS = (
    Pair("walk/b", "train/walk/b.png", "train", Size(8, 4), "11", group="walk", sources={"a": "walk/b.png"}),
    Pair("a", "val/a.png", "val", Size(8, 4), "22"),
    Pair("Zürich", "all/Zürich.png", "all", Size(3, 5), "33"),
)


@pytest.fixture
def folder(tmp_path: Path) -> PairFolder:
    mask, photo = Half("mask", "mask"), Half("photo", "photo")
    return PairFolder(tmp_path / "pairs", mask, photo, load_palette("cars"), PAIRS, {"by": "a test"})


def touch(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def damage(path: Path, **values: Any) -> None:
    """Give the only value, or the first line, of a manifest's file other fields."""
    text = path.read_text("utf-8")
    value = json.loads(text.splitlines()[0] if path.suffix == ".jsonl" else text)
    path.write_text(json.dumps({**value, **values}))


def half(**values: Any) -> dict[str, Any]:
    """A half as the manifest says it, some of it otherwise."""
    return {"name": "x", "kind": "photo", "channels": 3, "dtype": "uint8", "range": [0, 255], **values}


def test_what_is_written_is_read_again_in_the_order_of_names(folder: PairFolder) -> None:
    write_manifest(folder)
    again = read_manifest(folder.path)
    assert again == with_pairs(folder, sorted(PAIRS, key=lambda pair: pair.name))
    assert [pair.name for pair in again.of("val")] == ["a"]


def test_one_pair_is_one_line_that_a_person_can_read(folder: PairFolder) -> None:
    write_manifest(folder)
    lines = (folder.path / "pairs.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 3
    assert '"name": "Zürich"' in lines[0]


def test_the_data_hash_depends_on_splits_and_pixels_and_not_on_the_order(folder: PairFolder) -> None:
    first, *rest = PAIRS
    assert with_pairs(folder, [*rest, first]).data_hash == folder.data_hash
    assert with_pairs(folder, [replace(first, split="test"), *rest]).data_hash != folder.data_hash
    assert with_pairs(folder, [replace(first, hash="44"), *rest]).data_hash != folder.data_hash


def test_a_folder_counts_as_having_a_manifest_only_once_that_is_whole(
    folder: PairFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("p2p_datatools.contract.pairs.manifest.write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        write_manifest(folder)
    assert not has_manifest(folder.path)


def test_an_unfinished_split_is_read_only_by_who_completes_it(folder: PairFolder, refused: "Refused") -> None:
    write_manifest(folder)
    touch(folder.path, PLAN)
    with refused("split-unfinished", folder.path) as error:
        read_manifest(folder.path)
    assert error.value.to_do.startswith(f"Run 'p2p data split {folder.path}'")
    assert len(read_manifest(folder.path, mid_split=True).pairs) == 3


@pytest.mark.parametrize(
    ("file", "values", "code", "words"),
    [
        ("pairs.json", {"format": "else"}, "unknown-version", "format else, version 1"),
        ("pairs.json", {"version": 2}, "unknown-version", "version 2; this program reads p2p-pairs up to 1"),
        ("pairs.json", {"a": {}}, "damaged-file", "'range' is missing"),
        ("pairs.json", {"a": half(range=[1, 0])}, "damaged-file", "1.0 to 0.0"),
        ("pairs.json", {"a": half(range=[0, float("inf")])}, "damaged-file", "0.0 to inf"),
        ("pairs.json", {"a": half(kind="song")}, "damaged-file", "a song"),
        ("pairs.json", {"b": half(dtype="complex64")}, "damaged-file", "complex64"),
        ("pairs.json", {"b": half(channels=0)}, "damaged-file", "0 channels"),
        ("pairs.json", {"palette": {"name": "x"}}, "bad-palette", "'classes'"),
        ("pairs.jsonl", {"size": 4}, "damaged-file", "a size is not a list"),
        ("pairs.jsonl", {"size": [float("inf"), 4]}, "damaged-file", "a number of a size is not a whole number"),
        ("pairs.jsonl", {"file": "../../outside.png"}, "path-leads-out", "'../../outside.png' leads out"),
        ("pairs.jsonl", {"file": "/outside.png"}, "path-leads-out", "'/outside.png' leads out"),
    ],
)
def test_a_damaged_manifest_is_one_line_naming_the_folder(
    folder: PairFolder, file: str, values: dict[str, Any], code: str, words: str, refused: "Refused"
) -> None:
    write_manifest(folder)
    damage(folder.path / file, **values)
    with refused(code, folder.path if code == "damaged-file" else folder.path / file) as error:
        read_manifest(folder.path)
    assert words in error.value.what
    assert "\n" not in str(error.value)


def test_a_manifest_that_lists_a_pair_twice_is_refused(folder: PairFolder, refused: "Refused") -> None:
    write_manifest(folder)
    lines = folder.path / "pairs.jsonl"
    first = lines.read_text("utf-8").splitlines()[0]
    lines.write_text(lines.read_text("utf-8") + first + "\n", "utf-8")
    with refused("same-name", lines):
        read_manifest(folder.path)


def test_a_manifest_cut_in_the_middle_of_a_line_is_named(folder: PairFolder, refused: "Refused") -> None:
    write_manifest(folder)
    lines = folder.path / "pairs.jsonl"
    lines.write_bytes(lines.read_bytes()[:-20])
    with refused("damaged-json", lines) as error:
        read_manifest(folder.path)
    assert "line 3 " in error.value.what


def test_a_folder_of_another_tool_is_listed_by_its_train_val_and_test(tmp_path: Path) -> None:
    touch(tmp_path, "train/1.jpg", "train/deep/2.png", "Valid/3.png", "test/4.jpeg", "extra/5.png", "notes.txt")
    folder = open_pairs(tmp_path)
    assert {pair.name: pair.split for pair in folder.pairs} == {
        "train/1": "train",
        "train/deep/2": "train",
        "Valid/3": "val",
        "test/4": "test",
    }
    assert folder.foreign
    assert folder.a.kind == folder.b.kind == "picture"
    assert [line for line in folder.assumed if "1 picture outside" in line] == list(folder.assumed[1:])


def test_folders_that_another_tool_calls_differently_are_known_and_that_is_reported(tmp_path: Path) -> None:
    touch(tmp_path, "training/1.jpg", "validation/2.png", "test/3.png", "train_img/4.png")
    folder = read_foreign(tmp_path)
    assert [(pair.file, pair.split) for pair in folder.pairs] == [
        ("test/3.png", "test"),
        ("training/1.jpg", "train"),
        ("validation/2.png", "val"),
    ]
    assert "training/ is train, validation/ is val" in folder.assumed[0]


def test_pictures_alone_in_a_folder_are_training_pictures_and_that_is_reported(tmp_path: Path) -> None:
    folder = read_foreign(touch(tmp_path, "1.jpg", "2.jpg"))
    assert len(folder.of("train")) == 2
    assert "no train/ folder: all pictures are training pictures" in folder.assumed


def test_pictures_alone_have_the_splits_of_lists_beside_them_and_that_is_reported(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    (tmp_path / "train.txt").write_text("1\n")
    (tmp_path / "test.txt").write_text("2\n")
    folder = read_foreign(tmp_path)
    assert {pair.name: pair.split for pair in folder.pairs} == {"1": "train", "2": "test", "3": "train"}
    assert any("1 other is in none" in line for line in folder.assumed)
    touch(tmp_path, "train/1.jpg", "val/2.jpg")
    assert {pair.name: pair.split for pair in read_foreign(tmp_path).pairs} == {
        "1": "train",
        "2": "train",
        "3": "train",
        "train/1": "train",
        "val/2": "val",
    }


def test_lists_that_leave_no_picture_for_training_are_named_as_the_reason(tmp_path: Path, refused: "Refused") -> None:
    touch(tmp_path, "1.jpg")
    (tmp_path / "test.txt").write_text("1\n")
    with refused("no-training-pairs", tmp_path) as caught:
        read_foreign(tmp_path)
    assert "lists" in caught.value.what


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        ([], "no-pairs", "train/, val/ or test/"),
        (["maps/train/1.jpg"], "no-pairs", "train/, val/ or test/"),
        (["images/1.jpg", "masks/1.png"], "half-folders", "labels in masks/"),
        (["train_img/1.jpg", "train_inst/1.png", "train_label/1.png"], "half-folders", "train_label/"),  # pix2pixHD
        (["val/1.jpg"], "no-training-pairs", "train/"),
        (["train/1.jpg", "train/1.png"], "same-name", "train/1.jpg and train/1.png"),
    ],
)
def test_a_folder_that_is_not_a_pix2pix_folder_is_refused_with_what_is_missing(
    files: list[str], code: str, words: str, tmp_path: Path, refused: "Refused"
) -> None:
    with refused(code, tmp_path) as error:
        open_pairs(touch(tmp_path, *files))
    assert words in error.value.what
    assert "\n" not in str(error.value)
