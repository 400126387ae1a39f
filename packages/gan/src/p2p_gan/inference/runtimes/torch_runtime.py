"""Applies a generator with torch: on any device, at once, or in strips of rows if memory is short.

Nothing here may be imported by what `p2p sample` needs for another runtime.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Note
from p2p_datatools.contract.words import first_line, plural
from p2p_gan.data.coding import Coding
from p2p_gan.inference.runtimes.layout import Layout, layout_of, shapes_of, whole_bytes
from p2p_gan.inference.runtimes.strips import Read, Strips
from p2p_gan.inference.runtimes.translator import PassOptions, Values, not_finite
from p2p_gan.machine.device import whole_products
from p2p_gan.machine.memory import NO_KERNEL, budget_of, is_out_of_memory
from p2p_gan.models.model import Model
from p2p_gan.networks.base import Generator, InferencePass


@dataclass(frozen=True)
class TorchTranslator:
    """A generator with the codings of its input and output, on a device.

    `tile` forces strips of that many rows; `note` gets a line if strips are used.
    """

    generator: Generator
    input: Coding
    output: Coding
    device: torch.device
    tile: int | None
    note: Note | None

    def pixels(self, padded: Array, options: PassOptions) -> Array:
        """The output as pixels (height, width[, channels]) of the same size."""
        applying, layout = _as_pass(options), self._layout(size_of(padded))
        if layout is None:
            return np.asarray(self.output.to_array(self._whole(padded, applying))[0])
        flat = self.output.kind == "classes" or self.output.channels == 1
        shape = padded.shape[:2] if flat else (*padded.shape[:2], self.output.channels)
        pixels = np.empty(shape, dtype=self.output.dtype)

        def keep(first: int, values: Tensor) -> None:
            pixels[first : first + values.shape[2]] = self.output.to_array(values)[0]

        self._in_strips(padded, applying, layout, keep)
        return pixels

    def values(self, padded: Array, options: PassOptions) -> Values:
        """The network's output (1, channels, height, width)."""
        applying, layout = _as_pass(options), self._layout(size_of(padded))
        if layout is None:
            return np.asarray(self._whole(padded, applying).cpu().numpy())
        strips: list[Tensor] = []
        self._in_strips(padded, applying, layout, lambda _, values: strips.append(values.cpu()))
        return np.asarray(torch.cat(strips, dim=2).numpy())

    def _whole(self, pixels: Array, applying: InferencePass) -> Tensor:
        """One pass of a picture (height, width[, channels]) whose sides fit; gives (1, channels, height, width)."""
        with _one_pass(self.device):
            return _finite(self.generator(self.input.to_tensor(pixels[None], self.device), applying))

    def _in_strips(
        self, pixels: Array, applying: InferencePass, layout: Layout, sink: Callable[[int, Tensor], None]
    ) -> None:
        """The same pass in strips: `sink` is called with the first row of each strip and its values."""
        with _one_pass(self.device):
            for first, values in Strips(
                self.generator.steps(), self._read(pixels, applying), applying, layout
            ).output():
                sink(first, _finite(self.generator.finish(values)))

    def _read(self, pixels: Array, applying: InferencePass) -> Read:
        """A function for rows of the generator's input; noise is drawn first, as in a pass of the whole picture."""
        channels = self.generator.noise
        noise = channels.draw_apart(applying.noise or (None,))[0] if channels.count else None

        def read(first: int, end: int) -> Tensor:
            x = self.input.to_tensor(pixels[None, first:end], self.device)
            if noise is None:
                return x
            drawn = noise.rows(range(first, end), x.shape[3]).to(x)
            return torch.cat((x, drawn.expand(-1, -1, *x.shape[2:])), dim=1)

        return read

    def _layout(self, size: Size) -> Layout | None:
        steps = self.generator.steps()
        inputs, budget = self.input.channels + self.generator.noise.count, budget_of(self.device)
        layout = layout_of(steps, inputs, size, budget, self.tile)
        if layout and self.note:
            one = whole_bytes(steps, shapes_of(steps, inputs, size)) >> 20
            why = "" if self.tile else f", for at most {budget >> 20} MiB of memory"
            rows = plural(layout.rows, "row")
            self.note(f"{size}: computed in strips of {rows}{why}; at once it would need about {one} MiB")
        return layout


@contextmanager
def _one_pass(device: torch.device) -> Iterator[None]:
    """A pass without gradients, and with all digits; raises MemoryError where memory is short, on any device."""
    try:
        with torch.inference_mode(), whole_products(device):
            yield
    except RuntimeError as error:
        if not is_out_of_memory(error) or NO_KERNEL in str(error):
            raise
        raise MemoryError(first_line(error)) from error


def _finite(values: Tensor) -> Tensor:
    """The same values; raises P2PError if one is infinite or not a number."""
    if not values.isfinite().all():
        raise not_finite()
    return values


def _as_pass(options: PassOptions) -> InferencePass:
    noise = None if options.seed is None else (torch_noise(options.seed),)
    return InferencePass(options.statistics, options.valid, noise)


def torch_noise(seed: int) -> torch.Generator:
    """The random generator of a picture's dropout and noise, for the seed that `apply.seed_of` gives."""
    return torch.Generator().manual_seed(seed)


def torch_translator(model: Model, tile: int | None = None, note: Note | None = None) -> TorchTranslator:
    """The model's generator, on its device, and codings; one without weights is on the CPU."""
    card, device = model.card, next((each.device for each in model.generator.parameters()), torch.device("cpu"))
    return TorchTranslator(model.generator, card.input_coding, card.output_coding, device, tile, note)
