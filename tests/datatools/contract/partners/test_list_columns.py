"""Lists that others wrote: with other columns, separators, headings and paths; an index is no name."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.errors import Skip
from p2p_datatools.contract.partners.matched import MatchedFiles
from p2p_datatools.pairs.match import match_pictures

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos


Folders = tuple[Path, Path]
MatchBy = Callable[[Folders, str, str], tuple[MatchedFiles, list[Skip]]]


@pytest.fixture
def match_by(tmp_path: Path, notes: "Notes") -> MatchBy:
    """Writes a list, by its name and its text, and matches the pictures of two folders by it."""

    def match(folders: Folders, name: str, text: str) -> tuple[MatchedFiles, list[Skip]]:
        (tmp_path / name).write_text(text)
        return match_pictures(*folders, match=str(tmp_path / name), report=notes)

    return match


@pytest.fixture
def namesakes(tmp_path: Path, write_photos: "WritePhotos") -> Folders:
    """Two folders whose pictures have the same names."""
    return write_photos(tmp_path / "A", "1.png", "2.png"), write_photos(tmp_path / "B", "1.png", "2.png")


@pytest.fixture
def folders(tmp_path: Path, write_photos: "WritePhotos") -> Folders:
    return write_photos(tmp_path / "M", "1.png", "2.png"), write_photos(tmp_path / "P", "1.jpg", "2.jpg")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", "image,mask\nP/2.jpg,M/1.png\nP/1.jpg,M/2.png\n"),
        ("list.csv", ",a,b\n1,1.png,2.jpg\n2,2.png,1.jpg\n"),
        ("list.csv", "x;y\n1.png;2.jpg\n2.png;1.jpg\n"),
        ("list.csv", "a,b,split\n1.png,2.jpg,train\n2.png,1.jpg,test\n"),
        ("list.tsv", "mask\timage\n/data/set/M/1.png\t/data/set/P/2.jpg\n/data/set/M/2.png\t/data/set/P/1.jpg\n"),
        ("list.txt", "1.png 2.jpg\n2.png 1.jpg\n"),
        ("list.lst", "M\\1.png   P\\2.jpg\nM\\2.png   P\\1.jpg\n"),
        ("list.csv", "mask,image\n1.png,2.jpg\n2.png,1.jpg\n"),
        ("prompt.json", '{"source": "M/1.png", "target": "P/2.jpg"}\n{"source": "M/2.png", "target": "P/1.jpg"}\n'),
        ("list.jsonl", '\ufeff{"b": "2.jpg", "n": 3, "a": "1.png"}\n\n{"a": "2.png", "b": "1.jpg"}\n'),
        ("list.csv", "sep=;\n1.png;2.jpg\n2.png;1.jpg\n"),
        ("list.csv", "List of Monday\n\n1.png;2.jpg\n2.png;1.jpg\n"),
        ("list.json", '[{"file": "1.png", "photo": "2.jpg"},\n {"photo": "1.jpg", "file": "2.png"}]'),
    ],
)
def test_the_columns_that_name_pictures_are_taken_and_told(
    folders: Folders, name: str, text: str, match_by: MatchBy, notes: "Notes"
) -> None:
    matched, skipped = match_by(folders, name, text)
    assert [matched.files_of(each) for each in matched] == [("1.png", "2.jpg"), ("2.png", "1.jpg")]
    assert skipped == []
    assert any("column" in line for line in notes.lines)


@pytest.mark.parametrize("name", ["[{}].png", "{{{}}}.png", "[[{}]].png"])
@pytest.mark.parametrize("separator", [",", ";", " "])
def test_names_in_brackets_are_no_json(
    tmp_path: Path, name: str, separator: str, write_photos: "WritePhotos", match_by: MatchBy
) -> None:
    files = [name.format(number) for number in (1, 2)]
    folders = write_photos(tmp_path / "A", *files), write_photos(tmp_path / "B", *files)
    matched, skipped = match_by(folders, "list.csv", "".join(f"{file}{separator}{file}\n" for file in files))
    assert (len(matched), skipped) == (2, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": "1.png", "b": "1.jpg"}\n{"a": "2.png",\n"b": "2.jpg"}\n', "line 2 is not JSON"),
        ('{"a": ["1.png", "2.png"], "b": ["1.jpg", "2.jpg"]}\n', "record 1 is not a JSON object with texts"),
        ('[["1.png", "1.jpg"]]', "record 1 is not a JSON object with texts"),
    ],
)
def test_other_json_is_called_so(
    folders: Folders, tmp_path: Path, text: str, words: str, match_by: MatchBy, refused: "Refused"
) -> None:
    with refused("bad-json", tmp_path / "list.json") as caught:
        match_by(folders, "list.json", text)
    assert words in str(caught.value)


def test_columns_that_may_be_either_are_asked_about(
    tmp_path: Path, namesakes: Folders, match_by: MatchBy, refused: "Refused"
) -> None:
    with refused("ambiguous-columns", tmp_path / "list.csv"):
        match_by(namesakes, "list.csv", "number,image,mask\n7,1.png,2.png\n8,2.png,2.png\n")
    matched, _ = match_by(namesakes, "list.csv", "number,b,a\n7,1.png,2.png\n8,2.png,1.png\n")
    assert matched.files_of("2") == ("2.png", "1.png")


@pytest.mark.parametrize(
    "text",
    [
        "input,target\nx.png,y.png\n",
        "x.png y.png\n",
        "target;input\ny.png;x.png\n",
        "file_name,conditioning_image\ny.png,x.png\n",
        "C:\\d\\A\\x.png;A\\y.png\n",
    ],
)
def test_of_two_columns_of_one_folder_the_first_is_a_unless_its_heading_says_otherwise(
    tmp_path: Path, write_photos: "WritePhotos", text: str, match_by: MatchBy
) -> None:
    folder = write_photos(tmp_path / "A", "x.png", "y.png", "z.png")
    matched, skipped = match_by((folder, folder), "list.csv", text)
    assert ([matched.files_of(each) for each in matched], skipped) == ([("x.png", "y.png")], [])


def test_names_without_suffix_are_taken_where_none_has_one(
    tmp_path: Path, write_photos: "WritePhotos", match_by: MatchBy
) -> None:
    folders = write_photos(tmp_path / "A", "x1.png", "x2.png"), write_photos(tmp_path / "B", "y1.png", "y2.png")
    matched, _ = match_by(folders, "list.csv", "photo,mask\ny1,x2\ny2,x1\n")
    assert matched.files_of("x1") == ("x1.png", "y2.png")


@pytest.mark.parametrize("first", ["gone.png\tgone.png", "3\t3"])
def test_a_first_line_whose_pictures_are_gone_is_no_heading(
    tmp_path: Path, write_photos: "WritePhotos", first: str, match_by: MatchBy
) -> None:
    folders = write_photos(tmp_path / "A", "1.png"), write_photos(tmp_path / "B", "1.png")
    suffix = Path(first).suffix
    matched, skipped = match_by(folders, "list.tsv", f"{first}\n1{suffix}\t1{suffix}\n")
    assert (list(matched), [skip.code for skip in skipped]) == (["1"], ["missing-picture"])


def test_names_may_hold_spaces_where_tabs_are_between_them(
    tmp_path: Path, write_photos: "WritePhotos", match_by: MatchBy
) -> None:
    folders = write_photos(tmp_path / "A", "my 1.png", "1.png"), write_photos(tmp_path / "B", "my 2.png", "2.png")
    matched, _ = match_by(folders, "list.tsv", "my 1.png\tmy 2.png\n")
    assert matched.files_of("my 1") == ("my 1.png", "my 2.png")


def test_a_path_in_another_split_is_not_found_in_this_one(
    tmp_path: Path, write_photos: "WritePhotos", match_by: MatchBy
) -> None:
    folders = write_photos(tmp_path / "train/A", "1.png"), write_photos(tmp_path / "train/B", "1.png", "2.png")
    matched, skipped = match_by(folders, "list.csv", "val/A/1.png,val/B/2.png\ntrain/A/1.png,train/B/1.png\n")
    assert (matched.files_of("1"), len(skipped)) == (("1.png", "1.png"), 1)


def test_two_paths_under_a_heading_of_other_words_may_be_either_way_round(
    tmp_path: Path, namesakes: Folders, match_by: MatchBy, refused: "Refused"
) -> None:
    with refused("ambiguous-columns", tmp_path / "list.csv"):
        match_by(namesakes, "list.csv", "image,mask\n1.png,2.png\n")


def test_a_number_of_lines_that_fits_more_of_them_than_the_names_is_asked_about(
    tmp_path: Path, write_photos: "WritePhotos", match_by: MatchBy, refused: "Refused"
) -> None:
    folders = write_photos(tmp_path / "A", "1.png", "2.png"), write_photos(tmp_path / "B", "y1.png", "y2.png")
    with refused("ambiguous-columns", tmp_path / "list.csv"):
        match_by(folders, "list.csv", "number,mask,photo\n1,2,y1\n2,1,y2\n1,9,y1\n")


@pytest.mark.parametrize("text", ['{"a": "1.png"', '{"a": 1}\n7\n', "[7]", "[" * 100_000])
def test_json_that_is_no_list_of_pairs_is_an_error_of_its_file(
    tmp_path: Path, namesakes: Folders, text: str, match_by: MatchBy, refused: "Refused"
) -> None:
    with refused("bad-json", tmp_path / "list.json"):
        match_by(namesakes, "list.json", text)
