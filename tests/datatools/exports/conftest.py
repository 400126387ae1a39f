"""What the tests of exports share: masks in which everything occurs that is hard to outline."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.images import LabelMap, write_mask

CARS = load_palette("cars")

HardMask = Callable[[int], LabelMap]
"""What the fixture `hard_mask` is."""


def draw_hard_mask(seed: int) -> LabelMap:
    """Noise or blobs of all classes, in any size from 1 x 1: holes in holes, corners that touch, single pixels."""
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(1, 40, 2))
    mask = random.integers(0, 5, (height, width), dtype=np.uint8)
    if seed % 3 == 0 and min(height, width) > 3:
        mask = np.asarray(cv2.medianBlur(mask, 3), dtype=np.uint8)
    if seed % 2 == 0:
        mask[random.random((height, width)) < 0.2] = IGNORE
    if seed % 5 == 0:
        mask[random.random((height, width)) < 0.5] = 0
    return mask


@pytest.fixture(scope="session")
def hard_mask() -> HardMask:
    """hard_mask(seed): the same mask for the same seed."""
    return draw_hard_mask


RING = ["0000000", "0111110", "0122210", "0120210", "0122210", "0111110", "0000000"]
NAMED = {
    "ring": RING,
    "point": ["000", "010", "000"],
    "line": ["1111111"],
    "column": ["2", "2", "0", "2"],
    "diagonal": ["1000", "0100", "0010", "0001"],
    "chessboard": ["1212", "2121", "1212"],
    "walk/hole at a corner": ["1111", "1011", "1101", "1111"],
    "walk/ü (1) 100%": ["4443", "4003", "4443"],
    "other/point": ["3"],
    "license-plate": ["05", "50"],
    "a.png": ["55", "15"],
}


@pytest.fixture
def hard_masks(tmp_path: Path) -> Path:
    """A mask folder of drawings (5 is ignored) and of four hard masks, in folders, under names that are hard."""
    drawings = {name: np.array([[*row] for row in rows], dtype=np.uint8) for name, rows in NAMED.items()}
    for drawing in drawings.values():
        drawing[drawing == 5] = IGNORE
    folder = tmp_path / "masks"
    for name, mask in (drawings | {f"hard/{seed}": draw_hard_mask(seed) for seed in range(4)}).items():
        write_mask(folder / f"{name}.png", mask, CARS)
    (folder / "palette.toml").write_text(CARS.to_toml())
    return folder
