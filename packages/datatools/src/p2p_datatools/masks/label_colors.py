"""Reads the colours of a label picture as those of classes, exact or worn, and asks about all that contradict that.

Nothing here may read class numbers, or decide whether a picture means these; `label_kind` does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.exchanged import exchange, explain_exchanged, find_exchanged
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
from p2p_datatools.contract.pictures.images import LabelMap, Photo
from p2p_datatools.contract.pictures.index import LabelPicture
from p2p_datatools.contract.pictures.soft import is_soft
from p2p_datatools.contract.pictures.worn.flat_areas import FlatArea, find_common, find_foreign, find_inexact
from p2p_datatools.contract.pictures.worn.restore import restore
from p2p_datatools.contract.pictures.worn.snap import TOLERANCE, Snapper, SnapResult, undecided_pixels
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.contract.words import plural, shell_word
from p2p_datatools.labels.formats.pictures.voc import VOC_BORDER
from p2p_datatools.labels.values import ColorLabels, PictureLabels
from p2p_datatools.masks.class_mapping import UNDECIDED, ClassMapping, map_options
from p2p_datatools.masks.label_kind import CUTOUT, NO_AREAS, UnknownColorError, refuse_dark_numbers

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_PLACES = 5  # of undecided pixels that a record has
_EXCHANGED = "has red and blue exchanged, as OpenCV writes what is not given to it as BGR"


@dataclass(frozen=True, eq=False)
class PictureRows:
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

    def set_apart(self, where: NDArray[np.bool_], label: str) -> "PictureRows":
        """The same with a row of this label for some pixels."""
        rows = (self.rows if len(self.labels) < 256 else self.rows.astype(np.uint16)).copy()
        rows[where] = len(self.labels)
        return replace(self, rows=rows, values=[*self.values, label], labels=[*self.labels, label], counts=None)


class ColorReader:
    """What the colours of label pictures mean; those within `tolerance` of a label's are taken for it."""

    def __init__(self, claims: ClassMapping, mapping: Iterable[str] = (), tolerance: int = TOLERANCE) -> None:
        self.claims, self.tolerance = claims, tolerance
        self.mapped = {color_of(word.lower()): word.lower() for word in mapping if HEX_COLOR.fullmatch(word.lower())}
        """The colours of --map."""
        self._snappers: dict[int, Snapper] = {}

    @property
    def palette(self) -> Palette:
        """The palette whose classes are read."""
        return self.claims.palette

    @property
    def snapping(self) -> str:
        """What snapping depends on beside the palette: the tolerance, and the colours of --map."""
        return " ".join((str(self.tolerance), *map(hex_of, sorted(self.mapped))))

    def snap(self, item: PictureLabels, picture: Photo) -> SnapResult:
        """The picture's colours as rows of its table."""
        return restore(self._snapper(item), picture)

    def colors(self, item: PictureLabels) -> NDArray[np.uint8]:
        """The colour of each row that `snap` gives, (n, 3)."""
        return self._snapper(item).colors

    def names(self, item: PictureLabels) -> Mapping[Color, str] | None:
        """What the format or a list calls colours; None where they are the palette's."""
        own = item.names if isinstance(item, ColorLabels) else None
        return own or (item.listed.colors or None if item.listed else None)

    def table(self, item: PictureLabels) -> Mapping[Color, str]:
        """The label of each colour that has one."""
        names = self.names(item)
        if names is None:
            return {**color_labels(self.claims.palette), **self.mapped}
        # Many lists leave out the background, as those of numbers do.
        return {**names, _BLACK: names.get(_BLACK, BACKGROUND), **self.mapped}

    def _snapper(self, item: PictureLabels) -> Snapper:
        names = self.names(item)
        if id(names) not in self._snappers:
            self._snappers[id(names)] = Snapper(np.array(list(self.table(item)), dtype=np.uint8), self.tolerance)
        return self._snappers[id(names)]

    def refuse_exchanged_parts(self, item: PictureLabels, mask: LabelMap) -> None:
        """Raise P2PError for a mask in which parts lie in the class of the exchanged colour of their whole.

        Colours that --map speaks of are what it says.
        """
        known, colors = self.table(item), dict[int, list[Color]]()
        for color, label in known.items():
            if self.claims.word(label) is not None and (index := self.claims.index(label)) is not None:
                colors.setdefault(index, []).append(color)
        found = find_exchanged(mask, self.palette, colors)
        if found is None or not self.mapped.keys().isdisjoint(colors[found.shown] + colors[found.meant]):
            return
        shown, meant = (self.palette.names[each] for each in found)
        what = f"seems to have red and blue exchanged: the parts of {meant} lie in what is {shown}, not in {meant}"
        to_do = self.exchange_all(known)
        keep = f"--map {shell_word(f'{hex_of(colors[found.meant][0])}={meant}')}"
        raise P2PError(item.where, what, f"{to_do} If it is right as it is, add {keep}.", code="exchanged-colours")

    def exchange_all(self, known: Mapping[Color, str]) -> str:
        """What to do about pictures with red and blue exchanged."""
        words = {exchange(each): self.claims.word(label) or "CLASS" for each, label in known.items()}
        options = map_options(
            {hex_of(color): word for color, word in words.items() if color != exchange(color) and word != IGNORED}
        )
        return f"Exchange them in the picture; if all pictures are so, add {options}."


@dataclass(frozen=True, eq=False)
class ColorPicture:
    """A label picture that is read by its colours."""

    reader: ColorReader
    item: PictureLabels
    picture: LabelPicture

    def read(self) -> PictureRows | None:
        """Its colours as rows; None for grey areas that are no class's colours, and so may be numbers.

        Raises P2PError for colours that nothing explains, or that contradict what they are taken for.
        """
        return self._by_table() or self._snap()

    @cached_property
    def _known(self) -> Mapping[Color, str]:
        """The label of each colour that has one."""
        return self.reader.table(self.item)

    @cached_property
    def _photo(self) -> Photo:
        """Its colours, (height, width, 3)."""
        if self.picture.transparent is None:
            return self.picture.colors
        photo = self.picture.colors.copy()
        photo[self.picture.transparent] = next(iter(self._known))  # so that what lies below is no colour to explain
        return photo

    @cached_property
    def _snapped(self) -> SnapResult:
        """Its colours as rows of the reader's table."""
        return self.reader.snap(self.item, self._photo)

    @property
    def _source(self) -> str:
        """The list beside it that names colours; empty where none does."""
        return self.item.listed.source if self.item.listed and self.item.listed.colors else ""

    def _by_table(self) -> PictureRows | None:
        """An index picture whose table has nothing but known colours: these decide, and nothing is snapped."""
        picture, known = self.picture, self._known
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
        by = f"colour table, {self._source}" if self._source else "colour table"
        return PictureRows(picture.numbers, values, labels, by, counts=picture.counts)

    def _snap(self) -> PictureRows | None:
        """The picture by its colours; None for grey areas that are no class's colours, and so may be numbers."""
        snapped = self._snapped
        undecided = undecided_pixels(snapped, self._photo) if snapped.stray.any() else None
        if snapped.stray.any() and undecided is None:
            raise self._stray()
        if self._may_be_numbers():
            return None
        colors, labels = self.reader.colors(self.item), list(self._known.values())
        by = f"colours of {self._source}" if self._source else "palette colours"
        moved, blended = int(np.count_nonzero(snapped.moved)), int(np.count_nonzero(snapped.blended))
        found = PictureRows(snapped.rows, [hex_of(rgb_of(each)) for each in colors], labels, by, moved, blended)
        if undecided is None:
            return found
        places = tuple((int(x), int(y)) for y, x in np.argwhere(undecided)[:_PLACES])
        return replace(found.set_apart(undecided, UNDECIDED), undecided=places)

    def _may_be_numbers(self) -> bool:
        """Whether grey areas are near a class's colour but not its own; raises P2PError where they surely mean more."""
        picture, snapped = self.picture, self._snapped
        if not picture.exact and _BLACK not in self.reader.mapped:
            refuse_dark_numbers(self.item.where, picture, snapped.rows)
        inexact = snapped.moved & ~snapped.blended
        worn = None if picture.exact else picture.worn
        found = find_inexact(self._photo, inexact, snapped.rows, self.reader.colors(self.item), worn=worn)
        # A tolerance above the usual one was chosen, and with it what only that brings back.
        areas = [each for each in found if each.distance <= TOLERANCE]
        if areas and picture.exact and self.item.judge and picture.numbers is not None and not self._has_mapped_grey():
            return True
        if not self._is_mapped_soft():  # a blur leaves areas near black and white
            self._refuse_flat(areas)
        if picture.exact and snapped.moved.any():
            foreign = find_foreign(self._photo, snapped.moved, snapped.rows, self.reader.colors(self.item))
            self._refuse_foreign([each for each in foreign if not self._is_brought_back(each)])
        return False

    def _is_brought_back(self, area: FlatArea) -> bool:
        """Whether a tolerance above the usual one was chosen, which takes this colour for the class's."""
        own = self.reader.colors(self.item)[self._snapped.rows[area.y, area.x]]
        return TOLERANCE < float(np.linalg.norm(own.astype(int) - area.color)) <= self.reader.tolerance

    def _has_mapped_grey(self) -> bool:
        """Whether --map speaks of a grey of the picture, which then is a colour."""
        return any(len(set(color)) == 1 and self.picture.counts[color[0]] for color in self.reader.mapped)

    def _is_mapped_soft(self) -> bool:
        """Whether --map says what is white in a picture of black and white with soft edges."""
        if _WHITE not in self.reader.mapped or self.picture.numbers is None or self.picture.table is not None:
            return False
        return is_soft(self.picture.numbers, self.picture.counts)

    def _refuse_flat(self, areas: list[FlatArea]) -> None:
        if not areas:
            return
        exact = self.picture.exact
        if exact:
            self._refuse_exchanged([area.color for area in areas])
        first, grey = areas[0], all(len(set(area.color)) == 1 for area in areas)
        listed = ", ".join(f"{area.color} ({area.pixels} pixels)" for area in areas[:5])
        none = "no class has exactly" if exact else "are near that of a class, but farther than JPEG leaves them"
        what = f"has flat areas of colours that {none}: {listed}; the first at x={first.x}, y={first.y}"
        numbers = "If these are class numbers, leave out --format colors. " if grey and exact else ""
        options = " ".join(f"--map '{hex_of(area.color)}=CLASS'" for area in areas[:5])
        to_do = f"{numbers}{'Otherwise say' if numbers else 'Say'} what they are: {options}."
        if grey:  # which may be class numbers, and so no colours to unite with those of other pictures
            raise P2PError(self.item.where, what, to_do, code="inexact-areas")
        colors = {area.color: area.pixels for area in areas}
        raise UnknownColorError(self.item.where, what, to_do, code="inexact-areas", colors=colors, exact=exact)

    def _refuse_exchanged(self, colors: Sequence[Color]) -> None:
        """Raise P2PError for a picture whose colours all are those of classes with red and blue exchanged.

        `colors` are those of no class; one that is as its class has it, and no other's exchanged, shows that none is.
        """
        snapped = self._snapped
        own = find_distinct(snapped.rows[~(snapped.moved | snapped.stray)])
        found = explain_exchanged([*colors, *map(rgb_of, self.reader.colors(self.item)[own])], self._known)
        if not found or all(exchange(color) == color for color in found):
            return
        color, name = next(iter(found.items()))
        what = f"{_EXCHANGED}: {hex_of(color)} is {hex_of(exchange(color))} in this way, {name}"
        raise P2PError(self.item.where, what, self.reader.exchange_all(self._known), code="exchanged-colours")

    def _refuse_foreign(self, areas: list[FlatArea]) -> None:
        if not areas:
            return
        first = areas[0]
        listed = ", ".join(f"{area.color} ({plural(area.pixels, 'pixel')})" for area in areas)
        what = f"has colours that are no class's and no blend of two: {listed}; the first at x={first.x}, y={first.y}"
        words = {VOC_BORDER: IGNORED}
        options = " ".join(f"--map '{hex_of(area.color)}={words.get(area.color, 'CLASS')}'" for area in areas)
        colors = {area.color: area.pixels for area in areas}
        to_do = f"Say what they are: {options}."
        raise UnknownColorError(self.item.where, what, to_do, code="foreign-colour", colors=colors, exact=True)

    def _stray(self) -> P2PError:
        """The error for pixels with a colour that is near none of the known ones."""
        snapped, exact, item = self._snapped, self.picture.exact, self.item
        common = find_common(self._photo, snapped.stray)
        colors = list(common) if exact else []
        if colors:
            self._refuse_exchanged(colors)
        places = np.argwhere(snapped.stray)
        y, x = (int(part) for part in places[0])
        first = tuple(int(part) for part in self._photo[y, x])
        listed = item.listed.source if item.listed else "its format"
        known = f"the palette {self.reader.palette.name}" if self.reader.names(item) is None else listed
        share = f"{len(places) / snapped.stray.size:.2%}"
        options = " ".join(f"--map '{hex_of(color)}=CLASS'" for color in colors or [(first[0], first[1], first[2])])
        to_do = f"Add {options}, raise --tolerance, or use the palette that it was painted in."
        if not common:
            to_do = NO_AREAS if self.picture.transparent is None else f"{NO_AREAS} {CUTOUT}"
        what = (
            f"{plural(len(places), f'pixel ({share}) has', f'pixels ({share}) have')} a colour farther than "
            f"{self.reader.tolerance} from every colour of {known}; the first is {first} at x={x}, y={y}"
        )
        colors_of_all = common | (self._near_colors() if exact else {})
        return UnknownColorError(item.where, what, to_do, code="palette-colour", colors=colors_of_all, exact=exact)

    def _near_colors(self) -> dict[Color, int]:
        """The colours near a class's that would be asked about once the strange ones are told."""
        snapped = self._snapped
        inexact = snapped.moved & ~snapped.blended & ~snapped.stray
        areas = find_inexact(self._photo, inexact, snapped.rows, self.reader.colors(self.item))
        return {area.color: area.pixels for area in areas if area.distance <= TOLERANCE}
