"""What every label format comes down to: named regions of a picture, or a picture of class numbers.

Nothing here may know a file format or a palette.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.destination import Skip
from p2p_datatools.contract.files import sha256_file
from p2p_datatools.contract.sizes import Size

Points = NDArray[np.float64]  # (n, 2): x to the right, y down; pixel (0, 0) covers 0..1, so its centre is (0.5, 0.5)


@dataclass(frozen=True, eq=False)
class Polygon:
    """A closed outline and the holes cut out of it; no outline repeats its first point at its end."""

    outer: Points
    holes: tuple[Points, ...] = ()


@dataclass(frozen=True, eq=False)
class Runs:
    """A drawn mask of `size` pixels whose top left one is the picture's (`left`, `top`), as the lengths of its runs.

    The first run lies outside, the next inside, and so on in turn: row by row, or with `by_column` column by column.
    Together they are as long as `size` has pixels.
    """

    counts: NDArray[np.int64]
    size: Size
    by_column: bool = False
    left: int = 0
    top: int = 0

    def mask(self) -> NDArray[np.bool_]:
        """Which pixels are inside, as (height, width)."""
        inside = np.repeat(np.arange(len(self.counts)) % 2 == 1, self.counts)
        width, height = self.size
        return inside.reshape(width, height).T if self.by_column else inside.reshape(height, width)


@dataclass(frozen=True, eq=False)
class Region:
    """The union of `polygons` and `runs`, all of one `label`."""

    label: str
    polygons: tuple[Polygon, ...]
    runs: tuple[Runs, ...] = ()


@dataclass(frozen=True, eq=False)
class RegionLabels:
    """The labels of one picture as regions, in the order in which the labelling tool paints them.

    `file_name` is what the label file calls the picture, which may be anything; `size` is the picture's as the label
    file tells it. `where` names the place in errors, `source` in records; `signature` changes when the labels do.
    `without_area` counts by kind what is drawn but covers nothing, such as lines and points.
    """

    file_name: str
    size: Size | None
    regions: tuple[Region, ...]
    where: str
    source: str
    signature: str
    without_area: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class IndexLabels:
    """The labels of one picture as a picture of class numbers; `file_name` is its path below the labels' folder."""

    file_name: str
    path: Path

    @property
    def where(self) -> str:
        """The place to name in errors."""
        return str(self.path)

    @property
    def source(self) -> str:
        """The place to name in records."""
        return self.file_name

    @cached_property
    def signature(self) -> str:
        """The hash of the file; raises P2PError when it cannot be read."""
        return sha256_file(self.path)


@dataclass(frozen=True)
class Use:
    """How often a label is used: `count` regions or pixels, in so many `pictures`."""

    count: int = 0
    pictures: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.count + other.count, self.pictures + other.pictures)


@dataclass(frozen=True, eq=False)
class LabelSet:
    """All labels of one file or folder, one item a picture; `skipped` are pictures whose labels could not be read.

    `left_out` are pictures beside the labels that cannot be any. `labels` are the labels in use; for class numbers they
    are known only once the pictures are read, so it is empty.
    """

    format: str
    items: tuple[RegionLabels | IndexLabels, ...]
    labels: Mapping[str, Use] = field(default_factory=dict)
    skipped: tuple[Skip, ...] = ()
    left_out: tuple[Path, ...] = ()

    @property
    def are_numbers(self) -> bool:
        """Whether the labels are class numbers, which a palette knows by its ids, rather than names."""
        return any(isinstance(item, IndexLabels) for item in self.items)
