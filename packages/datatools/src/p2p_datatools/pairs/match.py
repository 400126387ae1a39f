"""Matches the pictures of two folders, by name, by an expression or by a list, in little memory: there may be millions.

Nothing here may open a picture or know what is made of a match.
"""

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path, PurePosixPath

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.labelme_folders import find_labels
from p2p_datatools.contract.files.listing import LeftOut, picture_names, refuse_missing_folder
from p2p_datatools.contract.folders.roles import names_of_labels
from p2p_datatools.contract.mask_folder import find_sources
from p2p_datatools.contract.matching import (
    BY_STEM,
    LIST_SEVERAL,
    Addition,
    Key,
    explain_shift,
    find_convention,
    is_list,
    key_of,
    read_rows,
    split_labels,
    suggest_match,
)
from p2p_datatools.contract.names import fault_of_name, is_name, name_of
from p2p_datatools.contract.pictures.arrays import ARRAYS
from p2p_datatools.contract.pictures.kinds import say_picked
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural, shell_word
from p2p_datatools.pairs.list_columns import choose_columns
from p2p_datatools.pairs.several import find_several
from p2p_datatools.pairs.spellings import find_capitals, find_escaped, find_separators
from p2p_datatools.pairs.split_keys import outside_of, role_ways, split_keys, take_sides

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

    def files_of(self, name: str) -> tuple[str, str]:
        """The files of a name, as paths below their folders."""
        a, b = self._kept[name]
        return lengthen_file(a, name), lengthen_file(b, name)

    def __getitem__(self, name: str) -> Files:
        (a, b), (folder_a, folder_b) = self.files_of(name), self._folders
        return folder_a / a, folder_b / b

    @property
    def folders(self) -> Files:
        """The two folders."""
        return self._folders

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
Pick = Callable[[Sequence[Path]], Path | None]
ShowsLabels = Callable[[Path], bool]
_CORRECT_LINE = "Correct or remove the line."
_LIST_THEM = "; or list the pairs in lines 'a,b' for --match FILE.csv"


def _pick_none(_: Sequence[Path]) -> Path | None:
    return None


def _shows_none(_: Path) -> bool:
    return False


def match_pictures(
    a: Path,
    b: Path,
    *,
    match: str = BY_STEM,
    pick: Pick = _pick_none,
    shows_labels: ShowsLabels = _shows_none,
    halves: Sequence[str] = (),
    others: list[LeftOut] | None = None,
    report: Reporter = QUIET,
) -> Partners:
    """The two files of each name, in the order of the names, and what could not be matched.

    `match` is "stem": a name is the path below the folder without suffix; or a regular expression: the name is what
    its first group, or the whole of it, finds in that path; or a CSV file with the columns a and b, paths below the
    folders: the name is that of A. Names that have no partner by "stem" may differ by one convention, such as `_mask`
    at the end of each of A, and `report` is told. `pick` gives the one of several pictures of a name in one folder that
    is meant, if any. Where no name has a partner, several pictures may have one, whose name theirs begin with, unless
    `shows_labels` is true of them: they are then parts of one label. Where both have folders of splits, pictures are
    matched within each split; A and B may be one folder that holds both, as trainA/ and trainB/, of which the names of
    the `halves` may say which is which. Raises P2PError when a folder has no pictures or nothing matches, UsageError
    when the expression is not valid, or one folder does not hold both. What is not read of each is added to `others`.
    """
    if is_list(match):
        return read_list(Path(match), a, b, others=others, report=report)
    by_stem = match == BY_STEM
    skipped: list[Skip] = []
    files_a = pictures_of(a, skipped, others)
    if a.resolve() == b.resolve():
        files_a, files_b, more_keys = take_sides(a, files_a, halves, report)
    else:
        more_keys = []
        files_a, files_b = outside_of(a, files_a, b), outside_of(b, pictures_of(b, skipped, others), a)
    files = files_a, files_b
    if by_stem:
        keys = [*more_keys, *split_keys(files, (_own_name, _own_name), exact=True)]
    else:  # of names without the words that tell A and B, or else of whole ones
        key, ways_before = key_of(match), [*more_keys, (_own_name, _own_name)]
        composed = [(_compose(key, before_a), _compose(key, before_b)) for before_a, before_b in ways_before]
        keys = [ways for both in composed for ways in split_keys(files, both, exact=False)]
    found = []
    for files_of, (key_a, key_b) in [*((files, each) for each in keys), *(role_ways(files) if by_stem else ())]:
        sides = _NamedPictures(a, files_of[0], key_a), _NamedPictures(b, files_of[1], key_b)
        found.append(_leave_out_convention(_ignore_spelling(sides, report), report) if by_stem else sides)
        if _has_common(found[-1]):
            _note_others((a, b), files, files_of, report)
            break
    best = found[-1] if _has_common(found[-1]) else found[0]
    if by_stem:
        best = _without_labels(*best, report), _without_labels(*best[::-1], report)
    _settle(best, pick, report)
    if by_stem and not _has_common(best):
        best = next(filter(_has_common, (_repeat_partners(each, shows_labels, report) for each in found)), best)
    matched, unmatched = _join(*best, by_stem=by_stem)
    return matched, skipped + unmatched


def _note_others(
    folders: Files, files: tuple[Sequence[str], ...], taken: tuple[Sequence[str], ...], report: Reporter
) -> None:
    """Note which pictures are left out because those of their folder are the other half's."""
    for folder, there, own in zip(folders, files, taken, strict=True):
        if len(own) < len(there):
            left_out = min(set(there) - set(own))
            are = plural(len(there) - len(own), "picture is", "pictures are")
            report.note(f"{folder}: {are} of the other half by their folders, and left out; the first is {left_out}.")


def _settle(sides: "Iterable[_NamedPictures]", pick: Pick, report: Reporter) -> None:
    for each in sides:
        if left_out := each.settle(pick):
            report.note(say_picked(left_out, each.folder))


def _repeat_partners(sides: "_Sides", shows_labels: ShowsLabels, report: Reporter) -> "_Sides":
    """The same, where several pictures belong to one of the other folder by name: this one for each of them."""
    of_a, of_b = sides
    for many, few in ((of_a, of_b), (of_b, of_a)):
        partners = {} if many.more or few.more else find_several(many.files.keys(), few.files.keys())
        if partners:
            first = min(partners)
            if any(shows_labels(path) for path in many.all_of(first)):
                what = f"belongs to '{partners[first]}' by name, as others do, and is a label picture"
                to_do = (
                    "If each shows a part of one label, unite them with 'p2p data build-masks --format class-masks'; "
                    f"if each is a label of its own, {LIST_SEVERAL}."
                )
                raise P2PError(many.all_of(first)[0], what, to_do, code="several-labels")
            count = len({*partners.values()})
            report.note(
                f"{plural(len(partners), 'picture')} of {many.folder} belong to {count} of {few.folder}, with whose "
                f"names theirs begin, such as '{first}' to '{partners[first]}': each is a pair of its own."
            )
            again = few.repeat(partners)
            return (many, again) if many is of_a else (again, many)
    return sides


def _own_name(name: str) -> str:
    return name


def _compose(key: Key, before: Key) -> Key:
    return lambda name: None if (rest := before(name)) is None else key(rest)


def _key_without(addition: Addition, names: Collection[str]) -> Key:
    return lambda name: addition.remove(name) or name if name in names else name


def _leave_out_convention(sides: "_Sides", report: Reporter) -> "_Sides":
    """The same, where names without a partner differ by one convention matched without what that adds."""
    of_a, of_b = sides
    alone = of_a.files.keys() - of_b.files.keys(), of_b.files.keys() - of_a.files.keys()
    convention = find_convention(*alone, both_ways=True) if alone[0] and alone[1] else None
    if convention is None:
        return sides
    key = key_of(convention.expression)  # a folder before what names begin with is in none of what it finds
    tells_apart = all(len({*map(key, each.files)}) == len(each.files) for each in sides)
    option = f", as by --match {shell_word(convention.expression)}" if tells_apart else ""
    both = convention.describe(f"names in {of_a.folder}", f"names in {of_b.folder}")
    report.note(f"{both}: matched without that{option}.")
    return of_a.rename(_key_without(convention.one, alone[0])), of_b.rename(_key_without(convention.other, alone[1]))


def _ignore_spelling(sides: "_Sides", report: Reporter) -> "_Sides":
    """The same, where names of B without a partner that are those of A in another spelling are called as these.

    Separators count only where no name has a partner: else x-5 and x_5 may be two.
    """
    for find in (find_escaped, find_capitals, find_separators):
        of_a, of_b = sides
        if find is find_separators and _has_common(sides):
            break
        found = find(of_b.files.keys() - of_a.files.keys(), of_a.files.keys() - of_b.files.keys())
        if found.names:
            other, first = min(found.names.items(), key=itemgetter(1))
            report.note(
                f"{plural(len(found.names), 'picture is', 'pictures are')} matched although their names differ in "
                f"{found.difference}; the first is '{first}' in {of_a.folder} and '{other}' in {of_b.folder}."
            )
            sides = of_a, of_b.rename(_key_in(found.names))
    return sides


def _key_in(names: Mapping[str, str]) -> Key:
    return lambda name: names.get(name, name)


def _without_labels(one: "_NamedPictures", other: "_NamedPictures", report: Reporter) -> "_NamedPictures":
    """The photos of a folder without labels that `other` does not have: those of its masks, a_mask.png, trainannot/."""
    alone = one.files.keys() - other.files.keys()
    paths = {name_of(lengthen_file(kept, name)): name for name, kept in one.files.items()} if alone else {}
    built = {paths[each] for each in find_sources(other.folder, [each for each in paths if paths[each] in alone])}
    labels = built or {*split_labels(one.files)} or {paths[each] for each in names_of_labels(paths)} if alone else built
    if not labels or not labels <= alone:
        return one
    are = plural(len(labels), "picture is the label of another", "pictures are labels of others")
    report.note(f"{one.folder}: {are}, and left out; the first is '{min(labels)}'.")
    return one.without(labels)


def _has_common(sides: "_Sides") -> bool:
    return any(name in sides[1].files for name in sides[0].files)


def _join(of_a: "_NamedPictures", of_b: "_NamedPictures", *, by_stem: bool) -> Partners:
    in_a, in_b = of_a.files, of_b.files
    if not _has_common((of_a, of_b)):
        to_do = "A name is the path below the folder without suffix, or what --match finds in it"
        suggested = suggest_match(in_a, in_b) if by_stem else ""
        to_do = f"{suggested}{to_do}{'' if 'FILE.csv' in suggested else _LIST_THEM}."
        raise P2PError(
            of_a.folder,
            f"has no name in common with {of_b.folder}: {of_a.example} here, {of_b.example} there",
            to_do,
            code="no-common-name",
        )
    if by_stem and (shift := explain_shift(in_a, in_b, of_b.folder)):
        to_do = (
            "If so, rename those of one folder, or list the pairs in lines 'a,b' for --match FILE.csv; if the "
            "names are right, add --match '.+' --keep-going, which leaves out the two that have no partner."
        )
        raise P2PError(of_a.folder, shift, to_do, code="shifted-names")
    matched, skipped = MatchedFiles(of_a.folder, of_b.folder), of_a.skipped + of_b.skipped
    for name in sorted([*in_a, *(name for name in in_b if name not in in_a)]):
        twice = next((each.all_of(name) for each in (of_a, of_b) if name in each.more), None)
        if twice:
            skipped.append(_same_name(name, twice, by_stem=by_stem))
        elif name not in in_a or name not in in_b:
            of, other = (of_a, of_b) if name in in_a else (of_b, of_a)
            to_do = f"Add '{name}' there, or remove this one."
            skipped.append(Skip(str(of.all_of(name)[0]), f"has no partner in {other.folder}", to_do, "no-partner"))
        else:
            matched.add(name, in_a[name], in_b[name])
    return matched, skipped


def _same_name(name: str, files: list[Path], *, by_stem: bool) -> Skip:
    others = f"{files[1]}" + (f" and {len(files) - 2} more" if len(files) > 2 else "")
    if by_stem:
        return Skip(str(files[0]), f"has the same name as {others}", "Rename or remove one of them.", "same-name")
    what = f"has the same name as {others}, because the expression finds '{name}' in both"
    to_do = f"Change the expression so that it finds what differs; or, where several belong to one, {LIST_SEVERAL}."
    return Skip(str(files[0]), what, to_do, "same-name")


class _NamedPictures:
    """The pictures of a folder by name: the first of each in `files`, shortened, any others in `more`."""

    def __init__(self, folder: Path, listed: Sequence[str], key: Key) -> None:
        self.folder, self._listed, self._key = folder, listed, key
        self.files: dict[str, str] = {}
        self.more: dict[str, list[Path]] = {}
        self.skipped: list[Skip] = []
        for file in listed:
            name = key(name_of(file))
            if name is None:
                to_do = "Correct the expression, or move the file."
                self.skipped.append(Skip(str(folder / file), "does not match the expression", to_do, "no-match"))
            elif not is_name(name):
                fault = fault_of_name(name)
                what, to_do = f"would be called '{name}', a name that {fault}", "Correct the expression."
                if name == name_of(file):
                    what, to_do = f"has a name that {fault}", "Rename it, and its partner."
                self.skipped.append(Skip(str(folder / file), what, to_do, "bad-name"))
            elif name in self.files:
                self.more.setdefault(name, []).append(folder / file)
            else:
                self.files[name] = shorten_file(file, name)

    def rename(self, key: Key) -> "_NamedPictures":
        """The same pictures, with the names that a key finds in theirs."""

        def both(name: str) -> str | None:
            return None if (own := self._key(name)) is None else key(own)

        return _NamedPictures(self.folder, self._listed, both)

    def without(self, names: Collection[str]) -> "_NamedPictures":
        """The same pictures, but for those of some names."""
        listed = [file for file in self._listed if self._key(name_of(file)) not in names]
        return _NamedPictures(self.folder, listed, self._key)

    def repeat(self, partners: Mapping[str, str]) -> "_NamedPictures":
        """The same pictures by the names of their `partners`, each for all of these; without any, by its own."""
        again = self.without(self.files)
        again.skipped = self.skipped
        alone = self.files.keys() - partners.values()
        for name, own in (*partners.items(), *((own, own) for own in alone)):
            again.files[name] = shorten_file(lengthen_file(self.files[own], own), name)
        return again

    @property
    def example(self) -> str:
        """One of the names; where there are none, why the first picture has none."""
        if self.files:
            return f"'{min(self.files)}'"
        return f"none ({self.skipped[0].where} {self.skipped[0].what})" if self.skipped else "none"

    def settle(self, pick: Pick) -> list[Path]:
        """Of pictures of one name and in one folder keep the one that `pick` gives; returns the others."""
        left_out: list[Path] = []
        for name in list(self.more):
            files = self.all_of(name)
            if len({file.with_suffix("") for file in files}) == 1 and (photo := pick(files)):
                self.files[name] = shorten_file(photo.relative_to(self.folder).as_posix(), name)
                left_out += [file for file in files if file != photo]
                del self.more[name]
        return left_out

    def all_of(self, name: str) -> list[Path]:
        """All pictures of a name."""
        return [self.folder / lengthen_file(self.files[name], name), *self.more.get(name, [])]


_Sides = tuple[_NamedPictures, _NamedPictures]


def pictures_of(folder: Path, skipped: list[Skip], others: list[LeftOut] | None = None) -> list[str]:
    """The pictures and arrays below a folder, as paths below it; those whose names are not UTF-8 are `skipped`.

    What is not read is added to `others`, as are the label pictures beside the photos that labelme_json_to_dataset
    writes. Raises P2PError when there are no pictures.
    """
    refuse_missing_folder(folder)
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

    A first line `a,b` is a heading. Where no line is so, the two columns are taken that name pictures of A and of B
    (see `choose_columns`), and `report` is told which. Pairs have the names of B where one of A has several of these.
    Lines that cannot be paired are skips that name the line; pictures that are not listed are left out, and `report`
    is told how many. Raises P2PError when the file is not CSV text or lists no pairs.
    """
    folders, skipped = (a, b), list[Skip]()
    here = [frozenset(pictures_of(folder, skipped, others)) for folder in folders]
    found, lines = dict[str, tuple[str, str]](), dict[str, int]()
    columns = choose_columns(list(read_rows(file)), folders, here, file)
    if columns.said:
        report.note(f"{file}: {columns.said}.")
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
