"""Reads what a split has to know of the pixels of pairs: signatures of the photos, and which classes the masks have.

Nothing here may decide what goes together or where it goes.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import SUFFIXES
from p2p_datatools.contract.pairs.fit.halves import MOST_IN_PASSING, HalvesFit, PairEdges
from p2p_datatools.contract.pairs.halves import as_photo, load_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.images import Photo, indices_of_colors
from p2p_datatools.contract.pictures.taken import time_taken
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.contract.words import plural
from p2p_datatools.likeness.pairs import NOTHING, PhotoHalf
from p2p_datatools.likeness.signature import PictureSignature
from p2p_datatools.likeness.store import SignatureStore

_ENOUGH = 1 << 16  # pixels of a mask that are looked at for its classes


@dataclass(frozen=True)
class Looks:
    """What was seen of the pairs of a folder, by their numbers: signatures, and the classes of masks as bits."""

    signatures: SignatureStore
    classes: Sequence[int]
    times: Mapping[int, datetime]  # when photos were taken, of those pairs whose source is where it was


class _Look(NamedTuple):
    signature: PictureSignature
    classes: int
    time: datetime | None
    error: P2PError | None
    edges: PairEdges | None = None


def read_looks(folder: PairFolder, report: Reporter) -> Looks:
    """Read all pairs, on all cores; notes how many cannot be read, like no other then, and halves that do not fit."""
    photo = PhotoHalf(folder)
    names = [pair.name for pair in folder.pairs]
    fit = HalvesFit(folder.path, (folder.a.name, folder.b.name), names, most=MOST_IN_PASSING)
    masks = [side for side, half in enumerate((folder.a, folder.b)) if half.kind == "mask" and not half.parts]
    palette = folder.palette if masks else None

    def look(pair: Pair) -> _Look:
        try:
            halves = load_halves(folder, pair)
            classes = _classes(as_photo(halves[masks[0]], (folder.a, folder.b)[masks[0]]), palette) if palette else 0
            edges = fit.look(pair.name, *halves)
            return _Look(photo.describe(*halves), classes, _time_of(pair, "ab"[photo.side]), None, edges)
        except P2PError as error:
            return _Look(NOTHING, 0, None, error)

    signatures = SignatureStore(expected=len(folder.pairs))
    classes, times, wrong = [], dict[int, datetime](), []
    with closing(parallel_map(look, folder.pairs)) as looks:
        for number, seen in enumerate(report.track(looks, "looking at pairs", len(folder.pairs))):
            signatures.append(seen.signature)
            classes.append(seen.classes)
            fit.add(folder.pairs[number].file, seen.edges)
            if seen.time:
                times[number] = seen.time
            if seen.error:
                wrong.append(seen.error)
    if wrong:
        count = plural(len(wrong), "pair cannot", "pairs cannot")
        report.note(f"{count} be read, and what is like them was not found; the first: {wrong[0].problem}")
    fit.note(report)
    return Looks(signatures, classes, times)


def _time_of(pair: Pair, side: str) -> datetime | None:
    source = Path(pair.sources.get(side, ""))
    return time_taken(source) if source.suffix.lower() in SUFFIXES and source.is_file() else None


def _classes(mask: Photo, palette: Palette) -> int:
    """The classes that a mask in colours has, as bits; of a large one every second pixel or fewer are looked at."""
    step = max(1, int(np.sqrt(mask.shape[0] * mask.shape[1] / _ENOUGH)))
    indices, outside = indices_of_colors(np.ascontiguousarray(mask[::step, ::step]), palette)
    present = np.bincount(indices[~outside], minlength=256)[: len(palette.classes)] > 0
    return sum(1 << int(index) for index in np.flatnonzero(present))
