"""Creates palettes from labels: a class for each label, number or colour, such that the labels' masks can be built.

Nothing here may know a label format, or decide what a label means beyond a class of its name.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import SUFFIXES
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.pairs.seam import look_like_pairs
from p2p_datatools.contract.palette import (
    BACKGROUND,
    IGNORE,
    IGNORE_COLOR,
    IGNORED,
    Color,
    Palette,
    PaletteClass,
    hex_of,
    palette_of,
    plain,
    rgb_of,
)
from p2p_datatools.contract.pictures.header import photo_size
from p2p_datatools.contract.pictures.images import color_of_code
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.worn.flat_areas import find_inexact
from p2p_datatools.contract.pictures.worn.snap import TOLERANCE, Snapper
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command, plural
from p2p_datatools.labels.parsing.regions import UNNAMED
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import ColorLabels, LabelSet, PictureLabels
from p2p_datatools.masks.label_kind import CUTOUT
from p2p_datatools.masks.label_survey import LabelSurvey, count_pixels, survey_labels
from p2p_datatools.masks.palettes import TOO_CLOSE
from p2p_datatools.masks.siblings import leave_out_photos
from p2p_datatools.masks.unclaimed import explain_object_colors, explain_objects

_RARE = 0.001  # of the pixels: a colour with less is taken for a blend
_MOST_STRAYS = 32  # rare colours that are classes all the same; in a photo there are more
# The share of the pixels that have the common colours exactly: 0.02 to 0.19 in folders of photos, 0.46 in JPEG facades.
_LEAST_EXACT = 0.2
_LEVELS = (0, 51, 102, 153, 204, 255)
# What labels call pixels that are in no class, and those that nobody labelled; without case and outer underscores.
_NO_CLASSES = frozenset({"void", UNNAMED, IGNORED, "ignored", ""})
_COMMON_BLACK = 0.5  # of the most common colour's pixels: lines on paper are fewer
_BACKGROUNDS = frozenset({BACKGROUND, "bg"})
_OBJECTS = 1000  # a number, from which on several are single objects: the largest class of PASCAL-Context is 459
_STEPS = (2, 3, 4, 5)  # from black to white
_PLAIN_GREYS = frozenset({29, 76, 105, 149, 150, 178, 179, 225, 226})  # of red, green, blue and their sums (BT.601)
_OBJECT = "object"  # the class of labels that have no name where there are no others


def start_palette(
    source: Path,
    name: str,
    format: str = "auto",  # noqa: A002 - it is the option's name
    *,
    page: int | None = None,
    report: Reporter = QUIET,
) -> Palette:
    """A palette to start from: the one of a mask folder, or classes for the labels or colours found in `source`.

    `source` is a label file, a folder of labels, or one label picture; `format` as of `read_labels`, and `page` the one
    that is read of pictures with several, from 1. Labels that are void, unnamed or to be ignored are not classes but
    `ignored`. Raises P2PError when there are no classes.
    """
    if source.is_dir() and format == "auto" and (palette := palette_of(source)):
        return Palette(name, palette.classes, palette.ignored)
    if source.is_file() and source.suffix.lower() in SUFFIXES:
        item = ColorLabels(source.name, source, read=ReadOptions(page))
        item.picture()  # raises when it cannot be read
        found = LabelSet("colors", (item,))
    else:
        found = _read(source, format)
        for line in found.notes:
            report.note(line)
        items = (
            replace(each, read=ReadOptions(page)) if isinstance(each, PictureLabels) else each for each in found.items
        )
        found = replace(found, items=tuple(items))
    survey = survey_labels(found, report)
    palette = _palette(survey, found, source, name)
    if survey.fault:
        number = plural(survey.faults, "picture is", "pictures are")
        report.note(f"{source}: {number} not in the palette, because of this; the first: {survey.fault}")
    if survey.hidden:
        report.note(str(survey.hidden))
    for each in explain_objects(survey.numbers) if max(survey.numbers, default=0) >= _OBJECTS else ():
        report.note(f"{source}: has numbers up to {max(survey.numbers)}. {each}")
    codes = {_code_of(each.color) for each in palette.classes} & survey.pictures.keys()
    if objects := explain_object_colors([survey.pictures[each] for each in codes]):
        report.note(f"{source}: {objects}")
    if said := _say_background(palette.classes[0], survey):
        report.note(
            f"{source}: {said} is called background, because no picture has 0 or much black. If it is a class, give it "
            "its name in the palette: 'p2p data export' leaves the background out."
        )
    return palette


def _read(source: Path, format: str) -> LabelSet:  # noqa: A002 - as above
    """The labels; raises P2PError with what a palette, which takes no `--map`, can be made of instead."""
    try:
        return leave_out_photos(read_labels(source, format), source)
    except P2PError as error:
        if error.code != "lossy-pictures" or error.where != str(source):
            raise
        raise P2PError(error.where, error.what, "Add --format colors.", code=error.code) from error


def _say_background(first: PaletteClass, survey: LabelSurvey) -> str:
    """The number or colour of pictures that is the background without being that of nothing, 0 or black; else empty."""
    if first.id:
        return f"number {first.id}"
    return hex_of(first.color) if first.color != (0, 0, 0) and survey.pixels[_code_of(first.color)] else ""


def _code_of(color: Color) -> int:
    red, green, blue = color
    return red << 16 | green << 8 | blue


def _palette(survey: LabelSurvey, found: LabelSet, source: Path, name: str) -> Palette:
    ignored, background, named = _sort_labels(survey, found)
    numbers, is_255_ignored = _class_numbers(survey.numbers)
    if survey.transparent and numbers and 0 not in numbers:
        numbers = [0, *numbers]  # what is transparent is the background, and not the first number
    painted = _painted_colors(survey, source)
    if 0 in numbers and (0, 0, 0) in painted:
        painted.remove((0, 0, 0))  # of pictures that have the number 0 alone
    if not (named or numbers or painted):
        _refuse_nothing(survey, found, source, ignored, background)
        if UNNAMED in ignored:
            ignored.remove(UNNAMED)
            named[_OBJECT] = [UNNAMED]
    ignored += [str(IGNORE)] if is_255_ignored else []
    rows = [*_named_rows(survey, background, named, numbers), *_unnamed_rows(survey, named, numbers, painted)]
    if painted and not named and not numbers:
        rows = _with_painted_background(rows, survey)
    colors = _choose_colors(rows, survey)
    classes = (PaletteClass(row.name, color, row.number, row.aliases) for row, color in zip(rows, colors, strict=True))
    return Palette(name, tuple(classes), tuple(ignored))


def _painted_colors(survey: LabelSurvey, source: Path) -> list[Color]:
    """The colours of pictures that are classes; raises P2PError for A|B pairs, and for photos, also among labels."""
    if survey.blended and look_like_pairs([item.path for item in survey.painted]):
        to_do = f"Take them apart, and give the half of labels: {_apart(source)}."
        raise P2PError(source, "looks like A|B pictures, not labels", to_do, code="pairs-not-labels")
    if error := _photos_among_labels(survey, source):
        raise error
    common = _common(survey.pixels, blended=survey.blended)
    painted = _with_strays(common, survey.painted)
    are_cut_out = survey.transparent and len(survey.photos) == len(survey.painted)
    if survey.blended and common and (are_cut_out or _shows_photos(survey.pixels, common, painted)):
        what = "has more colours than label pictures have, as if it were a photo"
        to_do = "Give the labels, or pictures of labels." + (f" {CUTOUT}" if survey.transparent else "")
        if all(size.width == 2 * size.height for size in (photo_size(item.path) for item in survey.painted)):
            to_do = f"If these are A|B pictures, take them apart first: {_apart(source)}."
        raise P2PError(source, what, to_do, code="no-common-colour")
    return painted


def _photos_among_labels(survey: LabelSurvey, source: Path) -> P2PError | None:
    """The error for folders of both, of which the colours of the photos would be classes; None for one folder.

    In one lie labels of which JPEG damaged some, such as halves of pairs.
    """
    folders = sorted({item.path.parent for item in survey.exact} - {item.path.parent for item in survey.photos})
    if not (survey.photos and folders):
        return None
    look_like = plural(len(survey.photos), "picture that looks like a photo", "pictures that look like photos")
    what = f"holds {look_like} among labels; the first is {survey.photos[0].path}"
    to_do = f"Give the labels alone, as in {' or '.join(map(str, folders[:3]))}."
    return P2PError(source, what, to_do, code="photos-not-labels")


def _refuse_nothing(
    survey: LabelSurvey, found: LabelSet, source: Path, ignored: Sequence[str], background: Sequence[str]
) -> None:
    """Raise P2PError where no label becomes a class, unless some are ignored or background."""
    if not ignored and (survey.fault or found.skipped):
        what, to_do = "has no labels that can be read", "Correct them."
        raise survey.fault or P2PError(source, what, to_do, code="no-labels", parts=found.skipped)
    if survey.painted:
        what = "has no common colour, as if it were a photo"
        to_do = "Give a label picture." + (f" {CUTOUT}" if survey.transparent else "")
        raise P2PError(survey.painted[0].path, what, to_do, code="no-common-colour")
    if not (ignored or background):
        what = "has no labels in use, and so no classes for a palette"
        raise P2PError(source, what, "Label a picture first.", code="no-labels")


def _apart(source: Path) -> str:
    return p2p_command("data halves", source if source.is_dir() else source.parent, "DEST")


def _with_painted_background(rows: list["_Row"], survey: LabelSurvey) -> list["_Row"]:
    """The rows with one of the colours as the background: black where it is common or pixels are transparent.

    Else it is the most common; but where pixels are transparent and none is black, it stays one that no pixel has.
    """
    first, *painted = rows
    own = next((row for row in painted if row.color == (0, 0, 0)), None)
    most = max(survey.pixels.values(), default=0)
    if not survey.transparent and (own is None or survey.pixels[0] < _COMMON_BLACK * most):
        own = painted[0]
    if own is None:
        return rows
    return [replace(own, name=first.name), *(row for row in painted if row is not own)]


@dataclass(frozen=True)
class _Row:
    """A class to be: `color` is the one it has in the labels, and `fixed` if pixels are known by it."""

    name: str
    number: int | None = None
    aliases: tuple[str, ...] = ()
    color: Color | None = None
    fixed: bool = False


def _named_rows(
    survey: LabelSurvey, background: list[str], named: Mapping[str, list[str]], numbers: Sequence[int]
) -> Iterator[_Row]:
    """The background, which has the first of the numbers without a name, and a class for each name."""
    listed = next((survey.colors[each] for each in (BACKGROUND, *background) if each in survey.colors), None)
    tables = _own_tables(survey)
    labels = [str(number) for number in numbers[:1]] or [BACKGROUND, *background]
    own = next((tables[each] for each in labels if each in tables), listed)
    yield _Row(BACKGROUND, numbers[0] if numbers else None, tuple(background), own)
    for label, labels in named.items():
        color = next((known[each] for known in (survey.colors, tables) for each in labels if each in known), None)
        yield _Row(label, None, tuple(each for each in labels if each != label), color)


def _unnamed_rows(
    survey: LabelSurvey, named: Collection[str], numbers: Sequence[int], painted: Iterable[Color]
) -> Iterator[_Row]:
    """A class for each number after the background's, and for each colour."""
    tables = _own_tables(survey)
    for number in numbers[1:]:
        yield _Row(_free_name(f"class_{number}", named), number, color=tables.get(str(number)))
    for color in painted:
        yield _Row(_free_name(f"class_{hex_of(color)[1:]}", named), color=color, fixed=True)


def _free_name(name: str, taken: Collection[str]) -> str:
    return name if name not in taken else f"{name}_by_number"


def _sort_labels(survey: LabelSurvey, found: LabelSet) -> tuple[list[str], list[str], dict[str, list[str]]]:
    """The labels that are ignored, those of the background, and the names of classes with the labels that they claim.

    Those with large regions come first, so that what is small is painted over what is large.
    """
    ignored: list[str] = []
    background: list[str] = []
    classes: dict[str, list[str]] = {}
    keys: dict[str, str] = {}
    large_first = sorted(survey.areas, key=lambda label: -float(np.mean(survey.areas[label] or [0])))
    for label in large_first:
        key = plain(label)
        bare = key.strip("_")
        if label in found.ignored or bare in _NO_CLASSES:
            ignored.append(label)
        elif bare in _BACKGROUNDS:
            background += [label] if key != BACKGROUND else []
            survey.colors.setdefault(label, survey.colors.get(BACKGROUND, (0, 0, 0)))
        elif key not in keys:
            keys[key] = f"class_{label}" if is_digits(label) else label
            classes[keys[key]] = [label]
    # What only the reader of the format ignores needs no word here.
    return [each for each in ignored if each not in found.ignored], background, classes


def _class_numbers(numbers: Mapping[int, set[Color]]) -> tuple[list[int], bool]:
    """The numbers that are classes, and whether 255 is ignored: beside others it is, but not beside 0 or greys."""
    found = sorted(numbers)
    if IGNORE in numbers and len(numbers) > 1 and not _are_greys(numbers.keys() - {0, IGNORE}):
        return [number for number in found if number != IGNORE], True
    if found == [IGNORE]:
        return [0, IGNORE], False
    return found, False


def _are_greys(numbers: Set[int]) -> bool:
    """Whether numbers between 0 and 255 are greys, of which 255 is white: CUB's masks have how many drew the bird.

    A middle one is that of a trimap; several are steps of one length, or what plain colours become in greys.
    """
    levels = [[divmod(IGNORE * part, count) for part in range(1, count)] for count in _STEPS]
    steps = [{floor + up for floor, rest in each for up in {0, min(rest, 1)}} for each in levels]
    return numbers <= steps[0] or (len(numbers) > 1 and any(numbers <= each for each in (*steps, _PLAIN_GREYS)))


def _own_tables(survey: LabelSurvey) -> dict[str, Color]:
    """The colours that index pictures' own tables give to labels, if they all agree and tell all labels apart.

    By some of these colours alone a table would contradict the palette in the rest.
    """
    found = {label: next(iter(colors)) for label, colors in survey.tables.items() if len(colors) == 1}
    agree = len(found) == len(survey.tables) and len(set(found.values())) == len(found)
    return found if agree and IGNORE_COLOR not in found.values() else {}


def _choose_colors(rows: Sequence[_Row], survey: LabelSurvey) -> list[Color]:
    """Each class's own colour where no other has it; the others get colours far from all that occur."""
    taken = {row.color for row in rows if row.fixed and row.color}
    chosen: list[Color | None] = []
    for row in rows:
        free = row.fixed or (row.color not in taken and row.color != IGNORE_COLOR)
        chosen.append(row.color if free else None)
        taken |= {row.color} if free and row.color else set()
    tables = {color for colors in survey.tables.values() for color in colors}
    others = iter(distinct_colors(chosen.count(None), {*taken, *tables}))
    return [next(others) if color is None else color for color in chosen]


def _common(counts: Counter[int], *, blended: bool) -> list[Color]:
    """Colours by how common they are, each TOO_CLOSE or farther from those before it if pictures are blended."""
    total = counts.total()
    colors: list[Color] = []
    for code, count in counts.most_common(4096):
        if len(colors) == IGNORE or (blended and count < _RARE * total):
            break
        color = color_of_code(code)
        apart = min((float(np.linalg.norm(np.subtract(color, other))) for other in colors), default=np.inf)
        if color != IGNORE_COLOR and (not blended or apart >= TOO_CLOSE):
            colors.append(color)
    return colors


def _shows_photos(counts: Counter[int], common: list[Color], painted: list[Color]) -> bool:
    """Whether few pixels have exactly the common colours, or the rare colours have no end."""
    exact = sum(counts[red << 16 | green << 8 | blue] for red, green, blue in common)
    return exact < _LEAST_EXACT * counts.total() or len(painted) - len(common) >= _MOST_STRAYS


def _with_strays(colors: list[Color], pictures: Iterable[PictureLabels]) -> list[Color]:
    """The colours, and rare ones without which some picture's pixels would be near none of them."""
    most = min(IGNORE, len(colors) + _MOST_STRAYS)
    for item in pictures:
        while colors and len(colors) < most and (more := _strays(colors, item)):
            colors = [*colors, *more][:most]
    return colors


def _strays(colors: list[Color], item: PictureLabels) -> list[Color]:
    """Colours that building a picture's mask would miss: of flat areas, or the most common of those near none."""
    try:
        picture = item.picture()
    except P2PError:
        return []
    photo = picture.colors
    if picture.transparent is not None:
        photo = photo.copy()
        photo[picture.transparent] = colors[0]
    known = np.array([*colors, IGNORE_COLOR], dtype=np.uint8)
    snapped = Snapper(known, TOLERANCE).snap(photo)
    if snapped.stray.any():
        code = Counter(count_pixels(photo[snapped.stray])).most_common(1)[0][0]
        return [color_of_code(code)]
    inexact = snapped.moved & ~snapped.blended
    if not picture.exact or not inexact.any():
        return []
    return [area.color for area in find_inexact(photo, inexact, snapped.rows, known) if area.distance <= TOLERANCE]


def distinct_colors(count: int, taken: Collection[Color] = ()) -> list[Color]:
    """`count` colours, black first, each as far as possible from those before it, from `taken` and from the ignored."""
    grid = np.array(list(itertools.product(_LEVELS, repeat=3)))
    if count + len(taken) > len(grid) // 2:
        grid = np.array(list(itertools.product(range(0, 256, 17), repeat=3)))
    chosen: list[Color] = [] if (0, 0, 0) in taken else [(0, 0, 0)]
    nearest = _distances(grid, IGNORE_COLOR)
    for color in (*taken, *chosen):
        nearest = np.minimum(nearest, _distances(grid, color))
    while len(chosen) < count:
        chosen.append(rgb_of(grid[int(nearest.argmax())]))
        nearest = np.minimum(nearest, _distances(grid, chosen[-1]))
    return chosen[:count]


def _distances(grid: NDArray[np.int64], color: Color) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(grid - np.array(color), axis=1), dtype=np.float64)
