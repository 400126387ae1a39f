"""Files by name, in little memory: the same mapping as a dictionary of paths."""

from pathlib import Path

import pytest

from p2p_datatools.contract.partners.matched import MatchedFiles, lengthen_file, shorten_file

A, B = Path("a"), Path("b")


def test_files_are_given_as_they_were_added_in_that_order() -> None:
    files = {
        "1": ("1.png", "1.jpg"),
        "walk/2": ("walk/2.png", "walk/2.PNG"),
        "3": ("mask 3.png", "IMG (3).jpg"),
        "é": ("e\u0301.png", "é.png"),
        "4": ("4.png", "4.v2.png"),
    }
    matched = MatchedFiles(A, B)
    for name, (a, b) in files.items():
        matched.add(name, a, b)
    assert matched == {name: (A / a, B / b) for name, (a, b) in files.items()}
    assert list(matched) == list(files)
    assert len(matched) == 5
    with pytest.raises(KeyError):
        matched["5"]


def test_some_names_can_be_chosen() -> None:
    matched = MatchedFiles(A, B)
    for name in "1234":
        matched.add(name, f"{name}.png", f"{name}.jpg")
    assert matched.only(lambda name: name in "24") == {"2": (A / "2.png", B / "2.jpg"), "4": (A / "4.png", B / "4.jpg")}


def test_a_name_shortens_only_the_file_that_is_called_so() -> None:
    assert (shorten_file("x/1.png", "x/1"), shorten_file("x/1.png", "1"), shorten_file("12.png", "1")) == (
        ".png",
        "x/1.png",
        "12.png",
    )
    assert [lengthen_file(kept, "1") for kept in (".png", "x/1.png")] == ["1.png", "x/1.png"]
