"""Computes A from B: every photo of a folder becomes what a model has to translate back, such as its edges.

Nothing here may know how an operation works, join pictures into pairs, or draw a random number that does not follow
from a name and a seed.
"""

import dataclasses
import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import write_json
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.listing import LeftOut
from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pairs.manifest import has_manifest
from p2p_datatools.contract.pictures.arrays import read_filled
from p2p_datatools.contract.pictures.header import PictureFile, open_picture
from p2p_datatools.contract.pictures.images import DepthError, Photo, read_photo, say_over_white
from p2p_datatools.contract.pictures.kinds import prefer_photos
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.stretch import show_values
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.derivations.operations import OPERATIONS, Operation
from p2p_datatools.jobs.conversion import (
    ConversionLine,
    Product,
    Source,
    convert,
    refuse_other_conversion,
    write_conversion,
)

_HEADER, _LINES = "derive.json", "derive.jsonl"
_FORMAT, _VERSION = "p2p-derived", 1


@dataclass(frozen=True)
class DeriveSummary:
    """What `derive` did: photos `made` in this call and `kept` from an earlier one; `folders` hold the pictures.

    `left_out` are files of PHOTOS that are not read.
    """

    op: str
    settings: dict[str, Any]
    made: int
    kept: int
    skipped: tuple[Skip, ...]
    dest: Path
    folders: tuple[Path, ...]
    left_out: LeftOut


@dataclass(frozen=True)
class _Derivation:
    """An operation with all that its pictures depend on, and the photos of which something is to be told."""

    op: Operation
    seed: int
    read: ReadOptions
    over_white: list[Path] = field(default_factory=list)
    stretched: list[Path] = field(default_factory=list)

    def recipe(self) -> dict[str, Any]:
        """What every picture depends on; the seed only where it makes a difference."""
        name = next(name for name, kind in OPERATIONS.items() if kind is type(self.op))
        settings = {"op": name, "settings": dataclasses.asdict(self.op), "seed": self.seed if self.op.random else None}
        return {"format": _FORMAT, "version": _VERSION, **settings} | self.read.to_json()

    def make(self, source: Source) -> list[Product]:
        """The pictures that become of a photo."""
        with open_picture(source.path, self.read) as file:
            if is_deep := self.op.any_depth and file.header.form.dtype != "uint8":
                photo, _ = show_values(read_filled(file, "tag")[0])
            else:
                photo = self._read_photo(file)
        if source.beside:
            pictures = self._join(photo, source.beside)
        else:
            pictures = self.op.apply(photo, random_of(self.seed, source.name))
        if is_deep:
            self.stretched.append(source.path)
        folders = (f"{folder}/" if folder else "" for folder in self.op.folders)
        return [Product(f"{below}{source.name}.png", each) for below, each in zip(folders, pictures, strict=True)]

    def _read_photo(self, file: PictureFile) -> Photo:
        try:
            return read_photo(file, over_white=self.over_white)
        except DepthError as error:
            ways = " and ".join(name for name, kind in OPERATIONS.items() if kind.any_depth)
            to_do = f"Only --op {ways} take it as it is. Convert it first (ImageMagick: magick IN -depth 8 OUT)."
            raise DepthError(error.where, error.what, to_do, code=error.code) from error

    def _join(self, photo: Photo, path: Path) -> tuple[Photo, ...]:
        with open_picture(path) as file:
            other = read_photo(file)
        try:
            return self.op.join(photo, other)
        except ValueError as error:
            to_do = "Give the folder of what the model generated."
            raise P2PError(
                path, f"is not what 'p2p sample' makes of L: {error}", to_do, code="other-picture"
            ) from error

    def say(self, report: Reporter) -> None:
        """Note which photos were laid over white, and which were stretched."""
        say_over_white(self.over_white, report)
        if self.stretched:
            number = plural(len(self.stretched), "photo has", "photos have")
            what = f"{number} more than 8 bits a channel, stretched from black to white for drawing."
            report.note(f"{min(self.stretched)}: {what}")


def derive(
    photos: Path | str,
    dest: Path | str,
    op: Operation,
    *,
    seed: int = 0,
    read: ReadOptions = AS_USUAL,
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> DeriveSummary:
    """Write what `op` makes of every photo in PHOTOS to DEST/NAME.png, or for `Lab` to DEST/L and DEST/ab.

    `GeneratedColors` takes the picture of each photo's name in another folder, too; a photo without one counts as
    broken.

    Names are the photos' paths below PHOTOS without suffix, so that 'p2p data pair DEST PHOTOS' joins them. The same
    photo, name, settings and seed give the same picture. A photo of more than 8 bits is drawn, by `Edges` and `Sketch`,
    from its values stretched to black and white; other operations refuse it. `read` says which page of files with
    several is read. On a DEST made with the same settings new photos are added and others kept.

    Raises P2PError, and writes no DEST, when a photo is broken, unless `keep_going`: then those are in `skipped`, and
    in DEST/skipped.jsonl. Raises UsageError when DEST holds anything else, or was made with other settings.
    """
    photos, dest = Path(photos), Path(dest)
    if has_manifest(photos):
        what = "holds A|B pairs, not photos"
        raise UsageError(photos, what, "Take them apart first with 'p2p data halves'.", code="pairs-not-photos")
    derivation = _Derivation(op, seed, read)
    recipe = derivation.recipe()
    refuse_dest_inside(dest, photos, op.beside)
    refuse_other_conversion(dest / _HEADER, {**read.settings(), **recipe}, kind=_FORMAT, command="p2p data derive")
    with report.tell("listing files"):
        folder = PhotoFolder(photos)
    prefer_photos(folder, report)
    named, skipped = folder.sort_out()
    beside, missing = _find_beside(named, op.beside)
    skipped += missing
    sources = [
        Source(name, photos, path.relative_to(photos).as_posix(), beside.get(name))
        for name, path in named.items()
        if name in beside or not op.beside
    ]
    folder.others.say(report)
    with Destination(dest, marker=_HEADER, recipe=recipe, cheap=True) as destination:
        done = convert(sources, derivation.make, destination, journal=_LINES, report=report)
        skipped += done.skipped
        if not keep_going or not done.lines:
            refuse(skipped, destination)
        with report.tell("writing records"):
            destination.commit(lambda at: _write_records(at, recipe, done.lines), skipped=skipped)
    derivation.say(report)
    folders = tuple(dest / folder for folder in op.folders)
    made = (recipe["op"], recipe["settings"], done.made, done.kept)
    return DeriveSummary(*made, tuple(skipped), dest, folders, folder.others)


def _find_beside(named: Mapping[str, Path], folder: Path | None) -> tuple[dict[str, Path], list[Skip]]:
    """The picture that has the name of each photo in another folder, and skips for photos that have none there."""
    if folder is None:
        return {}, []
    others = PhotoFolder(folder)
    others.refuse_clashes()
    beside = {name: path for name in named if (path := others.get(name))}
    if not beside:
        to_do = "Give the folder of what 'p2p sample' made of L: --set ab=FOLDER."
        raise UsageError(folder, "has no picture of the name of any photo", to_do, code="no-partner")
    to_do = "Generate that picture, too ('p2p sample')."
    missing = [path for name, path in named.items() if name not in beside]
    return beside, [Skip(str(path), f"has no partner in {folder}", to_do, "no-partner") for path in missing]


def random_of(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one picture, which do not depend on other pictures or the order of work."""
    # Some systems write an umlaut as one character, others as two.
    text = f"{seed}\n{unicodedata.normalize('NFC', name)}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16]))


def _write_records(at: Path, recipe: Mapping[str, Any], lines: Mapping[str, ConversionLine]) -> None:
    """derive.jsonl, and derive.json last, since a folder with it counts as complete."""
    write_conversion(at / _LINES, lines)
    write_json(at / _HEADER, {**recipe, "photos": len(lines)})
