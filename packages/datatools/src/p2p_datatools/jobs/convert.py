"""Pictures become other pictures, file by file on all cores: what was made of what, and what need not be made again.

Nothing here may know how a picture is changed, or what the destination's own marker file says.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.atomic import read_lines, sha256_file, write_lines
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.mask_folder import areas_of
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import Array, form_of, write_tiff
from p2p_datatools.contract.pictures.images import hash_pixels, size_of, write_mask, write_png
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import parallel_map

LARGE = 4_000_000  # pixels above which pictures are changed one at a time, for memory's sake


@dataclass(frozen=True)
class Source:
    """A picture to change: its name (its path without suffix), and its file below the folder it comes from."""

    name: str
    folder: Path
    file: str

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / self.file


@dataclass(frozen=True)
class Product:
    """A picture to write: `file` below DEST, PNG or TIFF by its name, and `pixels`, or indices of a `palette`."""

    file: str
    pixels: Array
    palette: Palette | None = None

    def write(self, path: Path) -> None:
        """Write it without loss, atomically."""
        if self.palette:
            write_mask(path, self.pixels, self.palette, durable=False)
        elif path.suffix == ".tif":
            write_tiff(path, self.pixels, durable=False)
        else:
            write_png(path, self.pixels, durable=False)


Make = Callable[[Source], Sequence[Product]]


@dataclass(frozen=True)
class Line:
    """What became of one picture: `files` are those made of it, each with the hash of its pixels.

    `sha256` is that of the picture's own file; `areas` are, for a file that is a mask, its pixels by class.
    """

    name: str
    source: str
    sha256: str
    size: Size
    files: dict[str, str]
    areas: dict[str, dict[str, int]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The line as a JSON value."""
        value = vars(self) | {"size": list(self.size)}
        return value if self.areas else {key: part for key, part in value.items() if key != "areas"}


@dataclass(frozen=True)
class Converted:
    """What a conversion gave: `lines` of all pictures by name, how many were made now and kept, and what failed."""

    lines: dict[str, Line]
    made: int
    kept: int
    skipped: tuple[Skip, ...]


def read_conversion(path: Path) -> dict[str, Line]:
    """The lines of a finished conversion by name; raises P2PError when they are damaged."""
    try:
        lines = [_line(value) for value in read_lines(path)]
    except (KeyError, TypeError, ValueError) as error:
        raise P2PError(
            path,
            f"is damaged ({type(error).__name__}: {error})",
            "Delete the folder and make it again.",
            code="damaged-file",
        ) from error
    return {line.name: line for line in lines}


def write_conversion(path: Path, lines: Mapping[str, Line]) -> None:
    """Write a line for each picture, in the order of their names, atomically."""
    write_lines(path, (lines[name].to_json() for name in sorted(lines)))


def _line(value: Any) -> Line:
    width, height = value["size"]
    files = {str(file): str(digest) for file, digest in dict(value["files"]).items()}
    if outside := next((file for file in files if Path(file).is_absolute() or ".." in Path(file).parts), None):
        raise ValueError(f"file '{outside}' lies outside the folder")
    return Line(
        name=str(value["name"]),
        source=str(value["source"]),
        sha256=str(value["sha256"]),
        size=Size(int(width), int(height)),
        files=files,
        areas={file: dict(areas) for file, areas in dict(value.get("areas", {})).items()},
    )


def refuse_inside(dest: Path, folder: Path) -> None:
    """Raise UsageError when `dest` lies in the folder whose pictures are read."""
    if dest.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            dest,
            f"lies in {folder}, whose pictures are read; it would become one of them",
            "Choose a place outside.",
            code="destination-inside-source",
        )


def convert(
    sources: Sequence[Source], make: Make, destination: Destination, *, journal: str, report: Reporter = QUIET
) -> Converted:
    """Let `make` change every source, and bring what it gives to the destination, which is still to be committed.

    `journal` is the destination's file of lines. Pictures that are there, made of the same source, are kept; one whose
    source has changed is a skip, as is one for which `make` raises P2PError.
    """
    work = _Work(make, destination, journal, {source.name for source in sources})
    skipped, made, kept = [], 0, 0
    with closing(parallel_map(work.bring, sources)) as outcomes:
        for outcome in report.track(outcomes, "pictures", len(sources)):
            if isinstance(outcome.result, Skip):
                work.drop(outcome.source)
                skipped.append(outcome.result)
            elif outcome.new:
                work.record(outcome.result)
                made += 1
            else:
                kept += 1
    return Converted(work.lines(), made, kept, tuple(skipped))


@dataclass(frozen=True)
class _Outcome:
    source: Source
    result: Line | Skip
    new: bool = False


class _Work:
    """Brings one picture after the other; `bring` may be called from any thread, the rest from one."""

    def __init__(self, make: Make, destination: Destination, journal: str, wanted: Iterable[str]) -> None:
        self._make, self._destination, self._journal = make, destination, journal
        self._old = read_conversion(destination.dest / journal) if destination.exists else {}
        self._large = threading.Lock()
        wanted = set(wanted) | self._old.keys()
        for file, value in list(destination.done.items()):
            if value["name"] not in wanted:  # its picture has gone since an earlier call was interrupted
                destination.forget(file)
        self._begun = {line.name: line for line in map(_line, destination.done.values())}

    def lines(self) -> dict[str, Line]:
        """The lines of all pictures that are there now."""
        done = {line.name: line for line in map(_line, self._destination.done.values())}
        old = {name: line for name, line in self._old.items() if self._is_there(line)}
        return old | {name: line for name, line in done.items() if line.files.keys() <= self._destination.done.keys()}

    def _is_there(self, line: Line) -> bool:
        return all((self._destination.dest / file).is_file() for file in line.files)

    def record(self, line: Line) -> None:
        """Note the files of a picture as finished."""
        for file in line.files:
            if self._destination.done.get(file) != line.to_json():
                self._destination.record(file, line.to_json())

    def drop(self, source: Source) -> None:
        """Remove what an interrupted call made of a picture that fails now."""
        begun = self._begun.get(source.name)
        for file in begun.files if begun and source.name not in self._old else ():
            if file in self._destination.done:
                self._destination.forget(file)

    def bring(self, source: Source) -> _Outcome:
        """Make what is to be made of one picture, unless it is there."""
        try:
            sha256 = sha256_file(source.path)
            if known := self._known(source, sha256):
                return known
            with self._large if _is_large(source.path) else nullcontext():
                products = self._make(source)
            line = _line_of(source, sha256, products)
            if earlier := self._earlier(source, line):
                return earlier
        except P2PError as error:
            return _Outcome(source, skip_of(error, str(source.path)))
        # A disk that is full is no reason to skip a picture, so this is not tried above.
        for product in products:
            product.write(self._destination.path(product.file))
        return _Outcome(source, line, new=True)

    def _known(self, source: Source, sha256: str) -> _Outcome | None:
        """What is there already, made of a file of these very bytes."""
        begun = self._begun.get(source.name)
        if begun and begun.sha256 == sha256 and begun.files.keys() <= self._destination.done.keys():
            return _Outcome(source, begun, new=source.name not in self._old)
        old = self._old.get(source.name)
        return _Outcome(source, old) if old and old.sha256 == sha256 and self._is_there(old) else None

    def _earlier(self, source: Source, line: Line) -> _Outcome | None:
        """What is there already with these very pixels; a P2PError for anything else that stands in the way."""
        old, dest = self._old.get(source.name), self._destination.dest
        standing = [file for file in line.files if (dest / file).exists() and file not in self._destination.done]
        for file in standing:
            if old is None or file not in old.files:
                raise P2PError(
                    source.path,
                    f"{dest / file} is there, but not in {self._journal}",
                    "Remove that file.",
                    code="file-in-the-way",
                )
            if old.files[file] != line.files[file]:
                raise P2PError(
                    source.path, "has changed", f"Delete {dest / file} to have it made anew.", code="source-changed"
                )
        return _Outcome(source, old) if old and len(standing) == len(line.files) else None


def _is_large(path: Path) -> bool:
    size = form_of(path).size
    return size.width * size.height > LARGE


def _line_of(source: Source, sha256: str, products: Sequence[Product]) -> Line:
    return Line(
        name=source.name,
        source=source.file,
        sha256=sha256,
        size=size_of(products[0].pixels),
        files={product.file: hash_pixels(product.pixels) for product in products},
        areas={
            product.file: areas_of(histogram(product.pixels), product.palette)
            for product in products
            if product.palette
        },
    )
