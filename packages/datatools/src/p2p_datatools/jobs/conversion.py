"""Turns pictures into other pictures, file by file: which files were made of which, and when they are up to date.

Nothing here may know how a picture is changed, or what the destination's marker file says.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from p2p_datatools.contract.differences import differences
from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import read_json, read_lines, write_lines
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.mask_folder import areas_of
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import Array, write_tiff
from p2p_datatools.contract.pictures.formats.gdal import sign_picture
from p2p_datatools.contract.pictures.header import decoded_bytes
from p2p_datatools.contract.pictures.images import hash_pixels, size_of, write_mask, write_png
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter

# Bytes that a byte of the decoded picture may cost; drawing edges and taking masks apart take most.
CONVERSION_WEIGHT = 5


@dataclass(frozen=True)
class Source:
    """A picture to change: its name (its path without suffix), and its file below the folder it comes from.

    `beside` is a second picture that the result depends on, if there is one.
    """

    name: str
    folder: Path
    file: str
    beside: Path | None = None

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / self.file

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files that the result depends on."""
        return (self.path, self.beside) if self.beside else (self.path,)


@dataclass(frozen=True)
class Product:
    """A picture to write: `file` below DEST, PNG or TIFF by its suffix, and `pixels`, or indices of a `palette`.

    `nodata` is the value that means no data, if one does; a TIFF says so by GDAL's tag.
    """

    file: str
    pixels: Array
    palette: Palette | None = None
    nodata: float | None = None

    def write(self, path: Path) -> None:
        """Write it without loss, atomically."""
        if self.palette:
            write_mask(path, self.pixels, self.palette, durable=False)
        elif path.suffix == ".tif":
            write_tiff(path, self.pixels, nodata=self.nodata, durable=False)
        else:
            write_png(path, self.pixels, durable=False)


Make = Callable[[Source], Sequence[Product]]


@dataclass(frozen=True)
class ConversionLine:
    """The result of one picture: `files` are those made of it, each with the hash of its pixels.

    `sha256` is that of the picture's own file (see `sign_picture`), or of both where there is one beside it; `areas`
    are, for a file that is a mask, its pixels by class.
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
class ConversionResult:
    """What a conversion gave: how many pictures were made now and kept, and what failed.

    `lines` of all pictures by name are read one by one, and not after the commit.
    """

    lines: Mapping[str, ConversionLine]
    made: int
    kept: int
    skipped: tuple[Skip, ...]


def read_conversion(path: Path) -> dict[str, ConversionLine]:
    """The lines of a finished conversion by name; raises P2PError when they are damaged."""
    lines = [_line(value, path) for value in read_lines(path)]
    return {line.name: line for line in lines}


def write_conversion(path: Path, lines: Mapping[str, ConversionLine]) -> None:
    """Write a line for each picture, in the order of their names, atomically."""
    write_lines(path, (lines[name].to_json() for name in sorted(lines)))


def _line(value: Any, where: Path | str) -> ConversionLine:
    to_do = "Delete the folder and make it again."
    at = ForeignPlace(where, to_do)
    with catch_decoder(where, "is damaged", to_do):
        files, areas = at.read_texts(value["files"], "files"), at.read_table(value.get("areas", {}), "areas")
        line = ConversionLine(
            name=relative_name(value["name"], where),
            source=at.read_text(value["source"], "source"),
            sha256=at.read_text(value["sha256"], "sha256"),
            size=Size(*at.read_two(value["size"], "a size")),
            files={relative_name(file, where): digest for file, digest in files.items()},
            areas={file: at.read_counts(each, f"areas of {file}") for file, each in areas.items()},
        )
        if not areas.keys() <= files.keys():
            raise at.refuse(areas, "areas", "of files that the line names")
        return line


def refuse_other_conversion(header: Path, settings: Mapping[str, Any], *, kind: str, command: str) -> None:
    """Raise UsageError when the header of DEST is there, and not that of `command` with these settings."""
    if not header.is_file():
        return
    made = read_json(header)
    if not isinstance(made, dict) or made.get("format") != kind:
        what = f"its {header.name} was not written by '{command}'"
        raise UsageError(header.parent, what, "Choose another destination.", code="destination-taken")
    if differing := differences(made, settings):
        to_do = "Use the same settings, or choose another destination."
        raise UsageError(header.parent, f"was made with {differing}", to_do, code="other-settings")


def convert(
    sources: Sequence[Source], make: Make, destination: Destination, *, journal: str, report: Reporter = QUIET
) -> ConversionResult:
    """Let `make` change every source, and write the results to the destination; the caller commits it.

    `journal` is the destination's file of lines. Pictures that are there, made of the same source, are kept; one whose
    source has changed is a skip, as is one for which `make` raises P2PError.
    """
    work = _Conversion(make, destination, journal, sources)
    done = work.run(sources, "pictures", len(sources), report=report)
    return ConversionResult(work.records(), done.made + done.resumed, done.kept, done.skipped)


class _Conversion(Work[Source, ConversionLine, str]):
    """The work of one conversion; a picture is recognised by the hash of its file."""

    def __init__(self, make: Make, destination: Destination, journal: str, sources: Sequence[Source]) -> None:
        self._make, self.listing = make, journal
        old = read_conversion(destination.dest / journal) if destination.exists else {}
        super().__init__(destination, old, {source.name for source in sources})

    def list_sources(self, item: Source) -> Sequence[str]:
        """The picture, and the one beside it."""
        return tuple(map(str, item.paths))

    def weight(self, item: Source) -> int:
        """By the pictures' own size."""
        return CONVERSION_WEIGHT * sum(map(decoded_bytes, item.paths))

    def sign(self, item: Source) -> str:
        """The hash of its file, and of what lies beside it."""
        first, *others = map(sign_picture, item.paths)
        return hashlib.sha256("".join((first, *others)).encode()).hexdigest() if others else first

    def is_current(self, record: ConversionLine, item: Source, signature: str) -> bool:
        """Whether it was made of a file of these very bytes."""
        return record.sha256 == signature

    def make(
        self, item: Source, signature: str, known: ConversionLine | None, *, stands: bool
    ) -> Output[ConversionLine] | None:
        """Change the picture; if the result has the same pixels as before, its file is kept."""
        products = self._make(item)
        line = _line_of(item, signature, products)
        if stands and known is not None:
            if line.files == known.files:
                return None
            changed = next(file for file, digest in known.files.items() if line.files.get(file) != digest)
            to_do = f"Delete {self.destination.dest / changed} to make it again."
            raise P2PError(item.path, "has changed since it was used", to_do, code="source-changed")
        return Output(list(line.files), partial(_write, line, products))

    def read_record(self, file: str, value: dict[str, Any]) -> ConversionLine:
        """The line of the picture."""
        return _line(value, self.destination.partial)


def _write(line: ConversionLine, products: Sequence[Product], paths: Sequence[Path]) -> ConversionLine:
    for product, path in zip(products, paths, strict=True):
        product.write(path)
    return line


def _line_of(source: Source, sha256: str, products: Sequence[Product]) -> ConversionLine:
    return ConversionLine(
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
