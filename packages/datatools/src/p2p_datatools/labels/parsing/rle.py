"""Decodes run-length encoded masks, exactly: lengths of runs, starts with lengths, values with lengths, and bits.

Nothing here may paint, or trust a length that the encoding states without counting.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.foreign import MOST_WHOLE, ForeignPlace, is_digits
from p2p_datatools.contract.pictures.limits import MOST_PIXELS
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import EXPORT_AGAIN, Runs, bad_labels


def coco_runs(value: Any, where: str) -> Runs:
    """The mask of a COCO segmentation {counts, size: [height, width]}; counts are numbers or their compressed text."""
    try:
        height, width = (int(side) for side in value["size"])
        counts = value["counts"]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise bad_labels(where, "its RLE has no counts or no size", code="bad-rle") from error
    numbers = _read_counts(counts, where) if isinstance(counts, str) else counts
    return runs(numbers, Size(width, height), where, by_column=True)


def _read_counts(text: str, where: str) -> list[int] | list[str]:
    """The counts in a text: compressed, also as Python shows bytes (b'...'), or numbers with blanks or commas."""
    if text[:2] in ("b'", 'b"') and text[-1] == text[1]:
        text = text[2:-1].replace("\\\\", "\\")  # a backslash is the only such letter that Python writes twice
    plain = text.strip(" []").replace(",", " ").split()
    return plain if len(plain) > 2 and all(map(is_digits, plain)) else decompress(text, where)


def runs(counts: Any, size: Size, where: str, *, by_column: bool = False, left: int = 0, top: int = 0) -> Runs:
    """A mask from the lengths of its runs; raises P2PError unless they cover `size` exactly."""
    try:
        lengths = np.array(counts, dtype=np.int64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        raise _refuse(counts, where, "a list of whole numbers") from error
    pixels = size.width * size.height
    if min(size) < 1 or pixels > MOST_PIXELS:
        raise bad_labels(where, f"its RLE is for a picture of {size}, which has no pixels or too many", code="bad-rle")
    # Each length is compared with the picture first, so that no sum can overflow.
    if (lengths < 0).any() or (lengths > pixels).any() or lengths.sum() != pixels:
        what = f"the runs of its RLE do not cover {size}, which has {pixels} pixels"
        raise P2PError(where, what, "Was the file cut off or edited? Export the labels again.", code="bad-rle")
    return Runs(lengths, size, by_column, left, top)


def _refuse(values: Any, where: str, wanted: str, *, most: float = MOST_WHOLE) -> P2PError:
    at = ForeignPlace(where, to_do=EXPORT_AGAIN, code="bad-rle")
    return at.refuse_numbers(values, "its RLE", wanted, least=0, most=most)


def decompress(text: str, where: str) -> list[int]:
    """The counts in COCO's compressed text.

    A character holds 5 bits, the lowest first, and whether more follow; the last one's top bit is the sign. From the
    fourth count on it is the difference to the count two before.
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        code = ord(letter) - 48
        if not 0 <= code < 64 or shift > 60:
            raise bad_labels(where, "its RLE has an invalid character or number", code="bad-rle")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise bad_labels(where, "its RLE is cut off", code="bad-rle")
    return counts


def runs_of(inside: NDArray[np.bool_], *, left: int = 0, top: int = 0) -> Runs:
    """A mask, (height, width), as the lengths of its runs."""
    flat = inside.ravel()
    # The first run lies outside, and is empty where the first pixel is inside.
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1, [flat.size]))
    lengths = np.diff(starts)
    counts = np.concatenate(([0], lengths)) if flat[0] else lengths
    return Runs(counts.astype(np.int64), Size(inside.shape[1], inside.shape[0]), left=left, top=top)


def runs_from_starts(pairs: Any, size: Size, where: str, *, left: int = 0, top: int = 0) -> Runs:
    """A mask out of start, length, start, length, ...: the runs inside, row by row, whose first pixel has the number 1.

    Raises P2PError unless they follow one another within `size`.
    """
    starts, lengths = _pairs(pairs, where)
    ends = starts - 1 + lengths
    pixels = size.width * size.height
    before = np.concatenate(([0], ends[:-1]))
    if (starts - 1 < before).any() or (lengths < 1).any() or (ends > pixels).any():
        what = f"the runs of its RLE do not follow one another within {size}, which has {pixels} pixels"
        raise P2PError(where, what, "Was the file cut off or edited? Export the labels again.", code="bad-rle")
    rest = pixels - int(ends[-1]) if len(ends) else pixels
    counts = np.append(np.stack([starts - 1 - before, lengths], axis=1).ravel(), rest)
    return runs(counts, size, where, left=left, top=top)


def runs_by_value(pairs: Any, size: Size, where: str) -> Mapping[int, Runs]:
    """The mask of each value but 0 out of value, length, value, length, ... that cover `size` row by row."""
    values, lengths = _pairs(pairs, where)
    found = {}
    for value in sorted({*values.tolist()} - {0}):
        is_inside = values == value
        # Between two runs of the value lie those of others, or an empty one where two of its own meet.
        outside = np.where(is_inside, 0, lengths)
        counts = np.stack([outside, np.where(is_inside, lengths, 0)], axis=1).ravel()
        found[value] = runs(counts, size, where)
    if not found:
        runs(np.append(lengths, 0), size, where)
    return found


def _pairs(pairs: Any, where: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    try:
        if not isinstance(pairs, list) or not all(isinstance(each, int) for each in pairs):
            raise TypeError
        first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    except (TypeError, ValueError, OverflowError) as error:
        raise _refuse(pairs, where, "a list of pairs of whole numbers") from error
    # So that no sum of two can overflow.
    if len(first) and (min(first.min(), second.min()) < 0 or max(first.max(), second.max()) > MOST_PIXELS):
        raise bad_labels(where, f"its RLE has a number that is not within 0 to {MOST_PIXELS}", code="bad-rle")
    return first, second


_CHANNELS, _ALPHA = 4, 3


def packed_runs(values: Any, size: Size, where: str) -> Runs:
    """A mask out of the bytes of a packed RGBA picture of `size`: whatever is not wholly transparent is inside.

    The bytes are a stream of bits, the highest first: 32 bits say how many values follow, 5 how many bits a value has,
    less 1, and four times 4 bits how many bits the length of a run may have, less 1. Each run is a bit that says
    whether one value is repeated, 2 bits that say which of the four its length has, the length less 1, and then the
    value, or as many values. (rle-pack of K. Schmidt.)
    """
    bits = _Bits(values, where)
    pixels = size.width * size.height
    count, width, *widths = (bits.read(each) for each in (32, 5, 4, 4, 4, 4))
    if count != pixels * _CHANNELS or width != 7:
        what = f"its RLE has {count} values of {width + 1} bits, and a picture of {size} has {pixels * _CHANNELS} of 8"
        raise P2PError(where, what, "Was the file cut off or edited? Export the labels again.", code="bad-rle")
    inside = np.zeros(pixels, dtype=np.bool_)
    at = 0
    while at < count:
        is_repeated = bits.read(1)
        end = at + 1 + bits.read(widths[bits.read(2)] + 1)
        if end > count:
            raise bad_labels(where, "its RLE is longer than its picture", code="bad-rle")
        # Pixel k has its alpha at 4 k + 3.
        first, last = (at + _CHANNELS - 1 - _ALPHA) // _CHANNELS, (end + _CHANNELS - 1 - _ALPHA) // _CHANNELS
        if is_repeated:
            inside[first:last] = bits.read(8) > 0
        else:
            inside[first:last] = bits.bytes(end - at)[first * _CHANNELS + _ALPHA - at :: _CHANNELS] > 0
        at = end
    bits.refuse_rest()
    return runs_of(inside.reshape(size.height, size.width))


class _Bits:
    """A stream of bits out of a list of bytes."""

    def __init__(self, values: Any, where: str) -> None:
        self._where, self._at = where, 0
        try:
            if not isinstance(values, list):
                raise TypeError
            self._data = bytes(values)
        except (TypeError, ValueError) as error:
            raise _refuse(values, where, "a list of bytes", most=255) from error

    def read(self, count: int) -> int:
        """The next bits as a number."""
        first, end = self._at // 8, -(-(self._at + count) // 8)
        if end > len(self._data):
            raise bad_labels(self._where, "its RLE is cut off", code="bad-rle")
        self._at += count
        word = int.from_bytes(self._data[first:end], "big") >> (8 * end - self._at)
        return word & ((1 << count) - 1)

    def bytes(self, count: int) -> NDArray[np.uint8]:
        """The next bytes, which may begin within one."""
        return np.frombuffer(self.read(8 * count).to_bytes(count, "big"), dtype=np.uint8)

    def refuse_rest(self) -> None:
        """Raise P2PError when more follows than the zeros that fill the last bytes."""
        if any(self._data[-(-self._at // 8) :]):
            raise bad_labels(self._where, "its RLE goes on after its picture", code="bad-rle")
