"""Which half of pairs is a photo, and the signatures of those halves.

Nothing here may decide what becomes of pairs that show the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.halves import as_photo, load_halves
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.pictures.kinds import measure_flatness
from p2p_datatools.contract.values import reduce_channels
from p2p_datatools.likeness.signature import PictureSignature, describe

_SAMPLE = 16  # pairs that tell which half is the photo
NOTHING = describe(np.zeros((16, 16, 3), np.uint8))
"""The signature of what cannot be read, which is like nothing."""


class PhotoHalf:
    """The half of a folder's pairs by which they are compared: the photo, or of two the one with less flat areas."""

    def __init__(self, folder: PairFolder) -> None:
        self.side = _choose(folder)
        self.half: Half = folder.b if self.side else folder.a

    def describe(self, a: Array, b: Array) -> PictureSignature:
        """The signature of a pair of these halves."""
        return describe(np.ascontiguousarray(as_photo(b if self.side else a, self.half)))


def has_photo(folder: PairFolder) -> bool:
    """Whether a half is a photo, or a picture that may be one."""
    return any(half.kind != "mask" for half in (folder.a, folder.b))


def _choose(folder: PairFolder) -> int:
    kinds = (folder.a.kind, folder.b.kind)
    for kind in ("photo", "picture"):
        if kinds.count(kind) == 1:
            return kinds.index(kind)
        if kinds.count(kind) == 2:
            flat = np.mean([*_flatness(folder)] or [(0, 0)], axis=0)
            return int(flat[1] <= flat[0])
    return 1


def _flatness(folder: PairFolder) -> Iterator[tuple[float, float]]:
    """How flat both halves of some pairs are."""
    step = max(1, len(folder.pairs) // _SAMPLE)
    for pair in islice(folder.pairs[::step], _SAMPLE):
        try:
            a, b = load_halves(folder, replace(pair, hash=""))
        except P2PError:
            continue  # it is reported when all are read
        yield _flat(as_photo(a, folder.a)), _flat(as_photo(b, folder.b))


def _flat(photo: Photo) -> float:
    # A JPEG of a flat area is nearly flat.
    values: NDArray[np.uint32] = (reduce_channels(np.add, photo.astype(np.uint32)) + 12) // 24
    return measure_flatness(values)
