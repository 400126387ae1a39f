"""Which columns of a list say the A and the B of a pair, where its lines are not simply two paths below these folders.

Nothing here may read a list or a folder, or pair what a line does not name.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import permutations
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeVar

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.folders.given_splits import split_in
from p2p_datatools.contract.names import name_of
from p2p_datatools.contract.partners.half_words import HalfWords, says_order
from p2p_datatools.contract.pictures.arrays import ARRAYS

_T = TypeVar("_T")
ListRow = tuple[int, list[str]]
"""The number of a line, and its cells."""

_MOST_COLUMNS = 12
_DIGIT = re.compile(r"\d")
_PLAIN = frozenset({"image", "img", "file", "name", "filename", "path"})


class ListColumns(NamedTuple):
    """The lines as (path in A, path in B), and what those two columns are called; None for lines as they are."""

    rows: list[ListRow]
    names: tuple[str, str] | None = None


class _Names:
    """The pictures of a folder as lists may call them; by stems only where no cell of a list is a file's name."""

    def __init__(self, folder: Path, files: Collection[str]) -> None:
        self._folder, self._files, self._above = folder.resolve().name, files, folder.resolve().parts[-2::-1]
        bases = Counter(file.rpartition("/")[2] for file in files)
        self._by_base = {base: file for file in files if bases[base := file.rpartition("/")[2]] == 1}
        stems = {file: name_of(file) if "." in file else file for file in files}
        counts = Counter(stems.values())
        self._by_stem = {stem: file for file, stem in stems.items() if counts[stem] == 1}

    def find(self, cell: str) -> str | None:
        """The picture that a cell names: its path, the end of it from the folder's name on, or its file name."""
        path = PurePosixPath(cell.strip().replace("\\", "/"))
        if str(path) in self._files:
            return str(path)
        parts = path.parts
        places = [place for place, part in enumerate(parts) if part == self._folder]
        tails = ("/".join(parts[place + 1 :]) for place in places if not self._is_of_other_split(parts[:place]))
        if found := next((tail for tail in tails if tail in self._files), None):
            return found
        return self._by_base.get(path.name) if len(parts) == 1 else None

    def _is_of_other_split(self, above: Sequence[str]) -> bool:
        """Whether the folders above in a cell, and those above this one, say two splits: val/A is not train/A."""
        said = ((split_in(one), split_in(other)) for one, other in zip(above[::-1], self._above, strict=False))
        return any(one and other and one != other for one, other in said)

    def find_stem(self, cell: str) -> str | None:
        """The picture that a cell names without suffix."""
        return self._by_stem.get(cell.strip().replace("\\", "/"))


class _Line(NamedTuple):
    """A line: its number and cells, and for each cell the picture of A, and of B, that it names."""

    number: int
    cells: list[str]
    found: tuple[list[str | None], list[str | None]]

    def pick(self, columns: tuple[int, int]) -> tuple[str | None, str | None]:
        """The pictures that two cells name."""
        a, b = columns
        return _at(self.found[0], a), _at(self.found[1], b)


def choose_columns(
    rows: Sequence[ListRow], folders: tuple[Path, Path], here: Sequence[Collection[str]], file: Path
) -> ListColumns:
    """The lines with the two columns that name pictures of A and of B; as they are if one is two paths of theirs.

    Columns may be apart by spaces, too; a heading is left out, and so are other columns. A first line
    in which a cell is called as a picture is no heading, even if there is no such picture; under one that is, what fits
    as it is may still be B and A. In one folder that holds both, the first of two columns is A unless their headings
    say otherwise. Raises P2PError where two columns may be either.
    """
    if any(_fits(row, here) for _, row in rows) and _has_file(rows[0][1]):
        return ListColumns(list(rows))
    lines = _read_lines(rows, folders, here)
    width = min(_MOST_COLUMNS, max((len(line.cells) for line in lines), default=0))
    fitting = {both: sum(None not in line.pick(both) for line in lines) for both in permutations(range(width), 2)}
    most = max(fitting.values(), default=0)
    if not most:
        return ListColumns(list(rows))
    heading = lines[0].cells if _is_heading(lines) else []
    # Of names that are numbers, those that a line has in another column may be there more often than the right ones.
    likely = [both for both in sorted(fitting, key=lambda both: -fitting[both]) if 2 * fitting[both] > most]
    is_one_folder = folders[0].resolve() == folders[1].resolve()
    best = (_choose_order(likely, heading) if is_one_folder else None) or _choose(lines, likely, heading, file)
    a, b = ((_at(heading, place) or "").strip() or f"{place + 1}" for place in best)
    chosen = [(line.number, _cells_of(line, best)) for line in lines[1 if heading else 0 :]]
    return ListColumns(chosen, (a, b))


def _read_lines(rows: Sequence[ListRow], folders: tuple[Path, Path], here: Sequence[Collection[str]]) -> list[_Line]:
    cells = [(number, row[0].split() if len(row) == 1 else row) for number, row in rows]
    a, b = (_Names(folder, files) for folder, files in zip(folders, here, strict=True))
    lines = [_Line(number, row, (list(map(a.find, row)), list(map(b.find, row)))) for number, row in cells]
    if any(map(_names_any, lines)):
        return lines
    return [_Line(number, row, (list(map(a.find_stem, row)), list(map(b.find_stem, row)))) for number, row in cells]


def _is_heading(lines: Sequence[_Line]) -> bool:
    """Whether the first line names no picture, neither one that is there nor one that is not."""
    first = lines[0]
    if _names_any(first) or _has_file(first.cells):
        return False
    # Where names have no suffix, a number may be the name of a picture.
    return any(map(_has_file, (line.cells for line in lines))) or not any(map(_DIGIT.search, first.cells))


def _has_file(cells: Sequence[str]) -> bool:
    return any(cell.strip()[cell.strip().rfind(".") :].lower() in ARRAYS for cell in cells)


def _names_any(line: _Line) -> bool:
    return any(each is not None for side in line.found for each in side)


def _choose_order(likely: Sequence[tuple[int, int]], heading: Sequence[str]) -> tuple[int, int] | None:
    """Which of two columns is A: what their headings say, else the first; None where others fit, too."""
    if {frozenset(both) for both in likely} != {frozenset(likely[0])}:
        return None
    words = [_own_word(cell) for cell in heading]
    first, second = sorted(likely[0])
    turned = words and says_order(HalfWords(words[second], words[first]))
    return (second, first) if turned else (first, second)


def _own_word(heading: str) -> str:
    """The first word of a heading but for those that say no more than that a picture is meant."""
    parts = [part for part in re.split(r"[\W_]+", heading.casefold()) if part]
    return next((part for part in parts if part not in _PLAIN), "".join(parts[:1]))


def _choose(
    lines: Sequence[_Line], likely: Sequence[tuple[int, int]], heading: Sequence[str], file: Path
) -> tuple[int, int]:
    """The columns of A and B among those that fit most lines; those called a and b where there are some."""
    words = [cell.strip().casefold() for cell in heading]
    named = [both for both in likely if [_at(words, place) for place in both] == ["a", "b"]]
    first = (named or likely)[0]
    others = ((line.pick(first), line.pick(other)) for other in likely for line in lines)
    if not named and any(None not in other and other != one for one, other in others):
        what = "has several columns that name pictures of A and of B"
        raise P2PError(file, what, "Call that of A 'a' and that of B 'b' in its first line.", code="ambiguous-columns")
    return first


def _cells_of(line: _Line, columns: tuple[int, int]) -> list[str]:
    own = [_at(line.cells, place) or "" for place in columns]
    return [found or cell for found, cell in zip(line.pick(columns), own, strict=True)]


def _fits(row: Sequence[str], here: Sequence[Collection[str]]) -> bool:
    return len(row) == 2 and all(cell.strip() in files for cell, files in zip(row, here, strict=True))


def _at(row: Sequence[_T], place: int) -> _T | None:
    return row[place] if place < len(row) else None
