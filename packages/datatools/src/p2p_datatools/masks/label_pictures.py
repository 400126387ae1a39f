"""Turns a label picture into class indices: numbers or colours become labels, labels the classes that claim them.

Nothing here may list folders or write a file; readers say what a format's numbers and colours are called.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, error_of
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.palette import BACKGROUND, HEX_COLOR, color_of, hex_of
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import LabelMap, refuse_hidden, size_of
from p2p_datatools.contract.pictures.index import LabelPicture, histogram, read_ids
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.pictures.soft import is_interpolated, is_soft
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import (
    VOID,
    IndexLabels,
    PictureLabels,
    RegionFault,
    RegionLabels,
    SegmentLabels,
    Use,
    bad_labels,
)
from p2p_datatools.masks.class_mapping import NODATA, TRANSPARENT
from p2p_datatools.masks.label_colors import ColorPicture, ColorReader, PictureRows
from p2p_datatools.masks.label_kind import (
    LabelKind,
    own_colors,
    refuse_number_names,
    refuse_other_ids,
    refuse_unlisted,
    soft_mask,
)

BY_IDS = "palette ids"  # what decides on numbers without names
_NO_PIXELS = np.zeros(256, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class PictureClasses:
    """The class index of each pixel, the labels that occur, and how many `pixels` each class index has, (256,).

    `mask` is None when no class claims some label. `snapped`, `blended`, `values`, `decided_by`, `undecided` and
    `table` are as a mask's record has them; `faults` are segments without pixels; `interpolated` is that of numbers.
    """

    mask: LabelMap | None
    uses: Mapping[str, Use]
    size: Size
    pixels: NDArray[np.int64]
    snapped: int = 0
    blended: int = 0
    values: dict[str, tuple[str, int]] = field(default_factory=dict)
    decided_by: str = ""
    undecided: tuple[tuple[int, int], ...] = ()
    faults: tuple[RegionFault, ...] = ()
    interpolated: bool = False
    table: dict[str, str] = field(default_factory=dict)


class PictureReader(ColorReader):
    """Reads label pictures of one format: numbers, colours or segments."""

    def knows(self, number: int, named: Collection[int] = ()) -> bool:
        """Whether a class number has a class, or one of the names in a list."""
        return number in named or self.claims.word(str(number)) is not None

    def may_be_colors(self, item: RegionLabels | PictureLabels) -> bool:
        """Whether colours of --map may be what a picture is read by that would be class numbers without them."""
        return bool(self.mapped) and isinstance(item, PictureLabels) and item.judge

    def labels_of(self, item: PictureLabels, values: Iterable[str]) -> dict[str, str]:
        """The label that each number or colour of a picture, in words, has by its names and --map."""
        names, table = _number_names(item), self.table(item)
        return {
            value: table.get(color_of(value), value) if HEX_COLOR.fullmatch(value) else self._label_of(value, names)
            for value in values
        }

    def _label_of(self, value: str, names: Mapping[int, str]) -> str:
        return names.get(int(value), value) if is_digits(value) and not self.claims.maps(value) else value

    def read(self, item: PictureLabels) -> PictureClasses:
        """The classes of a picture.

        Raises P2PError when it cannot be read, has numbers or colours that nothing explains, or contradicts itself.
        """
        if isinstance(item, SegmentLabels):
            rows, labels, faults = _segments(item)
            return replace(self._classes(PictureRows(rows, labels, labels, ""), values=False), faults=faults)
        known = self.table(item)
        picture = item.picture().as_painted(known)
        if not LabelKind(item, picture, known, self.mapped, self.claims).is_colors():
            return self._classes(self._clear(item, picture, self._numbers(item, picture.unpacked)))
        found = ColorPicture(self, item, picture).read()
        classes = self._classes(self._clear(item, picture, found or self._numbers(item, picture.unpacked)))
        if found and classes.mask is not None:
            self.refuse_exchanged_parts(item, classes.mask)
        return classes

    def _numbers(self, item: PictureLabels, picture: LabelPicture) -> PictureRows:
        """Class numbers, by the names that the format or a list gives them, or by the palette's ids."""
        numbers = picture.numbers
        assert numbers is not None, "only a picture with numbers is read by them"
        names, counts = _number_names(item), picture.counts
        values = [str(number) for number in range(int(np.flatnonzero(counts)[-1]) + 1)]
        labels = [self._label_of(value, names) for value in values]
        if not names and picture.exact and is_soft(numbers, counts):
            raise soft_mask(item.where)
        if names and item.listed:
            refuse_unlisted(item, item.listed, counts, names, self.claims)
            used = np.flatnonzero(counts).tolist()
            refuse_other_ids(item.where, used, item.listed, self.claims)
            refuse_number_names(item.where, used, names, self.claims, item.listed.source)
        by = (item.listed.source if item.listed else "the format's names") if names else BY_IDS
        table = {str(number): hex_of(color) for number, color in own_colors(picture).items()} if item.judge else {}
        return PictureRows(
            numbers, values, labels, by, counts=counts, interpolated=is_interpolated(numbers), table=table
        )

    def _clear(self, item: PictureLabels, picture: LabelPicture, found: PictureRows) -> PictureRows:
        """The same with a row for pixels without data, and one for transparent ones, whatever lies below them."""
        if picture.missing is not None:
            found = found.set_apart(picture.missing, NODATA)
        clear = picture.transparent
        if clear is None:
            return found
        if not self.claims.maps(TRANSPARENT):
            to_do = (
                f"If that is background, add --map {TRANSPARENT}=background; otherwise, as where the fourth channel "
                "numbers objects (BDD100K), save it without alpha."
            )
            refuse_hidden(picture.colors, clear, item.where, to_do)
        return found.set_apart(clear, TRANSPARENT)

    def _classes(self, found: PictureRows, *, values: bool = True) -> PictureClasses:
        """The class of each pixel and the labels in use; no mask where no class claims some label."""
        counts = histogram(found.rows) if found.counts is None else found.counts
        used = np.flatnonzero(counts)
        uses = {label: Use(count, 1) for label, count in _count_by(found.labels, counts).items()}
        if any(self.claims.word(label) is None for label in uses):
            by, interpolated = found.decided_by, found.interpolated
            return PictureClasses(None, uses, size_of(found.rows), _NO_PIXELS, decided_by=by, interpolated=interpolated)
        table = np.zeros(len(counts), dtype=np.uint8)
        table[used] = [self.claims.index(found.labels[row]) or 0 for row in used]
        pixels = np.zeros(256, dtype=np.int64)
        np.add.at(pixels, table[used], counts[used])
        labels = {found.values[row]: found.labels[row] for row in used} if values else {}
        shown = _count_by(found.values, counts)
        return PictureClasses(
            _look_up(found.rows, table, used),
            uses,
            size_of(found.rows),
            pixels,
            snapped=found.snapped,
            blended=found.blended,
            values={value: (label, shown[value]) for value, label in labels.items()},
            decided_by=found.decided_by,
            undecided=found.undecided,
            interpolated=found.interpolated,
            table=found.table,
        )


def _count_by(names: Sequence[str], counts: NDArray[np.int64]) -> dict[str, int]:
    """How many pixels the rows in use have by their names, of which several rows may have the same."""
    found: dict[str, int] = {}
    for row in np.flatnonzero(counts).tolist():
        found[names[row]] = found.get(names[row], 0) + int(counts[row])
    return found


def _look_up(rows: NDArray[np.uint8 | np.uint16], table: NDArray[np.uint8], used: NDArray[np.intp]) -> LabelMap:
    """The class of each pixel, (height, width), by the class of each row."""
    if rows.dtype != np.uint8:
        return table[rows]
    if (table[used] == used).all():  # the numbers are those of the palette already
        return np.asarray(rows, dtype=np.uint8)
    return np.asarray(cv2.LUT(rows, table), dtype=np.uint8)


def _segments(item: SegmentLabels) -> tuple[NDArray[np.uint16], list[str], tuple[RegionFault, ...]]:
    """A picture of segments as indices of the list of their labels, and those that have no pixels."""
    with open_picture(item.path, item.read) as file:
        ids = read_ids(file)
    if item.size and size_of(ids) != item.size:
        raise bad_labels(item.where, f"is {size_of(ids)}, but its labels say {item.size}", code="mask-size")
    known = np.array(sorted({0, *item.segments}), dtype=np.int32)
    rows, strange = np.empty(ids.shape, dtype=np.uint16), np.empty(ids.shape, dtype=bool)
    for line, row, other in zip(ids, rows, strange, strict=True):  # at once the search would need 8 bytes a pixel
        row[:] = np.minimum(np.searchsorted(known, line), len(known) - 1)
        np.not_equal(known[row], line, out=other)
    if strange.any():
        y, x = (int(part) for part in np.argwhere(strange)[0])
        what = (
            f"{plural(int(np.count_nonzero(strange)), 'pixel has a segment', 'pixels have segments')} that its "
            f"segments_info does not list; the first is {ids[y, x]} at x={x}, y={y}"
        )
        to_do = "Was the picture saved as JPEG or resized? Export it again."
        raise P2PError(item.where, what, to_do, code="unknown-segment")
    empty = np.flatnonzero(np.bincount(rows.ravel(), minlength=len(known))[1:] == 0)
    faults = tuple(_empty_segment(item, int(known[1 + place])) for place in empty)
    if faults and len(faults) == len(item.segments):
        raise error_of(faults[0])
    return rows, [item.segments.get(int(number), VOID) for number in known], faults


def _empty_segment(item: SegmentLabels, number: int) -> RegionFault:
    label = item.segments[number]
    what, to_do = f"segment {number} ({label}) has no pixels", "Was the picture resized? Export the labels again."
    return RegionFault(item.where, what, to_do, "empty-segment", label, item.file_name)


def _number_names(item: PictureLabels) -> Mapping[int, str]:
    """What the format or a list calls class numbers; empty where nothing names them."""
    own = item.names if isinstance(item, IndexLabels) else None
    names = own or (item.listed.numbers if item.listed else {})
    # Many lists begin after the background.
    return {0: BACKGROUND, **names} if names and item.listed else names
