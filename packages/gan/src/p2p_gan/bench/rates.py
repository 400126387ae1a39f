"""How fast this machine multiplies matrices, moves memory, decodes JPEG and encodes PNG.

Nothing here may know a network; every figure has its range and the number of measurements.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.images import encode_jpeg, read_photo
from p2p_datatools.contract.threads import parallel_map
from p2p_gan.machine.device import wait_for
from p2p_gan.machine.memory import free_bytes

_SECONDS = 1.5  # for each figure
_LEAST = 3  # measurements
_SIDE = 1536  # of the matrices: in float32 three of them are 28 MB
_SIDE_OF_GPU = 8192
_STREAM = 256 << 20  # bytes of each of three arrays, more than caches hold
_JPEG = (600, 1200)  # height and width of a pair of the maps data set
_PNG = (256, 256)
_FILES = 16  # in one measurement of all cores

Clock = Callable[[], float]


@dataclass(frozen=True)
class Measurement:
    """The median of `n` measurements, with the lowest and the highest."""

    median: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Measurement":
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values), len(values))


@dataclass(frozen=True)
class Rates:
    """GFLOP/s of matrix products with one thread and with all, in the `precision` of training; GB/s; pictures/s."""

    matrix_core: Measurement
    matrix_all: Measurement
    memory: Measurement
    jpeg_core: Measurement
    jpeg_all: Measurement
    png_core: Measurement
    png_all: Measurement


def _rate(work: Callable[[], object], amount: float, device: torch.device | None = None) -> Measurement:
    """`amount` per second of a piece of work."""
    return Measurement.of([amount / each for each in time_work(work, seconds=_SECONDS, device=device)])


def time_work(
    work: Callable[[], object],
    *,
    seconds: float,
    least: int = _LEAST,
    most: int = 1000,
    device: torch.device | None = None,
    clock: Clock = time.perf_counter,
) -> list[float]:
    """The seconds of each repetition of a piece of work, after one that does not count."""
    work()
    wait_for(device or torch.device("cpu"))
    durations: list[float] = []
    end = clock() + seconds
    while len(durations) < least or (clock() < end and len(durations) < most):
        began = clock()
        work()
        wait_for(device or torch.device("cpu"))
        durations.append(max(clock() - began, 1e-9))
    return durations


@contextmanager
def threads_of(count: int) -> Iterator[None]:
    """So many threads of torch in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def measure_matrix(device: torch.device, precision: str, threads: int) -> Measurement:
    """GFLOP/s of a product of square matrices; two operations for each of n^3 factors."""
    dtype = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(precision, torch.float32)
    side = _SIDE if device.type == "cpu" else _SIDE_OF_GPU
    a, b = (torch.rand(side, side).to(device, dtype) for _ in range(2))
    with threads_of(threads):
        return _rate(lambda: a @ b, 2 * side**3 / 1e9, device)


def _measure_memory(device: torch.device, threads: int) -> Measurement:
    """GB/s of adding two arrays into a third, as an optimiser reads and writes."""
    size = max(1 << 20, min(_STREAM, free_bytes(device) // 16))
    a, b, total = (torch.ones(size // 4, device=device) for _ in range(3))
    with threads_of(threads):
        return _rate(lambda: torch.add(a, b, out=total), 3 * size / 1e9, device)


def measure_jpeg(threads: int) -> Measurement:
    """Pictures/s of reading a JPEG of 1200x600 as training does, with so many threads."""
    with tempfile.TemporaryDirectory(prefix="p2p-") as folder:
        path = Path(folder) / "picture.jpg"
        path.write_bytes(encode_jpeg(draw_photo(*_JPEG)))
        return _pictures(lambda _: read_photo(path), threads)


def measure_png(threads: int) -> Measurement:
    """Pictures/s of encoding a photo of 256x256 as PNG, with so many threads."""
    photo = draw_photo(*_PNG)
    return _pictures(lambda _: b"".join(png.encode(photo)), threads)


def _pictures(work: Callable[[int], object], threads: int) -> Measurement:
    count = 1 if threads == 1 else max(_FILES, 2 * threads)
    return _rate(lambda: sum(1 for _ in parallel_map(work, range(count), threads=threads)), count)


def draw_photo(height: int, width: int) -> NDArray[np.uint8]:
    """Pixels that compress about as those of a photo: soft shapes of 16 pixels, and grain."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 230, (height // 16 + 2, width // 16 + 2, 3)).astype(np.float32)
    rows, columns = np.arange(height) / 16, np.arange(width) / 16
    top, left = rows.astype(int), columns.astype(int)
    down, right = (rows - top)[:, None, None], (columns - left)[None, :, None]
    upper = coarse[top][:, left] * (1 - right) + coarse[top][:, left + 1] * right
    lower = coarse[top + 1][:, left] * (1 - right) + coarse[top + 1][:, left + 1] * right
    grain = random.normal(12, 6, (height, width, 1))
    photo: NDArray[np.uint8] = np.clip(upper * (1 - down) + lower * down + grain, 0, 255).astype(np.uint8)
    return photo


def measure_rates(device: torch.device, precision: str, threads: int, advance: Callable[[], None]) -> Rates:
    """All of them; `advance` is called after each figure."""

    def step(figure: Measurement) -> Measurement:
        advance()
        return figure

    return Rates(
        matrix_core=step(measure_matrix(device, precision, 1)),
        matrix_all=step(measure_matrix(device, precision, threads)),
        memory=step(_measure_memory(device, threads)),
        jpeg_core=step(measure_jpeg(1)),
        jpeg_all=step(measure_jpeg(cores())),
        png_core=step(measure_png(1)),
        png_all=step(measure_png(cores())),
    )
