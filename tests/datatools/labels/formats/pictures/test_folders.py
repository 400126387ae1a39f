"""Folders of index pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from p2p_datatools.contract.names import without_suffix
from p2p_datatools.labels.formats.pictures.folders import (
    holds_colors,
    pick_evenly,
    read_color_folder,
    read_index_folder,
)
from p2p_datatools.labels.values import IndexLabels

if TYPE_CHECKING:
    from conftest import Refused


def test_every_exact_picture_below_the_folder_is_an_item_and_a_jpeg_is_not(tmp_path: Path) -> None:
    for name in ("b.png", "sub/a ü%.tif", "b.jpg", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    labels = read_index_folder(tmp_path)
    assert [item.file_name for item in labels.items] == ["b.png", "sub/a ü%.tif"]
    assert [path.name for path in labels.left_out] == ["b.jpg"]
    assert labels.are_numbers


def test_the_signature_is_that_of_the_file(tmp_path: Path, refused: "Refused") -> None:
    Image.new("L", (4, 4), 1).save(tmp_path / "a.png")
    Image.new("L", (4, 4), 2).save(tmp_path / "b.png")
    one, other = read_index_folder(tmp_path).items
    assert one.signature != other.signature
    with refused("unreadable-file", tmp_path / "c.png"):
        _ = IndexLabels("c.png", tmp_path / "c.png").signature


def test_an_empty_folder_and_one_of_jpegs_say_what_was_looked_for(tmp_path: Path, refused: "Refused") -> None:
    with refused("no-pictures", tmp_path) as error:
        read_index_folder(tmp_path)
    assert ".png" in error.value.to_do
    for name, number in (("a.jpg", "1 picture,"), ("b.jpg", "2 pictures,")):
        Image.new("L", (4, 4)).save(tmp_path / name)
        with refused("lossy-pictures", tmp_path) as error:
            read_index_folder(tmp_path)
        assert number in error.value.what
        assert ".png" in error.value.to_do


def colored(path: Path, *, grey: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (7, 7, 7) if grey else (255, 0, 0)).save(path)


def test_a_folder_is_of_colours_when_most_of_its_pictures_are(tmp_path: Path) -> None:
    for name in "abcd":
        colored(tmp_path / f"{name}.png")
    colored(tmp_path / "e.png", grey=True)
    assert holds_colors(tmp_path)
    for name in "fghijk":
        Image.new("P", (4, 4), 1).save(tmp_path / f"{name}.png")
    assert not holds_colors(tmp_path)


def test_ids_repeated_in_rgb_are_not_colours_and_neither_is_a_damaged_picture(
    tmp_path: Path, refused: "Refused"
) -> None:
    colored(tmp_path / "a.png", grey=True)
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert not holds_colors(tmp_path)
    with refused("no-pictures", tmp_path / "none"):
        read_color_folder(tmp_path / "none")


def test_jpegs_are_labels_only_where_no_exact_pictures_are(tmp_path: Path) -> None:
    colored(tmp_path / "a.jpg")
    assert [item.file_name for item in read_color_folder(tmp_path).items] == ["a.jpg"]
    colored(tmp_path / "sub" / "b.bmp")
    labels = read_color_folder(tmp_path)
    assert [item.file_name for item in labels.items] == ["sub/b.bmp"]
    assert [path.name for path in labels.left_out] == ["a.jpg"]
    assert labels.are_colors
    assert labels.are_pictures
    assert not labels.are_numbers


def test_a_few_of_many_are_looked_at_from_first_to_last() -> None:
    paths = [Path(str(number)) for number in range(100)]
    assert pick_evenly(paths, 5) == [paths[0], paths[20], paths[40], paths[60], paths[80]]
    assert pick_evenly(paths[:3], 5) == paths[:3]


def test_gif_and_netpbm_are_exact_and_arrays_are_labels_where_there_are_no_pictures(tmp_path: Path) -> None:
    for name in ("a.gif", "b.pgm", "c.tga"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    np.save(tmp_path / "d.npy", np.zeros((4, 4), np.int64))
    assert [item.file_name for item in read_index_folder(tmp_path).items] == ["a.gif", "b.pgm", "c.tga"]
    for path in tmp_path.glob("*.???"):
        path.unlink() if path.suffix != ".npy" else None
    assert [item.file_name for item in read_index_folder(tmp_path).items] == ["d.npy"]
    assert without_suffix("d.npy") == "d"


def test_black_pictures_of_three_channels_do_not_tell_whether_a_folder_is_of_colours(tmp_path: Path) -> None:
    for number in range(30):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{number:02d}.png")
    assert not holds_colors(tmp_path)
    colored(tmp_path / "29.png")
    assert holds_colors(tmp_path)
    colored(tmp_path / "29.png", grey=True)
    assert not holds_colors(tmp_path)
