"""How pictures are paired: the two sides, their halves and the size, and the halves of one pair from its two files.

Nothing here may write a file, or know which pairs there are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.halves import NoDataPlanes, Store, refuse_unequal, store_of
from p2p_datatools.contract.pairs.lines import FILLED
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.partners.matched import Files
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.ground import refuse_other_place
from p2p_datatools.contract.pictures.header import decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.nodata import Gaps, nodata_word
from p2p_datatools.contract.pictures.resize import fit_gaps, resize_mask
from p2p_datatools.contract.pictures.sizes import Fit, Size, is_same_shape
from p2p_datatools.pairs.orientation import compare_lying
from p2p_datatools.pairs.side import Side, other_shape

MADE_BY = "p2p data pair"
# Bytes that a byte of a decoded half may cost while it is read, joined and written on one of many threads.
PAIR_WEIGHT = 4
RANGES = {"uint8": (0.0, 255.0)}  # for other types it depends on the values found
SCALED = "scaled"  # in a pair's sources: from which size to which its mask was scaled
REMARKS = frozenset({SCALED, FILLED})


class Halves(NamedTuple):
    """Two halves, ready to be written, what was done to them, and where they have no data, if anywhere.

    `lying` is by how much they are more alike as they lie in their files, where EXIF turns one of them.
    """

    a: Array
    b: Array
    remarks: dict[str, str]
    nodata: NoDataPlanes | None = None
    lying: float | None = None


@dataclass(frozen=True)
class PairRecipe:
    """What is paired into what, and how; with `by_place` the files say where on the ground they lie."""

    a: Side
    b: Side
    size: Size | None
    fit: Fit
    by_place: bool = False

    @property
    def halves(self) -> tuple[Half, Half]:
        """What the halves are."""
        return self.a.half, self.b.half

    @property
    def palette(self) -> Palette | None:
        """The palette of the masks, if there are any."""
        return self.a.palette or self.b.palette

    @property
    def store(self) -> Store:
        """How the halves lie on the disk."""
        return store_of(*self.halves)

    def settings(self) -> dict[str, Any]:
        """What a pair's pixels depend on besides its sources, as JSON; without a size the fit has no effect."""
        size = {"size": list(self.size) if self.size else None, "fit": self.fit if self.size else None}
        word = nodata_word(self.a.nodata)
        return size | self.a.options.to_json() | ({"nodata": word} if word else {})

    def recipe(self) -> dict[str, Any]:
        """What must be the same to continue unfinished work."""
        palette = self.palette.without_rules().to_json() if self.palette else None
        halves = [[half.name, half.kind, half.channels, half.dtype] for half in self.halves]
        parts = [[part.name, part.channels] for half in self.halves for part in half.parts]
        return {
            "by": MADE_BY,
            "halves": halves,
            **({"parts": parts} if parts else {}),
            "palette": palette,
            **self.settings(),
        }

    def assemble(self, files: Files) -> Halves:
        """The halves of two files; a mask of its photo's shape is scaled to its size by nearest pixel.

        Raises P2PError when their shapes differ, since they are then not of one picture, whatever size is asked for, or
        when they lie in different places on the ground.
        """
        if self.by_place:
            for file in self.a.files_of(files[0]):
                refuse_other_place((file, files[1]), self.a.options)
        (a, gaps_a), (b, gaps_b) = self.a.read(files[0]), self.b.read(files[1])
        own, other = size_of(a), size_of(b)
        remarks: dict[str, str] = {}
        if not is_same_shape(own, other):
            self._refuse_turned(files, own, other)
            raise other_shape(files, own, other)
        if own != other:
            if self.a.is_exact and not self.b.is_exact:
                a, remarks = resize_mask(a, other), {SCALED: f"a {own} to {other}"}
            elif self.b.is_exact and not self.a.is_exact:
                b, remarks = resize_mask(b, own), {SCALED: f"b {other} to {own}"}
        a, b = self.a.finish(a, self.size, self.fit), self.b.finish(b, self.size, self.fit)
        refuse_unequal(a, b, where=str(files[0]))
        lying = compare_lying(a, b, (self.a.turned.pop(files[0], 1), self.b.turned.pop(files[1], 1)))
        nodata = NoDataPlanes(self._gaps(gaps_a, size_of(a)), self._gaps(gaps_b, size_of(b)))
        counts = [int(np.count_nonzero(each)) for each in nodata]
        if not any(counts):
            return Halves(a, b, remarks, lying=lying)
        return Halves(a, b, {**remarks, FILLED: f"a {counts[0]} b {counts[1]}"}, nodata, lying)

    def _gaps(self, gaps: Gaps | None, size: Size) -> Gaps:
        """The pixels of a half as it will stand in the pair that have no data, or are mixed of such."""
        if gaps is None:
            return np.zeros((size.height, size.width), dtype=bool)
        return fit_gaps(gaps, size, self.fit)

    def _refuse_turned(self, files: Files, own: Size, other: Size) -> None:
        """Raise P2PError where one of two files is turned by EXIF, and would have the size of the other unturned."""
        if own == other or own != (other.height, other.width):
            return
        for file, mate in (files, files[::-1]):
            with open_picture(file, self.a.options) as picture:
                turned = picture.header.orientation >= 5
            if turned:
                what = f"is turned by its EXIF, and is not as large as {mate} for that reason alone"
                to_do = "If that one was made from the picture as it lies in the file, add --exif raw."
                raise P2PError(file, what, to_do, code="exif-turned")

    def sources(self, files: Files) -> dict[str, str]:
        """The files that a pair is made of, and their hashes."""
        found: dict[str, str] = {}
        for key, side, file in (("a", self.a, files[0]), ("b", self.b, files[1])):
            found |= side.sources(key, file)
        word = nodata_word(self.a.nodata)
        return found | ({"nodata": word} if word else {})

    def weight(self, files: Files) -> int:
        """The approximate peak memory of pairing two files, in bytes; 0 if a file cannot be read."""
        try:
            every = (*self.a.files_of(files[0]), *self.b.files_of(files[1]))
            return sum(PAIR_WEIGHT * self._bytes(file) for file in every)
        except P2PError:
            return 0

    def _bytes(self, file: Path) -> int:
        with open_picture(file, self.a.options) as picture:
            return decoded_bytes(picture)
