"""Checks palettes, and draws them.

Nothing here may change a palette that is given.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import Finding, P2PError
from p2p_datatools.contract.files.atomic import read_text
from p2p_datatools.contract.foreign import parse_toml
from p2p_datatools.contract.palette import BUILT_IN, IGNORE_COLOR, Palette, hex_of, load_palette, plain
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural
from p2p_datatools.sheets.layout import Tile, lay_out

# In a JPEG of quality 75 with 4:2:0 chroma, 0.05% of the pixels 4 and more from any edge come back as the other of two
# colours at this distance in RGB, 0.3% at 24 and 0.8% at 16 (25 pairs of random colours each).
TOO_CLOSE = 32


def judge(source: str | Path) -> tuple[Finding, ...]:
    """What is wrong with a palette, by name or in a TOML file; raises P2PError when it is not a palette at all."""
    if str(source) in BUILT_IN:
        return tuple(_closeness(str(source), [(each.name, each.color) for each in load_palette(source).classes]))
    try:
        load_palette(source)
    except P2PError as error:
        if error.code != "duplicate-class":  # which are findings, all of them
            raise
    value = parse_toml(read_text(Path(source)), source)
    classes = [(str(each["name"]), tuple(each["color"])) for each in value["classes"]]
    findings = [*_twice(str(source), "name", [plain(name) for name, _ in classes])]
    findings += _twice(str(source), "color", [hex_of(color) for _, color in classes])
    findings += _twice(str(source), "id", [each.get("id") for each in value["classes"]])
    findings += _aliases(str(source), value["classes"], value.get("ignore", ()))
    findings += _closeness(str(source), classes)
    return tuple(findings)


def _twice(where: str, field: str, values: Iterable[Any]) -> Iterable[Finding]:
    for value, count in Counter(value for value in values if value is not None).items():
        if count > 1:
            to_do = "Give each class its own."
            yield Finding(where, f"{count} classes have the {field} {value}", to_do, "duplicate-class", "error")


def _aliases(where: str, classes: Sequence[Mapping[str, Any]], ignored: Iterable[str]) -> Iterable[Finding]:
    claims: dict[str, list[str]] = {}
    for each in classes:
        for word in dict.fromkeys(plain(str(word)) for word in (each["name"], *each.get("aliases", ()))):
            claims.setdefault(word, []).append(str(each["name"]))
    for word, names in claims.items():
        if len(set(names)) > 1:
            what = f"{' and '.join(names)} both claim the label {word}, which goes to {names[0]}"
            yield Finding(where, what, "Remove it from all but one.", "label-claimed-twice", "warning")
    for word in (word for word in dict.fromkeys(plain(str(each)) for each in ignored) if word in claims):
        what = f"the label {word} is to be ignored, but goes to {claims[word][0]}, which claims it"
        yield Finding(where, what, "Remove it from one of them.", "label-claimed-twice", "warning")


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
