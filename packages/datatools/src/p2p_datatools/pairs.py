"""The one assembler: pictures of two folders, partners by name, become side-by-side A|B pictures with a manifest.

Nothing here may decide on a split, paint a mask, or hold more than one pair's pixels at a time.
"""

import hashlib
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from p2p_datatools.contract.destination import Destination, Skip, refuse, skip_of
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import sha256_file
from p2p_datatools.contract.fit import Fit, fit_to
from p2p_datatools.contract.images import (
    Photo,
    Size,
    colorize,
    hash_pixels,
    read_mask,
    read_photo,
    write_png,
)
from p2p_datatools.contract.manifest import (
    HEADER,
    UNSPLIT,
    Half,
    Pair,
    PairFolder,
    is_manifested,
    pair_from_json,
    read_manifest,
    write_manifest,
)
from p2p_datatools.contract.pair import join
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.partners import Files, partners

CROWD = 10_000  # pairs above which a folder gets subfolders, for file managers and file systems grow slow
MADE_BY = "p2p data pair"


@dataclass(frozen=True)
class PairSummary:
    """What `pair` did: `built` in this call, `kept` from an earlier one; sizes are those of one half, by area."""

    built: int
    kept: int
    skipped: tuple[Skip, ...]
    dest: Path
    halves: tuple[str, str]
    smallest: Size
    largest: Size


@dataclass(frozen=True)
class _Side:
    """One of the two folders; a mask folder has a palette, any other has none."""

    folder: Path
    palette: Palette | None

    def read(self, file: Path, size: Size | None, fit: Fit) -> Photo:
        """The picture as it will stand in the pair: masks exact, photos smooth."""
        if self.palette is None:
            photo = read_photo(file)
            return fit_to(photo, size, fit, exact=False) if size else photo
        mask = read_mask(file, self.palette)
        return colorize(fit_to(mask, size, fit, exact=True) if size else mask, self.palette)


@dataclass(frozen=True)
class _Job:
    """What is paired into what, and how."""

    a: _Side
    b: _Side
    halves: tuple[Half, Half]
    palette: Palette | None
    size: Size | None
    fit: Fit

    def settings(self) -> dict[str, Any]:
        """What a pair's pixels depend on besides its sources, as JSON; without a size the fit has no effect."""
        return {"size": list(self.size) if self.size else None, "fit": self.fit if self.size else None}

    def recipe(self) -> dict[str, Any]:
        """What unfinished work must agree on to be continued."""
        palette = self.palette.to_json() if self.palette else None
        halves = [[half.name, half.kind] for half in self.halves]
        return {"by": MADE_BY, "halves": halves, "palette": palette, **self.settings()}

    def assemble(self, files: Files) -> Photo:
        """The A|B picture of two files."""
        a, b = (side.read(file, self.size, self.fit) for side, file in zip((self.a, self.b), files, strict=True))
        return join(a, b, where=str(files[0]))

    def sources(self, files: Files) -> dict[str, str]:
        """Which files a pair is made of, and by which hash to know them again."""
        found: dict[str, str] = {}
        for key, side, file in (("a", self.a, files[0]), ("b", self.b, files[1])):
            found |= {key: file.relative_to(side.folder).as_posix(), f"{key}_sha256": sha256_file(file)}
        return found


def pair(
    a: Path,
    b: Path,
    dest: Path,
    *,
    halves: tuple[str, str] | None = None,
    size: Size | None = None,
    fit: Fit = "stretch",
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> PairSummary:
    """Write one lossless PNG for every name that A and B share, A left and B right, into DEST/all, and the manifest.

    Either folder may be a mask folder (it has a palette.toml). `halves` are the words for A and B, such as
    ("mask", "photo"); by default they are those, or ("a", "b") where none is a mask folder. Without `size` the pictures
    keep their own, and the two of a pair must agree. On a DEST made with the same settings new pairs are added as not
    yet split, unchanged ones are kept; a picture of DEST that is gone is built again in its place.

    Raises P2PError, and writes no DEST, when a name lacks its partner or a picture is broken, unless `keep_going`:
    then those are in `skipped`, and in DEST/skipped.jsonl. Raises UsageError when DEST holds anything else.
    """
    job = _job(_side(a), _side(b), halves, size, fit)
    _refuse_inside(dest, (a, b))
    with Destination(dest, marker=HEADER, recipe=job.recipe()) as destination:
        old = _old_pairs(dest, job)
        matched, skipped = partners(a, b)
        assembler = _Assembler(job, destination, old, wanted=old.keys() | matched.keys())
        counts = {"built": 0, "kept": 0}
        for name, files in report.track(matched.items(), "pairing", len(matched)):
            outcome = assembler.bring(name, files)
            if isinstance(outcome, Skip):
                skipped.append(outcome)
            else:
                counts[outcome] += 1
        pairs = assembler.pairs()
        if not keep_going or not pairs:
            refuse(skipped, destination)
        _commit(destination, job, pairs, skipped)
    sizes = sorted((each.size for each in pairs.values()), key=lambda size: size.width * size.height)
    words = (job.halves[0].name, job.halves[1].name)
    return PairSummary(**counts, skipped=tuple(skipped), dest=dest, halves=words, smallest=sizes[0], largest=sizes[-1])


def _side(folder: Path) -> _Side:
    if not folder.is_dir():
        raise P2PError(f"{folder}: there is no such folder.")
    return _Side(folder, palette_of(folder))


def _job(a: _Side, b: _Side, words: tuple[str, str] | None, size: Size | None, fit: Fit) -> _Job:
    if a.palette and b.palette and a.palette != b.palette:
        raise UsageError(
            f"{a.folder}: has palette {a.palette.name}, {b.folder} another one. Build both masks with one palette."
        )
    if size and min(size) < 1:
        raise UsageError(f"size {size}: both sides need at least one pixel.")
    return _Job(a, b, _halves(a, b, words), a.palette or b.palette, size, fit)


def _halves(a: _Side, b: _Side, words: tuple[str, str] | None) -> tuple[Half, Half]:
    if words is None:
        words = {(True, False): ("mask", "photo"), (False, True): ("photo", "mask")}.get(
            (a.palette is not None, b.palette is not None), ("a", "b")
        )
    if words[0] == words[1] or not all(re.fullmatch(r"\w+", word) for word in words):
        raise UsageError(f"halves {words[0]},{words[1]}: need two different words, such as mask,photo.")
    for side, word in zip((a, b), words, strict=True):
        if word == "mask" and side.palette is None:
            raise UsageError(
                f"{side.folder}: is no mask folder (it has no palette.toml), so its colours would blend when resized. "
                "Build it with 'p2p data build-masks', or call this half something else than mask."
            )
    plain = Half(words[0], "photo" if a.palette or b.palette else "picture")
    mask = replace(plain, kind="mask")
    return mask if a.palette else plain, replace(mask if b.palette else plain, name=words[1])


def _refuse_inside(dest: Path, folders: Files) -> None:
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(f"{folders[0]}: is given as A and as B. Name two folders.")
    for folder in folders:
        if dest.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"{dest}: lies in {folder}, whose pictures it would join. Choose a place outside.")


def _old_pairs(dest: Path, job: _Job) -> dict[str, Pair]:
    """The pairs DEST has already, by name; a DEST that was made in another way is refused."""
    if not is_manifested(dest):
        return {}
    folder = read_manifest(dest)
    if folder.provenance.get("by") != MADE_BY:
        raise UsageError(f"{dest}: holds pairs that '{MADE_BY}' did not make. Choose another destination.")
    made = {**folder.provenance, "halves": (folder.a, folder.b), "palette": folder.palette}
    wanted = {**job.settings(), "halves": job.halves, "palette": job.palette}
    differing = ", ".join(key for key, value in wanted.items() if made.get(key) != value)
    if differing:
        raise UsageError(f"{dest}: was made with another {differing}. Repeat that, or choose another destination.")
    return {each.name: each for each in folder.pairs}


class _Assembler:
    """Brings one pair after the other to the destination, and knows those that are there from earlier calls.

    `old` are the pairs of DEST, by name; `wanted` are the names it will have. What an interrupted call made of other
    names, whose pictures are gone since, is removed.
    """

    def __init__(self, job: _Job, destination: Destination, old: dict[str, Pair], *, wanted: Set[str]) -> None:
        self._job, self._destination, self._old = job, destination, old
        self._crowded = len(wanted) > CROWD
        for pair in self._done().values():
            if pair.name not in wanted:
                destination.forget(pair.file)
        self._begun = self._done()
        self._taken = {pair.file for pair in self.pairs().values()}

    def _done(self) -> dict[str, Pair]:
        return {line["name"]: pair_from_json(line) for line in self._destination.done.values()}

    def pairs(self) -> dict[str, Pair]:
        """All pairs so far, by name."""
        return self._old | self._done()

    def bring(self, name: str, files: Files) -> Skip | Literal["built", "kept"]:
        """Build the pair of a name from its two files, unless it is there."""
        try:
            sources = self._job.sources(files)
            picture = self._picture(name, files, sources)
        except P2PError as error:
            if name in self._begun and name not in self._old:
                self._destination.forget(self._begun[name].file)
            return _skip(error, files)
        if picture is None:
            return "kept"
        size = Size(picture.shape[1] // 2, picture.shape[0])
        pair = replace(self._place(name), size=size, hash=hash_pixels(picture), sources=sources)
        write_png(self._destination.path(pair.file), picture, durable=False)
        self._destination.record(pair.file, pair.to_json())
        return "built"

    def _picture(self, name: str, files: Files, sources: dict[str, str]) -> Photo | None:
        """The picture to write for a name; None where it is there already."""
        if name in self._begun and self._begun[name].sources == sources:
            return None
        known = self._old.get(name)
        file = self._destination.dest / known.file if known else None
        if known is None or file is None or not file.exists():
            return self._job.assemble(files)
        # Files may have been written anew with the same pixels.
        if known.sources == sources or hash_pixels(self._job.assemble(files)) == known.hash:
            return None
        raise P2PError(f"{files[0]}: this or {files[1]} has changed. Delete {file} to have the pair built anew.")

    def _place(self, name: str) -> Pair:
        """Where the pair lies: where it lay before, else in all/; its size, hash and sources are still to be known."""
        known = self._old.get(name) or self._begun.get(name)
        if known:
            return known
        bucket = f"{hashlib.sha256(name.encode()).hexdigest()[:2]}/" if self._crowded else ""
        file = f"{UNSPLIT}/{bucket}{name}.png"
        if file in self._taken:
            raise P2PError(f"{self._destination.dest / file}: is the place of another pair. Rename '{name}'.")
        return Pair(name, file, UNSPLIT, Size(0, 0), "")


def _skip(error: P2PError, files: Files) -> Skip:
    at_fault = next((file for file in files if str(error).startswith(f"{file}: ")), files[0])
    return skip_of(error, str(at_fault))


def _commit(destination: Destination, job: _Job, pairs: dict[str, Pair], skipped: Sequence[Skip]) -> None:
    provenance = {"by": MADE_BY, **job.settings()}
    folder = PairFolder(destination.dest, *job.halves, job.palette, tuple(pairs.values()), provenance)
    destination.commit(lambda at: write_manifest(folder, at=at), skipped=skipped)
