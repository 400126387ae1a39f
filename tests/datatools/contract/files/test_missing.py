"""A path at which nothing is gets the sentence that tells what was probably meant by it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.files.listing import refuse_missing_folder
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.contract.files.unread_kinds import advise_file

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("photos/*.png", "A pattern is replaced by the shell"),
        ("https://example.com/photos", "Addresses are not read: download it first"),
        ("file:///data/photos", "Write the path alone: /data/photos."),
        (r"C:\Users\me\photos", "in WSL it is /mnt/c/Users/me/photos."),
        ("gone", "Check the spelling."),
        ("~no-such-user/photos", "Check the spelling."),
    ],
)
def test_a_path_that_cannot_be_meant_says_what_to_write(path: str, advice: str) -> None:
    assert advice in advise_missing(Path(path))


def test_a_home_in_quotes_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert advise_missing(Path("~/photos")).endswith("write /home/me/photos.")


def test_the_name_that_is_nearly_the_same_is_offered_whatever_its_capitals(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("photo", "Photos", "phtos"):
        assert advise_missing(tmp_path / name) == f"Did you mean {tmp_path / 'photos'}?"


def test_a_link_that_leads_nowhere_and_backslashes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to("gone")
    assert advise_missing(tmp_path / "link") == "It is a link that leads nowhere: gone does not exist."
    (tmp_path / "cars/photos").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert advise_missing(Path(r"cars\photos")) == "Write cars/photos: folders are separated by /."


def test_a_file_is_not_called_a_missing_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(Exception, match=f"is a file, not a folder. Give the folder that it lies in: {tmp_path}"):
        refuse_missing_folder(tmp_path / "a.png")


def test_the_folder_of_a_file_in_the_current_one_is_not_the_one_above_it() -> None:
    assert ".." not in advise_file(Path("a.png"))


def test_a_pipe_is_called_what_it_is_and_not_offered_instead_of_itself(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.safetensors")
    assert advise_missing(tmp_path / "model.safetensors").startswith("It is a pipe, socket or device")


def test_links_in_a_circle_are_called_that(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for place in (tmp_path / "a", tmp_path / "a" / "photos"):
        assert "leads back to itself" in advise_missing(place)


def test_a_pipe_is_no_folder_and_the_one_that_it_lies_in_is_not_offered(tmp_path: Path, refused: "Refused") -> None:
    os.mkfifo(tmp_path / "pipe")
    with refused("missing-folder", tmp_path / "pipe") as error:
        refuse_missing_folder(tmp_path / "pipe")
    assert str(tmp_path) not in error.value.to_do
