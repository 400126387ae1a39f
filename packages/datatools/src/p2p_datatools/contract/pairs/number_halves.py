"""Tells from pixels whether a half of A|B pictures holds class numbers: nearly black, it would be taken for a photo.

Nothing here may know where the pictures come from, or refuse a picture for anything else.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.seam import spread_files
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.nodata import ClassNumbers, class_like_numbers, list_numbers

_LEAST = 16  # pixels of each side of a half, below which few values tell nothing


def refuse_number_halves(folder: Path, files: Sequence[Path], *, to_do: str) -> None:
    """Raise P2PError when the left or the right halves of A|B pictures hold nothing but the numbers of classes.

    A few pictures are looked at, in most folders one: photos and coloured masks have more values. Pictures that cannot
    be read, or are too small to tell, do not count.
    """
    halves = {"left": ClassNumbers(), "right": ClassNumbers()}
    for file in spread_files(files):
        try:
            parts = np.array_split(read_photo(file), 2, axis=1)
        except P2PError:
            continue
        if min(parts[0].shape[:2]) < _LEAST:
            continue
        for half, part in zip(halves.values(), parts, strict=True):
            half.add(class_like_numbers(part))
        if not any(half.open for half in halves.values()):
            return
    for side, half in halves.items():
        if half.found:
            what = (
                f"the {side} halves of its pictures hold nothing but the numbers {list_numbers(half.found)}, as class"
            )
            raise P2PError(folder, f"{what} numbers do", to_do, code="class-numbers")
