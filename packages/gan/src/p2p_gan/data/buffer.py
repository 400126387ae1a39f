"""Many decoded pictures of any sizes in one block of memory, or in one mapped file that no kill can leave behind.

Nothing here may know what the pixels mean or in which order they are drawn.
"""

import contextlib
import math
import mmap
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_write
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.sizes import Size

_GIB = 1 << 30


_ALIGNED = 4096  # where a half begins in the block, so that numbers of any type lie as the machine wants them


@dataclass(frozen=True)
class BufferForm:
    """What one picture of a half is kept as: so many channels of this type."""

    channels: int
    dtype: str

    def values(self, sizes: Sequence[Size]) -> int:
        """How many numbers pictures of these sizes are."""
        return sum(size.width * size.height for size in sizes) * self.channels

    def bytes(self, sizes: Sequence[Size]) -> int:
        """How many bytes they are."""
        return self.values(sizes) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Pixels:
    """The pictures of one half: `flat` holds them one after another, each (height, width, channels) without gaps.

    `sizes` (n, 2) are heights and widths, `starts` (n,) where each begins, counted in numbers.
    """

    flat: Array
    sizes: NDArray[np.int64]
    starts: NDArray[np.int64]
    channels: int

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> Array:
        """A view (height, width, channels) of one picture; to write into it is to write into the dataset."""
        height, width = self.sizes[index].tolist()
        start = int(self.starts[index])
        return self.flat[start : start + height * width * self.channels].reshape(height, width, self.channels)


def room_for(
    sizes: Sequence[Size], forms: Sequence[BufferForm], *, memory: float, near: Path | None = None
) -> list[Pixels]:
    """Room for the halves of so many pairs: in memory up to `memory` GiB, else in a file mapped beside `near`.

    The file has no name (or loses it at once), so that it is gone with the process, however that ends. Raises P2PError
    before anything is written when the disk has not the space.
    """
    starts = [0]
    for form in forms:
        starts.append(math.ceil((starts[-1] + form.bytes(sizes)) / _ALIGNED) * _ALIGNED)
    block = np.empty(starts[-1], np.uint8) if starts[-1] <= memory * _GIB else _map_file(starts[-1], near)
    return [
        _pixels(block[start : start + form.bytes(sizes)].view(form.dtype), sizes, form)
        for start, form in zip(starts, forms, strict=False)
    ]


def _pixels(flat: Array, sizes: Sequence[Size], form: BufferForm) -> Pixels:
    shapes = np.array([(size.height, size.width) for size in sizes], np.int64).reshape(-1, 2)
    ends = np.cumsum(shapes.prod(axis=1) * form.channels)
    return Pixels(flat, shapes, np.concatenate(([0], ends[:-1])).astype(np.int64), form.channels)


def _map_file(size: int, near: Path | None) -> NDArray[np.uint8]:
    place = _nearest_existing(near or Path(tempfile.gettempdir()))
    try:
        free = shutil.disk_usage(place).free
        if free < size:
            raise P2PError(
                place,
                f"{size / _GIB:.1f} GiB of decoded pairs need a file there, and {free / _GIB:.1f} GiB are free",
                "Free space, choose another place for the run, a smaller --size, or a larger --set cache_gib=.",
                code="no-space",
            )
        with tempfile.TemporaryFile(dir=place) as file:
            _reserve(file.fileno(), size)
            mapped = mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise cannot_write(place, error) from error
    with contextlib.suppress(AttributeError, OSError):  # only a hint, which not every system takes
        mapped.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(mapped, np.uint8)


def _nearest_existing(place: Path) -> Path:
    """The place itself, or the nearest folder above it that is there already."""
    return next((each for each in (place, *place.absolute().parents) if each.is_dir()), Path(tempfile.gettempdir()))


def _reserve(handle: int, size: int) -> None:
    # Space that is promised and not there would end the process at the first write into the map.
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
    else:
        os.truncate(handle, size)
