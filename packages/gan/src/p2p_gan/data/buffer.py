"""Many decoded pictures of any sizes in one block of memory, or in a mapped temporary file that a kill also removes.

Nothing here may know what the pixels mean or in which order they are read.
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
_ALIGNED = 4096  # bytes; each half begins at a multiple, so that numbers of any type are aligned


@dataclass(frozen=True)
class BufferForm:
    """How the pictures of a half are stored: the number of channels and the type of a value."""

    channels: int
    dtype: str

    def values(self, sizes: Sequence[Size]) -> int:
        """The number of values in pictures of these sizes."""
        return sum(size.width * size.height for size in sizes) * self.channels

    def bytes(self, sizes: Sequence[Size]) -> int:
        """The number of bytes of these values."""
        return self.values(sizes) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Pixels:
    """The pictures of one half: `flat` holds them one after another, each (height, width, channels) without gaps.

    `sizes` (n, 2) are heights and widths, `starts` (n,) the index in `flat` at which each picture begins.
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
    """Space for the halves of pairs of these sizes: in memory up to `memory` GiB, else in a file mapped beside `near`.

    The file has no name (or loses it at once), so that it disappears with the process, however that ends. Raises
    P2PError before anything is written if the disk has not enough free space.
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
                f"has {free / _GIB:.1f} GiB free, but {size / _GIB:.1f} GiB of decoded pairs need a temporary file "
                "there",
                "Free some space, choose another run folder, a smaller --size, or a larger --set cache_gib=.",
                code="no-space",
            )
        with tempfile.TemporaryFile(dir=place) as file:
            _reserve(file.fileno(), size)
            mapped = mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise cannot_write(place, error) from error
    with contextlib.suppress(AttributeError, OSError):  # only a hint, which some systems lack
        mapped.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(mapped, np.uint8)


def _nearest_existing(place: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next((each for each in (place, *place.absolute().parents) if each.is_dir()), Path(tempfile.gettempdir()))


def _reserve(handle: int, size: int) -> None:
    # Without reserved space a full disk would end the process at a write to the mapped file.
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
    else:
        os.truncate(handle, size)
