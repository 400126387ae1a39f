"""Decodes run-length encoded masks, exactly: COCO's lists and strings, and the lists of CVAT.

Nothing here may paint, or trust a length that the encoding states without counting.
"""

from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.header import MOST_PIXELS
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import Runs


def coco_runs(value: Any, where: str) -> Runs:
    """The mask of a COCO segmentation {counts, size: [height, width]}; counts are numbers or their compressed text."""
    try:
        height, width = (int(side) for side in value["size"])
        counts = value["counts"]
    except (KeyError, TypeError, ValueError) as error:
        raise P2PError(where, "its RLE has no counts or no size", "Export the labels again.", code="bad-rle") from error
    numbers = decompress(counts, where) if isinstance(counts, str) else counts
    return runs(numbers, Size(width, height), where, by_column=True)


def runs(counts: Any, size: Size, where: str, *, by_column: bool = False, left: int = 0, top: int = 0) -> Runs:
    """A mask out of the lengths of its runs; raises P2PError unless they cover `size` exactly."""
    try:
        lengths = np.array(counts, dtype=np.int64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        raise P2PError(
            where, "its RLE is not a list of whole numbers", "Export the labels again.", code="bad-rle"
        ) from error
    pixels = size.width * size.height
    if min(size) < 1 or pixels > MOST_PIXELS:
        raise P2PError(
            where,
            f"its RLE is for a picture of {size}, which has no pixels or too many",
            "Export the labels again.",
            code="bad-rle",
        )
    # Each length is held against the picture first, so that no sum can overflow.
    if (lengths < 0).any() or (lengths > pixels).any() or lengths.sum() != pixels:
        raise P2PError(
            where,
            f"the runs of its RLE do not cover {size}, which has {pixels} pixels",
            "Was the file cut off or edited? Export the labels again.",
            code="bad-rle",
        )
    return Runs(lengths, size, by_column, left, top)


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
            raise P2PError(
                where, "its RLE has an impossible letter or number", "Export the labels again.", code="bad-rle"
            )
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise P2PError(where, "its RLE is cut off", "Export the labels again.", code="bad-rle")
    return counts
