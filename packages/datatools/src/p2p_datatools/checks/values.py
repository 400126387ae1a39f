"""Finds values that are not what they seem: no data, class numbers taken for a picture, few bits in a file of more.

Nothing here may read a picture; it is handed the values of one after the other.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from p2p_datatools.contract.errors import Finding, P2PError
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.nodata import (
    ClassNumbers,
    Gaps,
    class_like_numbers,
    list_numbers,
    range_of,
    refuse_outlier,
)
from p2p_datatools.contract.pictures.scales import ScaleCheck
from p2p_datatools.contract.pictures.values_apart import (
    HOLES_TO_DO,
    WRAPPED_TO_DO,
    Ends,
    HoleCheck,
    WrapCheck,
    ends_apart,
    lowest_beside_holes,
)
from p2p_datatools.contract.words import name_first, plural

_LEFT_OUT = "'p2p data pair' counts them; training and scores leave them out."
_WIDE = 4  # times as wide as its values, from which on a range is too wide


class PictureValues(NamedTuple):
    """What the values of one picture tell: `numbers` as of classes, pixels without data, an outlier as an error.

    `holes` is what its zeros tell, `wrapped` what its ends do.
    """

    dtype: str
    low: float
    high: float
    numbers: tuple[int, ...] | None
    gaps: int | None
    outlier: P2PError | None
    holes: float | None = None
    wrapped: Ends | None = None


def measure_values(file: Path, values: Array, gaps: Gaps | None = None) -> PictureValues:
    """Look at the values of a picture, whose pixels in `gaps` have no data."""
    outlier = None
    try:
        refuse_outlier(values, file)
    except P2PError as error:
        outlier = error
    filled = None if gaps is None else int(np.count_nonzero(gaps))
    ends, numbers = (float(values.min()), float(values.max())), class_like_numbers(values)
    return PictureValues(
        values.dtype.name, *ends, numbers, filled, outlier, lowest_beside_holes(values), ends_apart(values)
    )


class ValueCheck:
    """What the pictures of a folder, or of a half of its pairs, tell together; `name` is what they are called."""

    def __init__(self, folder: Path, name: str, range_: tuple[float, float] | None = None) -> None:
        self._folder, self._name, self._range = folder, name, range_
        self._numbers = ClassNumbers()
        self._most: dict[str, float] = {}
        self._filled, self._with_gaps = 0, 0
        self._outliers: list[P2PError] = []
        self._scales, self._holes, self._wraps = ScaleCheck(), HoleCheck(), WrapCheck()

    def add(self, file: Path, values: PictureValues) -> None:
        """Note what was measured of a picture."""
        self._numbers.add(values.numbers)
        if values.gaps is not None:
            self._filled += values.gaps
            self._with_gaps += 1
        self._scales.add(str(file), values.low, values.high)
        self._holes.add(values.holes)
        self._wraps.add(values.wrapped)
        if values.dtype != "uint8":
            self._most[values.dtype] = max(self._most.get(values.dtype, -np.inf), values.high)
        if values.outlier:
            self._outliers.append(values.outlier)

    @property
    def are_few(self) -> bool:
        """Whether all pictures so far have few different values, as labels and drawings have, and photos have not."""
        return self._numbers.open and self._numbers.varied

    def findings(self) -> Iterator[Finding]:
        """What was found, each kind once."""
        where = str(self._folder)
        if numbers := self._numbers.found:
            what = f"{self._name} hold nothing but the numbers {list_numbers(numbers)}, as class numbers do"
            to_do = "If they are, build masks of them with 'p2p data build-masks'; else 'pair' needs --plain-numbers."
            yield Finding(where, what, to_do, "class-numbers", "warning")
        if self._filled:
            pixels = plural(self._filled, "pixel has no data", "pixels have no data")
            what = f"{pixels} in {plural(self._with_gaps, 'picture')}"
            yield Finding(where, what, _LEFT_OUT, "no-data", "warning")
        if self._outliers:
            first = self._outliers[0]
            what = name_first(first.what, len(self._outliers))
            yield Finding(first.where, what, first.to_do, "nodata-suspected", "warning")
        yield from self._few_bits(where)
        if constant := self._scales.constant():
            to_do = "Replace them, or remove the folder: nothing can be learned from them."
            yield Finding(where, f"{self._name} {constant}", to_do, "constant-pictures", "warning")
        if mixture := self._scales.mixture():
            to_do = "Bring them to one scale before pairing."
            yield Finding(where, f"{self._name} {mixture}", to_do, "mixed-scales", "warning")
        if wrapped := self._wraps.describe():
            yield Finding(where, wrapped, WRAPPED_TO_DO, "wrapped-values", "warning")
        if holes := self._holes.describe():
            yield Finding(where, holes, HOLES_TO_DO, "holes-suspected", "hint")

    def _few_bits(self, where: str) -> Iterator[Finding]:
        most = self._most.get("uint16")
        if most is None:
            return
        fitting = range_of("uint16", 0, most)
        high = 65535.0 if self._range is None else self._range[1]
        if high < _WIDE * (fitting[1] + 1) - 1:
            return
        bits = int(fitting[1] + 1).bit_length() - 1
        what = f"{self._name} have 16 bits, of which {bits} are used: the largest value is {most:.0f}"
        to_do = f"'p2p data pair' takes the range 0 to {fitting[1]:.0f}" + ("; pair again." if self._range else ".")
        yield Finding(where, what, to_do, "few-bits", "warning")
