"""Contact sheets: what is in a folder, be it pairs, masks or photos, as one picture with names.

Nothing here may write a file or judge what it shows; the room `checks` does.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.listing import LeftOut, find_pictures, stem_of
from p2p_datatools.contract.given_splits import split_of_pairs
from p2p_datatools.contract.pairs.halves import as_photo, read_nodata, read_stored
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import (
    SPLITS,
    UNSPLIT,
    PairFolder,
    has_manifest,
    has_shards,
    open_pairs,
)
from p2p_datatools.contract.palette import IGNORE_COLOR, Palette, palette_of
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import Photo, colorize, read_mask, read_photo, size_of
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.sheets.layout import Tile, lay_out

_BOX = Size(320, 320)  # in which each picture is fitted


@dataclass(frozen=True)
class _Entry:
    caption: str
    read: Callable[[], tuple[Photo, ...]]


@dataclass(frozen=True)
class _Gallery:
    """What there is to show: its title, and for the pictures of one entry their headings and which are masks."""

    title: str
    entries: Sequence[_Entry]
    headings: tuple[str, ...]
    exact: tuple[bool, ...]
    legend: Palette | None


def contact_sheet(
    path: Path | str,
    *,
    limit: int = 12,
    columns: int | None = None,
    seed: int | None = None,
    palette: Palette | None = None,
    read: ReadOptions = AS_USUAL,
    report: Reporter = QUIET,
) -> Photo:
    """A contact sheet of a pair folder (A | B), of a mask folder, or of any folder of pictures: uint8 RGB.

    Of more than `limit` it shows some at even distances in the order of their names, or drawn by `seed` if given. With
    a `palette` pictures are read as masks of it. Raises P2PError when there is nothing to show, or a picture
    to be shown is broken.
    """
    if limit < 1:
        raise UsageError(f"limit {limit}", "is less than one picture", "Give 1 or more.", code="impossible-setting")
    path = Path(path)
    gallery = _gallery(path, palette, read, report)
    entries = _sample(gallery.entries, limit, seed)
    tiles = [_small(entry, gallery.exact) for entry in entries]
    sizes = [size_of(picture) for tile in tiles for picture in tile.pictures]
    cell = Size(max(size.width for size in sizes), max(size.height for size in sizes))
    shown = "" if len(entries) == len(gallery.entries) else f", {len(entries)} shown"
    return lay_out(
        tiles,
        columns=columns or _columns(len(tiles), len(gallery.exact), cell),
        cell=cell,
        title=f"{path.resolve().name}: {gallery.title}{shown}",
        headings=gallery.headings,
        legend=gallery.legend,
    )


def _small(entry: _Entry, exact: tuple[bool, ...]) -> Tile:
    # Fitted at once, so that never more than one entry's own pixels are in memory.
    tile = Tile(entry.read(), entry.caption, exact)
    return Tile(tuple(tile.fit(_BOX)), entry.caption, exact)


def _sample(entries: Sequence[_Entry], limit: int, seed: int | None) -> Sequence[_Entry]:
    count = len(entries)
    if count <= limit:
        return entries
    if seed is None:
        return [entries[(2 * place + 1) * count // (2 * limit)] for place in range(limit)]
    return [entries[index] for index in sorted(random.Random(seed).sample(range(count), limit))]


def _columns(tiles: int, pictures: int, cell: Size) -> int:
    """One column for a few pairs; else the number for which the sheet is about 4:3 and its last row full."""
    if pictures > 1 and tiles <= 4:
        return 1

    def away(columns: int) -> float:
        rows = math.ceil(tiles / columns)
        shape = columns * pictures * cell.width / (rows * (cell.height + 40))
        return abs(math.log(shape * 3 / 4)) + (rows * columns - tiles) / tiles

    return min(range(1, tiles + 1), key=away)


def _gallery(path: Path, palette: Palette | None, options: ReadOptions, report: Reporter) -> _Gallery:
    if not path.is_dir():
        raise P2PError(path, "there is no such folder", "Check the spelling.", code="missing-folder")
    if has_manifest(path) or has_shards(path):
        return _pairs(path, palette)
    others = LeftOut(path)
    pictures = find_pictures(path, others=others)
    if not pictures:
        raise others.no_pictures()
    others.say(report)
    if any(split_of_pairs(file.relative_to(path).parts[0]) for file in pictures if file.parent != path):
        return _pairs(path, palette)
    palette = palette or palette_of(path)
    read = partial(_read_mask, palette=palette) if palette else partial(_read_photo, options=options)
    entries = [_Entry(stem_of(file, path), partial(read, file)) for file in pictures]
    count = len(entries)
    title = f"{plural(count, 'mask')} in the palette {palette.name}" if palette else plural(count, "picture")
    return _Gallery(title, entries, (), (palette is not None,), palette)


def _pairs(path: Path, palette: Palette | None) -> _Gallery:
    folder = open_pairs(path)
    order = {split: place for place, split in enumerate(SPLITS)}
    pairs = sorted(folder.pairs, key=lambda pair: (order.get(pair.split, len(order)), pair.name))
    entries = [_Entry(_caption(pair), partial(_read_pair, folder, pair)) for pair in pairs]
    counts = ", ".join(f"{len(folder.of(split))} {split}" for split in SPLITS if folder.of(split))
    title = f"{plural(len(pairs), 'pair')} ({counts or 'not split yet'})"
    exact = (folder.a.exact is True, folder.b.exact is True)
    return _Gallery(title, entries, (folder.a.name, folder.b.name), exact, palette or folder.palette)


def _caption(pair: Pair) -> str:
    # The names of another tool's pairs begin with their folder.
    said = pair.split == UNSPLIT or pair.name.startswith(f"{pair.split}/")
    return pair.name if said else f"{pair.name} ({pair.split})"


def _read_pair(folder: PairFolder, pair: Pair) -> tuple[Photo, ...]:
    """Both halves; pixels without data have the colour of ignored ones."""
    a, b, _ = read_stored(folder, pair)
    shown = as_photo(a, folder.a), as_photo(b, folder.b)
    nodata = read_nodata(folder, pair)
    if nodata is None:
        return shown
    return tuple(
        np.where(gaps[..., None], np.array(IGNORE_COLOR, np.uint8), half)
        for half, gaps in zip(shown, nodata, strict=True)
    )


def _read_photo(file: Path, *, options: ReadOptions) -> tuple[Photo, ...]:
    with open_picture(file, options) as picture:
        return (read_photo(picture),)


def _read_mask(file: Path, *, palette: Palette) -> tuple[Photo, ...]:
    return (colorize(read_mask(file, palette), palette),)
