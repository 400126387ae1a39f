"""Lists that others wrote: with other columns, separators, headings and paths; an index is no name."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.pairs.match import match_pictures

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos


@pytest.fixture
def folders(tmp_path: Path, write_photos: "WritePhotos") -> tuple[Path, Path]:
    return write_photos(tmp_path / "M", "1.png", "2.png"), write_photos(tmp_path / "P", "1.jpg", "2.jpg")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", "image,mask\nP/2.jpg,M/1.png\nP/1.jpg,M/2.png\n"),
        ("list.csv", ",a,b\n1,1.png,2.jpg\n2,2.png,1.jpg\n"),
        ("list.csv", "a;b\n1.png;2.jpg\n2.png;1.jpg\n"),
        ("list.csv", "a,b,split\n1.png,2.jpg,train\n2.png,1.jpg,test\n"),
        ("list.tsv", "mask\timage\n/data/set/M/1.png\t/data/set/P/2.jpg\n/data/set/M/2.png\t/data/set/P/1.jpg\n"),
        ("list.txt", "1.png 2.jpg\n2.png 1.jpg\n"),
        ("list.lst", "M\\1.png   P\\2.jpg\nM\\2.png   P\\1.jpg\n"),
        ("list.csv", "mask,image\n1.png,2.jpg\n2.png,1.jpg\n"),
    ],
)
def test_the_columns_that_name_pictures_are_taken_and_told(
    tmp_path: Path, folders: tuple[Path, Path], name: str, text: str, notes: "Notes"
) -> None:
    (tmp_path / name).write_text(text)
    matched, skipped = match_pictures(*folders, match=str(tmp_path / name), report=notes)
    assert [matched.files_of(each) for each in matched] == [("1.png", "2.jpg"), ("2.png", "1.jpg")]
    assert skipped == []
    assert any("column" in line for line in notes.lines)


def test_columns_that_may_be_either_are_asked_about(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    folders = write_photos(tmp_path / "A", "1.png", "2.png"), write_photos(tmp_path / "B", "1.png", "2.png")
    (tmp_path / "list.csv").write_text("number,image,mask\n7,1.png,2.png\n8,2.png,2.png\n")
    with refused("ambiguous-columns", tmp_path / "list.csv"):
        match_pictures(*folders, match=str(tmp_path / "list.csv"))
    (tmp_path / "list.csv").write_text("number,b,a\n7,1.png,2.png\n8,2.png,1.png\n")
    assert match_pictures(*folders, match=str(tmp_path / "list.csv"))[0].files_of("2") == ("2.png", "1.png")


def test_names_without_suffix_are_taken_where_none_has_one(tmp_path: Path, write_photos: "WritePhotos") -> None:
    folders = write_photos(tmp_path / "A", "x1.png", "x2.png"), write_photos(tmp_path / "B", "y1.png", "y2.png")
    (tmp_path / "list.csv").write_text("photo,mask\ny1,x2\ny2,x1\n")
    assert match_pictures(*folders, match=str(tmp_path / "list.csv"))[0].files_of("x1") == ("x1.png", "y2.png")


@pytest.mark.parametrize("first", ["gone.png\tgone.png", "3\t3"])
def test_a_first_line_whose_pictures_are_gone_is_no_heading(
    tmp_path: Path, write_photos: "WritePhotos", first: str
) -> None:
    folders = write_photos(tmp_path / "A", "1.png"), write_photos(tmp_path / "B", "1.png")
    suffix = Path(first).suffix
    (tmp_path / "list.tsv").write_text(f"{first}\n1{suffix}\t1{suffix}\n")
    matched, skipped = match_pictures(*folders, match=str(tmp_path / "list.tsv"))
    assert (list(matched), [skip.code for skip in skipped]) == (["1"], ["missing-picture"])


def test_names_may_hold_spaces_where_tabs_are_between_them(tmp_path: Path, write_photos: "WritePhotos") -> None:
    folders = write_photos(tmp_path / "A", "my 1.png", "1.png"), write_photos(tmp_path / "B", "my 2.png", "2.png")
    (tmp_path / "list.tsv").write_text("my 1.png\tmy 2.png\n")
    assert match_pictures(*folders, match=str(tmp_path / "list.tsv"))[0].files_of("my 1") == ("my 1.png", "my 2.png")


def test_a_path_in_another_split_is_not_found_in_this_one(tmp_path: Path, write_photos: "WritePhotos") -> None:
    folders = write_photos(tmp_path / "train/A", "1.png"), write_photos(tmp_path / "train/B", "1.png", "2.png")
    (tmp_path / "list.csv").write_text("val/A/1.png,val/B/2.png\ntrain/A/1.png,train/B/1.png\n")
    matched, skipped = match_pictures(*folders, match=str(tmp_path / "list.csv"))
    assert (matched.files_of("1"), len(skipped)) == (("1.png", "1.png"), 1)


def test_two_paths_under_a_heading_of_other_words_may_be_either_way_round(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    folders = write_photos(tmp_path / "A", "1.png", "2.png"), write_photos(tmp_path / "B", "1.png", "2.png")
    (tmp_path / "list.csv").write_text("image,mask\n1.png,2.png\n")
    with refused("ambiguous-columns", tmp_path / "list.csv"):
        match_pictures(*folders, match=str(tmp_path / "list.csv"))


def test_a_number_of_lines_that_fits_more_of_them_than_the_names_is_asked_about(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    folders = write_photos(tmp_path / "A", "1.png", "2.png"), write_photos(tmp_path / "B", "y1.png", "y2.png")
    (tmp_path / "list.csv").write_text("number,mask,photo\n1,2,y1\n2,1,y2\n1,9,y1\n")
    with refused("ambiguous-columns", tmp_path / "list.csv"):
        match_pictures(*folders, match=str(tmp_path / "list.csv"))
