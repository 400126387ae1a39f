"""Tables and JSON that give pictures splits, and files that only look like them."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.folders.listed_splits import ListedSplits, read_listed_splits
from p2p_datatools.contract.folders.split_tables import read_split_table

if TYPE_CHECKING:
    from conftest import Refused

TWO = [("a.png", "train"), ("b.png", "test")]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("split.csv", "image,split\na.png,train\nb.png,test\n", TWO),
        ("meta.csv", ",path;x,Subset\n0,a.png,Training\n1,b.png,TEST\n", TWO),
        ("meta.csv", "id;partition\na.png;train\nb.png;test\n", TWO),
        ("meta.tsv", "number\tset\tname\n5\ttrain\ta\n6\ttest\tb\n", [("a", "train"), ("b", "test")]),
        ("meta.csv", "id,label,split\n1,2,train\n2,1,test\n", [("1", "train"), ("2", "test")]),
        ("meta.csv", "id,image,split\n1,2,train\n2,3,test\n", [("2", "train"), ("3", "test")]),
        ("meta.csv", "image,set\na.png,blue\n", []),
        ("meta.csv", "image,age\na.png,3\n", []),
        ("splits.json", '{"train": ["a.png"], "test": ["b.png"]}', TWO),
        ("train.json", '["a.png"]', TWO[:1]),
        ("train.json", '{"images": [{"file_name": "a.png"}]}', []),
        ("other.json", '{"train": ["a.png"]}', []),
        ("splits.json", '{"train": ', []),
        ("splits.json", '{"train": ["a.png"], "test": [{"image": "b.png", "size": 3}], "made": "by hand"}', TWO),
        ("splits.json", '[{"image": "a.png", "split": "train"}, {"image": "b.png", "split": "test"}]', TWO),
        ("splits.json", '{"a.png": "train", "b.png": "test"}', TWO),
        ("splits_final.json", '[{"train": ["a.png"], "test": ["b.png"]}]', TWO),
        ("meta.csv", "set,image,split\nday,a.png,trainval\nday,b.png,test\n", TWO),
        ("split.csv", "image,split\na.png,entrenamiento\nb.png,测试\n", TWO),
    ],
)
def test_a_table_of_splits_is_known_by_its_column(
    tmp_path: Path, name: str, text: str, expected: list[tuple[str, str]]
) -> None:
    (tmp_path / name).write_text(text)
    assert [each[:2] for each in read_split_table(tmp_path / name).entries] == expected


def test_a_table_beside_the_pictures_gives_them_their_splits(tmp_path: Path) -> None:
    (tmp_path / "B").mkdir()
    (tmp_path / "meta.csv").write_text("image,split\nB/a.png,train\nB/b.png,val\n")
    listed = read_listed_splits(tmp_path / "B", ["a", "b", "c"])
    assert listed.splits == ("train", "val", "")
    assert "meta.csv" in listed.notes[0]


def test_of_a_table_of_several_folders_the_lines_of_this_one_count(tmp_path: Path) -> None:
    (tmp_path / "night").mkdir()
    (tmp_path / "meta.csv").write_text("file,split\nday/1.png,train\nnight/1.png,test\n")
    assert read_listed_splits(tmp_path / "night", ["1"]).splits == ("test",)


FOLDS = '[{"train": ["a"], "val": ["b"]}, {"train": ["b"], "val": ["a"]}]'


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("splits_final.json", FOLDS, "2 folds"),
        ("splits.json", '{"0": {"train": ["a"], "val": ["b"]}, "1": {"train": ["b"], "val": ["a"]}}', "2 folds"),
        ("splits.json", '{"train": ["a"], "train": ["b"]}', "two values for 'train'"),
        ("folds.csv", "image,fold\na,0\nb,1\n", "folds (0, 1)"),
        ("part.csv", "image,partition\na,0\nb,1\n", "says 0, 1, which are not splits"),
        ("part.csv", "image,set\na,train\nb,blue\nc,red\n", "line 3 says 'blue', and 1 other alike"),
        ("meta.csv", "image,split\na,train\n\xe9,test\n", "is not UTF-8"),
        ("split.pkl", "", "is not read"),
        ("train_fold0.txt", "a\n", "list of a fold"),
        ("train.txt", "a\n\xe9\n", "is not UTF-8"),
    ],
)
def test_splits_that_are_seen_and_not_used_are_told_with_the_reason(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    found = read_listed_splits(tmp_path, ["a", "b"])
    assert not any(found.splits)
    assert [told in note for note in found.notes] == [True]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("meta.csv", "image,set\na,blue\n"),
        ("meta.csv", "image,split\nother,train\n"),
        ("splits_final.json", FOLDS.replace('"a"', '"c"').replace('"b"', '"d"')),
        ("train.json", "{"),
    ],
)
def test_files_of_other_pictures_or_of_something_else_are_passed_over(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_listed_splits(tmp_path, ["a", "b"]) == ListedSplits()


def test_of_a_table_with_a_word_that_is_no_split_the_others_are_used_and_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "meta.csv").write_text("image,split\na,train\nb,test\nc,extra\n")
    found = read_listed_splits(tmp_path, ["a", "b", "c"])
    assert found.splits == ("train", "test", "")
    assert ["1 other is in none" in found.notes[0], "line 4 says 'extra'" in found.notes[1]] == [True, True]


def test_a_name_of_several_splits_is_refused_with_its_lines(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "meta.csv").write_text("image,split\na,train\nb,test\na,val\n")
    with refused("several-splits", tmp_path / "meta.csv") as error:
        read_listed_splits(tmp_path, ["a"])
    assert "train in line 2, and val in line 4" in error.value.what
    (tmp_path / "train.txt").write_text("b\na\n")
    (tmp_path / "val.txt").write_text("a\n")
    with refused("several-splits", tmp_path / "train.txt") as error:
        read_listed_splits(tmp_path, ["a"])
    assert f"in line 2, and so does {tmp_path / 'val.txt'} in line 1" in error.value.what


def test_lists_that_name_none_of_the_pictures_are_told(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("x\n")
    assert read_listed_splits(tmp_path, ["a"]).unmatched == ""
    (tmp_path / "val.txt").write_text("y\n")
    assert "name none of these pictures, such as y" in read_listed_splits(tmp_path, ["a"]).unmatched


def test_of_trainval_is_for_training_what_no_list_of_val_names_unless_train_is_listed(
    tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / "trainval.txt").write_text("a\nb\n")
    (tmp_path / "test.txt").write_text("c\n")
    assert read_listed_splits(tmp_path, ["a", "b", "c"]).splits == ("train", "train", "test")
    (tmp_path / "val.txt").write_text("b\n")
    assert read_listed_splits(tmp_path, ["a", "b", "c"]).splits == ("train", "val", "test")
    (tmp_path / "train.txt").write_text("d\n")
    assert read_listed_splits(tmp_path, ["a", "b", "c", "d"]).splits == ("", "val", "test", "train")
    (tmp_path / "test.txt").write_text("a\nb\n")
    (tmp_path / "train.txt").unlink()
    (tmp_path / "val.txt").unlink()
    with refused("several-splits"):
        read_listed_splits(tmp_path, ["a", "b", "c"])


def test_a_list_of_train_with_the_pictures_of_val_is_told_how_to_be_called(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "train.txt").write_text("a\nb\n")
    (tmp_path / "val.txt").write_text("b\n")
    with refused("several-splits") as error:
        read_listed_splits(tmp_path, ["a", "b"])
    assert "If train.txt is to hold what is for val, too, call it trainval.txt." in error.value.to_do
    (tmp_path / "train.txt").rename(tmp_path / "trainval.txt")
    assert read_listed_splits(tmp_path, ["a", "b"]).splits == ("train", "val")


def test_lists_may_have_a_mark_windows_paths_and_decomposed_letters(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_bytes("D:\\set\\a.png\r\n\\\\host\\share\\ü.png\r\n".encode("utf-16"))
    (tmp_path / "val.txt").write_bytes(b"\xef\xbb\xbfb.png\r\n")
    assert read_listed_splits(tmp_path, ["a", "u\u0308", "b"]).splits == ("train", "train", "val")
