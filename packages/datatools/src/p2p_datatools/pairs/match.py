"""Matches the pictures of two folders, by name, by an expression or by a list, in little memory: there may be millions.

Nothing here may open a picture or know what is made of a match.
"""

import csv
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.atomic import cannot_read
from p2p_datatools.contract.files.labelme_folders import find_labels
from p2p_datatools.contract.files.listing import LeftOut, picture_names
from p2p_datatools.contract.names import is_name, name_of
from p2p_datatools.contract.pictures.arrays import ARRAYS
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural

Files = tuple[Path, Path]  # the A and the B of one name


class MatchedFiles(Mapping[str, Files]):
    """Files of two folders by name, in the order in which they were added."""

    def __init__(self, a: Path, b: Path) -> None:
        self._folders = a, b
        self._kept: dict[str, tuple[str, str]] = {}
        self._known: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, name: str, a: str, b: str) -> None:
        """Add the files of a name, as paths below their folders or as `shorten_file` gives them."""
        kept = shorten_file(a, name), shorten_file(b, name)
        # Most files have their pair's name and one of few suffixes, so that all of these share one tuple.
        self._kept[name] = self._known.setdefault(kept, kept) if all(map(_is_suffix, kept)) else kept

    def only(self, has: Callable[[str], bool]) -> "MatchedFiles":
        """Those for whose names `has` is true."""
        found = MatchedFiles(*self._folders)
        found._kept = {name: kept for name, kept in self._kept.items() if has(name)}
        return found

    def __getitem__(self, name: str) -> Files:
        (a, b), (folder_a, folder_b) = self._kept[name], self._folders
        return folder_a / lengthen_file(a, name), folder_b / lengthen_file(b, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _is_suffix(kept: str) -> bool:
    return kept.startswith(".")


def shorten_file(file: str, name: str) -> str:
    """A file's suffix if the rest is its name; else the path as it is, which does not begin with a dot."""
    suffix = file[file.rfind(".") :]
    return sys.intern(suffix) if len(file) == len(name) + len(suffix) and file.startswith(name) else file


def lengthen_file(kept: str, name: str) -> str:
    """The path that `shorten_file` made shorter."""
    return name + kept if _is_suffix(kept) else kept


Partners = tuple[MatchedFiles, list[Skip]]
Key = Callable[[str], str | None]  # maps a picture's name to what is compared
_CORRECT_LINE = "Correct or remove the line."
BY_STEM = "stem"


def match_pictures(
    a: Path, b: Path, *, match: str = BY_STEM, others: list[LeftOut] | None = None, report: Reporter = QUIET
) -> Partners:
    """The two files of each name, in the order of the names, and what could not be matched.

    `match` is "stem": a name is the path below the folder without suffix; or a regular expression: the name is what
    its first group, or the whole of it, finds in that path; or a CSV file with the columns a and b, paths below the
    folders: the name is that of A. What is not read of each folder is added to `others`.

    Raises P2PError when a folder has no pictures or nothing matches, UsageError when
    the expression is not valid.
    """
    if match.lower().endswith(".csv"):
        return read_list(Path(match), a, b, others=others, report=report)
    return _by_key(a, b, _own_name if match == BY_STEM else _key_by_expression(match), others)


def _own_name(name: str) -> str:
    return name


def _key_by_expression(expression: str) -> Key:
    try:
        pattern = re.compile(expression)
    except re.error as error:
        raise UsageError(
            f"match {expression}",
            f"is not a regular expression: {error}",
            "Write stem, a FILE.csv, or an expression whose first group is what the names in A and B share, "
            "such as '(\\d+)'.",
            code="bad-expression",
        ) from error

    def key(name: str) -> str | None:
        hit = pattern.search(name)
        return None if hit is None else hit[1 if pattern.groups else 0]

    return key


def _by_key(a: Path, b: Path, key: Key, others: list[LeftOut] | None) -> Partners:
    of_a, of_b = _NamedPictures(a, key, others), _NamedPictures(b, key, others)
    in_a, in_b = of_a.files, of_b.files
    if not any(name in in_b for name in in_a):
        raise P2PError(
            a,
            f"has no name in common with {b}: {_an_example(in_a)} here, {_an_example(in_b)} there",
            "A name is the path below the folder without suffix, or what --match finds in it.",
            code="no-common-name",
        )
    matched, skipped = MatchedFiles(a, b), of_a.skipped + of_b.skipped
    for name in sorted([*in_a, *(name for name in in_b if name not in in_a)]):
        twice = next((each.all_of(name) for each in (of_a, of_b) if name in each.more), None)
        if twice:
            skipped.append(_same_name(name, twice, by_stem=key is _own_name))
        elif name not in in_a or name not in in_b:
            of, other = (of_a, b) if name in in_a else (of_b, a)
            to_do = f"Add '{name}' there, or remove this one."
            skipped.append(Skip(str(of.all_of(name)[0]), f"has no partner in {other}", to_do, "no-partner"))
        else:
            matched.add(name, in_a[name], in_b[name])
    return matched, skipped


def _same_name(name: str, files: list[Path], *, by_stem: bool) -> Skip:
    others = f"{files[1]}" + (f" and {len(files) - 2} more" if len(files) > 2 else "")
    if by_stem:
        return Skip(str(files[0]), f"has the same name as {others}", "Rename or remove one of them.", "same-name")
    what = f"has the same name as {others}, because the expression finds '{name}' in both"
    return Skip(str(files[0]), what, "Change the expression so that it finds what differs.", "same-name")


def _an_example(found: dict[str, str]) -> str:
    return f"'{min(found)}'" if found else "none"


class _NamedPictures:
    """The pictures of a folder by name: the first of each in `files`, shortened, any others in `more`."""

    def __init__(self, folder: Path, key: Key, others: list[LeftOut] | None) -> None:
        self._folder = folder
        self.files: dict[str, str] = {}
        self.more: dict[str, list[Path]] = {}
        self.skipped: list[Skip] = []
        for file in pictures_of(folder, self.skipped, others):
            name = key(name_of(file))
            if name is None:
                to_do = "Correct the expression, or move the file."
                self.skipped.append(Skip(str(folder / file), "does not match the expression", to_do, "no-match"))
            elif not is_name(name):
                what, to_do = f"would be called '{name}', which cannot be a file's name", "Correct the expression."
                if name == name_of(file):
                    what, to_do = (
                        "has a name that is too long for what is made of it, or cannot be printed",
                        "Rename it.",
                    )
                self.skipped.append(Skip(str(folder / file), what, to_do, "bad-name"))
            elif name in self.files:
                self.more.setdefault(name, []).append(folder / file)
            else:
                self.files[name] = shorten_file(file, name)

    def all_of(self, name: str) -> list[Path]:
        """All pictures of a name."""
        return [self._folder / lengthen_file(self.files[name], name), *self.more.get(name, [])]


def pictures_of(folder: Path, skipped: list[Skip], others: list[LeftOut] | None = None) -> list[str]:
    """The pictures and arrays below a folder, as paths below it; those whose names are not UTF-8 are `skipped`.

    What is not read is added to `others`, as are the label pictures beside the photos that labelme_json_to_dataset
    writes. Raises P2PError when there are no pictures.
    """
    if not folder.is_dir():
        raise P2PError(folder, "there is no such folder", "Check the spelling.", code="missing-folder")
    strange: list[P2PError] = []
    left_out = LeftOut(folder)
    found = picture_names(folder, ARRAYS, strange=strange, others=left_out)
    skipped += [skip_of(error, str(folder)) for error in strange]
    if not found and not strange:
        raise left_out.no_pictures(ARRAYS)
    labels = find_labels(folder, found)
    left_out.note_labels(labels)
    if others is not None:
        others.append(left_out)
    return [name for name in found if name not in labels] if labels else found


def read_list(
    file: Path, a: Path, b: Path, *, others: list[LeftOut] | None = None, report: Reporter = QUIET
) -> Partners:
    """The pairs that a CSV file lists, one a line: the path of a picture below A, a comma, that of one below B.

    A first line `a,b` is a heading. Lines that cannot be paired are skips that name the line; pictures that are not
    listed are left out, and `report` is told how many. Raises P2PError when the file is not CSV text or lists no pairs.
    """
    folders = a, b
    skipped: list[Skip] = []
    here = [frozenset(pictures_of(folder, skipped, others)) for folder in folders]
    found: dict[str, tuple[str, str]] = {}
    lines: dict[str, int] = {}
    for number, row in _rows(file):
        try:
            files = _listed_files(row, folders, here)
            name = name_of(files[0])
            if name in lines:
                what = f"'{name}' is in line {lines[name]} already, and a pair has the name of its A"
                raise P2PError("", what, _CORRECT_LINE, code="pair-listed-twice")
        except P2PError as error:
            skipped.append(skip_of(error, f"{file}: line {number}"))
            continue
        found[name], lines[name] = files, number
    if not found and not skipped:
        raise P2PError(file, "lists no pairs", "Write a line 'path in A,path in B' for each.", code="no-pairs")
    for place, folder in enumerate(folders):
        if left := len(here[place]) - len({files[place] for files in found.values()}):
            report.note(f"{folder}: {file} does not list {left} of {plural(len(here[place]), 'picture')}.")
    matched = MatchedFiles(a, b)
    for name, files in sorted(found.items()):
        matched.add(name, *files)
    return matched, skipped


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of a CSV file, without empty ones and the heading, with their numbers."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            for row in reader:
                is_heading = reader.line_num == 1 and [cell.strip().lower() for cell in row] == ["a", "b"]
                if any(cell.strip() for cell in row) and not is_heading:
                    yield reader.line_num, row
    except OSError as error:
        raise cannot_read(file, error) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise P2PError(
            file,
            f"line {reader.line_num + 1} is not CSV in UTF-8 ({error})",
            "Save the file as CSV in UTF-8.",
            code="bad-csv",
        ) from error


def _listed_files(row: list[str], folders: Files, here: list[frozenset[str]]) -> tuple[str, str]:
    if len(row) != 2:
        what = f"has {plural(len(row), 'column')}, not two with a comma between"
        raise P2PError("", what, f"Write a path with a comma in quotes. {_CORRECT_LINE}", code="line-without-two-paths")
    found = []
    for cell, folder, files in zip(row, folders, here, strict=True):
        path = PurePosixPath(cell.strip())
        if path.is_absolute() or ".." in path.parts:
            raise P2PError(
                "",
                f"'{cell}' leads out of {folder}",
                f"Write a path below that folder. {_CORRECT_LINE}",
                code="path-leads-out",
            )
        if str(path) not in files:
            raise P2PError("", f"there is no picture '{cell}' in {folder}", _CORRECT_LINE, code="missing-picture")
        found.append(str(path))
    return found[0], found[1]
