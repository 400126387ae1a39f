"""A palette: the classes of a mask in painting order, each with its colour, id and the names that labels use for it.

Nothing here may touch pixels of photos or know a label format; it maps names, ids and colours to class indices.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_text
from p2p_datatools.contract.files.opening import is_pipe
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder, parse_toml

BUILT_IN = ("cars", "scenes", "facades")
PALETTE_FILE = "palette.toml"  # in a mask folder, which is recognised by it
IGNORE = 255
"""The class index of pixels that losses and scores leave out."""


IGNORE_COLOR = (255, 0, 254)
_MOST_CLASSES = 255
_MOST_ID = 2**32  # of a class; pictures have 16 bits
_IGNORE_KEY, _INSIDE_KEY = "ignore", "inside"  # in TOML and JSON
Color = tuple[int, int, int]


@dataclass(frozen=True)
class PaletteClass:
    """One class: `id` is for index pictures only, `aliases` (names or globs) are for annotations only.

    `inside` names the class of the whole that each shape of this class touches, as lights touch the body of their car.
    It says what a check expects and not what a mask means, so that palettes are equal whether they have it or not.
    """

    name: str
    color: Color
    id: int | None = None
    aliases: tuple[str, ...] = ()
    inside: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Palette:
    """Classes in painting order: a later one covers an earlier one; the first is the background.

    `ignored` are labels (names, globs or numbers) of pixels that belong to no class and are left out of losses and
    scores. Raises P2PError when two classes share a name, colour or id, or one could not be told from ignored pixels,
    and when a class is `inside` one that is not there, or itself.
    """

    name: str
    classes: tuple[PaletteClass, ...]
    ignored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) <= _MOST_CLASSES:
            what = f"has {len(self.classes)} classes"
            raise P2PError(f"palette {self.name}", what, f"Give it 1 to {_MOST_CLASSES} classes.", code="class-count")
        for key in ("name", "color", "id"):
            seen: dict[Any, str] = {}
            for each in self.classes:
                value = getattr(each, key)
                if value is not None and value in seen:
                    what = f"the classes {seen[value]} and {each.name} have the same {key} {value}"
                    to_do = f"Give each class its own {key}."
                    raise P2PError(f"palette {self.name}", what, to_do, code="duplicate-class")
                seen[value] = each.name
        if any(each.color == IGNORE_COLOR for each in self.classes):
            what = f"a class has the colour {IGNORE_COLOR}, which stands for ignored pixels"
            raise P2PError(f"palette {self.name}", what, "Choose another colour for the class.", code="reserved-colour")

    @property
    def wholes(self) -> dict[int, int]:
        """The index of the class that each class lies inside, for those that have one among these."""
        return {
            index: self.names.index(each.inside)
            for index, each in enumerate(self.classes)
            if each.inside in self.names and each.inside != each.name
        }

    def without_rules(self) -> "Palette":
        """The same classes without what only checks use, so that files of older versions have the same text."""
        return replace(self, classes=tuple(replace(each, inside=None) for each in self.classes))

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' names in painting order."""
        return tuple(each.name for each in self.classes)

    def index(self, name: str) -> int:
        """The index of the class called `name`; raises UsageError that lists the classes."""
        if name not in self.names:
            what = f"has no class '{name}'"
            raise UsageError(f"palette {self.name}", what, f"It has {', '.join(self.names)}.", code="unknown-class")
        return self.names.index(name)

    def index_of_id(self, value: int) -> int | None:
        """The index of the class whose id is `value`; None if there is none."""
        return next((index for index, each in enumerate(self.classes) if each.id == value), None)

    def index_of_label(self, label: str) -> int | None:
        """The index of the class that annotations call `label`, by its name, an alias, then a glob; None if none does.

        Case, and space, dash or underscore, make no difference, nor do underscores around it. Raises P2PError when
        globs of two classes claim it.
        """
        if (own := self._index_of_word(label)) is not None:
            return own
        wanted = plain(label)
        globbed = [
            index
            for index, each in enumerate(self.classes)
            if any(fnmatchcase(wanted, plain(alias)) for alias in each.aliases)
        ]
        if len(globbed) > 1:
            both = " and ".join(self.names[index] for index in globbed)
            what = f"the aliases of {both} both claim '{label}'"
            to_do = f"Add '{label}' to the aliases of one of them."
            raise P2PError(f"palette {self.name}", what, to_do, code="label-claimed-twice")
        return globbed[0] if globbed else None

    def _index_of_word(self, label: str) -> int | None:
        wanted = plain(label)
        for word in (wanted, wanted.strip("_")):
            for index, each in enumerate(self.classes):
                if word == plain(each.name) or word in map(plain, each.aliases):
                    return index
        return None

    def claims_by_glob(self, label: str) -> bool:
        """Whether a class claims `label` by nothing but a glob, which may fit what it was not written for."""
        return self._index_of_word(label) is None and self.index_of_label(label) is not None

    def ignores(self, label: str) -> bool:
        """Whether the pixels of `label` are left out of losses and scores: by its name, or by a glob in `ignored`."""
        wanted = plain(label)
        return any(wanted == plain(each) or fnmatchcase(wanted, plain(each)) for each in self.ignored)

    def colors(self) -> NDArray[np.uint8]:
        """The colour table, uint8 (256, 3) RGB: row = class index; row 255 = ignored; unused rows are black."""
        table = np.zeros((256, 3), dtype=np.uint8)
        for index, each in enumerate(self.classes):
            table[index] = each.color
        table[IGNORE] = IGNORE_COLOR
        return table

    def to_json(self) -> dict[str, Any]:
        """The palette as JSON values, for manifests and model files; rules that no class has are left out."""
        wholes = self.wholes
        classes = [
            {"name": each.name, "color": list(each.color), "id": each.id, "aliases": list(each.aliases)}
            | ({_INSIDE_KEY: each.inside} if index in wholes else {})
            for index, each in enumerate(self.classes)
        ]
        return {"name": self.name, **({_IGNORE_KEY: list(self.ignored)} if self.ignored else {}), "classes": classes}

    def to_toml(self) -> str:
        """The palette as TOML text that `parse_palette` reads back."""
        # Loaded only to write a palette. Unlike tomli-w it writes a colour in one line: people edit these files.
        import tomlkit

        value = self.to_json()
        classes = [{key: part for key, part in each.items() if part not in (None, [])} for each in value["classes"]]
        return tomlkit.dumps({**value, "classes": classes})


def palette_from_json(value: Any, *, where: str) -> Palette:
    """Read what `Palette.to_json` or a TOML file gave; raises P2PError naming `where` and the class at fault."""
    to_do = "It needs a name and [[classes]], each with a name and a color of three numbers from 0 to 255."
    at = ForeignPlace(where, to_do=to_do, code="bad-palette")
    with catch_decoder(where, "is not a palette", to_do, code="bad-palette"):
        table = at.read_table(value, "it")
        classes = tuple(
            _class(at.read_table(each, "a class"), at) for each in at.read_list(table["classes"], "classes")
        )
        ignored = _words(table.get(_IGNORE_KEY, []), _IGNORE_KEY, at)
        return Palette(name=at.read_word(table["name"], "name"), classes=classes, ignored=ignored)


def _class(table: Mapping[str, Any], at: ForeignPlace) -> PaletteClass:
    name, number = at.read_word(table["name"], "the name of a class"), table.get("id")
    whole = table.get(_INSIDE_KEY)
    return PaletteClass(
        name=name,
        color=_color(table["color"], name, at),
        id=None if number is None else at.read_whole(number, f"the id of {name}", least=-_MOST_ID, most=_MOST_ID),
        aliases=_words(table.get("aliases", []), f"the aliases of {name}", at),
        inside=None if whole is None else at.read_word(whole, f"'{_INSIDE_KEY}' of {name}"),
    )


def load_palette(name_or_file: str | Path) -> Palette:
    """A built-in palette by name, or one from a TOML file; raises P2PError when it is neither."""
    if str(name_or_file) in BUILT_IN:
        text = resources.files("p2p_datatools.contract").joinpath("palettes", f"{name_or_file}.toml").read_text("utf-8")
        return parse_palette(text, where=f"palette {name_or_file}")
    path = Path(name_or_file)
    if not path.is_file() and not is_pipe(path):
        near = "".join(f"Did you mean {each}? " for each in get_close_matches(str(name_or_file), BUILT_IN, n=1))
        what = f"is neither a built-in palette ({', '.join(BUILT_IN)}) nor a TOML file"
        to_do = f"{near}Check the spelling, or write a TOML file."
        raise UsageError(name_or_file, what, to_do, code="unknown-palette")
    try:
        return parse_palette(read_text(path), where=str(path))
    except P2PError as error:
        if path.suffix.lower() == ".toml" or error.code not in ("bad-toml", "not-text"):
            raise
        what = "is not TOML, in which palettes are written"
        to_do = (
            "Put a list of classes, such as labelmap.txt or class_dict.csv, beside the label pictures: "
            "'p2p data palette LABELS PALETTE.toml' makes a palette of both."
        )
        raise P2PError(path, what, to_do, code=error.code) from error


def is_built_in(palette: Palette) -> bool:
    """Whether a palette's ids are those of a built-in one, which its user did not write."""
    ids = [each.id for each in palette.classes]
    return palette.name in BUILT_IN and ids == [each.id for each in load_palette(palette.name).classes]


def palette_of(folder: Path | str) -> Palette | None:
    """The palette of a mask folder; None when `folder` has no palette.toml."""
    path = Path(folder) / PALETTE_FILE
    return load_palette(path) if path.is_file() else None


def parse_palette(text: str, *, where: str) -> Palette:
    """Read a palette from TOML text; raises P2PError as `palette_from_json`, and for a rule about an unknown class."""
    palette = palette_from_json(parse_toml(text, where), where=where)
    for index, each in enumerate(palette.classes):
        if each.inside is not None and index not in palette.wholes:
            what = f"the class {each.name} is inside '{each.inside}', which is no other class"
            to_do = f"The classes are {', '.join(palette.names)}."
            raise P2PError(f"palette {palette.name}", what, to_do, code="unknown-whole")
    return palette


def _words(value: Any, name: str, at: ForeignPlace) -> tuple[str, ...]:
    return tuple(at.read_word(each, f"one of {name}") for each in at.read_list(value, name))


def _color(value: Any, name: str, at: ForeignPlace) -> Color:
    parts = [at.read_whole(part, f"the color of {name}", most=255) for part in at.read_list(value, "color")]
    if len(parts) != 3:
        raise at.refuse(value, f"the color of {name}", "one of three numbers")
    return rgb_of(parts)


def plain(label: str) -> str:
    """A label in the form in which it is compared: without case, and with space, dash and underscore alike.

    Some systems write an umlaut as one character, others as two.
    """
    composed = label if label.isascii() else unicodedata.normalize("NFC", label)
    return composed.strip().casefold().replace(" ", "_").replace("-", "_")


BACKGROUND, UNPAINTED, IGNORED = "background", "unpainted", "ignore"
HEX_COLOR = re.compile(r"#[0-9a-f]{6}")


def color_labels(palette: Palette) -> dict[Color, str]:
    """The colours of a palette as labels, in the form #rrggbb."""
    return {color: hex_of(color) for color in (*(each.color for each in palette.classes), IGNORE_COLOR)}


def color_words(palette: Palette) -> dict[str, str]:
    """What the colours of a palette mean: a class's name, or that the pixel is ignored."""
    return {hex_of(each.color): each.name for each in palette.classes} | {hex_of(IGNORE_COLOR): IGNORED}


def hex_of(color: tuple[int, ...]) -> str:
    """A colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def rgb_of(values: Iterable[int]) -> Color:
    """Three numbers, such as a pixel of an array, as a colour."""
    red, green, blue = (int(part) for part in values)
    return red, green, blue


def color_of(word: str) -> Color:
    """The colour of #rrggbb; raises UsageError for anything else."""
    if not HEX_COLOR.fullmatch(word.lower()):
        raise UsageError(word, "is not a colour", "Write it as #rrggbb, such as #ff0000 for red.", code="bad-colour")
    return rgb_of(bytes.fromhex(word.removeprefix("#")))
