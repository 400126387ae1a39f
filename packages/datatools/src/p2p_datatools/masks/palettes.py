"""Checks palettes, draws them, and creates new ones from labels or from the colours of pictures.

Nothing here may change a palette that is given, or decide what a label means beyond a class of its name.
"""

import itertools
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding, P2PError
from p2p_datatools.contract.files.listing import SUFFIXES
from p2p_datatools.contract.palette import (
    BUILT_IN,
    IGNORE,
    IGNORE_COLOR,
    Color,
    Palette,
    PaletteClass,
    hex_of,
    load_palette,
    palette_of,
    plain,
)
from p2p_datatools.contract.pictures.images import Photo, read_photo
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.formats.pictures import pick_evenly
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import ColorLabels, IndexLabels, LabelSet, Polygon, RegionLabels
from p2p_datatools.sheets.layout import Tile, lay_out

# In a JPEG of quality 75 with 4:2:0 chroma, 0.05% of the pixels 4 and more from any edge come back as the other of two
# colours at this distance in RGB, 0.3% at 24 and 0.8% at 16 (25 pairs of random colours each).
TOO_CLOSE = 32
_LOOKED_AT = 20  # pictures of a folder whose colours are counted
_FLAT = 16  # the difference between neighbours, in each channel
_RARE = 0.001  # of the pixels: a colour with less is taken for a blend
_LEVELS = (0, 51, 102, 153, 204, 255)


def judge(source: str | Path) -> tuple[Finding, ...]:
    """What is wrong with a palette, by name or in a TOML file; raises P2PError when it is not a palette at all."""
    if str(source) in BUILT_IN:
        return tuple(_closeness(str(source), [(each.name, each.color) for each in load_palette(source).classes]))
    try:
        value = tomllib.loads(Path(source).read_text("utf-8"))
        classes = [(str(each["name"]), tuple(int(part) for part in each["color"])) for each in value["classes"]]
    except (OSError, KeyError, TypeError, ValueError):
        load_palette(source)  # its error says what is wrong
        raise
    findings = [*_twice(str(source), "name", [plain(name) for name, _ in classes])]
    findings += _twice(str(source), "color", [hex_of(color) for _, color in classes])
    findings += _twice(str(source), "id", [each.get("id") for each in value["classes"]])
    findings += _aliases(str(source), value["classes"])
    findings += _closeness(str(source), classes)
    if not any(finding.severity == "error" for finding in findings):
        load_palette(source)
    return tuple(findings)


def _twice(where: str, field: str, values: Iterable[Any]) -> Iterable[Finding]:
    for value, count in Counter(value for value in values if value is not None).items():
        if count > 1:
            to_do = "Give each class its own."
            yield Finding(where, f"{count} classes have the {field} {value}", to_do, "duplicate-class", "error")


def _aliases(where: str, classes: Sequence[Mapping[str, Any]]) -> Iterable[Finding]:
    claims: dict[str, list[str]] = {}
    for each in classes:
        for word in dict.fromkeys(plain(str(word)) for word in (each["name"], *each.get("aliases", ()))):
            claims.setdefault(word, []).append(str(each["name"]))
    for word, names in claims.items():
        if len(set(names)) > 1:
            what = f"{' and '.join(names)} both claim the label {word}, which goes to {names[0]}"
            yield Finding(where, what, "Remove it from all but one.", "label-claimed-twice", "warning")


def _closeness(where: str, classes: Sequence[tuple[str, tuple[int, ...]]]) -> Iterable[Finding]:
    known = [*classes, ("ignored pixels", IGNORE_COLOR)]
    for (one, first), (other, second) in itertools.combinations(known, 2):
        distance = float(np.linalg.norm(np.subtract(first, second)))
        if 0 < distance < TOO_CLOSE:
            what = f"the colours of {one} and {other} are {distance:.0f} apart in RGB, so that JPEG mixes them up"
            to_do = f"Choose colours {TOO_CLOSE} or more apart, unless label pictures are never saved as JPEG."
            yield Finding(where, what, to_do, "too-close", "warning")


def draw_palette(palette: Palette) -> Photo:
    """A swatch of each class with its name and colour, in painting order."""
    tiles = [
        Tile((np.full((72, 168, 3), each.color, dtype=np.uint8),), f"{each.name}  {hex_of(each.color)}", (True,))
        for each in palette.classes
    ]
    return lay_out(
        tiles, columns=4, cell=Size(168, 72), title=f"{palette.name}: {plural(len(tiles), 'class', 'classes')}"
    )


def start_palette(source: Path, name: str) -> Palette:
    """A palette to start from: the one of a mask folder, or classes for the labels or colours found in `source`.

    `source` is a label file, a folder of labels, or one label picture. Raises P2PError when it has no classes.
    """
    if source.is_dir() and (palette := palette_of(source)):
        return Palette(name, palette.classes)
    if source.is_file() and source.suffix.lower() in SUFFIXES:
        return _of_colors([source], name)
    found = read_labels(source)
    numbered = [item for item in found.items if isinstance(item, IndexLabels)]
    colored = [item for item in found.items if isinstance(item, ColorLabels)]
    if colored and colored[0].names:
        return _of_names(colored[0].names.values(), name, found, list(colored[0].names))
    if colored:
        return _of_colors([item.path for item in colored], name)
    if numbered and numbered[0].names:
        return _of_names(numbered[0].names.values(), name, found)
    if numbered:
        return _of_numbers(numbered, name)
    return _of_names(_large_first(found, source), name, found)


def _of_names(labels: Iterable[str], name: str, found: LabelSet, colors: Sequence[Color] | None = None) -> Palette:
    given = dict(zip(labels, colors or itertools.repeat(None), strict=False))
    known = {label: color for label, color in given.items() if label not in found.ignored}
    background = [label for label in known if plain(label).strip("_") == "background"]
    ordered = [*(background or ["background"]), *(label for label in known if label not in background)]
    own = [known.get(label) or (0, 0, 0) for label in ordered] if colors else None
    chosen = own or distinct_colors(len(ordered))
    return Palette(name, tuple(PaletteClass(label, color) for label, color in zip(ordered, chosen, strict=True)))


def _large_first(found: LabelSet, source: Path) -> list[str]:
    """The labels by the mean area of their regions, so that what is small is painted over what is large."""
    areas: dict[str, list[float]] = {label: [] for label in found.labels}
    for item in found.items:
        for region in item.regions if isinstance(item, RegionLabels) else ():
            areas.setdefault(region.label, []).append(sum(_area(polygon) for polygon in region.polygons))
    if not areas:
        raise P2PError(
            source,
            "has no labels in use, and so no classes for a palette",
            "Label a picture first.",
            code="no-labels",
        )
    return sorted(areas, key=lambda label: -float(np.mean(areas[label] or [0])))


def _area(polygon: Polygon) -> float:
    x, y = polygon.outer.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def _of_numbers(items: list[IndexLabels], name: str) -> Palette:
    """A class for each number in use; its colour is that of the pictures' own table, if that distinguishes all."""
    used: dict[int, Color | None] = {}
    for item in pick_evenly(items, _LOOKED_AT):
        picture = item.numbers()
        for number in np.flatnonzero(histogram(picture.values)):
            own = picture.table is not None and number < len(picture.table)
            used.setdefault(int(number), _color(picture.table[number]) if own and picture.table is not None else None)
    numbers = sorted(number for number in used if number != IGNORE)
    colors = [used[number] for number in numbers]
    own_colors = [color for color in colors if color is not None and color != IGNORE_COLOR]
    if len(set(own_colors)) < len(numbers):
        own_colors = distinct_colors(len(numbers))
    names = ["background", *(f"class_{number}" for number in numbers[1:])]
    classes = zip(names, own_colors, numbers, strict=True)
    return Palette(name, tuple(PaletteClass(label, color, number) for label, color, number in classes))


def _of_colors(pictures: list[Path], name: str) -> Palette:
    """A class for each common colour of pictures that is not a blend of others; the most common is the background."""
    counts: Counter[int] = Counter()
    for path in pick_evenly(pictures, _LOOKED_AT):
        picture = read_photo(path)
        colors_here = _count_pixels(picture.reshape(-1, 3))
        counts.update(colors_here if len(colors_here) <= IGNORE else _count_pixels(picture[_is_flat(picture)]))
    colors = _common(counts)
    if not colors:
        raise P2PError(
            pictures[0],
            "has no common colour, as if it were a photo",
            "Give a label picture.",
            code="no-common-colour",
        )
    names = ["background", *(f"class_{hex_of(color)[1:]}" for color in colors[1:])]
    return Palette(name, tuple(PaletteClass(label, color) for label, color in zip(names, colors, strict=True)))


def _count_pixels(pixels: NDArray[np.uint8]) -> dict[int, int]:
    wide = pixels.astype(np.uint32)
    codes, times = np.unique(wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2], return_counts=True)
    return dict(zip(codes.tolist(), times.tolist(), strict=True))


def _is_flat(picture: Photo) -> NDArray[np.bool_]:
    """Which pixels are not at an edge, so that their colour is not a blend."""
    window = np.ones((3, 3), dtype=np.uint8)
    return np.asarray((cv2.dilate(picture, window) - cv2.erode(picture, window)).max(axis=2) <= _FLAT)


def _common(counts: Counter[int]) -> list[Color]:
    """Colours by how common they are, each TOO_CLOSE or farther from those before it."""
    exact = len(counts) <= IGNORE  # then these pictures were never blended, and similar colours are intended
    total = counts.total()
    colors: list[Color] = []
    for code, count in counts.most_common(4096):
        if len(colors) == IGNORE or (not exact and count < _RARE * total):
            break
        color = code >> 16, code >> 8 & 255, code & 255
        apart = min((float(np.linalg.norm(np.subtract(color, other))) for other in colors), default=np.inf)
        if color != IGNORE_COLOR and (exact or apart >= TOO_CLOSE):
            colors.append(color)
    return colors


def distinct_colors(count: int) -> list[Color]:
    """`count` colours, black first, each as far as possible from those before it and from that of ignored pixels."""
    grid = np.array(list(itertools.product(_LEVELS, repeat=3)))
    if count > len(grid) // 2:
        grid = np.array(list(itertools.product(range(0, 256, 17), repeat=3)))
    chosen = [(0, 0, 0)]
    nearest = np.minimum(_distances(grid, (0, 0, 0)), _distances(grid, IGNORE_COLOR))
    while len(chosen) < count:
        chosen.append(_color(grid[int(nearest.argmax())]))
        nearest = np.minimum(nearest, _distances(grid, chosen[-1]))
    return chosen[:count]


def _distances(grid: NDArray[np.int64], color: Color) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(grid - np.array(color), axis=1), dtype=np.float64)


def _color(values: NDArray[Any]) -> Color:
    red, green, blue = (int(part) for part in values)
    return red, green, blue
