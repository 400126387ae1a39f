"""Checks a pair folder, with or without a manifest; what is wrong becomes values.

Nothing here may correct anything or decide what is shown.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from p2p_datatools.checks.twins import PairTwins
from p2p_datatools.checks.values import ValueCheck
from p2p_datatools.contract.errors import CheckResult, Finding, P2PError, finding_of
from p2p_datatools.contract.files.listing import LeftOut, picture_names
from p2p_datatools.contract.pairs.alike import find_alike
from p2p_datatools.contract.pairs.halves import (
    StoredHalves,
    how_to_renew,
    read_nodata,
    read_stored,
    refuse_changed,
)
from p2p_datatools.contract.pairs.lines import FILLED, Pair
from p2p_datatools.contract.pairs.manifest import (
    HEADER,
    PAIR_LINES,
    SPLITS,
    PairFolder,
    has_manifest,
    has_shards,
    open_pairs,
)
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.header import photo_size
from p2p_datatools.contract.pictures.images import Photo, indices_of_colors, size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command, plural


def check_pairs(path: Path, *, report: Reporter = QUIET) -> CheckResult:
    """Check that every pair exists, is undamaged, agrees with the manifest, and is in one split only."""
    try:
        folder = open_pairs(path)
    except P2PError as error:
        return CheckResult("pairs", 0, (finding_of(error, path),))
    return CheckResult("pairs", len(folder.pairs), tuple(_findings(folder, report)))


def _findings(folder: PairFolder, report: Reporter) -> Iterator[Finding]:
    # Of millions of pairs only these are held: the index of the first of each hash, and all indices of repeated ones.
    first_of: dict[bytes, int] = {}
    same_as: dict[int, list[int]] = {}
    sizes: Counter[Size] = Counter()
    values = [
        None if half.kind == "mask" else ValueCheck(folder.path, f"its halves {half.name}", half.range)
        for half in (folder.a, folder.b)
    ]
    twins = PairTwins(folder)
    for place, pair in enumerate(report.track(folder.pairs, "pairs", len(folder.pairs))):
        read = _read(folder, pair)
        if isinstance(read, Finding):
            if read.code == "odd-width":
                sizes[photo_size(folder.path / pair.file)] += 1
            yield read
            continue
        if (first := first_of.setdefault(bytes.fromhex(read.hash), place)) != place:
            same_as.setdefault(first, [first]).append(place)
        twins.add(place, read.a, read.b, read.hash)
        half = size_of(read.a)
        sizes[Size(2 * half.width, half.height)] += 1
        yield from _pair(folder, pair, read)
        for each, pixels in zip(values, (read.a, read.b), strict=True):
            if each:
                each.add(folder.path / pair.file, pixels)
    for each in values:
        yield from each.findings() if each else ()
    for same in same_as.values():
        yield from _same_pixels(folder, [folder.pairs[place] for place in same])
    yield from _same_photo(folder)
    yield from twins.findings(report)
    yield from _find_unrecorded(folder)
    if folder.foreign and len(sizes) > 1:
        what = f"its pictures have {len(sizes)} sizes, {sizes.most_common(1)[0][0]} the most common"
        yield Finding(str(folder.path), what, "Training resizes them; say how with --fit.", "sizes-differ", "warning")
    if not has_shards(folder.path):
        yield from _find_unlisted(folder)


def _read(folder: PairFolder, pair: Pair) -> StoredHalves | Finding:
    for file in (folder.path / each for each in pair.files):
        if not file.is_file():
            what = "is in the manifest, but does not exist"
            return Finding(str(file), what, how_to_renew(folder), "missing-pair", "error")
    try:
        return read_stored(folder, pair)
    except P2PError as error:
        files = [folder.path / each for each in pair.files]
        return finding_of(error, next((file for file in files if error.where == str(file)), files[0]))


def _pair(folder: PairFolder, pair: Pair, read: StoredHalves) -> Iterator[Finding]:
    file = folder.path / pair.file
    try:
        refuse_changed(folder, pair, read)
    except P2PError as error:
        yield finding_of(error, file)
    try:
        read_nodata(folder, pair)
    except P2PError as error:
        yield finding_of(error, folder.path / pair.nodata_file)
    size = size_of(read.a)
    if pair.hash and size != pair.size:
        what = f"its halves are {size}, but the manifest says {pair.size}"
        yield Finding(str(file), what, how_to_renew(folder), "size-differs", "error")
    if folder.palette:
        for half, pixels in ((folder.a, read.a), (folder.b, read.b)):
            if half.kind == "mask":
                yield from _colors(file, half.name, pixels, folder.palette)


def _colors(file: Path, half: str, pixels: Photo, palette: Palette) -> Iterator[Finding]:
    outside = indices_of_colors(pixels, palette)[1]
    if outside.any():
        count = int(outside.sum())
        number = plural(count, f"pixel of its half {half} has", f"pixels of its half {half} have")
        what = f"{number} a colour outside the palette {palette.name}"
        yield Finding(str(file), what, "Pair again from the masks.", "palette-colour", "error")


def _same_pixels(folder: PairFolder, same: list[Pair]) -> Iterator[Finding]:
    first, *others = sorted(same, key=lambda pair: (_order(pair), pair.name))
    for pair in others:
        file, what = str(folder.path / pair.file), f"has the same pixels as {first.file}"
        if pair.split != first.split:
            yield _leak(folder, pair, first, what)
        else:
            to_do = f"{_leave_out(folder)}, unless it is meant to count twice."
            yield Finding(file, what, to_do, "duplicate", "warning")


def _same_photo(folder: PairFolder) -> Iterator[Finding]:
    """Pairs of different splits that have one photo and different masks, or one picture as a half."""
    for same in find_alike(folder):
        first, *others = sorted(same.pairs, key=lambda pair: (_order(pair), pair.name))
        for pair in others:
            if pair.split != first.split and pair.hash != first.hash:
                yield _leak(folder, pair, first, f"has {same.what} {first.file}")


def _find_unrecorded(folder: PairFolder) -> Iterator[Finding]:
    """Pairs that were filled by a version that did not record where."""
    first, count = None, 0
    for pair in folder.pairs:
        if FILLED in pair.sources and pair.nodata is None:
            first, count = first or pair, count + 1
    if first:
        number = plural(count, "pair has", "pairs have")
        what = f"{number} pixels without data, and nothing says where they are; the first is {first.file}"
        to_do = "Training and scores count them as any other; pair into a new folder to have them left out."
        yield Finding(str(folder.path), what, to_do, "nodata-unrecorded", "warning")


def _leak(folder: PairFolder, pair: Pair, first: Pair, what: str) -> Finding:
    what = f"{what}, so that {pair.split} holds what {first.split} holds"
    to_do = f"Bring them together with {p2p_command('data split', folder.path)}. Or: {_leave_out(folder)}."
    return Finding(str(folder.path / pair.file), what, to_do, "leak", "error")


def _leave_out(folder: PairFolder) -> str:
    if not folder.foreign:
        return "Remove one of them from A and B and pair into a new folder"
    if has_manifest(folder.path):
        return f"Remove one of them with {HEADER} and {PAIR_LINES} and split again"
    return "Remove one of them"


def _order(pair: Pair) -> int:
    return SPLITS.index(pair.split) if pair.split in SPLITS else len(SPLITS)


def find_left_out(others: LeftOut) -> Iterator[Finding]:
    """Files of kinds that are not read, as one warning."""
    if others.kinds:
        to_do = "Convert them to PNG or JPEG if they are pictures, or remove them."
        are = "is" if others.count == 1 else "are"
        yield Finding(str(others.folder), f"has {others}, which {are} not read", to_do, "other-kinds", "warning")


def _find_unlisted(folder: PairFolder) -> Iterator[Finding]:
    others = LeftOut(folder.path)
    listed = {file for pair in folder.pairs for file in pair.files}
    for file in picture_names(folder.path, others=others):
        if file not in listed and has_manifest(folder.path):
            what = "is not in the manifest, so p2p does not use it"
            to_do = (
                f"Remove it, or add it with {p2p_command('data split', folder.path)}."
                if folder.foreign
                else "Remove it."
            )
            yield Finding(str(folder.path / file), what, to_do, "unlisted", "warning")
    yield from find_left_out(others)
