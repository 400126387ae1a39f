"""The pictures of a folder: all but hidden ones, in an order that every machine agrees on."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import LeftOut, find_pictures, links_out, picture_names, refuse_missing_folder
from p2p_datatools.contract.partners.named import pictures_of

if TYPE_CHECKING:
    from conftest import Notes, Refused


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_pictures_are_listed_folder_by_folder_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = ["a/b.png", "a/c/d.JPG", "a b.png", "a.png", "z.tiff", "Ä.png"]
    folder = make(tmp_path, *names, "notes.txt", ".hidden.png", "a/.git/e.png", "png")
    assert find_pictures(folder) == sorted(tmp_path / name for name in names)
    assert picture_names(folder) == [path.relative_to(folder).as_posix() for path in find_pictures(folder)]
    assert picture_names(folder, {".txt"}) == ["notes.txt"]
    assert find_pictures(folder / "gone") == []


def test_links_to_files_are_pictures_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    folder = make(tmp_path / "in", "a.png")
    make(tmp_path / "out", "b.png")
    (folder / "c.png").symlink_to(tmp_path / "out" / "b.png")
    (folder / "d.png").symlink_to(folder / "a.png")
    (folder / "e.png").symlink_to(tmp_path / "gone.png")
    (folder / "circle").symlink_to(folder)
    found = find_pictures(folder)
    assert [path.name for path in found] == ["a.png", "c.png", "d.png"]
    assert links_out(folder, found) == [folder / "c.png"]


def test_a_name_that_is_not_utf8_is_an_error_or_handed_over_and_the_others_stay(
    tmp_path: Path, refused: "Refused"
) -> None:
    folder = make(tmp_path, "a.png", os.fsdecode(b"caf\xe9.png"), "ü.png")
    with refused("name-not-utf8", folder) as error:
        find_pictures(folder)
    assert "'caf" in error.value.what
    str(error.value).encode()
    strange: list[P2PError] = []
    assert [path.name for path in find_pictures(folder, strange=strange)] == ["a.png", "ü.png"]
    assert [each.problem for each in strange] == [error.value.problem]


def test_files_that_are_not_read_are_counted_by_kind_and_what_belongs_beside_pictures_is_not(tmp_path: Path) -> None:
    make(tmp_path, "1.png", "b/2.HEIC", "a/1.heic", "film.mp4", "scan.xyz", "IM0001", "palette.toml", "masks.jsonl")
    make(tmp_path, "README", "README.md", "Thumbs.db", ".DS_Store", "labels/1.json", "1.png.aux.xml", "1.tfw", "a.csv")
    others = LeftOut(tmp_path)
    find_pictures(tmp_path, others=others)
    assert others.kinds == {".heic": 2, ".mp4": 1, ".xyz": 1, "without suffix": 1}
    assert (others.count, others.first) == (5, "IM0001")


def test_many_kinds_are_told_in_one_line_and_none_in_no_line(tmp_path: Path, notes: "Notes") -> None:
    others = LeftOut(tmp_path)
    others.say(notes)
    for number in range(9):
        others.note(f"{number}.k{number}")
    others.say(notes)
    [line] = notes.lines
    assert "9 files" in line
    assert "3 other kinds" in line
    assert "\n" not in line


def test_a_folder_of_unread_kinds_alone_is_told_apart_from_an_empty_one(tmp_path: Path, refused: "Refused") -> None:
    others = LeftOut(tmp_path)
    with refused("no-pictures", tmp_path) as empty:
        pictures_of(tmp_path, [])
    others.note("a.heic")
    error = others.no_pictures()
    assert error.code == empty.value.code
    assert ".heic" in error.what
    assert ".heic" not in empty.value.what


def test_hidden_pictures_are_told_but_not_what_systems_leave(tmp_path: Path) -> None:
    names = (".car.png", "._a.png", "a.png", "__MACOSX/a.png", "@eaDir/a.png/S.jpg", ".git/b.png", ".DS_Store")
    others = LeftOut(make(tmp_path, *names))
    assert [path.name for path in find_pictures(tmp_path, others=others)] == ["a.png"]
    assert others.kinds == {"hidden picture": 1}
    assert "dot" in others.advice


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a.dcm", "b.nii.gz"), "NPY"),
        (("a.mp4",), "frames"),
        (("a.CR2",), "evelop"),
        (("a.tar.gz",), "npack"),
        (("a.pdf",), "xport"),
        (("a",), "suffix"),
        (("a.heic",), "PNG or JPEG"),
    ],
)
def test_what_to_do_depends_on_the_kind_of_what_is_not_read(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    others = LeftOut(make(tmp_path, *names))
    find_pictures(tmp_path, others=others)
    assert words in others.no_pictures().to_do


def test_an_archive_in_the_place_of_a_folder_is_to_be_unpacked(tmp_path: Path, refused: "Refused") -> None:
    for name, word in (
        ("photos.zip", "Unpack"),
        ("labels.tar.gz", "Unpack"),
        ("walk.MP4", "frames"),
        ("a.png", "lies"),
    ):
        (tmp_path / name).write_bytes(b"x")
        with refused("missing-folder", tmp_path / name) as error:
            refuse_missing_folder(tmp_path / name)
        assert word in error.value.to_do
