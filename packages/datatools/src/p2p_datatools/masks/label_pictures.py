"""Turns a label picture into class indices: numbers or colours become labels, labels the classes that claim them.

Nothing here may list folders or write a file; readers say what a format's numbers and colours are called.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import _HEX, Color, color_labels, color_of, hex_of
from p2p_datatools.contract.pictures.images import LabelMap, Photo, read_photo, size_of
from p2p_datatools.contract.pictures.index import histogram, read_ids
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import VOID, ColorLabels, IndexLabels, PictureLabels, SegmentLabels, Use
from p2p_datatools.masks.class_mapping import ClassMapping
from p2p_datatools.masks.snap import TOLERANCE, Snapper, SnapResult

_NO_PIXELS = np.zeros(256, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class PictureClasses:
    """The class index of each pixel, the labels that occur, and how many pixels each class index has, (256,).

    `mask` is None when no class claims some label. `snapped` and `blended` are as a mask's record has them.
    """

    mask: LabelMap | None
    uses: Mapping[str, Use]
    pixels: NDArray[np.int64]
    snapped: int = 0
    blended: int = 0


class PictureReader:
    """Reads label pictures of one format; colours within `tolerance` of a label's are taken for it."""

    def __init__(self, claims: ClassMapping, mapping: Iterable[str] = (), tolerance: int = TOLERANCE) -> None:
        self._claims, self._tolerance = claims, tolerance
        self._extra = {color_of(word.lower()): word.lower() for word in mapping if _HEX.fullmatch(word.lower())}
        self._snappers: dict[int, tuple[Snapper, list[str]]] = {}

    @property
    def snapping(self) -> str:
        """What snapping depends on beside the palette: the tolerance, and the colours of --map."""
        return " ".join((str(self._tolerance), *map(hex_of, sorted(self._extra))))

    def read(self, item: PictureLabels) -> PictureClasses:
        """The classes of a picture; raises P2PError when it cannot be read or has unknown colours."""
        if isinstance(item, ColorLabels):
            snapped, labels = self.snap(item, read_photo(item.path))
            moved = int(np.count_nonzero(snapped.moved)), int(np.count_nonzero(snapped.blended))
            return self._classes(snapped.rows, labels, *moved)
        if isinstance(item, SegmentLabels):
            return self._classes(*_segments(item))
        assert isinstance(item, IndexLabels), "a picture holds numbers or colours"
        numbers = item.numbers().values
        names = item.names or {}
        return self._classes(numbers, [names.get(number, str(number)) for number in range(int(numbers.max()) + 1)])

    def snap(self, item: ColorLabels, picture: Photo) -> tuple[SnapResult, list[str]]:
        """The picture's colours as rows of a table, and the label of each row."""
        snapper, labels = self._snapper(item.names)
        snapped = snapper.snap(picture)
        if snapped.stray.any():
            raise self._stray(item, picture, snapped)
        return snapped, labels

    def colors(self, item: ColorLabels) -> NDArray[np.uint8]:
        """The colour of each row that `snap` gives, (n, 3)."""
        return self._snapper(item.names)[0].colors

    def _snapper(self, names: Mapping[Color, str] | None) -> tuple[Snapper, list[str]]:
        if id(names) not in self._snappers:
            own = names if names is not None else color_labels(self._claims.palette)
            table = {**own, **self._extra}
            colors = np.array(list(table), dtype=np.uint8)
            self._snappers[id(names)] = Snapper(colors, self._tolerance), list(table.values())
        return self._snappers[id(names)]

    def _stray(self, item: ColorLabels, picture: Photo, snapped: SnapResult) -> P2PError:
        places = np.argwhere(snapped.stray)
        y, x = (int(part) for part in places[0])
        first = tuple(int(part) for part in picture[y, x])
        known = f"the palette {self._claims.palette.name}" if item.names is None else "its format"
        share = f"{len(places) / snapped.stray.size:.2%}"
        return P2PError(
            item.where,
            f"{plural(len(places), f'pixel ({share}) has', f'pixels ({share}) have')} a colour farther than "
            f"{self._tolerance} from every colour of {known}; the first is {first} at x={x}, y={y}",
            f"Add --map '{hex_of(first)}=CLASS', raise --tolerance, or use the palette that it was painted in.",
            code="palette-colour",
        )

    def _classes(
        self, numbers: NDArray[np.uint8 | np.uint16], labels: list[str], snapped: int = 0, blended: int = 0
    ) -> PictureClasses:
        counts = histogram(numbers)
        used = np.flatnonzero(counts)
        uses: dict[str, Use] = {}
        for number in used:
            uses[labels[number]] = Use(uses.get(labels[number], Use()).count + int(counts[number]), 1)
        if any(self._claims.word(label) is None for label in uses):
            return PictureClasses(None, uses, _NO_PIXELS, snapped, blended)
        table = np.zeros(len(counts), dtype=np.uint8)
        table[used] = [self._claims.index(labels[number]) or 0 for number in used]
        if numbers.dtype != np.uint8:
            mask = table[numbers]
        elif (table[used] == used).all():  # the numbers are those of the palette already
            mask = np.asarray(numbers, dtype=np.uint8)
        else:
            mask = np.asarray(cv2.LUT(numbers, table), dtype=np.uint8)
        pixels = np.zeros(256, dtype=np.int64)
        np.add.at(pixels, table[used], counts[used])
        return PictureClasses(mask, uses, pixels, snapped, blended)


def _segments(item: SegmentLabels) -> tuple[NDArray[np.uint16], list[str]]:
    """A picture of segments as indices of the list of their labels."""
    ids = read_ids(item.path)
    if item.size and size_of(ids) != item.size:
        raise P2PError(
            item.where,
            f"is {size_of(ids)}, but its labels say {item.size}",
            "Export the labels again.",
            code="mask-size",
        )
    known = np.array(sorted({0, *item.segments}), dtype=np.int32)
    rows, strange = np.empty(ids.shape, dtype=np.uint16), np.empty(ids.shape, dtype=bool)
    for line, row, other in zip(ids, rows, strange, strict=True):  # at once the search would need 8 bytes a pixel
        row[:] = np.minimum(np.searchsorted(known, line), len(known) - 1)
        np.not_equal(known[row], line, out=other)
    if strange.any():
        y, x = (int(part) for part in np.argwhere(strange)[0])
        raise P2PError(
            item.where,
            f"{plural(int(np.count_nonzero(strange)), 'pixel has a segment', 'pixels have segments')} that its "
            f"segments_info does not list; the first is {ids[y, x]} at x={x}, y={y}",
            "Was the picture saved as JPEG or resized? Export it again.",
            code="unknown-segment",
        )
    empty = np.flatnonzero(np.bincount(rows.ravel(), minlength=len(known))[1:] == 0)
    if len(empty):
        number = int(known[1 + empty[0]])
        raise P2PError(
            item.where,
            f"segment {number} ({item.segments[number]}) has no pixels",
            "Was the picture resized? Export the labels again.",
            code="empty-segment",
        )
    return rows, [item.segments.get(int(number), VOID) for number in known]
