"""A pair: two halves of equal size in one picture, and out of it again as they went in."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pairs.halves import (
    files_of,
    halve,
    join,
    read_halves,
    read_pair,
    read_stored,
    store_of,
    write_halves,
)
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Noise


@pytest.mark.parametrize("size", [Size(8, 5), Size(7, 4), Size(1, 1)])
def test_halves_come_out_as_they_went_in_a_left_and_b_right(size: Size, tmp_path: Path, noise: "Noise") -> None:
    a, b = noise(1, size), noise(2, size)
    joined = join(a, b, where="here")
    assert (joined[:, : size.width] == a).all()
    write_png(tmp_path / "pair.png", joined)
    again_a, again_b = read_pair(tmp_path / "pair.png")
    assert (again_a == a).all()
    assert (again_b == b).all()


def test_halves_of_different_sizes_are_refused_with_both_sizes(refused: "Refused", noise: "Noise") -> None:
    with refused("mask-size", "cars/7.png") as error:
        join(noise(1, Size(8, 5)), noise(2, Size(8, 6)), where="cars/7.png")
    assert "8x5 and 8x6" in error.value.what
    assert "\n" not in str(error.value)


def test_an_odd_width_is_not_a_pair_and_loses_no_column(tmp_path: Path, refused: "Refused", noise: "Noise") -> None:
    with refused("odd-width", "here") as error:
        halve(noise(1, Size(9, 4)), where="here")
    assert "9 pixels" in error.value.what
    write_png(tmp_path / "odd.png", noise(1, Size(9, 4)))
    with refused("odd-width", tmp_path / "odd.png"):
        read_pair(tmp_path / "odd.png")


@pytest.mark.parametrize("half", [Half("b", "picture"), Half("b", "picture", 1, "uint16"), Half("b", "picture", 2)])
def test_a_pair_of_other_pixels_than_its_manifest_says_is_refused_and_can_be_looked_at(
    half: Half, tmp_path: Path, refused: "Refused"
) -> None:
    rng, store = np.random.default_rng(0), store_of(Half("a", "picture"), half)
    a = rng.integers(0, 256, (5, 8, 3), dtype=np.uint8)
    b = rng.integers(0, 256, (5, 8, half.channels)[: 2 + (half.channels > 1)]).astype(half.dtype)
    files = files_of("train/car", store)
    digest = write_halves([tmp_path / file for file in files], a, b, store, where="here")
    pair = Pair("car", files[0], "train", Size(8, 5), digest)
    folder = PairFolder(tmp_path, Half("a", "picture"), half, None, (pair,))
    assert read_halves(folder, pair).hash == digest
    assert (read_halves(folder, replace(pair, hash="")).b == b).all()
    changed = replace(pair, hash="0" * 64)
    with refused("hash-differs", tmp_path / files[0]):
        read_halves(folder, changed)
    assert (read_stored(folder, changed).b == b).all()
    other = replace(folder, b=Half("b", "picture", 1 if half.channels == 2 else 65536))
    with refused("form-differs", tmp_path / files[0]):  # one file for two, or two for one
        read_stored(other, pair)
