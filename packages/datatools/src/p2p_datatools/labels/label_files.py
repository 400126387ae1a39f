"""The label files at a place, and the format of each by its content: which forms a format has, and who reads them.

Nothing here may name a format, or paint.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.files.listing import find_files
from p2p_datatools.contract.foreign import catch_decoder, is_utf8
from p2p_datatools.labels.parsing.csv_rows import read_csv
from p2p_datatools.labels.parsing.json_file import read_json_labels
from p2p_datatools.labels.parsing.json_lines import read_json_lines
from p2p_datatools.labels.parsing.regions import of_any_kind, unite
from p2p_datatools.labels.parsing.xml import SeveralRootsError, read_xml
from p2p_datatools.labels.region_store import RegionStore
from p2p_datatools.labels.split_files import choose_split_files, give_split, place_in_splits
from p2p_datatools.labels.unread import (
    describe_value,
    explain_content,
    explain_file,
    explain_folder,
    explain_value,
    unknown_labels,
)
from p2p_datatools.labels.values import EXPORT_AGAIN, LabelSet, RegionLabels


class _ReadFile(Protocol):
    def __call__(self, value: Any, *, where: str, source: str) -> LabelSet: ...


class FileForm(NamedTuple):
    """One form of a format's files, recognised by their parsed content; with `is_whole` one file holds all pictures."""

    is_it: Callable[[Any], bool]
    read: _ReadFile
    is_whole: bool = False
    may_hold_many: bool = False  # pictures, as those of a split
    is_numbered: bool = False  # its files are called by a number of the tool's own, and not as their pictures


class PlaceForm(NamedTuple):
    """A format that is recognised by a path and the names below it; with `fits_any` any folder of pictures is.

    With `may_have_others` people keep the labels that they were made of beside them, which are then named.
    """

    is_it: Callable[[Path], bool]
    read: Callable[[Path], LabelSet]
    fits_any: bool = False
    may_have_others: bool = False


@dataclass(frozen=True)
class Format:
    """One label format, recognised by the content of its label files, which may have several forms, or by a place.

    `name` is its name for --format, `title` its name in text, and `signs` say what is looked for.
    """

    name: str
    title: str
    signs: str
    forms: tuple[FileForm, ...] = ()
    place: PlaceForm | None = None


_MANIFEST = ".manifest"  # of AWS Ground Truth
_PARSERS: dict[str, Callable[[Path], Any]] = {
    ".json": read_json_labels,
    ".geojson": read_json,
    ".ndjson": read_json_lines,
    ".jsonl": read_json_lines,
    _MANIFEST: read_json_lines,
    ".vott": read_json,
    ".xml": read_xml,
    ".csv": read_csv,
}
# How a file is read only to see what it is, where that differs.
_LAX_PARSERS: dict[str, Callable[[Path], Any]] = {
    **dict.fromkeys((".json", ".geojson", ".vott"), partial(read_json, repeats=True)),
    **dict.fromkeys((".ndjson", ".jsonl", _MANIFEST), partial(read_json_lines, repeats=True)),
}


_MOST_EXPLAINED = 5  # files that no format reads
_ROOTS = ("annotations", "annotation")
_DAMAGED = ("damaged-json", "damaged-xml")


class LabelFiles:
    """The label files of some formats at a place: the file itself, or all below the folder, hidden ones left out.

    A file whose name is not UTF-8 counts as damaged, since a record cannot hold it.
    """

    def __init__(self, place: Path, formats: Iterable[Format]) -> None:
        self.place, self._formats = place, tuple(formats)
        # The values of a folder may not fit into memory together, so only the last one is kept.
        self._last: tuple[Path, Any] | None = None

    @cached_property
    def known(self) -> dict[Path, tuple[Format, FileForm]]:
        """The format of each file that has a known one, and which of its forms it has."""
        return {path: found for path, found in self._seen if isinstance(found, tuple)}

    @cached_property
    def damaged(self) -> tuple[P2PError, ...]:
        """Why files could not be opened, in the order of their names."""
        return tuple(error for _, error in self._seen if isinstance(error, P2PError))

    def of(self, wanted: Format) -> list[Path]:
        """The files of a format."""
        return [path for path, (found, _) in self.known.items() if found is wanted]

    def read(self, wanted: Format) -> LabelSet:
        """The labels of a format; files that are damaged are skipped.

        Raises P2PError when there is none, or several of which one holds all pictures, unless each is of one picture.
        """
        there = self.of(wanted)
        if not there:
            raise self._none(wanted)
        paths, note = self._choose(wanted, there)
        chosen = set(paths)
        left_out = [self._source(path) for path in there if path not in chosen]
        forms = [self.known[path][1] for path in paths]
        hold_many = all(form.is_whole or form.may_hold_many for form in forms)
        places = place_in_splits([self._source(path) for path in paths], hold_many=hold_many)
        store = RegionStore()
        sets = (
            give_split(self._read(path, form, store), self._source(path), places)
            for path, form in zip(paths, forms, strict=True)
        )
        found = unite(wanted.name, sets, self._skips())
        if left_out:
            read = " and ".join(map(self._source, paths))
            note = f"{self.place}: {read} are read, and {' and '.join(left_out)} left out."
        return replace(found, notes=(*found.notes, note)) if note else found

    def _none(self, wanted: Format) -> P2PError:
        """The error that no file is of this format; the damage of a single file comes first."""
        if not self.place.is_file():
            return P2PError(self.place, f"holds no {wanted.title} file", "Try --format auto.", code="no-labels")
        other = P2PError(self.place, f"is not {wanted.title}", "Try --format auto.", code="other-format")
        return next(iter(self.damaged), other)

    def _choose(self, wanted: Format, paths: list[Path]) -> tuple[list[Path], str]:
        """The files that are read together, and what is to be said of that.

        They are all, or of several that hold all pictures those of the splits.
        """
        if len(paths) == 1 or not any(self.known[path][1].is_whole for path in paths):
            return paths, ""
        chosen = choose_split_files([self._source(path) for path in paths])
        if chosen:
            return [path for path in paths if self._source(path) in chosen], ""
        counts = self._count_own_pictures(paths)
        if not counts:
            raise self._several(wanted, paths)
        note = (
            f"{self.place}: {len(paths)} files of {wanted.title} are read together, for no picture is in two of them."
        )
        return paths, "" if max(counts) == 1 else note

    def _count_own_pictures(self, paths: list[Path]) -> list[int]:
        """How many pictures each of the files has, if each has other ones; else nothing.

        In the folder of another split a picture of the same name is another one, and of splits such files have one
        picture each.
        """
        names, counts = set[tuple[str, str]](), list[int]()
        places = place_in_splits([self._source(path) for path in paths], hold_many=False)
        for path in paths:
            form = self.known[path][1]
            found = form.read(self._value(path), where=str(path), source=self._source(path))
            place = places.get(self._source(path))
            split = place.split if place else ""
            own = [*(item.picture_name for item in found.items), *(skip.where for skip in found.skipped)]
            told = {(split, name) for name in own}
            if not form.is_whole or not own or (places and len(own) > 1) or told & names:
                return []
            names |= told
            counts.append(len(own))
        return counts

    def _several(self, wanted: Format, paths: list[Path]) -> P2PError:
        names = " and ".join(map(self._source, paths[:5]))
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        what = (
            f"must hold one {wanted.title} file, one for each split, or files that share no picture, but holds "
            f"{names}{more}"
        )
        to_do = "Give one of these files; those of other pictures can be added into the same DEST, one after the other."
        return P2PError(self.place, what, to_do, code="several-files")

    def _read(self, path: Path, form: FileForm, store: RegionStore) -> LabelSet:
        """The labels of one file; one that is for one picture may be called as that, and its regions go to `store`."""
        read = partial(form.read, self._value(path), where=str(path), source=self._source(path))
        found = of_any_kind(read, str(path))
        if form.is_whole:
            return found
        items = tuple(store.keep(item) if isinstance(item, RegionLabels) else item for item in found.items)
        if len(items) == 1 and isinstance(items[0], RegionLabels) and not form.is_numbered:
            own = PurePosixPath(self._source(path)).with_suffix("").as_posix()
            items = (replace(items[0], label_file=own),)
        return replace(found, items=items)

    def _skips(self) -> Iterator[Skip]:
        for error in self.damaged:
            skip = skip_of(error, error.where)
            is_one = error.code in (*_DAMAGED, "unread-labels")
            yield replace(skip, to_do=f"{skip.to_do} If it has no labels, move it elsewhere.") if is_one else skip

    def explain(self) -> P2PError:
        """What the files are, if none of them has a known format, and what to do instead."""
        unread = [path for path, found in self._seen if found is None and path.is_file()]
        told = map(self._explain, unread[:_MOST_EXPLAINED])
        place = self.place
        known = next(
            (error for error in told if error), explain_folder(place) if place.is_dir() else explain_file(place)
        )
        if known:
            return known
        titles = [each.title for each in self._formats]
        source, held = next(((self._source(path), each) for path in unread if (each := self._describe(path))), ("", ""))
        return unknown_labels(place, titles, source=source, held=held)

    def _source(self, path: Path) -> str:
        return path.name if path == self.place else path.relative_to(self.place).as_posix()

    @cached_property
    def _seen(self) -> list[tuple[Path, tuple[Format, FileForm] | P2PError | None]]:
        closed: list[P2PError] = []
        seen = [(path, self._look_or_say(path)) for path in self._files(closed)]
        return [*((self.place, error) for error in closed), *seen]

    def _look_or_say(self, path: Path) -> tuple[Format, FileForm] | P2PError | None:
        """The format of a file, or why it cannot be told."""
        try:
            return self._look(path)
        except P2PError as error:
            return error

    def _files(self, closed: list[P2PError]) -> list[Path]:
        if self.place.is_file():
            return [self.place] if self.place.suffix.lower() in _PARSERS else []
        return [path for path in find_files(self.place, "*", strange=closed) if path.suffix.lower() in _PARSERS]

    def _look(self, path: Path) -> tuple[Format, FileForm] | P2PError | None:
        if not is_utf8(path.as_posix()):
            what = f"has a file whose name is not UTF-8: {path.name!a}"
            return P2PError(self.place, what, "Rename it.", code="name-not-utf8")
        try:
            value = self._value(path)
        except SeveralRootsError as error:
            # In known XML formats this is damage; the files of CMP facades have several roots.
            return error if error.tag in _ROOTS else None
        except P2PError as error:
            # Of the kinds that are read only manifests are also files of other programs, which are not JSON.
            is_other = path.suffix.lower() == _MANIFEST and path != self.place
            if is_other or self._is_unrelated(path):
                return None
            return (explain_content(path) if error.code in _DAMAGED else None) or error
        return self._recognise(path, value)

    def _recognise(self, path: Path, value: Any) -> tuple[Format, FileForm] | None:
        with catch_reader(path):
            return next(((each, form) for each in self._formats for form in each.forms if form.is_it(value)), None)

    def _is_unrelated(self, path: Path) -> bool:
        """Whether a file is JSON with two values for one key, and no label file: it may be any other program's."""
        try:
            value = _LAX_PARSERS[path.suffix.lower()](path)
        except (P2PError, KeyError):
            return False
        return self._recognise(path, value) is None

    def _value(self, path: Path) -> Any:
        if self._last is None or self._last[0] != path:
            with catch_reader(path):
                self._last = path, _PARSERS[path.suffix.lower()](path)
        return self._last[1]

    def _explain(self, path: Path) -> P2PError | None:
        with catch_reader(path):
            return explain_content(path) or explain_value(path, _parse_lax(path))

    @staticmethod
    def _describe(path: Path) -> str:
        with suppress(P2PError), catch_reader(path):
            return describe_value(_parse_lax(path))
        return ""


def _parse_lax(path: Path) -> Any:
    return (_PARSERS | _LAX_PARSERS)[path.suffix.lower()](path)


def catch_reader(path: Path) -> AbstractContextManager[None]:
    """An error of the file for whatever a reader raises of one that nobody foresaw; all formats are read through it."""
    return catch_decoder(path, "cannot be read as labels", EXPORT_AGAIN, code="damaged-labels")
