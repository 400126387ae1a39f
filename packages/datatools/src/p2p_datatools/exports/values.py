"""What every export format is given: a picture with its mask, and what its classes are called and numbered.

Nothing here may know a file format.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import IGNORE, IGNORE_COLOR, IGNORED, Color, Palette, plain
from p2p_datatools.contract.pictures.images import LabelMap, size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import is_printable
from p2p_datatools.exports.trace import Patch, trace

# What the first class of a palette is called where it stands for everything that nobody outlined.
_BACKGROUND = frozenset({"background", "bg", "void", "unlabeled", "unlabelled", "unpainted", "none"})
_OTHER_WORDS = ("ignored", "void", "__ignore__", "p2p-ignore")  # where a class is called `ignore` already


@dataclass(frozen=True)
class ExportClass:
    """A class as it is written: its index in masks, its label, its place among all that are written, its colour."""

    index: int
    label: str
    place: int
    color: Color


@dataclass(frozen=True)
class ExportClasses:
    """The classes of a palette as they are written; `ignored` is the label of what losses and scores leave out."""

    palette: Palette
    ignored: str

    @cached_property
    def without(self) -> Collection[int]:
        """The class that is not written, because in all tools it is what has no label."""
        return (0,) if plain(self.palette.names[0]).strip("_") in _BACKGROUND else ()

    @cached_property
    def _rows(self) -> dict[int, ExportClass]:
        kept = [(index, each) for index, each in enumerate(self.palette.classes) if index not in self.without]
        rows = [ExportClass(index, each.name, place, each.color) for place, (index, each) in enumerate(kept)]
        rows.append(ExportClass(IGNORE, self.ignored, len(rows), IGNORE_COLOR))
        return {row.index: row for row in rows}

    def of(self, index: int) -> ExportClass:
        """The class of an index in masks."""
        return self._rows[index]

    def rows(self, *, ignored: bool) -> Iterator[ExportClass]:
        """All that are written, in the palette's order; what is `ignored` comes last, and only where asked for."""
        return (row for row in self._rows.values() if ignored or row.index != IGNORE)


def classes_of(palette: Palette) -> ExportClasses:
    """The classes of a palette; raises P2PError where a label would be read back as another class, or as none."""
    for index, name in enumerate(palette.names):
        if not is_printable(name) or not name.strip():
            what, to_do = "is blank or cannot be printed, so that labels cannot have it", "Rename it in palette.toml."
            raise P2PError(f"class {name!r}", what, to_do, code="bad-class-names")
        found = palette.index_of_label(name)
        if found != index:
            other = palette.names[found] if found is not None else "no class"
            what = f"the label '{name}' of the class {name} would be read as {other}"
            to_do = "Rename the class, or take the alias out of the palette."
            raise P2PError(f"palette {palette.name}", what, to_do, code="label-claimed-twice")
    words = (*palette.ignored, IGNORED, *_OTHER_WORDS)
    return ExportClasses(palette, next(word for word in words if "*" not in word and _is_free(word, palette)))


def _is_free(word: str, palette: Palette) -> bool:
    try:
        return palette.index_of_label(word) is None
    except P2PError:
        return False  # the globs of two classes claim it


@dataclass(frozen=True, eq=False)
class ExportPicture:
    """A picture with its mask; `file_name` is that of its photo, as a path below the photos' folder."""

    name: str
    file_name: str
    mask: LabelMap
    classes: ExportClasses

    @property
    def size(self) -> Size:
        """Its size."""
        return size_of(self.mask)

    @cached_property
    def patches(self) -> list[Patch]:
        """What hangs together in it, without the class that is not written."""
        return trace(self.mask, self.classes.without)
