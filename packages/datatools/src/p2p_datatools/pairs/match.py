"""Matches the pictures of two folders, by name, by an expression or by a list, in little memory: there may be millions.

Nothing here may open a picture, but to tell A|B from A and B, or know what is made of a match.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.listing import LeftOut
from p2p_datatools.contract.matching import BY_STEM, LIST_SEVERAL, Key, key_of
from p2p_datatools.contract.names import name_of
from p2p_datatools.contract.pairs.seam import look_like_pairs
from p2p_datatools.contract.partners.join import (
    Join,
    have_common,
    join_pictures,
    join_sides,
    list_both,
    name_both,
    no_common_name,
    same_name,
    settle,
)
from p2p_datatools.contract.partners.list_columns import choose_columns
from p2p_datatools.contract.partners.matched import Files, MatchedFiles
from p2p_datatools.contract.partners.named import pictures_of
from p2p_datatools.contract.partners.one_folder import take_sides
from p2p_datatools.contract.partners.pair_lists import is_list, read_rows
from p2p_datatools.contract.partners.split_keys import own_name, within_splits
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command, plural

Partners = tuple[MatchedFiles, list[Skip]]
_CORRECT_LINE = "Correct or remove the line."


def match_pictures(
    a: Path,
    b: Path,
    *,
    match: str = BY_STEM,
    halves: Sequence[str] = (),
    others: list[LeftOut] | None = None,
    report: Reporter = QUIET,
) -> Partners:
    """The two files of each name, in the order of the names, and what could not be matched.

    `match` is "stem": a name is the path below the folder without suffix, compared as by `join_pictures`; or a regular
    expression: the name is what its first group, its named groups or the whole of it find in that path, within each
    split where both have folders of splits; or a CSV file with the columns a and b, paths below the folders: the name
    is that of A. A and B may be one folder that holds both, as trainA/ and trainB/, of which the names of the `halves`
    may say which is which. Raises P2PError when a folder has no pictures or nothing matches, UsageError when the
    expression is not valid, or one folder does not hold both. What is not read of each is added to `others`.
    """
    if is_list(match):
        return read_list(Path(match), a, b, others=others, report=report)
    skipped, more_keys = list[Skip](), list[tuple[Key, Key]]()
    files: tuple[Sequence[str], Sequence[str]]
    if a.resolve() == b.resolve():
        files_a, files_b, more_keys = _take_sides(a, pictures_of(a, skipped, others), halves, report)
        files = files_a, files_b
    else:
        files = list_both((a, b), skipped, others)
    if match == BY_STEM:
        joined = join_pictures((a, b), files, more_keys, report=report)
    else:
        joined = _join_by(key_of(match), (a, b), files, more_keys, report)
    return joined.matched, [*skipped, *_skips(joined, by_stem=match == BY_STEM)]


def _take_sides(
    folder: Path, files: Sequence[str], halves: Sequence[str], report: Reporter
) -> tuple[list[str], list[str], list[tuple[Key, Key]]]:
    """As `take_sides`; raises UsageError where the pictures are pairs themselves, too."""
    try:
        return take_sides(folder, files, halves, report)
    except UsageError:
        if not look_like_pairs([folder / file for file in files]):
            raise
    to_do = (
        f"Split them as they are with {p2p_command('data split', folder)}, and train on them; or take them apart with "
        f"{p2p_command('data halves', folder, 'DEST')}."
    )
    raise UsageError(folder, "holds A|B pictures, which are pairs already", to_do, code="pairs-as-half")


def _join_by(
    key: Key,
    folders: Files,
    files: tuple[Sequence[str], Sequence[str]],
    more_keys: Sequence[tuple[Key, Key]],
    report: Reporter,
) -> Join:
    """The pictures joined by what a key finds in names without the words that tell A and B, or else in whole ones."""
    composed = [(_compose(key, a), _compose(key, b)) for a, b in (*more_keys, (own_name, own_name))]
    ways = [name_both(folders, files, within_splits(files, keys)) for keys in composed]
    sides = next(filter(have_common, ways), ways[0])
    settle(sides, report)
    if not have_common(sides):
        raise no_common_name(sides)
    return join_sides(sides)


def _compose(key: Key, before: Key) -> Key:
    return lambda name: None if (rest := before(name)) is None else key(rest)


def _skips(joined: Join, *, by_stem: bool) -> list[Skip]:
    """Why pictures are in no pair: first those that have no name, the others by their names."""
    found: dict[str, Skip] = {}
    for side, other in (joined.left[::-1], joined.left):
        for name, file in side.alone.items():
            to_do = f"Add '{name}' there, or remove this one."
            found[name] = Skip(str(file), f"has no partner in {other.folder}", to_do, "no-partner")
        found |= {name: same_name(both) if by_stem else _found_twice(name, both) for name, both in side.twice.items()}
    unnamed = [skip for side in joined.left for skip in side.skipped]
    return unnamed + [found[name] for name in sorted(found)]


def _found_twice(name: str, files: Sequence[Path]) -> Skip:
    skip = same_name(files)
    what = f"{skip.what}, because the expression finds '{name}' in both"
    to_do = f"Change the expression so that it finds what differs; or, where several belong to one, {LIST_SEVERAL}."
    return replace(skip, what=what, to_do=to_do)


def read_list(
    file: Path, a: Path, b: Path, *, others: list[LeftOut] | None = None, report: Reporter = QUIET
) -> Partners:
    """The pairs that a CSV file lists, one a line: the path of a picture below A, a comma, that of one below B.

    A first line `a,b` is a heading. Where no line is so, the two columns are taken that name pictures of A and of B
    (see `choose_columns`), and `report` is told which. Pairs have the names of B where one of A has several of these.
    Lines that cannot be paired are skips that name the line; pictures that are not listed are left out, and `report`
    is told how many. Raises P2PError when the file is not CSV text or lists no pairs.
    """
    folders, skipped = (a, b), list[Skip]()
    here = [frozenset(pictures_of(folder, skipped, others)) for folder in folders]
    found, lines = dict[str, tuple[str, str]](), dict[str, int]()
    columns = choose_columns(list(read_rows(file)), folders, here, file)
    if columns.names:
        report.note(f"{file}: A is its column {columns.names[0]}, B its column {columns.names[1]}.")
    namer = _namer_of([row for _, row in columns.rows])
    for number, row in columns.rows:
        try:
            files = _listed_files(row, folders, here)
            name = name_of(files[namer])
            if name in lines:
                what = f"'{name}' is in line {lines[name]} already, and a pair has the name of its {'AB'[namer]}"
                raise P2PError("", what, _CORRECT_LINE, code="pair-listed-twice")
        except P2PError as error:
            skipped.append(skip_of(error, f"{file}: line {number}"))
            continue
        found[name], lines[name] = files, number
    if not found and not skipped:
        raise P2PError(file, "lists no pairs", "Write a line 'path in A,path in B' for each.", code="no-pairs")
    _note_counts(file, folders, here, list(found.values()), report)
    matched = MatchedFiles(a, b)
    for name, files in sorted(found.items()):
        matched.add(name, *files)
    return matched, skipped


def _note_counts(
    file: Path, folders: Files, here: Sequence[Collection[str]], found: Sequence[tuple[str, str]], report: Reporter
) -> None:
    """Note how many pictures a list does not name (of one folder, in neither column), and how many several times."""
    listed = [Counter(files[place] for files in found) for place in (0, 1)]
    if folders[0].resolve() == folders[1].resolve():
        listed = [listed[0] | listed[1]]
    for folder, there, named in zip(folders, here, listed, strict=False):
        if left := len(there) - len(named):
            report.note(f"{folder}: {file} does not list {left} of {plural(len(there), 'picture')}.")
        if many := [name for name, count in named.items() if count > 1]:
            report.note(f"{folder}: {file} has {plural(len(many), 'picture')} in several lines, as '{min(many)}'.")


def _namer_of(rows: Sequence[Sequence[str]]) -> int:
    """Which column names the pairs: that of B where pictures of A belong to several of B, but none of B to several."""
    columns = [[row[place].strip() for row in rows if len(row) > place] for place in (0, 1)]
    is_single = [len({*column}) == len(column) for column in columns]
    return int(is_single == [False, True])


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
