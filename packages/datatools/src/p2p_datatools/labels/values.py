"""The values that every label format is read into: named regions, or pictures of class numbers, colours or segments.

Nothing here may know a file format or a palette.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, Problem, Skip, what_at
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.palette import Color
from p2p_datatools.contract.pictures.formats.gdal import sign_picture
from p2p_datatools.contract.pictures.header import decoded_bytes, open_picture
from p2p_datatools.contract.pictures.index import IndexPicture, LabelPicture, read_index_picture, read_label_picture
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size, is_same_shape

EXPORT_AGAIN = "Export the labels again."
VOID = "void"  # the label of pixels that belong to no class according to a format, and are ignored

Points = NDArray[np.float64]  # (n, 2): x to the right, y down; pixel (0, 0) covers 0..1, so its centre is (0.5, 0.5)


@dataclass(frozen=True, eq=False)
class Polygon:
    """A closed outline and the holes cut out of it; outlines do not repeat their first point at the end.

    With `is_box` it was given as a box, which may lie around something and not be its outline.
    """

    outer: Points
    holes: tuple[Points, ...] = ()
    is_box: bool = False


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
    """The union of `polygons` and `runs`, all of one `label`; `place` is where the labels have it."""

    label: str
    polygons: tuple[Polygon, ...]
    runs: tuple[Runs, ...] = ()
    place: str = ""

    @property
    def is_box(self) -> bool:
        """Whether it is nothing but boxes."""
        return bool(self.polygons) and not self.runs and all(each.is_box for each in self.polygons)


@dataclass(frozen=True)
class RegionFault(Problem):
    """A region that cannot be painted, and why; `label` and `picture` are what the labels call it and its picture."""

    label: str
    picture: str


def bad_labels(where: object, what: str, *, code: str) -> P2PError:
    """The error for labels that are damaged or contradict themselves, as their program does not write them."""
    return P2PError(where, what, EXPORT_AGAIN, code=code)


def bad_shape(where: object, what: str, *, code: str) -> P2PError:
    """The error for a shape that encloses nothing, or has not the points that its kind needs."""
    return P2PError(where, what, "Delete it or draw it again.", code=code)


def without_labels(where: object, what: str) -> P2PError:
    """The error for a picture that nobody has labelled, which is no picture without objects."""
    return P2PError(where, what, "Label it, or leave it out of the export.", code="unlabelled")


def fault_of(error: P2PError, where: str, *, label: str, picture: str) -> RegionFault:
    """The fault that an error met at the region at `where` becomes."""
    return RegionFault(where, what_at(error, where), error.to_do, error.code, label, picture)


@dataclass(frozen=True, eq=False, slots=True)
class RegionLabels:
    """The labels of one picture as regions, in the order in which the labelling tool paints them.

    `file_name` is the picture's name in the label file, which may be anything; `size` is its size there. `where` names
    the place in errors, `source` in records; `signature` changes when the labels do, and a mask that an earlier version
    built may have the `former_signature`. With `relative` the points are shares of the picture's width and height.
    `without_area` counts by kind the shapes without area, such as lines and
    points. `faults` are the regions that cannot be painted; they are not among `regions`. `label_file` is the path
    without suffix of a label file that is for this picture alone, below the folder of the labels: it may be called as
    the picture is. Then `file_name` may be empty, where the file does not name it. `boxes` lie around objects of which
    nothing else is known, and are not painted unless they are asked for. Both may be in a `RegionStore`, from which
    they are read each time they are used. `outside` is the folder of the picture where that file says that it lies
    outside the folder of the labels. The labels may say the `split` of the picture; `below` is then the folder of its
    mask where no photo says one.
    """

    file_name: str
    size: Size | None
    regions: Sequence[Region]
    where: str
    source: str
    signature: str
    former_signature: str = ""
    relative: bool = False
    without_area: Mapping[str, int] = field(default_factory=dict)
    label_file: str = ""
    outside: str = ""
    split: str = ""
    below: str = ""
    boxes: Sequence[Region] = ()
    faults: tuple[RegionFault, ...] = ()

    @property
    def picture_name(self) -> str:
        """What the picture is called, by the label file or else as it."""
        return self.file_name or self.label_file

    def load(self) -> "RegionLabels":
        """The same labels with their regions in memory, for who uses them more than once."""
        return replace(self, regions=tuple(self.regions))

    def size_in(self, size: Size) -> Size:
        """The size of the picture that the points are of, where the photo is of `size`: its own, if of one shape."""
        if self.relative:
            return Size(1, 1)
        return self.size if self.size and is_same_shape(self.size, size) else size

    def regions_in(self, size: Size) -> Sequence[Region]:
        """The regions in pixels of a picture of `size`; runs are as they are, for only their mask can be scaled."""
        own = self.size_in(size)
        if own == size:
            return self.regions
        scale = np.array(size, dtype=np.float64) / np.array(own, dtype=np.float64)
        return tuple(
            Region(
                region.label,
                tuple(
                    Polygon(each.outer * scale, tuple(hole * scale for hole in each.holes)) for each in region.polygons
                ),
                region.runs,
                region.place,
            )
            for region in self.regions
        )


@dataclass(frozen=True, eq=False)
class ClassNames:
    """What a list of classes calls numbers and colours in pictures; `source` is what it is called in words.

    The names that are `uncounted` may be those of the numbers from 0 or from 1 up. That a list of numbers `is_guess`
    says that nothing but its content tells that it is one of classes.
    """

    source: str
    numbers: Mapping[int, str] = field(default_factory=dict)
    colors: Mapping[Color, str] = field(default_factory=dict)
    uncounted: tuple[str, ...] = ()
    is_guess: bool = False


@dataclass(frozen=True, eq=False)
class PictureLabels:
    """The labels of one picture as a picture; `file_name` is the path of its photo below the photos' folder.

    `listed` are the names that a list beside it gives, `own_photo` is a photo beside it that is surely its own. With
    `judge` the class only says what the other pictures of its folder hold: whether this one holds numbers or colours is
    for its own pixels and colour table to tell. `read` says which of its pages is meant, and `split`
    and `below` are those of `RegionLabels`.
    """

    file_name: str
    path: Path
    listed: ClassNames | None = field(default=None, kw_only=True)
    judge: bool = field(default=False, kw_only=True)
    own_photo: Path | None = field(default=None, kw_only=True)
    split: str = field(default="", kw_only=True)
    below: str = field(default="", kw_only=True)
    read: ReadOptions = field(default=AS_USUAL, kw_only=True)

    @property
    def where(self) -> str:
        """The place to name in errors."""
        return str(self.path)

    @property
    def picture_name(self) -> str:
        """What the picture is called."""
        return self.file_name

    @property
    def source(self) -> str:
        """The place to name in records."""
        return self.file_name

    @cached_property
    def signature(self) -> str:
        """The hash of the file, and of the colours in a list beside it; raises P2PError when it cannot be read.

        Of a list of numbers it is that there is one: the labels of those in use are in the mask's record.
        """
        if self.listed is None:
            return self._own_signature
        return _sign([self._own_signature, bool(self.listed.numbers), sorted(self.listed.colors.items())])

    @property
    def former_signature(self) -> str:
        """What masks have that were built when all numbers of a list were signed; empty without a list."""
        if self.listed is None:
            return ""
        return _sign([self._own_signature, sorted(self.listed.numbers.items()), sorted(self.listed.colors.items())])

    @cached_property
    def _own_signature(self) -> str:
        return sign_picture(self.path)

    def picture(self) -> LabelPicture:
        """The numbers or colours; raises P2PError when they cannot be read."""
        with open_picture(self.path, self.read) as file:
            return read_label_picture(file)

    def memory(self) -> int:
        """The bytes of its decoded pixels."""
        with open_picture(self.path, self.read) as file:
            return decoded_bytes(file)


@dataclass(frozen=True, eq=False)
class IndexLabels(PictureLabels):
    """Class numbers; `names` are their names in the format, if it has any; otherwise they are ids of a palette."""

    names: Mapping[int, str] | None = None

    def numbers(self) -> IndexPicture:
        """The numbers; raises P2PError when they cannot be read."""
        with open_picture(self.path, self.read) as file:
            return read_index_picture(file)


@dataclass(frozen=True, eq=False)
class ColorLabels(PictureLabels):
    """Colours, exact or blended; `names` are their names in the format, if it has any; else they are a palette's."""

    names: Mapping[Color, str] | None = None


@dataclass(frozen=True, eq=False)
class SegmentLabels(PictureLabels):
    """Numbers of segments in RGB, red + 256 green + 65536 blue; `segments` are their labels, 0 is not a segment.

    `size` is the picture's size in the labels; `said_by` is the name of the labels in records.
    """

    segments: Mapping[int, str] = field(default_factory=dict)
    size: Size | None = None
    said_by: str = ""

    @property
    def source(self) -> str:
        """The place to name in records."""
        return self.said_by or self.file_name

    @cached_property
    def signature(self) -> str:
        """The hash of the file and of what its segments are."""
        return _sign([sha256_file(self.path), sorted(self.segments.items())])


def _sign(said: list[object]) -> str:
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


LabelItem = RegionLabels | PictureLabels


@dataclass(frozen=True)
class Use:
    """How often a label is used: `count` regions or pixels, in `pictures` pictures."""

    count: int = 0
    pictures: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.count + other.count, self.pictures + other.pictures)


@dataclass(frozen=True, eq=False)
class LabelSet:
    """All labels of one file or folder, one item per picture; `skipped` are pictures whose labels could not be read.

    `left_out` are pictures beside the labels that cannot be labels; `beside` are other pictures there that are neither
    labels nor photos. `labels` are the labels in use; for pictures it is empty, since these are read later. `ignored`
    are labels of pixels that are to be ignored. `notes` say what was found or assumed. `palette` is the
    built-in one whose ids the class numbers are known to be, if any. `faults` are regions of no picture.
    """

    format: str
    items: tuple[RegionLabels | PictureLabels, ...]
    labels: Mapping[str, Use] = field(default_factory=dict)
    skipped: tuple[Skip, ...] = ()
    left_out: tuple[Path, ...] = ()
    beside: tuple[Path, ...] = ()
    ignored: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    palette: str = ""
    faults: tuple[RegionFault, ...] = ()

    @property
    def are_numbers(self) -> bool:
        """Whether the labels are class numbers, which a palette knows by its ids, rather than names."""
        return any(
            (isinstance(item, IndexLabels) and item.names is None)
            or (isinstance(item, ColorLabels) and item.judge and not (item.listed and item.listed.numbers))
            for item in self.items
        )

    @property
    def are_colors(self) -> bool:
        """Whether the labels are colours, which a palette knows by its own, rather than names."""
        return any(
            (isinstance(item, ColorLabels) and item.names is None)
            or (isinstance(item, IndexLabels) and item.judge and not (item.listed and item.listed.colors))
            for item in self.items
        )

    @property
    def are_pictures(self) -> bool:
        """Whether the labels are pictures, which could be taken for photos or masks."""
        return any(isinstance(item, PictureLabels) for item in self.items)


def uses_of(items: Iterable[RegionLabels | SegmentLabels]) -> dict[str, Use]:
    """How often each label is used, by regions or by segments."""
    uses: dict[str, Use] = {}
    for item in items:
        add_uses(uses, item)
    return uses


def add_uses(uses: dict[str, Use], item: RegionLabels | SegmentLabels) -> None:
    """Add the labels of a picture to `uses`."""
    named = item.segments.values() if isinstance(item, SegmentLabels) else (each.label for each in item.regions)
    for label, count in Counter(named).items():
        uses[label] = uses.get(label, Use()) + Use(count, 1)
