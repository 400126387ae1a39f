"""Run-length encoded masks are decoded exactly, or not at all."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.rle import (
    coco_runs,
    decompress,
    packed_runs,
    runs,
    runs_by_value,
    runs_from_starts,
    runs_of,
)

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
        ({"counts": "632 004", "size": [5, 5]}, "invalid"),
        ({"counts": "ooooooooooooooooooooo", "size": [5, 5]}, "invalid"),
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


def test_random_masks_as_starts_and_lengths_come_back() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        mask = rng.random((rng.integers(1, 9), rng.integers(1, 9))) < 0.5
        flat, pairs = mask.ravel().tolist(), list[int]()
        for place, pixel in enumerate(flat):
            if pixel and (place == 0 or not flat[place - 1]):
                pairs += [place + 1, 0]
            if pixel:
                pairs[-1] += 1
        found = runs_from_starts(pairs, Size(mask.shape[1], mask.shape[0]), "a", left=2, top=3)
        assert (found.mask() == mask).all()
        assert (found.left, found.top) == (2, 3)


@pytest.mark.parametrize(
    "pairs",
    [
        [1, 2, 2, 1],
        [0, 1],
        [1, 0],
        [5, 1, 1, 1],
        [12, 2],
        [1],
        ["1", 2],
        {"a": 1},
        None,
        [1.5, 1],
        [1, 1 << 62],
        [1, -1],
    ],
)
def test_starts_and_lengths_that_overlap_or_leave_the_picture_are_refused(pairs: Any, refused: "Refused") -> None:
    with refused("bad-rle", "a"):
        runs_from_starts(pairs, Size(4, 3), "a")


def test_values_and_lengths_give_the_mask_of_each_value() -> None:
    found = runs_by_value([0, 3, 1, 2, 2, 1, 1, 1, 1, 1, 0, 4], Size(4, 3), "a")
    flat = np.array([0, 0, 0, 1, 1, 2, 1, 1, 0, 0, 0, 0]).reshape(3, 4)
    assert {value: each.mask().tolist() for value, each in found.items()} == {
        value: (flat == value).tolist() for value in (1, 2)
    }
    assert runs_by_value([0, 12], Size(4, 3), "a") == {}


@pytest.mark.parametrize("pairs", [[0, 11], [0, 3, 1, 10], [], [0], [0, "12"], "0,12", [1, -1, 0, 13], [0, 1 << 62]])
def test_values_and_lengths_that_do_not_cover_the_picture_are_refused(pairs: Any, refused: "Refused") -> None:
    with refused("bad-rle", "a"):
        runs_by_value(pairs, Size(4, 3), "a")


def packed(
    values: list[int], widths: tuple[int, ...] = (3, 4, 8, 16), *, word: int = 8, runs_only: bool = True
) -> list[int]:
    """The bytes of a packed list of values, written from the description of the format."""
    bits = f"{len(values):032b}{word - 1:05b}" + "".join(f"{width - 1:04b}" for width in widths)
    at = 0
    while at < len(values):
        end = at + 1
        while end < len(values) and (values[end] == values[at] or not runs_only) and end - at < 1 << widths[3]:
            end += 1
        kind = next(kind for kind, width in enumerate(widths) if end - at <= 1 << width)
        bits += f"{int(runs_only)}{kind:02b}{end - at - 1:0{widths[kind]}b}"
        bits += "".join(f"{value:0{word}b}" for value in (values[at:end][:1] if runs_only else values[at:end]))
        at = end
    bits += "0" * (-len(bits) % 8)
    return [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]


def rgba(mask: NDArray[np.bool_], alpha: int = 255) -> list[int]:
    """The channels of a picture in the colour of a brush, and transparent elsewhere."""
    pixels = np.zeros((*mask.shape, 4), dtype=np.uint8)
    pixels[mask] = (255, 0, 7, alpha)
    flat: list[int] = pixels.ravel().tolist()
    return flat


def test_random_masks_packed_as_bits_come_back() -> None:
    rng = np.random.default_rng(2)
    for count in range(60):
        mask = rng.random((rng.integers(1, 9), rng.integers(1, 90))) < rng.choice([0.05, 0.5, 1])
        data = packed(rgba(mask, 1 + count % 255), runs_only=bool(count % 2))
        assert (packed_runs(data, Size(mask.shape[1], mask.shape[0]), "a").mask() == mask).all()
        # Another writer may fill the end with one byte more.
        assert (packed_runs([*data, 0], Size(mask.shape[1], mask.shape[0]), "a").mask() == mask).all()


def test_a_packed_mask_is_decoded_bit_by_bit() -> None:
    # 8 values of 8 bits: 4 zeros (1 00 011 00000000), then 0, 0, 0, 255 one by one (0 00 011 ...), worked out by hand.
    bits = (
        f"{8:032b}" + "00111" + "0010" + "0011" + "0111" + "1111" + "100011" + "0" * 8 + "000011" + "0" * 24 + "1" * 8
    )
    bits += "0" * (-len(bits) % 8)
    data = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    assert packed_runs(data, Size(2, 1), "a").mask().tolist() == [[False, True]]


GOOD = packed(rgba(np.eye(3, 4) > 0))


@pytest.mark.parametrize(
    ("values", "about"),
    [
        (GOOD[:-3], "cut off"),
        (GOOD[:5], "cut off"),
        ([], "cut off"),
        ([*GOOD, 5], "goes on after"),
        (packed(rgba(np.eye(3, 5) > 0)), "60 values"),
        (packed([each // 2 for each in rgba(np.eye(3, 4) > 0)], word=7), "48 values of 7 bits"),
        ([*packed([*rgba(np.eye(3, 4) > 0), 0, 0, 0, 0])[:3], 48, *packed([0] * 52)[4:]], "longer than"),
        ([256], "list of bytes"),
        ([1.5], "list of bytes"),
        ("AAEC", "list of bytes"),
        (48, "list of bytes"),
        (None, "list of bytes"),
    ],
)
def test_bits_that_are_no_mask_of_the_picture_are_refused(values: Any, about: str, refused: "Refused") -> None:
    with refused("bad-rle", "a") as error:
        packed_runs(values, Size(4, 3), "a")
    assert about in error.value.what


def test_a_mask_as_runs_is_the_mask() -> None:
    for mask in ([[True, True]], [[False, True]], [[False, False]], [[True], [False]]):
        assert runs_of(np.array(mask)).mask().tolist() == mask


def test_coco_counts_in_a_text_are_read_as_programs_write_them() -> None:
    counts = [30, 5, 20, 5, 20, 4]
    wanted = coco_runs({"counts": counts, "size": [12, 7]}, "a").mask()
    text = compressed(counts)
    for spelled in (text, f"b'{text}'", f'b"{text}"', "30 5 20 5 20 4", "[30, 5, 20, 5, 20, 4]"):
        assert (coco_runs({"counts": spelled, "size": [12, 7]}, "a").mask() == wanted).all()


def test_a_backslash_in_the_bytes_that_python_shows_is_one_letter() -> None:
    counts = [44, 20, 20]
    text = compressed(counts)
    assert "\\" in text
    assert coco_runs({"counts": str(text.encode()), "size": [12, 7]}, "a").counts.tolist() == counts
