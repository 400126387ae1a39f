"""How pictures are paired: the two sides, their halves and the size, and the halves of one pair from its two files.

Nothing here may write a file, or know which pairs there are.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.mask_folder import refuse_other_exif
from p2p_datatools.contract.pairs.halves import NoDataPlanes, Store, refuse_unequal, store_of
from p2p_datatools.contract.pairs.lines import FILLED
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.pictures.arrays import Array, common_form
from p2p_datatools.contract.pictures.header import decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.nodata import Gaps, Nodata, nodata_word
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.resize import fit_gaps, resize_mask
from p2p_datatools.contract.pictures.sizes import Fit, Size, is_same_shape
from p2p_datatools.contract.words import plural
from p2p_datatools.pairs.match import Files
from p2p_datatools.pairs.side import Side, other_shape
from p2p_datatools.pairs.stack import PartFiles, stack

MADE_BY = "p2p data pair"
# Bytes that a byte of a decoded half may cost while it is read, joined and written on one of many threads.
PAIR_WEIGHT = 4
RANGES = {"uint8": (0.0, 255.0)}  # for other types it depends on the values found
_NO_RANGE = (math.inf, -math.inf)
SCALED = "scaled"  # in a pair's sources: from which size to which its mask was scaled
REMARKS = frozenset({SCALED, FILLED})


class Halves(NamedTuple):
    """Two halves, ready to be written, what was done to them, and where they have no data, if anywhere."""

    a: Array
    b: Array
    remarks: dict[str, str]
    nodata: NoDataPlanes | None = None


@dataclass(frozen=True)
class PairRecipe:
    """What is paired into what, and how."""

    a: Side
    b: Side
    size: Size | None
    fit: Fit

    @property
    def halves(self) -> tuple[Half, Half]:
        """What the halves are."""
        return self.a.half, self.b.half

    @property
    def palette(self) -> Palette | None:
        """The palette of the masks, if there are any."""
        return self.a.palette or self.b.palette

    @property
    def store(self) -> Store:
        """How the halves lie on the disk."""
        return store_of(*self.halves)

    def settings(self) -> dict[str, Any]:
        """What a pair's pixels depend on besides its sources, as JSON; without a size the fit has no effect."""
        size = {"size": list(self.size) if self.size else None, "fit": self.fit if self.size else None}
        word = nodata_word(self.a.nodata)
        return size | self.a.options.to_json() | ({"nodata": word} if word else {})

    def recipe(self) -> dict[str, Any]:
        """What must be the same to continue unfinished work."""
        palette = self.palette.without_rules().to_json() if self.palette else None
        halves = [[half.name, half.kind, half.channels, half.dtype] for half in self.halves]
        parts = [[part.name, part.channels] for half in self.halves for part in half.parts]
        return {
            "by": MADE_BY,
            "halves": halves,
            **({"parts": parts} if parts else {}),
            "palette": palette,
            **self.settings(),
        }

    def assemble(self, files: Files) -> Halves:
        """The halves of two files; a mask of its photo's shape is scaled to its size by nearest pixel.

        Raises P2PError when their shapes differ, since they are then not of one picture, whatever size is asked for.
        """
        (a, gaps_a), (b, gaps_b) = self.a.read(files[0]), self.b.read(files[1])
        own, other = size_of(a), size_of(b)
        remarks: dict[str, str] = {}
        if not is_same_shape(own, other):
            self._refuse_turned(files, own, other)
            raise other_shape(files, own, other)
        if own != other:
            if self.a.is_exact and not self.b.is_exact:
                a, remarks = resize_mask(a, other), {SCALED: f"a {own} to {other}"}
            elif self.b.is_exact and not self.a.is_exact:
                b, remarks = resize_mask(b, own), {SCALED: f"b {other} to {own}"}
        a, b = self.a.finish(a, self.size, self.fit), self.b.finish(b, self.size, self.fit)
        refuse_unequal(a, b, where=str(files[0]))
        nodata = NoDataPlanes(self._gaps(gaps_a, size_of(a)), self._gaps(gaps_b, size_of(b)))
        counts = [int(np.count_nonzero(each)) for each in nodata]
        if not any(counts):
            return Halves(a, b, remarks)
        return Halves(a, b, {**remarks, FILLED: f"a {counts[0]} b {counts[1]}"}, nodata)

    def _gaps(self, gaps: Gaps | None, size: Size) -> Gaps:
        """The pixels of a half as it will stand in the pair that have no data, or are mixed of such."""
        if gaps is None:
            return np.zeros((size.height, size.width), dtype=bool)
        return fit_gaps(gaps, size, self.fit)

    def _refuse_turned(self, files: Files, own: Size, other: Size) -> None:
        """Raise P2PError where one of two files is turned by EXIF, and would have the size of the other unturned."""
        if own == other or own != (other.height, other.width):
            return
        for file, mate in (files, files[::-1]):
            with open_picture(file, self.a.options) as picture:
                turned = picture.header.orientation >= 5
            if turned:
                what = f"is turned by its EXIF, and is not as large as {mate} for that reason alone"
                to_do = "If that one was made from the picture as it lies in the file, add --exif raw."
                raise P2PError(file, what, to_do, code="exif-turned")

    def sources(self, files: Files) -> dict[str, str]:
        """The files that a pair is made of, and their hashes."""
        found: dict[str, str] = {}
        for key, side, file in (("a", self.a, files[0]), ("b", self.b, files[1])):
            found |= side.sources(key, file)
        word = nodata_word(self.a.nodata)
        return found | ({"nodata": word} if word else {})

    def weight(self, files: Files) -> int:
        """The approximate peak memory of pairing two files, in bytes; 0 if a file cannot be read."""
        try:
            every = (*self.a.files_of(files[0]), *self.b.files_of(files[1]))
            return sum(PAIR_WEIGHT * self._bytes(file) for file in every)
        except P2PError:
            return 0

    def _bytes(self, file: Path) -> int:
        with open_picture(file, self.a.options) as picture:
            return decoded_bytes(picture)


def job_of(
    folders: Files,
    words: tuple[str, str] | None,
    size: Size | None,
    fit: Fit,
    *,
    pictures: tuple[Iterable[Path], Iterable[Path]],
    known: PairFolder | None,
    options: ReadOptions = AS_USUAL,
    nodata: Nodata = "tag",
    more: Sequence[Path] = (),
    partners: PartFiles | None = None,
) -> PairRecipe:
    """How the pictures of two folders are paired: as in the folder that is `known`, else by the form of the pictures.

    The pictures of `more` folders become further channels of A; `partners` are those of each picture of A. Raises
    UsageError when palettes differ, words are the same, or a half is called mask and is not a mask.
    """
    palettes = [palette_of(folder) for folder in (*folders, *more)]
    for folder, own in zip((*folders, *more), palettes, strict=True):
        if own:
            refuse_other_exif(folder, options.exif)
    if palettes[0] and palettes[1] and palettes[0] != palettes[1] and not more:
        raise UsageError(
            folders[0],
            f"has the palette {palettes[0].name}, but {folders[1]} has another one",
            "Build both masks with one palette.",
            code="other-palette",
        )
    if size and min(size) < 1:
        raise UsageError(
            f"size {size}", "has a side without pixels", "Give both sides at least 1 pixel.", code="impossible-setting"
        )
    if not more:
        forms = [known.a, known.b] if known else [None, None]
        halves = _halves(folders, (palettes[0], palettes[1]), words)
        parts = zip(folders, palettes, halves, forms, pictures, strict=True)
        a, b = (_side(*part, options, nodata) for part in parts)
        return PairRecipe(a, b, size, fit)
    assert partners is not None, "the pictures of more folders have been matched"
    return _stacked_job(folders, palettes, words, size, fit, pictures, known, (options, nodata), more, partners)


def _side(
    folder: Path,
    palette: Palette | None,
    half: Half,
    form: Half | None,
    paths: Iterable[Path],
    options: ReadOptions,
    nodata: Nodata,
) -> Side:
    """One side, of a `form` that is known or else that of its pictures."""
    if form is None and palette is None:
        channels, dtype = common_form(paths, options)
        form = replace(half, channels=channels, dtype=dtype, range=RANGES.get(dtype, _NO_RANGE))
    if form is not None:
        half = replace(half, channels=form.channels, dtype=form.dtype, range=form.range)
    return Side(folder, palette, half, options, nodata)


def _stacked_job(
    folders: Files,
    palettes: Sequence[Palette | None],
    words: tuple[str, str] | None,
    size: Size | None,
    fit: Fit,
    pictures: tuple[Iterable[Path], Iterable[Path]],
    known: PairFolder | None,
    ways: tuple[ReadOptions, Nodata],
    more: Sequence[Path],
    partners: PartFiles,
) -> PairRecipe:
    """`job_of` where A has the channels of several folders."""
    of_a, of_b = [palettes[0], *palettes[2:]], palettes[1]
    last = "mask" if of_b else "photo" if any(of_a) else "b"
    words = words or ("inputs", last)
    if words[0] == "mask":
        what, to_do = "is the name of one mask, but A is of several folders", "Give it another name, such as inputs."
        raise UsageError(f"halves {words[0]},{words[1]}", what, to_do, code="impossible-setting")
    _, half_b = _halves((folders[0], folders[1]), (None, of_b), words)
    if known and len(known.a.parts) != len(of_a):
        what = f"has pairs of {plural(len(known.a.parts) or 1, 'folder')} in A, not of {len(of_a)}"
        raise UsageError(known.path, what, "Choose another destination.", code="other-settings")
    places = (pictures[0], *(list(each) for each in zip(*partners.values(), strict=True)))
    sides = []
    for number, (folder, palette, paths) in enumerate(zip((folders[0], *more), of_a, places, strict=True)):
        part = known.a.parts[number] if known else None
        form = replace(known.a, channels=part.channels, parts=()) if known and part else None
        half = Half(words[0], "mask" if palette else "photo" if any((*of_a, of_b)) else "picture")
        sides.append(_side(folder, palette, half, None if palette else form, paths, *ways))
    a = stack(sides, partners, words[0])
    if known:
        a = replace(a, half=replace(a.half, range=known.a.range))
    if any(of_a) and not of_b:
        half_b = replace(half_b, kind="photo")
    b = _side(folders[1], of_b, half_b, known.b if known else None, pictures[1], *ways)
    return PairRecipe(a, b, size, fit)


def _halves(
    folders: Files, palettes: tuple[Palette | None, Palette | None], words: tuple[str, str] | None
) -> tuple[Half, Half]:
    is_mask = palettes[0] is not None, palettes[1] is not None
    words = words or {(True, False): ("mask", "photo"), (False, True): ("photo", "mask")}.get(is_mask, ("a", "b"))
    if words[0] == words[1] or not all(re.fullmatch(r"\w+", word) for word in words):
        raise UsageError(
            f"halves {words[0]},{words[1]}",
            "are not two different words",
            "Give two, such as mask,photo.",
            code="impossible-setting",
        )
    for folder, palette, word in zip(folders, palettes, words, strict=True):
        if word == "mask" and palette is None:
            raise UsageError(
                folder,
                "is not a mask folder (it has no palette.toml), so its colours would blend when resized",
                "Build it with 'p2p data build-masks', or give this half another name than mask.",
                code="no-palette",
            )
    plain = Half(words[0], "photo" if any(is_mask) else "picture")
    mask = replace(plain, kind="mask")
    return mask if is_mask[0] else plain, replace(mask if is_mask[1] else plain, name=words[1])
