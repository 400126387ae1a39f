"""One pass of a generator over a picture in strips of rows, with the same result as at once but less memory.

Nothing here may approximate: statistics and dropout of the whole picture are computed first, and a strip is computed
from all rows on which it depends, so that there are no seams.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from p2p_gan.inference.runtimes.layout import Layout
from p2p_gan.networks.base import InferencePass, Step
from p2p_gan.networks.norms import spread_of_rounding

Read = Callable[[int, int], Tensor]  # rows of the input, (1, channels, rows, width) on the device


class Moments:
    """Mean and variance over strips (Chan, Golub and LeVeque 1979), in float64; endless where nothing varies."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = torch.zeros(())
        self._squares = torch.zeros(())
        self._first = torch.zeros(())
        self._spread = torch.zeros(())
        self._device = torch.device("cpu")

    def add(self, x: Tensor) -> None:
        """Add the values (1, channels, rows, columns) of a strip."""
        count = x.shape[2] * x.shape[3]
        if not count:
            return
        variance, mean = torch.var_mean(x[0], dim=(1, 2), correction=0)
        self._device = x.device
        self._first = self._first if self._count else x[0, :, 0, 0]
        spread = torch.maximum(x[0].amax(dim=(1, 2)) - self._first, self._first - x[0].amin(dim=(1, 2)))
        self._spread = torch.maximum(self._spread.to(spread), spread)
        if x.device.type == "mps":  # which has no float64
            variance, mean = variance.cpu(), mean.cpu()
        variance, mean = variance.double(), mean.double()
        if not self._count:
            self._count, self._mean, self._squares = count, mean, variance * count
            return
        total = self._count + count
        step = mean - self._mean
        self._squares = self._squares + variance * count + step**2 * (self._count * count / total)
        self._mean = self._mean + step * (count / total)
        self._count = total

    def result(self) -> tuple[Tensor, Tensor]:
        """Mean and variance (channels,), float32; the variance of what `zero_constant` makes 0 is infinite."""
        mean, variance = (each.float().to(self._device) for each in (self._mean, self._squares / self._count))
        return mean, variance.masked_fill(self._spread <= spread_of_rounding(self._first), torch.inf)


class _KnownStatistics:
    """The statistics and dropout of the whole picture, for a strip of it."""

    def __init__(self, moments: tuple[Tensor, Tensor] | None, kept: NDArray[np.uint8] | None, first: int) -> None:
        self._moments, self._kept, self._first = moments, kept, first

    def statistics(self, norm: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        assert self._moments is not None, "the statistics of the picture were not computed"
        return self._moments

    def dropout_mask(self, x: Tensor) -> Tensor:
        assert self._kept is not None, "the dropout of the picture was not drawn"
        bits = np.unpackbits(self._kept[:, self._first : self._first + x.shape[2]], axis=2, count=x.shape[3])
        return torch.from_numpy(bits.astype(bool)).to(x.device)[None]


class _StatisticsRecorder:
    """Records the input of a norm and leaves it unchanged."""

    def __init__(self) -> None:
        self.input: Tensor | None = None

    def statistics(self, norm: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        self.input = x
        return torch.zeros_like(x[0, :, 0, 0]), torch.ones_like(x[0, :, 0, 0])

    def dropout_mask(self, x: Tensor) -> Tensor:
        return torch.ones_like(x, dtype=torch.bool)


class Strips:
    """The computation of one picture step by step; `layout` says which values are kept whole, and the rows of a strip.

    `read` returns rows of the network's input.
    """

    def __init__(self, steps: Sequence[Step], read: Read, applying: InferencePass, layout: Layout) -> None:
        self._steps, self._read, self._applying, self._layout = steps, read, applying, layout
        self._shapes = layout.shapes
        self._held: dict[int, Tensor] = {}
        self._moments: dict[int, tuple[Tensor, Tensor]] = {}
        self._kept: dict[int, NDArray[np.uint8]] = {}

    def output(self) -> Iterator[tuple[int, Tensor]]:
        """The output strip by strip from the top: its first row, and its values (1, channels, rows, width)."""
        for value in range(1, len(self._steps)):
            self._prepare(value)
        last = len(self._steps)
        self._gather(last)
        for first, end in self._strips(last):
            yield first, self._rows(last, first, end)

    def _prepare(self, value: int) -> None:
        """Compute a value whole, or the statistics and dropout that its strips need."""
        if value not in self._layout.held:
            self._gather(value)
            return
        if self._layout.at_once(value):
            self._held[value] = self._whole(value)
        else:
            self._gather(value)
            shape = self._shapes[value]
            parts = [self._rows(value, first, end) for first, end in self._strips(value)]
            self._held[value] = torch.cat(parts, dim=2)
            assert self._held[value].shape[2] == shape.height
        for done in self._layout.released.get(value, ()):
            self._held.pop(done, None)

    def _whole(self, value: int) -> Tensor:
        """All of a value in one pass, just as without strips."""
        step = self._steps[value - 1]
        sources = [self._rows(source, 0, self._shapes[source].height) for source in step.sources]
        y = step.run(torch.cat(sources, dim=1) if len(sources) > 1 else sources[0], self._applying)
        return y if step.added is None else y + self._rows(step.added, 0, self._shapes[step.added].height)

    def _gather(self, value: int) -> None:
        """The statistics and the dropout of a value that is computed in strips."""
        step, shape = self._steps[value - 1], self._shapes[value]
        if step.norm == "instance" or (step.norm == "batch" and self._applying.statistics == "picture"):
            height, width = shape.valid(self._applying.valid)
            moments = Moments()
            for first, end in self._strips(value):
                recorder = _StatisticsRecorder()
                top = self._compute(value, first, end, recorder)[0]
                assert recorder.input is not None, "the step has a norm"
                bottom = max(first, min(end, height))  # without padding
                moments.add(recorder.input[:, :, first - top : bottom - top, :width])
            self._moments[value] = moments.result()
        if step.dropout and self._applying.noise is not None:
            self._kept[value] = _draw(self._applying.noise[0], step, shape.height, shape.width)

    def _rows(self, value: int, first: int, end: int) -> Tensor:
        if value == 0:
            return self._read(first, end)
        if value in self._held:
            return self._held[value][:, :, first:end]
        top, y = self._compute(value, first, end, None)
        y = y[:, :, first - top : end - top]
        step = self._steps[value - 1]
        return y if step.added is None else y + self._rows(step.added, first, end)

    def _compute(self, value: int, first: int, end: int, recorder: _StatisticsRecorder | None) -> tuple[int, Tensor]:
        """The first row, and the rows of a step's output, which contain those from `first` to `end`."""
        step = self._steps[value - 1]
        height = self._shapes[step.sources[0]].height
        begin = max(0, (first * step.down // step.up - step.halo) // step.down * step.down)
        stop = min(height, -(-(-(-end * step.down // step.up) + step.halo) // step.down) * step.down)
        sources = [self._rows(source, begin, stop) for source in step.sources]
        top = begin * step.up // step.down
        part = recorder or _KnownStatistics(self._moments.get(value), self._kept.get(value), top)
        return top, step.run(
            torch.cat(sources, dim=1) if len(sources) > 1 else sources[0], replace(self._applying, part=part)
        )

    def _strips(self, value: int) -> Iterator[tuple[int, int]]:
        height, whole = self._shapes[value].height, self._shapes[0].height
        rows = max(1, self._layout.rows * height // whole)
        for first in range(0, height, rows):
            yield first, min(first + rows, height)


def _draw(noise: torch.Generator, step: Step, height: int, width: int) -> NDArray[np.uint8]:
    """The dropout of a whole value as bits (channels, height, width / 8), with the random numbers of a single pass."""
    packed = np.empty((step.channels, height, -(-width // 8)), dtype=np.uint8)
    for channel in range(step.channels):
        kept = torch.rand((height, width), generator=noise) >= step.dropout
        packed[channel] = np.packbits(kept.numpy(), axis=1)
    return packed
