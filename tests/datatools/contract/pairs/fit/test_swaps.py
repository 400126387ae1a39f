"""Swapped halves are found by how the halves of all pairs differ; where they do not differ, nothing is said."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.pairs.fit.swaps import SwapCheck, describe_half
from p2p_datatools.contract.pictures.images import Photo, read_photo, write_png

if TYPE_CHECKING:
    from conftest import Refused


def dark(seed: int) -> Photo:
    return np.random.default_rng(seed).integers(0, 120, (32, 32, 3), dtype=np.uint8)


def light(seed: int) -> Photo:
    return np.kron(np.random.default_rng(seed).integers(150, 256, (4, 4, 3)), np.ones((8, 8, 1))).astype(np.uint8)


def swapped(*halves: tuple[Photo, Photo]) -> list[str]:
    swaps = SwapCheck(("a", "b"))
    for number, (a, b) in enumerate(halves):
        swaps.add(Path(f"{number}.png"), describe_half(a), describe_half(b))
    return [each.where for each in swaps.findings()]


def test_the_one_swapped_pair_is_found_and_of_a_sound_set_none() -> None:
    sound = [(dark(number), light(number)) for number in range(12)]
    assert swapped(*sound) == []
    assert swapped(*sound[:5], sound[5][::-1], *sound[6:]) == ["5.png"]


@pytest.mark.parametrize("every", [2, 3])
def test_a_set_of_which_a_part_was_made_the_other_way_round_is_told_once(every: int) -> None:
    sound = [(dark(number), light(number)) for number in range(12)]
    assert swapped(*((b, a) if number % every else (a, b) for number, (a, b) in enumerate(sound))) == ["."]


def test_pictures_that_are_too_dark_or_too_light_beside_right_ones_are_not_swapped() -> None:
    """So are sets to correct the exposure: to swap the halves of a part would spoil them."""

    def exposed(number: int) -> tuple[Photo, Photo]:
        right = (np.random.default_rng(number).integers(100, 150, (32, 32, 3))).astype(np.uint8)
        return (right - 80 if number % 2 else right + 80), right

    assert swapped(*map(exposed, range(12))) == []


def test_of_few_pairs_and_of_halves_that_are_alike_nothing_is_said() -> None:
    assert swapped(*[(dark(0), light(0))] * 3, (light(1), dark(1))) == []
    assert swapped(*[(dark(number), dark(99 - number)) for number in range(20)]) == []


def test_a_pair_folder_with_a_swapped_pair_is_told_which(tmp_path: Path) -> None:
    for number in range(10):
        a, b = dark(number), light(number)
        both = (b, a) if number == 7 else (a, b)
        write_png(tmp_path / "train" / f"{number}.png", np.concatenate(both, axis=1))
    found = [(each.code, Path(each.where).name) for each in check(tmp_path).findings if each.code == "halves-swapped"]
    assert found == [("halves-swapped", "7.png")]


def test_pairs_of_class_numbers_are_refused_and_check_says_it(tmp_path: Path, refused: "Refused") -> None:
    from p2p_datatools.contract.pairs.opening import open_pairs
    from p2p_datatools.splits.apply import split

    for number in range(4):
        numbers = np.kron(np.random.default_rng(number).integers(0, 6, (4, 4)), np.ones((8, 8))).astype(np.uint8)
        both = np.concatenate((np.repeat(numbers[..., None], 3, axis=2), dark(number)), axis=1)
        write_png(tmp_path / "train" / f"{number}.png", both)
    for use in (open_pairs, split):
        with refused("class-numbers", tmp_path) as error:
            use(tmp_path)
    assert "left" in error.value.what
    assert [(each.severity, each.code) for each in check(tmp_path).findings] == [("error", "class-numbers")]
    split(tmp_path, as_pairs=True)
    assert open_pairs(tmp_path).foreign


@pytest.mark.real_data
def test_of_real_pairs_each_is_found_when_it_is_swapped(real_data: Path) -> None:
    files = sorted((real_data / "facades-ab").glob("*.jpg"))
    pairs = [np.array_split(read_photo(file), 2, axis=1) for file in files]
    told = [(describe_half(a), describe_half(b)) for a, b in pairs]
    for wrong in range(0, len(told), 3):
        swaps = SwapCheck(("a", "b"))
        for number, (file, (a, b)) in enumerate(zip(files, told, strict=True)):
            swaps.add(file, *((b, a) if number == wrong else (a, b)))
        assert [each.where for each in swaps.findings()] == [str(files[wrong])]
