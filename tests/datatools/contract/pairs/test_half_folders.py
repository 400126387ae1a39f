"""Folders of halves that someone gives as pairs: refused with the command that joins them."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pairs.below import explain_two
from p2p_datatools.contract.pairs.half_folders import refuse_half_folders
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.partners.one_folder import holds_halves
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Scene


@pytest.mark.parametrize(
    "files",
    [
        ("trainA/1.png", "trainB/1.jpg", "testA/2.png"),
        ("train/A/1.png", "train/B/1.png"),
        ("A/train/1.png", "B/train/1.png"),
        ("train/images/1.jpg", "train/masks/1.png"),
        ("train_img/1.jpg", "train_label/1.png", "other/2.png", "test_img/2.jpg"),
    ],
)
def test_halves_are_refused_with_the_command_that_joins_them(files: tuple[str, ...], refused: "Refused") -> None:
    with refused("half-folders", "here") as error:
        refuse_half_folders(Path("here"), files)
    assert "p2p data pair here here PAIRS" in error.value.to_do


@pytest.mark.parametrize(
    "files",
    [
        ("train/1.png", "val/1.png"),
        ("1.png", "2.png"),
        ("train/A/1.png", "train/B/2.png"),
        ("train/walk/1.png", "train/drive/1.png"),
        ("A/1.png", "B/1.png"),
    ],
)
def test_whole_pairs_are_not(files: tuple[str, ...]) -> None:
    refuse_half_folders(Path("here"), files)


def test_two_folders_of_the_same_names_are_halves_where_there_are_no_pairs() -> None:
    problem = explain_two(Path("here"), ("low/1.png", "low/2.png", "normal/1.jpg", "normal/2.jpg", "normal/3.jpg"))
    assert problem
    assert "low/ and normal/" in problem.what
    assert "p2p data pair here/low here/normal PAIRS" in problem.to_do


@pytest.mark.parametrize("files", [("1.png", "A/1.png"), ("A/1.png", "B/2.png"), ("A/1.png", "B/1.png", "C/1.png")])
def test_folders_of_other_names_or_numbers_are_no_halves(files: tuple[str, ...]) -> None:
    assert explain_two(Path("here"), files) is None


@pytest.mark.parametrize(
    ("code", "paths"),
    [
        ("half-folders", ("our485/low/{}.png", "our485/high/{}.png", "eval15/low/9{}.png", "eval15/high/9{}.png")),
        ("not-pairs", ("train/source/{}.png", "train/target/{}.png")),
        ("not-pairs", ("{}_A.png", "{}_B.png")),
    ],
)
def test_halves_that_pair_tells_apart_are_refused_with_its_command(
    code: str, paths: tuple[str, ...], tmp_path: Path, refused: "Refused", scene: "Scene"
) -> None:
    for number, path in enumerate(paths * 3):
        write_png(tmp_path / path.format(number // len(paths)), scene(number, Size(96, 64)), durable=False)
    with refused(code, tmp_path) as error:
        open_pairs(tmp_path)
    assert f"p2p data pair {tmp_path} {tmp_path} PAIRS" in error.value.to_do


def test_single_pictures_are_not_called_halves() -> None:
    assert not holds_halves(Path("here"), ["a_1.png", "a_2.png", "b_1.png", "car.jpg"])
