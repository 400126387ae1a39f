"""Partners: pictures of one name in two folders, and the reason where a name has none."""

import os
from pathlib import Path

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.partners import partners


def make_files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_partners_share_the_path_below_their_folders_whatever_the_suffix(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "1.png", "walk/1.v2.png", "notes.txt", ".hidden.png")
    b = make_files(tmp_path / "b", "1.JPG", "walk/1.v2.jpeg")
    matched, skipped = partners(a, b)
    assert matched == {"1": (a / "1.png", b / "1.JPG"), "walk/1.v2": (a / "walk/1.v2.png", b / "walk/1.v2.jpeg")}
    assert skipped == []


def test_a_name_without_a_partner_or_with_two_is_skipped_with_its_reason(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "both.png", "left.png", "twice.png")
    b = make_files(tmp_path / "b", "both.png", "right.png", "twice.png", "twice.jpg")
    matched, skipped = partners(a, b)
    assert list(matched) == ["both"]
    assert [str(skip) for skip in skipped] == [
        f"{a}/left.png: has no partner in {b}. Add 'left' there, or remove this one.",
        f"{b}/right.png: has no partner in {a}. Add 'right' there, or remove this one.",
        f"{b}/twice.jpg: has the same name as {b}/twice.png. Rename or remove one of them.",
    ]


def test_an_umlaut_written_as_two_characters_is_the_same_name(tmp_path: Path) -> None:
    matched, _ = partners(
        make_files(tmp_path / "a", "M\u00fcnchen.png"), make_files(tmp_path / "b", "Mu\u0308nchen.png")
    )
    assert list(matched) == ["M\u00fcnchen"]


def test_folders_without_a_common_name_are_told_how_names_look(tmp_path: Path) -> None:
    a, b = make_files(tmp_path / "a", "1.png", "2.png"), make_files(tmp_path / "b", "x/1.png", "x/2.png")
    with pytest.raises(P2PError, match=r"no name in common with .*b: '1' here, 'x/1' there") as error:
        partners(a, b)
    assert "\n" not in str(error.value)


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    with pytest.raises(P2PError, match="b: has no pictures"):
        partners(make_files(tmp_path / "a", "1.png"), make_files(tmp_path / "b", "notes.txt"))


def test_a_file_name_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    a, b = make_files(tmp_path / "a", "1.png"), make_files(tmp_path / "b", "1.png")
    (b / os.fsdecode(b"caf\xe9.png")).touch()
    with pytest.raises(P2PError, match="not UTF-8"):
        partners(a, b)
