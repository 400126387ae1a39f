"""Tables and JSON that give pictures splits, and files that only look like them."""

from pathlib import Path

import pytest

from p2p_datatools.contract.folders.listed_splits import read_listed_splits
from p2p_datatools.contract.folders.split_tables import read_split_table

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
    ],
)
def test_a_table_of_splits_is_known_by_its_column(
    tmp_path: Path, name: str, text: str, expected: list[tuple[str, str]]
) -> None:
    (tmp_path / name).write_text(text)
    assert read_split_table(tmp_path / name) == expected


def test_a_table_beside_the_pictures_gives_them_their_splits(tmp_path: Path) -> None:
    (tmp_path / "B").mkdir()
    (tmp_path / "meta.csv").write_text("image,split\nB/a.png,train\nB/b.png,val\n")
    listed = read_listed_splits(tmp_path / "B", ["a", "b", "c"])
    assert listed.splits == ("train", "val", "")
    assert "meta.csv" in listed.note


def test_of_a_table_of_several_folders_the_lines_of_this_one_count(tmp_path: Path) -> None:
    (tmp_path / "night").mkdir()
    (tmp_path / "meta.csv").write_text("file,split\nday/1.png,train\nnight/1.png,test\n")
    assert read_listed_splits(tmp_path / "night", ["1"]).splits == ("test",)
