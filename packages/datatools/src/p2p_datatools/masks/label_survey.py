"""Looks through all labels for what a palette needs: names with their areas and colours, and numbers and colours.

Nothing here may choose a class, or tell numbers from colours in another way than building masks does.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import IGNORE, Color, rgb_of
from p2p_datatools.contract.pictures.images import Photo, color_codes, refuse_hidden
from p2p_datatools.contract.pictures.index import LabelPicture, histogram
from p2p_datatools.contract.pictures.soft import is_soft
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.contract.values import reduce_channels
from p2p_datatools.labels.values import (
    ColorLabels,
    IndexLabels,
    LabelSet,
    PictureLabels,
    Polygon,
    Region,
    RegionLabels,
    SegmentLabels,
)

_MOST_CLASSES = 32  # colours of a picture, which without any flat area may still be classes
_LEAST_FLAT = 0.6  # of the pixels of most label pictures are as their neighbour; of photos and after JPEG fewer are
_BLACK = (0, 0, 0)
_HIDDEN = "What is transparent is in no class: if these colours are, save the pictures without alpha."
_FLAT = 16  # the difference between neighbours, in each channel


@dataclass
class LabelSurvey:
    """What labels have: `areas` of the regions of each name, `colors` that a list gives to names, and `tables`, the
    colours that index pictures' own tables give to the names of their numbers.

    Without names: `numbers`, each with its colours in such tables, and how many `pixels` each colour
    (0xRRGGBB) has away from blends, and in how many `pictures`, of those that are in `painted`. It is `blended` where
    one of these has more colours than a palette can have, or is of a lossy kind. Those of no lossy kind without flat
    areas, as photos and labels that were JPEG are, are `photos`, and those without blends `exact`. `fault` is why the
    first of the `faults` that failed could not be read, `hidden` what transparent pixels hide, which is in no class.
    """

    areas: dict[str, list[float]] = field(default_factory=dict)
    colors: dict[str, Color] = field(default_factory=dict)
    tables: dict[str, set[Color]] = field(default_factory=dict)
    numbers: dict[int, set[Color]] = field(default_factory=dict)
    pixels: Counter[int] = field(default_factory=Counter)
    pictures: Counter[int] = field(default_factory=Counter)
    painted: list[PictureLabels] = field(default_factory=list)
    photos: list[PictureLabels] = field(default_factory=list)
    exact: list[PictureLabels] = field(default_factory=list)
    blended: bool = False
    transparent: bool = False
    fault: P2PError | None = None
    faults: int = 0
    hidden: P2PError | None = None

    def add(self, other: "LabelSurvey") -> None:
        """Add what another picture has."""
        for name, areas in other.areas.items():
            self.areas.setdefault(name, []).extend(areas)
        for name, color in other.colors.items():
            self.colors.setdefault(name, color)
        for name, colors in other.tables.items():
            self.tables.setdefault(name, set()).update(colors)
        for number, colors in other.numbers.items():
            self.numbers.setdefault(number, set()).update(colors)
        self.pixels.update(other.pixels)
        self.pictures.update(other.pixels.keys())
        self.painted += other.painted
        self.photos += other.photos
        self.exact += other.exact
        self.blended = self.blended or other.blended
        self.transparent = self.transparent or other.transparent
        self.fault = self.fault or other.fault
        self.faults += other.faults
        self.hidden = self.hidden or other.hidden


def survey_labels(found: LabelSet, report: Reporter = QUIET) -> LabelSurvey:
    """What all labels have; pictures that cannot be read are counted, and the building of masks names each."""
    survey = _survey(found, report)
    return _survey(found, report, by_tables=True) if _are_drawings(survey) else survey


def _survey(found: LabelSet, report: Reporter, *, by_tables: bool = False) -> LabelSurvey:
    survey = LabelSurvey({label: [] for label in found.labels})
    with closing(parallel_map(partial(_survey_item, by_tables=by_tables), found.items)) as results:
        for each in report.track(results, "labels", len(found.items)):
            survey.add(each)
    return survey


def _are_drawings(survey: LabelSurvey) -> bool:
    """Whether index pictures are meant by the colours of their tables, whose order is that of a painting program.

    Such have one colour at several numbers, or black at another number than 0, or paint with 0 beside transparency.
    """
    classes = [used for number, used in survey.numbers.items() if number != IGNORE]  # which is black in many tables
    colors = set[Color]().union(*classes)
    several = any(len(each) > 1 for each in classes) and len(colors) <= len(classes)
    zero = survey.numbers.get(0, set())
    return several or (bool(zero) and _BLACK not in zero and (_BLACK in colors or survey.transparent))


def _survey_item(item: RegionLabels | PictureLabels, *, by_tables: bool) -> LabelSurvey:
    survey = LabelSurvey()
    if isinstance(item, RegionLabels):
        for region in item.regions:
            survey.areas.setdefault(region.label, []).append(_area(region))
        return survey
    if isinstance(item, SegmentLabels):
        survey.areas = {label: [] for label in item.segments.values()}
        return survey
    numbers = item.names if isinstance(item, IndexLabels) else None
    colors = item.names if isinstance(item, ColorLabels) else None
    numbers = numbers or (item.listed.numbers if item.listed else {})
    colors = colors or (item.listed.colors if item.listed else {})
    survey.areas = {name: [] for name in (*numbers.values(), *colors.values())}
    for color, name in colors.items():  # of a class with several the first
        survey.colors.setdefault(name, color)
    try:
        _survey_picture(survey, item, numbers, named_colors=bool(colors), by_tables=by_tables)
    except P2PError as error:
        survey.fault, survey.faults = error, 1
    return survey


def _area(region: Region) -> float:
    drawn = sum(int(runs.counts[1::2].sum()) for runs in region.runs)
    return drawn + sum(_area_within(polygon) for polygon in region.polygons)


def _area_within(polygon: Polygon) -> float:
    x, y = polygon.outer.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def _survey_picture(
    survey: LabelSurvey, item: PictureLabels, names: Mapping[int, str], *, named_colors: bool, by_tables: bool
) -> None:
    """Add the colours of named numbers, and the numbers or colours of a picture that no name explains."""
    picture = item.picture()
    survey.transparent = picture.transparent is not None
    if picture.transparent is not None:
        survey.hidden = _find_hidden(picture.colors, picture.transparent, item.where)
    wanted = isinstance(item, ColorLabels)
    if not names and picture.table is not None:
        wanted = wanted or by_tables or _is_soft_drawing(picture, int(np.count_nonzero(picture.counts)))
    holds_numbers = picture.numbers is not None and (
        bool(names) or not wanted or (not named_colors and picture.in_one_channel)
    )
    if holds_numbers:
        _survey_numbers(survey, item, picture.unpacked, names, named_colors=named_colors)
    elif not named_colors:
        survey.painted.append(item)
        survey.pixels, survey.blended = _count_colors(picture)
    if not survey.blended:
        survey.exact.append(item)
    elif picture.exact and _share_flat(picture) < _LEAST_FLAT:
        survey.photos.append(item)


def _find_hidden(colors: Photo, clear: NDArray[np.bool_], where: str) -> P2PError | None:
    try:
        refuse_hidden(colors, clear, where, _HIDDEN)
    except P2PError as error:
        return error
    return None


def _survey_numbers(
    survey: LabelSurvey, item: PictureLabels, picture: LabelPicture, names: Mapping[int, str], *, named_colors: bool
) -> None:
    """Add the colours that the table of a picture of numbers gives them, and those numbers that have no name."""
    assert picture.numbers is not None, "it holds numbers"
    table = picture.table if picture.table is not None else ()
    used = {int(each): {rgb_of(table[each])} if each < len(table) else set[Color]() for each in _find_used(picture)}
    for number, colors in used.items():
        survey.tables.setdefault(names.get(number, str(number)), set()).update(colors)
    if names and item.listed is None:
        # Masks are built by the numbers themselves where the format's own list ends.
        survey.areas |= {str(number): [] for number in used if number not in names}
    elif not names and not named_colors and picture.exact and is_soft(picture.numbers, picture.counts):
        survey.numbers = {0: set(), IGNORE: set()}  # black and white; the greys of its edges are not classes
    elif not names and not named_colors:
        survey.numbers = used


def _is_soft_drawing(picture: LabelPicture, count: int) -> bool:
    """Whether most colours of a picture of so many are nowhere flat, so that they are blends at edges."""
    if count <= _MOST_CLASSES:
        return False
    window = np.ones((3, 3), dtype=np.uint8)
    is_flat = reduce_channels(np.logical_and, cv2.dilate(picture.colors, window) == cv2.erode(picture.colors, window))
    return 2 * len(count_pixels(picture.colors[is_flat])) < count


def _share_flat(picture: LabelPicture) -> float:
    """The share of the pixels that have the colour of the one beside them, of those that are not transparent."""
    codes = color_codes(picture.colors)
    equal = codes[:, 1:] == codes[:, :-1]
    if picture.transparent is not None:
        equal = equal[~(picture.transparent[:, 1:] | picture.transparent[:, :-1])]
    return float(equal.mean()) if equal.size else 1.0


def _find_used(picture: LabelPicture) -> NDArray[np.intp]:
    assert picture.numbers is not None, "they were asked for"
    seen = picture.numbers
    nothing = [each for each in (picture.transparent, picture.missing) if each is not None]
    if nothing:
        seen = seen[~np.logical_or.reduce(nothing)]
    return np.flatnonzero(histogram(seen)) if seen.size else np.zeros(0, dtype=np.intp)


def _count_colors(picture: LabelPicture) -> tuple[Counter[int], bool]:
    """The pixels of each colour, and whether some are blends, which edges then have: those are not counted."""
    colors = picture.colors
    opaque = np.ones(colors.shape[:2], dtype=np.bool_) if picture.transparent is None else ~picture.transparent
    counts = count_pixels(colors[opaque])
    if picture.exact and len(counts) <= IGNORE and not _is_soft_drawing(picture, len(counts)):
        return Counter(counts), False
    return Counter(count_pixels(colors[opaque & _is_flat(colors)])), True


def count_pixels(pixels: NDArray[np.uint8]) -> dict[int, int]:
    """How many of the pixels, (n, 3), have each colour (0xRRGGBB)."""
    codes, times = np.unique(color_codes(pixels), return_counts=True)
    return dict(zip(codes.tolist(), times.tolist(), strict=True))


def _is_flat(picture: Photo) -> NDArray[np.bool_]:
    """Which pixels are not at an edge, so that their colour is not a blend."""
    window = np.ones((3, 3), dtype=np.uint8)
    return np.asarray(reduce_channels(np.maximum, cv2.dilate(picture, window) - cv2.erode(picture, window)) <= _FLAT)
