"""Many decoded pictures of any sizes in one block of memory, or in a temporary file that a kill also removes.

Nothing here may know what the pixels mean or in which order they are read.
"""

import contextlib
import math
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_write
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.sizes import Size

_GIB = 1 << 30
_ALIGNED = 4096  # bytes; each half begins at a multiple, so that numbers of any type are aligned
_FEW = 4  # times the width of a crop: wider pictures are read row by row


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


class TemporaryBlock:
    """A temporary file of a fixed number of bytes without a name, in `place`, which any thread may read and write.

    It is read and not mapped: a mapped file that cannot be read, since its disk is full, broken or gone, would end the
    process without a word, and this is an error. Raises P2PError when it cannot be made, written or read.
    """

    def __init__(self, place: Path, size: int) -> None:
        self._place, self._lock = place, threading.Lock()
        try:
            # Unbuffered, so that an error belongs to the call that it comes from.
            self._file: Any = tempfile.TemporaryFile(dir=place, buffering=0)  # noqa: SIM115
            weakref.finalize(self, self._file.close)
            _reserve(self._file.fileno(), size)
        except OSError as error:
            raise cannot_write(place, error) from error
        with contextlib.suppress(AttributeError, OSError):  # only a hint, which some systems lack
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)

    def write(self, start: int, values: Array) -> None:
        """Write the bytes of an array without gaps from the byte `start` on."""
        left = values.data.cast("B")
        try:
            with self._lock:
                self._file.seek(start)
                while left:
                    left = left[self._file.write(left) :]
        except OSError as error:
            raise cannot_write(self._place, error) from error

    def read(self, start: int, values: Array) -> None:
        """Fill an array without gaps with the bytes from `start` on."""
        left = values.data.cast("B")
        try:
            with self._lock:
                self._file.seek(start)
                while left:
                    count = self._file.readinto(left)
                    if not count:
                        raise OSError(0, "its end is missing")
                    left = left[count:]
        except OSError as error:
            what = f"the temporary file of decoded pairs cannot be read there: {error.strerror}"
            to_do = "Check the disk, and run the same command again: it resumes from the last checkpoint."
            raise P2PError(self._place, what, to_do, code="temporary-file") from error


@dataclass(frozen=True)
class Pixels:
    """The pictures of one half, each (height, width, channels), one after another and without gaps.

    The `store` is an array of their values, or a file in which they begin at the byte `first`; None where they are
    not stored at all (`stream.StreamedPixels`). `sizes` (n, 2) are heights and widths, `starts` (n,) the number of
    values before each picture.
    """

    store: Array | TemporaryBlock | None
    sizes: NDArray[np.int64]
    starts: NDArray[np.int64]
    channels: int
    dtype: np.dtype[Any]
    first: int

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> Array:
        """One picture (height, width, channels), not to be written into."""
        height, width = self.sizes[index].tolist()
        return self.crop(index, 0, 0, height, width)

    def crop(self, index: int, top: int, left: int, height: int, width: int) -> Array:
        """A part (height, width, channels) of a picture, not to be written into."""
        whole_height, whole_width = self.sizes[index].tolist()
        start, row = int(self.starts[index]), whole_width * self.channels
        columns = slice(left, left + width)
        assert self.store is not None, "a half without a store has a crop of its own"
        if not isinstance(self.store, TemporaryBlock):
            picture = self.store[start : start + whole_height * row].reshape(whole_height, whole_width, self.channels)
            return picture[top : top + height, columns]
        at = start + top * row
        if whole_width <= _FEW * width:
            rows = np.empty((height, whole_width, self.channels), self.dtype)
            self.store.read(self._byte(at), rows)
            return rows[:, columns]
        part = np.empty((height, width, self.channels), self.dtype)
        for number in range(height):
            self.store.read(self._byte(at + number * row + left * self.channels), part[number])
        return part

    def prepare(self, indices: Sequence[int]) -> None:
        """Make ready what will be cut next; here all is."""

    def write(self, index: int, picture: Array) -> None:
        """Store one picture (height, width, channels)."""
        height, width = self.sizes[index].tolist()
        start, shape = int(self.starts[index]), (height, width, self.channels)
        assert picture.shape == shape, f"{picture.shape} is not {shape}"
        assert self.store is not None, "what has no store is not written"
        if isinstance(self.store, TemporaryBlock):
            self.store.write(self._byte(start), np.ascontiguousarray(picture, self.dtype))
        else:
            self.store[start : start + picture.size].reshape(shape)[...] = picture

    def _byte(self, value: int) -> int:
        return self.first + value * self.dtype.itemsize


def sizes_array(sizes: Sequence[Size]) -> NDArray[np.int64]:
    """(n, 2): the height and the width of each."""
    return np.array([(size.height, size.width) for size in sizes], np.int64).reshape(-1, 2)


def room_for(
    sizes: Sequence[Size], forms: Sequence[BufferForm], *, memory: float, near: Path | None = None
) -> list[Pixels]:
    """Space for the halves of pairs of these sizes: in memory up to `memory` GiB, else in a file beside `near`.

    The file has no name (or loses it at once), so that it disappears with the process, however that ends. Raises
    P2PError before anything is written if the disk has not enough free space.
    """
    starts = [0]
    for form in forms:
        starts.append(math.ceil((starts[-1] + form.bytes(sizes)) / _ALIGNED) * _ALIGNED)
    if starts[-1] > memory * _GIB:
        block = _make_file(starts[-1], near)
        return [_pixels(block, sizes, form, start) for start, form in zip(starts, forms, strict=False)]
    whole = np.empty(starts[-1], np.uint8)
    return [
        _pixels(whole[start : start + form.bytes(sizes)].view(form.dtype), sizes, form, 0)
        for start, form in zip(starts, forms, strict=False)
    ]


def _pixels(store: Array | TemporaryBlock, sizes: Sequence[Size], form: BufferForm, first: int) -> Pixels:
    shapes = sizes_array(sizes)
    ends = np.cumsum(shapes.prod(axis=1) * form.channels)
    starts = np.concatenate(([0], ends[:-1])).astype(np.int64)
    return Pixels(store, shapes, starts, form.channels, np.dtype(form.dtype), first)


def _make_file(size: int, near: Path | None) -> TemporaryBlock:
    place = _nearest_existing(near or Path(tempfile.gettempdir()))
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise cannot_write(place, error) from error
    if free < size:
        other = "set TMPDIR to a folder with more, choose" if near is None else "choose another run folder,"
        what = f"has {free / _GIB:.1f} GiB free, but {size / _GIB:.1f} GiB of decoded pairs need a temporary file there"
        to_do = f"Free some space, {other} a smaller --size, or a larger --set cache_gib=."
        raise P2PError(place, what, to_do, code="no-space")
    return TemporaryBlock(place, size)


def _nearest_existing(place: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next((each for each in (place, *place.absolute().parents) if each.is_dir()), Path(tempfile.gettempdir()))


def _reserve(handle: int, size: int) -> None:
    # Space that is not reserved may be missing after hours of decoding.
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
    else:
        os.truncate(handle, size)
