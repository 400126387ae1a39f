"""The pictures of a folder: all but hidden ones, in an order that every machine agrees on."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import find_pictures, links_out, picture_names

if TYPE_CHECKING:
    from conftest import Refused


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
