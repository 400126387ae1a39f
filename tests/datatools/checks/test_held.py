"""Of each of 100,000 pictures a check holds a few numbers, and says the same as if it held all."""

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from p2p_datatools.checks.masks.mask_set import MaskSetCheck, look_at_mask
from p2p_datatools.checks.masks.parts import PartTable, describe_parts
from p2p_datatools.checks.repeats import Repeats
from p2p_datatools.contract import load_palette
from p2p_datatools.contract.pictures.scales import ScaleCheck

CARS = load_palette("cars")
MANY = 2000


def bytes_held(add: Callable[[int], None]) -> float:
    """How much memory each of many additions keeps."""
    for number in range(10):
        add(number)
    tracemalloc.start()
    try:
        for number in range(MANY):
            add(number)
        gc.collect()  # what waits to be freed is not held
        return tracemalloc.get_traced_memory()[0] / MANY
    finally:
        tracemalloc.stop()


def a_mask() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    mask = np.zeros((64, 64), np.uint8)
    mask[8:40, 8:56], mask[32:48, 12:24], mask[10:20, 20:40] = 1, 2, 4
    return mask


def test_of_a_mask_with_its_photo_300_bytes_are_held() -> None:
    photo = np.repeat(a_mask()[..., None] * 60, 3, axis=2)
    look, check, file = look_at_mask(a_mask(), CARS, photo), MaskSetCheck(Path("masks"), CARS, "repair"), Path("a.png")
    assert look.placement is not None
    assert len(look.parts.classes) == 3
    assert bytes_held(lambda _: check.add(file, look)) < 300


def test_of_a_hash_its_bytes_are_held_and_of_the_ends_of_values_nothing() -> None:
    repeats, scales = Repeats(), ScaleCheck()
    assert bytes_held(lambda number: repeats.add(number, f"{number:064x}")) < 64
    assert bytes_held(lambda number: scales.add(f"{number}.png", 0, 255)) < 1


def test_equal_pictures_are_told_in_the_order_of_the_first_of_each() -> None:
    repeats = Repeats()
    for number, digest in enumerate(("b", "a", "", "c", "a", "b", "", "a")):
        repeats.add(number, digest and digest * 64)
    assert list(repeats.groups()) == [[0, 5], [1, 4, 7]]
    assert list(Repeats().groups()) == []


def test_the_parts_of_each_mask_are_given_back_as_they_were_added() -> None:
    masks, table = (a_mask(), np.zeros((64, 64), np.uint8), np.fliplr(a_mask())), PartTable()
    for mask in masks:
        table.add(describe_parts(np.ascontiguousarray(mask)))
    assert len(table) == 3
    for number, mask in enumerate(masks):
        held, given = table[number], describe_parts(np.ascontiguousarray(mask))
        assert held.classes.tolist() == given.classes.tolist()
        assert held.shares.tolist() == given.shares.tolist()
        assert held.looks.tolist() == given.looks.tolist()
    assert table.masks.tolist() == [0, 0, 0, 2, 2, 2]
