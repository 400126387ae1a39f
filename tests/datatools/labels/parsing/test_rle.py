"""Run-length encoded masks are decoded exactly, or not at all."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.rle import coco_runs, decompress, runs

if TYPE_CHECKING:
    from conftest import Refused


def counts_of(mask: NDArray[np.bool_]) -> list[int]:
    """The runs of a mask column by column, counted plainly."""
    counts, inside = [0], False
    for pixel in mask.T.ravel():
        if bool(pixel) != inside:
            counts.append(0)
            inside = not inside
        counts[-1] += 1
    return counts


def compressed(counts: list[int]) -> str:
    """COCO's text for counts, written from its description: 5 bits a letter, differences from the fourth on."""
    text = ""
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        while True:
            bits, value = value & 31, value >> 5
            is_last = value == (-1 if bits & 16 else 0)
            text += chr(bits + (0 if is_last else 32) + 48)
            if is_last:
                break
    return text


def test_a_text_is_decoded_letter_by_letter() -> None:
    # The middle 3x3 of 5x5, worked out by hand: 6 3 2, then 3-3 2-2 3-3 6-2; "0" is 0 and "4" is 4.
    assert decompress("6320004", "a") == [6, 3, 2, 3, 2, 3, 6]
    # 33 = 1 + 1 * 32, so the letter of 1 with "more" and that of 1; and -1 is the letter of 31, for its top bit is set.
    assert decompress("Q111O", "a") == [33, 1, 1, 0]


def test_lists_and_texts_of_random_masks_give_the_masks_back() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        height, width = rng.integers(1, 60, 2)
        mask = rng.random((height, width)) < rng.choice([0.02, 0.5, 0.98])
        counts, size = counts_of(mask), [int(height), int(width)]
        for given in (counts, compressed(counts)):
            assert (coco_runs({"counts": given, "size": size}, "a").mask() == mask).all()


def test_runs_of_a_large_picture_are_decoded() -> None:
    counts = [1_000_000, 2_000_000, 21_000_000]
    mask = coco_runs({"counts": compressed(counts), "size": [4000, 6000]}, "a").mask()
    assert mask.shape == (4000, 6000)
    assert mask.sum() == 2_000_000


def test_runs_row_by_row_are_those_of_other_tools() -> None:
    mask = runs(["1", "2", "3"], Size(3, 2), "a").mask()
    assert mask.tolist() == [[False, True, True], [False, False, False]]


@pytest.mark.parametrize(
    ("value", "about"),
    [
        ({"counts": [3, 5], "size": [6, 8]}, "do not cover 8x6, which has 48 pixels"),
        ({"counts": [50], "size": [6, 8]}, "do not cover"),
        ({"counts": [-2, 50], "size": [6, 8]}, "do not cover"),
        ({"counts": [2**62, 2**62, 2**62, 2**62, 48], "size": [6, 8]}, "do not cover"),
        ({"counts": ["a"], "size": [6, 8]}, "a list of whole numbers"),
        ({"counts": [[3], [5, 6]], "size": [6, 8]}, "a list of whole numbers"),
        ({"counts": [10**30], "size": [6, 8]}, "a list of whole numbers"),
        ({"counts": None, "size": [6, 8]}, "a list of whole numbers"),
        ({"counts": "632000", "size": [5, 5]}, "do not cover"),
        ({"counts": "632 004", "size": [5, 5]}, "impossible"),
        ({"counts": "ooooooooooooooooooooo", "size": [5, 5]}, "impossible"),
        ({"counts": "63o", "size": [5, 5]}, "is cut off"),
        ({"counts": [25], "size": [0, 5]}, "for a picture of 5x0"),
        ({"counts": [25], "size": [10**6, 10**6]}, "for a picture of"),
        ({"counts": [25], "size": [5]}, "no counts or no size"),
        ({"counts": [25]}, "no counts or no size"),
        ({"size": [5, 5]}, "no counts or no size"),
    ],
)
def test_runs_that_do_not_fit_their_picture_are_one_line(value: Any, about: str, refused: "Refused") -> None:
    with refused("bad-rle", "a.jpg: annotation 1") as error:
        coco_runs(value, "a.jpg: annotation 1")
    assert about in error.value.what
