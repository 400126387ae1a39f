"""What is paired into what, and how: the two sides, their halves, the size; one pair's picture out of its two files.

Nothing here may write, or know which pairs there are.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import sha256_file
from p2p_datatools.contract.fit import Fit, fit_to
from p2p_datatools.contract.images import Photo, Size, colorize, read_mask, read_photo
from p2p_datatools.contract.manifest import Half
from p2p_datatools.contract.pair import join
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.partners import Files

MADE_BY = "p2p data pair"


@dataclass(frozen=True)
class Side:
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
class Job:
    """What is paired into what, and how."""

    a: Side
    b: Side
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


def side_of(folder: Path) -> Side:
    if not folder.is_dir():
        raise P2PError(f"{folder}: there is no such folder.")
    return Side(folder, palette_of(folder))


def job_of(a: Side, b: Side, words: tuple[str, str] | None, size: Size | None, fit: Fit) -> Job:
    if a.palette and b.palette and a.palette != b.palette:
        raise UsageError(
            f"{a.folder}: has palette {a.palette.name}, {b.folder} another one. Build both masks with one palette."
        )
    if size and min(size) < 1:
        raise UsageError(f"size {size}: both sides need at least one pixel.")
    return Job(a, b, _halves(a, b, words), a.palette or b.palette, size, fit)


def _halves(a: Side, b: Side, words: tuple[str, str] | None) -> tuple[Half, Half]:
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
