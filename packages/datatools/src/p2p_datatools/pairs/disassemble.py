"""Takes A|B pictures apart: the halves of any pair folder become two folders, masks exact; bars between them go.

Nothing here may resize, recolour or join pictures, or change the folder that it takes apart.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.atomic import write_json
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.listing import LeftOut, find_pictures
from p2p_datatools.contract.mask_folder import MaskLine, look, write_records
from p2p_datatools.contract.names import safe_name
from p2p_datatools.contract.pairs.halves import load_halves, read_nodata
from p2p_datatools.contract.pairs.layout import PairLayout, find_layout, refuse_layout
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import UNSPLIT, Half, PairFolder, has_manifest, read_manifest
from p2p_datatools.contract.pairs.mask_halves import off_palette
from p2p_datatools.contract.pairs.opening import read_foreign, refuse_photos
from p2p_datatools.contract.pairs.seam import are_deep, glance_at, read_any, spread_files, stand_in_three
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import indices_of_colors, say_over_white
from p2p_datatools.contract.pictures.nodata import Gaps, free_value
from p2p_datatools.contract.pictures.worn.flat_areas import has_many_colors
from p2p_datatools.contract.pictures.worn.restore import restore
from p2p_datatools.contract.pictures.worn.snap import Snapper, undecided_pixels
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.jobs.conversion import (
    ConversionLine,
    Product,
    Source,
    convert,
    refuse_other_conversion,
    write_conversion,
)
from p2p_datatools.pairs.half_splits import HALVES, write_half_splits

_HEADER, _LINES = HALVES, "halves.jsonl"
_FORMAT, _VERSION, _BY = "p2p-halves", 1, "p2p data halves"
_EXAMPLES = {2: ("two", "photo,mask"), 3: ("three", "mask,edges,photo"), 4: ("four", "mask,edges,depth,photo")}


@dataclass(frozen=True)
class HalvesSummary:
    """What `take_apart` did: pairs `split` now, `kept` from an earlier call; `folders` are the left and the right,
    or as many as there are pictures in each file; `one_size` is that of the pictures of a pair."""

    split: int
    kept: int
    skipped: tuple[Skip, ...]
    dest: Path
    folders: tuple[Path, ...]
    masks: tuple[Path, ...]
    one_size: bool = True


class _JpegHalf(NamedTuple):
    """A mask half that had blended colours: in how many pixels, how many nothing decides, and the first (x, y)."""

    path: Path
    blended: int
    undecided: int
    first: tuple[int, ...]


class _SeenHalves(NamedTuple):
    """What is told at the end: masks that were JPEG, and pictures that were laid over white."""

    worn: list[_JpegHalf]
    over_white: list[Path]

    def say(self, report: Reporter) -> None:
        """Note both."""
        _note_jpeg(self.worn, report)
        say_over_white(self.over_white, report)


@dataclass(frozen=True)
class _Job:
    """What is taken apart, and into which halves; those of `layout` are not simply the left and the right half."""

    folder: PairFolder
    sides: tuple[Half, ...]
    layout: PairLayout | None = None

    def settings(self) -> dict[str, Any]:
        """What must be the same to add to DEST: the words, which halves are masks, and their classes."""
        palette = next(filter(None, self._palettes()), None)
        settings = {
            "halves": [{"name": side.name, "mask": side.kind == "mask"} for side in self.sides],
            "palette": look(palette) if palette else None,
        }
        if self.layout is None:
            return settings
        layout = asdict(self.layout)
        later = {key: list(value) for key in ("captions", "widths") if any(value := layout.pop(key))}
        return settings | {"layout": layout | later}

    def _palettes(self) -> tuple[Palette | None, ...]:
        return tuple(self.folder.palette if side.kind == "mask" else None for side in self.sides)

    def masks(self) -> tuple[str, ...]:
        """The words of the halves that are masks."""
        return tuple(side.name for side, palette in zip(self.sides, self._palettes(), strict=True) if palette)

    def splits(self, names: Collection[str]) -> dict[str, str]:
        """The splits that the manifest gives to the pairs of these names."""
        pairs = self.folder.pairs if has_manifest(self.folder.path) else ()
        return {pair.name: pair.split for pair in pairs if pair.name in names and pair.split != UNSPLIT}

    def apart(self, name: str, pair: Pair, seen: _SeenHalves) -> list[Product]:
        """The halves of one pair, as they are to be written."""
        path = self.folder.path / pair.file
        if self.layout is not None:
            parts_of_file = self.layout.cut(read_any(path, over_white=seen.over_white), path)
            return [
                Product(f"{side.name}/{name}.png", part) for side, part in zip(self.sides, parts_of_file, strict=True)
            ]
        left, right = load_halves(self.folder, pair, over_white=seen.over_white)
        nodata = read_nodata(self.folder, pair) or (None, None)
        parts = zip(self.sides, self._palettes(), (left, right), nodata, strict=True)
        return [
            _product(f"{side.name}/{name}", half, palette, path, seen.worn)
            if gaps is None or not gaps.any()
            else _with_nodata(f"{side.name}/{name}.tif", half, gaps, path)
            for side, palette, half, gaps in parts
        ]


def take_apart(
    pairs: Path | str,
    dest: Path | str,
    *,
    words: tuple[str, ...] | None = None,
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> HalvesSummary:
    """Write the left half of every A|B picture in PAIRS to DEST/LEFT/NAME.png and the right one to DEST/RIGHT.

    PAIRS is a pair folder or any ordinary pix2pix folder (PNG or JPEG; train/, val/, test/, or pictures alone), whose
    names keep their split folder, such as train/1. `words` are LEFT and RIGHT, by default those of the manifest, else
    ("a", "b"). Where nearly all pictures of a folder without a manifest have bars of one colour between their halves,
    or captions, or two stand one above the other, they are taken apart there, and a note says so; three words mean that
    three pictures stand side by side, four that four stand in two rows. DEST/splits.json has the splits of the
    manifest, which `pair` takes from there. Halves that it calls masks become exact mask folders with their palette;
    every file is lossless. On a DEST made with the same words new pairs are added and others kept.

    Raises P2PError, and writes no DEST, when a picture is broken or has an odd width, unless `keep_going`: then those
    are in `skipped`, and in DEST/skipped.jsonl. Raises UsageError when DEST holds anything else.
    """
    pairs, dest = Path(pairs), Path(dest)
    job = _job(pairs, words, report)
    refuse_dest_inside(dest, pairs)
    with report.tell("reading the manifest"):
        named, skipped = _name_pairs(job.folder)
    settings, seen = job.settings(), _SeenHalves([], [])
    with Destination(dest, marker=_HEADER, recipe={"by": _BY, **settings}, cheap=True) as destination:
        refuse_other_conversion(dest / _HEADER, settings, kind=_FORMAT, command=_BY)
        sources = [Source(name, pairs, pair.file) for name, pair in named.items()]
        take = partial(_take_source, job, named, seen)
        done = convert(sources, take, destination, journal=_LINES, report=report)
        skipped += done.skipped
        if not keep_going or not done.lines:
            refuse(skipped, destination)
        with report.tell("writing records"):
            destination.commit(lambda at: _write_records(at, job, done.lines), skipped=skipped)
    seen.say(report)
    folders = tuple(dest / side.name for side in job.sides)
    masks = tuple(dest / word for word in job.masks())
    one_size = not (job.layout and job.layout.widths)
    return HalvesSummary(done.made, done.kept, tuple(skipped), dest, folders, masks, one_size)


def _take_source(job: _Job, named: Mapping[str, Pair], seen: _SeenHalves, source: Source) -> list[Product]:
    return job.apart(source.name, named[source.name], seen)


def _job(pairs: Path, words: tuple[str, ...] | None, report: Reporter) -> _Job:
    layout = None
    if has_manifest(pairs):
        folder = read_manifest(pairs)
    else:
        folder = read_foreign(pairs, needs_train=False)
        layout = _find_layout(folder, words)
    _note_others(folder, report)
    words = words or (folder.a.name, folder.b.name)
    count = layout.count if layout else 2
    number, example = _EXAMPLES[min(len(words), max(_EXAMPLES))]
    if len({word.casefold() for word in words}) < len(words) or not all(re.fullmatch(r"\w+", word) for word in words):
        where, what = f"halves {','.join(words)}", f"are not {number} different words"
        raise UsageError(where, what, f"Give {number}, such as {example}.", code="impossible-setting")
    if len(words) != count:
        where, (number, example) = f"halves {','.join(words)}", _EXAMPLES[count]
        what = f"are {len(words)} words, but {pairs} has {number} pictures in each file"
        raise UsageError(where, what, f"Give {number}, such as {example}.", code="impossible-setting")
    if layout:
        report.note(f"{pairs}: {layout}; they are taken apart there.")
        return _Job(folder, tuple(Half(word, "picture") for word in words), layout)
    for side, word in zip((folder.a, folder.b), words, strict=True):
        if side.kind == "mask" and folder.palette is None:
            what = f"its half {word} is a mask, but the manifest has no palette"
            raise P2PError(pairs, what, "Pair again with 'p2p data pair'.", code="no-palette")
    return _Job(folder, (Half(words[0], folder.a.kind), Half(words[1], folder.b.kind)))


def _find_layout(folder: PairFolder, words: tuple[str, ...] | None) -> PairLayout | None:
    """How the pictures of another tool stand in their files, if they are not simply its halves, left and right.

    Raises P2PError when they are not A|B pictures, or when more than two, for which there are no `words`.
    """
    glances = glance_at(list(spread_files([folder.path / pair.file for pair in folder.pairs])))
    if words is not None and len(words) == 3 and stand_in_three(glances):
        return PairLayout(3)
    layout = find_layout(glances)
    if layout is None:
        refuse_photos(folder, look=lambda _: glances, deep=True)
        return PairLayout() if are_deep(glances) else None
    if layout.count > 2 and words is None:
        raise refuse_layout(folder.path, layout)
    return layout


def _note_others(folder: PairFolder, report: Reporter) -> None:
    """Note what is left out: pictures of a foreign folder outside its folders of pairs."""
    if folder.foreign and not has_manifest(folder.path):
        left_out = LeftOut(folder.path)
        known = {folder.path / pair.file for pair in folder.pairs}
        others = [path for path in find_pictures(folder.path, others=left_out) if path not in known]
        left_out.say(report)
        if others:
            outside = "outside train/, val/ and test/"
            number = plural(len(others), f"picture {outside} is", f"pictures {outside} are")
            report.note(f"{folder.path}: {number} left out; the first is {others[0]}.")


def _note_jpeg(worn: list[_JpegHalf], report: Reporter) -> None:
    """Note which masks were brought back from JPEG, and where nothing told a class."""
    if not worn:
        return
    masks = plural(len(worn), "mask half has", "mask halves have")
    pixels = plural(sum(each.blended for each in worn), "pixel")
    report.note(
        f"{min(each.path for each in worn)}: {masks} blended colours, as JPEG has; {pixels} went to the nearest class."
    )
    unclear = [each for each in sorted(worn) if each.undecided]
    if unclear:
        ignored = plural(sum(each.undecided for each in unclear), "pixel is", "pixels are")
        shown = ", ".join(f"{each.path} at x={each.first[0]}, y={each.first[1]}" for each in unclear[:5])
        report.note(
            f"{ignored} near the colour of no class, and ignored: {shown}{', ...' if len(unclear) > 5 else ''}."
        )


def _name_pairs(folder: PairFolder) -> tuple[dict[str, Pair], list[Skip]]:
    """The pairs by the names that their halves get, and those whose names are not possible for a file."""
    named: dict[str, Pair] = {}
    skipped = []
    for pair in sorted(folder.pairs, key=lambda pair: pair.name):
        where = str(folder.path / pair.file)
        try:
            name = safe_name(f"{pair.name}.png", where)
        except P2PError as error:
            skipped.append(skip_of(error, where))
            continue
        if name in named:
            skipped.append(
                Skip(where, f"has the same name as {named[name].file}", "Remove or rename one of them.", "same-name")
            )
        else:
            named[name] = pair
    return named, skipped


def _product(place: str, half: Array, palette: Palette | None, path: Path, worn: list[_JpegHalf]) -> Product:
    """What a half becomes: a mask of its palette, a PNG where that holds it exactly, else a TIFF.

    A mask that was JPEG is brought back, and added to `worn`; what nothing decides there is ignored.
    """
    if palette is None:
        fits_png = half.dtype in (np.uint8, np.uint16) and (half.ndim == 2 or half.shape[2] == 3)
        return Product(f"{place}.{'png' if fits_png else 'tif'}", np.ascontiguousarray(half))
    indices, outside = indices_of_colors(half, palette)
    if outside.any() and half.ndim == 3 and has_many_colors(half):
        snapped = restore(Snapper(palette.colors()[: len(palette.classes)]), half)
        undecided = undecided_pixels(snapped, half)
        if undecided is not None:
            indices = np.where(outside, np.where(undecided, np.uint8(IGNORE), snapped.rows), indices)
            undecided &= outside
            places = np.argwhere(undecided)
            first = tuple(int(part) for part in places[0][::-1]) if len(places) else ()
            worn.append(_JpegHalf(path, int(outside.sum()), len(places), first))
            return Product(f"{place}.png", indices, palette)
    if outside.any():
        raise off_palette(half, outside, palette, path)
    return Product(f"{place}.png", indices, palette)


def _with_nodata(file: str, half: Array, gaps: Gaps, path: Path) -> Product:
    """A half with pixels without data: a TIFF in which they have a value that says so, as 'pair' reads it again."""
    try:
        value = free_value(half, gaps)
    except ValueError as error:
        what = f"its half {Path(file).parts[0]} has pixels without data, and all values of {half.dtype} elsewhere"
        to_do = "Take it from its source, and leave it out here with --keep-going."
        raise P2PError(path, what, to_do, code="no-free-value") from error
    marked = half.copy()
    marked[gaps] = value
    return Product(file, marked, nodata=value)


def _write_records(at: Path, job: _Job, lines: Mapping[str, ConversionLine]) -> None:
    """The mask folders' records, halves.jsonl, and halves.json last, since a folder with it counts as complete."""
    palette = job.folder.palette
    for word in job.masks():
        assert palette is not None, "without one no half is a mask"
        write_records(at / word, palette, (_mask_line(word, lines[name]) for name in sorted(lines)))
    write_conversion(at / _LINES, lines)
    write_half_splits(at, job.splits(lines))
    data_hash = job.folder.data_hash if has_manifest(job.folder.path) else None
    source = {"source": job.folder.path.as_posix(), "pairs": len(lines), "data_hash": data_hash}
    write_json(at / _HEADER, {"format": _FORMAT, "version": _VERSION, **job.settings(), **source})


def _mask_line(word: str, line: ConversionLine) -> MaskLine:
    file = f"{word}/{line.name}.png"
    if file not in line.areas:
        to_do = "If it was edited, delete the folder and make it again."
        raise P2PError(_LINES, f"says nothing of the areas of {file}", to_do, code="damaged-file")
    areas = line.areas[file]
    return MaskLine(line.name, line.size, areas, line.source, line.sha256, {name: name for name in areas})
