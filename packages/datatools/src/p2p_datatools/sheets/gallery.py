"""What there is to show of a folder: its pictures by name, how each is read, and what stands above their columns.

Nothing here may lay anything out; a picture is read when it is shown, and no earlier.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_json, read_lines
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.folders.data_folder import DataFolder, open_data
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.names import without_suffix
from p2p_datatools.contract.pairs.halves import as_photo, read_nodata, read_stored
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import SPLITS, UNSPLIT, Half, PairFolder, split_order
from p2p_datatools.contract.palette import IGNORE_COLOR, Palette
from p2p_datatools.contract.partners.mask_photos import MaskPhotos
from p2p_datatools.contract.pictures.arrays import Array, read_picture_values
from p2p_datatools.contract.pictures.images import Photo, colorize, read_mask, read_photo
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.stretch import show_values
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural

_SAMPLES, _SAMPLE_LINES = "samples.json", "samples.jsonl"
_MOST_VARIANTS = 6  # beside each other
_OVER = "mask over photo"  # the heading of a column that is drawn of the two others


class PictureRow(NamedTuple):
    """The pictures of one entry, from left to right; None is one that is missing.

    `words` stand under them; where they are `stretched`, they say which values became black and white.
    """

    pictures: tuple[Photo | None, ...]
    words: str = ""
    stretched: bool = False


@dataclass(frozen=True)
class Entry:
    """A picture, or pair, to show: its name, what is written under it, its files, and what reads it.

    `halves` is how many pictures lie side by side in its file.
    """

    name: str
    caption: str
    files: tuple[Path, ...]
    read: Callable[[], PictureRow]
    halves: int = 1


@dataclass(frozen=True)
class Gallery:
    """What there is to show: its title, and for the pictures of one entry their headings and which are masks.

    `over` has the places of a mask and of its photo among them, for a further column that is drawn of both.
    """

    title: str
    entries: Sequence[Entry]
    headings: tuple[str, ...]
    exact: tuple[bool, ...]
    legend: Palette | None
    over: tuple[int, int] | None = None

    @property
    def all_headings(self) -> tuple[str, ...]:
        """The headings, with that of the further column."""
        return self.headings if self.over is None else (*self.headings, _OVER)


def open_gallery(
    path: Path, *, palette: Palette | None, photos: Path | None, overlay: bool, read: ReadOptions, report: Reporter
) -> Gallery:
    """What a folder of pairs, masks, photos or samples has to show; `photos` are those of masks.

    With `overlay` pairs of mask and photo have a further column. Raises P2PError when there is nothing to show, and
    UsageError for photos or an overlay where there are no masks.
    """
    if (samples := _samples(path)) is not None and not (photos or overlay):
        return samples
    folder = open_data(path, palette=palette, report=report)
    if photos and folder.kind != "masks":
        to_do = "Leave it out, or add --palette."
        raise UsageError(path, f"holds {folder.kind}, but --photos is for masks", to_do, code="needless-option")
    if folder.pairs is not None:
        return _of_pairs(folder.pairs, palette, overlay=overlay)
    if overlay and not photos:
        what = f"holds {folder.kind}, and --overlay needs a mask and its photo"
        raise UsageError(path, what, "Give the photos of masks with --photos.", code="needless-option")
    if folder.palette is not None:
        return _of_masks(folder, folder.palette, photos, read, report)
    entries = [
        Entry(without_suffix(file), without_suffix(file), (path,), partial(_read_photo, path, read))
        for file in folder.files
        for path in [folder.path / file]
    ]
    return Gallery(plural(len(entries), "picture"), entries, (), (False,), None)


def _of_masks(
    folder: DataFolder, palette: Palette, photos: Path | None, read: ReadOptions, report: Reporter
) -> Gallery:
    others = MaskPhotos(folder.path, photos) if photos else None
    entries = []
    for file in folder.files:
        name, path = without_suffix(file), folder.path / file
        photo = next(iter(others.of(path)), None) if others else None
        files = (path,) if photo is None else (path, photo)
        reader = (
            partial(_read_mask_and_photo, path, photo, palette, read) if others else partial(_read_mask, path, palette)
        )
        entries.append(Entry(name, name, files, reader))
    title = f"{plural(len(entries), 'mask')} in the palette {palette.name}"
    if others is None:
        return Gallery(title, entries, (), (True,), palette)
    contested = sum(len(entry.files) == 1 and entry.files[0] not in others.lost for entry in entries)
    if others.twice and contested:
        one, other, *_ = others.twice[0]
        masks = plural(contested, "mask has", "masks have")
        report.note(f"{masks} no photo here, because several photos have one name, as {one} and {other}.")
    return Gallery(title, entries, ("mask", "photo"), (True, False), palette, over=(0, 1))


def _of_pairs(folder: PairFolder, palette: Palette | None, *, overlay: bool) -> Gallery:
    pairs = sorted(folder.pairs, key=lambda pair: (split_order(pair.split), pair.name))
    entries = [
        Entry(pair.name, _caption(pair), tuple(folder.path / file for file in pair.half_files), reader, halves=2)
        for pair in pairs
        for reader in [partial(_read_pair, folder, pair)]
    ]
    counts = ", ".join(f"{len(folder.of(split))} {split}" for split in SPLITS if folder.of(split))
    title = f"{plural(len(pairs), 'pair')} ({counts or 'not split yet'})"
    exact = (folder.a.exact is True, folder.b.exact is True)
    if overlay and exact[0] == exact[1]:
        what = f"has the halves {folder.a.name} and {folder.b.name}, and --overlay needs a mask and its photo"
        raise UsageError(folder.path, what, "Leave it out.", code="needless-option")
    over = (exact.index(True), exact.index(False)) if overlay else None
    return Gallery(title, entries, (folder.a.name, folder.b.name), exact, palette or folder.palette, over)


def _caption(pair: Pair) -> str:
    # The names of another tool's pairs begin with their folder.
    said = pair.split == UNSPLIT or pair.name.startswith(f"{pair.split}/")
    return pair.name if said else f"{pair.name} ({pair.split})"


def _read_pair(folder: PairFolder, pair: Pair) -> PictureRow:
    """Both halves; pixels without data have the colour of ignored ones."""
    a, b, _ = read_stored(folder, pair)
    gaps = read_nodata(folder, pair)
    shown = [_show_half(a, folder.a, gaps and gaps.a), _show_half(b, folder.b, gaps and gaps.b)]
    words = [f"{half.name} {said}" for half, (_, said) in zip((folder.a, folder.b), shown, strict=True) if said]
    return PictureRow(tuple(photo for photo, _ in shown), ", ".join(words), bool(words))


def _show_half(pixels: Array, half: Half, gaps: Gaps | None) -> tuple[Photo, str]:
    if half.dtype != "uint8" and not half.parts:
        return show_values(pixels, gaps)
    photo = as_photo(pixels, half)
    return (photo if gaps is None else np.where(gaps[..., None], np.array(IGNORE_COLOR, np.uint8), photo)), ""


def _read_photo(file: Path, options: ReadOptions) -> PictureRow:
    photo, words = show_values(*read_picture_values(file, options))
    return PictureRow((photo,), words, bool(words))


def _read_mask(file: Path, palette: Palette) -> PictureRow:
    return PictureRow((colorize(read_mask(file, palette), palette),))


def _read_mask_and_photo(file: Path, photo: Path | None, palette: Palette, options: ReadOptions) -> PictureRow:
    mask = _read_mask(file, palette).pictures[0]
    if photo is None:
        return PictureRow((mask, None), "no photo")
    shown = _read_photo(photo, options)
    return PictureRow((mask, *shown.pictures), shown.words, shown.stretched)


def _samples(path: Path) -> Gallery | None:
    """What 'p2p sample' wrote: sheets, whose columns are cut apart, or the variants of each picture side by side."""
    recipe = _record(path)
    if recipe is None:
        return None
    where = path / _SAMPLE_LINES
    lines = [line for line in read_lines(where) if isinstance(line, dict) and "file" in line]
    with catch_decoder(where, "is damaged", "Delete the folder and sample again."):
        columns = {str(relative_name(line["file"], where)): tuple(map(str, line.get("columns", ()))) for line in lines}
    if recipe.get("sheet"):
        return _sheets(path, columns)
    if int(recipe["variants"]) > 1:
        return _variants(path, list(columns))
    return None


def _record(path: Path) -> Mapping[str, Any] | None:
    if not (path / _SAMPLES).is_file() or not (path / _SAMPLE_LINES).is_file():
        return None
    try:
        recipe = read_json(path / _SAMPLES)
    except P2PError:
        return None
    known = isinstance(recipe, dict) and {"model", "variants", "sheet"} <= recipe.keys()
    return recipe if known and isinstance(recipe["variants"], int) else None


def _sheets(path: Path, columns: Mapping[str, tuple[str, ...]]) -> Gallery | None:
    """Sheets with as many columns as most have; None where the record does not say which these are."""
    headings = next((each for each, _ in Counter(columns.values()).most_common(1)), ())
    if not headings:
        return None
    entries = [
        Entry(name, name, (path / file,), partial(_cut_sheet, path / file, len(own), len(headings)), len(own))
        for file, own in sorted(columns.items())
        for name in [without_suffix(file)]
        if 0 < len(own) <= len(headings)
    ]
    title = f"{plural(len(entries), 'sample')}, as sheets"
    return Gallery(title, entries, headings, (False,) * len(headings), None)


def _cut_sheet(file: Path, count: int, columns: int) -> PictureRow:
    photo = read_photo(file)
    width = photo.shape[1] // count
    parts = [photo[:, place * width : (place + 1) * width] for place in range(count)]
    return PictureRow((*parts, *(None for _ in range(columns - count))))


def _variants(path: Path, files: Sequence[str]) -> Gallery | None:
    """The variants of each input; None where no file has the name of one."""
    of: dict[str, dict[int, Path]] = {}
    for file in files:
        if found := re.fullmatch(r"(.+)-(\d{1,6})", without_suffix(file)):
            of.setdefault(found[1], {})[int(found[2])] = path / file
    if not of:
        return None
    count = min(_MOST_VARIANTS, max(max(each) for each in of.values()))
    entries = [
        Entry(name, name, tuple(found.values()), partial(_read_variants, found, count))
        for name, found in sorted(of.items())
    ]
    headings = tuple(f"variant {number}" for number in range(1, count + 1))
    return Gallery(f"{plural(len(entries), 'input')}, variants of each", entries, headings, (False,) * count, None)


def _read_variants(found: Mapping[int, Path], count: int) -> PictureRow:
    shown = [
        show_values(*read_picture_values(found[each])) if each in found else (None, "") for each in range(1, count + 1)
    ]
    words = ", ".join(dict.fromkeys(said for _, said in shown if said))
    return PictureRow(tuple(photo for photo, _ in shown), words, bool(words))
