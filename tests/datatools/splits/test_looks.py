"""What a split sees of pairs: the classes that masks have and no others, and few pixels of a large one."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.palette import Palette, load_palette
from p2p_datatools.contract.pictures.images import Photo, colorize, hash_pixels, indices_of_colors, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET
from p2p_datatools.splits import looks
from p2p_datatools.splits.looks import read_looks

CARS = load_palette("cars")


def one_pair(folder: Path, labels: NDArray[np.uint8], photo: Photo) -> PairFolder:
    """A folder with one pair, which lies as A|B."""
    both = np.concatenate((colorize(labels, CARS), photo), axis=1)
    write_png(folder / "all" / "x.png", both, durable=False)
    height, width = labels.shape
    lone = Pair("x", "all/x.png", "all", Size(width, height), hash_pixels(both))
    return PairFolder(folder, Half("mask", "mask"), Half("photo", "photo"), CARS, (lone,))


def test_the_classes_of_a_mask_are_those_that_are_in_it_however_few_their_pixels(tmp_path: Path) -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[1, 1] = 3
    folder = one_pair(tmp_path, labels, np.zeros((40, 60, 3), np.uint8))
    assert read_looks(folder, QUIET).classes == [0b1001]


def test_of_a_large_mask_about_as_many_pixels_are_looked_at_as_one_of_256_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    def count(mask: Photo, palette: Palette) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        counts.append(mask.shape[0] * mask.shape[1])
        return indices_of_colors(mask, palette)

    monkeypatch.setattr(looks, "indices_of_colors", count)
    labels = np.zeros((2048, 1024), np.uint8)
    labels[900:1000] = 2
    folder = one_pair(tmp_path, labels, np.zeros((2048, 1024, 3), np.uint8))
    assert read_looks(folder, QUIET).classes == [0b101]
    assert 256**2 <= counts[0] < 1.6 * 256**2
