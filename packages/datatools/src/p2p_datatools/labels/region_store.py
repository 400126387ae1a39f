"""The regions of many pictures, out of memory: packed into a scratch file as they are read, and unpacked when used.

Nothing here may know a file format or change a region: what is unpacked is what was packed, bit for bit.
"""

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.files.scratch import ScratchFile
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import Polygon, Region, RegionLabels, Runs

_HEAD = struct.Struct("<Q")  # the bytes of the JSON that says how many numbers follow it, and of what
_NUMBER = 8  # bytes of a coordinate or the length of a run, at whose multiples NumPy reads fastest


class RegionStore:
    """Where the regions of pictures lie while the pictures wait to be painted; any thread may read.

    A list of outlines and their labels takes some KiB for a picture that is drawn by hand, so that those of 100,000 do
    not fit everywhere. They are read once and not again from their files, so that what is painted is what was checked
    and what its signature tells, whatever becomes of a file meanwhile.
    """

    def __init__(self) -> None:
        self._file = ScratchFile()

    def keep(self, item: RegionLabels) -> RegionLabels:
        """The same labels, whose regions lie here; raises P2PError when there is no room for them."""
        return replace(item, regions=self._store(item.regions), boxes=self._store(item.boxes))

    def _store(self, regions: Sequence[Region]) -> Sequence[Region]:
        if not regions:
            return ()
        data = regions.data() if isinstance(regions, _StoredRegions) else _pack(regions)
        return _StoredRegions(self._file, self._file.append(data), len(data), len(regions))


class _StoredRegions(Sequence[Region]):
    """The regions of a picture in a store: each use reads all of them, and holds none."""

    __slots__ = ("_count", "_file", "_size", "_start")

    def __init__(self, file: ScratchFile, start: int, size: int, count: int) -> None:
        self._file, self._start, self._size, self._count = file, start, size, count

    def data(self) -> bytes:
        """The regions as they are packed."""
        return self._file.read(self._start, self._size)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Region]:
        return _unpack(self.data())

    @overload
    def __getitem__(self, place: int) -> Region: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Region]: ...
    def __getitem__(self, place: int | slice) -> Region | Sequence[Region]:
        return tuple(self)[place]


def _pack(regions: Sequence[Region]) -> bytes:
    """What the regions are as JSON, then all their numbers, in the same order."""
    said, numbers = [], list[bytes]()
    for region in regions:
        rings = [ring for each in region.polygons for ring in (each.outer, *each.holes)]
        numbers += [np.asarray(ring, np.float64).tobytes() for ring in rings]
        numbers += [np.asarray(each.counts, np.int64).tobytes() for each in region.runs]
        polygons = [[each.is_box, len(each.outer), *map(len, each.holes)] for each in region.polygons]
        runs = [[len(each.counts), *map(int, each.size), each.by_column, each.left, each.top] for each in region.runs]
        said.append([region.label, region.place, polygons, runs])
    head = json.dumps(said, separators=(",", ":")).encode()
    head += b" " * (-len(head) % _NUMBER)
    return b"".join((_HEAD.pack(len(head)), head, *numbers))


def _unpack(data: bytes) -> Iterator[Region]:
    (length,) = _HEAD.unpack_from(data)
    place = _HEAD.size + length

    def take(kind: type[np.float64] | type[np.int64], count: int) -> NDArray[Any]:
        nonlocal place
        place += count * _NUMBER
        return np.frombuffer(data, kind, count, place - count * _NUMBER)

    def ring(points: int) -> NDArray[np.float64]:
        return take(np.float64, 2 * points).reshape(-1, 2)

    for label, where, polygons, runs in json.loads(data[_HEAD.size : place]):
        yield Region(
            label,
            tuple(Polygon(ring(outer), tuple(map(ring, holes)), is_box) for is_box, outer, *holes in polygons),
            tuple(
                Runs(take(np.int64, count), Size(width, height), by_column, left, top)
                for count, width, height, by_column, left, top in runs
            ),
            where,
        )
