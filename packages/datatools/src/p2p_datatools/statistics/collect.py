"""Goes once over a data set, on all cores, and gives its figures; what cannot be read is listed and left out.

Nothing here may hold more than a few pictures at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.contract.errors import Finding, P2PError, finding_of
from p2p_datatools.contract.files.work import BUDGET
from p2p_datatools.contract.folders.data_folder import DataFolder, open_data
from p2p_datatools.contract.names import without_suffix
from p2p_datatools.contract.pairs.halves import load_halves, read_nodata
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import UNSPLIT, Half, PairFolder, split_order
from p2p_datatools.contract.pairs.mask_halves import class_indices
from p2p_datatools.contract.pairs.own_folders import refuse_run
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import Array, read_picture_values
from p2p_datatools.contract.pictures.header import decoded_bytes, open_picture, photo_size
from p2p_datatools.contract.pictures.images import read_mask, size_of
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import Budget, parallel_map
from p2p_datatools.statistics.measure import HalfMeasures, PictureMeasures, measure_colors, measure_mask
from p2p_datatools.statistics.tally import HalfRole, SizeTally, SplitTally
from p2p_datatools.statistics.values import DataStatistics

_COPIES = 3  # times the bytes of a decoded picture that reading and measuring it take


class _Item(NamedTuple):
    """A picture to measure: its name and split, its file, and what measures it."""

    name: str
    split: str
    file: Path
    measure: Callable[[], PictureMeasures]


def compute_statistics(
    path: Path | str, *, palette: Palette | None = None, read: ReadOptions = AS_USUAL, report: Reporter = QUIET
) -> DataStatistics:
    """The figures of the pairs, masks or photos in `path`: classes, sizes, colours and brightness, for each split.

    `palette` is that of masks in a folder without palette.toml; `read` says which page of files with several is read,
    and whether EXIF turns photos. A picture that cannot be read is a finding in `broken`, and counts in nothing else;
    so is a mask with a colour outside its palette. Pixels without data are left out of colours, those that a mask
    ignores are a class `ignore`. Raises P2PError when there is nothing to read, and for the run folder of a training.
    """
    refuse_run(Path(path))
    folder = open_data(path, palette=palette, report=report)
    budget = Budget(BUDGET)
    items, roles, total = _items(folder, read, budget)
    whole, sizes, broken = SplitTally("", roles), SizeTally(), list[Finding]()
    splits: dict[str, SplitTally] = {}
    with closing(parallel_map(_measure, items)) as measured:
        for item, found in report.track(measured, folder.kind, total):
            if isinstance(found, Finding):
                broken.append(found)
                continue
            sizes.add(item.name, found.size)
            whole.add(item.name, found)
            if item.split:
                splits.setdefault(item.split, SplitTally(item.split, roles)).add(item.name, found)
    known = folder.pairs.palette if folder.pairs else folder.palette
    return DataStatistics(
        kind=folder.kind,
        total=total,
        palette=known.name if known else "",
        sizes=sizes.figures(),
        whole=whole.figures(),
        splits=tuple(splits[name].figures() for name in sorted(splits, key=lambda split: (split_order(split), split))),
        broken=tuple(broken),
    )


def _measure(item: _Item) -> tuple[_Item, PictureMeasures | Finding]:
    try:
        return item, item.measure()
    except P2PError as error:
        return item, finding_of(error, item.file)


def _items(folder: DataFolder, read: ReadOptions, budget: Budget) -> tuple[Iterator[_Item], Sequence[HalfRole], int]:
    """The pictures of a folder, what their halves are, and how many there are."""
    if folder.pairs is not None:
        pairs = folder.pairs
        roles = [HalfRole(half.name, half.kind, _palette_of_half(pairs, half)) for half in (pairs.a, pairs.b)]
        return (_of_pair(pairs, pair, roles, budget) for pair in pairs.pairs), roles, len(pairs.pairs)
    if folder.palette is not None:
        role, measure = HalfRole("mask", "mask", folder.palette), partial(_measure_mask, palette=folder.palette)
    else:
        role, measure = HalfRole("photo", "photo"), partial(_measure_photo)
    items = (
        _Item(without_suffix(file), folder.splits.get(file, ""), path, partial(measure, path, read, budget))
        for file in folder.files
        for path in [folder.path / file]
    )
    return items, [role], len(folder.files)


def _palette_of_half(folder: PairFolder, half: Half) -> Palette | None:
    return folder.palette if half.kind == "mask" and half.dtype == "uint8" and not half.parts else None


def _of_pair(folder: PairFolder, pair: Pair, roles: Sequence[HalfRole], budget: Budget) -> _Item:
    split = "" if pair.split == UNSPLIT else pair.split
    return _Item(pair.name, split, folder.path / pair.file, partial(_measure_pair, folder, pair, roles, budget))


def _measure_pair(folder: PairFolder, pair: Pair, roles: Sequence[HalfRole], budget: Budget) -> PictureMeasures:
    with budget.room(_weigh(folder, pair)):
        halves, planes = load_halves(folder, pair), read_nodata(folder, pair)
        gaps: Sequence[Gaps | None] = (None, None) if planes is None else planes
        where = str(folder.path / pair.file)
        measured = [_measure_half(*each, where) for each in zip(halves, roles, gaps, strict=True)]
        return PictureMeasures(size_of(halves[0]), tuple(measured))


def _weigh(folder: PairFolder, pair: Pair) -> int:
    """The bytes that reading a pair takes; the sizes of pictures without a manifest are in their headers alone."""
    if pair.hash:
        return pair.size.width * pair.size.height * folder.pixel_bytes * _COPIES
    size = photo_size(folder.path / pair.file)
    return size.width * size.height * 3 * _COPIES


def _measure_half(pixels: Array, role: HalfRole, gaps: Gaps | None, where: str) -> HalfMeasures:
    if role.palette is None:
        return measure_colors(pixels, gaps)
    return measure_mask(class_indices(pixels, role.palette, where=where))


def _measure_mask(path: Path, read: ReadOptions, budget: Budget, *, palette: Palette) -> PictureMeasures:
    with open_picture(path, read) as picture, budget.room(decoded_bytes(picture) * _COPIES):
        mask = read_mask(picture, palette)
    return PictureMeasures(size_of(mask), (measure_mask(mask),))


def _measure_photo(path: Path, read: ReadOptions, budget: Budget) -> PictureMeasures:
    with open_picture(path, read) as picture, budget.room(decoded_bytes(picture) * _COPIES):
        values, gaps = read_picture_values(picture)
        return PictureMeasures(size_of(values), (measure_colors(values, gaps),))
