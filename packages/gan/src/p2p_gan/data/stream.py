"""Pairs that are decoded whenever they are drawn, because neither memory nor disk holds all of them decoded.

Nothing here may draw at random: which pair is read follows from the seed and the position, as for pairs in memory, so
that batches are the same and a run resumes exactly.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.settings import refuse_setting
from p2p_datatools.contract.threads import parallel_map
from p2p_gan.config.config import Config
from p2p_gan.data.buffer import BufferForm, Pixels, sizes_array
from p2p_gan.data.read import read_kept
from p2p_gan.data.recent import RecentValues
from p2p_gan.data.sizing import Sizing
from p2p_gan.data.task import Task

_GIB = 1 << 30
_LEAST = 64  # pairs that are kept in any case: those of a batch, and what is cut of them


class PairStream:
    """Decodes pairs by their index, and keeps the `most` that were used last; any thread may ask."""

    def __init__(self, read: Callable[[int], tuple[Array, ...]], most: int) -> None:
        self._read, self._kept = read, RecentValues[int, tuple[Array, ...]](most)

    def get(self, index: int) -> tuple[Array, ...]:
        """The halves of a pair as they are kept, and where it has no data, if any pair lacks some."""
        return self._kept.get(index, lambda: self._read(index))

    def prepare(self, indices: Sequence[int]) -> None:
        """Decode those of the pairs that are not kept, on all cores."""
        # Those of an update are all cut after this; how many they are, batch=auto decides late.
        self._kept.most = max(self._kept.most, 2 * len(indices))
        missing = [index for index in dict.fromkeys(indices) if index not in self._kept]
        if len(missing) < 2:
            return
        with closing(parallel_map(self.get, missing)) as found:
            for _ in found:
                pass


@dataclass(frozen=True)
class StreamedPixels(Pixels):
    """One half of the pairs of a stream; `place` is its place among what the stream gives."""

    stream: PairStream
    place: int

    def crop(self, index: int, top: int, left: int, height: int, width: int) -> Array:
        """A part (height, width, channels) of a picture, not to be written into."""
        return self.stream.get(index)[self.place][top : top + height, left : left + width]

    def prepare(self, indices: Sequence[int]) -> None:
        """Decode the pairs of a batch side by side."""
        self.stream.prepare(indices)

    def write(self, index: int, picture: Array) -> None:
        """Nothing is stored."""
        raise AssertionError("pairs of a stream are read, not written")


def stream_pairs(
    folder: PairFolder,
    pairs: Sequence[Pair],
    task: Task,
    sizings: Sequence[Sizing],
    forms: Sequence[BufferForm],
    config: Config,
) -> list[Pixels]:
    """The halves of the pairs, and their gaps where a third form asks for them, as `buffer.room_for` has them."""

    def read(index: int) -> tuple[Array, ...]:
        return read_kept(folder, pairs[index], task, sizings[index], gaps=len(forms) > 2)

    kept = [each.kept for each in sizings]
    largest = max(sum(form.bytes([size]) for form in forms) for size in kept)
    stream = PairStream(read, max(_LEAST, int(config.cache_gib * _GIB) // max(1, largest)))
    sizes, none = sizes_array(kept), np.zeros(len(kept), np.int64)
    return [
        StreamedPixels(None, sizes, none, form.channels, np.dtype(form.dtype), 0, stream, place)
        for place, form in enumerate(forms)
    ]


def refuse_unstreamed(config: Config) -> None:
    """Raise UsageError for a setting that needs to know all pairs before training."""
    if config.rare_class_crops:
        what = "needs the classes of all pairs before training, but they are read from shards when they are drawn"
        to_do = "Add --set rare_class_crops=0, a smaller --size, or free some disk space."
        refuse_setting(config, "rare_class_crops", what, to_do, code="unfit-setting")
