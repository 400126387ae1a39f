"""Folders of index pictures."""

from pathlib import Path

import pytest
from PIL import Image

from p2p_datatools.annotations.index import read_index_folder
from p2p_datatools.annotations.values import IndexLabels
from p2p_datatools.contract.errors import P2PError


def test_every_exact_picture_below_the_folder_is_one_item_and_a_jpeg_is_none(tmp_path: Path) -> None:
    for name in ("b.png", "sub/a ü%.tif", "b.jpg", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    labels = read_index_folder(tmp_path)
    assert [item.file_name for item in labels.items] == ["b.png", "sub/a ü%.tif"]
    assert [path.name for path in labels.left_out] == ["b.jpg"]
    assert labels.are_numbers


def test_the_signature_is_that_of_the_file(tmp_path: Path) -> None:
    Image.new("L", (4, 4), 1).save(tmp_path / "a.png")
    Image.new("L", (4, 4), 2).save(tmp_path / "b.png")
    one, other = read_index_folder(tmp_path).items
    assert one.signature != other.signature
    with pytest.raises(P2PError, match="cannot be read"):
        _ = IndexLabels("c.png", tmp_path / "c.png").signature


def test_an_empty_folder_and_one_of_jpegs_say_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(P2PError, match=r"is empty\. Labels as pictures are"):
        read_index_folder(tmp_path)
    Image.new("L", (4, 4)).save(tmp_path / "a.jpg")
    with pytest.raises(P2PError, match="holds 1 pictures, but none of a kind that keeps class numbers"):
        read_index_folder(tmp_path)
