"""Turns a label picture into class indices: numbers or colours become labels, labels the classes that claim them.

Nothing here may list folders or write a file; readers say what a format's numbers and colours are called.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, error_of
from p2p_datatools.contract.exchanged import exchange, explain_exchanged, find_exchanged
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.palette import (
    BACKGROUND,
    HEX_COLOR,
    IGNORED,
    Color,
    Palette,
    color_labels,
    color_of,
    hex_of,
    rgb_of,
)
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import LabelMap, Photo, refuse_hidden, size_of
from p2p_datatools.contract.pictures.index import LabelPicture, histogram, read_ids
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.pictures.soft import is_interpolated, is_soft
from p2p_datatools.contract.pictures.worn.flat_areas import FlatArea, find_common, find_foreign, find_inexact
from p2p_datatools.contract.pictures.worn.restore import restore
from p2p_datatools.contract.pictures.worn.snap import TOLERANCE, Snapper, SnapResult, undecided_pixels
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.contract.words import plural, shell_word
from p2p_datatools.labels.formats.pictures.voc import VOC_BORDER
from p2p_datatools.labels.values import (
    VOID,
    ColorLabels,
    IndexLabels,
    PictureLabels,
    RegionFault,
    RegionLabels,
    SegmentLabels,
    Use,
)
from p2p_datatools.masks.class_mapping import NODATA, TRANSPARENT, UNDECIDED, ClassMapping
from p2p_datatools.masks.label_kind import (
    CUTOUT,
    NO_AREAS,
    LabelKind,
    UnknownColorError,
    own_colors,
    refuse_dark_numbers,
    refuse_number_names,
    refuse_other_ids,
    refuse_unlisted,
    soft_mask,
)
from p2p_datatools.masks.numberings import map_options

BY_IDS = "palette ids"  # what decides on numbers without names
_BLACK = (0, 0, 0)
_PLACES = 5  # of undecided pixels that a record has
_EXCHANGED = "has red and blue exchanged, as OpenCV writes what is not given to it as BGR"
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


@dataclass(frozen=True, eq=False)
class _Rows:
    """A picture as rows of a table: each row's value, a number or colour in words, and its label."""

    rows: NDArray[np.uint8 | np.uint16]
    values: list[str]
    labels: list[str]
    decided_by: str
    snapped: int = 0
    blended: int = 0
    counts: NDArray[np.int64] | None = None  # of each row, where they are known
    undecided: tuple[tuple[int, int], ...] = ()
    interpolated: bool = False
    table: dict[str, str] = field(default_factory=dict)

    def set_apart(self, where: NDArray[np.bool_], label: str) -> "_Rows":
        """The same with a row of this label for some pixels."""
        rows = (self.rows if len(self.labels) < 256 else self.rows.astype(np.uint16)).copy()
        rows[where] = len(self.labels)
        return replace(self, rows=rows, values=[*self.values, label], labels=[*self.labels, label], counts=None)


class PictureReader:
    """Reads label pictures of one format; colours within `tolerance` of a label's are taken for it."""

    def __init__(self, claims: ClassMapping, mapping: Iterable[str] = (), tolerance: int = TOLERANCE) -> None:
        self._claims, self.tolerance = claims, tolerance
        self._extra = {color_of(word.lower()): word.lower() for word in mapping if HEX_COLOR.fullmatch(word.lower())}
        self._snappers: dict[int, tuple[Snapper, list[str]]] = {}

    @property
    def palette(self) -> Palette:
        """The palette whose classes are read."""
        return self._claims.palette

    @property
    def snapping(self) -> str:
        """What snapping depends on beside the palette: the tolerance, and the colours of --map."""
        return " ".join((str(self.tolerance), *map(hex_of, sorted(self._extra))))

    def knows(self, number: int, named: Collection[int] = ()) -> bool:
        """Whether a class number has a class, or one of the names in a list."""
        return number in named or self._claims.word(str(number)) is not None

    def may_be_colors(self, item: RegionLabels | PictureLabels) -> bool:
        """Whether colours of --map may be what a picture is read by that would be class numbers without them."""
        return bool(self._extra) and isinstance(item, PictureLabels) and item.judge

    def labels_of(self, item: PictureLabels, values: Iterable[str]) -> dict[str, str]:
        """The label that each number or colour of a picture, in words, has by its names and --map."""
        names, table = _number_names(item), self._table(item)
        return {
            value: table.get(color_of(value), value) if HEX_COLOR.fullmatch(value) else self._label_of(value, names)
            for value in values
        }

    def _label_of(self, value: str, names: Mapping[int, str]) -> str:
        return names.get(int(value), value) if is_digits(value) and not self._claims.maps(value) else value

    def read(self, item: PictureLabels) -> PictureClasses:
        """The classes of a picture.

        Raises P2PError when it cannot be read, has numbers or colours that nothing explains, or contradicts itself.
        """
        if isinstance(item, SegmentLabels):
            rows, labels, faults = _segments(item)
            return replace(self._classes(_Rows(rows, labels, labels, ""), values=False), faults=faults)
        known = self._table(item)
        picture = item.picture().as_painted(known)
        if not LabelKind(item, picture, known, self._extra, self._claims).is_colors():
            return self._classes(self._clear(item, picture, self._numbers(item, picture.unpacked)))
        found = self._table_rows(item, picture, known) or self._snap(item, picture, known)
        classes = self._classes(self._clear(item, picture, found or self._numbers(item, picture.unpacked)))
        if found and classes.mask is not None:
            self._refuse_exchanged_parts(item, classes.mask)
        return classes

    def _numbers(self, item: PictureLabels, picture: LabelPicture) -> _Rows:
        """Class numbers, by the names that the format or a list gives them, or by the palette's ids."""
        numbers = picture.numbers
        assert numbers is not None, "holds_colors says that there are"
        names, counts = _number_names(item), picture.counts
        values = [str(number) for number in range(int(np.flatnonzero(counts)[-1]) + 1)]
        labels = [self._label_of(value, names) for value in values]
        if not names and picture.exact and is_soft(numbers, counts):
            raise soft_mask(item.where)
        if names and item.listed:
            refuse_unlisted(item, item.listed, counts, names, self._claims)
            used = np.flatnonzero(counts).tolist()
            refuse_other_ids(item.where, used, item.listed, self._claims)
            refuse_number_names(item.where, used, names, self._claims, item.listed.source)
        by = (item.listed.source if item.listed else "the format's names") if names else BY_IDS
        table = {str(number): hex_of(color) for number, color in own_colors(picture).items()} if item.judge else {}
        return _Rows(numbers, values, labels, by, counts=counts, interpolated=is_interpolated(numbers), table=table)

    def _table_rows(self, item: PictureLabels, picture: LabelPicture, known: Mapping[Color, str]) -> _Rows | None:
        """An index picture whose table has nothing but known colours: these decide, and nothing is snapped."""
        if (
            picture.numbers is None
            or picture.table is None
            or picture.numbers.dtype != np.uint8
            or picture.photo is not None
        ):
            return None
        used = np.flatnonzero(picture.counts)
        colors = {int(each): rgb_of(picture.table[each]) for each in used}
        if any(color not in known for color in colors.values()):
            return None
        values = [hex_of(colors[each]) if each in colors else "" for each in range(int(used[-1]) + 1)]
        labels = [known[colors[each]] if each in colors else "" for each in range(int(used[-1]) + 1)]
        by = f"colour table, {item.listed.source}" if item.listed and item.listed.colors else "colour table"
        return _Rows(picture.numbers, values, labels, by, counts=picture.counts)

    def _snap(self, item: PictureLabels, picture: LabelPicture, known: Mapping[Color, str]) -> _Rows | None:
        """The picture by its colours; None for grey areas that are no class's colours, and so may be numbers."""
        photo = picture.colors
        if picture.transparent is not None:
            photo = photo.copy()
            photo[picture.transparent] = next(iter(known))  # so that what lies below is not a colour to explain
        snapped, labels = self.snap(item, photo)
        undecided = undecided_pixels(snapped, photo) if snapped.stray.any() else None
        if snapped.stray.any() and undecided is None:
            to_do = f"{NO_AREAS} {CUTOUT}" if picture.transparent is not None else NO_AREAS
            raise self._stray(item, photo, snapped, to_do, exact=picture.exact)
        if self._may_be_numbers(item, picture, photo, snapped):
            return None
        colors = self.colors(item)
        by = f"colours of {item.listed.source}" if item.listed and item.listed.colors else "palette colours"
        moved, blended = int(np.count_nonzero(snapped.moved)), int(np.count_nonzero(snapped.blended))
        found = _Rows(snapped.rows, [hex_of(rgb_of(each)) for each in colors], labels, by, moved, blended)
        if undecided is None:
            return found
        places = tuple((int(x), int(y)) for y, x in np.argwhere(undecided)[:_PLACES])
        return replace(found.set_apart(undecided, UNDECIDED), undecided=places)

    def _may_be_numbers(self, item: PictureLabels, picture: LabelPicture, photo: Photo, snapped: SnapResult) -> bool:
        """Whether grey areas are near a class's colour but not its own; raises P2PError where they surely mean more."""
        if not picture.exact and _BLACK not in self._extra:
            refuse_dark_numbers(item.where, picture, snapped.rows)
        inexact = snapped.moved & ~snapped.blended
        worn = None if picture.exact else picture.worn
        found = find_inexact(photo, inexact, snapped.rows, self.colors(item), worn=worn)
        # A tolerance above the usual one was chosen, and with it what only that brings back.
        areas = [each for each in found if each.distance <= TOLERANCE]
        if areas and picture.exact and item.judge and picture.numbers is not None and not self._are_mapped(picture):
            return True
        if not self._is_mapped_soft(picture):  # a blur leaves areas near black and white
            self._refuse_flat(item, areas, snapped, exact=picture.exact)
        if picture.exact and snapped.moved.any():
            foreign = find_foreign(photo, snapped.moved, snapped.rows, self.colors(item))
            self._refuse_foreign(item, [each for each in foreign if not self._is_brought_back(item, each, snapped)])
        return False

    def _is_brought_back(self, item: PictureLabels, area: FlatArea, snapped: SnapResult) -> bool:
        """Whether a tolerance above the usual one was chosen, which takes this colour for the class's."""
        own = self.colors(item)[snapped.rows[area.y, area.x]]
        return TOLERANCE < float(np.linalg.norm(own.astype(int) - area.color)) <= self.tolerance

    def _are_mapped(self, picture: LabelPicture) -> bool:
        """Whether --map speaks of a grey of the picture, which then is a colour."""
        return any(len(set(color)) == 1 and picture.counts[color[0]] for color in self._extra)

    def _is_mapped_soft(self, picture: LabelPicture) -> bool:
        """Whether --map says what is white in a picture of black and white with soft edges."""
        if (255, 255, 255) not in self._extra or picture.numbers is None or picture.table is not None:
            return False
        return is_soft(picture.numbers, picture.counts)

    def _refuse_flat(self, item: PictureLabels, areas: list[FlatArea], snapped: SnapResult, *, exact: bool) -> None:
        if not areas:
            return
        if exact:
            self._refuse_exchanged(item, [area.color for area in areas], snapped)
        first, grey = areas[0], all(len(set(area.color)) == 1 for area in areas)
        listed = ", ".join(f"{area.color} ({area.pixels} pixels)" for area in areas[:5])
        none = "no class has exactly" if exact else "are near that of a class, but farther than JPEG leaves them"
        what = f"has flat areas of colours that {none}: {listed}; the first at x={first.x}, y={first.y}"
        numbers = "If these are class numbers, leave out --format colors. " if grey and exact else ""
        options = " ".join(f"--map '{hex_of(area.color)}=CLASS'" for area in areas[:5])
        to_do = f"{numbers}{'Otherwise say' if numbers else 'Say'} what they are: {options}."
        if grey:  # which may be class numbers, and so no colours to unite with those of other pictures
            raise P2PError(item.where, what, to_do, code="inexact-areas")
        colors = {area.color: area.pixels for area in areas}
        raise UnknownColorError(item.where, what, to_do, code="inexact-areas", colors=colors, exact=exact)

    def _refuse_exchanged(self, item: PictureLabels, colors: Sequence[Color], snapped: SnapResult) -> None:
        """Raise P2PError for a picture whose colours all are those of classes with red and blue exchanged.

        `colors` are those of no class; one that is as its class has it, and no other's exchanged, shows that none is.
        """
        known = self._table(item)
        own = find_distinct(snapped.rows[~(snapped.moved | snapped.stray)])
        found = explain_exchanged([*colors, *map(rgb_of, self.colors(item)[own])], known)
        if not found or all(exchange(color) == color for color in found):
            return
        color, name = next(iter(found.items()))
        why = f"{hex_of(color)} is {hex_of(exchange(color))} in this way, {name}"
        raise P2PError(item.where, f"{_EXCHANGED}: {why}", self._exchange_all(known), code="exchanged-colours")

    def _refuse_exchanged_parts(self, item: PictureLabels, mask: LabelMap) -> None:
        """Raise P2PError for a mask in which parts lie in the class of the exchanged colour of their whole.

        Colours that --map speaks of are what it says.
        """
        known, colors = self._table(item), dict[int, list[Color]]()
        for color, label in known.items():
            if self._claims.word(label) is not None and (index := self._claims.index(label)) is not None:
                colors.setdefault(index, []).append(color)
        found = find_exchanged(mask, self.palette, colors)
        if found is None or not self._extra.keys().isdisjoint(colors[found.shown] + colors[found.meant]):
            return
        shown, meant = (self.palette.names[each] for each in found)
        what = f"seems to have red and blue exchanged: the parts of {meant} lie in what is {shown}, not in {meant}"
        to_do = self._exchange_all(known)
        keep = f"--map {shell_word(f'{hex_of(colors[found.meant][0])}={meant}')}"
        raise P2PError(item.where, what, f"{to_do} If it is right as it is, add {keep}.", code="exchanged-colours")

    def _exchange_all(self, known: Mapping[Color, str]) -> str:
        """What to do about pictures with red and blue exchanged."""
        words = {exchange(each): self._claims.word(label) or "CLASS" for each, label in known.items()}
        options = map_options(
            {hex_of(color): word for color, word in words.items() if color != exchange(color) and word != IGNORED}
        )
        return f"Exchange them in the picture; if all pictures are so, add {options}."

    def _refuse_foreign(self, item: PictureLabels, areas: list[FlatArea]) -> None:
        if not areas:
            return
        first = areas[0]
        listed = ", ".join(f"{area.color} ({plural(area.pixels, 'pixel')})" for area in areas)
        what = f"has colours that are no class's and no blend of two: {listed}; the first at x={first.x}, y={first.y}"
        words = {VOC_BORDER: IGNORED}
        options = " ".join(f"--map '{hex_of(area.color)}={words.get(area.color, 'CLASS')}'" for area in areas)
        colors = {area.color: area.pixels for area in areas}
        to_do = f"Say what they are: {options}."
        raise UnknownColorError(item.where, what, to_do, code="foreign-colour", colors=colors, exact=True)

    def _clear(self, item: PictureLabels, picture: LabelPicture, found: _Rows) -> _Rows:
        """The same with a row for pixels without data, and one for transparent ones, whatever lies below them."""
        if picture.missing is not None:
            found = found.set_apart(picture.missing, NODATA)
        clear = picture.transparent
        if clear is None:
            return found
        if not self._claims.maps(TRANSPARENT):
            to_do = f"If that is background, add --map {TRANSPARENT}=background; otherwise save it without alpha."
            refuse_hidden(picture.colors, clear, item.where, to_do)
        return found.set_apart(clear, TRANSPARENT)

    def snap(self, item: PictureLabels, picture: Photo) -> tuple[SnapResult, list[str]]:
        """The picture's colours as rows of a table, and the label of each row."""
        snapper, labels = self._snapper(item)
        return restore(snapper, picture), labels

    def colors(self, item: PictureLabels) -> NDArray[np.uint8]:
        """The colour of each row that `snap` gives, (n, 3)."""
        return self._snapper(item)[0].colors

    def _names(self, item: PictureLabels) -> Mapping[Color, str] | None:
        """What the format or a list calls colours; None where they are the palette's."""
        own = item.names if isinstance(item, ColorLabels) else None
        return own or (item.listed.colors or None if item.listed else None)

    def _table(self, item: PictureLabels) -> Mapping[Color, str]:
        names = self._names(item)
        if names is None:
            return {**color_labels(self._claims.palette), **self._extra}
        # Many lists leave out the background, as those of numbers do.
        return {**names, _BLACK: names.get(_BLACK, BACKGROUND), **self._extra}

    def _snapper(self, item: PictureLabels) -> tuple[Snapper, list[str]]:
        names = self._names(item)
        if id(names) not in self._snappers:
            table = self._table(item)
            colors = np.array(list(table), dtype=np.uint8)
            self._snappers[id(names)] = Snapper(colors, self.tolerance), list(table.values())
        return self._snappers[id(names)]

    def _stray(
        self, item: PictureLabels, picture: Photo, snapped: SnapResult, without_areas: str, *, exact: bool
    ) -> P2PError:
        common = find_common(picture, snapped.stray)
        colors = list(common) if exact else []
        if colors:
            self._refuse_exchanged(item, colors, snapped)
        places = np.argwhere(snapped.stray)
        y, x = (int(part) for part in places[0])
        first = tuple(int(part) for part in picture[y, x])
        listed = item.listed.source if item.listed else "its format"
        known = f"the palette {self._claims.palette.name}" if self._names(item) is None else listed
        share = f"{len(places) / snapped.stray.size:.2%}"
        options = " ".join(f"--map '{hex_of(color)}=CLASS'" for color in colors or [(first[0], first[1], first[2])])
        to_do = f"Add {options}, raise --tolerance, or use the palette that it was painted in."
        return UnknownColorError(
            item.where,
            f"{plural(len(places), f'pixel ({share}) has', f'pixels ({share}) have')} a colour farther than "
            f"{self.tolerance} from every colour of {known}; the first is {first} at x={x}, y={y}",
            to_do if common else without_areas,
            code="palette-colour",
            colors=common | (self._near_colors(item, picture, snapped) if exact else {}),
            exact=exact,
        )

    def _near_colors(self, item: PictureLabels, picture: Photo, snapped: SnapResult) -> dict[Color, int]:
        """The colours near a class's that would be asked about once the strange ones are told."""
        inexact = snapped.moved & ~snapped.blended & ~snapped.stray
        areas = find_inexact(picture, inexact, snapped.rows, self.colors(item))
        return {area.color: area.pixels for area in areas if area.distance <= TOLERANCE}

    def _classes(self, found: _Rows, *, values: bool = True) -> PictureClasses:
        """The class of each pixel and the labels in use; no mask where no class claims some label."""
        counts = histogram(found.rows) if found.counts is None else found.counts
        used = np.flatnonzero(counts)
        uses = {label: Use(count, 1) for label, count in _count_by(found.labels, counts).items()}
        if any(self._claims.word(label) is None for label in uses):
            by, interpolated = found.decided_by, found.interpolated
            return PictureClasses(None, uses, size_of(found.rows), _NO_PIXELS, decided_by=by, interpolated=interpolated)
        table = np.zeros(len(counts), dtype=np.uint8)
        table[used] = [self._claims.index(found.labels[row]) or 0 for row in used]
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
        what = f"is {size_of(ids)}, but its labels say {item.size}"
        raise P2PError(item.where, what, "Export the labels again.", code="mask-size")
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
