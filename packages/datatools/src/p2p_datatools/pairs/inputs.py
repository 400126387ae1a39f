"""What is paired: the folders of A and of B, their matched files, and the two sides of pairs that these become.

Nothing here may read the pixels of a picture, or write a file.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.contract.errors import Skip, UsageError
from p2p_datatools.contract.files.listing import LeftOut
from p2p_datatools.contract.mask_folder import refuse_other_exif
from p2p_datatools.contract.matching import BY_STEM
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.partners.matched import Files, MatchedFiles
from p2p_datatools.contract.pictures.arrays import common_form
from p2p_datatools.contract.pictures.nodata import Nodata
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Fit, Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.pairs.match import match_pictures
from p2p_datatools.pairs.recipe import RANGES, PairRecipe
from p2p_datatools.pairs.side import Side
from p2p_datatools.pairs.stack import PartFiles, match_parts, stack

_NO_RANGE = (math.inf, -math.inf)


class PairSource(NamedTuple):
    """A folder that becomes a half, or a part of A; of its pictures those that are paired, and its palette, if any."""

    folder: Path
    palette: Palette | None
    pictures: Iterable[Path]


@dataclass(frozen=True)
class PairInputs:
    """The folders of A, of which each but the first adds channels, that of B, and their files by name.

    `partners` are the pictures of the further folders that belong to each picture of the first.
    """

    a: tuple[Path, ...]
    b: Path
    matched: MatchedFiles
    partners: PartFiles

    def sources(self) -> tuple[list[PairSource], PairSource]:
        """Those of A, and that of B."""
        firsts, of_b = (of_a for of_a, _ in self.matched.values()), (of_b for _, of_b in self.matched.values())
        pictures = (firsts, *zip(*self.partners.values(), strict=True))
        of_a = [PairSource(each, palette_of(each), paths) for each, paths in zip(self.a, pictures, strict=True)]
        return of_a, PairSource(self.b, palette_of(self.b), of_b)


def match_inputs(
    a: tuple[Path, ...], b: Path, *, match: str = BY_STEM, halves: Sequence[str] = (), report: Reporter = QUIET
) -> tuple[PairInputs, list[Skip], list[LeftOut]]:
    """(the folders and what has a partner in each, names that have none, files that are left out)."""
    first, *more = a
    others = list[LeftOut]()
    partners: PartFiles = {}
    with report.tell("matching names"):
        matched, skipped = match_pictures(first, b, match=match, halves=halves, others=others, report=report)
    for each in others:
        each.say(report)
    if more:
        matched, partners, alone = match_parts(matched, more, b, match=match, report=report)
        skipped += alone
    return PairInputs(a, b, matched, partners), skipped, others


def recipe_of(
    inputs: PairInputs,
    known: PairFolder | None,
    *,
    words: tuple[str, str] | None = None,
    size: Size | None = None,
    fit: Fit = "stretch",
    read: ReadOptions = AS_USUAL,
    nodata: Nodata = "tag",
) -> PairRecipe:
    """How the pictures are paired: as in the folder that is `known`, else by the form of the pictures.

    Raises UsageError when palettes differ, `words` are the same, or a half is called mask and is not a mask.
    """
    of_a, b = inputs.sources()
    for source in (*of_a, b):
        if source.palette:
            refuse_other_exif(source.folder, read.exif)
    if size and min(size) < 1:
        what, to_do = "has a side without pixels", "Give both sides at least 1 pixel."
        raise UsageError(f"size {size}", what, to_do, code="impossible-setting")
    make = partial(_side, options=read, nodata=nodata)
    if len(of_a) == 1:
        sides = _plain_sides(of_a[0], b, known, words, make)
    else:
        sides = _stacked_sides(of_a, b, known, words, make, inputs.partners)
    return PairRecipe(*sides, size, fit)


_MakeSide = Callable[[PairSource, Half, Half | None], Side]


def _side(source: PairSource, half: Half, form: Half | None, *, options: ReadOptions, nodata: Nodata) -> Side:
    """One side, of a `form` that is known or else that of its pictures."""
    if form is None and source.palette is None:
        channels, dtype = common_form(source.pictures, options)
        form = replace(half, channels=channels, dtype=dtype, range=RANGES.get(dtype, _NO_RANGE))
    if form is not None:
        half = replace(half, channels=form.channels, dtype=form.dtype, range=form.range)
    return Side(source.folder, source.palette, half, options, nodata)


def _plain_sides(
    a: PairSource, b: PairSource, known: PairFolder | None, words: tuple[str, str] | None, make: _MakeSide
) -> tuple[Side, Side]:
    """The sides of two folders."""
    if a.palette and b.palette and a.palette != b.palette:
        what = f"has the palette {a.palette.name}, but {b.folder} has another one"
        raise UsageError(a.folder, what, "Build both masks with one palette.", code="other-palette")
    half_a, half_b = _halves((a.folder, b.folder), (a.palette, b.palette), words)
    return make(a, half_a, known.a if known else None), make(b, half_b, known.b if known else None)


def _stacked_sides(
    of_a: Sequence[PairSource],
    b: PairSource,
    known: PairFolder | None,
    words: tuple[str, str] | None,
    make: _MakeSide,
    partners: PartFiles,
) -> tuple[Side, Side]:
    """The sides where A has the channels of several folders."""
    has_masks = any(source.palette for source in of_a)
    words = words or ("inputs", "mask" if b.palette else "photo" if has_masks else "b")
    if words[0] == "mask":
        what, to_do = "is the name of one mask, but A is of several folders", "Give it another name, such as inputs."
        raise UsageError(f"halves {words[0]},{words[1]}", what, to_do, code="impossible-setting")
    _, half_b = _halves((of_a[0].folder, b.folder), (None, b.palette), words)
    if known and len(known.a.parts) != len(of_a):
        what = f"has pairs of {plural(len(known.a.parts) or 1, 'folder')} in A, not of {len(of_a)}"
        raise UsageError(known.path, what, "Choose another destination.", code="other-settings")
    parts = []
    for number, source in enumerate(of_a):
        form = replace(known.a, channels=known.a.parts[number].channels, parts=()) if known else None
        half = Half(words[0], "mask" if source.palette else "photo" if has_masks or b.palette else "picture")
        parts.append(make(source, half, None if source.palette else form))
    a = stack(parts, partners, words[0])
    if known:
        a = replace(a, half=replace(a.half, range=known.a.range))
    if has_masks and not b.palette:
        half_b = replace(half_b, kind="photo")
    return a, make(b, half_b, known.b if known else None)


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
