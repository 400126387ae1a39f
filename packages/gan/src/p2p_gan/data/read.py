"""Reads pairs from disk as (input, output): decoded on all cores, verified by hash, and resized, masks exactly.

Nothing here may use random numbers or keep what it read; each result depends on one file alone.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pairs.halves import load_halves, read_nodata
from p2p_datatools.contract.pairs.lines import Pair, traits_of
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.pairs.mask_halves import class_indices
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.resize import fit_gaps, fit_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.threads import parallel_map
from p2p_gan.config.config import Config
from p2p_gan.data.sizing import Sizing, bring_gaps_to_size, bring_to_size, middle, sizing_of
from p2p_gan.data.task import Task

_T = TypeVar("_T")
_BUDGET = 1 << 30  # bytes of pictures being decoded at once
_COPIES = 4  # of a pair while it is processed: as read, verified, resized


def read_pair_halves(folder: PairFolder, pair: Pair, task: Task) -> tuple[Array, Array]:
    """Read one pair as (input, output) with the shape and type of its halves: grey (h, w), else (h, w, channels).

    Raises P2PError if the file is not the one in the manifest.
    """
    return task.turn(*load_halves(folder, pair))


def read_coded(folder: PairFolder, pair: Pair, task: Task, sizing: Sizing) -> tuple[Array, Array]:
    """One pair as it is kept, (h, w, channels) each: resized, masks with a palette as class indices.

    Raises P2PError if a mask has a colour outside the palette.
    """
    halves = read_pair_halves(folder, pair, task)
    where = str(folder.path / pair.file)
    if size_of(halves[0]) != pair.size:  # which `sizing` was computed from
        what = f"is {size_of(halves[0])}, but the manifest says {pair.size}"
        raise P2PError(where, what, "Pair again with 'p2p data pair'.", code="size-differs")

    def one(pixels: Array, half: Half) -> Array:
        palette = task.palette_of(half)
        if palette is not None:
            pixels = class_indices(pixels, palette, where=where)
        fitted = bring_to_size(pixels, sizing, exact=half.exact)
        return fitted[..., None] if fitted.ndim == 2 else fitted

    return one(halves[0], task.input), one(halves[1], task.output)


def read_kept(folder: PairFolder, pair: Pair, task: Task, sizing: Sizing, *, gaps: bool) -> tuple[Array, ...]:
    """`read_coded`, and with `gaps` a third picture (h, w, 1) of uint8, 1 where the pair has no data, else 0."""
    halves = read_coded(folder, pair, task, sizing)
    if not gaps:
        return halves
    found, size = read_gaps(folder, pair, sizing), sizing.kept
    empty = np.zeros((size.height, size.width, 1), np.uint8)
    return (*halves, empty if found is None else found[..., None].astype(np.uint8))


def read_gaps(folder: PairFolder, pair: Pair, sizing: Sizing) -> Gaps | None:
    """Where a half of the pair, as it is kept, has no data or depends on such pixels: (h, w); None if nowhere.

    Losses and scores leave these pixels out, as they do those that a mask ignores. So they do where only the input has
    no data: its filling looks like a measurement, and the real output there does not follow from it.
    """
    nodata = read_nodata(folder, pair)
    return None if nodata is None else bring_gaps_to_size(nodata.either, sizing)


def read_shown(folder: PairFolder, pair: Pair, task: Task, config: Config) -> tuple[Array, Array, Gaps | None]:
    """A pair as `read_coded` and `read_gaps` return it, without jitter: the central crop at the size of training."""
    sizing = sizing_of(pair.size, config, jitter=1.0)
    a, b = read_coded(folder, pair, task, sizing)
    gaps = read_gaps(folder, pair, sizing)
    return middle(a, sizing.seen), middle(b, sizing.seen), None if gaps is None else middle(gaps, sizing.seen)


def load_fitted(
    folder: PairFolder, pairs: Sequence[Pair], task: Task, size: Size, skipped: list[Skip] | None
) -> Iterator[tuple[Array, Array, Gaps | None]]:
    """The pairs as (input, output, gaps) in colours, stretched to `size`, decoded on all cores, in order.

    Gaps are as in `read_gaps`. A pair that cannot be read is left out and added to `skipped` if given, else its error
    is raised.
    """

    def one(_: int, pair: Pair) -> tuple[Array, Array, Gaps | None] | Skip:
        try:
            input_half, output_half = read_pair_halves(folder, pair, task)
            nodata = read_nodata(folder, pair)
        except P2PError as error:
            if skipped is None:
                raise
            return skip_of_pair(folder, pair, error)
        return (
            fit_to(input_half, size, "stretch", exact=task.input.exact),
            fit_to(output_half, size, "stretch", exact=task.output.exact),
            None if nodata is None else fit_gaps(nodata.either, size, "stretch"),
        )

    for read in on_all_cores(one, pairs, folder):
        if isinstance(read, Skip):
            assert skipped is not None, "without it the error was raised"
            skipped.append(read)
        else:
            yield read


def skip_of_pair(folder: PairFolder, pair: Pair, error: P2PError) -> Skip:
    """The skip that an error in reading a pair becomes, at the file of the pair that is at fault."""
    places = places_of(folder, pair)
    return skip_of(error, next((place for place in places if place == error.where), places[0]))


def places_of(folder: PairFolder, pair: Pair) -> list[str]:
    """Where the files of a pair lie, as errors name them."""
    return [str(folder.path / file) for file in pair.files]


def on_all_cores(work: Callable[[int, Pair], _T], pairs: Sequence[Pair], folder: PairFolder) -> Generator[_T]:
    """What `work` makes of each pair and its index, in their order; memory limits the number of pictures at once."""
    most = max((each.size.width * each.size.height for each in traits_of(pairs)), default=0)
    threads = max(1, min(cores(), _BUDGET // max(1, most * folder.pixel_bytes * _COPIES)))
    return parallel_map(lambda each: work(*each), enumerate(pairs), threads=threads, ahead=7)
