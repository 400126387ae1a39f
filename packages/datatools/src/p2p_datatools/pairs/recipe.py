"""How pictures are paired: the two sides, their halves and the size, and the halves of one pair from its two files.

Nothing here may write a file, or know which pairs there are.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.mask_folder import refuse_other_exif
from p2p_datatools.contract.pairs.halves import NoDataPlanes, Store, refuse_unequal, store_of
from p2p_datatools.contract.pairs.lines import FILLED
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.pictures.arrays import Array, common_form, read_filled
from p2p_datatools.contract.pictures.header import Form, decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import DepthError, colorize, read_mask, read_photo, size_of
from p2p_datatools.contract.pictures.nodata import Gaps, Nodata, nodata_word
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.resize import fit_gaps, fit_to, resize_mask
from p2p_datatools.contract.pictures.sizes import Fit, Size, is_same_shape
from p2p_datatools.pairs.match import Files

MADE_BY = "p2p data pair"
# Bytes that a byte of a decoded half may cost while it is read, joined and written on one of many threads.
PAIR_WEIGHT = 4
RANGES = {"uint8": (0.0, 255.0)}  # for other types it depends on the values found
_MAY_BE_ARRAYS = (".npy", ".tif", ".tiff")
_NO_RANGE = (math.inf, -math.inf)
SCALED = "scaled"  # in a pair's sources: from which size to which its mask was scaled
REMARKS = frozenset({SCALED, FILLED})


@dataclass(frozen=True)
class Side:
    """One of the two folders and what half it becomes; a mask folder has a palette, any other has none."""

    folder: Path
    palette: Palette | None
    half: Half
    options: ReadOptions = AS_USUAL
    nodata: Nodata = "tag"
    over_white: list[Path] = field(default_factory=list, compare=False)  # photos that are not opaque, as they are read

    def read(self, file: Path) -> tuple[Array, Gaps | None]:
        """The picture in its own size, class indices of a mask, else values of the half's channels and type.

        The second are its pixels without data, which are filled; None if all have some.
        """
        if self.palette is not None:
            with open_picture(file, self.options) as picture:
                return read_mask(picture, self.palette), None
        with open_picture(file, self.options) as picture:
            if (self.half.channels, self.half.dtype) == (3, "uint8") and file.suffix.lower() not in _MAY_BE_ARRAYS:
                return read_photo(picture, over_white=self.over_white), None
            form = picture.header.form
            if not self._takes(form):
                raise _wrong_form(file, form, self.half)
            values, gaps = read_filled(picture, self.nodata, over_white=self.over_white)
        return values if form.channels == self.half.channels else np.repeat(values[..., None], 3, axis=2), gaps

    def _takes(self, form: Form) -> bool:
        grey_in_color = (form.channels, self.half.channels) == (1, 3) and form.dtype in ("uint8", "uint16")
        return form.dtype == self.half.dtype and (form.channels == self.half.channels or grey_in_color)

    def finish(self, values: Array, size: Size | None, fit: Fit) -> Array:
        """The half as it will stand in the pair, at `size` if there is one: masks exact and in colours."""
        if size:
            values = fit_to(values, size, fit, exact=self.palette is not None)
        return values if self.palette is None else colorize(values, self.palette)


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
        palette = self.palette.to_json() if self.palette else None
        halves = [[half.name, half.kind, half.channels, half.dtype] for half in self.halves]
        return {"by": MADE_BY, "halves": halves, "palette": palette, **self.settings()}

    def assemble(self, files: Files) -> Halves:
        """The halves of two files; a mask of its photo's shape is scaled to its size by nearest pixel.

        Raises P2PError when their shapes differ, since they are then not of one picture, whatever size is asked for.
        """
        (a, gaps_a), (b, gaps_b) = self.a.read(files[0]), self.b.read(files[1])
        own, other = size_of(a), size_of(b)
        remarks: dict[str, str] = {}
        if not is_same_shape(own, other):
            self._refuse_turned(files, own, other)
            raise _other_shape(files, own, other)
        if own != other:
            if self.a.palette and not self.b.palette:
                a, remarks = resize_mask(a, other), {SCALED: f"a {own} to {other}"}
            elif self.b.palette and not self.a.palette:
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
            found |= {key: file.relative_to(side.folder).as_posix(), f"{key}_sha256": sha256_file(file)}
        word = nodata_word(self.a.nodata)
        return found | ({"nodata": word} if word else {})

    def weight(self, files: Files) -> int:
        """The approximate peak memory of pairing two files, in bytes; 0 if a file cannot be read."""
        try:
            return sum(PAIR_WEIGHT * self._bytes(file) for file in files)
        except P2PError:
            return 0

    def _bytes(self, file: Path) -> int:
        with open_picture(file, self.a.options) as picture:
            return decoded_bytes(picture)


def _other_shape(files: Files, own: Size, other: Size) -> P2PError:
    return P2PError(
        files[0],
        f"the halves differ in size and shape: {own} and {other} ({files[1]})",
        "Take the two that belong together, or crop one to the shape of the other; one shape in two sizes is scaled.",
        code="mask-size",
    )


def _wrong_form(file: Path, form: Form, half: Half) -> P2PError:
    if half.dtype == "uint8" and form.dtype != "uint8":
        return DepthError(
            file,
            "has 16 bits a channel or floats; the other photos here have 8",
            "Convert it to 8 bits first.",
            code="depth",
        )
    others = Form(half.channels, half.dtype)
    return P2PError(
        file,
        f"has {form}, but the others of this half have {others}",
        "Convert it, or pair it into another folder.",
        code="mixed-forms",
    )


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
) -> PairRecipe:
    """How the pictures of two folders are paired: as in the folder that is `known`, else by the form of the pictures.

    Raises UsageError when palettes differ, words are the same, or a half is called mask and is not a mask.
    """
    palettes = palette_of(folders[0]), palette_of(folders[1])
    for folder, own in zip(folders, palettes, strict=True):
        if own:
            refuse_other_exif(folder, options.exif)
    if palettes[0] and palettes[1] and palettes[0] != palettes[1]:
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
    halves = _halves(folders, palettes, words)
    forms = [(known.a, known.b)[place] if known else None for place in (0, 1)]
    sides = []
    for folder, palette, half, form, paths in zip(folders, palettes, halves, forms, pictures, strict=True):
        if form is None and palette is None:
            channels, dtype = common_form(paths, options)
            form = replace(half, channels=channels, dtype=dtype, range=RANGES.get(dtype, _NO_RANGE))
        if form is not None:
            half = replace(half, channels=form.channels, dtype=form.dtype, range=form.range)
        sides.append(Side(folder, palette, half, options, nodata))
    return PairRecipe(sides[0], sides[1], size, fit)


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
